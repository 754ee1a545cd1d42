package lockdown

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cordon/store/soc"
)

// The queue of the reconciler: which records are to be handled, and in which order.

// item is a record that is to be handled: what decides about its turn.
type item struct {
	id       soc.LockdownID
	key      soc.HostKey
	revision uint64
	urgency  int
	deadline time.Time
	asked    time.Time
}

func newItem(l soc.Lockdown, now time.Time) item {
	return item{l.ID, l.Key, l.Revision, urgency(l, now), l.Deadline, l.RequestedAt}
}

// inQueue are the records that wait for a worker.
func (r *Reconciler) inQueue() map[soc.LockdownID]bool {
	ids := make(map[soc.LockdownID]bool, len(r.queue))
	for _, i := range r.queue {
		ids[i.id] = true
	}
	return ids
}

// scan reads what is to be handled now and puts it in order behind and between what waits already.
func (r *Reconciler) scan(ctx context.Context, now time.Time) error {
	due, err := r.due(ctx, now)
	if err != nil {
		return err
	}
	r.scanned = now
	due = append(due, r.queue...)
	slices.SortStableFunc(due, byUrgency)
	seen := make(map[soc.LockdownID]bool, len(due))
	r.queue = slices.DeleteFunc(due, func(i item) bool {
		again := seen[i.id]
		seen[i.id] = true
		return again
	})
	return nil
}

// due lists the records to handle now: those whose stored time has come, and those that are to be looked at again.
func (r *Reconciler) due(ctx context.Context, now time.Time) ([]item, error) {
	stored, err := r.o.Store.DueLockdowns(ctx, now, batch)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	all := r.all || now.Before(r.last) // a clock that was set back would let the looks wait (F59)
	r.all, r.last = false, now.Add(-time.Second)
	var list []item
	for id, m := range r.memo {
		if all {
			m.look, m.seenAt, m.revision = time.Time{}, time.Time{}, 0
			r.memo[id] = m
		} else if !m.look.IsZero() && !m.look.After(now) && m.turn.id != "" {
			list = append(list, m.turn)
		}
	}
	r.mu.Unlock()
	if all {
		open, err := r.o.Store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		if err != nil {
			r.Kick()
			return nil, err
		}
		stored = append(stored, open...)
	}
	for _, l := range stored {
		list = append(list, newItem(l, now))
	}
	return list, nil
}

// byUrgency sorts releases that are not sent first, then those under way, then orders that are not sent or not answered, then the watching;
// the oldest first. So the confirmation of one release never holds up the sending of another (F63).
func byUrgency(a, b item) int {
	return cmp.Or(cmp.Compare(a.urgency, b.urgency), a.deadline.Compare(b.deadline), a.asked.Compare(b.asked), cmp.Compare(a.id, b.id))
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
