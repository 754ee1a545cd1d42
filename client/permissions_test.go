package client

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// defenderGrant is a token for Defender with these application roles.
func defenderGrant(roles ...string) Grant {
	return Grant{API: APIDefender, Known: true, Fits: true, Audience: defender, Tenant: tenantID, Roles: roles}
}

func graphGrant(roles ...string) Grant {
	return Grant{API: APIGraph, Known: true, Fits: true, Audience: "https://graph.microsoft.com", Tenant: tenantID, Roles: roles}
}

func profileOf(t *testing.T, r soc.PermissionReport, name string) soc.Profile {
	t.Helper()
	i := slices.IndexFunc(r.Profiles, func(p soc.Profile) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no profile %s", name)
	}
	return r.Profiles[i]
}

func stateOf(list []soc.Permission, role string) soc.PermissionState {
	for _, p := range list {
		if p.Role == role {
			return p.State
		}
	}
	return ""
}

// The permission lists of the source products, as product.md 3.6 has them.
func TestZ06_Z08_V06_P03_T07_ProfilesToTheLetter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		defender, graph []string
		without         string // a role that the product does not ask for
	}{
		"Zscaler":       {[]string{"Machine.Isolate", "Machine.Read.All", "Machine.ReadWrite.All"}, nil, "Alert.Read.All"},
		"ThreatConnect": {[]string{"Alert.ReadWrite.All"}, []string{"SecurityAlert.ReadWrite.All"}, "Machine.Isolate"},
		"Vectra":        {[]string{"AdvancedQuery.Read.All", "Machine.Read.All", "Machine.Isolate"}, nil, "Machine.ReadWrite.All"},
		"Prelude":       {[]string{"Alert.Read.All", "Machine.Read.All", "Machine.ReadWrite.All", "Ti.ReadWrite.All"}, nil, "Machine.Isolate"},
	} {
		whole := Permissions(soc.Integration{}, defenderGrant(c.defender...), graphGrant(c.graph...))
		p := profileOf(t, whole, name)
		if !p.Satisfied {
			t.Errorf("%s with its own list: %+v", name, p.Permissions)
		}
		if stateOf(p.Permissions, c.without) != "" {
			t.Errorf("%s demands %s", name, c.without)
		}
		for _, q := range p.Permissions {
			if q.API != APIDefender && q.API != APIGraph || q.For == "" {
				t.Errorf("%s: %+v", name, q)
			}
		}
		for i, role := range c.defender { // each one is named when it is missing
			rest := slices.Delete(slices.Clone(c.defender), i, i+1)
			p := profileOf(t, Permissions(soc.Integration{}, defenderGrant(rest...), graphGrant(c.graph...)), name)
			if p.Satisfied || stateOf(p.Permissions, role) != soc.PermissionMissing {
				t.Errorf("%s without %s: satisfied %v, %s", name, role, p.Satisfied, stateOf(p.Permissions, role))
			}
			for _, other := range rest {
				if stateOf(p.Permissions, other) != soc.PermissionGranted {
					t.Errorf("%s without %s: %s is %s", name, role, other, stateOf(p.Permissions, other))
				}
			}
		}
	}
}

// A role that includes another stands for it, except in a list that asks for both.
func TestV06_Z08_TheWiderRoleStandsForTheSmaller(t *testing.T) {
	t.Parallel()
	r := Permissions(soc.Integration{}, defenderGrant("AdvancedQuery.Read.All", "Machine.ReadWrite.All", "Machine.Isolate"), Grant{})
	if !profileOf(t, r, "Vectra").Satisfied {
		t.Errorf("Vectra: %+v", profileOf(t, r, "Vectra").Permissions)
	}
	if p := profileOf(t, r, "Zscaler"); p.Satisfied || stateOf(p.Permissions, "Machine.Read.All") != soc.PermissionMissing {
		t.Errorf("Zscaler: %+v", p.Permissions)
	}
}

