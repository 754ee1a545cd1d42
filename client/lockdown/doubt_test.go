package lockdown

import (
	"testing"
	"time"

	"cordon/store/soc"
)

// TestF58_TheDoubtIsAskedForBeforeTheTime: the wall clock is three hours fast at the start. Just after a worker has asked what time it is, an
// answer on another goroutine puts the clock right: the worker must not judge by the time of before. The control asks in the other order.
func TestF58_TheDoubtIsAskedForBeforeTheTime(t *testing.T) {
	real, boot := time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC), time.Hour
	setup := func() (*Guard, func() time.Time) {
		g := NewGuard(GuardOptions{Server: true, Clocks: Clocks{
			Wall: func() time.Time { return real.Add(3 * time.Hour) }, Boot: func() time.Duration { return boot },
		}})
		return g, func() time.Time {
			now := g.Now()
			g.Heard("int-1", real, 0)
			real, boot = real.Add(secondOpinion), boot+secondOpinion
			g.Heard("int-1", real, 0) // in this very moment
			return now
		}
	}
	l := soc.Lockdown{Phase: soc.PhaseIsolated, Deadline: real.Add(2 * time.Hour)}
	g, now := setup()
	r := &Reconciler{o: Options{Guard: g, Now: now}}
	if at := r.clock(l); !at.Before(l.Deadline) {
		t.Errorf("judged due %s early, and that is sticky", l.Deadline.Sub(real))
	}
	g, now = setup()
	if at := now(); at.Before(l.Deadline) || g.Waits() {
		t.Error("control: the other order sees nothing wrong; the test proves nothing")
	}
}
