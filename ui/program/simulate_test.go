package program

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/ui/cli"
)

// simRun is `cordon simulate` with everything switched on.
type simRun struct {
	t     *testing.T
	c     sim.Connection
	lines chan string // what was printed; a full pipe would stop the receivers
	dir   string
	http  *http.Client
	pool  *x509.CertPool
}

func newSimRun(t *testing.T) *simRun {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	o := cli.SimOptions{
		DemoOptions: cli.DemoOptions{Seed: 1, World: "story"}, Listen: "127.0.0.1:0", Write: filepath.Join(dir, "sim.json"), Profile: "vectra",
		SecretLife: time.Hour, Identity: "127.0.0.1:0", Certificate: filepath.Join(dir, "cert.pem"), WorkloadToken: filepath.Join(dir, "token"),
		Mail: "127.0.0.1:0", Syslog: "127.0.0.1:0", Webhook: "127.0.0.1:0",
	}
	go func() {
		err := simulate(ctx, o, w)
		_ = w.CloseWithError(err)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("simulate: %v", err)
		}
	})
	s := &simRun{t: t, lines: make(chan string, 1000), dir: dir, pool: x509.NewCertPool()}
	go func() {
		defer close(s.lines)
		for scan := bufio.NewScanner(r); scan.Scan(); {
			s.lines <- scan.Text()
		}
	}()
	s.until("--environment TEST")
	var err error
	if s.c, err = sim.ReadConnection(o.Write); err != nil {
		t.Fatal(err)
	}
	if !s.pool.AppendCertsFromPEM([]byte(s.c.CAPEM)) {
		t.Fatal("no certificate of the authority")
	}
	transport := &http.Transport{TLSClientConfig: s.tls()}
	t.Cleanup(transport.CloseIdleConnections)
	s.http = &http.Client{Transport: transport}
	return s
}

func (s *simRun) tls() *tls.Config {
	return &tls.Config{RootCAs: s.pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// until reads printed lines up to one that contains part, and returns it.
func (s *simRun) until(part string) string {
	s.t.Helper()
	for line := range s.lines {
		if strings.Contains(line, part) {
			return line
		}
	}
	s.t.Fatalf("simulate ended without printing %q", part)
	return ""
}

// The receivers print one line for each arrival, whatever bytes it is made of.
func TestN21_SimulatePrintsWhatArrives(t *testing.T) {
	s := newSimRun(t)
	to := s.c.Receivers
	if err := smtp.SendMail(to.SMTP, nil, "a@corp.example", []string{"b@corp.example"}, []byte("Subject: host \x1b[31m locked\r\n\r\nx\r\n")); err == nil {
		t.Error("the standard client trusted an unknown authority")
	}
	mail, err := smtp.Dial(to.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	steps := []func() error{
		func() error { return mail.StartTLS(s.tls()) },
		func() error { return mail.Mail("a@corp.example") },
		func() error { return mail.Rcpt("b@corp.example") },
		func() error {
			w, err := mail.Data()
			if err != nil {
				return err
			}
			_, _ = io.WriteString(w, "Subject: host \x1b[31m locked\r\n\r\nx\r\n")
			return w.Close()
		},
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if line := s.until("mail (TLS)"); !strings.HasSuffix(line, "a@corp.example to b@corp.example: host [31m locked") || strings.Contains(line, "\x1b") {
		t.Errorf("line = %q", line)
	}
	udp, err := net.Dial("udp", to.SyslogUDP)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(udp, "<13>1 two\nlines")
	if line := s.until("syslog (udp, datagram)"); !strings.HasSuffix(line, "<13>1 two lines") {
		t.Errorf("line = %q", line)
	}
	secure, err := tls.Dial("tcp", to.SyslogTLS, s.tls())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(secure, "7 <13>1 z")
	s.until("syslog (tls, octets) <13>1 z")
	s.hook("msg_1", `{"a":1}`)
	s.until(`webhook msg_1 (signature ok, answered 200) {"a":1}`)
}

// hook sends a signed webhook, signed by the rules of the specification.
func (s *simRun) hook(id, body string) {
	s.t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.c.Receivers.WebhookSecret, "whsec_"))
	if err != nil {
		s.t.Fatal(err)
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	req, err := http.NewRequest(http.MethodPost, s.c.Receivers.Webhook, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for key, value := range map[string]string{
		"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	} {
		req.Header.Set(key, value)
	}
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = res.Body.Close()
}

// What is written is private, and the running tenant can be changed.
func TestN21_SimulateWritesKeysAndObeysControl(t *testing.T) {
	s := newSimRun(t)
	for _, name := range []string{"sim.json", "sim.json.ca.pem", "cert.pem", "token"} {
		info, err := os.Stat(filepath.Join(s.dir, name))
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	control := func(key, body string) string {
		req, err := http.NewRequest(http.MethodPost, s.c.Control, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(bytes.TrimSpace(text))
	}
	if got := control(s.c.ControlKey, `{}`); !strings.Contains(got, `"roles":["AdvancedQuery.Read.All","Machine.Read.All","Machine.Isolate"]`) {
		t.Errorf("state = %s", got)
	}
	if got := control(s.c.ControlKey, `{"profile":"none","consent":false}`); !strings.Contains(got, `"roles":[]`) || !strings.Contains(got, `"consent":false`) {
		t.Errorf("state = %s", got)
	}
	if got := control("wrong", `{}`); !strings.Contains(got, "Unauthorized") {
		t.Errorf("a wrong key: %s", got)
	}
	req, err := http.NewRequest(http.MethodGet, s.c.Identity.Endpoint+"?api-version=2019-08-01&resource=https://api.securitycenter.microsoft.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-IDENTITY-HEADER", s.c.Identity.Header)
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("identity: status %d", res.StatusCode)
	}
	if slices.Contains([]string{"", s.c.AppID}, s.c.Identity.ClientID) {
		t.Errorf("identity client id = %q", s.c.Identity.ClientID)
	}
}
