package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func statusCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Tenants, age of the data, live and overdue lockdowns", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error { return status(c, app, o, b) }),
	}
}

type tenantView struct {
	Name        string    `json:"name"`
	Tenant      string    `json:"tenant_id"`
	API         string    `json:"api"`
	Environment string    `json:"environment"`
	Enabled     bool      `json:"enabled"`
	LastOK      time.Time `json:"last_ok,omitzero"`
	LastError   string    `json:"last_error,omitempty"`
	Gap         string    `json:"gap,omitempty"`
}

// condition is everything that `cordon status` tells.
type condition struct {
	tenants       []tenantView
	locks         []soc.Lockdown
	overdue       int
	outside       []soc.Isolation
	fresh, alerts int
}

func look(c *cobra.Command, b *Backend, now time.Time) (s condition, err error) {
	if err = b.ready(c); err != nil {
		return s, err
	}
	if s.tenants, err = tenantViews(c, b); err != nil {
		return s, err
	}
	if s.locks, err = b.Store.Lockdowns(c.Context(), soc.LockdownQuery{Open: true}); err != nil {
		return s, err
	}
	for _, l := range s.locks {
		if l.Word(now) == "OVERDUE" {
			s.overdue++
		}
	}
	if s.outside, err = external(c, b, s.locks); err != nil {
		return s, err
	}
	page, err := b.Store.Alerts(c.Context(), soc.Query{Filter: "status:new", Now: now, Count: 1})
	s.fresh, s.alerts = page.Matched, page.Total
	return s, err
}

func status(c *cobra.Command, app App, o *Options, b *Backend) error {
	now := app.Now()
	s, err := look(c, b, now)
	if err != nil {
		return err
	}
	defer unkept(c, s.locks)
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{
			"integrations": s.tenants, "lockdowns": lockdownViews(s.locks, now), "overdue": s.overdue,
			"isolated_outside": outsideViews(s.outside), "alerts_new": s.fresh, "alerts": s.alerts, "troubles": b.troubles(),
		})
	}
	s.print(c.OutOrStdout(), now)
	for _, t := range b.troubles() {
		fmt.Fprintf(c.OutOrStdout(), "trouble    %s\n", t.What)
	}
	if len(s.tenants) == 0 {
		note(c, o, "%s", howToAttach)
	}
	return nil
}

const howToAttach = `no tenant is attached; "cordon partner attach defender" or settings in the console attaches one, "cordon demo" needs none`

func (s condition) print(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "alerts     %d new of %d\n", s.fresh, s.alerts)
	fmt.Fprintf(w, "lockdowns  %d live, %d overdue", len(s.locks), s.overdue)
	if n := len(s.outside); n > 0 {
		fmt.Fprintf(w, ", %s isolated from outside", plural(n, "host"))
	}
	fmt.Fprintln(w)
	for _, l := range s.locks {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("           %s %s %s", l.HostName, l.Word(now), left(l, now)), " "))
	}
	for _, t := range s.tenants {
		fmt.Fprintf(w, "tenant     %s [%s] %s\n", t.Name, t.Environment, t.words(now))
	}
}

// troubles is never null in JSON.
func (b *Backend) troubles() []soc.Trouble {
	if b.Troubles == nil {
		return []soc.Trouble{}
	}
	return append([]soc.Trouble{}, b.Troubles()...)
}

// words says how old the data of a tenant is and what is wrong.
func (t tenantView) words(now time.Time) string {
	text := "never polled"
	if !t.LastOK.IsZero() {
		text = "polled " + age(now, t.LastOK) + " ago"
	}
	if !t.Enabled {
		text += "; off: no new isolations"
	}
	if t.Gap != "" {
		text += "; " + t.Gap
	}
	if t.LastError != "" {
		text += "; " + t.LastError
	}
	return text
}

func tenantViews(c *cobra.Command, b *Backend) ([]tenantView, error) {
	ins, err := b.Store.Integrations(c.Context())
	if err != nil {
		return nil, err
	}
	out := make([]tenantView, 0, len(ins))
	for _, in := range ins {
		ps, err := b.Store.PollState(c.Context(), in.ID)
		if err != nil && soc.KindOf(err) != soc.KindNotFound {
			return nil, err
		}
		out = append(out, tenantView{in.Name, in.TenantID, in.API, in.Environment, in.Enabled, ps.LastOK.UTC(), ps.LastError, ps.Gap})
	}
	return out, nil
}
