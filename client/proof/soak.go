package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"cordon/client/lockdown"
	"cordon/store"
	"cordon/store/soc"
	"cordon/store/soc/soctest"
)

// runSoak is D10: one store, one reconciler and a simulated tenant, with faults, on a clock that runs as fast as the work allows. Lockdowns
// are ordered steadily, each is driven until its watch is over, and what must not grow is measured every 1/16 of the way.
func runSoak(ctx context.Context, o options) ([]line, error) {
	turns, days := 10, 1
	if o.long {
		turns, days = 262, 7
	}
	l, err := soak(ctx, o, turns, days, nil)
	if err != nil {
		return nil, err
	}
	l.want = 5 * 365
	var hoard [][]byte
	leak := func() { // control: a process that keeps 2 MiB and a goroutine for every lockdown
		hoard = append(hoard, make([]byte, 2<<20))
		go func() { <-ctx.Done() }()
	}
	control, err := soak(ctx, o, 8, 1, leak)
	l.control, l.caught = fmt.Sprintf("a leaking process is noticed: %t (%d of its days)", control.bad > 0, control.n), control.bad > 0
	runtime.KeepAlive(hoard)
	return []line{l}, err
}

// sample is what must not grow.
type sample struct {
	goroutines, locks int
	heap              uint64
	size              int64 // of the database file
}

// engine is a soak under way.
type engine struct {
	w     *soctest.Stage
	dir   string
	store *store.Store
	rec   *lockdown.Reconciler
	next  map[soc.LockdownID]time.Time // when to drive what
	n     int
	lost  int
}

