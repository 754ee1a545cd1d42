package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cordon/client/sim"
)

// point is one enumerated place to die: at the n-th system call of a kind on the thread that writes the store, or at the n-th request, when
// its first byte has reached the tenant.
type point struct {
	script script
	at     string // a system call, or one of the request points
	n      int
	match  string // of a request point: which requests count, "" for all
	broken string // for the controls
}

// The request points: the request arrives and comes to nothing, it takes effect although its sender is dead, its answer finds nobody.
const (
	atLost   = "request, lost"
	atLate   = "request, takes effect later"
	atAnswer = "request, answer unheard"
)

func (p point) String() string { return fmt.Sprintf("%s, killed at %s %d", p.script, p.at, p.n) }

func (p point) request() bool { return strings.HasPrefix(p.at, "request") }

// places are where a life of a script is cut. What the first start and the key file do to the folder is cut only where it happens.
func places(s script) []string {
	all := []string{"pwrite64", "fdatasync", "ftruncate", "fsync", atLost, atLate, atAnswer}
	if s == scriptTimer || s == scriptHuman {
		all = append(all, "write")
	}
	if s == scriptInit || s == scriptRotate || s == scriptOld || s == scriptBackup || s == scriptRestore {
		all = append(all, "openat", "linkat", "unlinkat", "renameat", "fchmodat", "mkdirat", "write", "fallocate")
	}
	return all
}

// killAt plays a life that ends at the point, then one that goes on from there, and checks both. died is false when the life ended before
// the point was reached.
func killAt(ctx context.Context, l *lab, p point) (died bool, v verdict, err error) {
	w, err := l.scene(ctx, p.script, p.script.hosts(), "")
	if err != nil {
		return false, nil, err
	}
	defer w.close()
	w.spec.Break = p.broken
	before, err := w.prologue(ctx)
	if err != nil {
		return false, nil, err
	}
	var wrap []string
	if p.request() {
		w.trap(p)
	} else {
		wrap = strace("trace="+p.at, "inject="+p.at+":signal=KILL:when="+strconv.Itoa(p.n))
	}
	victim, err := w.begin(ctx, false, wrap...)
	if err != nil {
		return false, nil, err
	}
	code, err := victim.wait()
	if err != nil {
		return false, nil, err
	}
	said := append(before, victim.said()...)
	switch code {
	case -1:
		w.clock.add(downTime)
		if v = w.wreck(ctx, said); len(v) == 0 {
			v, err = w.finish(ctx, said)
		}
	case exitDone:
		v = w.peace(ctx, said)
	default:
		v.add("it ended by itself with %d: %s %s", code, strings.Join(said, " | "), tail(victim.err.String()))
	}
	return code == -1, v, err
}

// prologue is what has happened before a script begins: of a restore, a life with a backup that ended suddenly. It returns what was promised.
func (w *scene) prologue(ctx context.Context) (promised []string, err error) {
	if w.spec.Script != scriptRestore {
		return nil, nil
	}
	w.spec.Script = scriptBackup
	p, err := w.begin(ctx, false)
	if err != nil {
		return nil, err
	}
	if !p.until("ACK backup") {
		return nil, fmt.Errorf("%w: no backup was made: %v", errHangs, p.said())
	}
	w.kill()
	w.spec.Script = scriptRestore
	return slices.DeleteFunc(p.said(), func(l string) bool { return !strings.HasPrefix(l, "ACK") }), nil
}

// downTime is how long nobody runs after a kill: what was ordered is carried out meanwhile.
const downTime = 5 * time.Second

func strace(options ...string) []string {
	argv := []string{"strace", "-f", "-qq", "-o", "/dev/null"}
	for _, o := range options {
		argv = append(argv, "-e", o)
	}
	return append(argv, "--")
}

func tail(s string) string { return s[max(0, len(s)-400):] }

// trap makes the tenant kill the victim at its n-th request.
func (w *scene) trap(p point) {
	w.mu.Lock()
	w.onDelay = func() {
		w.kill()
		if p.at == atLost {
			panic(http.ErrAbortHandler)
		}
	}
	w.mu.Unlock()
	w.tenant.ClearFaults()
	w.tenant.Inject(sim.Fault{Match: p.match, Skip: p.n - 1, Kind: sim.FaultDelay, After: p.at == atAnswer})
	_ = w.set(w.spec.Script) // it worked before
}

