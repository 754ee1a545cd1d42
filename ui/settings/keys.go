package settings

import (
	"cmp"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Ids of the actions.
const (
	idAdd     = "settings.add"
	idEdit    = "settings.edit"
	idTest    = "settings.test"
	idSave    = "settings.save"
	idRevert  = "settings.revert"
	idDetach  = "settings.detach"
	idEnable  = "settings.enable"
	idPerms   = "settings.permissions"
	idStop    = "settings.stop"
	idBack    = "settings.back"
	idCopy    = "settings.copy"
	idMake    = "settings.make"
	idLeft    = "settings.tab.left"
	idRight   = "settings.tab.right"
	idUp      = "settings.up"
	idDown    = "settings.down"
	idPageUp  = "settings.page.up"
	idPageDn  = "settings.page.down"
	idChoose  = "settings.choose"
	idTokenNo = "settings.token.remove"
	idAway    = "settings.test.away"
	idAsk     = "settings.permissions.ask"
)

func tabID(t tab) string { return fmt.Sprintf("settings.tab.%d", int(t)+1) }

// Keys are the bindings as they are now. Who may not change settings does not have the keys that change them (V-12).
func (m *Model) Keys() []keys.Binding {
	switch {
	case m.denied():
		return nil
	case m.edit != nil:
		return m.formKeys()
	case m.picking:
		return m.pickKeys()
	case m.perm:
		return m.permissionKeys()
	}
	out := m.tabKeys()
	switch m.tab {
	case tabIntegrations:
		out = append(out, m.listKeys()...)
	case tabTokens:
		out = append(out, m.tokenKeys()...)
	default:
		out = append(out, m.scrollKeys()...)
	}
	if e, ok := m.current(); m.tab == tabIntegrations && ok && !m.job.running && m.tested(e.ref()) {
		out = append(out, keys.Binding{ID: idAway, Keys: []string{"esc"}, Hint: "hide test", Help: "put the result of the test away"})
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
	for t := tabIntegrations; t <= tabAbout; t++ {
		out = append(out, keys.Binding{ID: tabID(t), Keys: []string{fmt.Sprint(int(t) + 1)}, Hint: tabName(t), Help: "show " + tabName(t), Hidden: true})
	}
	return out
}

func (m *Model) permissionKeys() []keys.Binding {
	out, off := m.scrollKeys(), ""
	if _, ok := m.d.Connector.(asker); !ok {
		off = "this console can not sign in by itself"
	}
	if m.job.running {
		off = "a step is under way; esc stops it"
		out = append(out, keys.Binding{ID: idStop, Keys: []string{"esc"}, Hint: "stop", Help: "stop what is under way"})
	} else {
		out = append(out, keys.Binding{ID: idBack, Keys: []string{"esc", "p"}, Show: "esc", Hint: "back", Help: "go back to the list"})
	}
	return append(out, keys.Binding{ID: idAsk, Keys: []string{"R", "f5", "ctrl+r"}, Show: "R", Hint: "ask again", Help: "sign in anew and " +
		"look what was consented", Off: off})
}

// scrollKeys move through text that is longer than the body.
func (m *Model) scrollKeys() []keys.Binding {
	return []keys.Binding{
		{ID: idDown, Keys: []string{"j", "down"}, Show: "j k", Hint: "scroll", Help: "scroll down"},
		{ID: idUp, Keys: []string{"k", "up"}, Help: "scroll up", Hidden: true},
		{ID: idPageDn, Keys: []string{"pgdown", "ctrl+d"}, Help: "scroll down a page", Hidden: true},
		{ID: idPageUp, Keys: []string{"pgup", "ctrl+u"}, Help: "scroll up a page", Hidden: true},
	}
}

func (m *Model) listKeys() []keys.Binding {
	none, busy, noTenant := "", "", ""
	e, ok := m.current()
	if !ok {
		none = "nothing is attached yet; a adds an integration"
	}
	if m.job.running {
		busy = "another step is under way; esc stops it"
	}
	if e.tenant == nil {
		noTenant = "only a tenant has permissions"
	}
	perms := keys.Binding{ID: idPerms, Keys: []string{"p"}, Hint: "permissions", Help: "what the token of the tenant allows, and what is " +
		"missing", Off: cmp.Or(none, noTenant)}
	out := []keys.Binding{{ID: idEdit, Keys: []string{"enter"}, Hint: "open", Help: "open the integration; nothing can be changed", Off: none}, perms}
	if m.may() {
		toggle, fixed, detach := "switch off", "", "detach"
		if !e.enabled() {
			toggle = "switch on"
		}
		if e.channel != nil {
			detach = "remove"
		}
		if e.channel != nil && e.channel.FromFile {
			fixed = "it stands in config.yaml and is changed there"
		}
		out = []keys.Binding{
			{ID: idAdd, Keys: []string{"a", "n"}, Show: "a", Hint: "add", Help: "add a tenant or a channel: choose its type first", Off: busy},
			{ID: idEdit, Keys: []string{"enter"}, Hint: "edit", Help: "edit the integration", Off: cmp.Or(none, busy)},
			{ID: idTest, Keys: []string{"ctrl+t"}, Hint: "test", Help: "test it step by step; a way out sends a test message", Off: cmp.Or(none, busy)},
			{ID: idEnable, Keys: []string{"space"}, Hint: toggle, Help: "switch it on or off; releases of a tenant always " +
				"go on", Off: cmp.Or(none, busy, fixed)},
			{ID: idDetach, Keys: []string{"d"}, Hint: detach, Help: "remove it and its credentials", Off: cmp.Or(none, busy, fixed)},
			perms,
		}
	}
	if m.fix() != "" {
		out = append(out, keys.Binding{ID: idCopy, Keys: []string{"y"}, Hint: "copy fix", Help: "copy what to do about the failed step"})
	}
	return append(out, grid.Moves()...)
}

func (m *Model) tokenKeys() []keys.Binding {
	if !m.may() || m.d.Channels == nil {
		return grid.Moves()
	}
	none, busy := "", ""
	if _, ok := m.token(); !ok {
		none = "there is no token"
	}
	if m.job.running {
		busy = "another step is under way; esc stops it"
	}
	return append([]keys.Binding{
		{ID: idAdd, Keys: []string{"a", "n"}, Show: "a", Hint: "add", Help: "make a token; its value is shown once", Off: busy},
		{ID: idTokenNo, Keys: []string{"d"}, Hint: "remove", Help: "remove the token; its program is refused from then on", Off: cmp.Or(none, busy)},
	}, grid.Moves()...)
}

func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	b, ok := keys.Find(k, m.Keys())
	switch {
	case ok && b.Off != "":
		return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: b.Hint + ": " + b.Off})
	case ok && strings.HasPrefix(b.ID, "grid."):
		if m.tab == tabTokens {
			m.tokenBox.Update(k)
		} else {
			m.grid.Update(k)
		}
		return nil
	case ok && m.edit != nil:
		return m.formAct(b.ID)
	case ok:
		return m.act(b.ID)
	case m.Capturing() && !m.job.running:
		m.edited(m.edit.form.Key(k))
	}
	return nil
}

