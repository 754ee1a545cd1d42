package dialog

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"cordon/store/soc"
	"cordon/ui/theme"
)

// Field is a line of text. It has no key of the kind that terminals and multiplexers take away, and it never reads the clipboard of the
// machine it runs on, which over SSH is not the analyst's.
type Field struct {
	Name   string
	Limit  int  // runes, 0 = 200
	NoPast bool // pasted text is refused: the point is to read what one types
	text   []rune
	at     int
}

// Text returns what was typed.
func (f *Field) Text() string { return string(f.text) }

// Set replaces the text and puts the cursor at its end.
func (f *Field) Set(s string) {
	f.text = nil
	f.at = 0
	f.insert(s)
}

func (f *Field) limit() int {
	if f.Limit > 0 {
		return f.Limit
	}
	return 200
}

// insert adds text at the cursor. It is cleaned first: a person may paste what an attacker wrote.
func (f *Field) insert(s string) {
	add := []rune(soc.Clean(s))
	if room := f.limit() - len(f.text); len(add) > room {
		add = add[:max(0, room)]
	}
	rest := append(add[:len(add):len(add)], f.text[f.at:]...)
	f.text = append(f.text[:f.at:f.at], rest...)
	f.at += len(add)
}

func (f *Field) paste(s string) bool {
	if f.NoPast {
		return false
	}
	f.insert(s)
	return true
}

// key handles an editing key and reports whether it did.
func (f *Field) key(p Press) bool {
	switch p.String() {
	case "left":
		f.at = max(0, f.at-1)
	case "right":
		f.at = min(len(f.text), f.at+1)
	case "home":
		f.at = 0
	case "end", "ctrl+e":
		f.at = len(f.text)
	case "backspace":
		if f.at > 0 {
			f.text = append(f.text[:f.at-1], f.text[f.at:]...)
			f.at--
		}
	case "delete":
		if f.at < len(f.text) {
			f.text = append(f.text[:f.at], f.text[f.at+1:]...)
		}
	case "ctrl+u":
		f.text, f.at = append([]rune{}, f.text[f.at:]...), 0
	case "ctrl+k":
		f.text = f.text[:f.at]
	case "ctrl+w":
		f.dropWord()
	default:
		if r, _ := utf8.DecodeRuneInString(p.Text); p.Text == "" || unicode.IsControl(r) {
			return false
		}
		f.insert(p.Text)
	}
	return true
}

func (f *Field) dropWord() {
	at := f.at
	for at > 0 && f.text[at-1] == ' ' {
		at--
	}
	for at > 0 && f.text[at-1] != ' ' {
		at--
	}
	f.text = append(f.text[:at], f.text[f.at:]...)
	f.at = at
}

// view draws the field in w cells. With the focus it shows a cursor; the text scrolls so that the cursor stays in sight.
func (f *Field) view(t *theme.Theme, focus bool, w int) string {
	if !focus {
		s := theme.Clip(string(f.text), w)
		return t.Field.Render(s) + t.Muted.Render(strings.Repeat("_", max(0, w-theme.Width(s))))
	}
	under, after := " ", ""
	if f.at < len(f.text) {
		under, after = string(f.text[f.at]), string(f.text[f.at+1:])
	}
	from := 0
	for from < f.at && theme.Width(string(f.text[from:f.at])+under) > w {
		from++
	}
	before := string(f.text[from:f.at])
	after = theme.Clip(after, max(0, w-theme.Width(before)-theme.Width(under)))
	rest := max(0, w-theme.Width(before+under+after))
	return t.FieldFocus.Render(before) + t.Cursor.Render(under) + t.FieldFocus.Render(after) + t.Muted.Render(strings.Repeat("_", rest))
}
