package httpapi

import (
	"bytes"
	"context"
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
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

func dial(t *testing.T, url string) net.Conn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// SC40: without being told otherwise the listener is reachable from this machine only, whatever address is written.
func TestSC40_LoopbackUnlessTold(t *testing.T) {
	pem := newPKI(t)
	cert := Address{Cert: pem.cert, Key: pem.key}
	for name, tc := range map[string]struct {
		a    Address
		code string // empty: it opens
	}{
		"loopback":             {Address{Listen: "127.0.0.1:0"}, ""},
		"loopback 6":           {Address{Listen: "[::1]:0"}, ""},
		"name":                 {Address{Listen: "localhost:0"}, ""},
		"all":                  {Address{Listen: ":0"}, "http-remote"},
		"all 4":                {Address{Listen: "0.0.0.0:0"}, "http-remote"},
		"all 6":                {Address{Listen: "[::]:0"}, "http-remote"},
		"mapped":               {Address{Listen: "[::ffff:0.0.0.0]:0"}, "http-remote"},
		"allowed, no TLS":      {Address{Listen: "0.0.0.0:0", AllowRemote: true}, "http-remote"},
		"TLS, not allowed":     {Address{Listen: "0.0.0.0:0", Cert: cert.Cert, Key: cert.Key}, "http-remote"},
		"allowed with TLS":     {Address{Listen: "0.0.0.0:0", AllowRemote: true, Cert: cert.Cert, Key: cert.Key}, ""},
		"no address":           {Address{Listen: "8460"}, "http-address"},
		"no port":              {Address{Listen: "127.0.0.1:none-such"}, "http-address"},
		"certificate missing":  {Address{Listen: "127.0.0.1:0", Cert: cert.Cert + ".none", Key: cert.Key}, "http-tls"},
		"authority is no cert": {Address{Listen: "127.0.0.1:0", Cert: cert.Cert, Key: cert.Key, ClientCA: cert.Key}, "http-tls"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Listen(t.Context(), tc.a)
			if err == nil {
				defer func() { _ = l.Close() }()
				if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() != l.Remote || l.Remote && !tc.a.AllowRemote {
					t.Errorf("listens on %v, remote %v", ip, l.Remote)
				}
			}
			var e *soc.Error
			if code := ""; (errors.As(err, &e) && e.Code != tc.code) || (err == nil) != (tc.code == code) {
				t.Errorf("%v, want code %q", err, tc.code)
			}
			if e != nil && (e.What == "" || e.Next == "") {
				t.Errorf("%v does not say what to do", err)
			}
		})
	}
	first, err := Listen(t.Context(), Address{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if _, err := Listen(t.Context(), Address{Listen: first.Addr().String()}); !errors.Is(err, soc.ErrUnavailable) {
		t.Errorf("an address in use: %v", err)
	}
}

// SC40: on an address that others reach, what comes in needs a client certificate beside the token; reading needs the token only.
func TestSC40_RemoteSendersShowACertificate(t *testing.T) {
	pki := newPKI(t)
	box := &box{}
	tokens := []soc.Token{token("probes", "prb", soc.ScopeProbes), token("reader", "", soc.ScopeLockdowns)}
	srv := New(Options{Store: &shelf{tokens: tokens}, Intake: box, Remote: true})
	l, err := Listen(t.Context(), Address{Listen: "127.0.0.1:0", AllowRemote: true, Cert: pki.cert, Key: pki.key, ClientCA: pki.ca})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, l) }()
	defer func() { stop(); <-done }()
	send := func(method, path, tok string, certs ...tls.Certificate) (int, error) {
		body := map[string]string{http.MethodPost: `{"test":"t","state":"PROTECTED"}`}[method]
		r, _ := http.NewRequestWithContext(t.Context(), method, l.URL()+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer tok-"+tok)
		r.Header.Set("Content-Type", "application/json")
		cfg := &tls.Config{RootCAs: pki.pool, Certificates: certs, MinVersion: tls.VersionTLS12}
		c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: cfg}}
		res, err := c.Do(r)
		if err != nil {
			return 0, err
		}
		return res.StatusCode, res.Body.Close()
	}
	if code, err := send(http.MethodPost, pathProbes, "probes"); code != http.StatusForbidden || box.calls != 0 {
		t.Errorf("no certificate: %d %v, %d calls", code, err, box.calls)
	}
	if code, err := send(http.MethodPost, pathProbes, "probes", pki.client); code != http.StatusAccepted {
		t.Errorf("with a certificate: %d %v", code, err)
	}
	if code, err := send(http.MethodPost, pathProbes, "wrong", pki.client); code != http.StatusUnauthorized {
		t.Errorf("a certificate without a token: %d %v", code, err)
	}
	if code, err := send(http.MethodGet, pathLockdowns, "reader"); code != http.StatusOK {
		t.Errorf("reading: %d %v", code, err)
	}
	if code, err := send(http.MethodPost, pathProbes, "probes", newPKI(t).client); err == nil {
		t.Errorf("a certificate of somebody else: %d", code)
	}
	weak := &tls.Config{RootCAs: pki.pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old := http.Client{Transport: &http.Transport{TLSClientConfig: weak}}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL()+pathHealth, nil)
	if _, err := old.Do(r); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

