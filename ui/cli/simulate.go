package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// SimOptions shape `cordon simulate`. Empty addresses start nothing there.
type SimOptions struct {
	DemoOptions
	Listen string
	Write  string // file for the connection details

	Profile    string        // what the application is granted
	SecretLife time.Duration // how long its secret is valid, 0 = for ever
	Identity   string        // address of a managed identity endpoint, plain HTTP

	Certificate   string // file for a client certificate with its key
	WorkloadToken string // file for a token of another identity provider

	Mail, Syslog, Webhook string // addresses of receivers
}

// profiles are the sets of permissions that the simulator knows by name.
func profiles() []string {
	return []string{"all", "none", "zscaler", "threatconnect", "vectra", "mobile", "prelude", "delegated"}
}

func simulateCmd(app App) *cobra.Command {
	var s SimOptions
	cmd := &cobra.Command{
		Use: "simulate", Short: "Run only the simulated tenant and print how to attach it", Args: noArgs,
		Long: `Run a simulated Defender tenant on loopback addresses until it is interrupted, and print how to attach it.

With --smtp, --syslog and --webhook it also receives notifications and prints each one as it arrives, on one line. ` +
			`While it runs, POST /control changes it: roles, consent, secrets, delays, faults; the printed example shows how.`,
		Example: `  cordon simulate --write tenant.json
  cordon simulate --profile vectra --secret-life 30m
  cordon simulate --write tenant.json --smtp 127.0.0.1:2525 --syslog 127.0.0.1:5514 --webhook 127.0.0.1:8088`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkWorld(s.DemoOptions); err != nil {
				return err
			}
			if !slices.Contains(profiles(), strings.ToLower(s.Profile)) {
				return usage("--profile is one of " + strings.Join(profiles(), ", "))
			}
			if s.SecretLife < 0 {
				return usage("--secret-life is not negative")
			}
			return app.Simulate(c.Context(), s, c.OutOrStdout())
		},
	}
	demoFlags(cmd, &s.DemoOptions)
	f := cmd.Flags()
	f.StringVar(&s.Listen, "listen", "127.0.0.1:0", "loopback address to listen on")
	f.StringVar(&s.Write, "write", "", "write the connection details to this file (0600)")
	f.StringVar(&s.Profile, "profile", "all", "permissions of the application: "+strings.Join(profiles(), ", "))
	f.DurationVar(&s.SecretLife, "secret-life", 0, "how long the client secret is valid (default: for ever)")
	f.StringVar(&s.Identity, "identity", "", "loopback address of a managed identity endpoint (plain HTTP)")
	f.StringVar(&s.Certificate, "certificate", "", "write a client certificate with its key to this PEM file (0600)")
	f.StringVar(&s.WorkloadToken, "workload-token", "", "write a workload identity token to this file (0600)")
	f.StringVar(&s.Mail, "smtp", "", "loopback address of a mail receiver with STARTTLS")
	f.StringVar(&s.Syslog, "syslog", "", "loopback address of a syslog receiver: UDP and TCP there, TLS on a port of its own")
	f.StringVar(&s.Webhook, "webhook", "", "loopback address of a webhook receiver (HTTPS) that checks signatures")
	return cmd
}
