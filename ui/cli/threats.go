package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Reports are the threat reports and the indicators of compromise.
type Reports interface {
	Report(ctx context.Context, s soc.Session, channel soc.ChannelID, in soc.ThreatInput) (soc.Threat, error)
	Threats(ctx context.Context, q soc.ThreatQuery) ([]soc.Threat, error)
	ResolveThreat(ctx context.Context, s soc.Session, key string) (soc.Threat, error)
	Pushed(ctx context.Context) ([]soc.Pushed, error)
	Indicators(ctx context.Context, s soc.Session, id soc.IntegrationID) (soc.IndicatorList, error)
	AddIndicators(ctx context.Context, s soc.Session, id soc.IntegrationID, list []soc.Indicator) ([]soc.ItemResult, error)
	DeleteIndicator(ctx context.Context, s soc.Session, id soc.IntegrationID, indicator string) error
	Readiness(ctx context.Context, id soc.IntegrationID) ([]soc.Readiness, error)
	// Once tells Defender everything that is due now.
	Once(ctx context.Context) error
}

const threatHelp = `Take reports of mobile threats in and tell Defender. FILE holds one JSON object, a list of them, or one per line;
"-" reads standard input.

  {"id": "4711", "level": "Critical", "vendor": "Acme MTD", "title": "Device is rooted",
   "device": {"name": "evas-phone", "aadDeviceId": "…", "os": "Android", "osVersion": "14", "managed": true},
   "user": "eva@contoso.example", "forensics": {"process": "su"}, "occurredAt": "2026-03-04T12:00:00Z"}

Needed are id, level (Normal, Low, Elevated, Critical), vendor, title and a device with name, aadDeviceId or machineId. The same id again in the
same channel is the same threat; {"id": "4711", "resolvedAt": "…"} says that it is over. What Defender could not be told within --wait stays
stored; "cordon serve" or the console goes on with it.
Exit codes: 0 all were taken, 7 some were not, else that of the first refusal.`

func reportThreatCmd(app App, o *Options) *cobra.Command {
	var channel string
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "report-threat FILE", Short: "Take reports of mobile threats in and tell Defender", Long: threatHelp,
		Args: between(1, 1, "file, or - for standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			raw, err := readInput(c, args[0], soc.MaxIntakeBytes+1)
			if err != nil {
				return err
			}
			items, err := soc.DecodeThreats(bytes.NewReader(raw))
			if err != nil {
				return err
			}
			return whileServing(with(app, o, func(c *cobra.Command, b *Backend) error { return reportThreats(c, o, b, channel, wait, items) })(c, nil))
		},
	}
	cmd.Flags().StringVar(&channel, "channel", "", "name of the channel; not needed when there is only one for threats")
	cmd.Flags().DurationVar(&wait, "wait", time.Minute, "how long to try to tell Defender; 0 only stores")
	return cmd
}

// readInput reads a file, or standard input for "-", up to a limit.
func readInput(c *cobra.Command, name string, limit int64) ([]byte, error) {
	in := c.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &soc.Error{
				Kind: soc.KindInvalid, Code: "no-file", What: "reading the file: " + soc.Clean(err.Error()), Means: "nothing was done", Err: err,
			}
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, limit))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return raw, nil
}

// whileServing says how to reach a cordon that holds the store.
func whileServing(err error) error {
	var e *soc.Error
	if !errors.As(err, &e) || e.Code != "store-in-use" {
		return err
	}
	out := *e
	out.Next, out.Err = "while it runs, send this to its HTTP listener (cordon serve --http), or use its console", err
	return &out
}

type threatResult struct {
	Item   int    `json:"item"`
	ID     string `json:"id"`
	Taken  bool   `json:"taken"`
	State  string `json:"state,omitempty"`
	Alert  string `json:"alert,omitempty"`
	Reason string `json:"reason,omitempty"`
	Key    string `json:"key,omitempty"`
}

