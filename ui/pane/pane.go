// Package pane puts lines into panes: frames, rules, columns, indents.
//
// A pane is a slice of lines. The functions that take a width and a height return exactly that, whatever they are given, because one line
// too many or one cell too wide breaks the whole frame; none of them changes the lines it gets. Widths are cells, as theme counts them.
package pane

import (
	"strings"

	"cordon/ui/theme"
)

// Rule is a line across with a note in it, or without one.
func Rule(th *theme.Theme, note string, w int) string {
	line := th.Glyph.H
	if note == "" {
		return th.Border.Render(strings.Repeat(line, max(0, w)))
	}
	note = theme.Clip(note, max(0, w-6))
	rest := max(0, w-4-theme.Width(note))
	return th.Border.Render(line+line+" ") + note + th.Border.Render(" "+strings.Repeat(line, rest))
}

// Box frames lines, exactly w by h; the title stands in the upper border, if there is one.
func Box(th *theme.Theme, title string, lines []string, w, h int) []string {
	if w < 4 || h < 2 {
		return Fill(nil, w, h)
	}
	g, border := th.Glyph, th.Border
	head := ""
	if title != "" && w > 6 {
		head = g.H + " " + theme.Clip(title, w-6) + " "
	}
	out := make([]string, 0, h)
	out = append(out, border.Render(g.TL+head+strings.Repeat(g.H, max(0, w-2-theme.Width(head)))+g.TR))
	side := border.Render(g.V)
	for _, l := range Fill(lines, w-2, h-2) {
		out = append(out, side+l+side)
	}
	return append(out, border.Render(g.BL+strings.Repeat(g.H, w-2)+g.BR))
}

// Lines makes exactly h lines: what is too much is left out, missing ones are empty.
func Lines(lines []string, h int) []string {
	out := make([]string, max(0, h))
	copy(out, lines)
	return out
}

// Fill makes exactly h lines of exactly w cells.
func Fill(lines []string, w, h int) []string {
	out := Lines(lines, h)
	for i, l := range out {
		out[i] = theme.Fit(l, max(0, w))
	}
	return out
}

// Clip cuts lines to at most w cells.
func Clip(lines []string, w int) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = theme.Clip(l, w)
	}
	return out
}

// Body is the text of exactly h lines of at most w cells.
func Body(lines []string, w, h int) string {
	return strings.Join(Clip(Lines(lines, h), w), "\n")
}

// Indent moves lines n cells to the right; empty ones stay empty.
func Indent(lines []string, n int) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		if l != "" {
			out[i] = strings.Repeat(" ", n) + l
		}
	}
	return out
}

// Pad moves lines one cell to the right, off a border.
func Pad(lines []string) []string { return Indent(lines, 1) }

// Beside joins columns. All but the last must be filled; one that ends early adds nothing to the lines below it.
func Beside(cols ...[]string) []string {
	h := 0
	for _, c := range cols {
		h = max(h, len(c))
	}
	out := make([]string, h)
	for _, c := range cols {
		for i, l := range c {
			out[i] += l
		}
	}
	return out
}
