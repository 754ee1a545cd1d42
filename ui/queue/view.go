package queue

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// The widths at which the layout changes.
const (
	wideScreen = 100 // preview of several lines
	sidePane   = 140 // preview at the right
	threePanes = 160 // facets and lockdowns always on screen
)

// layout is where everything goes in a body of one size.
type layout struct {
	boxed  bool // panes have frames
	facets int  // width of the pane with its border, 0 = none
	list   int  // width inside the border
	side   int  // width of the preview at the right with its border, 0 = none
	below  int  // lines of the preview below
	panes  int  // height of the panes
	strip  bool
	inner  int // lines inside the list pane
	gridH  int
	edit   []string
	notes  []note
}

// arrange computes the layout and gives the grid its share. It is called by everything that changes what is on screen.
func (m *Model) arrange() {
	l := m.layout()
	if wide := l.list >= wordsFrom; wide != m.wide {
		m.wide = wide
		m.grid.SetColumns(columns(m.tenantWidth(), wide)...)
		m.grid.Resize(l.list, l.gridH)
		m.refill()
	}
	m.grid.Resize(l.list, l.gridH)
}

// wordsFrom is the width of a list that has room for whole words beside the title.
const wordsFrom = 112

// wideList reports that the list has room for whole words.
func (m *Model) wideList() bool { return m.wide }

func (m *Model) layout() layout {
	l := layout{strip: m.strip(), panes: m.h}
	if l.strip {
		l.panes--
	}
	right := m.preview.on && m.w >= wideScreen && (m.w >= sidePane) != m.preview.turned
	l.boxed = right || m.w >= sidePane
	if right {
		l.side = m.w * (35 + 2*m.preview.grow) / 100
	}
	if m.facets.shown(m.w) {
		l.facets = facetWidth
	}
	l.list = m.w - l.side - l.facets
	l.inner = l.panes
	l.notes = m.notes(l.list - 2)
	if l.boxed {
		l.list -= 2
		l.inner -= 2
	}
	l.gridH = l.inner - 1 - len(l.notes)
	if m.edit != nil {
		l.edit = m.editLines()
		l.gridH -= len(l.edit)
	}
	if m.preview.on && !right {
		l.below = m.belowHeight(l.inner)
		l.gridH -= l.below
	}
	l.gridH = max(l.gridH, 1)
	return l
}

// belowHeight is two lines on a small screen, else at most 40 % of the space.
func (m *Model) belowHeight(inner int) int {
	if m.w < wideScreen {
		return 2
	}
	return max(2, min(8+m.preview.grow, inner*40/100))
}

func (m *Model) strip() bool { return m.w >= threePanes }

// View returns exactly the body.
func (m *Model) View() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	if m.denied() {
		return m.lines([]string{
			"", "  You may not see alerts: your role lacks the right alerts.view.",
			"  Nothing was read. Ask an administrator for the role viewer or analyst.",
		})
	}
	l := m.layout()
	lines := m.listPane(l)
	if l.boxed {
		lines = m.box(m.listTitle(), lines, l.list+2, l.panes)
	}
	if l.facets > 0 {
		lines = join(m.facetPane(l), lines, l.facets)
	}
	if l.side > 0 {
		side := m.box("Preview", m.previewLines(l.side-2, l.panes-2, true), l.side, l.panes)
		lines = join(lines, side, m.w-l.side)
	}
	if l.strip {
		lines = append(lines[:min(len(lines), l.panes)], m.stripLine())
	}
	return m.lines(lines)
}

// lines makes exactly h lines of at most w cells.
func (m *Model) lines(in []string) string {
	out := make([]string, m.h)
	for i := range out {
		if i < len(in) {
			out[i] = grid.Cut(in[i], m.w)
		}
	}
	return strings.Join(out, "\n")
}

