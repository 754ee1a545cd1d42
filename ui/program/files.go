package program

import (
	"context"
	"errors"
	"time"

	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// onStore runs fn on the opened store, with the history line that says which person did it.
func (v version) onStore(o cli.Options, action, detail string, fn func(p *parts, by soc.AuditEntry) error) error {
	p, err := v.open(o, store.Options{})
	if err != nil {
		return err
	}
	by := soc.AuditEntry{Actor: session(p.cfg, "cli").Actor, Action: action, Target: "store", Result: soc.ResultOK, Detail: detail}
	return errors.Join(fn(p, by), p.store.Close())
}

func (v version) backup(ctx context.Context, o cli.Options, to string) (r cli.FileReport, err error) {
	err = v.onStore(o, "", "", func(p *parts, _ soc.AuditEntry) error {
		rep, err := p.store.Backup(ctx, to)
		r = cli.FileReport(rep)
		return err
	})
	return r, err
}

func restore(ctx context.Context, o cli.Options, from string) (cli.FileReport, string, error) {
	cfg, err := load(o)
	if err != nil {
		return cli.FileReport{}, "", err
	}
	done, err := store.Restore(ctx, cfg.Store(), from, time.Now())
	return cli.FileReport(done.Report), done.Before, err
}

func (v version) accept(ctx context.Context, o cli.Options, reason string) error {
	return v.onStore(o, "accept", reason, func(p *parts, by soc.AuditEntry) error { return p.store.Accept(ctx, by) })
}

// rotate seals all credentials with a new key.
func (v version) rotate(ctx context.Context, o cli.Options) (n int, err error) {
	err = v.onStore(o, "rotate-key", "all credentials were encrypted with a new key", func(p *parts, by soc.AuditEntry) error {
		n, err = p.changeKey(ctx, by)
		return err
	})
	return n, err
}

func (v version) compact(ctx context.Context, o cli.Options) (before, after int64, err error) {
	err = v.onStore(o, "", "", func(p *parts, _ soc.AuditEntry) (err error) {
		if before, err = p.store.Size(ctx); err != nil {
			return err
		}
		if err = p.store.CompactAll(ctx); err != nil {
			return err
		}
		after, err = p.store.Size(ctx)
		return err
	})
	return before, after, err
}

func (v version) doctor(ctx context.Context, o cli.Options) (facts [][2]string, troubles []soc.Trouble, problems []string, err error) {
	err = v.onStore(o, "", "", func(p *parts, _ soc.AuditEntry) error {
		if err := p.store.Ready(ctx); err != nil {
			return err
		}
		in, err := p.store.Info(ctx)
		facts, troubles, problems = in.Facts(), p.store.Troubles(), in.Problems
		return err
	})
	return facts, troubles, problems, err
}
