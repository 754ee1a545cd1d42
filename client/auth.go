package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"cordon/store/soc"
)

// Token is an access token. It does not print.
type Token struct {
	Value string
	Life  time.Duration // from now on
}

// String hides the value, so that no log line can carry it.
func (Token) String() string { return "token" }

// GoString hides the value from %#v.
func (Token) GoString() string { return "token" }

// Credential asks for a fresh access token. It keeps no cache: tokens are cached above it, so that a rejected one can really be dropped.
// Its errors are *soc.Error: KindUnauthorized when the sign-in was refused, KindUnavailable when it could not be asked.
type Credential interface {
	Token(ctx context.Context, scope string) (Token, error)
}

// claims are the parts of an access token that we read. They are not verified: the resource does that. They steer messages and the
// check that a token belongs to the tenant it is used for (F43).
type claims struct {
	Audience string   `json:"aud"`
	Tenant   string   `json:"tid"`
	App      string   `json:"appid"`
	Roles    []string `json:"roles"`
	Scopes   string   `json:"scp"` // of a delegated token, separated by blanks
	Known    bool     `json:"-"`   // the token could be decoded
}

func readClaims(token string) claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}
	}
	var c claims
	if json.Unmarshal(body, &c) != nil {
		return claims{}
	}
	c.Known, c.Audience, c.Tenant, c.App, c.Scopes = true, soc.Clean(c.Audience), soc.Clean(c.Tenant), soc.Clean(c.App), soc.Clean(c.Scopes)
	for i, r := range c.Roles {
		c.Roles[i] = soc.Clean(r)
	}
	return c
}

// liveToken is a token in the cache.
type liveToken struct {
	value   string
	claims  claims
	issued  time.Time // when it came
	refresh time.Time // from here on a new one is asked for
	expires time.Time
}

// tokens caches the token of one (cloud, tenant, client, scope). Any number of callers cause one sign-in.
type tokens struct {
	cred   Credential
	tenant string
	now    func() time.Time

	mu     sync.Mutex
	scopes []string // the one in use first; a second is tried when the service does not know the first
	cur    *liveToken
	seen   claims  // of the last token, also after it was dropped
	flight *flight // the sign-in under way

	dropped   time.Time // when a token was last dropped because it was rejected (401)
	regranted time.Time // when one was last replaced because it lacks a role (403)
}

// flight is one sign-in that others may wait for.
type flight struct {
	done chan struct{} // closed at its end
	err  error         // set before that; nil also when the asker gave up, so that the next one tries
}

func newTokens(in soc.Integration, cred Credential, now func() time.Time, scopes []string) *tokens {
	return &tokens{cred: cred, tenant: in.TenantID, now: now, scopes: scopes}
}

// scopesOf returns the scope to ask for, and the other name of the same resource when the scope was not set by hand.
func scopesOf(in soc.Integration) []string {
	if in.Scope != "" {
		return []string{in.Scope}
	}
	cloud, ok := CloudOf(in.Cloud)
	if !ok {
		cloud, _ = CloudOf("commercial")
	}
	switch cloud.Name {
	case "commercial":
		return []string{cloud.Scope, "https://securitycenter.onmicrosoft.com/windowsatpservice/.default"}
	case "gcc-high", "dod":
		return []string{cloud.Scope, "https://securitycenter.onmicrosoft.us/windowsatpservice/.default"}
	}
	return []string{cloud.Scope}
}

// refreshPause is how long a token that is still good is used on after its refresh failed: a login host that does not answer must not hold up
// every order until the token ends.
const refreshPause = time.Minute

// get returns a token that is good now. A token past its refresh time still serves while it is refreshed, and when that fails.
func (t *tokens) get(ctx context.Context) (*liveToken, error) {
	for {
		t.mu.Lock()
		now, wait := t.now(), t.flight
		if cur := t.cur; cur != nil && (now.Before(cur.refresh) || wait != nil && now.Before(cur.expires)) {
			t.mu.Unlock()
			return cur, nil
		}
		if wait == nil {
			return t.fly(ctx)
		}
		t.mu.Unlock()
		if err := wait.end(ctx); err != nil {
			return nil, err
		}
	}
}

// end waits for the end of a sign-in of somebody else. Its failure is ours too: asking again at once would fail again, once for each who waits.
func (f *flight) end(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return notSent("signing in was interrupted", ctx.Err())
	}
}

// fly signs in, for all who wait. It is called with mu held, and with no sign-in under way; it returns without mu.
func (t *tokens) fly(ctx context.Context) (*liveToken, error) {
	mine := &flight{done: make(chan struct{})}
	t.flight = mine
	old, scopes := t.cur, t.scopes
	t.mu.Unlock()

	fresh, err := t.ask(ctx, scopes)

	t.mu.Lock()
	defer t.mu.Unlock()
	t.flight = nil
	now := t.now()
	switch {
	case err == nil:
		t.cur, t.seen = fresh, fresh.claims
	case old != nil && now.Before(old.expires):
		later := *old
		if !now.Before(later.refresh) {
			later.refresh = now.Add(refreshPause)
		}
		if t.cur == old {
			t.cur = &later
		}
		fresh, err = &later, nil
	case ctx.Err() == nil:
		mine.err = err
	}
	close(mine.done)
	return fresh, err
}

// ask signs in, with the second scope when the directory does not know the first.
func (t *tokens) ask(ctx context.Context, scopes []string) (*liveToken, error) {
	tok, err := t.cred.Token(ctx, scopes[0])
	if err != nil && len(scopes) > 1 && unknownResource(err) {
		if second, err2 := t.cred.Token(ctx, scopes[1]); err2 == nil {
			tok, err = second, nil
			t.mu.Lock()
			t.scopes = scopes[1:]
			t.mu.Unlock()
		}
	}
	if err != nil {
		return nil, err
	}
	now := t.now()
	live := &liveToken{value: tok.Value, claims: readClaims(tok.Value), issued: now, expires: now.Add(tok.Life)}
	live.refresh = live.expires.Add(-max(tok.Life/5, min(5*time.Minute, tok.Life/2)))
	if isGUID(t.tenant) && live.claims.Known && !strings.EqualFold(live.claims.Tenant, t.tenant) {
		return nil, &soc.Error{
			Kind: soc.KindUnauthorized, Code: "wrong-tenant",
			What:  "the token is for tenant " + orDefault(live.claims.Tenant, "(none)") + ", not for " + soc.Clean(t.tenant),
			Means: "it is not used: nothing was read or sent",
			Next:  "check the tenant id and the login address of this integration",
		}
	}
	return live, nil
}

// peek returns the claims of the cached token, if any.
func (t *tokens) peek() claims {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cur == nil {
		return claims{}
	}
	return t.cur.claims
}

// scope returns the scope in use.
func (t *tokens) scope() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.scopes[0]
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return false
			}
		}
	}
	return true
}

// forget drops whatever is cached, so that the next call signs in.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cur = nil
}
