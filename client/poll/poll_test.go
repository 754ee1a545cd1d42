package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// bench is a running poller on fake time, against the model.
type bench struct {
	*Poller
	api  *model
	mem  *memory
	stop func()
}

// run starts a poller inside a synctest bubble and waits until it rests.
func run(t *testing.T, in soc.Integration, prepare func(*model, *memory)) *bench {
	t.Helper()
	b := &bench{api: newModel(time.Now), mem: newMemory()}
	if prepare != nil {
		prepare(b.api, b.mem)
	}
	b.Poller = New(Options{Integration: in, API: b.api, Store: b.mem})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	b.stop = func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v, want it to end with the context", err)
		}
	}
	synctest.Wait()
	return b
}

func (b *bench) see() view { return b.mem.view() }

// step lets time pass and the poller come to rest.
func step(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestT01_K09_QueueLoadsAtOnceAndKeepsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		b := run(t, integration(), func(m *model, _ *memory) {
			m.put("old-open", begin.Add(-20*24*time.Hour), begin.Add(-20*24*time.Hour), soc.StatusNew)
			m.put("old-resolved", begin.Add(-20*24*time.Hour), begin.Add(-20*24*time.Hour), soc.StatusResolved)
			m.put("too-old", begin.Add(-31*24*time.Hour), begin.Add(-31*24*time.Hour), soc.StatusNew)
			m.put("recent-resolved", begin.Add(-40*24*time.Hour), begin.Add(-time.Hour), soc.StatusResolved)
		})
		defer b.stop()
		var ids []string
		for id := range b.see().alerts {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		if fmt.Sprint(ids) != "[old-open recent-resolved]" {
			t.Errorf("after the first poll: %v", ids)
		}
		open := b.api.requests("open")
		if len(open) != 1 || !open[0].from.Equal(begin.Add(-30*24*time.Hour)) || !open[0].at.Equal(begin) {
			t.Errorf("first run asked %+v, want unresolved of 30 days, at once", open)
		}
		if st := b.see().state; !st.FirstDone || !st.LastOK.Equal(begin) || !st.Cursor.IsZero() || !st.Watermark.Equal(begin.Add(-time.Hour)) {
			t.Errorf("state = %+v", st)
		}
		b.api.put("new", time.Now().Add(time.Minute), time.Now().Add(time.Minute), soc.StatusNew)
		step(5 * time.Minute)
		if _, ok := b.see().alerts["new"]; !ok {
			t.Error("a new alert did not come with the next poll")
		}
		last := b.api.requests("updated")
		if got := last[len(last)-1]; !got.from.Equal(begin.Add(-time.Hour - overlap)) {
			t.Errorf("delta asked from %v, want the watermark less the overlap", got.from)
		}
		if len(b.api.requests("open")) != 1 {
			t.Error("the first run is repeated")
		}
	})
}

func TestT28_TriggersWaitForTheFirstInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		b := run(t, integration(), nil)
		if got := b.TriggersFrom(); !got.Equal(begin.Add(5 * time.Minute)) {
			t.Errorf("triggers from %v, want activation + 5 min", got)
		}
		b.stop()
		// A restart is no activation.
		step(time.Hour)
		again := New(Options{Integration: integration(), API: b.api, Store: b.mem})
		if err := again.load(t.Context()); err != nil || !again.TriggersFrom().Equal(begin.Add(5*time.Minute)) {
			t.Errorf("after a restart: %v, %v", again.TriggersFrom(), err)
		}
	})
}

