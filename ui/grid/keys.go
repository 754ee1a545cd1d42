package grid

import (
	tea "charm.land/bubbletea/v2"

	"cordon/ui/keys"
)

// Ids of the actions of a grid.
const (
	idMove   = "grid.move"
	idTop    = "grid.top"
	idEnd    = "grid.end"
	idHalf   = "grid.half"
	idPage   = "grid.page"
	idMark   = "grid.mark"
	idRange  = "grid.range"
	idShown  = "grid.all"
	idUp     = "grid.up"
	idHalfUp = "grid.half-up"
	idPageUp = "grid.page-up"
)

// Keys are the bindings of a grid: Moves and Marks.
func Keys() []keys.Binding { return append(Moves(), Marks()...) }

// Moves are the bindings that move the cursor. A screen that does nothing to several rows offers only these.
func Moves() []keys.Binding {
	return []keys.Binding{
		{ID: idMove, Keys: []string{"j", "down"}, Show: "j k", Hint: "move", Help: "move the cursor one row", Hidden: true},
		{ID: idUp, Keys: []string{"k", "up"}, Help: "move the cursor one row up", Hidden: true},
		{ID: idTop, Keys: []string{"g", "home"}, Show: "g", Hint: "top", Help: "go to the first row", Hidden: true},
		{ID: idEnd, Keys: []string{"G", "end"}, Show: "G", Hint: "bottom", Help: "go to the last row", Hidden: true},
		{ID: idHalf, Keys: []string{"ctrl+d"}, Show: "ctrl+d/u", Hint: "half page", Help: "move half a page", Hidden: true},
		{ID: idHalfUp, Keys: []string{"ctrl+u"}, Help: "move half a page up", Hidden: true},
		{ID: idPage, Keys: []string{"pgdown"}, Show: "pgdn pgup", Hint: "page", Help: "move a page", Hidden: true},
		{ID: idPageUp, Keys: []string{"pgup"}, Help: "move a page up", Hidden: true},
	}
}

// Marks are the bindings that choose rows.
func Marks() []keys.Binding {
	return []keys.Binding{
		{ID: idMark, Keys: []string{"space"}, Hint: "mark", Help: "mark the row; marks follow their rows when the list changes"},
		{ID: idRange, Keys: []string{"v"}, Hint: "range", Help: "start a range at the cursor, or end it"},
		{ID: idShown, Keys: []string{"*"}, Hint: "all shown", Help: "mark the rows on screen, or unmark them"},
	}
}

// Update handles one key. handled is false for keys that the grid does not know; needLoad asks the screen to load Want.
func (g *Grid) Update(k tea.KeyPressMsg) (handled, needLoad bool) {
	b, ok := keys.Find(k, bindings)
	if !ok {
		return false, false
	}
	page := max(g.page(), 1)
	switch b.ID {
	case idMove:
		g.moveTo(g.cur + 1)
	case idUp:
		g.moveTo(g.cur - 1)
	case idTop:
		g.moveTo(0)
	case idEnd:
		g.moveTo(g.total - 1)
	case idHalf:
		g.moveTo(g.cur + max(1, page/2))
	case idHalfUp:
		g.moveTo(g.cur - max(1, page/2))
	case idPage:
		g.moveTo(g.cur + page)
	case idPageUp:
		g.moveTo(g.cur - page)
	default:
		g.updateMarks(b.ID)
	}
	return true, g.needLoad()
}

func (g *Grid) updateMarks(id string) {
	switch id {
	case idMark:
		g.toggleMark()
	case idRange:
		g.toggleRange()
	case idShown:
		g.toggleShown()
	}
}

// bindings is Keys, made once; it never changes.
var bindings = Keys()
