package lockdown_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// sticky is a store in which one write, of the wake-up alone, takes three minutes.
type sticky struct {
	*memStore
	armed atomic.Bool
	wake  atomic.Int64 // what that write said, Unix seconds
}

func (s *sticky) SaveLockdown(ctx context.Context, l soc.Lockdown, e ...soc.AuditEntry) (soc.Lockdown, error) {
	if len(e) == 0 && s.armed.CompareAndSwap(true, false) {
		s.wake.Store(l.Wake.Unix())
		time.Sleep(3 * time.Minute)
	}
	return s.memStore.SaveLockdown(ctx, l, e...)
}

// TestF59_AClockThatIsSetBackDuringAWriteHidesNoRecord: a worker that was at work when the clock was set back may not remember a look, nor leave a
// wake-up, by the clock of before.
func TestF59_AClockThatIsSetBackDuringAWriteHidesNoRecord(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var c clocks
		s := &sticky{memStore: r.store}
		r.mde.offline["m1"] = true
		o := r.options(s, r.mde)
		o.Now = func() time.Time { return time.Now().Add(time.Duration(c.err.Load())) }
		ctx, cancel := context.WithCancel(t.Context())
		p := &process{stop: cancel, done: make(chan struct{}), rec: lockdown.NewReconciler(o)}
		go func() { defer close(p.done); _ = p.rec.Run(ctx) }()
		defer p.kill()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhasePending, 3*time.Minute)
		time.Sleep(time.Minute)
		c.err.Store(int64(6 * hour))
		for s.armed.Store(true); s.armed.Load(); time.Sleep(time.Second) {
		}
		if ahead := s.wake.Load() - time.Now().Unix(); ahead < int64(5*hour/time.Second) {
			t.Fatalf("the write is for %d s ahead; the test proves nothing", ahead)
		}
		time.Sleep(30 * time.Second)
		c.err.Store(0) // while the worker writes
		r.mde.with(func() { delete(r.mde.offline, "m1") })
		r.until(l.ID, soc.PhaseIsolated, 20*time.Minute)
		if wake := r.get(l.ID).Wake; wake.After(time.Now().Add(2 * hour)) {
			t.Errorf("it is stored to wake at %s, it is %s", wake, time.Now())
		}
	})
}
