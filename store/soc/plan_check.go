package soc

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Check states the invariants of the machine for one saved change, with the audit entries that are saved in the same transaction. before is
// the zero Lockdown for a new record. It returns nil or an error that names the broken invariant (I1–I8, I10; I11 is the store's). Tests
// call it after every step; a store may call it before every write.
func Check(before, after Lockdown, audit ...AuditEntry) error {
	for _, check := range []func(Lockdown, Lockdown, []AuditEntry) error{
		checkIdentity, checkWake, checkAudit, checkFinal, checkAttempts, checkIsolate, checkRelease, checkDue,
	} {
		if err := check(before, after, audit); err != nil {
			return fmt.Errorf("lockdown %s, %s to %s: %w", after.ID, orWord(string(before.Phase), "new"), after.Phase, err)
		}
	}
	return nil
}

func broken(rule, format string, args ...any) error {
	return &Error{Kind: KindInternal, Code: rule, What: rule + ": " + fmt.Sprintf(format, args...)}
}

func checkIdentity(before, after Lockdown, _ []AuditEntry) error {
	if before.ID == "" && !after.RecoveredAt.IsZero() {
		return checkRecovered(after)
	}
	if before.ID == "" {
		taken := after.TakenOver && after.Phase == PhaseReleaseRequested && after.ReleaseCause == CauseUser && after.ReleaseReason != ""
		if (after.Phase != PhaseRequested && !taken) || len(after.Attempts) > 0 {
			return broken("I8", "a new record must be an intent with nothing sent")
		}
		return nil
	}
	if before.ID != after.ID || before.Key != after.Key || before.By != after.By || !before.RequestedAt.Equal(after.RequestedAt) {
		return broken("I6", "identity changed")
	}
	return nil
}

// checkRecovered: a rebuilt record stands for one order that Defender shows, and owes a look.
func checkRecovered(after Lockdown) error {
	if after.ActionID == "" || len(after.Attempts) != 1 || after.Attempts[0].ActionID != after.ActionID || after.Phase.Final() {
		return broken("I8", "a recovered record must stand for one order of the tenant")
	}
	return nil
}

func checkWake(_, after Lockdown, _ []AuditEntry) error {
	if !after.Phase.Final() && after.Wake.IsZero() {
		return broken("I3", "open without a wake-up")
	}
	if after.Phase == PhaseIsolated && (after.Deadline.IsZero() || after.Wake.After(after.Deadline)) {
		return broken("I3", "wakes at %s, after the deadline %s", after.Wake, after.Deadline)
	}
	return nil
}

// checkAudit follows the entries from phase to phase.
func checkAudit(before, after Lockdown, audit []AuditEntry) error {
	at := before.Phase
	for _, e := range audit {
		if e.Lockdown != after.ID || e.Actor.Name == "" || e.Action == "" || e.Result == "" {
			return broken("I4", "audit entry %q names no lockdown, actor or result", e.Action)
		}
		from, to := Phase(e.Before), Phase(e.After)
		if !slices.Contains(Phases(), to) {
			continue
		}
		if from != at || (from != "" && !legal(from, to)) {
			return broken("I4", "audit entry %q goes from %q to %q, the record is at %q", e.Action, from, to, at)
		}
		if to.Final() && e.Cause == "" {
			return broken("I4", "the end %s has no cause", to)
		}
		at = to
	}
	if at != after.Phase {
		return broken("I4", "no audit entry for the change from %q to %q", at, after.Phase)
	}
	return nil
}

// checkFinal: what has ended never changes, except what the watch needs.
func checkFinal(before, after Lockdown, _ []AuditEntry) error {
	if !before.Phase.Final() {
		return nil
	}
	if !SameButWatch(before, after) {
		return broken("I7", "an ended record changed")
	}
	return nil
}

