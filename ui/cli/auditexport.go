package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func exportCmd(app App, o *Options) *cobra.Command {
	var format, filter, since, out string
	c := &cobra.Command{
		Use: "export", Short: "Write the history out, oldest first: JSON and NDJSON can be verified elsewhere", Args: noArgs,
		PreRunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(exportFormats(), soc.AuditFormat(format)) {
				return usageOf(c, fmt.Sprintf("--format is csv, json, ndjson or cef, not %q", format))
			}
			if out != "" && out != "-" { // found before the store is opened
				_, err := exportPath(out, format, app.Now())
				return err
			}
			return nil
		},
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error {
			x := soc.AuditExport{Format: soc.AuditFormat(format), Query: soc.AuditQuery{Text: filter}}
			if since != "" {
				from, err := sinceTime(app, since)
				if err != nil {
					return usageOf(c, "--since: "+err.Error())
				}
				x.Query.Since = from
			}
			return exportAudit(c, o, b, x, out, app.Now())
		}),
	}
	c.Flags().StringVar(&format, "format", string(soc.ExportNDJSON), "csv, json, ndjson or cef")
	c.Flags().StringVar(&filter, "filter", "", "actor:alice action:isolate target:WS-1, or free text; leaves records out, so the export can not be verified")
	c.Flags().StringVar(&since, "since", "", `24h, "3 days ago" or a date; leaves records out too`)
	c.Flags().StringVarP(&out, "output", "o", "", "new file, or a folder to make one in (default: standard output)")
	return c
}

func exportFormats() []soc.AuditFormat {
	return []soc.AuditFormat{soc.ExportCSV, soc.ExportJSON, soc.ExportNDJSON, soc.ExportCEF}
}

func sinceTime(app App, text string) (time.Time, error) {
	if ago, err := soc.ParseAge(text); err == nil {
		return app.Now().Add(-ago), nil
	}
	return app.History(text, app.Now())
}

func exportAudit(c *cobra.Command, o *Options, b *Backend, x soc.AuditExport, out string, now time.Time) (err error) {
	w, name := c.OutOrStdout(), ""
	if out != "" && out != "-" {
		f, ferr := createExport(out, string(x.Format), now)
		if ferr != nil {
			return ferr
		}
		defer func() {
			if err = errors.Join(err, f.Close()); err != nil {
				err = errors.Join(err, os.Remove(f.Name())) // half an export looks like a whole one to a spreadsheet
			}
		}()
		w, name = f, f.Name()
		defer func() { err = errors.Join(err, f.Sync()) }()
	}
	n, err := b.Store.ExportAudit(c.Context(), w, x)
	if err != nil {
		return err
	}
	what := "can be verified with \"cordon audit verify --from\""
	switch {
	case x.Format == soc.ExportCSV || x.Format == soc.ExportCEF:
		what = "for reading; only json and ndjson can be verified"
	case !x.Query.Whole():
		what = "a part, so it can not be verified"
	}
	note(c, o, "%s written%s, %s", plural(n, "record"), to(name), what)
	return nil
}

func to(name string) string {
	if name == "" {
		return ""
	}
	return " to " + name
}

// exportPath says which file to make: in a folder one with a name of its own. A link is not followed, wherever it leads.
func exportPath(out, format string, now time.Time) (string, error) {
	info, err := os.Lstat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return out, nil
	case err != nil:
		return "", exportError(out, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return "", exportError(out, syscall.ELOOP)
	case info.IsDir():
		return filepath.Join(out, "cordon-audit-"+now.UTC().Format("20060102T150405.000Z")+"."+format), nil
	}
	return "", exportError(out, fs.ErrExist)
}

// createExport makes the file, private and new: nothing is ever overwritten (SC50).
func createExport(out, format string, now time.Time) (*os.File, error) {
	path, err := exportPath(out, format, now)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, exportError(path, err)
	}
	return f, nil
}

func exportError(path string, err error) error {
	e := &soc.Error{
		Kind: soc.KindRefused, Code: "export-path", Err: err, What: fmt.Sprintf("can not write the export to %s: %v", soc.Clean(path), err),
		Means: "nothing was written", Next: "name a new file, or a folder",
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		e.What = soc.Clean(path) + " is there already and is not overwritten"
	case errors.Is(err, syscall.ELOOP):
		e.What = soc.Clean(path) + " is a symbolic link, and links are not followed"
	}
	return e
}
