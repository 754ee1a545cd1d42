package queue

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// preview is where and how large the preview is.
type preview struct {
	on     bool
	turned bool // P: the other place than the width suggests
	grow   int  // steps that + and _ made
}

// longText bounds what one text of Defender can cost per frame; descriptions may have megabytes.
const longText = 4000

func (m *Model) previewKey(id string) tea.Cmd {
	switch id {
	case idPreview:
		m.preview.on = !m.preview.on
	case idPlace:
		m.preview.turned = !m.preview.turned
	case idGrow:
		m.preview.grow = min(m.preview.grow+1, 6)
	case idShrink:
		m.preview.grow = max(m.preview.grow-1, -6)
	}
	m.arrange()
	return m.loadRows()
}

// previewLines is the preview for a place of w×h cells.
func (m *Model) previewLines(w, h int, side bool) []string {
	row, ok := m.current()
	if !ok || h <= 0 {
		return nil
	}
	d := m.details[row.Key]
	switch {
	case side:
		return m.sideLines(row, d, w)
	case h <= 2 || w < wideScreen:
		return m.shortLines(row, d, w)
	}
	return m.belowLines(row, d, w)
}

// shortLines are the two lines of a small terminal: enough to decide without opening anything.
func (m *Model) shortLines(r soc.AlertRow, d detail, w int) []string {
	sev := m.th.Severity(r.Severity.Rank()).Render(r.Severity.Word())
	head := fmt.Sprintf("%s %s %s %s %s", m.th.Glyph.Cursor, sev, words.Short(r.Key.ID, idWidth), words.Dash(r.Technique), process(d.alert).what)
	return []string{
		theme.Ends(head, fmt.Sprintf("%s  ev %d", theme.Clip(who(r, d.alert), 24), r.Evidence), w),
		m.hostLine(r, d, w, "  "),
	}
}

// belowLines is the preview below the list.
func (m *Model) belowLines(r soc.AlertRow, d detail, w int) []string {
	a, p := d.alert, process(d.alert)
	sev := m.th.Severity(r.Severity.Rank()).Render(r.Severity.Word())
	times := ""
	if d.err == nil && !a.FirstEvent.IsZero() {
		times = fmt.Sprintf("  first %s  last %s", m.clock(a.FirstEvent), m.clock(a.LastEvent))
	}
	lines := []string{
		theme.Ends(m.th.Glyph.Cursor+" "+sev+"  "+m.th.Strong.Render(theme.Clip(titleOf(r), max(w-60, 20))), words.Short(r.Key.ID, idWidth)+times, w),
		m.hostLine(r, d, w, "   "),
	}
	if d.err != nil {
		return append(lines, m.th.Bad.Render("  could not read the alert: "+d.err.Error()+"; R tries again"))
	}
	right := "user " + who(r, a)
	if p.parent != "" {
		right = "parent " + p.parent + "   " + right
	}
	lines = append(
		lines,
		theme.Ends("  "+p.what, theme.Clip(right, w/2), w),
		theme.Ends("  "+evidenceText(a), incident(a), w),
		theme.Ends("  recommended: "+words.Dash(head(a.RecommendedAction)), "link (o)  raw JSON (J)", w),
		"  "+comments(a, m.clock),
		fmt.Sprintf("  status %s   owner %s   category %s   source %s%s", words.Dash(string(r.Status)), words.Dash(r.Owner), words.Dash(a.Category), words.Dash(a.DetectionSource), m.history(a)+m.tenantText(r)),
	)
	return append(lines, pane.Indent(theme.Wrap(head(a.Description), w-4), 2)...)
}

