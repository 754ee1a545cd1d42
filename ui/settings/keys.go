package settings

import (
	"cmp"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Ids of the actions.
const (
	idAdd    = "settings.add"
	idEdit   = "settings.edit"
	idTest   = "settings.test"
	idSave   = "settings.save"
	idRevert = "settings.revert"
	idDetach = "settings.detach"
	idEnable = "settings.enable"
	idNext   = "settings.next"
	idPrev   = "settings.prev"
	idStop   = "settings.stop"
	idBack   = "settings.back"
	idCopy   = "settings.copy"
	idLess   = "settings.choice.less"
	idMore   = "settings.choice.more"
	idToggle = "settings.choice.toggle"
	idLeft   = "settings.tab.left"
	idRight  = "settings.tab.right"
)

func tabID(t tab) string { return fmt.Sprintf("settings.tab.%d", int(t)+1) }

// Keys are the bindings as they are now. Who may not change settings does not have the keys that change them (V-12).
func (m *Model) Keys() []keys.Binding {
	switch {
	case m.denied():
		return nil
	case m.form != nil && m.tab == tabDefender:
		return m.formKeys()
	}
	out := m.tabKeys()
	if m.tab == tabDefender {
		out = append(out, m.listKeys()...)
	}
	if m.job.running {
		out = append(out, keys.Binding{ID: idStop, Keys: []string{"esc"}, Hint: "stop", Help: "stop what is under way"})
	}
	return out
}

func (m *Model) tabKeys() []keys.Binding {
	out := []keys.Binding{
		{ID: idLeft, Keys: []string{"["}, Show: "[ ]", Hint: "tabs", Help: "go to the section at the left"},
		{ID: idRight, Keys: []string{"]"}, Hint: "next tab", Help: "go to the section at the right", Hidden: true},
	}
	for t := tabDefender; t <= tabAbout; t++ {
		out = append(out, keys.Binding{ID: tabID(t), Keys: []string{fmt.Sprint(int(t) + 1)}, Hint: tabName(t), Help: "show " + tabName(t), Hidden: true})
	}
	return out
}

func (m *Model) listKeys() []keys.Binding {
	none, busy := "", ""
	in, ok := m.current()
	if !ok {
		none = "nothing is attached yet; n adds a connection"
	}
	if m.job.running {
		busy = "another step is under way; esc stops it"
	}
	out := []keys.Binding{{ID: idEdit, Keys: []string{"enter"}, Hint: "open", Help: "open the connection", Off: none}}
	if m.may() {
		toggle := "switch off"
		if !in.Enabled {
			toggle = "switch on"
		}
		out = []keys.Binding{
			{ID: idAdd, Keys: []string{"n"}, Hint: "add", Help: "attach another tenant", Off: busy},
			{ID: idEdit, Keys: []string{"enter"}, Hint: "edit", Help: "edit the connection", Off: cmp.Or(none, busy)},
			{ID: idTest, Keys: []string{"ctrl+t"}, Hint: "test", Help: "test the connection step by step", Off: cmp.Or(none, busy)},
			{ID: idEnable, Keys: []string{"space"}, Hint: toggle, Help: "switch new isolations of this tenant on or off; releases always go on", Off: cmp.Or(none, busy)},
			{ID: idDetach, Keys: []string{"d"}, Hint: "detach", Help: "remove the connection and its credentials", Off: cmp.Or(none, busy)},
		}
	}
	if m.fix() != "" {
		out = append(out, keys.Binding{ID: idCopy, Keys: []string{"y"}, Hint: "copy fix", Help: "copy what to do about the failed step"})
	}
	return append(out, grid.Moves()...)
}

func (m *Model) formKeys() []keys.Binding {
	back := keys.Binding{ID: idBack, Keys: []string{"esc"}, Hint: "back", Help: "go back to the list"}
	if m.job.running {
		back = keys.Binding{ID: idStop, Keys: []string{"esc"}, Hint: "stop", Help: "stop the test; nothing is saved"}
	}
	out := []keys.Binding{
		{ID: idNext, Keys: []string{"tab", "down", "enter"}, Show: "tab", Hint: "next", Help: "go to the next field"},
		{ID: idPrev, Keys: []string{"shift+tab", "up"}, Show: "shift+tab", Hint: "prev", Help: "go to the field before"},
	}
	if !m.may() {
		return append(out, back)
	}
	if !m.job.running {
		out = append(out, m.form.fieldKeys()...)
	}
	busy, same := "", ""
	if m.job.running {
		busy = "the test is under way; esc stops it"
	}
	if len(m.form.changed()) == 0 {
		same = "nothing was changed"
	}
	return append(out,
		keys.Binding{ID: idTest, Keys: []string{"ctrl+t"}, Hint: "test", Help: "test what is typed, without saving", Off: busy},
		keys.Binding{ID: idSave, Keys: []string{"ctrl+s"}, Hint: "test+save", Help: "test, and save if the test passes", Off: busy},
		keys.Binding{ID: idRevert, Keys: []string{"ctrl+z"}, Hint: "revert", Help: "take back what was typed", Off: cmp.Or(busy, same)},
		back,
	)
}

// fieldKeys change the choice or the switch that has the focus; a text field takes these keys as text.
func (f *form) fieldKeys() []keys.Binding {
	less := keys.Binding{ID: idLess, Keys: []string{"left", "<"}, Show: "< >", Hint: "choose", Help: "take the value before"}
	more := keys.Binding{ID: idMore, Keys: []string{"right", ">"}, Hint: "next value", Help: "take the next value", Hidden: true}
	switch f.fields[f.at].kind {
	case kindChoice:
		more.Keys = append(more.Keys, "space")
		return []keys.Binding{less, more}
	case kindSwitch:
		return []keys.Binding{{ID: idToggle, Keys: []string{"space", "left", "right"}, Show: "space", Hint: "toggle", Help: "switch it on or off"}}
	}
	return nil
}

func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	b, ok := keys.Find(k, m.Keys())
	switch {
	case ok && b.Off != "":
		return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: b.Hint + ": " + b.Off})
	case ok && strings.HasPrefix(b.ID, "grid."):
		m.grid.Update(k)
		return nil
	case ok:
		return m.act(b.ID)
	case m.Capturing() && !m.job.running:
		m.form.key(k)
	}
	return nil
}

