package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// verifyFlags are what a person brings along.
type verifyFlags struct {
	from, key   string
	checkpoints []string
	public      []string
}

func verifyCmd(app App, o *Options) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use: "verify", Short: "Check chain, seals and checkpoints, and name the first bad record", Args: noArgs,
		Long: `Checks the whole history of the store, or an export of it on any machine, and names the first record that is bad.

The chain is always checked. Seals need the first key (--key), which was written to audit-….key when the store was made and belongs on
another machine. Checkpoints that were kept elsewhere (--checkpoints) show a history that was taken back as a whole.`,
		RunE: func(c *cobra.Command, args []string) error {
			if f.from != "" {
				return verifyExport(c, app, o, f)
			}
			return with(app, o, func(c *cobra.Command, b *Backend) error { return verifyStore(c, o, b, f) })(c, args)
		},
	}
	c.Flags().StringVar(&f.from, "from", "", "check an export (json or ndjson) instead of the store; - reads standard input")
	c.Flags().StringVar(&f.key, "key", "", "file with the first key of the seal")
	c.Flags().StringArrayVar(&f.checkpoints, "checkpoints", nil, "file of checkpoints that were kept elsewhere; can be given again")
	c.Flags().StringArrayVar(&f.public, "public", nil, "public key that may sign checkpoints, as \"cordon audit key\" printed it; can be given again")
	return c
}

// options reads the files of the flags.
func (f verifyFlags) options() (o soc.VerifyOptions, err error) {
	o.Public = f.public
	if f.key != "" {
		if o.Key, err = readGiven(f.key); err != nil {
			return o, err
		}
	}
	for _, name := range f.checkpoints {
		b, err := readGiven(name)
		if err != nil {
			return o, err
		}
		o.Checkpoints = append(o.Checkpoints, b)
	}
	return o, nil
}

func readGiven(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, notReadable(name, err)
	}
	return b, nil
}

func notReadable(name string, err error) error {
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "not-readable", Err: err, What: "can not read " + soc.Clean(name) + ": " + soc.Clean(err.Error()),
		Means: "nothing was verified", Next: "check the name",
	}
}

func verifyStore(c *cobra.Command, o *Options, b *Backend, f verifyFlags) error {
	opt, err := f.options()
	if err != nil {
		return err
	}
	opt.By, opt.Progress = b.Session.Actor, counter(c, o)
	r, err := b.Store.VerifyHistory(c.Context(), opt)
	if err != nil {
		return err
	}
	return showReport(c, o, r)
}

func verifyExport(c *cobra.Command, app App, o *Options, f verifyFlags) (err error) {
	opt, err := f.options()
	if err != nil {
		return err
	}
	in := c.InOrStdin()
	if f.from != "-" {
		file, err := os.Open(f.from)
		if err != nil {
			return notReadable(f.from, err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	opt.Progress = counter(c, o)
	r, err := app.VerifyExport(in, opt)
	if err != nil {
		return err
	}
	return showReport(c, o, r)
}

// counter draws one line that is written over, on a terminal only.
func counter(c *cobra.Command, o *Options) func(done, total uint64) {
	w := c.ErrOrStderr()
	if o.JSON || !onTerminal(w) {
		return nil
	}
	return func(done, total uint64) {
		if total > 0 {
			_, _ = fmt.Fprintf(w, "\r%d of %d records", done, total)
			if done == total {
				_, _ = io.WriteString(w, "\r\x1b[K")
			}
			return
		}
		_, _ = fmt.Fprintf(w, "\r%d records", done)
	}
}

func showReport(c *cobra.Command, o *Options, r soc.ChainReport) error {
	if o.JSON {
		doc := map[string]any{"ok": r.OK, "records": r.Records, "last": r.LastSeq, "sealed": r.Sealed, "checkpoints": r.Checkpoints}
		if len(r.Notes) > 0 {
			doc["notes"] = r.Notes
		}
		if !r.OK {
			doc["bad"], doc["problem"] = r.BadSeq, r.Problem
			if r.BadCheckpoint > 0 {
				doc["bad_checkpoint"], doc["good_until"] = r.BadCheckpoint, r.After
			}
		}
		if err := printJSON(c.OutOrStdout(), doc); err != nil {
			return err
		}
	} else {
		if r.OK {
			fmt.Fprintf(c.OutOrStdout(), "chain intact: %s, last #%d\n", plural(int(r.Records), "record"), r.LastSeq)
			note(c, o, "%s checked, %s compared", plural(int(r.Sealed), "seal"), plural(r.Checkpoints, "checkpoint"))
		}
		for _, n := range r.Notes {
			note(c, o, "note: %s", n)
		}
	}
	if r.OK {
		return nil
	}
	e := &soc.Error{
		Kind: soc.KindInternal, Code: "chain-broken", What: fmt.Sprintf("the audit chain is broken at record #%d: %s", r.BadSeq, r.Problem),
		Means: "what it says from there on can not be trusted; timers and releases are not affected",
		Next:  "keep the file as evidence and compare it with a backup",
	}
	if r.BadSeq == 0 {
		e.What, e.Means = "a checkpoint of the history is bad: "+r.Problem, "the records fit together, but not with what was signed about them"
	}
	if r.BadCheckpoint > 0 && r.BadSeq > 0 {
		e.Next += "; if a backup was put back on purpose, move checkpoints.jsonl away and keep it"
	}
	return e
}

// keyCmd prints what belongs on another machine.
func keyCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Print the public key of the checkpoints and where the first key of the seal was written", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error {
			public, err := b.Store.Signer()
			path, perr := b.Store.KeyPath()
			if err := errors.Join(err, perr); err != nil {
				return err
			}
			if o.JSON {
				return printJSON(c.OutOrStdout(), map[string]any{"public": public, "key_file": path})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "public key of the checkpoints: %s\nfirst key of the seal:         %s (move it to another machine)\n", public, path)
			return err
		}),
	}
}
