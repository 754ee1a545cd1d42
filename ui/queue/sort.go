package queue

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
)

// sortField is one line of the sort menu.
type sortField struct {
	key, field, name string
	desc             bool // the direction that the first press gives
}

func sortFields() []sortField {
	return []sortField{
		{"v", "severity", "severity", true},
		{"t", "time", "time created", true},
		{"u", "update", "last update", true},
		{"s", "status", "status", false},
		{"h", "host", "host", false},
		{"n", "title", "title", false},
		{"o", "owner", "owner", false},
		{"a", "user", "user", false},
		{"m", "technique", "technique", false},
		{"e", "evidence", "evidence", true},
	}
}

const (
	idSortBy   = "sort.by."
	idSortDone = "sort.done"
)

func sortKeys() []keys.Binding {
	out := []keys.Binding{{ID: idSortDone, Keys: []string{"enter", "esc", "S"}, Show: "enter", Hint: "done", Help: "close the menu"}}
	for _, f := range sortFields() {
		out = append(out, keys.Binding{ID: idSortBy + f.field, Keys: []string{f.key}, Hint: f.name, Help: "sort by " + f.name + "; again turns it round"})
	}
	return out
}

// sortKey chooses the first column; what was first becomes second. The same key again turns the direction round.
func (m *Model) sortKey(k tea.KeyPressMsg) tea.Cmd {
	b, ok := keys.Find(k, sortKeys())
	if !ok {
		return nil
	}
	if b.ID == idSortDone {
		m.sorter = false
		return nil
	}
	fields := sortFields()
	i := slices.IndexFunc(fields, func(f sortField) bool { return idSortBy+f.field == b.ID })
	m.sort = sortBy(m.sort, fields[i])
	m.grid.SetSort(m.sort)
	return m.loadRows()
}

func sortBy(now []soc.SortKey, f sortField) []soc.SortKey {
	if len(now) > 0 && now[0].Field == f.field {
		return append([]soc.SortKey{{Field: f.field, Desc: !now[0].Desc}}, now[1:]...)
	}
	out := []soc.SortKey{{Field: f.field, Desc: f.desc}}
	if len(now) > 0 {
		out = append(out, now[0])
	}
	return out
}

// sortLines is the menu.
func (m *Model) sortLines() []string {
	lines := []string{m.th.Title.Render(" Sort by") + m.th.Muted.Render("   the same key again turns it round; enter closes"), ""}
	for _, f := range sortFields() {
		sign := "    "
		for i, s := range m.sort {
			if s.Field == f.field {
				sign = fmt.Sprintf(" %s%d ", direction(s), i+1)
			}
		}
		lines = append(lines, sign+m.th.Key.Render(f.key)+"  "+f.name)
	}
	return lines
}

func direction(s soc.SortKey) string {
	if s.Desc {
		return "v"
	}
	return "^"
}

// sortText names the order in the line under the list.
func (m *Model) sortText() string {
	text := "sort"
	for i, s := range m.sort {
		word, sep := "asc", " "
		short := map[bool]string{true: "-", false: "+"}[s.Desc]
		if s.Desc {
			word = "desc"
		}
		if i > 0 && m.w >= wideScreen {
			sep = ", "
		}
		name := s.Field
		if m.w >= wideScreen {
			text += sep + name + " " + word
			continue
		}
		if s.Field == "severity" {
			name = "sev"
		}
		text += sep + name + short
	}
	return text
}
