package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// secretEnv may hold APP_ID/APP_SECRET for `partner attach`, so that it need not stand in the process list.
const secretEnv = "CORDON_SECRET"

// certPasswordEnv may hold the password of a PFX file.
const certPasswordEnv = "CORDON_CERTIFICATE_PASSWORD"

type attachFlags struct {
	user, secret, api, name, login, cloud, region, scope, caFile, env, history, interval string
	auth, client, certificate, tokenFile, proxy, expiry                                  string
	profiles, allowed                                                                    []string
	custom, secretStdin                                                                  bool
}

func attachCmd(app App, o *Options) *cobra.Command {
	var f attachFlags
	cmd := &cobra.Command{
		Use: "attach defender", Short: "Attach a Defender tenant", Args: onlyDefender,
		Long: `Attach a Defender tenant. The connection is tested first; nothing is stored if the test fails.
Give the secret with --secret-stdin or in CORDON_SECRET: on the command line other users of this machine can read it.
Instead of a secret, --certificate takes a PEM or PFX file with certificate and private key (the password of a PFX with --secret-stdin or in
CORDON_CERTIFICATE_PASSWORD), and --auth managed-identity or workload-identity takes what the platform gives; all three want --client.`,
		Example: `  cordon partner attach defender --user TENANT_ID --secret APP_ID/APP_SECRET --api https://api.securitycenter.microsoft.com
  pass show defender | cordon partner attach defender --secret-stdin --user TENANT_ID --api https://api-eu.securitycenter.microsoft.com
  cordon partner attach defender --user TENANT_ID --client APP_ID --certificate app.pem --region eu --profile vectra`,
	}
	fl := cmd.Flags()
	fl.StringVar(&f.user, "user", "", "tenant id")
	fl.StringVar(&f.secret, "secret", "", "APP_ID/APP_SECRET")
	fl.BoolVar(&f.secretStdin, "secret-stdin", false, "read APP_ID/APP_SECRET, or the password of a PFX file, from standard input")
	fl.StringVar(&f.auth, "auth", "", "secret, certificate, managed-identity or workload-identity (default: secret)")
	fl.StringVar(&f.client, "client", "", "application id, when there is no secret to carry it")
	fl.StringVar(&f.certificate, "certificate", "", "PEM or PFX file with certificate and private key")
	fl.StringVar(&f.tokenFile, "token-file", "", "federated token of a workload identity (default: AZURE_FEDERATED_TOKEN_FILE)")
	fl.StringVar(&f.expiry, "expiry", "", "when the secret ends, for example 2027-03-01; a certificate says so itself")
	fl.StringVar(&f.api, "api", "", "base URL of the API, for example https://api.securitycenter.microsoft.com")
	fl.StringVar(&f.region, "region", "", "us, eu, uk, au, swa or ina: the API of a region of the commercial cloud, instead of --api")
	fl.StringVar(&f.name, "name", "", "name of the integration (default: the tenant id)")
	fl.StringVar(&f.login, "login", "", "sign-in host, when it is not the cloud's own")
	fl.StringVar(&f.cloud, "cloud", "commercial", "commercial, gcc, gcc-high or dod")
	fl.StringVar(&f.scope, "scope", "", "token scope, when it is not the cloud's own")
	fl.StringVar(&f.proxy, "proxy", "", `http://host:port for this tenant, or "none" (default: as the environment says)`)
	fl.StringVar(&f.caFile, "ca-file", "", "extra CA certificates (PEM); also --ca")
	fl.StringVar(&f.env, "environment", "PROD", "PROD or TEST: the badge of every screen; also --env")
	fl.StringVar(&f.history, "max-history", "",
		`how far back the first poll reaches: "30 days ago", a date or a time (default: poll.max-history); also --history`)
	fl.StringVar(&f.interval, "poll-interval", "", "how often to poll: 1m, 30s, or a number of minutes (default: poll.interval); also --poll")
	fl.StringSliceVar(&f.profiles, "profile", nil,
		"permission set that the app is meant to have: zscaler, threatconnect, vectra, prelude, read, lock, … (repeatable)")
	fl.StringSliceVar(&f.allowed, "allowed", nil, "who may use the tenant: names, or role:NAME (repeatable; default: everybody)")
	for short, target := range map[string]*string{"ca": &f.caFile, "env": &f.env, "history": &f.history, "poll": &f.interval} {
		fl.StringVar(target, short, *target, "short for the longer flag")
		_ = fl.MarkHidden(short) // the flag was made in the line before
	}
	fl.BoolVar(&f.custom, "allow-custom-host", false, "accept an API or sign-in host that is not Microsoft's")
	cmd.RunE = func(c *cobra.Command, _ []string) error { return attach(c, app, o, f) }
	return cmd
}

