package lockdown_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// Two sessions press isolate in the same moment, and one of them presses twice: the host has one lockdown and Defender gets one order; the
// others are told of it, and the refusals are in the history. A press after that sees the first one too. In the control the second order is
// stored by hand beside the first, as a store without the rule would, and the same count finds it.
func TestF76_I11_DoublePressAndTwoSessions(t *testing.T) {
	for _, control := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			other := lockdown.NewService(r.options(r.store, r.mde)) // a second session, with a console of its own
			bob := analyst()
			bob.Actor.Name = "bob"
			press := func(svc *lockdown.Service, who soc.Session) error {
				_, err := svc.Isolate(t.Context(), who, soc.IsolateRequest{Host: r.key, Period: 2 * time.Hour, Reason: "beacons"})
				return err
			}
			errs := make([]error, 3)
			var wg sync.WaitGroup
			for i, p := range []struct {
				svc *lockdown.Service
				who soc.Session
			}{{r.svc, analyst()}, {r.svc, analyst()}, {other, bob}} {
				wg.Go(func() { errs[i] = press(p.svc, p.who) })
			}
			wg.Wait()
			if control {
				for id, l := range r.store.locks {
					l.ID = "SECOND-" + id
					r.store.locks[l.ID] = l
					break
				}
			}
			errs = append(errs, press(other, bob))
			stored, refused := 0, 0
			for _, err := range errs {
				var e *soc.Error
				switch {
				case err == nil:
					stored++
				case errors.As(err, &e) && e.Kind == soc.KindConflict && e.What != "":
					refused++
				default:
					t.Errorf("press: %v", err)
				}
			}
			if stored != 1 || refused != 3 {
				t.Errorf("%d stored, %d refused", stored, refused)
			}
			lines := r.store.history(func(e soc.AuditEntry) bool { return e.Result == soc.ResultRefused && e.Actor.Name != "" })
			if len(lines) != 3 {
				t.Errorf("%d refusals in the history", len(lines))
			}
			want := 0
			if !control {
				p := r.run()
				time.Sleep(10 * time.Minute)
				p.kill()
				want = 1
			}
			if one := len(r.store.locks) == 1; one == control || len(r.mde.posts) != want {
				t.Errorf("control %v: %d lockdowns, %d orders sent", control, len(r.store.locks), len(r.mde.posts))
			}
		})
	}
}