// sideLines is the preview at the right: one fact per line.
func (m *Model) sideLines(r soc.AlertRow, d detail, w int) []string {
	a, p := d.alert, process(d.alert)
	sev := m.th.Severity(r.Severity.Rank()).Render(r.Severity.Word())
	lines := []string{sev + "  " + m.th.Strong.Render(theme.Clip(titleOf(r), max(w-8, 4)))}
	lines = append(lines, m.hostBlock(r, d)...)
	lines = append(lines, "")
	if d.err != nil {
		return append(lines, m.th.Bad.Render("could not read the alert: "+d.err.Error()))
	}
	fact := func(name, value string) {
		if value == "" {
			return
		}
		for i, l := range theme.Wrap(head(value), max(w-10, 10)) {
			if i > 5 {
				break
			}
			lines = append(lines, m.th.Muted.Render(theme.Fit(name, 10))+l)
			name = ""
		}
	}
	fact("command", p.what)
	fact("parent", p.parent)
	fact("user", who(r, a))
	fact("sha256", p.sha)
	fact("mitre", strings.Join(a.Techniques, " "))
	fact("incident", strings.TrimPrefix(incident(a), "incident "))
	if !a.FirstEvent.IsZero() {
		fact("first", m.clock(a.FirstEvent)+"     last "+m.clock(a.LastEvent))
	}
	fact("status", string(r.Status)+"   owner "+words.Dash(r.Owner)+m.history(a))
	fact("alert", r.Key.ID)
	fact("evidence", strings.TrimPrefix(evidenceText(a), "evidence "))
	lines = append(lines, "")
	fact("do", a.RecommendedAction)
	fact("what", a.Description)
	for _, c := range a.Comments {
		fact("comment", c.By+" "+m.clock(c.At)+" "+c.Text)
	}
	return lines
}

// hostLine is one line about the host. Its state stands at the right, where it is never cut.
func (m *Model) hostLine(r soc.AlertRow, d detail, w int, gap string) string {
	if hostOf(r).IsZero() {
		return theme.Clip("  (identity)"+gap+"this alert names no machine, so there is nothing to isolate", w)
	}
	word, style, asOf := m.hostState(r, d)
	right := style.Render(word)
	if w >= wideScreen && !asOf.IsZero() {
		right += " (from actions, " + words.Age(m.now, asOf) + ")"
	}
	h := d.host
	if d.hostErr != nil || h.Key.IsZero() {
		return theme.Ends("  "+words.Dash(r.HostName)+gap+m.noHostText(d), right, w)
	}
	right += gap + "seen " + age(m.now, h.LastSeen)
	parts := []string{h.Name}
	if h.Role() != "" {
		parts = append(parts, h.Role())
	}
	parts = append(parts, "risk "+words.Dash(h.Risk), "exposure "+words.Dash(h.Exposure))
	for len(parts) > 1 && theme.Width(strings.Join(parts, gap))+theme.Width(right)+3 > w {
		parts = parts[:len(parts)-1] // rather a fact less than half a word
	}
	return theme.Ends("  "+strings.Join(parts, gap), right, w)
}

// hostBlock is the host in the side preview.
func (m *Model) hostBlock(r soc.AlertRow, d detail) []string {
	if hostOf(r).IsZero() {
		return []string{"(identity)", "this alert names no machine: nothing to isolate"}
	}
	word, style, asOf := m.hostState(r, d)
	state := style.Render(word)
	if !asOf.IsZero() {
		state += " (from actions, " + words.Age(m.now, asOf) + ")"
	}
	h := d.host
	if d.hostErr != nil || h.Key.IsZero() {
		return []string{words.Dash(r.HostName) + "  " + m.noHostText(d), state}
	}
	name := h.Name
	if h.Role() != "" {
		name += "  [" + h.Role() + "]"
	}
	if m.several() {
		name += "  [" + m.tenantName(r.Key.Integration) + "]"
	}
	return []string{
		name, state,
		fmt.Sprintf("risk %s   exposure %s   seen %s ago", words.Dash(h.Risk), words.Dash(h.Exposure), age(m.now, h.LastSeen)),
		"card " + words.Age(m.now, h.FetchedAt) + " old",
	}
}

func (m *Model) tenantText(r soc.AlertRow) string {
	if !m.several() {
		return ""
	}
	return "   tenant " + m.tenantName(r.Key.Integration)
}

func (m *Model) several() bool { return len(m.tenants) > 1 }

func (m *Model) noHostText(d detail) string {
	if d.hostErr == nil {
		return ""
	}
	if soc.KindOf(d.hostErr) == soc.KindNotFound {
		return "host card not fetched yet"
	}
	return "host card can not be read"
}

// history says what cordon noticed about the alert itself (C12).
func (m *Model) history(a soc.Alert) string {
	s := ""
	if !a.ReopenedAt.IsZero() {
		s += "   REOPENED " + age(m.now, a.ReopenedAt) + " ago"
	}
	if a.Late {
		s += "   LATE: first seen here " + age(m.now, a.FirstSeen) + " ago"
	}
	return s
}
