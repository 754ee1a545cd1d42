package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	facility = 10 // security and authorisation
	farewell = 2 * time.Second
)

// syslog sends RFC 5424 lines whose message is the JSON of the event: one datagram each over UDP or a Unix socket, octet-counted over TCP.
// Datagrams are not acknowledged, and neither is TCP by the protocol; over TCP every batch therefore has its own connection, which is closed
// from our side and then read to its end, so that a receiver that broke off is noticed and gets the batch again.
type syslog struct {
	spec    Spec
	network string
	address string
	host    Host
}

func newSyslog(s Spec, from Host) (*syslog, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("opening the sink %s: its address can not be read", s.Name)
	}
	switch u.Scheme {
	case "unix":
		return &syslog{s, "unixgram", u.Path, from}, nil
	case "udp", "tcp":
		return &syslog{s, u.Scheme, u.Host, from}, nil
	}
	return nil, fmt.Errorf("opening the sink %s: unknown scheme %q", s.Name, u.Scheme)
}

// Deliver sends the messages over one connection.
func (s *syslog) Deliver(ctx context.Context, msgs []Message) (int, error) {
	c, err := dialer(s.spec.AllowPrivate).DialContext(ctx, s.network, s.address)
	if err != nil {
		return 0, fmt.Errorf("connecting to %s: %w", s.spec.Target(), err)
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	tcp, _ := c.(*net.TCPConn)
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

// part ends our side and waits a moment for the other one. A reset means that not everything was read; silence is no proof of anything.
func part(c *net.TCPConn) error {
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(farewell)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, io.LimitReader(c, maxAnswer))
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		return nil
	}
	return err
}

// line is one RFC 5424 line. The JSON of encoding/json has no control characters, so nothing in it can begin a line of its own.
func (s *syslog) line(m Message) string {
	severity := map[Weight]int{WeightInfo: 6, WeightNotice: 5, WeightWarning: 4, WeightError: 3}[m.Weight]
	return fmt.Sprintf("<%d>1 %s %s cordon %d %s - %s",
		facility*8+severity, m.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), printable(s.host.Name), s.host.PID, printable(m.Kind), m.Body)
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
