package reports

import (
	"fmt"
	"strings"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
)

func tabName(t tab) string {
	return [...]string{"Threat reports", "Indicators", "Readiness"}[t]
}

// Tabs is the line of sections; at the right stands the filter, or the tenant with its badge (T-13).
func (m *Model) Tabs() (left, state string) {
	var parts []string
	for t := tabThreats; t <= tabReady; t++ {
		text := fmt.Sprintf("%d %s", int(t)+1, tabName(t))
		if t == m.tab {
			text = m.th.Strong.Render("[" + text + "]")
		}
		parts = append(parts, text)
	}
	c, ok := m.conn()
	switch {
	case m.denied():
	case m.tab != tabThreats && ok:
		state = m.badge(c)
	case m.tab == tabThreats:
		state = managedChoices()[m.threats.managed].name
		if m.threats.level {
			state += ", by level"
		}
		if len(m.threats.list) > mostRows {
			state += fmt.Sprintf(", newest %d", mostRows)
		}
	}
	return strings.Join(parts, "  "), state
}

// badge names a tenant with its environment, in word and colour.
func (m *Model) badge(c soc.Conn) string {
	env := c.Integration.Environment
	if env == "" {
		env = "PROD"
	}
	style := m.th.Good
	if env == "PROD" {
		style = m.th.Prod
	}
	return theme.Clip(c.Integration.Name, 24) + " " + style.Render("["+env+"]")
}

// View draws the body.
func (m *Model) View() string { return pane.Body(m.lines(), m.w, m.h) }

func (m *Model) lines() []string {
	switch {
	case m.denied():
		return []string{"", "  Reports are not shown: the right " + string(soc.RightAlertsView) + " is missing.", "  Ask somebody who manages users."}
	case m.d.Service == nil:
		return []string{"", "  This console has no threat reports and no indicators."}
	case m.form != nil:
		return m.formLines()
	case m.tab == tabIndicators:
		return m.indicatorLines()
	case m.tab == tabReady:
		return m.scrolled(m.readyLines())
	}
	return m.threatLines()
}

// scrolled is the part of the lines that is in sight; its last line says that there is more.
func (m *Model) scrolled(all []string) []string {
	top := max(0, min(m.top, len(all)-m.h))
	out := all[top:min(len(all), top+m.h)]
	if top+m.h < len(all) && m.h > 2 {
		out = append(append([]string(nil), out[:m.h-1]...), m.th.Muted.Render(" .. more below: j"))
	}
	return out
}

// formLines is the form of new indicators.
func (m *Model) formLines() []string {
	c, _ := m.conn()
	out := []string{pane.Rule(m.th, "New indicators for "+m.badge(c)+"  "+m.count(), m.w)}
	out = append(out, m.form.Lines(m.th, m.w, m.h-6, true)...)
	text := m.th.Muted.Render("ctrl+s adds them; each value has its own result")
	switch {
	case m.job.running:
		text = m.job.what + "... (esc stops waiting)"
	case m.form.Said() != "":
		text = m.th.Bad.Render("! " + m.form.Said())
	}
	out = append(out, "")
	out = append(out, pane.Pad(theme.Wrap(text, m.w-2))...)
	return append(out, "", m.th.Muted.Render(" Blocks by hash work for .exe and .dll files; 3 lists what blocking needs."))
}

// readyLines is the checklist of what blocking needs (P-05).
func (m *Model) readyLines() []string {
	c, ok := m.conn()
	switch {
	case !ok:
		return []string{"", "  No tenant is attached."}
	case m.ready.err != nil:
		return m.failed("The checklist can not be made.", m.ready.err)
	case !m.ready.loaded:
		return []string{"", "  looking at what blocking needs..."}
	}
	out := []string{" " + m.badge(c) + "  what blocking by indicators needs", ""}
	for _, r := range m.ready.list {
		style := m.th.Muted
		switch r.State {
		case "ok":
			style = m.th.Good
		case "missing":
			style = m.th.Bad
		case "cannot verify":
			style = m.th.Warn
		}
		item := pane.Wrap(r.Item, max(20, m.w-20))
		for i, l := range item {
			state := ""
			if i == 0 {
				state = r.State
			}
			out = append(out, " "+style.Render(theme.Fit(state, 14))+" "+m.th.Strong.Render(l))
		}
		out = append(out, pane.Indent(pane.Wrap(r.Detail, max(20, m.w-20)), 16)...)
	}
	return append(out, "", m.th.Muted.Render(" cannot verify: no interface of Defender tells; look at it yourself."))
}

func (m *Model) failed(what string, err error) []string {
	out := []string{"", "  " + m.th.Bad.Render(what), ""}
	return append(append(out, m.indented(err.Error())...), "", "  R tries again.")
}

func (m *Model) indented(text string) []string { return pane.Indent(pane.Wrap(text, m.w-4), 2) }

func (m *Model) layout() {
	m.threats.grid.Resize(m.w, max(2, min(len(m.threats.list)+1, m.h*3/5)))
	m.ioc.grid.Resize(m.w, max(2, m.h*3/5))
}

func (m *Model) fill() {
	m.fillThreats()
	m.fillIndicators()
}
