package soc

import (
	"strconv"
	"time"
)

// The machine of a lockdown, in pure functions. A worker drives one record like this and needs no memory of its own:
//
//	l = Observed(l, seen, now)   what the host's action list and the clock say; saved if anything changed
//	next = Plan(l, seen, now)    wait until, look, or send one order
//	l = Begin(l, next, now)      the attempt row, saved BEFORE the first byte is sent (I8)
//	…one call to Defender…
//	l = Applied(l, outcome, now) what came back, saved
//
// It may die between any two lines; the next worker starts again from the stored record. An order whose answer was lost is never repeated
// blindly: its token is looked for in the action list, and only when the list has not shown it for the whole settle window is the order
// taken as not created (F03, F33, F34). Every change of phase comes with exactly one audit entry (I4). Check states the invariants.

// Times of the machine.
const (
	// SettleIsolate is how long an isolate without an answer is looked for before another may be sent: Defender's list lags behind its orders
	// by up to three minutes (F34).
	SettleIsolate = 200 * time.Second
	// SettleRelease is the same for the first release. It is shorter because a second release does no harm and a late one does.
	SettleRelease = 30 * time.Second
	// WatchAfter is how long an ended lockdown is watched for a late isolate: Defender tries for 72 hours (C-01, D-13).
	WatchAfter = 73 * time.Hour
	// FreshFor is how old facts may be that justify an order (look before you act).
	FreshFor = 10 * time.Second
	// LoudAfter is the number of failed releases in a row after which everybody is told (K-08).
	LoudAfter = 3

	searchStep = 15 * time.Second // between two looks for an order without an answer, at most
	steadyGap  = 45 * time.Second // a longer gap between two such looks is no watch kept (it leaves room for one look that failed) …
	brokenGap  = 2 * time.Second  // … and counts as this, so that a search that can only look seldom ends too
	blindAfter = 2                // failed looks in a row after which a release is sent without one: it fails safe (K-11)
	maxBackoff = 10 * time.Minute
	minThrottl = time.Second
	maxThrottl = 15 * time.Minute
	maxRows    = 40 // attempt rows kept; older refused releases go first
	strangeFor = time.Hour
)

// Do is what a Next asks for.
type Do string

// The kinds of step.
const (
	DoWait    Do = "wait"
	DoObserve Do = "observe"
	DoSend    Do = "send"
)

// Next is the next thing to do about a lockdown.
type Next struct {
	Do   Do
	Verb Verb // of DoSend
	// ActionID is the action to cancel, for VerbCancel.
	ActionID string
	// Until is when to come back, for DoWait; zero means never.
	Until time.Time
}

// Seen is what was read about the host. At zero means that nothing could be read. Facts beside Failed were read earlier, by others: they count,
// but do not justify an order.
type Seen struct {
	At      time.Time
	Actions []MachineAction
	// Failed counts the reads in a row that failed.
	Failed int
	// TriedAt is when the last read ended; At is when it began.
	TriedAt time.Time
	// Gone reports that Defender does not know the machine; it is asked only when AsksMachine says so.
	Gone bool
}

// Good reports whether there are facts.
func (s Seen) Good() bool { return !s.At.IsZero() }

func (s Seen) fresh(now time.Time) bool {
	return s.Good() && s.Failed == 0 && now.Sub(later(s.At, s.TriedAt)) < FreshFor
}

// Plan says what to do next about l. seen is the last look at the host, which Observed has already folded into l. Plan changes nothing.
func Plan(l Lockdown, seen Seen, now time.Time) Next {
	switch l.Phase {
	case PhaseRequested:
		return planRequested(l, seen, now)
	case PhaseSubmitting:
		return look(l, seen, now, searchEvery(l, VerbIsolate, now), time.Time{})
	case PhasePending:
		return planPending(l, seen, now)
	case PhaseIsolated, PhaseNeedsHuman:
		return look(l, seen, now, time.Minute, l.Deadline)
	case PhaseReleaseRequested, PhaseReleaseBlocked:
		return planRelease(l, seen, now)
	case PhaseReleasing:
		return look(l, seen, now, searchEvery(l, VerbRelease, now), time.Time{})
	}
	return planWatch(l, seen, now)
}

func planRequested(l Lockdown, seen Seen, now time.Time) Next {
	if gate := retryAt(l, VerbIsolate, now); gate.After(now) {
		return Next{Do: DoWait, Until: earliest(gate, l.FreshUntil)}
	}
	if !seen.fresh(now) {
		return look(l, seen, now, 0, l.FreshUntil)
	}
	if openRelease(seen.Actions, now) != nil {
		return look(l, seen, now, 15*time.Second, l.FreshUntil) // F24: somebody else is releasing; wait for it
	}
	return Next{Do: DoSend, Verb: VerbIsolate}
}

func planPending(l Lockdown, seen Seen, now time.Time) Next {
	every := cadence(now.Sub(l.AcceptedAt))
	if !l.CancelWanted && rival(l, seen.Actions) == nil {
		return look(l, seen, now, every, pendingEnd(l))
	}
	if gate := retryAt(l, VerbCancel, now); gate.After(now) {
		return look(l, seen, now, min(every, time.Minute), gate)
	}
	return Next{Do: DoSend, Verb: VerbCancel, ActionID: l.ActionID}
}

