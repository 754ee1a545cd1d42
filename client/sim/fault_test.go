package sim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFault_StatusBeforeAndAfterEffect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 404, 429, 500, 502, 503, 504} {
		for _, after := range []bool{false, true} {
			r := newRig(t, Options{})
			id := r.host(victim)
			r.Inject(Fault{Match: "POST /api/machines/*/isolate", Kind: FaultStatus, Status: status, After: after})
			r.isolate(id).want(status)
			if got := len(r.ActionsOf(id)) == 1; got != after {
				t.Errorf("%d after=%v: effect %v", status, after, got)
			}
			p := r.Posts(id, "isolate")
			if len(p) != 1 || p[0].Fault != FaultStatus || p[0].Status != status || p[0].Effect != after || !strings.Contains(p[0].Body, "Full") {
				t.Errorf("post = %+v", p)
			}
			if !after {
				r.isolate(id).want(201) // the rule is spent
			}
		}
	}
}

func TestFault_SkipTimesAndOrderOfRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	r.Inject(
		Fault{Match: "GET /api/alerts", Skip: 1, Times: 2, Kind: FaultStatus, Status: 503},
		Fault{Match: "* /api/**", Skip: 2, Times: -1, Kind: FaultStatus, Status: 404},
	)
	var got []int
	for range 6 {
		got = append(got, r.get("v1.0/alerts").status)
	}
	if want := []int{200, 503, 503, 200, 404, 404}; !slices.Equal(got, want) {
		t.Errorf("statuses = %v, want %v", got, want)
	}
	if hits := r.FaultHits()[FaultStatus]; hits != 4 {
		t.Errorf("hits = %d, want 4", hits)
	}
	r.ClearFaults()
	r.get("alerts").want(200)
}

func TestF30_RetryAfterForms(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for _, form := range []string{"7", "", "0", "-5", "1000000000", "NaN", "Tue, 03 Feb 2026 04:06:00 GMT"} {
		r.Inject(Fault{Match: "GET /api/alerts", Kind: FaultStatus, Status: 429, Code: "429", RetryAfter: form})
		a := r.get("alerts").want(429)
		if a.header.Get("Retry-After") != form || a.code() != "429" {
			t.Errorf("Retry-After %q, code %s; want %q, 429", a.header.Get("Retry-After"), a.code(), form)
		}
	}
}

func TestF23_F35_HTMLAndRedirect(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	r.Inject(
		Fault{Match: "POST /api/**", Kind: FaultHTML, After: true},
		Fault{Match: "GET /api/alerts", Kind: FaultHTML, Status: 502},
		Fault{Match: "GET /api/alerts", Kind: FaultStatus, Status: 500, Empty: true},
		Fault{Match: "GET /api/alerts", Kind: FaultRedirect, Status: 307, URL: "https://evil.example/"},
	)
	if a := r.isolate(id).want(200); !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || len(r.ActionsOf(id)) != 1 {
		t.Errorf("content type %s", a.header.Get("Content-Type"))
	}
	r.get("alerts").want(502)
	if a := r.get("alerts").want(500); a.body != "" {
		t.Errorf("body = %q", a.body)
	}
	if a := r.get("alerts").want(307); a.header.Get("Location") != "https://evil.example/" {
		t.Errorf("location = %s", a.header.Get("Location"))
	}
}

func TestF33_CutAndHangBeforeAndAfterEffect(t *testing.T) {
	t.Parallel()
	for _, kind := range []FaultKind{FaultCut, FaultHang} {
		for _, after := range []bool{false, true} {
			r := newRig(t, Options{})
			id := r.host(victim)
			r.Inject(Fault{Match: "POST /api/machines/*/isolate", Kind: kind, After: after})
			if kind == FaultHang {
				r.hangUp(id, after)
			} else if _, err := r.try("POST", "machines/"+id+"/isolate", `{"Comment":"x","IsolationType":"Full"}`); err == nil {
				t.Errorf("%s: an answer came", kind)
			}
			if got := len(r.ActionsOf(id)) == 1; got != after {
				t.Errorf("%s after=%v: effect %v", kind, after, got)
			}
			if p := r.Posts(id, "isolate"); len(p) != 1 || p[0].Status != 0 {
				t.Errorf("%s: posts = %+v", kind, p)
			}
		}
	}
}

