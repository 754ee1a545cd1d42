package notify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"cordon/store/soc"
)

// authority makes a CA and a server certificate for 127.0.0.1 and localhost.
func authority(t *testing.T) (caPEM string, conf *tls.Config) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	caKey, leafKey := key(), key()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &leafKey.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	caPEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}))
	return caPEM, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}}}
}

// letterbox is a mail server made of another library: it keeps what it takes, and refuses what refuse says.
type letterbox struct {
	mu     sync.Mutex
	mails  []string
	rcpts  []string
	signed []string
	refuse func(stage, arg string) error
	addr   string
	ca     string
}

type letterboxSession struct {
	box  *letterbox
	rcpt string
}

func (b *letterbox) judge(stage, arg string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse == nil {
		return nil
	}
	return b.refuse(stage, arg)
}

func (b *letterbox) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &letterboxSession{box: b}, nil
}

func (s *letterboxSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *letterboxSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.box.judge("auth", user+"/"+password); err != nil {
			return err
		}
		s.box.mu.Lock()
		defer s.box.mu.Unlock()
		s.box.signed = append(s.box.signed, user+"/"+password)
		return nil
	}), nil
}

func (s *letterboxSession) Mail(from string, _ *smtp.MailOptions) error {
	return s.box.judge("mail", from)
}

func (s *letterboxSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.rcpt = to
	return s.box.judge("rcpt", to)
}

func (s *letterboxSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.box.judge("data", string(b)); err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails, s.box.rcpts = append(s.box.mails, string(b)), append(s.box.rcpts, s.rcpt)
	return nil
}

func (s *letterboxSession) Reset()        {}
func (s *letterboxSession) Logout() error { return nil }

// openLetterbox starts the server; tlsToo offers STARTTLS.
func openLetterbox(t *testing.T, tlsToo bool) *letterbox {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &letterbox{addr: ln.Addr().String()}
	srv := smtp.NewServer(b)
	srv.Domain, srv.ErrorLog = "localhost", quiet{}
	if tlsToo {
		b.ca, srv.TLSConfig = authority(t)
	} else {
		srv.AllowInsecureAuth = true
	}
	b.serve(t, srv, ln)
	return b
}

