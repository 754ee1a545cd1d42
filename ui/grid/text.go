package grid

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"cordon/ui/theme"
)

// Width is the number of cells that s takes in a terminal that counts code points, which is what the renderer assumes. Styles inside s
// take none.
func Width(s string) int {
	if ascii(s) {
		return len(s)
	}
	return ansi.StringWidthWc(s)
}

// Cut shortens s to at most w cells; what was cut ends in ~. Line ends and tabs become blanks.
func Cut(s string, w int) string {
	s, _ = cut(s, w)
	return s
}

// cut is Cut, with the width of the result.
func cut(s string, w int) (string, int) {
	if w <= 0 {
		return "", 0
	}
	if ascii(s) {
		if len(s) <= w {
			return s, len(s)
		}
		return s[:w-1] + "~", w
	}
	if strings.ContainsAny(s, "\r\n\t") {
		s = flat.Replace(s)
	}
	if n := ansi.StringWidthWc(s); n <= w {
		return s, n
	}
	s = theme.Clip(s, w)
	return s, ansi.StringWidthWc(s)
}

// Fit cuts or pads s to exactly w cells.
func Fit(s string, w int) string {
	s, n := cut(s, w)
	if n < w {
		s += blanks(w - n)
	}
	return s
}

// FitRight is Fit with the blanks at the left.
func FitRight(s string, w int) string {
	s, n := cut(s, w)
	return blanks(w-n) + s
}

// Between puts left and right at the two ends of a line of w cells, a blank between them. Right is kept whole as long as it fits; left is
// cut.
func Between(left, right string, w int) string {
	right, n := cut(right, w)
	rest := w - n - 1
	if right == "" || rest < 1 {
		return Fit(left+right, w)
	}
	return Fit(left, rest) + " " + right
}

// Lines makes a block of exactly h lines of at most w cells: too long ones are cut, missing ones are empty.
func Lines(lines []string, w, h int) string {
	var b strings.Builder
	for i := range h {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i < len(lines) {
			b.WriteString(Cut(lines[i], w))
		}
	}
	return b.String()
}

// flat keeps a cell on its line.
var flat = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ")

func ascii(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

const spaces = "                                                                                                                                "

func blanks(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(spaces) {
		return spaces[:n]
	}
	return strings.Repeat(" ", n)
}
