package soc

import "time"

// Query is a windowed read of the queue. Filter is the text that an analyst types; see ParseFilter for the language.
type Query struct {
	Filter  string
	Me      string    // who "owner:me" is
	Now     time.Time // what "age<2h" counts from
	Machine HostKey   // only this host's alerts, if set
	Sort    []SortKey // at most two are used; ties break by id
	From    int
	Count   int
	Facets  bool
	// Pin asks for the rows as they were at this revision of the index: newer ones are counted in AlertPage.Newer and left out, so that
	// nothing moves under the cursor. 0 = newest.
	Pin uint64
}

// SortKey is one column of an order.
type SortKey struct {
	Field string // severity, time, update, title, host, status, owner, user, technique, evidence
	Desc  bool
}
