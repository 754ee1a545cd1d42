package host

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Keys are the bindings as they are now. The reasons of those that change a device come from the one door (K-15).
func (m *Model) Keys() []keys.Binding {
	if m.typing {
		return typingKeys()
	}
	out := []keys.Binding{
		{ID: "host.lockdown", Keys: []string{"L"}, Hint: "lockdown", Danger: true, Off: m.off(soc.ActIsolate), Help: "isolate this device for a while; it is released by itself"},
		{ID: "host.release", Keys: []string{"U"}, Hint: "release", Danger: true, Off: m.off(soc.ActRelease), Help: "release this device from isolation"},
		m.periodKey(),
		{ID: "host.recheck", Keys: []string{"i"}, Hint: "recheck", Off: m.noHost(), Help: "ask Defender for this host, its users and its actions now"},
		{ID: "host.copy", Keys: []string{"y"}, Hint: "copy id", Off: m.noHost(), Help: "copy the id of the machine"},
		{ID: "host.raw", Keys: []string{"J"}, Hint: "raw", Off: m.noHost(), Help: "show the raw JSON of what the cursor is on"},
		{ID: "host.link", Keys: []string{"o"}, Hint: "portal link", Off: m.noLink(), Help: "show and copy the link to this device in the Defender portal"},
		{ID: "host.same", Keys: []string{"s"}, Hint: "same name", Off: m.noSame(), Hidden: len(m.f.same) == 0 && m.f.host.MergedInto == "", Help: "go to the next record of this name"},
	}
	out = append(out, tabKeys()...)
	out = append(out,
		keys.Binding{ID: "host.open", Keys: []string{"enter"}, Hint: "open", Hidden: !m.focused().list(), Help: "show all about the row under the cursor"},
		keys.Binding{ID: "host.filter", Keys: []string{"/"}, Hint: "filter", Off: m.noHost(), Help: "filter the timeline: words, -words, kind:alert,action,lockdown"},
		keys.Binding{ID: "host.next", Keys: []string{"n"}, Show: "n N", Hint: "next", Off: m.noMatch(), Help: "next match in the timeline"},
		keys.Binding{ID: "host.prev", Keys: []string{"N"}, Hidden: true, Off: m.noMatch(), Help: "previous match in the timeline"},
		keys.Binding{ID: "host.older", Keys: []string{"}"}, Show: "{ }", Hint: "day", Off: m.noMatch(), Help: "next older day in the timeline"},
		keys.Binding{ID: "host.newer", Keys: []string{"{"}, Hidden: true, Off: m.noMatch(), Help: "next newer day in the timeline"},
		keys.Binding{ID: "host.back", Keys: []string{"esc"}, Hint: "back", Hidden: m.filter == "", Help: "clear the filter, or go back"},
	)
	return append(out, grid.Moves()...)
}

func tabKeys() []keys.Binding {
	out := []keys.Binding{
		{ID: "host.tab-next", Keys: []string{"]"}, Show: "[ ]", Hint: "tabs", Help: "next tab"},
		{ID: "host.tab-prev", Keys: []string{"["}, Hidden: true, Help: "previous tab"},
	}
	for i, t := range allTabs() {
		b := keys.Binding{ID: "host.tab-" + strings.ToLower(t.title()), Keys: []string{string(rune('1' + i))}, Hidden: true, Help: "tab " + t.title()}
		if i == 0 {
			b.Show, b.Hint, b.Hidden = "1-7", "tab", false
		}
		out = append(out, b)
	}
	return out
}

func typingKeys() []keys.Binding {
	return []keys.Binding{
		{ID: "host.filter-keep", Keys: []string{"enter"}, Hint: "keep filter"},
		{ID: "host.filter-drop", Keys: []string{"esc"}, Hint: "cancel"},
	}
}

// periodKey is X: it changes a running period, or takes a waiting lockdown back.
func (m *Model) periodKey() keys.Binding {
	b := keys.Binding{ID: "host.period", Keys: []string{"X"}, Hint: "extend", Danger: true, Help: "extend or shorten the lockdown; cancel it while it is waiting"}
	l := m.f.open()
	switch {
	case m.noHost() != "":
		b.Off = m.noHost()
	case l == nil:
		b.Off = m.off(soc.ActPeriod)
		if b.Off == "" {
			b.Off = "no lockdown of ours is running on this host"
		}
	case waiting(*l):
		b.Hint, b.Off = "take back", m.off(soc.ActCancel)
	default:
		b.Off = m.off(soc.ActPeriod)
	}
	return b
}

