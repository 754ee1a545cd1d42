package notify

import (
	"cmp"
	"slices"
	"time"

	"cordon/store/soc"
)

// What a turn is.
const (
	TurnLock   = "lock"
	TurnUnlock = "unlock"
)

// Turn is what administrators are told of a lockdown: a host was isolated or is free again, or that failed (V-34, V-40). Everything between,
// such as orders that were sent and accepted, is an event like any other.
type Turn struct {
	Action             string // lock or unlock
	Success, WillRetry bool
	// Loud is set when people hear of it by mail: the host changed, the order failed for good, or releases began to fail. What is tried again
	// and again is told again and again only to machines.
	Loud bool
	// Unclear is set when cordon does not know how the host is and does not go on by itself: a person must look.
	Unclear bool

	HostID uint64 // the host as a number
	Host   string
	User   string // who ordered it: a person, a rule, "timer", or "external" for what was done outside cordon
	At     time.Time

	Tenant, Environment string
	Lockdown            soc.LockdownID
	Reason              string
	Until               time.Time // of a lock, as known when it was told
	Period              time.Duration
	Detail              string
	Cause               soc.Cause
}

// TurnOf reads the turn out of an entry; nil when the entry is none. l is its lockdown as it is now, in names its tenant; both may be zero.
func TurnOf(e soc.AuditEntry, l soc.Lockdown, in soc.Integration) *Turn {
	action := turnAction(e, l)
	if action == "" {
		return nil
	}
	t := &Turn{
		Action: action, HostID: soc.HostKey{Integration: e.Integration, MachineID: e.Host}.Number(), Host: e.Target, At: e.Time,
		Tenant: in.Name, Environment: in.Environment, Lockdown: e.Lockdown, Reason: e.Reason, Until: l.Deadline, Period: l.Period,
		Detail: e.Detail, Cause: e.Cause, User: turnUser(e, l, action),
	}
	t.Success, t.WillRetry = Verdict(e)
	t.Unclear = e.After == string(soc.PhaseNeedsHuman)
	t.Loud = t.Success || !t.WillRetry || e.After == string(soc.PhaseReleaseBlocked) && e.Before != e.After
	return t
}

// turnAction is lock, unlock or nothing. A failure is a turn only if it moved the lockdown: a person who asks for a release and is refused
// has changed nothing, and nobody is woken by that.
func turnAction(e soc.AuditEntry, l soc.Lockdown) string {
	failed := (e.Result == soc.ResultFailed || e.Result == soc.ResultRefused) && e.After != ""
	ok := e.Result == soc.ResultOK
	switch {
	case e.Lockdown == "":
		return ""
	case e.Action == "confirm" && (ok && e.After == string(soc.PhaseIsolated) || failed), e.Action == "send" && failed:
		return TurnLock
	case e.Action == "confirm-release" && ok, (e.Action == "send-release" || e.Action == "release") && failed:
		return TurnUnlock
	case e.Action == "external" && e.Cause == soc.CauseExternal && e.ActionID != "": // released outside; without an action nobody saw a release
		return TurnUnlock
	case e.Action == "set-aside" && failed && l.EnforcedAt.IsZero():
		return TurnLock
	case e.Action == "set-aside" && failed:
		return TurnUnlock
	}
	return ""
}

// turnUser is who is behind it. The loop that carries orders out is nobody's order.
func turnUser(e soc.AuditEntry, l soc.Lockdown, action string) string {
	own := e.Actor.Name
	if e.Actor.Via == "svc" && slices.Contains([]string{"reconciler", "poller", "store"}, own) {
		own = ""
	}
	switch {
	case e.Action == "external":
		return "external"
	case action == TurnLock:
		return cmp.Or(l.By.Name, own, e.Actor.Name)
	}
	return cmp.Or(own, l.ReleaseBy.Name, e.Actor.Name)
}
