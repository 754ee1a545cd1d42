package client

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"cordon/store/soc"
)

func TestF35_SC32_RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var leaked atomic.Int32
	leak := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		leaked.Add(1)
		reply200(w, 201, goodAction)
	})
	otherPort, plain := httptest.NewTLSServer(leak), httptest.NewServer(leak)
	defer otherPort.Close()
	defer plain.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{otherPort.URL, plain.URL, "/api/other", "//evil.example/x", ""} {
			wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			})
			_, err := isolate(t, wt.Client)
			wantKind(t, err, soc.KindUnknownOutcome)
			_, err = wt.Alert(t.Context(), "da1")
			wantKind(t, err, soc.KindUnavailable)
			if wt.posts.Load() != 1 || wt.gets.Load() != 1 {
				t.Errorf("%d to %q: %d POSTs and %d GETs, want 1 and 1", status, to, wt.posts.Load(), wt.gets.Load())
			}
		}
	}
	if leaked.Load() != 0 {
		t.Errorf("%d requests followed a redirect", leaked.Load())
	}
	// Negative control: Go's own client follows.
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", plain.URL)
		w.WriteHeader(307)
	})
	wt.Client.http.CheckRedirect = nil
	wt.Client.http.Transport = wt.Client.http.Transport.(*guard).next
	_, _ = isolate(t, wt.Client)
	if leaked.Load() == 0 {
		t.Error("control: without the rules nothing leaks either")
	}
}

func TestSC32_GuardKeepsTheTokenAtHome(t *testing.T) {
	t.Parallel()
	var stray atomic.Int32
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stray.Add(1) }))
	defer other.Close()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 200, goodAction) })
	for _, u := range []string{other.URL, strings.Replace(wt.srv.URL, "https", "http", 1), "https://evil.example/api", wt.srv.URL + "0/api"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
		if err != nil {
			continue // not even an address
		}
		if res, err := wt.http.Do(req); err == nil {
			res.Body.Close()
			t.Errorf("a request to %s went out", u)
		}
	}
	if stray.Load() != 0 {
		t.Errorf("%d requests reached another host", stray.Load())
	}
}

func TestSC33_AddressesAreJudged(t *testing.T) {
	t.Parallel()
	base := soc.Integration{ID: "i", TenantID: tenantID, ClientID: clientID}
	for _, c := range []struct {
		cloud, api, login string
		custom, ok        bool
	}{
		{"", "", "", false, true},
		{"commercial", "https://eu.api.security.microsoft.com", "", false, true},
		{"commercial", "https://api.security.microsoft.com/", "", false, true},
		{"gcc", "", "", false, true},
		{"gcc-high", "https://api-gov.securitycenter.microsoft.us", "https://login.microsoftonline.us", false, true},
		{"gcc-high", "", "https://login.microsoftonline.com", false, false},
		{"commercial", "https://api-gov.securitycenter.microsoft.us", "", false, false},
		{"mars", "", "", false, false},
		{"commercial", "http://api.securitycenter.microsoft.com", "", false, false},
		{"commercial", "https://api.securitycenter.microsoft.com:8443", "", false, false},
		{"commercial", "https://eu.api.security.microsoft.com:8443", "", false, false},
		{"commercial", "https://api.securitycenter.microsoft.com.evil.example", "", false, false},
		{"commercial", "https://user:pw@api.securitycenter.microsoft.com", "", false, false},
		{"commercial", "https://api.securitycenter.microsoft.com/api", "", false, false},
		{"commercial", "https://127.0.0.1:4443", "", false, false},
		{"custom", "https://sim.example:4443", "https://sim.example:4444", true, true},
		{"custom", "http://127.0.0.1:8080", "https://127.0.0.1:8081", true, true},
		{"custom", "http://[::1]:8080", "https://localhost", true, true},
		{"custom", "http://sim.example:8080", "https://sim.example", true, false},
		{"custom", "https://sim.example", "http://127.0.0.1", true, false},
		{"custom", "", "https://sim.example", true, false},
		{"custom", "ftp://sim.example", "https://sim.example", true, false},
	} {
		in := base
		in.Cloud, in.API, in.Login, in.Custom = c.cloud, c.api, c.login, c.custom
		_, err := New(Config{Integration: in, Credential: fullWallet()})
		if (err == nil) != c.ok {
			t.Errorf("%+v: error %v, want ok = %v", c, err, c.ok)
		}
		if err != nil && soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("%+v: kind %v, want invalid", c, soc.KindOf(err))
		}
	}
	in := base
	in.Cloud = "gcc"
	if got, err := Endpoints(in); err != nil || fmt.Sprint(got) != "[login.microsoftonline.com:443 api-gcc.securitycenter.microsoft.us:443]" {
		t.Errorf("V-10: Endpoints = %v, %v", got, err)
	}
}

