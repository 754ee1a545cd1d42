package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"cordon/store/soc"
)

// change is a running write transaction and the wake-ups it owes.
type change struct {
	*bbolt.Tx
	s      *Store
	writer [16]byte // tells this change from every other
	topics soc.Topic
	head   auditHead // end of the history, once the change holds a line of it
	after  []func()  // run after the commit, before the next writer starts
	undo   []func()  // run when the transaction is given up

	committing bool // fn is done: from here on the disk alone knows how it ends
	ended      bool // the after-commit work has begun
}

// touch notes that readers of these topics must look again.
func (c *change) touch(t soc.Topic) { c.topics |= t }

// finish does what follows a commit.
func (c *change) finish() {
	c.ended = true
	for _, f := range c.after {
		f()
	}
	c.s.passed(c)
	if c.topics != 0 {
		c.s.hub.Publish(c.topics)
	}
}

// giveUp takes back what the change prepared in memory.
func (c *change) giveUp() {
	for _, undo := range c.undo {
		undo()
	}
}

// update runs fn in one write transaction and publishes what it touched after the commit. An error of fn rolls everything back. An error of
// the commit itself means that nobody knows what is on the disk (M4): it is reported as KindUnknownOutcome after the file was opened and
// read again (F66). fn may run twice: when the disk is full the reserve is given back and the change is tried once more (F67).
// It is run again too when the end of the history was damaged and could be mended (F70): a release is written then, an isolation is not.
func (s *Store) update(ctx context.Context, fn func(*change) error) error {
	return s.mending(ctx, fn, vital)
}

// minor is update for what no release hangs on, such as reports from outside and places of receivers: it leaves the reserve alone (F67).
func (s *Store) minor(ctx context.Context, fn func(*change) error) error {
	return s.mending(ctx, fn, modest)
}

func (s *Store) mending(ctx context.Context, fn func(*change) error, how urgency) error {
	err := s.write(ctx, fn, how)
	if !errors.Is(err, errBadRecord) {
		return err
	}
	if mended, merr := s.mendEnd(ctx); !mended {
		return errors.Join(err, merr)
	}
	return s.write(ctx, fn, how)
}

// bulk is update for what Defender can tell again: it stops first when the disk fills up, and never uses the reserve.
func (s *Store) bulk(ctx context.Context, fn func(*change) error) error {
	return s.write(ctx, fn, refetch)
}

// urgency is how hard a write tries when the disk is full.
type urgency int

const (
	vital   urgency = iota // uses the reserve
	refetch                // is not even begun
	modest                 // is begun, for it is small or frees pages, but leaves the reserve alone
)

func (s *Store) write(ctx context.Context, fn func(*change) error, how urgency) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(ctx); err != nil {
		return err
	}
	if how == refetch {
		if err := s.roomForBulk(); err != nil {
			return err
		}
	}
	had := !s.missing.Load()
	c, err := s.attempt(fn)
	if !c.committing || !isFull(err) || s.failed != nil || c.ended {
		return err
	}
	s.noRoom(err) // and proved not to be on the disk
	if how == vital && (s.giveReserve() || had && s.missing.Load()) {
		_, err = s.attempt(fn)
		return err
	}
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "disk-full", Err: err, What: "the disk of the store is full", Means: "nothing was changed by this write",
		Next: "make room on the disk",
	}
}

// attempt runs fn once, to the end: on the disk, given up, or in doubt (s.failed).
func (s *Store) attempt(fn func(*change) error) (*change, error) {
	c := &change{s: s}
	err := s.run(c, fn)
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, bolterrors.ErrMaxSizeReached): // found before anything was written
		c.giveUp()
		return c, full(err)
	case !c.committing && !errors.Is(err, errPanic):
		c.giveUp()
		return c, err
	}
	return c, s.doubt(c, err)
}

func (s *Store) run(c *change, fn func(*change) error) (err error) {
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
		return err
	}
	if c.topics.Has(soc.TopicAudit) {
		if c.head, err = readHead(c.Tx); err != nil {
			return err
		}
	}
	if err := c.sign(); err != nil {
		return err
	}
	c.committing = true
	if err := s.opt.commit(c.Tx); err != nil {
		return err
	}
	c.finish()
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
	}
	if err := s.stillThere(); err != nil {
		return err
	}
	if s.failed != nil && s.heal() != nil {
		return &soc.Error{
			Kind: soc.KindUnavailable, Code: "store-failed", Err: s.failed,
			What:  fmt.Sprintf("an earlier write to the store failed (%v)", s.failed),
			Means: "nothing more is written, and nothing more is ordered, until the file has been read again",
			Next:  "cordon tries that by itself; look at the disk",
		}
	}
	return nil
}

func full(err error) error {
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "store-full", Err: err, What: "the store has reached its largest size",
		Means: "nothing was changed by this write", Next: "remove an integration or old alerts",
	}
}

// view runs fn in a read transaction. fn copies out what it needs and does nothing slow: a long reader blocks the growth of the file (M10).
func (s *Store) view(ctx context.Context, fn func(*bbolt.Tx) error) (err error) {
	defer s.readers.enter()()
	return s.read(ctx, fn)
}

// read is view for the few that copy the whole file: nobody counts how long they take.
func (s *Store) read(ctx context.Context, fn func(*bbolt.Tx) error) (err error) {
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