// soak runs so many turns of so many days, with one lockdown each.
func soak(ctx context.Context, o options, turns, days int, leak func()) (line, error) {
	dir, err := memoryDir()
	if err != nil {
		return line{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w := soctest.NewStage(o.seed)
	e := &engine{w: w, dir: dir, next: map[soc.LockdownID]time.Time{}}
	if e.store, err = store.Open(ctx, filepath.Join(dir, "soak.db"), store.Options{Now: func() time.Time { return e.w.Now() }}); err != nil {
		return line{}, fmt.Errorf("opening the store: %w", err)
	}
	defer func() { _ = e.store.Close() }()
	if _, err := e.store.SaveIntegration(ctx, soc.Integration{ID: "t1", Type: "defender", Name: "soak", Enabled: true, CreatedAt: e.w.Now()}); err != nil {
		return line{}, fmt.Errorf("attaching the tenant: %w", err)
	}
	e.restart()
	var samples []sample
	began := time.Now()
	for turn := range turns {
		if ctx.Err() != nil {
			return line{}, ctx.Err()
		}
		if err := e.turn(ctx, days); err != nil {
			return line{}, err
		}
		if leak != nil {
			leak()
		}
		if every := max(turns/16, 1); turn%every == every-1 {
			samples = append(samples, e.sample())
		}
	}
	l := line{what: "days of virtual time: growth of heap, goroutines, database", n: turns * days, note: e.note(samples, time.Since(began))}
	l.bad, l.examples = judgeSoak(samples)
	l.bad += e.lost
	return l, nil
}

// memoryDir is a directory that costs no disk writes where the system has one.
func memoryDir() (string, error) {
	base := os.TempDir()
	if _, err := os.Stat("/dev/shm"); err == nil {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "cordon-soak-")
	if err != nil {
		return "", fmt.Errorf("making a directory: %w", err)
	}
	return dir, nil
}

// restart is a new process on the same store.
func (e *engine) restart() {
	e.rec = lockdown.NewReconciler(lockdown.Options{Store: e.store, Remotes: e, Now: func() time.Time { return e.w.Now() }})
}

// perHost is how many lockdowns a host sees before the next one has its turn. The store keeps the last 200 actions of a host and reads them at
// every look: with one host for five years the soak would measure nothing but that.
const perHost = 8

// turn orders a lockdown and lets the days go by.
func (e *engine) turn(ctx context.Context, days int) error {
	w := e.w
	e.n++
	machine := fmt.Sprintf("aa%02d", e.n/perHost)
	l, entry, err := soc.Requested(soc.Lockdown{
		ID: soc.LockdownID(fmt.Sprintf("LK-%08d", e.n)), Key: soc.HostKey{Integration: "t1", MachineID: machine}, HostName: "ws-" + machine, Mode: soc.ModeManual,
		By: soc.Actor{Name: "alice"}, Type: soc.IsolationFull, Period: time.Duration(1+w.Pick(12, "hours")) * time.Hour, Reason: "soak",
	}, w.Now())
	if err == nil {
		_, err = e.store.SaveLockdown(ctx, l, entry)
	}
	if soc.KindOf(err) == soc.KindConflict {
		e.lost++ // the one before is still open
	} else if err != nil {
		return fmt.Errorf("ordering lockdown %s: %w", l.ID, err)
	} else {
		e.next[l.ID] = w.Now()
	}
	for end := w.Now().Add(time.Duration(days)*24*time.Hour + time.Duration(w.Pick(4*3600, "until the next"))*time.Second); w.Now().Before(end); {
		if w.Pick(400, "restart") == 399 {
			e.restart()
		}
		id, at := e.first()
		if id == "" || at.After(end) {
			w.Pass(end.Sub(w.Now()))
			break
		}
		w.Pass(at.Sub(w.Now()))
		if at, err = e.rec.Drive(ctx, id); err != nil {
			return err
		}
		if e.next[id] = at; at.IsZero() {
			delete(e.next, id)
		} else if !at.After(w.Now()) {
			w.Pass(time.Second)
		}
	}
	w.Forget(30 * 24 * time.Hour)
	return nil
}

// first is the record that must be driven next.
func (e *engine) first() (id soc.LockdownID, at time.Time) {
	for k, t := range e.next {
		if id == "" || t.Before(at) || (t.Equal(at) && k < id) {
			id, at = k, t
		}
	}
	return id, at
}

func (e *engine) sample() sample {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := sample{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc, locks: len(e.next)}
	if f, err := os.Stat(filepath.Join(e.dir, "soak.db")); err == nil {
		s.size = f.Size()
	}
	return s
}

// judgeSoak compares the last sample with the one at a quarter of the way, when everything that is kept on purpose is there. The history is
// kept for ever, so the file may grow with it, by the same amount in every part of the way.
func judgeSoak(s []sample) (bad int, why []string) {
	if len(s) < 8 {
		return 1, []string{"too few samples"}
	}
	from, mid, last := s[len(s)/4], s[len(s)/2+len(s)/8], s[len(s)-1]
	check := func(broken bool, format string, args ...any) {
		if broken {
			bad, why = bad+1, append(why, fmt.Sprintf(format, args...))
		}
	}
	check(last.goroutines > from.goroutines+4, "goroutines grew from %d to %d", from.goroutines, last.goroutines)
	check(last.heap > from.heap+from.heap/2+4<<20, "the heap grew from %d to %d KiB", from.heap>>10, last.heap>>10)
	check(last.locks > from.locks+3, "records under work grew from %d to %d", from.locks, last.locks)
	check(
		float64(last.size-mid.size) > 3*float64(mid.size-from.size)+8<<20,
		"the file grows faster and faster: %d, %d, %d KiB", from.size>>10, mid.size>>10, last.size>>10,
	)
	return bad, why
}

func (e *engine) note(s []sample, took time.Duration) string {
	from, last := s[len(s)/4], s[len(s)-1]
	return fmt.Sprintf(
		"%d lockdowns, lost %d; goroutines %d to %d, heap %d to %d KiB, under work %d to %d, "+
			"file %d to %d KiB (%d bytes of history a lockdown), %s",
		e.n, e.lost, from.goroutines, last.goroutines, from.heap>>10, last.heap>>10, from.locks, last.locks, from.size>>10, last.size>>10,
		(last.size-from.size)/int64(e.n), took.Round(time.Second),
	)
}
