package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func demoFlags(c *cobra.Command, d *DemoOptions) {
	f := c.Flags()
	f.Int64Var(&d.Seed, "seed", 1, "seed of the simulated world; the same seed gives the same world")
	f.StringVar(&d.World, "world", "story", "story, S, M, L or XL")
	f.IntVar(&d.Hosts, "hosts", 0, "number of hosts (default: the world's own)")
	f.IntVar(&d.Alerts, "alerts", 0, "number of alerts (default: the world's own)")
}

func checkWorld(d DemoOptions) error {
	switch strings.ToLower(d.World) {
	case "story", "s", "m", "l", "xl":
	default:
		return usage("--world is story, S, M, L or XL")
	}
	if d.Hosts < 0 || d.Alerts < 0 {
		return usage("--hosts and --alerts are not negative")
	}
	return nil
}

func demoCmd(app App, o *Options) *cobra.Command {
	var d DemoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Open the console on a simulated tenant; nothing leaves the machine", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkWorld(d); err != nil {
				return err
			}
			return app.Demo(c.Context(), *o, d)
		},
	}
	demoFlags(cmd, &d)
	cmd.Flags().StringVar(&d.Tenant, "tenant", "", `use a separately started simulator: the file that "cordon simulate --write" made`)
	return cmd
}

func serveCmd(app App, o *Options) *cobra.Command {
	var background bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Keep polling and keep the timers without a console", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return app.Serve(c.Context(), *o, background, c.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&background, "background", false, "a console hands its timers over and takes them back later")
	_ = cmd.Flags().MarkHidden("background")
	httpFlags(cmd)
	return cmd
}

// httpFlags are settings (see settingFlags) that only the server has.
func httpFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("http", "", "address of the HTTP interface, such as 127.0.0.1:8460 (default: off)")
	f.Bool("http-allow-remote", false, "let --http be another address than the loopback one; needs a certificate")
	f.String("http-tls-cert", "", "certificate of the HTTP interface, PEM")
	f.String("http-tls-key", "", "its key, PEM")
}
