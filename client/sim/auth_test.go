package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestToken_RefusalsLookLikeTheDirectory(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	with := func(key, value string) url.Values {
		form := r.form()
		form.Set(key, value)
		return form
	}
	expired := func() { r.ExpireSecret(true); t.Cleanup(func() { r.ExpireSecret(false) }) }
	for _, tt := range []struct {
		name   string
		tenant string
		form   url.Values
		before func()
		status int
		code   int
		oauth  string
	}{
		{name: "wrong secret", form: with("client_secret", "nope"), status: 401, code: 7000215, oauth: "invalid_client"},
		{name: "no secret", form: with("client_secret", ""), status: 401, code: 7000218, oauth: "invalid_client"},
		{name: "unknown app", form: with("client_id", "00000000-0000-4000-8000-000000000000"), status: 400, code: 700016, oauth: "unauthorized_client"},
		{name: "unknown tenant", tenant: "11111111-2222-4333-8444-555555555555", form: r.form(), status: 400, code: 90002, oauth: "invalid_request"},
		{name: "scope without default", form: with("scope", "https://api.securitycenter.microsoft.com/Alert.Read"), status: 400, code: 70011, oauth: "invalid_scope"},
		{name: "two resources", form: with("scope", defenderScope+" https://graph.microsoft.com/.default"), status: 400, code: 70011, oauth: "invalid_scope"},
		{name: "unknown resource", form: with("scope", "https://other.example/.default"), status: 400, code: 500011, oauth: "invalid_resource"},
		{name: "other flow", form: with("grant_type", "password"), status: 400, code: 70003, oauth: "unsupported_grant_type"},
		{name: "no flow", form: with("grant_type", ""), status: 400, code: 900144, oauth: "invalid_request"},
		{name: "expired secret", form: r.form(), before: expired, status: 401, code: 7000222, oauth: "invalid_client"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.before != nil {
				tt.before()
			}
			a := r.signIn(orElse(tt.tenant, r.TenantID()), tt.form).want(tt.status)
			body := a.json()
			codes, _ := body["error_codes"].([]any)
			if body["error"] != tt.oauth || len(codes) != 1 || codes[0] != float64(tt.code) {
				t.Errorf("error %v, codes %v; want %s, %d", body["error"], codes, tt.oauth, tt.code)
			}
			if text := a.str("error_description"); !strings.Contains(text, "\r\n") || !strings.HasPrefix(text, "AADSTS") {
				t.Errorf("description %q has no AADSTS number or no line breaks", text)
			}
			if stamp := a.str("timestamp"); stamp != "2026-02-03 04:05:06Z" {
				t.Errorf("timestamp = %q, want a space instead of T", stamp)
			}
		})
	}
}

func TestToken_ForcedCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	r.FailSignIn(53003)
	if got := r.signIn(r.TenantID(), r.form()).want(400).str("error_description"); !strings.Contains(got, "AADSTS53003") {
		t.Errorf("description = %q", got)
	}
	r.FailSignIn(0)
	r.signIn(r.TenantID(), r.form()).want(200)
}

func TestToken_ClaimsAndPublishedKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Roles: []string{"Alert.Read.All"}, TokenLife: time.Hour})
	res, err := r.http.Get(r.url + "/" + r.TenantID() + "/discovery/v2.0/keys")
	if err != nil {
		t.Fatal(err)
	}
	keys := read(t, res).want(200).json()["keys"].([]any)[0].(map[string]any)
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(r.token, claims, func(tok *jwt.Token) (any, error) {
		if tok.Header["kid"] != keys["kid"] {
			t.Errorf("kid = %v, want %v", tok.Header["kid"], keys["kid"])
		}
		return publicKey(t, keys), nil
	}, jwt.WithTimeFunc(r.clock.Now))
	if err != nil {
		t.Fatalf("the published key does not verify the token: %v", err)
	}
	for key, want := range map[string]any{
		"aud": "https://api.securitycenter.microsoft.com", "tid": r.TenantID(), "appid": r.AppID(),
		"iss": "https://sts.windows.net/" + r.TenantID() + "/",
	} {
		if claims[key] != want {
			t.Errorf("%s = %v, want %v", key, claims[key], want)
		}
	}
	if claims["exp"].(float64)-claims["iat"].(float64) != 3600 {
		t.Errorf("life = %v", claims["exp"].(float64)-claims["iat"].(float64))
	}
}

func publicKey(t *testing.T, jwk map[string]any) *rsa.PublicKey {
	t.Helper()
	n, err := base64.RawURLEncoding.DecodeString(jwk["n"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
}

func TestToken_RoleChangesShowInNewTokensOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Roles: []string{}})
	a := r.get("alerts").want(403)
	if a.code() != "Forbidden" || !strings.Contains(a.body, "API required roles: Alert.Read.All,Alert.ReadWrite.All") {
		t.Errorf("body = %s", a.body)
	}
	r.SetRoles("alert.read.ALL") // names compare without letter case
	r.get("alerts").want(403)
	r.login()
	r.get("alerts").want(200)
	r.do("POST", "machines/"+strings.Repeat("0", 40)+"/isolate", `{"Comment":"x","IsolationType":"Full"}`).want(403) // before the lookup
}

func TestToken_SecretRotation(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	old := r.form()
	r.SetSecret("new~+/secret")
	r.signIn(r.TenantID(), old).want(401)
	r.signIn("corp.example", r.form()).want(200) // the domain stands for the tenant
}

