package timers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// view is one of the six saved views.
type view int

const (
	viewActive view = iota
	viewDue
	viewMine
	viewProblems
	viewDone
	viewIsolated
	viewCount = 6
)

// dueSoon is what "due" means in the second view.
const dueSoon = 15 * time.Minute

func (v view) title() string {
	return [...]string{"Active", "Due <15m", "Mine", "Problems", "Done", "Release debt"}[v]
}

// short is the title where there is little room.
func (v view) short() string {
	return [...]string{"Active", "Due<15m", "Mine", "Problems", "Done", "Debt"}[v]
}

func (v view) name() string {
	return [...]string{"active", "due", "mine", "problems", "done", "isolated"}[v]
}

func viewNamed(s string) (view, bool) {
	if strings.EqualFold(s, "debt") {
		return viewIsolated, true
	}
	for v := range view(viewCount) {
		if s != "" && (strings.EqualFold(s, v.name()) || s == fmt.Sprint(int(v)+1)) {
			return v, true
		}
	}
	return 0, false
}

// order is what the rows are sorted by.
type order int

const (
	byLeft order = iota
	byHost
	byState
	byWho
	orderCount = 4
)

func (o order) title() string { return [...]string{"time left", "host", "state", "by"}[o] }
func (o order) field() string { return [...]string{"left", "host", "state", "by"}[o] }

// sort orders rows; ties break by time left and then by id, so that rows never swap places by themselves.
func (m *Model) sort(rows []row) {
	slices.SortFunc(rows, func(a, b row) int {
		c := 0
		switch m.order {
		case byHost:
			c = strings.Compare(strings.ToLower(a.host), strings.ToLower(b.host))
		case byState:
			c = strings.Compare(a.word(m.now), b.word(m.now))
		case byWho:
			c = strings.Compare(a.by(), b.by())
		}
		if c == 0 && m.view == viewIsolated {
			c = a.since().Compare(b.since()) // the oldest debt first
		}
		if c == 0 {
			c = m.byTime(a, b)
		}
		return cmp.Or(c, strings.Compare(a.id, b.id))
	})
}

// byTime puts deadlines first, the most overdue at the top; then what has not begun, then what has no timer. Finished ones: newest first.
func (m *Model) byTime(a, b row) int {
	if c := cmp.Compare(a.rank(), b.rank()); c != 0 {
		return c
	}
	switch a.rank() {
	case rankTimed:
		return a.lock.Deadline.Compare(b.lock.Deadline)
	case rankWaiting:
		return cmp.Compare(a.lock.Period, b.lock.Period)
	case rankDone:
		return b.lock.EndedAt.Compare(a.lock.EndedAt)
	}
	return a.since().Compare(b.since())
}

const (
	rankTimed = iota
	rankWaiting
	rankOutside
	rankDone
)

func (r row) rank() int {
	switch {
	case r.lock == nil:
		return rankOutside
	case r.lock.Phase.Final():
		return rankDone
	case r.lock.Deadline.IsZero():
		return rankWaiting
	}
	return rankTimed
}
