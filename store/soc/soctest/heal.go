package soctest

import (
	"slices"
	"time"

	"cordon/store/soc"
)

// heal lets everything work again and runs until nothing is left to do: every lockdown ended, every watch over.
func (w *world) heal() {
	w.healed = w.now
	w.mde.online = true
	w.say("everything works again")
	for _, c := range w.cons {
		c.skew = 0
		w.kick(c)
	}
	walk := w.weather != calm && w.one(16, "walk the watch")
	for range 40000 {
		if w.err != nil || w.over() {
			break
		}
		if !walk && w.quiet() {
			w.downtime()
		}
		w.attend()
		w.steps++
		w.work()
		w.judgeNow()
	}
	if w.err == nil && !w.over() {
		w.fail("lost: the world does not come to rest")
	}
	if w.err == nil { // what holds the host now, nobody will ever release
		w.pass(25*time.Hour + w.grace())
		w.judgeNow()
	}
}

// attend is the person for whom records wait in needs_human. Only those wait by design that can not isolate anybody: Defender has no order of
// theirs that is open or in force. Whatever isolates the host, the machine must end without a person.
func (w *world) attend() {
	held := w.mde.force()
	for _, c := range w.cons {
		r := c.open()
		if r == nil || r.stored.Phase != soc.PhaseNeedsHuman || r.p.stage != stageIdle {
			continue
		}
		if !slices.ContainsFunc(w.orders(r, soc.ActionIsolate), func(o *order) bool { return o.open() || slices.Contains(held, o) }) {
			w.command(r, []int{0, actClose}[w.c.Pick(2, "close it")])
		}
	}
}

// over reports that no worker has anything left to do.
func (w *world) over() bool {
	for _, c := range w.cons {
		for _, r := range c.recs {
			if !r.stored.Phase.Final() || !r.stored.WatchUntil.IsZero() || r.p.stage != stageIdle {
				return false
			}
		}
	}
	return true
}

// quiet reports that only watches are left, and no order that could strike.
func (w *world) quiet() bool {
	early := 15 * time.Minute // of the watch is always walked
	if w.weather == calm {
		early = 2 * time.Minute
	}
	for _, c := range w.cons {
		for _, r := range c.recs {
			l := r.stored
			if !l.Phase.Final() || r.p.stage != stageIdle || l.Trouble != "" || (!l.WatchUntil.IsZero() && l.WatchUntil.Sub(w.now) > soc.WatchAfter-early) {
				return false
			}
		}
	}
	for _, o := range w.mde.acts {
		if o.open() {
			return false
		}
	}
	return len(w.mde.force()) == 0
}

// downtime stops the consoles until the last watch is nearly over: 73 hours of looking at a quiet host prove little.
func (w *world) downtime() {
	var end time.Time
	for _, c := range w.cons {
		for _, r := range c.recs {
			end = later(end, r.stored.WatchUntil)
			r.mem = memory{}
		}
	}
	if d := end.Sub(w.now) - 10*time.Minute; d > 0 {
		w.pass(d)
	}
}
