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
	s := m.job.steps
	if len(s) == 0 {
		return "Connection test (ctrl+t)"
	}
	out := fmt.Sprintf("Connection test (ctrl+t)  %d ok", count(s, soc.StepOK))
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

// verdict is the result of a test in one sentence.
func verdict(steps []soc.Step, err error) string {
	switch {
	case failed(steps) == 0 && err != nil:
		return "NOT usable: " + err.Error()
	case failed(steps) == 0:
		return "can read and isolate"
	}
	for _, s := range steps {
		if s.Status == soc.StepFail && !strings.Contains(strings.ToLower(s.Name), "isolate") && s.Name != "clock" {
			return "NOT usable: " + s.Name + " failed: " + s.Detail
		}
	}
	for _, s := range steps {
		if s.Status == soc.StepFail && s.Name != "clock" {
			return "can read, cannot isolate: " + s.Detail
		}
	}
	return "can read and isolate, but the clocks differ"
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

func (m *Model) stepLine(n int, s soc.Step, w int) string {
	style, text := m.th.Muted, s.Status
	switch s.Status {
	case soc.StepOK:
		style = m.th.Good
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
	if short, _, ok := strings.Cut(s.Name, " ("); ok && theme.Width(s.Name) > name {
		s.Name = short
	}
	return fmt.Sprintf("%2d %s %s %s %s", n, theme.Fit(s.Name, name), style.Render(theme.Fit(text, 4)), theme.FitRight(took, 8), s.Detail)
}

// resultLines are the verdict and the remedy. The text of a refusal (AADSTS and its advice) is part of it.
func (m *Model) resultLines(w int) []string {
	if !m.job.done {
		return nil
	}
	out := wrap(m.th.Strong.Render("RESULT: ")+verdict(m.job.steps, m.job.err), w)
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
	f := m.form
	out := wrap("Contacts "+strings.Join(hosts(f.get(fLogin), f.get(fAPI)), ", "), w)
	if !m.may() {
		out = append(out, "", "Read only: the right "+string(soc.RightSettingsEdit)+" is missing.")
	}
	out = append(out, "")
	out = append(out, m.permissionLines(m.conns[f.orig.ID].Roles)...)
	out = append(out, "")
	return pane.Clip(append(out, m.setupLines(w)...), w)
}

func wrap(s string, w int) []string { return theme.Wrap(s, max(10, w)) }
