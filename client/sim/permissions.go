package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Permissions are what an app registration was granted.
type Permissions struct {
	Defender []string // application roles of WindowsDefenderATP
	Graph    []string // application roles of Microsoft Graph
	// Delegated are scopes of Defender for a signed-in person. When there are any,
	// Defender tokens carry them in scp and have no roles: the mistake of choosing
	// "delegated" in the app registration.
	Delegated []string
}

// ProfileNames lists the sets of permissions that Profile knows.
func ProfileNames() []string {
	return []string{"all", "none", "zscaler", "threatconnect", "vectra", "mobile", "prelude", "delegated"}
}

// Profile returns a named set: that of one of the five products whose set-up
// guides name one, everything, or nothing. The guide for mobile threat reports
// names no roles; that set is what its work needs. Prelude's guide also asks for
// User.Read of Graph, which is delegated and never in an application's token.
func Profile(name string) (Permissions, error) {
	switch strings.ToLower(name) {
	case "all":
		return Permissions{Defender: AllRoles(), Graph: []string{"SecurityAlert.ReadWrite.All"}}, nil
	case "none":
		return Permissions{}, nil
	case "zscaler":
		return Permissions{Defender: []string{"Machine.Isolate", "Machine.Read.All", "Machine.ReadWrite.All"}}, nil
	case "threatconnect":
		return Permissions{Defender: []string{"Alert.ReadWrite.All"}, Graph: []string{"SecurityAlert.ReadWrite.All"}}, nil
	case "vectra":
		return Permissions{Defender: []string{"AdvancedQuery.Read.All", "Machine.Read.All", "Machine.Isolate"}}, nil
	case "mobile":
		return Permissions{Defender: []string{"Alert.ReadWrite.All", "Machine.Read.All", "AdvancedQuery.Read.All"}}, nil
	case "prelude":
		return Permissions{Defender: []string{"Alert.Read.All", "Machine.Read.All", "Machine.ReadWrite.All", "Ti.ReadWrite.All"}}, nil
	case "delegated":
		return Permissions{Delegated: []string{"Alert.ReadWrite", "Machine.Read", "Machine.Isolate"}}, nil
	}
	return Permissions{}, fmt.Errorf("there is no set of permissions %q; there are %s", name, strings.Join(ProfileNames(), ", "))
}

// rolesFor returns the application roles that a token for a resource carries.
func (s *signIn) rolesFor(audience string) []string {
	switch {
	case s.withheld:
		return nil
	case contains(defenderAudiences(), audience):
		return slices.Clone(s.granted.Defender)
	case contains(graphAudiences(), audience):
		return slices.Clone(s.granted.Graph)
	}
	return nil
}

func (s *signIn) scopesFor(audience string) []string {
	if s.withheld || !contains(defenderAudiences(), audience) {
		return nil
	}
	return slices.Clone(s.granted.Delegated)
}

// scopeRoles turns delegated scopes into the roles that they stand for: most
// scopes are called like the role without ".All".
func scopeRoles(scopes string) []string {
	var out []string
	for _, s := range strings.Fields(scopes) {
		out = append(out, s, s+".All")
	}
	return out
}
