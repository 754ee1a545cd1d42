package client

import (
	"context"
	"strings"
)

// The APIs whose permissions are known, as Entra ID lists them (Z-06, T-07).
const (
	APIDefender = "WindowsDefenderATP"
	APIGraph    = "Microsoft Graph"
)

// Grant is what the token of one API says about itself. A token of another API says nothing: its roles are not those of this one (T-07).
type Grant struct {
	API      string
	Known    bool     // a token was seen and could be read
	Fits     bool     // it is for this API
	Audience string   // what it is for
	Scope    string   // what was asked for
	Tenant   string   // the tenant that gave it
	Roles    []string // application permissions
	Scopes   []string // delegated permissions
}

// Delegated reports a token of a person: permissions in scp and no roles (Z-07).
func (g Grant) Delegated() bool { return g.Known && len(g.Roles) == 0 && len(g.Scopes) > 0 }

// has reports whether the token carries an application role of this API.
func (g Grant) has(role string) bool { return g.Fits && hasAny(g.Roles, []string{role}) }

// lends reports whether a person lent the permission: scopes are named like the roles, without .All.
func (g Grant) lends(role string) bool {
	return g.Fits && hasAny(g.Scopes, []string{role, strings.TrimSuffix(role, ".All")})
}

// Granted is what the last tokens said, Defender's and Graph's. It answers from memory; Known is false before the first.
func (c *Client) Granted() (defender, graph Grant) {
	return c.tokens.grant(APIDefender), c.graph.grant(APIGraph)
}

// SignIn makes sure that there is a token for Defender, and for Graph when a chosen profile asks for one of its permissions. The error is
// that of Defender's; Graph's is only looked at.
func (c *Client) SignIn(ctx context.Context) error {
	_, err := c.tokens.get(ctx)
	if err == nil && needsGraph(c.in.Profiles) {
		_, _ = c.graph.get(ctx)
	}
	return err
}

// Renew is SignIn with new tokens: what was consented since the last ones shows in new ones only (Z-09). The old one serves until then.
func (c *Client) Renew(ctx context.Context) error {
	_, err := c.tokens.renew(ctx)
	if err == nil && needsGraph(c.in.Profiles) {
		_, _ = c.graph.renew(ctx)
	}
	return err
}

// grant tells what the last token said, also after it ended or was rejected.
func (t *tokens) grant(api string) Grant {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := Grant{API: api, Known: t.seen.Known, Scope: t.scopes[0]}
	if !g.Known {
		return g
	}
	g.Audience, g.Tenant, g.Fits = t.seen.Audience, t.seen.Tenant, audienceFits(t.seen.Audience, g.Scope)
	g.Roles, g.Scopes = append([]string(nil), t.seen.Roles...), strings.Fields(t.seen.Scopes)
	return g
}
