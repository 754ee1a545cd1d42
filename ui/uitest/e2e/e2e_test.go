package e2e

import (
	"strings"
	"testing"
	"time"

	"cordon/ui/uitest/term"
)

// TestK16_IsolateAndReleaseInATerminal does what the README promises: an alert, three keys, a countdown, a release, a history.
func TestK16_IsolateAndReleaseInATerminal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tm := r.start(80, 24, "demo", "--data", r.data)
	r.isolate(tm)
	tm.WaitFor("PENDING")
	first := tm.Wait("an ISOLATED countdown", counting)
	tm.Wait("a ticking countdown", func(s string) bool { return counting(s) && leftOf(s) != leftOf(first) })
	tm.Wait("the end of the lockdown", func(s string) bool { return strings.Contains(s, "(released, timer)") })
	tm.Send("`a")
	tm.WaitFor("> History", "isolate", "confirm", "its time ran out")
	if out := r.quit(tm); out != 0 {
		t.Errorf("exit code = %d, want 0", out)
	}
	history := r.cordon("", "audit", "list", "--data", r.data)
	for _, want := range []string{"isolate", "expire", "timer"} {
		if !strings.Contains(history, want) {
			t.Errorf("history does not name %q:\n%s", want, history)
		}
	}
}

func counting(s string) bool { return strings.Contains(s, "ISOLATED 0:00:") }

// leftOf cuts the countdown out of the screen.
func leftOf(s string) string {
	_, rest, _ := strings.Cut(s, "ISOLATED 0:00:")
	return rest[:min(2, len(rest))]
}

// quit leaves the console with ctrl+c twice and returns the exit code.
func (r *rig) quit(tm *term.Term) int {
	r.t.Helper()
	tm.Send("\x03\x03")
	return tm.Exit()
}

// ended checks the ground truth after a lockdown of 30 seconds: isolated once, released, not early, and a history that was not touched.
func (r *rig) ended(machine string, releases int) {
	r.t.Helper()
	if n := r.effective(machine, "isolate"); n != 1 {
		r.t.Errorf("isolations that took effect = %d, want exactly 1", n)
	}
	if n := r.effective(machine, "unisolate"); n < 1 || n > releases {
		r.t.Errorf("releases that took effect = %d, want 1 to %d", n, releases)
	}
	if r.tenant.Isolated(machine) {
		r.t.Error("the host is still isolated")
	}
	r.notEarly(machine)
	if out := r.cordon("", "audit", "verify", "--data", r.data); !strings.Contains(out, "intact") {
		r.t.Errorf("audit verify: %s", out)
	}
}

// enforced is when the device isolated itself.
func (r *rig) enforced(machine string) time.Time {
	var at time.Time
	for _, a := range r.tenant.ActionsOf(machine) {
		if a.Type == "Isolate" {
			at = a.Updated
		}
	}
	return at
}

func (r *rig) notEarly(machine string) {
	r.t.Helper()
	enforced := r.enforced(machine)
	for _, p := range r.tenant.Posts(machine, "unisolate") {
		if early := enforced.Add(30 * time.Second).Sub(p.At); early > 0 {
			r.t.Errorf("release was sent %v before the deadline", early)
		}
	}
}

// follow watches the timers until the lockdown is over, and leaves.
func (r *rig) follow(tm *term.Term) {
	r.t.Helper()
	tm.WaitFor("1:Triage")
	tm.Send("T")
	tm.WaitFor("> Lockdowns", "5:Done 1")
	if code := r.quit(tm); code != 0 {
		r.t.Errorf("exit code = %d, want 0", code)
	}
}

// TestF04_KilledBetweenRequestAndAnswer: Defender took the order, the program died before the answer. The next one adopts it.
func TestF04_KilledBetweenRequestAndAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t).withTenant()
	tm := r.demo()
	r.hold("isolate")
	machine := r.isolate(tm)
	r.waitHeld()
	tm.Kill()
	r.follow(r.demo())
	r.ended(machine, 1)
}

// TestF08_KilledWhileIsolated: the timer was in memory only; the next program reads it from the store.
func TestF08_KilledWhileIsolated(t *testing.T) {
	t.Parallel()
	r := newRig(t).withTenant()
	tm := r.demo()
	machine := r.isolate(tm)
	tm.Wait("an ISOLATED countdown", counting)
	tm.Kill()
	r.follow(r.demo())
	r.ended(machine, 1)
}

// TestF11_KilledDuringTheRelease: Defender took the release, the program died before the answer.
func TestF11_KilledDuringTheRelease(t *testing.T) {
	t.Parallel()
	r := newRig(t).withTenant()
	tm := r.demo()
	machine := r.isolate(tm)
	tm.Wait("an ISOLATED countdown", counting)
	r.hold("unisolate")
	r.waitHeld()
	tm.Kill()
	r.follow(r.demo())
	r.ended(machine, 2)
}
