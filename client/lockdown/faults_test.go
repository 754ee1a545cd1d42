package lockdown_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// bubble runs a test in fake time with a rig.
func bubble(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newRig(t)) })
}

func TestV16_V21_TimerReleasesOnceAndOnlyDefenderConfirms(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		l := r.isolate(hour)
		if l.Phase != soc.PhaseRequested || r.mde.sent("isolate") != 0 {
			t.Fatalf("Isolate returned %s with %d orders sent, want requested and none (C-06)", l.Phase, r.mde.sent("isolate"))
		}
		p := r.run()
		l = r.until(l.ID, soc.PhasePending, 5*time.Second)
		if w := l.Word(time.Now()); w != "PENDING" || r.mde.isolated("m1") {
			t.Fatalf("word = %s after 201, want PENDING (C-06)", w)
		}
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		if !l.EnforcedAt.Equal(r.mde.act(0).Updated) {
			t.Errorf("EnforcedAt = %s, want the action's own time %s", l.EnforcedAt, r.mde.act(0).Updated)
		}
		time.Sleep(time.Until(l.Deadline) - time.Second)
		if r.mde.sent("unisolate") != 0 {
			t.Fatal("released early")
		}
		l = r.until(l.ID, soc.PhaseReleased, time.Minute)
		p.kill()
		r.promises(l)
		if l.Cause != soc.CauseTimer || r.mde.sent("unisolate") != 1 {
			t.Errorf("cause %s, %d releases, want timer and 1", l.Cause, r.mde.sent("unisolate"))
		}
		if late := r.mde.free()[0].Sub(l.Deadline); late > 5*time.Second {
			t.Errorf("freed %s after the deadline", late)
		}
	})
}

func TestV23_N01_ThreeWaysOutLeaveThreeCauses(t *testing.T) {
	ways := map[soc.Cause]func(r *rig, l soc.Lockdown){
		soc.CauseTimer: func(r *rig, l soc.Lockdown) { time.Sleep(hour) },
		soc.CauseUser: func(r *rig, l soc.Lockdown) {
			if _, err := r.svc.Release(r.t.Context(), analyst(), soc.ReleaseRequest{Host: r.key, Reason: "clean"}); err != nil {
				r.t.Fatal(err)
			}
		},
		soc.CauseExternal: func(r *rig, l soc.Lockdown) { r.mde.outside(soc.ActionUnisolate, "m1", time.Second) },
	}
	for cause, out := range ways {
		t.Run(string(cause), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				p := r.run()
				l := r.isolate(hour)
				r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
				out(r, l)
				time.Sleep(3 * time.Minute)
				p.kill()
				l = r.get(l.ID)
				ends := r.store.history(func(e soc.AuditEntry) bool { return soc.Phase(e.After).Final() })
				if l.Cause != cause || len(ends) != 1 || ends[0].Cause != cause {
					t.Fatalf("cause %s, ends %+v, want %s", l.Cause, ends, cause)
				}
				if cause == soc.CauseExternal && (!strings.Contains(ends[0].Detail, "d.mills") || r.mde.sent("unisolate") != 0) {
					t.Errorf("detail %q, %d releases; want the requestor and none", ends[0].Detail, r.mde.sent("unisolate"))
				}
				if r.mde.isolated("m1") {
					t.Error("still isolated")
				}
			})
		})
	}
}

func TestK05_NewerForeignIsolateEndsTheTimerWithoutRelease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.mde.outside(soc.ActionIsolate, "m1", time.Minute)
		l = r.until(l.ID, soc.PhaseSuperseded, 2*time.Minute)
		time.Sleep(5 * hour)
		p.kill()
		if l.Cause != soc.CauseSuperseded || r.mde.sent("unisolate") != 0 || !r.mde.isolated("m1") {
			t.Fatalf("cause %s, %d releases, isolated %v; want superseded, 0, true", l.Cause, r.mde.sent("unisolate"), r.mde.isolated("m1"))
		}
	})
}

func TestK05_ForeignIsolateThatFailsLeavesNobodyForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		a := r.mde.outside(soc.ActionIsolate, "m1", 10*hour)
		r.until(l.ID, soc.PhaseSuperseded, 2*time.Minute)
		time.Sleep(10 * time.Minute)
		r.mde.with(func() { a.Status, a.Updated = soc.ActionCancelled, time.Now() })
		time.Sleep(2 * hour)
		p.kill()
		if r.mde.isolated("m1") || r.mde.free()[0].Before(l.Deadline) {
			t.Fatalf("isolated %v, freed %v; want freed after %s", r.mde.isolated("m1"), r.mde.free(), l.Deadline)
		}
	})
}

