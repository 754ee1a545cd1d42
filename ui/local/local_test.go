package local_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"cordon/store/soc"
	"cordon/ui/local"
)

const say = "CORDON_TEST_SAY"

// The test binary plays the background process: it says what it is told to.
func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(say); ok {
		fmt.Fprint(os.Stderr, strings.Join(os.Args[1:], " ")+text)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestTerminal_RefusesWhereNothingCanBeDrawn(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), tty.Close() }()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, tc := range []struct {
		name    string
		in, out *os.File
		kind    string
		want    string
	}{
		{"a terminal", tty, tty, "xterm-256color", ""},
		{"input from a file", file, tty, "xterm", "needs a terminal"},
		{"output to a file", tty, file, "xterm", "needs a terminal"},
		{"TERM=dumb", tty, tty, "dumb", `calls itself "dumb"`},
		{"no TERM", tty, tty, "", `calls itself ""`},
	} {
		err := local.Terminal(tc.in, tc.out, tc.kind)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v, want it accepted", tc.name, err)
			}
			continue
		}
		if soc.KindOf(err) != soc.KindInvalid || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "cordon status") {
			t.Errorf("%s: %v, want a refusal that says %q and what to use instead", tc.name, err, tc.want)
		}
	}
}

// A background process that does not hold the store must never look like one that does: the hosts would stay isolated unseen.
func TestK13_KeeperThatFailsIsReported(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "does not keep the timers",
		"cordon: the store is \x1b[2Jbroken\n": "the store is ",
	} {
		t.Setenv(say, text)
		k, err := local.StartKeeper()
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = k.Ready(&out)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "isolated hosts stay isolated") {
			t.Errorf("says %q: %v, want an error with %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "\x1b") || out.Len() > 0 {
			t.Errorf("says %q: error %q, output %q", text, err, out.String())
		}
	}
}

func TestK13_KeeperPassesItsSentenceOn(t *testing.T) {
	t.Setenv(say, "2 live lockdowns\nand more\n")
	k, err := local.StartKeeper(strings.TrimSpace(local.KeeperSays) + " ")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := k.Ready(&out); err != nil || out.String() != local.KeeperSays+"2 live lockdowns\n" {
		t.Errorf("%q, %v, want its first line", out.String(), err)
	}
}

func TestHidden_ATypedSecretIsNotShown(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), tty.Close() }()
	typed := make(chan string, 1)
	go func() {
		line, ok, err := local.Hidden(tty)
		typed <- fmt.Sprintf("%s %v %v", line, ok, err)
	}()
	echo := make(chan string, 1)
	go func() {
		b := make([]byte, 100)
		n, _ := master.Read(b)
		echo <- string(b[:n])
	}()
	waitQuiet(t, tty)
	if _, err := master.WriteString("app/s3cret\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-typed; got != "app/s3cret true <nil>" {
		t.Errorf("read %s", got)
	}
	_ = tty.Close()
	if got := <-echo; strings.Contains(got, "s3cret") {
		t.Errorf("the terminal shows %q", got)
	}
	if _, ok, err := local.Hidden(strings.NewReader("x")); ok || err != nil {
		t.Errorf("no terminal: %v, %v", ok, err)
	}
}

// Whoever changes his mind at a hidden prompt gets out of it, and what is typed afterwards is shown again.
func TestHidden_AnInterruptEndsThePrompt(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), tty.Close() }()
	ended := make(chan error, 1)
	go func() {
		_, _, err := local.Hidden(tty)
		ended <- err
	}()
	waitQuiet(t, tty)
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	s, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil || s.Lflag&unix.ECHO == 0 {
		t.Fatalf("the terminal hides what is typed: %v", err)
	}
	s.Lflag &^= unix.ECHO // the reading that is left ends with the next line, and sets the terminal back: then the file may be closed
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, s); err != nil {
		t.Fatal(err)
	}
	if _, err := master.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	waitEcho(t, tty, unix.ECHO)
}

// waitQuiet waits until the terminal no longer shows what is typed.
func waitQuiet(t *testing.T, tty *os.File) {
	t.Helper()
	waitEcho(t, tty, 0)
}

func waitEcho(t *testing.T, tty *os.File, want uint32) {
	t.Helper()
	for range 1_000_000 {
		s, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if s.Lflag&unix.ECHO == want {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("the terminal does not change what it shows")
}
