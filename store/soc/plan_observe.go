package soc

import (
	"fmt"
	"time"
)

// Observed folds into l what the host's action list shows and what the clock says: it adopts orders whose answers were lost, follows the
// order under way, notices what others did, and marks what has become due. It is called with an empty Seen to fold the clock alone. The
// audit entries are the changes of phase and remarkable sights, in order. The result equals l when there was nothing new.
func Observed(l Lockdown, seen Seen, now time.Time) (Lockdown, []AuditEntry, error) {
	m := newMover(l, now)
	if seen.Good() {
		if seen.At.After(m.l.SeenAt) || m.l.SeenAt.After(m.now) { // a clock that was set back must not hide all looks (F59)
			m.l.SeenAt = seen.At.UTC()
		}
		m.adopt(seen.Actions)
		for range Phases() { // one look may carry a record through several phases
			at := m.l.Phase
			m.facts(seen)
			if m.l.Phase == at || m.err != nil {
				break
			}
		}
	}
	m.clock()
	return m.done(l)
}

// adopt finds our orders in the list by their tokens (F04, F11).
func (m *mover) adopt(actions []MachineAction) {
	for i := range m.l.Attempts {
		t := &m.l.Attempts[i]
		if t.ActionID != "" || t.Verb == VerbCancel {
			continue
		}
		kind := ActionIsolate
		if t.Verb == VerbRelease {
			kind = ActionUnisolate
		}
		a := newestOf(actions, func(a MachineAction) bool { return a.Is(kind) && carries(a, t.Token) })
		if a == nil {
			continue
		}
		t.ActionID, t.Outcome, t.DoneAt, t.Error = a.ID, OutcomeAdopted, m.now, ""
		if t.Verb == VerbIsolate {
			m.adoptIsolate(*a)
		} else {
			m.adoptRelease(*a)
		}
	}
	if a := newestOf(actions, func(a MachineAction) bool { return a.Is(ActionIsolate) && ours(m.l, a) }); a != nil &&
		m.l.ActionID == "" && !m.l.Phase.Final() {
		m.adoptIsolate(*a)
	}
}

func (m *mover) adoptIsolate(a MachineAction) {
	e := AuditEntry{Action: "adopt", Result: ResultAccepted, ActionID: a.ID, Detail: "the isolate order was found in Defender's list and taken over"}
	switch {
	case m.l.Phase.Final() || m.l.ActionID != "":
		e.Result, e.Detail = ResultSeen, "a second isolate order of this lockdown turned up; it will be cancelled"
		m.note(e)
		return
	case m.l.Phase == PhaseRequested || m.l.Phase == PhaseSubmitting:
		m.move(PhasePending, e)
	default:
		m.note(e)
	}
	m.l.ActionID, m.l.AcceptedAt, m.l.Trouble = a.ID, orNow(a.Created, m.now), ""
}

func (m *mover) adoptRelease(a MachineAction) {
	e := AuditEntry{Action: "adopt", Result: ResultAccepted, ActionID: a.ID, Cause: m.l.ReleaseCause, Detail: "the release order was found in Defender's list and taken over"}
	switch m.l.Phase {
	case PhaseReleaseRequested, PhaseReleaseBlocked:
		if gaveUp(a) {
			return
		}
		m.move(PhaseReleasing, e)
	case PhaseReleasing:
		m.note(e)
	default:
		m.note(e)
		return
	}
	m.l.ReleaseActionID = a.ID
}

// facts follows the list within the current phase.
func (m *mover) facts(seen Seen) {
	actions := seen.Actions
	switch m.l.Phase {
	case PhaseRequested:
		m.seeTaken(actions)
	case PhaseSubmitting:
		m.countAbsent(VerbIsolate, seen, SettleIsolate)
	case PhasePending:
		m.followIsolate(actions)
	case PhaseReleasing:
		if !m.seeOutside(actions, false) {
			m.followRelease(seen)
		}
	case PhaseIsolated:
		m.seeOutside(actions, true)
	case PhaseReleaseRequested, PhaseReleaseBlocked:
		if !m.seeOutside(actions, true) {
			m.seeReleased(actions)
			m.seeGone(seen)
		}
	case PhaseNeedsHuman:
		m.seeHuman(actions)
	default:
		m.watch(seen)
	}
}

