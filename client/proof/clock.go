package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"cordon/client"
	"cordon/client/lockdown"
)

// D4: releases before their deadline under clocks that lie. The guard sees a wall clock that jumps by up to a day either way, suspends, restarts
// with and without the mark of the last run, an RTC of 1970 or 2099, and a server that is in and out of reach; an oracle knows the real time.
// Then the servers lie too. The one thing that no scenario does is to let the wall clock and a wrong date show the same wrong time: with two
// witnesses who agree there is nothing to tell it by.

const (
	clockScenarios = 100_000
	dateScenarios  = 20_000          // of each kind of wrong date
	clockGrace     = 4 * time.Second // a Date header is exact to a second, and so is a leap second
	// clockLate is after the first answer of a server: two minutes that a server can not tell apart, a second answer, and a look. Where two tenants
	// disagree it counts from the deadline by the earlier one.
	clockLate = 4 * time.Minute
	dateWrong = 3 * time.Hour
	dateApart = 10 * time.Minute // between the wall clock and a wrong date, at least
)

// dates are how the servers lie.
type dates int

const (
	datesRight dates = iota
	datesFirst       // the first date after every start is wrong
	datesTwo         // of two tenants one is wrong for good
	datesSlow        // answers take up to a hundred seconds
	datesOther       // gateways answer in between, by a clock of their own
)

// believed is what decides: the guard, or as a negative control one witness alone.
type believed int

const (
	believeGuard believed = iota
	believeWall
	believeDates // whatever carries a date, taken for the latest that it can be
)

// machine is the world of one scenario.
type machine struct {
	r     *rand.Rand
	real  time.Time
	boot  time.Duration
	wrong time.Duration // of the wall clock
	id    int           // of the boot
	reach bool          // the servers answer
	since time.Time     // since when reach is so and the program runs
	floor time.Time
	dates dates
	off   time.Duration // of the wrong dates
	first bool          // the next date is the first after a start
	said  time.Time     // the last date, at boot zero
}

func (m *machine) pass(d time.Duration) { m.real, m.boot = m.real.Add(d), m.boot+d }

func (m *machine) wall() time.Time { return m.real.Add(m.wrong) }

func (m *machine) guard(mark lockdown.Mark) *lockdown.Guard {
	m.first, m.since = true, m.real
	return lockdown.NewGuard(lockdown.GuardOptions{
		Clocks: lockdown.Clocks{Wall: m.wall, Boot: func() time.Duration { return m.boot }, BootID: fmt.Sprint(m.id)},
		Last:   mark, Floor: m.floor, Built: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Server: true,
	})
}

// jump sets the wall clock somewhere else.
func (m *machine) jump() {
	spans := []time.Duration{time.Second, 90 * time.Second, 10 * time.Minute, time.Hour, 24 * time.Hour}
	span := spans[m.r.IntN(len(spans))]
	for again := true; again; again = m.dates != datesRight && (m.wrong-m.off).Abs() < dateApart {
		m.wrong = time.Duration(m.r.Int64N(int64(2*span)+1)) - span
	}
}

// restart starts the program again, sometimes the machine too, sometimes with a dead battery.
func (m *machine) restart(g *lockdown.Guard) *lockdown.Guard {
	mark := g.Mark()
	m.pass(time.Duration(m.r.IntN(600)) * time.Second)
	if m.r.IntN(2) == 0 {
		m.id, m.boot = m.id+1, time.Minute
		switch m.r.IntN(4) {
		case 0:
			m.wrong = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).Sub(m.real)
		case 1:
			m.wrong = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).Sub(m.real)
		case 2:
			m.jump()
		}
	}
	return m.guard(mark)
}

// event is what happens in a minute of a scenario.
func (m *machine) event(g *lockdown.Guard) *lockdown.Guard {
	m.pass(time.Duration(1+m.r.IntN(60)) * time.Second)
	switch m.r.IntN(60) {
	case 0, 1:
		m.jump()
	case 2:
		m.wrong = 0 // NTP
	case 3:
		m.pass(time.Duration(m.r.IntN(7200)) * time.Second) // a suspend
		m.since = m.real
	case 4, 5:
		m.reach, m.since = !m.reach, m.real
	case 6:
		return m.restart(g)
	}
	return g
}

// answer lets the servers say what time it is.
func (m *machine) answer(g *lockdown.Guard) {
	jitter := time.Duration(m.r.IntN(2000)-1000) * time.Millisecond
	switch m.dates {
	case datesRight:
		m.tell(g, "a", jitter, 0)
	case datesFirst:
		if m.first {
			jitter = m.off
		}
		m.tell(g, "a", jitter, 0)
	case datesTwo:
		if wrongFirst := m.r.IntN(2) == 0; wrongFirst {
			m.tell(g, "b", m.off, 0)
			m.tell(g, "a", jitter, 0)
			break
		}
		m.tell(g, "a", jitter, 0)
		if m.r.IntN(3) > 0 {
			m.tell(g, "b", m.off, 0)
		}
	case datesSlow:
		took := time.Duration(m.r.IntN(100_000)) * time.Millisecond
		m.tell(g, "a", -time.Duration(m.r.Int64N(int64(took)+1)), took)
	case datesOther:
		m.gateway(g, jitter)
	}
	m.first = false
}

