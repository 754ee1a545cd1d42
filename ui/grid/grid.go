// Package grid is the table of every list in cordon. It shows a window of a list that may have a million rows and holds only the rows of
// that window: the screen asks Want, loads those rows, and hands them over with SetRows.
//
// It promises three things. The cursor and the marks follow ids, not positions: when rows move, both stay with what the person chose. A
// key press draws again only the rows that it changed; the rest comes from a cache. And View returns exactly the height it was given, with
// no line wider than its width, whatever is in the cells.
//
// A Grid is not safe for use by several goroutines; it belongs to one screen.
package grid

import (
	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/theme"
)

// Column describes one column. The widths are in cells.
type Column struct {
	ID, Title string
	// Short is the title in grids under 100 cells, if set.
	Short    string
	Min, Max int  // Max 0 = no limit
	Grow     bool // takes a share of the cells that are left
	Right    bool // numbers and ages: aligned to the right
	// DropBelow hides the column when the grid is narrower than this.
	DropBelow int
	// Sort is the field of soc.SortKey that this column sorts by, empty if it can not be sorted.
	Sort string
}

// Cell is one value. Text must be clean already; it is cut with ~ where it does not fit.
type Cell struct {
	Text  string
	Style lipgloss.Style
}

// Row is one line: an id that stays the same while the row moves, and one cell for each column.
type Row struct {
	ID    string
	Cells []Cell
	// Mark is set by the grid.
	Mark bool
}

// Grid is a windowed table.
type Grid struct {
	th     *theme.Theme
	cols   []Column
	widths []int // of the columns at the present size; 0 = hidden
	w, h   int
	header bool
	sort   []soc.SortKey

	rows  []Row
	lines []string // cache of rendered rows, "" = to be drawn
	from  int      // index of rows[0]
	total int
	top   int // index of the first row on screen
	cur   int
	curID string // id under the cursor, "" while its row is not loaded

	marks    map[string]int // id → order of marking
	next     int
	ranging  bool
	anchor   int
	anchorID string

	drawn int // rows rendered so far, for benchmarks
}

// New returns an empty grid that shows a header.
func New(th *theme.Theme, cols ...Column) *Grid {
	return &Grid{th: th, cols: cols, widths: make([]int, len(cols)), header: true, marks: map[string]int{}}
}

// Resize sets the size in cells; h includes the header line.
func (g *Grid) Resize(w, h int) {
	if w == g.w && h == g.h {
		return
	}
	if w != g.w {
		g.w = w
		g.Invalidate()
	}
	g.h = h
	g.layout()
	g.scroll()
}

// SetHeader shows or hides the header line.
func (g *Grid) SetHeader(on bool) {
	g.header = on
	g.scroll()
}

// SetSort says by what the rows are ordered, so that the header can show it. It does not sort.
func (g *Grid) SetSort(s []soc.SortKey) {
	g.sort = append(g.sort[:0], s...)
	g.layout()
	g.Invalidate()
}

// Invalidate draws every row again at the next View: after a change of theme.
func (g *Grid) Invalidate() { clear(g.lines) }

// SetTheme replaces the theme.
func (g *Grid) SetTheme(th *theme.Theme) {
	g.th = th
	g.Invalidate()
}

// SetColumns replaces the columns and keeps cursor and marks. The rows are drawn again as soon as SetRows brings cells for them.
func (g *Grid) SetColumns(cols ...Column) {
	g.cols, g.widths = cols, make([]int, len(cols))
	g.layout()
	g.Invalidate()
}

// Columns returns the columns that are visible at the present width.
func (g *Grid) Columns() []Column {
	var out []Column
	for i, c := range g.cols {
		if g.widths[i] > 0 {
			out = append(out, c)
		}
	}
	return out
}

// Want is the window that the grid needs: what is on screen and a page on either side.
func (g *Grid) Want() (from, count int) {
	page := max(g.page(), 1)
	from = max(0, g.top-page)
	return from, g.top - from + 2*page
}

// SetRows replaces the window. from is the index of rows[0] in the list, total the length of the list. The cursor stays on the id that it
// is on if that is among the rows, else on its position.
func (g *Grid) SetRows(from int, rows []Row, total int) {
	g.dirty(g.cur) // drawn with the cursor, which may be named elsewhere by now (KeepCursor)
	old, lines := g.rows, g.lines
	g.from, g.total = from, max(total, from+len(rows))
	g.rows = append([]Row(nil), rows...)
	g.lines = make([]string, len(rows))
	at := make(map[string]int, len(old))
	for i, r := range old {
		at[r.ID] = i
	}
	for i := range g.rows {
		r := &g.rows[i]
		_, r.Mark = g.marks[r.ID]
		if j, ok := at[r.ID]; ok && r.ID != g.curID && sameRow(*r, old[j]) {
			g.lines[i] = lines[j]
		}
	}
	g.followCursor()
}

// followCursor puts the cursor where its id went, keeping it on its line of the screen unless the top of the list is in view.
func (g *Grid) followCursor() {
	line, was := g.cur-g.top, g.cur
	if i, ok := g.find(g.curID); ok {
		g.cur = i
	}
	if g.top > 0 || g.cur >= g.page() {
		g.top = max(0, g.cur-line)
	}
	if i, ok := g.find(g.anchorID); ok {
		g.anchor = i
	}
	g.settle(was)
	g.markRange()
}

// Total is the length of the list as SetRows last said.
func (g *Grid) Total() int { return g.total }

// Row returns a loaded row by its id.
func (g *Grid) Row(id string) (Row, bool) {
	if i, ok := g.find(id); ok {
		return g.rows[i-g.from], true
	}
	return Row{}, false
}

func (g *Grid) find(id string) (index int, ok bool) {
	if id == "" {
		return 0, false
	}
	for i := range g.rows {
		if g.rows[i].ID == id {
			return g.from + i, true
		}
	}
	return 0, false
}

// page is how many rows fit.
func (g *Grid) page() int {
	if g.header {
		return max(0, g.h-1)
	}
	return max(0, g.h)
}
