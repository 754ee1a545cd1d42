package soc

import (
	"fmt"
	"slices"
	"time"
)

// legal lists the changes of phase that the machine may make.
func legal(from, to Phase) bool {
	if from.Final() || from == to {
		return false
	}
	if to == PhaseNeedsHuman || to == PhaseSuperseded {
		return true
	}
	allowed := map[Phase][]Phase{
		PhaseRequested:        {PhaseSubmitting, PhasePending, PhaseCancelled},
		PhaseSubmitting:       {PhasePending, PhaseRequested, PhaseFailed},
		PhasePending:          {PhaseIsolated, PhaseFailed, PhaseCancelled},
		PhaseIsolated:         {PhaseReleaseRequested},
		PhaseReleaseRequested: {PhaseReleasing, PhaseReleaseBlocked},
		PhaseReleasing:        {PhaseReleased, PhaseReleaseRequested, PhaseReleaseBlocked},
		PhaseReleaseBlocked:   {PhaseReleasing},
		PhaseNeedsHuman:       {PhaseReleaseRequested, PhaseCancelled},
	}
	return slices.Contains(allowed[from], to)
}

// mover changes a private copy of a lockdown and collects the audit entries. The first illegal move stops it.
type mover struct {
	l     Lockdown
	now   time.Time
	audit []AuditEntry
	err   error
}

func newMover(l Lockdown, now time.Time) *mover {
	l.Attempts = slices.Clone(l.Attempts)
	return &mover{l: l, now: now.UTC().Round(0)}
}

// done returns the result; on an error the caller gets back what it had.
func (m *mover) done(before Lockdown) (Lockdown, []AuditEntry, error) {
	if m.err != nil {
		return before, nil, m.err
	}
	if before.Phase != m.l.Phase || (m.l.Wake.IsZero() && !m.l.Phase.Final()) {
		m.l.Wake = WakeOf(m.l, m.now)
	}
	return m.l, m.audit, nil
}

// note adds an audit entry about the lockdown; who, what and result come with e.
func (m *mover) note(e AuditEntry) {
	e.Time, e.Integration, e.Host = m.now, m.l.Key.Integration, m.l.Key.MachineID
	e.Target, e.Lockdown = m.l.HostName, m.l.ID
	if e.Actor.Name == "" {
		e.Actor = Service("reconciler")
	}
	if e.Reason == "" {
		e.Reason = m.reason()
	}
	m.audit = append(m.audit, e)
}

// reason is why the lockdown is where it is, in the words of whoever asked for the release, or else for the isolation (SC21).
func (m *mover) reason() string {
	if m.l.ReleaseReason != "" {
		return m.l.ReleaseReason
	}
	return m.l.Reason
}

// move changes the phase and writes the one entry that goes with it.
func (m *mover) move(to Phase, e AuditEntry) {
	if m.err != nil {
		return
	}
	if !legal(m.l.Phase, to) {
		m.err = illegal(m.l, "can not go from "+string(m.l.Phase)+" to "+string(to))
		return
	}
	e.Before, e.After = string(m.l.Phase), string(to)
	m.l.Phase = to
	m.note(e)
}

// end moves to a final phase and starts the watch for a late isolate if any order was ever sent.
func (m *mover) end(to Phase, cause Cause, at time.Time, e AuditEntry) {
	e.Cause = cause
	m.move(to, e)
	if m.err != nil {
		return
	}
	if at.IsZero() {
		at = m.now
	}
	m.l.Cause, m.l.EndedAt, m.l.Trouble = cause, at, ""
	m.l.Note = e.Detail
	if cause != CauseHandover && lastAttempt(m.l, VerbIsolate) != nil && !provenHarmless(m.l) {
		m.l.WatchUntil = m.now.Add(WatchAfter)
	}
}

// provenHarmless reports that every isolate that was sent was refused outright, so nothing can strike later. "Already in progress" is not
// such a refusal: the order in progress may be an earlier one of ours.
func provenHarmless(l Lockdown) bool {
	for _, a := range l.Attempts {
		if a.Verb == VerbIsolate && (a.Outcome != OutcomeRefused || a.Error == inProgressError) {
			return false
		}
	}
	return true
}

const inProgressError = "already in progress"

func illegal(l Lockdown, what string) error {
	return &Error{
		Kind: KindInternal, Code: "illegal-transition", What: fmt.Sprintf("lockdown %s %s", l.ID, what),
		Means: "nothing was changed", Next: "look at the host again",
	}
}
