package soctest

import (
	"slices"
	"time"

	"cordon/store/soc"
)

// bound is how long after its end a host may stay isolated when everything works: back-off and throttling reach up to 15 minutes, and an
// order in the way is waited for.
const bound = 40 * time.Minute

// duty is what the model knows of a lockdown: what people wanted, never what the machine made of it.
type duty struct {
	period    time.Duration
	ttl       time.Duration
	fresh     time.Time // zero = no limit
	ordered   time.Time // true time
	latest    time.Time // the latest time that the machine was ever told
	release   bool      // a person took it back or ordered the release
	closed    bool      // a person took the obligation over
	askedStep int
	taken     *order // an isolation from outside that a person wants released
	ends      int
}

func (d *duty) clock(now time.Time) {
	if now.After(d.latest) {
		d.latest = now
	}
}

// orders are the orders of r that Defender has, of one kind.
func (w *world) orders(r *record, kind soc.ActionType) []*order {
	var out []*order
	for _, o := range w.mde.acts {
		if o.by == r && o.Type == kind {
			out = append(out, o)
		}
	}
	return out
}

// start is when the host was first isolated by r, zero if it never was.
func (w *world) start(r *record) time.Time {
	var first time.Time
	for _, o := range w.orders(r, soc.ActionIsolate) {
		if !o.at.IsZero() && (first.IsZero() || o.at.Before(first)) {
			first = o.at
		}
	}
	return first
}