// hangUp isolates with a client that leaves as soon as the tenant is known to
// hang; with the effect that is when the action exists.
func (r *rig) hangUp(id string, after bool) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "POST", r.url+"/api/machines/"+id+"/isolate", strings.NewReader(`{"Comment":"x","IsolationType":"Full"}`))
	req.Header.Set("Authorization", "Bearer "+r.token)
	done := make(chan error, 1)
	go func() {
		res, err := r.http.Do(req)
		if err == nil {
			res.Body.Close()
		}
		done <- err
	}()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if posts := r.Posts(id, "isolate"); len(posts) == 1 && posts[0].Effect == after {
			break
		}
		if time.Now().After(deadline) {
			r.t.Fatal("the request never arrived")
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		r.t.Errorf("error = %v, want a cancelled request", err)
	}
}

func TestF22_CutAndTruncatedBodies(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{Duplicate: DuplicateCreated}})
	id := r.host(victim)
	whole := len(r.isolate(id).want(201).body)
	for n := 0; n <= whole; n += 97 {
		r.Inject(Fault{Match: "POST /api/**", Kind: FaultCutBody, Size: n}, Fault{Match: "POST /api/**", Kind: FaultTruncate, Size: n})
		a, err := r.try("POST", "machines/"+id+"/isolate", `{"Comment":"x","IsolationType":"Full"}`)
		if err == nil && a.err == nil {
			t.Errorf("cut after %d bytes went unnoticed", n)
		}
		if len(a.body) > n {
			t.Errorf("%d bytes came, want at most %d", len(a.body), n)
		}
		if a := r.isolate(id).want(201); a.err != nil || len(a.body) != n {
			t.Errorf("truncated at %d: %d bytes, %v", n, len(a.body), a.err)
		}
	}
}

func TestFault_DelayUsesTheGivenSleep(t *testing.T) {
	t.Parallel()
	var slept []time.Duration
	r := newRig(t, Options{Sleep: func(_ context.Context, d time.Duration) { slept = append(slept, d) }})
	r.Inject(Fault{Match: "GET /api/alerts", Kind: FaultDelay, Delay: time.Hour})
	r.get("alerts").want(200)
	if !slices.Equal(slept, []time.Duration{time.Hour}) {
		t.Errorf("slept = %v", slept)
	}
}

func TestF21_F37_F38_SpoiledActions(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{Duplicate: DuplicateCreated}})
	id := r.host(victim)
	const match = "POST /api/machines/*/isolate"
	spoil := func(f Fault) answer {
		f.Match = match
		r.Inject(f)
		return r.isolate(id).want(201)
	}
	if a := spoil(Fault{Kind: FaultSetField, Field: "machineId", Value: `"ffff"`}); a.str("machineId") != "ffff" {
		t.Errorf("machineId = %s", a.body)
	}
	if a := spoil(Fault{Kind: FaultSetField, Field: "type", Value: `"Unisolate"`}); a.str("type") != "Unisolate" {
		t.Errorf("type = %s", a.body)
	}
	if _, found := spoil(Fault{Kind: FaultRemoveField, Field: "id"}).json()["id"]; found {
		t.Error("the id is still there")
	}
	if a := spoil(Fault{Kind: FaultRenameField, Field: "lastUpdateDateTimeUtc", Value: "lastUpdateTimeUtc"}); a.str("lastUpdateTimeUtc") == "" {
		t.Errorf("body = %s", a.body)
	}
	if a := spoil(Fault{Kind: FaultInsertKeys, Value: `"STATUS":"Succeeded"`}); !strings.HasPrefix(a.body, `{"STATUS":"Succeeded","@odata`) {
		t.Errorf("body = %.80s", a.body)
	}
	if a := spoil(Fault{Kind: FaultAppendKeys, Value: `"status":"Succeeded"`}); a.str("status") != "Succeeded" || strings.Count(a.body, `"status":`) != 2 {
		t.Errorf("body = %s", a.body)
	}
	if got := len(r.ActionsOf(id)); got != 6 {
		t.Errorf("%d actions, want 6: a spoiled answer takes effect", got)
	}
	r.Inject(Fault{Match: "GET /api/machineactions", Kind: FaultSetField, Field: "status", Value: `"Queued"`})
	for _, row := range r.get("machineactions").rows() {
		if row["status"] != "Queued" {
			t.Errorf("status = %v", row["status"])
		}
	}
	r.Inject(Fault{Match: "GET /api/machineactions", Kind: FaultAppendKeys, Value: `"status":"Failed"`})
	if a := r.get("machineactions"); a.rows()[0]["status"] != "Failed" || a.rows()[1]["status"] != "Pending" {
		t.Errorf("body = %s", a.body)
	}
}

