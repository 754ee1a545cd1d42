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

// Clip cuts s to at most w cells; what was cut is shown by a tilde at the end. Line ends and tabs become blanks, so that a line stays one.
func Clip(s string, w int) string {
	s, _ = Cut(s, w)
	return s
}

// Cut is Clip, with the width of the result: drawing a list asks for both, for every cell of every row.
func Cut(s string, w int) (string, int) {
	switch {
	case w <= 0:
		return "", 0
	case plain(s) && len(s) <= w:
		return s, len(s)
	case plain(s):
		return s[:w-1] + "~", w
	}
	s = oneLine(s)
	if n := Width(s); n <= w {
		return s, n
	}
	// The blanks are there because TruncateWc first asks how wide the text is in grapheme clusters, which may be less than in cells, and
	// then cuts nothing at all: emoji joined to families, Hindi.
	s = ansi.TruncateWc(s+strings.Repeat(" ", w+1), w, "~")
	return s, Width(s)
}

// oneLine puts blanks for line ends and tabs.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n\t") {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(s)
}

// Tail is Clip for text whose end matters, such as one that is being typed: what was cut is shown by a tilde in front.
func Tail(s string, w int) string {
	n := Width(s)
	switch {
	case w <= 0:
		return ""
	case n <= w:
		return s
	case plain(s):
		return "~" + s[n-w+1:]
	}
	for cut := n - w + 1; cut <= n; cut++ { // a wide character on the edge goes as a whole
		if out := ansi.TruncateLeftWc(s, cut, "~"); Width(out) <= w {
			return out
		}
	}
	return "~"
}

// Around cuts the text before and after a cursor so that both and a cursor of one cell fit w cells: the cursor is always in sight.
func Around(before, after string, w int) (left, right string) {
	left = Tail(before, w-1)
	if after == "" {
		return left, ""
	}
	return left, Clip(after, w-Width(left))
}

// Fit makes s exactly w cells wide: cut or padded with blanks.
func Fit(s string, w int) string {
	s, n := Cut(s, w)
	return s + strings.Repeat(" ", max(0, w-n))
}

// FitRight is Fit with the blanks in front.
func FitRight(s string, w int) string {
	s, n := Cut(s, w)
	return strings.Repeat(" ", max(0, w-n)) + s
}

// Ends puts left and right at the two ends of a line of w cells. Right is kept whole as long as it fits; left is cut.
func Ends(left, right string, w int) string {
	right, n := Cut(right, w)
	if right == "" || w-n < 2 {
		return Fit(left+right, w)
	}
	return Fit(left, w-n-1) + " " + right
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
