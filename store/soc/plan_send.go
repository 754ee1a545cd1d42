package soc

import (
	"errors"
	"fmt"
	"time"
)

// Outcome is what one call to Defender came to: the action it answered with, or the error.
type Outcome struct {
	Token  string // of the attempt
	Action MachineAction
	Err    error
}

// Begin writes the attempt row for an order. The result must be durable before the first byte is sent (I8); the row's token belongs into
// the order's comment, see CommentFor. It refuses, with the code
// "illegal-transition", an order that the record does not call for.
func Begin(l Lockdown, next Next, now time.Time) (Lockdown, []AuditEntry, error) {
	m := newMover(l, now)
	if next.Do != DoSend {
		return l, nil, illegal(l, "has nothing to send")
	}
	n := 1
	if len(m.l.Attempts) > 0 {
		n = m.l.Attempts[len(m.l.Attempts)-1].N + 1
	}
	row := Attempt{N: n, Verb: next.Verb, Token: AttemptToken(l.ID, n), SentAt: m.now}
	switch next.Verb {
	case VerbIsolate:
		m.beginIsolate(n)
	case VerbRelease:
		m.beginRelease(n)
	case VerbCancel:
		row.ActionID = next.ActionID
		m.beginCancel(n, next.ActionID)
	default:
		m.err = illegal(l, fmt.Sprintf("does not know the order %q", next.Verb))
	}
	m.l.Attempts = prune(append(m.l.Attempts, row))
	return m.done(l)
}

func (m *mover) beginIsolate(n int) {
	switch {
	case m.l.Phase != PhaseRequested || m.l.CancelWanted || m.l.ActionID != "" || openAttempt(m.l, VerbIsolate) != nil:
		m.err = illegal(m.l, "must not send an isolate now")
	case !m.l.FreshUntil.IsZero() && !m.now.Before(m.l.FreshUntil):
		m.err = illegal(m.l, "is too old to be sent")
	default:
		m.move(PhaseSubmitting, AuditEntry{Action: "send", Result: ResultOK, Detail: fmt.Sprintf("isolate order %d is being sent", n)})
	}
}

func (m *mover) beginRelease(n int) {
	e := AuditEntry{Action: "send-release", Actor: m.l.ReleaseBy, Result: ResultOK, Cause: m.l.ReleaseCause, Detail: fmt.Sprintf("release order %d is being sent", n)}
	switch {
	case m.l.Phase == PhaseReleaseRequested || m.l.Phase == PhaseReleaseBlocked:
		m.l.ReleaseActionID = ""
		m.move(PhaseReleasing, e)
	case m.l.Phase.Final() && !m.l.WatchUntil.IsZero():
		e.Actor, e.Cause = Actor{}, m.l.Cause
		m.note(e)
	default:
		m.err = illegal(m.l, "must not send a release now")
	}
}

func (m *mover) beginCancel(n int, actionID string) {
	switch m.l.Phase {
	case PhaseRequested, PhaseSubmitting, PhaseIsolated, PhaseReleasing, PhaseNeedsHuman:
		m.err = illegal(m.l, "must not cancel an order now")
		return
	}
	m.note(AuditEntry{Action: "send-cancel", Result: ResultOK, ActionID: actionID, Detail: fmt.Sprintf("cancel order %d is being sent", n)})
}

// CommentFor is the comment of the attempt's order (K-12).
func CommentFor(l Lockdown, a Attempt) OrderComment {
	c := OrderComment{
		Lockdown: l.ID, Token: a.Token, Verb: a.Verb, Mode: l.Mode, Period: l.Period, Deadline: l.Deadline,
		By: l.By.Name, Via: l.By.Via, Ticket: l.Ticket, Alert: l.AlertID, Reason: l.Reason,
	}
	switch {
	case a.Verb == VerbRelease && l.ReleaseBy.Name != "":
		c.By, c.Via, c.Reason = l.ReleaseBy.Name, l.ReleaseBy.Via, l.ReleaseReason
		if l.ReleaseCause == CauseTimer {
			c.Reason = "its time ran out"
		}
	case a.Verb == VerbCancel && l.CancelledBy.Name != "":
		c.By, c.Via, c.Reason = l.CancelledBy.Name, l.CancelledBy.Via, ""
	case a.Verb == VerbCancel:
		c.Reason = "the order would strike late, or another console isolated the host first"
	}
	return c
}