// ttlOver reports that an order of r waited longer for its device than it may, by the clock that the machine was told.
func (w *world) ttlOver(r *record, now time.Time) bool {
	for _, o := range w.orders(r, soc.ActionIsolate) {
		if r.duty.ttl > 0 && !later(r.duty.latest, now).Before(o.Created.Add(r.duty.ttl)) {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func isPhase(s string) bool { return slices.Contains(soc.Phases(), soc.Phase(s)) }

// judgeSave states what must hold of every record that is written (I1, I3–I8, I10).
func (w *world) judgeSave(r *record, after soc.Lockdown, audit []soc.AuditEntry) {
	before := r.stored
	if w.tell && before.Phase != after.Phase {
		w.say("%s: %s to %s (%s) %s", after.ID, before.Phase, after.Phase, after.Cause, after.Trouble)
	}
	switch {
	case !after.Phase.Final() && after.Wake.IsZero():
		w.fail("I3: %s is open without a wake-up", after.Phase)
	case after.Phase == soc.PhaseIsolated && (after.Deadline.IsZero() || after.Wake.After(after.Deadline)):
		w.fail("I3: isolated until %s, wakes at %s", after.Deadline, after.Wake)
	case before.Due && !after.Due:
		w.fail("I10: due was taken back")
	case before.Due && slices.Contains([]soc.Phase{soc.PhaseIsolated, soc.PhaseRequested, soc.PhasePending}, after.Phase):
		w.fail("I10: due, but %s", after.Phase)
	case before.ID != "" && (before.ID != after.ID || before.Key != after.Key || before.By != after.By):
		w.fail("I6: another lockdown under the same name")
	case len(after.Attempts) > len(before.Attempts)+1:
		w.fail("I8: two orders begun in one write")
	case after.Period != r.duty.period:
		w.fail("the period is %s, people wanted %s", after.Period, r.duty.period)
	case before.Phase.Final() && !sameEnd(before, after):
		w.fail("I7: an ended record was changed")
	}
	w.judgeLines(r, before, after, audit)
	if after.Phase.Final() && !before.Phase.Final() {
		r.duty.ends++
		w.judgeEnd(r, after)
	}
	if after.Phase == soc.PhaseIsolated && !w.weather.clock && w.weather.remote == 0 && r.duty.taken == nil {
		if o := w.mde.byID(after.ActionID); o == nil || o.by != r || o.at.IsZero() {
			w.fail("isolated by %q, which did not isolate the host", after.ActionID)
		} else if want := o.at.Add(r.duty.period); !after.Deadline.Equal(want) {
			w.fail("the deadline is %s, isolated at %s for %s it must be %s", after.Deadline, o.at, r.duty.period, want)
		}
	}
	if w.strict {
		if err := soc.Check(before, after, audit...); err != nil {
			w.fail("Check: %v", err)
		}
	}
}

// sameEnd compares what tells an ended record's story.
func sameEnd(a, b soc.Lockdown) bool {
	return a.Phase == b.Phase && a.Cause == b.Cause && a.EndedAt.Equal(b.EndedAt) && a.Deadline.Equal(b.Deadline) &&
		a.Period == b.Period && a.Due == b.Due &&
		a.ReleaseCause == b.ReleaseCause && a.ReleaseBy == b.ReleaseBy && a.ActionID == b.ActionID && a.EnforcedAt.Equal(b.EnforcedAt)
}

// judgeLines: one line for every change of phase, in order, and each names who did what (I4).
func (w *world) judgeLines(r *record, before, after soc.Lockdown, audit []soc.AuditEntry) {
	at := string(before.Phase)
	for _, e := range audit {
		if e.Lockdown != after.ID || e.Actor.Name == "" || e.Action == "" || e.Result == "" {
			w.fail("I4: the line %q names no lockdown, person or result", e.Action)
		}
		if !isPhase(e.After) {
			continue
		}
		if e.Before != at || e.After == at {
			w.fail("I4: the line %q goes from %q to %q, the record is at %q", e.Action, e.Before, e.After, at)
		}
		at = e.After
	}
	if at != string(after.Phase) {
		w.fail("I4: the record goes from %q to %q, its lines to %q", before.Phase, after.Phase, at)
	}
	if r.duty.ends > 0 && !before.Phase.Final() {
		w.fail("I7: ended twice")
	}
}

// judgeEnd asks the truth whether the lockdown may end like this (I5).
func (w *world) judgeEnd(r *record, l soc.Lockdown) {
	worked := func(by bool, kind soc.ActionType) bool {
		return slices.ContainsFunc(w.mde.acts, func(o *order) bool { return (o.by == r) == by && o.Type == kind && !o.at.IsZero() })
	}
	known := func(kind soc.ActionType) bool {
		return slices.ContainsFunc(w.mde.acts, func(o *order) bool { return o.by != r && o.Type == kind })
	}
	now := w.clock(r.con)
	if l.Cause == "" || l.EndedAt.IsZero() {
		w.fail("I4: %s without cause or time", l.Phase)
	}
	switch l.Phase {
	case soc.PhaseReleased:
		if !worked(true, soc.ActionUnisolate) {
			w.fail("I5: released, but no release of ours was carried out")
		}
	case soc.PhaseSuperseded:
		proof := map[soc.Cause]bool{
			soc.CauseHandover: r.duty.closed, soc.CauseExternal: worked(false, soc.ActionUnisolate), soc.CauseSuperseded: known(soc.ActionIsolate),
		}
		if !proof[l.Cause] {
			w.fail("I5: superseded (%s) without proof", l.Cause)
		}
	case soc.PhaseCancelled:
		w.judgeCancelled(r, l, now)
	case soc.PhaseFailed:
		if !w.weather.clock && !w.weather.strays && slices.ContainsFunc(w.mde.force(), func(o *order) bool { return o.by == r }) {
			w.fail("I5: failed, but our isolate holds the host")
		}
	}
}

func (w *world) judgeCancelled(r *record, l soc.Lockdown, now time.Time) {
	wanted := r.duty.release || w.ttlOver(r, now)
	switch l.Cause {
	case soc.CauseCancelled:
		if !wanted {
			w.fail("cancelled, and nobody wanted it")
		}
	case soc.CauseStale:
		if r.duty.fresh.IsZero() || later(r.duty.latest, now).Before(r.duty.fresh) {
			w.fail("dropped as stale before its time")
		}
	}
	for _, o := range w.orders(r, soc.ActionIsolate) {
		if !w.weather.clock && !w.weather.queue && (o.open() || o.Status == soc.ActionSucceeded) {
			w.fail("cancelled, but the isolate %s is %s", o.ID, o.Status)
		}
	}
}

// judgeSend states what must hold of every order at the moment when it leaves (I1, I2, I6, I8, C-16).
func (w *world) judgeSend(r *record, a soc.Attempt) {
	w.say("%s sends %s %s%s", r.stored.ID, a.Verb, a.Token, a.ActionID)
	row := slices.IndexFunc(r.stored.Attempts, func(b soc.Attempt) bool { return b.Token == a.Token && b.Verb == a.Verb })
	if row < 0 {
		w.fail("I8: %s %s was sent without a stored row", a.Verb, a.Token)
	}
	if a.Token != "" && slices.ContainsFunc(w.mde.acts, func(o *order) bool { return o.token == a.Token }) {
		w.fail("I1: token %s was sent twice", a.Token)
	}
	switch a.Verb {
	case soc.VerbIsolate:
		if had := w.orders(r, soc.ActionIsolate); len(had) > 0 {
			w.fail("I1: a second isolate while Defender has %s (%s)", had[0].ID, had[0].Status)
		}
		if !r.duty.fresh.IsZero() && !a.SentAt.Before(r.duty.fresh) {
			w.fail("C-16: an isolate was sent stale")
		}
		if r.duty.release && r.duty.askedStep < r.p.began {
			w.fail("an isolate was sent after it had been taken back")
		}
	case soc.VerbRelease:
		w.judgeEarly(r)
		w.judgeForeign(r)
	case soc.VerbCancel:
		if o := w.mde.byID(a.ActionID); o == nil || !o.isolate() || (o.by == nil && o != r.duty.taken) {
			w.fail("I6: the cancel is for %q, which is no console's", a.ActionID)
		}
	}
}

// judgeEarly: a release before the end needs a person (I2).
func (w *world) judgeEarly(r *record) {
	start, now := w.start(r), w.clock(r.con)
	if r.duty.release || r.duty.taken != nil || w.ttlOver(r, now) {
		return
	}
	if r.stored.Phase.Final() && r.stored.Cause != soc.CauseSuperseded {
		return // what strikes after the end is released at once
	}
	if start.IsZero() {
		w.fail("I6: a release, but the host was never isolated by us")
		return
	}
	end := start.Add(r.duty.period)
	if w.weather.remote < 0 {
		end = end.Add(w.weather.remote)
	}
	for _, c := range w.cons {
		if c == r.con && w.weather.clock { // a clock that was wrong when the clock started; D4 proves the guard against that
			end = end.Add(-48 * time.Hour)
		}
	}
	if t := later(r.duty.latest, now); t.Before(end) {
		w.fail("I2: a release %s before its end", end.Sub(t))
	}
}

// judgeForeign: what the worker was shown must not hold an isolation from outside that is younger than ours (I6). A release that is sent
// without a look, because nothing can be read, is excused (K-11).
func (w *world) judgeForeign(r *record) {
	if !r.p.seen.Good() {
		return
	}
	var freed time.Time
	for _, a := range r.p.seen.Actions {
		if a.Type == soc.ActionUnisolate && a.Status == soc.ActionSucceeded && a.Updated.After(freed) {
			freed = a.Updated
		}
	}
	mine := time.Time{}
	for _, o := range w.orders(r, soc.ActionIsolate) {
		mine = later(mine, o.Created)
	}
	if r.duty.taken != nil {
		mine = later(mine, r.duty.taken.Created)
	}
	for _, a := range r.p.seen.Actions {
		o := w.mde.byID(a.ID)
		inForce := a.Status == soc.ActionSucceeded && a.Updated.After(freed)
		if o.by == r || o == r.duty.taken || !o.isolate() || (a.Status.Final() && !inForce) {
			continue
		}
		if o.by != nil && !inForce {
			continue // of another console: it takes its order back, or strikes later (F54)
		}
		if a.Created.After(mine) || (r.stored.Phase.Final() && inForce) {
			w.fail("I6: a release while %s of %s (%s) is the newest isolate", a.ID, a.Requestor, a.Status)
		}
	}
}

// judgeOne: one open lockdown per host and console (I11).
func (w *world) judgeOne(c *console) {
	open := 0
	for _, r := range c.recs {
		if !r.stored.Phase.Final() {
			open++
		}
	}
	if open > 1 {
		w.fail("I11: %d open lockdowns on one host", open)
	}
}

// judgeNow demands, once everything works, that nobody stays isolated past the end and that nothing stays open.
func (w *world) judgeNow() {
	if w.healed.IsZero() {
		return
	}
	until, held := time.Time{}, w.mde.force()
	for _, o := range held {
		until = later(until, w.mustEnd(o))
	}
	if len(held) > 0 && w.now.After(until) {
		w.fail("lost: the host is still isolated by %s (%s), it had to be free by %s", held[0].ID, held[0].Requestor, until.Format("02 15:04"))
	}
	for _, c := range w.cons {
		for _, r := range c.recs {
			w.judgeOpen(r)
		}
	}
}

// grace is how late an end may be. A clock that was fast when the host was isolated, ours or Defender's, makes the deadline late by as much
// (F44, F62): nothing in the store tells.
func (w *world) grace() time.Duration { return bound + max(w.weather.remote, 0) + w.ahead }

// mustEnd is by when an isolate must be off the host again.
func (w *world) mustEnd(o *order) time.Time {
	r := o.by
	if r == nil || r.duty.closed {
		return w.now // somebody else's
	}
	end := w.start(r).Add(r.duty.period)
	if r.duty.release {
		end = w.healed
	}
	return later(later(end, o.at), w.healed).Add(w.grace())
}

func (w *world) judgeOpen(r *record) {
	if r.stored.Phase.Final() {
		return
	}
	end := later(w.healed, r.duty.ordered).Add(r.duty.period)
	if r.duty.release {
		end = w.healed
	}
	if start := w.start(r); !start.IsZero() {
		end = later(w.healed, start.Add(r.duty.period))
	}
	if w.now.After(end.Add(w.grace())) {
		w.fail("lost: still %s (%s)", r.stored.Phase, r.stored.Trouble)
	}
}
