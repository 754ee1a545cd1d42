package meter

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

type shelf struct {
	locks   map[soc.LockdownID]soc.Lockdown
	history []soc.AuditEntry
	filter  string
	fail    error
}

func (s *shelf) Alerts(_ context.Context, q soc.Query) (soc.AlertPage, error) {
	s.filter = q.Filter
	return soc.AlertPage{Total: 40, Matched: 7}, s.fail
}

func (s *shelf) Lockdowns(context.Context, soc.LockdownQuery) (out []soc.Lockdown, _ error) {
	for _, l := range s.locks {
		if !l.Phase.Final() {
			out = append(out, l)
		}
	}
	return out, s.fail
}

func (s *shelf) Lockdown(_ context.Context, id soc.LockdownID) (soc.Lockdown, error) {
	l, ok := s.locks[id]
	if !ok {
		return l, soc.ErrNotFound
	}
	return l, s.fail
}

func (s *shelf) Audit(context.Context, soc.AuditQuery) (p soc.AuditPage, _ error) {
	if n := len(s.history); n > 0 {
		p.Entries = s.history[n-1:]
	}
	return p, s.fail
}

func (s *shelf) AuditAfter(_ context.Context, seq uint64, limit int) ([]soc.AuditEntry, error) {
	rest := s.history[min(seq, uint64(len(s.history))):]
	return rest[:min(len(rest), limit)], s.fail
}

// note adds a line to the history.
func (s *shelf) note(action, result string, id soc.LockdownID) {
	s.history = append(s.history, soc.AuditEntry{Seq: uint64(len(s.history) + 1), Action: action, Result: result, Lockdown: id})
}

func late(id soc.LockdownID, phase soc.Phase, cause soc.Cause, by time.Duration) soc.Lockdown {
	return soc.Lockdown{ID: id, Phase: phase, ReleaseCause: cause, Deadline: noon.Add(-time.Hour), Attempts: []soc.Attempt{
		{Verb: soc.VerbIsolate, SentAt: noon.Add(-3 * time.Hour)},
		{Verb: soc.VerbRelease, SentAt: noon.Add(-time.Hour + by)},
		{Verb: soc.VerbRelease, SentAt: noon},
	}}
}

func newMeter(t *testing.T, s *shelf, edit ...func(*Options)) *Meter {
	t.Helper()
	o := Options{Store: s, Now: func() time.Time { return noon }, Version: "1.2.3", Conns: func(context.Context) []soc.Conn {
		return []soc.Conn{
			{
				Integration: soc.Integration{Name: "contoso"}, State: "ok", LastOK: noon.Add(-42 * time.Second),
				MinuteUsed: 3, MinuteLimit: 100, HourUsed: 50, HourLimit: 1500,
			},
			{Integration: soc.Integration{Name: "fabrikam"}, State: "unreachable"},
		}
	}, Sinks: func(context.Context) ([]Sink, error) {
		return []Sink{{Name: "siem", Lag: 12, Dead: 2}, {Name: "mail", Up: true}}, nil
	}, Troubles: func() []soc.Trouble {
		return []soc.Trouble{{Level: soc.LevelBad}, {Level: soc.LevelWarn}, {Level: soc.LevelBad}}
	}}
	for _, f := range edit {
		f(&o)
	}
	m, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *Meter) scrape(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w.Body.String()
}

func wants(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if !strings.Contains("\n"+text, "\n"+want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	if t.Failed() {
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "cordon_") {
				t.Log(line)
			}
		}
	}
}

func TestMeter_TellsTheState(t *testing.T) {
	s := &shelf{locks: map[soc.LockdownID]soc.Lockdown{
		"a": {Phase: soc.PhaseIsolated, Deadline: noon.Add(time.Hour)}, "b": {Phase: soc.PhaseIsolated, Deadline: noon.Add(-90 * time.Second)},
		"c": {Phase: soc.PhaseReleaseBlocked, Deadline: noon.Add(-10 * time.Second)}, "d": {Phase: soc.PhaseReleased, Deadline: noon.Add(-time.Hour)},
		"e": {Phase: soc.PhasePending},
	}}
	m := newMeter(t, s)
	m.Observe("/healthz", "GET", 200, time.Millisecond)
	text := m.scrape(t)
	wants(t, text,
		`cordon_poll_lag_seconds{tenant="contoso"} 42`, `cordon_poll_ok{tenant="contoso"} 1`, `cordon_poll_ok{tenant="fabrikam"} 0`,
		`cordon_api_calls_used{tenant="contoso",window="minute"} 3`, `cordon_api_calls_limit{tenant="contoso",window="hour"} 1500`,
		`cordon_alerts 40`, `cordon_queue_alerts 7`,
		`cordon_lockdowns{state="isolated"} 2`, `cordon_lockdowns{state="pending"} 1`,
		`cordon_lockdowns{state="release_blocked"} 1`, `cordon_lockdowns{state="requested"} 0`,
		`cordon_release_overdue_seconds 90`,
		`cordon_notification_lag_entries{sink="siem"} 12`, `cordon_notification_dead_letters_total{sink="siem"} 2`,
		`cordon_notification_up{sink="siem"} 0`, `cordon_notification_up{sink="mail"} 1`,
		`cordon_troubles{level="bad"} 2`, `cordon_troubles{level="warning"} 1`, `cordon_troubles{level="info"} 0`,
		`cordon_build_info{version="1.2.3"} 1`, `cordon_http_requests_total{code="200",method="GET",route="/healthz"} 1`,
	)
	if s.filter != "status:open" || strings.Contains(text, `cordon_poll_lag_seconds{tenant="fabrikam"}`) || !strings.Contains(text, "\ngo_goroutines ") {
		t.Errorf("filter %q; or a tenant that never answered has a lag; or the figures of the runtime are missing", s.filter)
	}
	if _, err := soc.ParseFilter(s.filter, "", noon); err != nil {
		t.Errorf("the filter of the queue is none: %v", err)
	}
}

