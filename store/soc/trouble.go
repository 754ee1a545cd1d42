package soc

import (
	"cmp"
	"slices"
	"time"
)

// Level says how loud something is.
type Level int

// The levels.
const (
	LevelInfo Level = iota
	LevelWarn
	LevelBad
)

// Trouble is something wrong with the machinery under the lockdowns: the store, the clock, the disk, a sink, a loop that had to be restarted.
// It is a state, not an event: it is there for as long as it is true. Every part that can be in trouble offers its own list; nothing is
// stored, so trouble with the store can be told too.
type Trouble struct {
	Code  string    `json:"code"` // stable, for scripts: store-failed, disk-low, clock-held, sweep-caught, sink-down, …
	Level Level     `json:"level"`
	Since time.Time `json:"since,omitzero"`
	What  string    `json:"what"`            // what happened
	Means string    `json:"means,omitempty"` // what it means for the hosts
	Next  string    `json:"next,omitempty"`  // what to do
}

// SortTroubles puts the worst first, then the oldest.
func SortTroubles(list []Trouble) {
	slices.SortStableFunc(list, func(a, b Trouble) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), a.Since.Compare(b.Since), cmp.Compare(a.Code, b.Code))
	})
}
