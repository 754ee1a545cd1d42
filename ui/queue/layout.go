package queue

// The widths at which the layout changes.
const (
	wideScreen = 100 // preview of several lines
	sidePane   = 140 // preview at the right
	threePanes = 160 // facets and lockdowns always on screen
)

// layout is where everything goes in a body of one size.
type layout struct {
	boxed  bool // panes have frames
	facets int  // width of the pane with its border, 0 = none
	list   int  // width inside the border
	side   int  // width of the preview at the right with its border, 0 = none
	below  int  // lines of the preview below
	panes  int  // height of the panes
	strip  bool
	inner  int // lines inside the list pane
	gridH  int
	edit   []string
	notes  []note
}

// arrange computes the layout and gives the grid its share. It is called by everything that changes what is on screen.
func (m *Model) arrange() {
	l := m.layout()
	if wide := l.list >= wordsFrom; wide != m.wide {
		m.wide = wide
		m.grid.SetColumns(columns(m.tenantWidth(), wide)...)
		m.grid.Resize(l.list, l.gridH)
		m.refill()
	}
	m.grid.Resize(l.list, l.gridH)
}

// wordsFrom is the width of a list that has room for whole words beside the title.
const wordsFrom = 112

// wideList reports that the list has room for whole words.
func (m *Model) wideList() bool { return m.wide }

func (m *Model) layout() layout {
	l := layout{strip: m.strip(), panes: m.h}
	if l.strip {
		l.panes--
	}
	right := m.preview.on && m.w >= wideScreen && (m.w >= sidePane) != m.preview.turned
	l.boxed = right || m.w >= sidePane
	if right {
		l.side = m.w * (35 + 2*m.preview.grow) / 100
	}
	if m.facets.shown(m.w) {
		l.facets = facetWidth
	}
	l.list = m.w - l.side - l.facets
	l.inner = l.panes
	l.notes = m.notes(l.list - 2)
	if l.boxed {
		l.list -= 2
		l.inner -= 2
	}
	l.gridH = l.inner - 1 - len(l.notes)
	if m.edit != nil {
		l.edit = m.editLines()
		l.gridH -= len(l.edit)
	}
	if m.preview.on && !right {
		l.below = m.belowHeight(l.inner)
		l.gridH -= l.below
	}
	l.gridH = max(l.gridH, 1)
	return l
}

// belowHeight is two lines on a small screen, else at most 40 % of the space.
func (m *Model) belowHeight(inner int) int {
	if m.w < wideScreen {
		return 2
	}
	return max(2, min(8+m.preview.grow, inner*40/100))
}

func (m *Model) strip() bool { return m.w >= threePanes }
