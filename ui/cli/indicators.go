package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func indicatorsCmd(app App, o *Options) *cobra.Command {
	return group("indicators", "Indicators of compromise: what a tenant blocks, allows or watches",
		indicatorsListCmd(app, o), indicatorsAddCmd(app, o), indicatorsDeleteCmd(app, o), indicatorsImportCmd(app, o),
		indicatorsStatusCmd(app, o), indicatorsReadinessCmd(app, o))
}

// tenantAct is what a command does with a tenant.
type tenantAct func(c *cobra.Command, b *Backend, in soc.Integration, args []string) error

// onTenant runs fn with the tenant that --name names, or the only one.
func onTenant(app App, o *Options, cmd *cobra.Command, fn tenantAct) *cobra.Command {
	name := cmd.Flags().String("name", "", "name of the tenant; not needed when there is only one")
	cmd.RunE = func(c *cobra.Command, args []string) error {
		return whileServing(with(app, o, func(c *cobra.Command, b *Backend) error {
			in, err := oneIntegration(c, b, *name)
			if err != nil {
				return err
			}
			return fn(c, b, in, args)
		})(c, nil))
	}
	return cmd
}

// indicatorView is an indicator with its page in the portal (P-04).
type indicatorView struct {
	soc.Indicator
	Portal string `json:"portal,omitempty"`
}

func indicatorsListCmd(app App, o *Options) *cobra.Command {
	var typ string
	cmd := &cobra.Command{Use: "list", Short: "Ask Defender for the indicators of a tenant", Args: noArgs}
	cmd.Flags().StringVar(&typ, "type", "", "only of this type")
	return onTenant(app, o, cmd, func(c *cobra.Command, b *Backend, in soc.Integration, _ []string) error {
		have, err := b.Reports.Indicators(c.Context(), b.Session, in.ID)
		if err != nil {
			return err
		}
		views := []indicatorView{}
		for _, i := range have.Indicators {
			if typ == "" || strings.EqualFold(typ, i.Type) {
				views = append(views, indicatorView{i, soc.IndicatorPage(in, i.Type)})
			}
		}
		if have.Partial != "" {
			warn(c, "%s", have.Partial)
		}
		if o.JSON {
			return printJSON(c.OutOrStdout(), map[string]any{
				"tenant": in.Name, "indicators": views, "held": len(have.Indicators), "cap": have.Cap, "partial": have.Partial,
			})
		}
		t := newTable(c.OutOrStdout(), "ID", "TYPE", "VALUE", "ACTION", "SEVERITY", "EXPIRES", "TITLE", "PORTAL")
		for _, v := range views {
			t.row(v.ID, v.Type, v.Value, v.Action, v.Severity, stamp(v.Expires), v.Title, v.Portal)
		}
		if err := t.flush(); err != nil {
			return err
		}
		note(c, o, "%s shown; %s holds %d of %d", plural(len(views), "indicator"), in.Name, len(have.Indicators), have.Cap)
		return nil
	})
}

// indicatorFlags describe one indicator.
type indicatorFlags struct {
	typ, action, severity, title, description, expires string
	alert                                              bool
}

func indicatorsAddCmd(app App, o *Options) *cobra.Command {
	var f indicatorFlags
	cmd := &cobra.Command{
		Use: "add VALUE", Short: "Add one indicator", Args: between(1, 1, "value"),
		Long: `Add one indicator. Types: FileSha1, FileSha256, FileMd5, CertificateThumbprint, IpAddress, DomainName, Url; left out, the form of the value
tells. Actions: Allowed, Audit, Warn, Block, and for files BlockAndRemediate; a certificate is Allowed or BlockAndRemediate.
A value that Defender has already is never changed: with another action, delete it first.`,
	}
	fl := cmd.Flags()
	fl.StringVar(&f.typ, "type", "", "type of the value; empty: told by its form")
	fl.StringVar(&f.action, "action", "Block", "what happens on devices")
	fl.StringVar(&f.severity, "severity", "Medium", "of the alert: Informational, Low, Medium, High")
	fl.StringVar(&f.title, "title", "", "title (default: added with cordon)")
	fl.StringVar(&f.description, "description", "", "description (default: who added it)")
	fl.StringVar(&f.expires, "expires", "", "how long it lives, such as 30d or 12h, or a date 2026-12-31; empty: for ever")
	fl.BoolVar(&f.alert, "alert", true, "raise an alert when it is hit")
	return onTenant(app, o, cmd, func(c *cobra.Command, b *Backend, in soc.Integration, args []string) error {
		i, err := f.indicator(args[0], b.Session.Actor.Name, app.Now())
		if err != nil {
			return usageOf(c, err.Error())
		}
		return addIndicators(c, o, b, in, []soc.Indicator{i})
	})
}

