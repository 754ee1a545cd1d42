package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Closer ends a lockdown by hand; see lockdown.Service.CloseLockdown.
type Closer interface {
	CloseLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error)
}

const closeHelp = `End a lockdown by hand, for the record that waits for a person or can not be read any more, when no console can be opened.
Nothing is sent to Defender: a host that is isolated stays isolated, and from now on it is yours. Look at it in the Defender portal first. The reason
and your name go into the history. To release the host, open the console and release it (U).`

// closeCmd is "lockdowns close".
func closeCmd(app App, o *Options) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "close ID", Short: "End a lockdown by hand: nothing is sent, and the host is yours from then on", Long: closeHelp,
		Args: between(1, 1, "lockdown id"),
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usageOf(c, "say why with --reason: somebody must know why the host may stay isolated")
			}
			return with(app, o, func(c *cobra.Command, b *Backend) error {
				l, err := b.Closer.CloseLockdown(c.Context(), b.Session, soc.LockdownID(args[0]), reason)
				if err != nil {
					return err
				}
				return closed(c, app, o, l)
			})(c, nil)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it goes into the history")
	return cmd
}

func closed(c *cobra.Command, app App, o *Options, l soc.Lockdown) error {
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"closed": lockdownViews([]soc.Lockdown{l}, app.Now())})
	}
	host := l.HostName
	if host == "" {
		host = "a host that can not be read any more"
	}
	if _, err := fmt.Fprintf(c.OutOrStdout(), "%s closed: %s\n", l.ID, host); err != nil {
		return err
	}
	warn(c, "nothing was sent to Defender; if the host is isolated it stays so until somebody releases it")
	return nil
}
