package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"cordon/store/soc"
)

// aCertificate makes a certificate with its key.
func aCertificate(t *testing.T, until time.Time) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "app"}, NotBefore: until.Add(-time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func pemOf(t *testing.T, cert *x509.Certificate, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

func TestF83_CertificatesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(48 * time.Hour).Truncate(time.Second).UTC()
	cert, key := aCertificate(t, until)
	other, _ := aCertificate(t, until)
	text := pemOf(t, cert, key)
	pfx, err := pkcs12.Modern.Encode(key, cert, []*x509.Certificate{other}, "c4n4ry word")
	if err != nil {
		t.Fatal(err)
	}
	old, err := pkcs12.Legacy.Encode(key, cert, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString
	for name, given := range map[string]string{
		"PEM": text, "other one first": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Raw})) + text,
		"PEM in one line": strings.ReplaceAll(text, "\n", " "), "PEM without line ends": strings.ReplaceAll(text, "\n", ""),
		"base64 of PEM": encoded([]byte(text)), "PFX": encoded(pfx) + " c4n4ry word", "old PFX without a password": encoded(old),
		"PKCS1": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})) + text[strings.Index(text, "-----BEGIN CERT"):],
	} {
		got, err := ReadCertificate(given)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !got.Expires().Equal(until) || len(got.Thumbprint()) != 40 {
			t.Errorf("%s: ends %s, thumbprint %s", name, got.Expires(), got.Thumbprint())
		}
		again, err := got.PEM()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ReadCertificate(again); err != nil || !back.Chain[0].Equal(cert) {
			t.Errorf("%s: what is sealed does not read back: %v", name, err)
		}
		if s := fmt.Sprintf("%v %+v %#v %s", got, got, got, got); strings.Contains(s, "PRIVATE") || strings.Contains(s, got.key.D.String()[:20]) {
			t.Errorf("%s prints its key: %s", name, s)
		}
	}
}

func TestZ05_SC44_BadCertificatesAreNamedAndNeverShown(t *testing.T) {
	t.Parallel()
	cert, key := aCertificate(t, time.Now().Add(time.Hour))
	_, foreign := aCertificate(t, time.Now().Add(time.Hour))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := pemOf(t, cert, key)
	pfx, err := pkcs12.Modern.Encode(key, cert, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ given, says string }{
		"nothing":     {"", "neither PEM nor base64"},
		"a secret":    {"c4n4ry~Value", "neither PEM nor base64"},
		"no key":      {text[strings.Index(text, "-----BEGIN CERT"):], "no private key"},
		"no cert":     {text[:strings.Index(text, "-----BEGIN CERT")], "is missing"},
		"foreign key": {pemOf(t, cert, foreign), "does not belong"},
		"EC":          {pemOf(t, cert, ec), "not RSA"},
		"encrypted":   {strings.ReplaceAll(text, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "encrypted private key"},
		"cut":         {text[:200] + text[400:], "can not be read"},
		"password":    {base64.StdEncoding.EncodeToString(pfx) + " c4n4ry", "does not open with this password"},
		"no pfx":      {base64.StdEncoding.EncodeToString([]byte("c4n4ry")), "no PFX"},
	} {
		_, err := ReadCertificate(c.given)
		if soc.KindOf(err) != soc.KindInvalid || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if err != nil && (strings.Contains(err.Error(), "c4n4ry") || strings.Contains(err.Error(), "MII")) {
			t.Errorf("%s: the error shows what was given: %v", name, err)
		}
	}
}

// door is a login service that takes note of the forms that it gets.
func door(t *testing.T, status int) (*httptest.Server, func() []url.Values) {
	t.Helper()
	forms := make(chan url.Values, 20)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			base := "https://" + r.Host + "/" + tenantID
			fmt.Fprintf(w, `{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%s/a","issuer":"%s/v2.0"}`, base, base, base)
			return
		}
		_ = r.ParseForm()
		forms <- r.Form
		w.WriteHeader(status)
		if status != http.StatusOK {
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS700027: The certificate is not registered.","error_codes":[700027],"correlation_id":"c-1"}`)
			return
		}
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, goodJWT(tenantID, "Machine.Read.All"))
	}))
	t.Cleanup(srv.Close)
	return srv, func() []url.Values {
		var out []url.Values
		for {
			select {
			case f := <-forms:
				out = append(out, f)
			default:
				return out
			}
		}
	}
}