func TestT29_GapIsToldAndAuditedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := integration()
		in.MaxHistory = "1 day ago"
		begin := time.Now()
		b := run(t, in, func(m *model, s *memory) {
			last := begin.Add(-3 * 24 * time.Hour)
			s.state = soc.PollState{Integration: "i", ActivatedAt: last, Watermark: last.Add(-time.Hour), LastOK: last, FirstDone: true, LastSweep: last}
			m.put("lost", begin.Add(-2*24*time.Hour), begin.Add(-2*24*time.Hour), soc.StatusNew)
			m.put("kept", begin.Add(-23*time.Hour), begin.Add(-23*time.Hour), soc.StatusNew)
		})
		defer b.stop()
		if first := b.api.requests("updated")[0]; !first.from.Equal(begin.Add(-24 * time.Hour)) {
			t.Errorf("first fetch from %v, want 24 h back", first.from)
		}
		if len(b.see().audit) != 1 || b.see().audit[0].Action != "gap" || !strings.Contains(b.see().audit[0].Detail, "2 days not fetched") || b.see().audit[0].Actor.Name != "poller" {
			t.Errorf("audit = %+v", b.see().audit)
		}
		if c := b.Status(); c.Gap != "2 days not fetched" || c.State != "ok" {
			t.Errorf("status = %q, gap %q", c.State, c.Gap)
		}
		if _, ok := b.see().alerts["kept"]; !ok {
			t.Error("what lies within the history did not come")
		}
		step(23 * time.Hour)
		if len(b.see().audit) != 1 || b.Status().Gap == "" {
			t.Errorf("%d audit entries, gap %q; want one and still shown", len(b.see().audit), b.Status().Gap)
		}
		step(2 * time.Hour)
		if b.Status().Gap != "" {
			t.Error("the gap is shown for ever")
		}
	})
}

func TestT29_QuietTenantHasNoGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := integration()
		in.MaxHistory = "1 hour ago"
		b := run(t, in, nil)
		defer b.stop()
		step(48 * time.Hour)
		if len(b.see().audit) != 0 || b.Status().Gap != "" {
			t.Errorf("a quiet tenant has gap %q, %+v", b.Status().Gap, b.see().audit)
		}
	})
}

func TestT29_GapThatCanNotBeAuditedIsNotSwallowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := integration()
		in.MaxHistory = "1 day ago"
		b := run(t, in, func(_ *model, s *memory) {
			last := time.Now().Add(-3 * 24 * time.Hour)
			s.state = soc.PollState{Watermark: last, LastOK: last, FirstDone: true, ActivatedAt: last}
			s.auditErr = errors.New("disk full")
		})
		defer b.stop()
		if len(b.api.requests("updated")) != 0 {
			t.Error("the gap was passed without a record")
		}
		b.mem.mu.Lock()
		b.mem.auditErr = nil
		b.mem.mu.Unlock()
		step(5 * time.Minute)
		if len(b.see().audit) != 1 || b.Status().State != "ok" {
			t.Errorf("after the disk recovered: %d entries, state %q", len(b.see().audit), b.Status().State)
		}
	})
}

func TestFirstSyncIsInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		b := run(t, integration(), func(m *model, _ *memory) {
			for i := range 3500 {
				at := begin.Add(-29*24*time.Hour + time.Duration(i)*time.Minute)
				m.put(fmt.Sprintf("a%04d", i), at, at, soc.StatusNew)
			}
			n := 0
			m.fail = func(r request) error {
				if r.kind == "open" {
					if n++; n == 3 {
						return &soc.Error{Kind: soc.KindUnavailable, What: "cut"}
					}
				}
				return nil
			}
		})
		if len(b.see().alerts) < 1990 || b.see().state.FirstDone || b.see().state.Cursor.IsZero() {
			t.Fatalf("%d alerts, state %+v", len(b.see().alerts), b.see().state)
		}
		if c := b.Status(); c.Phase != "first sync" || c.Done < 1990 || c.Total != 0 || c.State != "unreachable" {
			t.Errorf("status = %+v", c)
		}
		b.stop()
		cursor, puts := b.see().state.Cursor, b.see().puts
		second := &bench{api: b.api, mem: b.mem}
		second.Poller = New(Options{Integration: integration(), API: b.api, Store: b.mem})
		if err := second.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := second.poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		opens := b.api.requests("open")
		if !slices.ContainsFunc(opens[3:], func(r request) bool { return r.from.Equal(cursor) }) {
			t.Error("the second run does not start at the cursor")
		}
		if len(b.see().alerts) != 3500 || !b.see().state.FirstDone || b.see().puts-puts > 1700 {
			t.Errorf("%d alerts, %d read again, state %+v", len(b.see().alerts), b.see().puts-puts, b.see().state)
		}
	})
}

