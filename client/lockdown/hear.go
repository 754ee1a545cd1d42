package lockdown

import (
	"slices"
	"time"
)

// secondOpinion is how much later a server must say the same again before a date counts that agrees with no clock of ours.
const secondOpinion = 30 * time.Second

// heard is an answer: it is at least date on that server now, and at most a second (dates have whole ones) and took more.
type heard struct {
	tenant string
	date   time.Time
	took   time.Duration
}

func (h heard) most() time.Time { return h.date.Add(time.Second + h.took) }

// off is how far t is from what the server says; zero within the answer's width.
func (h heard) off(t time.Time) time.Duration {
	switch {
	case t.Before(h.date):
		return h.date.Sub(t)
	case t.After(h.most()):
		return t.Sub(h.most())
	}
	return 0
}

// voice is what one server says lately.
type voice struct {
	tenant      string
	zero        time.Time // its date when the steady clock was zero
	wide        time.Duration
	first, last time.Duration // steady time since it says this, and when it was heard last
}

func (v voice) firm() bool { return v.last-v.first >= secondOpinion }

// before reports whether v is earlier than o by more than the two answers can explain.
func (v voice) before(o voice) bool { return o.zero.Sub(v.zero) > tolerance+v.wide+o.wide }

func (v voice) differs(o voice) bool { return v.before(o) || o.before(v) }

// note writes down what a server said. A server that changes its mind starts anew.
func (j judged) note(boot time.Duration, h heard) (judged, voice) {
	v := voice{tenant: h.tenant, zero: h.date.Add(-boot), wide: h.took, first: boot, last: boot}
	j.voices = slices.DeleteFunc(j.fresh(boot), func(o voice) bool {
		if o.tenant != h.tenant {
			return false
		}
		if !o.differs(v) {
			v.zero, v.wide, v.first = o.zero, o.wide, o.first
		}
		return true
	})
	j.voices = append(j.voices, v)
	return j, v
}

// fresh are the voices that still count, in a list of its own.
func (j judged) fresh(boot time.Duration) []voice {
	return slices.DeleteFunc(slices.Clone(j.voices), func(v voice) bool { return boot-v.last >= holdFor })
}

// quarrel is how far the servers' dates are apart, zero while they agree.
func (j judged) quarrel(boot time.Duration) time.Duration {
	var most time.Duration
	list := j.fresh(boot)
	for _, a := range list {
		for _, b := range list {
			if a.before(b) {
				most = max(most, b.zero.Sub(a.zero))
			}
		}
	}
	return most
}

// mute judges with an answer that says nothing about the time. When nothing else comes, the earlier of our own clocks has to do.
func (j judged) mute(wall time.Time, boot time.Duration) judged {
	if j.mutes++; j.mutes == 1 {
		j.muteAt = boot
	}
	if j = j.look(wall, boot); j.state != clockStarting || j.mutes < mutesMost || boot-max(j.muteAt, j.since) < holdFor || !j.believable(wall) {
		return j
	}
	if wall.Before(j.steady(boot)) {
		j.anchor, j.boot = wall, boot
	}
	return j.enter(clockUnheard, boot)
}

// hear judges with what a server said a moment ago.
func (j judged) hear(wall time.Time, boot time.Duration, h heard) judged {
	j, v := j.note(boot, h)
	j.mutes = 0
	steady, apart := j.steady(boot), j.apart(wall, boot) > tolerance
	switch {
	case h.off(steady) <= tolerance:
		return j.confirm(wall, boot, h)
	case h.off(wall) <= tolerance:
		if j.proven && wall.After(steady) && !v.firm() {
			return j.look(wall, boot) // forward only on a second answer
		}
		return j.confirm(wall, boot, h)
	case !j.proven && v.firm() && j.earliest(v, boot), j.proven && apart && v.firm() && h.date.Before(steady):
		j.anchor, j.boot, j.proven = h.date, boot, true
		return j.settle(wall, boot)
	case j.proven && apart:
		return j.look(wall, boot)
	case j.proven:
		return j.enter(clockOther, boot)
	case j.state != clockOdd:
		return j.enter(clockStarting, boot) // nobody ever vouched for a clock of ours, and now somebody contradicts
	}
	return j
}

// earliest reports whether no server lately said something earlier.
func (j judged) earliest(v voice, boot time.Duration) bool {
	return !slices.ContainsFunc(j.fresh(boot), func(o voice) bool { return o.before(v) })
}

// confirm adopts the clock of ours that is nearer to what the server says. A clock that the server did not vouch for before is taken for no
// later than the earliest it can be.
func (j judged) confirm(wall time.Time, boot time.Duration, h heard) judged {
	near, limit := j.steady(boot), h.date
	switch {
	case h.off(wall) < h.off(near):
		near = wall
	case j.proven:
		limit = h.most()
	}
	if near.Sub(limit) > slack {
		near = h.date
	}
	if near.Sub(j.steady(boot)).Abs() > slack { // else keep the anchor: many small steps must not add up
		j.anchor, j.boot = near, boot
	}
	j.proven = true
	return j.settle(wall, boot)
}

// settle is the state after the servers decided.
func (j judged) settle(wall time.Time, boot time.Duration) judged {
	if j.apart(wall, boot) > tolerance {
		return j.enter(clockWrong, boot)
	}
	return j.enter(clockOK, boot)
}
