package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

func newThreatGrid(th *theme.Theme) *grid.Grid {
	return grid.New(
		th,
		grid.Column{ID: "level", Title: "LEVEL", Min: 8},
		grid.Column{ID: "age", Title: "AGE", Min: 4, Right: true},
		grid.Column{ID: "device", Title: "DEVICE", Min: 12, Max: 24, Grow: true},
		grid.Column{ID: "managed", Title: "MANAGED", Short: "MGD", Min: 3},
		grid.Column{ID: "vendor", Title: "VENDOR", Min: 8, Max: 16, Grow: true},
		grid.Column{ID: "state", Title: "STATE", Min: 10},
		grid.Column{ID: "sent", Title: "SENT", Min: 5, Right: true},
		grid.Column{ID: "title", Title: "WHAT", Min: 14, Grow: true},
		grid.Column{ID: "reason", Title: "REASON", Min: 20, Grow: true, DropBelow: 140},
	)
}

// choice is one setting of the filter on managed devices (M-09).
type choice struct {
	name  string
	query *bool
}

func managedChoices() []choice {
	yes, no := true, false
	return []choice{{"all devices", nil}, {"managed only", &yes}, {"not managed only", &no}}
}

// byLevel orders by level, worst first, then by time (M-04).
func byLevel(a, b soc.Threat) int {
	return cmp.Or(cmp.Compare(b.Level.Rank(), a.Level.Rank()), b.ReceivedAt.Compare(a.ReceivedAt), cmp.Compare(a.Key, b.Key))
}

func (m *Model) fillThreats() {
	list := slices.Clone(m.threats.list)
	list = list[:min(len(list), mostRows)]
	if m.threats.level {
		slices.SortFunc(list, byLevel)
	}
	rows := make([]grid.Row, 0, len(list))
	for _, t := range list {
		rows = append(rows, grid.Row{ID: t.Key, Cells: []grid.Cell{
			{Text: levelWord(t.Level), Style: m.levelStyle(t.Level)},
			{Text: words.Age(m.now, t.ReceivedAt)},
			{Text: words.Or(t.Device.Name)},
			{Text: managedWord(t.Device.Managed)},
			{Text: words.Dash(t.Vendor)},
			{Text: string(t.State), Style: m.stateStyle(t.State)},
			{Text: m.sent(t)},
			{Text: t.Title},
			{Text: t.Reason},
		}})
	}
	m.threats.grid.SetRows(0, rows, len(rows))
}

// levelWord keeps a level that we do not know as it came (M-10 for levels).
func levelWord(l soc.ThreatLevel) string { return words.Or(string(l)) }

// levelStyle follows the order of the levels; the word stands beside the colour (M-04).
func (m *Model) levelStyle(l soc.ThreatLevel) theme.Style {
	if l.Rank() < 0 {
		return m.th.Text
	}
	return m.th.Severity(l.Rank() + 1)
}

func managedWord(managed *bool) string {
	switch {
	case managed == nil:
		return "?"
	case *managed:
		return "yes"
	}
	return "no"
}

func (m *Model) stateStyle(s soc.ThreatState) theme.Style {
	switch s {
	case soc.ThreatSent, soc.ThreatResolved:
		return m.th.Good
	case soc.ThreatFailed:
		return m.th.Bad
	case soc.ThreatUnmatched, soc.ThreatResolving, soc.ThreatWaiting:
		return m.th.Warn
	}
	return m.th.Muted
}

func (m *Model) sent(t soc.Threat) string {
	if t.SentAt.IsZero() {
		return "-"
	}
	return words.Age(m.now, t.SentAt)
}

// threat is the report under the cursor.
func (m *Model) threat() (soc.Threat, bool) {
	id, _, ok := m.threats.grid.Cursor()
	i := slices.IndexFunc(m.threats.list, func(t soc.Threat) bool { return ok && t.Key == id })
	if i < 0 {
		return soc.Threat{}, false
	}
	return m.threats.list[i], true
}

// threatLines are the list and, below it, the report under the cursor.
func (m *Model) threatLines() []string {
	switch {
	case m.threats.err != nil:
		return m.failed("The threat reports can not be read.", m.threats.err)
	case !m.threats.loaded:
		return []string{"", "  reading the threat reports..."}
	case len(m.threats.list) == 0 && m.threats.managed != 0:
		return []string{"", "  No report of " + managedChoices()[m.threats.managed].name + ". m shows others."}
	case len(m.threats.list) == 0:
		return append([]string{"", "  There are no threat reports."},
			m.indented("They come in over HTTP (Settings > Integrations > a > threat reporting, and a token), or by: cordon report-threat FILE")...)
	}
	m.layout()
	out := strings.Split(m.threats.grid.View(), "\n")
	t, ok := m.threat()
	if !ok {
		return out
	}
	out = append(out, pane.Rule(m.th, m.levelStyle(t.Level).Render(levelWord(t.Level))+" "+theme.Clip(t.Title, m.w-20), m.w))
	return append(out, pane.Pad(pane.Clip(m.brief(t), m.w-2))...)
}

