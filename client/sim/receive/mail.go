package receive

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Message is one mail that was taken.
type Message struct {
	At   time.Time
	From string   // of the envelope
	To   []string // of the envelope
	Data []byte   // headers and body as they were sent
	TLS  bool     // it came over TLS
	User string   // who signed in, empty for nobody
}

// Header returns a header field decoded, and "" when it is missing or the
// message is none.
func (m Message) Header(name string) string {
	msg, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return ""
	}
	text, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get(name))
	if err != nil {
		return msg.Header.Get(name)
	}
	return text
}

// MailStage is a step of a delivery at which a fault comes.
type MailStage string

// The steps.
const (
	MailHello     MailStage = "EHLO"
	MailAuth      MailStage = "AUTH"
	MailFrom      MailStage = "MAIL"
	MailRecipient MailStage = "RCPT"
	MailData      MailStage = "DATA" // after the whole message was sent
)

// MailFault is what goes wrong at a stage: an answer, no answer at all, or the
// end of the connection.
type MailFault struct {
	Stage MailStage
	Times int    // 0 means once, negative for ever
	To    string // only for this recipient; empty means any
	Code  int    // 4xx means try again, 5xx means never
	Text  string
	Hang  bool // never answers
	Cut   bool // hangs up; at MailData the message is kept, the sender cannot know
}

// MailOptions describe a mail server. The zero value takes everything in clear.
type MailOptions struct {
	TLS      *tls.Config // offers STARTTLS; nil offers nothing
	Implicit bool        // TLS from the first byte instead, as on port 465
	MustTLS  bool        // refuses mail before STARTTLS
	User     string      // demands this sign-in with Password; TLS first, when there is TLS
	Password string
	Tell     func(line string) // gets one line for each message
}

// Mail is a mail server. Close ends it.
type Mail struct {
	Inbox[Message]
	Addr string

	opt    MailOptions
	faults queue[MailFault]
	server *smtp.Server
	done   chan struct{} // closed by Close
	ended  chan struct{} // closed when Serve returned
	once   sync.Once
}

// NewMail listens on a loopback address, such as "127.0.0.1:0", until ctx ends
// or Close is called.
func NewMail(ctx context.Context, addr string, opt MailOptions) (*Mail, error) {
	ln, err := listen(ctx, addr)
	if err != nil {
		return nil, err
	}
	m := &Mail{Addr: ln.Addr().String(), opt: opt, done: make(chan struct{}), ended: make(chan struct{})}
	m.tell = opt.Tell
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return m.session(c) }))
	s.Domain, s.MaxMessageBytes, s.MaxRecipients = "localhost", 8<<20, 200
	s.ErrorLog = log.New(io.Discard, "", 0)
	s.TLSConfig, s.AllowInsecureAuth, s.EnableSMTPUTF8 = opt.TLS, opt.TLS == nil, true
	if opt.Implicit {
		ln = tls.NewListener(ln, opt.TLS)
	}
	m.server = s
	stop := context.AfterFunc(ctx, m.Close)
	go func() {
		defer close(m.ended)
		defer stop()
		_ = s.Serve(ln) // ends with Close
	}()
	return m, nil
}

// Fault arms a fault.
func (m *Mail) Fault(f MailFault) { m.faults.arm(f, f.Times) }

// ClearFaults takes all armed faults away.
func (m *Mail) ClearFaults() { m.faults.clear() }

// Close ends the server and all connections, also those that a fault keeps.
// From then on connections are refused; the messages stay. It may be called
// twice.
func (m *Mail) Close() {
	m.once.Do(func() {
		close(m.done)
		_ = m.server.Close()
	})
	<-m.ended
}

// meet answers with the fault of a stage, nil for none.
func (m *Mail) meet(c *smtp.Conn, stage MailStage, to string) error {
	f, ok := m.faults.take(func(f MailFault) bool { return f.Stage == stage && (f.To == "" || strings.EqualFold(f.To, to)) })
	switch {
	case !ok:
		return nil
	case f.Hang:
		<-m.done
		return errHungUp
	case f.Cut:
		_ = c.Conn().Close() // the sender sees the end of the connection
		return errHungUp
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 0, 0}, Message: f.Text}
}

var errHungUp = errors.New("connection ended by a fault")

// session is one connection.
type session struct {
	m    *Mail
	c    *smtp.Conn
	msg  Message
	user string
}

func (m *Mail) session(c *smtp.Conn) (smtp.Session, error) {
	if err := m.meet(c, MailHello, ""); err != nil {
		return nil, err
	}
	return &session{m: m, c: c}, nil
}

func (s *session) AuthMechanisms() []string {
	if s.m.opt.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.m.meet(s.c, MailAuth, ""); err != nil {
			return err
		}
		if user != s.m.opt.User || password != s.m.opt.Password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	_, secure := s.c.TLSConnectionState()
	switch {
	case s.m.opt.MustTLS && !secure:
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"}
	case s.m.opt.User != "" && s.user == "":
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	if err := s.m.meet(s.c, MailFrom, ""); err != nil {
		return err
	}
	s.msg = Message{From: from, TLS: secure, User: s.user}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.m.meet(s.c, MailRecipient, to); err != nil {
		return err
	}
	s.msg.To = append(s.msg.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("reading a message: %w", err)
	}
	failed := s.m.meet(s.c, MailData, "")
	if failed != nil && !errors.Is(failed, errHungUp) {
		return failed
	}
	s.msg.Data, s.msg.At = data, time.Now()
	s.m.add(s.msg, s.msg.line())
	return failed
}

// line describes a message for a person.
func (m Message) line() string {
	how := "clear"
	if m.TLS {
		how = "TLS"
	}
	return fmt.Sprintf("mail (%s) from %s to %s: %s", how, m.From, strings.Join(m.To, ", "), m.Header("Subject"))
}

func (s *session) Reset() { s.msg = Message{} }

func (s *session) Logout() error { return nil }
