package ui

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"cordon/ui/theme"
)

// guard lets text and colours through to the terminal and nothing else. Text from outside is cleaned at the wire; this is the last line of
// defence for a screen that forgot, and it is cheap: most lines hold nothing to look at.
//
// Allowed are printable characters and SGR sequences (ESC [ digits and separators m). Every other escape sequence, control character and
// broken byte becomes a question mark, so that a title can neither move the cursor nor write the clipboard, and links are not passed.
func guard(s string) string {
	if harmless(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := sgr(s[i:]); n > 0 {
			b.WriteString(s[i : i+n])
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1, r < ' ', r >= 0x7f && r < 0xa0, hidden(r):
			b.WriteByte('?')
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// harmless is the fast path: printable ASCII only.
func harmless(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// sgr returns the length of the colour sequence that s starts with, 0 if there is none.
func sgr(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case (c < '0' || c > '9') && c != ';' && c != ':':
			return 0
		}
	}
	return 0
}

// hidden tells the characters that turn text around or join it without being seen.
func hidden(r rune) bool {
	switch {
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff, r == 0x061c:
		return true
	}
	return false
}

// plain removes our own styles.
func plain(s string) string { return ansi.Strip(s) }

// cut takes the cells from a to b out of a line without styles. A wide character on the border becomes blanks.
func cut(s string, a, b int) string {
	if harmless(s) {
		return s[min(a, len(s)):min(b, len(s))]
	}
	var out strings.Builder
	at := 0
	for _, r := range s {
		w := theme.Width(string(r))
		switch {
		case at >= a && at+w <= b:
			out.WriteRune(r)
		case at < b && at+w > a:
			out.WriteString(strings.Repeat(" ", min(b, at+w)-max(a, at)))
		}
		at += w
	}
	return out.String()
}