func TestSC34_TLSIsNotNegotiable(t *testing.T) {
	t.Parallel()
	// An unknown CA is refused, with advice that names it.
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 200, goodAction) })
	in := wt.in
	in.CAPEM = ""
	c, err := New(Config{Integration: in, Credential: fullWallet()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = isolate(t, c)
	if kind, code := kindAndCode(err); kind != soc.KindUnavailable || code != "tls" || wt.posts.Load() != 0 {
		t.Errorf("unknown CA: %v %q, %d POSTs: %v", kind, code, wt.posts.Load(), err)
	}
	// TLS 1.1 is refused.
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply200(w, 201, goodAction) }))
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.StartTLS()
	defer old.Close()
	_, err = isolate(t, clientFor(t, old, fullWallet()))
	wantKind(t, err, soc.KindUnavailable)
	// A certificate for another name is refused.
	named := clientFor(t, wt.srv, fullWallet())
	u, _ := url.Parse(strings.Replace(wt.srv.URL, "127.0.0.1", "localhost", 1))
	named.api = u
	named.http.Transport.(*guard).to = u
	_, err = isolate(t, named)
	wantKind(t, err, soc.KindUnavailable)
	if wt.posts.Load() != 0 {
		t.Error("an order went out over a connection that should not exist")
	}
	if cfg := named.http.Transport.(*guard).next.TLSClientConfig; cfg.InsecureSkipVerify || cfg.MinVersion < tls.VersionTLS12 {
		t.Errorf("TLS config: %+v", cfg)
	}
}

// stream writes n times the text.
func stream(w io.Writer, text string, n int) {
	block := strings.Repeat(text, 1024)
	for ; n >= 1024; n -= 1024 {
		if _, err := io.WriteString(w, block); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, strings.Repeat(text, n))
}

func TestF36_BombsAreDefused(t *testing.T) {
	// Not parallel: it measures memory.
	bombs := map[string]func(w io.Writer){
		"huge string": func(w io.Writer) {
			io.WriteString(w, `{"value":[{"id":"`)
			stream(w, "A", 10<<20)
			io.WriteString(w, `"}]}`)
		},
		"gzip bomb": func(w io.Writer) {
			io.WriteString(w, `{"value":[{"id":"`)
			stream(w, "\\u0041", 2<<20)
			io.WriteString(w, `"}]}`)
		},
		"deep": func(w io.Writer) {
			io.WriteString(w, `{"value":[`)
			stream(w, "[", 10_000)
			stream(w, "]", 10_000)
			io.WriteString(w, `]}`)
		},
		"deep object": func(w io.Writer) { stream(w, `{"a":`, 10_000); io.WriteString(w, "1"); stream(w, "}", 10_000) },
		"many items": func(w io.Writer) {
			io.WriteString(w, `{"value":[{}`)
			stream(w, ",{}", 300_000)
			io.WriteString(w, `]}`)
		},
		"many values": func(w io.Writer) {
			io.WriteString(w, `{"value":[{"id":"`+actionID+`","commands":[0`)
			stream(w, ",0", 300_000)
			io.WriteString(w, `]}]}`)
		},
		"big other key": func(w io.Writer) {
			io.WriteString(w, `{"x":"`)
			stream(w, "A", 10<<20)
			io.WriteString(w, `","value":[]}`)
		},
		"object in bulk": func(w io.Writer) { io.WriteString(w, `{"id":"`); stream(w, "A", 10<<20); io.WriteString(w, `"}`) },
	}
	for name, bomb := range bombs {
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		bomb(z)
		_ = z.Close()
		wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		})
		for what, call := range map[string]func() error{
			"list":   func() error { _, err := wt.Actions(t.Context(), ActionsQuery{}); return err },
			"object": func() error { _, err := wt.Action(t.Context(), actionID); return err },
		} {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			err := call()
			runtime.ReadMemStats(&after)
			if soc.KindOf(err) != soc.KindUnavailable {
				t.Errorf("%s as %s: error = %v, want unavailable", name, what, err)
			}
			// All that was allocated meanwhile, the server's part included, bounds what was held at once.
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
				t.Errorf("%s as %s: %d MiB allocated", name, what, grown>>20)
			}
		}
	}
}

func TestF36_PageAndItemHaveTheirOwnLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ all, item, want int }{{10, 100, 10}, {100, 10, 10}, {0, 5, 0}} {
		n, err := io.Copy(io.Discard, &allowance{r: strings.NewReader(strings.Repeat("x", 1000)), all: c.all, item: c.item})
		if int(n) != c.want || !errors.Is(err, errTooLarge) {
			t.Errorf("%+v: %d bytes, %v", c, n, err)
		}
	}
}
