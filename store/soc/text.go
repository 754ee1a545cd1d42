package soc

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks a base character may carry; more is an attack on the line above ("zalgo"), not a language.
const maxMarks = 4

// dottedCircle is the base that a combining mark gets when it has none of its own, so that it can not land on whatever the screen
// printed before the text.
const dottedCircle = '\u25cc'

// Clean makes text from outside safe to print in one line of any surface: terminal, log, mail, export. It is applied once, where the
// text comes in; nothing after it has to remember that alert titles and host names are written by attackers (SC27).
//
// Bytes that are not UTF-8 become U+FFFD first: a broken lead byte can carry a whole escape sequence past any rune-wise filter. Tab, line
// feed, carriage return and the Unicode line ends become one space; every other control character (C0, DEL, C1) is dropped. What changes
// the direction or the look of text without being seen (bidi controls, joiners, tags, private use, fillers) is made visible as ‹U+202E›.
// U+200B, U+200D and the variation selectors are dropped, because layout and renderer disagree on their width. A base keeps four
// combining marks.
//
// Clean is idempotent, and leaves ordinary text of any script as it is. It does not shorten.
func Clean(s string) string { return clean(s, ' ') }

// CleanLines is Clean for text of several lines (descriptions, comments): line ends stay, as a single line feed.
func CleanLines(s string) string { return clean(s, '\n') }

func clean(s string, lineEnd rune) string {
	if plainASCII(s) {
		return s
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	var b strings.Builder
	b.Grow(len(s))
	marks := -1 // combining marks on the current base; -1: there is no base yet
	for i, r := range s {
		switch {
		case r == '\r' && strings.HasPrefix(s[i+1:], "\n"):
			// the line feed that follows stands for both
		case r == '\n' || r == '\u2028' || r == '\u2029':
			b.WriteRune(lineEnd)
			marks = 0
			if lineEnd == '\n' {
				marks = -1
			}
		case r == '\t' || r == '\r':
			b.WriteByte(' ')
			marks = 0
		case unicode.IsControl(r) || dropped(r):
		case invisible(r):
			fmt.Fprintf(&b, "‹U+%04X›", r)
			marks = 0
		case unicode.Is(unicode.M, r):
			if marks < 0 {
				b.WriteRune(dottedCircle)
				marks = 0
			}
			if marks < maxMarks {
				b.WriteRune(r)
				marks++
			}
		default:
			b.WriteRune(r)
			marks = 0
		}
	}
	return b.String()
}

// plainASCII is the fast path: most text needs nothing done.
func plainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// dropped tells the characters that have no look of their own and whose width layout and renderer count differently.
func dropped(r rune) bool {
	return r == '\u200b' || r == '\u200d' || (r >= '\ufe00' && r <= '\ufe0f')
}

// invisible tells the characters that act without being seen, or look different on every machine.
func invisible(r rune) bool {
	switch {
	case r == '\u034f', r == '\u115f', r == '\u1160', r == '\u17b4', r == '\u17b5', r == '\u3164', r == '\uffa0':
		return true // grapheme joiner, fillers
	case r >= '\u180b' && r <= '\u180f', r >= 0xe0000 && r <= 0xe0fff:
		return true // Mongolian selectors; tags and plane 14 selectors
	case r >= '\ufdd0' && r <= '\ufdef', r&0xfffe == 0xfffe:
		return true // noncharacters
	}
	return unicode.In(r, unicode.Cf, unicode.Co)
}