func (f indicatorFlags) indicator(value, by string, now time.Time) (soc.Indicator, error) {
	expires, err := lifeEnd(f.expires, now)
	i := soc.Indicator{
		Type: f.typ, Value: value, Action: f.action, Severity: f.severity, Title: f.title, Description: f.description, Expires: expires, Alert: f.alert,
	}
	if i.Type == "" {
		i.Type = soc.IndicatorTypeOf(value)
	}
	if i.Title == "" {
		i.Title = "Added with cordon"
	}
	if i.Description == "" {
		i.Description = "added with cordon by " + by
	}
	return i, err
}

// lifeEnd reads 30d, 12h, a date or a time; empty is never.
func lifeEnd(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	var days int
	if n, err := fmt.Sscanf(text, "%dd", &days); err == nil && n == 1 && text == fmt.Sprintf("%dd", days) && days > 0 && days < 100_000 {
		return now.AddDate(0, 0, days), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil && t.After(now) {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time that is still to come; write 30d, 12h, 2026-12-31 or 2026-12-31T12:00:00Z", soc.Clean(text))
}

// addIndicators sends a batch and says for each item what became of it.
func addIndicators(c *cobra.Command, o *Options, b *Backend, in soc.Integration, list []soc.Indicator) error {
	results, failed := b.Reports.AddIndicators(c.Context(), b.Session, in.ID, list)
	if failed != nil && len(results) == 0 {
		return failed
	}
	var refused []error
	for n, r := range results {
		if !r.OK {
			refused = append(refused, &soc.Error{Kind: soc.KindInvalid, Code: "bad-indicator", What: fmt.Sprintf("item %d, %s: %s", n+1, r.Item, r.Reason)})
		}
	}
	if err := printItems(c, o, in, list, results); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return partly(refused, len(results), "indicator")
}

type itemView struct {
	Item   string `json:"item"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
	Portal string `json:"portal,omitempty"`
}

func printItems(c *cobra.Command, o *Options, in soc.Integration, list []soc.Indicator, results []soc.ItemResult) error {
	views := make([]itemView, 0, len(results))
	for n, r := range results {
		v := itemView{Item: r.Item, OK: r.OK, Reason: r.Reason}
		if r.OK && n < len(list) {
			v.Portal = soc.IndicatorPage(in, list[n].Type)
		}
		views = append(views, v)
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"tenant": in.Name, "results": views})
	}
	t := newTable(c.OutOrStdout(), "ITEM", "RESULT", "REASON", "PORTAL")
	for _, v := range views {
		t.row(v.Item, map[bool]string{true: "ok", false: "refused"}[v.OK], v.Reason, v.Portal)
	}
	return t.flush()
}

func indicatorsDeleteCmd(app App, o *Options) *cobra.Command {
	cmd := &cobra.Command{Use: "delete ID", Short: "Delete an indicator, by its id or its value", Args: between(1, 1, "id or value")}
	return onTenant(app, o, cmd, func(c *cobra.Command, b *Backend, in soc.Integration, args []string) error {
		have, err := b.Reports.Indicators(c.Context(), b.Session, in.ID)
		if err != nil {
			return err
		}
		i, err := indicatorNamed(have, args[0])
		if err != nil {
			return err
		}
		if err := b.Reports.DeleteIndicator(c.Context(), b.Session, in.ID, i.ID); err != nil {
			return err
		}
		return said(c, o, i.Value, "deleted", i.ID, fmt.Sprintf("deleted %s %s (%s)", i.Type, i.Value, i.ID))
	})
}

// indicatorNamed finds an indicator by id, or by value when only one has it.
func indicatorNamed(have soc.IndicatorList, name string) (soc.Indicator, error) {
	var fit []soc.Indicator
	var ids []string
	for _, i := range have.Indicators {
		if i.ID == name {
			return i, nil
		}
		if strings.EqualFold(i.Value, strings.TrimSpace(name)) {
			fit, ids = append(fit, i), append(ids, i.ID)
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		return soc.Indicator{}, &soc.Error{
			Kind: soc.KindNotFound, Code: "no-indicator", What: fmt.Sprintf("no indicator has the id or value %q", soc.Clean(name)),
			Means: "nothing was deleted", Next: strings.TrimSpace(`see "cordon indicators list"` + " " + have.Partial),
		}
	}
	return soc.Indicator{}, &soc.Error{
		Kind: soc.KindAmbiguous, Code: "several-indicators", What: "several indicators have this value: " + list(ids),
		Means: "nothing was deleted", Next: "name one by its id",
	}
}