// brief is what is known about a report, the most needed first.
func (m *Model) brief(t soc.Threat) []string {
	var out []string
	state := string(t.State)
	if t.Reason != "" {
		state += ": " + t.Reason
	}
	for i, l := range m.labelled("State", state) {
		if i == 0 {
			l = label("State", m.stateStyle(t.State).Render(strings.TrimSpace(strings.TrimPrefix(l, "State"))))
		}
		out = append(out, l)
	}
	device := words.Or(t.Device.Name) + ", " + strings.TrimSpace(words.Or(t.Device.OS)+" "+t.Device.OSVersion)
	out = append(
		out,
		label("Device", device+", managed: "+strings.Replace(managedWord(t.Device.Managed), "?", "not said", 1)),
		label("User", words.Or(t.User)),
		label("Reported", m.clock(t.ReceivedAt)+" by "+words.Or(t.Sender)+", vendor "+words.Or(t.Vendor)),
	)
	out = append(out, m.labelled("Sent", m.track(t))...)
	if t.Description != "" {
		out = append(out, m.labelled("Says", t.Description)...)
	}
	for _, k := range slices.Sorted(maps.Keys(t.Forensics)) {
		out = append(out, label("", k+" = "+t.Forensics[k]))
	}
	return out
}

// track is the way of a report: sent, resolved on the device, resolved in Defender (M-08).
func (m *Model) track(t soc.Threat) string {
	if t.SentAt.IsZero() {
		return "not sent to Defender"
	}
	out := m.clock(t.SentAt) + " as alert " + words.Or(t.AlertID)
	if !t.ResolvedAt.IsZero() {
		out += "; resolved on the device " + m.clock(t.ResolvedAt)
	}
	switch {
	case !t.SyncedAt.IsZero():
		out += "; in Defender " + m.clock(t.SyncedAt)
	case !t.ResolvedAt.IsZero():
		out += fmt.Sprintf("; not yet in Defender, tried %s", words.Count(t.Tries, "time"))
		if !t.NextTry.IsZero() && !m.now.IsZero() {
			out += ", next in " + words.Period(max(0, t.NextTry.Sub(m.now)))
		}
	}
	return out
}

// whole is everything about a report, for the text box.
func (m *Model) whole(t soc.Threat) string {
	lines := []string{
		"Title       " + t.Title, "Level       " + levelWord(t.Level), "Category    " + words.Or(t.Category), "Vendor      " + words.Or(t.Vendor),
		"State       " + string(t.State), "Reason      " + words.Dash(t.Reason), "Sent        " + m.track(t), "",
		"Device      " + words.Or(t.Device.Name), "OS          " + strings.TrimSpace(words.Or(t.Device.OS)+" "+t.Device.OSVersion),
		"Managed     " + managedWord(t.Device.Managed), "Device id   " + words.Or(t.Device.ID), "Entra id    " + words.Or(t.Device.AADDeviceID),
		"Machine id  " + words.Or(cmp.Or(t.Host.MachineID, t.Device.MachineID)), "User        " + words.Or(t.User), "",
		"Sender      " + words.Or(t.Sender), "Its id      " + t.ID, "Happened    " + m.clock(t.OccurredAt), "Received    " + m.clock(t.ReceivedAt),
	}
	if t.Description != "" {
		lines = append(lines, "", t.Description)
	}
	if len(t.Forensics) > 0 {
		lines = append(lines, "")
	}
	for _, k := range slices.Sorted(maps.Keys(t.Forensics)) {
		lines = append(lines, k+" = "+t.Forensics[k])
	}
	return strings.Join(lines, "\n")
}

func (m *Model) clock(t time.Time) string {
	if t.IsZero() {
		return words.Unknown
	}
	return words.Zoned(t, m.zone, "2006-01-02 15:04:05")
}

// labelled is a value of several lines; the name stands at the first.
func (m *Model) labelled(name, value string) []string {
	var out []string
	for _, l := range pane.Wrap(value, m.w-14) {
		out = append(out, label(name, l))
		name = ""
	}
	return out
}

func label(name, value string) string { return theme.Fit(name, 10) + " " + value }
