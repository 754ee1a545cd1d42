package dialog

import (
	"strings"

	"cordon/ui/theme"
)

// list is a filterable list with a cursor: what help, palette, pick and the error list are made of.
type list struct {
	filter Field
	rows   []row
	at     int
}

// row is one line of a list. A heading can not be selected.
type row struct {
	cells   []string
	heading bool
	tail    string // stands at the right end
	off     string // why it does nothing, shown when it is chosen
	id      string
}

// reset replaces the rows and puts the cursor on the first one.
func (l *list) reset(rows []row) {
	l.rows, l.at = rows, 0
	l.skip(1)
}

// set replaces the rows; the cursor follows the id it was on.
func (l *list) set(rows []row) {
	id := ""
	if l.at < len(l.rows) {
		id = l.rows[l.at].id
	}
	l.rows, l.at = rows, 0
	for i, r := range rows {
		if id != "" && r.id == id && !r.heading {
			l.at = i
			return
		}
	}
	l.skip(1)
}

// skip moves on from a heading.
func (l *list) skip(by int) {
	for l.at >= 0 && l.at < len(l.rows) && l.rows[l.at].heading {
		l.at += by
	}
	if l.at < 0 || l.at >= len(l.rows) {
		l.at = 0
		for l.at < len(l.rows)-1 && l.rows[l.at].heading {
			l.at++
		}
	}
}

// key moves the cursor or edits the filter; changed says that the filter is another one now.
func (l *list) key(p Press, page int) (changed bool) {
	switch p.String() {
	case "down", "ctrl+n":
		l.move(1)
	case "up":
		l.move(-1)
	case "pgdown":
		l.move(page)
	case "pgup":
		l.move(-page)
	default:
		before := l.filter.Text()
		l.filter.key(p)
		return before != l.filter.Text()
	}
	return false
}

func (l *list) move(by int) {
	if len(l.rows) == 0 {
		return
	}
	l.at = max(0, min(len(l.rows)-1, l.at+by))
	step := 1
	if by < 0 {
		step = -1
	}
	l.skip(step)
}

// cur returns the row under the cursor.
func (l *list) cur() (row, bool) {
	if l.at >= len(l.rows) || l.rows[l.at].heading {
		return row{}, false
	}
	return l.rows[l.at], true
}

// view draws h rows of w cells around the cursor; widths are those of the cells, the last one takes the rest.
func (l *list) view(t *theme.Theme, widths []int, w, h int) []string {
	from := max(0, min(l.at-h/2, len(l.rows)-h))
	var out []string
	for i := from; i < len(l.rows) && len(out) < h; i++ {
		out = append(out, l.draw(t, l.rows[i], i == l.at, widths, w))
	}
	return out
}

func (l *list) draw(t *theme.Theme, r row, cursor bool, widths []int, w int) string {
	if r.heading {
		return t.Title.Render(theme.Clip(strings.Join(r.cells, " "), w))
	}
	var b strings.Builder
	w -= 2
	rest := w
	for i, c := range r.cells {
		cw := rest
		if i < len(widths) && i < len(r.cells)-1 {
			cw = min(widths[i], rest)
		}
		b.WriteString(theme.Fit(c, max(0, cw)))
		rest -= cw
	}
	sign := "  "
	style := t.Text
	if r.off != "" {
		style = t.Muted
	}
	text := theme.Fit(b.String(), w)
	if r.tail != "" {
		text = theme.Ends(strings.TrimRight(text, " "), theme.Clip(r.tail, w/2), w)
	}
	if cursor {
		sign, style = t.Glyph.Cursor+" ", t.Cursor
	}
	return style.Render(sign + text)
}
