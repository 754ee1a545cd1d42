package audit

import (
	"fmt"
	"strings"
	"time"

	"cordon/ui/pane"
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
		return fmt.Sprintf("verifying the chain, %d s%s (esc stops)", max(0, int(m.now.Sub(m.began)/time.Second)), m.percent)
	case m.chain.Checked.IsZero():
		return "chain not verified yet (V)"
	case !m.chain.OK:
		return m.brokenWord()
	}
	return fmt.Sprintf("chain verified to #%d at %s, %s", m.chain.LastSeq, m.chain.Checked.In(m.zone).Format("15:04"), proof(m.chain))
}

func (m *Model) brokenWord() string {
	if m.chain.BadSeq == 0 {
		return fmt.Sprintf("CHAIN BROKEN, checkpoint %d (B shows it)", m.chain.BadCheckpoint)
	}
	return fmt.Sprintf("CHAIN BROKEN at #%d (B shows it)", m.chain.BadSeq)
}

// rule is a line across with a text in it, both in the colour of the borders.
func (m *Model) rule(text string) string { return pane.Rule(m.th, m.th.Border.Render(text), m.w) }

// graph is the number of lines per hour over the last day.
func (m *Model) graph() string {
	if !m.graphed() || len(m.hours) == 0 {
		return pane.Rule(m.th, "", m.w)
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
	return strings.Join(append(pane.Beside(left, right), m.graph()), "\n")
}

// box frames lines, with a blank at both sides.
func (m *Model) box(title string, lines []string, w, h int) []string {
	return pane.Box(m.th, title, pane.Pad(pane.Clip(lines, w-4)), w, h)
}
