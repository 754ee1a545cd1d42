package timers

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/life"
	"cordon/ui/theme"
	"cordon/ui/words"
)

func col(id, title string, width int) grid.Column {
	return grid.Column{ID: id, Title: title, Min: width, Max: width, Sort: id}
}

// stateCells is the width of a state word; while it has a question mark behind it, it takes one cell from the bar.
const stateCells = 9

func timerGrid(th *theme.Theme, bar, state int) *grid.Grid {
	host := grid.Column{ID: "host", Title: "HOST", Min: 12, Max: 15, Grow: true, Sort: "host"}
	left := col("left", "LEFT", 10)
	left.Right = true
	dur := col("dur", "DUR", 3)
	dur.Right = true
	mode, note := col("mode", "MODE", 4), grid.Column{ID: "note", Title: "NOTE", Min: 12, Grow: true, DropBelow: wideList}
	mode.DropBelow = wideList
	return grid.New(th, host, col("state", "STATE", state), grid.Column{ID: "bar", Title: "PROGRESS", Min: bar}, left, col("ends", "ENDS", 9),
		col("by", "BY", 7), dur, mode, note)
}

func isolatedGrid(th *theme.Theme) *grid.Grid {
	host := grid.Column{ID: "host", Title: "HOST", Min: 12, Max: 15, Grow: true, Sort: "host"}
	how := grid.Column{ID: "how", Title: "HOW WE KNOW", Min: 17, Grow: true}
	span := col("for", "FOR", 4)
	span.Right, span.DropBelow = true, wideList
	ticket := grid.Column{ID: "ticket", Title: "TICKET", Min: 10, DropBelow: wideList}
	reason := grid.Column{ID: "reason", Title: "REASON", Min: 14, Grow: true, DropBelow: wideList}
	old := col("age", "SEEN", 4)
	old.Right = true
	return grid.New(th, host, col("state", "STATE", stateCells+1), col("whose", "WHOSE", 11), col("since", "SINCE", 9), span, col("by", "OWNER", 7), how, old, ticket, reason)
}

// draw hands the rows to the list of the view.
func (m *Model) draw() {
	rows := make([]grid.Row, 0, len(m.rows))
	for _, r := range m.rows {
		cells := m.timerCells(r)
		if m.view == viewIsolated {
			cells = m.isolatedCells(r)
		}
		rows = append(rows, grid.Row{ID: r.id, Cells: cells})
	}
	g := m.table()
	g.SetRows(0, rows, len(rows))
}

func text(s string) grid.Cell { return grid.Cell{Text: s} }

func (m *Model) timerCells(r row) []grid.Cell {
	word := r.word(m.now)
	dur, mode, ends := "-", "ext", "-"
	if r.lock != nil {
		dur, mode, ends = period(r.lock.Period), "man", m.clock(r.lock.Deadline)
		if r.lock.Mode == soc.ModeAuto {
			mode = "auto"
		}
		if r.lock.Phase.Final() {
			ends = m.clock(r.lock.EndedAt)
		}
	}
	left, style := m.left(r)
	return []grid.Cell{
		text(words.Or(words.ShortName(r.host))),
		{Text: m.dated(word), Style: m.wordStyle(word)},
		{Text: m.bar(r), Style: m.th.Muted},
		{Text: left, Style: style},
		text(ends), text(r.by()), text(dur), text(mode), text(m.note(r)),
	}
}

// dated puts a question mark behind a state word that may not be true any more.
func (m *Model) dated(word string) string {
	if m.stopped.Code != "" {
		return word + "?"
	}
	return word
}

func (m *Model) left(r row) (string, lipgloss.Style) {
	switch {
	case r.lock == nil:
		return "no timer", m.th.Muted
	case r.lock.Phase.Final():
		return "-", m.th.Muted
	case r.lock.Deadline.IsZero():
		return words.Span(r.lock.Period), m.th.Muted
	}
	d := r.lock.Left(m.now)
	switch {
	case m.now.IsZero():
		return words.Unknown, m.th.Muted
	case d < 0:
		return words.Overdue(-d), m.th.Bad
	case d <= dueSoon:
		return words.Span(d), m.th.Warn
	}
	return words.Span(d), m.th.Text
}

