// Package program is cordon whole: it opens the parts, puts them together and runs one mode. It is the body of main, which may be no more
// than one file, so it is the one package beside main that knows everybody; what the parts do is theirs.
//
// The order in which things end matters more than the order in which they start: the loops first, then the store. A console that ends
// without having asked anybody hands its live lockdowns to a background process (K-13).
package program

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // shifts name zones, and a small machine may have none

	"cordon/client/connect"
	"cordon/client/poll"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/ledger"
	"cordon/ui/cli"
	"cordon/ui/local"
)

// version is the version of this program; the modes that write it down hang on it.
type version string

// Run is main with its surroundings as arguments; it returns the exit code.
func Run(name string, args []string, in io.Reader, out, errOut io.Writer) int {
	if err := secret.NoDumps(); err != nil {
		cli.Report(errOut, err) // the rest still works
	}
	syscall.Umask(0o077) // whatever this process makes is its owner's alone
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	v := version(name)
	app := cli.App{
		Version: name, Now: time.Now, Schema: store.Schema(), Attach: connect.AttachArgs, History: poll.ParseHistory, Hidden: local.Hidden,
		Key: v.keyVerbs(), Exchange: cli.Exchange{Export: v.exported, Import: v.imported},
		Files: cli.Files{Backup: v.backup, Restore: restore, Accept: v.accept, Rotate: v.rotate, Doctor: v.doctor, Compact: v.compact},
		Open:  v.openBackend, Console: v.console, Demo: v.demo, Serve: v.serve, Simulate: simulate, Config: settings, Paths: paths,
		Notify: v.probe, Release: v.release, VerifyExport: ledger.VerifyExport,
	}
	root := cli.New(app, in, out, errOut)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		cli.Report(errOut, err)
	}
	return cli.ExitCode(err)
}
