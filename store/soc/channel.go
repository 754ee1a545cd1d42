package soc

import (
	"slices"
	"time"
)

// ChannelID names a channel for ever; it is never given out again.
type ChannelID string

// ChannelType is what a channel does.
type ChannelType string

// The types of channels. Threats and probes are ways in: what comes in through them goes to a tenant. The others tell the outside world.
const (
	ChannelThreats ChannelType = "threats" // mobile threat reports become alerts of a tenant (M-01)
	ChannelProbes  ChannelType = "probes"  // unprotected test results become indicators of a tenant (P-11)
	ChannelMail    ChannelType = "mail"
	ChannelSyslog  ChannelType = "syslog"
	ChannelWebhook ChannelType = "webhook"
)

// ChannelTypes lists the types in the order in which they are offered (M-11).
func ChannelTypes() []ChannelType {
	return []ChannelType{ChannelThreats, ChannelProbes, ChannelMail, ChannelSyslog, ChannelWebhook}
}

// Out reports whether the channel tells the outside world.
func (t ChannelType) Out() bool { return t == ChannelMail || t == ChannelSyslog || t == ChannelWebhook }

// Channel is an integration that is no tenant. Like an Integration it never holds a secret in the clear: Sealed is a password or the signing
// secrets of a webhook, and is left out of every listing and export.
type Channel struct {
	ID      ChannelID   `json:"id"`
	Type    ChannelType `json:"type"`
	Name    string      `json:"name"` // unique among channels and tenants (M-13)
	Enabled bool        `json:"enabled"`
	Sealed  []byte      `json:"sealed,omitempty"`

	// Tenant is where a way in leads: threats and probes only.
	Tenant IntegrationID `json:"tenant,omitempty"`
	// AtLeast is the lowest level of a threat that is sent (M-02, M-03).
	AtLeast ThreatLevel `json:"atLeast,omitempty"`
	// Indicators is what becomes of an unprotected test.
	Indicators IndicatorDefaults `json:"indicators,omitzero"`
	// Out is where and how a way out tells.
	Out Outlet `json:"out,omitzero"`

	CreatedAt time.Time `json:"createdAt"`
	Revision  uint64    `json:"revision"`
}

// ProbeAction is what is made of an unprotected test unless somebody chose otherwise: whoever adds a channel for test results wants the test
// stopped (P-12).
const ProbeAction = "Block"

// IndicatorDefaults shape the indicators made of test results.
type IndicatorDefaults struct {
	Action   string        `json:"action,omitempty"`   // Audit, Warn, Block, BlockAndRemediate; empty: ProbeAction
	Severity string        `json:"severity,omitempty"` // Informational, Low, Medium, High
	Lifetime time.Duration `json:"lifetime,omitempty"` // 0 = never expires
}

// Outlet is where a mail, syslog or webhook channel goes.
type Outlet struct {
	// URL is smtp://host:port (STARTTLS demanded unless Plain) or smtps://host:port; udp://, tcp://, tls://host:port or unix:///path for
	// syslog; https://host/path for a webhook.
	URL string `json:"url,omitempty"`
	// Layout of syslog lines about lockdowns: cef, standard or json (V-39a/b/c); empty means cef.
	Layout string `json:"layout,omitempty"`
	// SeedNames sends the vendor, product and structured-data id of the product that these layouts come from, for sites whose parsers
	// expect them.
	SeedNames bool     `json:"seedNames,omitempty"`
	From      string   `json:"from,omitempty"` // mail
	To        []string `json:"to,omitempty"`   // mail
	User      string   `json:"user,omitempty"` // mail: sign-in name; the password is sealed
	// HostAlerts is the switch on which mail about lockdowns depends (V-35).
	HostAlerts bool `json:"hostAlerts,omitempty"`
	// StartFailures sends a mail when a part of cordon can not be started (T-17).
	StartFailures bool   `json:"startFailures,omitempty"`
	CAPEM         string `json:"caPem,omitempty"`
	AllowPrivate  bool   `json:"allowPrivate,omitempty"` // may connect to this machine and the own network
	Plain         bool   `json:"plain,omitempty"`        // no TLS; loopback only
}

// ChannelStatus is a channel with how it is doing, for lists. Channel.Sealed is empty.
type ChannelStatus struct {
	Channel  Channel
	FromFile bool      // it stands in config.yaml and can not be changed here
	State    string    // ok, off, failing, never used, stopped
	Problem  string    // for people
	LastSend time.Time // last message or report that arrived (M-14)
	Waiting  uint64    // messages or reports that wait
	Dead     uint64    // messages that the receiver refused for good
	Effect   string    // the effective result: "mail will be sent to soc@contoso.test", "mail will not be sent: …" (V-35)
}

// ThreatLevel is how bad a mobile threat is.
type ThreatLevel string

// The levels, in ascending order (M-04).
const (
	ThreatNormal   ThreatLevel = "Normal"
	ThreatLow      ThreatLevel = "Low"
	ThreatElevated ThreatLevel = "Elevated"
	ThreatCritical ThreatLevel = "Critical"
)

// ThreatLevels lists the levels in ascending order.
func ThreatLevels() []ThreatLevel {
	return []ThreatLevel{ThreatNormal, ThreatLow, ThreatElevated, ThreatCritical}
}

// Rank orders levels; an unknown level is -1.
func (l ThreatLevel) Rank() int { return slices.Index(ThreatLevels(), l) }

// Filter is the text of the choice "this level and above" (M-05).
func (l ThreatLevel) Filter() string {
	if l == ThreatCritical {
		return "Critical"
	}
	return string(l) + " and Above"
}

// Token lets a program in over HTTP. Only the hash of its value is stored.
type Token struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"` // unique: who the sender is
	Scopes   []string  `json:"scopes"`
	Channel  ChannelID `json:"channel,omitempty"` // of a sender of threats or probes
	Hash     []byte    `json:"hash"`              // SHA-256 of the value
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	LastUsed time.Time `json:"lastUsed,omitzero"`
	Revision uint64    `json:"revision"`
}

// The scopes of tokens.
const (
	ScopeLockdowns = "lockdowns" // read the list of current lockdowns (V-36)
	ScopeThreats   = "threats"   // send threat reports
	ScopeProbes    = "probes"    // send probe results
	ScopeMetrics   = "metrics"   // read /metrics
)
