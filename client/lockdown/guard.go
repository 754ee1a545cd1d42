package lockdown

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"cordon/store/soc"
)

// Guard is the one clock of a process for everything that lockdowns wait for; see judge.go for what it believes. A nil Guard believes the wall
// clock. It is safe for concurrent use.
type Guard struct {
	o GuardOptions

	mu   sync.Mutex
	j    judged
	want bool             // something waits for the time
	news []soc.AuditEntry // changes that are not in the history yet
}

// GuardOptions are what a guard knows at the start.
type GuardOptions struct {
	Clocks Clocks
	// Last is the mark that the last run left; it counts only under the same boot.
	Last Mark
	// Floor is the time of the last line of the history, zero if there is none.
	Floor time.Time
	// Built is when this program was built; zero means unknown, and every late date is believed.
	Built time.Time
	// Server says that answers of servers will come through Heard.
	Server bool
	// Changed is called, under the guard's lock, when Troubles may have changed; it must not block.
	Changed func()
}

const plausibleYears = 10 // a program is not run longer than this after it was built

// NewGuard reads the clocks for the first time.
func NewGuard(o GuardOptions) *Guard {
	o.Clocks = o.Clocks.withDefaults()
	if o.Last.BootID == "" || o.Last.BootID != o.Clocks.BootID {
		o.Last = Mark{}
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	ceiling := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	if !o.Built.IsZero() {
		ceiling = o.Built.AddDate(plausibleYears, 0, 0)
	}
	g := &Guard{o: o}
	wall, boot := g.read()
	g.j = begin(wall, boot, o.Last, o.Floor, ceiling, o.Server)
	g.tell(judged{state: clockStarting}, wall, boot)
	return g
}

func (g *Guard) read() (wall time.Time, boot time.Duration) {
	return g.o.Clocks.Wall().UTC().Round(0), g.o.Clocks.Boot()
}

// Now is the time that counts, in UTC and without a monotonic reading.
func (g *Guard) Now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	wall, boot := g.read()
	g.become(g.j.look(wall, boot), wall, boot)
	return g.j.time(wall, boot)
}

// Heard tells what the server of a tenant answered a moment ago: its Date, and how long the answer took from the first byte sent. So it is at
// least date now, and at most a second and took more. A zero date is an answer that says nothing about the time.
func (g *Guard) Heard(tenant string, date time.Time, took time.Duration) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	wall, boot := g.read()
	if date.IsZero() {
		g.become(g.j.mute(wall, boot), wall, boot)
		return
	}
	g.become(g.j.hear(wall, boot, heard{tenant: tenant, date: date.UTC().Round(0), took: took}), wall, boot)
}

// Waits reports whether nothing may be judged due by itself now, because nobody knows what time it is. People's orders do not wait.
func (g *Guard) Waits() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.j.waits()
}

// asks reports whether an answer of a server would help.
func (g *Guard) asks() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.j.state {
	case clockOK, clockWrong, clockOther, clockUnheard:
		return false
	}
	return g.j.server
}

// wanted tells that a lockdown hangs on the time: from now on people are told when nobody knows it.
func (g *Guard) wanted() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.want = true
}

func (g *Guard) become(j judged, wall time.Time, boot time.Duration) {
	was := g.j
	g.j = j
	if was.state != j.state {
		g.tell(was, wall, boot)
	}
}

// tell notes a change of the state for the history.
func (g *Guard) tell(was judged, wall time.Time, boot time.Duration) {
	e := soc.AuditEntry{Time: g.j.time(wall, boot), Actor: soc.Service("clock"), Action: "clock", Target: "clock", Result: soc.ResultSeen}
	off := spokenGap(wall.Sub(g.j.steady(boot)))
	switch g.j.state {
	case clockHeld:
		e.Detail = "the wall clock jumped, it is " + off + " the steady clock; automatic releases run on the steady clock until a server confirms the time"
	case clockDecided:
		e.Detail = "no server confirmed the time for " + soc.Spoken(holdFor) + "; automatic releases run on the steady clock, the wall clock is " + off + " it"
	case clockWrong:
		e.Detail = "Defender's date shows that the wall clock is wrong, it is " + off + " the true time; automatic releases do not follow it"
	case clockUnheard:
		e.Detail = "no answer of Defender said what time it is for " + soc.Spoken(holdFor) + "; automatic releases believe the wall clock"
	case clockOdd:
		e.Result = soc.ResultFailed
		e.Detail = fmt.Sprintf("the wall clock says %s, which can not be; automatic releases wait for a server's date", wall.Format(time.RFC3339))
	case clockOther: // tenants may disagree with each other at every answer: Troubles tells it, the history does not repeat it
		g.o.Changed()
		return
	case clockOK:
		if was.state == clockStarting || was.state == clockOther {
			g.o.Changed()
			return // the ordinary start
		}
		e.Result, e.Detail = soc.ResultOK, "the clocks agree again; automatic releases follow them"
	default:
		return
	}
	if len(g.news) < newsKept {
		g.news = append(g.news, e)
	}
	g.o.Changed()
}

const newsKept = 64 // a clock that is set to and fro must not fill the memory while the store is down

func spokenGap(d time.Duration) string {
	if d < 0 {
		return soc.Spoken(-d.Round(time.Second)) + " behind"
	}
	return soc.Spoken(d.Round(time.Second)) + " ahead of"
}

// take hands out the changes that belong into the history, once.
func (g *Guard) take() []soc.AuditEntry {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	news := slices.Clone(g.news)
	g.news = nil
	return news
}