func (m *Model) act(id string) tea.Cmd {
	in, _ := m.current()
	switch id {
	case idAdd:
		m.open(soc.Integration{})
	case idEdit:
		m.open(in)
	case idTest:
		return m.test()
	case idSave:
		return m.save()
	case idStop:
		return m.stop()
	case idBack:
		return m.back()
	case idRevert:
		m.form.revert()
	case idNext:
		m.form.move(1)
	case idPrev:
		m.form.move(-1)
	case idLess:
		m.form.turn(-1)
	case idMore, idToggle:
		m.form.turn(1)
	case idEnable:
		return m.enable(in)
	case idDetach:
		return screen.Send(confirmDetach(in))
	case idCopy:
		return screen.Send(screen.CopyMsg{What: "what to do", Text: m.fix()})
	default:
		m.turn(id)
	}
	return nil
}

// turn goes to another section.
func (m *Model) turn(id string) {
	switch id {
	case idLeft:
		m.tab = (m.tab + tabAbout) % (tabAbout + 1)
	case idRight:
		m.tab = (m.tab + 1) % (tabAbout + 1)
	}
	for t := tabDefender; t <= tabAbout; t++ {
		if id == tabID(t) {
			m.tab = t
		}
	}
}

func (m *Model) open(in soc.Integration) {
	if m.job.of != in.ID || !m.job.running {
		m.job = job{req: m.job.req}
	}
	m.form = newForm(in)
}

// back leaves the form; typed text is only dropped after a question.
func (m *Model) back() tea.Cmd {
	changed := m.form.changed()
	if len(changed) == 0 {
		return m.leave()
	}
	return screen.Send(screen.ConfirmMsg{
		Title: "Leave without saving?", Lines: []string{"Not saved: " + strings.Join(changed, ", ")}, Button: "Drop the changes", Yes: leaveMsg{},
	})
}

func confirmDetach(in soc.Integration) screen.ConfirmMsg {
	return screen.ConfirmMsg{
		Title: "Detach " + in.Name,
		Lines: []string{
			"Its credentials, alerts and host data are removed from this machine; the history stays.",
			"Defender itself is not changed. With live lockdowns this is refused.",
		},
		Button: "Detach " + in.Name, Yes: detachMsg{id: in.ID, name: in.Name}, TypeWord: in.Name,
	}
}
