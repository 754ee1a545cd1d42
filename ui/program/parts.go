package program

import (
	"context"
	"errors"
	"os"
	"os/user"
	"time"

	"cordon/client/channel"
	"cordon/client/connect"
	"cordon/client/notify"
	"cordon/client/report"
	"cordon/config"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// parts is an opened folder with everything that works on it.
type parts struct {
	version  version
	cfg      config.Config
	store    *store.Store
	engine   *connect.Engine
	ring     *secret.Ring
	seal     *sealed
	sinks    *notify.Notifier
	channels *channel.Service
	reports  *report.Service
}

// troubles is what is wrong with the machinery, the worst first.
func (p *parts) troubles() []soc.Trouble {
	list := append(p.store.Troubles(), p.sinks.Troubles()...)
	if p.engine != nil {
		list = append(list, p.engine.Troubles()...)
	}
	list = append(list, p.seal.troubles()...)
	soc.SortTroubles(list)
	return list
}

// open loads the configuration, opens the store and builds the background client; nothing is contacted yet.
func (v version) open(o cli.Options, how store.Options, tune ...func(*connect.Parts)) (*parts, error) {
	cfg, err := load(o)
	if err != nil {
		return nil, err
	}
	how.Version, how.Retention = string(v), cfg.Retention
	st, err := store.Open(context.Background(), cfg.Store(), how) // closing it is Close's job, not that of a signal
	if err != nil {
		return nil, err
	}
	ring, why, err := openRing(cfg, os.Getenv("CREDENTIALS_DIRECTORY"))
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	p := connect.Parts{
		Store: st, Sealer: secret.Text{Ring: ring}, Version: string(v), Restarts: cfg.MaxRestarts, Changed: func() { st.Publish(soc.TopicConn) },
	}
	p.Loops = append(p.Loops, connect.Loop{Name: "checkpoints", Run: st.RunCheckpoints})
	p.CanIsolate, p.Loops = st.CanIsolate, append(p.Loops, connect.Loop{Name: "store", Run: st.Watchdog})
	all := &parts{version: v, cfg: cfg, store: st, ring: ring, seal: newSealed(ring, st, cfg.Data, why)}
	all.seal.gate(&p)
	all.channels = channelsOf(all, p.Sealer)
	all.reports = reportsOf(all)
	p.Loops = append(p.Loops, reportsLoop(all.reports, p.Opened))
	if all.sinks, err = notifier(cfg, st, v.self(), all.channels.Specs, all.troubles); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	p.Loops = append(p.Loops, connect.Loop{Name: notifierName, Run: all.sinks.Run})
	keepTime(&p, cfg)
	for _, t := range tune {
		t(&p)
	}
	all.engine = connect.Assemble(p)
	return all, nil
}

func load(o cli.Options) (config.Config, error) {
	cfg, err := config.Load(config.Sources{File: o.Config, Env: os.Environ(), Flags: o.Flags, NoSinks: o.NoSinks})
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

// work runs the background client while fn runs, then closes the store.
func (p *parts) work(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.engine.Run(ctx)
	}()
	go func() { // without its file nothing can be kept: end in good order (F69)
		select {
		case <-p.store.Lost():
			cancel()
		case <-ctx.Done():
		}
	}()
	err := fn(ctx)
	cancel()
	<-done
	if lost := p.store.LostErr(); lost != nil {
		err = lost
	}
	return errors.Join(err, p.store.Close())
}
