package connect

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"cordon/client/lockdown"
	"cordon/client/poll"
	"cordon/store/soc"
)

// Everything is what the background client remembers with: store.Store.
type Everything interface {
	Store
	lockdown.Store
	poll.Store
	SavePolicy(ctx context.Context, p soc.Policy, audit ...soc.AuditEntry) (soc.Policy, error)
}

// Parts are what an Engine is assembled from.
type Parts struct {
	Store   Everything
	Sealer  Sealer
	Version string
	// Changed is called whenever the condition of a tenant may have changed; it must not block.
	Changed func()
	// CanIsolate says why no host may be isolated now: store.Store.CanIsolate. Nil means always.
	CanIsolate func() error
	// Presets are offered besides the ordinary ones: demo mode's short periods (K-03).
	Presets []time.Duration
	// Tune may change the rhythm of the pollers.
	Tune func(*poll.Options)
	// Guard is the clock of the timers; nil makes one of this machine's clocks, the history, Alive, and Defender's date.
	Guard *lockdown.Guard
	// Alive is the file for the sign of life; empty leaves none. It is read for the mark of the last run.
	Alive string
	// Shifts are the hours when somebody is there to see a release; empty means always (N-18).
	Shifts soc.Shifts
	// Locked says why no connection may be made now: the key of the credentials is not there (SC46). Opened is closed once it is; until then
	// nothing is polled and no timer acts. Nil means that the key is there.
	Locked func() error
	Opened <-chan struct{}
	// Log receives what has no place in the audit history; nil discards it.
	Log *slog.Logger
	// Restarts is how often a poller that fails is started again before it stays down (T-19); 0 means 3.
	Restarts int
	// Loops run beside the pollers and the reconciler, supervised in the same way.
	Loops []Loop
}

// Loop is a goroutine of ours that works until its context ends.
type Loop struct {
	Name string
	Run  func(ctx context.Context) error
}

// Engine is the background client whole: the tenants, the one door to their lockdowns, and the loop that keeps the timers. Nothing in it
// needs a terminal.
type Engine struct {
	Tenants    *Service
	Lockdowns  *lockdown.Service
	Reconciler *lockdown.Reconciler

	store  Everything
	loops  []Loop // run from the start
	keyed  []Loop // run once the key of the credentials is there
	opened <-chan struct{}
}

// Assemble builds an Engine; nothing is contacted before Run or a command.
func Assemble(p Parts) *Engine {
	e := &Engine{store: p.Store, loops: slices.Clone(p.Loops)}
	if p.Guard == nil {
		p.Guard = guard(p)
	}
	e.opened = p.Opened
	e.Tenants = New(Options{
		Store: p.Store, Sealer: p.Sealer, History: poll.ParseHistory,
		Dial:      unlessLocked(p.Locked, Defender(Wiring{Store: p.Store, Version: p.Version, Changed: p.Changed, Tune: p.Tune, Heard: p.Guard.Heard})),
		Lockdowns: func() Lockdowns { return e.Lockdowns },
		Restarts:  p.Restarts, Locked: p.Locked,
	})
	o := lockdown.Options{
		Store: p.Store, Remotes: e.Tenants, Presets: p.Presets, Missing: e.Tenants.Missing, Budget: e.Tenants.Budget, CanIsolate: p.CanIsolate,
		Room: e.Tenants.Room, Guard: p.Guard, Shifts: p.Shifts, Changed: p.Changed, Log: p.Log,
	}
	e.Lockdowns = lockdown.NewService(o)
	e.Reconciler = lockdown.NewReconciler(o)
	e.keyed = []Loop{{"poller", e.Tenants.Run}, {"reconciler", e.Reconciler.Run}, {"sweep", e.Reconciler.Sweep}}
	if p.Alive != "" {
		e.keyed = append(e.keyed, Loop{"sign of life", e.Reconciler.SignOfLife(p.Alive)})
	}
	return e
}

// Run works until ctx ends and returns when everything has stopped. A half that fails or panics is audited and started again with a
// growing pause; the other half goes on.
func (e *Engine) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range e.loops {
		wg.Go(func() { e.keep(ctx, l.Name, l.Run) })
	}
	if e.unlocked(ctx) {
		for _, l := range e.keyed {
			wg.Go(func() { e.keep(ctx, l.Name, l.Run) })
		}
	}
	wg.Wait()
}

func (e *Engine) keep(ctx context.Context, name string, run func(context.Context) error) {
	for n := 0; ; n++ {
		began := time.Now()
		err := protect(func() error { return run(ctx) })
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > longRun {
			n = 0
		}
		wait := backoff(n)
		_ = e.store.AppendAudit(ctx, soc.AuditEntry{
			Actor: soc.Service(name), Action: "restart", Target: name, Result: soc.ResultFailed,
			Detail: fmt.Sprintf("the %s stopped: %v; start %d in %s", name, err, n+2, wait),
		})
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// Lively is a Tune for demonstrations: machine actions are followed every few seconds.
func Lively(o *poll.Options) { o.ActionsBusy, o.ActionsIdle = 5*time.Second, 30*time.Second }

// Demo attaches a simulated tenant, or points the one that is attached already to where it is now, and makes a short period the default.
func (e *Engine) Demo(ctx context.Context, by soc.Session, draft soc.Integration, secret string, period time.Duration) error {
	all, err := e.store.Integrations(ctx)
	if err != nil {
		return fmt.Errorf("looking for the demo tenant: %w", err)
	}
	for _, in := range all {
		if in.Name == draft.Name {
			draft.ID, draft.Revision = in.ID, in.Revision
		}
	}
	if _, err := e.Tenants.Save(ctx, by, draft, secret, func(soc.Step) {}); err != nil {
		return fmt.Errorf("attaching the demo tenant: %w", err)
	}
	policy, err := e.store.Policy(ctx)
	if err != nil {
		return fmt.Errorf("reading the policy: %w", err)
	}
	policy.DefaultPeriod = period
	_, err = e.store.SavePolicy(ctx, policy)
	return err
}
