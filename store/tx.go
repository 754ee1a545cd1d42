package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"cordon/store/soc"
)

// change is a running write transaction and the wake-ups it owes.
type change struct {
	*bbolt.Tx
	s      *Store
	topics soc.Topic
	after  []func() // run after the commit, before the next writer starts
	undo   []func() // run when the transaction is given up
}

// touch notes that readers of these topics must look again.
func (c *change) touch(t soc.Topic) { c.topics |= t }

// update runs fn in one write transaction and publishes what it touched after the commit. An error of fn rolls everything back. An error of
// the commit itself means that nobody knows what is on the disk (M4): it is reported as KindUnknownOutcome, and the store refuses all further
// writes until it is opened and read again (F66).
func (s *Store) update(ctx context.Context, fn func(*change) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(ctx); err != nil {
		return err
	}
	c := &change{s: s}
	if err := s.run(c, fn); err != nil {
		for _, undo := range c.undo {
			undo()
		}
		return err
	}
	return nil
}

func (s *Store) run(c *change, fn func(*change) error) (err error) {
	defer func() {
		if errors.Is(err, errPanic) { // half a transaction in memory can not be trusted
			s.failed = err
			err = damaged(s.path, err)
		}
	}()
	defer guard(&err)()
	if c.Tx, err = s.db.Begin(true); err != nil {
		return fmt.Errorf("starting a change of the store: %w", err)
	}
	defer func() {
		if c.Tx != nil && c.DB() != nil {
			_ = c.Rollback()
		}
	}()
	if err := fn(c); err != nil {
		return s.explainWrite(err)
	}
	c.OnCommit(func() {
		for _, f := range c.after {
			f()
		}
		if c.topics != 0 {
			s.hub.Publish(c.topics)
		}
	})
	if err := s.opt.commit(c.Tx); err != nil {
		return s.commitFailed(err)
	}
	return nil
}

// writable refuses a write that can not be kept.
func (s *Store) writable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch {
	case s.closed.Load():
		return &soc.Error{Kind: soc.KindUnavailable, Code: "store-closed", What: "the store is closed", Next: "start cordon again"}
	case s.opt.ReadOnly:
		return &soc.Error{
			Kind: soc.KindDenied, Code: "store-read-only", What: "the store is open for reading only", Next: "start cordon without --read-only",
		}
	case s.failed != nil:
		return &soc.Error{
			Kind: soc.KindUnavailable, Code: "store-failed", Err: s.failed,
			What:  fmt.Sprintf("an earlier write to the store failed (%v)", s.failed),
			Means: "nothing more is written, and nothing more is ordered, until the file has been read again", Next: "start cordon again",
		}
	}
	return s.stillThere()
}

// stillThere notices that the file was deleted, moved or replaced: writes would go into a file that nobody will find again (M7, F69).
func (s *Store) stillThere() error {
	info, err := os.Lstat(s.path)
	if err == nil && os.SameFile(info, s.file) {
		return nil
	}
	s.failed = fmt.Errorf("the store file %s was deleted or replaced while in use", s.path)
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "store-gone", Err: s.failed, What: s.failed.Error(),
		Means: "changes would be lost, so none is made; isolated hosts stay isolated", Next: "restore the file and start cordon again",
	}
}

func (s *Store) explainWrite(err error) error {
	if errors.Is(err, bolterrors.ErrMaxSizeReached) {
		return full(err)
	}
	return err
}

func full(err error) error {
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "store-full", Err: err, What: "the store has reached its largest size",
		Means: "nothing was changed by this write", Next: "remove an integration or old alerts",
	}
}

func (s *Store) commitFailed(err error) error {
	if errors.Is(err, bolterrors.ErrMaxSizeReached) {
		return full(err) // found before anything was written
	}
	s.failed = err
	return &soc.Error{
		Kind: soc.KindUnknownOutcome, Code: "store-commit", Err: err, What: fmt.Sprintf("writing to the store failed: %v", err),
		Means: "nobody knows whether the change is on the disk, so nothing more is written or ordered", Next: "start cordon again, it will read what is there",
	}
}

// view runs fn in a read transaction. fn copies out what it needs and does nothing slow: a long reader blocks the growth of the file (M10).
func (s *Store) view(ctx context.Context, fn func(*bbolt.Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return &soc.Error{Kind: soc.KindUnavailable, Code: "store-closed", What: "the store is closed", Next: "start cordon again"}
	}
	defer func() {
		if errors.Is(err, errPanic) {
			err = damaged(s.path, err)
		}
	}()
	defer guard(&err)()
	return s.db.View(fn)
}

var errPanic = errors.New("reading the file failed")

// guard turns a panic over damaged pages into an error, including the fault of a memory map whose file became shorter (M6). Use it as
// defer guard(&err)().
func guard(err *error) func() {
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		if p := recover(); p != nil {
			*err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}
}
