package host

import (
	"fmt"
	"strings"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/words"
)

// Widths from which there are two panes, and three.
const (
	twoPanes   = 100
	threePanes = 160
)

// layout is where the panes are; it follows from the size alone.
type layout struct {
	body   int // height below the header
	left   int // overview beside the list; 0 below threePanes
	middle int // the list or text
	right  int // detail; 0 below twoPanes
}

func layoutFor(w, h int) layout {
	l := layout{body: max(0, h-headerHeight-1), middle: w}
	switch {
	case w >= threePanes:
		l.left = w * 3 / 10
		l.right = w * 33 / 100
	case w >= twoPanes:
		l.right = w * 56 / 120
	}
	l.middle = w - l.left - l.right
	return l
}

// arrange sizes the grids to the layout.
func (m *Model) arrange() {
	m.lay = layoutFor(m.w, m.h)
	for t, g := range m.grids {
		w, h := m.listSize(t)
		g.Resize(w, h)
	}
	m.fill()
}

// listSize is the size of a tab's list: inside a box when there are panes, above its preview when there are none.
func (m *Model) listSize(t tab) (w, h int) {
	if m.lay.right > 0 {
		return max(0, m.lay.middle-2), max(0, m.lay.body-2)
	}
	return m.lay.middle, max(0, m.lay.body-previewHeight(t))
}

// previewHeight is the lines below a list when there is no room beside it, the rule included.
func previewHeight(t tab) int {
	if t == tabLockdowns {
		return 7
	}
	return 4
}

// Tabs is line two: the tabs with what they hold.
func (m *Model) Tabs() (left, right string) {
	var b strings.Builder
	for i, t := range allTabs() {
		if i > 0 {
			b.WriteString(" ")
			if m.w >= twoPanes {
				b.WriteString("  ")
			}
		}
		text := fmt.Sprintf("%d %s", i+1, t.title())
		if n := m.count(t); n != "" {
			text += " " + n
		}
		if t == m.tab {
			text = "[" + text + "]"
		}
		b.WriteString(text)
	}
	if m.w >= twoPanes || m.typing {
		right = m.filterNote()
	}
	return b.String(), right
}

// count is what a tab holds: a number, "-" when it may not or can not be shown, nothing while it is not known.
func (m *Model) count(t tab) string {
	if !m.loaded {
		return ""
	}
	switch t {
	case tabAlerts:
		return number(m.f.matched, m.f.alertsErr != nil || !m.d.Session.Can(soc.RightAlertsView))
	case tabLockdowns:
		return number(len(m.f.locks), m.f.locksErr != nil || !m.d.Session.Can(soc.RightLockdownView))
	case tabActions:
		return number(len(m.f.actions), m.f.actionsErr != nil)
	case tabUsers:
		return number(len(m.f.host.Users), m.f.host.UsersErr != "" || m.f.host.UsersAt.IsZero())
	}
	return ""
}

