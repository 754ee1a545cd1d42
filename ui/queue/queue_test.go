package queue

import (
	"strings"
	"testing"
	"time"

	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/uitest"
)

// deps are the queue's dependencies out of a world.
func deps(w *uitest.World, role string) Deps {
	return Deps{Reader: w, Check: w.Check, Session: w.Session(role), Me: "alice", Refresh: w.Refresh, Now: uitest.Now()}
}

func newModel(w *uitest.World, role string) *Model {
	return New(deps(w, role), theme.New(theme.Dark, true, true, false))
}

// drive shows the queue of a world to a responder in a body of the given size.
func drive(t *testing.T, w *uitest.World, width, height int) (*uitest.Driver, *Model) {
	t.Helper()
	m := newModel(w, "responder")
	d := uitest.Drive(t, m, width, height)
	d.Send(screen.ConnsMsg{Conns: w.ConnList})
	return d, m
}

// sent returns the messages of one type that went to the shell.
func sent[T any](d *uitest.Driver) []T {
	var out []T
	for _, m := range d.Sent() {
		if v, ok := m.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

func contains(t *testing.T, frame string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(frame, p) {
			t.Errorf("frame lacks %q:\n%s", p, frame)
		}
	}
}

func lacks(t *testing.T, frame string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(frame, p) {
			t.Errorf("frame has %q:\n%s", p, frame)
		}
	}
}

var sizes = []struct {
	name string
	w, h int
}{{"80", 80, 19}, {"120", 120, 35}, {"200", 200, 55}}

func TestFrames_EveryStateAtEverySize(t *testing.T) {
	states := []struct {
		name  string
		drive func(t *testing.T, w, h int) *uitest.Driver
	}{
		{"triage", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld(), w, h)
			d.Keys("space", "j", "j", "j", "j", "j", "space", "k", "k", "k")
			return d
		}},
		{"empty", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld().Empty(), w, h)
			return d
		}},
		{"detached", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld().Detached(), w, h)
			return d
		}},
		{"nothing-matches", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld(), w, h)
			d.Key("/")
			d.Type(" host:nowhere")
			d.Key("enter")
			return d
		}},
		{"loading", func(t *testing.T, w, h int) *uitest.Driver {
			return uitest.DriveHeld(t, newModel(uitest.NewWorld(), "responder"), w, h)
		}},
		{"error", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld().Broken(), w, h)
			return d
		}},
		{"stale", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld().Stale(12*time.Minute), w, h)
			return d
		}},
		{"hostile", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld().Hostile(), w, h)
			return d
		}},
		{"denied", func(t *testing.T, w, h int) *uitest.Driver {
			return uitest.Drive(t, newModel(uitest.NewWorld(), "nobody"), w, h)
		}},
		{"tenants", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld().AddTenant(), w, h)
			return d
		}},
		{"filter-typed", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld(), w, h)
			d.Key("/")
			d.Type(" stat:new")
			return d
		}},
		{"sort", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld(), w, h)
			d.Keys("S", "h")
			return d
		}},
		{"facets", func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := drive(t, uitest.NewWorld(), w, h)
			d.Keys("\\", "j", "j")
			return d
		}},
	}
	for _, s := range states {
		for _, size := range sizes {
			t.Run(s.name+"-"+size.name, func(t *testing.T) {
				s.drive(t, size.w, size.h).Golden(s.name + "-" + size.name)
			})
		}
	}
}

func TestFrame_StyledByMeaning(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 80, 19)
	d.Keys("space", "j")
	uitest.Golden(t, "triage-styled-80", strings.ReplaceAll(m.View(), "\x1b", "^[")+"\n")
}

func TestFrame_UnicodeLookHasTheSameSize(t *testing.T) {
	w := uitest.NewWorld().Hostile()
	for _, size := range sizes {
		d := uitest.Drive(t, New(deps(w, "responder"), theme.New(theme.Light, false, false, false)), size.w, size.h)
		d.Key("space")
		d.View()
	}
}

func TestView_ExactAtEverySize(t *testing.T) {
	d, _ := drive(t, uitest.NewWorld().Hostile().AddTenant(), 80, 19)
	for _, h := range []int{5, 19, 35, 55} {
		for w := 60; w <= 220; w += 7 {
			d.Resize(w, h)
			d.View()
			d.Key("\\")
			d.View()
			d.Keys("\\", "P")
			d.View()
			d.Key("P")
		}
	}
}