func TestToken_IsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{TokenLife: time.Hour})
	other := newRig(t, Options{Seed: 7})
	good := r.token

	r.token = other.token
	r.get("alerts").want(401) // another tenant, same key
	r.token = "garbage"
	r.get("alerts").want(401)
	r.token = good[:len(good)-8] + "AAAAAAAA"
	r.get("alerts").want(401)

	form := r.form()
	form.Set("scope", "https://graph.microsoft.com/.default")
	r.token = r.signIn(r.TenantID(), form).want(200).str("access_token")
	if a := r.get("alerts").want(401); a.code() != "Unauthorized" {
		t.Errorf("code = %s", a.code())
	}
	r.Behave(func(b *Behaviour) { b.WrongAudience = 403 }) // D-02
	r.get("alerts").want(403)

	r.token = good
	r.get("alerts").want(200)
	r.clock.Add(2 * time.Hour)
	r.get("alerts").want(401)
	r.login()
	r.get("alerts").want(200)
}

func TestToken_OlderEndpointSendsNumbersAsText(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	form := r.form()
	form.Del("scope")
	form.Set("resource", "https://api.securitycenter.windows.com")
	res, err := r.http.PostForm(r.url+"/"+r.TenantID()+"/oauth2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	body := read(t, res).want(200).json()
	if _, ok := body["expires_in"].(string); !ok || body["resource"] != "https://api.securitycenter.windows.com" {
		t.Errorf("body = %v", body)
	}
}

func TestDiscovery_NamesTheHostOfTheCaller(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	get := func(path string) answer {
		res, err := r.http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, res)
	}
	conf := get("/" + r.TenantID() + "/v2.0/.well-known/openid-configuration").want(200)
	if got, want := conf.str("issuer"), r.url+"/"+r.TenantID()+"/v2.0"; got != want {
		t.Errorf("issuer = %s, want %s", got, want)
	}
	get("/common/discovery/instance").want(200)
	if got := get("/nobody/v2.0/.well-known/openid-configuration").want(400).str("error_description"); !strings.Contains(got, "AADSTS90002") {
		t.Errorf("description = %s", got)
	}
}

func TestToken_ClientAssertion(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	key, cert := certificate(t)
	assertion := func(change func(*jwt.Token)) url.Values {
		now := r.clock.Now()
		tok := jwt.NewWithClaims(jwt.SigningMethodPS256, jwt.MapClaims{
			"aud": r.url + "/" + r.TenantID() + "/oauth2/v2.0/token", "iss": r.AppID(), "sub": r.AppID(),
			"nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": "1",
		})
		sum := sha256.Sum256(cert.Raw)
		tok.Header["x5t#S256"] = base64.RawURLEncoding.EncodeToString(sum[:])
		change(tok)
		text, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		form := r.form()
		form.Del("client_secret")
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", text)
		return form
	}
	same := func(*jwt.Token) {}
	code := func(form url.Values) string {
		return strings.SplitN(r.signIn(r.TenantID(), form).str("error_description"), ":", 2)[0]
	}
	if got := code(assertion(same)); got != "AADSTS700027" {
		t.Errorf("unregistered certificate: %s", got)
	}
	r.TrustCertificate(cert)
	r.signIn(r.TenantID(), assertion(same)).want(200)
	late := func(tok *jwt.Token) { tok.Claims.(jwt.MapClaims)["exp"] = r.clock.Now().Add(-time.Hour).Unix() }
	if got := code(assertion(late)); got != "AADSTS700024" {
		t.Errorf("expired assertion: %s", got)
	}
	foreign := func(tok *jwt.Token) {
		c := tok.Claims.(jwt.MapClaims)
		c["iss"], c["sub"], c["aud"] = "https://idp.example", "workload", "api://AzureADTokenExchange"
	}
	if got := code(assertion(foreign)); got != "AADSTS700211" {
		t.Errorf("unknown provider: %s", got)
	}
	r.TrustFederation("https://idp.example", "workload", key.Public())
	r.signIn(r.TenantID(), assertion(foreign)).want(200)
}

func certificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(5), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &testKey().PublicKey, ca)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return testKey(), cert
}

func TestAPI_UnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	r.get("nonsense").want(404)
	r.do("DELETE", "alerts", "").want(405)
	r.get("v1.0/alerts").want(200)
	res, err := http.Get(r.url + "/api/alerts")
	if err != nil {
		t.Fatal(err)
	}
	read(t, res).want(401)
}

func TestToken_OlderThumbprintIsComparedToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	key, cert := certificate(t)
	r.TrustCertificate(cert)
	ask := func(thumb []byte) answer {
		now := r.clock.Now()
		tok := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
			"aud": r.url + "/" + r.TenantID() + "/v2.0", "iss": r.AppID(), "sub": r.AppID(), "exp": now.Add(5 * time.Minute).Unix(),
		})
		tok.Header["x5t"] = base64.StdEncoding.EncodeToString(thumb)
		text, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		form := r.form()
		form.Del("client_secret")
		form.Set("client_assertion", text)
		return r.signIn(r.TenantID(), form)
	}
	sum := sha1.Sum(cert.Raw)
	ask(sum[:]).want(200)
	ask(make([]byte, 20)).want(401)
}
