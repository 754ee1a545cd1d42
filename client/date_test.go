package client

import (
	"net/http"
	"testing"
	"time"
)

type told struct {
	date time.Time
	took time.Duration
}

// TestF62_ASlowAnswerStillTellsTheTime: a tenant whose answers take eleven seconds (a large fleet, a slow line) must still end the wait of the clock
// guard: every release hangs on it.
func TestF62_ASlowAnswerStillTellsTheTime(t *testing.T) {
	t.Parallel()
	var heard []told
	c := &Client{now: time.Now, onDate: func(date time.Time, took time.Duration) { heard = append(heard, told{date, took}) }}
	date := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	res := &http.Response{StatusCode: 200, Header: http.Header{"Date": {date.Format(http.TimeFormat)}, "Content-Type": {"application/json"}}}
	c.noteDate(call{}, res, time.Now().Add(-11*time.Second), 11*time.Second)
	if len(heard) != 1 || heard[0] != (told{date, 11 * time.Second}) {
		t.Errorf("the guard hears %v, want the date and how long it took", heard)
	}
}

// TestF58_SC56_OnlyTheAPIsOwnAnswersVouchForTheTime: gateways have clocks of their own. The control is the answer that does vouch.
func TestF58_SC56_OnlyTheAPIsOwnAnswersVouchForTheTime(t *testing.T) {
	t.Parallel()
	const json = "application/json; odata.metadata=minimal"
	for _, c := range []struct {
		name   string
		status int
		media  string
		date   bool
		empty  bool
		heard  int // how often the guard hears of it
		vouch  bool
	}{
		{"Defender's answer", 200, json, true, false, 1, true},
		{"an order that was taken", 201, json, true, false, 1, true},
		{"without a Date", 200, json, false, false, 1, false},
		{"a page of a proxy", 200, "text/html", true, false, 1, false},
		{"an answer without a body", 200, "", true, true, 1, false},
		{"a refusal", 403, json, true, false, 1, false},
		{"throttled", 429, json, true, false, 1, false},
		{"a redirect", 302, "text/html", true, false, 0, false},
		{"a proxy that wants a sign-in", 407, "text/html", true, false, 0, false},
		{"a gateway that reaches nobody", 502, "text/html", true, false, 0, false},
		{"an error page", 503, json, true, false, 0, false},
	} {
		var heard []told
		client := &Client{now: time.Now, onDate: func(date time.Time, took time.Duration) { heard = append(heard, told{date, took}) }}
		res := &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.media}}}
		if c.date {
			res.Header.Set("Date", time.Now().Add(3*time.Hour).UTC().Format(http.TimeFormat))
		}
		client.noteDate(call{empty: c.empty}, res, time.Now(), time.Second)
		if len(heard) != c.heard {
			t.Errorf("%s: heard %v", c.name, heard)
		}
		if vouches := len(heard) > 0 && !heard[0].date.IsZero(); vouches != c.vouch || (client.Skew() != 0) != c.vouch {
			t.Errorf("%s: vouches %v, skew %s", c.name, vouches, client.Skew())
		}
	}
}

// TestF58_DatesReachTheGuardOverTheWire runs a refusal and an answer through the whole client.
func TestF58_DatesReachTheGuardOverTheWire(t *testing.T) {
	t.Parallel()
	status := http.StatusForbidden
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Tue, 03 Feb 2026 03:05:06 GMT")
		reply200(w, status, `{"value":[]}`)
	})
	var heard []told
	wt.onDate = func(date time.Time, took time.Duration) { heard = append(heard, told{date, took}) }
	_, _ = wt.Alerts(t.Context(), AlertsQuery{})
	status = http.StatusOK
	if _, err := wt.Alerts(t.Context(), AlertsQuery{}); err != nil {
		t.Fatal(err)
	}
	last := heard[len(heard)-1]
	if !heard[0].date.IsZero() || !last.date.Equal(time.Date(2026, 2, 3, 3, 5, 6, 0, time.UTC)) || last.took <= 0 {
		t.Errorf("heard %v", heard)
	}
}
