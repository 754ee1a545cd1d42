package lockdown

import (
	"context"
	"time"

	"cordon/store/soc"
)

// memo is what is nice to remember about a record between two looks. Losing it costs an extra look, nothing else.
type memo struct {
	revision uint64
	look     time.Time // next look; zero = when the store says
	turn     item      // its place among others, as last known
	seenAt   time.Time
	seen     soc.Seen  // only Failed and TriedAt
	unsaved  int       // writes in a row that the store refused
	kept     *kept     // what they should have written
	looked   bool      // the record tells what Defender showed since this process began
	handled  time.Time // when a worker last had it, by the steady clock of the process
	spin     spin      // its turns in a row
}

// next is the earliest time that the store or the memory knows.
func (r *Reconciler) next(ctx context.Context, now time.Time) time.Time {
	next, err := r.o.Store.NextWake(ctx)
	if err != nil || (!next.IsZero() && !next.After(now)) {
		next = now.Add(maxSleep) // overdue ones are being handled, wait for a worker, or have their look in memory
	}
	if len(r.queue) > 0 && now.Add(rescan).Before(next) {
		next = now.Add(rescan) // the end of a worker comes sooner
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

// remember keeps m. latest is the latest time that the work on l has read: if it lies ahead, the clock was set back meanwhile, maybe after the
// loop noticed that, and what the work planned, and stored, would hide the record for as long as the jump (F59). So it is handled again.
func (r *Reconciler) remember(l soc.Lockdown, m memo, latest time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Phase.Final() && l.WatchUntil.IsZero() && l.Wake.IsZero() && m.unsaved == 0 {
		delete(r.memo, l.ID)
		return
	}
	now := r.o.Now()
	if now.Before(latest) {
		m.revision, m.look, m.seenAt = 0, now, time.Time{}
	}
	m.turn = newItem(l, now)
	if !m.look.IsZero() && !m.look.After(now) && m.revision != 0 && r.o.Guard.Waits() {
		m.look = now.Add(time.Second) // its time has come by a clock that is doubted
	}
	r.memo[l.ID] = m
}
