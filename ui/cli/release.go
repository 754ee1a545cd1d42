package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Due is what `cordon release --due` found and did.
type Due struct {
	// Keeper is the process that keeps the timers; then nothing else was done. 0 means that this command did the work.
	Keeper int
	// Silent is how long that process has shown no sign of life; zero when it works.
	Silent time.Duration

	Released []soc.Lockdown
	Left     []soc.Lockdown // still owed
	Unseen   []soc.Lockdown // may be over, but Defender could not be asked
	// Doubt says that something may be due, but no server said what time it is.
	Doubt bool
}

// Sweep releases what is due; report is told about each host that is free.
type Sweep func(ctx context.Context, o Options, wait time.Duration, report func(soc.Lockdown)) (Due, error)

func releaseCmd(app App, o *Options) *cobra.Command {
	var due bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "release --due", Short: "Release what is due when no cordon is running: for a timer of the system", Args: noArgs,
		Long: `Release every host whose lockdown has run out, wait until Defender has confirmed it, and say what was done.
While another cordon holds the store and works, it keeps the timers and there is nothing to do. Run it every few minutes beside
"cordon serve" (docs/operations.md has the units): it does the work when that process is gone.
What waited for its device when the last cordon ended is looked at in Defender first: it may be isolated, and over, since.
Exit codes: 0 nothing was due or all is released, 1 the process that holds the store shows no sign of life, 5 Defender is unreachable or could not
be asked what is due, 6 rate-limited, 7 some are released and some are not.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if !due {
				return usageOf(c, `say what to release: "cordon release --due"; single hosts are released in the console (U)`)
			}
			return releaseDue(c, app, o, wait)
		},
	}
	cmd.Flags().BoolVar(&due, "due", false, "everything whose time has run out")
	cmd.Flags().DurationVar(&wait, "wait", 10*time.Minute, "how long to try")
	return cmd
}

func releaseDue(c *cobra.Command, app App, o *Options, wait time.Duration) error {
	d, err := app.Release(c.Context(), *o, wait, func(l soc.Lockdown) { note(c, o, "%s %s", l.HostName, l.Word(app.Now())) })
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if o.JSON {
		err = printJSON(out, map[string]any{
			"keeper": d.Keeper, "silent_seconds": d.Silent.Seconds(), "released": lockdownViews(d.Released, app.Now()),
			"left": lockdownViews(d.Left, app.Now()), "unseen": lockdownViews(d.Unseen, app.Now()), "clock_unknown": d.Doubt,
		})
		if err != nil {
			return err
		}
	} else {
		fmt.Fprintln(out, d.words())
	}
	return d.verdict()
}

func (d Due) words() string {
	switch {
	case d.Keeper != 0 && d.Silent == 0:
		return fmt.Sprintf("process %d keeps the timers; nothing to do", d.Keeper)
	case d.Keeper != 0:
		return fmt.Sprintf("process %d holds the store and has shown no sign of life for %s", d.Keeper, soc.Spoken(d.Silent))
	case len(d.Released)+len(d.Left)+len(d.Unseen) == 0 && !d.Doubt:
		return "nothing is due"
	}
	s := fmt.Sprintf("%s released, %d still owed", plural(len(d.Released), "host"), len(d.Left))
	if len(d.Unseen) > 0 {
		s += fmt.Sprintf(", %d could not be looked at", len(d.Unseen))
	}
	return s
}

// verdict is the exit code as an error.
func (d Due) verdict() error {
	e := &soc.Error{Kind: soc.KindUnavailable, Code: "not-released", Means: "these hosts may still be isolated", Next: "run it again, or look at them in Defender"}
	switch {
	case d.Silent > 0:
		return &soc.Error{
			Kind: soc.KindInternal, Code: "keeper-silent", What: d.words(), Means: "its timers may not run; isolated hosts may stay isolated",
			Next: fmt.Sprintf("end process %d, then run this again", d.Keeper),
		}
	case d.Keeper != 0 || len(d.Left)+len(d.Unseen) == 0 && !d.Doubt:
		return nil
	case len(d.Left) == 0 && len(d.Unseen) > 0:
		e.Code, e.What = "not-looked-at", "could not be looked at in Defender: "+names(d.Unseen)
		e.Means = "their time may be over and these hosts still isolated"
		return e
	case len(d.Left) == 0:
		e.Code, e.What, e.Means = "clock-unknown", "no server said what time it is", "what may be due was not released"
		return e
	case len(d.Released) > 0:
		e.Code = "releases-under-way"
	case throttledAll(d.Left):
		e.Kind = soc.KindThrottled
	}
	e.What = "not released in time: " + names(d.Left)
	return e
}

func names(lockdowns []soc.Lockdown) string {
	var names []string
	for _, l := range lockdowns {
		names = append(names, l.HostName)
	}
	return list(names)
}

// throttledAll reports whether every one waits for Defender's budget: its last order was refused with a time to come back, and nothing failed.
func throttledAll(left []soc.Lockdown) bool {
	for _, l := range left {
		if a, ok := l.LastAttempt(); !ok || a.Outcome != soc.OutcomeRefused || l.Failures > 0 {
			return false
		}
	}
	return true
}
