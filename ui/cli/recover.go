package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Recoverer rebuilds lockdowns from a tenant; see lockdown.Service.Recover.
type Recoverer interface {
	Recover(ctx context.Context, who soc.Session, id soc.IntegrationID, apply bool, only ...soc.LockdownID) ([]soc.Recovered, error)
}

type recoverFlags struct {
	name string
	ids  []string
	yes  bool
}

func recoverCmd(app App, o *Options) *cobra.Command {
	var f recoverFlags
	cmd := &cobra.Command{
		Use: "recover", Short: "Rebuild open lockdowns from Defender after the database was lost", Args: noArgs,
		Long: `Rebuild open lockdowns from Defender after the database was lost. Attach all tenants again first.
Every isolate order of cordon carries its lockdown, person, reason and period in Defender's comment. recover reads the tenant's actions, lists
the hosts that are isolated or about to be by such an order, and with --yes writes their lockdowns back, so that they are released on time.
The clock runs from the start of the isolation, as before. An extension is not an order and is not in Defender: a lockdown that was extended
ends at its original time. If another cordon console works on this tenant its orders look the same; choose yours with --id.
Running it again changes nothing.
A store that was restored isolates no host until it was compared with Defender. recover --yes does that: when it has reached all tenants, without
--name and --id, and every host that it found is looked after.
Exit codes: 0 every host found is looked after, 5 a tenant could not be asked, 7 some hosts are left alone: look at them in Defender.`,
	}
	fl := cmd.Flags()
	fl.StringVar(&f.name, "name", "", "integration, when several are attached (default: all)")
	fl.StringSliceVar(&f.ids, "id", nil, "only these lockdowns")
	fl.BoolVar(&f.yes, "yes", false, "write them; without it they are only listed")
	cmd.RunE = with(app, o, func(c *cobra.Command, b *Backend) error { return recoverAll(c, app, o, b, f) })
	return cmd
}

func recoverAll(c *cobra.Command, app App, o *Options, b *Backend, f recoverFlags) error {
	tenants, err := tenantsNamed(c, b, f.name)
	if err != nil {
		return err
	}
	var only []soc.LockdownID
	for _, id := range f.ids {
		only = append(only, soc.LockdownID(id))
	}
	var found []soc.Recovered
	var failed error
	for _, in := range tenants { // one that can not be asked keeps no host of another waiting
		list, err := b.Recover.Recover(c.Context(), b.Session, in.ID, f.yes, only...)
		if found = append(found, list...); err != nil {
			if len(tenants) > 1 {
				note(c, o, "%s: %s", in.Name, soc.Clean(err.Error()))
			}
			failed = cmp.Or(failed, forShell(err))
		}
	}
	if o.JSON {
		err = printJSON(c.OutOrStdout(), map[string]any{"recovered": recoveredViews(found), "written": f.yes})
	} else if len(found) > 0 || failed == nil {
		err = recoverTable(c, app, o, found, f.yes)
	}
	if f.yes && stillHeld(b) {
		note(c, o, `the restored store still isolates no host: run "cordon recover --yes" for all tenants,
or compare the hosts with Defender yourself and say so with "cordon restore --accept --reason …"`)
	}
	return cmp.Or(err, failed, leftAlone(found, f.yes))
}

// stillHeld reports a store that waits for a person to compare it with Defender.
func stillHeld(b *Backend) bool {
	return b.Troubles != nil && slices.ContainsFunc(b.Troubles(), func(t soc.Trouble) bool { return t.Code == "store-rolled-back" })
}

// leftAlone is the error about the hosts that nobody looks after although the records were to be written.
func leftAlone(found []soc.Recovered, yes bool) error {
	var names []string
	for _, r := range found {
		if yes && !r.Known && !r.Done {
			names = append(names, r.Lockdown.HostName)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &soc.Error{
		Kind: soc.KindRefused, Code: "recovered-partly", What: "left alone: " + list(names), Means: "cordon will not release these hosts",
		Next: "see WHY, and look at them in Defender",
	}
}

func tenantsNamed(c *cobra.Command, b *Backend, name string) ([]soc.Integration, error) {
	if name != "" {
		in, err := oneIntegration(c, b, name)
		return []soc.Integration{in}, err
	}
	all, err := b.Store.Integrations(c.Context())
	if err == nil && len(all) == 0 {
		err = &soc.Error{
			Kind: soc.KindNotFound, Code: "no-integration", What: "no tenant is attached", Means: "there is nobody to ask what is isolated",
			Next: `attach it with "cordon partner attach defender", then run recover again`,
		}
	}
	return all, err
}

func recoverTable(c *cobra.Command, app App, o *Options, found []soc.Recovered, yes bool) error {
	t := newTable(c.OutOrStdout(), "HOST", "WHAT", "STATE", "ENDS", "BY", "ID", "WHY")
	open := 0
	for _, r := range found {
		l := r.Lockdown
		t.row(l.HostName, recoverWord(r), l.Word(app.Now()), stamp(l.Deadline), l.By.Name, string(l.ID), r.Why)
		if r.Take && !r.Known && !r.Done {
			open++
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	switch {
	case len(found) == 0:
		note(c, o, "no host is isolated by an order of cordon")
	case open > 0 && !yes:
		note(c, o, fmt.Sprintf(`nothing was written; "cordon recover --yes" writes %d of them. Their timers run while cordon or "cordon serve" does`, open))
	case yes:
		note(c, o, `the timers run while cordon or "cordon serve" does: start one of them now`)
	}
	return nil
}

// recoverWord says what happens to a host that was found.
func recoverWord(r soc.Recovered) string {
	switch {
	case r.Done:
		return "recovered"
	case r.Known:
		return "known"
	case r.Take:
		return "would be recovered"
	}
	return "left alone"
}

type recoveredView struct {
	lockdownView
	What string `json:"what"`
	Why  string `json:"why"`
}

func recoveredViews(found []soc.Recovered) []recoveredView {
	out := make([]recoveredView, 0, len(found))
	for _, r := range found {
		out = append(out, recoveredView{lockdownViews([]soc.Lockdown{r.Lockdown}, r.Lockdown.RecoveredAt)[0], recoverWord(r), r.Why})
	}
	return out
}
