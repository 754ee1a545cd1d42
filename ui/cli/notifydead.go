package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Letters are the messages that sinks refused for good. Both methods take the name of a sink and the ids of letters, none meaning all.
type Letters interface {
	// Resend sends them once more and takes those that arrive off the list; it returns how many arrived.
	Resend(ctx context.Context, s soc.Session, name string, ids []string) (int, error)
	// Drop takes them off the list and returns how many there were.
	Drop(ctx context.Context, s soc.Session, name string, ids []string) (int, error)
}

func deadCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "dead [NAME]", Short: "What the receivers refused for good", Args: between(0, 1, "name"),
		RunE: func(c *cobra.Command, args []string) error {
			return with(app, o, func(c *cobra.Command, b *Backend) error { return listDead(c, o, b, args) })(c, nil)
		},
	}
}

func listDead(c *cobra.Command, o *Options, b *Backend, args []string) error {
	sinks, err := b.Sinks(c.Context())
	if err != nil {
		return err
	}
	type sinkDead struct {
		Sink string     `json:"sink"`
		Dead []deadView `json:"dead_letters"`
	}
	views, found := []sinkDead{}, len(args) == 0
	t := newTable(c.OutOrStdout(), "SINK", "ID", "AT", "TRIES", "ENTRY", "ACTION", "TARGET", "WHY")
	for _, s := range sinks {
		if len(args) == 1 && s.Name != args[0] {
			continue
		}
		found = true
		v := viewSink(s)
		views = append(views, sinkDead{s.Name, v.Dead})
		for _, d := range v.Dead {
			t.row(s.Name, d.ID, stamp(d.At), fmt.Sprint(d.Tries), fmt.Sprint(d.Seq), d.Action, d.Target, d.Why)
		}
	}
	if !found {
		return &soc.Error{
			Kind: soc.KindNotFound, Code: "no-sink", What: fmt.Sprintf("there is no notification sink or channel %q", soc.Clean(args[0])),
			Next: `see "cordon notify list"`,
		}
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"sinks": views})
	}
	note(c, o, `"cordon notify resend NAME" sends them once more, "cordon notify drop NAME" takes them off this list; the history keeps its entries`)
	return t.flush()
}

func resendCmd(app App, o *Options) *cobra.Command {
	return lettersCmd(app, o, "resend NAME [ID...]", "Send once more what a receiver refused", "sent", Letters.Resend)
}

func dropCmd(app App, o *Options) *cobra.Command {
	return lettersCmd(app, o, "drop NAME [ID...]", "Take what a receiver refused off the list", "dropped", Letters.Drop)
}

func lettersCmd(
	app App, o *Options, use, short, done string, do func(l Letters, ctx context.Context, s soc.Session, name string, ids []string) (int, error),
) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: between(1, 1000, "name"),
		RunE: func(c *cobra.Command, args []string) error {
			return with(app, o, func(c *cobra.Command, b *Backend) error {
				n, err := do(b.Letters, c.Context(), b.Session, args[0], args[1:])
				if err != nil {
					return err
				}
				if o.JSON {
					return printJSON(c.OutOrStdout(), map[string]any{"name": args[0], done: n})
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s %s\n", args[0], plural(n, "message"), done)
				return err
			})(c, nil)
		},
	}
}
