package notify

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gosyslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"cordon/store/soc"
)

// The library of the standard-webhooks project accepts what we send, with the old and the new secret while it changes, and refuses it forged.
func TestSC36_AnotherLibraryVerifies(t *testing.T) {
	other := "whsec_" + strings.Repeat("QUJD", 11)
	verifiers := map[string]bool{testSecret: true, other: true, "whsec_" + strings.Repeat("WFla", 11): false}
	bodies := make(chan []byte, 1)
	heads := make(chan http.Header, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- b
		heads <- r.Header
	}))
	defer srv.Close()
	s := Spec{Name: "hook", Type: TypeWebhook, URL: srv.URL, AllowPrivate: true, Secret: func() (string, error) { return other + "\n" + testSecret, nil }}
	if n, err := post(t, s, told(t, samples()["lock"])); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	body, head := <-bodies, <-heads
	for secret, want := range verifiers {
		v, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(body, head); (err == nil) != want {
			t.Errorf("%s…: %v, want accepted %v", secret[:12], err, want)
		}
		if v.Verify(append([]byte(" "), body...), head) == nil {
			t.Error("a changed body is accepted")
		}
	}
	old := head.Clone()
	old.Set(headerTime, "1591212505") // replayed years later
	if v, _ := standardwebhooks.NewWebhook(testSecret); v.Verify(body, old) == nil {
		t.Error("another time is accepted")
	}
}

// A redirect is not followed, so a signed message goes to the configured host or nowhere; no proxy of the environment sees it (SC33).
func TestSC32_SC33_WebhookGoesNowhereElse(t *testing.T) {
	hits := make(chan string, 8)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hits <- r.Host }))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	t.Setenv("HTTP_PROXY", elsewhere.URL)
	t.Setenv("HTTPS_PROXY", elsewhere.URL)
	s := Spec{Name: "hook", Type: TypeWebhook, URL: srv.URL, AllowPrivate: true, Secret: func() (string, error) { return testSecret, nil }}
	if n, err := post(t, s, told(t, samples()["lock"])); n != 0 || err == nil || !strings.Contains(err.Error(), "redirects are not followed") {
		t.Errorf("%d, %v", n, err)
	}
	if len(hits) != 0 {
		t.Error("the message went elsewhere")
	}
	s.URL = elsewhere.URL // negative control: the other server does hear what is meant for it
	if n, err := post(t, s, told(t, samples()["lock"])); n != 1 || err != nil || len(hits) != 1 {
		t.Errorf("%d, %v, %d hits: the check is blind", n, err, len(hits))
	}
	direct, err := newWebhook(s, Host{}, time.Now)
	if err != nil || direct.client.Transport.(*http.Transport).Proxy != nil {
		t.Errorf("a proxy is used: %v", err)
	}
}

// Syslog over TLS: octet-counted frames that another parser reads; a receiver that can not prove its name gets nothing.
func TestV34_SC34_SyslogOverTLS(t *testing.T) {
	ca, conf := authority(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	got := make(chan string, 8)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			b, _ := io.ReadAll(c)
			_ = c.Close()
			got <- string(b)
		}
	}()
	s := Spec{Name: "siem", Type: TypeSyslog, URL: "tls://" + ln.Addr().String(), AllowPrivate: true, CAPEM: ca, Layout: LayoutStandard}
	sink, err := s.Open(Host{"console", "1.4", 42}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	msgs := []Message{told(t, samples()["lock"]), told(t, samples()["unlock"]), told(t, soc.AuditEntry{Action: "test", Detail: "ä ü"})}
	if n, err := sink.Deliver(t.Context(), msgs); n != 3 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	count := 0
	octetcounting.NewParser(gosyslog.WithListener(func(r *gosyslog.Result) {
		if r.Error == nil && r.Message != nil {
			count++
		} else {
			t.Errorf("frame: %v", r.Error)
		}
	})).Parse(strings.NewReader(<-got))
	if count != 3 {
		t.Errorf("%d frames, want 3", count)
	}
	for name, change := range map[string]func(*Spec){
		"unknown CA":    func(s *Spec) { s.CAPEM = "" },
		"wrong name":    func(s *Spec) { s.URL = strings.Replace(s.URL, "127.0.0.1", "127.0.0.2", 1) },
		"old protocol":  func(*Spec) { conf.MaxVersion = tls.VersionTLS11; conf.MinVersion = tls.VersionTLS10 },
		"inner address": func(s *Spec) { s.AllowPrivate = false },
	} {
		bad := s
		change(&bad)
		if n, err := post(t, bad, msgs[0]); n != 0 || err == nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// A server that takes the connection and then says nothing holds nobody: the end of the time for a delivery ends it.
func TestF79_SilentMailServer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = c.Write([]byte("220 wait\r\n"))
		buf := make([]byte, 64)
		_, _ = c.Read(buf) // EHLO: never answered
		cancel()
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}()
	s := Spec{Name: "m", Type: TypeMail, URL: "smtp://" + ln.Addr().String(), AllowPrivate: true, From: "a@b.test", To: []string{"c@b.test"}}
	sink, err := s.Open(Host{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := sink.Deliver(ctx, []Message{told(t, samples()["lock"])}); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
}
