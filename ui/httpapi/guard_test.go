package httpapi

import (
	"bufio"
	"expvar"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// SC40: a browser that was led here by a name that somebody else owns leaves that name in Host; nothing is answered, token or not.
func TestSC40_HostMatrix(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Hosts = []string{"Soc.Example.", " "} })
	g.store.locks = everyPhase()
	_, port, _ := strings.Cut(strings.TrimPrefix(g.url, "http://"), ":")
	for h, ok := range map[string]bool{
		"localhost": true, "LOCALHOST:" + port: true, "localhost.": true, "127.0.0.1:" + port: true, "127.9.9.9": true, "[::1]": true,
		"[::1]:80": true, "127.0.0.1:1": true, "soc.example": true, "SOC.example:9": true, "[::ffff:127.0.0.1]": true,
		"evil.example": false, "evil.example:" + port: false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"10.0.0.1": false,
		"0.0.0.0":  false, "0.0.0.0:" + port: false, "[::]": false, "2130706433": false, "0x7f.1": false, "127.1": false,
		"soc.example.evil": false, "x.soc.example": false,
	} {
		for _, path := range []string{pathLockdowns, pathHealth, pathMetrics, "/nothing"} {
			a := g.ask(http.MethodGet, path, "reader", "", host(h))
			if refused := a.status == http.StatusMisdirectedRequest; refused == ok {
				t.Errorf("Host %q at %s: %d %s", h, path, a.status, a.body)
			} else if refused && strings.Contains(a.body, "def-1") {
				t.Errorf("Host %q: hosts are in the answer", h)
			}
		}
	}
	// Control: nothing behind the guard would have minded.
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, pathLockdowns, nil)
	w := httptest.NewRecorder()
	r.Host = "evil.example"
	if g.srv.lockdowns(&call{ResponseWriter: w}, r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "def-1") {
		t.Errorf("control: %d %s", w.Code, w.Body)
	}
	// A wrong host with no token does not count as a wrong token, and a wrong host is judged before the path.
	if g.wrongFailures() != 0 {
		t.Error("a foreign Host reached the tokens")
	}
	// The name in the first line of a request counts as Host does.
	for first, want := range map[string]string{
		"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost": "421", "GET /healthz HTTP/1.0": "421", "GET /healthz HTTP/1.1": "400",
		"GET /healthz HTTP/1.1\r\nHost: localhost": "200", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example": "400",
	} {
		if line := g.raw(t, first+"\r\n\r\n"); !strings.Contains(line, " "+want+" ") {
			t.Errorf("%q: %s, want %s", first, line, want)
		}
	}
}

func (g *rig) wrongFailures() int {
	g.srv.wrong.mu.Lock()
	defer g.srv.wrong.mu.Unlock()
	return len(g.srv.wrong.buckets)
}

// raw sends bytes as they are and returns the first line of the answer.
func (g *rig) raw(t *testing.T, text string) string {
	t.Helper()
	c := dial(t, g.url)
	fmt.Fprint(c, text)
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return "closed: " + err.Error()
	}
	return line
}

// SC40: pages in browsers are no clients, from wherever they come; nothing answers a preflight, and nothing allows another origin.
func TestSC40_OriginMatrix(t *testing.T) {
	g := newRig(t)
	body := `{"test":"t1","state":"PROTECTED"}`
	for _, tc := range []struct {
		name, header, value string
		ok                  bool
	}{
		{"a program", "X-Nothing", "1", true},
		{"typed by a person", "Sec-Fetch-Site", "none", true},
		{"another site", "Sec-Fetch-Site", "cross-site", false},
		{"a sister site", "Sec-Fetch-Site", "same-site", false},
		{"another origin", "Origin", "https://evil.example", false},
		{"an origin without a name", "Origin", "null", false},
		{"our own name as origin", "Origin", g.url, false},
	} {
		for _, req := range [][4]string{
			{http.MethodGet, pathHealth, "", ""}, {http.MethodPost, pathProbes, "probes", body}, {http.MethodGet, pathLockdowns, "reader", ""},
		} {
			a := g.ask(req[0], req[1], req[2], req[3], with(tc.header, tc.value))
			if (a.status/100 == 2) != tc.ok || !tc.ok && a.status != http.StatusForbidden {
				t.Errorf("%s, %s %s: %d", tc.name, req[0], req[1], a.status)
			}
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control") {
					t.Errorf("%s: %s is set", tc.name, name)
				}
			}
		}
	}
	if n := len(g.box.probes); n != 2 {
		t.Errorf("%d probes were taken, want those of the two that are no pages", n)
	}
	a := g.ask(http.MethodOptions, pathProbes, "", "", with("Access-Control-Request-Method", "POST"))
	if a.status != http.StatusMethodNotAllowed {
		t.Errorf("preflight: %d", a.status)
	}
}

