package reports

import (
	"cmp"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Ids of the actions.
const (
	idLeft    = "reports.tab.left"
	idRight   = "reports.tab.right"
	idOpen    = "reports.open"
	idManaged = "reports.managed"
	idSort    = "reports.sort"
	idResolve = "reports.resolve"
	idCopy    = "reports.copy"
	idLink    = "reports.link"
	idAdd     = "reports.add"
	idDelete  = "reports.delete"
	idTenant  = "reports.tenant"
	idReload  = "reports.reload"
	idSubmit  = "reports.submit"
	idRevert  = "reports.revert"
	idBack    = "reports.back"
	idStop    = "reports.stop"
	idDown    = "reports.down"
	idUp      = "reports.up"
)

func tabID(t tab) string { return fmt.Sprintf("reports.tab.%d", int(t)+1) }

// Keys are the bindings as they are now.
func (m *Model) Keys() []keys.Binding {
	switch {
	case m.denied() || m.d.Service == nil:
		return nil
	case m.form != nil:
		return m.formKeys()
	}
	out := []keys.Binding{
		{ID: idLeft, Keys: []string{"["}, Show: "[ ]", Hint: "tabs", Help: "go to the section at the left"},
		{ID: idRight, Keys: []string{"]"}, Hint: "next tab", Help: "go to the section at the right", Hidden: true},
	}
	for t := tabThreats; t <= tabReady; t++ {
		out = append(out, keys.Binding{ID: tabID(t), Keys: []string{fmt.Sprint(int(t) + 1)}, Hint: tabName(t), Help: "show " + tabName(t), Hidden: true})
	}
	switch m.tab {
	case tabThreats:
		out = append(append(out, m.threatKeys()...), grid.Moves()...)
	case tabIndicators:
		out = append(append(out, m.indicatorKeys()...), grid.Moves()...)
	default:
		out = append(append(out, m.tenantKeys()...),
			keys.Binding{ID: idDown, Keys: []string{"j", "down"}, Show: "j k", Hint: "scroll", Help: "scroll down"},
			keys.Binding{ID: idUp, Keys: []string{"k", "up"}, Help: "scroll up", Hidden: true})
	}
	if m.job.running {
		out = append(out, keys.Binding{ID: idStop, Keys: []string{"esc"}, Hint: "stop", Help: "stop waiting for " + m.job.what})
	}
	return out
}

// mayNot says which right is missing to change something (N-04).
func (m *Model) mayNot(r soc.Right) string {
	switch {
	case m.d.Session.ReadOnly:
		return "this session is read-only"
	case !m.d.Session.Can(r):
		return "needs the right " + string(r)
	case m.job.running:
		return m.job.what + " is under way; esc stops waiting"
	}
	return ""
}

func (m *Model) threatKeys() []keys.Binding {
	t, ok := m.threat()
	none := ""
	if !ok {
		none = "there is no report"
	}
	done := ""
	switch {
	case !t.ResolvedAt.IsZero():
		done = "it is resolved already"
	case t.State == soc.ThreatSuppressed:
		done = "it was not sent, so there is nothing to resolve"
	}
	return []keys.Binding{
		{ID: idOpen, Keys: []string{"enter"}, Hint: "whole", Help: "everything about the report", Off: none},
		{ID: idResolve, Keys: []string{"r"}, Hint: "resolve", Help: "mark it as resolved on the device; Defender's alert " +
			"follows", Off: cmp.Or(none, m.mayNot(soc.RightAlertsEdit), done)},
		{ID: idManaged, Keys: []string{"m"}, Hint: "managed", Help: "show all devices, managed ones, or those that are not"},
		{ID: idSort, Keys: []string{"S"}, Hint: "sort", Help: "order by time or by level"},
		{ID: idCopy, Keys: []string{"y"}, Hint: "copy", Help: "copy the name of the device", Off: none},
	}
}

// lacks names the role that the tenant's app does not have, for keys that need it (N-04).
func (m *Model) lacks(role string) string {
	c, ok := m.conn()
	switch {
	case !ok:
		return "no tenant is attached"
	case c.Integration.ReadOnly:
		return c.Integration.Name + " is attached read-only"
	case len(c.Roles) > 0 && !has(c.Roles, role, strings.TrimSuffix(role, ".All")):
		return "the app registration of " + c.Integration.Name + " lacks " + role
	}
	return ""
}

func has(roles []string, names ...string) bool {
	for _, r := range roles {
		for _, n := range names {
			if strings.EqualFold(r, n) {
				return true
			}
		}
	}
	return false
}

const indicatorRole = "Ti.ReadWrite.All"

func (m *Model) tenantKeys() []keys.Binding {
	one := ""
	if len(m.conns) < 2 {
		one = "there is one tenant only"
	}
	return []keys.Binding{
		{ID: idTenant, Keys: []string{"<", ">"}, Show: "< >", Hint: "tenant", Help: "show another tenant", Off: one},
		{ID: idReload, Keys: []string{"R", "f5", "ctrl+r"}, Show: "R", Hint: "ask again", Help: "ask Defender again"},
	}
}

func (m *Model) indicatorKeys() []keys.Binding {
	l, ok := m.indicator()
	none, cannot := "", cmp.Or(m.mayNot(soc.RightAlertsEdit), m.lacks(indicatorRole))
	if !ok {
		none = "there is no indicator"
	}
	gone := ""
	if ok && l.ID == "" {
		gone = "Defender does not list it yet"
	}
	link := ""
	if m.portal() == "" {
		link = "the portal of a custom cloud is not known"
	}
	return append([]keys.Binding{
		{ID: idAdd, Keys: []string{"a"}, Hint: "add", Help: "add indicators to this tenant", Off: cannot},
		{ID: idDelete, Keys: []string{"d"}, Hint: "delete", Help: "delete the indicator from this tenant", Off: cmp.Or(none, cannot, gone)},
		{ID: idCopy, Keys: []string{"y"}, Hint: "copy", Help: "copy the value", Off: none},
		{ID: idLink, Keys: []string{"o"}, Hint: "portal link", Help: "copy the link to the indicators in the Defender portal", Off: link},
	}, m.tenantKeys()...)
}

func (m *Model) formKeys() []keys.Binding {
	out := form.Moves()
	busy, same, back := "", "", keys.Binding{ID: idBack, Keys: []string{"esc"}, Hint: "back", Help: "go back to the list"}
	if m.job.running {
		busy = "the order is under way; esc stops waiting"
		back = keys.Binding{ID: idStop, Keys: []string{"esc"}, Hint: "stop", Help: "stop waiting"}
	} else {
		out = append(out, m.form.Keys()...)
	}
	if len(m.form.Changed()) == 0 {
		same = "nothing was typed"
	}
	return append(out,
		keys.Binding{ID: idSubmit, Keys: []string{"ctrl+s"}, Hint: "add", Help: "add them to this tenant", Off: busy},
		back,
		keys.Binding{ID: idRevert, Keys: []string{"ctrl+z"}, Hint: "revert", Help: "take back what was typed", Off: cmp.Or(busy, same)})
}

func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	b, ok := keys.Find(k, m.Keys())
	switch {
	case ok && b.Off != "":
		return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: b.Hint + ": " + b.Off})
	case ok && strings.HasPrefix(b.ID, "grid."):
		if m.tab == tabThreats {
			m.threats.grid.Update(k)
		} else {
			m.ioc.grid.Update(k)
		}
		return nil
	case ok && b.ID == idTenant:
		return m.turn(map[bool]int{true: -1, false: 1}[k.String() == "<"])
	case ok:
		return m.act(b.ID)
	case m.form != nil && !m.job.running:
		m.form.Key(k)
	}
	return nil
}

