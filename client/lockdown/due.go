package lockdown

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"cordon/store/soc"
)

// DueReport is what ReleaseDue did.
type DueReport struct {
	Due      []soc.Lockdown // what had to be released, as it was when that was noticed
	Released []soc.Lockdown // of those, what ended
	Left     []soc.Lockdown // of those, what is still owed, as it is now
	// Unseen is what may be over although the store does not say so, and could not be looked at in Defender.
	Unseen []soc.Lockdown
	doubt  bool // something may be due, but nobody knows what time it is
}

// duePause is between two looks at what is left.
const duePause = 500 * time.Millisecond

// ReleaseDue runs the timers until everything that is due has been released and confirmed, or ctx ends (F65, N-19). The store alone does not
// say what is due: an order that waited for its device when the last process ended may have been carried out since. So each of those is looked
// at once in Defender. It is for a process that keeps no timers otherwise; the Reconciler must be new and must not run. report is called
// whenever one more lockdown has ended; nil is allowed. The error is about the store only: what Defender did not do is Left, what it did not
// show is Unseen.
func (r *Reconciler) ReleaseDue(ctx context.Context, report func(soc.Lockdown)) (DueReport, error) {
	loop, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	r.once = true
	go func() {
		defer close(done)
		_ = r.Run(loop) // it returns nothing else
	}()
	halt := func() { stop(); <-done }
	defer halt()
	var rep DueReport
	for {
		if err := r.count(ctx, &rep, report); err != nil && ctx.Err() == nil {
			return rep, err
		} else if err == nil && rep.clear() {
			return rep, nil
		}
		t := time.NewTimer(duePause)
		select {
		case <-ctx.Done():
			t.Stop()
			halt() // an order on its way is answered first
			return rep, r.count(context.WithoutCancel(ctx), &rep, report)
		case <-t.C:
		}
	}
}

func (d DueReport) clear() bool { return len(d.Left)+len(d.Unseen) == 0 && !d.doubt }

// Doubt reports that something may be due and was not judged, because no server said what time it is.
func (d DueReport) Doubt() bool { return d.doubt }

// count brings the report up to date. What becomes due meanwhile is due too.
func (r *Reconciler) count(ctx context.Context, rep *DueReport, report func(soc.Lockdown)) error {
	waits := r.o.Guard.Waits()
	r.mu.Lock()
	memos := maps.Clone(r.memo) // before the records: a look that is remembered is in them
	r.mu.Unlock()
	live, err := r.live(ctx)
	if err != nil {
		return err
	}
	rep.Left, rep.Unseen, rep.doubt = nil, nil, false
	for _, l := range live {
		m, handled := memos[l.ID]
		rep.doubt = rep.doubt || waits && runs(l)
		switch {
		case m.unsaved > 0 || r.owed(l):
			rep.Left = append(rep.Left, l)
			if !slices.ContainsFunc(rep.Due, sameAs(l)) {
				rep.Due = append(rep.Due, l)
			}
		case slices.ContainsFunc(rep.Due, sameAs(l)) && l.Phase == soc.PhaseNeedsHuman:
			rep.Left = append(rep.Left, l) // set aside on the way
		case asks(l) && !m.looked && (!l.Phase.Final() || handled || !l.Wake.After(r.o.Now())):
			rep.Unseen = append(rep.Unseen, l)
		}
	}
	return r.countReleased(ctx, rep, report)
}

// countReleased notes what was due and has ended since.
func (r *Reconciler) countReleased(ctx context.Context, rep *DueReport, report func(soc.Lockdown)) error {
	for _, d := range rep.Due {
		if slices.ContainsFunc(rep.Left, sameAs(d)) || slices.ContainsFunc(rep.Released, sameAs(d)) {
			continue
		}
		l, err := r.o.Store.Lockdown(ctx, d.ID)
		if err != nil {
			return err
		}
		if !l.Phase.Final() {
			continue
		}
		rep.Released = append(rep.Released, l)
		if report != nil {
			report(l)
		}
	}
	return nil
}

func sameAs(l soc.Lockdown) func(soc.Lockdown) bool {
	return func(o soc.Lockdown) bool { return o.ID == l.ID }
}

// live lists what is open, and what has ended and is watched: a late isolate of it may have cut the host off again.
func (r *Reconciler) live(ctx context.Context) ([]soc.Lockdown, error) {
	list, err := r.o.Store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
	if err != nil {
		return nil, err
	}
	waking, err := r.o.Store.DueLockdowns(ctx, time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt32)
	for _, l := range waking {
		if l.Phase.Final() {
			list = append(list, l)
		}
	}
	return list, err
}

// owed reports whether the host should be free by now, or an order is to be taken back.
func (r *Reconciler) owed(l soc.Lockdown) bool {
	switch l.Phase {
	case soc.PhaseReleaseRequested, soc.PhaseReleasing, soc.PhaseReleaseBlocked:
		return true
	case soc.PhaseSubmitting, soc.PhasePending:
		return l.CancelWanted
	case soc.PhaseIsolated:
		return l.CancelWanted || l.Due || !r.clock(l).Before(l.Deadline)
	case soc.PhaseNeedsHuman:
		return l.ActionID != "" && (l.Due || runs(l) && !r.clock(l).Before(l.Deadline))
	}
	return l.Phase.Final() && !l.WatchUntil.IsZero() && l.Trouble != ""
}

// runs reports whether l has a deadline that only the clock can bring.
func runs(l soc.Lockdown) bool {
	return !l.Due && !l.Deadline.IsZero() && (l.Phase == soc.PhaseIsolated || l.Phase == soc.PhaseNeedsHuman && l.ActionID != "")
}

// asks reports whether only Defender can say if l holds its host, and since when.
func asks(l soc.Lockdown) bool {
	switch l.Phase {
	case soc.PhaseSubmitting, soc.PhasePending, soc.PhaseNeedsHuman:
		return true
	}
	return l.Phase.Final() && !l.WatchUntil.IsZero()
}

// unlooked reports whether ReleaseDue still needs an own look at the record, whatever the last process saw and when it would look again.
func (h *handling) unlooked() bool { return h.r.once && asks(h.l) && !h.memo.looked && !h.looked }

// first turns a wait into that look. A look that failed has its wait.
func (h *handling) first(next soc.Next, seen soc.Seen) soc.Next {
	if next.Do == soc.DoWait && seen.Failed == 0 && h.unlooked() {
		next.Do = soc.DoObserve
	}
	return next
}

// noteLook remembers whether what Defender showed in this process is in the stored record.
func (h *handling) noteLook(err error) {
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded): // the end of the run proves nothing
	case err != nil || h.memo.unsaved > 0:
		h.memo.looked = false
	case h.looked:
		h.memo.looked = true
	}
}
