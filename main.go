// Command cordon is a terminal console for analysts of Microsoft Defender for Endpoint. See README.md.
//
// main puts the parts together and picks one mode; what the parts do is theirs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strconv"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/client/connect"
	"cordon/client/poll"
	"cordon/client/sim"
	"cordon/config"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui"
	"cordon/ui/cli"
	"cordon/ui/local"
	"cordon/ui/words"
)

// version is set by the linker.
var version = "0.1.0-dev"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main with its surroundings as arguments; it returns the exit code.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	app := cli.App{
		Version: version, Now: time.Now, Schema: store.Schema(), Attach: connect.AttachArgs, History: poll.ParseHistory, Hidden: local.Hidden,
		Open: openBackend, Console: console, Demo: demo, Serve: serve, Simulate: simulate, Config: settings, Paths: paths,
	}
	root := cli.New(app, in, out, errOut)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		cli.Report(errOut, err)
	}
	return cli.ExitCode(err)
}

// parts is an opened folder with everything that works on it.
type parts struct {
	cfg    config.Config
	store  *store.Store
	engine *connect.Engine
}

// open loads the configuration, opens the store and builds the background client; nothing is contacted yet.
func open(o cli.Options, how store.Options, tune ...func(*connect.Parts)) (*parts, error) {
	cfg, err := load(o)
	if err != nil {
		return nil, err
	}
	how.Version = version
	st, err := store.Open(context.Background(), cfg.Store(), how) // closing it is Close's job, not that of a signal
	if err != nil {
		return nil, err
	}
	ring, err := secret.OpenRing(cfg.Data)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	p := connect.Parts{Store: st, Sealer: secret.Text{Ring: ring}, Version: version, Changed: func() { st.Publish(soc.TopicConn) }}
	for _, t := range tune {
		t(&p)
	}
	return &parts{cfg, st, connect.Assemble(p)}, nil
}

func load(o cli.Options) (config.Config, error) {
	cfg, err := config.Load(config.Sources{File: o.Config, Env: os.Environ(), Flags: o.Flags})
	if err != nil {
		return cfg, &soc.Error{Kind: soc.KindInvalid, Code: "config", What: err.Error(), Err: err}
	}
	return cfg, nil
}

// session is the local person: whoever can open the store is its administrator.
func session(cfg config.Config, via string) soc.Session {
	name := "local"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname()
	return soc.Session{
		Actor:  soc.Actor{Name: soc.Clean(name), Via: via, From: soc.Clean(host), Role: "admin"},
		Rights: soc.RoleRights("admin"), ReadOnly: cfg.ReadOnly, Started: time.Now(),
	}
}

func openBackend(_ context.Context, o cli.Options) (*cli.Backend, error) {
	p, err := open(o, store.Options{})
	if err != nil {
		return nil, err
	}
	return &cli.Backend{
		Store: p.store, Connector: alone{p.engine.Tenants, p.engine}, Session: session(p.cfg, "cli"), Close: p.store.Close,
		Ready: p.store.Ready,
		Problems: func(ctx context.Context) []string {
			in, err := p.store.Info(ctx)
			if err != nil {
				return []string{err.Error()}
			}
			return in.Problems
		},
	}, nil
}

// alone connects a command that has no background client running beside it.
type alone struct {
	*connect.Service
	engine *connect.Engine
}

// Detach runs the loop that carries releases out for as long as it waits for them.
func (a alone) Detach(ctx context.Context, s soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error {
	if releaseFirst {
		loop, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = a.engine.Reconciler.Run(loop)
		}()
		defer func() { stop(); <-done }()
	}
	return a.Service.Detach(ctx, s, id, releaseFirst, abandon)
}

func settings(o cli.Options) ([]cli.Setting, error) {
	cfg, err := load(o)
	if err != nil {
		return nil, err
	}
	var out []cli.Setting
	for _, s := range cfg.Settings() {
		out = append(out, cli.Setting{Key: s.Key, Value: s.Value, Origin: s.Origin})
	}
	return out, nil
}

