package program

import (
	"context"
	"errors"
	"path/filepath"

	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// keyVerbs are what the command line does with the key of the credentials.
func (v version) keyVerbs() cli.KeyVerbs {
	return cli.KeyVerbs{Unseal: unseal, Passphrase: v.passphrase, State: v.keyState}
}

// unseal gives the passphrase to the process that works on the folder.
func unseal(ctx context.Context, o cli.Options, passphrase string) error {
	cfg, err := load(o)
	if err != nil {
		return err
	}
	return secret.Unseal(ctx, filepath.Join(cfg.Data, secret.SocketName), secret.New(passphrase))
}

// passphrase puts the key under another passphrase, or none, and changes it, so that nobody who has read the file before can use it.
func (v version) passphrase(ctx context.Context, o cli.Options, current, next string) (n int, err error) {
	err = v.onStore(o, "key-passphrase", "the passphrase of the key was changed", func(p *parts, by soc.AuditEntry) error {
		if p.ring.Locked() != nil {
			if err := p.ring.Unlock(secret.New(current)); err != nil {
				return err
			}
		}
		if next == "" {
			by.Detail = "the passphrase of the key was taken away"
		}
		if err := p.ring.SetPassphrase(secret.New(next), secret.Work); err != nil {
			return err
		}
		n, err = p.changeKey(ctx, by)
		return err
	})
	return n, err
}

// changeKey seals all credentials with a new key; see secret.Ring for what a crash in between leaves.
func (p *parts) changeKey(ctx context.Context, by soc.AuditEntry) (n int, err error) {
	if err := p.ring.Begin(); err != nil {
		return 0, err
	}
	if n, err = p.store.Reseal(ctx, p.ring.Reseal, by); err == nil {
		err = p.store.CompactAll(ctx)
	}
	if err != nil {
		return n, err
	}
	return n, p.ring.Finish()
}

// keyState says where the key is, whether it is under a passphrase, and whether this command could open it.
func (v version) keyState(_ context.Context, o cli.Options) (st cli.KeyState, err error) {
	p, err := v.open(o, store.Options{})
	if err != nil {
		return cli.KeyState{}, err
	}
	st = cli.KeyState{Where: p.ring.Path(), Locked: p.ring.Locked() != nil}
	st.Passphrase = st.Locked || !p.ring.Passphrase().Empty()
	return st, errors.Join(err, p.store.Close())
}
