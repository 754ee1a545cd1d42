package client

import (
	"fmt"
	"slices"
	"strings"

	"cordon/store/soc"
)

// Catalogue lists the permissions that cordon knows, and what it needs each for.
func Catalogue() []soc.Permission {
	return []soc.Permission{
		{API: APIDefender, Role: "Alert.Read.All", For: "the queue"},
		{API: APIDefender, Role: "Alert.ReadWrite.All", For: "assign, resolve, classify and comment alerts; alerts for threat reports; reading them"},
		{API: APIDefender, Role: "Machine.Read.All", For: "look hosts up, and follow every machine action"},
		{API: APIDefender, Role: "Machine.ReadWrite.All", For: "reading hosts; cordon writes no tags and no device value"},
		{API: APIDefender, Role: "Machine.Isolate", For: "isolate, release, cancel"},
		{API: APIDefender, Role: "User.Read.All", For: "logged-on users, and the privilege score"},
		{API: APIDefender, Role: "Ti.ReadWrite.All", For: "list and write indicators"},
		{API: APIDefender, Role: "AdvancedQuery.Read.All", For: "find the event of a device that a threat report hangs on"},
		{API: APIGraph, Role: "SecurityAlert.ReadWrite.All", For: "nothing yet: cordon reads alerts from Defender itself"},
		{API: APIGraph, Role: "User.Read", For: "nothing; a delegated permission, which an application token never shows"},
	}
}

// wider is the role that includes another. It stands for the other where a list does not ask for both.
func wider(role string) (string, bool) {
	switch role {
	case "Machine.Read.All":
		return "Machine.ReadWrite.All", true
	case "Alert.Read.All":
		return "Alert.ReadWrite.All", true
	}
	return "", false
}

// set is a named set of permissions.
type set struct {
	name string
	need []string   // application roles of Defender
	one  [][]string // or: of each, one
	also []soc.Permission
}

// sets lists the permission sets: first those that the five products ask for, to the letter; then cordon's own levels, each with all below
// it, where a role that includes another stands for it.
func sets() []set {
	level := [][]string{rolesAlertRead, rolesMachineRead, rolesAlertWrite, rolesIsolate, rolesUserRead, {"Ti.ReadWrite.All"}}
	return []set{
		{name: "Zscaler", need: []string{"Machine.Isolate", "Machine.Read.All", "Machine.ReadWrite.All"}},
		{
			name: "ThreatConnect", need: []string{"Alert.ReadWrite.All"},
			also: []soc.Permission{{API: APIGraph, Role: "SecurityAlert.ReadWrite.All"}},
		},
		{name: "Vectra", need: []string{"AdvancedQuery.Read.All", "Machine.Read.All", "Machine.Isolate"}},
		{
			name: "Prelude", need: []string{"Alert.Read.All", "Machine.Read.All", "Machine.ReadWrite.All", "Ti.ReadWrite.All"},
			also: []soc.Permission{{API: APIGraph, Role: "User.Read"}},
		},
		// The source names no permissions ("accept all"); these are what the reports need here.
		{name: "Mobile threats", need: []string{"Alert.ReadWrite.All", "Machine.Read.All", "AdvancedQuery.Read.All"}},
		{name: "Read", one: level[:2]},
		{name: "Triage", one: level[:3]},
		{name: "Lock", one: level[:4]},
		{name: "Auto-lock", one: level[:5]},
		{name: "IOC", one: level[:6]},
	}
}

// ProfileNames lists the permission sets, in the order in which they are shown.
func ProfileNames() []string {
	var out []string
	for _, s := range sets() {
		out = append(out, s.name)
	}
	return out
}

// ProfileNamed finds a permission set without regard to case and returns its name; ok is false when there is none.
func ProfileNamed(name string) (string, bool) { return oneOf(name, ProfileNames()) }

// chosen returns the sets of these names.
func chosen(names []string) []set {
	var out []set
	for _, s := range sets() {
		if _, ok := oneOf(s.name, names); ok {
			out = append(out, s)
		}
	}
	return out
}

// needsGraph reports whether a chosen set names an application permission of Graph.
func needsGraph(names []string) bool {
	return slices.ContainsFunc(chosen(names), func(s set) bool {
		return slices.ContainsFunc(s.also, func(p soc.Permission) bool { return p.API == APIGraph && p.Role != "User.Read" })
	})
}

