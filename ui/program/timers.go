package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"cordon/client/connect"
	"cordon/client/lockdown"
	"cordon/config"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// alive is the file in which the keeper of the timers shows that it works.
func alive(cfg config.Config) string { return filepath.Join(cfg.Data, "cordon.alive") }

const (
	handOver = 12 * time.Second // a keeper that has just started, or a command that is about to end
	again    = 500 * time.Millisecond
)

// release runs what is due when nobody else keeps the timers (F65, N-19).
func (v version) release(ctx context.Context, o cli.Options, wait time.Duration, report func(soc.Lockdown)) (cli.Due, error) {
	o.NoSinks = true // a host is not left isolated because a sink is misspelt; the history tells the sinks later
	cfg, err := load(o)
	if err != nil {
		return cli.Due{}, err
	}
	if _, err := os.Stat(cfg.Store()); errors.Is(err, os.ErrNotExist) {
		return cli.Due{}, nil // nothing was ever isolated from here
	}
	p, keeper, err := v.openOrKeeper(ctx, o, cfg)
	if err != nil || keeper.Keeper != 0 {
		return keeper, err
	}
	if err := p.ring.Locked(); err != nil {
		return cli.Due{}, errors.Join(err, p.store.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	rep, err := p.engine.Reconciler.ReleaseDue(ctx, report)
	return cli.Due{Released: rep.Released, Left: rep.Left, Unseen: rep.Unseen, Doubt: rep.Doubt()}, errors.Join(err, p.store.Close())
}

// openOrKeeper opens the store, or tells who holds it and whether that process works.
func (v version) openOrKeeper(ctx context.Context, o cli.Options, cfg config.Config) (*parts, cli.Due, error) {
	clocks := lockdown.SystemClocks()
	for end := time.Now().Add(handOver); ; {
		p, err := v.open(o, store.Options{})
		var e *soc.Error
		if err == nil || !errors.As(err, &e) || e.Code != "store-in-use" {
			return p, cli.Due{}, err
		}
		mark := lockdown.ReadMark(alive(cfg))
		age, ok := mark.Age(clocks)
		if ok && age < lockdown.MarkStale && mark.PID == store.Holder(cfg.Store()) {
			return nil, cli.Due{Keeper: mark.PID}, nil
		}
		if time.Now().After(end) {
			pid := store.Holder(cfg.Store())
			if pid != 0 && secret.Asked(filepath.Join(cfg.Data, secret.SocketName)) {
				return nil, cli.Due{}, sealedKeeper(pid)
			}
			if pid != 0 {
				return nil, cli.Due{Keeper: pid, Silent: max(age, handOver)}, nil
			}
			return nil, cli.Due{}, err
		}
		t := time.NewTimer(again)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, cli.Due{}, ctx.Err()
		case <-t.C:
		}
	}
}

// sealedKeeper is for a process that works and can release nothing: to end it would help nobody.
func sealedKeeper(pid int) error {
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: secret.CodeLocked, What: fmt.Sprintf("process %d holds the store and waits for the passphrase of the key", pid),
		Means: "releases wait", Next: `run "cordon unseal" on this machine`,
	}
}

// keepTime gives the background client what its timers need from this process. Nothing runs worse without a log, so that is no error.
func keepTime(p *connect.Parts, cfg config.Config) {
	p.Alive, p.Shifts = alive(cfg), cfg.Shifts
	if log, err := config.OpenLog(cfg, nil); err == nil {
		p.Log = log
	}
}

// logTo sends the log to w: a server in the foreground is read by whoever started it.
func logTo(cfg config.Config, w io.Writer) func(*connect.Parts) {
	return func(p *connect.Parts) {
		if w == nil {
			return
		}
		if log, err := config.OpenLog(cfg, w); err == nil {
			p.Log = log
		}
	}
}
