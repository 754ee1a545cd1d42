package soc

import "time"

// Threat is a report of a mobile threat and what became of it. A report that Defender can not take, because it does not know the device or
// because the level is below the limit, stays here with the reason.
type Threat struct {
	// Key is channel and the sender's own id of the threat, joined: the same report twice is one record.
	Key     string    `json:"key"`
	Channel ChannelID `json:"channel"`
	Sender  string    `json:"sender"` // name of the token, or of the person
	ID      string    `json:"id"`     // the sender's id of the threat

	Level       ThreatLevel       `json:"level"`
	Vendor      string            `json:"vendor"` // data, never an enum (M-10)
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	Category    string            `json:"category,omitempty"`
	Device      ThreatDevice      `json:"device"`
	User        string            `json:"user,omitempty"` // absent when the sender does not know (M-07)
	Forensics   map[string]string `json:"forensics,omitempty"`

	OccurredAt time.Time `json:"occurredAt"`
	ReceivedAt time.Time `json:"receivedAt"`
	ResolvedAt time.Time `json:"resolvedAt,omitzero"` // resolved on the device, by the sender

	State    ThreatState `json:"state"`
	Reason   string      `json:"reason,omitempty"` // why it is in this state, for people
	Host     HostKey     `json:"host,omitzero"`    // the device as Defender knows it
	AlertID  string      `json:"alertId,omitempty"`
	SentAt   time.Time   `json:"sentAt,omitzero"`
	SyncedAt time.Time   `json:"syncedAt,omitzero"` // the alert was resolved in Defender (M-08)
	Tries    int         `json:"tries,omitempty"`
	NextTry  time.Time   `json:"nextTry,omitzero"`

	// AskedAt is when an order about this threat was sent whose answer is not known: saved before it leaves, cleared with the answer. While
	// it is set nothing is sent again without looking in Defender first.
	AskedAt time.Time `json:"askedAt,omitzero"`
	// Event is an event in Defender that the sender ties the threat to; nil if it knows none.
	Event *EventRef `json:"event,omitempty"`

	Revision uint64 `json:"revision"`
}

// ThreatDevice is a device as its management knows it.
type ThreatDevice struct {
	Name        string `json:"name"`
	ID          string `json:"id,omitempty"`          // the sender's id
	AADDeviceID string `json:"aadDeviceId,omitempty"` // ties it to Defender's machine
	MachineID   string `json:"machineId,omitempty"`   // Defender's id, if the sender knows it
	OS          string `json:"os,omitempty"`
	OSVersion   string `json:"osVersion,omitempty"`
	Managed     *bool  `json:"managed,omitempty"` // nil: the sender did not say (M-09)
}

// ThreatState is where a report is on its way.
type ThreatState string

// The states of a threat report.
const (
	ThreatWaiting    ThreatState = "waiting"    // to be sent to Defender
	ThreatSuppressed ThreatState = "suppressed" // below the level of its channel
	ThreatUnmatched  ThreatState = "unmatched"  // Defender does not know the device
	ThreatSent       ThreatState = "sent"       // an alert stands for it
	ThreatResolving  ThreatState = "resolving"  // resolved on the device; the alert is not yet
	ThreatResolved   ThreatState = "resolved"
	ThreatFailed     ThreatState = "failed" // refused for good
)

// ThreatQuery selects reports, newest first.
type ThreatQuery struct {
	Channel ChannelID
	States  []ThreatState
	Managed *bool
	Before  time.Time // for paging: only those received before; zero = all
	Count   int       // at most; 0 = 100
}

// Indicator is an indicator of compromise of a tenant, as Defender lists it.
type Indicator struct {
	Integration IntegrationID `json:"integration"`
	ID          string        `json:"id"` // Defender's
	Type        string        `json:"type"`
	Value       string        `json:"value"`
	Action      string        `json:"action"`
	Severity    string        `json:"severity,omitempty"`
	Title       string        `json:"title"`
	Description string        `json:"description,omitempty"`
	Application string        `json:"application,omitempty"`
	CreatedBy   string        `json:"createdBy,omitempty"`
	CreatedAt   time.Time     `json:"createdAt,omitzero"`
	Expires     time.Time     `json:"expires,omitzero"`
	Alert       bool          `json:"alert,omitempty"` // generateAlert
}

// Pushed is an indicator that cordon put into a tenant, and what is known of it since.
type Pushed struct {
	Key       string      `json:"key"` // integration, type and value joined: never twice (P-11)
	Indicator Indicator   `json:"indicator"`
	Channel   ChannelID   `json:"channel,omitempty"` // of the probe; empty for one that a person added
	Test      string      `json:"test,omitempty"`    // name of the test that found the gap
	By        string      `json:"by"`
	State     PushedState `json:"state"`
	Reason    string      `json:"reason,omitempty"`

	Submitted time.Time `json:"submitted,omitzero"`
	Visible   time.Time `json:"visible,omitzero"`  // first seen in Defender's list
	Retested  time.Time `json:"retested,omitzero"` // last result of the same test after that
	Tries     int       `json:"tries,omitempty"`
	NextTry   time.Time `json:"nextTry,omitzero"`

	Revision uint64 `json:"revision"`
}

// PushedState is how far an indicator of ours has come (P-12).
type PushedState string

// The states of an indicator of ours.
const (
	PushedWaiting   PushedState = "waiting"   // to be submitted
	PushedSubmitted PushedState = "submitted" // taken by Defender, not in its list yet
	PushedVisible   PushedState = "visible"
	PushedCaught    PushedState = "caught" // the test is blocked now
	PushedMissed    PushedState = "missed" // the test still gets through
	PushedEarly     PushedState = "early"  // retested too early to tell: blocks take up to two hours
	PushedFailed    PushedState = "failed"
	PushedDeleted   PushedState = "deleted"
)
