package settings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
)

func count(steps []soc.Step, status string) int {
	n := 0
	for _, s := range steps {
		if s.Status == status {
			n++
		}
	}
	return n
}

func failed(steps []soc.Step) int { return count(steps, soc.StepFail) }

// score is the title of the checklist: 8 ok 1 FAIL 1 skip.
func (m *Model) score() string {
	s, title := m.job.steps, "Connection test (ctrl+t)"
	switch {
	case m.edit != nil && m.edit.what == editToken:
		return "What a token is"
	case m.edit != nil && m.edit.what == editChannel && m.edit.channel.ID == "" && len(s) == 0:
		return "What it does"
	case m.edit != nil && m.edit.what == editChannel && len(s) == 0:
		return "How it is doing"
	case len(s) == 0 && m.job.running && m.edit != nil && m.job.of == m.edit.ref():
		return fmt.Sprintf("%s  running %d s", title, m.seconds())
	case len(s) == 0:
		return title
	}
	out := fmt.Sprintf("%s  %d ok", title, count(s, soc.StepOK))
	if n := failed(s); n > 0 {
		out += fmt.Sprintf("  %d FAIL", n)
	}
	if n := count(s, soc.StepSkip); n > 0 {
		out += fmt.Sprintf("  %d skip", n)
	}
	if m.job.running {
		out += fmt.Sprintf("  running %d s", m.seconds())
	}
	return out
}

// fix is what to do about the first failed step.
func (m *Model) fix() string {
	for _, s := range m.job.steps {
		if s.Status == soc.StepFail && s.Fix != "" {
			return s.Fix
		}
	}
	return ""
}

// testLines draws the checklist in at most h lines, the result and the fix always.
func (m *Model) testLines(w, h int) []string {
	tail := m.resultLines(w)
	for _, all := range []bool{true, false} {
		var out []string
		for i, s := range m.job.steps {
			out = append(out, m.stepLines(i+1, s, w, all)...)
		}
		if len(out)+len(tail) <= h {
			return append(out, tail...)
		}
	}
	var out []string
	for _, i := range shown(m.job.steps, max(1, h-len(tail))) {
		out = append(out, m.stepLine(i+1, m.job.steps[i], w))
	}
	return append(out, tail...)
}

// shown picks at most room steps, in order: what failed or runs first, then what ended last, then what was skipped.
func shown(steps []soc.Step, room int) []int {
	rank := func(s soc.Step) int {
		switch s.Status {
		case soc.StepFail, soc.StepRun:
			return 0
		case soc.StepSkip:
			return 2
		}
		return 1
	}
	order := make([]int, 0, len(steps))
	for i := range steps {
		order = append(order, len(steps)-1-i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(steps[a]) - rank(steps[b]) })
	order = order[:min(room, len(order))]
	slices.Sort(order)
	return order
}

// narrow is the width below which a step has no room for what it says beside its name.
const narrow = 70

// stepLines is a step with everything that it says, on as many lines as that takes. In a narrow pane it stands below the name; unless all
// is wanted, only where something is not as it should be.
func (m *Model) stepLines(n int, s soc.Step, w int, all bool) []string {
	head := m.stepHead(n, s, w)
	switch {
	case w < narrow && s.Detail != "" && (all || s.Status == soc.StepFail || without(s)):
		return append([]string{head}, pane.Indent(wrap(s.Detail, w-3), 3)...)
	case w < narrow || s.Detail == "":
		return []string{head}
	}
	head += " "
	room := w - theme.Width(head)
	switch bad := s.Status == soc.StepFail || without(s); {
	case !bad || theme.Width(s.Detail) <= room:
		return []string{head + s.Detail}
	case room < 40:
		return append([]string{strings.TrimRight(head, " ")}, pane.Indent(wrap(s.Detail, w-5), 5)...)
	}
	var out []string
	for _, l := range wrap(s.Detail, room) {
		out = append(out, head+l)
		head = strings.Repeat(" ", theme.Width(head))
	}
	return out
}

// stepLine is a step on one line, which is cut where it does not fit.
func (m *Model) stepLine(n int, s soc.Step, w int) string {
	return m.stepHead(n, s, w) + " " + s.Detail
}

