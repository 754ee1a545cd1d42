package host

import (
	"strings"

	"cordon/ui/grid"
)

// rule is a line across with a note in it.
func (m *Model) rule(note string, w int) string {
	line := m.th.Glyph.H
	if note == "" {
		return m.th.Border.Render(strings.Repeat(line, max(0, w)))
	}
	note = grid.Cut(note, max(0, w-6))
	rest := max(0, w-4-grid.Width(note))
	return m.th.Border.Render(line+line+" ") + note + m.th.Border.Render(" "+strings.Repeat(line, rest))
}

// box frames lines with a title, exactly w by h.
func (m *Model) box(title string, lines []string, w, h int) []string {
	if w < 4 || h < 2 {
		return fill(nil, w, h)
	}
	g, border := m.th.Glyph, m.th.Border
	title = grid.Cut(title, w-6)
	top := g.TL + g.H + " " + title + " " + strings.Repeat(g.H, max(0, w-5-grid.Width(title))) + g.TR
	out := make([]string, 0, h)
	out = append(out, border.Render(top))
	side := border.Render(g.V)
	for _, l := range fill(lines, w-2, h-2) {
		out = append(out, side+l+side)
	}
	return append(out, border.Render(g.BL+strings.Repeat(g.H, w-2)+g.BR))
}

// fill makes exactly h lines of exactly w cells.
func fill(lines []string, w, h int) []string {
	out := make([]string, max(0, h))
	for i := range out {
		s := ""
		if i < len(lines) {
			s = lines[i]
		}
		out[i] = grid.Fit(s, max(0, w))
	}
	return out
}

// pad moves lines one cell to the right, off the border.
func pad(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = " " + l
	}
	return out
}

// beside joins columns of equal height.
func beside(cols [][]string) []string {
	if len(cols) == 0 {
		return nil
	}
	out := make([]string, len(cols[0]))
	for i := range out {
		var b strings.Builder
		for _, c := range cols {
			b.WriteString(c[i])
		}
		out[i] = b.String()
	}
	return out
}

// maxWrap bounds what is laid out for one value; a description of megabytes must not slow a frame.
const maxWrap = 16 << 10

// wrap breaks text into lines of at most w cells, at blanks where there are any.
func wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	if len(s) > maxWrap {
		s = strings.ToValidUTF8(s[:maxWrap], "") + " ~"
	}
	var out []string
	for para := range strings.SplitSeq(s, "\n") {
		line := ""
		for word := range strings.FieldsSeq(para) {
			for grid.Width(word) > w {
				if line != "" {
					out, line = append(out, line), ""
				}
				head := headOf(word, w)
				out, word = append(out, head), word[len(head):]
			}
			switch {
			case line == "":
				line = word
			case grid.Width(line)+1+grid.Width(word) <= w:
				line += " " + word
			default:
				out, line = append(out, line), word
			}
		}
		out = append(out, line)
	}
	return out
}

// headOf is the longest beginning of s that fits w cells, at least one character.
func headOf(s string, w int) string {
	cells := 0
	for i, r := range s {
		cells += grid.Width(string(r))
		if cells > w && i > 0 {
			return s[:i]
		}
	}
	return s
}