// Applied writes down what the call came to. An answer that nobody understood leaves the outcome unknown; Observed finds it out. An outcome
// for a row that was settled meanwhile changes nothing.
func Applied(l Lockdown, out Outcome, now time.Time) (Lockdown, []AuditEntry, error) {
	m := newMover(l, now)
	t := m.row(out.Token)
	if t == nil {
		return l, nil, illegal(l, "has no attempt "+out.Token)
	}
	if t.Outcome != OutcomeUnknown {
		return l, nil, nil
	}
	if out.Err == nil {
		m.answered(t, out.Action)
	} else {
		m.refused(t, out.Err)
	}
	return m.done(l)
}

func (m *mover) row(token string) *Attempt {
	for i := range m.l.Attempts {
		if m.l.Attempts[i].Token == token {
			return &m.l.Attempts[i]
		}
	}
	return nil
}

// answered handles an action in the answer. 201 means accepted, never isolated (C-06).
func (m *mover) answered(t *Attempt, a MachineAction) {
	if t.Verb == VerbCancel {
		t.Outcome, t.DoneAt, t.RetryAt = OutcomeAccepted, m.now, m.now.Add(time.Minute)
		return
	}
	want := ActionIsolate
	if t.Verb == VerbRelease {
		want = ActionUnisolate
	}
	switch {
	case a.ID == "": // F22
		t.Error = "the answer held no action"
		return
	case !a.Is(want) || !isolationOrder(m.l.Key, &a): // F21
		m.mismatch(t, a)
		return
	case t.Verb == VerbIsolate && a.Comment != "" && !carries(a, t.Token): // D-14: the order of somebody else came back
		m.inProgress(t)
		return
	}
	t.ActionID, t.Outcome, t.DoneAt, t.Error = a.ID, OutcomeAccepted, m.now, ""
	if m.l.Phase.Final() {
		m.note(AuditEntry{Action: "accept", Result: ResultAccepted, ActionID: a.ID, Cause: m.l.Cause, Detail: "Defender accepted the order of an ended lockdown"})
		return
	}
	if t.Verb == VerbRelease {
		m.l.ReleaseActionID, m.l.Trouble, m.l.GoneSince = a.ID, "", time.Time{}
		m.note(AuditEntry{Action: "accept-release", Result: ResultAccepted, ActionID: a.ID, Cause: m.l.ReleaseCause, Detail: "Defender accepted the release; the host is isolated until the device confirms"})
		return
	}
	m.l.ActionID, m.l.AcceptedAt, m.l.RemoteStatus, m.l.Trouble = a.ID, orNow(a.Created, m.now), a.Status, ""
	e := AuditEntry{Action: "accept", Result: ResultAccepted, ActionID: a.ID, Detail: "Defender accepted the order and waits for the device (tries for 3 days)"}
	if m.l.Phase == PhaseSubmitting {
		m.move(PhasePending, e)
		return
	}
	m.note(e)
}

func (m *mover) mismatch(t *Attempt, a MachineAction) {
	t.Error = fmt.Sprintf("the answer was about %s on machine %s", a.Type, a.MachineID)
	if m.l.Phase == PhaseSubmitting {
		m.strayed(t.Error)
	}
}

// strays reports an answer that was read and is about something else than what was ordered.
func strays(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeMismatch
}

// strayed hands an isolate that may have reached another machine to a person: sending it again could isolate a third one (F21).
func (m *mover) strayed(why string) {
	m.l.Trouble = "Defender answered an order with another machine's action; check the host in the portal, then close or release the lockdown"
	m.move(PhaseNeedsHuman, AuditEntry{Action: "send", Result: ResultFailed, Detail: why})
}

// inProgress handles "already in progress": nothing was created; the list tells whose order is in the way (F24, F25, C-02).
func (m *mover) inProgress(t *Attempt) {
	t.Outcome, t.DoneAt, t.Error = OutcomeRefused, m.now, inProgressError
	t.RetryAt = m.now.Add(min(backoff(m.repeats(t.Verb)), time.Minute))
	switch {
	case t.Verb == VerbIsolate && m.l.Phase == PhaseSubmitting:
		m.move(PhaseRequested, AuditEntry{Action: "send", Result: ResultRefused, Detail: "another order is in progress on the host; looking whose it is"})
	case t.Verb == VerbRelease && m.l.Phase == PhaseReleasing:
		m.move(PhaseReleaseRequested, AuditEntry{
			Action: "send-release", Result: ResultRefused, Cause: m.l.ReleaseCause, Detail: "another order is in progress on the host; the release follows as soon as it can",
		})
	}
}

