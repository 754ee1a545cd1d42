package sim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const graphScope = "https://graph.microsoft.com/.default"

// claims asks for a token of a resource and reads it.
func (r *rig) claims(scope string) jwt.MapClaims {
	r.t.Helper()
	form := r.form()
	form.Set("scope", scope)
	c := jwt.MapClaims{}
	text := r.signIn(r.TenantID(), form).want(200).str("access_token")
	if _, _, err := jwt.NewParser().ParseUnverified(text, c); err != nil {
		r.t.Fatal(err)
	}
	return c
}

func rolesIn(c jwt.MapClaims) (out []string) {
	list, _ := c["roles"].([]any)
	for _, v := range list {
		out = append(out, v.(string))
	}
	return out
}

func TestN21_RolesOfOneAudienceNeverShowInTheOther(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Roles: []string{"Alert.ReadWrite.All"}, GraphRoles: []string{"SecurityAlert.ReadWrite.All"}})
	mde, graph := r.claims(defenderScope), r.claims(graphScope)
	if got := rolesIn(mde); !slices.Equal(got, []string{"Alert.ReadWrite.All"}) {
		t.Errorf("Defender token: %v", got)
	}
	if got := rolesIn(graph); graph["aud"] != "https://graph.microsoft.com" || !slices.Equal(got, []string{"SecurityAlert.ReadWrite.All"}) {
		t.Errorf("Graph token: %v, %v", graph["aud"], got)
	}
	r.SetGraphRoles("Alert.ReadWrite.All") // a role of the same name of another resource counts for nothing
	form := r.form()
	form.Set("scope", graphScope)
	r.token = r.signIn(r.TenantID(), form).want(200).str("access_token")
	r.get("alerts").want(401)
}

func TestN21_ConsentShowsInTokensOnlyAfterItIsGiven(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	r.Consent(false)
	if c := r.claims(defenderScope); c["roles"] != nil {
		t.Errorf("roles = %v before consent", c["roles"])
	}
	r.login()
	r.get("alerts").want(403)
	r.Consent(true)
	r.get("alerts").want(403) // the old token keeps what it has
	r.login()
	r.get("alerts").want(200)
}

func TestN21_DelegatedTokenHasScopesAndNoRoles(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	r.SetDelegated("Alert.Read", "Machine.Isolate")
	c := r.claims(defenderScope)
	if c["scp"] != "Alert.Read Machine.Isolate" || c["roles"] != nil {
		t.Errorf("scp = %v, roles = %v", c["scp"], c["roles"])
	}
	r.login()
	r.get("alerts").want(200)
	r.get("machines").want(403)
}

func TestProfiles_AllowWhatTheyName(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	host := r.host(victim)
	for name, want := range map[string][3]int{ // alerts, machines, isolate
		"zscaler": {403, 200, 201}, "vectra": {403, 200, 400}, "threatconnect": {200, 403, 403}, "prelude": {200, 200, 403}, "mobile": {200, 200, 403}, "none": {403, 403, 403},
	} {
		p, err := Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		r.Grant(p)
		r.login()
		isolate := r.isolate(host).status
		if isolate == 201 || isolate == 400 { // whoever comes second meets the open action
			isolate = want[2]
		}
		if got := [3]int{r.get("alerts?$top=1").status, r.get("machines?$top=1").status, isolate}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if _, err := Profile("zorg"); err == nil || len(ProfileNames()) != 8 {
		t.Error("an unknown profile was found")
	}
}

func TestN21_SecretExpiresAndTwoAreValidAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{SecretUntil: testStart().Add(time.Hour)})
	first := r.form()
	r.AddSecret("second~secret", time.Time{})
	second := r.form()
	if second.Get("client_secret") != "second~secret" {
		t.Fatal("Secret is not the newest one")
	}
	r.signIn(r.TenantID(), first).want(200)
	r.signIn(r.TenantID(), second).want(200)
	r.clock.Add(time.Hour)
	if got := r.signIn(r.TenantID(), first).want(401).str("error_description"); !strings.HasPrefix(got, "AADSTS7000222") {
		t.Errorf("expired: %s", got)
	}
	r.signIn(r.TenantID(), second).want(200)
	r.RemoveSecret(first.Get("client_secret"))
	if got := r.signIn(r.TenantID(), first).want(401).str("error_description"); !strings.HasPrefix(got, "AADSTS7000215") {
		t.Errorf("removed: %s", got)
	}
	r.ExpireSecretsAt(r.clock.Now().Add(time.Minute))
	r.signIn(r.TenantID(), second).want(200)
	r.clock.Add(time.Minute)
	r.signIn(r.TenantID(), second).want(401)
}

func TestAADSTS_EveryDocumentedCodeIsAWholeAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	documented := []int{
		90002, 900023, 90038, 900382, 900432, 700016, 700011, 70001, 7000215, 7000222, 70002, 50012, 700027, 700024, 700030, 7000112, 500011, 650052,
		70011, 1002012, 650057, 901002, 900144, 65001, 650056, 90094, 53003, 500021, 500022, 7000218, 700025, 70016, 70018, 70019, 50196, 90006, 90024, 90033, 50000,
	}
	for _, code := range documented {
		if !slices.Contains(RefusalCodes(), code) {
			t.Errorf("%d has no text", code)
		}
		r.FailSignIn(code)
		a := r.signIn(r.TenantID(), r.form())
		if a.status < 400 {
			t.Errorf("%d: status %d", code, a.status)
		}
		sameShape(t, "token_error.json", a.json())
		if codes, _ := a.json()["error_codes"].([]any); len(codes) != 1 || codes[0] != float64(code) || strings.Contains(a.body, "%s") {
			t.Errorf("%d: %s", code, a.body)
		}
	}
}

