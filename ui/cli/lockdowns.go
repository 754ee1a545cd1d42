package cli

import (
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func lockdownsCmd(app App, o *Options) *cobra.Command {
	var all bool
	ls := &cobra.Command{
		Use: "list", Short: "List live lockdowns and hosts isolated by others", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error { return listLockdowns(c, app, o, b, all) }),
	}
	ls.Flags().BoolVar(&all, "all", false, "ended ones too")
	return group("lockdowns", "Lockdowns and their timers", ls, closeCmd(app, o))
}

func listLockdowns(c *cobra.Command, app App, o *Options, b *Backend, all bool) error {
	now := app.Now()
	locks, err := b.Store.Lockdowns(c.Context(), soc.LockdownQuery{Open: !all})
	if err != nil {
		return err
	}
	outside, err := external(c, b, locks)
	if err != nil {
		return err
	}
	defer unkept(c, locks)
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"lockdowns": lockdownViews(locks, now), "isolated_outside": outsideViews(outside)})
	}
	t := newTable(c.OutOrStdout(), "HOST", "STATE", "LEFT", "ENDS", "BY", "ID", "REASON")
	for _, l := range locks {
		ends := l.Deadline
		if l.Phase.Final() {
			ends = l.EndedAt
		}
		t.row(l.HostName, l.Word(now), left(l, now), stamp(ends), l.By.Name, string(l.ID), because(l))
	}
	for _, i := range outside {
		t.row(i.HostName, "EXTERNAL", "", "", i.Action.Requestor, "", soc.IsolatedOutside)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if len(locks)+len(outside) == 0 && !all {
		note(c, o, `no host is isolated; "--all" lists what has ended`)
	}
	return nil
}

// because is the reason, with what is wrong in front when something is.
func because(l soc.Lockdown) string {
	if l.Trouble != "" && !l.Phase.Final() {
		return l.Trouble + "; " + l.Reason
	}
	return l.Reason
}

// unkept warns that nobody keeps the timers: whoever could open the store knows that no other cordon runs on it (K-13).
func unkept(c *cobra.Command, locks []soc.Lockdown) {
	var names []string
	for _, l := range locks {
		if !l.Phase.Final() {
			names = append(names, l.HostName)
		}
	}
	if len(names) > 0 {
		warn(c, `no cordon is running on this store, so nobody releases %s when the time is over; start "cordon serve" or "cordon"`, list(names))
	}
}

// external returns the isolations in force that no open lockdown of ours explains.
func external(c *cobra.Command, b *Backend, locks []soc.Lockdown) ([]soc.Isolation, error) {
	all, err := b.Store.Isolations(c.Context())
	if err != nil {
		return nil, err
	}
	ours := map[soc.HostKey]bool{}
	for _, l := range locks {
		ours[l.Key] = ours[l.Key] || !l.Phase.Final()
	}
	out := []soc.Isolation{}
	for _, i := range all {
		if i.InForce() && !ours[i.Key] {
			out = append(out, i)
		}
	}
	return out, nil
}

type lockdownView struct {
	ID          soc.LockdownID    `json:"id"`
	Integration soc.IntegrationID `json:"integration"`
	MachineID   string            `json:"machine_id"`
	Host        string            `json:"host"`
	State       string            `json:"state"`
	Phase       soc.Phase         `json:"phase"`
	Mode        soc.Mode          `json:"mode"`
	By          string            `json:"by"`
	Reason      string            `json:"reason"`
	Period      float64           `json:"period_seconds"`
	Requested   string            `json:"requested"`
	Enforced    string            `json:"enforced,omitempty"`
	Deadline    string            `json:"deadline,omitempty"`
	Ended       string            `json:"ended,omitempty"`
	Cause       soc.Cause         `json:"cause,omitempty"`
	Trouble     string            `json:"trouble,omitempty"`
}

func lockdownViews(locks []soc.Lockdown, now time.Time) []lockdownView {
	out := make([]lockdownView, 0, len(locks))
	for _, l := range locks {
		out = append(out, lockdownView{
			ID: l.ID, Integration: l.Key.Integration, MachineID: l.Key.MachineID, Host: l.HostName, State: l.Word(now), Phase: l.Phase,
			Mode: l.Mode, By: l.By.Name, Reason: l.Reason, Period: l.Period.Seconds(), Requested: stamp(l.RequestedAt),
			Enforced: stamp(l.EnforcedAt), Deadline: stamp(l.Deadline), Ended: stamp(l.EndedAt), Cause: l.Cause, Trouble: l.Trouble,
		})
	}
	return out
}

type outsideView struct {
	Integration soc.IntegrationID `json:"integration"`
	MachineID   string            `json:"machine_id"`
	Host        string            `json:"host"`
	By          string            `json:"by"`
	Since       string            `json:"since"`
	AsOf        string            `json:"as_of"`
}

func outsideViews(list []soc.Isolation) []outsideView {
	out := make([]outsideView, 0, len(list))
	for _, i := range list {
		out = append(out, outsideView{i.Key.Integration, i.Key.MachineID, i.HostName, i.Action.Requestor, stamp(i.Action.Updated), stamp(i.AsOf)})
	}
	return out
}
