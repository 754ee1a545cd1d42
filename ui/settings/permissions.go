package settings

import (
	"slices"
	"strings"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// levels are the permission sets that can be chosen before any tenant has told what it knows.
func levels() []string {
	return []string{"Zscaler", "ThreatConnect", "Vectra", "Prelude", "Mobile threats", "Read", "Triage", "Lock", "Auto-lock", "IOC"}
}

// role is a permission and what it is for, as far as cordon itself needs it.
type role struct {
	names []string
	use   string
	must  bool
}

func rolesNeeded() []role {
	return []role{
		{[]string{"Alert.ReadWrite.All", "Alert.Read.All"}, "read alerts, and triage", true},
		{[]string{"Machine.Read.All", "Machine.ReadWrite.All"}, "read hosts and actions", true},
		{[]string{"Machine.Isolate"}, "isolate and release", true},
		{[]string{"User.Read.All"}, "users of a host", false},
	}
}

// permissionSummary is the short form below the list; p shows all of it.
func (m *Model) permissionSummary(in soc.Integration, w int) []string {
	p := m.perms[in.ID]
	if !p.Known {
		return m.roleLines(m.conns[in.ID].Roles, w)
	}
	var out []string
	if p.Delegated {
		out = append(out, m.th.Bad.Render("! delegated token: it carries scp and no roles; cordon needs the kind Application"))
	}
	var have, lack []string
	for _, x := range p.Profiles {
		if x.Satisfied {
			have = append(have, x.Name)
		} else if slices.Contains(in.Profiles, x.Name) {
			lack = append(lack, x.Name+" lacks "+strings.Join(lacking(x), ", "))
		}
	}
	for _, l := range [][2]string{
		{"Token has  ", or(strings.Join(grantedIn(p), ", "), "no permission")},
		{"Satisfied  ", or(strings.Join(have, ", "), "no level and no product") + "  (p: all)"},
	} {
		out = append(out, m.listed(l[0], wrap(l[1], w-11))...)
	}
	for _, l := range lack {
		out = append(out, m.th.Warn.Render("! meant to have "+l))
	}
	return out
}

func grantedIn(p soc.PermissionReport) []string {
	var out []string
	for _, x := range p.Permissions {
		if x.State == soc.PermissionGranted {
			out = append(out, x.Role)
		}
	}
	return out
}

// lacking names what a profile asks for and the token does not carry. What no token can show is left out.
func lacking(p soc.Profile) []string {
	var out []string
	for _, x := range p.Permissions {
		if x.State != soc.PermissionGranted && x.State != soc.PermissionUnknown {
			out = append(out, x.Role)
		}
	}
	return out
}

// lackText is what keeps a profile from being satisfied.
func lackText(p soc.Profile) string {
	if list := lacking(p); len(list) > 0 {
		return "missing: " + strings.Join(list, ", ")
	}
	return "unknown: no token for its API was seen"
}

// roleLines lists granted and missing roles under the API that they belong to (Z-06), from the token of the last poll alone. What a role is for
// goes on in a second line where w is narrow.
func (m *Model) roleLines(roles []string, w int) []string {
	title, states := " (kind Application)", 18
	if len(roles) == 0 {
		title, states = title+", not asked yet", 0
	}
	out := []string{m.th.Strong.Render("WindowsDefenderATP") + title}
	for _, p := range rolesNeeded() {
		state, style := "", m.th.Muted
		switch have := granted(roles, p.names...); {
		case len(roles) == 0:
		case have:
			state, style = "granted", m.th.Good
		case p.must:
			state, style = "MISSING", m.th.Bad
		default:
			state = "missing, optional"
		}
		head := "  " + theme.Fit(p.names[0], 20) + " "
		if states > 0 {
			head += style.Render(theme.Fit(state, states)) + " "
		}
		if room := w - theme.Width(head); theme.Width(p.use) > room && room < 24 {
			out = append(out, head, "    "+p.use)
			continue
		}
		for _, l := range wrap(p.use, w-theme.Width(head)) {
			out = append(out, head+l)
			head = strings.Repeat(" ", theme.Width(head))
		}
	}
	return out
}

// permissionPage is everything about the permissions of a tenant: what is granted, API by API, and what each set of them allows.
func (m *Model) permissionPage(in soc.Integration) []string {
	p := m.perms[in.ID]
	out := append([]string{m.ruleAs("Permissions of " + m.badge(in))}, pane.Pad(m.underWay(tenantRef(in.ID)))...)
	switch {
	case len(p.Permissions) == 0:
		out = append(out, "", " Unknown: no token was seen yet. R signs in and looks.")
		return append(append(out, ""), pane.Pad(m.roleLines(m.conns[in.ID].Roles, m.w-2))...)
	case !p.Known:
		out = append(out, " Unknown: no token was seen yet. R signs in and looks.")
	case p.Tenant != "":
		out = append(out, pane.Pad(wrap("Granted for "+p.Tenant+". A token shows only what was consented.", m.w-2))...)
	}
	if p.Delegated {
		out = append(out, pane.Pad(wrap(m.th.Bad.Render("! delegated token (scp, no roles): add the permissions again with the kind Application, "+
			"then grant consent"), m.w-2))...)
	}
	if p.Problem != "" {
		out = append(out, pane.Pad(wrap(m.th.Warn.Render("! ")+p.Problem, m.w-2))...)
	}
	states := 0
	for _, x := range p.Permissions {
		states = max(states, theme.Width(stateOf(p, x)))
	}
	for _, api := range apis(p) {
		out = append(out, "", " "+m.th.Strong.Render(api)+" (kind Application)")
		for _, x := range p.Permissions {
			if x.API == api {
				out = append(out, m.permissionLine(x, stateOf(p, x), states)...)
			}
		}
	}
	return append(out, m.profileLines(p, in)...)
}

// stateOf is the state of a permission in words. One that is not granted is no loss where a wider one is: reading comes with writing.
func stateOf(p soc.PermissionReport, x soc.Permission) string {
	wider := strings.Replace(x.Role, ".Read.All", ".ReadWrite.All", 1)
	if x.State == soc.PermissionMissing && wider != x.Role && slices.Contains(grantedIn(p), wider) {
		return "not needed"
	}
	return string(x.State)
}

// apis are the APIs of a report, each with a token of its own (T-07).
func apis(p soc.PermissionReport) []string {
	var out []string
	for _, x := range p.Permissions {
		if !slices.Contains(out, x.API) {
			out = append(out, x.API)
		}
	}
	return out
}

// permissionLine is one permission, its state in a column of its own, and what it is for on as many lines as that takes.
func (m *Model) permissionLine(x soc.Permission, state string, width int) []string {
	style := m.th.Muted
	switch {
	case x.State == soc.PermissionGranted:
		style = m.th.Good
	case x.State == soc.PermissionRequested, x.State == soc.PermissionDelegated:
		style = m.th.Warn
	case state == string(soc.PermissionMissing):
		style = m.th.Bad
	}
	head := "   " + theme.Fit(x.Role, 27) + " " + style.Render(theme.Fit(state, width)) + " "
	var out []string
	for _, l := range wrap(x.For, m.w-theme.Width(head)-1) {
		out = append(out, head+l)
		head = strings.Repeat(" ", theme.Width(head))
	}
	return out
}

// profileLines tell which sets are satisfied, what is missing by name, and what each allows and does not (Z-08, V-06, P-03).
func (m *Model) profileLines(p soc.PermissionReport, in soc.Integration) []string {
	if len(p.Profiles) == 0 {
		return nil
	}
	out := []string{"", " " + m.th.Strong.Render("Levels and products")}
	for _, x := range p.Profiles {
		box, state := m.th.Glyph.Off, m.th.Warn.Render(lackText(x))
		if x.Satisfied {
			box, state = m.th.Glyph.On, m.th.Good.Render("satisfied")
		}
		name := x.Name
		if slices.Contains(in.Profiles, x.Name) {
			name += " (meant to have)"
		}
		out = append(out, "   "+box+" "+m.th.Strong.Render(theme.Fit(name, 27))+" "+state)
		for _, l := range []struct {
			sign string
			list []string
		}{{"can: ", x.Allows}, {"can not: ", denied(x.Denies)}} {
			if len(l.list) > 0 {
				out = append(out, pane.Indent(wrap(l.sign+strings.Join(l.list, "; "), m.w-10), 8)...)
			}
		}
	}
	how := words.Count(len(p.Profiles), "set") + ". What is missing: Entra admin centre > App registrations > API permissions; " +
		"add it with the kind Application, press Grant admin consent, then R."
	return append(append(out, ""), pane.Pad(wrap(how, m.w-2))...)
}

// denied shortens "read alerts: Alert.Read.All is not in this set" to "read alerts (Alert.Read.All)"; another text stays as it is.
func denied(list []string) []string {
	out := make([]string, 0, len(list))
	for _, l := range list {
		what, role, ok := strings.Cut(strings.TrimSuffix(l, " is not in this set"), ": ")
		if ok && strings.HasSuffix(l, " is not in this set") {
			l = what + " (" + role + ")"
		}
		out = append(out, l)
	}
	return out
}
