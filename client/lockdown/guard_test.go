package lockdown

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// truth is the world outside of the machine, for the tests of the guard: what time it really is, and what the clocks show instead.
type truth struct {
	now  time.Time     // really
	boot time.Duration // the steady clock
	err  time.Duration // of the wall clock
}

func (w *truth) wall() time.Time { return w.now.Add(w.err) }

func (w *truth) pass(d time.Duration) { w.now, w.boot = w.now.Add(d), w.boot+d }

func newTruth() *truth {
	return &truth{now: time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC), boot: time.Hour}
}

var late = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)

// started is a guard that a server has confirmed.
func started(w *truth) judged {
	return begin(w.wall(), w.boot, Mark{}, time.Time{}, late, true).hear(w.wall(), w.boot, says(w.now))
}

// says is a quick answer of the one tenant.
func says(date time.Time) heard { return heard{tenant: "a", date: date} }

// insists is a tenant that says the same again half a minute later.
func (w *truth) insists(j judged, off time.Duration) judged {
	j = j.hear(w.wall(), w.boot, says(w.now.Add(off)))
	w.pass(secondOpinion)
	return j.hear(w.wall(), w.boot, says(w.now.Add(off)))
}

// believer is the negative control: a guard that takes the wall clock for the time.
func believer(w *truth) time.Time { return w.wall() }

func TestF58_SC56_AForwardJumpReleasesNothingEarly(t *testing.T) {
	for _, jump := range []time.Duration{time.Second, time.Minute, 3 * time.Minute, time.Hour, 24 * time.Hour} {
		w := newTruth()
		j := started(w)
		deadline := w.now.Add(time.Hour)
		w.pass(time.Minute)
		w.err = jump
		control := 0
		for range 2 * 3600 {
			j = j.look(w.wall(), w.boot)
			if !j.time(w.wall(), w.boot).Before(deadline) && w.now.Before(deadline) {
				t.Fatalf("jump of %s: due %s early", jump, deadline.Sub(w.now))
			}
			if !believer(w).Before(deadline) && w.now.Before(deadline) {
				control++
			}
			w.pass(time.Second)
		}
		if j.time(w.wall(), w.boot).Before(deadline) {
			t.Errorf("jump of %s: not due %s after its time", jump, w.now.Sub(deadline))
		}
		if control == 0 {
			t.Errorf("jump of %s: the check finds nothing wrong with a guard that believes the wall clock", jump)
		}
	}
}

func TestF58_AJumpIsHeldThenDecidedOrConfirmed(t *testing.T) {
	w := newTruth()
	j := started(w)
	w.err = time.Hour
	if j = j.look(w.wall(), w.boot); j.state != clockHeld {
		t.Fatalf("state %q after a jump of an hour", j.state)
	}
	unanswered := j
	w.pass(holdFor)
	if unanswered = unanswered.look(w.wall(), w.boot); unanswered.state != clockDecided || !unanswered.time(w.wall(), w.boot).Equal(w.now) {
		t.Errorf("after %s without a server: %q, %s; want the steady clock", holdFor, unanswered.state, unanswered.time(w.wall(), w.boot))
	}
	if wrong := j.hear(w.wall(), w.boot, says(w.now)); wrong.state != clockWrong || !wrong.time(w.wall(), w.boot).Equal(w.now) {
		t.Errorf("server says that the wall is wrong: %q, %s", wrong.state, wrong.time(w.wall(), w.boot))
	}
	if right := w.insists(j, w.err); right.state != clockOK || !right.time(w.wall(), w.boot).Equal(w.wall()) {
		t.Errorf("server says that the wall is right (a paused machine): %q, %s", right.state, right.time(w.wall(), w.boot))
	}
}

func TestF59_ABackwardJumpExtendsNothing(t *testing.T) {
	for _, jump := range []time.Duration{-5 * time.Second, -time.Minute, -time.Hour, -24 * time.Hour} {
		for _, proven := range []bool{true, false} {
			w := newTruth()
			j := begin(w.wall(), w.boot, Mark{}, time.Time{}, late, false)
			if proven {
				j = started(w)
			}
			deadline := w.now.Add(time.Hour)
			w.pass(59 * time.Minute)
			w.err = jump
			for !j.look(w.wall(), w.boot).time(w.wall(), w.boot).After(deadline) {
				j = j.look(w.wall(), w.boot)
				w.pass(time.Second)
				if late := w.now.Sub(deadline); late > 5*time.Minute {
					t.Fatalf("jump of %s, proven %v: still waiting %s after its time", jump, proven, late)
				}
			}
			if believer(w).After(deadline) {
				t.Fatalf("jump of %s: the wall clock is no worse; the test proves nothing", jump)
			}
		}
	}
}

