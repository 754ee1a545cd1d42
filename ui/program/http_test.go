package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/config"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// httpRig is a server with everything real, on a folder of its own and a simulated tenant.
type httpRig struct {
	*parts
	tenant *sim.Tenant
	web    *web
}

func newHTTPRig(t *testing.T) *httpRig {
	t.Helper()
	r := &httpRig{tenant: quickTenant()}
	ctx, stop := context.WithCancel(context.Background())
	s, err := sim.Serve(ctx, "127.0.0.1:0", r.tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); s.Close() })
	dir := t.TempDir()
	flags := map[string]string{"data": filepath.Join(dir, "data"), "http.listen": "127.0.0.1:0"}
	cfg, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	if r.web, err = newWeb(t.Context(), cfg, false); err != nil {
		t.Fatal(err)
	}
	if r.parts, err = version("1.2.3").open(cli.Options{Flags: flags}, store.Options{}, r.web.join); err != nil {
		t.Fatal(err)
	}
	r.web.serves(r.parts)
	c := s.Connection()
	if _, err = r.engine.Tenants.Save(t.Context(), session(cfg, "test"), soc.Integration{
		Name: "contoso", TenantID: c.TenantID, ClientID: c.AppID, API: c.API, Login: c.Login, CAPEM: c.CAPEM, Custom: true, Environment: "TEST",
		Enabled: true, PollInterval: 10 * time.Second,
	}, c.Secret, func(soc.Step) {}); err != nil {
		t.Fatal(err)
	}
	return r
}

// token makes a token as a person does and returns its value.
func (r *httpRig) token(t *testing.T, draft soc.Token) string {
	t.Helper()
	_, value, err := r.channels.AddToken(t.Context(), session(r.cfg, "test"), draft)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func (r *httpRig) ask(ctx context.Context, method, path, token, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.web.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body == "" {
		req.Body = http.NoBody
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, "", err
	}
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), errors.Join(err, res.Body.Close())
}

