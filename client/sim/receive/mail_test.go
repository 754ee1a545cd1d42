package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/client/sim"
)

const letter = "Subject: =?utf-8?q?lock_=E2=9C=93?=\r\nFrom: a@corp.example\r\n\r\nbody\r\n"

// authority is made once for all tests.
var authority = sync.OnceValue(func() sim.Authority {
	a, err := sim.NewAuthority()
	if err != nil {
		panic(err)
	}
	return a
})

// soon ends a wait that should not be one; a slow machine does not reach it.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func newMail(t *testing.T, opt MailOptions) *Mail {
	t.Helper()
	m, err := NewMail(t.Context(), "127.0.0.1:0", opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// send delivers a letter with the client of the standard library.
func send(addr string, auth smtp.Auth, secure *tls.Config, to ...string) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if secure != nil {
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	}
	if auth != nil {
		if err := c.Auth(auth); err != nil {
			return err
		}
	}
	if err := c.Mail("a@corp.example"); err != nil {
		return err
	}
	for _, r := range to {
		if err := c.Rcpt(r); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err = w.Write([]byte(letter)); err != nil {
		return err
	}
	return w.Close()
}

func code(err error) int {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	return 0
}

func TestMail_ClearTLSAndSignIn(t *testing.T) {
	t.Parallel()
	var told []string
	plain := newMail(t, MailOptions{Tell: func(s string) { told = append(told, s) }})
	if err := send(plain.Addr, nil, nil, "b@corp.example", "c@corp.example"); err != nil {
		t.Fatal(err)
	}
	all, err := plain.Wait(soon(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if m := all[0]; m.From != "a@corp.example" || len(m.To) != 2 || m.Header("Subject") != "lock ✓" || m.TLS || string(m.Data) != letter {
		t.Errorf("message = %+v", m)
	}
	if len(told) != 1 || told[0] != "mail (clear) from a@corp.example to b@corp.example, c@corp.example: lock ✓" {
		t.Errorf("told %q", told)
	}

	safe := newMail(t, MailOptions{TLS: authority().Server(), MustTLS: true, User: "u", Password: "p"})
	trust := authority().Client()
	trust.ServerName = "localhost"
	if err := send(safe.Addr, nil, nil, "b@corp.example"); code(err) != 530 {
		t.Errorf("without TLS: %v", err)
	}
	if err := send(safe.Addr, nil, trust, "b@corp.example"); code(err) != 530 {
		t.Errorf("without sign-in: %v", err)
	}
	if err := send(safe.Addr, smtp.PlainAuth("", "u", "wrong", "127.0.0.1"), trust, "b@corp.example"); code(err) != 535 {
		t.Errorf("wrong password: %v", err)
	}
	if err := send(safe.Addr, smtp.PlainAuth("", "u", "p", "127.0.0.1"), trust, "b@corp.example"); err != nil {
		t.Error(err)
	}
	if all := safe.All(); len(all) != 1 || !all[0].TLS || all[0].User != "u" {
		t.Errorf("messages = %+v", all)
	}
}

func TestMail_ImplicitTLS(t *testing.T) {
	t.Parallel()
	m := newMail(t, MailOptions{TLS: authority().Server(), Implicit: true})
	conn, err := tls.Dial("tcp", m.Addr, authority().Client())
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Mail("a@corp.example"), c.Quit()); err != nil {
		t.Error(err)
	}
}

func TestMail_Faults(t *testing.T) {
	t.Parallel()
	m := newMail(t, MailOptions{})
	for _, f := range []MailFault{
		{Stage: MailHello, Code: 421, Text: "busy", Times: 2}, // the client tries HELO after EHLO,
		{Stage: MailFrom, Code: 451, Text: "later"},
		{Stage: MailRecipient, To: "B@corp.example", Code: 550, Text: "no such user"},
		{Stage: MailData, Code: 554, Text: "spam"},
	} {
		m.Fault(f)
		if err := send(m.Addr, nil, nil, "b@corp.example"); code(err) != f.Code {
			t.Errorf("%s: %v, want %d", f.Stage, err, f.Code)
		}
	}
	if m.Len() != 0 {
		t.Fatalf("%d refused messages were kept", m.Len())
	}
	m.Fault(MailFault{Stage: MailData, Cut: true})
	if err := send(m.Addr, nil, nil, "b@corp.example"); err == nil {
		t.Error("no error at the cut")
	}
	if m.Len() != 1 {
		t.Errorf("%d messages after the cut, want the one the sender does not know of", m.Len())
	}
	if err := send(m.Addr, nil, nil, "b@corp.example"); err != nil {
		t.Errorf("after the faults: %v", err)
	}
	m.Fault(MailFault{Stage: MailFrom, Hang: true})
	ended := make(chan error, 1)
	go func() { ended <- send(m.Addr, nil, nil, "b@corp.example") }()
	m.Fault(MailFault{Stage: MailHello, Times: -1, Code: 554})
	m.Close()
	if err := <-ended; err == nil || m.Len() != 2 {
		t.Errorf("the hanging delivery ended with %v, %d messages", err, m.Len())
	}
	if err := send(m.Addr, nil, nil, "b@corp.example"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("after Close: %v", err)
	}
}

func TestInbox_WaitSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	var b Inbox[int]
	b.add(1, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err := b.Wait(ctx, 2); !errors.Is(err, context.Canceled) || len(all) != 1 {
		t.Errorf("Wait = %v, %v", all, err)
	}
	got := make(chan int)
	go func() {
		all, _ := b.Wait(soon(t), 3)
		got <- len(all)
	}()
	b.add(2, "")
	b.add(3, "")
	if n := <-got; n != 3 {
		t.Errorf("Wait returned %d", n)
	}
	if _, err := NewMail(t.Context(), "0.0.0.0:0", MailOptions{}); !errors.Is(err, errNotLoopback) {
		t.Errorf("every address: %v", err)
	}
}
