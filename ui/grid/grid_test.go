package grid

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
	"cordon/ui/theme"
)

func columns() []Column {
	return []Column{
		{ID: "sev", Title: "SEV", Min: 4, Sort: "severity"},
		{ID: "age", Title: "AGE", Min: 4, Right: true, Sort: "time"},
		{ID: "title", Title: "TITLE", Min: 12, Grow: true},
		{ID: "host", Title: "HOST", Min: 13},
		{ID: "status", Title: "STATUS", Short: "ST", Min: 5},
		{ID: "owner", Title: "OWNER", Min: 6, DropBelow: 60},
		{ID: "user", Title: "USER", Min: 8, DropBelow: 100},
	}
}

func row(th *theme.Theme, i int) Row {
	return Row{ID: fmt.Sprintf("id-%d", i), Cells: []Cell{
		{"HIGH", th.High},
		{fmt.Sprintf("%dm", i), th.Text},
		{fmt.Sprintf("Suspicious thing number %d", i), th.Text},
		{fmt.Sprintf("WS-FIN-%04d", i), th.Text},
		{"New", th.Text},
		{"-", th.Muted},
		{"jdoe", th.Text},
	}}
}

func window(th *theme.Theme, from, to int) []Row {
	var out []Row
	for i := from; i < to; i++ {
		out = append(out, row(th, i))
	}
	return out
}

func press(g *Grid, names ...string) (needLoad bool) {
	codes := map[string]rune{"down": tea.KeyDown, "home": tea.KeyHome, "end": tea.KeyEnd, "pgdown": tea.KeyPgDown, "space": tea.KeySpace}
	for _, n := range names {
		k := tea.Key{Text: n, Code: []rune(n)[0]}
		if c, ok := codes[n]; ok {
			k = tea.Key{Code: c}
		}
		if n == "ctrl+d" {
			k = tea.Key{Code: 'd', Mod: tea.ModCtrl}
		}
		_, needLoad = g.Update(tea.KeyPressMsg(k))
	}
	return needLoad
}

func small(t *testing.T, n int) (*Grid, *theme.Theme) {
	t.Helper()
	th := theme.New(theme.Dark, true, true, false)
	g := New(th, columns()...)
	g.Resize(80, 11)
	g.SetRows(0, window(th, 0, n), n)
	return g, th
}

func cursorID(t *testing.T, g *Grid) string {
	t.Helper()
	id, _, ok := g.Cursor()
	if !ok {
		t.Fatal("no row under the cursor")
	}
	return id
}

func checkSize(t *testing.T, g *Grid, w, h int) string {
	t.Helper()
	v := ansi.Strip(g.View())
	lines := strings.Split(v, "\n")
	if len(lines) != h {
		t.Errorf("%dx%d: View has %d lines", w, h, len(lines))
	}
	for _, l := range lines {
		if got := ansi.StringWidthWc(l); got > w {
			t.Errorf("%dx%d: line is %d wide: %q", w, h, got, l)
		}
	}
	return v
}

func TestView_ExactSizeAtEveryWidth(t *testing.T) {
	th := theme.New(theme.Dark, true, false, false)
	rows := window(th, 0, 5)
	rows[0].Cells[2].Text = "日本語のタイトル 非常に長い警告 全角文字の幅を確かめる 日本語のタイトル 日本語のタイトル"
	rows[1].Cells[2].Text = "a\nb\tc\r\nd ‹U+202E› " + strings.Repeat("x", 500)
	rows[2].Cells = rows[2].Cells[:1]
	for w := range 220 {
		for _, h := range []int{0, 1, 2, 19} {
			g := New(th, columns()...)
			g.Resize(w, h)
			g.SetRows(0, rows, 400)
			g.Update(tea.KeyPressMsg{Code: tea.KeySpace})
			checkSize(t, g, w, max(h, 1))
		}
	}
}

func TestColumns_DropByWidth(t *testing.T) {
	g, _ := small(t, 3)
	if v := g.View(); strings.Contains(v, "USER") || !strings.Contains(v, "OWNER") {
		t.Errorf("80 wide: want OWNER and no USER:\n%s", ansi.Strip(v))
	}
	g.Resize(120, 11)
	if v := g.View(); !strings.Contains(v, "USER") || !strings.Contains(v, "STATUS") {
		t.Errorf("120 wide: want USER and STATUS:\n%s", ansi.Strip(v))
	}
}

func TestHeader_ShowsBothSortKeysWhereThereIsRoom(t *testing.T) {
	g, _ := small(t, 3)
	g.SetSort([]soc.SortKey{{Field: "severity", Desc: true}, {Field: "time"}})
	if h, _, _ := strings.Cut(ansi.Strip(g.View()), "\n"); !strings.HasPrefix(h, "  SEV v  AGE TITLE") {
		t.Errorf("header at 80 = %q", h)
	}
	g.Resize(120, 11)
	if h, _, _ := strings.Cut(ansi.Strip(g.View()), "\n"); !strings.HasPrefix(h, "  SEV v1 AGE ^2 TITLE") {
		t.Errorf("header at 120 = %q", h)
	}
}

func TestCursor_FollowsItsIDWhenRowsArrive(t *testing.T) {
	g, th := small(t, 30)
	press(g, "j", "j", "j")
	if got := cursorID(t, g); got != "id-3" {
		t.Fatalf("cursor on %s, want id-3", got)
	}
	g.SetRows(0, append([]Row{row(th, 100), row(th, 101)}, window(th, 0, 30)...), 32)
	id, index, _ := g.Cursor()
	if id != "id-3" || index != 5 {
		t.Errorf("cursor on %s at %d, want id-3 at 5", id, index)
	}
}

