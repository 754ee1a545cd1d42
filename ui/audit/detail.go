package audit

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/theme"
)

// detail describes the current entry in lines of at most w cells: the important first, because a small screen shows three of them.
func (m *Model) detail(w int) []string {
	e, ok := m.current()
	if !ok {
		return nil
	}
	if m.detailHeight() < 6 {
		return m.brief(e, w)
	}
	var out []string
	add := func(text string) {
		if text != "" {
			out = append(out, theme.Wrap(text, max(10, w))...)
		}
	}
	add(m.th.Strong.Render(m.subject(e)))
	add(by(e.Actor))
	add(e.Detail)
	add(joined("   ", pair("before", e.Before), pair("after", e.After), pair("cause", string(e.Cause))))
	add(joined("   ", pair("action", e.ActionID), pair("request", e.RequestID), pair("tenant", string(e.Integration)), pair("version", e.Version)))
	add(joined("   ", pair("hash", short(e.Hash)), pair("prev", short(e.Prev))))
	return append(out, m.relatedLines(w)...)
}

func (m *Model) brief(e soc.AuditEntry, w int) []string {
	about := joined("  ", e.Detail, pair("cause", string(e.Cause)), pair("action", e.ActionID), pair("request", e.RequestID))
	proof := joined("  ", pair("before", e.Before), pair("after", e.After), pair("hash", short(e.Hash)), pair("prev", short(e.Prev)))
	return []string{m.th.Strong.Render(theme.Clip(m.subject(e)+" by "+who(e), w)), theme.Clip(about, w), theme.Clip(proof, w)}
}

func (m *Model) subject(e soc.AuditEntry) string {
	return joined("  ", fmt.Sprintf("#%d", e.Seq), e.Action, e.Target, word(e.Result))
}

func who(e soc.AuditEntry) string {
	if e.Lockdown == "" {
		return e.Actor.Name
	}
	return e.Actor.Name + " (lockdown " + string(e.Lockdown) + ")"
}

func by(a soc.Actor) string {
	return joined(", ", "by "+a.Name, pair("via", a.Via), pair("from", a.From), pair("key", a.Key), pair("session", a.Session), pair("role", a.Role))
}

// relatedLines lists what else happened to the lockdown, oldest first.
func (m *Model) relatedLines(w int) []string {
	if m.relatedTo == "" || len(m.related) == 0 {
		return nil
	}
	if m.w < beside {
		var parts []string
		for i := len(m.related) - 1; i >= 0; i-- {
			e := m.related[i]
			parts = append(parts, fmt.Sprintf("#%d %s %s", e.Seq, e.Action, word(e.Result)))
		}
		return theme.Wrap("same lockdown "+string(m.relatedTo)+": "+strings.Join(parts, ", "), max(10, w))
	}
	out := []string{"", m.th.Strong.Render("SAME LOCKDOWN " + string(m.relatedTo))}
	for i := len(m.related) - 1; i >= 0; i-- {
		e := m.related[i]
		out = append(out, fmt.Sprintf("#%d %s %s %s %s", e.Seq, e.Time.In(m.zone).Format("15:04:05"), theme.Fit(e.Actor.Name, 10), theme.Fit(e.Action, 9), word(e.Result)))
	}
	return out
}

// plain is the entry as one line to paste into a ticket.
func plain(e soc.AuditEntry) string {
	return joined(" ", fmt.Sprintf("#%d", e.Seq), e.Time.UTC().Format(time.RFC3339), e.Actor.Name, e.Action, e.Target, e.Result, e.Detail)
}

// full is every field that has a value.
func (m *Model) full(e soc.AuditEntry) string {
	var b strings.Builder
	for _, f := range [][2]string{
		{"number", fmt.Sprint(e.Seq)},
		{"time", e.Time.UTC().Format(time.RFC3339Nano)},
		{"who", by(e.Actor)},
		{"action", e.Action},
		{"target", e.Target},
		{"machine id", e.Host},
		{"tenant", string(e.Integration)},
		{"lockdown", string(e.Lockdown)},
		{"result", e.Result},
		{"cause", string(e.Cause)},
		{"before", e.Before},
		{"after", e.After},
		{"detail", e.Detail},
		{"action id", e.ActionID},
		{"request id", e.RequestID},
		{"version", e.Version},
		{"prev", e.Prev},
		{"hash", e.Hash},
	} {
		if f[1] != "" {
			fmt.Fprintf(&b, "%-11s %s\n", f[0], f[1])
		}
	}
	return b.String()
}

func pair(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

func joined(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}

func short(hash string) string {
	if len(hash) <= 12 {
		return hash
	}
	return hash[:12]
}
