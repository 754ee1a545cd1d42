package lockdown

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"cordon/store/soc"
)

const (
	maxSleep  = time.Minute // clocks jump and laptops sleep: look at the wall clock at least this often
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
	worker sync.WaitGroup
}

// memo is what is nice to remember about a record between two looks. Losing it costs an extra look, nothing else.
type memo struct {
	revision uint64
	look     time.Time // next look; zero = when the store says
	seenAt   time.Time
	seen     soc.Seen // only Failed and TriedAt
	unsaved  int      // writes in a row that the store refused
}

// NewReconciler makes the loop; Run starts it.
func NewReconciler(o Options) *Reconciler {
	o = o.withDefaults()
	return &Reconciler{
		o: o, kick: make(chan struct{}, 1), idle: make(chan struct{}, 1), all: true,
		memo: map[soc.LockdownID]memo{}, busy: map[soc.HostKey]bool{}, slots: [2]int{o.Workers, o.Workers},
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

// Run drives all lockdowns until ctx ends, then waits for the workers and returns nil. An order that is being sent when ctx ends is cut
// short; its outcome is found out after the next start.
func (r *Reconciler) Run(ctx context.Context) error {
	w := r.o.Store.Watch()
	defer w.Close()
	defer r.worker.Wait()
	for ctx.Err() == nil {
		r.sleep(ctx, w, r.pass(ctx))
	}
	return nil
}

// sleep waits until next, at most a minute, or until something happened to lockdowns.
func (r *Reconciler) sleep(ctx context.Context, w *soc.Watcher, next time.Time) {
	pause := maxSleep
	if left := next.Sub(r.o.Now()); !next.IsZero() && left < pause {
		pause = max(left, time.Millisecond)
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			return
		case <-r.kick:
			return
		case <-r.idle:
			return
		case <-w.C():
			if w.Take().Has(soc.TopicLockdowns) {
				return
			}
		}
	}
}

// pass starts workers for what is due and returns when to come back; zero means that only an event can bring work.
func (r *Reconciler) pass(ctx context.Context) time.Time {
	now := r.o.Now().Round(0) // the wall clock alone: beside the steady clock nobody sees that it was set
	due, err := r.due(ctx, now)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Error("lockdowns can not be read", "err", err)
		}
		return now.Add(5 * time.Second)
	}
	slices.SortStableFunc(due, func(a, b soc.Lockdown) int { return byUrgency(a, b, now) })
	due = slices.CompactFunc(due, func(a, b soc.Lockdown) bool { return a.ID == b.ID })
	for _, l := range due {
		r.start(ctx, l, now)
	}
	return r.next(ctx, now)
}

// due lists the records to handle now: those whose stored time has come, and those that are to be looked at again.
func (r *Reconciler) due(ctx context.Context, now time.Time) ([]soc.Lockdown, error) {
	list, err := r.o.Store.DueLockdowns(ctx, now, batch)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	all := r.all || now.Before(r.last) // a clock that was set back would let the looks wait (F59)
	r.all, r.last = false, now.Add(-time.Second)
	var looks []soc.LockdownID
	for id, m := range r.memo {
		if all {
			m.look, m.seenAt, m.revision = time.Time{}, time.Time{}, 0
			r.memo[id] = m
		} else if !m.look.IsZero() && !m.look.After(now) {
			looks = append(looks, id)
		}
	}
	list = slices.DeleteFunc(list, func(l soc.Lockdown) bool {
		m, known := r.memo[l.ID]
		return known && m.revision == l.Revision && m.look.After(now)
	})
	r.mu.Unlock()
	if all {
		open, err := r.o.Store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		if err != nil {
			return nil, err
		}
		list = append(list, open...)
	}
	for _, id := range looks {
		if l, err := r.o.Store.Lockdown(ctx, id); err == nil {
			list = append(list, l)
		}
	}
	return list, nil
}

// byUrgency sorts releases that are not sent first, then those under way, then orders that are not sent or not answered, then the watching;
// the oldest first. So the confirmation of one release never holds up the sending of another (F63).
func byUrgency(a, b soc.Lockdown, now time.Time) int {
	return cmp.Or(cmp.Compare(urgency(a, now), urgency(b, now)), a.Deadline.Compare(b.Deadline), a.RequestedAt.Compare(b.RequestedAt), cmp.Compare(a.ID, b.ID))
}

func urgency(l soc.Lockdown, now time.Time) int {
	over := !l.Deadline.IsZero() && !now.Before(l.Deadline)
	switch l.Phase {
	case soc.PhaseReleaseRequested, soc.PhaseReleaseBlocked:
		return 0
	case soc.PhaseReleasing:
		return 1
	case soc.PhaseRequested, soc.PhaseSubmitting, soc.PhasePending:
		return 2
	case soc.PhaseIsolated, soc.PhaseNeedsHuman:
		if over || l.CancelWanted {
			return 0
		}
		return 3
	}
	if l.Trouble != "" {
		return 0
	}
	return 4
}

// start handles l in its own goroutine if its host is not being handled and a worker is free; else the end of a worker brings it back.
func (r *Reconciler) start(ctx context.Context, l soc.Lockdown, now time.Time) {
	slot := 1
	if urgency(l, now) <= 1 {
		slot = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[l.Key] || r.slots[slot] == 0 {
		m := r.memo[l.ID]
		m.look = r.o.Now()
		r.memo[l.ID] = m
		return
	}
	r.busy[l.Key] = true
	r.slots[slot]--
	r.worker.Go(func() {
		defer func() {
			r.mu.Lock()
			delete(r.busy, l.Key)
			r.slots[slot]++
			r.mu.Unlock()
			signal(r.idle)
		}()
		r.work(ctx, l)
	})
}

// next is the earliest time that the store or the memory knows.
func (r *Reconciler) next(ctx context.Context, now time.Time) time.Time {
	next, err := r.o.Store.NextWake(ctx)
	if err != nil || (!next.IsZero() && !next.After(now)) {
		next = now.Add(maxSleep) // overdue ones are being handled, wait for a worker, or have their look in memory
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.memo {
		if m.look.After(now) && (next.IsZero() || m.look.Before(next)) {
			next = m.look
		}
	}
	return next
}

func (r *Reconciler) remembered(id soc.LockdownID) memo {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.memo[id]
}

func (r *Reconciler) remember(l soc.Lockdown, m memo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Phase.Final() && l.WatchUntil.IsZero() && l.Wake.IsZero() && m.unsaved == 0 {
		delete(r.memo, l.ID)
		return
	}
	r.memo[l.ID] = m
}
