package queue

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/theme"
)

// view is a saved filter with the number of alerts that pass it.
type view struct {
	Name, Filter string
	count        int
	known        bool
	cursor       string // where it was when the view was left
}

func savedViews() []view {
	return []view{
		{Name: "Triage", Filter: "sev>=med status:new,inpr"},
		{Name: "Mine", Filter: "owner:me"},
		{Name: "New", Filter: "status:new"},
		{Name: "Servers", Filter: "host:srv*,dc*"},
		{Name: "All", Filter: ""},
	}
}

// setView shows another saved view from its top, or from the alert where it was left.
func (m *Model) setView(i int) tea.Cmd {
	if i < 0 || i >= len(m.views) {
		return nil
	}
	if id, _, ok := m.grid.Cursor(); ok {
		m.views[m.view].cursor = id
	}
	m.edit, m.fault = nil, nil
	if m.views[i].Filter != m.filter && m.loaded {
		m.seek = m.views[i].cursor
		m.grid.SetCursor(0)
		m.grid.KeepCursor(m.seek) // until the rows come the cursor is on none, so that no key acts on the wrong alert
	}
	m.view = i
	return m.setFilter(m.views[i].Filter)
}

// setFilter puts a valid filter in force. The cursor follows its alert into the new list if it is there.
func (m *Model) setFilter(text string) tea.Cmd {
	if text == m.filter && m.loaded {
		m.arrange()
		return nil
	}
	m.filter = text
	m.arrange()
	return m.loadRows()
}

// Tabs is line 2: the saved views with their counts, and the filter in force.
func (m *Model) Tabs() (left, right string) {
	gap := " "
	if m.w >= 100 {
		gap = "  "
	}
	var parts []string
	for i, v := range m.views {
		parts = append(parts, m.tab(i, v))
	}
	left = strings.Join(parts, gap)
	if m.edit == nil {
		return left, "/ " + theme.Clip(m.filter, max(m.w-theme.Width(left)-4, 0))
	}
	before, after := m.edit.around(m.w - 2)
	style := m.th.Text
	if m.fault != nil {
		style = m.th.Invalid
	}
	return left, style.Render("/ "+before) + m.cursorCell(after)
}

func (m *Model) tab(i int, v view) string {
	s := fmt.Sprintf("%d:%s", i+1, v.Name)
	if v.known {
		s += fmt.Sprintf(" %d", v.count)
	}
	if i == m.view {
		return m.th.Title.Render(s + "*")
	}
	return s
}
