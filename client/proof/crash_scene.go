package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
)

// scene is one tenant, which tells the truth, and one folder for the victims that live on it one after another.
type scene struct {
	lab    *lab
	dir    string // holds spec and clock
	spec   spec
	clock  *sharedClock
	tenant *sim.Tenant
	server *sim.Server

	mu      sync.Mutex
	victim  *process
	onDelay func() // what the fault of a kill point does
	portal  bool   // somebody has released there
}

// lab makes worlds; the key of the simulated sign-in is made once, because that is slow.
type lab struct {
	dir string
	key *rsa.PrivateKey
	// promised counts the acknowledged acts that were looked for at the end of a life.
	promised atomic.Int64
}

func newLab() (*lab, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	dir, err := os.MkdirTemp("", "cordon-proof-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	return &lab{dir: dir, key: key}, nil
}

func (l *lab) close() { _ = os.RemoveAll(l.dir) }

// scene makes a tenant with n hosts for a script. store is the folder of the store; "" makes one.
func (l *lab) scene(ctx context.Context, s script, n int, store string) (*scene, error) {
	dir, err := os.MkdirTemp(l.dir, "scene-")
	if err != nil {
		return nil, fmt.Errorf("making a scene: %w", err)
	}
	if store == "" {
		store = filepath.Join(dir, "data")
	}
	w := &scene{lab: l, dir: dir, spec: spec{Dir: store, Clock: filepath.Join(dir, "clock"), Script: s}}
	if err := os.WriteFile(w.spec.Clock, make([]byte, 8), 0o600); err != nil {
		return nil, fmt.Errorf("making the clock: %w", err)
	}
	if w.clock, err = openClock(w.spec.Clock); err != nil {
		return nil, err
	}
	w.clock.add(time.Duration(time.Now().UnixNano()))
	quick := sim.Delay{Pickup: time.Second, Run: time.Second}
	w.tenant = sim.New(sim.Options{
		Now: w.clock.now, Key: l.key, Hosts: -1, Alerts: -1, EventEvery: -1, Delays: map[string]sim.Delay{"Isolate": quick, "Unisolate": quick},
		Behaviour: sim.Behaviour{NoQuota: true}, Sleep: w.delayed, TokenLife: 30 * 24 * time.Hour,
	})
	if w.server, err = sim.Serve(ctx, "127.0.0.1:0", w.tenant); err != nil {
		return nil, err
	}
	for i := range n {
		name := fmt.Sprintf("ws-%04d.corp.example", i)
		w.spec.Hosts = append(w.spec.Hosts, target{ID: w.tenant.AddMachine(sim.Machine{ComputerDNSName: name, Online: true}), Name: name})
	}
	w.spec.API, w.spec.Login, w.spec.CAPEM = w.server.BaseURL, w.server.LoginURL, string(w.server.CAPEM)
	w.spec.TenantID, w.spec.AppID, w.spec.Secret = w.server.TenantID, w.server.AppID, w.server.Secret
	if s == scriptOld {
		err = w.old()
	}
	return w, errors.Join(err, w.set(s))
}

// old puts a store of the first form into the folder, as an older cordon left it.
func (w *scene) old() error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the repository: %w", err)
	}
	var b []byte
	for ; ; root = filepath.Dir(root) {
		if b, err = os.ReadFile(filepath.Join(root, "testdata", "store", "v1.db")); err == nil || root == filepath.Dir(root) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%w: run it inside the repository: %w", errNotDone, err)
	}
	if err := os.MkdirAll(w.spec.Dir, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	return os.WriteFile(w.path(), b, 0o600)
}

