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
	Reason      string        `json:"reason,omitempty"` // why, in the words of the person or the rule
	Before      string        `json:"before,omitempty"`
	After       string        `json:"after,omitempty"`
	Detail      string        `json:"detail,omitempty"` // one line for people
	ActionID    string        `json:"actionId,omitempty"`
	RequestID   string        `json:"requestId,omitempty"`
	// Version of cordon that wrote the line (T-14).
	Version string `json:"version,omitempty"`

	// Prev and Hash chain the records, MAC seals this one; all hex, made by package ledger. Records of the first form of the store have no
	// MAC. They stay the last fields: what is before them is what they cover.
	Prev string `json:"prev"`
	MAC  string `json:"mac,omitempty"`
	Hash string `json:"hash"`
}

// Clean makes every text of the entry safe to print in one line (SC26). The store calls it on every entry, so that no caller can forget;
// it does nothing to texts that were cleaned before.
func (e *AuditEntry) Clean() {
	for _, s := range []*string{
		(*string)(&e.Integration), &e.Actor.Name, &e.Actor.Via, &e.Actor.From, &e.Actor.Key, &e.Actor.Serial, &e.Actor.Session, &e.Actor.Role,
		&e.Action, &e.Host, &e.Target, (*string)(&e.Lockdown), &e.Result, (*string)(&e.Cause), &e.Reason, &e.Before, &e.After, &e.Detail,
		&e.ActionID, &e.RequestID, &e.Version,
	} {
		*s = Clean(*s)
	}
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

// ChainReport is the result of checking the history.
type ChainReport struct {
	Records uint64 // good ones, from the first on
	LastSeq uint64
	OK      bool
	BadSeq  uint64 // first bad record, 0 if none is
	Problem string
	Checked time.Time

	// After is set when nobody can say which record is the first bad one, only that it comes after After and not after BadSeq: the
	// history was taken back to an older copy and went on from there.
	After uint64
	// BadCheckpoint is the number of the first checkpoint that is forged or contradicts the history, 0 if none does.
	BadCheckpoint uint64
	Sealed        uint64   // records whose MAC was checked
	Checkpoints   int      // checkpoints that were compared
	Notes         []string // what was not checked and why, for people
}

// VerifyOptions say what a verification may use. The zero value checks the chain and what lies beside the store.
type VerifyOptions struct {
	By          Actor    // who asks: the outcome is written into the history; nobody leaves it unwritten
	Key         []byte   // content of the file with the first key; nil = the one beside the store, if it is there
	Checkpoints [][]byte // contents of files of checkpoints that were kept elsewhere
	Public      []string // public keys of checkpoints; none = those that the history itself names
	// Progress is called now and then with the number of records checked and the number there are, 0 if that is not known.
	Progress func(done, total uint64)
}

// AuditFormat is how an export is written.
type AuditFormat string

// The formats. JSON and NDJSON lose nothing and can be verified without the store; CSV and CEF are for spreadsheets and log collectors.
const (
	ExportJSON   AuditFormat = "json"
	ExportNDJSON AuditFormat = "ndjson"
	ExportCSV    AuditFormat = "csv"
	ExportCEF    AuditFormat = "cef"
)

// AuditExport says what to export: everything that matches Query, oldest first; From and Count are not used.
type AuditExport struct {
	Format AuditFormat
	Query  AuditQuery
}

// Whole reports whether the query leaves nothing out, so that the export can be verified.
func (q AuditQuery) Whole() bool {
	return q.Text == "" && q.Lockdown == "" && q.Host.IsZero() && q.Since.IsZero()
}