// turn chooses another tenant.
func (m *Model) turn(by int) tea.Cmd {
	for i, c := range m.conns {
		if c.Integration.ID == m.tenant {
			m.tenant = m.conns[(i+by+len(m.conns))%len(m.conns)].Integration.ID
			return m.changed()
		}
	}
	return nil
}

func (m *Model) act(id string) tea.Cmd {
	if m.form != nil {
		if _, ok := m.form.Act(id); ok {
			return nil
		}
	}
	switch id {
	case idLeft:
		return m.show((m.tab + tabReady) % (tabReady + 1))
	case idRight:
		return m.show((m.tab + 1) % (tabReady + 1))
	case idManaged:
		m.threats.managed = (m.threats.managed + 1) % len(managedChoices())
		return m.load()
	case idSort:
		m.threats.level = !m.threats.level
		m.fill()
	case idReload:
		m.ioc.err, m.ready.err, m.ready.loaded = nil, nil, false
		return tea.Batch(m.load(), m.again())
	case idAdd:
		m.form = m.newForm()
	case idSubmit:
		return m.submit()
	case idRevert:
		m.form.Revert()
	case idBack:
		return m.back()
	case idStop:
		return m.stop()
	case idDown:
		m.top = min(m.top+1, max(0, len(m.readyLines())-m.h))
	case idUp:
		m.top = max(0, m.top-1)
	default:
		return m.ofRow(id)
	}
	return nil
}

// again asks Defender anew for what is shown.
func (m *Model) again() tea.Cmd {
	if m.tab == tabIndicators && m.tenant != "" {
		return m.ask()
	}
	return nil
}

// show goes to a section.
func (m *Model) show(t tab) tea.Cmd {
	m.tab, m.top = t, 0
	m.fill()
	return m.enter()
}
