package audit

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// beside is the width from which the detail stands at the right of the list.
const beside = 140

func names(v view) string {
	return [...]string{"Today", "7 days", "Lockdowns", "Failed", "Mine"}[v]
}

// Tabs is the line of views and the filter.
func (m *Model) Tabs() (left, right string) {
	gap := " "
	if m.w >= 100 {
		gap = "   "
	}
	for v := viewToday; v <= viewMine; v++ {
		name := names(v)
		if m.w < 100 && v == viewWeek {
			name = "7d"
		}
		text := fmt.Sprintf("%d:%s", int(v)+1, name)
		if v == m.view {
			text = m.th.Strong.Render(text + "*")
		}
		left += text + gap
	}
	return strings.TrimRight(left, " "), m.filterText()
}

func (m *Model) filterText() string {
	switch {
	case m.filter.on:
		r := []rune(m.filter.input.Value())
		at := min(m.filter.input.Position(), len(r))
		before, after := theme.Around(string(r[:at]), string(r[at:]), m.w-2)
		if after == "" {
			return "/ " + before + m.th.Cursor.Render("_")
		}
		under := []rune(after)
		return "/ " + before + m.th.Cursor.Render(string(under[:1])) + string(under[1:])
	case m.filter.text() != "":
		return "/ " + m.filter.text()
	}
	return m.th.Muted.Render("/ actor: action: target: since:")
}

// build starts a view with nothing read yet.
func (m *Model) build() {
	m.loaded, m.page, m.all, m.related, m.relatedTo = false, soc.AuditPage{}, nil, nil, ""
	m.grid = nil
	m.columns()
}

// columns makes the grid: lists that reach over midnight show the date as well. Rows and cursor are kept.
func (m *Model) columns() {
	keep := ""
	if m.grid != nil {
		keep, _, _ = m.grid.Cursor()
	}
	clock := grid.Column{ID: "time", Title: m.clockTitle(), Min: 9, Max: 9}
	if m.view != viewToday {
		clock.Min, clock.Max = 15, 15
	}
	m.grid = grid.New(m.th,
		grid.Column{ID: "seq", Title: "#", Min: 6, Right: true, DropBelow: 100},
		clock,
		grid.Column{ID: "actor", Title: "ACTOR", Min: 10},
		grid.Column{ID: "via", Title: "VIA", Min: 4, DropBelow: 100},
		grid.Column{ID: "action", Title: "ACTION", Min: 8},
		grid.Column{ID: "target", Title: "TARGET", Min: m.pickWidth(12, 15)},
		grid.Column{ID: "result", Title: "RESULT", Min: m.pickWidth(9, 12)},
		grid.Column{ID: "detail", Title: "DETAIL", Min: 8, Grow: true},
	)
	m.layout()
	if m.loaded {
		m.grid.KeepCursor(keep)
		m.grid.SetRows(m.page.From, m.rows(m.page.Entries), m.page.Matched)
	}
}

func (m *Model) pickWidth(narrow, wide int) int {
	if m.wide() {
		return wide
	}
	return narrow
}

func (m *Model) wide() bool { return m.w >= 100 }

func (m *Model) clockTitle() string {
	if m.zone == time.UTC {
		return "TIME UTC"
	}
	return "TIME"
}

// layout gives the grid its share of the body.
func (m *Model) layout() {
	if m.h == 0 {
		return
	}
	if m.w >= beside {
		m.grid.Resize(m.listWidth()-4, max(1, m.h-3))
		return
	}
	m.grid.Resize(m.w, max(1, m.h-m.detailHeight()-1-m.footer()))
}

// detailHeight is how many lines the detail has below the list, or beside it.
func (m *Model) detailHeight() int {
	switch {
	case m.w >= beside:
		return m.h - 3
	case m.h < 8:
		return 0
	case m.h < 30:
		return 3
	}
	return 9
}

func (m *Model) footer() int {
	if m.h < 8 {
		return 0
	}
	return 1
}

func (m *Model) graphed() bool { return m.h >= 30 }

func (m *Model) listWidth() int { return m.w * 63 / 100 }

