package queue

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// columns of the list. USER, EV, TECHNIQUE and OWNER go, in this order, when the grid gets narrow; the others never do.
// tenant is the width of the TENANT column, 0 for none.
// wide lists show names of 15 characters, the longest that Windows has, and whole words; narrow ones leave the room to the title.
func columns(tenant int, wide bool) []grid.Column {
	host, status, owner := 13, 4, 7
	if wide {
		host, status, owner = 15, 8, 10
	}
	cols := []grid.Column{
		{ID: "severity", Title: "SEV", Min: 4, Sort: "severity"},
		{ID: "age", Title: "AGE", Min: 4, Right: true, Sort: "time"},
		{ID: "title", Title: "TITLE", Min: 12, Grow: true, Sort: "title"},
		{ID: "host", Title: "HOST", Min: host, Sort: "host"},
		{ID: "technique", Title: "TECHNIQUE", Min: 10, DropBelow: 96, Sort: "technique"},
		{ID: "status", Title: "STATUS", Short: "ST", Min: status, Sort: "status"},
		{ID: "owner", Title: "OWNER", Min: owner, DropBelow: 72, Sort: "owner"},
		{ID: "user", Title: "USER", Min: 8, DropBelow: 112, Sort: "user"},
		{ID: "evidence", Title: "EV", Min: 3, Right: true, DropBelow: 100, Sort: "evidence"},
	}
	if tenant == 0 {
		return cols
	}
	t := grid.Column{ID: "tenant", Title: "TENANT", Min: tenant}
	return append(cols[:3:3], append([]grid.Column{t}, cols[3:]...)...)
}

// row makes the cells of one alert, in the order of columns.
func (m *Model) row(r soc.AlertRow) grid.Row {
	cells := []grid.Cell{
		{Text: r.Severity.Word(), Style: m.th.Severity(r.Severity.Rank())},
		{Text: age(m.now, r.Created)},
		{Text: titleOf(r)},
	}
	if m.several() {
		cells = append(cells, grid.Cell{Text: m.tenantName(r.Key.Integration), Style: m.th.Accent})
	}
	cells = append(
		cells,
		m.hostCell(r),
		grid.Cell{Text: technique(r.Technique)},
		grid.Cell{Text: m.statusWord(r.Status)},
		m.ownerCell(r),
		grid.Cell{Text: words.Dash(r.User)},
		grid.Cell{Text: fmt.Sprint(r.Evidence)},
	)
	return grid.Row{ID: r.Key.String(), Cells: cells}
}

// technique is the first one, with a plus when there are more: half an id would be the id of something else.
func technique(s string) string {
	first, _, more := strings.Cut(words.Dash(s), " ")
	if more {
		first += "+"
	}
	return first
}

// statusWord is the whole word where it fits.
func (m *Model) statusWord(s soc.AlertStatus) string {
	if word := s.Word(); m.wideList() || theme.Width(word) <= 4 {
		return word
	} else if s == soc.StatusResolved {
		return "Done"
	}
	return s.Word()
}

// titleOf says in front of the title that an alert came back or came late, so that nobody takes it for a new event (C12).
func titleOf(r soc.AlertRow) string {
	switch {
	case r.Reopened && r.Late:
		return "REOPENED LATE " + r.Title
	case r.Reopened:
		return "REOPENED " + r.Title
	case r.Late:
		return "LATE " + r.Title
	}
	return r.Title
}

func (m *Model) hostCell(r soc.AlertRow) grid.Cell {
	if r.MachineID == "" && r.HostName == "" {
		return grid.Cell{Text: "(identity)", Style: m.th.Muted}
	}
	if r.HostName == "" {
		return grid.Cell{Text: words.Short(r.MachineID, idWidth)}
	}
	return grid.Cell{Text: words.ShortName(r.HostName)}
}

func (m *Model) ownerCell(r soc.AlertRow) grid.Cell {
	c := grid.Cell{Text: words.Dash(person(r.Owner))}
	if r.Owner != "" && strings.EqualFold(r.Owner, m.d.Me) {
		c.Style = m.th.Accent
	}
	return c
}

// tenantWidth is the width of the TENANT column: none while one tenant is attached, else wide enough to tell the names apart.
func (m *Model) tenantWidth() int {
	if len(m.tenants) < 2 {
		return 0
	}
	w := 6
	for _, t := range m.tenants {
		w = max(w, theme.Width(t.Name))
	}
	return min(w, 14)
}

func (m *Model) tenantName(id soc.IntegrationID) string {
	for _, t := range m.tenants {
		if t.ID == id {
			return t.Name
		}
	}
	return string(id)
}

// person is the part of a sign-in name that people say; the whole is in the preview.
func person(upn string) string {
	name, _, _ := strings.Cut(upn, "@")
	return name
}

// idWidth is the room for an id; y copies the whole.
const idWidth = 8

// age is words.Age without seconds, which nobody compares in a list: <1m, 4m, 2h, 5d.
func age(now, t time.Time) string {
	if !t.IsZero() && !now.IsZero() && now.Sub(t) < time.Minute {
		return "<1m"
	}
	return words.Age(now, t)
}
