package soctest

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"cordon/store/soc"
)

// rules is the machine under proof, function by function, so that a control can break one of them.
type rules struct {
	requested func(soc.Lockdown, time.Time) (soc.Lockdown, soc.AuditEntry, error)
	observed  func(soc.Lockdown, soc.Seen, time.Time) (soc.Lockdown, []soc.AuditEntry, error)
	plan      func(soc.Lockdown, soc.Seen, time.Time) soc.Next
	begin     func(soc.Lockdown, soc.Next, time.Time) (soc.Lockdown, []soc.AuditEntry, error)
	applied   func(soc.Lockdown, soc.Outcome, time.Time) (soc.Lockdown, []soc.AuditEntry, error)
	wakeOf    func(soc.Lockdown, time.Time) time.Time
	release   func(soc.Lockdown, soc.Actor, string, time.Time) (soc.Lockdown, soc.AuditEntry, error)
	cancel    func(soc.Lockdown, soc.Actor, string, time.Time) (soc.Lockdown, soc.AuditEntry, error)
	period    func(soc.Lockdown, soc.Actor, time.Duration, string, time.Time) (soc.Lockdown, soc.AuditEntry, error)
	// What belongs to the store and the worker, and can be broken in the same way.
	noRow, noCompare, twoOpen bool
}

func realMachine() rules {
	return rules{
		requested: soc.Requested, observed: soc.Observed, plan: soc.Plan, begin: soc.Begin, applied: soc.Applied, wakeOf: soc.WakeOf,
		release: soc.RequestRelease, cancel: soc.Cancel, period: soc.SetPeriod,
	}
}

type stage int

const (
	stageIdle stage = iota
	stageFold
	stageAct
	stageCall
	stageApply
)

// worker is the work on one record in one process; a crash loses it.
type worker struct {
	stage stage
	l     soc.Lockdown
	seen  soc.Seen
	next  soc.Next
	out   soc.Outcome
	turns int
	began int // the step in which the row of the order was stored
}

// memory is what a process remembers between two works.
type memory struct {
	until    time.Time
	revision uint64
	seenAt   time.Time
	failed   int
	triedAt  time.Time
	kicked   bool // look at once
	again    bool // the clock was set during the work: look at once when it is done
}

// record is one lockdown as stored, with its worker and with what the model knows of it.
type record struct {
	con    *console
	stored soc.Lockdown
	p      worker
	mem    memory
	duty   duty
}

// due is when the record's worker must get up, by its console's clock; false = never.
func (r *record) due() (time.Time, bool) {
	if r.p.stage != stageIdle || r.mem.kicked {
		return time.Time{}, true
	}
	at := r.stored.Wake
	if known := r.mem.revision == r.stored.Revision; known && !r.mem.until.IsZero() {
		at = r.mem.until
	} else if !r.mem.until.IsZero() && (at.IsZero() || r.mem.until.Before(at)) {
		at = r.mem.until
	}
	return at, !at.IsZero()
}

// save writes a record as a store does: compare and set, with its audit lines, or not at all.
func (w *world) save(r *record, l soc.Lockdown, audit ...soc.AuditEntry) error {
	if l.Revision != r.stored.Revision && !w.m.noCompare {
		return soc.ErrConflict
	}
	if !l.Phase.Final() && !w.m.twoOpen {
		for _, o := range r.con.recs {
			if o != r && !o.stored.Phase.Final() {
				return soc.ErrConflict
			}
		}
	}
	trouble := w.weather.faults && w.healed.IsZero() && w.one(64, "disk")
	if trouble && w.one(2, "disk says no") {
		return errDisk // nothing was written
	}
	w.judgeSave(r, l, audit)
	l.Revision = r.stored.Revision + 1
	r.stored = l
	if trouble {
		return errDisk // F66: it was written all the same
	}
	return nil
}

// step makes one step of a record's worker.
func (w *world) step(r *record) {
	p := &r.p
	now := w.clock(r.con)
	switch p.stage {
	case stageIdle:
		*p = worker{stage: stageFold, l: r.stored, seen: soc.Seen{Failed: r.mem.failed, TriedAt: r.mem.triedAt}}
		if p.l.SeenAt.Before(r.mem.seenAt) {
			p.l.SeenAt = r.mem.seenAt
		}
		r.mem.kicked, r.mem.until = false, time.Time{}
	case stageFold:
		w.fold(r, now)
	case stageAct:
		w.act(r, now)
	case stageCall:
		w.call(r)
	case stageApply:
		w.apply(r, now)
	}
}

// stop ends the work; the record is looked at again at the time.
func (w *world) stop(r *record, at time.Time) {
	r.mem.until, r.mem.revision = at, r.stored.Revision
	if r.p = (worker{}); r.mem.again {
		r.mem = memory{kicked: true}
	}
}

func (w *world) broke(r *record, err error) {
	switch {
	case errors.Is(err, soc.ErrConflict):
		r.p, r.mem = worker{}, memory{kicked: true}
	case errors.Is(err, errDisk):
		r.mem.seenAt = time.Time{}
		w.stop(r, w.clock(r.con).Add(5*time.Second))
	default:
		w.fail("the machine refuses: %v", err)
	}
}

func (w *world) fold(r *record, now time.Time) {
	p := &r.p
	next, audit, err := w.m.observed(p.l, p.seen, now)
	if err != nil {
		w.broke(r, err)
		return
	}
	r.duty.clock(now)
	if len(audit) == 0 && sameFacts(p.l, next) {
		p.l.SeenAt = next.SeenAt
	} else {
		if err := w.save(r, next, audit...); err != nil {
			w.broke(r, err)
			return
		}
		p.l = r.stored
	}
	if p.turns++; p.turns > 100 {
		w.fail("the machine takes 100 steps in a row in phase %s", p.l.Phase)
		return
	}
	p.next, p.stage = w.m.plan(p.l, p.seen, now), stageAct
}

