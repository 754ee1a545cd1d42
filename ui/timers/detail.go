package timers

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

func (m *Model) detailTitle() string {
	s := m.filterNote()
	r, ok := m.current()
	if !ok {
		return s
	}
	t := words.Or(r.host)
	if r.lock != nil {
		t += ": " + string(r.lock.ID)
	}
	return strings.TrimSpace(t + "   " + s)
}

// bottomDetail is the pane below the list: three lines where there is little room, with the history where there is more.
func (m *Model) bottomDetail(w, lines int) []string {
	r, ok := m.current()
	if !ok {
		return nil
	}
	says, now := "device says "+m.says(r), m.th.Strong.Render("WHAT NOW")+"  "+m.whatNow(r)
	if lines < wideDetail {
		return []string{m.started(r), m.lifeLine(r, w), m.how(r), says + "  " + now}
	}
	what := pane.Pad(pane.Wrap(now, w-2)) // why a key is off can be long
	how := pane.Pad(pane.Wrap(m.how(r), w-2))
	what, how = what[:min(len(what), 3)], how[:min(len(how), 2)]
	out := append([]string{" " + m.started(r)}, pane.Pad(m.history(r, lines-3-len(what)-len(how), w-2))...)
	out = append(append(out, " "+m.lifeLine(r, w-2)), how...)
	return append(append(out, " "+says), what...)
}

// started is who ordered it and why.
func (m *Model) started(r row) string {
	if r.lock == nil {
		return "comment: " + words.Or(r.iso.Action.Comment)
	}
	l := *r.lock
	at := "ordered " + m.clock(l.RequestedAt)
	if !l.EnforcedAt.IsZero() {
		at = "enforced " + m.clock(l.EnforcedAt)
	}
	s := at + " by " + r.by() + ", " + period(l.Period) + "  reason: " + words.Or(l.Reason)
	if l.Ticket != "" {
		s += "  ticket " + l.Ticket
	}
	if l.AlertID != "" {
		s += " (alert " + words.ShortID(l.AlertID) + ")"
	}
	return s
}

// history is what the audit tells about this lockdown, oldest first; when it does not fit, its newest lines.
func (m *Model) history(r row, lines, w int) []string {
	if m.detail.id != r.id {
		return []string{m.th.Muted.Render("reading its history ...")}
	}
	if m.detail.err != nil {
		return []string{m.th.Bad.Render("its history could not be read: " + m.detail.err.Error())}
	}
	if len(m.detail.history) == 0 {
		return []string{m.th.Muted.Render("no history of this in the audit")}
	}
	var out []string
	for i := min(lines, len(m.detail.history)) - 1; i >= 0; i-- {
		out = append(out, theme.Clip(m.historyLine(m.detail.history[i]), w))
	}
	return out
}

func (m *Model) historyLine(e soc.AuditEntry) string {
	what := e.Action + " " + e.Result
	if e.Detail != "" {
		what += ": " + e.Detail
	}
	return theme.Fit(m.clock(e.Time), 10) + theme.Fit(words.Or(e.Actor.Name), 11) + what
}

// sideDetail is the pane at the right of the widest layout.
func (m *Model) sideDetail(w int) []string {
	r, ok := m.current()
	if !ok {
		return nil
	}
	word := r.word(m.now)
	left, _ := m.left(r)
	out := []string{m.wordStyle(word).Render(words.Or(r.host) + "   " + word + " " + left)}
	out = append(out, pane.Wrap(m.started(r), w)...)
	out = append(out, "machine "+r.key.MachineID)
	if r.lock != nil {
		out = append(out, fmt.Sprintf("%s %s, ticket %s, address %s", r.lock.ID, r.lock.Mode, cmp.Or(r.lock.Ticket, "none"), words.Or(r.lock.HostIP)))
	}
	out = append(out, "", m.th.Strong.Render("HISTORY"))
	out = append(out, m.history(r, max(4, m.h-34), w)...)
	out = append(out, "", m.th.Strong.Render("DEVICE SAYS")+"  "+m.says(r))
	out = append(out, "", m.th.Strong.Render("WE SAY"))
	out = append(out, m.stations(r, w)...)
	out = append(out, "", m.th.Strong.Render("WHAT NOW"))
	return append(out, pane.Wrap(m.whatNow(r), w)...)
}

// stations are the whole life of a row, each station with its age and its evidence.
func (m *Model) stations(r row, w int) []string {
	if r.lock == nil {
		return pane.Wrap(m.foreign(r), w)
	}
	var out []string
	for _, s := range m.life().Stations(*r.lock) {
		style, sign := m.th.Text, "  "
		if s.Now {
			style, sign = m.th.Strong, m.th.Glyph.Cursor+" "
		}
		if s.Bad {
			style = m.th.Bad
		}
		head := s.Word
		if !s.At.IsZero() {
			head += " " + m.clock(s.At) + " (" + words.Age(m.now, s.At) + ")"
		}
		for i, l := range pane.Wrap(head+"; "+s.How(), w-2) {
			if i > 0 {
				sign = "  "
			}
			out = append(out, style.Render(sign+l))
		}
	}
	return out
}

// chartMarks are the hours of the due chart; each stretch between two of them is equally long.
func chartMarks() []time.Duration {
	return []time.Duration{0, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour}
}

// chart shows when the next releases are due, so that clusters can be seen.
func (m *Model) chart(w int) []string {
	const names = 18
	if m.lay.chart < 3 || w < names+30 {
		return nil
	}
	stretch := (w - names - 4) / (len(chartMarks()) - 1)
	scale := theme.Fit("DUE next 24h", names-4) + "now|"
	for _, mark := range chartMarks()[1:] {
		label := period(mark)
		scale += strings.Repeat("-", max(0, stretch-len(label))) + label
	}
	out := []string{"", " " + m.th.Strong.Render(scale)}
	for _, r := range m.rows {
		if len(out) >= m.lay.chart {
			break
		}
		if !r.counts() {
			continue
		}
		out = append(out, " "+m.chartLine(r, names, stretch))
	}
	return out
}

func (m *Model) chartLine(r row, names, stretch int) string {
	if r.overdue(m.now) {
		return theme.Fit(words.Or(words.ShortName(r.host)), names-3) + m.th.Bad.Render("!!") + "|"
	}
	n := chartCells(r.lock.Left(m.now), stretch)
	return theme.Fit(words.Or(words.ShortName(r.host)), names-1) + "|" + strings.Repeat("-", n) + ">"
}

// chartCells is how far from now a time left is drawn.
func chartCells(d time.Duration, stretch int) int {
	marks := chartMarks()
	for i := 1; i < len(marks); i++ {
		if d <= marks[i] {
			part := float64(d-marks[i-1]) / float64(marks[i]-marks[i-1])
			return (i-1)*stretch + int(part*float64(stretch))
		}
	}
	return (len(marks) - 1) * stretch
}