func TestF39_StatusGoesBackwards(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	action := r.isolate(r.host(victim)).want(201).str("id")
	r.clock.Add(time.Minute)
	r.Inject(Fault{Match: "GET /api/machineactions/*", Skip: 1, Kind: FaultSetField, Field: "status", Value: `"Pending"`})
	var got []string
	for range 3 {
		got = append(got, r.status(action))
	}
	if want := []string{"Succeeded", "Pending", "Succeeded"}; !slices.Equal(got, want) {
		t.Errorf("statuses = %v, want %v", got, want)
	}
}

func TestF40_PagingFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Alerts: 40})
	pageAt := func(skip string) []string {
		return r.list("alerts", "$top", "10", "$skip", skip).ids()
	}
	first, second, third := pageAt("0"), pageAt("10"), pageAt("20")

	r.Inject(Fault{Match: "GET /api/alerts", Skip: 1, Kind: FaultRepeatPage})
	pageAt("0")
	if got := pageAt("10"); !slices.Equal(got, first) {
		t.Error("the page was not repeated")
	}
	r.Inject(Fault{Match: "GET /api/alerts", Times: 2, Kind: FaultEarlyPage})
	if got := pageAt("10"); !slices.Equal(got, third) {
		t.Error("the next page did not come early")
	}
	if got := pageAt("20"); !slices.Equal(got, second) {
		t.Error("the missing page did not come after it")
	}
	r.Inject(Fault{Match: "GET /api/alerts", Kind: FaultReverseRows})
	reversed := slices.Clone(first)
	slices.Reverse(reversed)
	if got := pageAt("0"); !slices.Equal(got, reversed) {
		t.Error("the rows are in order")
	}
	r.Inject(Fault{Match: "GET /api/alerts", Kind: FaultNextLink}, Fault{Match: "GET /api/alerts", Kind: FaultNextLink, URL: "https://evil.example/api/alerts"})
	if got := r.get("alerts?$top=2").str("@odata.nextLink"); got != r.url+"/api/alerts?$top=2" {
		t.Errorf("link = %s, want the same request again", got)
	}
	if got := r.get("alerts").str("@odata.nextLink"); got != "https://evil.example/api/alerts" {
		t.Errorf("link = %s", got)
	}
}

func TestF36_Bombs(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	const size = 300_000
	for kind, check := range map[FaultKind]func(body string) bool{
		FaultHuge:     func(b string) bool { return len(b) > size && json.Valid([]byte(b)) },
		FaultGzipBomb: func(b string) bool { return len(b) > size && json.Valid([]byte(b)) },
		FaultItems:    func(b string) bool { return strings.Count(b, "{}") == size },
		FaultDeep:     func(b string) bool { return strings.Count(b, "[") == size+1 && strings.Count(b, "]") == size+1 },
	} {
		r.Inject(Fault{Match: "GET /api/alerts", Kind: kind, Size: size})
		a := r.get("alerts").want(200)
		if a.err != nil || !check(a.body) {
			t.Errorf("%s: %d bytes, %v: %.100s", kind, len(a.body), a.err, a.body)
		}
	}
}

func TestF44_DateHeaderSkew(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{Skew: -time.Hour}})
	if got := r.get("alerts").header.Get("Date"); got != "Tue, 03 Feb 2026 03:05:06 GMT" {
		t.Errorf("Date = %s", got)
	}
}

func TestFault_OnTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	r.Inject(Fault{Match: "POST /*/oauth2/v2.0/token", Kind: FaultStatus, Status: 429, RetryAfter: "3"})
	r.signIn(r.TenantID(), r.form()).want(429)
	r.signIn(r.TenantID(), r.form()).want(200)
}
