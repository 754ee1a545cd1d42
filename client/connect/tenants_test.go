package connect_test

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/sim"
	"cordon/store/soc"
)

// Two tenants side by side, with the same host names in both: whatever is done in one shows in that one only. The order of what is done is
// left to chance, the seed is told.
func TestT13_F43_SC48_TwoTenantsNeverMix(t *testing.T) {
	limits := client.NewLimits(client.Quota{Minute: 5000, Hour: 50000})
	servers := []*sim.Server{simulated(t, sim.Options{Seed: 1}), simulated(t, sim.Options{Seed: 2})}
	l := newSimLab(t, limits)
	ins := []soc.Integration{l.save(draftOf(servers[0], "contoso"), servers[0].Secret), l.save(draftOf(servers[1], "fabrikam"), servers[1].Secret)}
	l.start()
	for _, in := range ins {
		l.wait("the first sync of "+in.Name, func() bool {
			st, err := l.store.PollState(t.Context(), in.ID)
			return err == nil && st.FirstDone
		})
	}
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(uint64(seed), 0)) //#nosec G404 -- a test
	var wg sync.WaitGroup
	ordered := [2][]string{}
	for range 12 {
		n := rng.IntN(2)
		machine := servers[n].Tenant.MachineAt(rng.IntN(20)).ID
		why := fmt.Sprintf("for %s only", ins[n].Name)
		ordered[n] = append(ordered[n], machine)
		wg.Go(func() {
			remote, err := l.Remote(ins[n].ID)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := remote.Isolate(t.Context(), machine, soc.IsolationFull, why); err != nil && soc.KindOf(err) != soc.KindInProgress && soc.KindOf(err) != soc.KindRefused {
				t.Errorf("%s: %v", ins[n].Name, err)
			}
		})
	}
	wg.Wait()
	for n, srv := range servers {
		for _, p := range srv.Tenant.Posts("", "isolate") {
			if !slices.Contains(ordered[n], p.MachineID) {
				t.Errorf("%s got an order for %s, which nobody gave it", ins[n].Name, p.MachineID)
			}
		}
		for _, a := range srv.Tenant.Actions() {
			if strings.Contains(a.RequestorComment, "only") && !strings.Contains(a.RequestorComment, ins[n].Name) {
				t.Errorf("%s was ordered something for the other: %s", ins[n].Name, a.RequestorComment)
			}
		}
	}
	l.nothingCrossed(ins, servers)
	for n := range ins { // budgets: each its own
		used, _, _, _ := usage(t, limits, ins[n])
		if used == 0 {
			t.Errorf("%s used nothing of its budget", ins[n].Name)
		}
	}
}

func usage(t *testing.T, limits *client.Limits, in soc.Integration) (minute, minuteLimit, hour, hourLimit int) {
	t.Helper()
	u := limits.For(in.ClientID, in.TenantID).Usage()
	return u.MinuteUsed, u.MinuteLimit, u.HourUsed, u.HourLimit
}

