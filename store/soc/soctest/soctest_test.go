package soctest

import (
	"strings"
	"testing"

	"cordon/store/soc"
)

// TestI1toI11_ModelFindsEveryBrokenMachine is the negative control of the model.
func TestI1toI11_ModelFindsEveryBrokenMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("the mutants of the machine are run by the long tests")
	}
	if text, all, missed := Controls(t.Context(), 1); !all {
		t.Errorf("%s: %v", text, missed)
	}
}

func TestF47_IsolationThatNobodyFollowsIsReleasedByTheWatch(t *testing.T) {
	w := newWorld(newDice(1, 1), realMachine(), calm)
	if w.overtaken(); w.err != nil {
		t.Fatal(w.err) // the control is the mutant "late isolates are not watched for"
	}
	if w.orders(w.cons[0].recs[0], soc.ActionUnisolate) == nil {
		t.Error("nothing was released; the test proves nothing")
	}
}

// TestK05_I5_ExcusesHideNoLoss: what the model forgives, a record that waits for a person and a host that others hold, hides no real loss.
func TestK05_I5_ExcusesHideNoLoss(t *testing.T) {
	for _, m := range excuseMutants() {
		n, err := m.found(1, 4000)
		if n == 0 || !strings.Contains(err.Error(), "lost:") {
			t.Errorf("%s: found in world %d as %v, not as a loss", m.name, n, err)
		}
	}
}

func TestF33_I1_FailedLooksProveNothing(t *testing.T) {
	for n := range uint64(20) {
		w := newWorld(newDice(1, n), realMachine(), *slowList)
		if w.unread(); w.err != nil {
			t.Fatal(w.err) // the control is the mutant "failed look taken as an empty list"
		}
		if got := len(w.orders(w.cons[0].recs[0], soc.ActionIsolate)); got > 1 {
			t.Errorf("%d isolates", got)
		}
	}
}

// TestF21_K05_KnownHistories: two histories that the model once called lost. In the first a record whose isolate failed waits for a person; in
// the second somebody else's isolation took effect in the same second as the release before it, and holds the host.
func TestF21_K05_KnownHistories(t *testing.T) {
	for _, world := range []uint64{13956, 15647} {
		if err := Live(newDice(2, world), 40, true); err != nil {
			t.Errorf("seed 2 world %d: %v", world, err)
		}
	}
}
