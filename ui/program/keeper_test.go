package program

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/client/connect"
	"cordon/client/sim"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
	"cordon/ui/local"
)

// A keeper is started while the console still holds the store, takes it over when the console is gone, releases on time with nobody
// looking, and hands everything back to the next console.
func TestK13_KeeperKeepsTheTimersAndHandsThemBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, err := sim.Serve(ctx, "127.0.0.1:0", quickTenant())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	data := filepath.Join(t.TempDir(), "data")
	empty := filepath.Join(t.TempDir(), "none.yaml")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := cli.Options{Config: empty, Flags: map[string]string{"data": data}}
	const period = 8 * time.Second // longer than it takes until the isolation is noticed
	p, err := version("0.1.0-dev").open(o, store.Options{}, func(p *connect.Parts) { p.Presets, p.Tune = []time.Duration{period}, connect.Lively })
	if err != nil {
		t.Fatal(err)
	}
	c := s.Connection()
	draft := soc.Integration{
		Name: "sim", TenantID: c.TenantID, ClientID: c.AppID, API: c.API, Login: c.Login, CAPEM: c.CAPEM, Custom: true, Environment: "TEST",
		Enabled: true, PollInterval: 5 * time.Second,
	}
	if _, err := p.engine.Tenants.Save(ctx, session(p.cfg, "tty"), draft, c.Secret, nil); err != nil {
		t.Fatal(err)
	}
	var keeper *local.Keeper
	var before soc.Lockdown
	err = p.work(ctx, func(ctx context.Context) (err error) {
		if before, err = p.isolateSome(ctx, period); err != nil {
			return err
		}
		if before, err = p.isolated(ctx, before.ID); err != nil {
			return err
		}
		keeper, err = local.StartKeeper("serve", "--background", "--data", data, "--config", empty)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := keeper.Ready(&said); err != nil {
		t.Fatalf("the keeper: %v", err)
	}
	path := filepath.Join(data, "cordon.db")
	t.Cleanup(func() { _ = store.TakeOver(context.Background(), path) })
	if !strings.Contains(said.String(), local.KeeperSays+"1 live") {
		t.Errorf("the keeper says %q, want one live lockdown", said.String())
	}
	if _, err := store.Open(ctx, path, store.Options{}); soc.KindOf(err) != soc.KindConflict || !strings.Contains(err.Error(), "process ") {
		t.Errorf("T15, a second opener: %v, want a conflict that names the process", err)
	}
	released(t, s, before)
	if err := store.TakeOver(ctx, path); err != nil {
		t.Fatalf("TakeOver: %v", err)
	}
	st, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		t.Fatalf("after the hand-over the store is not free: %v", err)
	}
	defer func() { _ = st.Close() }()
	after, err := st.Lockdown(ctx, before.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !after.Deadline.Equal(before.Deadline) {
		t.Errorf("deadline = %s, want the one from before the hand-over, %s", after.Deadline, before.Deadline)
	}
	if after.Phase != soc.PhaseReleased && after.Phase != soc.PhaseReleasing || after.ReleaseCause != soc.CauseTimer {
		t.Errorf("lockdown is %s by %s, want it released by its timer", after.Phase, after.ReleaseCause)
	}
}

// released waits until the tenant has got exactly one order to release the host, and checks that it did not come early.
func released(t *testing.T, s *sim.Server, l soc.Lockdown) {
	t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for {
		if posts := s.Tenant.Posts(l.Key.MachineID, "unisolate"); len(posts) > 0 {
			if posts[0].At.Before(l.Deadline) || len(posts) > 1 {
				t.Errorf("%d releases, the first at %s, want one after the deadline %s", len(posts), posts[0].At, l.Deadline)
			}
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("nobody released the host")
		}
	}
}