// waiting reports that nothing is enforced yet, so that the order can be taken back.
func waiting(l soc.Lockdown) bool {
	switch l.Phase {
	case soc.PhaseRequested, soc.PhaseSubmitting, soc.PhasePending:
		return true
	}
	return false
}

// off is why an act is not possible, in the words of the service.
func (m *Model) off(act soc.Act) string {
	if why := m.noHost(); why != "" {
		return why
	}
	v, ok := m.f.may[act]
	switch {
	case !ok:
		return "this host is still being read"
	case v.Allowed:
		return ""
	case v.Why == "":
		return "not possible now"
	}
	return v.Why
}

func (m *Model) noHost() string {
	switch {
	case m.key.IsZero():
		return "no host chosen"
	case !m.d.Session.Can(soc.RightAlertsView):
		return "needs the right alerts.view"
	case !m.loaded:
		return "this host is still being read"
	}
	return ""
}

func (m *Model) noMatch() string {
	if m.focused() != tabTimeline {
		return "only in the timeline (3)"
	}
	if len(m.shown) == 0 {
		return "the timeline is empty"
	}
	return ""
}

func (m *Model) noSame() string {
	if len(m.f.same) == 0 && m.f.host.MergedInto == "" {
		return "no other record has this name"
	}
	return ""
}

// press handles a key: text being typed, then the bindings, then moving.
func (m *Model) press(k tea.KeyPressMsg) tea.Cmd {
	if m.typing {
		m.typed(k)
		return nil
	}
	b, ok := keys.Find(k, m.Keys())
	switch {
	case !ok:
		return nil
	case b.Off != "":
		return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: b.Label() + " is off: " + b.Off})
	}
	return m.run(b.ID, k)
}

// run is what each action does.
func (m *Model) run(id string, k tea.KeyPressMsg) tea.Cmd {
	switch id {
	case "host.lockdown":
		return m.isolate()
	case "host.release":
		return screen.Send(screen.ReleaseMsg{Hosts: []soc.HostKey{m.key}})
	case "host.period":
		return m.period()
	case "host.recheck":
		return tea.Batch(m.want(true), screen.Send(screen.NoticeMsg{Text: "asking Defender for " + m.Title()}))
	case "host.copy":
		return screen.Send(screen.CopyMsg{What: "machine id", Text: m.key.MachineID})
	case "host.raw":
		return m.openRaw()
	case "host.link":
		return screen.Send(screen.CopyMsg{What: "portal link", Text: m.link()})
	case "host.same":
		return m.goSame()
	case "host.open":
		return m.openRow()
	case "host.filter":
		m.startTyping()
	case "host.next", "host.prev":
		m.cycle(map[string]int{"host.next": 1, "host.prev": -1}[id])
	case "host.older", "host.newer":
		m.jumpDay(id == "host.older")
	case "host.back":
		return m.back()
	case "host.tab-next":
		m.show((m.tab + 1) % tab(len(allTabs())))
	case "host.tab-prev":
		m.show((m.tab + tab(len(allTabs())) - 1) % tab(len(allTabs())))
	default:
		if t, ok := tabNamed(strings.TrimPrefix(id, "host.tab-")); ok {
			m.show(t)
			return nil
		}
		m.move(k)
	}
	return nil
}

// move moves in the list or scrolls the text.
func (m *Model) move(k tea.KeyPressMsg) {
	t := m.focused()
	if g := m.grids[t]; g != nil {
		g.Update(k)
		return
	}
	m.scroll(t, k)
}

// scroll moves text as the grid's keys move rows.
func (m *Model) scroll(t tab, k tea.KeyPressMsg) {
	page := m.lay.body
	if m.lay.right > 0 {
		page -= 2
	}
	page = max(page, 1)
	last := max(0, len(m.text(t, m.lay.middle-4))-page)
	step := map[string]int{
		"j": 1, "down": 1, "k": -1, "up": -1, "ctrl+d": page / 2, "ctrl+u": -page / 2, "pgdown": page, "pgup": -page,
		"g": -last, "home": -last, "G": last, "end": last,
	}
	m.top[t] = min(max(min(m.top[t], last)+step[k.String()], 0), last)
}

// typed edits the filter; it takes effect with each key.
func (m *Model) typed(k tea.KeyPressMsg) {
	switch k.String() {
	case "enter":
		m.typing = false
	case "esc":
		m.typing = false
		m.setFilter(m.before)
	case "backspace":
		_, n := utf8.DecodeLastRuneInString(m.filter)
		m.setFilter(m.filter[:len(m.filter)-n])
	case "ctrl+u":
		m.setFilter("")
	default:
		m.setFilter(m.filter + k.Text)
	}
}
