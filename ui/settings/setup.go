package settings

import (
	"slices"
	"strings"

	"cordon/store/soc"
	"cordon/ui/theme"
)

// stage is one of the five steps of setting up (Z-03), done only on evidence.
type stage struct {
	title, how string
	done       bool
	proof      string
}

// evidence is what the five steps are judged by.
type evidence struct {
	draft  soc.Integration
	steps  []soc.Step
	conn   soc.Conn
	policy soc.Policy
}

func (e evidence) stages() []stage {
	saved := e.draft.ID != ""
	ids := guid(e.draft.TenantID) && guid(e.draft.ClientID) && !strings.EqualFold(e.draft.TenantID, e.draft.ClientID)
	roles, token := e.roles(), saved || passed(e.steps, "sign")
	isolate := granted(e.conn.Roles, "Machine.Isolate") || passed(e.steps, "role: isolate")
	return []stage{
		{"Register an app", "Entra admin centre > App registrations > New registration; any name, no redirect URI", ids, "both ids are typed"},
		{"Add permissions, grant consent", "API permissions > WindowsDefenderATP > Application: see the list; then Grant admin consent", roles, "the token carries roles"},
		{"Create a client secret", "Certificates & secrets > New client secret; copy its Value, it is shown only once", token, "a token was got with it"},
		{"Attach it here", "n opens the form; ctrl+s tests and saves", saved, "the secret is stored, sealed"},
		{"Isolate by hand or by rule", "L on a host; needs Machine.Isolate, the connection and lockdown switched on", saved && isolate && e.draft.Enabled && e.policy.LockdownOn, "the key L is on"},
	}
}

// roles reports that at least one role of Defender was seen, in the poller's token or in the last test.
func (e evidence) roles() bool { return len(e.conn.Roles) > 0 || passed(e.steps, "role:") }

func passed(steps []soc.Step, prefix string) bool {
	return slices.ContainsFunc(steps, func(s soc.Step) bool { return s.Status == soc.StepOK && strings.HasPrefix(s.Name, prefix) })
}

func granted(roles []string, names ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, r) })
	})
}

// evidence collects what is known about the form, or about the selected integration.
func (m *Model) evidence() evidence {
	e := evidence{policy: m.policy}
	switch in, ok := m.current(); {
	case m.form != nil:
		e.draft = m.form.draft()
	case ok:
		e.draft = in
	}
	if m.job.of == e.draft.ID {
		e.steps = m.job.steps
	}
	if e.draft.ID != "" {
		e.conn = m.conns[e.draft.ID]
	}
	return e
}

// setupLines draws the five steps in lines of at most w cells.
func (m *Model) setupLines(w int) []string {
	var out []string
	for i, s := range m.evidence().stages() {
		box, note := m.th.Glyph.Off, s.how
		style := m.th.Text
		if s.done {
			box, note, style = m.th.Glyph.On, "done: "+s.proof, m.th.Good
		}
		out = append(out, style.Render(box)+" "+string(rune('1'+i))+" "+m.th.Strong.Render(s.title))
		for _, l := range wrap(note, max(20, w-6)) {
			out = append(out, "      "+l)
		}
	}
	return out
}

// permission is a role and what it is for.
type permission struct {
	names []string
	use   string
	must  bool
}

func permissions() []permission {
	return []permission{
		{[]string{"Alert.ReadWrite.All", "Alert.Read.All"}, "read alerts (ReadWrite: triage)", true},
		{[]string{"Machine.Read.All", "Machine.ReadWrite.All"}, "read hosts and actions", true},
		{[]string{"Machine.Isolate"}, "isolate and release", true},
		{[]string{"User.Read.All"}, "users of a host", false},
	}
}

// permissionLines lists granted and missing roles, grouped under the API that they belong to (Z-06).
func (m *Model) permissionLines(roles []string) []string {
	out := []string{m.th.Strong.Render("WindowsDefenderATP") + " (kind Application)"}
	for _, p := range permissions() {
		state := "asked when connected"
		style := m.th.Muted
		switch have := granted(roles, p.names...); {
		case len(roles) == 0:
		case have:
			state, style = "granted", m.th.Good
		case p.must:
			state, style = "MISSING", m.th.Bad
		default:
			state = "missing, optional"
		}
		out = append(out, "  "+theme.Fit(p.names[0], 20)+" "+style.Render(theme.Fit(state, 20))+" "+p.use)
	}
	return out
}