func planRelease(l Lockdown, seen Seen, now time.Time) Next {
	if gate := retryAt(l, VerbRelease, now); gate.After(now) {
		return Next{Do: DoWait, Until: gate}
	}
	if !seen.fresh(now) {
		if seen.Failed >= blindAfter {
			return Next{Do: DoSend, Verb: VerbRelease}
		}
		return look(l, seen, now, 0, time.Time{})
	}
	if stray := openIsolate(l, seen.Actions); stray != nil && !retryAt(l, VerbCancel, now).After(now) {
		// Or it would strike after the release, or stand in its way (C-01). Between two tries the release has its turn.
		return Next{Do: DoSend, Verb: VerbCancel, ActionID: stray.ID}
	}
	if p := losingPeer(l, seen.Actions, now); p != nil && !retryAt(l, VerbCancel, now).After(now) {
		return Next{Do: DoSend, Verb: VerbCancel, ActionID: p.ID} // its console does not take it back (F54)
	}
	if openRelease(seen.Actions, now) != nil {
		return look(l, seen, now, 15*time.Second, time.Time{}) // a release is under way, whoever asked for it
	}
	return Next{Do: DoSend, Verb: VerbRelease}
}

// look asks for a read of the host when the last one is older than every, and otherwise waits for that moment or for limit.
func look(l Lockdown, seen Seen, now time.Time, every time.Duration, limit time.Time) Next {
	next := l.SeenAt.Add(every)
	if seen.Failed > 0 {
		next = seen.TriedAt.Add(max(every, backoff(seen.Failed)/2))
	}
	if l.SeenAt.After(now) || seen.TriedAt.After(now) { // the clock was set back: look again rather than wait for it
		next = now
	}
	if !next.After(now) {
		return Next{Do: DoObserve}
	}
	return Next{Do: DoWait, Until: earliest(next, limit)}
}

// WakeOf returns by when the record must be looked at again even if nobody remembers it; the store keeps it with the record (I3).
func WakeOf(l Lockdown, now time.Time) time.Time {
	switch {
	case l.Phase.Final() && l.WatchUntil.IsZero():
		return time.Time{}
	case l.Phase.Final():
		return now.Add(watchEvery(l, now))
	case l.Phase == PhaseIsolated:
		return l.Deadline
	case l.Phase == PhasePending:
		return earliest(now.Add(10*time.Minute), pendingEnd(l))
	case l.Phase == PhaseNeedsHuman:
		return now.Add(5 * time.Minute)
	}
	return now.Add(30 * time.Second)
}

// cadence is how often an order under way is looked at: often at first, seldom when the device is clearly offline.
func cadence(age time.Duration) time.Duration {
	switch {
	case age < 30*time.Second:
		return 5 * time.Second
	case age < 10*time.Minute:
		return 15 * time.Second
	case age < time.Hour:
		return time.Minute
	}
	return 5 * time.Minute
}

// searchEvery is the cadence of the last order; one without an answer is looked for often, however old it is.
func searchEvery(l Lockdown, v Verb, now time.Time) time.Duration {
	every := cadence(now.Sub(lastSent(l, v)))
	if openAttempt(l, v) != nil {
		every = min(every, searchStep)
	}
	return every
}

// backoff is the wait after the n-th failure in a row: 5 s, doubled each time, at most ten minutes.
func backoff(n int) time.Duration {
	if n < 1 {
		n = 1
	}
	if n > 7 {
		return maxBackoff
	}
	return min(5*time.Second<<(n-1), maxBackoff)
}

// pendingEnd is when a waiting lockdown cancels itself; zero = never (K-02).
func pendingEnd(l Lockdown) time.Time {
	if l.PendingTTL <= 0 || l.AcceptedAt.IsZero() || l.CancelWanted {
		return time.Time{}
	}
	return l.AcceptedAt.Add(l.PendingTTL)
}

// earliest returns the earlier of two times, where zero means none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// retryAt is when the next attempt of the verb may be made. A time that no wait leads to comes from a clock that was set back since, and
// holds nobody up (F59).
func retryAt(l Lockdown, v Verb, now time.Time) time.Time {
	a := lastAttempt(l, v)
	if a == nil || a.SentAt.After(now) || a.RetryAt.Sub(now) > maxThrottl {
		return time.Time{}
	}
	return a.RetryAt
}

func lastSent(l Lockdown, v Verb) time.Time {
	if a := lastAttempt(l, v); a != nil {
		return a.SentAt
	}
	return l.RequestedAt
}

func lastAttempt(l Lockdown, v Verb) *Attempt {
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		if l.Attempts[i].Verb == v {
			return &l.Attempts[i]
		}
	}
	return nil
}

// openAttempt returns the attempt whose outcome is not known, nil if there is none.
func openAttempt(l Lockdown, v Verb) *Attempt {
	if a := lastAttempt(l, v); a != nil && a.Outcome == OutcomeUnknown {
		return a
	}
	return nil
}

// AttemptToken is the token of the n-th attempt: unique because the row with n is stored before anything is sent.
func AttemptToken(id LockdownID, n int) string { return string(id) + "." + strconv.Itoa(n) }
