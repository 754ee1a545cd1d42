package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"
)

const (
	facility = 10 // security and authorisation
	farewell = 2 * time.Second
)

// syslog sends RFC 5424 lines whose message is the JSON of the event, or what the layout says: one datagram each over UDP or a Unix socket,
// octet-counted over TCP and TLS (RFC 6587, RFC 5425). Datagrams are not acknowledged, and neither is TCP by the protocol; over TCP every
// batch therefore has its own connection, which is closed from our side and then read to its end, so that a receiver that broke off is
// noticed and gets the batch again.
type syslog struct {
	spec    Spec
	network string
	address string
	host    Host
	secure  *tls.Config // nil: no TLS
}

func newSyslog(s Spec, from Host) (*syslog, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("opening the sink %s: its address can not be read", s.Name)
	}
	switch u.Scheme {
	case "unix":
		return &syslog{spec: s, network: "unixgram", address: u.Path, host: from}, nil
	case "udp", "tcp":
		return &syslog{spec: s, network: u.Scheme, address: u.Host, host: from}, nil
	case "tls":
		secure, err := trust(s.CAPEM, u.Hostname())
		if err != nil {
			return nil, fmt.Errorf("opening the sink %s: %w", s.Name, err)
		}
		return &syslog{spec: s, network: "tcp", address: u.Host, host: from, secure: secure}, nil
	}
	return nil, fmt.Errorf("opening the sink %s: unknown scheme %q", s.Name, u.Scheme)
}

// Deliver sends the messages over one connection.
func (s *syslog) Deliver(ctx context.Context, msgs []Message) (int, error) {
	c, err := s.dial(ctx)
	if err != nil {
		return 0, fmt.Errorf("connecting to %s: %w", s.spec.Target(), err)
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	tcp, ok := c.(stream)
	if !ok || s.network != "tcp" {
		tcp = nil
	}
	for i, m := range msgs {
		line := s.line(m)
		if tcp != nil {
			line = fmt.Sprintf("%d %s", len(line), line)
		}
		_, err := c.Write([]byte(line))
		if errors.Is(err, syscall.EMSGSIZE) {
			return i, &answerError{what: "the message is too long for a datagram", refused: true, aboutMessage: true}
		}
		if err != nil && tcp == nil {
			return i, fmt.Errorf("sending to %s: %w", s.spec.Target(), err)
		}
		if err != nil { // what went before may be lost too
			return 0, fmt.Errorf("sending to %s: %w", s.spec.Target(), err)
		}
	}
	if tcp != nil {
		if err := part(tcp); err != nil {
			return 0, fmt.Errorf("%s broke the connection off: %w", s.spec.Target(), err)
		}
	}
	return len(msgs), nil
}

// stream is a connection whose one side can end: TCP or TLS.
type stream interface {
	net.Conn
	CloseWrite() error
}

func (s *syslog) dial(ctx context.Context) (net.Conn, error) {
	if s.secure == nil {
		return dialer(s.spec).DialContext(ctx, s.network, s.address)
	}
	return (&tls.Dialer{NetDialer: dialer(s.spec), Config: s.secure}).DialContext(ctx, s.network, s.address)
}

// part ends our side and waits a moment for the other one. A reset means that not everything was read; silence is no proof of anything. Over
// TLS our side ends with an alert, and a receiver that answers by closing without one has still read everything.
func part(c stream) error {
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(farewell)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, io.LimitReader(c, maxAnswer))
	var late net.Error
	if errors.As(err, &late) && late.Timeout() || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// line is one RFC 5424 line; nothing in it can begin a line of its own. Turns of lockdowns have the layout's form and carry the id of the
// event in the header, because the layouts have no field for it; the rest is the JSON of the event, or CEF where that is the layout.
func (s *syslog) line(m Message) string { return oneLine(s.text(m)) }

// oneLine replaces what could end a line or speak to a terminal, whatever the layouts let through: control characters of either block, the
// line ends of Unicode, and bytes that are no text (SC39).
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

func (s *syslog) text(m Message) string {
	severity := map[Weight]int{WeightInfo: 6, WeightNotice: 5, WeightWarning: 4, WeightError: 3}[m.Weight]
	head := fmt.Sprintf("<%d>1 %s %s cordon %d ",
		facility*8+severity, m.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), printable(s.host.Name), s.host.PID)
	n, id := namesFor(s.spec.SeedNames, s.host.Version), ""
	if !s.spec.SeedNames {
		id = element("event@32473", [][2]string{{"id", m.ID}})
	}
	switch layout := s.spec.Layout; {
	case m.Turn != nil && layout == LayoutStandard:
		return head + turnText(layout, n, m.Turn) + id
	case m.Turn != nil && layout != "":
		return head + "lockdown " + cmp.Or(id, "-") + " " + turnText(layout, n, m.Turn)
	case layout == LayoutCEF:
		return head + printable(m.Kind) + " - " + otherCEF(n, m)
	}
	return head + printable(m.Kind) + " - " + string(m.Body)
}

// printable keeps what RFC 5424 allows in a name.
func printable(name string) string {
	out := strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return -1
	}, name)
	if out == "" {
		return "-"
	}
	return out[:min(len(out), 255)]
}
