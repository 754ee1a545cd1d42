package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
)

// task is what a job does.
type task int

const (
	taskTest task = iota
	taskSave
	taskDetach
	taskEnable
)

// job is the one long thing under way, or how the last one ended.
type job struct {
	req     int // of the newest job; answers of older ones are dropped
	task    task
	of      soc.IntegrationID // which integration it is about, "" = a new one
	running bool
	began   time.Time
	cancel  context.CancelFunc
	steps   []soc.Step
	done    bool
	err     error
}

type (
	// stepMsg brings a step as it starts or ends, and what to run to hear the next one.
	stepMsg struct {
		req  int
		step soc.Step
		next tea.Cmd
	}
	doneMsg struct {
		req   int
		task  task
		saved soc.Integration
		steps []soc.Step
		err   error
		what  string
	}
	// detachMsg comes back from a confirmation.
	detachMsg struct {
		id           soc.IntegrationID
		name         string
		releaseFirst bool
	}
	leaveMsg struct{}
)

// start runs work in the background. Its report is bridged by a channel that a second command listens to, one message at a time.
func (m *Model) start(t task, of soc.IntegrationID, work func(ctx context.Context, report func(soc.Step)) doneMsg) tea.Cmd {
	ctx, cancel := context.WithCancel(context.Background())
	m.job = job{req: m.job.req + 1, task: t, of: of, running: true, began: m.now, cancel: cancel}
	req := m.job.req
	steps := make(chan soc.Step, 64)
	var listen tea.Cmd
	listen = func() tea.Msg {
		step, ok := <-steps
		if !ok {
			return nil
		}
		return stepMsg{req: req, step: step, next: listen}
	}
	run := func() tea.Msg {
		defer cancel()
		defer close(steps)
		var seen []soc.Step // the end may overtake the last steps on their way
		msg := work(ctx, func(s soc.Step) {
			seen = merge(seen, s)
			select {
			case steps <- s:
			case <-ctx.Done():
			}
		})
		msg.req, msg.task = req, t
		if msg.steps == nil {
			msg.steps = seen
		}
		return msg
	}
	return tea.Batch(run, listen)
}

// test runs the connection test on the form, or on the selected integration.
func (m *Model) test() tea.Cmd {
	draft, secret := soc.Integration{}, ""
	if m.form != nil {
		if id, why := m.check(false); id != "" {
			return m.refuse(id, why)
		}
		draft, secret = m.form.draft(), m.form.get(fSecret)
	} else {
		draft, _ = m.current()
	}
	c, s := m.d.Connector, m.d.Session
	return m.start(taskTest, draft.ID, func(ctx context.Context, report func(soc.Step)) doneMsg {
		steps, err := c.Test(ctx, s, draft, secret, report)
		return doneMsg{steps: steps, err: err}
	})
}

// save tests the form and stores it if the test passes.
func (m *Model) save() tea.Cmd {
	if id, why := m.check(true); id != "" {
		return m.refuse(id, why)
	}
	draft, secret := m.form.draft(), m.form.get(fSecret)
	c, s := m.d.Connector, m.d.Session
	return m.start(taskSave, draft.ID, func(ctx context.Context, report func(soc.Step)) doneMsg {
		saved, err := c.Save(ctx, s, draft, secret, report)
		return doneMsg{saved: saved, err: err}
	})
}

// enable switches new isolations of an integration the other way (Z-16).
func (m *Model) enable(in soc.Integration) tea.Cmd {
	c, s, on := m.d.Connector, m.d.Session, !in.Enabled
	return m.start(taskEnable, in.ID, func(ctx context.Context, _ func(soc.Step)) doneMsg {
		what := in.Name + ": new isolations are on"
		if !on {
			what = in.Name + ": new isolations are off; it is still read, running lockdowns still release"
		}
		return doneMsg{err: c.SetEnabled(ctx, s, in.ID, on), what: what}
	})
}

func (m *Model) detach(msg detachMsg) tea.Cmd {
	c, s := m.d.Connector, m.d.Session
	return m.start(taskDetach, msg.id, func(ctx context.Context, _ func(soc.Step)) doneMsg {
		return doneMsg{err: c.Detach(ctx, s, msg.id, msg.releaseFirst, false), what: msg.name + " is detached; its credentials are removed", saved: soc.Integration{ID: msg.id, Name: msg.name}}
	})
}

