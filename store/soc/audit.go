package soc

import "time"

// AuditEntry is one line of the history. The store numbers it, chains it to the one before and never changes it. Refused and cancelled
// attempts are lines too.
type AuditEntry struct {
	Seq         uint64        `json:"seq"`
	Time        time.Time     `json:"time"`
	Integration IntegrationID `json:"integration,omitempty"`
	Actor       Actor         `json:"actor"`
	Action      string        `json:"action"`           // verb: isolate, release, confirm, extend, external, test, attach, …
	Host        string        `json:"host,omitempty"`   // machine id
	Target      string        `json:"target,omitempty"` // what people call it: host name, alert id, integration name
	Lockdown    LockdownID    `json:"lockdown,omitempty"`
	Result      string        `json:"result"` // ok, accepted, refused, failed, cancelled, seen
	Cause       Cause         `json:"cause,omitempty"`
	Before      string        `json:"before,omitempty"`
	After       string        `json:"after,omitempty"`
	Detail      string        `json:"detail,omitempty"` // one line for people
	ActionID    string        `json:"actionId,omitempty"`
	RequestID   string        `json:"requestId,omitempty"`
	// Version of cordon that wrote the line (T-14).
	Version string `json:"version,omitempty"`

	// Prev and Hash chain the records: Hash = SHA-256 over Prev and the canonical encoding of the rest. Hex.
	Prev string `json:"prev"`
	Hash string `json:"hash"`
}

// Results of audit entries.
const (
	ResultOK        = "ok"
	ResultAccepted  = "accepted"
	ResultRefused   = "refused"
	ResultFailed    = "failed"
	ResultCancelled = "cancelled"
	ResultSeen      = "seen"
)

// AuditQuery selects entries, newest first.
type AuditQuery struct {
	Text        string // matched against actor, action, target, result, detail; terms like actor:alice action:isolate target:WS-1 since:24h
	Lockdown    LockdownID
	Host        HostKey
	Since       time.Time
	From, Count int
}

// AuditPage answers an AuditQuery.
type AuditPage struct {
	Entries []AuditEntry
	From    int
	Matched int
	Total   int
}

// Checkpoint is a signed statement of where the history stood: kept outside the store, it shows a history that was rolled back or rewritten
// as a whole (SC22, SC23).
type Checkpoint struct {
	N     uint64    `json:"n"`     // numbers the checkpoints of a store, from 1
	Store string    `json:"store"` // random id of the store, made with it
	Seq   uint64    `json:"seq"`   // the last record that it covers
	Hash  string    `json:"hash"`  // of that record
	Time  time.Time `json:"time"`
	Key   string    `json:"key"` // fingerprint of the Ed25519 key
	Sig   string    `json:"sig"` // base64, over the canonical encoding of the rest
}

// ChainReport is the result of walking the chain.
type ChainReport struct {
	Records uint64
	LastSeq uint64
	OK      bool
	BadSeq  uint64 // first bad record, 0 if none
	Problem string
	Checked time.Time
}
