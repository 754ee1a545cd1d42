package dialog

import (
	"strings"

	"cordon/ui/theme"
)

// Widths that no overlay passes, whatever the screen (frame rules).
const (
	maxForm    = 68
	maxPalette = 84
	maxHelp    = 106
	maxText    = 106
)

// draw puts lines in a frame with a title and, in the bottom border, the keys. It returns exactly h lines of w cells, or fewer when h is 0:
// then the box is as high as its text.
func draw(t *theme.Theme, title, foot string, lines []string, w, h int) string {
	g, in := t.Glyph, w-4
	if h > 0 {
		for len(lines) < h-2 {
			lines = append(lines, "")
		}
		lines = lines[:max(0, h-2)]
	}
	var b strings.Builder
	b.WriteString(edge(t, g.TL, title, g.TR, w, false))
	for _, l := range lines {
		b.WriteByte('\n')
		b.WriteString(t.Border.Render(g.V) + " " + theme.Fit(l, in) + " " + t.Border.Render(g.V))
	}
	b.WriteByte('\n')
	b.WriteString(edge(t, g.BL, foot, g.BR, w, true))
	return b.String()
}

// edge is a horizontal border with a text near its left or right end.
func edge(t *theme.Theme, left, text, right string, w int, atRight bool) string {
	text = theme.Clip(text, w-6)
	rest := w - 2 - theme.Width(text)
	if text != "" {
		rest -= 3
		text = " " + t.Title.Render(text) + " "
	}
	short, long := t.Glyph.H, strings.Repeat(t.Glyph.H, max(0, rest))
	if atRight {
		short, long = long, short
	}
	if text == "" {
		return t.Border.Render(left + strings.Repeat(t.Glyph.H, w-2) + right)
	}
	return t.Border.Render(left+short) + text + t.Border.Render(long+right)
}

// label is a line of a form: a name in a column of its own and a value.
func label(t *theme.Theme, name, value string) string {
	return t.Muted.Render(theme.Fit(name, 10)) + " " + value
}

// wrapped breaks text into lines of w cells behind a sign; the sign stands on the first line only.
func wrapped(sign, text string, w int) []string {
	pad := strings.Repeat(" ", theme.Width(sign))
	var out []string
	for i, l := range theme.Wrap(text, w-theme.Width(sign)) {
		if i > 0 {
			sign = pad
		}
		out = append(out, sign+l)
	}
	return out
}
