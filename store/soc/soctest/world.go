// Package soctest proves the machine of package soc: it holds the independent model, the table of phases and events, and machines that are
// broken on purpose. The tests of package soc run the short forms, the command client/proof the long ones.
package soctest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"cordon/store/soc"
)

// The model. A world is one host of one simulated tenant, one or two consoles that work on it, people, a portal user, and everything that
// can go wrong between any two steps: crashes, lost answers, a list that lags, saves that fail, clocks that jump, a device that sleeps. The
// world knows the truth (tenant.go): which order took effect when, and who gave it. From the truth and from what people asked for,
// truth.go states what must hold; it shares no code with the machine and reads nothing but saved records, audit lines and orders sent.
//
// All chances come from a Chooser: a seeded generator in the proof command, rapid in the tests of package soc. Both therefore use one model.

// Chooser is where chances come from.
type Chooser interface {
	// Pick returns a number from 0 to n-1; 0 is the dull choice.
	Pick(n int, what string) int
}

// dice is the Chooser of long runs.
type dice struct{ *rand.Rand }

func (d dice) Pick(n int, _ string) int { return d.IntN(n) }

// Dice is a seeded Chooser; world tells histories of one seed apart.
func Dice(seed, world uint64) Chooser { return newDice(seed, world) }

func newDice(seed, world uint64) dice { return dice{rand.New(rand.NewPCG(seed, world))} }

// weather is what may go wrong in a world.
type weather struct {
	faults  bool          // lost answers, failed looks, failed saves, crashes
	meddle  bool          // a portal user
	people  bool          // commands after the order
	clock   bool          // the console's clock jumps
	queue   bool          // Defender queues an order behind another instead of refusing it
	flaky   bool          // the device fails orders and goes offline
	strays  bool          // answers about something else (F21, F22)
	lag     time.Duration // of the action list, at most
	remote  time.Duration // by which Defender's clock is wrong (F44)
	console int           // number of consoles
}

// calm is a world in which nothing goes wrong.
var calm = weather{lag: 3 * time.Second, console: 1}

// storm draws a weather.
func storm(c Chooser) weather {
	w := weather{
		faults: c.Pick(8, "faults") < 7, meddle: c.Pick(2, "meddle") == 1, people: c.Pick(3, "people") > 0, clock: c.Pick(4, "clock") == 3,
		queue: c.Pick(3, "queue") == 2, flaky: c.Pick(3, "flaky") == 2, strays: c.Pick(8, "strays") == 7, console: 1,
		lag: []time.Duration{0, 3 * time.Second, 60 * time.Second, 180 * time.Second, 180 * time.Second}[c.Pick(5, "lag")],
	}
	if c.Pick(5, "consoles") == 4 {
		w.console = 2
	}
	if c.Pick(8, "remote clock") == 7 {
		w.remote = time.Duration(c.Pick(121, "remote minutes")-60) * time.Minute
	}
	return w
}

// world is one history. Make it with newWorld and run it with live.
type world struct {
	c       Chooser
	m       rules
	strict  bool // ask soc.Check too; off in the controls, which must be found by the model alone
	weather weather
	now     time.Time // the truth
	mde     *tenant
	cons    []*console
	healed  time.Time     // since when everything works; zero before
	ahead   time.Duration // by which a console's clock was ever fast
	steps   int
	err     error
	story   []string // only when told
	tell    bool
}

// console is one cordon: a clock, a store and workers.
type console struct {
	n    int
	skew time.Duration // its clock minus the truth
	recs []*record
	// shared is the last list that anybody read, as the store shows it to others.
	shared   []soc.MachineAction
	sharedAt time.Time
}

func (w *world) clock(c *console) time.Time { return w.now.Add(c.skew) }

var modelStart = time.Date(2026, 2, 3, 6, 0, 0, 0, time.UTC)

func newWorld(c Chooser, m rules, we weather) *world {
	w := &world{c: c, m: m, strict: true, weather: we, now: modelStart}
	w.mde = &tenant{w: w, machine: "aa01", online: true}
	for n := range we.console {
		w.cons = append(w.cons, &console{n: n})
	}
	return w
}

