package term

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
)

// Size of a character cell in a picture, in pixels, and the colours of its terminal.
const (
	cellW, cellH, margin = 8.4, 18.0, 12.0
	paper, ink           = "#1e1e1e", "#d8d8d8"
)

// SVG draws the screen as a picture: what the terminal shows, cell by cell, colours included.
func (e *Term) SVG() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	w, h := e.vt.Width(), e.vt.Height()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="14">`,
		float64(w)*cellW+2*margin, float64(h)*cellH+2*margin)
	fmt.Fprintf(&b, "\n<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"%s\"/>\n", paper)
	for y := range h {
		e.row(&b, y, w)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// row draws the runs of one line; a run is text of one style.
func (e *Term) row(b *strings.Builder, y, w int) {
	for x := 0; x < w; {
		c := e.vt.CellAt(x, y)
		if c == nil {
			x++
			continue
		}
		from, style, text := x, c.Style, ""
		for x < w {
			c := e.vt.CellAt(x, y)
			if c == nil || !c.Style.Equal(&style) {
				break
			}
			text += orSpace(c.Content)
			x += max(1, c.Width)
		}
		run(b, from, x-from, y, style, text)
	}
}

func run(b *strings.Builder, x, n, y int, s uv.Style, text string) {
	fg, bg := hex(s.Fg, ink), hex(s.Bg, "")
	if s.Attrs&uv.AttrReverse != 0 {
		fg, bg = orWord(bg, paper), fg
	}
	left, top, width := margin+float64(x)*cellW, margin+float64(y)*cellH, float64(n)*cellW
	if bg != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, left, top, width, cellH, bg)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	weight := ""
	if s.Attrs&uv.AttrBold != 0 {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, "<text xml:space=\"preserve\" x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\" fill=\"%s\"%s>%s</text>\n",
		left, top+cellH*0.76, width, fg, weight, html.EscapeString(text))
}

func hex(c color.Color, other string) string {
	if c == nil {
		return other
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

func orSpace(s string) string { return orWord(s, " ") }

func orWord(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
