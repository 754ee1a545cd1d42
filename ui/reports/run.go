package reports

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// job is the one order under way.
type job struct {
	req     int
	what    string // for people: "adding 3 indicators"
	running bool
	began   time.Time
	cancel  context.CancelFunc
}

type (
	// resolveMsg and deleteMsg come back from a confirmation; they hold what was asked about.
	resolveMsg struct{ key, title string }
	deleteMsg  struct {
		tenant    soc.IntegrationID
		id, value string
	}
	leaveMsg struct{}
	doneMsg  struct {
		req     int
		tenant  soc.IntegrationID
		remote  bool // the list of Defender changed
		good    string
		bad     string
		results []soc.ItemResult
		err     error
	}
)

// start runs an order in the background.
func (m *Model) start(what string, do func(ctx context.Context) doneMsg) tea.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	m.job = job{req: m.job.req + 1, what: what, running: true, began: m.now, cancel: cancel}
	req := m.job.req
	return func() tea.Msg {
		defer cancel()
		msg := do(ctx)
		msg.req = req
		return msg
	}
}

// resolve marks a threat as resolved on its device; Defender's alert follows (M-08).
func (m *Model) resolve(msg resolveMsg) tea.Cmd {
	s, who := m.d.Service, m.d.Session
	return m.start("resolving", func(ctx context.Context) doneMsg {
		_, err := s.ResolveThreat(ctx, who, msg.key)
		return doneMsg{err: err, good: "resolved: " + msg.title + "; Defender's alert follows", bad: "not resolved: "}
	})
}

func (m *Model) remove(msg deleteMsg) tea.Cmd {
	s, who := m.d.Service, m.d.Session
	return m.start("deleting the indicator", func(ctx context.Context) doneMsg {
		err := s.DeleteIndicator(ctx, who, msg.tenant, msg.id)
		return doneMsg{tenant: msg.tenant, remote: true, err: err, good: "deleted: " + msg.value, bad: "not deleted: "}
	})
}

// submit adds the indicators of the form; each has its own result.
func (m *Model) submit() tea.Cmd {
	if x, why := m.form.Problem(); x != nil {
		return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: "not added: " + x.Label + ": " + why})
	}
	s, who, id, list := m.d.Service, m.d.Session, m.tenant, m.drafts()
	return m.start("adding "+words.Count(len(list), "indicator"), func(ctx context.Context) doneMsg {
		results, err := s.AddIndicators(ctx, who, id, list)
		return doneMsg{tenant: id, remote: true, results: results, err: err, bad: "not added: "}
	})
}

func (m *Model) stop() tea.Cmd {
	m.job.cancel()
	m.job.running = false
	m.job.req++
	text := "not waiting any more; what was sent may have taken effect, R shows"
	return tea.Batch(m.load(), screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: text}))
}

func (m *Model) onDone(msg doneMsg) tea.Cmd {
	if msg.req != m.job.req || !m.job.running {
		return nil
	}
	m.job.running = false
	cmds := []tea.Cmd{m.load()}
	if msg.remote && msg.tenant == m.tenant {
		cmds = append(cmds, m.ask())
	}
	if msg.err != nil {
		return tea.Batch(append(cmds, screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: msg.bad + msg.err.Error(), Err: msg.err}))...)
	}
	if msg.results != nil {
		return tea.Batch(append(cmds, m.outcome(msg))...)
	}
	return tea.Batch(append(cmds, screen.Send(screen.NoticeMsg{Level: screen.Good, Text: msg.good}))...)
}

// outcome tells item by item what became of a batch. The form closes when all were taken; else it keeps those that were not.
func (m *Model) outcome(msg doneMsg) tea.Cmd {
	var bad []string
	var lines []string
	for _, r := range msg.results {
		word := "added   "
		if !r.OK {
			word = "REFUSED "
			bad = append(bad, r.Item)
		}
		lines = append(lines, strings.TrimSpace(word+r.Item+"  "+r.Reason))
	}
	good := len(msg.results) - len(bad)
	if len(bad) == 0 {
		m.form = nil
		return screen.Send(screen.NoticeMsg{Level: screen.Good, Text: words.Count(good, "indicator") + " added; a block takes up to two hours " +
			"to work everywhere"})
	}
	if m.form != nil {
		m.form.Set(fValue, strings.Join(bad, " "))
	}
	return tea.Batch(
		screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: fmt.Sprintf("%d added, %d refused; the refused ones stay in the form", good, len(bad))}),
		screen.Send(screen.TextMsg{Title: "What became of each", Text: strings.Join(lines, "\n")}),
	)
}

// back leaves the form; typed text is only dropped after a question.
func (m *Model) back() tea.Cmd {
	changed := m.form.Changed()
	if len(changed) == 0 {
		m.form = nil
		return nil
	}
	return screen.Send(screen.ConfirmMsg{
		Title: "Leave without adding?", Lines: []string{"Typed: " + form.Labels(changed)}, Button: "Drop what was typed", Yes: leaveMsg{},
	})
}
