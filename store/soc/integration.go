package soc

import "time"

// Integration is one attached tenant: where it is, how to sign in, and how it is polled. The secret is never here in the clear: Sealed is
// opened by config/secret at the moment a token is asked for, and is left out of every listing and export (T-10).
type Integration struct {
	ID       IntegrationID `json:"id"`
	Type     string        `json:"type"` // "defender"
	Name     string        `json:"name"` // unique (T-12)
	TenantID string        `json:"tenantId"`
	ClientID string        `json:"clientId"`
	Auth     string        `json:"auth"` // secret, certificate, managed-identity, workload-identity
	Sealed   []byte        `json:"sealed,omitempty"`

	Cloud  string `json:"cloud"`            // commercial, gcc, gcc-high, dod, custom
	API    string `json:"api"`              // base URL without path: https://api.securitycenter.microsoft.com
	Login  string `json:"login"`            // https://login.microsoftonline.com
	Scope  string `json:"scope,omitempty"`  // token scope; empty = derived from the cloud
	CAFile string `json:"caFile,omitempty"` // extra CA bundle
	CAPEM  string `json:"caPem,omitempty"`  // extra CA, inline
	Custom bool   `json:"custom,omitempty"` // --allow-custom-host: host list is exactly API and Login
	Proxy  string `json:"proxy,omitempty"`  // http(s)://host:port for this tenant; empty = as the environment says, "none" = no proxy
	// TokenFile holds the federated token of a workload identity.
	TokenFile string `json:"tokenFile,omitempty"`

	Environment  string        `json:"environment"` // PROD or TEST: the badge of every header
	Enabled      bool          `json:"enabled"`     // off stops new isolations, never releases (K-07)
	ReadOnly     bool          `json:"readOnly,omitempty"`
	PollInterval time.Duration `json:"pollInterval"`
	MaxHistory   string        `json:"maxHistory"` // "30 days ago" or a time; how far back a poll may reach (T-28–T-30)
	SecretExpiry time.Time     `json:"secretExpiry,omitzero"`
	// Profiles are the permission sets that the app registration is meant to have, by name; what they ask for and the token does not carry
	// is shown as "requested, not consented" (Z-09).
	Profiles []string `json:"profiles,omitempty"`
	// Allowed names the people who may use this tenant; empty means everybody (T-16).
	Allowed []string `json:"allowed,omitempty"`

	CreatedAt time.Time `json:"createdAt"`
	Revision  uint64    `json:"revision"`
}

// PollState is how far the poller got, kept with the alerts so that both move in one transaction.
type PollState struct {
	Integration IntegrationID `json:"integration"`
	Watermark   time.Time     `json:"watermark,omitzero"` // newest lastUpdateTime stored
	ActivatedAt time.Time     `json:"activatedAt,omitzero"`
	LastTry     time.Time     `json:"lastTry,omitzero"`
	LastOK      time.Time     `json:"lastOk,omitzero"`
	LastSweep   time.Time     `json:"lastSweep,omitzero"`
	LastError   string        `json:"lastError,omitempty"`
	FirstDone   bool          `json:"firstDone,omitempty"`
	Cursor      time.Time     `json:"cursor,omitzero"` // of an interrupted first sync or catch-up
	Gap         string        `json:"gap,omitempty"`   // "2 days not fetched" (T-29)
}

// Conn is the live condition of one integration: what line 1 of every screen is made of. It is not stored.
type Conn struct {
	Integration Integration // without Sealed
	State       string      // ok, connecting, stale, unreachable, throttled, refused, sealed, disabled
	Problem     string      // for people: what, where (host and port), what it means, what to press
	LastOK      time.Time
	NextPoll    time.Time
	Interval    time.Duration
	Roles       []string // granted, from the token
	TenantName  string
	Skew        time.Duration // server clock minus ours

	MinuteUsed, MinuteLimit int // calls of the busiest API (N-13)
	HourUsed, HourLimit     int

	// Progress of a long first sync; Total 0 = unknown.
	Phase       string
	Done, Total int
	Gap         string
}

// Step is one line of the connection test (Z-15, V-10).
type Step struct {
	Name   string
	Status string // run, ok, fail, skip
	Took   time.Duration
	Detail string // what was seen
	Fix    string // what to do when it failed
}

// Steps' statuses.
const (
	StepRun  = "run"
	StepOK   = "ok"
	StepFail = "fail"
	StepSkip = "skip"
)
