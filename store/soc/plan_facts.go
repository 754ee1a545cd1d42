package soc

import (
	"strings"
	"time"
)

// ours reports whether the action is one of this lockdown's orders: its id is known from an answer, or its comment carries our id. An
// action of another lockdown is as foreign as one from the portal.
func ours(l Lockdown, a MachineAction) bool {
	if a.ID != "" && (a.ID == l.ActionID || a.ID == l.ReleaseActionID) {
		return true
	}
	for _, t := range l.Attempts {
		if t.ActionID != "" && t.ActionID == a.ID && t.Verb != VerbCancel {
			return true
		}
	}
	if c, ok := ParseOrderComment(a.Comment); ok {
		return c.Lockdown == l.ID
	}
	return l.ID != "" && strings.HasPrefix(a.Comment, commentMagic+" id="+string(l.ID)+" ") // cut off on the way
}

// carries reports whether the action's comment holds the token. A comment that was shortened or wrapped on the way still counts.
func carries(a MachineAction, token string) bool {
	if c, ok := ParseOrderComment(a.Comment); ok {
		return c.Token == token
	}
	return strings.Contains(a.Comment+" ", "token="+token+" ")
}

// newestOf returns the newest action that fits, nil if none does.
func newestOf(actions []MachineAction, fits func(MachineAction) bool) *MachineAction {
	var best *MachineAction
	for i := range actions {
		if fits(actions[i]) && (best == nil || createdAfter(&actions[i], best)) {
			best = &actions[i]
		}
	}
	return best
}

func byID(actions []MachineAction, id string) *MachineAction {
	if id == "" {
		return nil
	}
	return newestOf(actions, func(a MachineAction) bool { return a.ID == id })
}

// gaveUp reports an order that ended without effect.
func gaveUp(a MachineAction) bool { return a.Status.Final() && a.Status != ActionSucceeded }

// openIsolate returns an own isolate that is still under way and may strike later.
func openIsolate(l Lockdown, actions []MachineAction) *MachineAction {
	return newestOf(actions, func(a MachineAction) bool { return a.Is(ActionIsolate) && !a.Status.Final() && ours(l, a) })
}

// openRelease returns a release that is under way, whoever asked for it. One that Defender must have given up by now does not count,
// whatever its status says (F49).
func openRelease(actions []MachineAction, now time.Time) *MachineAction {
	return newestOf(actions, func(a MachineAction) bool { return a.Is(ActionUnisolate) && !a.Status.Final() && !dead(a, now) })
}

// dead reports an open order that is older than Defender ever tries.
func dead(a MachineAction, now time.Time) bool {
	return !a.Created.IsZero() && now.Sub(a.Created) > WatchAfter
}

// mainOf returns our isolate as the list shows it, or what the record knows of it.
func mainOf(l Lockdown, actions []MachineAction) MachineAction {
	known := MachineAction{ID: l.ActionID, Type: ActionIsolate, Created: l.AcceptedAt, Updated: l.EnforcedAt}
	if a := byID(actions, l.ActionID); a != nil {
		if l.EnforcedAt.IsZero() || a.Status == ActionSucceeded {
			return *a
		}
		known.Created = a.Created
	}
	return known
}

// freedBy returns the foreign release that ended our isolation, nil if none did (V-23, F50).
func freedBy(l Lockdown, actions []MachineAction) *MachineAction {
	m := mainOf(l, actions)
	return newestOf(actions, func(a MachineAction) bool {
		return a.Is(ActionUnisolate) && a.Status == ActionSucceeded && !ours(l, a) && finishedAfter(&a, &m)
	})
}

// takenBy returns somebody else's isolate when that is the newest one on the host, nil otherwise (K-05). Isolates that failed or were
// released again do not count, nor do open ones of another console: those give way to ours (see rival).
func takenBy(l Lockdown, actions []MachineAction) *MachineAction {
	held := holding(actions)
	newest := newestOf(actions, func(a MachineAction) bool {
		return a.Is(ActionIsolate) && ((!a.Status.Final() && !peer(l, a)) || byID(held, a.ID) != nil)
	})
	m := mainOf(l, actions)
	if newest == nil || ours(l, *newest) || !createdAfter(newest, &m) {
		return nil
	}
	return newest
}

// holding returns the isolates in force: succeeded, and no release succeeded later.
func holding(actions []MachineAction) []MachineAction {
	var free *MachineAction
	for i := range actions {
		a := &actions[i]
		if a.Is(ActionUnisolate) && a.Status == ActionSucceeded && (free == nil || finishedAfter(a, free)) {
			free = a
		}
	}
	var held []MachineAction
	for i := range actions {
		a := &actions[i]
		if a.Is(ActionIsolate) && a.Status == ActionSucceeded && (free == nil || finishedAfter(a, free)) {
			held = append(held, *a)
		}
	}
	return held
}

// ownHold returns the newest isolate of this lockdown that is in force, nil if none is.
func ownHold(l Lockdown, actions []MachineAction) *MachineAction {
	return newestOf(holding(actions), func(a MachineAction) bool { return ours(l, a) })
}

// foreignHold returns an isolate from outside that is in force or under way, nil if there is none.
func foreignHold(l Lockdown, actions []MachineAction) *MachineAction {
	if a := newestOf(actions, func(a MachineAction) bool { return a.Is(ActionIsolate) && !a.Status.Final() && !ours(l, a) }); a != nil {
		return a
	}
	return newestOf(holding(actions), func(a MachineAction) bool { return !ours(l, a) })
}

// who names the requestor of an action for people.
func who(a MachineAction) string {
	if c, ok := ParseOrderComment(a.Comment); ok && c.By != "" {
		return c.By + " (cordon " + string(c.Lockdown) + ")"
	}
	if a.Requestor == "" {
		return "somebody outside cordon"
	}
	return a.Requestor
}