func (m *Model) onStep(msg stepMsg) tea.Cmd {
	if msg.req == m.job.req && m.job.running {
		m.job.steps = merge(m.job.steps, msg.step)
	}
	return msg.next
}

// merge replaces a step by what is newly known of it.
func merge(steps []soc.Step, s soc.Step) []soc.Step {
	i := slices.IndexFunc(steps, func(x soc.Step) bool { return x.Name == s.Name })
	if i < 0 {
		return append(steps, s)
	}
	steps[i] = s
	return steps
}

// stop ends the job; what was sent already may still take effect, so the list is read again.
func (m *Model) stop() tea.Cmd {
	m.job.cancel()
	m.job.running = false
	m.job.req++
	text := "test stopped; nothing was saved"
	switch m.job.task {
	case taskSave:
		text = "save stopped; the list shows what is stored"
	case taskDetach:
		text = "not waiting any more; releases that were ordered go on"
	}
	return tea.Batch(m.load(), screen.Send(screen.NoticeMsg{Level: screen.Info, Text: text}))
}

func (m *Model) onDone(msg doneMsg) tea.Cmd {
	if msg.req != m.job.req || !m.job.running {
		return nil
	}
	m.job.running, m.job.done, m.job.err = false, true, msg.err
	for _, s := range msg.steps {
		m.job.steps = merge(m.job.steps, s)
	}
	switch msg.task {
	case taskTest:
		return m.tested()
	case taskSave:
		return m.saved(msg)
	case taskDetach:
		return m.detached(msg)
	}
	return tea.Batch(m.load(), notice(msg.err, "", msg.what))
}

// notice says how something ended.
func notice(err error, before, good string) tea.Cmd {
	if err != nil {
		return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: before + err.Error(), Err: err})
	}
	return screen.Send(screen.NoticeMsg{Level: screen.Good, Text: good})
}

func (m *Model) tested() tea.Cmd {
	if m.job.err != nil {
		return notice(m.job.err, "test: ", "")
	}
	level := screen.Good
	if failed(m.job.steps) > 0 {
		level = screen.Warn
	}
	return screen.Send(screen.NoticeMsg{Level: level, Text: "test: " + verdict(m.job.steps, nil)})
}

// saved leaves the form, or keeps everything that was typed when the save was refused.
func (m *Model) saved(msg doneMsg) tea.Cmd {
	if msg.err != nil {
		before := "not saved: "
		if strings.HasPrefix(msg.err.Error(), before) {
			before = ""
		}
		return tea.Batch(m.load(), notice(msg.err, before, ""))
	}
	m.job.of = msg.saved.ID
	if m.form != nil {
		m.form = newForm(msg.saved) // the typed secret goes with the old form
	}
	m.grid.KeepCursor(string(msg.saved.ID))
	text := msg.saved.Name + " is saved; " + verdict(m.job.steps, nil)
	return tea.Batch(m.load(), notice(nil, "", text))
}

// detached offers to release first when lockdowns are in the way.
func (m *Model) detached(msg doneMsg) tea.Cmd {
	var e *soc.Error
	if !errors.As(msg.err, &e) || e.Code != "live-lockdowns" {
		return tea.Batch(m.load(), notice(msg.err, "not detached: ", msg.what))
	}
	return screen.Send(screen.ConfirmMsg{
		Title: "Live lockdowns on " + msg.saved.Name,
		Lines: []string{
			e.What, "", "They can be released first; cordon waits for Defender to confirm and detaches then.",
			"To leave them isolated without a timer instead, run:",
			fmt.Sprintf("  cordon partner detach defender --name %q --abandon", msg.saved.Name),
		},
		Button:   "Release, then detach " + msg.saved.Name,
		Yes:      detachMsg{id: msg.saved.ID, name: msg.saved.Name, releaseFirst: true},
		TypeWord: msg.saved.Name,
	})
}

func (m *Model) leave() tea.Cmd {
	m.form = nil
	m.layout()
	m.fill()
	return m.load()
}
