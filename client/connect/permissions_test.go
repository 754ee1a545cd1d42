package connect_test

import (
	"slices"
	"strings"
	"testing"

	"cordon/client"
	"cordon/client/sim"
	"cordon/store/soc"
)

// Every product's list, granted in a simulated tenant, gives exactly what product.md 3.6 says, and the tenant can be attached with it.
func TestZ08_V06_P03_T07_N04_C07_EachProfileInATenant(t *testing.T) {
	for _, c := range []struct {
		set, profile    string
		lock            string // the role that locking lacks
		alerts, list    bool   // the queue, the indicators
		hosts, graphToo bool
	}{
		{"zscaler", "Zscaler", "", false, false, true, false},
		{"threatconnect", "ThreatConnect", "Machine.Isolate", true, false, false, true},
		{"vectra", "Vectra", "", false, false, true, false},
		{"prelude", "Prelude", "Machine.Isolate", true, true, true, false},
		{"mobile", "Mobile threats", "Machine.Isolate", true, false, true, false},
	} {
		t.Run(c.set, func(t *testing.T) {
			t.Parallel()
			srv := simulated(t, sim.Options{})
			set, err := sim.Profile(c.set)
			if err != nil {
				t.Fatal(err)
			}
			srv.Tenant.Grant(set)
			l := newSimLab(t, nil)
			in := draftOf(srv, "one")
			in.Profiles = []string{strings.ToLower(c.profile)}
			saved := l.save(in, srv.Secret)
			if !slices.Equal(saved.Profiles, []string{c.profile}) {
				t.Errorf("profiles = %q", saved.Profiles)
			}
			r, err := l.PermissionsNow(t.Context(), admin(), saved.ID)
			if err != nil || !r.Known || r.Problem != "" || r.Tenant != srv.TenantID {
				t.Fatalf("%+v, %v", r, err)
			}
			for _, p := range r.Profiles {
				if p.Name == c.profile && !p.Satisfied {
					t.Errorf("not satisfied: %+v", p.Permissions)
				}
			}
			if got := l.Missing(saved.ID, soc.ActIsolate); got != c.lock {
				t.Errorf("locking lacks %q, want %q", got, c.lock)
			}
			if l.Lacks(saved.ID, client.CanReadUsers) != "User.Read.All" {
				t.Error("the set gives the logged-on users")
			}
			rep, err := l.Reporting(saved.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, alertErr := rep.Alert(t.Context(), srv.Tenant.Alerts(0, 1)[0].ID)
			_, listErr := rep.Indicators(t.Context())
			_, hostErr := rep.Machine(t.Context(), srv.Tenant.MachineAt(0).ID)
			for what, x := range map[string]struct {
				err  error
				want bool
			}{"alerts": {alertErr, c.alerts}, "indicators": {listErr, c.list}, "hosts": {hostErr, c.hosts}} {
				if x.want != (x.err == nil) || !x.want && soc.KindOf(x.err) != soc.KindDenied {
					t.Errorf("%s: %v", what, x.err)
				}
			}
		})
	}
}

func TestZ09_ConsentShowsAfterTheTest(t *testing.T) {
	srv := simulated(t, sim.Options{})
	l := newSimLab(t, nil)
	in := draftOf(srv, "one")
	in.Profiles = []string{"Vectra"}
	srv.Tenant.SetRoles("Machine.Read.All")
	saved := l.save(in, srv.Secret)
	state := func() soc.PermissionState {
		t.Helper()
		r, err := l.Permissions(t.Context(), saved.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Permissions {
			if p.Role == "Machine.Isolate" {
				return p.State
			}
		}
		return ""
	}
	if got := state(); got != soc.PermissionUnknown {
		t.Errorf("before the first token: %s", got)
	}
	if _, err := l.PermissionsNow(t.Context(), admin(), saved.ID); err != nil || state() != soc.PermissionRequested {
		t.Errorf("%s, %v", state(), err)
	}
	srv.Tenant.SetRoles("Machine.Read.All", "Machine.Isolate", "AdvancedQuery.Read.All")
	if got := state(); got != soc.PermissionRequested {
		t.Errorf("the old token says %s", got)
	}
	if _, err := l.Test(t.Context(), admin(), saved, "", nil); err != nil || state() != soc.PermissionGranted {
		t.Errorf("after the test: %s, %v", state(), err)
	}
	viewer := person("viewer")
	viewer.Rights = nil
	if _, err := l.PermissionsNow(t.Context(), viewer, saved.ID); soc.KindOf(err) != soc.KindDenied {
		t.Errorf("without a right: %v", err)
	}
}

func TestZ07_NothingAndDelegatedCanNotBeSaved(t *testing.T) {
	srv := simulated(t, sim.Options{})
	l := newSimLab(t, nil)
	srv.Tenant.Consent(false)
	if _, err := l.Save(t.Context(), admin(), draftOf(srv, "one"), srv.Secret, nil); soc.KindOf(err) != soc.KindDenied || !strings.Contains(err.Error(), "consent") {
		t.Errorf("nothing consented: %v", err)
	}
	srv.Tenant.Consent(true)
	srv.Tenant.SetDelegated("Machine.Isolate", "Machine.Read")
	if _, err := l.Save(t.Context(), admin(), draftOf(srv, "one"), srv.Secret, nil); soc.KindOf(err) != soc.KindDenied || !strings.Contains(err.Error(), "delegated token") {
		t.Errorf("delegated: %v", err)
	}
}
