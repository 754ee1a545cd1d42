package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Power cuts: the store is on an ext4 file system in a file. The victim is stopped in the middle of its work, the file is copied as the disk
// is at that moment, everything that was only in memory is forgotten with the original, and the copy is what the next process finds.

const (
	diskSize  = 96 << 20
	cutsALife = 10
)

// disk is an ext4 file system in a file.
type disk struct {
	image, dir string
	mounted    bool
}

func newDisk(ctx context.Context, dir string) (*disk, error) {
	d := &disk{image: filepath.Join(dir, "disk-0"), dir: filepath.Join(dir, "mnt")}
	f, err := os.Create(d.image)
	if err != nil {
		return nil, fmt.Errorf("making a disk: %w", err)
	}
	if err := errors.Join(f.Truncate(diskSize), f.Close(), os.Mkdir(d.dir, 0o700)); err != nil {
		return nil, fmt.Errorf("making a disk: %w", err)
	}
	if err := tool(ctx, "mkfs.ext4", "-F", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image); err != nil {
		return nil, err
	}
	return d, d.mount(ctx)
}

// mount attaches the file system. Without a sync, nothing of it reaches the file by itself for a long time.
func (d *disk) mount(ctx context.Context) error {
	if err := tool(ctx, "mount", "-o", "loop,commit=1000", d.image, d.dir); err != nil {
		return err
	}
	d.mounted = true
	return nil
}

// remove takes the file system away, also after ctx has ended.
func (d *disk) remove() error {
	if !d.mounted {
		return nil
	}
	d.mounted = false
	return tool(context.Background(), "umount", d.dir)
}

// cut copies what is on the disk now and goes on with the copy.
func (d *disk) cut(ctx context.Context, p *process) error {
	if err := p.freeze(); err != nil {
		return err
	}
	copied := d.image + "c"
	err := tool(ctx, "cp", "--sparse=always", d.image, copied)
	p.kill()
	<-p.done
	if err = errors.Join(err, d.remove(), os.Remove(d.image)); err != nil {
		return err
	}
	d.image = copied
	return d.mount(ctx)
}

// freeze stops the victim, all its threads. One that has ended is frozen enough.
func (p *process) freeze() error {
	p.mu.Lock()
	pid := p.pid
	p.mu.Unlock()
	if pid == 0 {
		return nil // it has not said who it is, so it has not opened anything yet
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return nil // it has ended meanwhile
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if still(pid) {
			return nil
		}
	}
	return fmt.Errorf("%w: it can not be stopped", errHangs)
}

// thaw lets a frozen victim go on.
func (p *process) thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = syscall.Kill(p.pid, syscall.SIGCONT) // may be gone
}

// still reports whether no thread of the process runs.
func still(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // ended
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if !strings.HasPrefix(rest, "T") && !strings.HasPrefix(rest, "t") && !strings.HasPrefix(rest, "Z") {
			return false
		}
	}
	return true
}

func tool(ctx context.Context, argv ...string) error {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// mayMount says why file systems can not be mounted here.
func mayMount() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: mounting needs root", errNotDone)
	}
	return needs("mkfs.ext4", "mount", "umount", "cp", "losetup")
}

func powerCut(ctx context.Context, l *lab, o options) (line, error) {
	if err := mayMount(); err != nil {
		return line{}, fmt.Errorf("power cuts: %w", err)
	}
	cuts := pick(o.long, 300, 6)
	t := l.tally()
	lives := make([]uint64, (cuts+cutsALife-1)/cutsALife)
	for i := range lives {
		lives[i] = o.seed<<20 + uint64(i)
	}
	parallel(ctx, lives, func(seed uint64) {
		n, v, err := powerLife(ctx, l, rand.New(rand.NewPCG(seed, 3)), min(cuts, cutsALife))
		t.add(ctx, n, fmt.Sprintf("power life %d", seed), v, err)
	})
	found, n, err := powerControl(ctx, l, o)
	caught := n > 0 && found*10 >= n*4
	return t.line("power cut, ext4 image", 300, fmt.Sprintf("%d of %d found (syncs skipped)", found, n), caught), errors.Join(t.err, err)
}

// powerLife cuts the power of one console again and again.
func powerLife(ctx context.Context, l *lab, r *rand.Rand, cuts int, wrap ...string) (n int, v verdict, err error) {
	dir, err := os.MkdirTemp(l.dir, "disk-")
	if err != nil {
		return 0, nil, fmt.Errorf("making a disk: %w", err)
	}
	d, err := newDisk(ctx, dir)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, d.remove(), os.RemoveAll(dir)) }()
	w, err := l.scene(ctx, scriptChain, 400, filepath.Join(d.dir, "data"))
	if err != nil {
		return 0, nil, err
	}
	defer w.close()
	return w.blows(ctx, cuts, func(p *process) error {
		if len(wrap) > 0 {
			p.until("ACK") // a control must have something to lose
		}
		pause(p, r, 300)
		return d.cut(ctx, p)
	}, wrap...)
}

// powerControl takes the syncs away from the same program: the disk says "written" and has not.
func powerControl(ctx context.Context, l *lab, o options) (found, n int, err error) {
	if err := needs("strace"); err != nil {
		return 0, 0, fmt.Errorf("control of the power cuts: %w", err)
	}
	lie := strace("trace=fdatasync,fsync", "inject=fdatasync,fsync:retval=0")
	for range pick(o.long, 20, 3) {
		_, v, err := powerLife(ctx, l, rand.New(rand.NewPCG(o.seed, uint64(n))), 1, lie...)
		if err != nil {
			return found, n, err
		}
		n++
		found += count(len(v) > 0)
	}
	return found, n, nil
}
