package soc

import "slices"

// prune keeps the rows few: the oldest release or cancel whose outcome is settled goes first. Isolates stay, and so does a release that may
// still turn up.
func prune(rows []Attempt) []Attempt {
	if len(rows) <= maxRows {
		return rows
	}
	for i, a := range rows[:len(rows)-1] {
		if mayGo(a) {
			return append(append([]Attempt{}, rows[:i]...), rows[i+1:]...)
		}
	}
	return rows
}

// mayGo reports whether the row can be dropped without losing sight of an order.
func mayGo(a Attempt) bool {
	return a.Verb == VerbCancel || (a.Verb == VerbRelease && a.Outcome != OutcomeUnknown)
}

// DropSettled drops the release rows after number stored whose outcome is known. It is for a worker whose store takes no writes: of all that
// it tried meanwhile only the last order is stored later, as one step.
func DropSettled(rows []Attempt, stored int) []Attempt {
	return slices.DeleteFunc(slices.Clone(rows), func(a Attempt) bool {
		return a.N > stored && a.Verb != VerbIsolate && a.Outcome != OutcomeUnknown
	})
}

// LastAttempt returns the newest attempt row; false if there is none.
func (l Lockdown) LastAttempt() (Attempt, bool) {
	if len(l.Attempts) == 0 {
		return Attempt{}, false
	}
	return l.Attempts[len(l.Attempts)-1], true
}
