package sim

import (
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// testKey is made once: a fresh key per tenant would dominate the run time.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := NewKey()
	if err != nil {
		panic(err)
	}
	return key
})

// rig is a tenant behind a real HTTP server, a clock that the test moves, and a
// signed-in caller.
type rig struct {
	*Tenant
	t     *testing.T
	clock *Clock
	url   string
	token string
	http  *http.Client
}

func testStart() time.Time { return time.Date(2026, 2, 3, 4, 5, 6, 789123400, time.UTC) }

func newRig(t *testing.T, opt Options) *rig {
	t.Helper()
	clock := NewClock(testStart())
	opt.Now, opt.Key = clock.Now, testKey()
	if opt.TokenLife == 0 {
		opt.TokenLife = 10_000 * time.Hour
	}
	if opt.EventEvery == 0 {
		opt.EventEvery = -1
	}
	tenant := New(opt)
	srv := httptest.NewServer(tenant)
	t.Cleanup(srv.Close)
	r := &rig{Tenant: tenant, t: t, clock: clock, url: srv.URL, http: srv.Client()}
	r.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r.login()
	return r
}

const defenderScope = "https://api.securitycenter.microsoft.com/.default"

func (r *rig) form() url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {r.AppID()}, "client_secret": {r.Secret()}, "scope": {defenderScope},
	}
}

// login fetches a fresh token with the roles granted now.
func (r *rig) login() {
	r.t.Helper()
	res := r.signIn(r.TenantID(), r.form())
	token, _ := res.json()["access_token"].(string)
	if res.status != http.StatusOK || token == "" {
		r.t.Fatalf("sign-in: status %d, body %s", res.status, res.body)
	}
	r.token = token
}

func (r *rig) signIn(tenant string, form url.Values) answer {
	r.t.Helper()
	res, err := r.http.PostForm(r.url+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		r.t.Fatalf("posting to the token endpoint: %v", err)
	}
	return read(r.t, res)
}

// answer is a response that was read to its end.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
	err    error // reading the body failed
}

func read(t *testing.T, res *http.Response) answer {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{t: t, status: res.StatusCode, header: res.Header, body: string(body), err: err}
}

func (a answer) json() map[string]any {
	a.t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		a.t.Fatalf("status %d, body is no JSON object: %v\n%.300s", a.status, err, a.body)
	}
	return v
}

// rows returns the items of a list.
func (a answer) rows() []map[string]any {
	a.t.Helper()
	list, ok := a.json()["value"].([]any)
	if a.status != http.StatusOK || !ok {
		a.t.Fatalf("status %d, no list: %.300s", a.status, a.body)
	}
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i], _ = list[i].(map[string]any)
	}
	return out
}

func (a answer) ids() []string {
	a.t.Helper()
	var out []string
	for _, row := range a.rows() {
		id, _ := row["id"].(string)
		out = append(out, id)
	}
	return out
}

func (a answer) str(key string) string {
	a.t.Helper()
	s, _ := a.json()[key].(string)
	return s
}

// code is the error code of the API.
func (a answer) code() string {
	a.t.Helper()
	e, _ := a.json()["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status = %d, want %d; body %.400s", a.status, status, a.body)
	}
	return a
}

func (r *rig) try(method, path, body string) (answer, error) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.url+"/api/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatalf("building request: %v", err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	res, err := r.http.Do(req)
	if err != nil {
		return answer{t: r.t}, err
	}
	return read(r.t, res), nil
}

func (r *rig) do(method, path, body string) answer {
	r.t.Helper()
	a, err := r.try(method, path, body)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (r *rig) get(path string) answer { r.t.Helper(); return r.do("GET", path, "") }

// list calls a collection with query options given as pairs.
func (r *rig) list(path string, pairs ...string) answer {
	r.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return r.get(path + "?" + v.Encode())
}

func (r *rig) isolate(id string) answer {
	r.t.Helper()
	return r.do("POST", "machines/"+id+"/isolate", `{"Comment":"test","IsolationType":"Full"}`)
}

func (r *rig) release(id string) answer {
	r.t.Helper()
	return r.do("POST", "machines/"+id+"/unisolate", `{"Comment":"test"}`)
}

// host returns the id of a story machine.
func (r *rig) host(name string) string {
	r.t.Helper()
	m, err := r.Machine(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return m.ID
}

const (
	victim = "WS-FIN-0142.corp.example"
	awake  = "LT-SAL-0088.corp.example" // shown Active, but offline
)
