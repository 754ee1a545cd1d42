package client

import (
	"context"
	"strings"

	"cordon/store/soc"
)

// roles names each capability and the role that it hangs on. A missing role is a failure when a chosen profile is meant to give it; with no
// profile chosen, reading alerts and hosts is a must, and so is isolating unless the tenant is read-only.
func (t *checklist) roles(ready bool) {
	have := t.c.tokens.peek()
	meant := t.meant()
	for _, capability := range Capabilities(have.Roles) {
		t.step(ready && have.Known, "role: "+capability.Name, func() (string, error) {
			need := strings.Join(capability.Needs, " or ")
			switch {
			case capability.Granted:
				return need + " granted", nil
			case !meant[capability.Name]:
				return capability.Lacks + " is not granted: " + capability.Without, nil
			}
			return "", &soc.Error{
				Kind: soc.KindDenied, Code: "role-missing", What: capability.Lacks + " is not granted: " + capability.Without,
				Next: "add the role to the app registration and press Grant admin consent; then test again",
			}
		})
	}
}

// meant is what the tenant should allow.
func (t *checklist) meant() map[string]bool {
	meant := map[string]bool{CanReadAlerts: true, CanReadHosts: true, CanLock: !t.c.in.ReadOnly}
	if of := chosen(t.c.in.Profiles); len(of) > 0 {
		meant = map[string]bool{}
		for _, s := range of {
			for _, c := range Capabilities(s.roles()) {
				meant[c.Name] = meant[c.Name] || c.Granted
			}
		}
	}
	return meant
}

// profiles tells of each chosen permission set whether the token meets it. What it means for cordon was told by role already.
func (t *checklist) profiles(ctx context.Context, ready bool) {
	for _, of := range chosen(t.c.in.Profiles) {
		t.step(ready, "profile: "+of.name, func() (string, error) {
			if needsGraph([]string{of.name}) {
				t.c.graph.forget()
				if _, err := t.c.graph.get(ctx); err != nil {
					return "", err
				}
			}
			defender, graph := t.c.Granted()
			for _, p := range Permissions(t.c.in, defender, graph).Profiles {
				if p.Name == of.name && !p.Satisfied {
					return "", &soc.Error{
						Kind: soc.KindDenied, Code: "profile-missing", What: of.name + " profile: " + strings.Join(lacking(p), ", "),
						Next: "grant it on the app registration, with admin consent; then test again",
					}
				}
			}
			return of.name + " profile: satisfied", nil
		})
	}
}

// lacking names what a profile misses, with its state.
func lacking(p soc.Profile) []string {
	var out []string
	for _, q := range p.Permissions {
		if q.State != soc.PermissionGranted && q.Role != "User.Read" {
			out = append(out, q.Role+" ("+q.API+") "+string(q.State))
		}
	}
	return out
}
