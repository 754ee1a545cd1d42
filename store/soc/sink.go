package soc

import "time"

// SinkState is how far one notification sink got through the history. The history itself is the queue: what follows Seq is still owed.
type SinkState struct {
	Name       string `json:"name"`
	Seq        uint64 `json:"seq"`               // last audit entry that was delivered, dropped or given up
	Checkpoint uint64 `json:"checkpoint"`        // last checkpoint (its N) that was delivered
	Dropped    uint64 `json:"dropped,omitempty"` // entries of no weight that were left out because the backlog was too long
	GivenUp    uint64 `json:"givenUp,omitempty"` // entries that the sink refused for good
	// Dead are the last of those.
	Dead []DeadLetter `json:"dead,omitempty"`

	LastOK  time.Time `json:"lastOk,omitzero"`
	Since   time.Time `json:"since,omitzero"`    // when it stopped taking notifications; zero while it takes them
	Problem string    `json:"problem,omitempty"` // why
}

// DeadLetter is a notification that a sink refused again and again while others went through. Its entry stays in the history.
type DeadLetter struct {
	ID     string    `json:"id"`
	Seq    uint64    `json:"seq,omitempty"` // of the audit entry, 0 for a checkpoint
	At     time.Time `json:"at"`
	Tries  int       `json:"tries"`
	Action string    `json:"action,omitempty"`
	Target string    `json:"target,omitempty"`
	Why    string    `json:"why"`
}
