package lockdown_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"cordon/store/soc"
)

// grudging refuses one lockdown every write, as a store does whose host has two open records. A spinning loop stops the time of the test, so
// the store says something else after plenty.
type grudging struct {
	*memStore
	hits    func(soc.Lockdown) bool
	refused atomic.Int32
}

const plenty = 5000

func (s *grudging) SaveLockdown(ctx context.Context, l soc.Lockdown, e ...soc.AuditEntry) (soc.Lockdown, error) {
	if s.hits(l) {
		if s.refused.Add(1) > plenty {
			return soc.Lockdown{}, soc.ErrUnavailable
		}
		return soc.Lockdown{}, &soc.Error{Kind: soc.KindConflict, Code: "open-lockdown"}
	}
	return s.memStore.SaveLockdown(ctx, l, e...)
}

// Two open lockdowns of one host, as a damaged database may hold: the store refuses each write of either as a conflict, and reading again does
// not help. That costs a few tries a second, no spinning core, and the other hosts get their turn.
func TestF63_I11_ARecordThatTheStoreRefusesForEverDoesNotSpin(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		l := r.isolate(hour)
		for _, id := range []soc.LockdownID{l.ID, "SECOND-" + l.ID} {
			twin := l
			twin.ID = id
			r.store.locks[id] = twin
		}
		s := &grudging{memStore: r.store, hits: func(l soc.Lockdown) bool { return l.Key == r.key }}
		other := r.isolateOther(t)
		p := r.start(s, r.mde)
		time.Sleep(time.Minute)
		if n := s.refused.Load(); n == 0 || n > 60*2*20 {
			t.Errorf("%d writes were refused in a minute", n)
		}
		r.until(other, soc.PhaseReleased, 2*hour)
		p.kill()
	})
}

func (r *rig) isolateOther(t *testing.T) soc.LockdownID {
	t.Helper()
	l, err := r.svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{
		Host: soc.HostKey{Integration: "t1", MachineID: "m10"}, Period: hour, Reason: "beacons", Ticket: "INC-8",
	})
	if err != nil {
		t.Fatal(err)
	}
	return l.ID
}
