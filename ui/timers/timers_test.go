package timers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/uitest"
)

// sizes are the bodies of an 80x24, a 120x40 and a 200x60 terminal.
var sizes = []struct {
	name string
	w, h int
}{{"80", 80, 19}, {"120", 120, 35}, {"200", 200, 55}}

func newModel(w *uitest.World, role string) *Model {
	return New(Deps{Reader: w, Commander: w, Session: w.Session(role), Me: "alice"}, theme.New(theme.Mono, true, true, true))
}

// open shows a view as the shell does: the time, the tenants, the place.
func open(t *testing.T, w *uitest.World, role, view string, width, height int) *uitest.Driver {
	t.Helper()
	d := uitest.Drive(t, newModel(w, role), width, height)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	d.Send(screen.ConnsMsg{Conns: w.ConnList})
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers, Tab: view}})
	return d
}

func has(t *testing.T, view string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(view, want) {
			t.Errorf("frame lacks %q:\n%s", want, view)
		}
	}
}

func hasNot(t *testing.T, view string, bans ...string) {
	t.Helper()
	for _, ban := range bans {
		if strings.Contains(view, ban) {
			t.Errorf("frame must not say %q:\n%s", ban, view)
		}
	}
}

func line(t *testing.T, view, with string) string {
	t.Helper()
	for l := range strings.SplitSeq(view, "\n") {
		if strings.Contains(l, with) {
			return l
		}
	}
	t.Fatalf("no line with %q in\n%s", with, view)
	return ""
}

// sent returns the messages of one type that were addressed to the shell.
func sent[T tea.Msg](d *uitest.Driver) []T {
	var out []T
	for _, m := range d.Sent() {
		if v, ok := m.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// TestFrames compares every view at three sizes.
func TestFrames(t *testing.T) {
	for _, s := range sizes {
		for v := range view(viewCount) {
			d := open(t, uitest.NewWorld(), "responder", v.name(), s.w, s.h)
			d.Golden("view-" + v.name() + "-" + s.name)
		}
	}
}

// TestFrames_States compares the states that every screen has.
func TestFrames_States(t *testing.T) {
	states := []struct {
		name string
		make func(w *uitest.World) (role string)
	}{
		{"empty", func(w *uitest.World) string { w.Empty(); return "responder" }},
		{"error", func(w *uitest.World) string { w.Broken(); return "responder" }},
		{"stale", func(w *uitest.World) string { w.Stale(5 * time.Minute); return "responder" }},
		{"hostile", func(w *uitest.World) string { hostile(w); return "responder" }},
		{"denied", func(*uitest.World) string { return "nobody" }},
		{"viewer", func(*uitest.World) string { return "viewer" }},
	}
	for _, st := range states {
		for _, s := range sizes {
			w := uitest.NewWorld()
			role := st.make(w)
			open(t, w, role, "active", s.w, s.h).Golden("state-" + st.name + "-" + s.name)
		}
	}
}

func hostile(w *uitest.World) {
	w.Hostile()
	for i := range w.LockdownList {
		l := &w.LockdownList[i]
		l.HostName = "ホスト‹U+202E›" + strings.Repeat("漢", 30)
		l.Reason = strings.Repeat("長い理由 ", 60)
		l.By.Name = "アリス" + strings.Repeat("x", 40)
		if l.Trouble != "" {
			l.Trouble = "‹U+001B›[2J " + strings.Repeat("e", 300)
		}
	}
}

// TestFrames_Loading shows the screen before the first answer.
func TestFrames_Loading(t *testing.T) {
	for _, s := range sizes {
		d := uitest.DriveHeld(t, newModel(uitest.NewWorld(), "responder"), s.w, s.h)
		d.Golden("state-loading-" + s.name)
	}
}

// TestFrame_Styled keeps the colours and the Unicode look of one frame.
func TestFrame_Styled(t *testing.T) {
	w := uitest.NewWorld()
	m := New(Deps{Reader: w, Commander: w, Session: w.Session("responder"), Me: "alice"}, theme.New(theme.Dark, true, false, false))
	d := uitest.Drive(t, m, 120, 35)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	d.View()
	uitest.Golden(t, "styled-120", m.View()+"\n")
}

// TestSize_AnySize draws exactly the size it was given, in every view.
func TestSize_AnySize(t *testing.T) {
	w := uitest.NewWorld()
	hostile(w)
	d := open(t, w, "responder", "active", 80, 19)
	for _, size := range [][2]int{{80, 19}, {1, 1}, {10, 3}, {79, 8}, {99, 20}, {100, 20}, {159, 30}, {160, 30}, {200, 55}, {500, 195}} {
		d.Resize(size[0], size[1])
		for _, k := range []string{"1", "2", "3", "4", "5", "6"} {
			d.Key(k)
			d.View()
		}
	}
}

// twelve fills the list with running timers only.
func twelve(w *uitest.World) {
	one := w.LockdownList[1]
	w.LockdownList, w.ActionList = nil, nil
	for i := range 12 {
		l := one
		l.ID = soc.LockdownID(fmt.Sprintf("LK-TWELVE%02d", i))
		l.HostName = fmt.Sprintf("WS-%02d", i)
		l.Key.MachineID = l.HostName
		l.Deadline = uitest.Now().Add(time.Hour + time.Duration(i)*427*time.Second + 25*time.Second)
		w.LockdownList = append(w.LockdownList, l)
	}
}
