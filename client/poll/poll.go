// Package poll brings what Defender knows into the store: alerts as they appear and change, machine actions of the fleet, and hosts that
// somebody looks at.
//
// One Poller serves one integration, whatever the number of screens. It promises that no alert is lost: it asks by time of last update
// from a watermark that only moves behind alerts that are stored, goes back five minutes each time and a day every half hour, because
// Defender shows some late, and leaves the rest to the store, which knows alerts by id. Both move in one transaction, so a poll may be
// interrupted anywhere. It promises honesty about its own condition: Status never says ok when the data is old, and a gap that will not
// be filled is told and audited.
//
// It reads only; a lockdown is the business of client/lockdown. It does not retry fast: the client does, and shares one call budget among
// all who ask.
package poll

import (
	"context"
	"fmt"
	"sync"
	"time"

	"cordon/store/soc"
)

// API is what the poller asks of Defender. *client.Client has it.
type API interface {
	AlertsUpdated(ctx context.Context, from, until time.Time, top, skip int) (page []soc.RawAlert, full bool, err error)
	AlertsOpen(ctx context.Context, from, until time.Time, top, skip int) (page []soc.RawAlert, full bool, err error)
	IsolationActions(ctx context.Context, since time.Time) ([]soc.MachineAction, error)
	HostActions(ctx context.Context, machineID string) ([]soc.MachineAction, error)
	Machine(ctx context.Context, machineID string) (soc.Host, error)
	LogonUsers(ctx context.Context, machineID string) ([]soc.LogonUser, error)
	Roles(ctx context.Context) ([]string, error)
	Calls() (minuteUsed, minuteLimit, hourUsed, hourLimit int)
	Skew() time.Duration
}

// Store is where it goes. *store.Store has it.
type Store interface {
	PutAlerts(context.Context, soc.IntegrationID, []soc.RawAlert, soc.PollState) (soc.PutResult, error)
	PutHosts(context.Context, ...soc.Host) error
	Host(context.Context, soc.HostKey) (soc.Host, error)
	PutActions(context.Context, soc.IntegrationID, []soc.MachineAction, time.Time) error
	PutHostActions(context.Context, soc.HostKey, []soc.MachineAction, time.Time) error
	PollState(context.Context, soc.IntegrationID) (soc.PollState, error)
	SavePollState(context.Context, soc.PollState) error
	AppendAudit(context.Context, ...soc.AuditEntry) error
	Audit(context.Context, soc.AuditQuery) (soc.AuditPage, error)
	Lockdown(context.Context, soc.LockdownID) (soc.Lockdown, error)
	HostsNamed(context.Context, soc.IntegrationID, string) ([]soc.Host, error)
}

// Options make a Poller. Integration, API and Store are required.
type Options struct {
	Integration soc.Integration
	API         API
	Store       Store
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Changed is called, from any goroutine, whenever Status may answer something new; it must not block.
	Changed func()

	PageSize    int           // 2 to 1,000; 0 = 1,000
	ActionsBusy time.Duration // between reads of the fleet's actions while one is open; 0 = 15 s
	ActionsIdle time.Duration // else; 0 = 5 min
	HostTTL     time.Duration // 0 = 5 min
}

// The rhythm of a poll, beside the interval that the integration sets.
const (
	defaultInterval = 30 * time.Second
	overlap         = 5 * time.Minute
	sweepEvery      = 30 * time.Minute
	sweepBack       = 24 * time.Hour
	maxPage         = 1000 // with evidence, larger answers fail
	maxFailures     = 15   // in a row; then we call ourselves disconnected
	slowRetry       = time.Minute
)

// Poller polls one integration. Make it with New and start it with Run.
type Poller struct {
	Options
	interval time.Duration
	kick     chan struct{} // alerts now
	kickActs chan struct{} // actions now
	hosts    hostQueue
	drifted  drift // of runActions alone

	mu   sync.Mutex
	live live
}

// New makes a poller; it does nothing until Run.
func New(o Options) *Poller {
	o.Integration.Sealed = nil
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	o.PageSize = max(2, min(orDefault(o.PageSize, maxPage), maxPage))
	o.ActionsBusy = orDefault(o.ActionsBusy, 15*time.Second)
	o.ActionsIdle = orDefault(o.ActionsIdle, 5*time.Minute)
	o.HostTTL = orDefault(o.HostTTL, 5*time.Minute)
	return &Poller{
		Options:  o,
		interval: orDefault(o.Integration.PollInterval, defaultInterval),
		kick:     make(chan struct{}, 1),
		kickActs: make(chan struct{}, 1),
		hosts:    newHostQueue(),
	}
}

func orDefault[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// Run polls until ctx ends and returns its error, after everything it started has stopped. The queue loads at once (K-09). A panic in one
// part ends all of them and is the error; it must not reach the process, which keeps the timers of lockdowns (F74).
func (p *Poller) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	part := func(run func(context.Context)) {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					stop(fmt.Errorf("panic: %v", v))
				}
			}()
			run(ctx)
		})
	}
	part(p.runAlerts)
	part(p.runActions)
	for range hostWorkers {
		part(p.runHosts)
	}
	wg.Wait()
	return context.Cause(ctx)
}

// Kick polls now instead of at the end of the interval or of a back-off, with a new token when the old one is refused or lacks a role.
func (p *Poller) Kick() {
	for _, c := range []chan struct{}{p.kick, p.kickActs} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// TriggersFrom is when automation may act on what was polled: one interval after activation (T-28). It is zero until the first poll began.
func (p *Poller) TriggersFrom() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live.state.ActivatedAt.IsZero() {
		return time.Time{}
	}
	return p.live.state.ActivatedAt.Add(p.interval)
}
