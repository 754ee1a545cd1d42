package store

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"cordon/store/soc"
)

// keyBarrier counts how often the file was opened again after a failed write.
var keyBarrier = []byte("barrier")

// failure is a write whose outcome is not known.
type failure struct {
	cause  error
	change *change // nil once the file has told how it ended
}

func (f *failure) Error() string { return f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

// doubt takes in a write that failed on its way to the disk. It tries at once to find out how it ended; if that does not work the store
// stays closed for writes, and the watchdog and every later write try again.
func (s *Store) doubt(c *change, err error) error {
	c.committing = true
	s.failed = &failure{cause: err, change: c}
	if c.ended { // the change is on the disk, but what follows it broke off: memory and disk may differ
		s.broken = true
	}
	means := "the file was opened and read again; what it holds counts"
	if s.heal() != nil {
		means = "nobody knows whether the change is on the disk, so nothing more is written or ordered until the file can be read again"
	}
	return &soc.Error{
		Kind: soc.KindUnknownOutcome, Code: "store-commit", Err: err, What: fmt.Sprintf("writing to the store failed: %v", err),
		Means: means, Next: "look at the record again; if this repeats look at the disk",
	}
}

// heal closes the file, opens it again, and reads from it whether the change in doubt is there. Then it proves by a change of its own that
// the disk takes writes again; that one also carries to the disk whatever the failed sync left in the cache of the kernel. Only then the
// store goes on. Until then it can be read.
func (s *Store) heal() error {
	err := s.again()
	if isFull(err) && s.giveReserve() {
		err = s.again()
	}
	if err != nil {
		s.raise(soc.Trouble{
			Code: troubleFailed, Level: soc.LevelBad, What: fmt.Sprintf("the store can not be written: %v", errors.Join(s.failed, err)),
			Means: "no host is isolated; releases that are owed go on from memory, without a record",
			Next:  "look at the disk; cordon tries again every second",
		})
		return err
	}
	s.failed = nil
	s.reopens.Add(1)
	s.settle(troubleFailed)
	return nil
}

func (s *Store) again() error {
	if err := s.reread(); err != nil {
		return err
	}
	return s.barrier()
}

// errBroken: what follows a change broke off, or another process wrote while the file was closed.
var errBroken = errors.New("the file does not hold what this process knows of it; start cordon again")

// reread opens the file anew and settles the change in doubt: every change marks the file, so the mark tells which one was the last.
func (s *Store) reread() (err error) {
	if s.broken {
		return errBroken
	}
	defer func() { s.broken = s.broken || errors.Is(err, errPanic) && s.failed.change == nil }()
	defer guard(&err)()
	if s.opt.reopen != nil {
		if err := s.opt.reopen(); err != nil {
			return err
		}
	}
	if err := s.exchange(); err != nil {
		return err
	}
	var last [16]byte
	if err := s.db.View(func(tx *bbolt.Tx) error { last = lastWriter(tx); return nil }); err != nil {
		return err
	}
	doubt := s.failed.change
	s.failed.change = nil
	switch {
	case doubt != nil && last == doubt.writer:
		doubt.finish()
	case doubt != nil:
		doubt.giveUp()
	}
	if last != s.writer {
		s.broken = true
		return errBroken
	}
	return nil
}

// keyWriter names the change that was written last. While the file is closed to be read again its lock is free, and another process may
// write: its change must not be taken for the one in doubt (F66).
var keyWriter = []byte("writer")

// sign marks the file as written by this change.
func (c *change) sign() error {
	b := c.Bucket(bMeta)
	if b == nil {
		return nil
	}
	_, _ = rand.Read(c.writer[:]) // never fails
	if err := b.Put(keyWriter, seal(keyWriter, c.writer[:])); err != nil {
		return fmt.Errorf("marking a change: %w", err)
	}
	return nil
}

// lastWriter is the mark of the change that was written last, zero if there is none.
func lastWriter(tx *bbolt.Tx) (w [16]byte) {
	if b := tx.Bucket(bMeta); b != nil {
		if p, err := unseal(keyWriter, b.Get(keyWriter)); err == nil {
			copy(w[:], p)
		}
	}
	return w
}

// exchange closes the file and opens it again, through a second descriptor of the very same file: that works without a free descriptor, on
// a disk that became read-only, and never meets another file.
func (s *Store) exchange() error {
	if s.db.stuck.Load() {
		return errStuck
	}
	s.db.swap.Lock()
	defer s.db.swap.Unlock()
	if err := s.db.Close(); err != nil {
		return err
	}
	opt := s.opt
	opt.existing, opt.handle = true, s.spare
	s.spare = nil
	o, err := openFile(s.path, opt)
	if err != nil {
		return err
	}
	if !os.SameFile(o.info, s.file) {
		return errors.Join(fmt.Errorf("%s is another file now", s.path), o.db.Close())
	}
	s.db.p.Store(o.db)
	s.keepSpare(o.file)
	return nil
}

// keepSpare keeps a second descriptor of the open file f.
func (s *Store) keepSpare(f *os.File) {
	if s.spare != nil || f == nil {
		return
	}
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		s.spare = os.NewFile(uintptr(fd), s.path)
	}
}

// barrier writes something of no importance.
func (s *Store) barrier() (err error) {
	defer guard(&err)()
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() {
		if tx.DB() != nil {
			_ = tx.Rollback()
		}
	}()
	b := tx.Bucket(bMeta)
	if b == nil {
		return errors.New("the file is empty")
	}
	n := uint64(0)
	if p, err := unseal(keyBarrier, b.Get(keyBarrier)); err == nil && len(p) == 8 {
		n = binary.BigEndian.Uint64(p)
	}
	if err := b.Put(keyBarrier, seal(keyBarrier, seqKey(n+1))); err != nil {
		return err
	}
	if err := s.opt.commit(tx); err != nil {
		return fmt.Errorf("a write to prove the disk failed: %w", err)
	}
	return nil
}

// passed takes note of a change that is on the disk.
func (s *Store) passed(c *change) {
	s.writer = c.writer
	s.count()
	if info, err := os.Lstat(s.path); err == nil {
		s.high.Store(info.Size())
	}
	if c.head.Seq > 0 {
		s.advance(c.head)
	}
}

// count looks how much of the file is in use. Freed pages are used again before the file grows.
func (s *Store) count() {
	_ = s.db.View(func(tx *bbolt.Tx) error {
		st := tx.DB().Stats()
		s.freed.Store(int64(st.FreePageN+st.PendingPageN) * int64(tx.DB().Info().PageSize))
		s.used.Store(tx.Size())
		return nil
	})
}
