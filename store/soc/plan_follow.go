package soc

import (
	"fmt"
	"strings"
	"time"
)

// remember keeps the status of the action that matters now. A final word is not taken back by an older answer (F39).
func (m *mover) remember(a MachineAction) {
	if m.l.RemoteStatus.Final() && !a.Status.Final() && !a.Updated.After(m.l.RemoteAt) {
		return
	}
	m.l.RemoteStatus, m.l.RemoteAt = a.Status, a.Updated
}

func (m *mover) followIsolate(actions []MachineAction) {
	a := byID(actions, m.l.ActionID)
	if twin := ownHold(m.l, actions); twin != nil && (a == nil || a.Status != ActionSucceeded) {
		// Another order of ours holds the host. The one that we followed may stay queued behind it for days (C-01); the clock runs.
		a, m.l.ActionID = twin, twin.ID
	}
	if a == nil {
		return
	}
	m.remember(*a)
	switch a.Status {
	case ActionSucceeded:
		m.enforced(*a)
		m.move(PhaseIsolated, AuditEntry{
			Action: "confirm", Result: ResultOK, ActionID: a.ID, Detail: "isolated until " + m.l.Deadline.Format("2006-01-02 15:04:05Z"),
		})
	case ActionFailed:
		m.end(PhaseFailed, CauseRefused, a.Finished(), AuditEntry{
			Action: "confirm", Result: ResultFailed, ActionID: a.ID, Detail: "the device could not carry out the isolation; it is still connected",
		})
	case ActionTimeOut:
		m.end(PhaseFailed, CauseExpired, a.Finished(), AuditEntry{
			Action: "confirm", Result: ResultFailed, ActionID: a.ID, Detail: "Defender gave up waiting for the device; it was never isolated",
		})
	case ActionCancelled:
		if !m.l.CancelWanted && cancelOf(m.l, a.ID) != nil {
			m.gaveWay(*a, actions)
			return
		}
		m.cancelled(*a)
	default:
		m.strange(*a)
		m.giveWay(actions)
	}
}

// enforced starts the clock from the action's own time, so that every look, also one after a crash, finds the same deadline (F07). A remote
// clock that is wrong can not move the start before the order was sent nor past now.
func (m *mover) enforced(a MachineAction) {
	m.l.EnforcedAt = orNow(a.Finished(), m.now)
	start := m.l.EnforcedAt
	if sent := firstSent(m.l); start.Before(sent) {
		start = sent
	}
	if start.After(m.now) {
		start = m.now
	}
	m.l.Deadline, m.l.Trouble = start.Add(m.l.Period), ""
}

// firstSent is when the first isolate left; the host can not have been isolated by us before.
func firstSent(l Lockdown) time.Time {
	for _, a := range l.Attempts {
		if a.Verb == VerbIsolate {
			return a.SentAt
		}
	}
	return l.RequestedAt
}

func (m *mover) cancelled(a MachineAction) {
	cause, detail, by := CauseExternal, "the waiting isolation was cancelled in Defender by "+orWord(a.CancelledBy, "somebody outside cordon"), Actor{}
	if m.l.CancelWanted {
		cause, detail, by = CauseCancelled, "taken back before the device was isolated", m.l.CancelledBy
	}
	m.end(PhaseCancelled, cause, a.Finished(), AuditEntry{Action: "cancel", Actor: by, Result: ResultCancelled, ActionID: a.ID, Detail: detail})
}

// strange tells people when a status that nobody knows lasts (F38).
func (m *mover) strange(a MachineAction) {
	switch a.Status {
	case ActionPending, ActionInProgress:
		return
	}
	if m.now.Sub(orNow(a.Created, m.now)) > strangeFor {
		m.l.Trouble = fmt.Sprintf("Defender reports the unknown status %q; the order is treated as still under way", string(a.Status))
	}
}

func (m *mover) followRelease(seen Seen) {
	a := byID(seen.Actions, m.l.ReleaseActionID)
	if a == nil {
		m.countAbsent(VerbRelease, seen, settleRelease(m.l))
		return
	}
	m.remember(*a)
	switch {
	case a.Status == ActionSucceeded && ownHold(m.l, seen.Actions) != nil: // it was older, or an isolate overtook it (C-01)
		m.releaseFailed("the release was carried out, but an isolate order of this lockdown took effect after it", a.ID)
	case a.Status == ActionSucceeded:
		m.end(PhaseReleased, m.l.ReleaseCause, a.Finished(), AuditEntry{
			Action: "confirm-release", Actor: m.l.ReleaseBy, Result: ResultOK, ActionID: a.ID, Detail: "released: " + releaseWords(m.l.ReleaseCause),
		})
	case gaveUp(*a):
		m.releaseFailed(fmt.Sprintf("the release order ended as %s", strings.ToLower(string(a.Status))), a.ID)
	case dead(*a, m.now):
		m.releaseFailed("the device did not carry the release out within 3 days, and Defender tries no longer", a.ID)
	default:
		m.strange(*a)
	}
}

// settleRelease is how long the last release is looked for. The first time a second order costs less than a late one; after that the list has
// the time that it needs, so that a lockdown has two releases at most however many answers are lost.
func settleRelease(l Lockdown) time.Duration {
	for _, t := range l.Attempts {
		if t.Verb == VerbRelease && t.Outcome == OutcomeAbsent && t.Absent > 0 {
			return SettleIsolate
		}
	}
	return SettleRelease
}

// releaseFailed keeps the obligation, plans the next try and grows loud (K-08).
func (m *mover) releaseFailed(why, actionID string) {
	m.l.Failures++
	m.l.ReleaseActionID = ""
	if t := lastAttempt(m.l, VerbRelease); t != nil {
		t.RetryAt = later(t.RetryAt, m.now.Add(backoff(m.l.Failures)))
	}
	m.l.Trouble = "the host is still isolated: " + why
	m.move(PhaseReleaseBlocked, AuditEntry{
		Action: "release", Result: ResultFailed, Cause: m.l.ReleaseCause, ActionID: actionID,
		Detail: fmt.Sprintf("failure %d: %s; the host stays isolated and cordon tries again", m.l.Failures, why),
	})
}

// seeHuman keeps the facts of a record that waits for a person, so that its clock still runs.
func (m *mover) seeHuman(actions []MachineAction) {
	if m.seeOutside(actions, true) {
		return
	}
	if a := byID(actions, m.l.ActionID); a != nil && a.Status == ActionSucceeded && m.l.EnforcedAt.IsZero() {
		trouble := m.l.Trouble
		m.remember(*a)
		m.enforced(*a)
		m.l.Trouble = trouble
	}
}

func releaseWords(c Cause) string {
	switch c {
	case CauseTimer:
		return "its time ran out"
	case CauseUser:
		return "a person released it"
	case CauseCancelled:
		return "it had been cancelled"
	}
	return string(c)
}
