package soc

import "time"

// clock marks what has become due by the passing of time.
func (m *mover) clock() {
	l := &m.l
	switch l.Phase {
	case PhaseRequested:
		switch {
		case l.CancelWanted:
			m.end(PhaseCancelled, CauseCancelled, m.now, AuditEntry{Action: "cancel", Actor: l.CancelledBy, Result: ResultCancelled, Detail: "taken back before it was sent"})
		case !l.FreshUntil.IsZero() && !m.now.Before(l.FreshUntil):
			m.end(PhaseCancelled, CauseStale, m.now, AuditEntry{
				Action: "cancel", Actor: Service("timer"), Result: ResultCancelled,
				Detail: "the order could not be sent in time and was dropped; the host was not isolated, order it again if it still should be",
			})
		}
	case PhasePending:
		if end := pendingEnd(*l); !end.IsZero() && !m.now.Before(end) {
			l.CancelWanted, l.CancelledBy = true, Service("timer")
			m.note(AuditEntry{Action: "expire", Actor: Service("timer"), Result: ResultOK, ActionID: l.ActionID, Detail: "waited long enough for the device; the order is being taken back"})
		}
	case PhaseIsolated:
		if l.CancelWanted {
			m.owe(CauseCancelled, l.CancelledBy, "", "the cancel came too late, the device was isolated; releasing at once")
			return
		}
		m.expire()
	case PhaseNeedsHuman:
		switch {
		case l.ActionID == "":
		case l.CancelWanted && !l.EnforcedAt.IsZero(): // a person took it back before it was known that the order had worked
			m.owe(CauseCancelled, l.CancelledBy, "", "the order had worked although it was taken back; releasing at once")
		default:
			m.expire()
		}
	}
}

// expire makes the release due at the deadline, for good (I10).
func (m *mover) expire() {
	if m.l.Due || (!m.l.Deadline.IsZero() && !m.now.Before(m.l.Deadline)) {
		m.l.Due = true
		m.owe(CauseTimer, Service("timer"), "", "its time ran out")
	}
}

// owe moves to release_requested.
func (m *mover) owe(cause Cause, by Actor, reason, detail string) {
	m.l.ReleaseCause, m.l.ReleaseBy, m.l.ReleaseReason, m.l.ReleaseAskedAt = cause, by, reason, m.now
	action := "release"
	if cause == CauseTimer {
		action = "expire"
	}
	m.move(PhaseReleaseRequested, AuditEntry{Action: action, Actor: by, Result: ResultAccepted, Cause: cause, Detail: detail})
}

func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t.UTC()
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
