package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cordon/client/connect"
	"cordon/client/sim"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
	"cordon/ui/local"
)

// demo is the ordinary console, attached to a simulated tenant, with presets short enough to watch a release happen (K-03, K-14).
func (v version) demo(ctx context.Context, o cli.Options, d cli.DemoOptions) error {
	if err := local.Terminal(os.Stdin, os.Stdout, os.Getenv("TERM")); err != nil {
		return err
	}
	if o.Flags["data"] == "" {
		dir, err := os.MkdirTemp("", "cordon-demo-")
		if err != nil {
			return fmt.Errorf("making a folder for the demo: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o.Flags["data"] = dir
	}
	tenant, err := tenant(ctx, d)
	if err != nil {
		return err
	}
	short := []time.Duration{30 * time.Second, 2 * time.Minute}
	p, err := v.open(o, store.Options{}, func(p *connect.Parts) { p.Presets, p.Tune = short, connect.Lively }, tellNobody)
	if err != nil {
		return err
	}
	draft := soc.Integration{
		Name: "demo", TenantID: tenant.TenantID, ClientID: tenant.AppID, API: tenant.API, Login: tenant.Login, CAPEM: tenant.CAPEM, Custom: true,
		Environment: "TEST", Enabled: true, PollInterval: 5 * time.Second,
	}
	if err := p.engine.Demo(ctx, session(p.cfg, "tty"), draft, tenant.Secret, short[0]); err != nil {
		return errors.Join(err, p.store.Close())
	}
	return p.console(ctx, nil)
}

// tenant starts an embedded simulator, or reads how to reach one that was started separately.
func tenant(ctx context.Context, d cli.DemoOptions) (sim.Connection, error) {
	if d.Tenant != "" {
		return sim.ReadConnection(d.Tenant)
	}
	s, err := startSim(ctx, "127.0.0.1:0", d)
	if err != nil {
		return sim.Connection{}, err
	}
	return s.Connection(), nil
}

func startSim(ctx context.Context, addr string, d cli.DemoOptions) (*sim.Server, error) {
	world, err := sim.ParseWorld(d.World)
	if err != nil {
		return nil, err
	}
	return sim.Serve(ctx, addr, sim.New(sim.Options{Seed: uint64(d.Seed), World: world, Hosts: d.Hosts, Alerts: d.Alerts}))
}
