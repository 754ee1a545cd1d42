package client_test

import (
	"context"
	"strings"
	"testing"

	"cordon/client"
	"cordon/client/sim"
	"cordon/store/soc"
)

// tenant starts a simulated tenant and a client for it over real HTTPS.
func tenant(t *testing.T, opt sim.Options) (*sim.Server, *client.Client, soc.Integration) {
	t.Helper()
	srv, err := sim.Serve(t.Context(), "127.0.0.1:0", sim.New(opt))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	in := soc.Integration{
		ID: "int-1", Type: "defender", Name: "sim", TenantID: srv.TenantID, ClientID: srv.AppID, Auth: "secret", Cloud: "custom",
		API: srv.BaseURL, Login: srv.LoginURL, CAPEM: string(srv.CAPEM), Custom: true, Enabled: true,
	}
	return srv, newClient(t, in, srv.Secret), in
}

func newClient(t *testing.T, in soc.Integration, secret string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Integration: in, Secret: func(context.Context) (string, error) { return secret, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return c
}

func TestV10_Z15_ChecklistAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	_, c, _ := tenant(t, sim.Options{})
	var order []string
	steps, err := c.Test(t.Context(), func(s soc.Step) { order = append(order, s.Name+" "+s.Status) })
	if err != nil {
		t.Fatalf("Test: %v", err)
	}
	for _, s := range steps {
		t.Logf("%-40s %-5s %8s  %s", s.Name, s.Status, s.Took.Round(1000), s.Detail)
		if s.Status != soc.StepOK {
			t.Errorf("step %q: status %q, detail %q, want ok", s.Name, s.Status, s.Detail)
		}
	}
	if order[0] != "login: DNS run" || order[1] != "login: DNS ok" {
		t.Errorf("reports begin with %q, want the running step first", order[:2])
	}
	all := strings.Join(order, "\n")
	for _, want := range []string{"DNS", "TCP and TLS", "sign in", "audience", "role: isolate", "GET alerts", "GET machines", "GET machineactions", "budget"} {
		if !strings.Contains(all, want) {
			t.Errorf("no step about %q", want)
		}
	}
}

func TestV01_C05_OneHostFromAlertToRelease(t *testing.T) {
	t.Parallel()
	srv, c, in := tenant(t, sim.Options{EventEvery: -1})
	ctx := t.Context()
	alerts, err := c.Alerts(ctx, client.AlertsQuery{Evidence: true, Top: 50})
	if err != nil || len(alerts) == 0 {
		t.Fatalf("Alerts: %d, %v", len(alerts), err)
	}
	a := alerts[0].Alert
	if a.Integration != in.ID || a.Title == "" || a.Created.IsZero() || a.LastUpdate.IsZero() || len(alerts[0].Raw) == 0 {
		t.Fatalf("alert is incomplete: %+v", a)
	}
	machine := srv.Tenant.MachineAt(0)
	h, err := c.Machine(ctx, machine.ID)
	if err != nil || h.Key.MachineID != machine.ID || h.Name == "" {
		t.Fatalf("Machine: %+v, %v", h, err)
	}
	if _, err := c.LogonUsers(ctx, machine.ID); err != nil {
		t.Errorf("LogonUsers: %v", err)
	}
	if _, err := c.MachineAlerts(ctx, machine.ID); err != nil {
		t.Errorf("MachineAlerts: %v", err)
	}
	act, err := c.Isolate(ctx, machine.ID, soc.IsolationFull, "test")
	if err != nil || act.ID == "" || act.Status.Final() {
		t.Fatalf("Isolate: %+v, %v", act, err)
	}
	if posts := srv.Tenant.Posts(machine.ID, "isolate"); len(posts) != 1 {
		t.Errorf("the server saw %d isolates, want 1", len(posts))
	}
	list, err := c.HostActions(ctx, machine.ID)
	if err != nil || len(list) == 0 || list[0].ID != act.ID {
		t.Fatalf("HostActions: %+v, %v", list, err)
	}
	if _, err = c.CancelAction(ctx, act.ID, "test"); err != nil {
		t.Fatalf("CancelAction: %v", err)
	}
	if got, err := c.Action(ctx, act.ID); err != nil || got.Status != soc.ActionCancelled {
		t.Errorf("Action after cancel: %+v, %v", got, err)
	}
}
