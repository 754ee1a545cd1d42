package program

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"cordon/store"
	"cordon/store/soc"
	"cordon/ui/cli"
	"cordon/ui/local"
	"cordon/ui/words"
)

// serve keeps polling and keeps the timers until it is told to stop. A background process waits for the console that started it.
func (v version) serve(ctx context.Context, o cli.Options, background bool, out io.Writer) error {
	cfg, err := load(o)
	if err != nil {
		return err
	}
	if background {
		signal.Ignore(syscall.SIGPIPE) // the console that reads what this process says may be gone first
		if err := store.WaitFree(ctx, cfg.Store()); err != nil {
			return err
		}
	}
	said := io.Writer(os.Stderr)
	if background {
		said = nil
	}
	api, err := newWeb(ctx, cfg, background)
	if err != nil {
		return err
	}
	p, err := v.open(o, store.Options{Background: background}, logTo(cfg, said), api.join)
	if err != nil {
		api.close()
		return err
	}
	api.serves(p)
	return p.work(ctx, func(ctx context.Context) error {
		live, err := p.store.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		if err != nil {
			return err
		}
		waits := ""
		if p.ring.Locked() != nil {
			waits = sealedSays
		}
		fmt.Fprintf(out, "%s%s on %s (process %d)%s\n", local.KeeperSays, words.Count(len(live), "live lockdown"), p.store.Path(), os.Getpid(), waits)
		api.tell(out)
		<-ctx.Done()
		return nil
	})
}