func TestToken_RequestsThatAreWrongInThemselves(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	r.Behave(func(b *Behaviour) { b.RefuseAudience = []string{"https://api.securitycenter.microsoft.com"} })
	code := func(tenant string, change func(url.Values)) string {
		form := r.form()
		form.Set("scope", "https://securitycenter.onmicrosoft.com/windowsatpservice/.default")
		change(form)
		return strings.SplitN(r.signIn(tenant, form).str("error_description"), ":", 2)[0]
	}
	for _, tt := range []struct {
		tenant, want string
		change       func(url.Values)
	}{
		{r.TenantID(), "", func(url.Values) {}},
		{"my tenant", "AADSTS900023", func(url.Values) {}},
		{"other.example", "AADSTS90002", func(url.Values) {}},
		{r.TenantID(), "AADSTS900144", func(f url.Values) { f.Del("client_id") }},
		{r.TenantID(), "AADSTS901002", func(f url.Values) { f.Set("resource", "x") }},
		{r.TenantID(), "AADSTS500011", func(f url.Values) { f.Set("scope", defenderScope) }}, // this tenant knows only the other name
	} {
		if got := code(url.PathEscape(tt.tenant), tt.change); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.tenant, got, tt.want)
		}
	}
}

func TestIdentity_BothFormsAndTheirRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Roles: []string{"Alert.Read.All"}})
	ask := func(path string, header ...string) answer {
		req, err := http.NewRequest(http.MethodGet, r.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, res)
	}
	const imds = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fapi.securitycenter.microsoft.com"
	const service = "/msi/token?api-version=2019-08-01&resource=https://api.securitycenter.microsoft.com/"
	for _, a := range []answer{
		ask(imds, "Metadata", "true").want(200),
		ask(imds+"&client_id="+r.IdentityID(), "Metadata", "true").want(200),
		ask(service, "X-IDENTITY-HEADER", r.IdentityHeader()).want(200),
	} {
		if a.str("client_id") != r.IdentityID() || a.str("expires_on") == "" {
			t.Errorf("answer = %s", a.body)
		}
		r.token = a.str("access_token")
		r.get("alerts").want(200)
		r.get("machines").want(403)
	}
	ask(imds).want(400)
	ask(imds, "Metadata", "true", "X-Forwarded-For", "10.0.0.1").want(400)
	ask(imds+"&client_id=x", "Metadata", "true").want(400)
	ask(imds+"&object_id=x", "Metadata", "true").want(400)
	ask("/metadata/identity/oauth2/token?api-version=1&resource=https://none.example", "Metadata", "true").want(400)
	ask(service, "X-IDENTITY-HEADER", "x").want(401)
	ask("/msi/other").want(404)
	r.Inject(Fault{Match: "GET /metadata/**", Kind: FaultStatus, Status: 410})
	ask(imds, "Metadata", "true").want(410)
	r.Behave(func(b *Behaviour) { b.NoIdentity = true })
	if got := ask(imds, "Metadata", "true").want(400).str("error_description"); got != "Identity not found" {
		t.Errorf("description = %s", got)
	}
}

func TestControl_ChangesWhatADrillNeeds(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	control := func(key, body string) answer {
		req, err := http.NewRequest(http.MethodPost, r.url+"/control", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		res, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, res)
	}
	control("x", `{}`).want(401)
	control(r.ControlKey(), `{"profil":"vectra"}`).want(400)
	control(r.ControlKey(), `{"profile":"nobody"}`).want(400)
	control(r.ControlKey(), `{"roles":["Ti.ReadWrite"],"indicator_lag":"soon"}`).want(400)
	if got := r.Granted(); !slices.Equal(got.Defender, AllRoles()) {
		t.Errorf("a refused order changed the roles: %v", got)
	}
	a := control(r.ControlKey(), `{"profile":"prelude","graph_roles":["A"],"indicator_lag":"30s","indicator_cap":3,"offline":"`+victim+`","add_secret":"n~1","deny_sign_in":53003,
		"fault":{"match":"GET /api/alerts","kind":"status","status":500}}`).want(200)
	if a.str("indicator_lag") != "30s" || a.json()["secrets"] != 2.0 || strings.Contains(a.body, "n~1") {
		t.Errorf("state = %s", a.body)
	}
	if m, _ := r.Machine(victim); m.Online {
		t.Error("the host is online")
	}
	r.signIn(r.TenantID(), r.form()).want(400)
	r.get("alerts").want(500)
	control(r.ControlKey(), `{"deny_sign_in":0,"consent":false,"clear_faults":true,"secret_life":"1h","online":"`+victim+`"}`).want(200)
	if c := r.claims(defenderScope); c["roles"] != nil {
		t.Errorf("roles = %v", c["roles"])
	}
	r.clock.Add(time.Hour)
	r.signIn(r.TenantID(), r.form()).want(401)
}