// one is true once in n.
func (w *world) one(n int, what string) bool { return w.c.Pick(n, what) == n-1 }

func (w *world) seconds(most int, what string) time.Duration {
	return time.Duration(w.c.Pick(most+1, what)) * time.Second
}

// fail remembers the first broken promise.
func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%s: %w", w.now.Format("02 15:04:05"), fmt.Errorf(format, args...))
	}
}

func (w *world) say(format string, args ...any) {
	if w.tell {
		w.story = append(w.story, w.now.Format("02 15:04:05.0 ")+fmt.Sprintf(format, args...))
	}
}

// live runs the world for so many turns, lets everything heal, and returns the first broken promise.
func (w *world) live(turns int) error {
	w.order(w.cons[0])
	for range turns {
		if w.err != nil {
			return w.err
		}
		w.turn()
	}
	w.heal()
	return w.err
}

// turn is one step of somebody.
func (w *world) turn() {
	w.steps++
	switch w.c.Pick(32, "turn") {
	case 31:
		w.crash()
	case 30:
		w.person()
	case 29:
		w.outside()
	case 28:
		w.jump()
	case 27:
		if w.weather != calm {
			w.pass(w.seconds(7200, "long pause"))
		}
	case 26, 25:
		if w.weather != calm {
			w.pass(w.seconds(30, "pause"))
		}
	default:
		w.work()
	}
	w.judgeNow()
}

// pass lets true time go by.
func (w *world) pass(d time.Duration) {
	if d <= 0 {
		return
	}
	for _, c := range w.cons { // nobody may wait this long between an attempt row and its first byte, see docs/reliability.md
		for _, r := range c.recs {
			if r.p.stage == stageCall {
				d = min(d, 10*time.Second)
			}
		}
	}
	w.mde.run(w.now.Add(d))
	w.now = w.now.Add(d)
}

// work lets one worker make a step; when all of them sleep, time passes until somebody has to get up.
func (w *world) work() {
	var ready []*record
	next := time.Time{}
	for _, c := range w.cons {
		for _, r := range c.recs {
			at, ok := r.due()
			switch {
			case !ok:
			case !at.After(w.clock(c)):
				ready = append(ready, r)
			default:
				if at = at.Add(-c.skew); next.IsZero() || at.Before(next) {
					next = at
				}
			}
		}
	}
	if len(ready) > 0 {
		w.step(ready[w.c.Pick(len(ready), "worker")])
		if w.weather != calm && w.one(4, "slow") {
			w.pass(w.seconds(3, "slow"))
		}
		return
	}
	if at := w.mde.next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
		next = at
	}
	if next.IsZero() {
		next = w.now.Add(time.Hour)
	}
	w.pass(max(min(next.Sub(w.now), 6*time.Hour), 10*time.Millisecond))
}

// crash loses everything that is not stored, on one console.
func (w *world) crash() {
	if !w.weather.faults {
		return
	}
	c := w.cons[w.c.Pick(len(w.cons), "crash")]
	w.say("console %d crashes", c.n)
	for _, r := range c.recs {
		r.p, r.mem = worker{}, memory{}
	}
	c.shared, c.sharedAt = nil, time.Time{}
}

// jump sets a console's clock.
func (w *world) jump() {
	if !w.weather.clock {
		return
	}
	c := w.cons[w.c.Pick(len(w.cons), "jump")]
	d := []time.Duration{0, time.Second, time.Minute, 4 * time.Minute, time.Hour, 24 * time.Hour}[w.c.Pick(6, "jump by")]
	if w.one(2, "back") {
		d = -d
	}
	c.skew += d
	if c.skew.Abs() > 48*time.Hour || w.one(3, "set right") {
		c.skew = 0
	}
	w.ahead = max(w.ahead, c.skew)
	w.say("clock of console %d is off by %s", c.n, c.skew)
	w.kick(c)
}

// kick is what the reconciler does when it sees that its clock was set back: everything is looked at again.
func (w *world) kick(c *console) {
	for _, r := range c.recs {
		r.mem.again = true
		if r.p.stage == stageIdle {
			r.mem = memory{kicked: !r.stored.Phase.Final()}
		}
	}
}

var errDisk = errors.New("the disk refuses")
