package soc

import (
	"fmt"
	"time"
)

// The commands of people, as changes of the record. Each returns the record to save and exactly one audit entry to save with it; when it is
// refused, an *Error says why, and auditing the refusal is the caller's duty. Rights are not judged here.

// Requested makes the intent of a lockdown from l, which must carry an id, a host, a period and who wants it. Nothing may be sent before
// record and entry are durable (K-11).
func Requested(l Lockdown, now time.Time) (Lockdown, AuditEntry, error) {
	switch {
	case l.ID == "" || l.Key.IsZero() || l.By.Name == "":
		return l, AuditEntry{}, &Error{Kind: KindInvalid, Code: "incomplete", What: "the lockdown names no host or no person", Next: "choose a host"}
	case l.Period <= 0 || l.Period > MaxPeriod:
		return l, AuditEntry{}, &Error{Kind: KindInvalid, Code: "period", What: "the period must be at most 24 hours", Next: "choose a preset"}
	}
	m := newMover(l, now)
	m.l.Phase, m.l.RequestedAt, m.l.Wake = PhaseRequested, m.now, m.now
	m.note(AuditEntry{
		Actor: l.By, Action: "isolate", Result: ResultAccepted, After: string(PhaseRequested),
		Detail: fmt.Sprintf("isolate for %s: %s", Spoken(l.Period), orWord(l.Reason, "no reason given")),
	})
	return m.l, m.audit[0], nil
}

// TakeOver makes the record by which a person releases an isolation that is not ours (K-04): the same obligation, tried until Defender
// confirms. order is the isolate in force. It is the only way in which a release of a foreign isolation comes to be (I6).
func TakeOver(l Lockdown, order MachineAction, reason string, now time.Time) (Lockdown, AuditEntry, error) {
	if l.ID == "" || l.Key.IsZero() || l.By.Name == "" || order.ID == "" || reason == "" {
		return l, AuditEntry{}, &Error{Kind: KindInvalid, Code: "reason", What: "releasing a foreign isolation needs a person and a reason", Next: "give a reason"}
	}
	m := newMover(l, now)
	m.l.TakenOver, m.l.Phase, m.l.RequestedAt = true, PhaseReleaseRequested, m.now
	m.l.ActionID, m.l.AcceptedAt, m.l.EnforcedAt = order.ID, order.Created, order.Finished()
	m.l.ReleaseCause, m.l.ReleaseBy, m.l.ReleaseReason, m.l.ReleaseAskedAt = CauseUser, l.By, reason, m.now
	m.l.Wake = m.now
	m.note(AuditEntry{
		Actor: l.By, Action: "release-external", Result: ResultAccepted, Cause: CauseUser, After: string(PhaseReleaseRequested), ActionID: order.ID,
		Detail: "isolated from outside by " + who(order) + "; " + reason,
	})
	return m.l, m.audit[0], nil
}

// RequestRelease asks for the release. A lockdown that still waits is taken back instead; one that is already being released stays as it is
// and is tried at once (C-02). An ended lockdown is refused with ErrConflict.
func RequestRelease(l Lockdown, by Actor, reason string, now time.Time) (Lockdown, AuditEntry, error) {
	m := newMover(l, now)
	switch l.Phase {
	case PhaseRequested, PhaseSubmitting, PhasePending:
		return Cancel(l, by, reason, now)
	case PhaseIsolated, PhaseNeedsHuman:
		m.owe(CauseUser, by, reason, orWord(reason, "no reason given"))
		m.l.Trouble = ""
	case PhaseReleaseRequested, PhaseReleasing, PhaseReleaseBlocked:
		if t := lastAttempt(m.l, VerbRelease); t != nil && t.RetryAt.After(m.now) {
			t.RetryAt = m.now
		}
		m.l.Wake = m.now
		m.note(AuditEntry{Action: "release", Actor: by, Result: ResultSeen, Cause: l.ReleaseCause, Detail: "the release is already under way"})
	default:
		m.err = ended(l)
	}
	return m.one(l)
}

