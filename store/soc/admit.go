package soc

import "strings"

// Admits reports whether a person may use this tenant (T-16): order something for its hosts, or tell it something. Allowed names people as they
// sign in, or roles as "role:responder"; empty admits everybody. What cordon does by itself is always admitted: timers end for all.
//
// The list is about use. Who may change it is a matter of the right settings.edit, or a list without its author could never be mended.
func (in Integration) Admits(who Actor) bool {
	if len(in.Allowed) == 0 || who.Via == "svc" || who.Via == "rule" {
		return true
	}
	for _, a := range in.Allowed {
		role, isRole := strings.CutPrefix(a, "role:")
		if !isRole && a == who.Name || isRole && role != "" && role == who.Role {
			return true
		}
	}
	return false
}
