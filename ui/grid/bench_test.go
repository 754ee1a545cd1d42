package grid

import (
	"fmt"
	"testing"

	"charm.land/bubbles/v2/table"
	tea "charm.land/bubbletea/v2"

	"cordon/ui/theme"
)

var (
	down = tea.KeyPressMsg{Code: 'j', Text: "j"}
	home = tea.KeyPressMsg{Code: 'g', Text: "g"}
	next = tea.KeyPressMsg{Code: tea.KeyPgDown}
)

// world plays the screen around a grid: it loads a window whenever the grid asks for one.
type world struct {
	g     *Grid
	th    *theme.Theme
	total int
}

func newWorld(w, h, total int) *world {
	th := theme.New(theme.Dark, true, false, false)
	x := &world{New(th, columns()...), th, total}
	x.g.Resize(w, h)
	x.load()
	return x
}

func (x *world) load() {
	from, count := x.g.Want()
	x.g.SetRows(from, window(x.th, from, min(from+count, x.total)), x.total)
}

// press handles a key as a screen does, and starts again at the end of the list.
func (x *world) press(k tea.KeyPressMsg) {
	if _, i, _ := x.g.Cursor(); i >= x.total-1 {
		k = home
	}
	if _, need := x.g.Update(k); need {
		x.load()
	}
}

func benchGrid(b *testing.B, k tea.KeyPressMsg) {
	for _, total := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("grid/%d", total), func(b *testing.B) {
			x := newWorld(120, 36, total)
			x.g.View()
			drawn := x.g.Drawn()
			b.ReportAllocs()
			for b.Loop() {
				x.press(k)
				x.g.View()
			}
			b.ReportMetric(float64(x.g.Drawn()-drawn)/float64(b.N), "rows/op")
		})
	}
}

// benchStock is the same list in the table of the bubbles library, which holds all rows.
func benchStock(b *testing.B, k tea.KeyPressMsg) {
	for _, total := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("stock/%d", total), func(b *testing.B) {
			rows := make([]table.Row, total)
			for i := range rows {
				rows[i] = table.Row{"HIGH", fmt.Sprintf("%dm", i), fmt.Sprintf("Suspicious thing number %d", i), fmt.Sprintf("WS-FIN-%04d", i), "New", "-", "jdoe"}
			}
			m := table.New(table.WithColumns([]table.Column{
				{Title: "SEV", Width: 4},
				{Title: "AGE", Width: 6},
				{Title: "TITLE", Width: 60},
				{Title: "HOST", Width: 13},
				{Title: "STATUS", Width: 6},
				{Title: "OWNER", Width: 6},
				{Title: "USER", Width: 8},
			}), table.WithRows(rows), table.WithHeight(36), table.WithWidth(120), table.WithFocused(true))
			rendered := 0
			b.ReportAllocs()
			for b.Loop() {
				if m.Cursor() >= total-1 {
					m.GotoTop()
				}
				m, _ = m.Update(k)
				m.View()
				rendered += min(m.Cursor()+m.Height(), total) - max(m.Cursor()-m.Height(), 0)
			}
			b.ReportMetric(float64(rendered)/float64(b.N), "rows/op")
		})
	}
}

// BenchmarkGridScroll is one line down and a frame, at any size of the list; the stock table runs beside it for comparison.
func BenchmarkGridScroll(b *testing.B) {
	benchGrid(b, down)
	benchStock(b, down)
}

// BenchmarkGridPage is a page down and a frame.
func BenchmarkGridPage(b *testing.B) {
	benchGrid(b, next)
	benchStock(b, next)
}

// BenchmarkGridRefresh is a wake-up that changes nothing: the rows come again and a frame is made.
func BenchmarkGridRefresh(b *testing.B) {
	x := newWorld(120, 36, 100_000)
	from, count := x.g.Want()
	rows := window(x.th, from, from+count)
	b.ReportAllocs()
	drawn := x.g.Drawn()
	for b.Loop() {
		x.g.SetRows(from, rows, x.total)
		x.g.View()
	}
	b.ReportMetric(float64(x.g.Drawn()-drawn)/float64(b.N), "rows/op")
}

func TestScroll_CostDoesNotGrowWithTheList(t *testing.T) {
	for _, total := range []int{1_000, 1_000_000} {
		x := newWorld(120, 36, total)
		x.g.View()
		drawn, keys := x.g.Drawn(), 500
		for range keys {
			x.press(down)
			x.g.View()
		}
		if per := float64(x.g.Drawn()-drawn) / float64(keys); per > 3 {
			t.Errorf("%d rows: a step renders %.1f rows, want about 2", total, per)
		}
	}
}
