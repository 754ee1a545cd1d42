package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
)

// burst is the shortest time between two reloads: a burst of thousands of changes becomes ten frames a second.
const burst = 100 * time.Millisecond

// feed turns the wake-ups of the store into messages. One command waits at a time; it is issued again after each wake-up.
type feed struct {
	done <-chan struct{}
	w    *soc.Watcher
}

// wakeMsg says that something is stale.
type wakeMsg struct{ topics soc.Topic }

// newFeed takes the watcher over: it is closed when ctx ends, whether or not anybody is waiting just then.
func newFeed(ctx context.Context, w *soc.Watcher) *feed {
	context.AfterFunc(ctx, w.Close)
	return &feed{done: ctx.Done(), w: w}
}

// wait waits for the next wake-up, but not before the pause is over. It ends with the program.
func (f *feed) wait(pause time.Duration) tea.Cmd {
	done, w := f.done, f.w
	return func() tea.Msg {
		if pause > 0 {
			t := time.NewTimer(pause)
			defer t.Stop()
			select {
			case <-done:
				return nil
			case <-t.C:
			}
		}
		select {
		case <-done:
			return nil
		case <-w.C():
			return wakeMsg{w.Take()}
		}
	}
}

// onWake tells the visible screen and the dialogs what is stale and reads again what the frame itself shows. Hidden screens read when they
// become visible; four of them reading on every wake-up would cost the store four times what is looked at.
func (m *Model) onWake(msg wakeMsg) tea.Cmd {
	m.now = m.deps.Now()
	stale := screen.StaleMsg{Topics: msg.topics}
	cmds := []tea.Cmd{m.feed.wait(burst), m.dialogs.Update(stale)}
	if m.started {
		cmds = append(cmds, m.active().Update(stale))
	}
	if msg.topics.Has(soc.TopicAudit) {
		cmds = append(cmds, m.loadOutcomes())
	}
	if msg.topics.Has(soc.TopicConn | soc.TopicSettings) {
		cmds = append(cmds, m.loadConns(), m.ask())
	}
	if msg.topics.Has(soc.TopicLockdowns) {
		cmds = append(cmds, m.loadOpen())
	}
	return tea.Batch(cmds...)
}

// connsMsg brings the live condition of the tenants.
type connsMsg struct {
	req   int
	conns []soc.Conn
}

func (m *Model) loadConns() tea.Cmd {
	m.reqs.conns++
	req, c := m.reqs.conns, m.deps.Connector
	return m.run(func(ctx context.Context) tea.Msg { return connsMsg{req, c.Conns(ctx)} })
}

// onConns keeps the newest answer, says once when a tenant gets a problem, and tells the screens.
func (m *Model) onConns(msg connsMsg) tea.Cmd {
	if msg.req != m.reqs.conns {
		return nil
	}
	before := map[soc.IntegrationID]string{}
	for _, c := range m.conns {
		before[c.Integration.ID] = c.Problem
	}
	for _, c := range msg.conns {
		if c.Problem != "" && before[c.Integration.ID] != c.Problem {
			m.say(screen.NoticeMsg{Level: screen.Warn, Text: c.Integration.Name + ": " + c.Problem})
		}
	}
	m.conns = msg.conns
	return m.everywhere(screen.ConnsMsg{Conns: msg.conns})
}

// openMsg brings the lockdowns that are not final.
type openMsg struct {
	req  int
	open []soc.Lockdown
	err  error
}

func (m *Model) loadOpen() tea.Cmd {
	if !m.deps.Session.Can(soc.RightLockdownView) {
		return nil
	}
	m.reqs.open++
	req, r := m.reqs.open, m.deps.Reader
	return m.run(func(ctx context.Context) tea.Msg {
		open, err := r.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		return openMsg{req, open, err}
	})
}

func (m *Model) onOpen(msg openMsg) tea.Cmd {
	switch {
	case msg.req != m.reqs.open:
	case msg.err != nil:
		m.say(screen.NoticeMsg{Level: screen.Bad, Text: "the lockdowns could not be read: " + msg.err.Error(), Err: msg.err})
	default:
		m.open = msg.open
		return m.bell()
	}
	return nil
}

// Ticks: each second while something counts, every ten otherwise, and when the terminal says that nobody looks.
const (
	fast = time.Second
	slow = 10 * time.Second
)

// ticker is the one clock of the program. A tick of an older generation is dropped, so that the pace can change without a second clock.
type ticker struct {
	gen  int
	pace time.Duration
}

type tickMsg struct{ gen int }

// ticks starts the clock and changes its pace when what is on screen asks for another one.
func (m *Model) ticks() tea.Cmd {
	pace := slow
	if m.started && !m.blurred && (m.active().Ticking() || m.dialogs.Ticking() || m.small() && len(m.open) > 0) {
		pace = fast
	}
	if pace == m.tick.pace {
		return nil
	}
	m.tick.pace = pace
	m.tick.gen++
	if pace == slow {
		return m.nextTick()
	}
	m.now = m.deps.Now() // what counts from here on must not count from a time of up to ten seconds ago
	return tea.Batch(m.nextTick(), m.everywhere(screen.TickMsg{Now: m.now}), m.ask())
}

// nextTick waits until the next full step of the wall clock, and not a moment longer than the program lives: thousands of sessions that come
// and go would otherwise leave as many waiting commands behind (F75).
func (m *Model) nextTick() tea.Cmd {
	now, gen := m.deps.Now(), m.tick.gen
	wait := now.Truncate(m.tick.pace).Add(m.tick.pace).Sub(now)
	done := m.feed.done
	return func() tea.Msg {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-done:
			return nil
		case <-t.C:
			return tickMsg{gen}
		}
	}
}

func (m *Model) onTick(msg tickMsg) tea.Cmd {
	if msg.gen != m.tick.gen {
		return nil
	}
	m.now = m.deps.Now()
	return tea.Batch(m.nextTick(), m.everywhere(screen.TickMsg{Now: m.now}), m.ask())
}
