package client

import (
	"slices"
	"strings"
)

// Names of capabilities.
const (
	CanReadAlerts  = "read alerts"
	CanReadHosts   = "read hosts and actions"
	CanLock        = "isolate and release"
	CanEditAlerts  = "change alerts"
	CanReadUsers   = "read logged-on users"
	CanIndicators  = "list and write indicators"
	CanFindAnEvent = "find an event of a device"
)

// Capability is something that cordon does, and the application roles that it hangs on.
type Capability struct {
	Name  string
	Needs []string // one of these,
	Also  []string // and one of these, if there are any
	// Lacks is the role that is missing, "" when the capability is granted.
	Lacks   string
	Granted bool
	// Without says what stays dark without it.
	Without string
}

// Capabilities tells what the roles of a token allow, in the order that an administrator should grant them. It is the one matrix behind every
// switched-off key, every profile and the connection test (N-04, C-07).
func Capabilities(roles []string) []Capability {
	list := []Capability{
		{Name: CanReadAlerts, Needs: rolesAlertRead, Without: "the queue stays empty"},
		{Name: CanReadHosts, Needs: rolesMachineRead, Without: "hosts can not be looked up and isolations can not be followed"},
		{Name: CanLock, Needs: rolesIsolate, Also: rolesMachineRead, Without: "lockdowns are off"},
		{Name: CanEditAlerts, Needs: rolesAlertWrite, Without: "alerts can not be assigned, resolved or commented, and threat reports can not be sent"},
		{Name: CanReadUsers, Needs: rolesUserRead, Without: "the users of a host stay unknown, and with them its privilege score"},
		{Name: CanIndicators, Needs: rolesIndicators, Without: "indicators can neither be listed nor written"},
		{Name: CanFindAnEvent, Needs: []string{"AdvancedQuery.Read.All"}, Without: "a threat report without an event of its own can not become an alert"},
	}
	for i := range list {
		c := &list[i]
		switch {
		case !hasAny(roles, c.Needs):
			c.Lacks = c.Needs[0]
		case len(c.Also) > 0 && !hasAny(roles, c.Also):
			c.Lacks = c.Also[0]
		default:
			c.Granted = true
		}
	}
	return list
}

// Lacks names the role that a capability needs and the roles do not hold; "" when nothing is missing. An unknown capability lacks itself.
func Lacks(roles []string, capability string) string {
	for _, c := range Capabilities(roles) {
		if c.Name == capability {
			return c.Lacks
		}
	}
	return capability
}

// CanRead reports whether the queue can be filled.
func CanRead(roles []string) bool { return Lacks(roles, CanReadAlerts) == "" }

// CanIsolate reports whether a lockdown can be kept: ordering needs Machine.Isolate, following the order needs to read machines (C-07).
func CanIsolate(roles []string) bool { return Lacks(roles, CanLock) == "" }

// hasAny compares role names without case; the documentation itself mixes it.
func hasAny(have, want []string) bool {
	return slices.ContainsFunc(have, func(h string) bool {
		return slices.ContainsFunc(want, func(w string) bool { return strings.EqualFold(h, w) })
	})
}

// audienceFits compares the audience of a token with the scope that was asked for. Defender's resource has several names and an id.
func audienceFits(audience, scope string) bool {
	trim := func(s string) string {
		return strings.ToLower(strings.TrimRight(strings.TrimSuffix(s, "/.default"), "/"))
	}
	if trim(audience) == trim(scope) {
		return true
	}
	const defenderApp, graphApp = "fc780465-2017-40d4-a0c5-307022471b92", "00000003-0000-0000-c000-000000000000"
	if strings.Contains(trim(scope), "://graph.microsoft.") || strings.Contains(trim(scope), "-graph.microsoft.") {
		return strings.EqualFold(audience, graphApp)
	}
	return strings.EqualFold(audience, defenderApp)
}
