package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// maxImportBytes bounds an import; the cap of a tenant in long lines fits several times.
const maxImportBytes = 32 << 20

const importHelp = `Add many indicators. FILE is CSV with a header row, or JSON: a list of objects, or one per line; "-" reads standard input.

  value,type,action,severity,title,description,expires
  203.0.113.7,IpAddress,Block,High,C2 server,ticket 4711,30d

Only value is needed. What else is left out is taken from the flags; a type that is left out is told by the form of the value.
Every item has its own result. The whole batch is refused when the tenant could not hold it.
Exit codes: 0 all are in the tenant, 7 some are not, else that of the first refusal.`

// importRow is one indicator of a file.
type importRow struct {
	Value       string `json:"value"`
	Type        string `json:"type"`
	Action      string `json:"action"`
	Severity    string `json:"severity"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Expires     string `json:"expires"`
}

func indicatorsImportCmd(app App, o *Options) *cobra.Command {
	var f indicatorFlags
	cmd := &cobra.Command{Use: "import FILE", Short: "Add many indicators", Long: importHelp, Args: between(1, 1, "file, or - for standard input")}
	fl := cmd.Flags()
	fl.StringVar(&f.action, "action", "Block", "for rows without one")
	fl.StringVar(&f.severity, "severity", "Medium", "for rows without one")
	fl.StringVar(&f.title, "title", "", "for rows without one")
	fl.StringVar(&f.description, "description", "", "for rows without one")
	fl.StringVar(&f.expires, "expires", "", "for rows without one: 30d, 12h, or a date; empty: for ever")
	fl.BoolVar(&f.alert, "alert", true, "raise alerts when they are hit")
	return onTenant(app, o, cmd, func(c *cobra.Command, b *Backend, in soc.Integration, args []string) error {
		raw, err := readInput(c, args[0], maxImportBytes)
		if err != nil {
			return err
		}
		rows, err := readRows(raw)
		if err != nil {
			return badFile(err)
		}
		list := make([]soc.Indicator, 0, len(rows))
		for n, r := range rows {
			i, err := r.flags(f).indicator(r.Value, b.Session.Actor.Name, app.Now())
			if err != nil {
				return badFile(fmt.Errorf("item %d: expires: %w", n+1, err))
			}
			list = append(list, i)
		}
		return addIndicators(c, o, b, in, list)
	})
}

func badFile(err error) error {
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "bad-file", What: "the file can not be used: " + soc.Clean(err.Error()), Means: "nothing was sent", Err: err,
	}
}

// flags are those of the command with what the row says itself.
func (r importRow) flags(f indicatorFlags) indicatorFlags {
	f.typ = r.Type
	for _, p := range []struct{ to, from *string }{
		{&f.action, &r.Action}, {&f.severity, &r.Severity}, {&f.title, &r.Title}, {&f.description, &r.Description}, {&f.expires, &r.Expires},
	} {
		if *p.from != "" {
			*p.to = *p.from
		}
	}
	return f
}

// readRows tells JSON from CSV by its first character.
func readRows(raw []byte) ([]importRow, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // spreadsheets begin with it
	text := bytes.TrimSpace(raw)
	switch {
	case len(raw) >= maxImportBytes:
		return nil, fmt.Errorf("it is larger than %d MiB", maxImportBytes>>20)
	case len(text) == 0:
		return nil, errors.New("it is empty")
	case text[0] == '[', text[0] == '{':
		return readJSONRows(text)
	}
	return readCSVRows(raw)
}

func readJSONRows(text []byte) (rows []importRow, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if text[0] == '[' {
		if err = dec.Decode(&rows); err == nil && dec.More() {
			err = errors.New("something follows the list")
		}
		return rows, err
	}
	for {
		var r importRow
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, fmt.Errorf("item %d: %w", len(rows)+1, err)
		}
		rows = append(rows, r)
	}
}

func readCSVRows(raw []byte) ([]importRow, error) {
	in := csv.NewReader(bytes.NewReader(raw))
	in.TrimLeadingSpace = true
	header, err := in.Read()
	if err != nil {
		return nil, err
	}
	var rows []importRow
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		var r importRow
		for n, name := range header {
			to := r.column(name)
			if to == nil {
				return nil, fmt.Errorf("the header names a column %q; known are value, type, action, severity, title, description, expires", name)
			}
			*to = strings.TrimSpace(cells[n])
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, errors.New("there is no row below the header")
	}
	return rows, nil
}

func (r *importRow) column(name string) *string {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "value", "indicatorvalue":
		return &r.Value
	case "type", "indicatortype":
		return &r.Type
	case "action":
		return &r.Action
	case "severity":
		return &r.Severity
	case "title":
		return &r.Title
	case "description":
		return &r.Description
	case "expires", "expirationtime":
		return &r.Expires
	}
	return nil
}

func indicatorsStatusCmd(app App, o *Options) *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "status", Short: "The indicators that cordon put into tenants, and whether they work", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error {
			if wait > 0 {
				tell(c, o, b, wait)
			}
			list, err := b.Reports.Pushed(c.Context())
			if err != nil {
				return err
			}
			if o.JSON {
				if list == nil {
					list = []soc.Pushed{}
				}
				return printJSON(c.OutOrStdout(), map[string]any{"indicators": list})
			}
			t := newTable(c.OutOrStdout(), "STATE", "TYPE", "VALUE", "ACTION", "TEST", "BY", "SUBMITTED", "VISIBLE", "RETESTED", "REASON")
			for _, p := range list {
				i := p.Indicator
				t.row(string(p.State), i.Type, i.Value, i.Action, p.Test, p.By, stamp(p.Submitted), stamp(p.Visible), stamp(p.Retested), p.Reason)
			}
			return t.flush()
		}),
	}
	cmd.Flags().DurationVar(&wait, "look", 0, "first submit and look up what is due, for at most so long")
	return cmd
}

func indicatorsReadinessCmd(app App, o *Options) *cobra.Command {
	cmd := &cobra.Command{Use: "readiness", Short: "What blocking by indicators needs, and what of it is proved", Args: noArgs}
	return onTenant(app, o, cmd, func(c *cobra.Command, b *Backend, in soc.Integration, _ []string) error {
		if b.Connector != nil { // a fresh token proves the permissions; without one the list says that it can not
			_, _ = b.Connector.PermissionsNow(c.Context(), b.Session, in.ID)
		}
		list, err := b.Reports.Readiness(c.Context(), in.ID)
		if err != nil {
			return err
		}
		if o.JSON {
			rows := []map[string]string{}
			for _, r := range list {
				rows = append(rows, map[string]string{"item": r.Item, "state": r.State, "detail": r.Detail})
			}
			return printJSON(c.OutOrStdout(), map[string]any{"tenant": in.Name, "checklist": rows})
		}
		t := newTable(c.OutOrStdout(), "STATE", "ITEM", "DETAIL")
		for _, r := range list {
			t.row(r.State, r.Item, r.Detail)
		}
		return t.flush()
	})
}