// openSMTPS is openLetterbox with TLS from the first byte.
func openSMTPS(t *testing.T) *letterbox {
	t.Helper()
	ca, conf := authority(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	b := &letterbox{addr: ln.Addr().String(), ca: ca}
	srv := smtp.NewServer(b)
	srv.Domain, srv.ErrorLog = "localhost", quiet{}
	b.serve(t, srv, ln)
	return b
}

func (b *letterbox) serve(t *testing.T, srv *smtp.Server, ln net.Listener) {
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (b *letterbox) got() (mails, rcpts []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.mails...), append([]string(nil), b.rcpts...)
}

// spec is a mail channel to the box.
func (b *letterbox) spec() Spec {
	return Spec{
		Name: "soc-mail", Type: TypeMail, URL: "smtp://" + b.addr, AllowPrivate: true, CAPEM: b.ca, From: "cordon@contoso.test",
		To: []string{"soc@contoso.test"}, HostAlerts: true, StartFailures: true,
	}
}

func post(t *testing.T, s Spec, m Message) (int, error) {
	t.Helper()
	sink, err := s.Open(Host{"console", "1.4", 42}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return sink.Deliver(t.Context(), []Message{m})
}

func TestV34_MailSaysWhatHappened(t *testing.T) {
	box := openLetterbox(t, true)
	for name, want := range map[string][]string{
		"lock": {
			"Subject: [cordon PROD] ws-1 is isolated", "Lockdown enabled", "Host:          ws-1", "contoso (PROD)", "Ordered by:    mona",
			"2020-06-03 23:28:25 UTC (4h)", "Reason:        beacons to http[:]//evil",
		},
		"unlock":   {"Subject: [cordon PROD] ws-1 is released", "Lockdown disabled", "Released by:   timer"},
		"external": {"was released outside cordon", "What happened: released outside, in Defender, by kim"},
	} {
		e := samples()[name]
		e.Reason = "beacons to http://evil"
		if n, err := post(t, box.spec(), told(t, e)); n != 1 || err != nil {
			t.Fatalf("%s: %d, %v", name, n, err)
		}
		mails, _ := box.got()
		got := mails[len(mails)-1]
		for _, w := range append(want, "Message-ID: <evt_7_abababababababab@contoso.test>", "Auto-Submitted: auto-generated", "To: <soc@contoso.test>") {
			if !strings.Contains(strings.ReplaceAll(got, "\r\n ", " "), w) {
				t.Errorf("%s: %q is not in\n%s", name, w, got)
			}
		}
		if strings.Contains(got, "http://") {
			t.Errorf("%s: there is something to click in\n%s", name, got)
		}
	}
	if n, err := post(t, box.spec(), told(t, samples()["failure"])); n != 1 || err != nil { // the words exist, although nobody is mailed about retries
		t.Errorf("%d, %v", n, err)
	}
}

// No text from outside adds a header, a recipient or a second mail.
func TestSC38_NoHeaderInjection(t *testing.T) {
	box := openLetterbox(t, true)
	evil := "ws\r\nBcc: eve@evil.test\r\n\r\nforged\r\n.\r\nMAIL FROM:<eve@evil.test>"
	e := samples()["lock"]
	e.Target, e.Reason = evil, evil+strings.Repeat("x", 5000)
	m := told(t, e)
	m.Turn.User, m.Turn.Tenant, m.Turn.Environment, m.ID = evil, evil, evil, "evt_7_abababababababab"
	if n, err := post(t, box.spec(), m); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	mails, rcpts := box.got()
	if len(mails) != 1 || rcpts[0] != "soc@contoso.test" {
		t.Fatalf("%d mails to %v", len(mails), rcpts)
	}
	msg, err := mail.ReadMessage(strings.NewReader(mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	if msg.Header.Get("Bcc") != "" || len(msg.Header["Subject"]) != 1 || len(mails[0]) > 6000 {
		t.Errorf("header %v, %d bytes", msg.Header, len(mails[0]))
	}
	for _, bad := range []string{"a@b.test\r\nBcc: eve@evil.test", "eve"} {
		s := box.spec()
		s.To = []string{bad}
		if _, err := post(t, s, m); err == nil {
			t.Errorf("sent to %q", bad)
		}
	}
}

// Nothing goes out unencrypted, to a server that can not prove its name, or with an old protocol; with the right CA it does (negative control).
func TestSC34_MailNeedsTLS(t *testing.T) {
	secret := func() (string, error) { return "canary-password", nil }
	box := openLetterbox(t, true)
	good := box.spec()
	good.User, good.Secret = "cordon", secret
	for name, change := range map[string]func(*Spec){
		"unknown CA": func(s *Spec) { s.CAPEM = "" },
		"wrong name": func(s *Spec) { s.URL = strings.Replace(s.URL, "127.0.0.1", "127.0.0.2", 1) },
	} {
		s := good
		change(&s)
		if n, err := post(t, s, told(t, samples()["lock"])); n != 0 || err == nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	bare := openLetterbox(t, false) // a server, or somebody between, that offers no STARTTLS
	s := bare.spec()
	s.User, s.Secret = "cordon", secret
	if n, err := post(t, s, told(t, samples()["lock"])); n != 0 || err == nil || !strings.Contains(strings.ToLower(err.Error()), "starttls") {
		t.Errorf("without STARTTLS: %d, %v", n, err)
	}
	for _, b := range []*letterbox{box, bare} {
		if mails, _ := b.got(); len(mails) != 0 || len(b.signed) != 0 {
			t.Errorf("went out all the same: %d mails, signed in %v", len(mails), b.signed)
		}
	}
	if n, err := post(t, good, told(t, samples()["lock"])); n != 1 || err != nil {
		t.Errorf("with the right CA: %d, %v", n, err)
	}
	if box.signed[0] != "cordon/canary-password" {
		t.Errorf("signed in as %v", box.signed)
	}
	s.Plain, s.User, s.Secret = true, "", nil // asked for, and on this machine
	if n, err := post(t, s, told(t, samples()["lock"])); n != 1 || err != nil {
		t.Errorf("plain: %d, %v", n, err)
	}
	s = good
	s.AllowPrivate = false
	var f *forbiddenError
	if _, err := post(t, s, told(t, samples()["lock"])); err == nil || !strings.Contains(err.Error(), "is inside") && !errors.As(err, &f) {
		t.Errorf("SC35: without allow-private: %v", err)
	}
}

// smtps is encrypted from the first byte, to a server that proves its name, and signs in inside.
func TestV34_SC34_MailOverSMTPS(t *testing.T) {
	box := openSMTPS(t)
	s := box.spec()
	s.URL = "smtps://" + box.addr
	s.User, s.Secret = "cordon", func() (string, error) { return "canary-password", nil }
	bad := s
	bad.CAPEM = ""
	if n, err := post(t, bad, told(t, samples()["lock"])); n != 0 || err == nil || len(box.signed) != 0 {
		t.Errorf("unknown CA: %d, %v, signed in %v", n, err, box.signed)
	}
	if n, err := post(t, s, told(t, samples()["lock"])); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if mails, _ := box.got(); len(mails) != 1 || len(box.signed) != 1 || box.signed[0] != "cordon/canary-password" {
		t.Errorf("%d mails, signed in as %v", len(mails), box.signed)
	}
}

// The server is talkative: what it repeats of the password does not get into errors, whatever it refuses.
func TestSC43_PasswordIsNotInErrors(t *testing.T) {
	for _, where := range []string{"auth", "mail", "rcpt", "data"} {
		box := openLetterbox(t, true)
		box.refuse = func(stage, arg string) error {
			if stage != where {
				return nil
			}
			return &smtp.SMTPError{Code: 535, Message: "no such account: AGNvcmRvbgBjYW5hcnktcGFzc3dvcmQ= canary-password"}
		}
		s := box.spec()
		s.User, s.Secret = "cordon", func() (string, error) { return "canary-password", nil }
		_, err := post(t, s, told(t, samples()["lock"]))
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "Y2FuYXJ5") || strings.Contains(err.Error(), "AGNvcmRvbgBj") {
			t.Errorf("%s: error = %v", where, err)
		}
	}
}

// 4xx is tried again, a refused recipient is the settings' fault, a refused text the message's; who took the mail does not get it again.
func TestF79_AnswersOfAMailServer(t *testing.T) {
	box := openLetterbox(t, true)
	s := box.spec()
	s.To = []string{"ann@contoso.test", "bob@contoso.test"}
	sink, err := s.Open(Host{"console", "1.4", 42}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	m := told(t, samples()["lock"])
	set := func(stage, arg string, code int) {
		box.mu.Lock()
		defer box.mu.Unlock()
		box.refuse = func(st, a string) error {
			if st == stage && strings.Contains(a, arg) {
				return &smtp.SMTPError{Code: code, Message: "no"}
			}
			return nil
		}
	}
	for _, tc := range []struct {
		stage, arg     string
		code           int
		refused, about bool
	}{
		{"mail", "", 451, false, false},
		{"mail", "", 550, true, false},
		{"rcpt", "", 450, false, false},
		{"rcpt", "", 550, true, false},
		{"data", "", 451, false, false},
		{"data", "", 554, true, true},
	} {
		set(tc.stage, tc.arg, tc.code)
		n, err := sink.Deliver(t.Context(), []Message{m})
		a := new(answerError)
		if n != 0 || !errors.As(err, &a) || a.refused != tc.refused || a.aboutMessage != tc.about {
			t.Errorf("%s %d: %d, %v, %+v", tc.stage, tc.code, n, err, a)
		}
	}
	set("rcpt", "bob", 450) // only one of two, and only for now
	if n, err := sink.Deliver(t.Context(), []Message{m}); n != 0 || err == nil {
		t.Errorf("%d, %v: the second one is still owed", n, err)
	}
	set("rcpt", "bob", 550) // now for good: the mail counts as delivered, and people are told
	if n, err := sink.Deliver(t.Context(), []Message{m}); n != 1 || err != nil || !strings.Contains(sink.(*mailer).Notice(), "bob@contoso.test") {
		t.Errorf("%d, %v, notice %q", n, err, sink.(*mailer).Notice())
	}
	if _, rcpts := box.got(); len(rcpts) != 1 || rcpts[0] != "ann@contoso.test" {
		t.Errorf("mail went to %v, want it once to ann", rcpts)
	}
}

func TestZ15_TryShowsEachStep(t *testing.T) {
	box := openLetterbox(t, true)
	s := box.spec()
	s.User, s.Secret = "cordon", func() (string, error) { return "canary-password", nil }
	var seen bytes.Buffer
	steps := Try(t.Context(), s, Host{Name: "console"}, time.Now, func(st soc.Step) { seen.WriteString(st.Name + " " + st.Status + "\n") })
	if len(steps) != 4 || steps[3].Status != soc.StepOK || !strings.Contains(seen.String(), "sign in run\nsign in ok\n") {
		t.Errorf("steps %+v\n%s", steps, seen.String())
	}
	if mails, _ := box.got(); len(mails) != 1 || !strings.Contains(mails[0], "Subject: [cordon] test mail") {
		t.Errorf("mails %q", mails)
	}
	for step, change := range map[int]func(*Spec){
		0: func(s *Spec) { s.AllowPrivate = false },
		1: func(s *Spec) { s.CAPEM = "" },
		2: func(s *Spec) { s.Secret = func() (string, error) { return "", errors.New("sealed") } },
	} {
		bad := s
		change(&bad)
		steps := Try(t.Context(), bad, Host{Name: "console"}, time.Now, nil)
		if steps[step].Status != soc.StepFail || steps[step].Fix == "" || steps[3].Status != soc.StepSkip {
			t.Errorf("%d: %+v", step, steps)
		}
	}
}
