package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// FileReport says what is in a store file.
type FileReport struct {
	Path      string    `json:"path"`
	Schema    uint32    `json:"schema"`
	Bytes     int64     `json:"bytes"`
	Alerts    int       `json:"alerts"`
	Hosts     int       `json:"hosts"`
	Lockdowns int       `json:"lockdowns"`
	Open      int       `json:"openLockdowns"`
	Audit     uint64    `json:"audit"`
	Last      time.Time `json:"last,omitzero"`
	Problems  []string  `json:"problems,omitempty"`
}

// Files are the verbs on the store file as a whole.
type Files struct {
	// Backup writes a copy of the store to a new file and reads it back.
	Backup func(ctx context.Context, o Options, to string) (FileReport, error)
	// Restore puts a backup in the place of the store and returns where the old file is now, "" if there was none.
	Restore func(ctx context.Context, o Options, from string) (r FileReport, before string, err error)
	// Accept ends the hold of a restored store.
	Accept func(ctx context.Context, o Options, reason string) error
	// Rotate encrypts the stored credentials with a new key and returns how many there are.
	Rotate func(ctx context.Context, o Options) (int, error)
	// Doctor looks at what the store stands on: names and values, what is wrong, and which records can not be read.
	Doctor func(ctx context.Context, o Options) (facts [][2]string, troubles []soc.Trouble, problems []string, err error)
	// Compact gives the room that was freed in the store back to the disk.
	Compact func(ctx context.Context, o Options) (before, after int64, err error)
}

func backupCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write a copy of the store to a new file and read it back", Args: cobra.ExactArgs(1),
		Long: "Write a copy of the store to a new private file and read it back, page by page and record by record.\n" +
			"The key of the credentials (cordon.key) is not in it: keep a copy of that apart.",
		RunE: func(c *cobra.Command, args []string) error {
			r, err := app.Files.Backup(c.Context(), *o, args[0])
			if err != nil {
				return err
			}
			if o.JSON {
				return printJSON(c.OutOrStdout(), map[string]any{"backup": r})
			}
			r.print(c.OutOrStdout(), "backed up to")
			return nil
		},
	}
}

func (r FileReport) print(w io.Writer, did string) {
	fmt.Fprintf(w, "%s %s\n", did, r.Path)
	fmt.Fprintf(w, "checked: %s (%d open), %s of history, last %s, %s, %s\n", plural(r.Lockdowns, "lockdown"), r.Open, plural(int(r.Audit), "record"),
		stamp(r.Last), plural(r.Alerts, "alert"), plural(r.Hosts, "host"))
}

func restoreCmd(app App, o *Options) *cobra.Command {
	var accept bool
	var reason string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the store", Args: cobra.MaximumNArgs(1),
		Long: "Put a backup in the place of the store. The file that was there is kept. No host is isolated afterwards until a person has\n" +
			"compared the store with Defender and says so with --accept; releases go on.",
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case accept && (len(args) > 0 || reason == ""):
				return usage(`accepting takes no file and needs --reason "what was compared"`)
			case accept:
				return acceptStore(c, app, o, reason)
			case len(args) == 0:
				return usage("restore needs the backup file, or --accept")
			}
			return restore(c, app, o, args[0])
		},
	}
	cmd.Flags().BoolVar(&accept, "accept", false, "the store was compared with Defender: hosts may be isolated again")
	cmd.Flags().StringVar(&reason, "reason", "", "what was compared; goes to the history")
	return cmd
}

func restore(c *cobra.Command, app App, o *Options, from string) error {
	r, before, err := app.Files.Restore(c.Context(), *o, from)
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"restored": r, "before": before})
	}
	r.print(c.OutOrStdout(), "restored from")
	if before != "" {
		fmt.Fprintf(c.OutOrStdout(), "the file that was there is %s\n", before)
	}
	fmt.Fprintln(c.OutOrStdout(), "no host is isolated until you have compared the store with Defender; then: cordon restore --accept --reason …")
	return nil
}

func acceptStore(c *cobra.Command, app App, o *Options, reason string) error {
	if err := app.Files.Accept(c.Context(), *o, soc.Clean(reason)); err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"accepted": true})
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), "accepted: hosts may be isolated again")
	return err
}

func doctorCmd(app App, o *Options) *cobra.Command {
	doctor := &cobra.Command{
		Use: "doctor", Short: "Look at what the store stands on: disk, reserve, epoch, damaged records", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return doctor(c, app, o) },
	}
	compact := &cobra.Command{
		Use: "compact", Short: "Give the room that was freed in the store back to the disk", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			before, after, err := app.Files.Compact(c.Context(), *o)
			if err != nil {
				return err
			}
			if o.JSON {
				return printJSON(c.OutOrStdout(), map[string]any{"before": before, "after": after})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "compacted: %d KiB before, %d KiB after\n", before>>10, after>>10)
			return err
		},
	}
	doctor.AddCommand(compact, rotateCmd(app, o))
	return doctor
}

func rotateCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "rotate-key", Short: "Encrypt the stored credentials with a new key", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			n, err := app.Files.Rotate(c.Context(), *o)
			if err != nil {
				return err
			}
			if o.JSON {
				return printJSON(c.OutOrStdout(), map[string]any{"credentials": n})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s encrypted with a new key; backups made before need the old one\n", plural(n, "credential"))
			return err
		},
	}
}

func doctor(c *cobra.Command, app App, o *Options) error {
	facts, troubles, problems, err := app.Files.Doctor(c.Context(), *o)
	if err != nil {
		return err
	}
	if o.JSON {
		doc := map[string]string{}
		for _, f := range facts {
			doc[f[0]] = f[1]
		}
		return printJSON(c.OutOrStdout(), map[string]any{"store": doc, "troubles": troubles, "problems": problems})
	}
	for _, f := range facts {
		fmt.Fprintf(c.OutOrStdout(), "%-14s %s\n", f[0], f[1])
	}
	for _, t := range troubles {
		fmt.Fprintf(c.OutOrStdout(), "TROUBLE %s: %s; %s; %s\n", t.Code, t.What, t.Means, t.Next)
	}
	for _, p := range problems {
		fmt.Fprintf(c.OutOrStdout(), "unreadable: %s\n", p)
	}
	if len(troubles)+len(problems) == 0 {
		fmt.Fprintln(c.OutOrStdout(), "nothing is wrong")
	}
	return nil
}
