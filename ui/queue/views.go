package queue

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/grid"
)

// view is a saved filter with the number of alerts that pass it.
type view struct {
	Name, Filter string
	count        int
	known        bool
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

// setView shows another saved view from its top.
func (m *Model) setView(i int) tea.Cmd {
	if i < 0 || i >= len(m.views) {
		return nil
	}
	m.view = i
	m.edit, m.fault = nil, nil
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
	text := m.filter
	if m.edit != nil {
		text = m.edit.text() + "_"
	}
	room := max(m.w-grid.Width(left)-4, 0)
	right = "/ " + tail(text, room, m.edit != nil)
	if m.fault != nil {
		right = m.th.Invalid.Render(right)
	}
	return left, right
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

// tail shortens a filter: the end stays while it is typed, the beginning otherwise.
func tail(s string, w int, end bool) string {
	if !end || grid.Width(s) <= w {
		return grid.Cut(s, w)
	}
	r := []rune(s)
	for len(r) > 0 && grid.Width(string(r)) >= w {
		r = r[1:]
	}
	return "~" + string(r)
}
