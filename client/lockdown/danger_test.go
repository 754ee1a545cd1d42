package lockdown_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cordon/store/soc"
)

// A lost answer and a list that lags by up to three minutes, in a tenant that would carry a second order out.
func TestF34_ListLagOfThreeMinutesCausesNoSecondOrder(t *testing.T) {
	for _, lag := range []time.Duration{0, time.Minute, 110 * time.Second, 130 * time.Second, 150 * time.Second, 180 * time.Second} {
		bubble(t, func(t *testing.T, r *rig) {
			r.mde.lag, r.mde.takes = lag, 5*time.Second
			r.mde.answer = func(op string, n int, acted bool) error {
				if op == "isolate" && n == 1 && acted {
					return soc.ErrUnknownOutcome
				}
				return nil
			}
			p := r.run()
			l := r.isolate(hour)
			l = r.until(l.ID, soc.PhaseReleased, 2*hour)
			p.kill()
			r.promises(l)
		})
	}
}

// Beyond the settle window a second order can not be avoided. Then the host must still be free on time, and stay so.
func TestF34_LagBeyondTheSettleWindowStillEndsOnTime(t *testing.T) {
	for _, behind := range []time.Duration{0, 20 * time.Hour} { // how long the second order stays queued
		bubble(t, func(t *testing.T, r *rig) {
			r.mde.lag, r.mde.takes = 250*time.Second, 5*time.Second
			r.mde.answer = func(op string, n int, acted bool) error {
				if op != "isolate" || !acted {
					return nil
				}
				if n == 1 {
					return soc.ErrUnknownOutcome
				}
				a := r.mde.acts[len(r.mde.acts)-1]
				a.ready = a.ready.Add(behind)
				return nil
			}
			p := r.run()
			l := r.isolate(hour)
			time.Sleep(3 * hour)
			if l = r.get(l.ID); l.Phase != soc.PhaseReleased || r.mde.isolated("m1") {
				t.Fatalf("queued %s: %s, isolated %v, %s", behind, l.Phase, r.mde.isolated("m1"), l.Trouble)
			}
			if n := r.mde.sent("isolate"); n != 2 {
				t.Fatalf("%d orders; the test is about two", n)
			}
			first, free := r.mde.act(0).Updated, r.mde.free()
			if held := free[0].Sub(first); held < hour || held > hour+time.Minute {
				t.Errorf("queued %s: isolated for %s, want an hour", behind, held)
			}
			time.Sleep(30 * hour)
			p.kill()
			if r.mde.isolated("m1") {
				t.Error("the second order struck and nobody noticed")
			}
		})
	}
}

// fleet keeps the store's view fresh as the poller does, whatever happens to single reads.
func (r *rig) fleet(ctx context.Context, keys ...soc.HostKey) {
	for ctx.Err() == nil {
		for _, key := range keys {
			r.mde.with(func() {
				r.mde.advance()
				var list []soc.MachineAction
				for _, a := range r.mde.acts {
					if a.MachineID == key.MachineID {
						list = append(list, a.MachineAction)
					}
				}
				_ = r.store.PutHostActions(ctx, key, list, time.Now())
			})
		}
		time.Sleep(15 * time.Second)
	}
}

// While single reads are throttled the fleet view decides: a host that somebody else isolated anew is not released blindly (I6, K-05).
func TestF30K05_ThrottledLookFallsBackToTheFleetView(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var storm atomic.Bool
		r.mde.answer = func(op string, _ int, acted bool) error {
			if op == "list" && storm.Load() {
				return &soc.Error{Kind: soc.KindThrottled, After: time.Minute}
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		go r.fleet(ctx, r.key)
		time.Sleep(time.Until(l.Deadline) - 16*time.Second)
		storm.Store(true)
		r.mde.outside(soc.ActionIsolate, "m1", 0)
		l = r.until(l.ID, soc.PhaseSuperseded, 2*time.Minute)
		cancel()
		time.Sleep(time.Minute)
		p.kill()
		if r.mde.sent("unisolate") != 0 {
			t.Fatal("released what somebody else isolated")
		}
	})
	bubble(t, func(t *testing.T, r *rig) { // and a host that nobody else wants is released at once
		var storm atomic.Bool
		r.mde.answer = func(op string, _ int, acted bool) error {
			if op == "list" && storm.Load() {
				return &soc.Error{Kind: soc.KindThrottled, After: time.Minute}
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		go r.fleet(ctx, r.key)
		storm.Store(true)
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		cancel()
		time.Sleep(time.Minute)
		p.kill()
		if late := r.mde.free()[0].Sub(l.Deadline); late > 5*time.Second {
			t.Errorf("freed %s after the deadline", late)
		}
	})
}

// Many timers of one moment: the oldest first, few at once, and the confirmation of one never holds up the sending of the next.
// middle is the mean of times.
func middle(times []time.Time) time.Time {
	var sum time.Duration
	for _, t := range times {
		sum += t.Sub(times[0])
	}
	return times[0].Add(sum / time.Duration(len(times)))
}

func TestF63_ManyDueReleasesGoOldestFirstAndAreAllSent(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		const hosts = 120
		now := time.Now()
		r.mde.releaseTakes = 10 * time.Minute // confirmations take long
		for i := range hosts {
			key := r.store.addHost(fmt.Sprintf("h%03d", i), fmt.Sprintf("WS%03d", i))
			a := r.mde.add(soc.ActionIsolate, key.MachineID, "app", fmt.Sprintf("cordon/1 id=LK-%03d token=LK-%03d.1 verb=isolate", i, i), 0)
			end := now.Add(time.Minute + time.Duration((i*37)%hosts)*time.Millisecond)
			l := soc.Lockdown{
				ID: soc.LockdownID(fmt.Sprintf("LK-%03d", i)), Key: key, HostName: key.MachineID, By: soc.Actor{Name: "alice"}, Phase: soc.PhaseIsolated,
				ActionID: a.ID, RequestedAt: now, EnforcedAt: now, Period: time.Minute, Deadline: end, Wake: end, Revision: 1,
				Attempts: []soc.Attempt{{N: 1, Verb: soc.VerbIsolate, Token: fmt.Sprintf("LK-%03d.1", i), SentAt: now, ActionID: a.ID, Outcome: soc.OutcomeAccepted}},
			}
			r.store.locks[l.ID] = l
		}
		var running, most atomic.Int32
		r.mde.answer = func(op string, _ int, acted bool) error {
			if acted {
				return nil
			}
			most.Store(max(most.Load(), running.Add(1)))
			r.mde.mu.Unlock()
			time.Sleep(200 * time.Millisecond) // the network
			r.mde.mu.Lock()
			running.Add(-1)
			return nil
		}
		p := r.run()
		time.Sleep(time.Minute + 25*time.Second) // 240 calls of 0.2 s by four workers are 12 s; the confirmations come much later
		if n := r.mde.sent("unisolate"); n != hosts {
			t.Errorf("%d of %d releases sent", n, hosts)
		}
		if most.Load() > 8 {
			t.Errorf("%d calls at once", most.Load())
		}
		var order []time.Time
		r.mde.with(func() {
			for _, post := range r.mde.posts {
				order = append(order, r.store.locks[soc.LockdownID("LK-"+post.machine[1:])].Deadline)
			}
		})
		third := len(order) / 3 // the first ones meet in a stampede and four are under way at once: compare the ends, not neighbours
		if early, late := middle(order[:third]), middle(order[len(order)-third:]); !early.Before(late) {
			t.Errorf("the first releases were due at %v in the middle, the last at %v: not oldest first", early, late)
		}
		p.kill()
	})
}

