package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

// Exit codes (ux E.5).
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitRefused     = 3
	ExitNotFound    = 4
	ExitUnreachable = 5
	ExitThrottled   = 6
	ExitPartly      = 7
	ExitInterrupted = 130
)

// ExitCode maps an error to the process's exit code.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	var e *soc.Error
	if errors.As(err, &e) && (e.Code == "releases-under-way" || e.Code == "recovered-partly" || e.Code == "partly-done") { // done for some hosts, not for others
		return ExitPartly
	}
	if errors.Is(err, context.Canceled) {
		return ExitInterrupted
	}
	switch soc.KindOf(err) {
	case soc.KindInvalid:
		return ExitUsage
	case soc.KindDenied, soc.KindRefused, soc.KindInProgress, soc.KindConflict, soc.KindUnauthorized:
		return ExitRefused
	case soc.KindNotFound, soc.KindAmbiguous:
		return ExitNotFound
	case soc.KindUnavailable, soc.KindUnknownOutcome:
		if strings.HasPrefix(e.Code, "store-") { // what can not be used is our own file, not Defender
			return ExitFailure
		}
		return ExitUnreachable
	case soc.KindThrottled:
		return ExitThrottled
	}
	return ExitFailure
}

// Report prints an error for a person. What follows the first line, such as the bad line of a file, stays on lines of its own.
func Report(w io.Writer, err error) {
	text := soc.CleanLines(err.Error())
	var e *soc.Error
	if errors.Is(err, context.Canceled) && !errors.As(err, &e) {
		text = "interrupted"
	}
	fmt.Fprintln(w, "cordon: "+text)
}

func usage(what string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "usage", What: what, Next: `see "cordon --help"`}
}

// usageOf is usage for one command: it sends the person to that command's own help.
func usageOf(c *cobra.Command, what string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "usage", What: what, Next: fmt.Sprintf("see %q", c.CommandPath()+" --help")}
}

func flagError(c *cobra.Command, err error) error {
	what := err.Error()
	if i := strings.Index(what, ": strconv."); i >= 0 { // "…: strconv.ParseInt: parsing "x": invalid syntax" is for programmers
		what = what[:i]
	}
	return usageOf(c, what)
}

// noArgs refuses words after a command and offers the command that was probably meant.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasSubCommands() {
		return usageOf(c, fmt.Sprintf("%s takes no argument, and %q is one", c.CommandPath(), args[0]))
	}
	what := fmt.Sprintf("%q is not a command of %s", args[0], c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		what += fmt.Sprintf("; did you mean %q?", c.CommandPath()+" "+near[0])
	}
	return usageOf(c, what)
}

// between wants low to high arguments, named for the person.
func between(low, high int, name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < low:
			return usageOf(c, c.CommandPath()+" needs "+name)
		case len(args) > high:
			return usageOf(c, fmt.Sprintf("%s takes one %s, and %q is another", c.CommandPath(), name, args[high]))
		}
		return nil
	}
}

// checkLimit refuses a negative --limit.
func checkLimit(c *cobra.Command, limit int) error {
	if limit < 0 {
		return usageOf(c, "--limit is not negative; 0 means all")
	}
	return nil
}

// forShell replaces advice that speaks of keys and dialogs with the flag that does the same.
func forShell(err error) error {
	var e *soc.Error
	if !errors.As(err, &e) {
		return err
	}
	next := e.Next
	switch e.Code {
	case "live-lockdowns":
		next = "repeat with --release-first to release these hosts, or with --abandon to leave them isolated"
	case "bad-api", "bad-login":
		next = strings.ReplaceAll(next, "allow a custom host explicitly", "repeat with --allow-custom-host")
	}
	if next == e.Next {
		return err
	}
	out := *e
	out.Next, out.Err = next, err
	return &out
}

// marked shows where a filter stops making sense.
func marked(text string, fe soc.FilterError) error {
	start, end := min(max(fe.Start, 0), len(text)), min(max(fe.End, 0), len(text))
	before := utf8.RuneCountInString(soc.Clean(text[:start]))
	width := max(1, utf8.RuneCountInString(soc.Clean(text[start:max(start, end)])))
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "bad-filter", Err: fe,
		What: fmt.Sprintf("%s\n    %s\n    %s%s", fe.Error(), soc.Clean(text), strings.Repeat(" ", before), strings.Repeat("^", width)),
	}
}
