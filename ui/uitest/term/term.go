// Package term runs a real program in a real pseudo-terminal and reads its screen the way a person would: through a terminal emulator. It
// is for end-to-end tests; nothing waits by sleeping, every wait ends when output arrives or its deadline passes.
package term

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// Patience is how long WaitFor waits before it fails the test: long enough for a loaded machine, short enough for a person.
const Patience = 60 * time.Second

// Term is a program in a terminal.
type Term struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	mu   sync.Mutex
	vt   *vt.Emulator // guarded by mu, but for its replies
	news chan struct{}
	done chan struct{}
	err  error
}

// Start runs the program in a terminal of the size. It is killed when the test ends.
func Start(t *testing.T, cols, rows uint16, env []string, name string, args ...string) *Term {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(append([]string{}, env...), "TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8")
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: cols, Rows: rows})
	if err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	e := &Term{t: t, cmd: cmd, pty: f, vt: vt.NewEmulator(int(cols), int(rows)), news: make(chan struct{}, 1), done: make(chan struct{})}
	go e.answer()
	go e.read()
	t.Cleanup(e.Kill)
	return e
}

// answer passes the emulator's replies (to colour and mode queries) back to the program, as a terminal does.
func (e *Term) answer() {
	_, _ = io.Copy(e.pty, e.vt)
}

func (e *Term) read() {
	defer close(e.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := e.pty.Read(buf)
		if n > 0 {
			e.mu.Lock()
			_, _ = e.vt.Write(buf[:n])
			e.mu.Unlock()
			select {
			case e.news <- struct{}{}:
			default:
			}
		}
		if err != nil {
			e.err = e.cmd.Wait()
			return
		}
	}
}

// Screen is the text on the screen, trailing blanks cut.
func (e *Term) Screen() string {
	e.mu.Lock()
	text := e.vt.String()
	e.mu.Unlock()
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \r")
	}
	return strings.Join(lines, "\n")
}

// Send types text.
func (e *Term) Send(text string) {
	e.t.Helper()
	if _, err := io.WriteString(e.pty, text); err != nil {
		e.t.Fatalf("typing %q: %v\n%s", text, err, e.Screen())
	}
}

// WaitFor waits until every one of the texts is on the screen together and returns the screen.
func (e *Term) WaitFor(texts ...string) string {
	e.t.Helper()
	return e.Wait(fmt.Sprintf("%q", texts), func(s string) bool {
		for _, want := range texts {
			if !strings.Contains(s, want) {
				return false
			}
		}
		return true
	})
}

// Wait waits until ok says yes to the screen. what names it for the failure.
func (e *Term) Wait(what string, ok func(screen string) bool) string {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	for {
		if s := e.Screen(); ok(s) {
			return s
		}
		select {
		case <-e.news:
		case <-e.done:
			if s := e.Screen(); ok(s) {
				return s
			}
			e.t.Fatalf("the program ended (%v) before %s was on screen:\n%s", e.err, what, e.Screen())
		case <-ctx.Done():
			e.t.Fatalf("%s did not appear within %v:\n%s", what, Patience, e.Screen())
		}
	}
}

// Kill ends the program as a power cut would: SIGKILL, no goodbye.
func (e *Term) Kill() {
	_ = e.cmd.Process.Signal(syscall.SIGKILL)
	<-e.done
	_ = e.pty.Close()
	if replies, ok := e.vt.InputPipe().(io.Closer); ok {
		_ = replies.Close() // ends answer; closing the emulator itself races with its reader
	}
}

// Signal sends a signal to the program.
func (e *Term) Signal(s syscall.Signal) { _ = e.cmd.Process.Signal(s) }

// HangUp closes the terminal under the program, as a lost connection or a closed window does: the kernel sends SIGHUP, and nothing can be
// read or written any more.
func (e *Term) HangUp() { _ = e.pty.Close() }

// Exit waits for the program to end by itself and returns its exit code.
func (e *Term) Exit() int {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	select {
	case <-e.done:
		return e.cmd.ProcessState.ExitCode()
	case <-ctx.Done():
		e.t.Fatalf("the program is still running after %v:\n%s", Patience, e.Screen())
		return -1
	}
}