func sameFacts(a, b soc.Lockdown) bool {
	b.SeenAt, b.Wake = a.SeenAt, a.Wake
	return reflect.DeepEqual(a, b)
}

func (w *world) act(r *record, now time.Time) {
	p := &r.p
	switch p.next.Do {
	case soc.DoObserve:
		w.look(r)
	case soc.DoSend:
		begun, audit, err := w.m.begin(p.l, p.next, now)
		if err != nil { // time went by since the plan
			w.stop(r, now.Add(5*time.Second))
			return
		}
		if w.m.noRow {
			p.l, p.stage = begun, stageCall
			return
		}
		if err := w.save(r, begun, audit...); err != nil {
			w.broke(r, err)
			return
		}
		p.l, p.stage, p.began = r.stored, stageCall, w.steps
	default:
		w.rest(r, now)
	}
}

// rest stores by when somebody must come back, and remembers the look that comes sooner.
func (w *world) rest(r *record, now time.Time) {
	p := &r.p
	if p.next.Until.IsZero() && !(p.l.Phase.Final() && p.l.WatchUntil.IsZero()) {
		w.fail("phase %s waits for ever", p.l.Phase)
	}
	if must := w.m.wakeOf(p.l, now); !p.l.Wake.Equal(must) && (!p.l.Wake.After(now) || !p.l.Wake.Before(must)) {
		next := p.l
		next.Wake = must
		if err := w.save(r, next); err != nil {
			w.broke(r, err)
			return
		}
	}
	r.mem.seenAt = p.l.SeenAt
	w.stop(r, p.next.Until)
}

// look reads the host's actions, from Defender or from what others read a moment ago.
func (w *world) look(r *record) {
	p, c := &r.p, r.con
	now := w.clock(c)
	p.stage = stageFold
	if age := now.Sub(c.sharedAt); shareable(p.l, age) && c.sharedAt.After(p.l.SeenAt) && w.one(2, "shared") {
		p.seen = soc.Seen{At: c.sharedAt, Actions: c.shared}
		r.mem.failed, r.mem.triedAt = 0, time.Time{}
		return
	}
	if w.healed.IsZero() && w.weather.faults && w.one(10, "look fails") {
		r.mem.failed, r.mem.triedAt = p.seen.Failed+1, now
		p.seen = soc.Seen{Failed: r.mem.failed, TriedAt: now}
		return
	}
	c.shared, c.sharedAt = w.mde.list(), now
	r.mem.failed, r.mem.triedAt = 0, now
	p.seen = soc.Seen{At: now, TriedAt: now, Actions: c.shared}
}

// shareable says how old a list may be that others have read.
func shareable(l soc.Lockdown, age time.Duration) bool {
	switch {
	case age < 0:
		return false
	case l.Phase == soc.PhaseIsolated, l.Phase.Final() && l.Trouble == "":
		return age < 75*time.Second
	}
	return (l.Phase == soc.PhasePending || l.Phase == soc.PhaseReleasing) && age < 15*time.Second
}

// call sends the order of the newest attempt. Defender may refuse, act and lose the answer, or never get the order.
func (w *world) call(r *record) {
	p := &r.p
	a, _ := p.l.LastAttempt()
	p.out, p.stage = soc.Outcome{Token: a.Token}, stageApply
	w.judgeSend(r, a)
	answer := 0
	if w.healed.IsZero() && w.weather.faults {
		answer = w.c.Pick(13, "answer")
	}
	switch answer {
	case 6:
		p.out.Err = soc.ErrUnknownOutcome
		return
	case 7:
		p.out.Err = soc.ErrUnavailable
		return
	case 8:
		p.out.Err = &soc.Error{Kind: soc.KindThrottled, After: w.seconds(60, "retry after")}
		return
	case 9:
		if w.one(4, "refused") {
			p.out.Err = soc.ErrRefused
			return
		}
	}
	w.mde.run(w.now)
	p.out.Action, p.out.Err = w.mde.post(r, a, soc.CommentFor(p.l, a).String())
	switch {
	case answer >= 11:
		p.out.Action, p.out.Err = soc.MachineAction{}, fmt.Errorf("connection cut")
	case w.weather.strays && w.healed.IsZero() && p.out.Err == nil && a.Verb != soc.VerbCancel && w.one(3, "stray"):
		if p.out.Action.MachineID = "bb02"; w.one(2, "no id") {
			p.out.Action = soc.MachineAction{}
		}
	}
}

// apply writes down what the call came to, on top of what people changed meanwhile; sometimes twice.
func (w *world) apply(r *record, now time.Time) {
	p := &r.p
	from := r.stored
	if w.m.noCompare {
		from = p.l
	}
	for range 1 + w.c.Pick(2, "redelivered") {
		done, audit, err := w.m.applied(from, p.out, now)
		if w.m.noRow && err != nil {
			w.stop(r, now)
			return
		}
		if err == nil {
			err = w.save(r, done, audit...)
		}
		if err != nil {
			w.broke(r, err)
			return
		}
		from = r.stored
	}
	*p = worker{stage: stageFold, l: r.stored, seen: soc.Seen{Failed: r.mem.failed, TriedAt: r.mem.triedAt}, turns: p.turns}
}
