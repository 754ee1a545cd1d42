package timers

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/pane"
)

// Widths from which there is more room for a row, and a detail pane at the side.
const (
	wideList = 100
	sidePane = 160
	// smallDetail and wideDetail are the lines of the detail below the list.
	smallDetail = 4
	wideDetail  = 10
)

// layout is where the panes are; it follows from the size alone.
type layout struct {
	list, listH int // inner size of the list, with its header
	bar         int // cells of a progress bar, brackets included
	detail      int // lines of the detail below the list; 0 = it stands at the side
	side        int // width of the pane at the side
	chart       int // lines of the due chart, with its title
}

func layoutFor(w, h int) layout {
	l := layout{list: w, bar: 22, detail: smallDetail}
	switch {
	case w >= sidePane:
		l.side = w * 38 / 100
		l.list, l.bar, l.detail = w-l.side-2, 38, 0
		l.chart = min(16, max(0, (h-3)/3))
		l.listH = max(0, h-3-l.chart)
		return l
	case w >= wideList:
		l.bar, l.detail = 32, wideDetail
	}
	l.listH = max(0, h-l.detail-2)
	return l
}

// arrange sizes the lists. A bar of another width needs other columns: the list is made again and the cursor kept.
func (m *Model) arrange() {
	was := m.lay.bar
	m.lay = layoutFor(m.w, m.h)
	state := stateCells
	if m.stopped.Code != "" {
		m.lay.bar--
		state++
	}
	if was != m.lay.bar {
		id, _, _ := m.grid.Cursor()
		m.grid = timerGrid(m.th, m.lay.bar, state)
		m.grid.SetSort([]soc.SortKey{{Field: m.order.field()}})
		m.grid.KeepCursor(id)
	}
	m.grid.Resize(m.lay.list, m.lay.listH)
	m.iso.Resize(m.lay.list, m.lay.listH)
	m.fill()
}

// table is the list of the view.
func (m *Model) table() *grid.Grid {
	if m.view == viewIsolated {
		return m.iso
	}
	return m.grid
}

// Tabs is line two: the views with their counts; the one on screen has a star. What is late stands at the right.
func (m *Model) Tabs() (left, right string) {
	parts := make([]string, 0, viewCount)
	for v := range view(viewCount) {
		name := v.title()
		if m.w < wideList {
			name = v.short()
		}
		s := fmt.Sprintf("%d:%s %d", int(v)+1, name, m.counts[v])
		if !m.loaded {
			s = fmt.Sprintf("%d:%s", int(v)+1, name)
		}
		if v == m.view {
			s += "*"
		}
		parts = append(parts, s)
	}
	gap := " "
	if m.w >= wideList {
		gap = "  "
		right = m.filterNote() + "   sort: " + m.order.title()
	}
	if m.typing {
		return strings.Join(parts, gap), m.filterNote() // line 2 keeps its end in sight
	}
	if n := m.late(); n > 0 {
		right = strings.TrimSpace(m.th.Bad.Render(fmt.Sprintf("%d OVERDUE", n)) + "  " + right)
	}
	return strings.Join(parts, gap), strings.TrimSpace(right)
}

// late counts what is past its release time, whatever the view shows.
func (m *Model) late() int {
	n := 0
	for i := range m.f.open {
		if (row{lock: &m.f.open[i]}).overdue(m.now) {
			n++
		}
	}
	return n
}

func (m *Model) filterNote() string {
	if m.filter == "" && !m.typing {
		return ""
	}
	if m.typing {
		return fmt.Sprintf("(%d hidden)  / %s_", m.hidden, m.filter)
	}
	return fmt.Sprintf("/ %s  (%d hidden)", m.filter, m.hidden)
}

// View draws the screen; it is pure.
func (m *Model) View() string {
	if p := m.page(); p != nil {
		return pane.Body(p, m.w, m.h)
	}
	lines := m.body()
	return pane.Body(append(lines, pane.Rule(m.th, m.foot(), m.w)), m.w, m.h)
}