// seeTaken gives an order up, before it is sent, when somebody else has isolated the host (K-04, I6).
func (m *mover) seeTaken(actions []MachineAction) {
	a := foreignHold(m.l, actions)
	if a == nil || openRelease(actions, m.now) != nil {
		return
	}
	m.end(PhaseSuperseded, CauseSuperseded, m.now, AuditEntry{
		Action: "external", Result: ResultSeen, ActionID: a.ID,
		Detail: "the host is isolated from outside by " + who(*a) + "; cordon sent nothing and will not release it",
	})
}

// seeOutside notices that somebody else released the host or isolated it again. It reports whether the lockdown ended.
func (m *mover) seeOutside(actions []MachineAction, taken bool) bool {
	if m.l.ActionID == "" {
		return false
	}
	if a := freedBy(m.l, actions); a != nil {
		m.end(PhaseSuperseded, CauseExternal, a.Finished(), AuditEntry{
			Action: "external", Result: ResultSeen, ActionID: a.ID, Detail: "released outside, in Defender, by " + who(*a),
		})
		return true
	}
	a := takenBy(m.l, actions)
	if a == nil || !taken {
		return false
	}
	m.end(PhaseSuperseded, CauseSuperseded, m.now, AuditEntry{
		Action: "external", Result: ResultSeen, ActionID: a.ID,
		Detail: "isolated again from outside by " + who(*a) + "; the host stays isolated and cordon will not release it",
	})
	return true
}

// seeReleased finds a release of ours that worked after it had been given up.
func (m *mover) seeReleased(actions []MachineAction) {
	if ownHold(m.l, actions) != nil {
		return
	}
	isolate := mainOf(m.l, actions)
	a := newestOf(actions, func(a MachineAction) bool {
		return a.Is(ActionUnisolate) && a.Status == ActionSucceeded && ours(m.l, a) && finishedAfter(&a, &isolate)
	})
	if a != nil {
		m.l.ReleaseActionID = a.ID
		m.move(PhaseReleasing, AuditEntry{Action: "adopt", Result: ResultAccepted, ActionID: a.ID, Cause: m.l.ReleaseCause, Detail: "an earlier release order worked after all"})
	}
}

// countAbsent judges an order without an answer: not in the list for the whole settle window, it was not created.
func (m *mover) countAbsent(v Verb, seen Seen, settle time.Duration) {
	t := openAttempt(m.l, v)
	if t == nil {
		return
	}
	t.Absent++
	t.Watched += watched(*t, seen.At)
	t.AbsentAt = seen.At.UTC()
	if t.Watched < settle || t.Absent < 2 {
		return
	}
	t.Outcome, t.DoneAt = OutcomeAbsent, m.now
	if v == VerbIsolate {
		m.move(PhaseRequested, AuditEntry{
			Action: "send", Result: ResultFailed, Detail: fmt.Sprintf("order %d did not reach Defender: not in its list for %s", t.N, settle),
		})
		return
	}
	m.move(PhaseReleaseRequested, AuditEntry{
		Action: "send-release", Result: ResultFailed, Cause: m.l.ReleaseCause,
		Detail: fmt.Sprintf("release order %d did not reach Defender: not in its list for %s", t.N, settle),
	})
}

// watched is how much longer the list has now been watched without the order. It adds up the time between looks instead of asking the clock
// how long ago the order was sent: a clock that is set while the search runs can neither end it, so that a second isolate leaves while the
// list lags (F34, F58), nor prolong it by the size of the jump (F59). For an isolate a gap longer than steadyGap is a jump, or a time in
// which nobody looked, and proves next to nothing. A release that was lost long ago is not looked for again from the start: a second one does
// no harm and a late one does.
func watched(t Attempt, at time.Time) time.Duration {
	gap := at.Sub(t.AbsentAt)
	switch {
	case t.Verb == VerbRelease && t.AbsentAt.IsZero():
		gap = at.Sub(later(t.SentAt, t.DoneAt))
	case t.Verb == VerbRelease:
	case t.AbsentAt.IsZero():
		gap = 0
	case gap > steadyGap:
		gap = brokenGap
	}
	return max(gap, 0)
}
