package soc

import (
	"strings"
	"time"
)

// DeriveIsolation answers whether a host is isolated. Defender has no such field (D-20), so it is derived from the host's Isolate and
// Unisolate actions by two of them: the newest order (what was wanted last) and the order that succeeded last (what is in force). Both are
// needed, because orders finish out of turn: a queued isolate may strike after a release that was asked later (C-01).
//
// Actions of other kinds and of other machines are skipped; their order does not matter. The answer is as old as asOf; a zero asOf means
// that the list was never read, and the answer is IsolationUnsure. Changes that leave no action (Linux iptables, the portal's
// force-release script) are invisible here.
func DeriveIsolation(key HostKey, actions []MachineAction, asOf time.Time) Isolation {
	iso := Isolation{Key: key, AsOf: asOf, Word: NotIsolated}
	var newest, done, stray *MachineAction
	for i := range actions {
		a := &actions[i]
		if !isolationOrder(key, a) {
			continue
		}
		if newest == nil || createdAfter(a, newest) {
			newest = a
		}
		if a.Status == ActionSucceeded && (done == nil || finishedAfter(a, done)) {
			done = a
		}
		if !a.Status.Final() && a.Is(ActionIsolate) && (stray == nil || createdAfter(a, stray)) {
			stray = a
		}
	}
	if newest == nil {
		if asOf.IsZero() {
			iso.Word = IsolationUnsure
		}
		return iso
	}
	iso.HostName = newest.HostName
	iso.Action = *newest
	iso.Open = openOrder(newest, stray)
	iso.Word = isolationWord(newest, done != nil && done.Is(ActionIsolate), stray != nil)
	if done != nil && decides(iso.Word) {
		iso.Action = *done
	}
	return iso
}

// isolationWord is the table. inForce: the order that succeeded last was an isolate. stray: some isolate is still open.
func isolationWord(newest *MachineAction, inForce, stray bool) IsolationWord {
	open, isolate := !newest.Status.Final(), newest.Is(ActionIsolate)
	switch {
	case isolate && open && inForce:
		return IsolatedQueued
	case isolate && open:
		return Isolating
	case !isolate && open && inForce:
		return ReleasingNow
	case !isolate && inForce && newest.Status != ActionSucceeded:
		return ReleaseFailed
	case inForce && stray:
		return IsolatedQueued
	case inForce: // also a release that was overtaken by an older isolate
		return Isolated
	case stray: // an older isolate that may still strike
		return Isolating
	case isolate && newest.Status != ActionSucceeded:
		return IsolateFailed
	}
	return NotIsolated
}

// decides reports whether the succeeded order, rather than the newest one, is the evidence for the word.
func decides(w IsolationWord) bool { return w == Isolated || w == IsolatedQueued || w == NotIsolated }

func isolationOrder(key HostKey, a *MachineAction) bool {
	if !a.Is(ActionIsolate) && !a.Is(ActionUnisolate) {
		return false
	}
	if a.Integration != "" && a.Integration != key.Integration {
		return false
	}
	return a.MachineID == "" || strings.EqualFold(a.MachineID, key.MachineID)
}

// openOrder returns a copy of the order that is still under way: the newest one if it is, else an older isolate.
func openOrder(newest, stray *MachineAction) *MachineAction {
	if !newest.Status.Final() {
		stray = newest
	}
	if stray == nil {
		return nil
	}
	open := *stray
	return &open
}

func createdAfter(a, b *MachineAction) bool {
	if !a.Created.Equal(b.Created) {
		return a.Created.After(b.Created)
	}
	return a.ID > b.ID
}

func finishedAfter(a, b *MachineAction) bool {
	at, bt := a.Finished(), b.Finished()
	if !at.Equal(bt) {
		return at.After(bt)
	}
	return createdAfter(a, b)
}

// Finished is when the action last changed, its creation when Defender sent no such time.
func (a MachineAction) Finished() time.Time {
	if a.Updated.IsZero() {
		return a.Created
	}
	return a.Updated
}