func paths(o cli.Options) (file, data string, err error) {
	cfg, err := load(o)
	if err != nil {
		return "", "", err
	}
	if cfg.File == "" {
		cfg.File = config.DefaultFile()
	}
	return cfg.File, cfg.Data, nil
}

// console opens the console on the configured folder; a background keeper of the same folder hands its timers over first (K-13).
func console(ctx context.Context, o cli.Options) error {
	if err := local.Terminal(os.Stdin, os.Stdout, os.Getenv("TERM")); err != nil {
		return err
	}
	cfg, err := load(o)
	if err != nil {
		return err
	}
	if err := store.TakeOver(ctx, cfg.Store()); err != nil {
		return err
	}
	p, err := open(o, store.Options{})
	if err != nil {
		return err
	}
	keep := []string{"serve", "--background", "--data", cfg.Data}
	if o.Config != "" {
		keep = append(keep, "--config", o.Config)
	}
	return p.console(ctx, keep)
}

// console runs the program with the background client beside it. keep are the arguments of the process that keeps the timers when the
// person asks for that; nil when none can.
func (p *parts) console(ctx context.Context, keep []string) error {
	var keeper *local.Keeper
	deps := ui.Deps{
		Reader: p.store, Commander: p.engine.Lockdowns, Connector: p.engine.Tenants, Session: session(p.cfg, "tty"), Version: version,
		About: p.about(),
		Look:  ui.Look{Theme: p.cfg.Theme, ASCII: p.cfg.ASCII, NoColor: os.Getenv("NO_COLOR") != ""},
		Leave: func(ctx context.Context) ([]soc.Lockdown, error) {
			return p.store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		},
	}
	if keep != nil {
		deps.Background = func(context.Context) (err error) {
			keeper, err = local.StartKeeper(keep...)
			return err
		}
	}
	err := p.work(ctx, func(ctx context.Context) error {
		_, err := tea.NewProgram(ui.New(ctx, deps), tea.WithContext(ctx)).Run()
		return err
	})
	if keeper != nil {
		err = errors.Join(err, keeper.Ready(os.Stdout))
	}
	return err
}

// about says what this console runs on.
func (p *parts) about() [][2]string {
	file := p.cfg.File
	if file == "" {
		file = "none, defaults are in force"
	}
	return [][2]string{{"store", p.store.Path()}, {"store schema", strconv.Itoa(store.Schema())}, {"configuration", file}}
}

// work runs the background client while fn runs, then closes the store.
func (p *parts) work(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.engine.Run(ctx)
	}()
	err := fn(ctx)
	cancel()
	<-done
	return errors.Join(err, p.store.Close())
}

// serve keeps polling and keeps the timers until it is told to stop. A background process waits for the console that started it.
func serve(ctx context.Context, o cli.Options, background bool, out io.Writer) error {
	cfg, err := load(o)
	if err != nil {
		return err
	}
	if background {
		if err := store.WaitFree(ctx, cfg.Store()); err != nil {
			return err
		}
	}
	p, err := open(o, store.Options{Background: background})
	if err != nil {
		return err
	}
	return p.work(ctx, func(ctx context.Context) error {
		live, err := p.store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s%s on %s (process %d)\n", local.KeeperSays, words.Count(len(live), "live lockdown"), p.store.Path(), os.Getpid())
		<-ctx.Done()
		return nil
	})
}

// demo is the ordinary console, attached to a simulated tenant, with presets short enough to watch a release happen (K-03, K-14).
func demo(ctx context.Context, o cli.Options, d cli.DemoOptions) error {
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
	p, err := open(o, store.Options{}, func(p *connect.Parts) { p.Presets, p.Tune = short, connect.Lively })
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

func simulate(ctx context.Context, o cli.SimOptions, out io.Writer) error {
	s, err := startSim(ctx, o.Listen, o.DemoOptions)
	if err != nil {
		return err
	}
	defer s.Close()
	c, caFile := s.Connection(), ""
	if o.Write != "" {
		caFile = o.Write + ".ca.pem"
		if err := errors.Join(c.WriteFile(o.Write), os.WriteFile(caFile, []byte(c.CAPEM), 0o600)); err != nil {
			return err
		}
	}
	c.Describe(out, caFile)
	<-ctx.Done()
	return nil
}
