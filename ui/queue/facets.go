package queue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/theme"
)

// facetPane lists values with their counts; choosing one changes the filter text.
type facetPane struct {
	focus bool
	at    int
}

// facetWidth is the width of the pane with its border.
const facetWidth = 26

// ownersShown bounds the list of colleagues in the pane.
const ownersShown = 6

// shown reports whether the pane is on screen: always from 160 columns, elsewhere while it has the focus.
func (f facetPane) shown(w int) bool { return w >= threePanes || f.focus }

// facet is one line of the pane.
type facet struct {
	field soc.Field
	name  string // what people read
	value string // what the filter says
	row   soc.AlertRow
	count int
}

// facetList are the values, in the order of the pane.
func (m *Model) facetList() []facet {
	f := m.page.Facets
	var out []facet
	sev := func(name, value string, s soc.Severity) {
		out = append(out, facet{soc.FieldSeverity, name, value, soc.AlertRow{Severity: s}, f.Severity[s]})
	}
	sev("High", "high", soc.SeverityHigh)
	sev("Medium", "med", soc.SeverityMedium)
	sev("Low", "low", soc.SeverityLow)
	sev("Info", "info", soc.SeverityInformational)
	status := func(name, value string, s soc.AlertStatus) {
		out = append(out, facet{soc.FieldStatus, name, value, soc.AlertRow{Status: s}, f.Status[s]})
	}
	status("New", "new", soc.StatusNew)
	status("InProgress", "inpr", soc.StatusInProgress)
	status("Resolved", "resolved", soc.StatusResolved)
	return append(out, m.ownerFacets(f.Owner)...)
}

func (m *Model) ownerFacets(counts map[string]int) []facet {
	mine := 0
	rest := maps.Clone(counts)
	for name, n := range counts {
		if strings.EqualFold(name, m.d.Me) && name != "" {
			mine += n
			delete(rest, name)
		}
	}
	out := []facet{
		{soc.FieldOwner, "me", "me", soc.AlertRow{Owner: m.d.Me}, mine},
		{soc.FieldOwner, "unassigned", "-", soc.AlertRow{}, counts[""]},
	}
	delete(rest, "")
	names := slices.SortedFunc(maps.Keys(rest), func(a, b string) int {
		return cmp.Or(cmp.Compare(rest[b], rest[a]), cmp.Compare(a, b))
	})
	for _, name := range names[:min(len(names), ownersShown)] {
		value := name
		if strings.ContainsAny(name, " ,*:\"") {
			value = `"` + strings.ReplaceAll(name, `"`, "") + `"`
		}
		out = append(out, facet{soc.FieldOwner, name, value, soc.AlertRow{Owner: name}, rest[name]})
	}
	return out
}

// chosen reports whether the filter asks for the value by name. A field that the filter does not mention has no value chosen.
func chosen(f soc.Filter, v facet) bool {
	named := false
	for _, t := range f.Terms {
		if t.Field != v.field || t.Not {
			continue
		}
		if !t.Match(v.row) {
			return false
		}
		named = true
	}
	return named
}

func (m *Model) toggleFacets() tea.Cmd {
	m.facets.focus = !m.facets.focus
	m.arrange()
	return m.loadRows()
}

const (
	idFacetDown   = "facet.down"
	idFacetUp     = "facet.up"
	idFacetToggle = "facet.toggle"
)

func facetKeys() []keys.Binding {
	return []keys.Binding{
		{ID: idFacetDown, Keys: []string{"j", "down"}, Help: "next value"},
		{ID: idFacetUp, Keys: []string{"k", "up"}, Help: "previous value"},
		{ID: idFacetToggle, Keys: []string{"space", "enter"}, Hint: "toggle", Help: "put the value into the filter, or take it out"},
	}
}

// facetKey handles the keys that mean something else while the pane has the focus.
func (m *Model) facetKey(k tea.KeyPressMsg) (handled bool, cmd tea.Cmd) {
	b, ok := keys.Find(k, facetKeys())
	if !ok {
		return false, nil
	}
	list := m.facetList()
	switch b.ID {
	case idFacetDown:
		m.facets.at = min(m.facets.at+1, len(list)-1)
	case idFacetUp:
		m.facets.at = max(m.facets.at-1, 0)
	case idFacetToggle:
		if m.facets.at < len(list) {
			return true, m.toggleFacet(list, list[m.facets.at])
		}
	}
	return true, nil
}

// toggleFacet writes the filter anew: the terms of other fields stay as they were typed, the ones of this field become one term that names
// the chosen values.
func (m *Model) toggleFacet(list []facet, v facet) tea.Cmd {
	f, err := m.d.Parse(m.filter, m.d.Me, m.now)
	if err != nil {
		return nil
	}
	var parts, values []string
	for _, t := range f.Terms {
		if t.Field != v.field || t.Not {
			parts = append(parts, m.filter[t.Start:t.End])
		}
	}
	for _, o := range list {
		if o.field == v.field && chosen(f, o) != (o.value == v.value) {
			values = append(values, o.value)
		}
	}
	if len(values) > 0 {
		parts = append(parts, string(v.field)+":"+strings.Join(values, ","))
	}
	return m.setFilter(strings.Join(parts, " "))
}

// facetLines are the lines of the pane.
func (m *Model) facetLines(w int) []string {
	title := " FACETS (\\ to focus)"
	if m.facets.focus {
		title = " FACETS (space toggles)"
	}
	lines := []string{m.th.Strong.Render(theme.Clip(title, w))}
	f, _ := m.d.Parse(m.filter, m.d.Me, m.now)
	var group soc.Field
	for i, v := range m.facetList() {
		if v.field != group {
			group = v.field
			lines = append(lines, "", m.th.Muted.Render(" "+groupName(v.field)))
		}
		lines = append(lines, m.facetLine(v, chosen(f, v), m.facets.focus && i == m.facets.at, w))
	}
	return lines
}

func (m *Model) facetLine(v facet, on, cursor bool, w int) string {
	box := m.th.Glyph.Off
	if on {
		box = m.th.Glyph.On
	}
	sign := " "
	if cursor {
		sign = m.th.Cursor.Render(m.th.Glyph.Cursor)
	}
	return theme.Ends(sign+box+" "+v.name, fmt.Sprint(v.count)+" ", w)
}

func groupName(f soc.Field) string {
	switch f {
	case soc.FieldSeverity:
		return "Severity"
	case soc.FieldStatus:
		return "Status"
	}
	return "Owner"
}