// V-36, V-37, V-38 with everything real: a host that cordon isolated is in the list until it is released, one that the portal isolated is not,
// and the figures tell of it.
func TestV36_V38_TheListOverHTTP(t *testing.T) {
	r := newHTTPRig(t)
	value := r.token(t, soc.Token{Name: "dash", Scopes: []string{soc.ScopeLockdowns, soc.ScopeMetrics}})
	other := ""
	err := r.work(t.Context(), func(ctx context.Context) error {
		if code, body, err := r.ask(ctx, http.MethodGet, "/api/v2.1/lockdown/host", value, ""); code != http.StatusOK || body != "[]\n" {
			return fmt.Errorf("before: %d %s %w", code, body, err)
		}
		l, err := r.isolateSome(ctx, time.Hour)
		if err == nil {
			l, err = r.isolated(ctx, l.ID)
		}
		if err != nil {
			return err
		}
		if other, err = r.isolateOutside(ctx, l.Key); err != nil {
			return err
		}
		code, body, err := r.ask(ctx, http.MethodGet, "/api/v2.1/lockdown/host", value, "")
		want := fmt.Sprintf(`[{"host_id":%d,"locked_by":%q,"unlock_date":%q,"host_name":%q,"lock_date":%q}]`+"\n", l.Key.Number(), l.By.Name,
			l.Deadline.UTC().Format("2006-01-02T15:04:05Z"), l.HostName, l.EnforcedAt.UTC().Format("2006-01-02T15:04:05Z"))
		if code != http.StatusOK || body != want || strings.Contains(body, other) {
			t.Errorf("%d %v\ngot  %swant %s; %s is isolated from outside", code, err, body, want, other)
		}
		code, body, err = r.ask(ctx, http.MethodGet, "/metrics", value, "")
		for _, line := range []string{
			`cordon_lockdowns{state="isolated"} 1`, `cordon_poll_ok{tenant="contoso"} 1`, `cordon_build_info{version="1.2.3"} 1`,
		} {
			if code != http.StatusOK || !strings.Contains(body, line) {
				t.Errorf("metrics %d %v lack %s", code, err, line)
			}
		}
		if code, body, err := r.ask(ctx, http.MethodDelete, "/api/v2.1/lockdown/host", value, ""); code != http.StatusMethodNotAllowed {
			t.Errorf("DELETE: %d %s %v", code, body, err)
		}
		tokens, err := r.store.Tokens(ctx)
		if err != nil || len(tokens) != 1 || tokens[0].LastUsed.IsZero() {
			t.Errorf("%v: the use of the token is not noted: %+v", err, tokens)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.ask(context.Background(), http.MethodGet, "/healthz", "", ""); err == nil {
		t.Error("the address is still open after the end")
	}
}

// isolateOutside lets the portal isolate another host, and waits until cordon knows.
func (r *httpRig) isolateOutside(ctx context.Context, not soc.HostKey) (name string, err error) {
	page, err := r.store.Alerts(ctx, soc.Query{Now: time.Now(), Count: 50})
	if err != nil {
		return "", err
	}
	key := not
	for _, row := range page.Rows {
		if row.MachineID != not.MachineID && row.MachineID != "" {
			key.MachineID, name = row.MachineID, row.HostName
		}
	}
	if _, err := r.tenant.ExternalIsolate(key.MachineID, "portal@contoso.test"); err != nil {
		return "", err
	}
	return name, r.until(ctx, func() (bool, error) {
		r.engine.Tenants.WantHost(key, true)
		list, err := r.store.Isolations(ctx)
		for _, i := range list {
			if i.Key == key && i.InForce() {
				return true, err
			}
		}
		return false, err
	})
}

// The conditions of being ready, and the words for those that fail.
func TestReady_TimersAndTenants(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		age   time.Duration
		known bool
		up    time.Duration
		want  string
	}{
		{10 * time.Second, true, time.Hour, ""},
		{0, false, time.Second, "just been started"},
		{0, false, time.Hour, "no sign of life"},
		{3 * time.Minute, true, time.Hour, "3m0s old"},
	} {
		if got := timersWell(tc.age, tc.known, tc.up); tc.want == "" != (got == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	conn := func(name, state, problem string, age, every time.Duration) soc.Conn {
		c := soc.Conn{Integration: soc.Integration{Name: name}, State: state, Problem: problem, Interval: every}
		if age > 0 {
			c.LastOK = now.Add(-age)
		}
		return c
	}
	got := tenantsWell([]soc.Conn{
		conn("fresh", "ok", "", time.Minute, time.Minute), conn("slow", "stale", "", 14*time.Minute, 5*time.Minute),
		conn("off", "disabled", "switched off", time.Minute, time.Minute), conn("quick", "stale", "", 90*time.Second, 10*time.Second),
	}, now)
	if got != "" {
		t.Errorf("all answer: %q", got)
	}
	got = tenantsWell([]soc.Conn{
		conn("never", "connecting", "", 0, time.Minute),
		conn("gone", "unreachable", "no route", time.Hour, time.Minute), conn("fresh", "ok", "", time.Second, time.Minute),
	}, now)
	if got != "never: connecting; gone: no route" {
		t.Errorf("%q", got)
	}
}

// A server whose address can not be opened says so before it does anything; one in the background keeps the timers and tries again.
func TestSC40_AWrongAddressIsToldAtOnce(t *testing.T) {
	cfg := config.Config{HTTP: "0.0.0.0:0"}
	var e *soc.Error
	if _, err := newWeb(t.Context(), cfg, false); !errors.As(err, &e) || e.Code != "http-remote" {
		t.Errorf("%v", err)
	}
	w, err := newWeb(t.Context(), cfg, true)
	if err != nil || w == nil {
		t.Fatalf("in the background: %v", err)
	}
	if err := w.run(t.Context()); !errors.As(err, &e) {
		t.Errorf("its loop: %v", err)
	}
	none, err := newWeb(t.Context(), config.Config{}, false)
	if none != nil || err != nil {
		t.Errorf("no address: %v %v", none, err)
	}
	none.serves(nil)
	none.tell(io.Discard)
	none.close()
}

// M-01, P-11, SC40: what was answered with 202 is in the store, in the channel of the token; the same again changes nothing.
func TestM01_P11_WhatComesInIsKept(t *testing.T) {
	r := newHTTPRig(t)
	tenants, err := r.store.Integrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	me := session(r.cfg, "test")
	values := map[soc.ChannelType]string{}
	ids := map[soc.ChannelType]soc.ChannelID{}
	for typ, scope := range map[soc.ChannelType]string{soc.ChannelThreats: soc.ScopeThreats, soc.ChannelProbes: soc.ScopeProbes} {
		c := soc.Channel{Type: typ, Name: "way-" + scope, Enabled: true, Tenant: tenants[0].ID}
		if typ == soc.ChannelThreats {
			c.AtLeast = soc.ThreatCritical
		} else {
			c.Indicators = soc.IndicatorDefaults{Action: "Audit", Severity: "Medium"}
		}
		if c, err = r.channels.SaveChannel(t.Context(), me, c, ""); err != nil {
			t.Fatal(err)
		}
		ids[typ], values[typ] = c.ID, r.token(t, soc.Token{Name: "sender-" + scope, Scopes: []string{scope}, Channel: c.ID})
	}
	threat := `{"id":"T-1","level":"Low","vendor":"Any Vendor","title":"Jailbreak","device":{"name":"phone-1","managed":false}}`
	hash := strings.Repeat("ab", 32)
	probes := `[{"test":"dump","state":"UNPROTECTED","host":"WS-1","indicator":{"type":"FileSha256","value":"` + hash + `"}},
		{"test":"other","state":"PROTECTED"}]`
	err = r.work(t.Context(), func(ctx context.Context) error {
		for range 2 {
			code, body, err := r.ask(ctx, http.MethodPost, "/api/v1/threats", values[soc.ChannelThreats], threat)
			if code != http.StatusAccepted {
				return fmt.Errorf("threat: %d %s %w", code, body, err)
			}
			list, err := r.store.Threats(ctx, soc.ThreatQuery{})
			if err != nil || len(list) != 1 || list[0].Channel != ids[soc.ChannelThreats] ||
				list[0].Sender != "sender-threats" || list[0].State != soc.ThreatSuppressed {
				t.Errorf("%v: %+v", err, list)
			}
			code, body, err = r.ask(ctx, http.MethodPost, "/api/v1/probes", values[soc.ChannelProbes], probes)
			if code != http.StatusAccepted {
				return fmt.Errorf("probes: %d %s %w", code, body, err)
			}
			pushed, err := r.store.Pushed(ctx)
			if err != nil || len(pushed) != 1 || pushed[0].Channel != ids[soc.ChannelProbes] || pushed[0].Test != "dump" {
				t.Errorf("%v: %+v", err, pushed)
			}
		}
		code, body, err := r.ask(ctx, http.MethodPost, "/api/v1/probes", values[soc.ChannelThreats], probes)
		if code != http.StatusForbidden || !strings.Contains(body, `\"probes\"`) {
			t.Errorf("a token for threats at the probes: %d %s %v", code, body, err)
		}
		if err := r.channels.EnableChannel(ctx, me, ids[soc.ChannelThreats], false); err != nil {
			return err
		}
		code, body, err = r.ask(ctx, http.MethodPost, "/api/v1/threats", values[soc.ChannelThreats], threat)
		if code != http.StatusConflict {
			t.Errorf("a channel that is off: %d %s %v", code, body, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
