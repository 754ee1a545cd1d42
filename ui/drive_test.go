package ui

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
	"cordon/ui/uitest"
)

// console runs the whole console without a terminal: every command runs in a goroutine of its own, as Bubble Tea runs them, and the bubble
// of synctest tells when they have all come to rest. The clock is that of the bubble, moved to the fixed time of the world.
type console struct {
	t     *testing.T
	m     *Model
	w     *uitest.World
	msgs  chan tea.Msg
	wg    sync.WaitGroup
	stop  context.CancelFunc
	start time.Time
	quit  bool
	seen  []tea.Msg
}

type option func(*Deps)

// inConsole runs f with a console of the size.
func inConsole(t *testing.T, w *uitest.World, width, height int, f func(t *testing.T, c *console), opts ...option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &console{t: t, w: w, msgs: make(chan tea.Msg, 10_000), start: time.Now()}
		ctx, stop := context.WithCancel(context.Background())
		c.stop = stop
		d := Deps{
			Reader: w, Commander: w, Connector: w, Session: w.Session("responder"), Version: "test", Look: Look{Theme: "dark", ASCII: true},
			Now: c.now, Local: time.FixedZone("BST", 3600),
		}
		for _, o := range opts {
			o(&d)
		}
		c.m = New(ctx, d)
		c.run(c.m.Init())
		c.send(tea.WindowSizeMsg{Width: width, Height: height})
		f(t, c)
		stop()
		c.wg.Wait()
		synctest.Wait() // the watcher is closed by a goroutine of its own
		if n := w.Watchers(); n != 0 {
			t.Errorf("%d watchers are left after the context ended", n)
		}
	})
}

func (c *console) now() time.Time { return uitest.Now().Add(time.Since(c.start)) }

// run starts a command as the event loop would.
func (c *console) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		if msg := cmd(); msg != nil {
			c.msgs <- msg
		}
	}()
}

// settle runs everything that can run without the clock moving.
func (c *console) settle() {
	for {
		synctest.Wait()
		select {
		case msg := <-c.msgs:
			c.deliver(msg)
		default:
			return
		}
	}
}

func (c *console) deliver(msg tea.Msg) {
	if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
		for i := range v.Len() {
			cmd, _ := v.Index(i).Interface().(tea.Cmd)
			c.run(cmd)
		}
		return
	}
	if _, ok := msg.(tea.QuitMsg); ok {
		c.quit = true
	}
	c.seen = append(c.seen, msg)
	_, cmd := c.m.Update(msg)
	c.check()
	c.run(cmd)
}

func (c *console) send(msg tea.Msg) {
	c.deliver(msg)
	c.settle()
}

// wait moves the clock; what becomes due meanwhile is handled at its time.
func (c *console) wait(d time.Duration) {
	end := time.NewTimer(d)
	defer end.Stop()
	for {
		c.settle()
		select {
		case msg := <-c.msgs:
			c.deliver(msg)
		case <-end.C:
			c.settle()
			return
		}
	}
}

// key presses keys the way a person does: not faster than the guard of the dialogs.
func (c *console) key(names ...string) {
	for _, n := range names {
		c.wait(time.Second)
		c.send(uitest.Press(n))
	}
}

// typed presses the keys of a text.
func (c *console) typed(text string) {
	c.wait(time.Second)
	for _, r := range text {
		n := string(r)
		if r == ' ' {
			n = "space"
		}
		c.send(uitest.Press(n))
	}
}

// check asserts the size of the frame after every single message.
func (c *console) check() {
	c.t.Helper()
	v := c.m.View()
	if !v.AltScreen {
		c.t.Error("a view without the alternate screen")
	}
	if c.m.w == 0 {
		return
	}
	lines := strings.Split(v.Content, "\n")
	if len(lines) != c.m.h {
		c.t.Fatalf("the frame has %d lines, want %d:\n%s", len(lines), c.m.h, ansi.Strip(v.Content))
	}
	for i, l := range lines {
		if w := ansi.StringWidthWc(l); w > c.m.w {
			c.t.Fatalf("line %d is %d cells wide, want at most %d: %q", i+1, w, c.m.w, ansi.Strip(l))
		}
	}
}

// view is the frame without styles.
func (c *console) view() string {
	lines := strings.Split(ansi.Strip(c.m.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func (c *console) golden(name string) {
	c.t.Helper()
	uitest.Golden(c.t, name, c.view()+"\n")
}

func (c *console) has(want ...string) {
	c.t.Helper()
	v := c.view()
	for _, s := range want {
		if !strings.Contains(v, s) {
			c.t.Errorf("the frame does not show %q:\n%s", s, v)
		}
	}
}

func (c *console) hasNot(not ...string) {
	c.t.Helper()
	v := c.view()
	for _, s := range not {
		if strings.Contains(v, s) {
			c.t.Errorf("the frame shows %q:\n%s", s, v)
		}
	}
}

// orders are the calls that change something at Defender.
func (c *console) orders() []uitest.Call {
	var out []uitest.Call
	for _, n := range []string{"isolate", "release", "period", "cancel", "close"} {
		out = append(out, c.w.Calls(n)...)
	}
	return out
}

func (c *console) host(name string) soc.HostKey { return c.w.Key(name) }
