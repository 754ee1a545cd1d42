package soc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

func orderOf(id string, n int, t soc.ActionType, s soc.ActionStatus, created, updated time.Time) soc.MachineAction {
	verb := "isolate"
	if t == soc.ActionUnisolate {
		verb = "release"
	}
	return soc.MachineAction{
		ID: fmt.Sprintf("%s-act-%d", id, n), Type: t, Status: s, MachineID: isoKey.MachineID, Created: created, Updated: updated,
		Comment: fmt.Sprintf("cordon/1 id=%s token=%s.%d verb=%s mode=manual period=2h0m0s by=alice via=ssh ticket=INC-7 reason=beacons", id, id, n, verb),
	}
}

func TestK12_RecoverRebuildsFromTheComment(t *testing.T) {
	at := planNow
	iso := orderOf("LK-AAAA0000", 1, soc.ActionIsolate, soc.ActionSucceeded, at, at.Add(time.Minute))
	now := at.Add(time.Hour)
	with := func(a soc.MachineAction, change func(*soc.MachineAction)) soc.MachineAction { change(&a); return a }
	foreign := soc.MachineAction{ID: "f1", Type: soc.ActionIsolate, Status: soc.ActionSucceeded, MachineID: isoKey.MachineID, Created: at.Add(20 * time.Minute), Updated: at.Add(21 * time.Minute), Requestor: "d.mills"}
	freed := soc.MachineAction{ID: "f2", Type: soc.ActionUnisolate, Status: soc.ActionSucceeded, MachineID: isoKey.MachineID, Created: at.Add(20 * time.Minute), Updated: at.Add(21 * time.Minute)}
	tests := []struct {
		name    string
		actions []soc.MachineAction
		found   bool
		take    bool
		phase   soc.Phase
		end     time.Time
	}{
		{"in force", []soc.MachineAction{iso}, true, true, soc.PhaseIsolated, at.Add(time.Minute + 2*time.Hour)},
		{"waiting", []soc.MachineAction{with(iso, func(a *soc.MachineAction) { a.Status = soc.ActionPending })}, true, true, soc.PhasePending, time.Time{}},
		{"released outside", []soc.MachineAction{iso, freed}, false, false, "", time.Time{}},
		{"isolated again outside", []soc.MachineAction{iso, foreign}, true, false, "", time.Time{}},
		{"release failed", []soc.MachineAction{iso, orderOf("LK-AAAA0000", 2, soc.ActionUnisolate, soc.ActionTimeOut, at.Add(30*time.Minute), now)}, true, true, soc.PhaseIsolated, at.Add(30 * time.Minute)},
		{"cut comment", []soc.MachineAction{with(iso, func(a *soc.MachineAction) { a.Comment = a.Comment[:len("cordon/1 id=LK-AAAA0000 token=")+4] })}, true, true, soc.PhaseNeedsHuman, time.Time{}},
		{"period too long", []soc.MachineAction{with(iso, func(a *soc.MachineAction) { a.Comment = strings.Replace(a.Comment, "2h0m0s", "900h", 1) })}, true, true, soc.PhaseNeedsHuman, time.Time{}},
		{"comment of a person", []soc.MachineAction{with(iso, func(a *soc.MachineAction) { a.Comment = "see cordon/1 id=LK-AAAA0000" })}, false, false, "", time.Time{}},
		{"failed", []soc.MachineAction{with(iso, func(a *soc.MachineAction) { a.Status = soc.ActionFailed })}, false, false, "", time.Time{}},
	}
	for _, tt := range tests {
		r, found := soc.Recover(soc.Host{Key: isoKey, Name: "ws-01"}, tt.actions, now)
		l := r.Lockdown
		if found != tt.found || r.Take != tt.take {
			t.Errorf("%s: found %v, take %v (%s)", tt.name, found, r.Take, r.Why)
			continue
		}
		if !r.Take {
			continue
		}
		if l.Phase != tt.phase || !l.Deadline.Equal(tt.end) || l.ID != "LK-AAAA0000" {
			t.Errorf("%s: %s %s until %s, want %s until %s", tt.name, l.ID, l.Phase, l.Deadline, tt.phase, tt.end)
		}
		if err := soc.Check(soc.Lockdown{}, l, soc.RecoverEntry(l, soc.Actor{Name: "bob"})); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.phase == soc.PhaseIsolated && (l.By.Name != "alice" || l.Ticket != "INC-7" || l.Reason != "beacons" || l.Period != 2*time.Hour) {
			t.Errorf("%s: %+v", tt.name, l)
		}
	}
}

// New orders of a recovered lockdown must not carry a token that the tenant has seen already: the old order would be adopted as the new one.
func TestK12_RecoveredTokensCountOn(t *testing.T) {
	at := planNow
	actions := []soc.MachineAction{
		orderOf("LK-AAAA0000", 1, soc.ActionIsolate, soc.ActionSucceeded, at, at.Add(time.Minute)),
		orderOf("LK-AAAA0000", 7, soc.ActionUnisolate, soc.ActionFailed, at.Add(2*time.Hour), at.Add(3*time.Hour)),
	}
	now := at.Add(4 * time.Hour)
	r, _ := soc.Recover(soc.Host{Key: isoKey}, actions, now)
	seen := soc.Seen{At: now, TriedAt: now, Actions: actions}
	l, _, err := soc.Observed(r.Lockdown, seen, now)
	if err != nil || l.Phase != soc.PhaseReleaseRequested {
		t.Fatalf("%s, %v; the release was owed", l.Phase, err)
	}
	begun, _, err := soc.Begin(l, soc.Plan(l, seen, now), now)
	last, _ := begun.LastAttempt()
	if err != nil || last.N != 8 || last.Token != "LK-AAAA0000.8" {
		t.Fatalf("attempt %+v, %v; want number 8", last, err)
	}
}

func TestK12_CheckRefusesARecoveredRecordWithoutAnOrder(t *testing.T) {
	r, _ := soc.Recover(soc.Host{Key: isoKey}, []soc.MachineAction{orderOf("LK-AAAA0000", 1, soc.ActionIsolate, soc.ActionSucceeded, planNow, planNow)}, planNow)
	l := r.Lockdown
	l.ActionID = ""
	if err := soc.Check(soc.Lockdown{}, l, soc.RecoverEntry(l, soc.Actor{Name: "bob"})); err == nil {
		t.Error("a record out of nothing passed")
	}
}
