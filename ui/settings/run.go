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
	taskMakeToken
	taskOther
)

// verb is a task as a sentence begins with it.
func (t task) verb() string {
	return [...]string{"testing", "testing and saving", "detaching", "switching", "making the token", "working"}[t]
}

// job is the one long thing under way, or how the last one ended.
type job struct {
	req     int // of the newest job; answers of older ones are dropped
	task    task
	of      ref // what it is about; that of something new has no id
	running bool
	began   time.Time
	cancel  context.CancelFunc
	steps   []soc.Step
	done    bool
	away    bool // it passed and its form was left: its steps are evidence, but not shown any more
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
		req     int
		task    task
		tenant  soc.Integration // as saved, or the one that was to be detached
		channel soc.Channel     // as saved
		token   soc.Token
		value   string // of the token; handed on to be shown once and kept nowhere
		steps   []soc.Step
		err     error
		what    string
	}
	// detachMsg, removeMsg and untokenMsg come back from a confirmation.
	detachMsg struct {
		id           soc.IntegrationID
		name         string
		releaseFirst bool
	}
	removeMsg struct {
		id   soc.ChannelID
		name string
	}
	untokenMsg struct{ id, name string }
	leaveMsg   struct{}
)

type work func(ctx context.Context, report func(soc.Step)) doneMsg

// start runs work in the background. Its report is bridged by a channel that a second command listens to, one message at a time.
func (m *Model) start(t task, of ref, do work) tea.Cmd {
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
		msg := do(ctx, func(s soc.Step) {
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
	case taskSave, taskMakeToken:
		text = "stopped; the list shows what is stored"
	case taskDetach:
		text = "not waiting any more; releases that were ordered go on"
	}
	return tea.Batch(m.load(), screen.Send(screen.NoticeMsg{Level: screen.Info, Text: text}))
}

func (m *Model) seconds() int { return max(0, int(m.now.Sub(m.job.began)/time.Second)) }

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
		return m.afterTest()
	case taskSave:
		return m.saved(msg)
	case taskDetach:
		return m.detached(msg)
	case taskMakeToken:
		return m.madeToken(msg)
	}
	return tea.Batch(m.load(), notice(msg.err, "", msg.what))
}

// notice says how something ended.
func notice(err error, before, good string) tea.Cmd {
	if err != nil {
		if strings.HasPrefix(err.Error(), before) {
			before = ""
		}
		return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: before + err.Error(), Err: err})
	}
	return screen.Send(screen.NoticeMsg{Level: screen.Good, Text: good})
}

func (m *Model) afterTest() tea.Cmd {
	if m.job.err != nil {
		return notice(m.job.err, "test: ", "")
	}
	level := screen.Good
	if failed(m.job.steps) > 0 {
		level = screen.Warn
	}
	return screen.Send(screen.NoticeMsg{Level: level, Text: "test: " + m.verdict()})
}

// saved goes on with what is stored now, or keeps everything that was typed when the save was refused.
func (m *Model) saved(msg doneMsg) tea.Cmd {
	if msg.err != nil {
		return tea.Batch(m.load(), notice(msg.err, "not saved: ", ""))
	}
	if m.edit == nil { // the form was left meanwhile
		return tea.Batch(m.load(), notice(nil, "", msg.tenant.Name+msg.channel.Name+" is saved"))
	}
	m.edit.form.Forget() // the typed secret goes with the old form
	name, now := msg.tenant.Name, "; "+m.verdict()
	if m.edit.what == editChannel {
		name, now = msg.channel.Name, "; ctrl+t tests it"
		m.edit = m.newChannel(soc.ChannelStatus{Channel: msg.channel})
	} else {
		m.edit = m.newTenant(msg.tenant)
	}
	m.job.of = m.edit.ref()
	m.seek = m.edit.ref()
	return tea.Batch(m.load(), notice(nil, "", name+" is saved"+now))
}

// detached offers to release first when lockdowns are in the way (K-07).
func (m *Model) detached(msg doneMsg) tea.Cmd {
	var e *soc.Error
	if !errors.As(msg.err, &e) || e.Code != "live-lockdowns" {
		return tea.Batch(m.load(), notice(msg.err, "not detached: ", msg.what))
	}
	return screen.Send(screen.ConfirmMsg{
		Title: "Live lockdowns on " + msg.tenant.Name, Tenant: msg.tenant.ID,
		Lines: []string{
			e.What, "", "They can be released first; cordon waits for Defender to confirm and detaches then.",
			"To leave them isolated without a timer instead, run:",
			fmt.Sprintf("  cordon partner detach defender --name %q --abandon", msg.tenant.Name),
		},
		Button:   "Release, then detach " + msg.tenant.Name,
		Yes:      detachMsg{id: msg.tenant.ID, name: msg.tenant.Name, releaseFirst: true},
		TypeWord: msg.tenant.Name,
	})
}

// madeToken shows the value of the new token once; it is kept nowhere.
func (m *Model) madeToken(msg doneMsg) tea.Cmd {
	if msg.err != nil {
		return tea.Batch(m.load(), notice(msg.err, "no token was made: ", ""))
	}
	return tea.Batch(m.leave(), showToken(msg.token, msg.value), notice(nil, "", "token "+msg.token.Name+" is made"))
}