// roles are the application roles of Defender in the set; of alternatives, the first.
func (s set) roles() []string {
	out := slices.Clone(s.need)
	for _, of := range s.one {
		out = append(out, of[0])
	}
	return out
}

// Permissions judges the permissions of an integration by what its tokens said. It asks nobody.
func Permissions(in soc.Integration, defender, graph Grant) soc.PermissionReport {
	j := judge{grants: map[string]Grant{APIDefender: defender, APIGraph: graph}, asked: chosen(in.Profiles)}
	r := soc.PermissionReport{
		Integration: in.ID, Known: defender.Known, Delegated: defender.Delegated(), Tenant: orDefault(defender.Tenant, in.TenantID),
		Problem: trouble(in, defender),
	}
	for _, p := range Catalogue() {
		p.State = j.state(p.API, p.Role)
		r.Permissions = append(r.Permissions, p)
	}
	for _, s := range sets() {
		r.Profiles = append(r.Profiles, j.profile(s))
	}
	return r
}

// trouble says what is wrong with the token itself.
func trouble(in soc.Integration, g Grant) string {
	switch {
	case !g.Known:
		return "no token was seen yet; test the connection to get one"
	case !g.Fits:
		return fmt.Sprintf("the token is for %s, not for %s: its roles count for nothing here; set the scope to %s, or leave it empty",
			orDefault(g.Audience, "nobody"), APIDefender, g.Scope)
	case g.Delegated():
		return "this is a delegated token (" + strings.Join(g.Scopes, " ") + "): it acts for a person; " +
			"give the app Application permissions and grant admin consent"
	case len(g.Roles) == 0:
		return "nothing was consented to: add the permissions to the app registration and press Grant admin consent; they count from the next token on"
	case !CanRead(g.Roles) && !CanIsolate(g.Roles) && hasAny(g.Roles, rolesIsolate):
		return "isolations could be ordered, but neither looked up nor followed: " + Lacks(g.Roles, CanReadHosts) + " is missing"
	}
	return ""
}

type judge struct {
	grants map[string]Grant
	asked  []set
}

// state is what is known of one permission. A token shows only what was consented; what a chosen profile asks for and the token lacks is
// requested (Z-09).
func (j judge) state(api, role string) soc.PermissionState {
	g := j.grants[api]
	switch {
	case !g.Known, role == "User.Read": // a delegated permission is in no application token
		return soc.PermissionUnknown
	case g.has(role):
		return soc.PermissionGranted
	case g.lends(role):
		return soc.PermissionDelegated
	}
	for _, s := range j.asked {
		also := slices.ContainsFunc(s.also, func(p soc.Permission) bool { return p.API == api && p.Role == role })
		if also || api == APIDefender && slices.Contains(s.roles(), role) {
			return soc.PermissionRequested
		}
	}
	return soc.PermissionMissing
}

// profile judges one set, and tells what it allows with cordon and what not.
func (j judge) profile(s set) soc.Profile {
	p := soc.Profile{Name: s.name}
	add := func(api, role string, state soc.PermissionState) {
		at := slices.IndexFunc(Catalogue(), func(c soc.Permission) bool { return c.API == api && c.Role == role })
		one := soc.Permission{API: api, Role: role, State: state}
		if at >= 0 {
			one.For = Catalogue()[at].For
		}
		p.Permissions = append(p.Permissions, one)
	}
	for _, role := range s.need {
		of := []string{role}
		if wide, ok := wider(role); ok && !slices.Contains(s.need, wide) {
			of = append(of, wide)
		}
		add(APIDefender, role, j.best(of))
	}
	for _, of := range s.one {
		add(APIDefender, of[0], j.best(of))
	}
	for _, q := range s.also {
		add(q.API, q.Role, j.state(q.API, q.Role))
	}
	p.Satisfied = !slices.ContainsFunc(p.Permissions, func(q soc.Permission) bool { return q.State != soc.PermissionGranted && q.Role != "User.Read" })
	for _, c := range Capabilities(s.roles()) {
		if c.Granted {
			p.Allows = append(p.Allows, c.Name)
		} else {
			p.Denies = append(p.Denies, c.Name+": "+c.Lacks+" is not in this set")
		}
	}
	return p
}

// best is the state of a need that several roles can meet.
func (j judge) best(of []string) soc.PermissionState {
	for _, role := range of {
		if j.state(APIDefender, role) == soc.PermissionGranted {
			return soc.PermissionGranted
		}
	}
	return j.state(APIDefender, of[0])
}
