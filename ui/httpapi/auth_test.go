package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// SC40: which token opens which path.
func TestSC40_ScopeTable(t *testing.T) {
	g := newRig(t)
	threat := `{"id":"t1","level":"Critical","vendor":"v","title":"x","device":{"name":"phone"}}`
	probe := `{"test":"t1","state":"PROTECTED"}`
	for _, path := range []struct{ method, path, scope, body string }{
		{http.MethodGet, pathLockdowns, soc.ScopeLockdowns, ""},
		{http.MethodPost, pathThreats, soc.ScopeThreats, threat},
		{http.MethodPost, pathProbes, soc.ScopeProbes, probe},
		{http.MethodGet, pathMetrics, soc.ScopeMetrics, ""},
	} {
		for name, scope := range map[string]string{
			"reader": soc.ScopeLockdowns, "phones": soc.ScopeThreats, "probes": soc.ScopeProbes, "prom": soc.ScopeMetrics, "none": "",
		} {
			a := g.ask(path.method, path.path, name, path.body)
			switch {
			case scope == path.scope && a.status/100 != 2:
				t.Errorf("%s with %s: %d %s", path.path, name, a.status, a.body)
			case scope != path.scope && (a.status != http.StatusForbidden || !strings.Contains(a.problem(t).What, `"`+path.scope+`"`)):
				t.Errorf("%s with %s: %d %s, want 403 naming %s", path.path, name, a.status, a.body, path.scope)
			}
		}
	}
	for _, open := range []string{pathHealth, pathReady} {
		if a := g.ask(http.MethodGet, open, "", ""); a.status != http.StatusOK {
			t.Errorf("%s: %d", open, a.status)
		}
	}
}

