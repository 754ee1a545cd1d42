// Package cli is the command tree: the same verbs for a local shell and, later, for `ssh host COMMAND`.
//
// It knows no store, no client and no terminal: main hands it an App of functions that open those, so that every command can be tested
// with plain values. Listings print a table for people and, with --json, one object with a schema_version for scripts. Nothing but the
// result goes to standard output; progress, notes, warnings and errors go to standard error. Exit codes follow the class of the error
// (see ExitCode), and an error says what happened, what it means and what to do next.
package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Store is what the commands read.
type Store interface {
	Alerts(ctx context.Context, q soc.Query) (soc.AlertPage, error)
	AlertRaw(ctx context.Context, key soc.AlertKey) ([]byte, error)
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Isolations(ctx context.Context) ([]soc.Isolation, error)
	Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error)
	VerifyHistory(ctx context.Context, o soc.VerifyOptions) (soc.ChainReport, error)
	ExportAudit(ctx context.Context, w io.Writer, x soc.AuditExport) (records int, err error)
	// Signer is the public key of the checkpoints, KeyPath the file with the first key of the seal.
	Signer() (string, error)
	KeyPath() (string, error)
	Integrations(ctx context.Context) ([]soc.Integration, error)
	PollState(ctx context.Context, id soc.IntegrationID) (soc.PollState, error)
}

