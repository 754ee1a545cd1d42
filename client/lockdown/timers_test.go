package lockdown_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// amnesia is a store whose index of wake-ups is empty, and which tells nothing of open lockdowns the first time: so the timers know nothing.
type amnesia struct {
	*memStore
	told atomic.Bool
}

func (s *amnesia) DueLockdowns(context.Context, time.Time, int) ([]soc.Lockdown, error) {
	return nil, nil
}

func (s *amnesia) NextWake(context.Context) (time.Time, error) { return time.Time{}, nil }

func (s *amnesia) Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error) {
	if !s.told.Swap(true) {
		return nil, nil
	}
	return s.memStore.Lockdowns(ctx, q)
}

func TestF64_TheSweepReleasesWhatTheTimersForgot(t *testing.T) {
	for _, swept := range []bool{true, false} { // without the sweep nobody is released: the timers really know nothing
		bubble(t, func(t *testing.T, r *rig) {
			p := r.run()
			l := r.isolate(hour)
			r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
			p.kill()
			blind := &amnesia{memStore: r.store}
			q := r.start(blind, r.mde)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			time.Sleep(time.Second)
			if swept {
				go func() { done <- q.rec.Sweep(ctx) }()
			} else {
				done <- nil
			}
			time.Sleep(hour + 5*time.Minute)
			caught := r.store.history(func(e soc.AuditEntry) bool { return e.Action == "watchdog" })
			if released := !r.mde.isolated("m1"); released != swept || (len(caught) > 0) != swept {
				t.Errorf("sweep %v: released %v, %d lines in the history", swept, released, len(caught))
			}
			if trouble := q.rec.Troubles(); swept && (len(trouble) == 0 || trouble[0].Code != "sweep-caught") {
				t.Errorf("troubles %v", trouble)
			}
			if free := r.mde.free(); swept && (len(free) != 1 || free[0].Sub(r.get(l.ID).Deadline) > 2*time.Minute) {
				t.Errorf("freed at %v, deadline %s", free, r.get(l.ID).Deadline)
			}
			cancel()
			<-done
			q.kill()
		})
	}
}

func TestF64_TheSweepFindsNothingWhenTheTimersWork(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.rec.Sweep(ctx) }()
		r.mde.answer = func(op string, n int, acted bool) error { // a moody tenant
			if !acted && n%3 == 0 {
				return soc.ErrUnavailable
			}
			return nil
		}
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseReleased, 4*hour)
		time.Sleep(hour)
		cancel()
		<-done
		p.kill()
		if trouble := p.rec.Troubles(); len(trouble) > 0 {
			t.Errorf("the sweep caught %v", trouble)
		}
	})
}

// due puts n lockdowns into the store whose time is over in a moment.
func (r *rig) crowd(n int) {
	now := time.Now()
	for i := range n {
		key := r.store.addHost(fmt.Sprintf("h%04d", i), fmt.Sprintf("WS%04d", i))
		id := soc.LockdownID(fmt.Sprintf("LK-%04d", i))
		token := soc.AttemptToken(id, 1)
		a := r.mde.add(soc.ActionIsolate, key.MachineID, "app", fmt.Sprintf("cordon/1 id=%s token=%s verb=isolate", id, token), 0)
		end := now.Add(time.Minute)
		r.store.locks[id] = soc.Lockdown{
			ID: id, Key: key, HostName: key.MachineID, By: soc.Actor{Name: "alice"}, Phase: soc.PhaseIsolated, ActionID: a.ID, RequestedAt: now,
			EnforcedAt: now, Period: time.Minute, Deadline: end, Wake: end, Revision: 1,
			Attempts: []soc.Attempt{{N: 1, Verb: soc.VerbIsolate, Token: token, SentAt: now, ActionID: a.ID, Outcome: soc.OutcomeAccepted}},
		}
	}
}

// counting counts the records that are read.
type counting struct {
	*memStore
	reads atomic.Int64
}

