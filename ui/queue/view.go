package queue

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"cordon/ui/pane"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// View returns exactly the body.
func (m *Model) View() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	if m.denied() {
		return pane.Body([]string{
			"", "  You may not see alerts: your role lacks the right alerts.view.",
			"  Nothing was read. Ask an administrator for the role viewer or analyst.",
		}, m.w, m.h)
	}
	l := m.layout()
	lines := m.listPane(l)
	if l.boxed {
		lines = pane.Box(m.th, m.listTitle(), lines, l.list+2, l.panes)
	}
	if l.facets > 0 {
		lines = pane.Beside(m.facetPane(l), lines)
	}
	if l.side > 0 {
		side := pane.Box(m.th, "Preview", m.previewLines(l.side-2, l.panes-2, true), l.side, l.panes)
		lines = pane.Beside(lines, side)
	}
	if l.strip {
		lines = append(lines[:min(len(lines), l.panes)], m.stripLine())
	}
	return pane.Body(lines, m.w, m.h)
}

// listPane is the list with what belongs to it: the filter field above, notes, counts and the preview below.
func (m *Model) listPane(l layout) []string {
	lines := append([]string(nil), l.edit...)
	lines = append(lines, m.listLines(l)...)
	for _, n := range l.notes {
		lines = append(lines, n.style.Render(theme.Clip(n.text, l.list)))
	}
	if l.boxed {
		lines = append(lines, theme.Ends(m.statusLine(), m.freshness(), l.list))
	} else {
		lines = append(lines, m.ruled(l.list))
	}
	if l.below > 0 {
		lines = append(lines, pane.Lines(m.previewLines(l.list, l.below, false), l.below)...)
	}
	return lines
}

// listLines is the grid, or what to say in its place.
func (m *Model) listLines(l layout) []string {
	switch {
	case m.sorter:
		return pane.Lines(m.sortLines(), l.gridH)
	case !m.loaded && m.err != nil:
		return pane.Lines(m.errorLines(), l.gridH)
	case !m.loaded:
		return pane.Lines([]string{"", "  loading alerts..."}, l.gridH)
	case m.page.Matched == 0:
		head, _, _ := strings.Cut(m.grid.View(), "\n")
		return pane.Lines(append([]string{head, ""}, m.emptyLines()...), l.gridH)
	}
	return strings.Split(m.grid.View(), "\n")
}

// emptyLines says why there is nothing to see, and what to do.
func (m *Model) emptyLines() []string {
	switch {
	case m.page.Total > 0:
		return []string{
			fmt.Sprintf("  No alert passes the filter; it hides all %d.", m.page.Total),
			"  5 shows all, / changes the filter, esc goes back to the filter of the view.",
			"  A field means the whole word: host:ws-* finds what begins with ws-.",
		}
	case m.fleet.known && len(m.tenants) == 0:
		return []string{
			"  No tenant is attached, so there are no alerts.", "  ` then s opens the settings, where one is attached: 5 there tells how.",
			"  To look around first: cordon demo shows a tenant that is made up.",
		}
	case m.page.Building:
		return []string{"  The queue is still being loaded."}
	}
	for _, c := range m.conns {
		switch name := theme.Clip(c.Integration.Name, 36); {
		case mute(c):
			return []string{
				"  No alerts: the app of " + name + " may not read them.",
				"  Alert.Read.All is missing (or Alert.ReadWrite.All).",
				"  ` then s, p shows what is granted; after a grant press R there.",
			}
		case c.State != "disabled" && c.LastOK.IsZero() && c.Problem != "":
			return []string{
				"  No alerts: " + name + " was never read. The reason stands below.",
				"  R tries again; ` then s, ctrl+t tests the connection step by step.",
			}
		}
	}
	return []string{"  No alerts yet. Defender has sent none since the tenant was attached.", "  New ones appear here by themselves; R asks now."}
}

func (m *Model) errorLines() []string {
	lines := []string{"", m.th.Bad.Render("  The queue can not be read.")}
	lines = append(lines, pane.Indent(theme.Wrap(m.err.Error(), max(m.w-4, 10)), 2)...)
	return append(lines, "", "  Lockdowns are not affected: their timers run on. R tries again.")
}

func (m *Model) listTitle() string {
	return "Queue: " + m.views[m.view].Name + "  / " + m.filter
}

// facetPane is the pane at the left, framed or with a line at its right.
func (m *Model) facetPane(l layout) []string {
	if l.boxed {
		return pane.Box(m.th, "Facets", m.facetLines(l.facets-2), l.facets, l.panes)
	}
	lines := pane.Fill(m.facetLines(l.facets-2), l.facets-2, l.panes)
	for i := range lines {
		lines[i] += m.th.Border.Render(m.th.Glyph.V) + " "
	}
	return lines
}

// stripLine shows the running lockdowns, the most urgent first.
func (m *Model) stripLine() string {
	overdue := 0
	var parts []string
	for _, k := range m.fleet.lockdowns {
		word := k.Word(m.now)
		text := k.HostName + " " + m.th.State(word).Render(word)
		switch word {
		case "OVERDUE":
			overdue++
			text += " " + words.Left(k.Left(m.now))
		case "ISOLATED":
			text = k.HostName + " " + words.Left(k.Left(m.now)) + " left"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return theme.Ends(m.th.Muted.Render(" LOCKDOWNS none"), "T opens timers", m.w)
	}
	head := fmt.Sprintf(" LOCKDOWNS %d active, %d overdue:  ", len(parts), overdue)
	return theme.Ends(m.th.Strong.Render(head)+strings.Join(parts, "   "), "T opens timers", m.w)
}

// clock prints a time in the chosen zone; on another day than today, the day and the minute.
func (m *Model) clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	if !m.now.IsZero() && !words.SameDay(t, m.now, cmp.Or(m.zone, time.UTC)) {
		return words.Zoned(t, m.zone, "Jan 2 15:04")
	}
	return words.Zoned(t, m.zone, "15:04:05")
}

var _ screen.Screen = (*Model)(nil)