func TestF60_ASuspendedMachineIsRightAtOnce(t *testing.T) {
	w := newTruth()
	j := started(w)
	w.pass(9 * time.Hour) // both clocks count the sleep
	if j = j.look(w.wall(), w.boot); j.state != clockOK || !j.time(w.wall(), w.boot).Equal(w.now) {
		t.Fatalf("state %q, %s off", j.state, j.time(w.wall(), w.boot).Sub(w.now))
	}
	w.now = w.now.Add(9 * time.Hour) // control: a clock that stands still while the machine sleeps must look like a jump
	w.err = 0
	if j = j.look(w.wall(), w.boot); j.state != clockHeld {
		t.Errorf("state %q without the sleep in the steady clock, want held", j.state)
	}
}

func TestF62_AnImpossibleClockAtStartHoldsTheTimers(t *testing.T) {
	floor := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	for _, year := range []int{1970, 2025, 2099} {
		w := newTruth()
		w.err = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Sub(w.now)
		j := begin(w.wall(), w.boot, Mark{}, floor, late, true)
		w.pass(10 * time.Minute)
		if j = j.look(w.wall(), w.boot); j.state != clockOdd || !j.waits() {
			t.Fatalf("%d: state %q", year, j.state)
		}
		if once := j.hear(w.wall(), w.boot, says(w.now)); !once.waits() {
			t.Errorf("%d: one date alone decides", year)
		}
		if told := w.insists(j, 0); told.waits() || !told.time(w.wall(), w.boot).Equal(w.now) {
			t.Errorf("%d: a server's date does not help: %q %s", year, told.state, told.time(w.wall(), w.boot))
		}
		w.err = 0
		if set := j.look(w.wall(), w.boot).hear(w.wall(), w.boot, says(w.now)); set.waits() || set.state != clockOK {
			t.Errorf("%d: setting the clock right does not help: %q", year, set.state)
		}
	}
	w := newTruth()
	if j := begin(w.wall(), w.boot, Mark{}, late.AddDate(60, 0, 0), late, true); j.state != clockStarting { // history of a clock that was wrong
		t.Errorf("a right clock after a wrong one: %q", j.state)
	}
}

func TestF62_NothingIsDueBeforeAServerAnsweredUnlessTheLastRunKnew(t *testing.T) {
	w := newTruth()
	w.err = 3 * time.Hour
	j := begin(w.wall(), w.boot, Mark{}, time.Time{}, late, true)
	if !j.waits() {
		t.Fatal("a clock that nobody confirmed makes things due")
	}
	if j = w.insists(j, 0); j.waits() || !j.time(w.wall(), w.boot).Equal(w.now) || j.state != clockWrong {
		t.Errorf("fast by three hours: %q, %s off", j.state, j.time(w.wall(), w.boot).Sub(w.now))
	}
	m := Mark{Trusted: w.now, Boot: w.boot, BootID: "b", Proven: true}
	w.pass(time.Minute)
	if j = begin(w.wall(), w.boot, m, time.Time{}, late, true); !j.waits() {
		t.Error("a mark that the wall clock contradicts was believed")
	}
	if j = j.hear(w.wall(), w.boot, says(w.now)); j.waits() || !j.time(w.wall(), w.boot).Equal(w.now) {
		t.Errorf("with the mark and a date: waits %v, %s off", j.waits(), j.time(w.wall(), w.boot).Sub(w.now))
	}
	w.err = 0
	if j = begin(w.wall(), w.boot, m, time.Time{}, late, true); j.waits() || !j.time(w.wall(), w.boot).Equal(w.now) {
		t.Errorf("with the mark of the last run: waits %v, %s off", j.waits(), j.time(w.wall(), w.boot).Sub(w.now))
	}
	g := NewGuard(GuardOptions{Clocks: Clocks{Wall: w.wall, Boot: func() time.Duration { return w.boot }, BootID: "other"}, Last: m, Server: true})
	if !g.Waits() {
		t.Error("the mark of another boot was believed")
	}
}

// edges are moments around which a clock of a zone changes, or at which a careless clock overflows; jump says that the zone's clock face does.
var edges = []struct {
	zone, at string
	jump     bool
}{
	{"UTC", "2038-01-19T03:14:00Z", false},
	{"Europe/Berlin", "2026-03-29T00:59:30Z", true},
	{"Europe/Berlin", "2026-10-25T00:59:30Z", true},
	{"America/New_York", "2026-03-08T06:59:30Z", true},
	{"America/New_York", "2026-11-01T05:59:30Z", true},
	{"Asia/Kathmandu", "2026-01-01T00:00:00Z", false},
	{"Australia/Lord_Howe", "2026-04-04T14:59:30Z", true},
	{"Pacific/Apia", "2026-12-31T10:00:00Z", false},
}

