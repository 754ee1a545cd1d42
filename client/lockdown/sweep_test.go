package lockdown_test

import (
	"context"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// lazy is a tenant whose answers take two seconds.
type lazy struct{ *tenant }

func (s lazy) Remote(soc.IntegrationID) (lockdown.Remote, error) { return s, nil }

func (s lazy) HostActions(ctx context.Context, id string) ([]soc.MachineAction, error) {
	time.Sleep(2 * time.Second)
	return s.tenant.HostActions(ctx, id)
}

// sweeping runs timers and sweep together for a while and returns what the sweep caught.
func (r *rig) sweeping(rec *lockdown.Reconciler, long time.Duration) []soc.Trouble {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 2)
	go func() { done <- rec.Run(ctx) }()
	go func() { done <- rec.Sweep(ctx) }()
	time.Sleep(long)
	cancel()
	<-done
	<-done
	return rec.Troubles()
}

// A start after a pause of more than a minute is no fault of the timers: nobody forgot anything, however long the queue. The control is the
// same start with timers that know nothing.
func TestF64_AStartAfterAPauseIsNoCatch(t *testing.T) {
	t.Parallel()
	for _, hosts := range []int{30, 120} {
		bubble(t, func(t *testing.T, r *rig) {
			r.crowd(hosts)
			time.Sleep(4 * time.Hour) // nobody kept the timers
			rec := lockdown.NewReconciler(r.options(r.store, lazy{r.mde}))
			if caught := r.sweeping(rec, 15*time.Minute); len(caught) > 0 {
				t.Errorf("an ordinary start tells people %d times of a fault of cordon: %v", len(caught), caught[0].What)
			}
			if free := len(r.mde.free()); free != hosts {
				t.Errorf("%d of %d free", free, hosts)
			}
		})
	}
	bubble(t, func(t *testing.T, r *rig) {
		r.crowd(3)
		time.Sleep(4 * time.Hour)
		rec := lockdown.NewReconciler(r.options(&amnesia{memStore: r.store}, r.mde))
		if caught := r.sweeping(rec, 15*time.Minute); len(caught) != 3 {
			t.Errorf("control: caught %v", caught)
		}
	})
}

// A disk that refuses the records of orders that wait is not forgetting them.
func TestF64_K11_ARecordThatCanNotBeWrittenIsNoCatch(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.offline["m1"] = true
		rec := lockdown.NewReconciler(r.options(r.store, r.mde))
		r.isolate(hour)
		sent := false
		r.store.failSave = func(l soc.Lockdown) error {
			if sent {
				return soc.ErrUnavailable
			}
			sent = l.Phase == soc.PhasePending
			return nil
		}
		if caught := r.sweeping(rec, hour); len(caught) > 0 {
			t.Errorf("caught %d: %v", len(caught), caught[0].What)
		}
	})
}