func (s *counting) DueLockdowns(ctx context.Context, now time.Time, limit int) ([]soc.Lockdown, error) {
	list, err := s.memStore.DueLockdowns(ctx, now, limit)
	s.reads.Add(int64(len(list)))
	return list, err
}

func (s *counting) Lockdown(ctx context.Context, id soc.LockdownID) (soc.Lockdown, error) {
	s.reads.Add(1)
	return s.memStore.Lockdown(ctx, id)
}

func TestF63_TheWorkOfABurstGrowsWithItsSizeNotItsSquare(t *testing.T) {
	t.Parallel()
	reads := func(n int) (count int64) {
		bubble(t, func(t *testing.T, r *rig) {
			r.crowd(n)
			s := &counting{memStore: r.store}
			r.mde.answer = func(string, int, bool) error { return nil }
			p := r.start(s, r.mde)
			time.Sleep(3 * time.Minute)
			p.kill()
			if sent := r.mde.sent("unisolate"); sent != n {
				t.Fatalf("%d of %d releases sent", sent, n)
			}
			count = s.reads.Load()
		})
		return count
	}
	small, large := reads(60), reads(240)
	if large > 6*small {
		t.Errorf("60 releases read %d records, 240 read %d: more than in proportion", small, large)
	}
	if large > 240*20 {
		t.Errorf("%d records read for 240 releases", large)
	}
}

func TestF63_WithoutRoomNoAttemptIsWastedAndTheOldestGoFirst(t *testing.T) {
	t.Parallel()
	for _, gated := range []bool{true, false} {
		bubble(t, func(t *testing.T, r *rig) {
			r.crowd(40)
			var last time.Time // one release every six seconds
			room := func() time.Duration { return max(0, time.Until(last.Add(6*time.Second))) }
			r.mde.answer = func(op string, _ int, acted bool) error {
				if op != "unisolate" || acted {
					return nil
				}
				if wait := room(); wait > 0 {
					return &soc.Error{Kind: soc.KindThrottled, After: wait}
				}
				last = time.Now()
				return nil
			}
			o := r.options(r.store, r.mde)
			if gated {
				o.Room = func(soc.IntegrationID) (d time.Duration) { r.mde.with(func() { d = room() }); return d }
			}
			ctx, cancel := context.WithCancel(t.Context())
			rec, done := lockdown.NewReconciler(o), make(chan error, 1)
			go func() { done <- rec.Run(ctx) }()
			time.Sleep(8 * time.Minute)
			cancel()
			<-done
			wasted := r.mde.called("unisolate") - r.mde.sent("unisolate")
			if sent := r.mde.sent("unisolate"); sent != 40 && gated {
				t.Errorf("%d of 40 releases sent", sent)
			}
			if gated && wasted > 160 {
				t.Errorf("%d releases were tried without room", wasted)
			}
			if !gated && wasted == 0 {
				t.Error("the check does not see wasted tries")
			}
		})
	}
}

// slow is a tenant whose orders take a minute, or as long as they are let.
type slow struct{ *tenant }

func (s slow) Remote(soc.IntegrationID) (lockdown.Remote, error) { return s, nil }

func (s slow) wait(ctx context.Context, a soc.MachineAction, err error) (soc.MachineAction, error) {
	select {
	case <-ctx.Done():
		return soc.MachineAction{}, &soc.Error{Kind: soc.KindUnknownOutcome, Code: "cut", Err: ctx.Err()}
	case <-time.After(time.Minute):
		return a, err
	}
}

func (s slow) Isolate(ctx context.Context, id string, k soc.IsolationType, c string) (soc.MachineAction, error) {
	a, err := s.tenant.Isolate(ctx, id, k, c)
	return s.wait(ctx, a, err)
}

func (s slow) Unisolate(ctx context.Context, id, c string) (soc.MachineAction, error) {
	a, err := s.tenant.Unisolate(ctx, id, c)
	return s.wait(ctx, a, err)
}

