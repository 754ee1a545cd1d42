package store

import (
	"errors"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// base is the open file. It can be exchanged for another while readers and the writer hold on to the store: after a failed write (F66), and
// when a compacted copy takes its place (F73). A reader that meets the exchange waits for its end and reads again.
type base struct {
	p    atomic.Pointer[bbolt.DB]
	swap sync.RWMutex // held for writing while there is no open file

	starting sync.Mutex // one reader begins at a time, so that the one after a fault knows of it
	stuck    atomic.Bool
}

func newBase(db *bbolt.DB) *base {
	b := &base{}
	b.p.Store(db)
	return b
}

// errStuck is a file whose reading faulted while bbolt held one of its locks, which nobody can give back: every later transaction, and the
// closing, would wait for ever. That happens when the file is cut short under us.
var errStuck = errors.New("the file can not be read any more")

// View reads in one transaction.
func (b *base) View(fn func(*bbolt.Tx) error) error {
	for {
		db := b.p.Load()
		err := b.view(db, fn)
		if !errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
			return err
		}
		b.swap.RLock()
		same := b.p.Load() == db
		b.swap.RUnlock()
		if same {
			return err
		}
	}
}

func (b *base) view(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
	tx, err := b.beginRead(db)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it says no more than that the file was closed
	return fn(tx)
}

func (b *base) beginRead(db *bbolt.DB) (*bbolt.Tx, error) {
	b.starting.Lock()
	defer b.starting.Unlock()
	if b.stuck.Load() {
		return nil, errStuck
	}
	passed := false // the locks of the beginning
	defer func() {
		if !passed {
			b.stuck.Store(true)
		}
	}()
	tx, err := db.Begin(false)
	passed = true
	return tx, err
}

// Update writes in one transaction.
func (b *base) Update(fn func(*bbolt.Tx) error) error { return b.p.Load().Update(fn) }

// Begin starts a transaction; only the writer, which also does the exchanging, calls it.
func (b *base) Begin(writable bool) (*bbolt.Tx, error) {
	if b.stuck.Load() {
		return nil, errStuck
	}
	passed := false
	defer func() {
		if !passed {
			b.stuck.Store(true)
		}
	}()
	tx, err := b.p.Load().Begin(writable)
	passed = true
	return tx, err
}

// Close waits for the readers and lets go of the file. A file that is stuck stays with the process.
func (b *base) Close() error {
	if b.stuck.Load() {
		return nil
	}
	return b.p.Load().Close()
}
