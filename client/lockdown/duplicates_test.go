package lockdown_test

import (
	"fmt"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
)

// The order of events that left hosts isolated after two releases (C-01): a second isolate of ours is let in, waits behind the release, and
// strikes half a minute after it. The answer to the first order is lost and the list lags beyond the settle window; each way in which
// Defender may treat duplicates is tried.
func TestC01_EndToEndDuplicateThatStrikesAfterTheRelease(t *testing.T) {
	for _, dup := range []sim.DuplicatePolicy{sim.DuplicateRefused, sim.DuplicateMessageOnly, sim.DuplicateExisting, sim.DuplicateCreated} {
		for _, crossing := range []bool{false, true} {
			t.Run(fmt.Sprintf("duplicates=%d/crossing=%v", dup, crossing), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.sim.Behave(func(b *sim.Behaviour) {
					b.Duplicate, b.Crossing, b.StickDuplicates, b.ListLag = dup, crossing, true, soc.SettleIsolate+30*time.Second
				})
				w.sim.Inject(sim.Fault{Match: "POST /api/machines/*/isolate", Kind: sim.FaultCut, After: true})
				l := w.isolate()
				l = w.until(l.ID, soc.PhaseIsolated, 10*time.Second)
				l = w.until(l.ID, soc.PhaseReleased, 5*time.Minute)
				for range 20 { // the duplicate would strike within a minute
					w.clock.Add(time.Minute)
					w.proc.rec.Kick()
					<-time.After(20 * time.Millisecond)
				}
				if w.sim.Isolated(w.host.Key.MachineID) {
					t.Errorf("the host went dark again: %+v", w.sim.ActionsOf(w.host.Key.MachineID))
				}
				for _, p := range w.sim.Posts(w.host.Key.MachineID, "unisolate") {
					if p.At.Before(l.Deadline) {
						t.Errorf("release at %s, deadline %s", p.At, l.Deadline)
					}
				}
			})
		}
	}
}