// repeats counts the attempts of the verb at the end of the list that came to nothing.
func (m *mover) repeats(v Verb) int {
	n := 0
	for i := len(m.l.Attempts) - 1; i >= 0; i-- {
		switch a := m.l.Attempts[i]; {
		case a.Verb != v:
		case a.Outcome == OutcomeRefused || a.Outcome == OutcomeAbsent:
			n++
		default:
			return n
		}
	}
	return n
}

func (m *mover) refused(t *Attempt, err error) {
	t.Error = err.Error()
	switch KindOf(err) {
	case KindInProgress:
		if t.Verb == VerbCancel {
			m.refusedCancel(t)
			return
		}
		m.inProgress(t)
	case KindThrottled:
		var e *Error
		errors.As(err, &e)
		t.Outcome, t.DoneAt, t.RetryAt = OutcomeRefused, m.now, m.now.Add(min(max(e.After, minThrottl), maxThrottl))
		m.notSent(t, "Defender is throttling")
	case KindUnavailable:
		t.Outcome, t.DoneAt = OutcomeAbsent, m.now
		t.RetryAt = m.now.Add(backoff(m.repeats(t.Verb)))
		m.notSent(t, "Defender can not be reached")
	case KindUnauthorized, KindDenied, KindRefused, KindNotFound, KindInvalid:
		t.Outcome, t.DoneAt = OutcomeRefused, m.now
		m.refusedForGood(t, KindOf(err))
	default: // nobody knows; Observed finds out, counting from the end of the call
		t.DoneAt, t.RetryAt = m.now, m.now.Add(SettleRelease)
		if strays(err) && t.Verb == VerbIsolate && m.l.Phase == PhaseSubmitting {
			m.strayed(t.Error)
		} else if !m.l.Phase.Final() {
			m.l.Trouble = "the answer to the last order was lost; looking in Defender's list whether it arrived"
		}
	}
}

// notSent goes back to the phase before the order. Nothing was created.
func (m *mover) notSent(t *Attempt, why string) {
	switch {
	case t.Verb == VerbIsolate && m.l.Phase == PhaseSubmitting:
		m.l.Trouble = why + "; the host is not isolated, the order waits"
		m.move(PhaseRequested, AuditEntry{Action: "send", Result: ResultFailed, Detail: why + "; next try " + t.RetryAt.Format(time.TimeOnly) + " UTC"})
	case t.Verb == VerbRelease && m.l.Phase == PhaseReleasing:
		m.releaseNotSent(t, why)
	}
}

func (m *mover) releaseNotSent(t *Attempt, why string) {
	if t.Outcome == OutcomeAbsent && m.l.Failures+1 >= LoudAfter {
		m.releaseFailed(why, "")
		return
	}
	if t.Outcome == OutcomeAbsent {
		m.l.Failures++
	}
	m.l.Trouble = "the host is still isolated: " + why
	m.move(PhaseReleaseRequested, AuditEntry{
		Action: "send-release", Result: ResultFailed, Cause: m.l.ReleaseCause, Detail: why + "; next try " + t.RetryAt.Format(time.TimeOnly) + " UTC",
	})
}

func (m *mover) refusedForGood(t *Attempt, kind Kind) {
	switch {
	case t.Verb == VerbCancel:
		m.refusedCancel(t)
	case t.Verb == VerbIsolate && m.l.Phase == PhaseSubmitting:
		m.end(PhaseFailed, CauseRefused, m.now, AuditEntry{Action: "send", Result: ResultRefused, Detail: "Defender refused the isolation: " + t.Error})
	case t.Verb == VerbRelease && m.l.Phase == PhaseReleasing && kind == KindNotFound:
		t.Error, m.l.GoneSince = goneError, orNow(m.l.GoneSince, m.now)
		m.releaseFailed("Defender does not know this machine any more; asking for it again and again for three days before this counts", "")
	case t.Verb == VerbRelease && m.l.Phase == PhaseReleasing:
		m.l.GoneSince = time.Time{}
		m.releaseFailed("Defender refused the release: "+t.Error, "")
	default:
		t.RetryAt = m.now.Add(backoff(m.repeats(t.Verb)))
	}
}

// refusedCancel: the order has probably just run, or can not be cancelled; the list tells, the watch and the release do the rest (F48).
func (m *mover) refusedCancel(t *Attempt) {
	t.Outcome, t.DoneAt, t.RetryAt = OutcomeRefused, m.now, m.now.Add(2*time.Minute)
	m.note(AuditEntry{Action: "send-cancel", Result: ResultRefused, ActionID: t.ActionID, Detail: "Defender did not take the order back: " + t.Error})
}
