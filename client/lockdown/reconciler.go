package lockdown

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"cordon/store/soc"
)

const (
	maxSleep  = time.Minute // look at the store at least this often
	tick      = time.Second // and at the clock this often: timers do not count while the machine sleeps (F60)
	rescan    = time.Second // while hosts wait for a worker, the store is read again at most this often (F63)
	batch     = 512         // due records taken at once
	callLimit = 2 * time.Minute
	maxTurns  = 24 // steps of one record in a row before others get their turn
)

// Reconciler carries out what the store says. Make one per store with NewReconciler, and Run it.
type Reconciler struct {
	o    Options
	kick chan struct{}
	idle chan struct{} // a worker has finished

	mu     sync.Mutex
	memo   map[soc.LockdownID]memo
	busy   map[soc.HostKey]bool
	slots  [2]int // free workers: for releases, for the rest
	all    bool   // look at every open record in the next pass
	last   time.Time
	beat   time.Time // when the loop was last seen working, by the steady clock of the process
	asked  int       // how often a server was asked for the time
	askAt  time.Time
	caught []soc.Trouble
	// waiting is how many records wait for a worker.
	waiting int
	surveys map[soc.IntegrationID]*survey
	queued  map[soc.LockdownID]bool // which ones
	worker  sync.WaitGroup

	once bool // ReleaseDue runs it

	// Only the loop touches these.
	queue   []item // waits for a worker, the most urgent first
	scanned time.Time
}

// NewReconciler makes the loop; Run starts it.
func NewReconciler(o Options) *Reconciler {
	o = o.withDefaults()
	return &Reconciler{
		o: o, kick: make(chan struct{}, 1), idle: make(chan struct{}, 1), all: true,
		memo: map[soc.LockdownID]memo{}, busy: map[soc.HostKey]bool{}, surveys: map[soc.IntegrationID]*survey{}, slots: [2]int{o.Workers, o.Workers},
	}
}

// Kick makes the loop look at every open lockdown at once.
func (r *Reconciler) Kick() {
	r.mu.Lock()
	r.all = true
	r.mu.Unlock()
	signal(r.kick)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run drives all lockdowns until ctx ends, then waits for the workers and returns nil. An order that is being sent when ctx ends gets a few
// seconds for its answer; if none comes, its outcome is found out after the next start.
func (r *Reconciler) Run(ctx context.Context) error {
	w := r.o.Store.Watch()
	defer w.Close()
	defer r.worker.Wait()
	r.scanned = time.Time{}
	for ctx.Err() == nil {
		r.sleep(ctx, w, r.guarded(ctx))
	}
	return nil
}

// guarded is pass, with a panic told and survived: the timers go on a second later.
func (r *Reconciler) guarded(ctx context.Context) (next time.Time) {
	defer func() {
		if p := recover(); p != nil {
			next = r.o.Now().Add(tick)
			r.o.Log.Error("the timers stumbled and go on", "panic", p)
			r.audit(ctx, soc.AuditEntry{
				Actor: soc.Service("reconciler"), Action: "restart", Target: "reconciler", Result: soc.ResultFailed,
				Detail: fmt.Sprintf("the timers stumbled and go on: panic: %v", p),
			})
		}
	}()
	return r.pass(ctx)
}

// audit writes a line about the machinery; a store that refuses it is told to the log.
func (r *Reconciler) audit(ctx context.Context, e ...soc.AuditEntry) {
	if err := r.o.Store.AppendAudit(context.WithoutCancel(ctx), e...); err != nil && ctx.Err() == nil {
		r.o.Log.Error("the history could not be written", "action", e[0].Action, "detail", e[0].Detail, "err", err)
	}
}

// sleep waits until the clock shows next, at most a minute, or until something happened to lockdowns. Under a guard it looks at the clock
// every second instead of trusting a timer, which stands still while the machine sleeps.
func (r *Reconciler) sleep(ctx context.Context, w *soc.Watcher, next time.Time) {
	began := r.o.Now()
	limit, every := began.Add(maxSleep), maxSleep
	if r.o.Guard != nil {
		every = tick
	}
	if !next.IsZero() && next.Before(limit) {
		limit = next
	}
	for {
		now := r.o.Now()
		left := limit.Sub(now)
		if left <= 0 || now.Before(began) {
			return
		}
		if r.rest(ctx, w, min(left, every)) {
			return
		}
	}
}

// rest waits for d; true means that there is a reason to look at the store.
func (r *Reconciler) rest(ctx context.Context, w *soc.Watcher, d time.Duration) bool {
	r.mu.Lock()
	r.beat = time.Now()
	r.mu.Unlock()
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-t.C:
			return false
		case <-r.kick:
			return true
		case <-r.idle:
			return true
		case <-w.C():
			if w.Take().Has(soc.TopicLockdowns) {
				return true
			}
		}
	}
}

// pass starts workers for what is due and returns when to come back; zero means that only an event can bring work.
func (r *Reconciler) pass(ctx context.Context) time.Time {
	now := r.o.Now().Round(0) // the wall clock alone: beside the steady clock nobody sees that it was set
	r.heed(ctx, now)
	if age := now.Sub(r.scanned); len(r.queue) == 0 || age >= rescan || age < 0 {
		if err := r.scan(ctx, now); err != nil {
			if ctx.Err() == nil {
				r.o.Log.Error("lockdowns can not be read", "err", err)
			}
			return now.Add(5 * time.Second)
		}
	}
	r.mu.Lock()
	r.waiting = len(r.queue)
	r.queued = r.inQueue()
	r.mu.Unlock()
	r.queue = slices.DeleteFunc(r.queue, func(i item) bool { return r.start(ctx, i) })
	r.mu.Lock()
	r.queued = r.inQueue()
	r.mu.Unlock()
	return r.next(ctx, now)
}

// start handles a record in its own goroutine if its host is not being handled and a worker is free. It reports whether the record has had
// its turn: it is being handled, or it turned out that it need not be.
func (r *Reconciler) start(ctx context.Context, i item) bool {
	slot := 1
	if i.urgency <= 1 {
		slot = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m, known := r.memo[i.id]
	if known && m.revision >= i.revision && m.revision > 0 && m.look.After(r.o.Now()) {
		return true
	}
	if known && m.spin.dizzy(time.Now()) {
		r.calm(i, m)
		return true
	}
	if r.busy[i.key] || r.slots[slot] == 0 {
		return false
	}
	r.busy[i.key] = true
	r.slots[slot]--
	r.worker.Go(func() {
		defer func() {
			r.mu.Lock()
			delete(r.busy, i.key)
			r.slots[slot]++
			r.touch(i.id)
			r.mu.Unlock()
			signal(r.idle)
		}()
		r.fetch(ctx, i.id)
	})
	return true
}

// fetch reads a record as it is now and handles it. One that can not be read waits for the next scan.
func (r *Reconciler) fetch(ctx context.Context, id soc.LockdownID) {
	defer r.contain("reading a lockdown")
	l, err := r.o.Store.Lockdown(ctx, id)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		m := r.memo[id]
		m.look = r.o.Now().Add(5 * time.Second)
		if soc.KindOf(err) == soc.KindNotFound {
			m.look = time.Time{}
		}
		r.memo[id] = m
		return
	}
	r.work(ctx, l)
}
