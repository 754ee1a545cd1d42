package connect

import (
	"context"
	"fmt"

	"cordon/client"
	"cordon/store/soc"
)

// grants is a connection that knows what its tokens say.
type grants interface {
	Granted() (defender, graph client.Grant)
	SignIn(ctx context.Context) error
	Renew(ctx context.Context) error
}

// Permissions is what the tokens of a tenant allow, against the permission sets that cordon knows (Z-06–Z-09). It answers from memory: before
// the first token everything is unknown. See PermissionsNow.
func (s *Service) Permissions(ctx context.Context, id soc.IntegrationID) (soc.PermissionReport, error) {
	in, err := s.o.Store.Integration(ctx, id)
	if err != nil {
		return soc.PermissionReport{}, fmt.Errorf("reading the integration: %w", err)
	}
	l, err := s.line(id)
	if err != nil {
		r := client.Permissions(in, client.Grant{API: client.APIDefender}, client.Grant{API: client.APIGraph})
		r.Problem = err.Error()
		return r, nil
	}
	defender, graph := l.granted()
	r := client.Permissions(in, defender, graph)
	if name := l.link.Poller.Status().TenantName; name != "" {
		r.Tenant = name
	}
	return r, nil
}

// PermissionsNow signs in anew before it judges, so that what was consented a moment ago shows (Z-09). It needs settings.view. A sign-in that
// fails is no error: the report says so.
func (s *Service) PermissionsNow(ctx context.Context, by soc.Session, id soc.IntegrationID) (soc.PermissionReport, error) {
	if !by.Can(soc.RightSettingsView) {
		return soc.PermissionReport{}, &soc.Error{
			Kind: soc.KindDenied, Code: "no-right", What: "reading permissions is refused: right " + string(soc.RightSettingsView) + " missing",
			Next: "ask somebody who holds " + string(soc.RightSettingsView),
		}
	}
	var failed error
	if l, err := s.line(id); err == nil {
		if g, ok := l.link.API.(grants); ok {
			failed = g.Renew(ctx)
		}
	}
	r, err := s.Permissions(ctx, id)
	if err == nil && failed != nil {
		r.Problem = failed.Error()
	}
	return r, err
}

// granted is what the tokens of the line say. A connection that can not tell is asked for its roles.
func (l *line) granted() (defender, graph client.Grant) {
	if g, ok := l.link.API.(grants); ok {
		return g.Granted()
	}
	roles := l.link.Poller.Status().Roles
	defender = client.Grant{API: client.APIDefender, Known: len(roles) > 0, Fits: true, Roles: roles, Tenant: l.in.TenantID}
	return defender, client.Grant{API: client.APIGraph}
}

// Lacks names the permission that something cordon does needs (client.CanLock, client.CanIndicators, …) and the app does not have; "" when
// nothing is missing, or nothing is known yet.
func (s *Service) Lacks(id soc.IntegrationID, capability string) string {
	l, err := s.line(id)
	if err != nil {
		return ""
	}
	g, _ := l.granted()
	switch {
	case !g.Known:
		return ""
	case !g.Fits:
		return fmt.Sprintf("a token for %s (this one is for %s)", client.APIDefender, g.Audience)
	case g.Delegated():
		return "Application permissions (the token is a delegated one)"
	}
	return client.Lacks(g.Roles, capability)
}

// Missing names the Defender permission that the act needs and the app does not have; "" when nothing is missing or nothing is known yet.
// It is what lockdown.Options.Missing asks for.
func (s *Service) Missing(id soc.IntegrationID, _ soc.Act) string { return s.Lacks(id, client.CanLock) }
