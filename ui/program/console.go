package program

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/client/poll"
	"cordon/store"
	"cordon/store/soc"
	"cordon/ui"
	"cordon/ui/cli"
	"cordon/ui/local"
)

// console opens the console on the configured folder; a background keeper of the same folder hands its timers over first (K-13).
func (v version) console(ctx context.Context, o cli.Options) error {
	if err := local.Terminal(os.Stdin, os.Stdout, os.Getenv("TERM")); err != nil {
		return err
	}
	cfg, err := load(o)
	if err != nil {
		return err
	}
	keep := []string{"serve", "--background", "--data", cfg.Data}
	if o.Config != "" {
		keep = append(keep, "--config", o.Config)
	}
	phrase, err := knock(cfg, os.Stdin, os.Stderr, local.Hidden)
	if err != nil {
		return err
	}
	kept := store.Keeper(cfg.Store())
	if err := store.TakeOver(ctx, cfg.Store()); err != nil {
		return err
	}
	p, err := v.open(o, store.Options{})
	if err != nil && kept != 0 { // somebody has to go on with the timers
		hand := local.Handover{Start: func() (*local.Keeper, error) { return local.StartKeeper(keep...) }}
		if berr := hand.Begin(); berr != nil {
			return errors.Join(err, berr)
		}
		return errors.Join(err, leave(&hand, cfg.Data, phrase, os.Stdout))
	}
	if err != nil {
		return err
	}
	if !phrase.Empty() {
		if err := p.ring.Unlock(phrase); err != nil {
			p.seal.blame(err.Error()) // the key was changed meanwhile; better sealed than not there
		}
	}
	return p.console(ctx, keep)
}

// console runs the program with the background client beside it. keep are the arguments of the process that keeps the timers when the
// person asks for that; nil when none can.
func (p *parts) console(ctx context.Context, keep []string) error {
	live := func(ctx context.Context) ([]soc.Lockdown, error) { return liveOf(ctx, p.store, time.Now()) }
	var hand local.Handover
	deps := ui.Deps{
		Reader: p.store, Commander: readOnlyBoard{p.engine.Lockdowns, p.ring.Locked}, Connector: p.engine.Tenants, Channels: p.channels, Reports: p.reports,
		Session: session(p.cfg, "tty"), Version: string(p.version), About: p.about(),
		Look:  ui.Look{Theme: p.cfg.Theme, ASCII: p.cfg.ASCII, Bell: p.cfg.Bell, NoColor: os.Getenv("NO_COLOR") != ""},
		Leave: live, Troubles: p.troubles, Shifts: p.cfg.Shifts, History: poll.ParseHistory,
	}
	if keep != nil {
		hand.Start = func() (*local.Keeper, error) { return local.StartKeeper(keep...) }
		deps.Background = func(context.Context) error { return hand.Begin() }
	}
	err := p.work(ctx, func(ctx context.Context) error {
		// Signals end ctx; were Bubble Tea to quit on them by itself, it would look as if the person had chosen to.
		_, err := tea.NewProgram(ui.New(ctx, deps), tea.WithContext(ctx), tea.WithoutSignalHandler()).Run()
		if err != nil {
			err = hand.Unasked(err, live)
		}
		return err
	})
	return errors.Join(err, leave(&hand, p.cfg.Data, p.ring.Passphrase(), os.Stdout))
}

// about says what this console runs on.
func (p *parts) about() [][2]string {
	file := p.cfg.File
	if file == "" {
		file = "none, defaults are in force"
	}
	return [][2]string{{"store", p.store.Path()}, {"store schema", strconv.Itoa(store.Schema())}, {"configuration", file}}
}

// liveOf lists the lockdowns that need a process: the open ones, and ended ones whose late isolate is queued or has struck (C-01).
func liveOf(ctx context.Context, st *store.Store, now time.Time) ([]soc.Lockdown, error) {
	live, err := st.Lockdowns(ctx, soc.LockdownQuery{Open: true})
	if err != nil {
		return nil, err
	}
	watched, err := st.DueLockdowns(ctx, now.Add(2*soc.WatchAfter), 0)
	for _, l := range watched {
		if l.Threatened() {
			live = append(live, l)
		}
	}
	return live, err
}