// page is a whole page of words when there is no list to show.
func (m *Model) page() []string {
	switch {
	case m.denied():
		return []string{
			"", " " + m.th.Warn.Render("You may not see lockdowns."), "", " Your role lacks the right lockdown.view. Nothing was read.",
			" Timers run and end whether or not anybody looks.", " Ask an administrator for the right; esc goes back.",
		}
	case !m.loaded && m.err != nil:
		out := []string{"", " " + m.th.Bad.Render("The lockdowns could not be read from the store."), ""}
		out = append(out, pane.Pad(pane.Wrap(m.err.Error(), m.w-2))...)
		return append(out, "", " Timers are kept by the background service, not by this screen. R tries again; E keeps the message.")
	case !m.loaded:
		return []string{"", " Reading the lockdowns ..."}
	}
	return nil
}

// body is everything above the last rule.
func (m *Model) body() []string {
	if m.lay.side > 0 {
		inner := append(m.list(), m.chart(m.lay.list-2)...)
		left := pane.Box(m.th, strings.TrimSpace(m.view.title()+"  "+m.filterNote()), inner, m.lay.list+2, m.h-1)
		return pane.Beside(left, pane.Box(m.th, "Detail", pane.Pad(m.sideDetail(m.lay.side-4)), m.lay.side, m.h-1))
	}
	out := m.list()
	out = append(out, pane.Rule(m.th, m.detailTitle(), m.w))
	return append(out, pane.Fill(m.bottomDetail(m.w, m.lay.detail), m.w, m.lay.detail)...)
}

// list is the table, or why it is empty.
func (m *Model) list() []string {
	if len(m.rows) == 0 {
		return pane.Fill(pane.Pad(m.none()), m.lay.list, m.lay.listH)
	}
	return pane.Fill(strings.Split(m.table().View(), "\n"), m.lay.list, m.lay.listH)
}

func (m *Model) none() []string {
	if m.hidden > 0 {
		return []string{"", fmt.Sprintf("The filter hides all %d rows; esc clears it.", m.hidden)}
	}
	switch m.view {
	case viewDue:
		return []string{"", "Nothing is due within 15 minutes."}
	case viewMine:
		return []string{"", "No lockdown of yours is running."}
	case viewProblems:
		return []string{"", "No problems: every release is on time."}
	case viewDone:
		return []string{"", "No lockdown ended in the last 24 hours."}
	case viewIsolated:
		return []string{"", "No host is isolated, as far as the action lists tell."}
	}
	return []string{"", "No lockdown is running and no host is isolated from outside.", "L on a host or an alert starts one."}
}

// foot says how old the picture is.
func (m *Model) foot() string {
	if m.stopped.Code != "" {
		return m.th.Bad.Render(m.asOf()) + ": a state with ? may have changed since; LEFT keeps counting; E"
	}
	if m.err != nil {
		return m.th.Bad.Render("could not read the store") + ": " + m.err.Error() + "; LEFT keeps counting"
	}
	for _, c := range m.conns {
		if m.lost(c.Integration.ID) {
			return m.th.Warn.Render("as of "+m.minute(c.LastOK)) + ": " + c.Integration.Name + " " + c.State + "; LEFT keeps counting"
		}
	}
	if m.f.isosErr != nil {
		return m.th.Bad.Render("isolations from outside not shown") + ": " + m.f.isosErr.Error()
	}
	if m.held && m.again {
		return "updates are held"
	}
	ours, outside, oldest := m.isolatedNow()
	s := fmt.Sprintf("isolated now: %d ours, %d from outside", ours, outside)
	if n := m.unattendedNow(); n > 0 {
		s += fmt.Sprintf(", %d end with nobody on duty", n)
	}
	if !oldest.IsZero() {
		s += ", oldest action list " + m.clock(oldest)
	}
	return s
}

// unattendedNow counts what ends after the shift, whatever the view shows.
func (m *Model) unattendedNow() (n int) {
	for i := range m.f.open {
		if m.unattended(row{lock: &m.f.open[i]}) {
			n++
		}
	}
	return n
}

func (m *Model) isolatedNow() (ours, outside int, oldest time.Time) {
	for _, r := range m.f.all() {
		if !r.isolated() {
			continue
		}
		if r.outside() {
			outside++
		} else {
			ours++
		}
		if r.iso != nil && (oldest.IsZero() || r.iso.AsOf.Before(oldest)) {
			oldest = r.iso.AsOf
		}
	}
	return ours, outside, oldest
}
