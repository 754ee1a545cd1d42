package grid

import (
	"strings"

	"charm.land/lipgloss/v2"

	"cordon/ui/theme"
)

// prefix is the space for the signs of the cursor and the mark.
const prefix = 2

// wide is the width from which full titles and both sort keys are shown.
const wide = 100

// View returns exactly the height of the grid, header included, in lines of at most its width.
func (g *Grid) View() string {
	var b strings.Builder
	b.Grow((g.w + 32) * max(g.h, 1))
	n := 0
	if g.header && g.h > 0 {
		b.WriteString(g.headerLine())
		n++
	}
	for i := range g.page() {
		if n > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(g.line(g.top + i))
		n++
	}
	return b.String()
}

// line returns the row at an index, from the cache if it did not change.
func (g *Grid) line(index int) string {
	if index >= g.total {
		return ""
	}
	i := index - g.from
	if i < 0 || i >= len(g.rows) {
		return g.th.Muted.Render(theme.Clip("  ...", g.w))
	}
	if g.lines[i] == "" {
		g.lines[i] = g.draw(g.rows[i], index == g.cur)
		g.drawn++
	}
	return g.lines[i]
}

// draw renders one row. The row under the cursor has its sign and its text reversed, but not the blanks: a cursor that moves then repaints
// a few dozen cells instead of two lines.
func (g *Grid) draw(r Row, cursor bool) string {
	var b strings.Builder
	b.Grow(g.w + 64)
	b.WriteString(g.signs(r.Mark, cursor))
	last := g.lastColumn()
	for i, c := range g.cols {
		w := g.widths[i]
		if w == 0 {
			continue
		}
		g.cell(&b, g.at(r, i), c, w, cursor && i == g.headline(), i == last)
		if i != last {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func (g *Grid) at(r Row, i int) Cell {
	if i < len(r.Cells) {
		return r.Cells[i]
	}
	return Cell{}
}

func (g *Grid) signs(marked, cursor bool) string {
	gl := g.th.Glyph
	switch {
	case g.w < prefix:
		return strings.Repeat(" ", max(0, g.w))
	case marked && cursor:
		return g.th.Cursor.Render(gl.Cursor) + g.th.Marked.Render(gl.Mark)
	case cursor:
		return g.th.Cursor.Render(gl.Cursor) + " "
	case marked:
		return g.th.Marked.Render(gl.Mark) + " "
	}
	return "  "
}

func (g *Grid) cell(b *strings.Builder, c Cell, col Column, w int, reversed, last bool) {
	text, n := theme.Cut(c.Text, w)
	pad := strings.Repeat(" ", w-n)
	if col.Right {
		b.WriteString(pad)
	}
	if reversed && text != "" {
		b.WriteString(g.th.Cursor.Render(text))
	} else if text != "" {
		b.WriteString(render(c.Style, text))
	}
	if !col.Right && !last {
		b.WriteString(pad)
	}
}

// render skips the style engine for text that needs none.
func render(s lipgloss.Style, text string) string {
	if plain(s) {
		return text
	}
	return s.Render(text)
}

func plain(s lipgloss.Style) bool {
	_, none := s.GetForeground().(lipgloss.NoColor)
	_, noBack := s.GetBackground().(lipgloss.NoColor)
	return none && noBack && !s.GetBold() && !s.GetReverse() && !s.GetUnderline() && !s.GetFaint() && !s.GetItalic()
}

// headline is the column whose text is reversed under the cursor: the first that grows, else the first that is visible.
func (g *Grid) headline() int {
	first := -1
	for i, c := range g.cols {
		if g.widths[i] == 0 {
			continue
		}
		if c.Grow {
			return i
		}
		if first < 0 {
			first = i
		}
	}
	return first
}

func (g *Grid) lastColumn() int {
	for i := len(g.cols) - 1; i >= 0; i-- {
		if g.widths[i] > 0 {
			return i
		}
	}
	return -1
}

func sameRow(a, b Row) bool {
	if a.Mark != b.Mark || len(a.Cells) != len(b.Cells) {
		return false
	}
	for i := range a.Cells {
		if a.Cells[i].Text != b.Cells[i].Text || !sameStyle(a.Cells[i].Style, b.Cells[i].Style) {
			return false
		}
	}
	return true
}

func sameStyle(a, b lipgloss.Style) bool {
	return a.GetForeground() == b.GetForeground() && a.GetBackground() == b.GetBackground() && a.GetBold() == b.GetBold() &&
		a.GetReverse() == b.GetReverse() && a.GetUnderline() == b.GetUnderline() && a.GetFaint() == b.GetFaint()
}

// Drawn counts the rows that were rendered rather than taken from the cache, for benchmarks and tests.
func (g *Grid) Drawn() int { return g.drawn }
