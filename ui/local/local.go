// Package local is about the process that a person started in a terminal: whether a console can be drawn there, and who keeps the timers
// when the person leaves.
package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"

	"cordon/store/soc"
)

// Terminal refuses a console where none can be drawn: no terminal, or one that calls itself dumb. The error is KindInvalid, code
// "no-terminal".
func Terminal(in, out *os.File, kind string) error {
	what := ""
	switch {
	case !term.IsTerminal(in.Fd()) || !term.IsTerminal(out.Fd()):
		what = "the console needs a terminal, and this is none"
	case kind == "" || kind == "dumb":
		what = fmt.Sprintf("the terminal calls itself %q and can not draw the console", kind)
	default:
		return nil
	}
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "no-terminal", What: what, Means: "no timer is affected",
		Next: `use "cordon status", "cordon lockdowns list" or "cordon serve", or set TERM=xterm-256color`,
	}
}

// Hidden reads a line from a terminal without showing what is typed; ok is false when in is no terminal. A person who interrupts it gets
// context.Canceled, and the terminal as it was: what is left of the reading ends with the process.
func Hidden(in io.Reader) (line string, ok bool, err error) {
	f, isFile := in.(*os.File)
	if !isFile || !term.IsTerminal(f.Fd()) {
		return "", false, nil
	}
	fd := f.Fd()
	was, err := term.GetState(fd)
	if err != nil {
		return "", true, fmt.Errorf("looking at the terminal: %w", err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(interrupted)
	type answer struct {
		line []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		read <- answer{b, err}
	}()
	select {
	case a := <-read:
		if a.err != nil {
			return "", true, fmt.Errorf("reading from the terminal: %w", a.err)
		}
		return string(a.line), true, nil
	case <-interrupted:
		return "", true, errors.Join(context.Canceled, term.Restore(fd, was))
	}
}

// Keeper is a background process that keeps the timers after the console is gone (K-13).
type Keeper struct {
	cmd *exec.Cmd
	out io.ReadCloser
}

// KeeperSays starts the sentence with which a keeper tells that it holds the store.
const KeeperSays = "keeping "

// readyWithin is how long a keeper may take to open the store that the console has just closed.
const readyWithin = 30 * time.Second

// StartKeeper starts this program again with the arguments, in a session of its own, so that it outlives the terminal. It waits for the
// store by itself; call Ready once the store is closed.
func StartKeeper(args ...string) (*Keeper, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.Command(self, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the background process: %w", err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, &soc.Error{
			Kind: soc.KindInternal, Code: "no-keeper", Err: err, What: "the background process did not start: " + err.Error(),
			Means: "isolated hosts stay isolated until cordon runs", Next: "stay, or release them first",
		}
	}
	return &Keeper{cmd: cmd, out: out}, nil
}

// Ready waits until the keeper says that it holds the store, and passes its sentence on. The error tells that nobody keeps the timers.
func (k *Keeper) Ready(w io.Writer) error {
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(k.out).ReadString('\n')
		said <- line
	}()
	t := time.NewTimer(readyWithin)
	defer t.Stop()
	select {
	case line := <-said:
		if !strings.HasPrefix(line, KeeperSays) {
			return failed(line)
		}
		fmt.Fprint(w, soc.CleanLines(line))
		return k.cmd.Process.Release()
	case <-t.C:
		return failed("no answer within " + readyWithin.String())
	}
}

func failed(why string) error {
	return &soc.Error{
		Kind: soc.KindInternal, Code: "no-keeper", What: "the background process does not keep the timers: " + soc.Clean(why),
		Means: "isolated hosts stay isolated until cordon runs", Next: `run "cordon serve" or "cordon"`,
	}
}
