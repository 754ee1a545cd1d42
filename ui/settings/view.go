package settings

import (
	"fmt"
	"strings"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
)

// wide is the width from which the checklist stands at the right of the form.
const wide = 100

func tabName(t tab) string {
	return [...]string{"Defender", "Polling", "Lockdown policy", "About"}[t]
}

// Tabs is the line of sections.
func (m *Model) Tabs() (left, state string) {
	var parts []string
	for t := tabDefender; t <= tabAbout; t++ {
		text := fmt.Sprintf("%d %s", int(t)+1, tabName(t))
		if t == m.tab {
			text = m.th.Strong.Render("[" + text + "]")
		}
		parts = append(parts, text)
	}
	switch {
	case m.denied() || m.may():
	case m.d.Session.ReadOnly:
		state = "read-only session"
	default:
		state = "read only: needs " + string(soc.RightSettingsEdit)
	}
	return strings.Join(parts, "  "), state
}

// View draws the body.
func (m *Model) View() string { return pane.Body(m.lines(), m.w, m.h) }

func (m *Model) lines() []string {
	switch {
	case m.denied():
		return []string{"", "  Settings are not shown: the right " + string(soc.RightSettingsView) + " is missing.", "  Ask somebody who manages users. Nothing was changed."}
	case m.tab == tabAbout:
		return m.aboutTab()
	case m.form != nil && m.tab == tabDefender && m.w >= wide:
		return m.formBeside()
	case m.form != nil && m.tab == tabDefender:
		return m.formAbove()
	case m.err != nil:
		return m.errorLines()
	case !m.loaded:
		return []string{"", "  reading the settings..."}
	case m.tab == tabPolling:
		return m.pollingTab()
	case m.tab == tabPolicy:
		return m.policyTab()
	}
	return m.listLines()
}

func (m *Model) errorLines() []string {
	out := []string{"", m.th.Bad.Render("The settings can not be read."), ""}
	out = append(out, wrap(m.err.Error(), m.w-4)...)
	return pane.Pad(append(out, "", "Connections go on with what they were given; hosts keep their state."))
}

// rule is a line across with a text in it, both in the colour of the borders.
func (m *Model) rule(text string) string { return pane.Rule(m.th, m.th.Border.Render(text), m.w) }

// box frames lines, with a blank at both sides.
func (m *Model) box(title string, lines []string, w int) []string {
	return pane.Box(m.th, title, pane.Pad(pane.Clip(lines, w-4)), w, m.h)
}

// formAbove is the form with the checklist below it.
func (m *Model) formAbove() []string {
	var below []string
	if len(m.job.steps) > 0 || m.job.done || m.job.running {
		below = m.testLines(m.w-2, max(3, min(11, m.h-8)))
	} else {
		below = m.idleLines(m.w - 2)
	}
	room := max(4, m.h-2-len(below))
	if len(m.job.steps) == 0 {
		room = min(len(m.form.fields), max(4, m.h-4))
	}
	out := m.fieldLines(m.w, min(room, len(m.form.fields)))
	out = append(out, m.statusLine(m.w), m.rule(m.score()))
	return append(out, pane.Pad(below)...)
}

// formBeside is the form in a box with the checklist in another.
func (m *Model) formBeside() []string {
	lw := m.w * 52 / 100
	rw := m.w - lw
	var test []string
	if len(m.job.steps) > 0 || m.job.done || m.job.running {
		test = m.testLines(rw-4, m.h-2)
	} else {
		test = m.idleLines(rw - 4)
	}
	fields := append(m.fieldLines(lw-4, len(m.form.fields)), "")
	fields = append(fields, wrap(m.statusLine(0), lw-4)...)
	left := m.box("Connection", fields, lw)
	return pane.Beside(left, m.box(m.score(), test, rw))
}

// fieldLines draws h fields around the one that has the focus.
func (m *Model) fieldLines(w, h int) []string {
	f := m.form
	from := 0
	if f.at >= h {
		from = f.at - h + 1
	}
	var out []string
	for i := from; i < min(from+h, len(f.fields)); i++ {
		x := f.fields[i]
		focused := i == f.at
		sign, label := " ", m.th.Text
		if focused {
			sign, label = m.th.Glyph.Cursor, m.th.Strong
		}
		out = append(out, sign+" "+label.Render(theme.Fit(x.label, 14))+" "+x.view(m.th, max(4, w-18), focused && m.may(), x.id == f.invalid))
	}
	return out
}

// statusLine says what is wrong, what is worth knowing, or what is not saved yet.
func (m *Model) statusLine(w int) string {
	f, text := m.form, ""
	switch changed := f.changed(); {
	case f.problem != "":
		text = m.th.Bad.Render("! " + f.problem)
	case f.hint() != "":
		text = m.th.Warn.Render("! " + f.hint())
	case len(changed) > 0:
		text = m.th.Warn.Render("! unsaved: " + strings.Join(changed, ", ") + "  (ctrl+s test+save)")
	case f.orig.ID == "":
		text = m.th.Muted.Render("a new connection; nothing is stored before the test passed")
	default:
		text = m.th.Muted.Render("as saved")
	}
	if w == 0 {
		return text
	}
	return " " + theme.Clip(text, w-1)
}