func TestHeadersAndRequestID(t *testing.T) {
	g := newRig(t)
	ids := map[string]bool{}
	for _, path := range []string{pathHealth, "/nothing", pathLockdowns, pathMetrics} {
		a := g.ask(http.MethodGet, path, "", "", with(idHeader, "chosen-by-client"))
		id := a.header.Get(idHeader)
		if id == "" || id == "chosen-by-client" || ids[id] ||
			a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" ||
			a.header.Get("Content-Security-Policy") == "" || a.header.Get("Server") != "" {
			t.Errorf("%s: %v", path, a.header)
		}
		ids[id] = true
		if a.status >= 400 && a.problem(t).ID != id {
			t.Errorf("%s: the error names request %s, the header %s", path, a.problem(t).ID, id)
		}
	}
}

// SC25, SC44: what a client sends in secret is in no log line, and what it makes up does not forge one (SC26).
func TestSC25_LogHoldsNoSecret(t *testing.T) {
	g := newRig(t)
	g.ask(http.MethodGet, pathLockdowns+"?token=tok-canary", "reader", "")
	g.ask(http.MethodGet, "/tok-canary%0a%1b[31m", "wrong", "")
	g.ask(http.MethodGet, pathReady+"?token=canary", "canary", "")
	g.ask(http.MethodPost, pathThreats, "phones", `{"id":"canary-body"}`)
	g.raw(t, "GET /\x1b[31mcanary HTTP/1.1\r\nHost: localhost\r\n\r\n")
	g.mu.Lock()
	text := g.log.String()
	g.mu.Unlock()
	if strings.Contains(text, "canary") || strings.Contains(text, "tok-") || strings.Contains(text, "\x1b") {
		t.Errorf("the log holds what clients sent:\n%s", text)
	}
	for _, want := range []string{"token=reader", "status=401", "code=no-token", "route=other", "route=" + pathLockdowns, "request="} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	if want := pathLockdowns + " GET 200"; !slices.Contains(g.seen, want) {
		t.Errorf("%q was not observed: %v", want, g.seen)
	}
}

func TestPanicEndsOneRequestOnly(t *testing.T) {
	g := newRig(t, func(o *Options) {
		o.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("canary") })
	})
	a := g.ask(http.MethodGet, pathMetrics, "prom", "")
	if a.status != http.StatusInternalServerError || a.problem(t).ID == "" || strings.Contains(a.body, "canary") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := g.ask(http.MethodGet, pathHealth, "", ""); a.status != http.StatusOK {
		t.Errorf("afterwards: %d", a.status)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if text := g.log.String(); !strings.Contains(text, "panicked") || strings.Contains(text, "panic=canary") {
		t.Errorf("log: %s", text)
	}
}

// SC42: nothing is reachable but the table, whatever other packages register, and no profiler is compiled in.
func TestSC42_NoDebugPages(t *testing.T) {
	g := newRig(t)
	_ = expvar.Handler() // linked in by this test: it registers /debug/vars on the server of the standard library
	http.HandleFunc("/debug/canary", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "canary") })
	w := httptest.NewRecorder() // control: they are there, on the other server
	http.DefaultServeMux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/canary", nil))
	if w.Body.String() != "canary" {
		t.Errorf("control: %d %s", w.Code, w.Body)
	}
	for _, p := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/vars", "/debug/canary", "/", "/favicon.ico", "/metrics/", "/healthz/"} {
		if a := g.ask(http.MethodGet, p, "prom", ""); a.status != http.StatusNotFound || strings.Contains(a.body, "canary") {
			t.Errorf("%s: %d %s", p, a.status, a.body)
		}
	}
	var paths []string
	for p, rt := range g.srv.routes {
		paths = append(paths, rt.method+" "+p+" "+rt.scope)
	}
	slices.Sort(paths)
	want := []string{
		"GET /api/v2.1/lockdown/host lockdowns", "GET /healthz ", "GET /metrics metrics", "GET /readyz ",
		"POST /api/v1/probes probes", "POST /api/v1/threats threats",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("routes %q, want %q", paths, want)
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "cordon").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if deps := strings.Fields(string(out)); slices.Contains(deps, "net/http/pprof") || !slices.Contains(deps, "net/http") {
		t.Error("the program has the profiler's pages in it, or the list is wrong")
	}
}
