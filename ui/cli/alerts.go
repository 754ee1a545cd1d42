package cli

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func alertsCmd(app App, o *Options) *cobra.Command {
	var q alertsQuery
	ls := &cobra.Command{
		Use: "list", Short: "List alerts, newest of the highest severity first", Args: noArgs,
		Long: `List alerts, newest of the highest severity first.

The filter is the one of the queue: words, and sev>=med status:new host:dc* user:svc owner:me cat:malware title:"a b" tech:T1003 id: tenant:
age<2h reopened:yes; a minus in front turns a term around.`,
		Example: `  cordon alerts list --filter 'sev>=med status:new host:dc*' --limit 0 --json`,
		PreRunE: func(c *cobra.Command, _ []string) error { return q.check(c) },
		RunE:    with(app, o, func(c *cobra.Command, b *Backend) error { return listAlerts(c, app, o, b, q) }),
	}
	ls.Flags().StringVar(&q.filter, "filter", "", "filter, in the language of the queue")
	ls.Flags().IntVar(&q.limit, "limit", 200, "at most this many rows; 0 = all")
	var tenant string
	raw := &cobra.Command{
		Use: "raw ID", Short: "Print an alert exactly as Defender sent it", Args: between(1, 1, "alert id"),
		RunE: func(c *cobra.Command, args []string) error {
			return with(app, o, func(c *cobra.Command, b *Backend) error { return rawAlert(c, o, b, tenant, args[0]) })(c, nil)
		},
	}
	raw.Flags().StringVar(&tenant, "name", "", "integration, when several are attached")
	return group("alerts", "Alerts in the store", ls, raw)
}

type alertsQuery struct {
	filter string
	limit  int
}

// check finds what is wrong with the question before anything is opened.
func (q alertsQuery) check(c *cobra.Command) error {
	if err := checkLimit(c, q.limit); err != nil {
		return err
	}
	_, err := soc.ParseFilter(q.filter, "", time.Time{})
	var fe soc.FilterError
	if errors.As(err, &fe) {
		return marked(q.filter, fe)
	}
	return err
}

func listAlerts(c *cobra.Command, app App, o *Options, b *Backend, q alertsQuery) error {
	if err := b.ready(c); err != nil {
		return err
	}
	now := app.Now()
	query := soc.Query{
		Filter: q.filter, Me: b.Session.Actor.Name, Now: now, Sort: []soc.SortKey{{Field: "severity", Desc: true}, {Field: "time", Desc: true}},
	}
	var out sheet
	shown, page := 0, soc.AlertPage{}
	for {
		query.From, query.Count = shown, window
		if q.limit > 0 {
			query.Count = min(window, q.limit-shown)
		}
		var err error
		if page, err = b.Store.Alerts(c.Context(), query); err != nil {
			return err
		}
		query.Pin = page.Revision // the pages after this one are of the same moment
		if out == nil {
			if out, err = alertSheet(c, o, page, now); err != nil {
				return err
			}
		}
		for _, r := range page.Rows {
			if err := out.add(r); err != nil {
				return err
			}
		}
		shown += len(page.Rows)
		if len(page.Rows) == 0 || shown >= page.Matched || q.limit > 0 && shown >= q.limit {
			break
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	note(c, o, "%d shown of %d that match, %d in all", shown, page.Matched, page.Total)
	return nil
}

// sheet takes the rows of a listing one by one.
type sheet interface {
	add(r soc.AlertRow) error
	end() error
}

func alertSheet(c *cobra.Command, o *Options, page soc.AlertPage, now time.Time) (sheet, error) {
	if o.JSON {
		l, err := openList(c.OutOrStdout(), "alerts", map[string]any{"matched": page.Matched, "total": page.Total})
		return jsonAlerts{l}, err
	}
	return &alertTable{t: newTable(c.OutOrStdout(), "SEV", "AGE", "STATUS", "HOST", "OWNER", "ID", "TITLE"), now: now}, nil
}

type jsonAlerts struct{ *jsonList }

func (j jsonAlerts) add(r soc.AlertRow) error { return j.jsonList.add(viewAlert(r)) }

type alertTable struct {
	t   *table
	now time.Time
	n   int
}

func (a *alertTable) add(r soc.AlertRow) error {
	a.t.row(r.Severity.Word(), age(a.now, r.Created), r.Status.Word(), r.HostName, r.Owner, r.Key.ID, r.Title)
	if a.n++; a.n%window == 0 {
		return a.t.flush()
	}
	return nil
}

func (a *alertTable) end() error { return a.t.flush() }

type alertView struct {
	Integration soc.IntegrationID `json:"integration"`
	ID          string            `json:"id"`
	Severity    soc.Severity      `json:"severity"`
	Status      soc.AlertStatus   `json:"status"`
	Title       string            `json:"title"`
	Host        string            `json:"host"`
	MachineID   string            `json:"machine_id"`
	Owner       string            `json:"owner"`
	User        string            `json:"user"`
	Technique   string            `json:"technique"`
	Category    string            `json:"category"`
	Evidence    int               `json:"evidence"`
	Created     time.Time         `json:"created"`
	Updated     time.Time         `json:"updated"`
	Reopened    bool              `json:"reopened"`
	Late        bool              `json:"late"`
}

func viewAlert(r soc.AlertRow) alertView {
	return alertView{
		r.Key.Integration, r.Key.ID, r.Severity, r.Status, r.Title, r.HostName, r.MachineID, r.Owner, r.User, r.Technique, r.Category,
		r.Evidence, r.Created.UTC(), r.LastUpdate.UTC(), r.Reopened, r.Late,
	}
}

// rawAlert prints the bytes as they came. A terminal gets them cleaned: what was received may hold characters that a terminal obeys.
func rawAlert(c *cobra.Command, o *Options, b *Backend, tenant, id string) error {
	in, err := oneIntegration(c, b, tenant)
	if err != nil {
		return err
	}
	raw, err := b.Store.AlertRaw(c.Context(), soc.AlertKey{Integration: in.ID, ID: id})
	if err != nil {
		return rawMissing(err, in, id)
	}
	if o.JSON && json.Valid(raw) {
		return printJSON(c.OutOrStdout(), map[string]any{"integration": in.ID, "id": id, "raw": json.RawMessage(raw)})
	}
	if onTerminal(c.OutOrStdout()) {
		raw = []byte(soc.CleanLines(string(raw)) + "\n")
	}
	_, err = c.OutOrStdout().Write(raw)
	return err
}

func rawMissing(err error, in soc.Integration, id string) error {
	if soc.KindOf(err) != soc.KindNotFound {
		return err
	}
	return &soc.Error{
		Kind: soc.KindNotFound, Code: "no-alert", Err: err, What: in.Name + " has no alert " + soc.Clean(id),
		Means: "it never came, or it is older than what is kept", Next: `"cordon alerts list" prints the ids`,
	}
}

// ready waits until the store knows all its alerts, and warns when some of it can not be read: a short list must not look like a whole one.
func (b *Backend) ready(c *cobra.Command) error {
	if b.Ready != nil {
		if err := b.Ready(c.Context()); err != nil {
			return err
		}
	}
	if b.Problems == nil {
		return nil
	}
	for i, p := range b.Problems(c.Context()) {
		if i == maxProblems {
			warn(c, "there are more such problems")
			break
		}
		warn(c, "%s", soc.Clean(p))
	}
	return nil
}

// maxProblems is how many damaged records are named.
const maxProblems = 5