// set arranges what the tenant does in a script.
func (w *scene) set(s script) error {
	isolate, release := "POST /api/machines/*/isolate", "POST /api/machines/*/unisolate"
	switch s {
	case scriptLost:
		w.tenant.Behave(func(b *sim.Behaviour) { b.ListLag = 40 * time.Second })
		w.tenant.Inject(sim.Fault{Match: isolate, Kind: sim.FaultCut, After: true})
	case scriptAbsent:
		w.tenant.Inject(sim.Fault{Match: isolate, Kind: sim.FaultCut})
	case scriptBlocked:
		w.tenant.Inject(sim.Fault{Match: release, Kind: sim.FaultStatus, Status: http.StatusForbidden, Times: 2})
	case scriptCancel:
		for _, t := range w.spec.Hosts {
			if err := w.tenant.SetOnline(t.ID, false); err != nil {
				return fmt.Errorf("setting up the tenant: %w", err)
			}
		}
	}
	return nil
}

func (w *scene) close() {
	w.kill()
	w.server.Close()
	_ = os.RemoveAll(w.dir)
}

// delayed is the tenant's waiting: the place where a kill point strikes.
func (w *scene) delayed(context.Context, time.Duration) {
	w.mu.Lock()
	f := w.onDelay
	w.mu.Unlock()
	if f != nil {
		f()
	}
}

// heard is the portal: in its script, somebody releases there what a victim has just isolated.
func (w *scene) heard(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spec.Script != scriptPortal || w.portal || !strings.Contains(line, string(soc.PhaseIsolated)) {
		return
	}
	_, err := w.tenant.ExternalRelease(w.spec.Hosts[0].ID, "d.mills@contoso.example")
	w.portal = err == nil
}

// process is a victim that runs, perhaps under strace.
type process struct {
	cmd   *exec.Cmd
	in    func() error // lets go of its life
	heard func(line string)
	done  chan struct{}
	err   bytes.Buffer

	mu    sync.Mutex
	pid   int // of the victim itself
	lines []string
	more  chan struct{} // a line came
}

// begin starts a victim. wrap is what runs it, such as strace with its options.
func (w *scene) begin(ctx context.Context, finish bool, wrap ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	w.spec.Finish = finish
	raw, err := json.Marshal(w.spec)
	if err != nil {
		return nil, fmt.Errorf("writing the spec: %w", err)
	}
	path := filepath.Join(w.dir, "spec")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return nil, fmt.Errorf("writing the spec: %w", err)
	}
	argv := append(append([]string{}, wrap...), self, "victim", path)
	p := &process{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), done: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	p.cmd.Env = append(os.Environ(), "GOTRACEBACK=single", "GOMAXPROCS=2")
	p.cmd.Stderr = &p.err
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a victim: %w", err)
	}
	p.in = in.Close
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a victim: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a victim: %w", err)
	}
	p.heard = w.heard
	go p.read(bufio.NewScanner(out))
	w.mu.Lock()
	w.victim = p
	w.mu.Unlock()
	return p, nil
}

func (p *process) read(lines *bufio.Scanner) {
	defer close(p.done)
	for lines.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		_, _ = fmt.Sscanf(lines.Text(), "PID %d", &p.pid)
		p.mu.Unlock()
		p.heard(lines.Text())
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
	_ = p.cmd.Wait() // how it ended is read from its state
}

// said returns the lines so far.
func (p *process) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.lines...)
}

// until waits for a line that holds the text; false when the process ended without one.
func (p *process) until(text string) bool {
	for {
		for _, l := range p.said() {
			if strings.Contains(l, text) {
				return true
			}
		}
		select {
		case <-p.done:
			return false
		case <-p.more:
		}
	}
}

// kill ends the victim at once, as a power switch for one process.
func (w *scene) kill() {
	w.mu.Lock()
	p := w.victim
	w.mu.Unlock()
	if p == nil {
		return
	}
	p.kill()
	<-p.done
}

// kill sends SIGKILL to the victim and what runs it; it does not wait.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // may be gone already
}

// patience bounds a victim that hangs; it is far above what the slowest life takes.
const patience = 3 * time.Minute

var errHangs = errors.New("a victim hangs")

// wait waits for the end and returns the exit code, -1 after a signal.
func (p *process) wait() (int, error) {
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-t.C:
		p.kill()
		<-p.done
		return -1, fmt.Errorf("%w: %s", errHangs, strings.Join(p.said(), " | "))
	}
}