func TestF20_StoppingTakesFiveSecondsAndNoOrderIsWithoutItsRow(t *testing.T) {
	for after := time.Duration(0); after < hour+3*time.Minute; after += 97 * time.Second {
		bubble(t, func(t *testing.T, r *rig) {
			p := r.start(r.store, slow{r.mde})
			l := r.isolate(hour)
			time.Sleep(after)
			told := time.Now()
			p.kill()
			if took := time.Since(told); took > 5*time.Second {
				t.Errorf("stopped %s after %s", took, after)
			}
			rows := len(r.get(l.ID).Attempts)
			if orders := r.mde.sent("isolate") + r.mde.sent("unisolate"); orders > rows {
				t.Errorf("after %s: %d orders, %d rows", after, orders, rows)
			}
			q := r.run() // and the next process finds out what became of it
			l = r.until(l.ID, soc.PhaseReleased, 3*hour)
			q.kill()
			r.promises(l)
		})
	}
}

// stumbling panics once where the loop reads what is due.
type stumbling struct {
	*memStore
	done atomic.Bool
}

func (s *stumbling) DueLockdowns(ctx context.Context, now time.Time, limit int) ([]soc.Lockdown, error) {
	if !s.done.Swap(true) {
		panic("a bug")
	}
	return s.memStore.DueLockdowns(ctx, now, limit)
}

func TestF65_APanicInTheLoopCostsASecond(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		l := r.isolate(hour)
		p := r.start(&stumbling{memStore: r.store}, r.mde)
		time.Sleep(5 * time.Second)
		if r.mde.sent("isolate") != 1 {
			t.Error("five seconds after a panic the timers do not work")
		}
		if n := len(r.store.history(func(e soc.AuditEntry) bool { return e.Action == "restart" })); n != 1 {
			t.Errorf("%d lines about it", n)
		}
		r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
	})
}

func TestF65_N19_ReleaseDueReleasesTellsAndStops(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		none, err := lockdown.NewReconciler(r.options(r.store, r.mde)).ReleaseDue(t.Context(), nil)
		if err != nil || len(none.Due) != 0 {
			t.Fatalf("before its time: %+v, %v", none, err)
		}
		time.Sleep(2 * hour) // nobody keeps the timers
		if !r.mde.isolated("m1") {
			t.Fatal("somebody released it; the test proves nothing")
		}
		told := 0
		rep, err := lockdown.NewReconciler(r.options(r.store, r.mde)).ReleaseDue(t.Context(), func(soc.Lockdown) { told++ })
		if err != nil || len(rep.Released) != 1 || len(rep.Left) != 0 || told != 1 || r.mde.isolated("m1") {
			t.Errorf("%+v, %v, told %d", rep, err, told)
		}
	})
	bubble(t, func(t *testing.T, r *rig) { // Defender is down: it ends in time and says what is left
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		time.Sleep(2 * hour)
		r.mde.answer = func(string, int, bool) error { return soc.ErrUnavailable }
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		rep, err := lockdown.NewReconciler(r.options(r.store, r.mde)).ReleaseDue(ctx, nil)
		if err != nil || len(rep.Left) != 1 || len(rep.Released) != 0 {
			t.Errorf("%+v, %v", rep, err)
		}
	})
}

// clocks is a machine in fake time whose wall clock can be wrong, and whose steady clock is right.
type clocks struct {
	err atomic.Int64
}

func (c *clocks) guard(server bool, floor time.Time) *lockdown.Guard {
	start := time.Now()
	return lockdown.NewGuard(lockdown.GuardOptions{Floor: floor, Server: server, Clocks: lockdown.Clocks{
		Wall: func() time.Time { return time.Now().Add(time.Duration(c.err.Load())) },
		Boot: func() time.Duration { return hour + time.Since(start) },
	}})
}

func (r *rig) guarded(g *lockdown.Guard) *process {
	o := r.options(r.store, r.mde)
	o.Guard = g
	ctx, cancel := context.WithCancel(r.t.Context())
	p := &process{stop: cancel, done: make(chan struct{}), rec: lockdown.NewReconciler(o)}
	go func() { defer close(p.done); _ = p.rec.Run(ctx) }()
	return p
}

