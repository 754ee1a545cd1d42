package settings

import (
	"slices"
	"strings"

	"cordon/store/soc"
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
	usable := saved && isolate && e.draft.Enabled && e.policy.LockdownOn
	return []stage{
		{"Register an app", "Entra admin centre > App registrations > New registration; any name, no redirect URI", ids, "both ids are typed"},
		{"Add permissions, grant consent", "API permissions > WindowsDefenderATP > Application: see the list; then Grant admin " +
			"consent", roles, "the token carries roles"},
		{e.credential(), e.credentialHow(), token, "a token was got with it"},
		{"Attach it here", "a opens the form; ctrl+s tests and saves", saved, "it is stored; what is secret is sealed"},
		{"Isolate by hand or by rule", "L on a host; needs Machine.Isolate, the connection and lockdown switched on", usable, "the key L is on"},
	}
}

// credential is what step three makes, by the way of signing in.
func (e evidence) credential() string {
	switch e.draft.Auth {
	case authCert:
		return "Upload a certificate"
	case authManaged:
		return "Give the machine a managed identity"
	case authWorkload:
		return "Trust the workload's identity"
	}
	return "Create a client secret"
}

func (e evidence) credentialHow() string {
	switch e.draft.Auth {
	case authCert:
		return "Certificates & secrets > Certificates > Upload; paste the certificate and its key here"
	case authManaged:
		return "switch the identity of the virtual machine on and give it the permissions"
	case authWorkload:
		return "Certificates & secrets > Federated credentials > Add"
	}
	return "Certificates & secrets > New client secret; copy its Value, it is shown only once"
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

// evidence collects what is known about the form, or about the selected tenant.
func (m *Model) evidence() evidence {
	e := evidence{policy: m.policy}
	switch row, _ := m.current(); {
	case m.edit != nil && m.edit.what == editTenant:
		e.draft = m.edit.tenantDraft()
	case row.tenant != nil:
		e.draft = *row.tenant
	}
	if m.job.of == tenantRef(e.draft.ID) {
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
