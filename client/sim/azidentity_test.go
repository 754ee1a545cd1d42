package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// serveTLS starts a tenant with its own authority and returns a client that
// trusts only that.
func serveTLS(t *testing.T) (*Server, *http.Client) {
	t.Helper()
	tenant := New(Options{Key: testKey()})
	srv, err := Serve(t.Context(), "127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(srv.CAPEM) {
		t.Fatal("CAPEM holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return srv, &http.Client{Transport: transport}
}

func credential(t *testing.T, srv *Server, client *http.Client, secret string) *azidentity.ClientSecretCredential {
	t.Helper()
	cred, err := azidentity.NewClientSecretCredential(srv.TenantID, srv.AppID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: srv.LoginURL + "/"},
			Transport: client, Retry: policy.RetryOptions{MaxRetries: -1},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func TestN21_RealCredentialGetsTokenAndReadsAlerts(t *testing.T) {
	t.Parallel()
	srv, client := serveTLS(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	token, err := credential(t, srv, client, srv.Secret).GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{defenderScope}})
	if err != nil {
		t.Fatalf("GetToken: %v", err)
	}
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.BaseURL+"/api/alerts?$top=5", nil)
	req.Header.Set("Authorization", "Bearer "+token.Token)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	a := read(t, res).want(http.StatusOK)
	if got := len(a.rows()); got != 5 {
		t.Errorf("alerts = %d, want 5", got)
	}
	if a.header.Get("Date") == "" {
		t.Error("no Date header")
	}
}

func TestN21_RealCredentialSeesTheDirectoryError(t *testing.T) {
	t.Parallel()
	srv, client := serveTLS(t)
	_, err := credential(t, srv, client, "wrong").GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{defenderScope}})
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) {
		t.Fatalf("error = %v, want AuthenticationFailedError", err)
	}
	if !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("error %q does not carry AADSTS7000215", err)
	}
}

func TestServe_RefusesOldTLSAndOtherAddresses(t *testing.T) {
	t.Parallel()
	srv, client := serveTLS(t)
	old := client.Transport.(*http.Transport).Clone()
	old.TLSClientConfig.MinVersion, old.TLSClientConfig.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if res, err := (&http.Client{Transport: old}).Get(srv.BaseURL + "/common/discovery/instance"); err == nil {
		res.Body.Close()
		t.Error("TLS 1.1 was accepted")
	}
	if _, err := Serve(t.Context(), "0.0.0.0:0", srv.Tenant); !errors.Is(err, errNotLoopback) {
		t.Errorf("error = %v, want errNotLoopback", err)
	}
}

func TestServe_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv, err := Serve(ctx, "127.0.0.1:0", New(Options{Key: testKey()}))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-srv.done:
	case <-time.After(10 * time.Second):
		t.Fatal("the server outlived its context")
	}
}

func TestF32_CutOverHTTP2IsNotRepeated(t *testing.T) {
	t.Parallel()
	srv, client := serveTLS(t)
	transport := client.Transport.(*http.Transport).Clone()
	transport.ForceAttemptHTTP2 = true
	t.Cleanup(transport.CloseIdleConnections)
	token, err := credential(t, srv, client, srv.Secret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{defenderScope}})
	if err != nil {
		t.Fatal(err)
	}
	host := srv.Tenant.MachineAt(0).ID
	post := func() (*http.Response, error) {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.BaseURL+"/api/machines/"+host+"/isolate", strings.NewReader(`{"Comment":"x","IsolationType":"Full"}`))
		req.Header.Set("Authorization", "Bearer "+token.Token)
		return (&http.Client{Transport: transport}).Do(req)
	}
	srv.Tenant.Inject(Fault{Match: "POST /api/**", Kind: FaultCut}, Fault{Match: "POST /api/**", Kind: FaultCut, After: true})
	for range 2 {
		if res, err := post(); err == nil {
			res.Body.Close()
			t.Error("an answer came")
		}
	}
	res, err := post()
	if err != nil {
		t.Fatal(err)
	}
	if read(t, res); res.ProtoMajor != 2 {
		t.Errorf("protocol = %s, want HTTP/2", res.Proto)
	}
	if posts, actions := len(srv.Tenant.Posts(host, "isolate")), len(srv.Tenant.ActionsOf(host)); posts != 3 || actions != 1 {
		t.Errorf("%d posts, %d actions; want 3 and 1", posts, actions)
	}
}

func TestN21_RealCertificateAndWorkloadCredentials(t *testing.T) {
	t.Parallel()
	srv, client := serveTLS(t)
	opt := azcore.ClientOptions{
		Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: srv.LoginURL + "/"}, Transport: client, Retry: policy.RetryOptions{MaxRetries: -1},
	}
	get := func(cred azcore.TokenCredential) error {
		_, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{defenderScope}})
		return err
	}
	certificate := func(pem []byte) error {
		certs, key, err := azidentity.ParseCertificates(pem, nil)
		if err != nil {
			t.Fatal(err)
		}
		cred, err := azidentity.NewClientCertificateCredential(srv.TenantID, srv.AppID, certs, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: opt, DisableInstanceDiscovery: true})
		if err != nil {
			t.Fatal(err)
		}
		return get(cred)
	}
	now := time.Now()
	good, err1 := srv.Tenant.IssueCertificate("console", now.Add(-time.Hour), now.Add(time.Hour))
	old, err2 := srv.Tenant.IssueCertificate("old", now.Add(-2*time.Hour), now.Add(-time.Hour))
	foreign, err3 := New(Options{Seed: 9, Key: testKey()}).CertifyKey(testKey(), "foreign", now.Add(-time.Hour), now.Add(time.Hour))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if err := certificate(good); err != nil {
		t.Errorf("certificate: %v", err)
	}
	for name, pem := range map[string][]byte{"expired": old, "unregistered": foreign} {
		if err := certificate(pem); err == nil || !strings.Contains(err.Error(), "AADSTS700027") {
			t.Errorf("%s certificate: %v", name, err)
		}
	}
	text, err := srv.Tenant.WorkloadToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	workload := func(text string) error {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cred, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: opt, ClientID: srv.AppID, TenantID: srv.TenantID, TokenFilePath: file, DisableInstanceDiscovery: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return get(cred)
	}
	if err := workload(text); err != nil {
		t.Errorf("workload: %v", err)
	}
	if err := workload(text[:len(text)-9] + "AAAAAAAAA"); err == nil || !strings.Contains(err.Error(), "AADSTS700027") {
		t.Errorf("forged workload token: %v", err)
	}
}

// The managed identity credential of Azure's own library finds the endpoint by
// environment variables, as on App Service.
func TestN21_RealManagedIdentityCredential(t *testing.T) {
	tenant := New(Options{Key: testKey()})
	srv := httptest.NewServer(tenant)
	t.Cleanup(srv.Close)
	t.Setenv("IDENTITY_ENDPOINT", srv.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", tenant.IdentityHeader())
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: azcore.ClientOptions{Transport: srv.Client(), Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{defenderScope}}); err != nil {
		t.Errorf("GetToken: %v", err)
	}
	tenant.Behave(func(b *Behaviour) { b.NoIdentity = true })
	if _, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graphScope}}); err == nil {
		t.Error("a token came without an identity")
	}
}
