package theme

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Widths are counted the way the renderer counts them (wcwidth per code point), not by grapheme cluster: the two disagree on emoji and
// Indic text until the terminal confirms otherwise, and a line that is one cell too wide breaks the whole frame.

// Width returns how many cells s takes. Escape sequences take none.
func Width(s string) int {
	if plain(s) {
		return len(s)
	}
	return ansi.StringWidthWc(s)
}

// Clip cuts s to at most w cells; what was cut is shown by a tilde at the end.
func Clip(s string, w int) string {
	switch {
	case w <= 0:
		return ""
	case Width(s) <= w:
		return s
	case plain(s):
		return s[:w-1] + "~"
	}
	return ansi.TruncateWc(s, w, "~")
}

// Fit makes s exactly w cells wide: cut or padded with blanks.
func Fit(s string, w int) string {
	s = Clip(s, w)
	if n := w - Width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// FitRight is Fit with the blanks in front.
func FitRight(s string, w int) string {
	s = Clip(s, w)
	if n := w - Width(s); n > 0 {
		return strings.Repeat(" ", n) + s
	}
	return s
}

// Ends puts left and right at the two ends of a line of w cells. Right is kept whole as long as it fits; left is cut.
func Ends(left, right string, w int) string {
	right = Clip(right, w)
	rest := w - Width(right)
	if right == "" || rest < 2 {
		return Fit(left+right, w)
	}
	return Fit(left, rest-1) + " " + right
}

// Wrap breaks s into lines of at most w cells, at blanks where it can.
func Wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	return strings.Split(ansi.WrapWc(s, w, ""), "\n")
}

func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
