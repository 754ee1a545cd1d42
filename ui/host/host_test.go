package host

import (
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

// open shows a host as the shell does: the time, the tenants, the place.
func open(t *testing.T, w *uitest.World, role, host string, width, height int) *uitest.Driver {
	t.Helper()
	return openPlace(t, w, role, screen.Place{Kind: screen.Host, Host: w.Key(host)}, width, height)
}

func openPlace(t *testing.T, w *uitest.World, role string, p screen.Place, width, height int) *uitest.Driver {
	t.Helper()
	d := uitest.Drive(t, newModel(w, role), width, height)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	d.Send(screen.ConnsMsg{Conns: w.ConnList})
	d.Send(screen.PlaceMsg{Place: p})
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

func lockdownOf(w *uitest.World, host string) *soc.Lockdown {
	for i := range w.LockdownList {
		if w.LockdownList[i].HostName == host {
			return &w.LockdownList[i]
		}
	}
	return nil
}

// TestFrames compares every tab at three sizes.
func TestFrames(t *testing.T) {
	for _, s := range sizes {
		for i, tab := range allTabs() {
			w := uitest.NewWorld()
			d := openPlace(t, w, "responder", screen.Place{Host: w.Key("DC-LON-01"), Tab: tab.title()}, s.w, s.h)
			left, _ := d.Tabs()
			has(t, left, "["+string(rune('1'+i))+" "+tab.title())
			d.Golden("tab-" + strings.ToLower(tab.title()) + "-" + s.name)
		}
	}
}

// TestFrames_States compares the states that every screen has.
func TestFrames_States(t *testing.T) {
	states := []struct {
		name string
		make func(w *uitest.World) (role string)
	}{
		{"empty", func(w *uitest.World) string { w.Empty(); w.ActionsAsOf = time.Time{}; return "responder" }},
		{"error", func(w *uitest.World) string { w.Broken(); return "responder" }},
		{"stale", func(w *uitest.World) string { w.Stale(5 * time.Minute); return "responder" }},
		{"hostile", func(w *uitest.World) string { w.Hostile(); return "responder" }},
		{"denied", func(*uitest.World) string { return "nobody" }},
		{"viewer", func(*uitest.World) string { return "viewer" }},
	}
	for _, st := range states {
		for _, s := range sizes {
			w := uitest.NewWorld()
			role := st.make(w)
			open(t, w, role, "DC-LON-01", s.w, s.h).Golden("state-" + st.name + "-" + s.name)
		}
	}
}

// TestFrames_Loading shows the page before the first answer.
func TestFrames_Loading(t *testing.T) {
	for _, s := range sizes {
		w := uitest.NewWorld()
		d := uitest.DriveHeld(t, newModel(w, "responder"), s.w, s.h)
		d.Send(screen.TickMsg{Now: uitest.Now()})
		d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Host, Host: w.Key("DC-LON-01")}})
		d.Golden("state-loading-" + s.name)
	}
}

// TestFrames_Widget compares the lockdown widget in every condition.
func TestFrames_Widget(t *testing.T) {
	for _, host := range []string{"WS-FIN-0142", "SRV-FILE-03", "WS-HR-0009", "WS-DEV-0210", "WS-LAB-0003", "WS-HR-0031", "WS-TMP-0004"} {
		for _, s := range sizes {
			w := uitest.NewWorld()
			open(t, w, "responder", host, s.w, s.h).Golden("widget-" + strings.ToLower(host) + "-" + s.name)
		}
	}
}

// TestFrames_Life compares the stations of a lockdown, where they are told at length.
func TestFrames_Life(t *testing.T) {
	for _, host := range []string{"SRV-FILE-03", "WS-HR-0009"} {
		for _, s := range sizes {
			w := uitest.NewWorld()
			openPlace(t, w, "responder", screen.Place{Host: w.Key(host), Tab: "lockdowns"}, s.w, s.h).Golden("life-" + strings.ToLower(host) + "-" + s.name)
		}
	}
}

// TestFrame_Styled keeps the colours and the Unicode look of one frame.
func TestFrame_Styled(t *testing.T) {
	w := uitest.NewWorld()
	m := newModel(w, "responder")
	m.th = theme.New(theme.Dark, true, false, false)
	m.grids = newGrids(m.th)
	d := uitest.Drive(t, m, 120, 35)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	d.Send(screen.PlaceMsg{Place: screen.Place{Host: w.Key("SRV-FILE-03"), Tab: "timeline"}})
	d.View()
	uitest.Golden(t, "styled-120", m.View()+"\n")
}

// TestSize_AnySize draws exactly the size it was given, on every tab.
func TestSize_AnySize(t *testing.T) {
	w := uitest.NewWorld().Hostile()
	m := newModel(w, "responder")
	m.th = theme.New(theme.Dark, true, false, false)
	d := uitest.Drive(t, m, 80, 19)
	d.Send(screen.PlaceMsg{Place: screen.Place{Host: w.Key("DC-LON-01")}})
	for _, size := range [][2]int{{80, 19}, {1, 1}, {10, 3}, {79, 8}, {99, 20}, {100, 20}, {159, 30}, {160, 30}, {200, 55}, {500, 195}} {
		d.Resize(size[0], size[1])
		for _, k := range []string{"1", "2", "3", "4", "5", "6", "7"} {
			d.Key(k)
			d.View()
		}
	}
}
