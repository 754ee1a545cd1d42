package soctest

import (
	"fmt"
	"time"

	"cordon/store/soc"
)

// tenant is the truth: what Defender and the device really did.
type tenant struct {
	w       *world
	acts    []*order
	machine string // that orders are for
	online  bool
	n       int
	done    int // effects so far
}

// order is one machine action with what nobody but the world knows.
type order struct {
	soc.MachineAction           // as Defender shows it once it shows everything
	by                *record   // nil: somebody in the portal
	token             string    // of by's attempt
	ready             time.Time // when a device that is online is done with it
	fate              soc.ActionStatus
	visible           time.Time // when lists begin to show it
	slow              time.Duration
	before            soc.MachineAction // as it was before its last change
	changed           time.Time         // true time of that change
	at                time.Time         // true time of its effect; zero = none
	nth               int               // of all effects: two may have one time
}

func (o *order) open() bool { return !o.Status.Final() }

func (o *order) isolate() bool { return o.Type == soc.ActionIsolate }

// remote is Defender's clock.
func (t *tenant) remote(at time.Time) time.Time { return at.Add(t.w.weather.remote) }

func (t *tenant) create(kind soc.ActionType, by *record, token, comment string) *order {
	w := t.w
	t.n++
	now := t.remote(w.now)
	o := &order{MachineAction: soc.MachineAction{
		ID: fmt.Sprintf("act-%04d", t.n), Integration: "t1", MachineID: t.machine, Type: kind, Status: soc.ActionPending, Requestor: "app",
		Comment: comment, Created: now, Updated: now,
	}, by: by, token: token, fate: soc.ActionSucceeded, visible: w.now, ready: w.now.Add(5 * time.Second)}
	if by == nil {
		o.Requestor = "d.mills"
	}
	if w.healed.IsZero() && w.weather != calm {
		o.visible = w.now.Add(w.seconds(int(w.weather.lag/time.Second), "lag"))
		o.ready = w.now.Add(w.seconds(90, "takes"))
		o.slow = w.seconds(20, "slow status")
		if w.weather.flaky && w.one(6, "device fails") {
			o.fate = soc.ActionFailed
		}
		if w.weather.flaky && w.one(16, "strange status") {
			o.Status = "Queued"
		}
	}
	o.before = o.MachineAction
	t.acts = append(t.acts, o)
	w.say("%s %s created by %s %s", o.Type, o.ID, o.Requestor, token)
	return o
}

// finish ends an order at the true time at.
func (t *tenant) finish(o *order, status soc.ActionStatus, at time.Time) {
	o.before, o.changed = o.MachineAction, at
	o.Status, o.Updated = status, t.remote(at)
	if status == soc.ActionSucceeded {
		t.done++
		o.at, o.nth = at, t.done
	}
	t.w.say("%s %s is %s since %s", o.Type, o.ID, status, at.Format("15:04:05.0"))
}

// run carries out what is ready by end, in its order; of two at one time the older goes first, as the list tells it. Defender gives up after
// 72 hours.
func (t *tenant) run(end time.Time) {
	for {
		var first *order
		var at time.Time
		for _, o := range t.acts {
			if when := later(o.ready, t.w.now); o.open() && t.online && !o.ready.After(end) && (first == nil || when.Before(at)) {
				first, at = o, when
			}
		}
		if first == nil {
			break
		}
		t.finish(first, first.fate, at)
	}
	limit := 72*time.Hour + 14*time.Minute
	for _, o := range t.acts {
		if made := o.Created.Add(-t.w.weather.remote); o.open() && end.Sub(made) > limit {
			t.finish(o, soc.ActionTimeOut, made.Add(limit))
		}
	}
}

// next is when something happens by itself.
func (t *tenant) next() time.Time {
	var next time.Time
	for _, o := range t.acts {
		if o.open() && t.online && (next.IsZero() || o.ready.Before(next)) {
			next = o.ready
		}
	}
	return next
}

// list is what Defender shows now: not yet what is too new, and changes with a delay. Newest first.
func (t *tenant) list() []soc.MachineAction {
	var out []soc.MachineAction
	now := t.w.now
	for i := len(t.acts) - 1; i >= 0; i-- {
		o := t.acts[i]
		switch {
		case o.visible.After(now):
		case !o.changed.IsZero() && o.changed.Add(o.slow).After(now):
			out = append(out, o.before)
		default:
			out = append(out, o.MachineAction)
		}
	}
	return out
}

// post is an order from a console, as Defender takes it.
func (t *tenant) post(r *record, a soc.Attempt, comment string) (soc.MachineAction, error) {
	if a.Verb == soc.VerbCancel {
		return t.cancel(a.ActionID)
	}
	if !t.w.weather.queue {
		for _, o := range t.acts {
			if o.open() && o.MachineID == t.machine {
				return soc.MachineAction{}, soc.ErrInProgress
			}
		}
	}
	kind := soc.ActionIsolate
	if a.Verb == soc.VerbRelease {
		kind = soc.ActionUnisolate
	}
	return t.create(kind, r, a.Token, comment).MachineAction, nil
}

func (t *tenant) cancel(id string) (soc.MachineAction, error) {
	for _, o := range t.acts {
		if o.ID != id || !o.open() {
			continue
		}
		if t.w.healed.IsZero() && t.w.weather.faults && t.w.one(4, "cancel refused") {
			break
		}
		t.finish(o, soc.ActionCancelled, t.w.now)
		o.CancelledBy = "app"
		return o.MachineAction, nil
	}
	return soc.MachineAction{}, &soc.Error{Kind: soc.KindRefused, What: "not cancellable"}
}

func (t *tenant) byID(id string) *order {
	for _, o := range t.acts {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// force returns the isolates that hold the device: carried out after the last release.
func (t *tenant) force() []*order {
	freed := 0
	for _, o := range t.acts {
		if !o.isolate() {
			freed = max(freed, o.nth)
		}
	}
	var held []*order
	for _, o := range t.acts {
		if o.isolate() && o.nth > freed {
			held = append(held, o)
		}
	}
	return held
}

// outside is what a portal user or the device does.
func (w *world) outside() {
	if w.weather.flaky && w.one(3, "device") {
		w.mde.online = !w.mde.online
		w.say("device online: %t", w.mde.online)
		return
	}
	if !w.weather.meddle {
		return
	}
	t := w.mde
	switch w.c.Pick(3, "portal") {
	case 0:
		t.create(soc.ActionIsolate, nil, "", "by hand")
	case 1:
		t.create(soc.ActionUnisolate, nil, "", "by hand")
	case 2:
		for _, o := range t.acts {
			if o.open() {
				t.finish(o, soc.ActionCancelled, w.now)
				o.CancelledBy = "d.mills"
				return
			}
		}
	}
}
