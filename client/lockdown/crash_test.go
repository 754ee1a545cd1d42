package lockdown_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

const hour = time.Hour

// crashCase is one crash point of the catalogue.
type crashCase struct {
	op   string // save, isolate, unisolate, list
	done bool   // after the effect
	at   func(soc.Lockdown) bool
	down time.Duration
}

func phase(p soc.Phase) func(soc.Lockdown) bool {
	return func(l soc.Lockdown) bool { return l.Phase == p }
}

func always(soc.Lockdown) bool { return true }

// survive runs a lockdown of one hour through a process that dies at the point and another that goes on, and checks the promises.
func survive(t *testing.T, die func(op string, l soc.Lockdown, done bool) bool, down, lag time.Duration) (*rig, soc.Lockdown, bool) {
	t.Helper()
	r := newRig(t)
	r.mde.lag = lag
	m := &mortal{memStore: r.store, mde: r.mde, die: die}
	l := r.isolate(hour)
	p := r.start(m, m)
	for end := time.Now().Add(hour + 5*time.Minute); time.Now().Before(end) && !m.dead.Load(); {
		time.Sleep(time.Second)
	}
	died := m.dead.Load()
	p.kill()
	if died {
		time.Sleep(down)
	}
	q := r.run()
	l = r.until(l.ID, soc.PhaseReleased, 2*hour)
	q.kill()
	r.promises(l)
	return r, l, died
}

// promises checks what every finished lockdown must show.
func (r *rig) promises(l soc.Lockdown) {
	r.t.Helper()
	if n := r.mde.sent("isolate"); n != 1 {
		r.t.Errorf("%d isolate orders, want exactly 1", n)
	}
	if n := r.mde.sent("unisolate"); n < 1 || n > 2 {
		r.t.Errorf("%d release orders, want 1, at most 2", n)
	}
	if !l.Deadline.Equal(l.EnforcedAt.Add(l.Period)) {
		r.t.Errorf("deadline %s, want %s + %s", l.Deadline, l.EnforcedAt, l.Period)
	}
	if len(r.mde.free()) == 0 || r.mde.free()[0].Before(l.Deadline) {
		r.t.Errorf("freed at %v, deadline %s", r.mde.free(), l.Deadline)
	}
	if n := len(r.store.reached(soc.PhaseReleased)); n != 1 {
		r.t.Errorf("%d released entries in the history, want 1", n)
	}
	if r.mde.isolated("m1") {
		r.t.Error("the host is still isolated")
	}
}

// crashAt runs one case of the catalogue in fake time.
func crashAt(t *testing.T, c crashCase) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		_, _, died := survive(t, func(op string, l soc.Lockdown, done bool) bool { return op == c.op && done == c.done && c.at(l) }, c.down, 3*time.Second)
		if !died {
			t.Fatal("the crash point was never reached")
		}
	})
}

func TestF01_CrashBeforeIntentSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		m := &mortal{memStore: r.store, mde: r.mde, die: func(op string, _ soc.Lockdown, done bool) bool { return op == "save" && !done }}
		svc := lockdown.NewService(r.options(m, m))
		if _, err := svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{Host: r.key, Period: hour}); err == nil {
			t.Fatal("Isolate said OK without a stored intent")
		}
		p := r.run()
		time.Sleep(hour)
		p.kill()
		if r.mde.sent("isolate") != 0 || len(r.store.locks) != 0 {
			t.Fatalf("%d orders, %d records, want none", r.mde.sent("isolate"), len(r.store.locks))
		}
	})
}

func TestF02_CrashBeforeAttemptRow(t *testing.T) {
	crashAt(t, crashCase{op: "save", at: phase(soc.PhaseSubmitting), down: time.Minute})
}

func TestF03_CrashBeforeSocketWrite(t *testing.T) {
	for _, down := range []time.Duration{0, time.Minute, 4 * time.Minute} {
		t.Run(down.String(), func(t *testing.T) {
			crashAt(t, crashCase{op: "isolate", at: always, down: down})
		})
	}
}

func TestF03_NoSecondOrderInsideTheSettleWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		m := &mortal{memStore: r.store, mde: r.mde, die: func(op string, _ soc.Lockdown, done bool) bool { return op == "isolate" && !done }}
		l := r.isolate(hour)
		p := r.start(m, m)
		time.Sleep(2 * time.Second)
		p.kill()
		q := r.run()
		sent := r.get(l.ID).Attempts[0].SentAt
		r.until(l.ID, soc.PhaseIsolated, 10*time.Minute)
		q.kill()
		if gap := r.mde.posts[0].at.Sub(sent); gap < soc.SettleIsolate {
			t.Fatalf("the second attempt came %s after the first, want at least %s", gap, soc.SettleIsolate)
		}
	})
}

func TestF04_CrashAfterSocketWriteAdopts(t *testing.T) {
	crashAt(t, crashCase{op: "isolate", done: true, at: always, down: time.Second})
}

