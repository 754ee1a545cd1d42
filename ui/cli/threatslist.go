package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func threatsCmd(app App, o *Options) *cobra.Command {
	var f threatFilter
	ls := &cobra.Command{
		Use: "list", Short: "List reports of mobile threats, newest first, and what became of them", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := f.query(c)
			if err != nil {
				return err
			}
			return with(app, o, func(c *cobra.Command, b *Backend) error { return listThreats(c, app, o, b, f.channel, q) })(c, nil)
		},
	}
	ls.Flags().StringVar(&f.state, "state", "", "only these: waiting, suppressed, unmatched, sent, resolving, resolved, failed; several with commas")
	ls.Flags().StringVar(&f.channel, "channel", "", "only of this channel")
	ls.Flags().StringVar(&f.managed, "managed", "", "yes or no: only of devices that are managed, or are not")
	ls.Flags().IntVar(&f.limit, "limit", 100, "at most so many; 0 means all")
	show := &cobra.Command{
		Use: "show ID", Short: "Everything about one report", Args: between(1, 1, "id"),
		RunE: func(c *cobra.Command, args []string) error {
			return with(app, o, func(c *cobra.Command, b *Backend) error {
				t, err := threatNamed(c, b, args[0])
				if err != nil {
					return err
				}
				return showThreat(c, o, t)
			})(c, nil)
		},
	}
	var wait time.Duration
	resolve := &cobra.Command{
		Use: "resolve ID", Short: "Say that a threat is over on its device; the alert in Defender follows", Args: between(1, 1, "id"),
		RunE: func(c *cobra.Command, args []string) error {
			return whileServing(with(app, o, func(c *cobra.Command, b *Backend) error { return resolveThreat(c, o, b, args[0], wait) })(c, nil))
		},
	}
	resolve.Flags().DurationVar(&wait, "wait", time.Minute, "how long to try to tell Defender; 0 only stores")
	return group("threats", "Reports of mobile threats", ls, show, resolve)
}

// threatFilter are the flags of threats list.
type threatFilter struct {
	state, channel, managed string
	limit                   int
}

func (f threatFilter) query(c *cobra.Command) (soc.ThreatQuery, error) {
	q := soc.ThreatQuery{Count: f.limit}
	if err := checkLimit(c, f.limit); err != nil {
		return q, err
	}
	if f.limit == 0 {
		q.Count = 1 << 30
	}
	known := []soc.ThreatState{
		soc.ThreatWaiting, soc.ThreatSuppressed, soc.ThreatUnmatched, soc.ThreatSent, soc.ThreatResolving, soc.ThreatResolved, soc.ThreatFailed,
	}
	for word := range strings.FieldsFuncSeq(f.state, func(r rune) bool { return r == ',' || r == ' ' }) {
		found := false
		for _, k := range known {
			if strings.EqualFold(word, string(k)) {
				q.States, found = append(q.States, k), true
			}
		}
		if !found {
			return q, usageOf(c, fmt.Sprintf("--state: %q is none of waiting, suppressed, unmatched, sent, resolving, resolved, failed", word))
		}
	}
	switch strings.ToLower(f.managed) {
	case "":
	case "yes", "no":
		yes := strings.EqualFold(f.managed, "yes")
		q.Managed = &yes
	default:
		return q, usageOf(c, "--managed is yes or no")
	}
	return q, nil
}

