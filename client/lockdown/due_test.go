package lockdown_test

import (
	"context"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// releaseDue is one run of the command, which has ten minutes.
func (r *rig) releaseDue(g *lockdown.Guard) lockdown.DueReport {
	r.t.Helper()
	o := r.options(r.store, r.mde)
	o.Guard = g
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Minute)
	defer cancel()
	began := time.Now()
	rep, err := lockdown.NewReconciler(o).ReleaseDue(ctx, nil)
	if took := time.Since(began); err != nil || took > 10*time.Minute+5*time.Second {
		r.t.Errorf("%v, after %s", err, took)
	}
	return rep
}

// Nobody kept the timers while the device was isolated: the lockdown still waits in the store, its time is long over in Defender. The control
// is a run that can not look: it must not say that nothing is due.
func TestF65_N19_ReleaseDueLooksAtWhatWaitedForTheDevice(t *testing.T) {
	for _, phase := range []soc.Phase{soc.PhasePending, soc.PhaseSubmitting} {
		bubble(t, func(t *testing.T, r *rig) {
			if phase == soc.PhaseSubmitting { // its answer was lost
				r.mde.lag = time.Minute
				r.mde.answer = func(op string, _ int, acted bool) error {
					if op == "isolate" && acted {
						return &soc.Error{Kind: soc.KindUnknownOutcome}
					}
					return nil
				}
			}
			p := r.run()
			l := r.isolate(hour)
			r.until(l.ID, phase, 3*time.Minute)
			time.Sleep(time.Second)
			p.kill()
			time.Sleep(5 * time.Hour)
			if !r.mde.isolated("m1") || r.get(l.ID).Phase != phase {
				t.Fatalf("%s; the test proves nothing", r.get(l.ID).Phase)
			}
			r.mde.with(func() { r.mde.answer = func(string, int, bool) error { return soc.ErrUnavailable } })
			if rep := r.releaseDue(nil); len(rep.Unseen) != 1 || len(rep.Released) != 0 {
				t.Errorf("control: nobody could look, and the report is %+v", rep)
			}
			r.mde.with(func() { r.mde.answer = nil })
			if rep := r.releaseDue(nil); len(rep.Released) != 1 || len(rep.Left)+len(rep.Unseen) != 0 || r.mde.isolated("m1") {
				t.Errorf("%s: isolated %v, %+v", phase, r.mde.isolated("m1"), rep)
			}
		})
	}
}

// A device that is offline, or isolated and not over yet, holds the run up no longer than one look.
func TestF65_N19_ReleaseDueWaitsForNobodyWhoseTimeIsNotOver(t *testing.T) {
	for _, offline := range []bool{true, false} {
		bubble(t, func(t *testing.T, r *rig) {
			r.mde.offline["m1"] = offline
			p := r.run()
			l := r.isolate(5 * hour)
			r.until(l.ID, soc.PhasePending, 3*time.Minute)
			p.kill()
			looks := r.mde.called("list")
			time.Sleep(2 * time.Minute)
			began := time.Now()
			rep := r.releaseDue(nil)
			if took := time.Since(began); took > time.Second || len(rep.Due)+len(rep.Unseen) != 0 || rep.Doubt() {
				t.Errorf("offline %v: %+v after %s", offline, rep, took)
			}
			if r.mde.called("list") == looks {
				t.Errorf("offline %v: nobody looked", offline)
			}
		})
	}
}

// A look that could not be written down is none: the store says no more than before.
func TestF65_N19_K11_ReleaseDueDoesNotTrustALookThatWasNotStored(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(5 * hour)
		r.until(l.ID, soc.PhasePending, 3*time.Minute)
		p.kill()
		time.Sleep(hour)
		r.store.failSave = func(soc.Lockdown) error { return soc.ErrUnavailable }
		if rep := r.releaseDue(nil); len(rep.Unseen) != 1 {
			t.Errorf("%+v", rep)
		}
		r.store.failSave = nil
		if rep := r.releaseDue(nil); len(rep.Unseen)+len(rep.Left) != 0 || r.get(l.ID).Phase != soc.PhaseIsolated {
			t.Errorf("control: %s, %+v", r.get(l.ID).Phase, rep)
		}
	})
}

// The lockdown has ended, and a second isolate of it strikes while nobody keeps the timers (C-01). The control is the same without the run.
func TestF65_N19_F47_ReleaseDueReleasesWhatALateIsolateCutOff(t *testing.T) {
	for _, runs := range []bool{true, false} {
		bubble(t, func(t *testing.T, r *rig) {
			p := r.run()
			l := r.isolate(hour)
			r.until(l.ID, soc.PhaseReleased, 2*hour)
			p.kill()
			r.mde.with(func() {
				r.mde.add(soc.ActionIsolate, "m1", "app", "cordon/1 id="+string(l.ID)+" token="+soc.AttemptToken(l.ID, 1)+" verb=isolate", time.Minute)
			})
			time.Sleep(hour)
			if !r.mde.isolated("m1") {
				t.Fatal("it did not strike; the test proves nothing")
			}
			if runs {
				rep := r.releaseDue(nil)
				t.Logf("%d due, %d released, %d left, %d unseen", len(rep.Due), len(rep.Released), len(rep.Left), len(rep.Unseen))
			}
			if r.mde.isolated("m1") == runs {
				t.Errorf("run %v: isolated %v", runs, r.mde.isolated("m1"))
			}
		})
	}
}

// The machine starts with a clock that is hours behind but believable. By it nothing is due; a server must be heard before that is said.
func TestF65_N19_F62_ReleaseDueHearsAServerBeforeItSaysThatNothingIsDue(t *testing.T) {
	for _, heard := range []bool{true, false} {
		bubble(t, func(t *testing.T, r *rig) {
			p := r.run()
			l := r.isolate(hour)
			r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
			p.kill()
			time.Sleep(2 * hour)
			var c clocks
			c.err.Store(int64(-2 * hour))
			g := c.guard(true, time.Time{})
			r.mde.answer = func(_ string, _ int, acted bool) error {
				if !heard {
					return soc.ErrUnavailable
				}
				if !acted {
					g.Heard("t1", time.Now(), 0)
				}
				return nil
			}
			rep := r.releaseDue(g)
			if free := !r.mde.isolated("m1"); free != heard || rep.Doubt() == heard {
				t.Errorf("server heard %v: free %v, doubt %v, %d released", heard, free, rep.Doubt(), len(rep.Released))
			}
		})
	}
}
