package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"cordon/store/soc"
)

const smtpTime = 30 * time.Second // of the connection and of each command

// mailer sends one mail for each message and recipient. The connection is encrypted before a password or a mail goes over it: by STARTTLS,
// which is demanded, or from the start with smtps; only a server on this machine may be without (SC34, SC38). A recipient that took a mail
// does not get it again because another one did not.
type mailer struct {
	spec   Spec
	from   Host
	host   string
	port   int
	secure *tls.Config

	// The message under way, who took it, and who will not.
	id      string
	taken   map[string]bool
	refused map[string]string
	notice  string
	hide    func(string) string // takes the password out of what the server says
}

func newMailer(s Spec, from Host) (*mailer, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("opening the sink %s: its address can not be read", s.Name)
	}
	m := &mailer{spec: s, from: from, host: u.Hostname(), port: map[string]int{"smtp": 587, "smtps": 465}[u.Scheme], hide: strings.Clone}
	if m.port == 0 || m.host == "" {
		return nil, fmt.Errorf("opening the sink %s: want smtp://host:port or smtps://host:port", s.Name)
	}
	if p := u.Port(); p != "" {
		if m.port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("opening the sink %s: its port is no number", s.Name)
		}
	}
	if m.secure, err = trust(s.CAPEM, m.host); err != nil {
		return nil, fmt.Errorf("opening the sink %s: %w", s.Name, err)
	}
	return m, nil
}

// Notice is what people should know although the mail went out: recipients that do not get it.
func (m *mailer) Notice() string { return m.notice }

// Deliver sends the messages.
func (m *mailer) Deliver(ctx context.Context, msgs []Message) (int, error) {
	c, done, err := m.connect(ctx, true)
	if err != nil {
		return 0, err
	}
	defer done()
	for i, msg := range msgs {
		if err := m.send(c, msg); err != nil {
			return i, err
		}
	}
	return len(msgs), nil
}

// connect signs in, or with signIn false only says hello. done ends the connection.
func (m *mailer) connect(ctx context.Context, signIn bool) (c *mail.Client, done func(), err error) {
	password := ""
	if m.spec.Secret != nil && m.spec.User != "" && signIn {
		if password, err = m.spec.Secret(); err != nil {
			return nil, nil, fmt.Errorf("opening the password of the mail account: %w", err)
		}
	}
	m.hide = func(text string) string { return withoutPassword(text, m.spec.User, password) }
	end := func() {}
	dial := func(until context.Context, network, address string) (net.Conn, error) {
		open, err := m.dial(until, network, address)
		if err == nil { // the library looks at the context only while it connects
			stop := context.AfterFunc(ctx, func() { _ = open.Close() })
			end = func() { stop(); _ = open.Close() }
		}
		return open, err
	}
	policy := mail.TLSMandatory
	if m.spec.Plain || strings.HasPrefix(m.spec.URL, "smtps:") {
		policy = mail.NoTLS // none, or already there
	}
	hello := printable(m.from.Name)
	if hello == "-" {
		hello = "localhost"
	}
	opts := []mail.Option{
		mail.WithPort(m.port), mail.WithTimeout(smtpTime), mail.WithHELO(hello), mail.WithTLSPolicy(policy), mail.WithTLSConfig(m.secure),
		mail.WithDialContextFunc(dial),
	}
	if password != "" {
		opts = append(opts, mail.WithSMTPAuthCustom(&signer{user: m.spec.User, password: password, host: m.host}))
	}
	if c, err = mail.NewClient(m.host, opts...); err != nil {
		return nil, nil, fmt.Errorf("preparing the mail connection: %w", err)
	}
	if err := c.DialWithContext(ctx); err != nil {
		end()
		return nil, nil, fmt.Errorf("connecting to %s: %s", m.spec.Target(), m.hide(err.Error()))
	}
	return c, func() { _ = c.Close(); end() }, nil
}

func (m *mailer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if strings.HasPrefix(m.spec.URL, "smtps:") {
		c, err := (&tls.Dialer{NetDialer: dialer(m.spec), Config: m.secure}).DialContext(ctx, network, address)
		if noTLS := (tls.RecordHeaderError{}); errors.As(err, &noTLS) {
			return nil, fmt.Errorf("this port does not begin with TLS: choose smtp:// (STARTTLS) instead of smtps://: %w", err)
		}
		return c, err
	}
	return dialer(m.spec).DialContext(ctx, network, address)
}

// send gives one message to everybody who does not have it yet.
func (m *mailer) send(c *mail.Client, msg Message) error {
	if m.id != msg.ID {
		m.id, m.taken, m.refused = msg.ID, map[string]bool{}, map[string]string{}
	}
	var first error
	for _, to := range m.spec.To {
		if m.taken[to] {
			continue
		}
		letter, err := m.letter(msg, to)
		if err != nil {
			return err
		}
		err = c.Send(letter)
		if err == nil || letter.IsDelivered() {
			m.taken[to] = true
			delete(m.refused, to)
			continue
		}
		err = m.answer(err)
		if a := new(answerError); errors.As(err, &a) && a.refused && !a.aboutMessage {
			m.refused[to] = a.what
		} else {
			return err
		}
		if first == nil {
			first = err
		}
	}
	if len(m.taken) == 0 {
		return first // nobody took it
	}
	m.notice = ""
	for _, to := range m.spec.To {
		if why := m.refused[to]; why != "" {
			m.notice = "mail to " + to + " is refused: " + why
		}
	}
	return nil
}

// answer reads what the server said. A refused sender or recipient is the fault of the settings, a refused text that of the message.
func (m *mailer) answer(err error) error {
	var s *mail.SendError
	if !errors.As(err, &s) {
		return fmt.Errorf("sending to %s: %s", m.spec.Target(), m.hide(err.Error()))
	}
	what := soc.Clean(m.spec.Target() + ": " + m.hide(err.Error()))
	if s.ErrorCode() < 500 {
		return &answerError{what: what}
	}
	return &answerError{what: what, refused: true, aboutMessage: s.Reason == mail.ErrSMTPData || s.Reason == mail.ErrSMTPDataClose}
}
