package soctest

import (
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