// SC40: whoever has no token in force gets the same answer, whatever is wrong with it.
func TestSC40_NoTokenInForce(t *testing.T) {
	g := newRig(t)
	old := token("old", "", soc.ScopeLockdowns)
	old.Expires = noon
	g.store.tokens = append(g.store.tokens, old, soc.Token{ID: "hashless", Scopes: []string{soc.ScopeLockdowns}})
	first := ""
	for name, value := range map[string][]string{
		"none": nil, "empty": {"Bearer "}, "wrong": {"Bearer tok-wrong"}, "expired": {"Bearer tok-old"}, "other scheme": {"Basic tok-reader"},
		"no scheme": {"tok-reader"}, "twice": {"Bearer tok-reader", "Bearer tok-reader"}, "long": {"Bearer " + strings.Repeat("a", 4000)},
		"its hash": {"Bearer " + string(g.store.tokens[0].ID)},
	} {
		a := g.ask(http.MethodGet, pathLockdowns, "", "", func(r *http.Request) { r.Header["Authorization"] = value })
		p := a.problem(t)
		p.ID = ""
		text := p.Code + p.What + p.Means + p.Next
		if first == "" {
			first = text
		}
		if a.status != http.StatusUnauthorized || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") || text != first {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	// Control: the right one opens, and at the moment before its end the old one does too.
	if a := g.ask(http.MethodGet, pathLockdowns, "reader", ""); a.status != http.StatusOK {
		t.Errorf("control: %d", a.status)
	}
	g.pass(-time.Second)
	if a := g.ask(http.MethodGet, pathLockdowns, "old", ""); a.status != http.StatusOK {
		t.Errorf("before its end: %d", a.status)
	}
	// A token that is removed stops at once.
	g.store.mu.Lock()
	g.store.tokens = nil
	g.store.mu.Unlock()
	if a := g.ask(http.MethodGet, pathLockdowns, "reader", ""); a.status != http.StatusUnauthorized {
		t.Errorf("removed: %d", a.status)
	}
}

func TestSC40_LastUseIsNotedOnceAMinute(t *testing.T) {
	g := newRig(t)
	for range 5 {
		g.ask(http.MethodGet, pathLockdowns, "reader", "")
		g.pass(10 * time.Second)
	}
	if g.store.saves != 1 || !g.store.tokens[0].LastUsed.Equal(noon) {
		t.Errorf("%d saves, last use %v", g.store.saves, g.store.tokens[0].LastUsed)
	}
	g.pass(11 * time.Second)
	g.ask(http.MethodGet, pathLockdowns, "reader", "")
	if g.store.saves != 2 {
		t.Errorf("%d saves after a minute, want 2", g.store.saves)
	}
	g.ask(http.MethodGet, pathLockdowns, "wrong", "")
	if g.store.saves != 2 {
		t.Errorf("a wrong token was noted as used")
	}
}

// SC41: failures of one address run dry, and a good token from the same address still gets in.
func TestSC41_FailuresAreLimited(t *testing.T) {
	g := newRig(t)
	for range wrongBurst {
		if a := g.ask(http.MethodGet, pathLockdowns, "wrong", ""); a.status != http.StatusUnauthorized {
			t.Fatalf("%d", a.status)
		}
	}
	a := g.ask(http.MethodGet, pathLockdowns, "wrong", "")
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "5" {
		t.Errorf("%d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if a := g.ask(http.MethodGet, pathLockdowns, "reader", ""); a.status != http.StatusOK {
		t.Errorf("a good token: %d", a.status)
	}
	g.pass(5 * time.Second)
	if a := g.ask(http.MethodGet, pathLockdowns, "wrong", ""); a.status != http.StatusUnauthorized {
		t.Errorf("after the wait: %d", a.status)
	}
}

// A thousand items come in at once, then twenty a second; the rest is told when to come again, and nothing of it is stored.
func TestSC41_ItemsOfOneTokenAreLimited(t *testing.T) {
	s := &Server{o: Options{Now: func() time.Time { return noon }}, items: newLimiter(itemRate, itemBurst)}
	for i := range itemBurst {
		if err := s.sparing("a"); err != nil {
			t.Fatalf("item %d: %v", i, err)
		}
	}
	var e *soc.Error
	if err := s.sparing("a"); !errors.As(err, &e) || e.Kind != soc.KindThrottled || e.After < time.Second {
		t.Errorf("one more: %v", err)
	}
	if err := s.sparing("b"); err != nil {
		t.Errorf("another sender: %v", err)
	}
}

func TestSC41_RequestsOfOneTokenAreLimited(t *testing.T) {
	g := newRig(t)
	r := func(tok string) got {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+pathLockdowns, nil)
		req.Header.Set("Authorization", "Bearer tok-"+tok)
		req.RemoteAddr = "127.0.0.1:1"
		return g.direct(req)
	}
	for range tokenBurst {
		if a := r("reader"); a.status != http.StatusOK {
			t.Fatalf("%d", a.status)
		}
	}
	if a := r("reader"); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" {
		t.Errorf("%d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if a := r("none"); a.status != http.StatusForbidden {
		t.Errorf("another token: %d", a.status)
	}
}

func TestLimiter_MemoryIsBounded(t *testing.T) {
	l := newLimiter(1, 1)
	for i := range maxBuckets * 3 {
		l.take(strings.Repeat("x", i%7)+time.Duration(i).String(), noon)
	}
	if n := len(l.buckets); n > maxBuckets+1 {
		t.Errorf("%d buckets", n)
	}
	if l.take("new", noon) == 0 {
		t.Error("the shared bucket of everybody else is not limited")
	}
	if l.take("new", noon.Add(time.Hour)) != 0 || len(l.buckets) > 2 {
		t.Errorf("full buckets are not forgotten: %d", len(l.buckets))
	}
	if origin("[2001:db8:1:2:3::4]:5") != origin("[2001:db8:1:2:ffff::9]:6") || origin("[::ffff:10.0.0.1]:5") != "10.0.0.1" {
		t.Error("addresses of one customer count apart")
	}
}