func number(n int, denied bool) string {
	if denied {
		return "-"
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// View draws the page; it is pure.
func (m *Model) View() string {
	if text := m.page(); text != nil {
		return pane.Body(text, m.w, m.h)
	}
	lines := append(m.header(m.w), m.panes()...)
	if len(lines) < m.h {
		lines = append(lines, pane.Rule(m.th, m.foot(), m.w))
	}
	return pane.Body(lines, m.w, m.h)
}

// page is a whole page of words when there is nothing else to show: no host, no right, nothing read yet, nothing readable.
func (m *Model) page() []string {
	switch {
	case m.key.IsZero():
		return []string{"", " No host chosen.", "", " Press enter on an alert in the queue, or : and type host and a name."}
	case !m.d.Session.Can(soc.RightAlertsView):
		return []string{
			"", " " + m.th.Warn.Render("You may not see this host."), "", " Your role lacks the right alerts.view. Nothing was read.",
			" Ask an administrator for it; esc goes back.",
		}
	case !m.loaded && m.err != nil:
		out := []string{"", " " + m.th.Bad.Render("This host could not be read from the store."), ""}
		out = append(out, pane.Pad(pane.Wrap(m.err.Error(), m.w-2))...)
		return append(out, "", " Nothing changed on the device. R or i tries again; E keeps the message.")
	case !m.loaded:
		return []string{"", " Reading " + words.ShortID(m.key.MachineID) + " ..."}
	}
	return nil
}

// panes are the lines between the header and the last rule.
func (m *Model) panes() []string {
	l := m.lay
	if l.right == 0 {
		return m.single(l.middle, l.body)
	}
	var cols [][]string
	if l.left > 0 {
		cols = append(cols, pane.Box(m.th, "1 Overview", pane.Pad(m.overview(l.left-4)), l.left, l.body))
	}
	cols = append(cols, pane.Box(m.th, m.middleTitle(), m.middle(l.middle-2, l.body-2), l.middle, l.body))
	cols = append(cols, pane.Box(m.th, "Detail", pane.Pad(m.detail(l.right-4)), l.right, l.body))
	return pane.Beside(cols...)
}

// single is one pane on the whole width, with a preview below lists.
func (m *Model) single(w, h int) []string {
	t := m.focused()
	_, list := m.listSize(t)
	if !t.list() || m.empty(t) != nil {
		return m.middle(w, h)
	}
	out := m.middle(w, list)
	if list >= h {
		return out
	}
	preview := m.detail(w - 2)
	room := h - list - 1
	if len(preview) > room && t == tabLockdowns {
		preview = append(preview[:1:1], preview[len(preview)-room+1:]...) // its name and its latest stations
	}
	out = append(out, pane.Rule(m.th, "enter opens it", w))
	return append(out, pane.Fill(pane.Pad(preview), w, room)...)
}

func (m *Model) middleTitle() string {
	t := m.focused()
	s := fmt.Sprintf("%d %s", t+1, t.title())
	if note := m.filterNote(); note != "" {
		s += "  " + note
	}
	return s
}

// middle is the list or text of the focused tab, exactly h lines.
func (m *Model) middle(w, h int) []string {
	t := m.focused()
	if g := m.grids[t]; g != nil {
		if why := m.empty(t); why != nil {
			return pane.Fill(pane.Pad(why), w, h)
		}
		return pane.Fill(strings.Split(g.View(), "\n"), w, h)
	}
	lines := m.text(t, w-2)
	top := min(m.top[t], max(0, len(lines)-h))
	return pane.Fill(pane.Pad(lines[top:]), w, h)
}

// text is the content of the tabs that are not lists.
func (m *Model) text(t tab, w int) []string {
	if t == tabRaw {
		return m.rawLines()
	}
	return m.overview(w)
}

// focused is the tab whose content the keys move: with three panes the overview has its own place and the timeline takes the middle.
func (m *Model) focused() tab {
	if m.tab == tabOverview && m.lay.left > 0 {
		return tabTimeline
	}
	return m.tab
}

// filterNote says what is hidden; a filter is never silent.
func (m *Model) filterNote() string {
	if m.focused() != tabTimeline || m.filter == "" && !m.typing {
		return ""
	}
	if m.typing {
		return fmt.Sprintf("(%d hidden)  / %s_", m.hidden, m.filter)
	}
	return fmt.Sprintf("/ %s  (%d hidden)", m.filter, m.hidden)
}

// foot is the age of the record, or that the tenant can not be asked.
func (m *Model) foot() string {
	if m.err != nil {
		return m.th.Bad.Render("could not read the store, shown as of "+m.clock(m.errAt)) + ": " + m.err.Error()
	}
	if m.lost() {
		return m.th.Warn.Render(fmt.Sprintf("STALE: %s %s, record as of %s", m.tenant(), m.conn.State, m.minute(m.f.host.FetchedAt)))
	}
	if m.held && m.again {
		return "updates are held"
	}
	if !m.f.known {
		return "no record yet"
	}
	return "record " + words.Age(m.now, m.f.host.FetchedAt) + " old   back: esc"
}

func (m *Model) tenant() string {
	if m.conn.Integration.Name != "" {
		return m.conn.Integration.Name
	}
	return string(m.key.Integration)
}
