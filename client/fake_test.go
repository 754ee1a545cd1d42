package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cordon/store/soc"
)

const (
	tenantID  = "11111111-2222-4333-8444-555555555555"
	clientID  = "2222aaaa-0000-4000-8000-00000000beef"
	machineID = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
	actionID  = "7f0c0d3e-5a51-4a7e-9a51-2d1f7f0b0001"
	defender  = "https://api.securitycenter.microsoft.com"
)

// jwt makes an unsigned token with claims.
func jwt(claims map[string]any) string {
	body, _ := json.Marshal(claims)
	return "e30." + base64.RawURLEncoding.EncodeToString(body) + ".sig"
}

func goodJWT(tenant string, roles ...string) string {
	return jwt(map[string]any{"aud": defender, "tid": tenant, "roles": roles})
}

// wallet is a credential that counts.
type wallet struct {
	mu    sync.Mutex
	asked []string // scopes
	give  func(n int) (Token, error)
}

func (w *wallet) Token(_ context.Context, scope string) (Token, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, scope)
	return w.give(len(w.asked))
}

func (w *wallet) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

func fullWallet() *wallet {
	return &wallet{give: func(int) (Token, error) {
		return Token{Value: goodJWT(tenantID, "Alert.Read.All", "Machine.Read.All", "Machine.Isolate"), Life: time.Hour}, nil
	}}
}

// wireTest is a hostile server and a client for it.
type wireTest struct {
	*Client
	srv    *httptest.Server
	wallet *wallet
	posts  atomic.Int32
	gets   atomic.Int32
}

func newWireTest(t *testing.T, h http.HandlerFunc) *wireTest {
	t.Helper()
	wt := &wireTest{wallet: fullWallet()}
	wt.srv = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			wt.gets.Add(1)
		} else {
			wt.posts.Add(1)
		}
		h(w, r)
	}))
	wt.srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	wt.srv.StartTLS()
	t.Cleanup(wt.srv.Close)
	wt.Client = clientFor(t, wt.srv, wt.wallet)
	return wt
}

func caPEM(srv *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
}

func clientFor(t *testing.T, srv *httptest.Server, cred Credential) *Client {
	t.Helper()
	c, err := New(Config{Credential: cred, Integration: soc.Integration{
		ID: "int-1", Name: "test", TenantID: tenantID, ClientID: clientID, Cloud: "custom", Custom: true,
		API: srv.URL, Login: strings.Replace(srv.URL, "http://", "https://", 1), CAPEM: caPEM(srv),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return c
}

// trip is a network without sockets, for tests on fake time.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// onFakeWire gives a client whose requests go to f.
func onFakeWire(t *testing.T, cred Credential, f trip) *Client {
	t.Helper()
	c, err := New(Config{Credential: cred, Integration: soc.Integration{ID: "int-1", TenantID: tenantID, ClientID: clientID}})
	if err != nil {
		t.Fatal(err)
	}
	c.http = &http.Client{Transport: f}
	return c
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

func reply200(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func kindAndCode(err error) (soc.Kind, string) {
	var e *soc.Error
	if errors.As(err, &e) {
		return e.Kind, e.Code
	}
	return soc.KindInternal, ""
}

func wantKind(t *testing.T, err error, want soc.Kind) {
	t.Helper()
	if err == nil || soc.KindOf(err) != want {
		t.Fatalf("error = %v (%v), want %v", err, soc.KindOf(err), want)
	}
}

const goodAction = `{"@odata.context":"x","id":"` + actionID + `","type":"Isolate","title":null,"requestor":"app","requestorComment":"c",` +
	`"status":"Pending","machineId":"` + machineID + `","computerDnsName":"ws-01.corp.test","creationDateTimeUtc":"2026-02-03T06:00:00.1234567Z",` +
	`"lastUpdateDateTimeUtc":"2026-02-03T06:00:01Z","errorHResult":0,"scope":"Full","externalId":null,"commands":[]}`
