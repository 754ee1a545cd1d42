package soc_test

import (
	"testing"
	"time"

	"cordon/store/soc"
)

// A mistake in device groups hides a machine from the application for two hours; its isolation goes on. When it shows again, its release is
// owed as before.
func TestF29_AMachineThatComesBackIsStillReleased(t *testing.T) {
	at := planNow
	iso := orderOf("LK-AAAA0000", 1, soc.ActionIsolate, soc.ActionSucceeded, at, at.Add(time.Minute))
	r, _ := soc.Recover(soc.Host{Key: isoKey, Name: "ws-01"}, []soc.MachineAction{iso}, at.Add(time.Hour))
	l := r.Lockdown
	now := at.Add(3 * time.Hour) // its time is over
	hidden := true
	sent := 0
	for end := now.Add(24 * time.Hour); now.Before(end); now = now.Add(5 * time.Second) {
		if now.Sub(at) > 5*time.Hour {
			hidden = false
		}
		seen := soc.Seen{At: now, TriedAt: now, Actions: []soc.MachineAction{iso}, Gone: hidden && soc.AsksMachine(l)}
		next, _, err := soc.Observed(l, seen, now)
		if err != nil {
			t.Fatal(err)
		}
		l = next
		do := soc.Plan(l, seen, now)
		if do.Do != soc.DoSend || do.Verb != soc.VerbRelease {
			continue
		}
		if sent++; !hidden {
			return // the release is sent
		}
		if l, _, err = soc.Begin(l, do, now); err != nil {
			t.Fatal(err)
		}
		last, _ := l.LastAttempt()
		if l, _, err = soc.Applied(l, soc.Outcome{Token: last.Token, Err: &soc.Error{Kind: soc.KindNotFound}}, now); err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("the host is isolated (the action list shows it the whole time) and nobody releases it: %s, %s, %q after %d orders", l.Phase, l.Cause, l.Note, sent)
}