// What each set allows with cordon: product.md 3.6, consequences (1)–(4).
func TestC07_N04_EachProfileGivesExactlyItsCapabilities(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"Zscaler":        {CanReadHosts, CanLock},
		"ThreatConnect":  {CanReadAlerts, CanEditAlerts},
		"Vectra":         {CanReadHosts, CanLock, CanFindAnEvent},
		"Prelude":        {CanReadAlerts, CanReadHosts, CanIndicators},
		"Mobile threats": {CanReadAlerts, CanReadHosts, CanEditAlerts, CanFindAnEvent},
		"Read":           {CanReadAlerts, CanReadHosts},
		"Triage":         {CanReadAlerts, CanReadHosts, CanEditAlerts},
		"Lock":           {CanReadAlerts, CanReadHosts, CanLock, CanEditAlerts},
		"Auto-lock":      {CanReadAlerts, CanReadHosts, CanLock, CanEditAlerts, CanReadUsers},
		"IOC":            {CanReadAlerts, CanReadHosts, CanLock, CanEditAlerts, CanReadUsers, CanIndicators},
	}
	r := Permissions(soc.Integration{}, Grant{}, Grant{})
	if len(r.Profiles) != len(want) {
		t.Errorf("%d profiles", len(r.Profiles))
	}
	for _, p := range r.Profiles {
		if !slices.Equal(p.Allows, want[p.Name]) {
			t.Errorf("%s allows %q, want %q", p.Name, p.Allows, want[p.Name])
		}
		if len(p.Allows)+len(p.Denies) != len(Capabilities(nil)) {
			t.Errorf("%s: %q and %q", p.Name, p.Allows, p.Denies)
		}
	}
	if d := profileOf(t, r, "Prelude").Denies; !slices.Contains(d, CanLock+": Machine.Isolate is not in this set") {
		t.Errorf("Prelude denies %q", d)
	}
	only := []string{"Machine.Isolate"} // can order, but neither look up nor follow
	if CanIsolate(only) || Lacks(only, CanLock) != "Machine.Read.All" || Lacks(nil, CanLock) != "Machine.Isolate" || Lacks(only, "fly") != "fly" {
		t.Errorf("Machine.Isolate alone lacks %q", Lacks(only, CanLock))
	}
	for _, name := range []string{"Zscaler", "ThreatConnect", "Vectra", "Prelude"} {
		if slices.Contains(profileOf(t, r, name).Allows, CanReadUsers) {
			t.Errorf("%s gives the logged-on users, and with them a privilege score", name)
		}
	}
	if p := Permissions(soc.Integration{}, defenderGrant(only...), Grant{}); !strings.Contains(p.Problem, "Machine.Read.All") {
		t.Errorf("problem = %q", p.Problem)
	}
}

func TestT07_ATokenOfOneAPISaysNothingAboutTheOther(t *testing.T) {
	t.Parallel()
	crossed := Grant{API: APIDefender, Known: true, Audience: "https://graph.microsoft.com", Scope: defender + "/.default", Roles: []string{"Alert.ReadWrite.All", "Machine.Isolate"}}
	r := Permissions(soc.Integration{}, crossed, graphGrant("Machine.Isolate"))
	for _, role := range []string{"Alert.ReadWrite.All", "Machine.Isolate"} {
		if got := stateOf(r.Permissions, role); got != soc.PermissionMissing {
			t.Errorf("%s is %s by a Graph token", role, got)
		}
	}
	if !strings.Contains(r.Problem, "graph.microsoft.com") || !strings.Contains(r.Problem, defender+"/.default") {
		t.Errorf("C08: problem = %q", r.Problem)
	}
	r = Permissions(soc.Integration{}, defenderGrant("Alert.ReadWrite.All", "SecurityAlert.ReadWrite.All"), Grant{API: APIGraph})
	if p := profileOf(t, r, "ThreatConnect"); p.Satisfied || stateOf(p.Permissions, "SecurityAlert.ReadWrite.All") != soc.PermissionUnknown {
		t.Errorf("a Defender token satisfied Graph: %+v", p)
	}
}

func TestZ07_DelegatedTokensAreTold(t *testing.T) {
	t.Parallel()
	g := Grant{API: APIDefender, Known: true, Fits: true, Audience: defender, Scopes: []string{"Machine.Isolate", "Alert.Read"}}
	r := Permissions(soc.Integration{}, g, Grant{})
	if !r.Delegated || !strings.Contains(r.Problem, "delegated token") || stateOf(r.Permissions, "Machine.Isolate") != soc.PermissionDelegated ||
		stateOf(r.Permissions, "Alert.Read.All") != soc.PermissionDelegated || stateOf(r.Permissions, "Ti.ReadWrite.All") != soc.PermissionMissing {
		t.Errorf("%+v", r)
	}
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 200, `{"value":[]}`) })
	wt.wallet.give = func(int) (Token, error) {
		return Token{Value: jwt(map[string]any{"aud": defender, "tid": tenantID, "scp": "Machine.Isolate User.Read"}), Life: time.Hour}, nil
	}
	steps, err := wt.Test(t.Context(), nil)
	if s := statusOf(steps, "audience"); s.Status != soc.StepFail || !strings.Contains(s.Detail, "delegated token") || soc.KindOf(err) != soc.KindDenied {
		t.Errorf("step = %+v, %v", s, err)
	}
}