func TestCertificateIsReadAgain(t *testing.T) {
	one, two := newPKI(t), newPKI(t)
	p := &pair{cert: one.cert, key: one.key}
	first, err := p.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	overwrite := func(from, to string, at time.Time) {
		b, err := os.ReadFile(from)
		if err = errors.Join(err, os.WriteFile(to, b, 0o600), os.Chtimes(to, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	// Half of a renewal leaves the old one in force.
	overwrite(two.cert, one.cert, noon)
	if got, err := p.get(nil); err != nil || got != first {
		t.Errorf("half a renewal: %v", err)
	}
	overwrite(two.key, one.key, noon)
	overwrite(two.cert, one.cert, noon.Add(time.Second))
	if got, err := p.get(nil); err != nil || bytes.Equal(got.Certificate[0], first.Certificate[0]) {
		t.Errorf("after the renewal: %v", err)
	}
	if err := os.Chmod(two.key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (&pair{cert: two.cert, key: two.key}).get(nil); err == nil || !strings.Contains(err.Error(), "everybody can read") {
		t.Errorf("an open key: %v", err)
	}
}

type pki struct {
	ca, cert, key string
	pool          *x509.CertPool
	client        tls.Certificate
}

// newPKI makes an authority, a certificate for 127.0.0.1 and one for a client.
func newPKI(t *testing.T) pki {
	t.Helper()
	dir, now := t.TempDir(), time.Now()
	sign := func(tpl, parent *x509.Certificate, by *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if by == nil {
			parent, by = tpl, key
		}
		tpl.NotBefore, tpl.NotAfter, tpl.SerialNumber = now.Add(-time.Hour), now.Add(time.Hour), big.NewInt(now.UnixNano())
		der, err := x509.CreateCertificate(rand.Reader, tpl, parent, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		return der, key
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := &x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, caKey := sign(ca, nil, nil)
	srvDER, srvKey := sign(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, caKey)
	cliDER, cliKey := sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "sender"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, caKey)
	keyDER, err := x509.MarshalPKCS8PrivateKey(srvKey)
	if err != nil {
		t.Fatal(err)
	}
	p := pki{
		ca: write("ca.pem", "CERTIFICATE", caDER), cert: write("cert.pem", "CERTIFICATE", srvDER), key: write("key.pem", "PRIVATE KEY", keyDER),
		pool: x509.NewCertPool(), client: tls.Certificate{Certificate: [][]byte{cliDER}, PrivateKey: cliKey},
	}
	parsed, err := x509.ParseCertificate(caDER)
	if err != nil {
		t.Fatal(err)
	}
	p.pool.AddCert(parsed)
	return p
}

// pipes is a listener whose connections live in memory, so that time can be virtual.
type pipes struct {
	in    chan net.Conn
	close sync.Once
	shut  chan struct{}
}

func newPipes() *pipes { return &pipes{in: make(chan net.Conn), shut: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.in:
		return c, nil
	case <-p.shut:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.close.Do(func() { close(p.shut) }); return nil }

type nowhere struct{}

func (nowhere) Network() string { return "pipe" }
func (nowhere) String() string  { return "pipe" }
func (p *pipes) Addr() net.Addr { return nowhere{} }
func (p *pipes) dial() net.Conn { a, b := net.Pipe(); p.in <- b; return a }

const slowBody = "POST /api/v1/probes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer tok-probes\r\n" +
	"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"

// SC41: a client that sends its request one byte at a time, or never reads the answer, is cut off after seconds.
func TestSC41_SlowClientsAreCutOff(t *testing.T) {
	for name, tc := range map[string]struct {
		send   string
		drip   bool // one more byte every second
		within time.Duration
		least  time.Duration
	}{
		"says nothing":       {"", false, headerTime, headerTime},
		"half a header":      {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", false, headerTime, headerTime},
		"a header in drops":  {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", true, headerTime + time.Second, headerTime},
		"a body in drops":    {slowBody, true, readTime + time.Second, readTime},
		"idle after a reply": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", false, idleTime, idleTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				ctx, stop := context.WithCancel(context.Background())
				done := make(chan error, 1)
				srv := New(Options{Store: &shelf{tokens: []soc.Token{token("probes", "prb", soc.ScopeProbes)}}, Intake: &box{}})
				go func() { done <- srv.Serve(ctx, l) }()
				c, began := l.dial(), time.Now()
				quit := make(chan struct{})
				go func() {
					_, _ = io.WriteString(c, tc.send)
					for tc.drip {
						select {
						case <-quit:
							return
						case <-time.After(time.Second):
							_, _ = c.Write([]byte("x"))
						}
					}
				}()
				_, _ = io.Copy(io.Discard, c) // until the server closes
				took := time.Since(began)
				close(quit)
				if took < tc.least || took > tc.within {
					t.Errorf("cut off after %v, want %v to %v", took, tc.least, tc.within)
				}
				_ = c.Close()
				stop()
				if err := <-done; err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		})
	}
}

// Control of the test above: a server without limits waits for ever.
func TestSC41_ControlWithoutLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, done := newPipes(), make(chan error, 1)
		srv := &http.Server{Handler: New(Options{Store: &shelf{}})} // without limits, on purpose
		go func() { done <- srv.Serve(l) }()
		c := l.dial()
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
		_ = c.SetReadDeadline(time.Now().Add(24 * time.Hour))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after a day: %v", err)
		}
		_ = c.Close()
		_ = srv.Close()
		<-done
	})
}

// SC41: a silent crowd does not keep others out for longer than a header may take, and memory for connections is bounded.
func TestSC41_ConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // so that a connection that should have been refused ends the test: its time passes at once
		inner := newPipes()
		b := &bounded{Listener: inner, max: 2, one: 1, from: map[string]int{}}
		got := make(chan net.Conn, 8)
		go func() {
			defer close(got)
			for {
				c, err := b.Accept()
				if err != nil {
					return
				}
				got <- c
			}
		}()
		defer func() { _ = inner.Close() }()
		call := func(from string) net.Conn {
			a, z := net.Pipe()
			inner.in <- addressed{z, from}
			return a
		}
		refused := func(c net.Conn) error {
			_ = c.SetReadDeadline(time.Now().Add(time.Hour))
			_, err := c.Read(make([]byte, 1))
			return err
		}
		call("10.0.0.1:5")
		first := <-got
		if err := refused(call("10.0.0.1:6")); !errors.Is(err, io.EOF) {
			t.Fatalf("the second of one address: %v", err)
		}
		call("127.0.0.1:1")
		<-got
		if err := refused(call("10.0.0.2:1")); !errors.Is(err, io.EOF) {
			t.Fatalf("beyond the limit: %v", err)
		}
		_ = first.Close()
		_ = first.Close() // gives its place back once
		call("10.0.0.1:7")
		<-got
		if b.all != 2 || b.from["10.0.0.1"] != 1 {
			t.Errorf("%d connections, %v", b.all, b.from)
		}
		if !local("127.0.0.1") || !local(origin("[::1]:1")) || local("10.0.0.1") {
			t.Error("which addresses are this machine")
		}
	})
}

type addressed struct {
	net.Conn
	from string
}

func (a addressed) RemoteAddr() net.Addr { return text(a.from) }

type text string

func (text) Network() string  { return "tcp" }
func (t text) String() string { return string(t) }

// A server that is told to stop finishes what is under way, and does not wait for ever.
func TestServe_StopsInGoodOrder(t *testing.T) {
	g := newRig(t)
	release := g.box.hold()
	l, err := Listen(t.Context(), Address{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.srv.Serve(ctx, l) }()
	g.url = l.URL()
	answer := make(chan got, 1)
	go func() { answer <- g.ask(http.MethodPost, pathProbes, "probes", `{"test":"t","state":"PROTECTED"}`) }()
	<-g.box.began // the request is under way
	stop()
	release()
	if a := <-answer; a.status != http.StatusAccepted {
		t.Errorf("a request under way got %d", a.status)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	broken := newPipes()
	_ = broken.Close()
	if err := g.srv.Serve(t.Context(), broken); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener that fails: %v", err)
	}
}

func (g *rig) calls() int {
	g.box.mu.Lock()
	defer g.box.mu.Unlock()
	return g.box.calls
}