func TestF05_CrashBeforeActionIDIsSavedAdoptsTheSameID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, died := survive(t, func(op string, l soc.Lockdown, done bool) bool {
			return op == "save" && !done && l.Phase == soc.PhasePending
		}, 0, 20*time.Second)
		if !died || l.ActionID != r.mde.act(0).ID {
			t.Fatalf("died %v, action = %q, want %q", died, l.ActionID, r.mde.act(0).ID)
		}
	})
}

func TestF06_CrashAfterActionIDRefusesTheRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		m := &mortal{memStore: r.store, mde: r.mde, die: func(op string, l soc.Lockdown, done bool) bool {
			return op == "save" && done && l.Phase == soc.PhasePending
		}}
		l := r.isolate(hour)
		p := r.start(m, m)
		time.Sleep(10 * time.Second)
		p.kill()
		_, err := r.svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{Host: r.key, Period: hour})
		if soc.KindOf(err) != soc.KindConflict {
			t.Fatalf("retry: %v, want a conflict", err)
		}
		q := r.run()
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		q.kill()
		r.promises(l)
	})
}

func TestF07_CrashBeforeIsolatedIsSavedKeepsTheDeadline(t *testing.T) {
	crashAt(t, crashCase{op: "save", at: phase(soc.PhaseIsolated), down: 20 * time.Minute})
}

func TestF08_CrashAfterIsolatedReleasesOverdueAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		m := &mortal{memStore: r.store, mde: r.mde, die: func(op string, l soc.Lockdown, done bool) bool {
			return op == "save" && done && l.Phase == soc.PhaseIsolated
		}}
		l := r.isolate(hour)
		p := r.start(m, m)
		time.Sleep(3 * hour)
		p.kill()
		back := time.Now()
		q := r.run()
		l = r.until(l.ID, soc.PhaseReleased, time.Minute)
		q.kill()
		r.promises(l)
		if late := r.mde.free()[0].Sub(back); late > 10*time.Second {
			t.Errorf("released %s after the restart", late)
		}
	})
}

func TestF09_CrashBeforeReleaseIntent(t *testing.T) {
	crashAt(t, crashCase{op: "save", at: phase(soc.PhaseReleaseRequested), down: time.Minute})
}

func TestF10_CrashAfterReleaseIntent(t *testing.T) {
	crashAt(t, crashCase{op: "save", done: true, at: phase(soc.PhaseReleaseRequested)})
	crashAt(t, crashCase{op: "save", at: phase(soc.PhaseReleasing)})
}

func TestF11_CrashAfterReleasePostAdopts(t *testing.T) {
	crashAt(t, crashCase{op: "unisolate", done: true, at: always})
	crashAt(t, crashCase{op: "unisolate", at: always})
}

func TestF12_CrashAfterReleaseAnswer(t *testing.T) {
	crashAt(t, crashCase{op: "save", at: func(l soc.Lockdown) bool { return l.Phase == soc.PhaseReleasing && l.ReleaseActionID != "" }})
}

func TestF13_CrashBeforeReleasedIsSaved(t *testing.T) {
	crashAt(t, crashCase{op: "save", at: phase(soc.PhaseReleased), down: time.Minute})
}

// TestF01toF13_CrashAtEveryStep kills the process at its k-th call to the store or to Defender, before and after the effect, for every k.
func TestF01toF13_CrashAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 100 * time.Second} {
		for k := 1; ; k++ {
			reached := false
			t.Run(fmt.Sprintf("lag=%s/step=%d", lag, k), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := 0
					_, _, reached = survive(t, func(op string, _ soc.Lockdown, _ bool) bool {
						if op == "list" && n > 12 { // the long quiet watch has nothing new to offer
							return false
						}
						n++
						return n == k
					}, time.Duration(k%4)*time.Minute, lag)
				})
			})
			if !reached {
				break
			}
		}
	}
}

// forgetful is a store that loses the attempt row: the negative control of the crash tests.
type forgetful struct{ *mortal }

func (f forgetful) SaveLockdown(ctx context.Context, l soc.Lockdown, e ...soc.AuditEntry) (soc.Lockdown, error) {
	if l.Phase == soc.PhaseSubmitting && !f.dead.Load() {
		l.Revision++
		return l, nil
	}
	return f.mortal.SaveLockdown(ctx, l, e...)
}

func TestF04_ControlWithoutAttemptRowPostsTwice(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.lag, r.mde.takes = 90*time.Second, 5*time.Second
		m := &mortal{memStore: r.store, mde: r.mde, die: func(op string, _ soc.Lockdown, done bool) bool { return op == "isolate" && done }}
		r.isolate(hour)
		p := r.start(forgetful{m}, m)
		time.Sleep(20 * time.Second)
		p.kill()
		q := r.run()
		time.Sleep(5 * time.Minute)
		q.kill()
		if n := r.mde.sent("isolate"); n != 2 {
			t.Fatalf("%d orders without an attempt row, want 2: the tests above would not notice a double order", n)
		}
	})
}
