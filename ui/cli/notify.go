package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Sink is a configured receiver of notifications and how far it got.
type Sink struct {
	Name, Type, Target string
	Used               bool   // false: nothing was ever sent there
	Off                bool   // a channel that is switched off
	Backlog            uint64 // entries that wait
	State              soc.SinkState
}

func notifyCmd(app App, o *Options) *cobra.Command {
	ls := &cobra.Command{
		Use: "list", Short: "Who is told, how far they got, and what they refused", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error { return listSinks(c, app, o, b) }),
	}
	test := &cobra.Command{
		Use: "test NAME", Short: "Send one test message now and say what happened", Args: oneName,
		RunE: func(c *cobra.Command, args []string) error { return testSink(c, app, o, args[0]) },
	}
	return group("notify", "The receivers of notifications: mail, syslog, webhooks, files",
		ls, test, deadCmd(app, o), resendCmd(app, o), dropCmd(app, o))
}

func oneName(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageOf(c, "want the name of one notification sink")
	}
	return nil
}

type sinkView struct {
	Name       string     `json:"name"`
	Type       string     `json:"type"`
	Target     string     `json:"target"`
	State      string     `json:"state"` // off, never used, no answer yet, ok, down
	Since      time.Time  `json:"since,omitzero"`
	Problem    string     `json:"problem,omitempty"`
	Backlog    uint64     `json:"backlog"`
	Seq        uint64     `json:"seq"`
	Checkpoint uint64     `json:"checkpoint"`
	LastOK     time.Time  `json:"last_ok,omitzero"`
	Dropped    uint64     `json:"dropped"`
	GivenUp    uint64     `json:"given_up"`
	Dead       []deadView `json:"dead_letters"`
}

type deadView struct {
	ID     string    `json:"id"`
	Seq    uint64    `json:"seq,omitempty"`
	At     time.Time `json:"at"`
	Tries  int       `json:"tries"`
	Action string    `json:"action,omitempty"`
	Target string    `json:"target,omitempty"`
	Why    string    `json:"why"`
}

func viewSink(s Sink) sinkView {
	v := sinkView{
		Name: s.Name, Type: s.Type, Target: s.Target, State: "ok", Since: s.State.Since, Problem: s.State.Problem, Backlog: s.Backlog,
		Seq: s.State.Seq, Checkpoint: s.State.Checkpoint, LastOK: s.State.LastOK, Dropped: s.State.Dropped, GivenUp: s.State.GivenUp, Dead: []deadView{},
	}
	switch {
	case s.Off:
		v.State = "off"
	case !s.Used:
		v.State = "never used"
	case !s.State.Since.IsZero():
		v.State = "down"
	case s.State.LastOK.IsZero():
		v.State = "no answer yet"
	}
	for _, d := range s.State.Dead {
		v.Dead = append(v.Dead, deadView(d))
	}
	return v
}

func listSinks(c *cobra.Command, app App, o *Options, b *Backend) error {
	views := []sinkView{}
	sinks, err := b.Sinks(c.Context())
	if err != nil {
		return err
	}
	for _, s := range sinks {
		views = append(views, viewSink(s))
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"sinks": views})
	}
	now := app.Now()
	t := newTable(c.OutOrStdout(), "NAME", "TYPE", "TARGET", "STATE", "WAITING", "LAST OK", "DROPPED", "REFUSED", "PROBLEM")
	for _, v := range views {
		state := v.State
		if !v.Since.IsZero() {
			state += " " + age(now, v.Since)
		}
		t.row(v.Name, v.Type, v.Target, state, fmt.Sprint(v.Backlog), age(now, v.LastOK), fmt.Sprint(v.Dropped), fmt.Sprint(v.GivenUp), v.Problem)
	}
	if err := t.flush(); err != nil {
		return err
	}
	for _, v := range views {
		for _, d := range v.Dead {
			note(c, o, "%s refused #%d %s %s at %s after %d tries: %s", v.Name, d.Seq, d.Action, d.Target, stamp(d.At), d.Tries, d.Why)
		}
	}
	note(c, o, "%s", plural(len(views), "notification sink"))
	return nil
}

func testSink(c *cobra.Command, app App, o *Options, name string) error {
	target, took, err := app.Notify(c.Context(), *o, name)
	if errors.Is(err, soc.ErrNotFound) {
		return testChannelNamed(c, app, o, name, err)
	}
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"name": name, "target": target, "delivered": true, "milliseconds": took.Milliseconds()})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s took the test message at %s in %d ms\n", name, target, took.Milliseconds())
	return err
}

// Probe sends a test message to the sink of that name and says where it went and how long it took.
type Probe func(ctx context.Context, o Options, name string) (target string, took time.Duration, err error)
