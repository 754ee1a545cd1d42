package connect_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// TestF47_K07_DetachWithAQueuedIsolateIsRefused: the lockdown is over, but an isolate of it is still queued and would strike when nobody watches
// any more. Without such an order (the control) detaching goes through.
func TestF47_K07_DetachWithAQueuedIsolateIsRefused(t *testing.T) {
	for _, queued := range []bool{true, false} {
		l := newLab(t)
		in := l.attached("contoso")
		lock := l.lock(in, "WS-1", soc.PhaseIsolated)
		now := time.Now()
		lock.Phase, lock.Cause, lock.EndedAt, lock.WatchUntil, lock.Wake = soc.PhaseReleased, soc.CauseTimer, now, now.Add(soc.WatchAfter), now.Add(time.Minute)
		if queued {
			lock.Trouble = "an isolate order of this lockdown is still queued and may strike; cordon is cancelling it"
		}
		if _, err := l.store.SaveLockdown(t.Context(), lock); err != nil {
			t.Fatal(err)
		}
		err := l.Detach(t.Context(), admin(), in.ID, false, false)
		if !queued {
			if err != nil {
				t.Errorf("control: %v", err)
			}
			continue
		}
		if !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "live-lockdowns"}) || !strings.Contains(err.Error(), "WS-1 (LK-WS-1, RELEASED, a late isolate order") {
			t.Fatalf("Detach = %v", err)
		}
		l.stored(in.ID)
		if err := l.Detach(t.Context(), admin(), in.ID, false, true); err != nil { // abandoned by name, with a line of history
			t.Errorf("abandon: %v", err)
		}
	}
}