// listPane is the list with what belongs to it: the filter field above, notes, counts and the preview below.
func (m *Model) listPane(l layout) []string {
	lines := append([]string(nil), l.edit...)
	lines = append(lines, m.listLines(l)...)
	for _, n := range l.notes {
		lines = append(lines, n.style.Render(grid.Cut(n.text, l.list)))
	}
	if l.boxed {
		lines = append(lines, grid.Cut(grid.Between(m.statusLine(), m.freshness(), l.list), l.list))
	} else {
		lines = append(lines, m.ruled(l.list))
	}
	if l.below > 0 {
		preview := m.previewLines(l.list, l.below, false)
		for i := range l.below {
			line := ""
			if i < len(preview) {
				line = preview[i]
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// listLines is the grid, or what to say in its place.
func (m *Model) listLines(l layout) []string {
	switch {
	case m.sorter:
		return fill(m.sortLines(), l.gridH)
	case !m.loaded && m.err != nil:
		return fill(m.errorLines(), l.gridH)
	case !m.loaded:
		return fill([]string{"", "  loading alerts..."}, l.gridH)
	case m.page.Matched == 0:
		head, _, _ := strings.Cut(m.grid.View(), "\n")
		return fill(append([]string{head, ""}, m.emptyLines()...), l.gridH)
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
		return []string{"  No tenant is attached, so there are no alerts.", "  ` then s opens the settings, where one is attached."}
	case m.page.Building:
		return []string{"  The queue is still being loaded."}
	}
	return []string{"  No alerts yet. Defender has sent none since the tenant was attached.", "  New ones appear here by themselves; R asks now."}
}

func (m *Model) errorLines() []string {
	lines := []string{"", m.th.Bad.Render("  The queue can not be read.")}
	for _, l := range theme.Wrap(m.err.Error(), max(m.w-4, 10)) {
		lines = append(lines, "  "+l)
	}
	return append(lines, "", "  Lockdowns are not affected: their timers run on. R tries again.")
}

func (m *Model) listTitle() string {
	return "Queue: " + m.views[m.view].Name + "  / " + m.filter
}

// facetPane is the pane at the left, framed or with a line at its right.
func (m *Model) facetPane(l layout) []string {
	if l.boxed {
		return m.box("Facets", m.facetLines(l.facets-2), l.facets, l.panes)
	}
	lines := fill(m.facetLines(l.facets-2), l.panes)
	for i := range lines {
		lines[i] = grid.Fit(lines[i], l.facets-2) + m.th.Border.Render(m.th.Glyph.V) + " "
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
			text += " " + left(k.Left(m.now))
		case "ISOLATED":
			text = k.HostName + " " + left(k.Left(m.now)) + " left"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return grid.Between(m.th.Muted.Render(" LOCKDOWNS none"), "T opens timers", m.w)
	}
	head := fmt.Sprintf(" LOCKDOWNS %d active, %d overdue:  ", len(parts), overdue)
	return grid.Between(m.th.Strong.Render(head)+strings.Join(parts, "   "), "T opens timers", m.w)
}

// box frames lines; the title stands in the upper border.
func (m *Model) box(title string, lines []string, w, h int) []string {
	g := m.th.Glyph
	title = grid.Cut(title, max(w-6, 0))
	top := g.TL + g.H + " " + title + " " + strings.Repeat(g.H, max(0, w-5-grid.Width(title))) + g.TR
	out := []string{m.th.Border.Render(grid.Cut(top, w))}
	v := m.th.Border.Render(g.V)
	for i := range max(h-2, 0) {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out = append(out, v+grid.Fit(line, max(w-2, 0))+v)
	}
	return append(out, m.th.Border.Render(g.BL+strings.Repeat(g.H, max(w-2, 0))+g.BR))
}

// join puts two blocks side by side; the left one is w cells wide.
func join(a, b []string, w int) []string {
	out := make([]string, max(len(a), len(b)))
	for i := range out {
		l, r := "", ""
		if i < len(a) {
			l = a[i]
		}
		if i < len(b) {
			r = b[i]
		}
		out[i] = grid.Fit(l, w) + r
	}
	return out
}

func fill(lines []string, h int) []string {
	out := make([]string, max(h, 0))
	copy(out, lines)
	return out
}

// clock prints a time in the chosen zone; on another day than today, the day and the minute.
func (m *Model) clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	zone, sign := m.zone, " MST"
	if zone == nil || zone == time.UTC {
		zone, sign = time.UTC, "Z"
	}
	t = t.In(zone)
	if now := m.now.In(zone); !m.now.IsZero() && (t.YearDay() != now.YearDay() || t.Year() != now.Year()) {
		return t.Format("Jan 2 15:04" + sign)
	}
	return t.Format("15:04:05" + sign)
}

// comments shows the latest remark.
func comments(a soc.Alert, clock func(time.Time) string) string {
	n := len(a.Comments)
	if n == 0 {
		return "comments 0"
	}
	c := a.Comments[n-1]
	return fmt.Sprintf("comments %d: %s %s %q", n, c.By, clock(c.At), head(c.Text))
}

var _ screen.Screen = (*Model)(nil)
