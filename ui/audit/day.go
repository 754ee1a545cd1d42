package audit

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
)

// dayOf is the first moment of t's day in the zone.
func dayOf(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

// day moves to the newest line of the next older day, or of the next newer one.
func (m *Model) day(older bool) tea.Cmd {
	e, ok := m.current()
	if !ok {
		return nil
	}
	_, at, _ := m.grid.Cursor()
	q := query{reader: m.d.Reader, view: m.view, text: m.filter.text(), me: m.d.Me, now: m.now, zone: m.zone, count: 1}
	req, start, all := m.req, dayOf(e.Time, m.zone), m.all
	return func() tea.Msg {
		count := func(since time.Time) int { return q.newerThan(since, all) }
		if older {
			return dayMsg{req, count(start)}
		}
		if first := count(start.AddDate(0, 0, 1)); first < at {
			return dayMsg{req, first}
		}
		return dayMsg{req, q.newerDay(at, all)}
	}
}

// newerThan counts the lines of the list since a moment, which is the index of the first line before it.
func (q query) newerThan(since time.Time, all []soc.AuditEntry) int {
	if all != nil {
		n := 0
		for _, e := range all {
			if !e.Time.Before(since) {
				n++
			}
		}
		return n
	}
	aq, err := q.store()
	if err != nil {
		return 0
	}
	if since.After(aq.Since) {
		aq.Since = since
	}
	aq.From = 0
	ctx, cancel := context.WithTimeout(context.Background(), readLimit)
	defer cancel()
	p, err := q.reader.Audit(ctx, aq)
	if err != nil {
		return 0
	}
	return p.Matched
}

// newerDay is the index of the newest line of the day before the one whose newest line is at index at.
func (q query) newerDay(at int, all []soc.AuditEntry) int {
	if at == 0 {
		return 0
	}
	q.from = at - 1
	page := window(all, at-1, 1)
	if all == nil {
		aq, err := q.store()
		if err != nil {
			return 0
		}
		ctx, cancel := context.WithTimeout(context.Background(), readLimit)
		defer cancel()
		if page, err = q.reader.Audit(ctx, aq); err != nil {
			return 0
		}
	}
	if len(page.Entries) == 0 {
		return 0
	}
	q.from = 0
	return q.newerThan(dayOf(page.Entries[0].Time, q.zone).AddDate(0, 0, 1), all)
}

func (m *Model) onDay(msg dayMsg) tea.Cmd {
	if msg.req != m.req {
		return nil
	}
	m.grid.SetCursor(min(msg.index, max(0, m.grid.Total()-1)))
	return m.load()
}
