package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
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

// issue sends an access token. Roles are those granted now: a role that is
// granted later shows up in later tokens only.
func (t *Tenant) issue(c *call, audience string, v1 bool) {
	key, kid, err := t.keys.get()
	if err != nil {
		t.denySignIn(c, 90033, "")
		return
	}
	t.mu.Lock()
	now, roles := t.at, append([]string(nil), t.sign.roles...)
	t.mu.Unlock()
	claims := jwt.MapClaims{
		"aud": audience, "iss": "https://sts.windows.net/" + t.opt.TenantID + "/",
		"tid": t.opt.TenantID, "appid": t.opt.AppID, "appidacr": "1", "idtyp": "app",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(t.opt.TokenLife).Unix(), "ver": "1.0",
	}
	if len(roles) > 0 {
		claims["roles"] = roles
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = kid
	token.Header["x5t"] = kid
	text, err := token.SignedString(key)
	if err != nil {
		t.denySignIn(c, 90033, "")
		return
	}
	c.sendToken(text, int64(t.opt.TokenLife/time.Second), audience, now, v1)
}

// sendToken writes numbers in the newer and strings in the older generation.
func (c *call) sendToken(token string, life int64, audience string, now time.Time, v1 bool) {
	var e enc
	e.open('{')
	e.str("token_type", "Bearer")
	if v1 {
		e.str("expires_in", strconv.FormatInt(life, 10))
		e.str("ext_expires_in", strconv.FormatInt(life, 10))
		e.str("expires_on", strconv.FormatInt(now.Unix()+life, 10))
		e.str("not_before", strconv.FormatInt(now.Unix(), 10))
		e.str("resource", audience)
	} else {
		e.num("expires_in", life)
		e.num("ext_expires_in", life)
	}
	e.str("access_token", token)
	e.close('}')
	c.w.Header().Set("Cache-Control", "no-store, no-cache")
	c.send(http.StatusOK, "application/json; charset=utf-8", e.b)
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

// checkAssertion verifies a client assertion: one signed with a registered
// certificate, or one of a trusted identity provider. 0 means accepted.
func (s *signIn) checkAssertion(form url.Values, app, base string, now time.Time) int {
	claims := jwt.MapClaims{}
	var unknown int
	_, err := jwt.ParseWithClaims(form.Get("client_assertion"), claims, func(tok *jwt.Token) (any, error) {
		key, code := s.assertionKey(tok, claims, app)
		unknown = code
		if code != 0 {
			return nil, errors.New("no matching key")
		}
		return key, nil
	}, jwt.WithValidMethods([]string{"PS256", "RS256", "ES256"}), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithLeeway(5*time.Minute))
	switch {
	case unknown != 0:
		return unknown
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return 700024
	case err != nil:
		return 700027
	}
	if iss, _ := claims["iss"].(string); iss != app {
		return 0 // a federated token has its own audience
	}
	if aud, _ := claims["aud"].(string); !strings.HasPrefix(aud, base+"/") {
		return 50027
	}
	return 0
}

// assertionKey finds the key that has to verify an assertion.
func (s *signIn) assertionKey(tok *jwt.Token, claims jwt.MapClaims, app string) (any, int) {
	iss, _ := claims["iss"].(string)
	sub, _ := claims["sub"].(string)
	if iss != app {
		for _, f := range s.trusts {
			if f.issuer == iss && f.subject == sub {
				return f.key, 0
			}
		}
		return nil, 700213
	}
	for _, cert := range s.certs {
		if sub == app && namesCert(tok, cert) {
			return cert.PublicKey, 0
		}
	}
	return nil, 700027
}

// namesCert compares the thumbprint in the header with the certificate, in the
// newer SHA-256 form; older headers carry only SHA-1 and are tried by signature.
func namesCert(tok *jwt.Token, cert *x509.Certificate) bool {
	thumb, ok := tok.Header["x5t#S256"].(string)
	if !ok {
		_, old := tok.Header["x5t"].(string)
		return old
	}
	sum := sha256.Sum256(cert.Raw)
	return thumb == base64.RawURLEncoding.EncodeToString(sum[:]) || thumb == base64.URLEncoding.EncodeToString(sum[:])
}
