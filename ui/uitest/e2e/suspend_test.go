package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestF60_SuspendedOverTheDeadline stops the whole program, as a suspend or a paused virtual machine does, until the time of the host is over.
// While it stands still the host stays isolated, which shows that nobody else releases it; when it goes on it releases at once, by its own
// timer, without a restart or a key.
func TestF60_SuspendedOverTheDeadline(t *testing.T) {
	t.Parallel()
	r := newRig(t).withTenant()
	tm := r.demo()
	machine := r.isolate(tm)
	tm.Wait("an ISOLATED countdown", counting)
	tm.Signal(syscall.SIGSTOP)
	over := make(chan struct{})
	time.AfterFunc(time.Until(r.enforced(machine).Add(33*time.Second)), func() { close(over) })
	<-over
	if n := r.effective(machine, "unisolate"); n != 0 || !r.tenant.Isolated(machine) {
		t.Errorf("%d releases by a program that stands still; the test proves nothing", n)
	}
	went := time.Now()
	tm.Signal(syscall.SIGCONT)
	tm.Wait("the end of the lockdown", func(s string) bool { return strings.Contains(s, "(released, timer)") })
	for _, p := range r.tenant.Posts(machine, "unisolate") {
		if p.At.Before(went) {
			t.Errorf("released at %s, it went on at %s", p.At, went)
		}
	}
	if code := r.quit(tm); code != 0 {
		t.Errorf("exit code = %d, want 0", code)
	}
	r.ended(machine, 1)
}