// reportThreats takes every item in on its own, then tells Defender, then says what became of each.
func reportThreats(c *cobra.Command, o *Options, b *Backend, channel string, wait time.Duration, items []soc.ThreatInput) error {
	ch, err := wayIn(c, b, channel, soc.ChannelThreats)
	if err != nil {
		return err
	}
	results := make([]threatResult, len(items))
	var refused []error
	for i, in := range items {
		r := &results[i]
		r.Item, r.ID = i+1, soc.Clean(in.ID)
		t, err := b.Reports.Report(c.Context(), b.Session, ch.ID, in)
		if err != nil {
			r.Reason = soc.Clean(err.Error())
			refused = append(refused, err)
			continue
		}
		r.Taken, r.Key = true, t.Key
	}
	if wait > 0 && len(refused) < len(items) {
		tell(c, o, b, wait)
	}
	if err := settled(c, b, ch.ID, results); err != nil {
		return err
	}
	if err := printThreatResults(c, o, results); err != nil {
		return err
	}
	return partly(refused, len(items), "report")
}

// tell tries to tell Defender for a while; what is left stays stored.
func tell(c *cobra.Command, o *Options, b *Backend, wait time.Duration) {
	ctx, cancel := context.WithTimeout(c.Context(), wait)
	defer cancel()
	if err := b.Reports.Once(ctx); err != nil && c.Context().Err() == nil {
		note(c, o, `not everything is told yet (%s); "cordon serve" or the console goes on`, soc.Clean(err.Error()))
	}
}

// settled fills in how far the taken reports got.
func settled(c *cobra.Command, b *Backend, channel soc.ChannelID, results []threatResult) error {
	all, err := b.Reports.Threats(c.Context(), soc.ThreatQuery{Channel: channel, Count: 1 << 30})
	if err != nil {
		return err
	}
	now := make(map[string]soc.Threat, len(all))
	for _, t := range all {
		now[t.Key] = t
	}
	for i, r := range results {
		if t, ok := now[r.Key]; ok && r.Taken {
			results[i].State, results[i].Alert, results[i].Reason = string(t.State), t.AlertID, t.Reason
		}
	}
	return nil
}

func printThreatResults(c *cobra.Command, o *Options, results []threatResult) error {
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"results": results})
	}
	t := newTable(c.OutOrStdout(), "ITEM", "ID", "STATE", "ALERT", "REASON")
	for _, r := range results {
		state := r.State
		if !r.Taken {
			state = "refused"
		}
		t.row(fmt.Sprint(r.Item), r.ID, state, r.Alert, r.Reason)
	}
	return t.flush()
}

// partly turns the refusals of a batch into the exit code: none, some, or all.
func partly(refused []error, of int, noun string) error {
	switch {
	case len(refused) == 0:
		return nil
	case len(refused) == of:
		return refused[0]
	}
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "partly-done", What: fmt.Sprintf("%d of %s refused", len(refused), plural(of, noun)),
		Means: "the others were taken", Next: "see the reasons, correct them and send all again: what was taken stays as it is",
		Err: errors.Join(refused...),
	}
}

// wayIn finds the channel of that name, or the only one of the type.
func wayIn(c *cobra.Command, b *Backend, name string, typ soc.ChannelType) (soc.Channel, error) {
	if name != "" {
		return channelNamed(c, b, name)
	}
	all, err := b.Channels.Channels(c.Context())
	if err != nil {
		return soc.Channel{}, err
	}
	var fit []soc.Channel
	var names []string
	for _, s := range all {
		if s.Channel.Type == typ {
			fit, names = append(fit, s.Channel), append(names, s.Channel.Name)
		}
	}
	switch len(fit) {
	case 0:
		return soc.Channel{}, &soc.Error{
			Kind: soc.KindNotFound, Code: "no-channel", What: "there is no channel of type " + string(typ), Means: "nothing was stored",
			Next: fmt.Sprintf("add one: cordon channels add %s --help", typ),
		}
	case 1:
		return fit[0], nil
	}
	return soc.Channel{}, &soc.Error{
		Kind: soc.KindAmbiguous, Code: "several-channels", What: "there are several channels of type " + string(typ) + ": " + list(names),
		Means: "nothing was stored", Next: "name one with --channel",
	}
}
