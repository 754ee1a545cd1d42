package settings

import (
	"cordon/store/soc"
	"cordon/ui/form"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// wide is the width from which the checklist stands at the right of the form.
const wide = 100

// View draws the body.
func (m *Model) View() string { return pane.Body(m.lines(), m.w, m.h) }

func (m *Model) lines() []string {
	switch {
	case m.denied():
		return []string{"", "  Settings are not shown: the right " + string(soc.RightSettingsView) + " is missing.", "  Ask somebody who " +
			"manages users. Nothing was changed."}
	case m.edit != nil && m.w >= wide:
		return m.formBeside()
	case m.edit != nil:
		return m.formAbove()
	case m.picking:
		return m.pickLines()
	case m.tab == tabAbout || m.tab == tabGuide:
		return m.scrolled()
	case m.err != nil:
		return m.errorLines()
	case !m.loaded:
		return []string{"", "  reading the settings..."}
	case m.perm || m.tab == tabPolling || m.tab == tabPolicy:
		return m.scrolled()
	case m.tab == tabTokens:
		return m.tokenLines()
	}
	return m.listLines()
}

// text is the section that is text alone, as long as it is.
func (m *Model) text() []string {
	if e, _ := m.current(); m.perm && e.tenant != nil {
		return m.permissionPage(*e.tenant)
	}
	switch m.tab {
	case tabPolling:
		return m.pollingTab()
	case tabPolicy:
		return m.policyTab()
	case tabGuide:
		return m.guideLines()
	case tabAbout:
		return m.aboutTab()
	}
	return nil
}

// scrolled is the part of the text that is in sight; its last line says that there is more.
func (m *Model) scrolled() []string {
	all := m.text()
	top := max(0, min(m.top, len(all)-m.h))
	out := all[top:min(len(all), top+m.h)]
	if top+m.h < len(all) && m.h > 2 {
		out = append(append([]string(nil), out[:m.h-1]...), m.th.Muted.Render(" .. more below: j or pgdown"))
	}
	return out
}

func (m *Model) errorLines() []string {
	out := []string{"", m.th.Bad.Render("The settings can not be read."), ""}
	out = append(out, wrap(m.err.Error(), m.w-4)...)
	return pane.Pad(append(out, "", "Connections go on with what they were given; hosts keep their state."))
}

func (m *Model) indented(text string) []string { return pane.Indent(wrap(text, m.w-4), 2) }

// rule is a line across with a text in it, both in the colour of the borders.
func (m *Model) rule(text string) string { return m.ruleAs(m.th.Border.Render(text)) }

// ruleAs is a line across with a text that has colours of its own.
func (m *Model) ruleAs(text string) string { return pane.Rule(m.th, text, m.w) }

// box frames lines, with a blank at both sides.
func (m *Model) box(title string, lines []string, w int) []string {
	return pane.Box(m.th, title, pane.Pad(pane.Clip(lines, w-4)), w, m.h)
}

// boxTitle is the title of the form: a tenant carries its badge (T-13).
func (m *Model) boxTitle() string {
	if e := m.edit; e.what == editTenant {
		in := e.tenantDraft()
		in.Name = or(in.Name, "new tenant")
		return m.badge(in)
	}
	return m.edit.title()
}

// probing reports that there is something to show of a test of what is in the form. That something was saved is no test.
func (m *Model) probing() bool {
	return m.job.of == m.edit.ref() && !m.job.away && (len(m.job.steps) > 0 || m.job.running || m.job.done && m.job.err != nil && m.job.task != taskEnable)
}

// formAbove is the form with the checklist below it.
func (m *Model) formAbove() []string {
	below, keep := m.idleLines(m.w-2), 3
	if m.probing() {
		below = m.testLines(m.w-2, max(3, min(11, m.h-8)))
		keep = 1 + len(below)
	}
	status := m.statusLines(m.w)
	n := len(m.edit.form.Visible())
	out := m.edit.form.Lines(m.th, m.w, min(n, max(4, m.h-keep-len(status))), m.mayEdit())
	out = append(append(out, status...), m.ruleAs(m.boxTitle()+"  "+m.th.Border.Render(m.score())))
	return append(out, pane.Pad(below)...)
}

// formBeside is the form in a box with the checklist in another.
func (m *Model) formBeside() []string {
	lw := m.w * 54 / 100
	rw := m.w - lw
	right := m.idleLines(rw - 4)
	if m.probing() {
		right = m.testLines(rw-4, m.h-2)
	}
	fields := m.edit.form.Lines(m.th, lw-4, m.h-6, m.mayEdit())
	fields = append(append(fields, ""), wrap(m.status(), lw-4)...)
	if list := m.edit.form.Changed(); len(list) > 0 && m.mayEdit() {
		fields = append(fields, m.changes(list, lw-4, m.h-3-len(fields))...)
	}
	return pane.Beside(m.box(m.boxTitle(), fields, lw), m.box(m.score(), right, rw))
}

// changes lists what was changed, the old value and the new one; a secret is only said to be new.
func (m *Model) changes(list []form.Change, w, room int) []string {
	if room < 2 {
		return nil
	}
	out := []string{m.th.Strong.Render("CHANGED BUT NOT SAVED")}
	for i, c := range list {
		if i == room-1 {
			out[i] = m.th.Muted.Render("and more")
			break
		}
		text := c.Label + ": " + or(c.From, "(empty)") + " -> " + or(c.To, "(empty)")
		if c.From == "" && c.To == "a new one" {
			text = c.Label + ": a new one"
		}
		out = append(out, theme.Clip(text, w))
	}
	return out
}

// statusLines are the status and, where there is room behind it, which field has the focus; at most two lines.
func (m *Model) statusLines(w int) []string {
	text, where := m.status(), m.th.Muted.Render(m.edit.form.Where())
	if theme.Width(text)+theme.Width(where) < w-3 {
		return []string{" " + theme.Ends(text, where, w-1)}
	}
	out := pane.Pad(wrap(text, w-2))
	return out[:min(2, len(out))]
}

// status says what is wrong, what is worth knowing, or what is not saved yet.
func (m *Model) status() string {
	f := m.edit.form
	save := map[what]string{editTenant: "test+save", editChannel: "save", editToken: "make it"}[m.edit.what]
	switch changed := f.Changed(); {
	case !m.mayEdit():
		return m.th.Warn.Render(m.readOnly())
	case f.Said() != "":
		return m.th.Bad.Render("! " + f.Said())
	case m.hint() != "":
		return m.th.Warn.Render("! " + m.hint())
	case len(changed) > 0:
		names := form.Labels(changed)
		if theme.Width(names) > 80 {
			names = words.Count(len(changed), "field")
		}
		return m.th.Warn.Render("! unsaved: " + names + "  (ctrl+s " + save + ", ctrl+z revert)")
	case m.expiring() != "":
		return m.th.Warn.Render("! " + m.expiring())
	case m.edit.what == editTenant && m.edit.tenant.ID == "":
		return m.th.Muted.Render("a new connection; nothing is stored before the test passed")
	case m.edit.what != editTenant && m.edit.channel.ID == "":
		return m.th.Muted.Render("a new " + m.edit.noun() + "; nothing is stored before ctrl+s")
	}
	return m.th.Muted.Render("as saved")
}