func signedIn(t *testing.T, srv *httptest.Server, in soc.Integration, secret string) (*Client, error) {
	t.Helper()
	in.ID, in.TenantID, in.Cloud, in.Custom = "int-1", tenantID, "custom", true
	in.API, in.Login, in.CAPEM = srv.URL, srv.URL, caPEM(srv)
	c, err := New(Config{Integration: in, Secret: func(context.Context) (string, error) { return secret, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return c, c.SignIn(t.Context())
}

func TestF83_SignInByCertificate(t *testing.T) {
	t.Parallel()
	cert, key := aCertificate(t, time.Now().Add(time.Hour))
	srv, forms := door(t, http.StatusOK)
	c, err := signedIn(t, srv, soc.Integration{ClientID: clientID, Auth: AuthCertificate}, pemOf(t, cert, key))
	if err != nil {
		t.Fatal(err)
	}
	if g, _ := c.Granted(); !g.has("Machine.Read.All") {
		t.Errorf("grant = %+v", g)
	}
	got := forms()
	if len(got) != 1 || got[0].Get("client_secret") != "" || got[0].Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		t.Fatalf("forms = %v", got)
	}
	parts := strings.Split(got[0].Get("client_assertion"), ".")
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var said struct{ Iss, Sub, Aud string }
	if err := json.Unmarshal(body, &said); err != nil || said.Iss != clientID || said.Sub != clientID || !strings.Contains(said.Aud, "/oauth2/v2.0/token") {
		t.Errorf("assertion %s", body)
	}
	refusing, _ := door(t, http.StatusUnauthorized)
	text := pemOf(t, cert, key)
	_, err = signedIn(t, refusing, soc.Integration{ClientID: clientID, Auth: AuthCertificate}, text)
	if soc.KindOf(err) != soc.KindUnauthorized || !strings.Contains(err.Error(), "AADSTS700027") || !strings.Contains(err.Error(), "register it on the app") ||
		strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("a foreign certificate: %v", err)
	}
}

func TestF83_SignInByWorkloadIdentity(t *testing.T) {
	t.Parallel()
	srv, forms := door(t, http.StatusOK)
	file := filepath.Join(t.TempDir(), "token")
	in := soc.Integration{ClientID: clientID, Auth: AuthWorkload, TokenFile: file}
	if _, err := signedIn(t, srv, in, ""); soc.KindOf(err) != soc.KindUnauthorized || !strings.Contains(err.Error(), "does not exist") || !strings.Contains(err.Error(), file) {
		t.Errorf("without the file: %v", err)
	}
	if err := os.WriteFile(file, []byte("federated-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := signedIn(t, srv, in, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("federated-2"), 0o600); err != nil { // the platform renewed it
		t.Fatal(err)
	}
	if err := c.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := forms()
	if len(got) != 2 || got[0].Get("client_assertion") != "federated-1" || got[1].Get("client_assertion") != "federated-2" || got[0].Get("client_id") != clientID {
		t.Errorf("forms = %v", got)
	}
}

func TestF83_SignInByManagedIdentity(t *testing.T) {
	asked := make(chan *http.Request, 10)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("X-IDENTITY-HEADER") != "here" || r.URL.Query().Get("client_id") == "unknown" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_request","error_description":"Identity not found"}`)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_on":"%d","resource":"%s","token_type":"Bearer"}`, goodJWT(tenantID, "Machine.Read.All"), time.Now().Add(time.Hour).Unix(), defender)
	}))
	t.Cleanup(platform.Close)
	t.Setenv("IDENTITY_ENDPOINT", platform.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", "here")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // the platform is never asked through a proxy
	api := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(api.Close)
	c, err := signedIn(t, api, soc.Integration{ClientID: clientID, Auth: AuthManaged, Scope: defender + "/.default"}, "")
	if err != nil {
		t.Fatal(err)
	}
	r := <-asked
	if q := r.URL.Query(); q.Get("resource") != defender || q.Get("client_id") != clientID {
		t.Errorf("asked %s", r.URL)
	}
	if err := c.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-asked: // the identity library keeps the tokens of a managed identity for the whole process
	default:
		t.Error("for a new token the platform was not asked")
	}
	if g, _ := c.Granted(); !g.has("Machine.Read.All") {
		t.Errorf("grant = %+v", g)
	}
	hosts, err := Endpoints(c.in)
	if err != nil || hosts[0] != strings.TrimPrefix(platform.URL, "http://") {
		t.Errorf("V10: contacts %v, %v", hosts, err)
	}
	c, err = signedIn(t, api, soc.Integration{ClientID: "unknown", Auth: AuthManaged, Scope: defender + "/.default"}, "")
	if soc.KindOf(err) != soc.KindUnauthorized || !strings.Contains(err.Error(), "Identity not found") {
		t.Errorf("an identity that the machine does not have: %v", err)
	}
	if g, _ := c.Granted(); g.Known {
		t.Error("a token came from nowhere")
	}
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html>")
	}))
	t.Cleanup(portal.Close)
	t.Setenv("IDENTITY_ENDPOINT", portal.URL+"/msi/token")
	_, err = signedIn(t, api, soc.Integration{ClientID: "another", Auth: AuthManaged, Scope: defender + "/.default"}, "")
	if err == nil || strings.Contains(err.Error(), "portal") || strings.Contains(err.Error(), "proxy") || !strings.Contains(err.Error(), "managed identity gave no token") ||
		!strings.Contains(err.Error(), "status 404") {
		t.Errorf("a platform that answers something else: %v", err)
	}
	if !NeedsSecret("") || NeedsSecret(AuthManaged) || CredentialWord(AuthWorkload) == "" {
		t.Error("the kinds are mixed up")
	}
}
