package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Channels are the ways in and out and the tokens of programs.
type Channels interface {
	Channels(ctx context.Context) ([]soc.ChannelStatus, error)
	TestChannel(ctx context.Context, s soc.Session, draft soc.Channel, secret string, report func(soc.Step)) ([]soc.Step, error)
	SaveChannel(ctx context.Context, s soc.Session, draft soc.Channel, secret string) (soc.Channel, error)
	EnableChannel(ctx context.Context, s soc.Session, id soc.ChannelID, on bool) error
	RemoveChannel(ctx context.Context, s soc.Session, id soc.ChannelID) error
	Tokens(ctx context.Context) ([]soc.Token, error)
	AddToken(ctx context.Context, s soc.Session, draft soc.Token) (soc.Token, string, error)
	RemoveToken(ctx context.Context, s soc.Session, id string) error
}

func channelsCmd(app App, o *Options) *cobra.Command {
	ls := &cobra.Command{
		Use: "list", Short: "The channels, how they are doing, and what they effectively do", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error { return listChannels(c, app, o, b) }),
	}
	named := func(use, short string, do func(c *cobra.Command, b *Backend, ch soc.Channel) error) *cobra.Command {
		return &cobra.Command{
			Use: use + " NAME", Short: short, Args: between(1, 1, "name"),
			RunE: func(c *cobra.Command, args []string) error {
				return with(app, o, func(c *cobra.Command, b *Backend) error {
					ch, err := channelNamed(c, b, args[0])
					if err != nil {
						return err
					}
					return do(c, b, ch)
				})(c, nil)
			},
		}
	}
	toggle := func(on bool) func(c *cobra.Command, b *Backend, ch soc.Channel) error {
		return func(c *cobra.Command, b *Backend, ch soc.Channel) error {
			if err := b.Channels.EnableChannel(c.Context(), b.Session, ch.ID, on); err != nil {
				return forShell(err)
			}
			return said(c, o, ch.Name, "enabled", on, ch.Name+" is "+onOff(on))
		}
	}
	return group("channels", "Integrations that are no tenants: threat reports, probe results, mail, syslog, webhooks",
		ls, addChannelCmd(app, o), setChannelCmd(app, o),
		named("test", "Send a test message, or test the tenant behind a way in", func(c *cobra.Command, b *Backend, ch soc.Channel) error {
			return testChannel(c, o, b, ch, "")
		}),
		named("enable", "Switch a channel on", toggle(true)), named("disable", "Switch a channel off", toggle(false)),
		named("remove", "Remove a channel with its secret and the tokens of its senders", func(c *cobra.Command, b *Backend, ch soc.Channel) error {
			if err := b.Channels.RemoveChannel(c.Context(), b.Session, ch.ID); err != nil {
				return forShell(err)
			}
			return said(c, o, ch.Name, "removed", true, "removed "+ch.Name)
		}))
}

// said prints the one result of a command.
func said(c *cobra.Command, o *Options, name, key string, value any, text string) error {
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"name": name, key: value})
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), text)
	return err
}

type channelView struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	Enabled  bool      `json:"enabled"`
	FromFile bool      `json:"from_file"`
	State    string    `json:"state"`
	Problem  string    `json:"problem,omitempty"`
	Tenant   string    `json:"tenant,omitempty"`
	LastSend time.Time `json:"last_send,omitzero"`
	Waiting  uint64    `json:"waiting"`
	Dead     uint64    `json:"dead_letters"`
	Effect   string    `json:"effect"`
}

func listChannels(c *cobra.Command, app App, o *Options, b *Backend) error {
	all, err := b.Channels.Channels(c.Context())
	if err != nil {
		return err
	}
	views := []channelView{}
	for _, s := range all {
		views = append(views, channelView{
			s.Channel.Name, string(s.Channel.Type), s.Channel.Enabled, s.FromFile, s.State, s.Problem, string(s.Channel.Tenant), s.LastSend,
			s.Waiting, s.Dead, s.Effect,
		})
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"channels": views})
	}
	t := newTable(c.OutOrStdout(), "NAME", "TYPE", "STATE", "LAST SEND", "WAITING", "REFUSED", "EFFECT", "PROBLEM")
	for _, v := range views {
		t.row(v.Name, v.Type, v.State, age(app.Now(), v.LastSend), fmt.Sprint(v.Waiting), fmt.Sprint(v.Dead), v.Effect, v.Problem)
	}
	if len(views) == 0 {
		note(c, o, `there are no channels; "cordon channels add --help" shows how to add one`)
	}
	return t.flush()
}

// channelNamed resolves a name exactly.
func channelNamed(c *cobra.Command, b *Backend, name string) (soc.Channel, error) {
	all, err := b.Channels.Channels(c.Context())
	if err != nil {
		return soc.Channel{}, err
	}
	var names []string
	for _, s := range all {
		switch {
		case s.Channel.Name == name && s.FromFile:
			return soc.Channel{}, &soc.Error{
				Kind: soc.KindRefused, Code: "from-file", What: name + " stands in the configuration file", Means: "it can not be changed here",
				Next: "edit that file",
			}
		case s.Channel.Name == name:
			return s.Channel, nil
		}
		names = append(names, s.Channel.Name)
	}
	return soc.Channel{}, &soc.Error{
		Kind: soc.KindNotFound, Code: "no-channel", What: fmt.Sprintf("no channel is called %q", soc.Clean(name)), Next: "there are: " + list(names),
	}
}

// testChannelNamed is `notify test` for a channel of the store; unknown is what to say when there is no such channel either.
func testChannelNamed(c *cobra.Command, app App, o *Options, name string, unknown error) error {
	return with(app, o, func(c *cobra.Command, b *Backend) error {
		if b.Channels == nil {
			return unknown
		}
		ch, err := channelNamed(c, b, name)
		if errors.Is(err, soc.ErrNotFound) {
			return unknown
		}
		if err != nil {
			return err
		}
		return testChannel(c, o, b, ch, "")
	})(c, nil)
}

func testChannel(c *cobra.Command, o *Options, b *Backend, ch soc.Channel, secret string) error {
	steps, err := b.Channels.TestChannel(c.Context(), b.Session, ch, secret, progress(c, o))
	if err != nil {
		return forShell(err)
	}
	views := []stepView{}
	for _, s := range steps {
		views = append(views, stepView{s.Name, s.Status, s.Took.Milliseconds(), s.Detail, s.Fix})
	}
	if o.JSON {
		if err := printJSON(c.OutOrStdout(), map[string]any{"name": ch.Name, "steps": views}); err != nil {
			return err
		}
	}
	for _, s := range steps {
		if s.Status == soc.StepFail {
			return &soc.Error{
				Kind: soc.KindUnavailable, Code: "test-failed", What: "the test of " + ch.Name + " failed at: " + s.Name, Means: s.Detail, Next: s.Fix,
			}
		}
	}
	if o.JSON {
		return nil
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s works\n", ch.Name)
	return err
}