func attach(c *cobra.Command, app App, o *Options, f attachFlags) error {
	if err := f.address(c); err != nil {
		return err
	}
	draft, credential, err := f.credential(c, app)
	if err != nil {
		return err
	}
	if err := f.defaults(app, o); err != nil {
		return err
	}
	if err := f.fill(c, &draft); err != nil {
		return err
	}
	from, err := app.History(draft.MaxHistory, app.Now())
	if err != nil {
		return usageOf(c, "--max-history: "+err.Error())
	}
	return with(app, o, func(c *cobra.Command, b *Backend) error {
		saved, err := b.Connector.Save(c.Context(), b.Session, draft, credential, progress(c, o))
		if err != nil {
			return forShell(err)
		}
		if o.JSON {
			return printJSON(c.OutOrStdout(), map[string]any{"attached": saved.Name, "id": saved.ID, "alerts_from": stamp(from)})
		}
		note(c, o, `"cordon" or "cordon serve" brings its alerts in, from %s on`, stamp(from))
		_, err = fmt.Fprintf(c.OutOrStdout(), "attached %s\n", saved.Name)
		return err
	})(c, nil)
}

// appSecret finds the secret: standard input, the flag with a warning because argv is public, or the environment.
func (f attachFlags) appSecret(c *cobra.Command, app App) (string, error) {
	switch {
	case f.secretStdin && f.secret != "":
		return "", usageOf(c, "--secret and --secret-stdin exclude each other")
	case f.secretStdin:
		return readLine(c, app, "APP_ID/APP_SECRET (it is not shown): ")
	case f.secret != "":
		warn(c, "a secret on the command line can be read by other users of this machine; use --secret-stdin or %s", secretEnv)
		return f.secret, nil
	case os.Getenv(secretEnv) != "":
		return os.Getenv(secretEnv), nil
	}
	return "", usageOf(c, "no secret: give APP_ID/APP_SECRET with --secret-stdin, in "+secretEnv+", or with --secret")
}

// readLine reads a line that nobody else shall see.
func readLine(c *cobra.Command, app App, prompt string) (string, error) {
	line, typed, err := "", false, error(nil)
	if app.Hidden != nil && onTerminal(c.InOrStdin()) {
		fmt.Fprint(c.ErrOrStderr(), prompt)
		line, typed, err = app.Hidden(c.InOrStdin())
		fmt.Fprintln(c.ErrOrStderr())
	}
	if !typed && err == nil {
		line, err = bufio.NewReader(io.LimitReader(c.InOrStdin(), 64<<10)).ReadString('\n')
	}
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	line = strings.TrimSpace(line)
	if line == "" {
		return "", usageOf(c, "--secret-stdin: there is nothing on standard input")
	}
	return line, nil
}

// defaults takes what was not given from the configuration.
func (f *attachFlags) defaults(app App, o *Options) error {
	if f.history != "" && f.interval != "" {
		return nil
	}
	set, err := app.Config(*o)
	if err != nil {
		return err
	}
	for _, s := range set {
		switch {
		case s.Key == "poll.max-history" && f.history == "":
			f.history = s.Value
		case s.Key == "poll.interval" && f.interval == "":
			f.interval = s.Value
		}
	}
	return nil
}

func (f attachFlags) fill(c *cobra.Command, in *soc.Integration) error {
	if in.Name = f.name; in.Name == "" {
		in.Name = in.TenantID
	}
	in.Cloud, in.Scope, in.Custom, in.Login, in.MaxHistory = f.cloud, f.scope, f.custom, f.login, f.history
	in.Environment, in.Enabled = strings.ToUpper(f.env), true
	if in.Environment != "PROD" && in.Environment != "TEST" {
		return usageOf(c, "--environment is PROD or TEST")
	}
	if !oneOf(f.cloud, "commercial", "gcc", "gcc-high", "dod") {
		return usageOf(c, fmt.Sprintf("--cloud is commercial, gcc, gcc-high or dod, not %q", f.cloud))
	}
	typed := f.interval
	if n, err := strconv.Atoi(f.interval); err == nil { // the product that the setting comes from counts in minutes (T-31)
		f.interval = fmt.Sprintf("%dm", n)
	}
	d, err := time.ParseDuration(f.interval)
	if err != nil || d <= 0 {
		return usageOf(c, fmt.Sprintf("--poll-interval wants a duration such as 30s or 5m, or a number of minutes from 1 on, not %q", typed))
	}
	in.PollInterval, in.Proxy, in.Profiles, in.Allowed = d, f.proxy, f.profiles, f.allowed
	if f.expiry != "" {
		if in.SecretExpiry, err = time.Parse("2006-01-02", f.expiry); err != nil {
			return usageOf(c, fmt.Sprintf("--expiry wants a date such as 2027-03-01, not %q", f.expiry))
		}
	}
	if f.caFile == "" {
		return nil
	}
	// A later process, started elsewhere, must find the file too.
	if in.CAFile, err = filepath.Abs(f.caFile); err != nil {
		return fmt.Errorf("finding %s: %w", f.caFile, err)
	}
	return nil
}

func oneOf(s string, words ...string) bool {
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}