func TestF58_I10_AClockThatJumpsForwardReleasesNobodyEarly(t *testing.T) {
	for _, believed := range []bool{false, true} {
		bubble(t, func(t *testing.T, r *rig) {
			var c clocks
			g := c.guard(true, time.Time{})
			p := r.guarded(g)
			if believed {
				p.kill()
				o := r.options(r.store, r.mde)
				o.Now = func() time.Time { return time.Now().Add(time.Duration(c.err.Load())) }
				ctx, cancel := context.WithCancel(t.Context())
				p = &process{stop: cancel, done: make(chan struct{}), rec: lockdown.NewReconciler(o)}
				go func() { defer close(p.done); _ = p.rec.Run(ctx) }()
			}
			g.Heard("int-1", time.Now(), 0)
			l := r.isolate(hour)
			l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
			c.err.Store(int64(24 * hour))
			time.Sleep(30 * time.Minute)
			early := r.mde.sent("unisolate") > 0
			if early != believed {
				t.Fatalf("released %v half an hour early, wall clock believed: %v", early, believed)
			}
			if believed {
				p.kill()
				return
			}
			if tr := p.rec.Troubles(); len(tr) != 1 || tr[0].Code != "clock-held" {
				t.Errorf("troubles %v", tr)
			}
			if n := len(r.store.history(func(e soc.AuditEntry) bool { return e.Action == "clock" })); n == 0 {
				t.Error("nothing in the history")
			}
			time.Sleep(time.Until(l.Deadline) + 5*time.Second)
			p.kill()
			if r.mde.isolated("m1") {
				t.Errorf("not free five seconds after %s", l.Deadline)
			}
		})
	}
}

func TestF62_TimersWaitForAServerAndPeopleDoNot(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		var c clocks
		c.err.Store(int64(3 * hour)) // the battery is flat
		g := c.guard(true, time.Time{})
		p = r.guarded(g)
		time.Sleep(20 * time.Minute)
		if r.mde.sent("unisolate") != 0 {
			t.Fatal("released by a clock that nobody confirmed")
		}
		if r.mde.called("list") < 5 {
			t.Error("nobody asked a server for the time")
		}
		g.Heard("int-1", time.Now(), 0)
		time.Sleep(30 * time.Second)
		g.Heard("int-1", time.Now(), 0)
		time.Sleep(time.Until(l.Deadline) - time.Second)
		if r.mde.sent("unisolate") != 0 {
			t.Fatal("released early after a server had said what time it is")
		}
		time.Sleep(6 * time.Second)
		if r.mde.sent("unisolate") != 1 {
			t.Error("not released on time")
		}
		p.kill()
	})
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		var c clocks
		p = r.guarded(c.guard(true, time.Time{}))
		if _, err := r.svc.Release(t.Context(), analyst(), soc.ReleaseRequest{Host: r.key, Reason: "clean"}); err != nil {
			t.Fatal(err)
		}
		r.until(l.ID, soc.PhaseReleased, 3*time.Minute)
		p.kill()
	})
}

func TestF65_TheSignOfLifeStopsWithTheTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var c clocks
		p := r.guarded(c.guard(false, time.Time{}))
		path := filepath.Join(t.TempDir(), "cordon.alive")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.rec.SignOfLife(path)(ctx) }()
		time.Sleep(time.Minute)
		first := lockdown.ReadMark(path)
		if age := time.Since(first.Trusted); first.PID == 0 || age > 11*time.Second {
			t.Errorf("mark %+v, %s old", first, age)
		}
		p.kill()
		time.Sleep(5 * time.Minute)
		if age := time.Since(lockdown.ReadMark(path).Trusted); age < lockdown.MarkStale {
			t.Errorf("timers that are dead leave a mark %s old", age)
		}
		cancel()
		<-done
	})
}
