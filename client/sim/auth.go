package sim

import (
	"crypto"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// signIn is what the directory knows about the application.
type signIn struct {
	secrets  []secret // the newest first; any of them is accepted
	expired  bool     // all secrets are, whatever their times say
	granted  Permissions
	withheld bool // requested, but the administrator has not consented yet
	deny     int  // AADSTS code that every token request gets; 0 means none
	certs    []*x509.Certificate
	trusts   []federation
}

// secret is one client secret with its end; the zero time means never.
type secret struct {
	value string
	until time.Time
}

// federation is another identity provider whose tokens are accepted.
type federation struct {
	issuer, subject string
	key             crypto.PublicKey
}

// domain is the verified domain of every simulated tenant; it may stand in for
// the tenant id.
const domain = "corp.example"

func (t *Tenant) serveLogin(c *call) {
	path := strings.ToLower(strings.Join(c.path, "/"))
	if path == "common/discovery/instance" {
		t.instanceDiscovery(c)
		return
	}
	tenant, rest, _ := strings.Cut(path, "/")
	switch rest {
	case "v2.0/.well-known/openid-configuration", ".well-known/openid-configuration":
		t.openIDConfiguration(c, tenant)
	case "discovery/v2.0/keys", "discovery/keys":
		t.keySet(c)
	case "oauth2/v2.0/token":
		t.token(c, tenant, false)
	case "oauth2/token":
		t.token(c, tenant, true)
	default:
		c.send(http.StatusNotFound, "text/html; charset=utf-8", []byte("<html><body>404</body></html>"))
	}
}

func (t *Tenant) known(tenant string) bool {
	return strings.EqualFold(tenant, t.opt.TenantID) || strings.EqualFold(tenant, domain)
}

func (t *Tenant) instanceDiscovery(c *call) {
	host := c.r.Host
	var e enc
	e.open('{')
	e.str("tenant_discovery_endpoint", c.base()+"/"+t.opt.TenantID+"/v2.0/.well-known/openid-configuration")
	e.str("api-version", "1.1")
	e.key("metadata")
	e.open('[')
	e.open('{')
	e.str("preferred_network", host)
	e.str("preferred_cache", host)
	e.strings("aliases", []string{host})
	e.close('}')
	e.close(']')
	e.close('}')
	c.send(http.StatusOK, "application/json; charset=utf-8", e.b)
}

// openIDConfiguration names the host that the client used as issuer: sign-in
// libraries compare the two.
func (t *Tenant) openIDConfiguration(c *call, tenant string) {
	if !t.known(tenant) {
		t.denySignIn(c, 90002, tenant)
		return
	}
	root := c.base() + "/" + t.opt.TenantID
	var e enc
	e.open('{')
	e.str("token_endpoint", root+"/oauth2/v2.0/token")
	e.strings("token_endpoint_auth_methods_supported", []string{"client_secret_post", "private_key_jwt", "client_secret_basic"})
	e.str("jwks_uri", root+"/discovery/v2.0/keys")
	e.strings("response_modes_supported", []string{"query", "fragment", "form_post"})
	e.strings("subject_types_supported", []string{"pairwise"})
	e.strings("id_token_signing_alg_values_supported", []string{"RS256"})
	e.str("issuer", root+"/v2.0")
	e.str("authorization_endpoint", root+"/oauth2/v2.0/authorize")
	e.str("device_authorization_endpoint", root+"/oauth2/v2.0/devicecode")
	e.str("tenant_region_scope", "EU")
	e.str("cloud_instance_name", "microsoftonline.com")
	e.close('}')
	c.send(http.StatusOK, "application/json; charset=utf-8", e.b)
}

// token serves both generations of the token endpoint. The checks come in the
// order of the directory: tenant, application, credential, scope.
func (t *Tenant) token(c *call, tenant string, v1 bool) {
	form, err := url.ParseQuery(string(c.body))
	switch {
	case c.r.Method != http.MethodPost || err != nil || form.Get("grant_type") == "":
		t.denySignIn(c, 900144, "grant_type")
		return
	case form.Get("grant_type") != "client_credentials":
		t.denySignIn(c, 70003, form.Get("grant_type"))
		return
	case form.Get("client_id") == "":
		t.denySignIn(c, 900144, "client_id")
		return
	case !v1 && form.Has("resource"):
		t.denySignIn(c, 901002, "")
		return
	case uuid.Validate(tenant) != nil && !strings.Contains(tenant, "."):
		t.denySignIn(c, 900023, tenant)
		return
	case !t.known(tenant):
		t.denySignIn(c, 90002, tenant)
		return
	case !strings.EqualFold(form.Get("client_id"), t.opt.AppID):
		t.denySignIn(c, 700016, form.Get("client_id"))
		return
	}
	if code := t.checkCredential(c, form); code != 0 {
		t.denySignIn(c, code, t.opt.AppID)
		return
	}
	audience, code := resource(form, v1)
	if code == 0 && t.refuses(audience) {
		code = 500011
	}
	if code != 0 {
		t.denySignIn(c, code, orElse(form.Get("scope"), form.Get("resource")))
		return
	}
	if token, ok := t.issue(c, audience, t.opt.AppID); ok {
		c.sendToken(token, v1)
	}
}

// checkCredential returns the AADSTS code of a refusal, 0 when the caller
// proved to be the application.
func (t *Tenant) checkCredential(c *call, form url.Values) int {
	t.mu.Lock()
	sign, now := t.sign, t.at
	t.mu.Unlock()
	switch {
	case sign.deny != 0:
		return sign.deny
	case form.Get("client_assertion") != "":
		return sign.checkAssertion(form, t.opt.AppID, c.base(), now)
	case form.Get("client_secret") == "":
		return 7000218
	}
	for _, s := range sign.secrets {
		switch {
		case s.value != form.Get("client_secret"):
		case sign.expired || !s.until.IsZero() && !s.until.After(now):
			return 7000222
		default:
			return 0
		}
	}
	return 7000215
}

// refuses tells whether this tenant does not know a resource.
func (t *Tenant) refuses(audience string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return contains(t.behave.RefuseAudience, audience)
}

// resource reads the audience that is asked for, or the code of the refusal.
func resource(form url.Values, v1 bool) (audience string, code int) {
	if v1 {
		audience = form.Get("resource")
	} else {
		var ok bool
		if audience, ok = scopeResource(form.Get("scope")); !ok {
			return "", 70011
		}
	}
	known, ok := knownAudience(audience)
	if !ok {
		return "", 500011
	}
	return known, 0
}

// knownAudience returns a resource that exists in the directory as tokens name
// it.
func knownAudience(resource string) (string, bool) {
	for _, known := range slices.Concat(defenderAudiences(), graphAudiences(), otherAudiences()) {
		if strings.EqualFold(known, strings.TrimSuffix(resource, "/")) {
			return known, true
		}
	}
	return "", false
}

// scopeResource takes the one resource out of a scope list; sign-in libraries
// add the OpenID scopes, which mean nothing in this flow.
func scopeResource(scope string) (string, bool) {
	found := ""
	for _, s := range strings.Fields(scope) {
		switch s {
		case "openid", "profile", "offline_access":
			continue
		}
		base, ok := strings.CutSuffix(s, "/.default")
		if !ok || found != "" {
			return "", false
		}
		found = base
	}
	return found, found != ""
}

// defenderAudiences are the resources whose tokens the API takes.
func defenderAudiences() []string {
	return []string{
		"https://api.securitycenter.microsoft.com",
		"https://api.securitycenter.windows.com",
		"https://securitycenter.onmicrosoft.com/windowsatpservice",
		"https://api-gcc.securitycenter.microsoft.us",
		"https://api-gov.securitycenter.microsoft.us",
		"https://securitycenter.onmicrosoft.us/windowsatpservice",
	}
}

// graphAudiences are Microsoft Graph in the clouds.
func graphAudiences() []string {
	return []string{
		"https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn",
	}
}

// otherAudiences exist in every directory, but their tokens are of no use here.
func otherAudiences() []string { return []string{"https://api.security.microsoft.com"} }
