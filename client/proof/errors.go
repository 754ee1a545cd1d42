package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"cordon/store/soc"
)

// A disk that fails (F66, F67, F68): the n-th call of a kind is refused, once or from then on. The process must not crash, must not isolate
// twice, must say what is wrong, and must release on time while the disk is still broken (K-11). With a sound disk the next start ends it all.

// failure is one fault of the machine.
type failure struct {
	script  script
	call    string
	errno   string
	n       int
	forGood bool
	broken  string
}

func (f failure) String() string {
	when := strconv.Itoa(f.n)
	if f.forGood {
		when += "+"
	}
	return fmt.Sprintf("%s, %s at %s %s", f.script, f.errno, f.call, when)
}

// failures are the rows; each is walked from the first call on, further and further apart, until the fault strikes no more.
func failures(o options) (all []failure) {
	calls := map[string][]string{
		"pwrite64": {"EIO", "ENOSPC", "EROFS", "EDQUOT"}, "fdatasync": {"EIO", "ENOSPC"}, "fsync": {"EIO"}, "ftruncate": {"EIO", "ENOSPC", "EROFS"},
		"openat": {"EMFILE", "EIO", "EROFS"}, "socket": {"EMFILE"},
	}
	for _, call := range []string{"pwrite64", "fdatasync", "fsync", "ftruncate", "openat", "socket"} {
		for _, errno := range calls[call] {
			for _, s := range []script{scriptTimer, scriptHuman} {
				all = append(all, failure{s, call, errno, 1, false, ""}, failure{s, call, errno, 1, true, ""})
			}
		}
	}
	if !o.long {
		r := rand.New(rand.NewPCG(o.seed, 4))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:8]
	}
	return all
}

func diskErrors(ctx context.Context, l *lab, o options) (line, error) {
	if err := needs("strace"); err != nil {
		return line{}, fmt.Errorf("errors of the disk: %w", err)
	}
	t := l.tally()
	parallel(ctx, failures(o), func(f failure) {
		for struck := true; struck && ctx.Err() == nil; f.n += 1 + f.n/pick(o.long, 6, 1) {
			var v verdict
			var err error
			if struck, v, err = fail(ctx, l, f); err != nil {
				struck = false
			}
			t.add(ctx, count(struck), f.String(), v, err)
		}
	})
	_, v, err := fail(ctx, l, failure{scriptTimer, "pwrite64", "EIO", 9, true, breakAck})
	control := fmt.Sprintf("%d of 1 found", count(len(v) > 0))
	return t.line("EIO, ENOSPC, EROFS, EDQUOT, EMFILE at the n-th call", 300, control, len(v) > 0), errors.Join(t.err, err)
}

// fail plays a life on a failing machine and one on a sound one after it.
// struck says that the fault came to pass.
func fail(ctx context.Context, l *lab, f failure) (struck bool, v verdict, err error) {
	w, err := l.scene(ctx, f.script, 1, "")
	if err != nil {
		return false, nil, err
	}
	defer w.close()
	w.spec.Break = f.broken
	when := strconv.Itoa(f.n)
	if f.forGood {
		when += "+"
	}
	log := filepath.Join(w.dir, "calls")
	wrap := strace("trace="+f.call, "inject="+f.call+":error="+f.errno+":when="+when)
	wrap[slices.Index(wrap, os.DevNull)] = log
	p, err := w.begin(ctx, false, wrap...)
	if err != nil {
		return false, nil, err
	}
	code, err := p.wait()
	if err != nil {
		return false, nil, err
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		return false, nil, fmt.Errorf("reading the calls: %w", err)
	}
	struck = bytes.Contains(calls, []byte("(INJECTED)"))
	if v = w.endured(code, p); len(v) > 0 {
		return struck, v, nil
	}
	if v = w.wreck(ctx, p.said()); len(v) > 0 {
		return struck, v, nil
	}
	v, err = w.finish(ctx, p.said())
	return struck, v, err
}