// bar is the elapsed part of the period; the number beside it is the truth.
func (m *Model) bar(r row) string {
	if r.lock == nil || r.lock.Phase.Final() {
		return ""
	}
	cells := m.lay.bar - 2
	full := 0
	if r.counts() && !m.now.IsZero() {
		whole := r.lock.Deadline.Sub(r.lock.EnforcedAt)
		if whole > 0 {
			full = int(int64(cells) * int64(m.now.Sub(r.lock.EnforcedAt)) / int64(whole))
		}
	}
	full = min(max(full, 0), cells)
	g := m.th.Glyph
	return "[" + strings.Repeat(g.BarFull, full) + strings.Repeat(g.BarRest, cells-full) + "]"
}

// note is the last column: why a row is not simply counting.
func (m *Model) note(r row) string {
	if r.past != nil {
		return "our " + string(r.past.ID) + ", " + string(r.past.Phase)
	}
	if r.lock == nil {
		return "isolated outside"
	}
	l := *r.lock
	switch l.Phase {
	case soc.PhaseRequested:
		return "not sent yet"
	case soc.PhaseSubmitting:
		return "outcome unknown"
	case soc.PhasePending:
		return "not enforced, sent " + m.clock(l.AcceptedAt)
	case soc.PhaseReleaseBlocked:
		return fmt.Sprintf("release failed %dx: %s", l.Failures, life.Why(l))
	case soc.PhaseReleaseRequested, soc.PhaseReleasing:
		return "release asked " + m.clock(l.ReleaseAskedAt)
	}
	if l.Phase.Final() {
		return words.Or(string(l.Cause)) + note(l)
	}
	return l.Trouble
}

// isolatedCells answer "what is cut off now, by whom, and how do we know" (C-03, N-08).
func (m *Model) isolatedCells(r row) []grid.Cell {
	ours, ticket, reason := "outside", "", ""
	if r.past != nil {
		ours = string(r.past.ID) + " over"
	}
	if r.lock != nil {
		ours, ticket, reason = string(r.lock.ID), r.lock.Ticket, r.lock.Reason
	} else if r.iso != nil {
		reason = r.iso.Action.Comment
	}
	how, old := "our record only", "?"
	if r.iso != nil {
		how = evidence(r.iso.Action)
		if m.f.doubt[r.key] != "" {
			how = "NOT VERIFIABLE, " + how
		}
		old = words.Age(m.now, r.iso.AsOf)
	} else if r.lock != nil {
		old = words.Age(m.now, r.lock.SeenAt)
	}
	word := r.word(m.now)
	return []grid.Cell{
		text(words.Or(words.ShortName(r.host))),
		{Text: m.dated(word), Style: m.wordStyle(word)},
		text(ours), text(m.clock(r.since())), text(words.Age(m.now, r.since())), text(r.by()), text(how), text(old), text(ticket), text(reason),
	}
}

// evidence is the action that isolates the host, in few cells: what it is, how it stands, and the end of its id.
func evidence(a soc.MachineAction) string {
	status := string(a.Status)
	if a.Status == soc.ActionSucceeded {
		status = "ok"
	}
	id := a.ID
	if len(id) > 4 {
		id = ".." + id[len(id)-4:]
	}
	return string(a.Type) + " " + status + " " + id
}

func (m *Model) wordStyle(word string) lipgloss.Style {
	switch word {
	case "ISOLATED", "EXTERNAL":
		return m.th.Isolated
	case "OVERDUE", "UNKNOWN", "FAILED":
		return m.th.Bad
	case "PENDING", "RELEASING", "DRIFT":
		return m.th.Warn
	case "RELEASED":
		return m.th.Good
	}
	return m.th.Text
}