func (m *Model) rows(entries []soc.AuditEntry) []grid.Row {
	out := make([]grid.Row, 0, len(entries))
	for _, e := range entries {
		out = append(out, grid.Row{ID: fmt.Sprint(e.Seq), Cells: []grid.Cell{
			{Text: fmt.Sprint(e.Seq)},
			{Text: m.clock(e.Time)},
			{Text: e.Actor.Name},
			{Text: e.Actor.Via, Style: m.th.Muted},
			{Text: verb(e.Action)},
			{Text: words.ShortName(e.Target)},
			{Text: word(e.Result), Style: m.result(e.Result)},
			{Text: m.detailText(e.Detail)},
		}})
	}
	return out
}

// verb is the action as the list shows it: short, and found by the same word in the filter. The detail names the action itself.
func verb(action string) string {
	if strings.HasPrefix(action, "drift-") {
		return "DRIFT"
	}
	switch action {
	case "send-release", "accept-release", "release-external":
		return "release"
	case "confirm-release":
		return "confirm"
	case "send-cancel":
		return "cancel"
	case "late-isolate":
		return "isolate"
	case "set-aside":
		return "aside"
	}
	return action
}

// detailText is the detail with times as the rest of the line shows them.
func (m *Model) detailText(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if t, err := time.Parse(time.RFC3339, w); err == nil {
			words[i] = m.clock(t)
		}
	}
	return strings.Join(words, " ")
}

// word is the result as the list shows it: trouble stands out without colour too.
func word(result string) string {
	switch result {
	case soc.ResultFailed, soc.ResultRefused:
		return strings.ToUpper(result)
	}
	return result
}

func (m *Model) result(r string) lipgloss.Style {
	switch r {
	case soc.ResultFailed, soc.ResultRefused:
		return m.th.Bad
	case soc.ResultCancelled:
		return m.th.Warn
	}
	return m.th.Text
}

func (m *Model) clock(t time.Time) string {
	layout := "15:04:05"
	if m.view != viewToday {
		layout = "01-02 15:04:05"
	}
	text := t.In(m.zone).Format(layout)
	if m.zone == time.UTC {
		text += "Z"
	}
	return text
}

// View draws the body.
func (m *Model) View() string {
	if text := m.instead(); text != nil {
		return pane.Body(text, m.w, m.h)
	}
	if m.w >= beside {
		return m.sideBySide()
	}
	lines := strings.Split(m.grid.View(), "\n")
	lines = append(lines, m.rule(m.headline()))
	if n := m.detailHeight(); n > 0 {
		lines = append(lines, pane.Lines(m.detail(m.w), n)...)
	}
	if m.footer() > 0 {
		lines = append(lines, m.graph())
	}
	return pane.Body(lines, m.w, m.h)
}

// instead is what stands in place of the list.
func (m *Model) instead() []string {
	switch {
	case m.denied():
		return []string{
			"", "  The history is not shown: the right " + string(soc.RightLockdownView) + " is missing.",
			"  Ask somebody who manages users. Nothing was changed.",
		}
	case m.err != nil:
		return append([]string{"", "  " + m.th.Bad.Render("The history can not be read."), ""},
			pane.Indent(append(theme.Wrap(m.err.Error(), max(10, m.w-4)), "", "Hosts keep their state, timers go on. R reads again."), 2)...)
	case !m.loaded:
		return []string{"", "  reading the history..."}
	case m.page.Matched == 0 && m.filter.text() != "":
		return []string{"", "  No line matches the filter " + m.filter.text(), "  esc clears it, 2 looks at 7 days."}
	case m.page.Matched == 0:
		return []string{"", "  " + emptyWord(m.view), "  2 looks at 7 days."}
	}
	return nil
}

func emptyWord(v view) string {
	switch v {
	case viewLockdowns:
		return "No lockdown has been ordered yet."
	case viewFailed:
		return "Nothing failed and nothing was refused."
	case viewMine:
		return "You have done nothing that is recorded yet."
	case viewWeek:
		return "Nothing happened in the last 7 days."
	}
	return "Nothing has happened today."
}