// endured checks how a victim took it that its machine fails.
func (w *scene) endured(code int, p *process) (v verdict) {
	said, told := p.said(), p.err.String()
	started := strings.Contains(strings.Join(said, "\n"), "OPEN")
	switch {
	case code == exitDone:
	case code == exitFault && !strings.Contains(strings.Join(said, "\n"), "SAID"):
		v.add("it gave up and did not say why")
	case code == exitFault:
	case !started && strings.Contains(told, "runtime"): // the Go runtime itself did not come up
	default:
		v.add("it ended with %d: %s %s", code, strings.Join(said, " | "), tail(told))
	}
	for _, t := range w.spec.Hosts {
		if code == exitFault && w.tenant.Isolated(t.ID) {
			v.add("K-11: %s is still isolated long after its deadline: %s", t.Name, strings.Join(said, " | "))
		}
	}
	return v
}

// diskFull plays lives on a small disk that somebody else fills at each step (F67).
func diskFull(ctx context.Context, l *lab, o options) (line, error) {
	if err := mayMount(); err != nil {
		return line{}, fmt.Errorf("full disks: %w", err)
	}
	t := l.tally()
	steps := []string{"OPEN", "ACK order"}
	for _, p := range []soc.Phase{soc.PhaseSubmitting, soc.PhasePending, soc.PhaseIsolated, soc.PhaseReleaseRequested, soc.PhaseReleasing} {
		steps = append(steps, string(p))
	}
	parallel(ctx, steps, func(step string) {
		kept, v, err := fullAt(ctx, l, step, true)
		if !kept {
			v.add("the life was not recorded on the full disk")
		}
		t.add(ctx, 1, "disk full at "+step, v, err)
	})
	found, n, err := fullControl(ctx, l)
	control := fmt.Sprintf("%d of %d found (no reserve)", found, n)
	return t.line("disk full at each step, releases and records go on", 0, control, found > 0), errors.Join(t.err, err)
}

// fullControl takes the reserve away before the disk is full. Now and then the pages that the store already has are enough.
func fullControl(ctx context.Context, l *lab) (found, n int, err error) {
	for n < 6 && found == 0 {
		kept, _, err := fullAt(ctx, l, string(soc.PhaseIsolated), false)
		if err != nil {
			return found, n, err
		}
		n++
		found += count(!kept)
	}
	return found, n, nil
}

// fullAt fills the disk when the victim has printed a line; kept says that every isolation came to its recorded end all the same. Without
// the reserve of the store it can not.
func fullAt(ctx context.Context, l *lab, step string, reserve bool) (kept bool, v verdict, err error) {
	dir, err := os.MkdirTemp(l.dir, "full-")
	if err != nil {
		return false, nil, fmt.Errorf("making a disk: %w", err)
	}
	if err := tool(ctx, "mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", dir); err != nil {
		return false, nil, err
	}
	defer func() { err = errors.Join(err, tool(context.Background(), "umount", dir)) }()
	w, err := l.scene(ctx, scriptMany, scriptMany.hosts(), filepath.Join(dir, "data"))
	if err != nil {
		return false, nil, err
	}
	defer w.close()
	p, err := w.begin(ctx, false)
	if err != nil {
		return false, nil, err
	}
	ballast := filepath.Join(dir, "ballast")
	reached := p.until(step)
	if err := p.freeze(); err != nil {
		return false, nil, err
	}
	if !reserve {
		if err := os.Remove(filepath.Join(w.spec.Dir, "cordon.reserve")); err != nil {
			return false, nil, fmt.Errorf("taking the reserve away: %w", err)
		}
	}
	if err := fill(ballast); err != nil {
		return false, nil, err
	}
	p.thaw()
	code, err := p.wait()
	if err != nil || !reached {
		return false, verdict{"the step was never reached"}, err
	}
	said := p.said()
	if v = w.endured(code, p); len(v) > 0 {
		return false, v, nil
	}
	if err := os.Remove(ballast); err != nil {
		return false, nil, fmt.Errorf("emptying the disk: %w", err)
	}
	kept = code == exitDone || len(w.effects("", "isolate")) == 0 // nothing was isolated: nothing to record
	if v = w.wreck(ctx, said); len(v) == 0 {
		v, err = w.finish(ctx, said)
	}
	return kept, v, err
}

// fill takes all the room of a disk, down to single pages.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("filling the disk: %w", err)
	}
	for size := 1 << 20; size >= 512; {
		_, err = f.Write(make([]byte, size))
		if errors.Is(err, syscall.ENOSPC) {
			size /= 2
			continue
		}
		if err != nil {
			return errors.Join(fmt.Errorf("filling the disk: %w", err), f.Close())
		}
	}
	_ = f.Close() // it is full
	return nil
}
