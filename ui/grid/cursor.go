package grid

import "slices"

// Cursor returns the id and the index of the row under the cursor. ok is false in an empty list and while that row is not loaded: a caller
// must not act then.
func (g *Grid) Cursor() (id string, index int, ok bool) {
	i := g.cur - g.from
	if i < 0 || i >= len(g.rows) || g.rows[i].ID != g.curID {
		return "", g.cur, false
	}
	return g.curID, g.cur, true
}

// SetCursor moves the cursor to a position.
func (g *Grid) SetCursor(index int) { g.moveTo(index) }

// KeepCursor names the id that the next SetRows shall put the cursor on. The grid does this by itself for the row under the cursor; call it
// to come back to a row that was left.
func (g *Grid) KeepCursor(id string) {
	g.dirty(g.cur)
	g.curID = id
}

// moveTo moves the cursor and scrolls as little as possible.
func (g *Grid) moveTo(index int) {
	was := g.cur
	g.cur = index
	g.curID = ""
	g.settle(was)
	g.markRange()
}

// settle clamps the cursor, finds its id, and draws the row it left and the row it is on again.
func (g *Grid) settle(was int) {
	g.cur = min(max(g.cur, 0), max(g.total-1, 0))
	if i := g.cur - g.from; i >= 0 && i < len(g.rows) {
		g.curID = g.rows[i].ID
	}
	g.dirty(was)
	g.dirty(g.cur)
	g.scroll()
}

// scroll brings the cursor into view.
func (g *Grid) scroll() {
	page := g.page()
	if page == 0 {
		return
	}
	g.top = min(g.top, g.cur)
	g.top = max(g.top, g.cur-page+1)
	g.top = max(0, min(g.top, g.total-page))
}

func (g *Grid) dirty(index int) {
	if i := index - g.from; i >= 0 && i < len(g.lines) {
		g.lines[i] = ""
	}
}

// needLoad reports whether the window should be loaded again: a row on screen is missing, or less than half a page is left before one is.
func (g *Grid) needLoad() bool {
	half := g.page() / 2
	first := max(0, g.top-half)
	last := min(g.total, g.top+g.page()+half)
	return first < g.from || last > g.from+len(g.rows)
}

// Marks returns the marked ids in the order of marking.
func (g *Grid) Marks() []string {
	out := make([]string, 0, len(g.marks))
	for id := range g.marks {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b string) int { return g.marks[a] - g.marks[b] })
	return out
}

// Marked returns how many rows are marked, loaded or not.
func (g *Grid) Marked() int { return len(g.marks) }

// ClearMarks removes all marks and ends a range.
func (g *Grid) ClearMarks() {
	clear(g.marks)
	g.ranging, g.anchorID = false, ""
	for i := range g.rows {
		g.mark(i, false)
	}
}

// Ranging reports whether v started a range that moves with the cursor.
func (g *Grid) Ranging() bool { return g.ranging }

// mark sets the mark of a loaded row; i counts within the window.
func (g *Grid) mark(i int, on bool) {
	r := &g.rows[i]
	if _, have := g.marks[r.ID]; on && !have {
		g.next++
		g.marks[r.ID] = g.next
	}
	if !on {
		delete(g.marks, r.ID)
	}
	if r.Mark != on {
		r.Mark = on
		g.lines[i] = ""
	}
}

func (g *Grid) toggleMark() {
	i := g.cur - g.from
	if g.curID == "" || i < 0 || i >= len(g.rows) {
		return
	}
	g.mark(i, !g.rows[i].Mark)
}

// toggleRange starts a range at the cursor, or ends it and keeps what it marked.
func (g *Grid) toggleRange() {
	g.ranging = !g.ranging
	g.anchor, g.anchorID = g.cur, g.curID
	g.markRange()
}

func (g *Grid) markRange() {
	if !g.ranging {
		return
	}
	for i := min(g.anchor, g.cur); i <= max(g.anchor, g.cur); i++ {
		if j := i - g.from; j >= 0 && j < len(g.rows) {
			g.mark(j, true)
		}
	}
}

// toggleShown marks the rows on screen, or takes their marks away if all of them have one. Rows that nobody has seen are never marked.
func (g *Grid) toggleShown() {
	first, last := max(g.top, g.from)-g.from, min(g.top+g.page(), g.from+len(g.rows))-g.from
	if first >= last {
		return
	}
	all := true
	for i := first; i < last; i++ {
		all = all && g.rows[i].Mark
	}
	for i := first; i < last; i++ {
		g.mark(i, !all)
	}
}
