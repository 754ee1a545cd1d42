// Package store is everything that cordon remembers: alerts exactly as Defender sent them, hosts, machine actions, lockdowns, the audit
// history, integrations and the policy, in one bbolt file.
//
// It promises four things. A change is one transaction: a lockdown and the audit line that explains it are both there after a crash, or
// neither is. Reads hand out values: nothing returned is shared memory, and no read transaction outlives the call that opened it. Wake-ups
// come after the commit and carry no payload: Watch says what to read again, never what is new. And the store does not guess: every record
// carries a checksum, a damaged one is reported while the others go on working, and once a commit failed nothing more is written until the
// file has been opened and read again, because a failed commit may still have reached the disk.
//
// The queue of alerts is also kept in memory, in columns (index.go), so that filtering, sorting, counting and scrolling a million alerts
// never touch the disk. It is loaded in the background after Open, newest alerts first; AlertPage.Building says that counts still grow.
//
// Caveats. One process owns the file; a second opener is refused within a second and told the holder's process id. The file must be a
// regular file of ours, never a link; it is made 0600, and a directory that others may write to is made safe if it is ours and refused if
// not. A file written by a newer cordon is refused. Copying the file while it is open gives a broken copy: use the backup commands.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Options say how to open a store. The zero value works.
type Options struct {
	// Version of cordon, written into audit entries.
	Version string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// ReadOnly opens the file without the right to change it; writes are refused.
	ReadOnly bool
	// Background marks the holder as a keeper without a person: TakeOver may ask it to end.
	Background bool

	maxSize    int                   // 0 = the default
	migrations []migration           // nil = the real ones
	schema     uint32                // 0 = the real one
	commit     func(*bbolt.Tx) error // nil = Tx.Commit; the seam of the fault tests
}

// Store is an open store. All methods are safe for concurrent use.
type Store struct {
	path    string
	db      *bbolt.DB
	file    os.FileInfo // the file as opened, to notice when it is replaced under us
	opt     Options
	now     func() time.Time
	hub     soc.Hub
	idx     *index
	pack    *packer
	blocks  *blockBook
	problem problems
	iso     isolationCache

	mu     sync.Mutex // one writer at a time, including its after-commit work
	failed error      // set by a failed commit; guarded by mu
	closed atomic.Bool

	stop context.CancelFunc // ends the loader
	done sync.WaitGroup
}

// Open opens or creates the store at path. Errors are *soc.Error with what to do next: the file is in use (code "store-in-use", with the
// holder's process id), is damaged ("store-damaged"), is not a plain private file ("store-unsafe"), or was written by a newer cordon
// ("store-newer").
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.commit == nil {
		opt.commit = (*bbolt.Tx).Commit
	}
	db, info, err := openFile(path, opt)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, db: db, file: info, opt: opt, now: opt.Now, blocks: newBlockBook()}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if s.pack, err = newPacker(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if !opt.ReadOnly {
		writePID(path, opt.Background)
	}
	s.startIndex()
	return s, nil
}

// Close stops the loader and closes the file. Closing twice is harmless.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.stop()
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opt.ReadOnly {
		removePID(s.path)
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// Watch subscribes to wake-ups; the caller closes the watcher.
func (s *Store) Watch() *soc.Watcher { return s.hub.Watch() }

// Path is where the store lives.
func (s *Store) Path() string { return s.path }

// clock is the time of a record: UTC, without the monotonic part, so that what is returned equals what is read back later.
func (s *Store) clock() time.Time { return s.now().UTC().Round(0) }
