package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

func (a got) answer(t *testing.T) answer {
	t.Helper()
	var ans answer
	if err := json.Unmarshal([]byte(a.body), &ans); err != nil || ans.Schema != 1 {
		t.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	return ans
}

func threat(id string) string {
	return fmt.Sprintf(`{"id":%q,"level":"Critical","vendor":"Any Vendor","title":"Jailbreak","device":{"name":"phone-1","managed":false}}`, id)
}

// M-01: what a sender posts is in cordon's hands once it is answered, in the channel of its token, whatever the body says about that.
func TestM01_ThreatsComeIn(t *testing.T) {
	g := newRig(t)
	one := g.ask(http.MethodPost, pathThreats, "phones", threat("t1"))
	ans := one.answer(t)
	if one.status != http.StatusAccepted || ans.Stored != 1 || ans.Results[0].Key != "mtd/t1" || ans.Results[0].State != "waiting" {
		t.Errorf("%d %s", one.status, one.body)
	}
	// Idempotent: the same again is the same record and the same answer.
	again := g.ask(http.MethodPost, pathThreats, "phones", threat("t1"))
	if again.status != one.status || again.body != one.body || len(g.box.threats) != 1 {
		t.Errorf("again: %d %s, %d records", again.status, again.body, len(g.box.threats))
	}
	many := g.ask(http.MethodPost, pathThreats, "phones", "["+threat("t1")+","+threat("t2")+"]")
	if ans = many.answer(t); many.status != http.StatusAccepted || ans.Stored != 2 || len(g.box.threats) != 2 || ans.Results[1].Item != 2 {
		t.Errorf("%d %s", many.status, many.body)
	}
	lines := g.ask(http.MethodPost, pathThreats, "phones", threat("t3")+"\n"+threat("t4"), with("Content-Type", "application/x-ndjson"))
	if lines.status != http.StatusAccepted || lines.answer(t).Stored != 2 {
		t.Errorf("lines: %d %s", lines.status, lines.body)
	}
	by := g.box.by[0]
	if by.Actor.Name != "phones" || by.Actor.Via != "http" || by.Actor.From != "127.0.0.1" ||
		len(by.Rights) != 1 || by.Rights[0] != soc.RightAlertsEdit {
		t.Errorf("taken as %+v", by)
	}
	if a := g.ask(http.MethodPost, pathThreats, "loose", threat("t9")); a.status != http.StatusForbidden || a.problem(t).Code != "no-channel" {
		t.Errorf("a token without a channel: %d %s", a.status, a.body)
	}
}

// P-11: every result goes on, in order; what becomes of it is told per item.
func TestP11_ProbesComeIn(t *testing.T) {
	g := newRig(t)
	a := g.ask(http.MethodPost, pathProbes, "probes", `[
		{"test":"t1","state":"UNPROTECTED","indicator":{"value":"d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e"}},
		{"test":"t2","state":"PROTECTED"},{"test":"t3","state":"ERROR"},
		{"test":"t4","state":"UNPROTECTED"}]`)
	ans := a.answer(t)
	if a.status != http.StatusMultiStatus || ans.Stored != 3 || ans.Refused != 1 || len(g.box.probes) != 3 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if r := ans.Results; r[0].State != soc.ReceiptNew || r[0].Key == "" || r[1].State != soc.ReceiptIgnored || !r[2].Stored ||
		r[3].Stored || r[3].Error == nil || r[3].Error.Code != "bad-field" || !strings.Contains(r[3].Error.What, "indicator.value") {
		t.Errorf("%s", a.body)
	}
}

// SC40, SC41: nothing is answered with "stored" that is not, and what cordon can not take now is told as such.
func TestSC41_RefusalsPerItem(t *testing.T) {
	full := &soc.Error{Kind: soc.KindThrottled, Code: "queue-full", What: "1000 reports wait", After: 90 * time.Second}
	for name, tc := range map[string]struct {
		err            func(n int) error
		status, stored int
		calls          int
		retry          string
	}{
		"all fine":            {nil, 202, 3, 3, ""},
		"first bad":           {func(n int) error { return at(n, 1, soc.ErrInvalid) }, 207, 2, 3, ""},
		"all bad":             {func(int) error { return &soc.Error{Kind: soc.KindInvalid, Code: "bad-field", What: "no"} }, 400, 0, 3, ""},
		"channel off":         {func(int) error { return &soc.Error{Kind: soc.KindRefused, Code: "channel-off", What: "no"} }, 409, 0, 3, ""},
		"channel gone":        {func(int) error { return &soc.Error{Kind: soc.KindNotFound, Code: "no-channel", What: "no"} }, 404, 0, 3, ""},
		"no right":            {func(int) error { return &soc.Error{Kind: soc.KindDenied, Code: "no-right", What: "no"} }, 403, 0, 3, ""},
		"full at once":        {func(int) error { return full }, 429, 0, 1, "90"},
		"full after one":      {func(n int) error { return at(n, 2, full) }, 207, 1, 2, "90"},
		"the store fails":     {func(n int) error { return at(n, 2, errors.New("disk secret")) }, 207, 1, 2, "5"},
		"the store is broken": {func(int) error { return errors.New("disk secret") }, 503, 0, 1, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			g.box.err = tc.err
			a := g.ask(http.MethodPost, pathThreats, "phones", "["+threat("a")+","+threat("b")+","+threat("c")+"]")
			ans := a.answer(t)
			if a.status != tc.status || ans.Stored != tc.stored || ans.Stored+ans.Refused != 3 || len(ans.Results) != 3 ||
				g.calls() != tc.calls || a.header.Get("Retry-After") != tc.retry {
				t.Errorf("%d %s, %d calls, Retry-After %q", a.status, a.body, g.calls(), a.header.Get("Retry-After"))
			}
			if strings.Contains(a.body, "secret") {
				t.Errorf("leaks: %s", a.body)
			}
			for i, r := range ans.Results {
				if r.Stored == (r.Error != nil) || r.Item != i+1 {
					t.Errorf("item %d: %+v", i, r)
				}
			}
		})
	}
}

