package client

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"cordon/store/soc"
)

// gate is a proxy that lets through what it allows.
type gate struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	asked  []string
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{status: http.StatusOK}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.asked = append(g.asked, r.Method+" "+r.Host)
		status := g.status
		g.mu.Unlock()
		if r.Method != http.MethodConnect || status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(there, bufio.NewReader(buf)); there.Close() }()
		go func() { _, _ = io.Copy(here, there); here.Close() }()
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) refuse(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status, g.asked = status, nil
}

func (g *gate) seen() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.asked, ", ")
}

// behind makes a client of a test server that goes through a proxy.
func behind(t *testing.T, srv *httptest.Server, proxy string) (*Client, error) {
	t.Helper()
	c, err := New(Config{Credential: fullWallet(), Integration: soc.Integration{
		ID: "int-1", TenantID: tenantID, ClientID: clientID, Cloud: "custom", Custom: true, API: srv.URL, Login: srv.URL, CAPEM: caPEM(srv), Proxy: proxy,
	}})
	if err == nil {
		t.Cleanup(c.CloseIdle)
	}
	return c, err
}

func TestV10_ProxyOfOneTenant(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply200(w, 200, `{"value":[]}`) }))
	t.Cleanup(srv.Close)
	host := strings.TrimPrefix(srv.URL, "https://")
	g := newGate(t)
	c, err := behind(t, srv, g.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Alerts(t.Context(), AlertsQuery{}); err != nil || g.seen() != "CONNECT "+host {
		t.Errorf("%v; the proxy saw %q", err, g.seen())
	}
	if steps, err := c.Test(t.Context(), nil); err != nil || statusOf(steps, "login: proxy").Status != soc.StepOK {
		t.Errorf("%v: %+v", err, statusOf(steps, "login: proxy"))
	}
	hosts, err := Endpoints(c.in)
	if err != nil || strings.Join(hosts, " ") != host+" "+strings.TrimPrefix(g.URL, "http://") {
		t.Errorf("contacts %v, %v", hosts, err)
	}
	for status, says := range map[int]string{403: "does not let us to " + host, 407: "wants a user name"} {
		g.refuse(status)
		c.CloseIdle()
		steps, err := c.Test(t.Context(), nil)
		if s := statusOf(steps, "login: proxy"); s.Status != soc.StepFail || !strings.Contains(s.Detail, says) || soc.KindOf(err) != soc.KindUnavailable {
			t.Errorf("%d: %+v, %v", status, s, err)
		}
		if statusOf(steps, "sign in").Status != soc.StepSkip {
			t.Error("signing in was tried through a proxy that refuses")
		}
	}
	none, err := behind(t, srv, "none") // a control: no proxy at all
	if err != nil {
		t.Fatal(err)
	}
	g.refuse(200)
	if _, err := none.Alerts(t.Context(), AlertsQuery{}); err != nil || g.seen() != "" {
		t.Errorf("%v; the proxy saw %q", err, g.seen())
	}
	g.Close()
	c.CloseIdle()
	steps, _ := c.Test(t.Context(), nil)
	if s := statusOf(steps, "login: proxy"); !strings.Contains(s.Detail, strings.TrimPrefix(g.URL, "http://")) {
		t.Errorf("a dead proxy is not named: %+v", s)
	}
}

func TestZ05_SC43_BadProxiesAreRefused(t *testing.T) {
	t.Parallel()
	for _, proxy := range []string{"proxy", "proxy:3128", "ftp://proxy", "http://", "http://user:c4n4ry@proxy:3128", "http://proxy/path", "socks5://proxy:1080"} {
		if _, err := New(Config{Credential: fullWallet(), Integration: soc.Integration{TenantID: tenantID, ClientID: clientID, Proxy: proxy}}); soc.KindOf(err) != soc.KindInvalid ||
			strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: %v", proxy, err)
		}
	}
	f, err := proxyOf(soc.Integration{})
	if err != nil || f == nil {
		t.Fatal(err)
	}
	if none, _ := proxyOf(soc.Integration{Proxy: " None "}); none.through(&url.URL{Scheme: "https", Host: "x"}) != nil {
		t.Error(`"none" is a proxy`)
	}
}

func TestP09_RegionalHosts(t *testing.T) {
	t.Parallel()
	for api, ok := range map[string]bool{
		"https://api-us.securitycenter.microsoft.com": true, "https://api-ca.securitycenter.microsoft.com": true, "https://ina.api.security.microsoft.com": true,
		"https://api.securitycenter.windows.com": true, "https://API-EU.securitycenter.microsoft.com": true,
		"https://api-us.securitycenter.microsoft.com.evil.example": false, "https://evil.api-us.securitycenter.microsoft.com": false,
		"https://api-us.securitycenter.microsoft.us": false, "https://api-toolong.securitycenter.microsoft.com": false, "http://api-us.securitycenter.microsoft.com": false,
		"https://api-us.securitycenter.microsoft.com:444": false, "https://xapi.security.microsoft.com": false,
	} {
		if _, err := Endpoints(soc.Integration{API: api}); (err == nil) != ok {
			t.Errorf("%s: %v", api, err)
		}
	}
	if _, err := Endpoints(soc.Integration{Cloud: "gcc-high", API: "https://api-us.securitycenter.microsoft.com"}); err == nil {
		t.Error("a worldwide region was taken for another cloud")
	}
}