// Connector changes and tests integrations.
type Connector interface {
	Test(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error)
	Save(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) (soc.Integration, error)
	Detach(ctx context.Context, s soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error
	// PermissionsNow signs in anew and tells what the tokens allow.
	PermissionsNow(ctx context.Context, s soc.Session, id soc.IntegrationID) (soc.PermissionReport, error)
}

// Backend is an opened store with what belongs to it. Close it.
type Backend struct {
	Store     Store
	Connector Connector
	Session   soc.Session
	// Ready waits until the store knows all its alerts; counts before that are too small.
	Ready func(ctx context.Context) error
	// Sinks tells who is notified and how far they got.
	Sinks func(ctx context.Context) ([]Sink, error)
	// Letters are what sinks refused for good; Channels are the ways in and out, and the tokens of programs.
	Letters  Letters
	Channels Channels
	// Reports are the threat reports and the indicators.
	Reports Reports
	// Recover rebuilds lockdowns from the tenant (K-12).
	Recover Recoverer
	// Closer ends a lockdown by hand.
	Closer Closer
	// Troubles is what is wrong with the machinery now, the worst first; nil means that nobody knows.
	Troubles func() []soc.Trouble
	// Problems lists what of the store can not be read.
	Problems func(ctx context.Context) []string
	Close    func() error
}

// Options are the flags that every command understands.
type Options struct {
	Config string            // configuration file; empty = the usual one
	Flags  map[string]string // settings given as flags, by configuration key: "data", "theme", "log.level"
	JSON   bool
	// NoSinks leaves the notification sinks of the configuration file out, whatever is wrong with them.
	NoSinks bool
}

// DemoOptions shape the simulated tenant.
type DemoOptions struct {
	Seed          int64
	World         string // story, S, M, L, XL
	Hosts, Alerts int
	Tenant        string // connection file of a `cordon simulate` to use instead of an embedded one
}

// Setting is one effective configuration value and where it came from.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// App is what main provides.
type App struct {
	Version  string
	Now      func() time.Time
	Open     func(ctx context.Context, o Options) (*Backend, error)
	Console  func(ctx context.Context, o Options) error
	Demo     func(ctx context.Context, o Options, d DemoOptions) error
	Serve    func(ctx context.Context, o Options, background bool, out io.Writer) error
	Simulate func(ctx context.Context, s SimOptions, out io.Writer) error
	Config   func(o Options) ([]Setting, error) // effective values; an error names file and line
	Paths    func(o Options) (configFile, dataDir string, err error)
	// Attach parses the tenant id, APP_ID/APP_SECRET and the address of the API.
	Attach func(user, secret, api string) (draft soc.Integration, clientSecret string, err error)
	// Release releases what is due.
	Release Sweep
	// Notify sends a test message to a notification sink.
	Notify Probe
	// History reads "30 days ago", a date or a time (T-30).
	History func(text string, now time.Time) (time.Time, error)
	// VerifyExport checks an export of the history without a store.
	VerifyExport func(r io.Reader, o soc.VerifyOptions) (soc.ChainReport, error)
	// Hidden reads a line from a terminal without showing it; ok is false when in is no terminal.
	Hidden func(in io.Reader) (line string, ok bool, err error)
	// Key is what can be done with the key of the credentials.
	Key KeyVerbs
	// Exchange moves settings as text.
	Exchange Exchange
	// Files are backup, restore and doctor.
	Files Files
	// Schema is the store's format version.
	Schema int
}

const longHelp = `cordon is a terminal console for analysts of Microsoft Defender for Endpoint.
Without a command it opens the console. Try "cordon demo" first: it runs on a simulated tenant and nothing leaves the machine.

Every setting can be given as a flag, as CORDON_… in the environment, or in the configuration file, in this order ("cordon config show").
Exit codes: 0 ok, 1 failure, 2 usage, 3 refused, 4 not found or ambiguous, 5 Defender unreachable, 6 rate-limited, 7 partly done, 130 interrupted.`

// New returns the root command. Its output goes to out and errOut, input comes from in.
func New(app App, in io.Reader, out, errOut io.Writer) *cobra.Command {
	o := &Options{Flags: map[string]string{}}
	root := &cobra.Command{
		Use:                        "cordon",
		Short:                      "Console for Microsoft Defender for Endpoint: triage, isolate with one key, release by itself",
		Long:                       longHelp,
		Version:                    app.Version,
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		Args:                       noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return app.Console(c.Context(), *o)
		},
		PersistentPreRun: func(c *cobra.Command, _ []string) { rememberFlags(c, o) },
	}
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	root.SetVersionTemplate("cordon {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return flagError(c, err) })
	globalFlags(root, o)
	root.AddCommand(
		demoCmd(app, o), simulateCmd(app), serveCmd(app, o), releaseCmd(app, o), statusCmd(app, o), alertsCmd(app, o), lockdownsCmd(app, o),
		auditCmd(app, o), notifyCmd(app, o), channelsCmd(app, o), tokensCmd(app, o), reportThreatCmd(app, o), threatsCmd(app, o), indicatorsCmd(app, o), partnerCmd(app, o), recoverCmd(app, o), configCmd(app, o), versionCmd(app, o), healthcheckCmd(app, o), credentialKeyCmd(app, o), unsealCmd(app, o), backupCmd(app, o), restoreCmd(app, o), doctorCmd(app, o),
	)
	return root
}

// settingFlags are the flags that override a configuration key.
func settingFlags() map[string]string {
	return map[string]string{
		"data": "data", "theme": "theme", "ascii": "ascii", "read-only": "read-only", "log-level": "log.level", "passphrase-file": "key.passphrase-file",
		"http": "http.listen", "http-allow-remote": "http.allow-remote", "http-tls-cert": "http.tls-cert", "http-tls-key": "http.tls-key",
	}
}

func globalFlags(root *cobra.Command, o *Options) {
	f := root.PersistentFlags()
	f.String("data", "", "folder of the store (default: the state folder of the user)")
	f.StringVar(&o.Config, "config", "", "configuration file")
	f.String("theme", "", "auto, dark, light or mono")
	f.Bool("ascii", false, "draw with ASCII only")
	f.Bool("read-only", false, "look only: every change is refused")
	f.String("passphrase-file", "", "file or pipe (/dev/fd/3) with the passphrase of the key, if it is under one")
	f.String("log-level", "", "trace, debug, info, warn or error")
	f.BoolVar(&o.JSON, "json", false, "print JSON")
}

func rememberFlags(c *cobra.Command, o *Options) {
	for name, key := range settingFlags() {
		if f := c.Flags().Lookup(name); f != nil && f.Changed {
			o.Flags[key] = f.Value.String()
		}
	}
}

// group makes a command that only holds others: alone it explains itself, a wrong word under it is an error.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: noArgs, SuggestionsMinimumDistance: 2,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(subs...)
	return cmd
}

// with opens the backend, runs fn and closes it again.
func with(app App, o *Options, fn func(c *cobra.Command, b *Backend) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) (err error) {
		b, err := app.Open(c.Context(), *o)
		if err != nil {
			return err
		}
		defer func() {
			if cerr := b.Close(); err == nil && cerr != nil {
				err = fmt.Errorf("closing the store: %w", cerr)
			}
		}()
		return fn(c, b)
	}
}

// note tells a person something beside the result.
func note(c *cobra.Command, o *Options, format string, args ...any) {
	if !o.JSON {
		fmt.Fprintf(c.ErrOrStderr(), format+"\n", args...)
	}
}

func warn(c *cobra.Command, format string, args ...any) {
	fmt.Fprintf(c.ErrOrStderr(), "warning: "+format+"\n", args...)
}

func versionCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.JSON {
				return printJSON(c.OutOrStdout(), map[string]any{"version": app.Version, "store_schema": app.Schema})
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "cordon %s (store schema %d)\n", app.Version, app.Schema)
			return err
		},
	}
}
