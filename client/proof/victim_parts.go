package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"cordon/client"
	"cordon/store"
	"cordon/store/soc"
)

// sharedClock is the wall clock of a world, in a mapped file: victim and tenant see the same time, and it outlives both.
type sharedClock struct{ at *atomic.Int64 }

func openClock(path string) (*sharedClock, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the clock: %w", err)
	}
	defer func() { _ = f.Close() }() // the mapping stays
	b, err := unix.Mmap(int(f.Fd()), 0, 8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping the clock: %w", err)
	}
	return &sharedClock{(*atomic.Int64)(unsafe.Pointer(&b[0]))}, nil
}

func (c *sharedClock) now() time.Time      { return time.Unix(0, c.at.Load()).UTC() }
func (c *sharedClock) add(d time.Duration) { c.at.Add(int64(d)) }

// thread does work on one thread of the operating system, because strace counts the calls of each thread by itself: so the n-th write of a
// life is a place that can be enumerated.
type thread struct{ work chan func() }

func newThread() *thread {
	t := &thread{make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range t.work {
			f()
		}
	}()
	return t
}

func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.work <- func() { defer close(done); f() }
	<-done
}

// board is the real store, with every write on one thread. For the negative controls it can forget.
type board struct {
	*store.Store
	on    *thread
	v     *victim
	moves atomic.Int64
	// passes is how often the timers have asked when to look again: once each time they have looked.
	passes atomic.Int64
}

// NextWake counts the passes of the timers.
func (b *board) NextWake(ctx context.Context) (time.Time, error) {
	b.passes.Add(1)
	return b.Store.NextWake(ctx)
}

// write runs a write and remembers that the store refused one.
func (b *board) write(what string, f func() error) (err error) {
	b.on.do(func() { err = f() })
	b.moves.Add(1)
	var e *soc.Error
	if err != nil && !errors.Is(err, soc.ErrConflict) && b.v.sick.CompareAndSwap(false, true) {
		next := ""
		if errors.As(err, &e) {
			next = e.Next
		}
		say("%s: %v; next: %s", what, err, next)
	}
	return err
}

func (b *board) close() (err error) {
	b.on.do(func() { err = b.Close() })
	return err
}

func (b *board) SaveLockdown(ctx context.Context, l soc.Lockdown, entries ...soc.AuditEntry) (saved soc.Lockdown, err error) {
	if b.v.Break == breakRow && l.Phase == soc.PhaseSubmitting {
		return b.forget(ctx, l)
	}
	err = b.write("saving a lockdown", func() (err error) {
		saved, err = b.Store.SaveLockdown(ctx, l, entries...)
		return err
	})
	if err == nil {
		fmt.Println("PHASE", saved.ID, saved.Phase, saved.Key.MachineID, saved.Crashes)
	}
	return saved, err
}

// forget is the broken handling of the control: the attempt row is not stored, only the record as it was.
func (b *board) forget(ctx context.Context, l soc.Lockdown) (soc.Lockdown, error) {
	old, err := b.Lockdown(ctx, l.ID)
	if err == nil && old.Phase == soc.PhaseRequested {
		err = b.write("forgetting", func() (err error) {
			old, err = b.Store.SaveLockdown(ctx, old)
			return err
		})
		l.Revision = old.Revision
	}
	return l, err
}

func (b *board) AppendAudit(ctx context.Context, entries ...soc.AuditEntry) error {
	return b.write("writing history", func() error { return b.Store.AppendAudit(ctx, entries...) })
}

func (b *board) PutHostActions(ctx context.Context, key soc.HostKey, actions []soc.MachineAction, asOf time.Time) error {
	return b.write("storing actions", func() error { return b.Store.PutHostActions(ctx, key, actions, asOf) })
}

func (b *board) PutHosts(ctx context.Context, hosts ...soc.Host) error {
	return b.write("storing hosts", func() error { return b.Store.PutHosts(ctx, hosts...) })
}

func (b *board) SaveIntegration(ctx context.Context, in soc.Integration, entries ...soc.AuditEntry) (saved soc.Integration, err error) {
	err = b.write("storing the integration", func() (err error) {
		saved, err = b.Store.SaveIntegration(ctx, in, entries...)
		return err
	})
	return saved, err
}

// wire is the real client, counted so that the victim knows when all is quiet.
type wire struct {
	*client.Client
	v            *victim
	calls, moves atomic.Int64
}

func counted[T any](w *wire, f func() (T, error)) (T, error) {
	w.calls.Add(1)
	defer func() {
		w.moves.Add(1)
		w.calls.Add(-1)
	}()
	return f()
}

func (w *wire) Isolate(ctx context.Context, id string, kind soc.IsolationType, comment string) (soc.MachineAction, error) {
	return counted(w, func() (soc.MachineAction, error) { return w.Client.Isolate(ctx, id, kind, comment) })
}

func (w *wire) Unisolate(ctx context.Context, id, comment string) (soc.MachineAction, error) {
	return counted(w, func() (soc.MachineAction, error) { return w.Client.Unisolate(ctx, id, comment) })
}

func (w *wire) CancelAction(ctx context.Context, id, comment string) (soc.MachineAction, error) {
	return counted(w, func() (soc.MachineAction, error) { return w.Client.CancelAction(ctx, id, comment) })
}

func (w *wire) HostActions(ctx context.Context, id string) ([]soc.MachineAction, error) {
	if w.v.Break == breakPoison && id == w.v.Hosts[0].ID {
		panic("a poisoned record")
	}
	return counted(w, func() ([]soc.MachineAction, error) { return w.Client.HostActions(ctx, id) })
}
