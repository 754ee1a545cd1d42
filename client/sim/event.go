package sim

import (
	"strconv"
	"time"
)

// deviceEvent is one row that advanced hunting has about a machine. Defender
// makes an alert by reference only about such a row.
type deviceEvent struct {
	host   int32
	at     tick
	report int64
}

// history is how far back advanced hunting goes.
const history = 30 * 24 * time.Hour

// eventIn returns the event that a machine has in one hour since 1970. It is
// made from the seed, so a million machines need no memory for them.
func (t *Tenant) eventIn(host int32, hour int64) deviceEvent {
	d := newDice(t.opt.Seed, saltReport, hour*1_000_003+int64(host))
	at := tick(hour*3600*ticksPerSecond) + tick(d.n(3600*ticksPerSecond))
	return deviceEvent{host, at, int64(1 + d.n(900_000))}
}

// eventsOf lists the events of a machine in a span, the newest first, at most
// n. The machine reported until it was last seen, or until now when it is
// online. The caller holds the lock.
func (t *Tenant) eventsOf(host int32, s span, n int) []deviceEvent {
	m := t.viewHost(host)
	until, from := m.LastSeen, t.now().Add(-history)
	if m.Online {
		until = t.now()
	}
	s.lo, s.hi = max(s.lo, tickOf(from)), min(s.hi, tickOf(until))
	var out []deviceEvent
	for _, e := range t.events {
		if e.host == host && e.at >= s.lo && e.at <= tickOf(t.now()) && len(out) < n {
			out = append(out, e)
		}
	}
	hour := func(at tick) int64 { return int64(at) / (3600 * ticksPerSecond) }
	for h := hour(s.hi); h >= hour(s.lo) && len(out) < n; h-- {
		if e := t.eventIn(host, h); e.at >= s.lo && e.at <= s.hi {
			out = append(out, e)
		}
	}
	return out
}

// knowsEvent looks an event up. The caller holds the lock.
func (t *Tenant) knowsEvent(host int32, at time.Time, report string) bool {
	number, err := strconv.ParseInt(report, 10, 64)
	if err != nil || number < 0 {
		return false
	}
	if t.behave.AnyReport {
		return true
	}
	point := tickOf(at)
	for _, e := range t.eventsOf(host, span{point, point}, 10) {
		if e.report == number && e.at == point {
			return true
		}
	}
	return false
}

// AddEvent makes something happen on a machine (id or name), so that hunting
// knows it, and returns the report id. Unknown machines give an error.
func (t *Tenant) AddEvent(idOrName string, at time.Time) (reportID string, err error) {
	err = t.onHost(idOrName, func(h int32) {
		number := int64(1_000_000 + len(t.events))
		t.events = append([]deviceEvent{{h, tickOf(at), number}}, t.events...)
		reportID = strconv.FormatInt(number, 10)
	})
	return reportID, err
}
