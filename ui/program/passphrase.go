package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cordon/config"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/local"
)

// The passphrase moves with the timers: a console is given it before it takes them over from a background process, and gives it to the one that
// it leaves them to.

const (
	askedTimes = 3
	passWithin = 15 * time.Second // the passphrase must reach the process that keeps the timers next
	sealedSays = "; it is sealed and waits for the passphrase of its key"
)

// hidden reads a line that is not shown; ok is false where there is no terminal.
type hidden func(in io.Reader) (line string, ok bool, err error)

// knock asks for the passphrase before a background process is asked to hand over: nobody would keep the timers while a person types, and a
// process that has the passphrase must not give way to one that has not. It returns what it was given, which may be nothing.
func knock(cfg config.Config, in io.Reader, out io.Writer, read hidden) (secret.Secret, error) {
	if _, err := os.Lstat(filepath.Join(cfg.Data, secret.FileName)); err != nil {
		return secret.Secret{}, nil // nothing is here yet, or the key is not ours to keep: opening tells
	}
	keeper, held := store.Keeper(cfg.Store()), store.Holder(cfg.Store())
	if held != keeper {
		return secret.Secret{}, nil // somebody who does not hand over: opening tells
	}
	ring, _, err := openRing(cfg, os.Getenv("CREDENTIALS_DIRECTORY"))
	if err == nil {
		err = ask(ring, in, out, read)
	}
	if err != nil {
		return secret.Secret{}, err
	}
	if keeper != 0 && ring.Locked() != nil && !secret.Asked(filepath.Join(cfg.Data, secret.SocketName)) {
		return secret.Secret{}, &soc.Error{
			Kind: soc.KindRefused, Code: secret.CodeLocked,
			What:  fmt.Sprintf("process %d keeps the timers and has the passphrase of the key; a console without it could release nothing", keeper),
			Means: "nothing was changed, and its releases go on", Next: `run "cordon" again and type the passphrase`,
		}
	}
	return ring.Passphrase(), nil
}

// ask asks a person for the passphrase; Enter alone, or three wrong ones, leave the ring locked. The error tells that the person gave up.
func ask(ring *secret.Ring, in io.Reader, out io.Writer, read hidden) error {
	for range askedTimes {
		if ring.Locked() == nil {
			return nil
		}
		fmt.Fprint(out, "Passphrase of the key (Enter alone: look only): ")
		line, ok, err := read(in)
		fmt.Fprintln(out)
		if err != nil || !ok || line == "" {
			return err
		}
		if err := ring.Unlock(secret.New(line)); err != nil {
			fmt.Fprintln(out, err)
		}
	}
	return nil
}

// leave waits until the background process that was started, if one was, keeps the timers, and gives it the passphrase if it says that it waits
// for one.
func leave(hand *local.Handover, data string, phrase secret.Secret, out io.Writer) error {
	var said strings.Builder
	if err := hand.Ready(io.MultiWriter(out, &said)); err != nil {
		return err
	}
	if phrase.Empty() || !strings.Contains(said.String(), sealedSays) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), passWithin)
	defer cancel()
	if err := pass(ctx, filepath.Join(data, secret.SocketName), phrase); err != nil {
		return err
	}
	fmt.Fprintln(out, "it has the passphrase now")
	return nil
}

// pass gives the passphrase to the process that listens at path, or will in a moment.
func pass(ctx context.Context, path string, phrase secret.Secret) error {
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		err := secret.Unseal(ctx, path, phrase)
		if err == nil || !errors.Is(err, soc.ErrNotFound) {
			return err
		}
		select {
		case <-ctx.Done():
			return &soc.Error{
				Kind: soc.KindUnavailable, Code: secret.CodeLocked, Err: err, What: "the background process did not take the passphrase of the key",
				Means: "releases wait", Next: `run "cordon unseal"`,
			}
		case <-tick.C:
		}
	}
}