func at(n, want int, err error) error {
	if n == want {
		return err
	}
	return nil
}

// SC41: sizes, kinds and forms that are not taken; nothing of them reaches the intake.
func TestSC41_BodiesThatAreNotTaken(t *testing.T) {
	big := `{"id":"` + strings.Repeat("x", soc.MaxIntakeBytes) + `"}`
	for name, tc := range map[string]struct {
		body   string
		edit   func(*http.Request)
		status int
		code   string
	}{
		"too large":         {big, nil, 413, "too-large"},
		"too large, chunks": {big, func(r *http.Request) { r.ContentLength = -1 }, 413, "too-large"},
		"too many":          {"[" + strings.Repeat("{},", soc.MaxIntakeItems) + "{}]", nil, 413, "too-many"},
		"no body":           {" ", nil, 400, "bad-json"},
		"no JSON":           {"id=1", nil, 400, "bad-json"},
		"half":              {threat("x")[:40], nil, 400, "bad-json"},
		"unknown field":     {`{"id":"x","isolate":true}`, nil, 400, "bad-json"},
		"a field twice":     {`{"id":"x","ID":"y"}`, nil, 400, "bad-json"},
		"a form":            {"id=1", with("Content-Type", "application/x-www-form-urlencoded"), 415, "content-type"},
		"plain text":        {threat("x"), with("Content-Type", "text/plain"), 415, "content-type"},
		"no type":           {threat("x"), func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "content-type"},
		"another charset":   {threat("x"), with("Content-Type", "application/json; charset=utf-7"), 415, "content-type"},
		"compressed":        {threat("x"), with("Content-Encoding", "gzip"), 415, "content-type"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			edit := tc.edit
			if edit == nil {
				edit = func(*http.Request) {}
			}
			a := g.ask(http.MethodPost, pathThreats, "phones", tc.body, edit)
			if a.status != tc.status || a.problem(t).Code != tc.code || a.problem(t).Next == "" || g.calls() != 0 {
				t.Errorf("%d %.300s, %d calls", a.status, a.body, g.calls())
			}
		})
	}
	// Control: one that just fits is taken.
	g := newRig(t)
	fits := threat("x") + strings.Repeat(" ", soc.MaxIntakeBytes-len(threat("x")))
	a := g.ask(http.MethodPost, pathThreats, "phones", fits, with("Content-Type", "application/json; charset=UTF-8"))
	if a.status != http.StatusAccepted {
		t.Errorf("control: %d %s", a.status, a.body)
	}
}