// nothingCrossed compares the cache of each tenant with the truth of its simulator.
func (l *lab) nothingCrossed(ins []soc.Integration, servers []*sim.Server) {
	l.t.Helper()
	page, err := l.store.Alerts(l.t.Context(), soc.Query{Now: time.Now(), Count: 10_000})
	if err != nil {
		l.t.Fatal(err)
	}
	seen := [2]int{}
	for _, row := range page.Rows {
		n := slices.IndexFunc(ins, func(in soc.Integration) bool { return in.ID == row.Key.Integration })
		if n < 0 {
			l.t.Fatalf("an alert of nobody: %+v", row.Key)
		}
		seen[n]++
		if _, err := servers[n].Tenant.Alert(row.Key.ID); err != nil {
			l.t.Errorf("%s lists alert %s, which its tenant does not know", ins[n].Name, row.Key.ID)
		}
	}
	if seen[0] == 0 || seen[1] == 0 {
		l.t.Errorf("alerts: %v", seen)
	}
	isolations, err := l.store.Isolations(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, iso := range isolations {
		n := slices.IndexFunc(ins, func(in soc.Integration) bool { return in.ID == iso.Key.Integration })
		if _, err := servers[n].Tenant.Machine(iso.Key.MachineID); err != nil {
			l.t.Errorf("%s lists the isolation of a machine that is not its own: %s", ins[n].Name, iso.Key.MachineID)
		}
	}
	for _, e := range l.audit("") {
		for n, in := range ins {
			if e.Integration == in.ID && strings.Contains(e.Target+e.Detail, ins[1-n].Name) {
				l.t.Errorf("a line of %s speaks of the other: %+v", in.Name, e)
			}
		}
	}
}

// A token of another tenant is refused before it is used: the API never sees it. The control is the same login with the right tenant.
func TestF43_SC48_ATokenOfAnotherTenantIsNotUsed(t *testing.T) {
	for _, control := range []bool{false, true} {
		api := simulated(t, sim.Options{})
		issued := "99999999-9b1d-4c2e-8f00-1a2b3c4d5e6f"
		if control {
			issued = api.TenantID
		}
		login := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			base := "https://" + r.Host + "/" + api.TenantID
			if strings.HasSuffix(r.URL.Path, "openid-configuration") {
				fmt.Fprintf(w, `{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%s/a","issuer":"%s/v2.0"}`, base, base, base)
				return
			}
			claims := fmt.Sprintf(`{"aud":"https://api.securitycenter.microsoft.com","tid":%q,"roles":["Machine.Read.All"]}`, issued)
			fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"e30.%s.c2ln"}`, base64.RawURLEncoding.EncodeToString([]byte(claims)))
		}))
		t.Cleanup(login.Close)
		l := newSimLab(t, nil)
		in := draftOf(api, "one")
		in.Login = login.URL
		in.CAPEM += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: login.Certificate().Raw}))
		_, err := l.Save(t.Context(), admin(), in, canary, nil)
		asked := slices.ContainsFunc(api.Tenant.Requests(), func(r sim.Request) bool { return strings.HasPrefix(r.Path, "/api/") })
		if err == nil || asked != control || !control && (!strings.Contains(err.Error(), issued) || !strings.Contains(err.Error(), "nothing was attached")) {
			t.Errorf("control %v: the API was asked: %v, %v", control, asked, err)
		}
		if ins, err := l.store.Integrations(t.Context()); err != nil || len(ins) != 0 {
			t.Errorf("%d integrations, %v", len(ins), err)
		}
	}
}

// C-14: the budget belongs to the application in the tenant, whoever uses it.
func TestC14_SameAppAndTenantShareOneBudget(t *testing.T) {
	limits := client.NewLimits(client.DefaultQuota())
	srv, other := simulated(t, sim.Options{Seed: 1}), simulated(t, sim.Options{Seed: 2})
	l := newSimLab(t, limits)
	a, b := l.save(draftOf(srv, "reading"), srv.Secret), l.save(draftOf(srv, "acting"), srv.Secret)
	c := l.save(draftOf(other, "elsewhere"), other.Secret)
	if limits.For(a.ClientID, a.TenantID) != limits.For(strings.ToUpper(b.ClientID), b.TenantID) || limits.For(a.ClientID, a.TenantID) == limits.For(c.ClientID, c.TenantID) {
		t.Error("the budgets are not those of application and tenant")
	}
	for _, in := range []soc.Integration{a, b, c} {
		if _, err := l.Remote(in.ID); err != nil {
			t.Fatal(err)
		}
	}
	used, _, _, _ := usage(t, limits, a)
	remote, err := l.Remote(b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.HostActions(t.Context(), srv.Tenant.MachineAt(0).ID); err != nil {
		t.Fatal(err)
	}
	if now, _, _, _ := usage(t, limits, a); now != used+1 {
		t.Errorf("a call of the one left the other's budget at %d, was %d", now, used)
	}
	if got := names(l.Troubles()); !slices.Equal(got, []string{"same-tenant"}) {
		t.Errorf("troubles = %v", got)
	}
	if x := l.Troubles()[0]; !strings.Contains(x.What, "acting and reading") || strings.Contains(x.What, "elsewhere") {
		t.Errorf("%+v", x)
	}
}

func TestT11_T16_AllowedPeopleOfATenant(t *testing.T) {
	l := newLab(t)
	in := draft("contoso")
	in.Allowed = []string{" mona ", "role:responder", "mona"}
	saved := l.save(in, canary)
	if !slices.Equal(saved.Allowed, []string{"mona", "role:responder"}) {
		t.Errorf("allowed = %q", saved.Allowed)
	}
	other := l.save(draft("fabrikam"), canary) // two profiles of one program, with different people
	for who, want := range map[soc.Actor][2]bool{
		{Name: "mona", Via: "ssh"}:                   {true, true},
		{Name: "Mona", Via: "ssh"}:                   {false, true},
		{Name: "ola", Role: "responder", Via: "tty"}: {true, true},
		{Name: "role:responder", Via: "ssh"}:         {false, true},
		{Name: "dave", Role: "admin", Via: "tty"}:    {false, true},
		soc.Service("timer"):                         {true, true}, // timers end for all
	} {
		if got := [2]bool{saved.Admits(who), other.Admits(who)}; got != want {
			t.Errorf("%+v: %v, want %v", who, got, want)
		}
	}
	if e := l.audit("attach"); !strings.Contains(e[1].After, "allowed mona+role:responder") {
		t.Errorf("audit = %+v", e[1])
	}
	saved.Allowed = nil // who may edit settings can mend the list
	if saved = l.save(saved, ""); !saved.Admits(soc.Actor{Name: "dave"}) {
		t.Error("an empty list admits not everybody")
	}
}
