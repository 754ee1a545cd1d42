package soc_test

import (
	"testing"
	"time"

	"cordon/store/soc"
)

// TestF21_K08_ATakenBackOrderThatWorkedIsReleasedAtOnce: a person cancelled, the answer was another machine's, and the order turns out to have
// isolated the host. Nobody waits for a deadline that nobody wants. The control is the same record without the cancel.
func TestF21_K08_ATakenBackOrderThatWorkedIsReleasedAtOnce(t *testing.T) {
	at := planNow
	iso := orderOf("LK-AAAA0000", 1, soc.ActionIsolate, soc.ActionSucceeded, at, at.Add(time.Minute))
	r, _ := soc.Recover(soc.Host{Key: isoKey, Name: "ws-01"}, []soc.MachineAction{iso}, at.Add(10*time.Minute))
	for _, wanted := range []bool{true, false} {
		l := r.Lockdown
		l.Phase, l.CancelWanted, l.CancelledBy = soc.PhaseNeedsHuman, wanted, soc.Actor{Name: "alice"}
		now := at.Add(11 * time.Minute)
		next, audit, err := soc.Observed(l, soc.Seen{At: now, TriedAt: now, Actions: []soc.MachineAction{iso}}, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := next.Phase == soc.PhaseReleaseRequested && next.ReleaseCause == soc.CauseCancelled; got != wanted {
			t.Errorf("cancel wanted %v: %s %s %+v", wanted, next.Phase, next.ReleaseCause, audit)
		}
		if err := soc.Check(l, next, audit...); err != nil {
			t.Error(err)
		}
	}
}