// overEdge runs a guard for two minutes over an edge and then over a leap second; it returns what went wrong. read is how the clock is read.
func overEdge(at time.Time, read func(time.Time) time.Time) string {
	w := &truth{now: at, boot: time.Hour}
	g := NewGuard(GuardOptions{Clocks: Clocks{Wall: func() time.Time { return read(w.wall()) }, Boot: func() time.Duration { return w.boot }}})
	for range 120 {
		w.pass(time.Second)
		if now := g.Now(); !now.Equal(w.now) || now.Location() != time.UTC || g.Troubles() != nil {
			return fmt.Sprintf("at %s the guard says %s: %v", w.now, now, g.Troubles())
		}
	}
	w.err -= time.Second // a leap second is repeated
	if now := g.Now(); w.now.Sub(now).Abs() > slack || g.Troubles() != nil {
		return fmt.Sprintf("a leap second moves the guard by %s: %v", w.now.Sub(now), g.Troubles())
	}
	return ""
}

// TestF61_ZonesAndLeapSecondsAndTheYear2038: timers know no zone. The control is a program that counts by the face of the clock on the wall: it
// must be caught at each edge at which that jumps, and only there.
func TestF61_ZonesAndLeapSecondsAndTheYear2038(t *testing.T) {
	for _, c := range edges {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, _ := time.Parse(time.RFC3339, c.at)
		if wrong := overEdge(at.In(zone), func(now time.Time) time.Time { return now }); wrong != "" {
			t.Errorf("%s at %s: %s", c.zone, c.at, wrong)
		}
		_, offset := at.In(zone).Zone()
		face := func(now time.Time) time.Time {
			now = now.In(zone)
			year, month, day := now.Date()
			face := time.Date(year, month, day, now.Hour(), now.Minute(), now.Second(), now.Nanosecond(), time.UTC)
			return face.Add(-time.Duration(offset) * time.Second)
		}
		if wrong := overEdge(at.In(zone), face); (wrong != "") != c.jump {
			t.Errorf("control, %s at %s by the face of the clock: %q", c.zone, c.at, wrong)
		}
	}
}

// scenario runs random clocks for some hours and returns how early and how late a deadline was judged due. A release needs an answer of the
// server, so lateness counts from the moment since which it answers.
func scenario(r *rand.Rand, judgeBy func(judged, *truth) time.Time) (early, late time.Duration, story string) {
	w := newTruth()
	var log strings.Builder
	jump := func() {
		span := []time.Duration{3 * time.Second, time.Minute, 10 * time.Minute, 2 * time.Hour, 24 * time.Hour}[r.IntN(5)]
		w.err = time.Duration(r.Int64N(int64(2*span))) - span
		fmt.Fprintf(&log, "%s err %s; ", w.now.Format("15:04:05"), w.err)
	}
	floor := w.now.Add(-time.Duration(r.IntN(7200)) * time.Second)
	if r.IntN(3) == 0 {
		jump()
	}
	j := begin(w.wall(), w.boot, Mark{}, floor, late0, true)
	deadline := w.now.Add(time.Duration(1+r.IntN(6*3600)) * time.Second)
	reach, since := r.IntN(4) > 0, w.now
	for {
		w.pass(time.Duration(1+r.IntN(60)) * time.Second)
		switch r.IntN(100) {
		case 0, 1:
			jump()
		case 2:
			w.pass(time.Duration(r.IntN(3600)) * time.Second) // a suspend
			since = w.now
		case 3:
			w.err = 0
		case 4:
			reach, since = !reach, w.now
		}
		j = j.look(w.wall(), w.boot)
		if reach {
			j = j.hear(w.wall(), w.boot, says(w.now.Add(-time.Duration(r.IntN(1000))*time.Millisecond)))
		}
		if !j.waits() && !judgeBy(j, w).Before(deadline) {
			return max(0, deadline.Sub(w.now)), 0, log.String()
		}
		if since.Before(deadline) {
			since = deadline
		}
		if reach && w.now.Sub(since) > late {
			late = w.now.Sub(since)
			if late > tolerance+2*time.Minute {
				return 0, late, log.String()
			}
		}
	}
}

var late0 = late

func TestF58_F59_F60_F62_D4_RandomClocks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	control := 0
	for i := range 4000 {
		early, late, story := scenario(r, func(j judged, w *truth) time.Time { return j.time(w.wall(), w.boot) })
		if early > 2*slack { // a date is exact to a second, and so is the reading of it
			t.Fatalf("scenario %d: %s early: %s", i, early, story)
		}
		if late > tolerance+2*time.Minute {
			t.Fatalf("scenario %d: %s late: %s", i, late, story)
		}
		if early, _, _ := scenario(r, func(_ judged, w *truth) time.Time { return w.wall() }); early > 2*slack {
			control++
		}
	}
	if control < 100 {
		t.Errorf("a guard that believes the wall clock was early %d times; the scenarios are too tame", control)
	}
}
