// Package theme is the only place that knows colours and glyphs. Styles are named by what they mean (Danger, Muted), never by how they look,
// and are built per session: nothing here is a package variable, because two analysts on one server may sit in front of a dark and a light
// terminal.
//
// The colour-blind-safe palette is the default. Its colours keep a distance of at least 21 (CIE76) from each other for normal, protan,
// deutan and tritan vision and 4.5:1 contrast on their background; each state also has its own word, so that colour never carries meaning
// alone.
package theme

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// Kind names a theme.
type Kind string

// The themes.
const (
	Auto  Kind = "auto" // dark or light, by what the terminal says about its background
	Dark  Kind = "dark"
	Light Kind = "light"
	Mono  Kind = "mono" // no colours: reverse, bold and words only
)

// Theme is the set of styles and glyphs of one session.
type Theme struct {
	Kind Kind

	Text, Muted, Strong, Accent     lipgloss.Style
	Title, Crumb, Border            lipgloss.Style
	Key, Hint                       lipgloss.Style // hint lines
	Cursor, Marked, Selected        lipgloss.Style // rows; always with a sign as well
	High, Med, Low, Inf             lipgloss.Style // severities
	Good, Warn, Bad, Isolated, Prod lipgloss.Style // states
	Field, FieldFocus, Invalid      lipgloss.Style // forms
	Button, ButtonFocus, ButtonOff  lipgloss.Style

	Glyph Glyphs
}

// Glyphs are the signs that have an ASCII twin.
type Glyphs struct {
	Cursor, Mark                                           string
	H, V, TL, TR, BL, BR, LT, RT                           string // box lines; LT and RT are the left and right tees
	BarFull, BarRest                                       string
	Spark                                                  []string // low to high
	On, Off, RadioOn, RadioOff, Ellipsis, Sep, Bell, Arrow string
}

type palette struct{ high, med, low, info, ok, isolated, text, muted, accent, warn, bad color.Color }

// New builds a theme. dark says whether the terminal's background is dark; ascii asks for plain glyphs; noColor overrides the kind.
func New(kind Kind, dark, ascii, noColor bool) *Theme {
	if noColor {
		kind = Mono
	}
	if kind == Auto || kind == "" {
		kind = Light
		if dark {
			kind = Dark
		}
	}
	t := &Theme{Kind: kind, Glyph: glyphs(ascii)}
	if kind == Mono {
		t.mono()
		return t
	}
	t.colour(paletteOf(kind))
	return t
}

func paletteOf(kind Kind) palette {
	c := lipgloss.Color
	if kind == Light {
		return palette{
			high: c("#6f0703"), med: c("#886305"), low: c("#1e60b8"), info: c("#6d6d6d"), ok: c("#073630"), isolated: c("#6f166e"),
			text: c("#1a1a1a"), muted: c("#6d6d6d"), accent: c("#1e60b8"), warn: c("#886305"), bad: c("#6f0703"),
		}
	}
	return palette{
		high: c("#fb8e71"), med: c("#e9ec09"), low: c("#20b3fa"), info: c("#868686"), ok: c("#6df7c1"), isolated: c("#ffb4e8"),
		text: c("#d8d8d8"), muted: c("#868686"), accent: c("#20b3fa"), warn: c("#e9ec09"), bad: c("#fb8e71"),
	}
}

func (t *Theme) colour(p palette) {
	s := lipgloss.NewStyle
	t.Text, t.Muted, t.Strong, t.Accent = s(), s().Foreground(p.muted), s().Bold(true), s().Foreground(p.accent)
	t.Title, t.Crumb, t.Border = s().Bold(true), s().Foreground(p.accent), s().Foreground(p.muted)
	t.Key, t.Hint = s().Bold(true), s().Foreground(p.muted)
	t.Cursor, t.Marked, t.Selected = s().Reverse(true), s().Foreground(p.accent).Bold(true), s().Reverse(true)
	t.High, t.Med, t.Low, t.Inf = s().Foreground(p.high).Bold(true), s().Foreground(p.med), s().Foreground(p.low), s().Foreground(p.info)
	t.Good, t.Warn, t.Bad = s().Foreground(p.ok), s().Foreground(p.warn), s().Foreground(p.bad).Bold(true)
	t.Isolated, t.Prod = s().Foreground(p.isolated).Bold(true), s().Foreground(p.bad).Reverse(true).Bold(true)
	t.Field, t.FieldFocus, t.Invalid = s(), s().Underline(true).Bold(true), s().Foreground(p.bad).Underline(true)
	t.Button, t.ButtonFocus, t.ButtonOff = s(), s().Reverse(true).Bold(true), s().Foreground(p.muted)
}

func (t *Theme) mono() {
	s := lipgloss.NewStyle
	t.Text, t.Muted, t.Strong, t.Accent = s(), s(), s().Bold(true), s()
	t.Title, t.Crumb, t.Border = s().Bold(true), s(), s()
	t.Key, t.Hint = s().Bold(true), s()
	t.Cursor, t.Marked, t.Selected = s().Reverse(true), s().Bold(true), s().Reverse(true)
	t.High, t.Med, t.Low, t.Inf = s().Reverse(true), s().Bold(true), s(), s()
	t.Good, t.Warn, t.Bad, t.Isolated, t.Prod = s(), s().Bold(true), s().Reverse(true), s().Reverse(true), s().Reverse(true)
	t.Field, t.FieldFocus, t.Invalid = s(), s().Underline(true), s().Underline(true)
	t.Button, t.ButtonFocus, t.ButtonOff = s(), s().Reverse(true), s()
}

func glyphs(ascii bool) Glyphs {
	g := Glyphs{
		Cursor: ">", Mark: "*", H: "-", V: "|", TL: "+", TR: "+", BL: "+", BR: "+", LT: "+", RT: "+", BarFull: "#", BarRest: ".",
		Spark: []string{".", ":", "|"}, On: "[x]", Off: "[ ]", RadioOn: "(o)", RadioOff: "( )", Ellipsis: "~", Sep: "|", Bell: "!", Arrow: "->",
	}
	if ascii {
		return g
	}
	g.Cursor, g.H, g.V, g.TL, g.TR, g.BL, g.BR, g.LT, g.RT = "▸", "─", "│", "╭", "╮", "╰", "╯", "├", "┤"
	g.BarFull, g.BarRest = "█", "░"
	g.Spark = []string{"▁", "▂", "▃", "▅", "▇"}
	g.Sep, g.Arrow = "│", "→"
	return g
}

// Severity returns the style of a severity rank (0 unspecified … 4 high).
func (t *Theme) Severity(rank int) lipgloss.Style {
	switch rank {
	case 4:
		return t.High
	case 3:
		return t.Med
	case 2:
		return t.Low
	}
	return t.Inf
}
