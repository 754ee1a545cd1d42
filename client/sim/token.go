package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// NewKey makes a signing key. Tests that build many tenants make one and pass
// it in Options.Key, because making a key is the slowest step of New.
func NewKey() (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making signing key: %w", err)
	}
	return key, nil
}

// keyring makes the signing key when the first token is asked for.
type keyring struct {
	once sync.Once
	key  *rsa.PrivateKey
	id   string
	err  error
}

func (k *keyring) get() (*rsa.PrivateKey, string, error) {
	k.once.Do(func() {
		if k.key == nil {
			k.key, k.err = NewKey()
		}
		if k.err == nil {
			sum := sha256.Sum256(k.key.N.Bytes())
			k.id = base64.RawURLEncoding.EncodeToString(sum[:20])
		}
	})
	return k.key, k.id, k.err
}

// accessToken is an issued token with what the answer says about it.
type accessToken struct {
	text, audience, app string
	life                int64 // seconds
	now                 time.Time
}

// issue makes an access token for an application of the tenant, or sends why
// not. Roles are those granted now for that resource: one that is granted later
// shows up in later tokens only, and one of another resource never.
func (t *Tenant) issue(c *call, audience, app string) (accessToken, bool) {
	key, kid, err := t.keys.get()
	if err != nil {
		t.denySignIn(c, 90033, "")
		return accessToken{}, false
	}
	t.mu.Lock()
	now, roles, scopes := t.at, t.sign.rolesFor(audience), t.sign.scopesFor(audience)
	t.mu.Unlock()
	claims := jwt.MapClaims{
		"aud": audience, "iss": "https://sts.windows.net/" + t.opt.TenantID + "/",
		"tid": t.opt.TenantID, "appid": app, "appidacr": "1", "idtyp": "app",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(t.opt.TokenLife).Unix(), "ver": "1.0",
	}
	switch {
	case len(scopes) > 0:
		claims["idtyp"], claims["scp"], claims["upn"] = "user", strings.Join(scopes, " "), analysts()[0]
	case len(roles) > 0:
		claims["roles"] = roles
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = kid
	token.Header["x5t"] = kid
	text, err := token.SignedString(key)
	if err != nil {
		t.denySignIn(c, 90033, "")
		return accessToken{}, false
	}
	return accessToken{text, audience, app, int64(t.opt.TokenLife / time.Second), now}, true
}

// sendToken writes numbers in the newer and strings in the older generation.
func (c *call) sendToken(a accessToken, v1 bool) {
	var e enc
	e.open('{')
	e.str("token_type", "Bearer")
	if v1 {
		e.lives(a, true)
		e.str("resource", a.audience)
	} else {
		e.num("expires_in", a.life)
		e.num("ext_expires_in", a.life)
	}
	e.str("access_token", a.text)
	e.close('}')
	c.w.Header().Set("Cache-Control", "no-store, no-cache")
	c.send(http.StatusOK, "application/json; charset=utf-8", e.b)
}

// lives writes the times of a token as texts.
func (e *enc) lives(a accessToken, all bool) {
	if all {
		e.str("expires_in", strconv.FormatInt(a.life, 10))
		e.str("ext_expires_in", strconv.FormatInt(a.life, 10))
		e.str("not_before", strconv.FormatInt(a.now.Unix(), 10))
	}
	e.str("expires_on", strconv.FormatInt(a.now.Unix()+a.life, 10))
}

func (t *Tenant) keySet(c *call) {
	key, kid, err := t.keys.get()
	if err != nil {
		t.denySignIn(c, 90033, "")
		return
	}
	var e enc
	e.open('{')
	e.key("keys")
	e.open('[')
	e.open('{')
	e.str("kty", "RSA")
	e.str("use", "sig")
	e.str("alg", "RS256")
	e.str("kid", kid)
	e.str("n", base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	e.str("e", base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()))
	e.close('}')
	e.close(']')
	e.close('}')
	c.send(http.StatusOK, "application/json; charset=utf-8", e.b)
}

// grant is what a valid token says.
type grant struct {
	app   string
	roles []string
}

var (
	errNoToken  = errors.New("no bearer token")
	errAudience = errors.New("token audience is another resource")
	errTenant   = errors.New("token belongs to another tenant")
)

// authorize checks signature, life, audience and tenant of the bearer token.
func (t *Tenant) authorize(c *call) (grant, *tokenFailure) {
	t.mu.Lock()
	now, wrongAudience := t.at, t.behave.WrongAudience
	t.mu.Unlock()
	text, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return grant{}, &tokenFailure{http.StatusUnauthorized, errNoToken}
	}
	key, _, err := t.keys.get()
	if err != nil {
		return grant{}, &tokenFailure{http.StatusUnauthorized, err}
	}
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithLeeway(time.Second))
	if err != nil {
		return grant{}, &tokenFailure{http.StatusUnauthorized, err}
	}
	if audience, _ := claims["aud"].(string); !contains(defenderAudiences(), audience) {
		status := http.StatusUnauthorized
		if wrongAudience != 0 {
			status = wrongAudience
		}
		return grant{}, &tokenFailure{status, errAudience}
	}
	if tid, _ := claims["tid"].(string); tid != t.opt.TenantID {
		return grant{}, &tokenFailure{http.StatusUnauthorized, errTenant}
	}
	g := grant{}
	g.app, _ = claims["appid"].(string)
	if scopes, ok := claims["scp"].(string); ok {
		g.roles = scopeRoles(scopes)
		return g, nil
	}
	roles, _ := claims["roles"].([]any)
	for _, r := range roles {
		if s, ok := r.(string); ok {
			g.roles = append(g.roles, s)
		}
	}
	return g, nil
}

// tokenFailure is why a token was refused, and with which status.
type tokenFailure struct {
	status int
	cause  error
}

func (c *call) refuseToken(f *tokenFailure) {
	if f.status == http.StatusForbidden {
		c.fail(f.status, "Forbidden", "The token audience does not match this resource.")
		return
	}
	c.w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	c.fail(f.status, "Unauthorized", "Token is not valid: "+f.cause.Error()+".")
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
