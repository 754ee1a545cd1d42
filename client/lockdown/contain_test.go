package lockdown_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// bursting is a tenant whose answers break the program that reads them, until it is mended.
type bursting struct {
	*tenant
	mended atomic.Bool
	broke  atomic.Int64
}

func (b *bursting) Remote(soc.IntegrationID) (lockdown.Remote, error) { return b, nil }

func (b *bursting) HostActions(ctx context.Context, id string) ([]soc.MachineAction, error) {
	if !b.mended.Load() {
		b.broke.Add(1)
		panic("an answer that nobody expected")
	}
	return b.tenant.HostActions(ctx, id)
}

// TestF19_F65_APanicWhileAskingForTheTimeStaysInside: the clock waits for a first answer, and every answer breaks its reader. The process
// lives on, and releases when the answers are right again.
func TestF19_F65_APanicWhileAskingForTheTimeStaysInside(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		var c clocks
		g := c.guard(true, time.Time{})
		wild := &bursting{tenant: r.mde}
		o := r.options(r.store, wild)
		o.Guard = g
		ctx, cancel := context.WithCancel(t.Context())
		p = &process{stop: cancel, done: make(chan struct{}), rec: lockdown.NewReconciler(o)}
		go func() { defer close(p.done); _ = p.rec.Run(ctx) }()
		time.Sleep(time.Minute)
		if wild.broke.Load() == 0 {
			t.Fatal("nobody asked; the test proves nothing")
		}
		wild.mended.Store(true)
		g.Heard("int-1", time.Now(), 0)
		l = r.until(l.ID, soc.PhaseReleased, 3*hour)
		p.kill()
		r.promises(l)
	})
}
