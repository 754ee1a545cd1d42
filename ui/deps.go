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
}

// Deps is everything that the console needs from outside.
type Deps struct {
	Reader    Reader
	Commander Commander
	Connector Connector
	Session   soc.Session
	Version   string
	// About are the lines of the About tab: a name and a value each, such as the schema and the path of the store.
	About [][2]string
	// Leave is asked when an embedded console is about to exit: it returns the live lockdowns, so that the person can choose (K-13). Nil
	// when a server keeps the timers.
	Leave func(ctx context.Context) ([]soc.Lockdown, error)
	// Background hands the timers to a background process before the console exits; nil when that is impossible.
	Background func(ctx context.Context) error
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
