package grid

import (
	"strings"

	"cordon/ui/theme"
)

// layout gives each visible column its minimum and shares what is left among those that grow.
func (g *Grid) layout() {
	free := g.w - prefix
	for i, c := range g.cols {
		g.widths[i] = 0
		if g.w < c.DropBelow {
			continue
		}
		g.widths[i] = max(c.Min, g.titleWidth(c), 1)
		free -= g.widths[i] + 1
	}
	free++ // no blank after the last one
	g.share(free)
	g.clip()
}

// clip cuts off what no sharing could fit: in a very narrow grid the columns at the right go.
func (g *Grid) clip() {
	left := g.w - prefix
	for i, w := range g.widths {
		if w == 0 {
			continue
		}
		g.widths[i] = max(0, min(w, left))
		left -= w + 1
	}
}

// titleWidth is what the title of a column needs. The titles of sorted columns are never cut, so that the arrow stays; others may be in a
// narrow grid.
func (g *Grid) titleWidth(c Column) int {
	arrow := g.arrow(c)
	switch {
	case arrow != "":
		return theme.Width(g.title(c)) + theme.Width(arrow) + 1
	case g.w >= wide:
		return theme.Width(g.title(c))
	}
	return 0
}

// share deals out cells evenly until nobody wants more; a negative amount is taken from the columns that grow.
func (g *Grid) share(free int) {
	for free != 0 {
		step, done := 1, true
		if free < 0 {
			step = -1
		}
		for i, c := range g.cols {
			if free == 0 || g.widths[i] == 0 || !c.Grow {
				continue
			}
			if step > 0 && c.Max > 0 && g.widths[i] >= c.Max || step < 0 && g.widths[i] <= 4 {
				continue
			}
			g.widths[i] += step
			free -= step
			done = false
		}
		if done {
			return
		}
	}
}

func (g *Grid) title(c Column) string {
	if g.w < wide && c.Short != "" {
		return c.Short
	}
	return c.Title
}

// arrow is v or ^ for a sorted column, with 1 or 2 where there is room for both.
func (g *Grid) arrow(c Column) string {
	if c.Sort == "" {
		return ""
	}
	for i, s := range g.sort {
		if s.Field != c.Sort || i > 1 || i == 1 && g.w < wide {
			continue
		}
		a := "^"
		if s.Desc {
			a = "v"
		}
		if g.w < wide {
			return a
		}
		return a + string(rune('1'+i))
	}
	return ""
}

func (g *Grid) headerLine() string {
	line := strings.Repeat(" ", max(0, min(prefix, g.w)))
	for i, c := range g.cols {
		if g.widths[i] == 0 {
			continue
		}
		t := g.title(c)
		if a := g.arrow(c); a != "" {
			t += " " + a
		}
		if c.Right {
			line += theme.FitRight(t, g.widths[i])
		} else {
			line += theme.Fit(t, g.widths[i])
		}
		if i != g.lastColumn() {
			line += " "
		}
	}
	return g.th.Strong.Render(theme.Clip(line, g.w))
}
