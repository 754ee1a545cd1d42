package ui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// twice is how soon the second ctrl+c must follow.
const twice = 2 * time.Second

// background picks the dark or the light palette. The theme is changed in place, because every screen holds it.
func (m *Model) background(dark bool) tea.Cmd {
	look := m.deps.Look
	*m.th = *theme.New(theme.Kind(look.Theme), dark, look.ASCII, look.NoColor)
	return m.everywhere(screen.ThemeMsg{})
}

// toggleZone shows times in UTC or in local time, on every screen.
func (m *Model) toggleZone() tea.Cmd {
	m.local = !m.local
	m.zone = time.UTC
	if m.local {
		m.zone = m.deps.Local
	}
	m.info("times are shown in " + m.now.In(m.zone).Format("MST"))
	return m.everywhere(screen.ZoneMsg{Zone: m.zone})
}

// refresh polls now and reads everything again.
func (m *Model) refresh() tea.Cmd {
	m.deps.Connector.Refresh()
	if m.place.Kind == screen.Host && !m.place.Host.IsZero() {
		m.deps.Connector.WantHost(m.place.Host, true)
	}
	m.info("asked Defender for news")
	return tea.Batch(m.active().Update(screen.StaleMsg{Topics: ^soc.Topic(0)}), m.loadConns(), m.loadOpen())
}

// errors opens the list of errors; they count as seen.
func (m *Model) errors() tea.Cmd {
	m.unseen = 0
	return m.push(dialog.NewErrors(m.env, m.troubles, m.problems))
}

// copyText copies and shows what was copied: over SSH, in tmux and in some terminals the clipboard does not arrive.
func (m *Model) copyText(c screen.CopyMsg) tea.Cmd {
	cmd, n := dialog.Clipboard(c.What, c.Text)
	if strings.Contains(c.Text, "\n") || theme.Width(c.Text) > m.w-40 {
		m.say(n)
		return tea.Batch(cmd, m.push(dialog.NewText(m.env, c.What, c.Text, c.Text)))
	}
	n.Text += ": " + c.Text
	m.say(n)
	return cmd
}

// remember keeps a palette line.
func (m *Model) remember(line string) {
	line = strings.TrimSpace(line)
	out := []string{line}
	for _, r := range m.recent {
		if r != line && len(out) < 8 {
			out = append(out, r)
		}
	}
	m.recent = out
}

// asking reports that the first ctrl+c was pressed and a second one would quit.
func (m *Model) asking() bool { return m.now.Sub(m.interrupted) <= twice }

// askAgain is said for as long as it is true, over anything else that may come in: a person who pressed ctrl+c looks for its answer.
const askAgain = "press ctrl+c again within 2 s to quit"

// interrupt quits on the second ctrl+c within two seconds. A key that is held down is one press.
func (m *Model) interrupt(k tea.KeyPressMsg) tea.Cmd {
	if k.IsRepeat {
		return nil
	}
	if !m.asking() {
		m.interrupted = m.now
		return nil
	}
	m.interrupted = time.Time{}
	if m.leaving {
		return tea.Quit // the question itself hangs
	}
	return m.askLeave()
}

// leaveMsg brings the lockdowns that depend on this console.
type leaveMsg struct {
	live []soc.Lockdown
	err  error
	ask  bool // ask even if nothing depends on it
}

// askLeave quits, after asking when lockdowns depend on this console (K-13).
func (m *Model) askLeave() tea.Cmd { return m.readLive(false) }

// askQuit is askLeave for a key that is pressed easily: it always asks.
func (m *Model) askQuit() tea.Cmd { return m.readLive(true) }

func (m *Model) readLive(ask bool) tea.Cmd {
	if m.leaveBox != nil && m.dialogs.Top() == m.leaveBox {
		return nil
	}
	if m.deps.Leave == nil {
		return screen.Send(leaveMsg{ask: ask})
	}
	m.leaving = true
	leave := m.deps.Leave
	return m.run(func(ctx context.Context) tea.Msg {
		live, err := leave(ctx)
		return leaveMsg{live, err, ask}
	})
}

func (m *Model) onLeave(msg leaveMsg) tea.Cmd {
	m.leaving = false
	switch {
	case msg.err != nil:
		m.leaveBox = dialog.NewLeave(m.env, m.open, msg.err.Error(), m.deps.Background)
	case len(msg.live) > 0:
		m.leaveBox = dialog.NewLeave(m.env, msg.live, "", m.deps.Background)
	case msg.ask:
		m.leaveBox = dialog.NewQuit(m.env)
	default:
		return tea.Quit
	}
	return m.push(m.leaveBox)
}
