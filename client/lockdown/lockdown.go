// Package lockdown keeps the promise that a lockdown makes: the host is isolated once, for as long as was said, and then released, whatever
// happens to this process, to the network or to Defender in between.
//
// It has two halves. Service is the one door (K-15): people, commands and rules all come through it, it judges every rule and audits every
// refusal, and Check gives the same answer before a key is pressed that the command enforces after. It never talks to Defender; it stores
// an intent. Reconciler carries intents out: it drives the pure machine of soc (Observed, Plan, Begin, Applied) over the stored records and
// saves each step before the next. It keeps nothing that matters in memory, so it may be killed at any point and started again on the same
// store.
//
// Isolating fails closed: no durable intent, no request. Releasing fails safe: it goes on when the integration is disabled, when Defender's
// list can not be read, and when the disk refuses a write (K-07, K-11).
//
// One Reconciler may run per store. Two tenants' consoles may meet on one Defender: each acts on its own orders only and looks before it
// sends.
package lockdown

import (
	"context"
	"log/slog"
	"time"

	"cordon/store/soc"
)

// Remote is the Defender of one tenant, as package client offers it. Errors are *soc.Error; KindUnknownOutcome and KindInternal of a
// sending call mean that nobody knows whether it took effect.
type Remote interface {
	Isolate(ctx context.Context, machineID string, kind soc.IsolationType, comment string) (soc.MachineAction, error)
	Unisolate(ctx context.Context, machineID, comment string) (soc.MachineAction, error)
	CancelAction(ctx context.Context, id, comment string) (soc.MachineAction, error)
	HostActions(ctx context.Context, machineID string) ([]soc.MachineAction, error)
	Action(ctx context.Context, id string) (soc.MachineAction, error)
	Machine(ctx context.Context, id string) (soc.Host, error)
}

// Remotes finds the Remote of a tenant. It must answer for disabled integrations too: their releases go on.
type Remotes interface {
	Remote(id soc.IntegrationID) (Remote, error)
}

// Records is the part of the store that holds lockdowns and history; see store.Store for the promises.
type Records interface {
	SaveLockdown(ctx context.Context, l soc.Lockdown, entries ...soc.AuditEntry) (soc.Lockdown, error)
	Lockdown(ctx context.Context, id soc.LockdownID) (soc.Lockdown, error)
	OpenLockdown(ctx context.Context, key soc.HostKey) (soc.Lockdown, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	DueLockdowns(ctx context.Context, now time.Time, limit int) ([]soc.Lockdown, error)
	NextWake(ctx context.Context) (time.Time, error)
	AppendAudit(ctx context.Context, entries ...soc.AuditEntry) error
	Watch() *soc.Watcher
}

// Facts is the part of the store that holds what is known about hosts and settings.
type Facts interface {
	Host(ctx context.Context, key soc.HostKey) (soc.Host, error)
	HostsNamed(ctx context.Context, id soc.IntegrationID, name string) ([]soc.Host, error)
	Actions(ctx context.Context, key soc.HostKey) ([]soc.MachineAction, time.Time, error)
	PutHostActions(ctx context.Context, key soc.HostKey, actions []soc.MachineAction, asOf time.Time) error
	PutActions(ctx context.Context, id soc.IntegrationID, actions []soc.MachineAction, asOf time.Time) error
	Integration(ctx context.Context, id soc.IntegrationID) (soc.Integration, error)
	Policy(ctx context.Context) (soc.Policy, error)
}

// Store is what this package remembers with.
type Store interface {
	Records
	Facts
}

// Options are the parts that Service and Reconciler are built from. Store is required; Remotes is required for the Reconciler.
type Options struct {
	Store   Store
	Remotes Remotes
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Guard says what time it is for everything that a lockdown waits for, instead of Now. Nil believes Now.
	Guard *Guard
	// Presets are offered and accepted besides those of soc.Presets: demo mode's short ones (K-03).
	Presets []time.Duration
	// Missing names the Defender permission that the act needs and the app does not have, "" if nothing is missing. Nil means unknown.
	Missing func(id soc.IntegrationID, act soc.Act) string
	// Budget says in words how many calls are left; nil leaves it out.
	Budget func(id soc.IntegrationID) string
	// CanIsolate says why no host may be isolated now whoever asks: the store could not keep the promise. Nil means always. It is asked before
	// a lockdown is taken on and again before its order is sent; releases never ask.
	CanIsolate func() error
	// Room says how long until the call budget of a tenant has room for a release; nil means that there is always room.
	Room func(id soc.IntegrationID) time.Duration
	// Shifts are the hours when somebody is there to see a release; empty means always (N-18).
	Shifts soc.Shifts
	// Workers bounds how many hosts are handled at once, 0 = 4. Releases have as many again to themselves.
	Workers int
	// Changed is called when Troubles may have changed; it must not block. Nil is allowed.
	Changed func()
	// Log receives what has no place in the audit history; nil discards it.
	Log *slog.Logger

	wall func() time.Time // for ages of what was stamped by the wall clock; set by withDefaults
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.wall = o.Now
	if o.Guard != nil {
		o.Now = o.Guard.Now
	}
	if o.CanIsolate == nil {
		o.CanIsolate = func() error { return nil }
	}
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