func (m *Model) stepHead(n int, s soc.Step, w int) string {
	style, text := m.th.Muted, s.Status
	switch s.Status {
	case soc.StepOK:
		style = m.th.Good
		if without(s) {
			style, text = m.th.Warn, "lack" // nobody asked for it, but ok would read as if it were there
		}
	case soc.StepFail:
		style, text = m.th.Bad, "FAIL"
	case soc.StepRun:
		style, text = m.th.Accent, "..."
	}
	took := ""
	if s.Status == soc.StepOK || s.Status == soc.StepFail {
		took = fmt.Sprintf("%d ms", s.Took/time.Millisecond)
	}
	name := min(34, max(12, w-34))
	if w < narrow {
		name = max(12, min(34, w-19))
	}
	if short, _, ok := strings.Cut(s.Name, " ("); ok && theme.Width(s.Name) > name {
		s.Name = short
	}
	return fmt.Sprintf("%2d %s %s %s", n, theme.Fit(s.Name, name), style.Render(theme.Fit(text, 4)), theme.FitRight(took, 8))
}

// resultLines are the verdict and the remedy. The text of a refusal (AADSTS and its advice) is part of it.
func (m *Model) resultLines(w int) []string {
	if !m.job.done {
		return nil
	}
	out := wrap(m.th.Strong.Render("RESULT: ")+m.verdict(), w)
	if m.job.err != nil && failed(m.job.steps) > 0 {
		out = append(out, wrap(m.job.err.Error(), w)...)
	}
	if fix := m.fix(); fix != "" && (m.job.err == nil || !strings.Contains(m.job.err.Error(), fix)) {
		out = append(out, wrap(m.th.Strong.Render("FIX: ")+fix, w)...)
	}
	return out
}

// idleLines stand where the checklist will be.
func (m *Model) idleLines(w int) []string {
	var out []string
	if !m.mayEdit() {
		out = append(out, wrap(m.readOnly(), w)...)
		out = append(out, "")
	}
	switch m.edit.what {
	case editChannel:
		return pane.Clip(append(out, m.channelIdle(w)...), w)
	case editToken:
		return append(out, wrap("The value of the token is made here and shown once. Only its hash is stored. The program sends it in the "+
			"header Authorization: Bearer VALUE.", w)...)
	}
	in := m.edit.tenantDraft()
	out = append(out, m.listed("Contacts ", m.contacts(in))...)
	out = append(out, "")
	out = append(out, m.roleLines(m.conns[in.ID].Roles, w)...)
	out = append(out, "")
	return pane.Clip(append(out, m.setupLines(w)...), w)
}

// readOnly says why nothing can be changed in the open form.
func (m *Model) readOnly() string {
	if !m.may() {
		if m.d.Session.ReadOnly {
			return "Read only: this session was started with --read-only."
		}
		return "Read only: the right " + string(soc.RightSettingsEdit) + " is missing."
	}
	return "Read only: " + m.edit.fixed + "."
}

// channelIdle is how a stored channel is doing, or what a new one needs.
func (m *Model) channelIdle(w int) []string {
	for _, s := range m.channels {
		if s.Channel.ID != "" && s.Channel.ID == m.edit.channel.ID {
			return m.channelLines(s, w, m.h-2)
		}
	}
	texts := map[soc.ChannelType]string{
		soc.ChannelThreats: "Reports come in over HTTP with a token (4), or from a file: cordon report-threat FILE. A report whose level is at " +
			"or above the limit becomes an alert of the tenant. It needs Alert.ReadWrite.All.",
		soc.ChannelProbes: "Results come in over HTTP with a token (4). Each test that is UNPROTECTED becomes one indicator; the same test " +
			"makes no second one. It needs Ti.ReadWrite.All.",
		soc.ChannelMail:   "One mail for each lockdown and each release, if Host alerts is on. ctrl+t sends a test mail.",
		soc.ChannelSyslog: "One line for each lockdown and each release, and for every other entry of the history. ctrl+t sends a test line.",
		soc.ChannelWebhook: "One signed message for each lockdown and each release, and for every other entry of the history, in the scheme of " +
			"standard webhooks. ctrl+t sends a test message.",
	}
	return wrap(texts[m.edit.channel.Type], w)
}

func wrap(s string, w int) []string { return theme.Wrap(s, max(10, w)) }
