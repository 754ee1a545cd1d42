package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/ui/uitest/term"
)

// program is the binary under test, built once with the race detector.
var program string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cordon-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "cordon")
	if out, err := exec.Command("go", "build", "-race", "-o", program, "cordon").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building cordon: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// rig is a folder of a person, and a tenant that outlives the program.
type rig struct {
	t      *testing.T
	home   string
	data   string
	tenant *sim.Tenant
	file   string        // connection of the tenant
	held   chan struct{} // gets a value when a held request has taken effect
}

func newRig(t *testing.T) *rig {
	t.Helper()
	home := t.TempDir()
	return &rig{t: t, home: home, data: filepath.Join(home, "data"), held: make(chan struct{}, 1)}
}

// withTenant serves a simulated tenant from this process, so that killing the program does not touch it.
func (r *rig) withTenant() *rig {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r.tenant = sim.New(sim.Options{Sleep: func(ctx context.Context, _ time.Duration) {
		r.held <- struct{}{}
		<-ctx.Done()
	}})
	s, err := sim.Serve(ctx, "127.0.0.1:0", r.tenant)
	if err != nil {
		r.t.Fatalf("serving the tenant: %v", err)
	}
	r.t.Cleanup(func() { cancel(); s.Close() })
	r.file = filepath.Join(r.home, "tenant.json")
	if err := s.Connection().WriteFile(r.file); err != nil {
		r.t.Fatal(err)
	}
	return r
}

// hold makes the next such POST take effect and then never be answered. The caller waits on r.held.
func (r *rig) hold(kind string) {
	r.tenant.Inject(sim.Fault{Match: "POST /api/machines/*/" + kind, Kind: sim.FaultDelay, After: true, Delay: time.Hour})
}

func (r *rig) waitHeld() {
	r.t.Helper()
	select {
	case <-r.held:
	case <-time.After(term.Patience):
		r.t.Fatal("the order never reached Defender")
	}
}

func (r *rig) env() []string {
	return []string{
		"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "XDG_CONFIG_HOME=" + r.home + "/config", "XDG_STATE_HOME=" + r.home + "/state",
		"GORACE=halt_on_error=1", "CORDON_ASCII=true",
	}
}

func (r *rig) start(cols, rows uint16, args ...string) *term.Term {
	r.t.Helper()
	return term.Start(r.t, cols, rows, r.env(), program, args...)
}

// demo starts the demo console on the rig's folder and tenant.
func (r *rig) demo() *term.Term {
	r.t.Helper()
	return r.start(80, 24, "demo", "--data", r.data, "--tenant", r.file)
}

// cordon runs a command to its end and returns what it printed.
func (r *rig) cordon(stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdin = r.env(), strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("cordon %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String()
}

// isolate picks a workstation and presses the three keys: enter, L, enter. It returns the machine id.
func (r *rig) isolate(tm *term.Term) string {
	r.t.Helper()
	tm.WaitFor("1:Triage", "WS-")
	tm.Send("/")
	tm.WaitFor("typing")
	tm.Send(" host:ws-*\r")
	tm.Wait("a workstation under the cursor and nothing else listed", func(s string) bool {
		return strings.Contains(s, "enter open") && !strings.Contains(s, "SRV-") && cursorOn(s, "WS-")
	})
	tm.Send("\r")
	tm.WaitFor("[1 Overview]", "NOT ISOLATED", "sensor ", "L lockdown")
	tm.Send("L")
	screen := tm.WaitFor("Isolate 1 device", "[>Isolate for ")
	tm.Send("\r")
	return machineID(r.t, screen)
}

// cursorOn reports whether the row under the cursor holds the text.
func cursorOn(screen, text string) bool {
	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, ">") && strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// machineID reads the id that the dialog names.
func machineID(t *testing.T, screen string) string {
	t.Helper()
	f := strings.Fields(screen)
	if i := slices.Index(f, "Id"); i >= 0 && i+1 < len(f) && len(f[i+1]) == 40 {
		return f[i+1]
	}
	t.Fatalf("the dialog names no machine id:\n%s", screen)
	return ""
}

// effective counts the POSTs of a kind that changed something.
func (r *rig) effective(machine, kind string) int {
	n := 0
	for _, p := range r.tenant.Posts(machine, kind) {
		if p.Effect {
			n++
		}
	}
	return n
}
