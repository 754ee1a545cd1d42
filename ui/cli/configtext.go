package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Exchange moves tenants, channels and policy as reviewed text (N-25).
type Exchange struct {
	Export func(ctx context.Context, o Options) ([]byte, error)
	// Import compares the text with the store; with apply it changes the store, all of it or nothing. name is what the text is called.
	Import func(ctx context.Context, o Options, name string, text []byte, apply bool) (Import, error)
}

// Import is what a text changes.
type Import struct {
	Changes []ImportChange `json:"changes"`
	Kept    []string       `json:"kept"` // entries that the text does not name
	Applied bool           `json:"applied"`
}

// ImportChange is one entry.
type ImportChange struct {
	What   string        `json:"what"`
	New    bool          `json:"new"`
	Fields []ImportField `json:"fields"`
	Note   string        `json:"note,omitempty"`
}

// ImportField is one value.
type ImportField struct {
	Key    string `json:"key"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// maxImport bounds the file, in bytes.
const maxImport = 1 << 20

func exportConfigCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "export [FILE]", Short: "Write tenants, channels and policy as text, without secrets", Args: cobra.MaximumNArgs(1),
		Long: "Write tenants, channels and policy as YAML, to keep and review in a version control system. Secrets and tokens are not in it.\n" +
			"A new file is made for its owner alone; one that is there is not overwritten. Without a file the text goes to standard output.",
		RunE: func(c *cobra.Command, args []string) error {
			text, err := app.Exchange.Export(c.Context(), *o)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				_, err = c.OutOrStdout().Write(text)
				return err
			}
			return writeNew(args[0], text)
		},
	}
}

func writeNew(path string, text []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &soc.Error{Kind: soc.KindConflict, Code: "not-written", Err: err, What: "not exported: " + err.Error(), Next: "give another name"}
	}
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func importConfigCmd(app App, o *Options) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Show what such a text would change, and change it with --yes", Args: cobra.ExactArgs(1),
		Long: "Compare a text with what is set and print the differences. With --yes they are applied, all of them or none.\n" +
			"Entries are matched by name, and the text of an entry is all of it: what it leaves out becomes empty or false. Entries that the text\n" +
			"does not name stay as they are. Stored secrets stay while the entry goes on using them in the same place; new entries come in switched\n" +
			"off, to be tested, with their secret if they need one, in the settings. FILE may be - for standard input.",
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readImport(c.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			out, err := app.Exchange.Import(c.Context(), *o, filepath.Base(args[0]), text, yes)
			if err != nil {
				return err
			}
			if o.JSON {
				return printJSON(c.OutOrStdout(), map[string]any{"import": out})
			}
			out.print(c.OutOrStdout())
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "apply the changes")
	return cmd
}

func readImport(in io.Reader, path string) ([]byte, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, &soc.Error{Kind: soc.KindNotFound, Code: "no-file", Err: err, What: err.Error(), Means: "nothing was changed", Next: "check the path"}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxImport+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return text, nil
}

func (i Import) print(w io.Writer) {
	for _, c := range i.Changes {
		sign := "~"
		if c.New {
			sign = "+"
		}
		fmt.Fprintf(w, "%s %s\n", sign, soc.Clean(c.What))
		for _, f := range c.Fields {
			if c.New {
				fmt.Fprintf(w, "    %s: %s\n", f.Key, soc.Clean(f.After))
				continue
			}
			fmt.Fprintf(w, "    %s: %s -> %s\n", f.Key, unset(f.Before), unset(f.After))
		}
		if c.Note != "" {
			fmt.Fprintf(w, "    ! %s\n", c.Note)
		}
	}
	for _, k := range i.Kept {
		fmt.Fprintf(w, "= %s is not in the file and stays\n", soc.Clean(k))
	}
	switch {
	case len(i.Changes) == 0:
		fmt.Fprintln(w, "nothing differs")
	case i.Applied:
		fmt.Fprintf(w, "applied: %s\n", plural(len(i.Changes), "change"))
	default:
		fmt.Fprintf(w, "%s, nothing was changed; run it again with --yes to apply\n", plural(len(i.Changes), "change"))
	}
}

func unset(value string) string {
	if value == "" {
		return "(not set)"
	}
	return soc.Clean(value)
}