func TestNewAlertsDoNotWaitForALongFirstSync(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		b := run(t, integration(), func(m *model, _ *memory) {
			for i := range 9000 {
				at := begin.Add(-29*24*time.Hour + time.Duration(i)*time.Minute)
				m.put(fmt.Sprintf("a%04d", i), at, at, soc.StatusNew)
			}
			m.fail = func(r request) error {
				if r.kind == "open" { // each page takes its time
					time.Sleep(4 * time.Minute)
				}
				return nil
			}
		})
		defer b.stop()
		b.api.mu.Lock()
		b.api.alerts["urgent"] = soc.Alert{ID: "urgent", Created: begin, LastUpdate: begin, Status: soc.StatusNew}
		b.api.mu.Unlock()
		step(9 * time.Minute)
		_, ok := b.see().alerts["urgent"]
		if !ok || b.see().state.FirstDone {
			t.Errorf("urgent alert stored: %v, first sync done: %v; want it during the sync", ok, b.see().state.FirstDone)
		}
		step(time.Hour)
	})
}

func TestC12_LateAlertsComeWithTheSweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), func(m *model, _ *memory) {
			m.put("now", time.Now(), time.Now(), soc.StatusNew)
		})
		defer b.stop()
		at := time.Now().Add(-5 * time.Hour)
		b.api.put("late", at, at, soc.StatusNew) // shown now, dated five hours ago
		step(10 * time.Minute)
		if _, ok := b.see().alerts["late"]; ok {
			t.Error("the delta reached five hours back; the test proves nothing")
		}
		step(25 * time.Minute)
		if _, ok := b.see().alerts["late"]; !ok {
			t.Error("the sweep did not bring it")
		}
		// A change of a known alert replaces it under the same id.
		b.api.put("late", at, time.Now(), soc.StatusResolved)
		step(5 * time.Minute)
		if got := b.see().alerts["late"]; got.Status != soc.StatusResolved || len(b.see().alerts) != 2 {
			t.Errorf("after the change: %+v, %d alerts", got, len(b.see().alerts))
		}
	})
}

func TestRecordFromTheFutureDoesNotMoveTheWatermark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), func(m *model, _ *memory) {
			m.put("broken", time.Now(), time.Now().Add(1000*time.Hour), soc.StatusNew)
		})
		defer b.stop()
		step(time.Minute)
		b.api.put("next", time.Now(), time.Now(), soc.StatusNew)
		step(5 * time.Minute)
		if _, ok := b.see().alerts["next"]; !ok {
			t.Error("an alert after a record from the future is lost")
		}
	})
}

func failWith(err error) func(*model, *memory) {
	return func(m *model, _ *memory) {
		m.fail = func(r request) error {
			if r.kind == "updated" {
				return err
			}
			return nil
		}
	}
}

func TestZ01_StatesAreHonest(t *testing.T) {
	t.Parallel()
	at := "api.example:443 refuses the connection"
	for name, c := range map[string]struct {
		err   error
		state string
		next  [2]time.Duration // bounds of the next try
	}{
		"unreachable": {&soc.Error{Kind: soc.KindUnavailable, Code: "unreachable", What: at}, "unreachable", [2]time.Duration{time.Second, 2 * time.Second}},
		"throttled":   {&soc.Error{Kind: soc.KindThrottled, What: "throttling", After: 7 * time.Second}, "throttled", [2]time.Duration{7 * time.Second, 7 * time.Second}},
		"bad secret":  {&soc.Error{Kind: soc.KindUnauthorized, What: "secret rejected"}, "refused", [2]time.Duration{5 * time.Minute, 5 * time.Minute}},
		"no role":     {&soc.Error{Kind: soc.KindDenied, What: "lacks Alert.Read.All"}, "refused", [2]time.Duration{5 * time.Minute, 5 * time.Minute}},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := run(t, integration(), failWith(c.err))
			defer b.stop()
			s := b.Status()
			wait := time.Until(s.NextPoll)
			if s.State != c.state || !strings.Contains(s.Problem, c.err.Error()) || wait < c.next[0] || wait > c.next[1] {
				t.Errorf("%s: state %q, next in %v, problem %q", name, s.State, wait, s.Problem)
			}
			b.api.mu.Lock()
			b.api.fail = nil
			b.api.mu.Unlock()
			step(5*time.Minute + time.Second)
			if s := b.Status(); s.State != "ok" || s.Problem != "" {
				t.Errorf("%s: after recovery %q, %q", name, s.State, s.Problem)
			}
		})
	}
}

func TestFifteenFailuresAreCalledDisconnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), failWith(&soc.Error{Kind: soc.KindUnavailable, What: "api.example:443 is unreachable"}))
		defer b.stop()
		step(2 * time.Minute)
		if s := b.Status(); strings.Contains(s.Problem, "disconnected") {
			t.Errorf("too early: %q", s.Problem)
		}
		step(20 * time.Minute)
		if s := b.Status(); s.State != "unreachable" || !strings.Contains(s.Problem, "disconnected") || !strings.Contains(s.Problem, "api.example:443") {
			t.Errorf("state %q, problem %q", s.State, s.Problem)
		}
		n := len(b.api.requests("updated"))
		step(10 * time.Minute)
		if more := len(b.api.requests("updated")) - n; more < 9 || more > 11 {
			t.Errorf("%d tries in ten minutes, want one a minute", more)
		}
	})
}

func TestStaleAndConnectingAndDisabled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := integration()
		in.Enabled = false
		hang := make(chan struct{})
		b := run(t, in, nil)
		if s := b.Status(); s.State != "disabled" || !strings.Contains(s.Problem, "released") {
			t.Errorf("disabled integration: %q, %q", s.State, s.Problem)
		}
		if len(b.api.requests("updated")) == 0 {
			t.Error("Z-16: a disabled integration is not read any more")
		}
		b.api.mu.Lock()
		b.api.fail = func(r request) error {
			if r.kind == "updated" {
				<-hang
			}
			return nil
		}
		b.api.mu.Unlock()
		step(11 * time.Minute)
		if s := b.Status(); s.State != "stale" || !strings.Contains(s.Problem, "11 minutes") {
			t.Errorf("two intervals without an answer: %q, %q", s.State, s.Problem)
		}
		close(hang)
		b.stop()
	})
	p := New(Options{Integration: integration(), API: newModel(time.Now), Store: newMemory()})
	if s := p.Status(); s.State != "connecting" || s.Integration.Sealed != nil || s.MinuteLimit != 100 || s.HourLimit != 1500 {
		t.Errorf("before the first answer: %+v", s)
	}
}

func TestKickPollsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), nil)
		defer b.stop()
		step(time.Second)
		n, a := len(b.api.requests("updated")), len(b.api.requests("actions"))
		b.Kick()
		b.Kick()
		synctest.Wait()
		if len(b.api.requests("updated")) <= n || len(b.api.requests("actions")) <= a {
			t.Error("a kick does nothing")
		}
	})
}

func TestActionsArePolledFasterWhileOneIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), func(m *model, _ *memory) {
			m.acts = []soc.MachineAction{{ID: "1", Type: soc.ActionIsolate, Status: soc.ActionSucceeded, Created: time.Now()}}
		})
		defer b.stop()
		if !b.see().asOf.Equal(time.Now()) {
			t.Errorf("asOf = %v, want the time of asking", b.see().asOf)
		}
		step(10 * time.Minute)
		if n := len(b.api.requests("actions")); n != 3 {
			t.Errorf("%d reads in ten quiet minutes, want 3", n)
		}
		b.api.mu.Lock()
		b.api.acts[0].Status = "Queued" // F-38: an unknown word is not final
		b.api.mu.Unlock()
		b.Kick()
		synctest.Wait()
		n := len(b.api.requests("actions"))
		step(time.Minute)
		if more := len(b.api.requests("actions")) - n; more != 4 {
			t.Errorf("%d reads in a minute with an open action, want 4", more)
		}
		reqs := b.api.requests("actions")
		if d := reqs[0].at.Sub(reqs[0].from); d != actionsAll {
			t.Errorf("first read reaches back %v", d)
		}
		if d := reqs[n].at.Sub(reqs[n].from); d != actionsRecent {
			t.Errorf("later reads reach back %v", d)
		}
	})
}