// finish starts a process that orders nothing and waits until everything is over, then checks the end.
func (w *scene) finish(ctx context.Context, said []string) (verdict, error) {
	for _, t := range w.spec.Hosts {
		if err := w.tenant.SetOnline(t.ID, true); err != nil {
			return nil, fmt.Errorf("setting up the tenant: %w", err)
		}
	}
	w.spec.Break = ""
	p, err := w.begin(ctx, true)
	if err != nil {
		return nil, err
	}
	code, err := p.wait()
	if err != nil {
		return nil, err
	}
	if code != exitDone {
		return verdict{fmt.Sprintf("the next start ended with %d: %s %s", code, strings.Join(p.said(), " | "), tail(p.err.String()))}, nil
	}
	return w.peace(ctx, said), nil
}

// tally counts cases, from several workers.
type tally struct {
	mu       sync.Mutex
	n, bad   int
	err      error
	examples []string
	begun    time.Time
	lab      *lab
	promised int64 // by the lab, before this
}

func (l *lab) tally() *tally { return &tally{begun: time.Now(), lab: l, promised: l.promised.Load()} }

// add counts n cases and what was found. What ends because the proof is stopped is no finding.
func (t *tally) add(ctx context.Context, n int, name string, v verdict, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	t.n += n
	if err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("%s: %w", name, err))
	}
	if len(v) > 0 {
		t.bad++
		if len(t.examples) < 5 {
			t.examples = append(t.examples, name+": "+strings.Join(v, "; "))
		}
	}
}

func (t *tally) line(what string, want int, control string, caught bool) line {
	return line{
		what: what, n: t.n, want: want, bad: t.bad, control: control, caught: caught, examples: t.examples,
		note: fmt.Sprintf("%.1f/s, %d acknowledged acts looked for", float64(t.n)/time.Since(t.begun).Seconds(), t.lab.promised.Load()-t.promised),
	}
}

// workers is how many lives are played at once.
const workers = 2

// parallel runs work on every item.
func parallel[T any](ctx context.Context, items []T, work func(T)) {
	queue := make(chan T)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for item := range queue {
				if ctx.Err() == nil {
					work(item)
				}
			}
		})
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	all.Wait()
}

// enumerate kills at every point of every script; in the short form at some, further and further apart.
func enumerate(ctx context.Context, l *lab, o options, all []script) *tally {
	t := l.tally()
	var rows []point
	for _, s := range all {
		for _, at := range places(s) {
			rows = append(rows, point{script: s, at: at})
		}
	}
	if !o.long {
		rows = short(rows, o.seed)
	}
	parallel(ctx, rows, func(p point) {
		gap := 0
		for p.n = 1; ctx.Err() == nil; p.n += 1 + gap {
			died, v, err := killAt(ctx, l, p)
			t.add(ctx, count(died), p.String(), v, err)
			if !died || err != nil {
				break
			}
			if !o.long {
				gap = gap*3 + 4
			}
		}
		fmt.Fprintf(o.log, "%s, %s: %d points\n", p.script, p.at, p.n-1)
	})
	return t
}

// short keeps what the short form has time for: other rows for another seed.
func short(rows []point, seed uint64) (some []point) {
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for _, p := range rows {
		if len(some) < 24 && p.at != "openat" {
			some = append(some, p)
		}
	}
	return some
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// killControl plays lives whose handling is broken on purpose; the checks above must find it.
func killControl(ctx context.Context, l *lab) (found, n int, err error) {
	for _, p := range []point{
		{script: scriptLost, at: atAnswer, broken: breakRow},
		{script: scriptTimer, at: "pwrite64", broken: breakAck},
	} {
		hit := false
		for p.n = 1; p.n <= 30 && !hit; p.n++ {
			died, v, err := killAt(ctx, l, p)
			if err != nil {
				return found, n, err
			}
			hit = len(v) > 0
			if !died {
				break
			}
		}
		n++
		found += count(hit)
	}
	return found, n, nil
}

// needs says which tools are missing.
func needs(tools ...string) error {
	for _, t := range tools {
		if _, err := exec.LookPath(t); err != nil {
			return fmt.Errorf("%w: %s is not installed", errNotDone, t)
		}
	}
	return nil
}
