package soc_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"cordon/store/soc"
)

var (
	isoKey = soc.HostKey{Integration: "t1", MachineID: "aa01"}
	isoT0  = time.Date(2026, 2, 3, 6, 0, 0, 0, time.UTC)
)

// order makes an action created at minute c and last changed at minute u.
func order(id string, t soc.ActionType, s soc.ActionStatus, c, u int) soc.MachineAction {
	return soc.MachineAction{
		ID: id, Integration: "t1", MachineID: "aa01", HostName: "ws-01", Type: t, Status: s,
		Created: isoT0.Add(time.Duration(c) * time.Minute), Updated: isoT0.Add(time.Duration(u) * time.Minute),
	}
}

func TestC03_IsolationIsDerivedFromActions(t *testing.T) {
	const iso, rel = soc.ActionIsolate, soc.ActionUnisolate
	const ok, pend, fail = soc.ActionSucceeded, soc.ActionPending, soc.ActionFailed
	isoOK, relOK := order("1", iso, ok, 1, 2), order("2", rel, ok, 3, 4)
	tests := []struct {
		name    string
		actions []soc.MachineAction
		want    soc.IsolationWord
		decided string
		open    string
	}{
		{"no record", nil, soc.NotIsolated, "", ""},
		{"scan only", []soc.MachineAction{order("9", soc.ActionScan, ok, 1, 2)}, soc.NotIsolated, "", ""},
		{"isolate pending, never before", []soc.MachineAction{order("1", iso, pend, 1, 1)}, soc.Isolating, "1", "1"},
		{"isolate running after a release", []soc.MachineAction{isoOK, relOK, order("3", iso, soc.ActionInProgress, 5, 5)}, soc.Isolating, "3", "3"},
		{"isolate queued on an isolated host", []soc.MachineAction{isoOK, order("3", iso, pend, 5, 5)}, soc.IsolatedQueued, "1", "3"},
		{"isolated", []soc.MachineAction{isoOK}, soc.Isolated, "1", ""},
		{"isolate failed", []soc.MachineAction{order("1", iso, fail, 1, 2)}, soc.IsolateFailed, "1", ""},
		{"isolate timed out after a release", []soc.MachineAction{isoOK, relOK, order("3", iso, soc.ActionTimeOut, 5, 6)}, soc.IsolateFailed, "3", ""},
		{"isolate cancelled", []soc.MachineAction{order("1", iso, soc.ActionCancelled, 1, 2)}, soc.IsolateFailed, "1", ""},
		{"second isolate failed, first in force", []soc.MachineAction{isoOK, order("3", iso, fail, 5, 6)}, soc.Isolated, "1", ""},
		{"releasing", []soc.MachineAction{isoOK, order("3", rel, pend, 5, 5)}, soc.ReleasingNow, "3", "3"},
		{"released", []soc.MachineAction{isoOK, relOK}, soc.NotIsolated, "2", ""},
		{"release overtaken by an older isolate", []soc.MachineAction{order("1", iso, ok, 1, 9), order("2", rel, ok, 3, 4)}, soc.Isolated, "1", ""},
		{"isolate overtaken by an older release", []soc.MachineAction{order("1", rel, ok, 1, 9), order("2", iso, ok, 3, 4)}, soc.NotIsolated, "1", ""},
		{"release failed", []soc.MachineAction{isoOK, order("3", rel, fail, 5, 6)}, soc.ReleaseFailed, "3", ""},
		{"release cancelled", []soc.MachineAction{isoOK, order("3", rel, soc.ActionCancelled, 5, 6)}, soc.ReleaseFailed, "3", ""},
		{"release failed on a free host", []soc.MachineAction{order("3", rel, fail, 5, 6)}, soc.NotIsolated, "3", ""},
		{"release queued on a free host", []soc.MachineAction{order("3", rel, pend, 5, 6)}, soc.NotIsolated, "3", "3"},
		{"released, older isolate still queued (C-01)", []soc.MachineAction{isoOK, order("2", iso, pend, 2, 2), order("3", rel, ok, 3, 4)}, soc.Isolating, "3", "2"},
		{"isolated twice, older isolate still queued", []soc.MachineAction{order("1", iso, pend, 1, 1), order("2", iso, ok, 2, 3)}, soc.IsolatedQueued, "2", "1"},
		{"unknown status is not final (F38)", []soc.MachineAction{isoOK, order("3", rel, "Queued", 5, 5)}, soc.ReleasingNow, "3", "3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 5 {
				rand.Shuffle(len(tt.actions), func(i, j int) { tt.actions[i], tt.actions[j] = tt.actions[j], tt.actions[i] })
				got := soc.DeriveIsolation(isoKey, tt.actions, isoT0)
				open := ""
				if got.Open != nil {
					open = got.Open.ID
				}
				if got.Word != tt.want || got.Action.ID != tt.decided || open != tt.open {
					t.Fatalf("got %q by %q open %q, want %q by %q open %q", got.Word, got.Action.ID, open, tt.want, tt.decided, tt.open)
				}
			}
		})
	}
}

func TestC09_IsolationCountsOnlyTheExactMachine(t *testing.T) {
	a := order("1", soc.ActionIsolate, soc.ActionSucceeded, 1, 2)
	for _, key := range []soc.HostKey{{Integration: "t1", MachineID: "aa0"}, {Integration: "t1", MachineID: "aa011"}, {Integration: "t2", MachineID: "aa01"}} {
		if got := soc.DeriveIsolation(key, []soc.MachineAction{a}, isoT0); got.Word != soc.NotIsolated {
			t.Errorf("%v: got %q, want not isolated", key, got.Word)
		}
	}
}

func TestC04_NoListMeansUnsure(t *testing.T) {
	if got := soc.DeriveIsolation(isoKey, nil, time.Time{}); got.Word != soc.IsolationUnsure {
		t.Fatalf("got %q, want %q", got.Word, soc.IsolationUnsure)
	}
}
