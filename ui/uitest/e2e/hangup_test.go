package e2e

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cordon/client/sim"
)

// connection is how to reach the tenant of the rig, in the files that attach reads.
func (r *rig) connection() sim.Connection {
	r.t.Helper()
	c, err := sim.ReadConnection(r.file)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.home+"/sim.json.ca.pem", []byte(c.CAPEM), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// endKeeper ends the background process of the rig, if there is one, when the test is over.
func (r *rig) endKeeper() {
	r.t.Cleanup(func() {
		b, err := os.ReadFile(r.data + "/cordon.db.pid")
		if err != nil {
			return
		}
		text, _, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
		if pid, err := strconv.Atoi(text); err == nil && pid > 1 && strings.Contains(string(b), "background") {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
	})
}

// TestF78_K13_TheTerminalGoesAwayBetweenConfirmAndResult: nobody can be asked, so the console hands the live lockdown to a background process
// by itself. The order that was on the way is adopted and not sent again, and the next console shows what became of it.
func TestF78_K13_TheTerminalGoesAwayBetweenConfirmAndResult(t *testing.T) {
	t.Parallel()
	r := newRig(t).withTenant()
	r.attach(r.connection())
	r.endKeeper()
	tm := r.start(120, 40, "--data", r.data)
	r.hold("isolate")
	machine := r.isolate(tm)
	r.waitHeld()
	tm.HangUp()
	if code := tm.Exit(); code == 0 {
		t.Error("a console whose terminal went away says that all is well")
	}
	if out := r.refused("status", "--data", r.data); !strings.Contains(out, "process ") {
		t.Errorf("status names nobody who keeps the timers: %s", out)
	}
	again := r.start(120, 40, "--data", r.data)
	again.WaitFor("1:Triage")
	again.Send("T")
	again.WaitFor("> Lockdowns", "ISOLATED", "3:5")
	again.Send("E")
	again.WaitFor("isolated WS-")
	if n := r.effective(machine, "isolate"); n != 1 {
		t.Errorf("isolations that took effect = %d, want exactly 1", n)
	}
	if n := r.effective(machine, "unisolate"); n != 0 {
		t.Errorf("the host was released %d times, want none", n)
	}
}

// TestF78_NothingLiveNeedsNoKeeper: without a lockdown the terminal may go, and nobody stays behind.
func TestF78_NothingLiveNeedsNoKeeper(t *testing.T) {
	t.Parallel()
	r := newRig(t).withTenant()
	r.attach(r.connection())
	r.endKeeper()
	tm := r.start(120, 40, "--data", r.data)
	tm.WaitFor("1:Triage")
	tm.HangUp()
	tm.Exit()
	if n := r.holders(); n != 0 {
		t.Errorf("%d processes still hold the store", n)
	}
	if out := r.cordon("", "status", "--data", r.data); !strings.Contains(out, "0 live") {
		t.Errorf("status: %s", out)
	}
}

// TestF78_ControlAConsoleThatIsKilledHasNoKeeper: the look of the test above is able to fail. A console that is killed can hand nothing over: nobody
// keeps the timer until somebody starts cordon again, and "status" says so by opening the store itself.
func TestF78_ControlAConsoleThatIsKilledHasNoKeeper(t *testing.T) {
	t.Parallel()
	r := newRig(t).withTenant()
	r.attach(r.connection())
	r.endKeeper()
	tm := r.start(120, 40, "--data", r.data)
	r.hold("isolate")
	machine := r.isolate(tm)
	r.waitHeld()
	tm.Kill()
	if n := r.holders(); n != 0 {
		t.Errorf("%d processes hold the store after the kill", n)
	}
	if out := r.cordon("", "status", "--data", r.data); strings.Contains(out, "process ") || !strings.Contains(out, "1 live") {
		t.Errorf("status: %s", out)
	}
	again := r.start(120, 40, "--data", r.data) // the next start makes it good
	again.WaitFor("1:Triage")
	again.Send("T")
	again.WaitFor("> Lockdowns", "ISOLATED", "3:5")
	if n := r.effective(machine, "isolate"); n != 1 {
		t.Errorf("isolations that took effect = %d, want exactly 1", n)
	}
}
