package connect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cordon/store/soc"
)

// twins tells of integrations that are one tenant (C-14). They are allowed, since they may differ in app, people and permissions, and those
// with the same app share one call budget; but everything in the tenant is seen twice, and a lockdown of one looks like somebody else's in
// the other.
func (s *Service) twins() []soc.Trouble {
	names := map[string][]string{}
	for _, l := range s.all() {
		names[l.in.TenantID] = append(names[l.in.TenantID], l.in.Name)
	}
	var out []soc.Trouble
	for _, id := range slices.Sorted(maps.Keys(names)) {
		list := names[id]
		if len(list) < 2 {
			continue
		}
		slices.Sort(list)
		out = append(out, soc.Trouble{
			Code: "same-tenant", Level: soc.LevelWarn, What: fmt.Sprintf("%s are the same tenant (%s)", strings.Join(list, " and "), id),
			Means: "its alerts are listed for each of them, and a host that one isolated is \"" + soc.IsolatedOutside + "\" for the other",
			Next:  "detach all but one, unless that is meant",
		})
	}
	return out
}

// down tells of pollers that were given up (T-19).
func (s *Service) down() []soc.Trouble {
	var out []soc.Trouble
	for _, l := range s.all() {
		if problem, over := l.trouble(); over {
			out = append(out, soc.Trouble{
				Code: "poller-stopped", Level: soc.LevelBad, What: problem, Means: "running lockdowns are still followed and released",
				Next: "test the connection in the settings; that starts it again",
			})
		}
	}
	return out
}
