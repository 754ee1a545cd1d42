package soc

import (
	"strings"
	"time"
)

// Two consoles may work on one tenant, each with its own store, and order the same host in the same second. Both looked, both saw nothing.
// Every console then judges what Defender shows by the same rule, so that exactly one of them keeps the host:
//
//   - an order in force goes before one that is still open;
//   - of two in force the newer one keeps the host, as with any isolate from outside (K-05);
//   - of two open ones the older one keeps the host.
//
// The one that gives way takes its own order back at once, so that it can not strike after the release (C-01), and ends as superseded. The
// rule needs no message between the consoles and no common clock: it uses Defender's own creation times, which both read alike.

// peerGrace is how long a console has to take its own losing order back before the winner does it, because it would strike after the release.
const peerGrace = 2 * time.Minute

// otherConsole begins the words about another console.
const otherConsole = "another cordon console "

// peer reports whether the action is the order of another console, or of another lockdown of this one.
func peer(l Lockdown, a MachineAction) bool {
	c, ok := ParseOrderComment(a.Comment)
	return ok && c.Lockdown != l.ID
}

// rival returns the order of another console that ours, which is still open, gives way to; nil if it keeps the host.
func rival(l Lockdown, actions []MachineAction) *MachineAction {
	own := byID(actions, l.ActionID)
	if own == nil || own.Status.Final() {
		return nil
	}
	if a := newestOf(holding(actions), func(a MachineAction) bool { return peer(l, a) }); a != nil {
		return a
	}
	return newestOf(actions, func(a MachineAction) bool {
		return a.Is(ActionIsolate) && !a.Status.Final() && peer(l, a) && createdAfter(own, &a)
	})
}

// losingPeer returns the open isolate of another console that should have given way to ours long ago. Its owner is not at work; left alone
// it would stand in the way of our release, or isolate the host again after it.
func losingPeer(l Lockdown, actions []MachineAction, now time.Time) *MachineAction {
	own := mainOf(l, actions)
	if l.TakenOver || own.ID == "" {
		return nil
	}
	return newestOf(actions, func(a MachineAction) bool {
		return a.Is(ActionIsolate) && !a.Status.Final() && peer(l, a) && createdAfter(&a, &own) && now.Sub(a.Created) > peerGrace
	})
}

// giveWay tells people that our order is being taken back because of another console's. planPending does it.
func (m *mover) giveWay(actions []MachineAction) {
	r := rival(m.l, actions)
	told := strings.HasPrefix(m.l.Trouble, otherConsole)
	switch {
	case r == nil && told:
		m.l.Trouble = ""
	case r != nil && !told:
		m.l.Trouble = otherConsole + "isolates this host too (" + who(*r) + "); its order goes first, ours is being taken back"
		if cancelOf(m.l, m.l.ActionID) == nil {
			m.note(AuditEntry{Action: "other-console", Result: ResultSeen, ActionID: r.ID, Cause: CauseSuperseded, Detail: m.l.Trouble})
		}
	}
}

// gaveWay ends a lockdown whose order we took back for another console's.
func (m *mover) gaveWay(a MachineAction, actions []MachineAction) {
	by := "another console"
	if r := newestOf(actions, func(a MachineAction) bool { return a.Is(ActionIsolate) && !gaveUp(a) && peer(m.l, a) }); r != nil {
		by = who(*r)
	}
	m.end(PhaseSuperseded, CauseSuperseded, a.Finished(), AuditEntry{
		Action: "other-console", Result: ResultSeen, ActionID: a.ID,
		Detail: "the host was isolated by " + by + " in the same moment; our order was taken back, and their lockdown decides when the host is released",
	})
}

// cancelOf returns our newest cancel order for an action, nil if there was none.
func cancelOf(l Lockdown, id string) *Attempt {
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		if t := &l.Attempts[i]; t.Verb == VerbCancel && t.ActionID == id {
			return t
		}
	}
	return nil
}
