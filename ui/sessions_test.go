package ui

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/uitest"
)

// session is a console in Bubble Tea's own loop without a terminal, as one of several in a process.
type session struct {
	p    *tea.Program
	done chan error
	stop context.CancelFunc
	keys *io.PipeWriter
}

// start runs a console of the world. wrap may put something around the model, more changes how the loop runs.
func start(w *uitest.World, wrap func(*Model) tea.Model, more ...tea.ProgramOption) *session {
	ctx, stop := context.WithCancel(context.Background())
	m := New(ctx, Deps{Reader: w, Commander: w, Connector: w, Session: w.Session("responder"), Look: Look{Theme: "dark", ASCII: true}})
	in, keys := io.Pipe()
	s := &session{done: make(chan error, 1), stop: stop, keys: keys}
	s.p = tea.NewProgram(wrap(m), append([]tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(io.Discard), tea.WithWindowSize(80, 24), tea.WithoutSignalHandler(),
		tea.WithEnvironment([]string{"TERM=xterm-256color"}),
	}, more...)...)
	go func() {
		_, err := s.p.Run()
		s.done <- err
	}()
	return s
}

// end stops what the session started and waits for the program.
func (s *session) end() error {
	err := <-s.done
	s.stop()
	_ = s.keys.Close()
	return err
}

// probe reports the messages that reach the model, and breaks where it is told to.
type probe struct {
	*Model
	where string
	saw   chan<- string
}

type (
	pingMsg  struct{ text string }
	breakMsg struct{}
)

func (p *probe) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case pingMsg:
		p.saw <- msg.text
		return p, nil
	case breakMsg:
		switch p.where {
		case "update":
			panic("broken in Update")
		case "view":
			p.where = "view now"
			return p, nil
		case "command":
			return p, func() tea.Msg { panic("broken in a command") }
		case "read":
			return p, p.run(func(context.Context) tea.Msg { panic("broken in a read of the store") })
		}
	}
	_, cmd := p.Model.Update(msg)
	return p, cmd
}

func (p *probe) View() tea.View {
	if p.where == "view now" {
		panic("broken in View")
	}
	return p.Model.View()
}

// TestF74_APanicEndsOnlyItsOwnSession: whatever breaks, the program of that session returns an error that says so, its subscription goes, and
// another session of the same process goes on painting and hearing of changes. The control is a session in which nothing breaks.
func TestF74_APanicEndsOnlyItsOwnSession(t *testing.T) {
	for _, where := range []string{"update", "view", "command", "read", "nothing"} {
		w := uitest.NewWorld()
		saw := make(chan string, 8)
		other := start(w, func(m *Model) tea.Model { return &probe{Model: m, saw: saw} })
		broken := start(w, func(m *Model) tea.Model { return &probe{Model: m, where: where, saw: saw} })
		broken.p.Send(pingMsg{"up"})
		<-saw
		broken.p.Send(breakMsg{})
		if where == "nothing" {
			broken.p.Quit()
		}
		err := broken.end()
		if panicked := errors.Is(err, tea.ErrProgramPanic); panicked != (where != "nothing") {
			t.Errorf("broken in %s: the program ended with %v", where, err)
		}
		w.Publish(soc.TopicLockdowns) // the timers go on, and so does whoever shows them
		other.p.Send(pingMsg{"still here"})
		if got := <-saw; got != "still here" {
			t.Errorf("broken in %s: the other session said %q", where, got)
		}
		other.p.Quit()
		if err := other.end(); err != nil {
			t.Errorf("broken in %s: the other session ended with %v", where, err)
		}
	}
}

// TestF75_ChurnLeavesNothingBehind: consoles that come and go, some quit, some cut off, some broken, leave no goroutine, no subscription
// and no memory. It looks only when what they began is over: a program of Bubble Tea does not wait for its commands, and a tick that is under
// way holds its whole console, half a megabyte, until it fires. The control keeps one console and must be found.
func TestF75_ChurnLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := uitest.NewWorld()
		churn(w, 30)
		before := heap()
		churn(w, 200)
		after := heap()
		if limit := before + before/10 + 1<<20; after > limit {
			t.Errorf("the heap grew from %d to %d KiB over 200 sessions", before>>10, after>>10)
		}
		if left := others(); len(left) != 0 {
			t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
		}
		if n := w.Watchers(); n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
		saw := make(chan string, 1)
		kept := start(w, func(m *Model) tea.Model { return &probe{Model: m, saw: saw} })
		kept.p.Send(pingMsg{"up"})
		<-saw
		synctest.Wait()
		if left := others(); len(left) == 0 || w.Watchers() != 1 {
			t.Errorf("a console that is still there is not found: %d goroutines, %d subscriptions", len(left), w.Watchers())
		}
		kept.p.Quit()
		_ = kept.end()
		time.Sleep(time.Second) // as in churn
	})
}

// churn runs n consoles one after the other, and lets a second of the bubble's time pass, which is longer than any of their ticks.
func churn(w *uitest.World, n int) {
	for i := range n {
		saw := make(chan string, 1)
		s := start(w, func(m *Model) tea.Model { return &probe{Model: m, where: "command", saw: saw} })
		s.p.Send(pingMsg{"up"})
		<-saw
		switch i % 3 {
		case 0:
			s.p.Quit()
		case 1:
			s.stop() // the connection dropped
		default:
			s.p.Send(breakMsg{})
		}
		_ = s.end()
	}
	time.Sleep(time.Second)
	synctest.Wait()
}

// others are the goroutines of the bubble but for the one that asks and those of synctest; goroutines of other tests are not in it.
func others() []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var out []string
	for _, g := range strings.Split(string(buf), "\n\n")[1:] { // the first is the one that asks
		head, _, _ := strings.Cut(g, "\n")
		if strings.Contains(head, "synctest bubble") && !strings.Contains(g, "testing/synctest.Test") {
			out = append(out, g)
		}
	}
	return out
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
