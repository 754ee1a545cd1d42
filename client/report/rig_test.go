package report_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/report"
	"cordon/client/sim"
	"cordon/store"
	"cordon/store/soc"
)

// rig is the real store and the real client against a simulated tenant over HTTPS. Its clock is the wall clock plus what a test adds.
type rig struct {
	t      *testing.T
	ahead  atomic.Int64
	srv    *sim.Server
	client *client.Client
	store  *store.Store
	path   string
	in     soc.Integration
	svc    *report.Service
	roles  []string
	// wrap may put something between the service and the store.
	wrap func(report.Store) report.Store
}

func (r *rig) now() time.Time        { return time.Now().Add(time.Duration(r.ahead.Load())) }
func (r *rig) later(d time.Duration) { r.ahead.Add(int64(d)) }
func (r *rig) ctx() context.Context  { return r.t.Context() }
func (r *rig) alerts() (all []sim.Alert) {
	for _, a := range r.srv.Tenant.Alerts(0, r.srv.Tenant.AlertCount()) {
		if len(a.RecommendedAction) > 0 {
			all = append(all, a)
		}
	}
	return all
}

func newRig(t *testing.T, opt sim.Options) *rig {
	t.Helper()
	opt.EventEvery, opt.Alerts = -1, -1
	if opt.Indicators == 0 {
		opt.Indicators = -1
	}
	srv, err := sim.Serve(t.Context(), "127.0.0.1:0", sim.New(opt))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	r := &rig{t: t, srv: srv, path: filepath.Join(t.TempDir(), "cordon.db")}
	r.in = soc.Integration{
		ID: "int-1", Type: "defender", Name: "contoso", TenantID: srv.TenantID, ClientID: srv.AppID, Auth: "secret", Cloud: "custom",
		API: srv.BaseURL, Login: srv.LoginURL, CAPEM: string(srv.CAPEM), Custom: true, Enabled: true, Environment: "TEST",
	}
	r.client, err = client.New(client.Config{Integration: r.in, Secret: func(context.Context) (string, error) { return srv.Secret, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.CloseIdle)
	r.open()
	if r.in, err = r.store.SaveIntegration(r.ctx(), r.in); err != nil {
		t.Fatal(err)
	}
	return r
}

// open opens the store and makes a service on it, as a new process would.
func (r *rig) open() {
	r.t.Helper()
	if r.store != nil {
		if err := r.store.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	st, err := store.Open(r.ctx(), r.path, store.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.store = st
	r.t.Cleanup(func() { _ = st.Close() })
	r.start()
}

// start makes a fresh service on the open store: nothing of the old one's memory is left.
func (r *rig) start() {
	var kept report.Store = r.store
	if r.wrap != nil {
		kept = r.wrap(kept)
	}
	r.svc = report.New(report.Options{
		Store: kept, Now: r.now, Check: client.CheckIndicator, Queue: 20,
		Roles: func(context.Context, soc.IntegrationID) ([]string, bool) { return r.roles, r.roles != nil },
		Tenant: func(id soc.IntegrationID) (report.Tenant, error) {
			in, err := r.store.Integration(context.Background(), id)
			if err != nil {
				return nil, err
			}
			if !in.Enabled {
				return nil, &soc.Error{Kind: soc.KindConflict, Code: "disabled", What: in.Name + " is switched off"}
			}
			return r.client, nil
		},
	})
}

// channel adds a way in.
func (r *rig) channel(id string, typ soc.ChannelType, least soc.ThreatLevel) soc.Channel {
	r.t.Helper()
	ch, err := r.store.SaveChannel(r.ctx(), soc.Channel{
		ID: soc.ChannelID(id), Type: typ, Name: "channel " + id, Enabled: true, Tenant: r.in.ID, AtLeast: least,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return ch
}

func sender() soc.Session {
	return soc.Session{Actor: soc.Actor{Name: "mtd", Via: "http"}, Rights: []soc.Right{soc.RightAlertsEdit}}
}

func analyst() soc.Session {
	return soc.Session{Actor: soc.Actor{Name: "mona", Via: "cli"}, Rights: soc.RoleRights("analyst")}
}

// threat is a report about the nth machine, with an event that its alert can be tied to.
func (r *rig) threat(id string, level soc.ThreatLevel, n int) soc.ThreatInput {
	r.t.Helper()
	m := r.srv.Tenant.MachineAt(n)
	managed := n%2 == 0
	return soc.ThreatInput{
		ID: id, Level: level, Vendor: "Acme MTD", Title: "Device is rooted", Description: "su was found", Category: "PrivilegeEscalation",
		Device:    soc.DeviceInput{Name: m.ComputerDNSName, MachineID: m.ID, OS: "Android", OSVersion: "14", Managed: &managed},
		User:      "eva@contoso.test",
		Forensics: soc.Forensics{"process": "com.evil", "port": "4444"},
	}
}

func (r *rig) event(n int) {
	r.t.Helper()
	if _, err := r.srv.Tenant.AddEvent(r.srv.Tenant.MachineAt(n).ID, time.Now().Add(-time.Minute)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) report(ch soc.Channel, in soc.ThreatInput) soc.Threat {
	r.t.Helper()
	th, err := r.svc.Report(r.ctx(), sender(), ch.ID, in)
	if err != nil {
		r.t.Fatalf("Report: %v", err)
	}
	return th
}

func (r *rig) once() {
	r.t.Helper()
	if err := r.svc.Once(r.ctx()); err != nil {
		r.t.Fatalf("Once: %v", err)
	}
}

func (r *rig) get(key string) soc.Threat {
	r.t.Helper()
	th, err := r.store.Threat(r.ctx(), key)
	if err != nil {
		r.t.Fatal(err)
	}
	return th
}

// want checks the state of a report.
func (r *rig) want(key string, state soc.ThreatState) soc.Threat {
	r.t.Helper()
	th := r.get(key)
	if th.State != state {
		r.t.Fatalf("state = %s (%s), want %s", th.State, th.Reason, state)
	}
	return th
}

// posts counts the writes of a kind that changed something.
func (r *rig) posts(kind string) (n int) {
	for _, p := range r.srv.Tenant.Posts("", kind) {
		if p.Effect {
			n++
		}
	}
	return n
}

func aPhone() sim.Machine {
	return sim.Machine{ComputerDNSName: "evas-phone", OSPlatform: "Android", OnboardingStatus: "Onboarded", HealthStatus: "Active"}
}