func (m *Model) act(id string) tea.Cmd {
	e, _ := m.current()
	switch id {
	case idAdd:
		m.add()
	case idEdit:
		m.openEntry(e)
	case idChoose:
		m.choose()
	case idTest:
		return m.test()
	case idStop:
		return m.stop()
	case idBack:
		m.picking, m.perm, m.top = false, false, 0
	case idAway:
		m.job.away = true
	case idAsk:
		return m.askPermissions(e)
	case idPerms:
		m.perm, m.top = true, 0
	case idEnable:
		return m.enable(e)
	case idDetach:
		return screen.Send(m.confirmDetach(e))
	case idTokenNo:
		t, _ := m.token()
		return screen.Send(confirmToken(t))
	case idCopy:
		return screen.Send(screen.CopyMsg{What: "what to do", Text: m.fix()})
	case idUp, idDown, idPageUp, idPageDn:
		m.scroll(id)
	default:
		m.turn(id)
	}
	return nil
}

// scroll moves through text, or through the list of types.
func (m *Model) scroll(id string) {
	by := map[string]int{idUp: -1, idDown: 1, idPageUp: 1 - m.h, idPageDn: m.h - 1}[id]
	if m.picking {
		m.pick = max(0, min(m.pick+by, len(m.types())-1))
		return
	}
	m.top = max(0, min(m.top+by, len(m.text())-m.h))
}

// turn goes to another section.
func (m *Model) turn(id string) {
	m.top = 0
	switch id {
	case idLeft:
		m.tab = (m.tab + tabAbout) % (tabAbout + 1)
	case idRight:
		m.tab = (m.tab + 1) % (tabAbout + 1)
	}
	for t := tabIntegrations; t <= tabAbout; t++ {
		if id == tabID(t) {
			m.tab = t
		}
	}
}

// openEntry shows the form of a row of the list.
func (m *Model) openEntry(e entry) {
	switch {
	case e.tenant != nil:
		m.open(m.newTenant(*e.tenant))
	case e.channel != nil:
		m.open(m.newChannel(*e.channel))
	}
}