func listThreats(c *cobra.Command, app App, o *Options, b *Backend, channel string, q soc.ThreatQuery) error {
	if channel != "" {
		ch, err := channelNamed(c, b, channel)
		if err != nil {
			return err
		}
		q.Channel = ch.ID
	}
	all, err := b.Reports.Threats(c.Context(), q)
	if err != nil {
		return err
	}
	if o.JSON {
		if all == nil {
			all = []soc.Threat{}
		}
		return printJSON(c.OutOrStdout(), map[string]any{"threats": all})
	}
	now := app.Now()
	tb := newTable(c.OutOrStdout(), "AGE", "LEVEL", "VENDOR", "TITLE", "DEVICE", "MANAGED", "STATE", "ALERT", "ID", "REASON")
	for _, t := range all {
		tb.row(age(now, t.ReceivedAt), string(t.Level), t.Vendor, t.Title, deviceName(t), yesNo(t.Device.Managed),
			string(t.State), t.AlertID, t.Key, t.Reason)
	}
	if err := tb.flush(); err != nil {
		return err
	}
	note(c, o, "%s", plural(len(all), "report"))
	return nil
}

func deviceName(t soc.Threat) string {
	for _, s := range []string{t.Device.Name, t.Device.AADDeviceID, t.Device.MachineID} {
		if s != "" {
			return s
		}
	}
	return ""
}

func yesNo(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "yes"
	}
	return "no"
}

// threatNamed finds a report by its key, or by the sender's id when that is unique.
func threatNamed(c *cobra.Command, b *Backend, name string) (soc.Threat, error) {
	all, err := b.Reports.Threats(c.Context(), soc.ThreatQuery{Count: 1 << 30})
	if err != nil {
		return soc.Threat{}, err
	}
	var fit []soc.Threat
	var keys []string
	for _, t := range all {
		if t.Key == name {
			return t, nil
		}
		if t.ID == name {
			fit, keys = append(fit, t), append(keys, t.Key)
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		return soc.Threat{}, &soc.Error{
			Kind: soc.KindNotFound, Code: "no-threat", What: fmt.Sprintf("no report has the id %q", soc.Clean(name)), Next: `see "cordon threats list"`,
		}
	}
	return soc.Threat{}, &soc.Error{
		Kind: soc.KindAmbiguous, Code: "several-threats", What: "several channels know this id: " + list(keys), Next: "give the whole id, with the channel",
	}
}

func showThreat(c *cobra.Command, o *Options, t soc.Threat) error {
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"threat": t})
	}
	tb := newTable(c.OutOrStdout(), "FIELD", "VALUE")
	row := func(name, value string) {
		if value != "" {
			tb.row(name, value)
		}
	}
	row("id", t.Key)
	row("state", string(t.State))
	row("reason", t.Reason)
	row("level", string(t.Level))
	row("vendor", t.Vendor)
	row("title", t.Title)
	row("description", strings.ReplaceAll(t.Description, "\n", " "))
	row("category", t.Category)
	row("device", deviceName(t))
	row("operating system", strings.TrimSpace(t.Device.OS+" "+t.Device.OSVersion))
	row("managed", yesNo(t.Device.Managed))
	row("user", t.User)
	for _, name := range slices.Sorted(maps.Keys(t.Forensics)) {
		row("forensics "+name, strings.ReplaceAll(t.Forensics[name], "\n", " "))
	}
	row("sender", t.Sender)
	row("occurred", stamp(t.OccurredAt))
	row("received", stamp(t.ReceivedAt))
	row("sent", stamp(t.SentAt))
	row("alert", t.AlertID)
	row("machine", t.Host.MachineID)
	row("resolved on the device", stamp(t.ResolvedAt))
	row("resolved in Defender", stamp(t.SyncedAt))
	row("next try", stamp(t.NextTry))
	return tb.flush()
}

func resolveThreat(c *cobra.Command, o *Options, b *Backend, name string, wait time.Duration) error {
	t, err := threatNamed(c, b, name)
	if err != nil {
		return err
	}
	if t, err = b.Reports.ResolveThreat(c.Context(), b.Session, t.Key); err != nil {
		return err
	}
	if t.State == soc.ThreatResolving && wait > 0 {
		tell(c, o, b, wait)
		if t, err = threatNamed(c, b, t.Key); err != nil {
			return err
		}
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"threat": t})
	}
	text := t.Key + " is " + string(t.State)
	if t.Reason != "" {
		text += ": " + t.Reason
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), text)
	return err
}
