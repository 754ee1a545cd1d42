package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// channelSecretEnv may hold the password or the signing secrets, so that they need not stand in the process list.
const channelSecretEnv = "CORDON_CHANNEL_SECRET"

// channelFlags are the fields of a channel. Secrets have no flag: other users of the machine can read a command line.
type channelFlags struct {
	name, tenant, level, action, severity, url, layout, from, user, caFile string
	to                                                                     []string
	lifetime                                                               time.Duration
	seed, hostAlerts, startFailures, private, plain, off, secretStdin      bool
}

func (f *channelFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.name, "name", "", "name of the channel, unique among channels and tenants")
	fl.StringVar(&f.tenant, "tenant", "", "threats, probes: name of the tenant that they go to")
	fl.StringVar(&f.level, "at-least", "", "threats: lowest level that is sent: Critical, Elevated, Low or Normal (default Critical)")
	fl.StringVar(&f.action, "action", "", "probes: what devices do with what got through: Block, BlockAndRemediate, Warn or Audit (default Block)")
	fl.StringVar(&f.severity, "severity", "", "probes: Informational, Low, Medium or High (default Medium)")
	fl.DurationVar(&f.lifetime, "lifetime", 0, "probes: how long an indicator lives, for example 2160h; 0 for ever")
	fl.StringVar(&f.url, "url", "", "smtp://host:587, smtps://host:465; tls://host:6514, tcp://, udp://, unix:///path; https://host/path")
	fl.StringVar(&f.layout, "layout", "", "syslog: cef, standard or json (default cef)")
	fl.BoolVar(&f.seed, "vendor-names", false, "syslog: vendor and product of the product that the layouts come from, for parsers that expect them")
	fl.StringVar(&f.from, "from", "", "mail: sender")
	fl.StringSliceVar(&f.to, "to", nil, "mail: recipients")
	fl.StringVar(&f.user, "user", "", "mail: sign-in name")
	fl.BoolVar(&f.hostAlerts, "host-alerts", false, "mail: tell of every lockdown and release")
	fl.BoolVar(&f.startFailures, "start-failures", false, "mail: tell when a part of cordon can not be started")
	fl.StringVar(&f.caFile, "ca-file", "", "certificate of your own CA (PEM)")
	fl.BoolVar(&f.private, "allow-private", false, "allow addresses of this machine and the own network")
	fl.BoolVar(&f.plain, "plain", false, "mail, webhook: without TLS; only to 127.0.0.1 or ::1")
	fl.BoolVar(&f.off, "off", false, "save it switched off")
	fl.BoolVar(&f.secretStdin, "secret-stdin", false, "read the password (mail) or the signing secrets (webhook) from standard input")
}

func addChannelCmd(app App, o *Options) *cobra.Command {
	f := &channelFlags{}
	cmd := &cobra.Command{
		Use: "add TYPE", Short: "Add a channel: threats, probes, mail, syslog or webhook", Args: between(1, 1, "type"),
		Long: `Add a channel: threats, probes (ways in), mail, syslog or webhook (ways out).
Give a password or signing secret with --secret-stdin or in ` + channelSecretEnv + `. Afterwards "cordon channels test NAME" shows whether it works.`,
		Example: `  cordon channels add mail --name soc-mail --url smtp://mail.example.com:587 --from cordon@example.com --to soc@example.com --host-alerts
  cordon channels add syslog --name siem --url tls://siem.example.com:6514 --layout cef
  cordon channels add threats --name mobile --tenant contoso --at-least Elevated
  cordon channels add probes --name tests --tenant contoso --action Audit --lifetime 720h`,
	}
	f.register(cmd)
	cmd.RunE = func(c *cobra.Command, args []string) error {
		return with(app, o, func(c *cobra.Command, b *Backend) error {
			return saveChannel(c, app, o, b, soc.Channel{Type: soc.ChannelType(args[0]), Enabled: true}, f)
		})(c, nil)
	}
	return cmd
}

func setChannelCmd(app App, o *Options) *cobra.Command {
	f := &channelFlags{}
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Change a channel; what has no flag stays as it is", Args: between(1, 1, "name"),
	}
	f.register(cmd)
	cmd.RunE = func(c *cobra.Command, args []string) error {
		return with(app, o, func(c *cobra.Command, b *Backend) error {
			ch, err := channelNamed(c, b, args[0])
			if err != nil {
				return err
			}
			return saveChannel(c, app, o, b, ch, f)
		})(c, nil)
	}
	return cmd
}

func saveChannel(c *cobra.Command, app App, o *Options, b *Backend, draft soc.Channel, f *channelFlags) error {
	if err := f.fill(c, b, &draft); err != nil {
		return err
	}
	secret, err := f.secret(c, app)
	if err != nil {
		return err
	}
	saved, err := b.Channels.SaveChannel(c.Context(), b.Session, draft, secret)
	if err != nil {
		return forShell(err)
	}
	note(c, o, `"cordon channels test %s" shows whether it works`, saved.Name)
	return said(c, o, saved.Name, "saved", true, "saved "+saved.Name)
}

// fill takes over the flags that were given.
func (f *channelFlags) fill(c *cobra.Command, b *Backend, ch *soc.Channel) error {
	given := func(name string) bool { return c.Flags().Changed(name) }
	for name, to := range map[string]*string{
		"name": &ch.Name, "action": &ch.Indicators.Action, "severity": &ch.Indicators.Severity, "url": &ch.Out.URL, "layout": &ch.Out.Layout,
		"from": &ch.Out.From, "user": &ch.Out.User,
	} {
		if given(name) {
			*to, _ = c.Flags().GetString(name)
		}
	}
	for name, to := range map[string]*bool{
		"vendor-names": &ch.Out.SeedNames, "host-alerts": &ch.Out.HostAlerts, "start-failures": &ch.Out.StartFailures,
		"allow-private": &ch.Out.AllowPrivate, "plain": &ch.Out.Plain,
	} {
		if given(name) {
			*to, _ = c.Flags().GetBool(name)
		}
	}
	if given("off") {
		ch.Enabled = !f.off
	}
	if given("at-least") {
		ch.AtLeast = soc.ThreatLevel(f.level)
	}
	if given("lifetime") {
		ch.Indicators.Lifetime = f.lifetime
	}
	if given("to") {
		ch.Out.To = f.to
	}
	if given("ca-file") {
		pem, err := os.ReadFile(f.caFile)
		if err != nil {
			return usageOf(c, "--ca-file: "+err.Error())
		}
		ch.Out.CAPEM = string(pem)
	}
	if given("tenant") || ch.ID == "" && (ch.Type == soc.ChannelThreats || ch.Type == soc.ChannelProbes) {
		in, err := oneIntegration(c, b, f.tenant)
		if err != nil {
			return err
		}
		ch.Tenant = in.ID
	}
	return nil
}

func (f *channelFlags) secret(c *cobra.Command, app App) (string, error) {
	if !f.secretStdin {
		return os.Getenv(channelSecretEnv), nil
	}
	if app.Hidden != nil && onTerminal(c.InOrStdin()) {
		fmt.Fprint(c.ErrOrStderr(), "Password or signing secret (it is not shown): ")
		line, typed, err := app.Hidden(c.InOrStdin())
		fmt.Fprintln(c.ErrOrStderr())
		if err != nil || typed {
			return strings.TrimSpace(line), err
		}
	}
	line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 64<<10)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", usageOf(c, "--secret-stdin: there is nothing on standard input")
	}
	return line, nil
}