func TestZ09_T09_RequestedThenGranted(t *testing.T) {
	t.Parallel()
	in := soc.Integration{Profiles: []string{"vectra"}}
	r := Permissions(in, defenderGrant("Machine.Read.All"), Grant{})
	if got := stateOf(r.Permissions, "Machine.Isolate"); got != soc.PermissionRequested {
		t.Errorf("Machine.Isolate is %s", got)
	}
	if got := stateOf(r.Permissions, "Ti.ReadWrite.All"); got != soc.PermissionMissing {
		t.Errorf("Ti.ReadWrite.All, which nobody asked for, is %s", got)
	}
	none := Permissions(in, defenderGrant(), Grant{})
	if !strings.Contains(none.Problem, "Grant admin consent") || !none.Known {
		t.Errorf("nothing consented: %+v", none)
	}
	if r := Permissions(in, Grant{}, Grant{}); r.Known || r.Problem == "" || stateOf(r.Permissions, "Machine.Isolate") != soc.PermissionUnknown {
		t.Errorf("before the first token: %+v", r)
	}
	// the consent counts from the next token on
	roles := []string{"Machine.Read.All"}
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 200, `{"value":[]}`) })
	wt.wallet.give = func(int) (Token, error) { return Token{Value: goodJWT(tenantID, roles...), Life: time.Hour}, nil }
	if err := wt.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	roles = append(roles, "Machine.Isolate", "AdvancedQuery.Read.All")
	if err := wt.SignIn(t.Context()); err != nil || wt.wallet.count() != 1 {
		t.Errorf("%d sign-ins, %v", wt.wallet.count(), err)
	}
	if err := wt.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	g, _ := wt.Granted()
	if r := Permissions(in, g, Grant{}); !profileOf(t, r, "Vectra").Satisfied || r.Tenant != tenantID {
		t.Errorf("after the consent: %+v", r)
	}
}

func TestT07_GraphIsAskedOnlyWhenAProfileNeedsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profiles []string
		want     int
	}{{nil, 1}, {[]string{"Vectra", "Prelude"}, 1}, {[]string{"threatconnect"}, 2}} {
		wallet := fullWallet()
		in := soc.Integration{ID: "i", TenantID: tenantID, ClientID: clientID, Profiles: c.profiles}
		cl, err := New(Config{Integration: in, Credential: wallet})
		if err != nil {
			t.Fatal(err)
		}
		if err := cl.SignIn(t.Context()); err != nil || wallet.count() != c.want {
			t.Errorf("%v: %d tokens, %v", c.profiles, wallet.count(), err)
		}
		if c.want == 2 && wallet.asked[1] != "https://graph.microsoft.com/.default" {
			t.Errorf("asked for %v", wallet.asked)
		}
	}
	for cloud, want := range map[string]string{"gcc": "https://graph.microsoft.com", "gcc-high": "https://graph.microsoft.us", "dod": "https://dod-graph.microsoft.us"} {
		if got := graphHost(soc.Integration{Cloud: cloud}); got != want {
			t.Errorf("%s: %s", cloud, got)
		}
	}
	if !audienceFits("00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com/.default") ||
		audienceFits("fc780465-2017-40d4-a0c5-307022471b92", "https://graph.microsoft.us/.default") || audienceFits("00000003-0000-0000-c000-000000000000", defender+"/.default") {
		t.Error("the application ids of the two resources are mixed up")
	}
}

func TestZ08_ChosenProfilesAreTested(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 200, `{"value":[]}`) })
	wt.in.Profiles = []string{"Vectra"}
	wt.wallet.give = func(int) (Token, error) {
		return Token{Value: goodJWT(tenantID, "Machine.Isolate", "Machine.Read.All", "AdvancedQuery.Read.All"), Life: time.Hour}, nil
	}
	steps, err := wt.Test(t.Context(), nil)
	if err != nil {
		t.Errorf("Test = %v", err)
	}
	for name, want := range map[string]string{
		"role: read alerts": soc.StepOK, "role: isolate": soc.StepOK, "profile: Vectra": soc.StepOK, "read one alert": soc.StepSkip, "read one host": soc.StepOK,
	} {
		if s := statusOf(steps, name); s.Status != want {
			t.Errorf("%s: %+v, want %s", name, s, want)
		}
	}
	wt.in.Profiles = []string{"Zscaler"}
	steps, err = wt.Test(t.Context(), nil)
	if s := statusOf(steps, "profile: Zscaler"); s.Status != soc.StepFail || !strings.Contains(s.Detail, "Machine.ReadWrite.All") || soc.KindOf(err) != soc.KindDenied {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestC07_TheRoleIsReadFromDefendersText(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, 403, `{"error":{"code":"Forbidden","message":"The application does not have any of the required application permissions. API required roles: Machine.Read.All,Machine.ReadWrite.All, application roles: Machine.Isolate."}}`)
	})
	wt.wallet.give = func(int) (Token, error) {
		return Token{Value: goodJWT(tenantID, "Machine.Isolate"), Life: time.Hour}, nil
	}
	_, err := wt.Isolate(t.Context(), machineID, soc.IsolationFull, "why")
	if soc.KindOf(err) != soc.KindDenied || !strings.HasPrefix(err.Error(), "Machine.Read.All or Machine.ReadWrite.All is missing: ") {
		t.Errorf("error = %v", err)
	}
}
