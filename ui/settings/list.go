package settings

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

func newGrid(th *theme.Theme) *grid.Grid {
	return grid.New(th,
		grid.Column{ID: "name", Title: "NAME", Min: 14, Max: 32, Grow: true},
		grid.Column{ID: "type", Title: "TYPE", Min: 8},
		grid.Column{ID: "env", Title: "ENV", Min: 4},
		grid.Column{ID: "on", Title: "ISOLATE", Min: 7},
		grid.Column{ID: "state", Title: "STATE", Min: 11},
		grid.Column{ID: "ok", Title: "LAST OK", Min: 8},
		grid.Column{ID: "poll", Title: "POLL", Min: 4},
		grid.Column{ID: "can", Title: "CAN", Min: 13},
		grid.Column{ID: "tenant", Title: "TENANT", Min: 36, DropBelow: 140},
	)
}

// fill puts the integrations into the table (Z-13).
func (m *Model) fill() {
	rows := make([]grid.Row, 0, len(m.list))
	for _, in := range m.list {
		c := m.conns[in.ID]
		onOff := grid.Cell{Text: "on", Style: m.th.Good}
		if !in.Enabled {
			onOff = grid.Cell{Text: "OFF", Style: m.th.Warn}
		}
		state := c.State
		if state == "" {
			state = "connecting"
		}
		rows = append(rows, grid.Row{ID: string(in.ID), Cells: []grid.Cell{
			{Text: in.Name},
			{Text: "Defender"},
			{Text: in.Environment},
			onOff,
			{Text: state, Style: m.th.State(state)},
			{Text: m.ago(c.LastOK)},
			{Text: span(in.PollInterval)},
			{Text: can(c.Roles)},
			{Text: in.TenantID},
		}})
	}
	m.grid.SetRows(0, rows, len(rows))
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

func (m *Model) layout() {
	m.grid.Resize(m.w, m.tableHeight())
}

// tableHeight leaves most of the body to what is known about the selected connection.
func (m *Model) tableHeight() int { return max(2, min(len(m.list)+1, m.h/2)) }

// listLines are the table and the condition of the selected integration, or the five steps when nothing is attached.
func (m *Model) listLines() []string {
	if len(m.list) == 0 {
		head := []string{"Nothing is attached. Five steps connect a Defender tenant:", ""}
		return pane.Pad(append(head, m.setupLines(m.w-2)...))
	}
	m.layout()
	out := strings.Split(m.grid.View(), "\n")
	in, ok := m.current()
	if !ok {
		return out
	}
	out = append(out, m.rule(in.Name))
	if m.w >= 140 {
		half := m.w / 2
		return append(out, pane.Beside(pane.Fill(m.aboutLines(in), half, m.h-len(out)), m.setupLines(m.w-half-2))...)
	}
	out = append(out, m.aboutLines(in)...)
	if m.h-len(out) > 12 {
		out = append(append(out, ""), pane.Pad(m.setupLines(m.w-2))...)
	}
	return out
}

// aboutLines describe one integration: condition, test, permissions, hosts.
func (m *Model) aboutLines(in soc.Integration) []string {
	c := m.conns[in.ID]
	var out []string
	if c.Problem != "" {
		out = append(out, wrap(m.th.Warn.Render("! ")+c.Problem, m.w-2)...)
	}
	if m.job.of == in.ID && (m.job.running || m.job.done) && len(m.job.steps) > 0 {
		return pane.Pad(append(out, m.testLines(m.w-2, m.h-m.tableHeight()-len(out)-1)...))
	}
	if m.job.of == in.ID && m.job.running {
		out = append(out, fmt.Sprintf("%s, %d s (esc stops)", map[task]string{taskDetach: "detaching", taskTest: "testing"}[m.job.task], m.seconds()))
	}
	out = append(out, m.permissionLines(c.Roles)...)
	out = append(out,
		"Contacts   "+strings.Join(hosts(in.Login, in.API), ", ")+"   (must be reachable from here)",
		"Client ID  "+in.ClientID+"   cloud "+in.Cloud,
		"Max history "+in.MaxHistory+secretAge(in, m.now),
	)
	return pane.Pad(out)
}

// secretAge warns when the expiry date of the secret is known and near (Z-10).
func secretAge(in soc.Integration, now time.Time) string {
	if in.SecretExpiry.IsZero() || now.IsZero() {
		return ""
	}
	days := int(in.SecretExpiry.Sub(now) / (24 * time.Hour))
	if days < 0 {
		return "   SECRET EXPIRED"
	}
	return fmt.Sprintf("   secret expires in %d d", days)
}

func (m *Model) seconds() int { return max(0, int(m.now.Sub(m.job.began)/time.Second)) }
