package ui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// route is the order in which a message finds its place: 1 size and background, 2 the open dialog, 3 a screen that is typing, 4 the keys
// that work everywhere, 5 the visible screen. What is not a key goes to everybody.
func (m *Model) route(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return m.resize(msg.Width, msg.Height)
	case tea.BackgroundColorMsg:
		return m.background(msg.IsDark())
	case tea.FocusMsg:
		m.blurred = false
		return nil
	case tea.BlurMsg:
		m.blurred = true
		return nil
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg)
	case tea.KeyReleaseMsg, tea.PasteStartMsg, tea.PasteEndMsg, tea.MouseMsg, tea.EnvMsg:
		return nil
	case tickMsg:
		return m.onTick(msg)
	case wakeMsg:
		return m.onWake(msg)
	case connsMsg:
		return m.onConns(msg)
	case openMsg:
		return m.onOpen(msg)
	case outcomeMsg:
		return m.onOutcomes(msg)
	case leaveMsg:
		return m.onLeave(msg)
	}
	if cmd, ok := m.request(msg); ok {
		return cmd
	}
	return m.everywhere(msg)
}

// key is steps 2 to 5.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	m.now = m.deps.Now()
	switch {
	case k.String() == "ctrl+c":
		return m.interrupt(k)
	case m.small():
		return nil // nothing that a key would do can be seen
	case m.dialogs.Open():
		return m.dialogs.Key(k)
	}
	m.dialogs.Saw(k)
	if m.notice.level == screen.Warn && m.now.Sub(m.notice.at) > twice {
		m.notice = notice{} // it was about an earlier key, and E keeps it
	}
	if m.going {
		return m.gone(k)
	}
	if m.active().Capturing() {
		return m.active().Update(k)
	}
	if b, ok := keys.Find(k, globals()); ok && !m.takesOver(b, k) {
		return m.global(b.ID)
	}
	return m.active().Update(k)
}

// takesOver reports that the visible screen has its own, more exact meaning for a global key: esc clears its filter before it goes back, R
// reads what it shows.
func (m *Model) takesOver(b keys.Binding, k tea.KeyPressMsg) bool {
	if !yields(b.ID) {
		return false
	}
	own, ok := keys.Find(k, m.bindings())
	return ok && own.Off == ""
}

// paste goes to a text field or nowhere: pasted text must never run keys (SC31).
func (m *Model) paste(p tea.PasteMsg) tea.Cmd {
	switch {
	case m.small():
	case m.dialogs.Open():
		if m.dialogs.Paste(p.Content) {
			return nil
		}
	case m.active().Capturing():
		return m.active().Update(p)
	}
	m.say(screen.NoticeMsg{Level: screen.Warn, Text: fmt.Sprintf("ignored %d pasted characters", len([]rune(p.Content)))})
	return nil
}

// request handles what screens and dialogs ask of the shell.
func (m *Model) request(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case screen.GoMsg:
		return m.goTo(msg.To), true
	case screen.BackMsg:
		return m.goBack(), true
	case screen.NoticeMsg:
		m.say(msg)
		return nil, true
	case screen.CopyMsg:
		return m.copyText(msg), true
	case screen.WantHostMsg:
		m.deps.Connector.WantHost(msg.Host, msg.Force)
		return nil, true
	case dialog.RunMsg:
		return m.runKey(msg.Key), true
	case dialog.PastMsg:
		m.remember(msg.Line)
		return nil, true
	case dialog.QuitMsg:
		return tea.Quit, true
	}
	return m.openFor(msg)
}

// openFor opens the dialog that a message asks for.
func (m *Model) openFor(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case screen.IsolateMsg:
		return m.order(soc.ActIsolate, dialog.IsolateOptions{Hosts: msg.Hosts, Because: msg.Because, Reason: msg.Reason}), true
	case screen.ReleaseMsg:
		return m.order(soc.ActRelease, dialog.IsolateOptions{Hosts: msg.Hosts}), true
	case dialog.OrderMsg:
		return m.order(msg.Act, dialog.IsolateOptions{Hosts: msg.Hosts, Period: msg.Period}), true
	case screen.PeriodMsg:
		return m.push(dialog.NewPeriod(m.env, msg.Lockdown)), true
	case screen.CancelMsg:
		return m.push(dialog.NewCancel(m.env, msg.Lockdown)), true
	case dialog.CloseMsg:
		return m.push(dialog.NewClose(m.env, msg.Lockdown)), true
	case screen.TextMsg:
		return m.push(dialog.NewText(m.env, msg.Title, msg.Text, msg.Copy)), true
	case screen.ConfirmMsg:
		return m.push(dialog.NewConfirm(m.env, msg)), true
	case dialog.OpenMsg:
		return m.push(msg.Dialog), true
	case dialog.ErrorsMsg:
		return m.errors(), true
	}
	return nil, false
}

func (m *Model) push(d dialog.Dialog) tea.Cmd { return m.dialogs.Push(d) }

// order opens the dialog of a verb. An empty or half-empty choice never becomes one (C-17).
func (m *Model) order(act soc.Act, o dialog.IsolateOptions) tea.Cmd {
	o.Hosts = distinct(o.Hosts)
	if len(o.Hosts) == 0 {
		m.say(screen.NoticeMsg{Level: screen.Warn, Text: "no device is chosen: nothing to " + string(act) + "; select a row that names a host"})
		return nil
	}
	if act == soc.ActRelease {
		return m.push(dialog.NewRelease(m.env, o.Hosts))
	}
	return m.push(dialog.NewIsolate(m.env, o))
}

// distinct drops keys that name nothing, and doubles: two marked alerts may be about one host.
func distinct(hosts []soc.HostKey) []soc.HostKey {
	var out []soc.HostKey
	seen := map[soc.HostKey]bool{}
	for _, h := range hosts {
		if !h.IsZero() && !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

// resize clamps what the terminal claims and tells the visible screen.
func (m *Model) resize(w, h int) tea.Cmd {
	m.w, m.h = min(max(w, 0), maxW), min(max(h, 0), maxH)
	if m.small() {
		return nil
	}
	if !m.started {
		m.started = true
		return tea.Batch(m.everywhere(screen.TickMsg{Now: m.now}), m.everywhere(screen.ZoneMsg{Zone: m.zone}), m.tellTroubles(), m.show(m.place, false))
	}
	return m.fit(m.place.Kind)
}

// fit tells a screen its size if it does not know it.
func (m *Model) fit(kind string) tea.Cmd {
	size := [2]int{m.w, m.bodyHeight()}
	if m.sized[kind] == size || m.small() {
		return nil
	}
	m.sized[kind] = size
	return m.screens[kind].Resize(size[0], size[1])
}

func (m *Model) small() bool { return m.w < minW || m.h < minH }