func TestF24_IsolateInProgress(t *testing.T) {
	t.Run("foreign isolate", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			l := r.isolate(hour)
			a := r.mde.outside(soc.ActionIsolate, "m1", hour)
			a.visible = time.Now().Add(20 * time.Second) // our look is too early, the answer is 400
			p := r.run()
			l = r.until(l.ID, soc.PhaseSuperseded, 3*time.Minute)
			p.kill()
			if l.Cause != soc.CauseSuperseded || r.mde.sent("isolate") != 0 {
				t.Fatalf("cause %s, %d orders", l.Cause, r.mde.sent("isolate"))
			}
		})
	})
	t.Run("foreign release", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			l := r.isolate(hour)
			r.mde.outside(soc.ActionUnisolate, "m1", 2*time.Minute)
			p := r.run()
			r.until(l.ID, soc.PhaseIsolated, 8*time.Minute)
			p.kill()
			if r.mde.sent("isolate") != 1 {
				t.Fatalf("%d orders, want 1 after the release", r.mde.sent("isolate"))
			}
		})
	})
	t.Run("ours", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.mde.lag = soc.SettleIsolate + 30*time.Second // longer than the settle window: the second order meets the first
			r.mde.takes = 4 * time.Minute
			r.mde.answer = func(op string, n int, acted bool) error {
				if op == "isolate" && n == 1 && acted {
					return soc.ErrUnknownOutcome
				}
				return nil
			}
			l := r.isolate(hour)
			p := r.run()
			l = r.until(l.ID, soc.PhaseIsolated, 8*time.Minute)
			p.kill()
			if r.mde.sent("isolate") != 1 || l.ActionID != r.mde.act(0).ID {
				t.Fatalf("%d orders, action %s", r.mde.sent("isolate"), l.ActionID)
			}
		})
	})
}

func TestC02_F25_ReleaseInProgress(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		time.Sleep(time.Until(l.Deadline) - 10*time.Second)
		a := r.mde.outside(soc.ActionUnisolate, "m1", 5*time.Minute)
		r.mde.with(func() { a.visible = time.Now().Add(30 * time.Second) })
		l = r.until(l.ID, soc.PhaseSuperseded, 10*time.Minute)
		p.kill()
		if l.Cause != soc.CauseExternal || r.mde.isolated("m1") {
			t.Fatalf("cause %s, isolated %v", l.Cause, r.mde.isolated("m1"))
		}
		if n := len(r.store.reached(soc.PhaseReleaseBlocked)); n != 0 {
			t.Errorf("blocked %d times; a release under way is no failure", n)
		}
	})
	bubble(t, func(t *testing.T, r *rig) { // ours, with the answer lost and a list that lags beyond the settle window
		r.mde.lag, r.mde.releaseTakes = 50*time.Second, 3*time.Minute
		r.mde.answer = func(op string, n int, acted bool) error {
			if op == "unisolate" && n == 1 && acted {
				return soc.ErrUnknownOutcome
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
		r.promises(l)
		if r.mde.sent("unisolate") != 1 {
			t.Errorf("%d releases took effect, want 1 adopted", r.mde.sent("unisolate"))
		}
	})
}

func TestF33_F34_UnknownOutcomeIsReconciled(t *testing.T) {
	for _, acted := range []bool{true, false} {
		for _, lag := range []time.Duration{0, time.Minute, 110 * time.Second} {
			bubble(t, func(t *testing.T, r *rig) {
				r.mde.lag = lag
				r.mde.answer = func(op string, n int, done bool) error {
					if op == "isolate" && n == 1 && done == acted {
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
}

func TestF38_UnknownStatusIsNotFinal(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.offline["m1"] = true
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhasePending, time.Minute)
		r.mde.with(func() { r.mde.acts[0].Status = "Queued" })
		time.Sleep(2 * hour)
		if l = r.get(l.ID); l.Phase != soc.PhasePending || l.RemoteStatus != "Queued" || !strings.Contains(l.Trouble, "Queued") {
			t.Fatalf("phase %s, status %q, trouble %q", l.Phase, l.RemoteStatus, l.Trouble)
		}
		r.mde.with(func() { r.mde.offline["m1"], r.mde.acts[0].ready = false, time.Now() })
		r.until(l.ID, soc.PhaseIsolated, 10*time.Minute)
		p.kill()
	})
}

func TestF39_StatusGoingBackwardsIsIgnored(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.mde.mu.Lock()
		a := r.mde.acts[0]
		a.Status, a.Updated, a.ready = soc.ActionPending, a.Created, time.Now().Add(10*hour) // a replica that is behind
		r.mde.mu.Unlock()
		time.Sleep(5 * time.Minute)
		if l = r.get(l.ID); l.Phase != soc.PhaseIsolated {
			t.Fatalf("phase = %s, want isolated", l.Phase)
		}
		if got := soc.DeriveIsolation(r.key, r.store.actions[r.key], time.Now()); got.Word != soc.Isolated {
			t.Fatalf("screens show %q", got.Word)
		}
		p.kill()
	})
}

func TestF28_RefusedIsolateFails(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.answer = func(op string, _ int, acted bool) error {
			if op == "isolate" {
				return &soc.Error{Kind: soc.KindRefused, Code: "OsPlatformNotSupported", What: "the platform is not supported"}
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseFailed, time.Minute)
		time.Sleep(hour)
		p.kill()
		if l.Cause != soc.CauseRefused || r.mde.called("isolate") != 1 || !strings.Contains(l.Note, "platform") {
			t.Fatalf("cause %s, %d calls, note %q", l.Cause, r.mde.called("isolate"), l.Note)
		}
	})
}

func TestN12_C16_OrderThatCouldNotBeSentIsDroppedStale(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		down := true
		r.mde.answer = func(string, int, bool) error {
			if down {
				return soc.ErrUnavailable
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseCancelled, 11*time.Minute)
		r.mde.with(func() { down = false })
		time.Sleep(hour)
		p.kill()
		if l.Cause != soc.CauseStale || r.mde.sent("isolate") != 0 {
			t.Fatalf("cause %s, %d orders, want stale and none", l.Cause, r.mde.sent("isolate"))
		}
	})
}
