package settings

import (
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

func newGrid(th *theme.Theme) *grid.Grid {
	return grid.New(
		th,
		grid.Column{ID: "name", Title: "NAME", Min: 14, Max: 32, Grow: true},
		grid.Column{ID: "type", Title: "TYPE", Min: 16},
		grid.Column{ID: "env", Title: "ENV", Min: 4},
		grid.Column{ID: "on", Title: "ON", Min: 3},
		grid.Column{ID: "state", Title: "STATE", Min: 11},
		grid.Column{ID: "last", Title: "LAST", Min: 5},
		grid.Column{ID: "problem", Title: "PROBLEM", Min: 14, Grow: true},
		grid.Column{ID: "poll", Title: "POLL", Min: 5, DropBelow: 120},
		grid.Column{ID: "can", Title: "CAN", Min: 13, DropBelow: 120},
		grid.Column{ID: "tenant", Title: "TENANT", Min: 36, DropBelow: 160},
	)
}

// fill puts the tenants and then the channels into the table (Z-13, M-11, M-14).
func (m *Model) fill() {
	rows := make([]grid.Row, 0, len(m.list)+len(m.channels))
	for _, in := range m.list {
		rows = append(rows, m.tenantRow(in))
	}
	for _, c := range m.channels {
		rows = append(rows, m.channelRow(c))
	}
	if m.seek != "" && slices.ContainsFunc(rows, func(r grid.Row) bool { return r.ID == string(m.seek) }) {
		m.grid.KeepCursor(string(m.seek))
		m.seek = ""
	}
	m.grid.SetRows(0, rows, len(rows))
	m.fillTokens()
}

func (m *Model) onOff(on bool) grid.Cell {
	if on {
		return grid.Cell{Text: "on", Style: m.th.Good}
	}
	return grid.Cell{Text: "OFF", Style: m.th.Warn}
}

func (m *Model) tenantRow(in soc.Integration) grid.Row {
	c := m.conns[in.ID]
	state := or(c.State, "connecting")
	problem := grid.Cell{Text: c.Problem, Style: m.th.Warn}
	if text, level := secretAge(in.SecretExpiry, m.now); level > 0 {
		problem.Text, problem.Style = strings.TrimSuffix("secret "+text+"; "+c.Problem, "; "), m.age(level)
	}
	return grid.Row{ID: string(tenantRef(in.ID)), Cells: []grid.Cell{
		{Text: in.Name},
		{Text: "Defender tenant"},
		{Text: environment(in), Style: m.env(in)},
		m.onOff(in.Enabled),
		{Text: state, Style: m.th.State(state)},
		{Text: m.ago(c.LastOK)},
		problem,
		{Text: span(in.PollInterval)},
		{Text: can(c.Roles)},
		{Text: in.TenantID},
	}}
}

func (m *Model) channelRow(s soc.ChannelStatus) grid.Row {
	c := s.Channel
	row := grid.Row{ID: string(channelRef(c.ID)), Cells: []grid.Cell{
		{Text: c.Name},
		{Text: typeName(c.Type)},
		{Text: "-"},
		m.onOff(c.Enabled),
		{Text: or(s.State, "never used"), Style: m.channelStyle(s.State)},
		{Text: m.ago(s.LastSend)},
		{Text: m.channelProblem(s), Style: m.th.Warn},
		{Text: ""},
		{Text: ""},
		{Text: ""},
	}}
	if in, ok := m.tenantOf(c.Tenant); ok {
		row.Cells[2] = grid.Cell{Text: environment(in), Style: m.env(in)}
		row.Cells[9] = grid.Cell{Text: in.Name}
	}
	return row
}

// channelProblem is what is wrong with a channel; a way in whose tenant is off or gone is marked, so that nothing is idle in silence (T-21).
func (m *Model) channelProblem(s soc.ChannelStatus) string {
	if _, short := m.idle(s.Channel); short != "" {
		return short
	}
	if s.Problem == "" && s.Dead > 0 {
		return words.Count(int(s.Dead), "dead letter")
	}
	return s.Problem
}

// idle says why a channel that is on can do nothing, because of its tenant: in a sentence and in few words.
func (m *Model) idle(c soc.Channel) (long, short string) {
	if c.Type.Out() || !c.Enabled {
		return "", ""
	}
	switch in, ok := m.tenantOf(c.Tenant); {
	case !ok:
		return "nothing is sent: the tenant that it leads to is not attached; enter chooses another", "IDLE: no tenant"
	case !in.Enabled:
		return "nothing is sent: its tenant " + in.Name + " is switched off; space on that tenant switches it on", "IDLE: tenant off"
	}
	return "", ""
}

func (m *Model) channelStyle(state string) theme.Style {
	switch state {
	case "ok":
		return m.th.Good
	case "failing", "stopped":
		return m.th.Bad
	case "off":
		return m.th.Warn
	}
	return m.th.Muted
}

// age is the colour of how near the end of a secret is.
func (m *Model) age(level int) theme.Style {
	if level >= 2 {
		return m.th.Bad
	}
	return m.th.Warn
}

// environment of a tenant; one that does not say is treated as production.
func environment(in soc.Integration) string { return or(in.Environment, "PROD") }

func (m *Model) env(in soc.Integration) theme.Style {
	if environment(in) == "PROD" {
		return m.th.Prod
	}
	return m.th.Good
}

// badge names a tenant with its environment, in word and colour.
func (m *Model) badge(in soc.Integration) string {
	return theme.Clip(in.Name, 24) + " " + m.env(in).Render("["+environment(in)+"]")
}

// ago is the age of a moment; everything that can grow old shows it.
func (m *Model) ago(t time.Time) string {
	if t.IsZero() || m.now.IsZero() {
		return "never"
	}
	return words.Age(m.now, t)
}

// can says in two words what the granted roles allow.
func can(roles []string) string {
	read := granted(roles, "Alert.Read.All", "Alert.ReadWrite.All") && granted(roles, "Machine.Read.All", "Machine.ReadWrite.All")
	switch isolate := granted(roles, "Machine.Isolate"); {
	case len(roles) == 0:
		return "unknown"
	case read && isolate:
		return "read, isolate"
	case read:
		return "read only"
	}
	return "roles missing"
}

func (m *Model) layout() { m.grid.Resize(m.w, m.tableHeight()) }

// tableHeight leaves most of the body to what is known about the selected row.
func (m *Model) tableHeight() int { return max(2, min(len(m.list)+len(m.channels)+1, m.h*2/5)) }

// listLines are the table and the condition of the selected row, or the five steps when nothing is attached.
func (m *Model) listLines() []string {
	if len(m.list)+len(m.channels) == 0 {
		head := []string{"Nothing is attached. Five steps connect a Defender tenant (5 explains them):", ""}
		return pane.Pad(append(head, m.setupLines(m.w-2)...))
	}
	m.layout()
	out := strings.Split(m.grid.View(), "\n")
	e, ok := m.current()
	if !ok {
		return out
	}
	room := m.h - len(out) - 1
	if e.channel != nil {
		return append(append(out, m.rule(e.name())), pane.Pad(m.channelLines(*e.channel, m.w-2, room))...)
	}
	in := *e.tenant
	out = append(out, m.ruleAs(m.badge(in)))
	if m.w >= 140 {
		half := m.w / 2
		return append(out, pane.Beside(pane.Fill(m.tenantLines(in, half-2, room), half, room), m.setupLines(m.w-half-2))...)
	}
	out = append(out, m.tenantLines(in, m.w-2, room)...)
	if m.h-len(out) > 12 {
		out = append(append(out, ""), pane.Pad(m.setupLines(m.w-2))...)
	}
	return out
}
