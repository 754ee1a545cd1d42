// Package uitest drives screens in tests without a terminal, an event loop or a sleep: messages go in, the commands that come back are run
// to rest, and the frame is compared with a golden file.
//
// It promises that a test sees what the shell would see: messages for the shell are collected (Sent), everything else is fed back to the
// screen, in order. Commands that only wait (ticks, blinking cursors) are not run. Every View is checked for its exact size.
//
// World is a small fake of everything a screen can ask for, at one fixed moment, so that frames never change by themselves.
package uitest

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Driver plays the shell for one screen.
type Driver struct {
	t    *testing.T
	s    screen.Screen
	w, h int
	sent []tea.Msg
	held []tea.Cmd
	hold bool
	runs int
}

// Drive gives the screen a size and the focus and runs its commands to rest.
func Drive(t *testing.T, s screen.Screen, w, h int) *Driver {
	t.Helper()
	d := &Driver{t: t, s: s, w: w, h: h}
	d.start()
	return d
}

// DriveHeld is Drive with every command held back, as if the loads took for ever; see Hold and Release.
func DriveHeld(t *testing.T, s screen.Screen, w, h int) *Driver {
	t.Helper()
	d := &Driver{t: t, s: s, w: w, h: h, hold: true}
	d.start()
	return d
}

func (d *Driver) start() {
	d.t.Helper()
	d.run(d.s.Resize(d.w, d.h))
	d.run(d.s.Focus())
}

// Hold keeps the commands that come from now on from running.
func (d *Driver) Hold() { d.hold = true }

// Held returns the commands that are held back, oldest first.
func (d *Driver) Held() []tea.Cmd { return slices.Clone(d.held) }

// Release runs what was held back, in order, and stops holding.
func (d *Driver) Release() {
	d.t.Helper()
	held := d.held
	d.held, d.hold = nil, false
	for _, c := range held {
		d.run(c)
	}
}

// Run runs one command to rest, even while others are held back. Tests of late answers use it to let the newer load win.
func (d *Driver) Run(c tea.Cmd) {
	d.t.Helper()
	was := d.hold
	d.hold = false
	d.run(c)
	d.hold = was
}

// Resize changes the size of the body.
func (d *Driver) Resize(w, h int) {
	d.t.Helper()
	d.w, d.h = w, h
	d.run(d.s.Resize(w, h))
}

// Send hands a message to the screen and runs what follows to rest.
func (d *Driver) Send(msg tea.Msg) {
	d.t.Helper()
	d.dispatch(msg)
}

// Key presses one key, named as tea.Key.String names it.
func (d *Driver) Key(name string) {
	d.t.Helper()
	d.dispatch(Press(name))
}

// Keys presses keys one after the other.
func (d *Driver) Keys(names ...string) {
	d.t.Helper()
	for _, n := range names {
		d.Key(n)
	}
}

// Type presses the keys of a text.
func (d *Driver) Type(text string) {
	d.t.Helper()
	for _, r := range text {
		if r == ' ' {
			d.Key("space")
			continue
		}
		d.Key(string(r))
	}
}

// Sent returns the messages that the screen addressed to the shell, oldest first.
func (d *Driver) Sent() []tea.Msg { return slices.Clone(d.sent) }

// Forget empties Sent.
func (d *Driver) Forget() { d.sent = nil }

// Binding returns the binding that a key has now, and fails the test if it has none.
func (d *Driver) Binding(name string) keys.Binding {
	d.t.Helper()
	b, ok := keys.Find(Press(name), d.s.Keys())
	if !ok {
		d.t.Fatalf("no binding for key %q", name)
	}
	return b
}

// Tabs is line 2 without styles.
func (d *Driver) Tabs() (left, right string) {
	left, right = d.s.Tabs()
	return ansi.Strip(left), ansi.Strip(right)
}

// View is the frame without styles. It fails the test if the frame does not have its exact height or is too wide.
func (d *Driver) View() string {
	d.t.Helper()
	lines := strings.Split(ansi.Strip(d.s.View()), "\n")
	if len(lines) != d.h {
		d.t.Errorf("View has %d lines, want %d", len(lines), d.h)
	}
	for i, l := range lines {
		if w := ansi.StringWidthWc(l); w > d.w {
			d.t.Errorf("line %d is %d cells wide, want at most %d: %q", i+1, w, d.w, l)
		}
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// Golden compares the frame with testdata/<name>.golden; UPDATE=1 writes the file instead.
func (d *Driver) Golden(name string) {
	d.t.Helper()
	Golden(d.t, name, d.View()+"\n")
}

// Golden compares a text with testdata/<name>.golden; UPDATE=1 writes the file instead.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE") == "1" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (UPDATE=1 writes it)", err)
	}
	if got != string(want) {
		t.Errorf("frame differs from %s (UPDATE=1 rewrites it)\n--- got\n%s--- want\n%s", file, got, want)
	}
}

func (d *Driver) run(c tea.Cmd) {
	d.t.Helper()
	if c == nil || waits(c) {
		return
	}
	if d.hold {
		d.held = append(d.held, c)
		return
	}
	if d.runs++; d.runs > 10_000 {
		d.t.Fatal("commands never come to rest")
	}
	d.dispatch(c())
}

func (d *Driver) dispatch(msg tea.Msg) {
	d.t.Helper()
	if msg == nil {
		return
	}
	if cmds, ok := several(msg); ok {
		for _, c := range cmds {
			d.run(c)
		}
		return
	}
	if forShell(msg) {
		d.sent = append(d.sent, msg)
		return
	}
	d.run(d.s.Update(msg))
}

// several recognises batches and sequences; the type of the latter is private to Bubble Tea.
func several(msg tea.Msg) ([]tea.Cmd, bool) {
	v := reflect.ValueOf(msg)
	if v.Kind() != reflect.Slice || v.Type().Elem() != reflect.TypeFor[tea.Cmd]() {
		return nil, false
	}
	cmds := make([]tea.Cmd, v.Len())
	for i := range cmds {
		cmds[i], _ = v.Index(i).Interface().(tea.Cmd)
	}
	return cmds, true
}

func forShell(msg tea.Msg) bool {
	switch msg.(type) {
	case screen.GoMsg, screen.BackMsg, screen.NoticeMsg, screen.IsolateMsg, screen.ReleaseMsg, screen.PeriodMsg, screen.CancelMsg,
		screen.TextMsg, screen.CopyMsg, screen.ConfirmMsg, screen.WantHostMsg, tea.QuitMsg:
		return true
	}
	return false
}

// waits reports whether a command only waits for time to pass.
func waits(c tea.Cmd) bool {
	f := runtime.FuncForPC(reflect.ValueOf(c).Pointer())
	if f == nil {
		return false
	}
	for _, part := range []string{"bubbletea/v2.Tick", "bubbletea/v2.Every", "bubbles/v2/cursor.", "bubbles/v2/spinner."} {
		if strings.Contains(f.Name(), part) {
			return true
		}
	}
	return false
}