// The disk refuses one write and takes the next: the history has no hole (I4, K-11). The store of the test checks every write.
func TestK11I4_StepsThatWereNotStoredAreInTheHistoryLater(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		failed := false
		r.store.mu.Lock()
		r.store.failSave = func(l soc.Lockdown) error {
			if l.Phase == soc.PhaseReleaseRequested && !failed {
				failed = true
				return &soc.Error{Kind: soc.KindUnavailable, What: "no space left on device"}
			}
			return nil
		}
		r.store.mu.Unlock()
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
		r.promises(l)
		for _, phase := range []soc.Phase{soc.PhaseReleaseRequested, soc.PhaseReleasing, soc.PhaseReleased} {
			if n := len(r.store.reached(phase)); n != 1 || !failed {
				t.Errorf("%d entries of the change to %s, want 1", n, phase)
			}
		}
	})
}

// A tenant that is gone can not be watched; the record must rest instead of being looked at for ever. What is owed stays owed.
func TestK07_WatchEndsWithTheTenantAndTheObligationDoesNot(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		if l.WatchUntil.IsZero() {
			t.Fatal("no watch; the test proves nothing")
		}
		r.store.mu.Lock()
		delete(r.store.tenants, "t1")
		r.store.mu.Unlock()
		r.mde.with(func() { r.mde.answer = func(string, int, bool) error { return errors.New("no such tenant") } })
		time.Sleep(hour)
		l = r.get(l.ID)
		looks := r.mde.called("list")
		time.Sleep(100 * hour)
		p.kill()
		ended := r.store.history(func(e soc.AuditEntry) bool { return e.Action == "watch-ended" })
		if !l.WatchUntil.IsZero() || !l.Wake.IsZero() || len(ended) != 1 || r.mde.called("list") != looks {
			t.Fatalf("watch until %s, wake %s, %d entries, %d looks later", l.WatchUntil, l.Wake, len(ended), r.mde.called("list")-looks)
		}
	})
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.store.mu.Lock()
		delete(r.store.tenants, "t1")
		r.store.mu.Unlock()
		r.mde.with(func() { r.mde.answer = func(string, int, bool) error { return soc.ErrUnavailable } })
		l = r.until(l.ID, soc.PhaseReleaseBlocked, 2*hour)
		p.kill()
		if l.Trouble == "" || l.Wake.IsZero() {
			t.Fatalf("trouble %q, wake %s", l.Trouble, l.Wake)
		}
	})
}

func TestF30_ThrottledReleasesWaitQuietlyAndAreSent(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		storm := true
		r.mde.answer = func(op string, _ int, acted bool) error {
			if op == "unisolate" && !acted && storm {
				return &soc.Error{Kind: soc.KindThrottled, Code: "throttled", After: 30 * time.Second}
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		time.Sleep(time.Until(l.Deadline) + 10*time.Minute)
		if n := r.mde.called("unisolate"); n < 15 || n > 22 {
			t.Errorf("%d tries in ten minutes of Retry-After 30", n)
		}
		if n := len(r.store.reached(soc.PhaseReleaseBlocked)); n != 0 {
			t.Errorf("blocked %d times; throttling is no refusal", n)
		}
		r.mde.with(func() { storm = false })
		l = r.until(l.ID, soc.PhaseReleased, time.Minute)
		p.kill()
		r.promises(l)
		if !slices.ContainsFunc(l.Attempts, func(a soc.Attempt) bool { return a.Outcome == soc.OutcomeRefused }) {
			t.Error("no refused row")
		}
	})
}
