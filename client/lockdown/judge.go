package lockdown

import "time"

// The clock guard decides what time it is for a lockdown (F58–F62, SC56). It has three witnesses:
//
//	wall    what the machine says; people, NTP, a hypervisor and a flat battery set it
//	steady  the last time that was trusted, plus the time since then on a clock that nobody can set and that counts suspends
//	server  the Date header of Defender's answers to us; no release is possible without an answer. See hear.go
//
// One witness alone moves nothing at once. A date that agrees with the wall or the steady clock confirms it. A date that stands alone counts
// when the same server says the same half a minute later and no other server said something earlier; then too only at the start, or to turn
// the time back. So two servers with different dates give the earlier of them, unless the wall clock takes sides.
//
// While wall and steady agree, the earlier of them counts. When they part by more than slack, the servers decide. Until then, or for good if
// no answer comes, the guard runs on the steady clock, so a wall clock that jumps forward can release nothing early, and one that jumps
// backward keeps nobody isolated longer. A clock that no server ever confirmed gets one favour: when it is set back, the earlier time counts
// for the first five minutes, because it may have been wrong before and be right now.
//
// The start is the one moment without a steady clock, unless the last run left a mark under the same boot that the wall clock agrees with. So
// nothing is judged due before a server has confirmed the time; that costs nothing, because without an answer nothing can be released. There
// is one way out: answers that keep coming for five minutes, none with a usable date, end the wait in favour of a wall clock that nothing
// contradicts. A wall clock that is impossible (before the last line of the history, or ten years after this program was built) holds the
// timers until a server or a person puts it right.
//
// All of it is in this file and hear.go as pure functions over judged; guard.go gives them clocks and tells people.

// Times of the guard.
const (
	slack     = 2 * time.Second // two clocks that agree may differ by a leap second and the reading of two clocks
	tolerance = 2 * time.Minute // a jump beyond this is told to people; a server's date within it confirms a clock
	holdFor   = 5 * time.Minute // and this is how long anything waits for the confirmation
	mutesMost = 10              // so many answers without a usable date, and for holdFor, end the wait
)

// state says how far the guard trusts the wall clock.
type state string

const (
	clockOK       state = ""         // wall and steady agree
	clockStarting state = "starting" // no server has confirmed the clock of this start yet
	clockUnheard  state = "unheard"  // answers came, none with a usable date; the wall clock is believed
	clockOdd      state = "odd"      // the wall clock is impossible
	clockHeld     state = "held"     // wall and steady parted; waiting for a server
	clockDecided  state = "decided"  // no server answered; the steady clock counts
	clockWrong    state = "wrong"    // a server says that the wall clock is wrong; the steady clock counts
	clockOther    state = "other"    // wall and steady agree, the server does not
)

// judged is what the guard knows. It is a value; look, hear and mute return the next one.
type judged struct {
	anchor time.Time     // a time that was trusted …
	boot   time.Duration // … and the steady clock at that moment
	proven bool          // a server has confirmed the anchor
	state  state
	since  time.Duration // steady time when state began
	server bool          // there are servers that can confirm
	floor  time.Time     // the last line of the history; zero if there is none
	top    time.Time     // the latest believable time
	voices []voice       // what the servers said lately; never changed in place
	mutes  int           // answers in a row that said nothing about the time
	muteAt time.Duration // steady time of the first of them
}

// begin judges the first reading. last is the mark of an earlier run under the same boot, zero if there is none; floor is the last line of the
// history, zero if there is none; ceiling is the latest believable time.
func begin(wall time.Time, boot time.Duration, last Mark, floor, ceiling time.Time, server bool) judged {
	j := judged{anchor: wall, boot: boot, since: boot, server: server, floor: floor, top: ceiling}
	if floor.After(ceiling) {
		j.floor = time.Time{} // written by a clock that was wrong
	}
	switch {
	case last.Proven && boot >= last.Boot:
		j = j.resume(wall, boot, last)
	case j.believable(wall):
		j = j.start(wall, boot)
	default:
		j.state = clockOdd
		if wall.After(ceiling) && !j.floor.IsZero() {
			j.anchor = j.floor
		}
	}
	return j
}

// resume takes the time from the mark of the last run. A wall clock that says otherwise was set meanwhile, or the steady clock is another one
// (a container that moved): then neither counts before a server has spoken.
func (j judged) resume(wall time.Time, boot time.Duration, last Mark) judged {
	j.anchor, j.boot = last.Trusted, last.Boot
	switch {
	case j.apart(wall, boot) <= tolerance:
		j.proven = true
	case j.server:
		j.state = clockStarting
	default:
		j.state = clockHeld
	}
	return j
}

// believable reports whether the wall clock may be right.
func (j judged) believable(wall time.Time) bool {
	return !wall.After(j.top) && !wall.Before(j.floor.Add(-tolerance))
}

// start takes the wall clock for the time, until a server says more.
func (j judged) start(wall time.Time, boot time.Duration) judged {
	j.anchor, j.boot = wall, boot
	if j.server {
		return j.enter(clockStarting, boot)
	}
	return j.enter(clockOK, boot)
}

func (j judged) steady(boot time.Duration) time.Time { return j.anchor.Add(boot - j.boot) }

func (j judged) enter(s state, boot time.Duration) judged {
	if j.state != s {
		j.state, j.since = s, boot
	}
	return j
}

// look judges the clocks alone.
func (j judged) look(wall time.Time, boot time.Duration) judged {
	apart := j.apart(wall, boot) > tolerance
	switch {
	case j.state == clockOdd && j.believable(wall):
		return j.start(wall, boot) // somebody has set it right
	case j.state == clockStarting, j.state == clockOdd:
		return j
	case !apart && (j.state == clockHeld || j.state == clockDecided || j.state == clockWrong):
		return j.calm(boot)
	case apart && (j.state == clockOK || j.state == clockOther || j.state == clockUnheard):
		return j.enter(clockHeld, boot)
	case j.state == clockHeld && boot-j.since >= holdFor:
		return j.enter(clockDecided, boot)
	}
	return j
}

// calm is the state while wall and steady agree.
func (j judged) calm(boot time.Duration) judged {
	if j.server && !j.proven {
		return j.enter(clockUnheard, boot)
	}
	return j.enter(clockOK, boot)
}

func (j judged) apart(wall time.Time, boot time.Duration) time.Duration {
	return wall.Sub(j.steady(boot)).Abs()
}

// time is the time that counts.
func (j judged) time(wall time.Time, boot time.Duration) time.Time {
	steady := j.steady(boot)
	gap := wall.Sub(steady)
	favour := !j.proven && j.state == clockHeld
	if gap < 0 && (gap >= -slack || favour) {
		return wall
	}
	return steady
}

// waits reports whether nothing may be judged due: the time that counts may be later than the true one.
func (j judged) waits() bool { return j.state == clockStarting || j.state == clockOdd }
