package audit

import (
	"fmt"
	"strings"
	"time"

	"cordon/ui/grid"
)

// headline counts the lines and says how far the chain was proved.
func (m *Model) headline() string {
	count := fmt.Sprintf("%d events", m.page.Matched)
	if m.clipped {
		count += fmt.Sprintf(" among the newest %d lines", scanLimit)
	}
	return count + m.sep() + m.chainWord() + m.sep() + "newest first"
}

func (m *Model) sep() string { return " " + m.th.Glyph.Sep + " " }

func (m *Model) chainWord() string {
	switch {
	case m.checking:
		return fmt.Sprintf("verifying the chain, %d s (esc stops)", max(0, int(m.now.Sub(m.began)/time.Second)))
	case m.chain.Checked.IsZero():
		return "chain not verified yet (V)"
	case !m.chain.OK:
		return fmt.Sprintf("CHAIN BROKEN at #%d", m.chain.BadSeq)
	}
	return fmt.Sprintf("chain verified to #%d at %s", m.chain.LastSeq, m.chain.Checked.In(m.zone).Format("15:04"))
}

// rule is a line across with a text in it.
func (m *Model) rule(text string) string {
	h := m.th.Glyph.H
	head := h + h + " " + grid.Cut(text, max(0, m.w-8)) + " "
	return m.th.Border.Render(head + strings.Repeat(h, max(0, m.w-grid.Width(head))))
}

// graph is the number of lines per hour over the last day.
func (m *Model) graph() string {
	if !m.graphed() || len(m.hours) == 0 {
		return m.th.Border.Render(strings.Repeat(m.th.Glyph.H, m.w))
	}
	top := 1
	for _, n := range m.hours {
		top = max(top, n)
	}
	var b strings.Builder
	spark := m.th.Glyph.Spark
	for _, n := range m.hours {
		if n == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteString(spark[(n*len(spark)-1)/top])
	}
	return m.rule(fmt.Sprintf("events per hour, 24 h, most %d  [%s]", top, b.String()))
}

func (m *Model) sideBySide() string {
	lw := m.listWidth()
	rw := m.w - lw
	h := m.h - 1
	left := m.box(m.headline(), strings.Split(m.grid.View(), "\n"), lw, h)
	title := ""
	if e, ok := m.current(); ok {
		title = fmt.Sprintf("#%d", e.Seq)
	}
	right := m.box(title, m.detail(rw-4), rw, h)
	lines := make([]string, 0, m.h)
	for i := range left {
		lines = append(lines, left[i]+right[i])
	}
	return strings.Join(append(lines, m.graph()), "\n")
}

// box frames lines.
func (m *Model) box(title string, lines []string, w, h int) []string {
	g, b := m.th.Glyph, m.th.Border
	head := g.H + " " + grid.Cut(title, max(0, w-6)) + " "
	if title == "" {
		head = ""
	}
	out := []string{b.Render(g.TL + head + strings.Repeat(g.H, max(0, w-2-grid.Width(head))) + g.TR)}
	for i := range h - 2 {
		text := ""
		if i < len(lines) {
			text = lines[i]
		}
		out = append(out, b.Render(g.V)+" "+grid.Fit(text, w-4)+" "+b.Render(g.V))
	}
	return append(out, b.Render(g.BL+strings.Repeat(g.H, w-2)+g.BR))
}
