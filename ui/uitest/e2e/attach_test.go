package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cordon/client/sim"
	"cordon/ui/uitest/term"
)

// simulator starts `cordon simulate` as a process of its own and returns how to reach it.
func (r *rig) simulator() sim.Connection {
	r.t.Helper()
	file := r.home + "/sim.json"
	tm := r.start(200, 50, "simulate", "--write", file)
	tm.WaitFor("attach it in another terminal")
	c, err := sim.ReadConnection(file)
	if err != nil {
		r.t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		r.t.Errorf("connection file %v %v, want mode 0600", info, err)
	}
	return c
}

// attach attaches the simulator the way a person does, with the secret on standard input.
func (r *rig) attach(c sim.Connection) {
	r.t.Helper()
	out := r.cordon(c.AppID+"/"+c.Secret+"\n", "partner", "attach", "defender", "--secret-stdin", "--user", c.TenantID, "--api", c.API,
		"--login", c.Login, "--allow-custom-host", "--ca-file", r.home+"/sim.json.ca.pem", "--environment", "TEST", "--poll-interval", "10s",
		"--name", "contoso", "--data", r.data)
	if !strings.Contains(out, "attached contoso") {
		r.t.Fatalf("attach: %s", out)
	}
}

// TestK14_AttachedTenantWorksLikeTheDemo: the ordinary program, attached to a simulator in another process, isolates with an ordinary
// preset and releases on demand. Nothing is shared but the wire.
func TestK14_AttachedTenantWorksLikeTheDemo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.attach(r.simulator())
	tm := r.start(120, 40, "--data", r.data)
	machine := r.isolate(tm)
	tm.WaitFor("ISOLATED 3:59:")
	tm.Send("U")
	tm.WaitFor("Release")
	tm.WaitFor("enter release")
	tm.Send("done, reimaged")
	tm.Send("\r")
	tm.Wait("the release by a person", func(s string) bool { return strings.Contains(s, "(released, user)") })
	if code := r.quit(tm); code != 0 {
		t.Errorf("exit code = %d, want 0", code)
	}
	if l := r.lockdowns(); len(l) != 1 || l[0].MachineID != machine || l[0].Cause != "user" {
		t.Errorf("lockdowns = %+v, want one of %s released by a person", l, machine)
	}
}

type lockdownLine struct {
	MachineID string `json:"machine_id"`
	State     string `json:"state"`
	Cause     string `json:"cause"`
}

func (r *rig) lockdowns() []lockdownLine {
	r.t.Helper()
	var doc struct {
		Lockdowns []lockdownLine `json:"lockdowns"`
	}
	if err := json.Unmarshal([]byte(r.cordon("", "lockdowns", "list", "--all", "--json", "--data", r.data)), &doc); err != nil {
		r.t.Fatalf("lockdowns list --json: %v", err)
	}
	return doc.Lockdowns
}

// TestK13_LeavingKeepsTheTimersInTheBackground: a console with a live lockdown asks; a keeper takes over, and the next console takes the
// timers back. Nobody is asked twice and nothing is released early.
func TestK13_LeavingKeepsTheTimersInTheBackground(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.attach(r.simulator())
	tm := r.start(120, 40, "--data", r.data)
	r.isolate(tm)
	tm.WaitFor("ISOLATED 3:59:")
	r.leave(tm)
	if tm.Exit() != 0 {
		t.Errorf("leaving failed:\n%s", tm.Screen())
	}
	if s := tm.Screen(); !strings.Contains(s, "keeping 1 live lockdown") {
		t.Errorf("nobody says that the timers are kept:\n%s", s)
	}
	refused := r.refused("status", "--data", r.data)
	if !strings.Contains(refused, "process ") {
		t.Errorf("status while a keeper holds the store: %s", refused)
	}
	again := r.start(120, 40, "--data", r.data)
	again.WaitFor("1:Triage")
	again.Send("T")
	again.WaitFor("> Lockdowns", "ISOLATED", "3:5")
	if l := r.holders(); l > 1 {
		t.Errorf("%d processes hold the store", l)
	}
}

// leave answers the question of the console with "keep running in the background".
func (r *rig) leave(tm *term.Term) {
	r.t.Helper()
	tm.Send("\x03")
	tm.WaitFor("ctrl+c again")
	tm.Send("\x03")
	for range 3 { // a dialog takes no keys in its first moments: let its countdown tick
		before := left(tm.WaitFor("Keep running in background", "[>Stay ]"))
		tm.Wait("the countdown of the question", func(s string) bool { return left(s) != before })
	}
	tm.Send("\t")
	tm.WaitFor("[>Keep running in background ]")
	tm.Send("\r")
}

// left cuts the countdown of the first ISOLATED row out of the screen.
func left(screen string) string {
	return regexp.MustCompile(`ISOLATED +\d+:\d\d:\d\d`).FindString(screen)
}

// refused runs a command that must fail and returns what it says.
func (r *rig) refused(args ...string) string {
	r.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = r.env()
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	if err := cmd.Run(); err == nil {
		r.t.Errorf("cordon %s succeeded, want a refusal", strings.Join(args, " "))
	}
	return errOut.String()
}

// holders counts the processes of this rig that have the store open.
func (r *rig) holders() int {
	found := map[string]bool{}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && to == filepath.Join(r.data, "cordon.db") {
			found[strings.Split(fd, "/")[2]] = true
		}
	}
	return len(found)
}
