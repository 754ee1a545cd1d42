package queue

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// A tenant's data is STALE after two poll intervals, and badly so after five.
const (
	staleAfter    = 2
	veryStaleness = 5
)

// note is a line between the list and the line of counts.
type note struct {
	text  string
	style lipgloss.Style
}

// notes are what the analyst must know about the data, worst first, in lines of at most w cells.
func (m *Model) notes(w int) []note {
	most := 2
	if m.h >= 30 {
		most = 4
	}
	var out []note
	for _, n := range m.facts() {
		for _, l := range theme.Wrap(n.text, max(w, 20)) {
			if len(out) < most {
				out = append(out, note{l, n.style})
			}
		}
	}
	return out
}

func (m *Model) facts() []note {
	var out []note
	if m.err != nil && m.loaded {
		out = append(out, note{"could not read the queue: " + m.err.Error(), m.th.Bad})
	}
	for _, c := range m.conns {
		if n, ok := m.connNote(c); ok {
			out = append(out, n)
		}
	}
	for _, c := range m.conns {
		if n, ok := m.syncNote(c); ok {
			out = append(out, n)
		}
	}
	if m.page.Building {
		out = append(out, note{fmt.Sprintf("the queue is still being loaded: %s alerts so far; counts will grow", thousands(m.page.Total)), m.th.Accent})
	}
	return out
}

// connNote says how old the data of a tenant is when it is older than it should be, and why (N12).
func (m *Model) connNote(c soc.Conn) (note, bool) {
	name := c.Integration.Name
	switch {
	case c.State == "disabled":
		return note{}, false
	case mute(c):
		return note{name + ": alerts are not read: its app lacks Alert.Read.All (` then s, p)" + shownAge(m.now, c), m.th.Bad}, true
	case c.LastOK.IsZero() && c.Problem != "":
		return note{name + ": never read: " + c.Problem, m.th.Bad}, true
	case c.LastOK.IsZero() || m.now.IsZero() || c.Interval <= 0:
		return note{}, false
	}
	old := m.now.Sub(c.LastOK)
	if old <= staleAfter*c.Interval {
		return note{}, false
	}
	text := fmt.Sprintf("STALE %s: data %s old", name, words.Age(m.now, c.LastOK))
	if c.Problem != "" {
		text += ": " + c.Problem
	}
	if old > veryStaleness*c.Interval {
		return note{text, m.th.Bad}, true
	}
	return note{text, m.th.Warn}, true
}

// mute reports that Defender refuses to tell alerts because the app has no role for it. What it may do else goes on.
func mute(c soc.Conn) bool {
	may := slices.ContainsFunc(c.Roles, func(r string) bool { return r == "Alert.Read.All" || r == "Alert.ReadWrite.All" })
	return c.State == "refused" && len(c.Roles) > 0 && !may
}

// shownAge is how old the alerts are that were read while it was allowed.
func shownAge(now time.Time, c soc.Conn) string {
	if c.LastOK.IsZero() || now.IsZero() {
		return ""
	}
	return "; what is shown is " + words.Age(now, c.LastOK) + " old"
}

// syncNote shows how far a long read is (K09).
func (m *Model) syncNote(c soc.Conn) (note, bool) {
	name := c.Integration.Name
	switch {
	case c.Phase != "" && c.Total > 0:
		return note{fmt.Sprintf("%s: %s: %s of %s alerts", name, c.Phase, thousands(c.Done), thousands(c.Total)), m.th.Accent}, true
	case c.Phase != "" && c.Done > 0:
		return note{fmt.Sprintf("%s: %s: %s alerts so far", name, c.Phase, thousands(c.Done)), m.th.Accent}, true
	case c.Phase != "":
		return note{name + ": " + c.Phase, m.th.Accent}, true
	case c.Gap != "":
		return note{name + ": " + c.Gap, m.th.Warn}, true
	}
	return note{}, false
}

// freshness is the age of the oldest tenant's data, for the line of counts.
func (m *Model) freshness() string {
	var oldest time.Time
	for _, c := range m.conns {
		if !c.LastOK.IsZero() && (oldest.IsZero() || c.LastOK.Before(oldest)) {
			oldest = c.LastOK
		}
	}
	if oldest.IsZero() || m.now.IsZero() {
		return ""
	}
	return "data " + words.Age(m.now, oldest) + " old"
}

// countText says how much the filter hides.
func (m *Model) countText() string {
	if !m.loaded {
		return "not read yet"
	}
	return fmt.Sprintf("%d of %d", m.page.Matched, m.page.Total)
}

// heldText says how many rows wait because rows must not move now.
func (m *Model) heldText() string {
	if m.page.Newer == 0 || !m.held() {
		return ""
	}
	return fmt.Sprintf("HELD: %d newer, press . to show", m.page.Newer)
}

// statusLine is the line under the list: marks, hidden rows, order, held rows, age.
func (m *Model) statusLine() string {
	var parts []string
	if n := m.grid.Marked(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d marked", n))
	}
	parts = append(parts, m.countText(), m.sortText())
	if t := m.heldText(); t != "" {
		parts = append(parts, m.th.Warn.Render(t))
	}
	return strings.Join(parts, " | ")
}

// ruled is the status line as a rule across w cells, with the age of the data at its end where there is room.
func (m *Model) ruled(w int) string {
	bar := m.th.Glyph.H
	line := m.th.Border.Render(bar+bar) + " " + m.statusLine() + " "
	end := ""
	if f := m.freshness(); f != "" && theme.Width(line)+theme.Width(f)+6 <= w {
		end = " " + f + " " + m.th.Border.Render(bar+bar)
	}
	n := w - theme.Width(line) - theme.Width(end)
	if n < 0 {
		return theme.Clip(line, w)
	}
	return line + m.th.Border.Render(strings.Repeat(bar, n)) + end
}

// hostState is the isolation of the alert's host: the word, its style, and when it was last known to be so.
func (m *Model) hostState(r soc.AlertRow, d detail) (string, lipgloss.Style, time.Time) {
	if l := d.lockdown; l != nil {
		word := l.Word(m.now)
		text := word
		switch word {
		case "ISOLATED":
			text += " " + words.Left(l.Left(m.now)) + " left"
		case "OVERDUE":
			text += " " + words.Left(l.Left(m.now))
		}
		return text, m.th.State(word), l.SeenAt
	}
	iso, ok := m.fleet.states[hostOf(r)]
	if d.judged && d.isolate.State.Word != "" {
		iso, ok = d.isolate.State, true
	}
	switch {
	case ok && iso.InForce():
		return strings.ToUpper(soc.IsolatedOutside), m.th.Isolated, iso.AsOf
	case ok && iso.Word == soc.IsolationUnsure:
		return "ISOLATION UNKNOWN", m.th.Warn, iso.AsOf
	case ok:
		return strings.ToUpper(string(iso.Word)), m.th.Strong, iso.AsOf
	case m.fleet.known:
		return "NOT ISOLATED", m.th.Strong, time.Time{}
	}
	return "ISOLATION UNKNOWN", m.th.Warn, time.Time{}
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