// SC41: bodies in memory at once are bounded; who comes too many is told to wait.
func TestSC41_SendersAtOnceAreBounded(t *testing.T) {
	g := newRig(t)
	release := g.box.hold()
	answers := make(chan got, intakeAtOnce)
	for range intakeAtOnce {
		go func() { answers <- g.ask(http.MethodPost, pathProbes, "probes", `{"test":"t","state":"PROTECTED"}`) }()
	}
	for range intakeAtOnce {
		<-g.box.began
	}
	if a := g.ask(http.MethodPost, pathThreats, "phones", threat("x")); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" {
		t.Errorf("one too many: %d %s", a.status, a.body)
	}
	if a := g.ask(http.MethodGet, pathLockdowns, "reader", ""); a.status != http.StatusOK {
		t.Errorf("reading meanwhile: %d", a.status)
	}
	for range intakeAtOnce {
		release()
	}
	for range intakeAtOnce {
		if a := <-answers; a.status != http.StatusAccepted {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

func TestReadOnlyTakesNothing(t *testing.T) {
	g := newRig(t, func(o *Options) { o.ReadOnly = true })
	a := g.ask(http.MethodPost, pathThreats, "phones", threat("x"))
	if a.status != http.StatusForbidden || a.problem(t).Code != "read-only" || g.calls() != 0 || g.store.saves != 0 {
		t.Errorf("%d %s, %d saves", a.status, a.body, g.store.saves)
	}
	g = newRig(t, func(o *Options) { o.Intake = nil })
	if a := g.ask(http.MethodPost, pathThreats, "phones", threat("x")); a.status != http.StatusServiceUnavailable {
		t.Errorf("no intake: %d", a.status)
	}
}

func TestReadyNamesWhatIsWrong(t *testing.T) {
	checks := []Check{{Name: "store", OK: true}, {Name: "tenants", Reason: "contoso: unreachable"}}
	g := newRig(t, func(o *Options) { o.Ready = func(context.Context) []Check { return checks } })
	a := g.ask(http.MethodGet, pathReady, "", "")
	if a.status != http.StatusServiceUnavailable || strings.Contains(a.body, "contoso") || !strings.Contains(a.body, `{"name":"tenants","ok":false}`) {
		t.Errorf("without a token: %d %s", a.status, a.body)
	}
	if a := g.ask(http.MethodGet, pathReady, "prom", ""); !strings.Contains(a.body, "contoso: unreachable") {
		t.Errorf("with a token: %d %s", a.status, a.body)
	}
	if a := g.ask(http.MethodGet, pathReady, "wrong", ""); a.status != http.StatusUnauthorized {
		t.Errorf("with a wrong token: %d", a.status)
	}
	if a := g.ask(http.MethodGet, pathHealth, "", ""); a.status != http.StatusOK || a.body != `{"status":"alive"}`+"\n" {
		t.Errorf("health: %d %s", a.status, a.body)
	}
	checks[1].OK = true
	if a := g.ask(http.MethodGet, pathReady, "", ""); a.status != http.StatusOK {
		t.Errorf("ready: %d %s", a.status, a.body)
	}
	open := newRig(t, func(o *Options) { o.OpenMetrics = true })
	if a := open.ask(http.MethodGet, pathMetrics, "", ""); a.status != http.StatusOK || a.body != "cordon_up 1\n" {
		t.Errorf("open metrics: %d %s", a.status, a.body)
	}
	if a := g.ask(http.MethodGet, pathMetrics, "", ""); a.status != http.StatusUnauthorized {
		t.Errorf("metrics without a token: %d", a.status)
	}
}
