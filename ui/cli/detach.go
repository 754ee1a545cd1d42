package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

type detachFlags struct {
	name, confirm         string
	releaseFirst, abandon bool
}

func detachCmd(app App, o *Options) *cobra.Command {
	var f detachFlags
	cmd := &cobra.Command{
		Use: "detach defender", Short: "Detach a Defender tenant", Args: onlyDefender,
		Long: `Detach a Defender tenant: its credentials and cached data are removed, lockdowns and history stay.
With live lockdowns it is refused. --release-first releases these hosts and waits until Defender has confirmed it; --abandon leaves them
isolated without a timer, and wants the name of the integration typed, or given with --confirm.`,
		PreRunE: func(c *cobra.Command, _ []string) error {
			if f.releaseFirst && f.abandon {
				return usageOf(c, "--release-first and --abandon exclude each other")
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.name, "name", "", "integration, when several are attached")
	fl.BoolVar(&f.releaseFirst, "release-first", false, "release its live lockdowns first")
	fl.BoolVar(&f.abandon, "abandon", false, "leave its live lockdowns isolated and forget their timers (audited)")
	fl.StringVar(&f.confirm, "confirm", "", "with --abandon: the name of the integration, instead of typing it")
	cmd.RunE = with(app, o, func(c *cobra.Command, b *Backend) error { return detach(c, o, b, f) })
	return cmd
}

func detach(c *cobra.Command, o *Options, b *Backend, f detachFlags) error {
	in, err := oneIntegration(c, b, f.name)
	if soc.KindOf(err) == soc.KindNotFound {
		return nothingToDetach(c, o, b, f.name)
	}
	if err != nil {
		return err
	}
	if f.abandon {
		if err := confirmAbandon(c, b, in, f.confirm); err != nil {
			return err
		}
	}
	if f.releaseFirst {
		note(c, o, "releasing what is isolated, and waiting for Defender to confirm; interrupt it with ctrl+c, the releases stay ordered")
	}
	if err := b.Connector.Detach(c.Context(), b.Session, in.ID, f.releaseFirst, f.abandon); err != nil {
		return forShell(err)
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"detached": in.Name, "id": in.ID})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "detached %s\n", in.Name)
	return err
}

// nothingToDetach makes a second detach a clean no-op (P-14).
func nothingToDetach(c *cobra.Command, o *Options, b *Backend, name string) error {
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"detached": nil})
	}
	what := "no tenant is attached"
	if name != "" {
		what = fmt.Sprintf("no integration is called %q", soc.Clean(name))
		if ins, err := b.Store.Integrations(c.Context()); err == nil && len(ins) > 0 { // a mistyped name must not look like success
			names := make([]string, 0, len(ins))
			for _, in := range ins {
				names = append(names, in.Name)
			}
			what += " (there are: " + list(names) + ")"
		}
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s; nothing to do\n", what)
	return err
}

// confirmAbandon wants the integration's name typed, after showing which hosts stay isolated (K-07).
func confirmAbandon(c *cobra.Command, b *Backend, in soc.Integration, given string) error {
	locks, err := b.Store.Lockdowns(c.Context(), soc.LockdownQuery{Open: true})
	if err != nil {
		return err
	}
	var hosts []string
	for _, l := range locks {
		if l.Key.Integration == in.ID {
			hosts = append(hosts, l.HostName)
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	if given == "" {
		fmt.Fprintf(c.ErrOrStderr(), "%s stay isolated and nobody will release them.\ntype %s to go on: ", list(hosts), in.Name)
		line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 4096)).ReadString('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading the confirmation: %w", err)
		}
		given = strings.TrimSpace(line)
	}
	if given == in.Name {
		return nil
	}
	return &soc.Error{
		Kind: soc.KindRefused, Code: "not-confirmed", What: fmt.Sprintf("%s was not confirmed by name", in.Name), Means: "nothing was changed",
		Next: "type " + in.Name + ", or give it with --confirm",
	}
}
