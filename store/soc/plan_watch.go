package soc

import "time"

// watch keeps an eye on an ended lockdown: an isolate of ours that was queued may still strike and cut the host off again, with nobody
// waiting for it (C-01, F47). Only fields that a final record may change are touched (I7).
func (m *mover) watch(seen Seen) {
	if m.l.WatchUntil.IsZero() {
		return
	}
	stray, struck := openIsolate(m.l, seen.Actions), struckBy(m.l, seen, m.now)
	trouble := ""
	switch {
	case struck != nil && struck.ID == m.l.ActionID && endedGone(m.l):
		trouble = "Defender knows this machine again, and it is still isolated by this lockdown; cordon is releasing it"
	case struck != nil:
		trouble = "a late isolate order of this lockdown has cut the host off again; cordon is releasing it"
	case stray != nil:
		trouble = "an isolate order of this lockdown is still queued and may strike; cordon is cancelling it"
	}
	if trouble != m.l.Trouble {
		if trouble != "" {
			m.note(AuditEntry{Action: "late-isolate", Result: ResultSeen, ActionID: actionOf(struck, stray), Cause: m.l.Cause, Detail: trouble})
		}
		m.l.Trouble = trouble
	}
	switch {
	case trouble != "" && !m.now.Before(m.l.WatchUntil):
		m.l.WatchUntil = m.now.Add(time.Hour) // never look away from a debt
	case trouble == "" && !m.now.Before(m.l.WatchUntil):
		m.l.WatchUntil, m.l.Wake = time.Time{}, time.Time{}
	}
}

// EndWatch stops the watch of an ended lockdown when nobody can look any more.
func EndWatch(l Lockdown, why string, now time.Time) (Lockdown, AuditEntry) {
	m := newMover(l, now)
	m.l.WatchUntil, m.l.Wake = time.Time{}, time.Time{}
	m.note(AuditEntry{Action: "watch-ended", Result: ResultSeen, Cause: l.Cause, Detail: why})
	return m.l, m.audit[0]
}

// struckBy returns our isolate that holds the host although the lockdown has ended, nil if none does or if others hold the host too (I6).
func struckBy(l Lockdown, seen Seen, now time.Time) *MachineAction {
	actions := seen.Actions
	if seen.Gone || foreignHold(l, actions) != nil {
		return nil
	}
	early := now.Before(l.Deadline) && !l.CancelWanted && l.ReleaseCause != CauseUser // a person wanted it back at once
	return newestOf(holding(actions), func(a MachineAction) bool {                    // all are ours
		switch {
		case l.EnforcedAt.IsZero(): // it never was in force before
			return true
		case endedGone(l): // it was never released
			return true
		case l.Cause == CauseSuperseded: // the isolate that took over is over, and ours is what holds the host
			return !early && takerOver(l, actions)
		}
		return a.ID != l.ActionID && !a.Finished().Before(l.EndedAt)
	})
}

// takerOver reports that a foreign isolate newer than ours is in the list and over: it came to nothing, or it was released before ours took
// effect, which a lagging list may show only after ours had given way (F54). Nobody else holds the host then. Its mere absence proves nothing.
func takerOver(l Lockdown, actions []MachineAction) bool {
	m := mainOf(l, actions)
	return newestOf(actions, func(a MachineAction) bool {
		return a.Is(ActionIsolate) && a.Status.Final() && !ours(l, a) && createdAfter(&a, &m)
	}) != nil
}

func planWatch(l Lockdown, seen Seen, now time.Time) Next {
	if l.WatchUntil.IsZero() {
		return Next{Do: DoWait}
	}
	every := watchEvery(l, now)
	if !seen.fresh(now) {
		return look(l, seen, now, every, time.Time{})
	}
	if stray := openIsolate(l, seen.Actions); stray != nil && !retryAt(l, VerbCancel, now).After(now) {
		return Next{Do: DoSend, Verb: VerbCancel, ActionID: stray.ID}
	}
	if struckBy(l, seen, now) != nil && openRelease(seen.Actions, now) == nil && !retryAt(l, VerbRelease, now).After(now) {
		return Next{Do: DoSend, Verb: VerbRelease}
	}
	limit := time.Time{}
	if l.Cause == CauseSuperseded && now.Before(l.Deadline) {
		limit = l.Deadline // from then on it may be ours to release
	}
	return look(l, seen, now, every, limit)
}

// watchEvery is how often an ended lockdown is looked at.
func watchEvery(l Lockdown, now time.Time) time.Duration {
	switch {
	case l.Trouble != "" && now.Sub(lastSent(l, VerbRelease)) < 10*time.Minute: // a late release is under way
		return 15 * time.Second
	case l.Trouble != "":
		return time.Minute
	case now.Sub(l.EndedAt) < 10*time.Minute:
		return time.Minute
	}
	return 10 * time.Minute
}

func actionOf(actions ...*MachineAction) string {
	for _, a := range actions {
		if a != nil {
			return a.ID
		}
	}
	return ""
}