// Cancel takes a waiting lockdown back: at once if nothing was sent, else as soon as Defender confirms. After enforcement it is refused.
func Cancel(l Lockdown, by Actor, reason string, now time.Time) (Lockdown, AuditEntry, error) {
	m := newMover(l, now)
	e := AuditEntry{Action: "cancel", Actor: by, Result: ResultAccepted, Detail: orWord(reason, "no reason given")}
	switch {
	case l.Phase.Final():
		m.err = ended(l)
	case l.Phase == PhaseRequested, l.Phase == PhaseNeedsHuman && len(l.Attempts) == 0:
		m.l.CancelWanted, m.l.CancelledBy = true, by
		e.Result = ResultCancelled
		m.end(PhaseCancelled, CauseCancelled, m.now, e)
	case l.Phase == PhaseSubmitting || l.Phase == PhasePending:
		m.l.CancelWanted, m.l.CancelledBy, m.l.Wake = true, by, m.now
		m.note(e)
	default:
		m.err = &Error{
			Kind: KindConflict, Code: "not-waiting", What: "the host is already isolated", Means: "there is no waiting order to take back", Next: "release it instead (U)",
		}
	}
	return m.one(l)
}

// SetPeriod moves the end; period counts from the start of the isolation (K-06). An end in the past is refused: releasing is its own act.
// The caller has judged the limits.
func SetPeriod(l Lockdown, by Actor, period time.Duration, reason string, now time.Time) (Lockdown, AuditEntry, error) {
	m := newMover(l, now)
	old := l.Period
	switch l.Phase {
	case PhaseRequested, PhaseSubmitting, PhasePending:
		m.l.Period = period
	case PhaseIsolated:
		m.l.Period = period
		m.l.Deadline = l.Deadline.Add(period - old)
		m.l.Wake = WakeOf(m.l, m.now)
		if l.Due || !m.l.Deadline.After(m.now) {
			m.err = &Error{
				Kind: KindInvalid, Code: "already-past", What: fmt.Sprintf("%s from the start have already passed", period), Means: "nothing was changed",
				Next: "choose a longer period, or release the host (U)",
			}
		}
	default:
		m.err = &Error{
			Kind: KindConflict, Code: "not-running", What: "the lockdown is " + string(l.Phase), Means: "its end can not be moved any more", Next: "look at the host again",
		}
	}
	action := "extend"
	if period < old {
		action = "shorten"
	}
	m.note(AuditEntry{
		Action: action, Actor: by, Result: ResultOK, Before: Spoken(old), After: Spoken(period), Detail: orWord(reason, "no reason given"),
	})
	return m.one(l)
}

// Close ends the obligation by hand: a named person takes over, with a reason (K-08). Nothing is sent; the host stays as it is.
func Close(l Lockdown, by Actor, reason string, now time.Time) (Lockdown, AuditEntry, error) {
	m := newMover(l, now)
	switch {
	case l.Phase.Final():
		m.err = ended(l)
	case reason == "" || by.Name == "":
		m.err = &Error{Kind: KindInvalid, Code: "reason", What: "closing needs a reason", Means: "somebody must know why the host may stay isolated", Next: "give a reason"}
	default:
		m.end(PhaseSuperseded, CauseHandover, m.now, AuditEntry{Action: "close", Actor: by, Result: ResultOK, Detail: reason})
	}
	return m.one(l)
}

// SetAside gives a record to a person because handling it fails again and again (F19). Deadline and obligation stay.
func SetAside(l Lockdown, why string, now time.Time) (Lockdown, AuditEntry, error) {
	m := newMover(l, now)
	m.l.Trouble = why
	m.move(PhaseNeedsHuman, AuditEntry{Action: "set-aside", Result: ResultFailed, Detail: why})
	return m.one(l)
}

// one returns the single entry of a command. What a person wants is looked at now.
func (m *mover) one(before Lockdown) (Lockdown, AuditEntry, error) {
	l, audit, err := m.done(before)
	if err != nil {
		return before, AuditEntry{}, err
	}
	if !l.Phase.Final() && l.Phase != PhaseIsolated {
		l.Wake = m.now
	}
	return l, audit[0], nil
}

func ended(l Lockdown) error {
	return &Error{
		Kind: KindConflict, Code: "ended", What: fmt.Sprintf("the lockdown already ended (%s)", l.Phase), Means: "nothing was changed", Next: "look at the host again",
	}
}
