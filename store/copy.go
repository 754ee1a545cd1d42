package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// copyBatch bounds what one transaction of a copy holds in memory, in bytes.
const copyBatch = 4 << 20

// writeCopy makes a new, compact store file at to from the buckets of tx, without those named in skip: they come to be there, but empty.
// The file is complete and on the disk, or gone.
func writeCopy(tx *bbolt.Tx, to string, skip ...[]byte) (err error) {
	o, err := openFile(to, Options{existing: false}.withDefaults())
	if err != nil {
		return err
	}
	o.db.NoSync = true
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	w := copier{db: o.db}
	err = tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		path := [][]byte{slices.Clone(name)}
		if slices.ContainsFunc(skip, func(s []byte) bool { return string(s) == string(name) }) {
			return w.bucket(path, 0)
		}
		return w.walk(path, b)
	})
	err = errors.Join(err, w.flush(), o.db.Sync(), o.db.Close())
	if err != nil {
		return fmt.Errorf("copying the store: %w", err)
	}
	return syncDir(filepath.Dir(to))
}

// copier writes in transactions of a bounded size.
type copier struct {
	db   *bbolt.DB
	tx   *bbolt.Tx
	size int
}

// at finds or makes the bucket at path in the running transaction.
func (w *copier) at(path [][]byte) (b *bbolt.Bucket, err error) {
	if w.tx == nil {
		if w.tx, err = w.db.Begin(true); err != nil {
			return nil, err
		}
	}
	if b, err = w.tx.CreateBucketIfNotExists(path[0]); err != nil {
		return nil, err
	}
	for _, name := range path[1:] {
		if b, err = b.CreateBucketIfNotExists(name); err != nil {
			return nil, err
		}
	}
	b.FillPercent = 0.9
	return b, nil
}

func (w *copier) bucket(path [][]byte, sequence uint64) error {
	b, err := w.at(path)
	if err != nil {
		return err
	}
	return b.SetSequence(sequence)
}

func (w *copier) walk(path [][]byte, from *bbolt.Bucket) error {
	if err := w.bucket(path, from.Sequence()); err != nil {
		return err
	}
	return from.ForEach(func(k, v []byte) error {
		if v == nil && from.Bucket(k) != nil {
			return w.walk(append(slices.Clone(path), slices.Clone(k)), from.Bucket(k))
		}
		return w.put(path, k, v)
	})
}

func (w *copier) put(path [][]byte, k, v []byte) error {
	b, err := w.at(path)
	if err != nil {
		return err
	}
	if err := b.Put(k, v); err != nil {
		return err
	}
	if w.size += len(k) + len(v); w.size < copyBatch {
		return nil
	}
	return w.flush()
}

func (w *copier) flush() error {
	if w.tx == nil {
		return nil
	}
	err := w.tx.Commit()
	w.tx, w.size = nil, 0
	return err
}

// Compact writes the store anew without the room that was freed in it, and puts the copy in its place, while the store is in use. Readers
// are not held up, writers only for the exchange; if something was written meanwhile the copy is thrown away and nothing happens (done is
// false). A crash leaves the old or the new file, whole (F16); what is left of a copy is removed at the next start.
func (s *Store) Compact(ctx context.Context) (done bool, err error) {
	to := compactPath(s.path)
	if err := removeOld(to); err != nil {
		return false, err
	}
	var from int
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		from = tx.ID()
		return writeCopy(tx, to)
	})
	if err != nil {
		return false, err
	}
	old, err := s.exchangeFor(ctx, to, from)
	if old == nil {
		return false, errors.Join(err, removeOld(to))
	}
	return true, errors.Join(err, old.Close()) // which waits for its readers, and nobody for it
}

// CompactAll is Compact for commands that must not end without it: something written meanwhile makes it try again.
func (s *Store) CompactAll(ctx context.Context) error {
	for range 5 {
		if done, err := s.Compact(ctx); done || err != nil {
			return err
		}
	}
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "not-compacted", What: "the store is written to all the time, so it could not be compacted",
		Means: "what was deleted may still be found in its file", Next: "run it again",
	}
}

func (s *Store) exchangeFor(ctx context.Context, name string, from int) (old *bbolt.DB, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(ctx); err != nil {
		return nil, err
	}
	return s.replace(name, from)
}

func compactPath(path string) string { return path + ".compact" }

// replace puts the file at name in the place of the store, if the last transaction is still the one that it was made from. The new file is
// open and locked before it gets its name, so that nobody else can come in between. It returns the file that was there, to be closed, or nil.
func (s *Store) replace(name string, from int) (old *bbolt.DB, err error) {
	var last int
	if err := s.db.View(func(tx *bbolt.Tx) error { last = tx.ID(); return nil }); err != nil || last != from {
		return nil, err
	}
	o, err := openFile(name, s.opt)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(name, s.path); err != nil {
		return nil, errors.Join(err, o.db.Close())
	}
	old = s.db.p.Swap(o.db)
	s.file = o.info
	s.high.Store(o.info.Size())
	if s.spare != nil {
		err = s.spare.Close()
		s.spare = nil
	}
	s.keepSpare(o.file)
	s.count()
	return old, errors.Join(err, syncDir(filepath.Dir(s.path)))
}

// removeOld removes what a crash left behind.
func removeOld(names ...string) (err error) {
	for _, name := range names {
		if rerr := os.Remove(name); rerr != nil && !missing(rerr) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}
