package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// KeyVerbs are what can be done with the key that opens the stored credentials.
type KeyVerbs struct {
	State func(ctx context.Context, o Options) (KeyState, error)
	// Passphrase puts the key under another passphrase, "" for none, changes the key itself, and returns how many credentials were encrypted
	// anew. The current passphrase is looked at only when the key is under one that the configuration does not give.
	Passphrase func(ctx context.Context, o Options, current, next string) (int, error)
	// Unseal gives the passphrase to the process that works on the folder.
	Unseal func(ctx context.Context, o Options, passphrase string) error
}

// KeyState says where the key is and whether it can be used.
type KeyState struct {
	Where      string `json:"where"`
	Passphrase bool   `json:"passphrase"` // it is under one
	Locked     bool   `json:"locked"`     // and that was not given
}

func credentialKeyCmd(app App, o *Options) *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "Where the key is and whether it is under a passphrase", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return showKey(c, app, o) },
	}
	var none bool
	pass := &cobra.Command{
		Use: "passphrase", Short: "Put the key under a passphrase, or take it away", Args: noArgs,
		Long: "Put the key under a passphrase and change the key itself, so that a copy of the old key file is worth nothing.\n" +
			"From then on cordon starts sealed until it is given the passphrase: it shows what it knows, but orders and releases nothing.\n" +
			"On a terminal it asks; otherwise the lines of standard input are the current passphrase, if there is one, and the new one.\n" +
			"A service gets it from --passphrase-file, or from systemd as the credential cordon.passphrase.",
		RunE: func(c *cobra.Command, _ []string) error { return setPassphrase(c, app, o, none) },
	}
	pass.Flags().BoolVar(&none, "none", false, "take the passphrase away")
	rotate := rotateCmd(app, o)
	rotate.Use = "rotate"
	return group("key", "The key that opens the stored credentials", show, pass, rotate)
}

func showKey(c *cobra.Command, app App, o *Options) error {
	st, err := app.Key.State(c.Context(), *o)
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"key": st})
	}
	words := "without a passphrase: whoever reads it and the store can open every credential"
	if st.Passphrase {
		words = "under a passphrase"
	}
	if st.Locked {
		words += ", which was not given"
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s, %s\n", st.Where, words)
	return err
}

func setPassphrase(c *cobra.Command, app App, o *Options, none bool) error {
	st, err := app.Key.State(c.Context(), *o)
	if err != nil {
		return err
	}
	lines := newAsker(c, app)
	current, next := "", ""
	if st.Locked {
		if current, err = lines.ask("Current passphrase: "); err != nil {
			return err
		}
	}
	if !none {
		if next, err = lines.twice("New passphrase: "); err != nil {
			return err
		}
		if next == "" {
			return usage("the new passphrase is empty; --none takes the passphrase away")
		}
	}
	n, err := app.Key.Passphrase(c.Context(), *o, current, next)
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"credentials": n, "passphrase": !none})
	}
	words := "the key is under the new passphrase; without it nobody can open the credentials, so keep it somewhere safe"
	if none {
		words = "the key is under no passphrase any more"
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s\nthe key was changed, %s encrypted anew; backups made before need the old key file\n",
		words, plural(n, "credential"))
	return err
}

func unsealCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "unseal", Short: "Give a sealed cordon the passphrase of its key", Args: noArgs,
		Long: "Give the passphrase to the cordon that works on this folder and was started without it. It must run as the same user.\n" +
			"Releases that wait are carried out at once. Without a terminal the passphrase is read from standard input.",
		RunE: func(c *cobra.Command, _ []string) error {
			phrase, err := newAsker(c, app).ask("Passphrase: ")
			if err != nil {
				return err
			}
			if err := app.Key.Unseal(c.Context(), *o, phrase); err != nil {
				return err
			}
			if o.JSON {
				return printJSON(c.OutOrStdout(), map[string]any{"unsealed": true})
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "unsealed: polling and releases go on")
			return err
		},
	}
}

// asker asks for passphrases: hidden on a terminal, line by line from anything else.
type asker struct {
	in     io.Reader
	say    io.Writer
	hidden func(io.Reader) (string, bool, error)
	lines  *bufio.Reader
}

func newAsker(c *cobra.Command, app App) *asker {
	return &asker{in: c.InOrStdin(), say: c.ErrOrStderr(), hidden: app.Hidden}
}

func (a *asker) ask(prompt string) (string, error) {
	if a.lines == nil && a.hidden != nil {
		fmt.Fprint(a.say, prompt)
		line, ok, err := a.hidden(a.in)
		fmt.Fprintln(a.say)
		if ok || err != nil {
			return line, err
		}
	}
	if a.lines == nil {
		a.lines = bufio.NewReader(io.LimitReader(a.in, 1<<16))
	}
	line, err := a.lines.ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	if err != nil {
		return "", &soc.Error{Kind: soc.KindInvalid, Code: "no-passphrase", Err: err, What: "no passphrase was given", Means: "nothing was changed"}
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// twice asks for something new: on a terminal, where nobody sees what is typed, two times.
func (a *asker) twice(prompt string) (string, error) {
	line, err := a.ask(prompt)
	if err != nil || a.lines != nil {
		return line, err
	}
	again, err := a.ask("Again: ")
	if err == nil && again != line {
		err = &soc.Error{Kind: soc.KindInvalid, Code: "not-the-same", What: "the two are not the same", Means: "nothing was changed", Next: "try again"}
	}
	return line, err
}
