package client

import (
	"slices"
	"strings"
)

// Capability is something a set of application roles allows.
type Capability struct {
	Name    string
	Needs   []string // one of these
	Granted bool
	// Without says what stays dark without it.
	Without string
}

// Capabilities tells what the roles of a token allow, in the order that an administrator should grant them.
func Capabilities(roles []string) []Capability {
	list := []Capability{
		{Name: "read alerts", Needs: rolesAlertRead, Without: "the queue stays empty"},
		{Name: "read hosts and actions", Needs: rolesMachineRead, Without: "hosts can not be looked up and isolations can not be followed"},
		{Name: "isolate and release", Needs: rolesIsolate, Without: "lockdowns are off"},
		{Name: "change alerts", Needs: rolesAlertWrite, Without: "alerts can not be assigned, resolved or commented"},
		{Name: "read logged-on users", Needs: rolesUserRead, Without: "the users of a host stay unknown"},
	}
	for i := range list {
		list[i].Granted = hasAny(roles, list[i].Needs)
	}
	return list
}

// CanRead reports whether the queue can be filled.
func CanRead(roles []string) bool { return hasAny(roles, rolesAlertRead) }

// CanIsolate reports whether a lockdown can be kept: ordering needs Machine.Isolate, following the order needs to read machines (C-07).
func CanIsolate(roles []string) bool {
	return hasAny(roles, rolesIsolate) && hasAny(roles, rolesMachineRead)
}

// hasAny compares role names without case; the documentation itself mixes it.
func hasAny(have, want []string) bool {
	return slices.ContainsFunc(have, func(h string) bool {
		return slices.ContainsFunc(want, func(w string) bool { return strings.EqualFold(h, w) })
	})
}

// audienceFits compares the audience of a token with the scope that was asked for. Defender's resource has two names and an id.
func audienceFits(audience, scope string) bool {
	const defenderApp = "fc780465-2017-40d4-a0c5-307022471b92"
	trim := func(s string) string {
		return strings.ToLower(strings.TrimRight(strings.TrimSuffix(s, "/.default"), "/"))
	}
	return trim(audience) == trim(scope) || strings.EqualFold(audience, defenderApp)
}
