package soc

import "time"

// Policy is the reviewed set of rules that the one door follows. It lives in the store and is changed with settings.edit only.
type Policy struct {
	LockdownOn    bool          `json:"lockdownOn"`    // off: no new lockdowns; running ones still release
	DefaultPeriod time.Duration `json:"defaultPeriod"` // preset that the dialog selects
	PendingTTL    time.Duration `json:"pendingTtl"`    // manual lockdowns; 0 = off (K-02)
	AutoTTL       time.Duration `json:"autoTtl"`       // automatic lockdowns
	// FactsTTL is how old the facts behind a confirmation may be, and how long an order that could not be sent stays good: after an outage
	// nothing fires stale (C-16, N-12).
	FactsTTL time.Duration `json:"factsTtl"`
	Never    []string      `json:"never,omitempty"` // never isolate: machine id, exact name, tag:x, group:x
	Revision uint64        `json:"revision"`
}

// DefaultPolicy is the policy of a fresh store.
func DefaultPolicy() Policy {
	return Policy{LockdownOn: true, DefaultPeriod: 4 * time.Hour, AutoTTL: 4 * time.Hour, FactsTTL: 10 * time.Minute}
}

// LockdownQuery selects lockdowns, the ones that need eyes first: open before final, then by deadline.
type LockdownQuery struct {
	Open  bool    // only those that are not final
	Host  HostKey // only this host's
	Since time.Time
	Count int // 0 = all
}

// RawAlert is an alert with the bytes that Defender sent for it, unchanged (T-33).
type RawAlert struct {
	Alert Alert
	Raw   []byte
}

// PutResult says what a batch changed.
type PutResult struct {
	New, Changed, Same, Reopened, Late int
}

// CauseStale ends an order that could not be sent while it was fresh (C-16, N-12).
const CauseStale Cause = "stale"
