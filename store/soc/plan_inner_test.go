package soc

import (
	"testing"
	"time"
)

// What the callers inside the package never ask for must still be safe.
func TestIllegalTransitions_GuardsInside(t *testing.T) {
	l := Lockdown{ID: "LK-00000001", Phase: PhaseReleased, Cause: CauseTimer}
	m := newMover(l, time.Unix(0, 0))
	m.end(PhaseFailed, CauseRefused, time.Time{}, AuditEntry{Action: "x"})
	first := m.err
	m.move(PhasePending, AuditEntry{Action: "y"})
	got, audit, err := m.done(l)
	if first == nil || err != first || audit != nil || got.Phase != PhaseReleased || got.Cause != CauseTimer || !m.l.EndedAt.IsZero() {
		t.Errorf("%v, %v, %s %s", err, audit, got.Phase, got.Cause)
	}
	if backoff(0) != backoff(1) || backoff(-3) != 5*time.Second || backoff(7) != 320*time.Second || backoff(8) != maxBackoff {
		t.Errorf("%s %s %s %s", backoff(0), backoff(-3), backoff(7), backoff(8))
	}
	if actionOf(nil, nil) != "" {
		t.Error("an action of nothing")
	}
	rows := make([]Attempt, maxRows+1)
	for i := range rows {
		rows[i] = Attempt{N: i + 1, Verb: VerbIsolate, Outcome: OutcomeAbsent}
	}
	if len(prune(rows)) != maxRows+1 {
		t.Error("an isolate's row was dropped")
	}
	rows[3].Verb, rows[5].Verb, rows[maxRows].Verb = VerbRelease, VerbCancel, VerbCancel
	if got := prune(rows); len(got) != maxRows || got[3].N != 5 || rows[3].N != 4 {
		t.Errorf("%d rows, the fourth is %d", len(got), got[3].N)
	}
	rows[3].Outcome = OutcomeUnknown
	if got := prune(rows); len(got) != maxRows || got[5].N != 7 {
		t.Errorf("%d rows, the sixth is %d", len(got), got[5].N)
	}
	if len(prune(rows[:maxRows])) != maxRows {
		t.Error("pruned too early")
	}
}
