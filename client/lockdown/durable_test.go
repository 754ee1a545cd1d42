package lockdown_test

import (
	"context"
	"testing"
	"time"

	"cordon/store/soc"
)

// doubtful is a store whose n-th write of a lockdown reports an error although the record is on the disk (M4).
type doubtful struct {
	*memStore
	n, fails int
}

func (s *doubtful) SaveLockdown(ctx context.Context, l soc.Lockdown, e ...soc.AuditEntry) (soc.Lockdown, error) {
	saved, err := s.memStore.SaveLockdown(ctx, l, e...)
	if s.n++; s.n == s.fails && err == nil {
		return soc.Lockdown{}, soc.ErrUnknownOutcome
	}
	return saved, err
}

// TestF66_I4_AWriteThatFailedAndIsThereCountsOnce: whichever write of a release it is, the history tells each step once and the host is
// released by one order. memStore checks every step against the invariants, the chain of phases in the history among them.
func TestF66_I4_AWriteThatFailedAndIsThereCountsOnce(t *testing.T) {
	for n := 1; n <= 8; n++ {
		bubble(t, func(t *testing.T, r *rig) {
			p := r.run()
			l := r.isolate(hour)
			l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
			p.kill()
			s := &doubtful{memStore: r.store, fails: n}
			p = r.start(s, r.mde)
			l = r.until(l.ID, soc.PhaseReleased, 3*hour)
			p.kill()
			r.promises(l)
			for _, phase := range []soc.Phase{soc.PhaseReleaseRequested, soc.PhaseReleasing, soc.PhaseReleased} {
				if got := len(r.store.reached(phase)); got != 1 {
					t.Errorf("write %d: %d entries of the change to %s, want 1", n, got, phase)
				}
			}
		})
	}
}
