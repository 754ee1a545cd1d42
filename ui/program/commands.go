package program

import (
	"context"

	"cordon/client/connect"
	"cordon/config"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

func (v version) openBackend(_ context.Context, o cli.Options) (*cli.Backend, error) {
	p, err := v.open(o, store.Options{})
	if err != nil {
		return nil, err
	}
	return &cli.Backend{
		Store: p.store, Connector: alone{p.engine.Tenants, p.engine, p.ring.Locked}, Session: session(p.cfg, "cli"), Close: p.store.Close,
		Troubles: p.troubles,
		Ready:    p.store.Ready, Recover: p.engine.Lockdowns, Closer: readOnlyBoard{p.engine.Lockdowns, p.ring.Locked},
		Sinks: letters{p}.sinks, Channels: p.channels, Letters: letters{p}, Reports: p.reports,
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
	locked func() error
}

// Detach runs the loop that carries releases out for as long as it waits for them.
func (a alone) Detach(ctx context.Context, s soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error {
	if releaseFirst && a.locked() == nil {
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