// Each release that the timer ordered counts once, with the lateness of its first order; what happened before the start does not count.
func TestMeter_ReleaseLateness(t *testing.T) {
	s := &shelf{locks: map[soc.LockdownID]soc.Lockdown{
		"old": late("old", soc.PhaseReleased, soc.CauseTimer, time.Second), "soon": late("soon", soc.PhaseReleased, soc.CauseTimer, 700*time.Millisecond),
		"slow": late("slow", soc.PhaseReleased, soc.CauseTimer, 40*time.Second), "person": late("person", soc.PhaseReleased, soc.CauseUser, time.Minute),
	}}
	s.note("confirm-release", soc.ResultOK, "old")
	m := newMeter(t, s)
	wants(t, m.scrape(t), `cordon_release_lateness_seconds_count 0`)
	s.note("send-release", soc.ResultOK, "soon")
	for _, id := range []soc.LockdownID{"soon", "slow", "person", "gone"} {
		s.note("confirm-release", soc.ResultOK, id)
	}
	want := []string{
		`cordon_release_lateness_seconds_bucket{le="0.5"} 0`, `cordon_release_lateness_seconds_bucket{le="1"} 1`,
		`cordon_release_lateness_seconds_bucket{le="60"} 2`, `cordon_release_lateness_seconds_count 2`, `cordon_release_lateness_seconds_sum 40.7`,
	}
	m.scrape(t)
	for range 2 * historyBatch { // more than one batch, and a second scrape adds nothing
		s.note("test", soc.ResultOK, "")
	}
	m.scrape(t)
	wants(t, m.scrape(t), want...)
	if m := newMeter(t, s); !strings.Contains(m.scrape(t), "cordon_release_lateness_seconds_count 0") {
		t.Error("a new process counts what an old one did")
	}
}

// What can not be read is missing and counted; it is not zero.
func TestMeter_AFailingStoreIsNotGoodNews(t *testing.T) {
	s := &shelf{}
	m := newMeter(t, s)
	m.scrape(t)
	s.fail = errors.New("disk")
	m.scrape(t)
	text := m.scrape(t)
	wants(t, text,
		`cordon_scrape_errors_total{part="lockdowns"} 2`, `cordon_scrape_errors_total{part="queue"} 2`,
		`cordon_scrape_errors_total{part="lateness"} 2`, `cordon_poll_ok{tenant="contoso"} 1`)
	for _, missing := range []string{"cordon_lockdowns{", "\ncordon_alerts ", "cordon_release_overdue_seconds "} {
		if strings.Contains(text, missing) {
			t.Errorf("%s is told although it is not known", missing)
		}
	}
	if _, err := New(t.Context(), Options{Store: s}); err == nil {
		t.Error("a meter that does not know where the history stands was made")
	}
	bare, err := New(t.Context(), Options{Store: &shelf{}})
	if err != nil || !strings.Contains(bare.scrape(t), "cordon_alerts 40") {
		t.Errorf("a meter of the store alone: %v", err)
	}
}

// A part that panics costs its own numbers, not those of the timers.
func TestMeasuring_APanicCostsItsOwnNumbersOnly(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"tenants": func(o *Options) { o.Conns = func(context.Context) []soc.Conn { panic("no tenants") } },
		"notifications": func(o *Options) {
			o.Sinks = func(context.Context) ([]Sink, error) { return []Sink{{Name: "bad\xff"}}, nil }
		},
	} {
		rec := httptest.NewRecorder()
		newMeter(t, &shelf{}, spoil).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		body := rec.Body.String()
		if !strings.Contains(body, "cordon_overdue_seconds 0") && !strings.Contains(body, "cordon_lockdowns{") || !strings.Contains(body, `"`+name+`"`) {
			t.Errorf("%s:\n%s", name, body)
		}
	}
}