// SameButWatch reports whether two states of a record differ at most in the fields that an ended record may still change: wake-up, watch,
// note, trouble, remote status, age, attempts (and the revision).
func SameButWatch(a, b Lockdown) bool {
	a, b = withoutWatch(a), withoutWatch(b)
	return reflect.DeepEqual(a, b) || fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) // times that were stored and read differ only in their pointers
}

func withoutWatch(l Lockdown) Lockdown {
	l.Wake, l.WatchUntil, l.SeenAt = time.Time{}, time.Time{}, time.Time{}
	l.Note, l.Trouble, l.RemoteStatus, l.Attempts, l.Revision = "", "", "", nil, 0
	return l
}

// checkAttempts: rows are only added, and at most one at a time, so that each was durable before its order was sent.
func checkAttempts(before, after Lockdown, _ []AuditEntry) error {
	last := 0
	if n := len(before.Attempts); n > 0 {
		last = before.Attempts[n-1].N
	}
	for _, old := range before.Attempts {
		kept := slices.ContainsFunc(after.Attempts, func(a Attempt) bool { return a.Token == old.Token && a.Verb == old.Verb })
		if !kept && !mayGo(old) {
			return broken("I8", "attempt %d vanished", old.N)
		}
	}
	fresh := 0
	for _, a := range after.Attempts {
		if a.N > last {
			fresh++
		}
	}
	if fresh > 1 {
		return broken("I8", "%d attempts in one step", fresh)
	}
	return nil
}

// added returns the attempt that the step began, if any.
func added(before, after Lockdown) (Attempt, bool) {
	a, ok := after.LastAttempt()
	b, had := before.LastAttempt()
	return a, ok && (!had || a.N > b.N)
}

func checkIsolate(before, after Lockdown, _ []AuditEntry) error {
	open := 0
	for _, a := range after.Attempts {
		if a.Verb == VerbIsolate && a.Outcome == OutcomeUnknown {
			open++
		}
	}
	if open > 1 {
		return broken("I1", "%d isolates without a known outcome", open)
	}
	a, ok := added(before, after)
	if !ok || a.Verb != VerbIsolate || (before.ID == "" && !after.RecoveredAt.IsZero()) {
		return nil
	}
	if before.Phase != PhaseRequested {
		return broken("I1", "an isolate in phase %s", before.Phase)
	}
	for _, b := range before.Attempts {
		if b.Verb == VerbIsolate && b.Outcome != OutcomeRefused && b.Outcome != OutcomeAbsent {
			return broken("I1", "a second isolate while attempt %d is %q", b.N, b.Outcome)
		}
	}
	if !after.FreshUntil.IsZero() && !a.SentAt.Before(after.FreshUntil) {
		return broken("C-16", "an isolate was sent stale")
	}
	return nil
}

// checkRelease: never early without a person (I2), never of what we did not isolate (I6), never forgotten (I5).
func checkRelease(before, after Lockdown, _ []AuditEntry) error {
	if a, ok := added(before, after); ok && a.Verb == VerbRelease {
		if after.ActionID == "" && !after.Phase.Final() && after.ReleaseCause != CauseUser {
			return broken("I6", "a release of an isolation that is not known to be ours")
		}
		byPerson := after.ReleaseCause == CauseUser || after.CancelWanted
		if !byPerson && !after.Due && !before.Phase.Final() {
			return broken("I2", "a release before the deadline %s", after.Deadline)
		}
	}
	if after.Phase == PhaseReleased && before.Phase != PhaseReleased && after.ReleaseActionID == "" {
		return broken("I5", "released without a release action")
	}
	if before.Due && after.Phase == PhaseIsolated {
		return broken("I10", "due but isolated")
	}
	return nil
}

func checkDue(before, after Lockdown, _ []AuditEntry) error {
	if before.Due && !after.Due {
		return broken("I10", "due was taken back")
	}
	if after.Due && !before.Due && after.Deadline.IsZero() {
		return broken("I2", "due without a deadline")
	}
	return nil
}
