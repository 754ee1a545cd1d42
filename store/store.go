// Package store is everything that cordon remembers: alerts exactly as Defender sent them, hosts, machine actions, lockdowns, the audit
// history, integrations and the policy, in one bbolt file.
//
// It promises four things. A change is one transaction: a lockdown and the audit line that explains it are both there after a crash, or
// neither is. Reads hand out values: nothing returned is shared memory, and no read transaction outlives the call that opened it. Wake-ups
// come after the commit and carry no payload: Watch says what to read again, never what is new. And the store does not guess: every record
// carries a checksum, a damaged one is reported while the others go on working, and when a commit fails the file is opened and read again
// before anything else is written, because a failed commit may still have reached the disk.
//
// It also watches what it stands on (Watchdog, Troubles): a file that is deleted or replaced, a disk that fills up, an older copy that was
// put in its place. CanIsolate says whether a new promise may be made; releases are written for as long as the disk takes a byte.
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
	"math"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
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
	// Retention is how long a resolved alert is kept after its last change; 0 = for ever. Lockdowns and history are always kept.
	Retention time.Duration
	// Background marks the holder as a keeper without a person: TakeOver may ask it to end.
	Background bool

	maxSize    int         // 0 = the default
	migrations []migration // nil = the real ones
	schema     uint32      // 0 = the real one

	// The seams of the fault tests; nil is the real thing.
	commit   func(*bbolt.Tx) error
	reopen   func() error // before the file is opened again
	space    func(dir string) (space, error)
	allocate func(path string, size int64) error
	rescue   func(path string) []string
	threats  int   // most threat reports that are kept; 0 = the default
	compact  int64 // size from which on the file is compacted by itself; 0 = the default

	existing bool     // never make the file
	handle   *os.File // the file itself, opened before
}

// withDefaults fills in what is not given.
func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.commit == nil {
		o.commit = (*bbolt.Tx).Commit
	}
	if o.space == nil {
		o.space = statSpace
	}
	if o.allocate == nil {
		o.allocate = allocate
	}
	if o.rescue == nil {
		o.rescue = rescueDirs
	}
	if o.threats == 0 {
		o.threats = mostThreats
	}
	if o.compact == 0 {
		o.compact = compactFrom
	}
	if o.maxSize == 0 {
		o.maxSize = int(min(defaultMaxSize, int64(math.MaxInt)))
	}
	return o
}

// Store is an open store. All methods are safe for concurrent use.
type Store struct {
	path    string
	db      *base
	file    os.FileInfo // the file as opened, to notice when it is replaced under us
	alone   bool        // a copy: what lies beside the file is not about it
	opt     Options
	now     func() time.Time
	hub     soc.Hub
	idx     *index
	pack    *packer
	blocks  *blockBook
	problem problems
	iso     isolationCache

	mu     sync.Mutex // one writer at a time, including its after-commit work
	failed *failure   // a write whose outcome is not known yet; guarded by mu
	broken bool       // memory and disk may differ for good; guarded by mu
	spare  *os.File   // a second descriptor of the file; guarded by mu
	writer [16]byte   // of the last change that is known to be on the disk; guarded by mu
	owed   owed       // guarded by mu
	closed atomic.Bool

	opened  time.Time
	trouble troubles
	readers readers
	epoch   epoch
	hold    atomic.Pointer[Hold]
	used    atomic.Int64 // bytes of the file, as far as it was ever used
	freed   atomic.Int64 // bytes of those that were freed
	high    atomic.Int64 // size that the file must have
	missing atomic.Bool  // the reserve is not there for lack of space
	reopens atomic.Uint64
	snap    lastSnap      // belongs to the watchdog
	house   house         // belongs to the housekeeping
	lost    chan struct{} // closed when the file is gone
	lostErr *soc.Error    // written before lost is closed
	copied  chan struct{} // closed when the last copy of a lost file is made; guarded by mu

	stop context.CancelFunc // ends the loader
	done sync.WaitGroup
}

// Open opens or creates the store at path. Errors are *soc.Error with what to do next: the file is in use (code "store-in-use", with the
// holder's process id), is damaged ("store-damaged"), is not a plain private file ("store-unsafe"), or was written by a newer cordon
// ("store-newer").
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	opt = opt.withDefaults()
	o, err := openFirst(path, opt)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: path, db: newBase(o.db), file: o.info, opt: opt, now: opt.Now, blocks: newBlockBook(), lost: make(chan struct{}),
	}
	s.opened = s.clock()
	s.keepSpare(o.file)
	s.high.Store(o.info.Size())
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.startIndex()
	return s, nil
}

// begin makes an opened file ready for use.
func (s *Store) begin(ctx context.Context) (err error) {
	if s.pack, err = newPacker(); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.view(ctx, func(tx *bbolt.Tx) error { s.writer = lastWriter(tx); return nil }); err != nil {
		return err
	}
	s.count()
	s.readOwed(ctx)
	for _, step := range s.firstSteps() {
		switch err := step(ctx); {
		case err == nil:
		case ctx.Err() != nil || errors.Is(err, errDamaged):
			return err
		default:
			s.unmended(err)
		}
	}
	if s.opt.ReadOnly {
		return nil
	}
	if err := removeOld(compactPath(s.path), s.path+".restoring"); err != nil {
		return fmt.Errorf("removing what a crash left behind: %w", err)
	}
	s.keepReserve()
	s.judgeRoom()
	writePID(s.path, s.opt.Background)
	return nil
}

// firstSteps compare the store with itself and with its epoch, and put right what can be put right.
func (s *Store) firstSteps() []func(context.Context) error {
	if s.opt.ReadOnly {
		return []func(context.Context) error{s.loadHold, s.compareCounts}
	}
	mendEnd := func(ctx context.Context) error { _, err := s.mendEnd(ctx); return err }
	return []func(context.Context) error{mendEnd, s.loadHold, s.compareCounts, s.compareEpoch, s.mendIndexes, s.mendThreatRows}
}

// release lets go of all files.
func (s *Store) release() error {
	err := errors.Join(s.epoch.close(), s.db.Close())
	if s.spare != nil {
		if s.db.stuck.Load() { // its lock would outlive the store
			_ = syscall.Flock(int(s.spare.Fd()), syscall.LOCK_UN)
		}
		err = errors.Join(err, s.spare.Close())
		s.spare = nil
	}
	return err
}

// Close signs where the history ends, stops the loader and closes the file. Closing twice is harmless.
func (s *Store) Close() error {
	s.lastCheckpoint()
	s.mu.Lock()
	copied := s.copied
	s.mu.Unlock()
	if copied != nil {
		<-copied
	}
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
	if err := s.release(); err != nil {
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
