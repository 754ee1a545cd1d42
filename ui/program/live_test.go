package program

import (
	"path/filepath"
	"testing"
	"time"

	"cordon/store"
	"cordon/store/soc"
)

// TestC01_K13_AQueuedIsolateKeepsTheTimersAlive: a released host whose second isolate still waits at Defender needs a process as much as an
// isolated one; one that is merely watched does not.
func TestC01_K13_AQueuedIsolateKeepsTheTimersAlive(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cordon.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	now := time.Now().UTC()
	for id, trouble := range map[soc.LockdownID]string{"LK-QUEUED": "an isolate order is still queued", "LK-QUIET": ""} {
		l := soc.Lockdown{
			ID: id, Key: soc.HostKey{Integration: "i1", MachineID: string(id)}, HostName: string(id), Phase: soc.PhaseRequested, RequestedAt: now,
			Period: time.Hour, By: soc.Actor{Name: "alice"}, Wake: now,
		}
		l, err := st.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "isolate", Lockdown: id, Actor: l.By, Result: soc.ResultOK})
		if err != nil {
			t.Fatal(err)
		}
		l.Phase, l.Cause, l.EndedAt, l.Trouble = soc.PhaseCancelled, soc.CauseCancelled, now, trouble
		l.WatchUntil, l.Wake = now.Add(soc.WatchAfter), now.Add(time.Minute)
		if _, err := st.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "cancel", Lockdown: id, Actor: l.By, Result: soc.ResultOK}); err != nil {
			t.Fatal(err)
		}
	}
	live, err := liveOf(t.Context(), st, now)
	if err != nil || len(live) != 1 || live[0].ID != "LK-QUEUED" {
		t.Errorf("live = %+v, %v; want the one with the queued isolate", live, err)
	}
}