func TestCursor_KeepsItsLineWhenTheListIsScrolled(t *testing.T) {
	g, th := small(t, 30)
	press(g, "G")
	before := strings.Split(ansi.Strip(g.View()), "\n")
	g.SetRows(0, append([]Row{row(th, 100)}, window(th, 0, 30)...), 31)
	after := strings.Split(ansi.Strip(g.View()), "\n")
	for i := 1; i < len(before); i++ {
		if before[i] != after[i] {
			t.Fatalf("line %d moved: %q then %q", i, before[i], after[i])
		}
	}
}

func TestCursor_StaysOnItsPositionWhenItsRowGoes(t *testing.T) {
	g, th := small(t, 10)
	press(g, "j", "j")
	g.SetRows(0, append(window(th, 0, 2), window(th, 3, 10)...), 9)
	if got := cursorID(t, g); got != "id-3" {
		t.Errorf("cursor on %s, want id-3", got)
	}
	g.SetRows(0, nil, 0)
	if id, _, ok := g.Cursor(); ok {
		t.Errorf("empty grid has a cursor on %s", id)
	}
}

func TestCursor_NoneWhileItsRowIsNotLoaded(t *testing.T) {
	g, th := small(t, 20)
	g.SetRows(0, window(th, 0, 20), 1000)
	if need := press(g, "G"); !need {
		t.Error("jump to the end asks for no load")
	}
	if id, _, ok := g.Cursor(); ok {
		t.Errorf("cursor on %s although its row is not loaded", id)
	}
	from, count := g.Want()
	g.SetRows(from, window(th, from, min(from+count, 1000)), 1000)
	if got := cursorID(t, g); got != "id-999" {
		t.Errorf("cursor on %s, want id-999", got)
	}
}

func TestMarks_SurviveRefreshByID(t *testing.T) {
	g, th := small(t, 10)
	press(g, "space", "j", "j", "space")
	g.SetRows(0, append([]Row{row(th, 50)}, window(th, 0, 10)...), 11)
	if got := fmt.Sprint(g.Marks()); got != "[id-0 id-2]" {
		t.Errorf("marks = %v", got)
	}
	if v := ansi.Strip(g.View()); strings.Count(v, "*") != 2 {
		t.Errorf("want two marks on screen:\n%s", v)
	}
	g.ClearMarks()
	if g.Marked() != 0 || strings.Contains(ansi.Strip(g.View()), "*") {
		t.Error("marks survive ClearMarks")
	}
}

func TestMarks_RangeAndShown(t *testing.T) {
	g, _ := small(t, 30)
	press(g, "j", "v", "j", "j", "v", "j")
	if got := fmt.Sprint(g.Marks()); got != "[id-1 id-2 id-3]" {
		t.Errorf("range marks = %v", got)
	}
	g.ClearMarks()
	press(g, "*")
	if got := g.Marked(); got != 10 {
		t.Errorf("all shown marks %d rows, want the 10 on screen", got)
	}
	press(g, "*")
	if got := g.Marked(); got != 0 {
		t.Errorf("second * leaves %d marks", got)
	}
}

func TestScroll_RendersOneRow(t *testing.T) {
	g, th := small(t, 30)
	g.SetRows(0, window(th, 0, 30), 30)
	press(g, "j", "j", "j", "j", "j", "j", "j", "j", "j")
	g.View()
	was := g.Drawn()
	press(g, "j")
	g.View()
	if got := g.Drawn() - was; got != 2 {
		t.Errorf("one step at the lower edge renders %d rows, want 2: the one left and the new one", got)
	}
	was = g.Drawn()
	g.SetRows(0, window(th, 0, 30), 30)
	g.View()
	if got := g.Drawn() - was; got > 1 {
		t.Errorf("a refresh without changes renders %d rows, want only the one under the cursor", got)
	}
}

func TestWant_CoversTheScreenAndAPageOnEitherSide(t *testing.T) {
	g, th := small(t, 20)
	g.SetRows(0, window(th, 0, 20), 1000)
	g.SetCursor(500)
	from, count := g.Want()
	if from > 481 || from+count < 510 {
		t.Errorf("Want = %d+%d", from, count)
	}
}

// A screen may be drawn between KeepCursor and the rows that it waits for; the old row must not stay drawn with the cursor.
func TestF1_ThereIsOneCursor(t *testing.T) {
	th := theme.New(theme.Mono, true, true, true)
	g := New(th, columns()...)
	g.Resize(100, 10)
	g.SetRows(0, window(th, 0, 8), 8)
	press(g, "down", "down", "down")
	g.View()
	g.SetCursor(0)
	g.KeepCursor("")
	g.View()
	g.SetRows(0, append([]Row{row(th, 99)}, window(th, 0, 7)...), 8) // the row that was on top is the second one now
	if n := strings.Count(ansi.Strip(g.View()), "\n> "); n != 1 {
		t.Errorf("%d rows have the cursor:\n%s", n, ansi.Strip(g.View()))
	}
	if id, _, ok := g.Cursor(); id != "id-99" || !ok {
		t.Errorf("cursor on %q, want the top", id)
	}
}
