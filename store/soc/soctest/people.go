package soctest

import (
	"fmt"
	"time"

	"cordon/store/soc"
)

// order is a person or a rule that orders a lockdown on a console. While one is open the store refuses a second (I11).
func (w *world) order(c *console) {
	l := soc.Lockdown{
		ID: soc.LockdownID(fmt.Sprintf("LK-%d%07d", c.n, len(c.recs))), Key: soc.HostKey{Integration: "t1", MachineID: "aa01"}, HostName: "ws-01",
		Mode: soc.ModeManual, By: soc.Actor{Name: "alice"}, Type: soc.IsolationFull, Reason: "beacon", Period: 2 * time.Minute,
	}
	now := w.clock(c)
	if w.weather != calm {
		l.Period = []time.Duration{time.Hour, 30 * time.Minute, 4 * time.Hour, 24 * time.Hour}[w.c.Pick(4, "period")]
		l.PendingTTL = []time.Duration{0, 30 * time.Minute, 4 * time.Hour}[w.c.Pick(3, "pending ttl")]
		if w.one(2, "goes stale") {
			l.FreshUntil = now.Add(10 * time.Minute)
		}
		if w.one(3, "automation") {
			l.Mode, l.By = soc.ModeAuto, soc.Actor{Name: "rule-7", Via: "rule"}
		}
	}
	l, entry, err := w.m.requested(l, now)
	if err != nil {
		w.fail("Requested: %v", err)
		return
	}
	r := &record{con: c, duty: duty{period: l.Period, ttl: l.PendingTTL, fresh: l.FreshUntil, ordered: w.now}}
	if err := w.save(r, l, entry); r.stored.ID != "" {
		c.recs = append(c.recs, r)
		w.say("console %d orders %s for %s (%v)", c.n, l.ID, l.Period, err)
		w.judgeOne(c)
	}
}

// takeOver is a person who releases an isolation from outside (K-04).
func (w *world) takeOver(c *console) {
	held := w.mde.force()
	if len(held) == 0 {
		return
	}
	o := held[len(held)-1]
	l := soc.Lockdown{
		ID: soc.LockdownID(fmt.Sprintf("LK-%d%07d", c.n, len(c.recs))), Key: soc.HostKey{Integration: "t1", MachineID: "aa01"}, HostName: "ws-01",
		By: soc.Actor{Name: "bob"}, Reason: "checked",
	}
	l, entry, err := soc.TakeOver(l, o.MachineAction, "checked", w.clock(c))
	if err != nil {
		w.fail("TakeOver: %v", err)
		return
	}
	r := &record{con: c, duty: duty{taken: o, release: true, ordered: w.now}}
	if err := w.save(r, l, entry); r.stored.ID != "" {
		c.recs = append(c.recs, r)
		w.say("console %d takes over %s (%v)", c.n, o.ID, err)
	}
}

// person does one thing on one console; sometimes the key bounces and the same command comes twice.
func (w *world) person() {
	if !w.weather.people {
		return
	}
	c := w.cons[w.c.Pick(len(w.cons), "whose console")]
	what := w.c.Pick(8, "person")
	r := c.open()
	switch {
	case what == 7 || (len(c.recs) == 0 && what > 4):
		w.order(c)
		return
	case what == 6 && r == nil:
		w.takeOver(c)
		return
	case len(c.recs) == 0:
		return
	case what == actClose && !w.one(3, "really"):
		return
	case r == nil:
		r = c.recs[len(c.recs)-1]
	}
	for range 1 + w.c.Pick(2, "key bounces") {
		w.command(r, what)
	}
}

// open returns the open record of a console, nil if there is none.
func (c *console) open() *record {
	for _, r := range c.recs {
		if !r.stored.Phase.Final() {
			return r
		}
	}
	return nil
}

// actClose is the number of the command that closes a lockdown by hand.
const actClose = 5

// command is one command of a person. What was accepted becomes a duty.
func (w *world) command(r *record, what int) {
	by, now, old := soc.Actor{Name: "bob"}, w.clock(r.con), r.duty
	var l soc.Lockdown
	var e soc.AuditEntry
	var err error
	r.duty.askedStep = w.steps
	switch what {
	case 0, 1:
		l, e, err = w.m.release(r.stored, by, "done", now)
		r.duty.release = true
	case 2:
		l, e, err = w.m.cancel(r.stored, by, "mistake", now)
		r.duty.release = true
	case 3, 4, 6:
		p := time.Duration(1+w.c.Pick(24, "hours")) * time.Hour
		l, e, err = w.m.period(r.stored, by, p, "still bad", now)
		r.duty.period = p
	case actClose:
		l, e, err = soc.Close(r.stored, by, "mine now", now)
		r.duty.closed = true
	}
	revision := r.stored.Revision
	if err == nil {
		if e.Actor != by {
			w.fail("I4: the line of a command names %q", e.Actor.Name)
		}
		err = w.save(r, l, e)
	}
	if r.stored.Revision == revision { // refused: no duty comes of it
		r.duty = old
		return
	}
	w.say("person does %d on %s (%v)", what, r.stored.ID, err)
}
