package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/ui/uitest/term"
)

// TestScreens_AreDrawnAtEverySize walks through the screens of the real program at the three sizes that the layouts are made for. With
// SCREENS=DIR it also draws the pictures of the documentation ("make screens").
func TestScreens_AreDrawnAtEverySize(t *testing.T) {
	for _, size := range []struct {
		name       string
		cols, rows uint16
	}{{"80x24", 80, 24}, {"120x40", 120, 40}, {"200x60", 200, 60}} {
		t.Run(size.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tm := r.start(size.cols, size.rows, "demo", "--data", r.data, "--ascii=false")
			tm.Wait("the first sync to be over", func(s string) bool {
				return strings.Contains(s, "HIGH") && !strings.Contains(s, "STALE") && !strings.Contains(s, "first sync")
			})
			shoot(t, tm, size.name, "queue")
			for _, go2 := range []struct{ key, want, name string }{
				{"s", "> Settings", "settings"}, {"a", "> History", "history"}, {"t", "> Lockdowns", "timers"}, {"q", "> Queue", ""},
			} {
				tm.Send("`" + go2.key)
				screen := tm.WaitFor(go2.want)
				fits(t, screen, int(size.cols), int(size.rows))
				shoot(t, tm, size.name, go2.name)
			}
			tm.Send("?")
			tm.WaitFor("Keys", "esc close")
			shoot(t, tm, size.name, "help")
			tm.Send("\x1b")
			tm.Wait("the help to be gone", func(s string) bool { return !strings.Contains(s, "esc close") && strings.Contains(s, "enter open") })
			tm.Send("\r")
			tm.WaitFor("Overview", "NOT ISOLATED", "workstation", "sensor ", "L lockdown")
			shoot(t, tm, size.name, "host")
			tm.Send("L")
			tm.WaitFor("[>Isolate for 30s ]")
			shoot(t, tm, size.name, "lockdown")
			tm.Send("\r")
			tm.Wait("an ISOLATED countdown", counting)
			shoot(t, tm, size.name, "isolated")
			tm.Send("T")
			tm.WaitFor("> Lockdowns", "ISOLATED")
			shoot(t, tm, size.name, "timers-live")
		})
	}
}

// fits checks that the frame has the header on line one and the hints on the last line, and nothing beyond the edge.
func fits(t *testing.T, screen string, cols, rows int) {
	t.Helper()
	lines := strings.Split(screen, "\n")
	if len(lines) != rows || !strings.HasPrefix(lines[0], "cordon > ") || strings.TrimSpace(lines[rows-1]) == "" {
		t.Errorf("frame of %d lines, want %d with the header first and the hints last:\n%s", len(lines), rows, screen)
	}
	for _, l := range lines {
		if n := len([]rune(l)); n > cols {
			t.Errorf("line of %d characters, want at most %d: %q", n, cols, l)
		}
	}
}

func shoot(t *testing.T, tm *term.Term, size, name string) {
	t.Helper()
	dir := os.Getenv("SCREENS")
	if dir == "" || name == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+"-"+size+".svg"), []byte(tm.SVG()), 0o644); err != nil {
		t.Fatal(err)
	}
}