func (m *machine) tell(g *lockdown.Guard, tenant string, off, took time.Duration) {
	m.said = m.real.Add(off + took - m.boot)
	g.Heard(tenant, m.real.Add(off), took)
}

// gateway answers now and then instead of Defender, at the start always.
func (m *machine) gateway(g *lockdown.Guard, jitter time.Duration) {
	if m.first || m.r.IntN(3) == 0 {
		status := []int{302, 403, 407, 429, 500, 502, 503}[m.r.IntN(7)]
		at := m.real.Add(m.off)
		m.said = at.Add(-m.boot)
		res := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}, "Date": {at.Format(http.TimeFormat)}}}
		if date, told := client.DateOf(res); told {
			g.Heard("a", date, 0)
		}
	}
	if !m.first {
		m.tell(g, "a", jitter, 0)
	}
}

// lies runs one scenario to the moment when its deadline is judged passed.
func lies(seed uint64, kind dates, who believed) (early, late time.Duration) {
	r := rand.New(rand.NewPCG(seed, 4))
	zone := time.Date(2026, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), 0, 0, 0, time.UTC) // both DST edges are in there
	m := &machine{r: r, real: zone, boot: time.Hour, reach: r.IntN(3) > 0, floor: zone.Add(-time.Duration(r.IntN(86_400)) * time.Second), dates: kind}
	if m.off = dateWrong; r.IntN(2) == 0 {
		m.off = -dateWrong
	}
	if r.IntN(3) == 0 {
		m.jump()
	}
	g := m.guard(lockdown.Mark{})
	deadline := m.real.Add(time.Duration(1+r.IntN(24*3600)) * time.Second)
	owed := deadline
	if kind == datesTwo && m.off < 0 {
		owed = owed.Add(-m.off) // the earlier tenant counts, unless the wall clock takes sides
	}
	for {
		g = m.event(g)
		if m.reach {
			m.answer(g)
		}
		now, waits := g.Now(), g.Waits()
		switch who {
		case believeGuard:
		case believeWall:
			now, waits = m.wall(), false
		case believeDates:
			now, waits = m.said.Add(m.boot), m.said.IsZero()
		}
		if !waits && !now.Before(deadline) {
			return max(0, deadline.Sub(m.real)), late
		}
		if m.since.Before(owed) {
			m.since = owed
		}
		if m.reach && m.real.Sub(m.since) > late {
			late = m.real.Sub(m.since) // a server could have been asked, and it is not released
			if late > 26*time.Hour {
				return 0, late
			}
		}
	}
}

// clockPart is one kind of scenario and what it promises.
type clockPart struct {
	what  string
	dates dates
	n     int
	who   believed // the control
	name  string   // of the control
}

func clockParts() []clockPart {
	return []clockPart{
		{"lying clocks", datesRight, clockScenarios, believeWall, "wall clock"},
		{"a wrong first date at every start", datesFirst, dateScenarios, believeDates, "every date"},
		{"two tenants of different dates", datesTwo, dateScenarios, believeDates, "every date"},
		{"slow answers", datesSlow, dateScenarios, believeDates, "their end"},
		{"dates of gateways that refuse", datesOther, dateScenarios, believeDates, "every date"},
	}
}

func clockFigure(ctx context.Context, o options) ([]line, error) {
	var list []line
	for _, p := range clockParts() {
		n := p.n / 20
		if o.long {
			n = p.n
		}
		lines, err := clockLines(ctx, p, o.seed, n)
		if err != nil {
			return nil, err
		}
		list = append(list, lines...)
	}
	return list, nil
}

// clockLines runs n scenarios of one kind.
func clockLines(ctx context.Context, p clockPart, base uint64, n int) ([]line, error) {
	early := line{what: "releases before the deadline, in scenarios of " + p.what, want: p.n}
	late := line{what: "releases late by more than 4 min while a server answers, " + p.what, want: p.n}
	var most time.Duration
	for i := range n {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		seed := base<<32 + uint64(i)
		e, l := lies(seed, p.dates, believeGuard)
		early.n, late.n, most = early.n+1, late.n+1, max(most, l)
		if e > clockGrace {
			early.bad++
			early.examples = append(early.examples, fmt.Sprintf("scenario %d: %s early", seed, e))
		}
		if l > clockLate {
			late.bad++
			late.examples = append(late.examples, fmt.Sprintf("scenario %d: %s late", seed, l))
		}
	}
	caughtEarly, caughtLate, controls := 0, 0, min(n, 1000)
	for i := range controls {
		e, _ := lies(base<<32+uint64(i), p.dates, p.who)
		if e > clockGrace {
			caughtEarly++
		}
		if _, l := lies(base<<32+uint64(i), p.dates, believeWall); l > clockLate {
			caughtLate++
		}
	}
	early.examples, late.examples = early.examples[:min(5, len(early.examples))], late.examples[:min(5, len(late.examples))]
	early.control, early.caught = fmt.Sprintf("%s believed: %d of %d early", p.name, caughtEarly, controls), caughtEarly > 0
	late.control, late.caught = fmt.Sprintf("wall clock believed: %d of %d late", caughtLate, controls), caughtLate > 0
	late.note = fmt.Sprintf("most %s", most.Round(time.Second))
	return []line{early, late}, nil
}
