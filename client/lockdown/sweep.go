package lockdown

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

// Times of the sweep.
const (
	sweepEvery = 30 * time.Second
	sweepLate  = time.Minute      // what is overdue longer than this was forgotten by the timers
	sweepSure  = 5 * time.Second  // … and still is after this: a machine that wakes up, or a clock that was set, makes everything late at once
	sweepWhole = 10 * time.Minute // between two sweeps over the whole bucket, ended lockdowns and all
)

// Sweep looks for lockdowns that the timers have forgotten until ctx ends (F64). It shares nothing with them but the store: neither the index
// of wake-ups, nor what is remembered between looks, nor the loop. What it finds it handles itself, and says so: every catch is a bug. So it
// leaves out what a worker has, had a moment ago, or will have: after a start, or in a crowd, a record may wait its turn for minutes.
func (r *Reconciler) Sweep(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	var whole time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C: // the first round too: the timers have just started as well
		}
		q := soc.LockdownQuery{Open: true}
		if now := time.Now(); now.Sub(whole) >= sweepWhole { // once by the records themselves, should the index of open ones have a hole
			q, whole = soc.LockdownQuery{Since: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, now
		}
		if err := r.sweep(ctx, q); err != nil && ctx.Err() == nil {
			r.o.Log.Error("the sweep can not read the lockdowns", "err", err)
		}
	}
}

func (r *Reconciler) sweep(ctx context.Context, q soc.LockdownQuery) error {
	all, err := r.o.Store.Lockdowns(ctx, q)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(l soc.Lockdown) bool { return r.late(l) == 0 || r.inHands(l) })
	if len(all) == 0 {
		return nil
	}
	t := time.NewTimer(sweepSure)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-t.C:
	}
	for _, l := range all {
		if ctx.Err() == nil {
			r.catch(ctx, l)
		}
	}
	return nil
}

// late is how long ago l should have been handled, if that is longer ago than the timers may take; else zero.
func (r *Reconciler) late(l soc.Lockdown) time.Duration {
	if l.Phase.Final() {
		return 0
	}
	due := l.Wake // every look moves it on
	if l.Phase == soc.PhaseIsolated {
		due = l.Deadline
	}
	if late := r.clock(l).Sub(due); !due.IsZero() && late > sweepLate {
		return late
	}
	return 0
}

// inHands reports whether a worker has the record, had it a moment ago, or will have it, or the disk refuses to hear of it.
func (r *Reconciler) inHands(l soc.Lockdown) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.memo[l.ID]
	lately := !m.handled.IsZero() && time.Since(m.handled) < sweepLate
	return r.busy[l.Key] || r.queued[l.ID] || m.unsaved > 0 || lately
}

// touch notes that a worker has just had the record; r.mu is held.
func (r *Reconciler) touch(id soc.LockdownID) {
	if m, known := r.memo[id]; known {
		m.handled = time.Now()
		m.spin = m.spin.spun(m.handled)
		r.memo[id] = m
	}
}

// catch handles one record here and now, and tells everybody.
func (r *Reconciler) catch(ctx context.Context, l soc.Lockdown) {
	if r.inHands(l) || !r.grab(l.Key) {
		return
	}
	defer r.letGo(l)
	l, err := r.o.Store.Lockdown(ctx, l.ID) // now that nobody else writes it
	late := r.late(l)
	if err != nil || late == 0 { // handled meanwhile
		return
	}
	what := fmt.Sprintf("watchdog caught %s on %s: nobody handled it for %s after its time", l.ID, l.HostName, soc.Spoken(late))
	r.o.Log.Error("the timers forgot a lockdown", "id", l.ID, "phase", l.Phase, "late", late)
	r.audit(ctx, soc.AuditEntry{
		Time: r.o.Now(), Actor: soc.Service("sweep"), Action: "watchdog", Integration: l.Key.Integration, Host: l.Key.MachineID, Target: l.HostName,
		Lockdown: l.ID, Result: soc.ResultSeen, Detail: what,
	})
	r.mu.Lock()
	r.caught = append(r.caught, soc.Trouble{
		Code: "sweep-caught", Level: soc.LevelBad, Since: r.o.Now(), What: what,
		Means: "the sweep handles it now; the release was late", Next: "report this: it is a fault of cordon; the log says more",
	})
	r.caught = r.caught[max(0, len(r.caught)-caughtKept):]
	r.mu.Unlock()
	r.o.Changed()
	r.work(ctx, l)
}

const caughtKept = 20

func (r *Reconciler) grab(key soc.HostKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[key] {
		return false
	}
	r.busy[key] = true
	return true
}

func (r *Reconciler) letGo(l soc.Lockdown) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.busy, l.Key)
	r.touch(l.ID)
	signal(r.idle)
}

// Troubles tells what is wrong with the timers and their clock.
func (r *Reconciler) Troubles() []soc.Trouble {
	r.mu.Lock()
	list := slices.Clone(r.caught)
	r.mu.Unlock()
	return append(list, r.o.Guard.Troubles()...)
}

// SignOfLife leaves a mark in the file every ten seconds until ctx ends, for as long as the timers work: a keeper that hangs leaves none (F65).
// It needs a Guard, under which the loop shows itself every second.
func (r *Reconciler) SignOfLife(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		t := time.NewTicker(MarkEvery)
		defer t.Stop()
		r.mu.Lock()
		r.beat = latest(r.beat, time.Now()) // the loop starts beside this one
		r.mu.Unlock()
		for {
			r.mu.Lock()
			works := time.Since(r.beat) < 2*MarkEvery
			r.mu.Unlock()
			if works {
				if err := r.o.Guard.Mark().Write(path); err != nil {
					r.o.Log.Warn("no sign of life could be left", "err", err)
				}
			}
			select {
			case <-ctx.Done():
				return nil
			case <-t.C:
			}
		}
	}
}
