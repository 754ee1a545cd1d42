package ui

import (
	"context"
	"time"

	"cordon/store/soc"
)

// Reader is what the screens read. Every call returns values, never shared memory, and none of them touches the network.
type Reader interface {
	Alerts(ctx context.Context, q soc.Query) (soc.AlertPage, error)
	Alert(ctx context.Context, key soc.AlertKey) (soc.Alert, error)
	AlertRaw(ctx context.Context, key soc.AlertKey) ([]byte, error)
	Host(ctx context.Context, key soc.HostKey) (soc.Host, error)
	HostsNamed(ctx context.Context, id soc.IntegrationID, name string) ([]soc.Host, error)
	FindHosts(ctx context.Context, prefix string, limit int) ([]soc.Host, error)
	Actions(ctx context.Context, key soc.HostKey) ([]soc.MachineAction, time.Time, error)
	Isolations(ctx context.Context) ([]soc.Isolation, error)
	Lockdown(ctx context.Context, id soc.LockdownID) (soc.Lockdown, error)
	OpenLockdown(ctx context.Context, key soc.HostKey) (soc.Lockdown, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
	// AuditAfter returns up to limit entries that follow seq, oldest first.
	AuditAfter(ctx context.Context, seq uint64, limit int) ([]soc.AuditEntry, error)
	VerifyHistory(ctx context.Context, o soc.VerifyOptions) (soc.ChainReport, error)
	Integrations(ctx context.Context) ([]soc.Integration, error)
	Policy(ctx context.Context) (soc.Policy, error)
	Watch() *soc.Watcher
}

// Commander is what the screens may order. Every method judges the session's rights itself and audits refusals; all return once the intent
// is stored, so no screen ever waits for Defender.
type Commander interface {
	Check(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey) soc.Verdict
	Isolate(ctx context.Context, s soc.Session, r soc.IsolateRequest) (soc.Lockdown, error)
	Release(ctx context.Context, s soc.Session, r soc.ReleaseRequest) (soc.Lockdown, error)
	SetPeriod(ctx context.Context, s soc.Session, r soc.PeriodRequest) (soc.Lockdown, error)
	CancelLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error)
	CloseLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error)
	Dismiss(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey, why string) error
}

// Connector is the background client: the live condition of the tenants and what may be asked of it.
type Connector interface {
	Conns(ctx context.Context) []soc.Conn
	// WantHost fetches a host, its users and its actions in the background.
	WantHost(key soc.HostKey, force bool)
	// Refresh polls now.
	Refresh()
	// Test runs the connection test on a draft, or on a saved integration when draft.ID is set and secret is empty.
	Test(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error)
	// Save tests the draft and stores it only if the test passed; the old credentials stay in force otherwise (V-05).
	Save(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) (soc.Integration, error)
	// SetEnabled switches new lockdowns of one integration on or off; running ones still release (K-07).
	SetEnabled(ctx context.Context, s soc.Session, id soc.IntegrationID, on bool) error
	// Detach removes an integration. With live lockdowns it is refused and lists them unless releaseFirst or abandon is set (K-07).
	Detach(ctx context.Context, s soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error
	// Permissions is what the token of a tenant allows, against the permission sets that cordon knows (Z-06–Z-09).
	Permissions(ctx context.Context, id soc.IntegrationID) (soc.PermissionReport, error)
}

// Channels are the integrations that are no tenants: ways in (threat reports, probe results) and out (mail, syslog, webhooks). Methods that
// change something judge the session's rights (settings.edit) and audit it.
type Channels interface {
	Channels(ctx context.Context) ([]soc.ChannelStatus, error)
	// TestChannel sends a test message, or checks the tenant behind a way in. A saved channel is tested with its stored secret when secret
	// is empty.
	TestChannel(ctx context.Context, s soc.Session, draft soc.Channel, secret string, report func(soc.Step)) ([]soc.Step, error)
	// SaveChannel checks the draft and stores it; what was saved before stays in force when the draft is refused. An empty secret keeps the
	// stored one.
	SaveChannel(ctx context.Context, s soc.Session, draft soc.Channel, secret string) (soc.Channel, error)
	EnableChannel(ctx context.Context, s soc.Session, id soc.ChannelID, on bool) error
	RemoveChannel(ctx context.Context, s soc.Session, id soc.ChannelID) error
	Tokens(ctx context.Context) ([]soc.Token, error)
	// AddToken returns the value of the new token; it is shown once and never again.
	AddToken(ctx context.Context, s soc.Session, draft soc.Token) (soc.Token, string, error)
	RemoveToken(ctx context.Context, s soc.Session, id string) error
}

// Reports are the threat reports and the indicators of compromise. Those that say so ask Defender, and are slow.
type Reports interface {
	Threats(ctx context.Context, q soc.ThreatQuery) ([]soc.Threat, error)
	// ResolveThreat marks a threat as resolved on its device; Defender's alert follows (M-08).
	ResolveThreat(ctx context.Context, s soc.Session, key string) (soc.Threat, error)
	Pushed(ctx context.Context) ([]soc.Pushed, error)
	// Indicators asks Defender.
	Indicators(ctx context.Context, s soc.Session, id soc.IntegrationID) (soc.IndicatorList, error)
	// AddIndicators asks Defender; each item has its own result.
	AddIndicators(ctx context.Context, s soc.Session, id soc.IntegrationID, list []soc.Indicator) ([]soc.ItemResult, error)
	// DeleteIndicator asks Defender.
	DeleteIndicator(ctx context.Context, s soc.Session, id soc.IntegrationID, indicator string) error
	// Readiness is the checklist of what blocking by indicators needs (P-05).
	Readiness(ctx context.Context, id soc.IntegrationID) ([]soc.Readiness, error)
}

// Deps is everything that the console needs from outside.
type Deps struct {
	Reader    Reader
	Commander Commander
	Connector Connector
	Channels  Channels // nil: there are none
	Reports   Reports  // nil: there are none
	Session   soc.Session
	Version   string
	// About are the lines of the About tab: a name and a value each, such as the schema and the path of the store.
	About [][2]string
	// Leave is asked when an embedded console is about to exit: it returns the live lockdowns, so that the person can choose (K-13). Nil
	// when a server keeps the timers.
	Leave func(ctx context.Context) ([]soc.Lockdown, error)
	// Background hands the timers to a background process before the console exits; nil when that is impossible.
	Background func(ctx context.Context) error
	// History reads "30 days ago" as a moment before now, for the forms; nil leaves that to the save.
	History func(text string, now time.Time) (time.Time, error)
	// Troubles is what is wrong with the machinery under the lockdowns right now, worst first. It is asked on every tick, so it answers from
	// memory; nil means that nobody knows.
	Troubles func() []soc.Trouble
	// Shifts are the hours when somebody is on duty; the debt board marks what ends outside them (N-08, N-18).
	Shifts soc.Shifts
	Look   Look

	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Local is the zone shown beside UTC; nil means the zone of this machine.
	Local *time.Location
}

// Look is how the console draws.
type Look struct {
	Theme   string // auto, dark, light, mono
	ASCII   bool   // borders and bars in plain ASCII
	NoColor bool
	Bell    bool // the terminal rings when a release keeps failing
}
