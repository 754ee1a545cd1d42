package poll_test

import (
	"context"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/poll"
	"cordon/client/sim"
	"cordon/store/soc"
)

// The client is what the poller asks for.
var _ poll.API = (*client.Client)(nil)

// follow polls a simulated tenant over HTTPS until done says so, and returns the store and the last status.
func follow(t *testing.T, tenant *sim.Tenant, done func(*shelf, soc.Conn) bool) (*shelf, soc.Conn) {
	t.Helper()
	srv, err := sim.Serve(t.Context(), "127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	in := soc.Integration{
		ID: "int-1", Name: "sim", TenantID: srv.TenantID, ClientID: srv.AppID, Auth: "secret", Cloud: "custom", Custom: true, Enabled: true,
		API: srv.BaseURL, Login: srv.LoginURL, CAPEM: string(srv.CAPEM), PollInterval: time.Second, MaxHistory: "1 year ago",
	}
	c, err := client.New(client.Config{
		Integration: in, Limits: client.NewLimits(client.Quota{Minute: 100_000, Hour: 1_000_000}),
		Secret: func(context.Context) (string, error) { return srv.Secret, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	s := newShelf()
	changed := make(chan struct{}, 1)
	p := poll.New(poll.Options{Integration: in, API: c, Store: s, PageSize: 100, Changed: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	p.WantHost(tenant.MachineAt(0).ID, false)
	for !done(s, p.Status()) {
		select {
		case <-changed:
			if st := p.Status(); st.State == "unreachable" {
				p.Kick()
			}
		case <-ctx.Done():
			t.Fatalf("not done: %d alerts, status %+v", s.count(), p.Status())
		}
	}
	return s, p.Status()
}

func TestT01_C11_WholeTenantOverHTTPS(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*sim.Tenant){
		"order honoured": func(*sim.Tenant) {},
		"order refused":  func(s *sim.Tenant) { s.Behave(func(b *sim.Behaviour) { b.AlertOrder = sim.OrderRefused }) },
		"order ignored":  func(s *sim.Tenant) { s.Behave(func(b *sim.Behaviour) { b.AlertOrder = sim.OrderIgnored }) },
		"pages in disorder": func(s *sim.Tenant) {
			s.Inject(sim.Fault{Match: "GET /api/alerts", Skip: 1, Times: 1, Kind: sim.FaultReverseRows},
				sim.Fault{Match: "GET /api/alerts", Skip: 3, Times: 1, Kind: sim.FaultRepeatPage},
				sim.Fault{Match: "GET /api/alerts", Skip: 5, Times: 1, Kind: sim.FaultReverseRows})
		},
		"connections cut": func(s *sim.Tenant) {
			s.Inject(sim.Fault{Match: "GET /api/alerts", Skip: 2, Times: 1, Kind: sim.FaultCutBody, Size: 1000},
				sim.Fault{Match: "GET /api/alerts", Skip: 4, Times: 1, Kind: sim.FaultHTML})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := sim.New(sim.Options{World: sim.WorldS, Alerts: 700, EventEvery: -1, Behaviour: sim.Behaviour{NoQuota: true}})
			prepare(tenant)
			s, st := follow(t, tenant, func(s *shelf, c soc.Conn) bool { return c.State == "ok" && s.ready() })
			if len(st.Roles) == 0 {
				t.Error("no roles in the status")
			}
			for _, a := range tenant.Alerts(0, tenant.AlertCount()) {
				if _, have := s.alerts[a.ID]; !have && a.Status != "Resolved" {
					t.Errorf("alert %s of %s is missing", a.ID, a.AlertCreationTime)
				}
			}
			if h := s.hosts[0]; h.Name == "" || h.UsersAt.IsZero() {
				t.Errorf("host = %+v", h)
			}
		})
	}
}
