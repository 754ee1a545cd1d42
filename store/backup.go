package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Report says what is in a store file that was looked at as a whole.
type Report struct {
	Path      string    `json:"path"`
	Schema    uint32    `json:"schema"`
	Bytes     int64     `json:"bytes"`
	Alerts    int       `json:"alerts"`
	Hosts     int       `json:"hosts"`
	Lockdowns int       `json:"lockdowns"`
	Open      int       `json:"openLockdowns"`
	Audit     uint64    `json:"audit"`
	Last      time.Time `json:"last,omitzero"` // line of the history
	// Problems are the records and pages that can not be read; a file with problems is no backup.
	Problems []string `json:"problems,omitempty"`
}

// Backup writes a consistent copy of the open store to a new private file, and reads it back before it says that it is one. Nothing waits
// for it. The file must not exist.
func (s *Store) Backup(ctx context.Context, to string) (Report, error) {
	part := to + ".part"
	if _, err := os.Lstat(to); err == nil {
		return Report{}, &soc.Error{Kind: soc.KindConflict, Code: "exists", What: to + " exists already", Means: "no backup was made", Next: "give another name"}
	}
	if err := removeOld(part); err != nil {
		return Report{}, backupFailed(to, err)
	}
	if err := s.copyTo(ctx, part); err != nil {
		return Report{}, backupFailed(to, err)
	}
	rep, err := Examine(ctx, part)
	if err == nil && len(rep.Problems) > 0 {
		err = fmt.Errorf("the copy is damaged: %s", rep.Problems[0])
	}
	if err == nil {
		err = place(part, to)
	}
	if err != nil {
		return rep, backupFailed(to, errors.Join(err, removeOld(part)))
	}
	rep.Path = to
	return rep, nil
}

func backupFailed(to string, err error) error {
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "backup-failed", Err: err, What: fmt.Sprintf("no backup was made at %s: %v", to, err),
		Next: "check the path and the room on the disk",
	}
}

// place gives a finished file its name, unless that is taken.
func place(part, name string) error {
	if err := os.Link(part, name); err != nil {
		return err
	}
	return errors.Join(os.Remove(part), syncDir(filepath.Dir(name)))
}

// Examine looks at a store file that no process holds: every page, every record, the whole history by its own chain and the checkpoints in it.
// What lies beside it is left out of account: beside a copy in the folder of its store lie the keys and checkpoints of that store, which has
// gone on since. Only what keeps it from being looked at is an error.
func Examine(ctx context.Context, path string) (Report, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Report{}, explainOpen(path, err)
	}
	o, err := openFile(path, Options{ReadOnly: true}.withDefaults())
	if err != nil {
		return Report{}, err
	}
	s := &Store{path: path, db: newBase(o.db), file: o.info, now: time.Now, lost: make(chan struct{}), alone: true}
	rep := Report{Path: path, Bytes: info.Size()}
	if rep.Problems, err = examine(ctx, s, &rep); err != nil {
		rep.Problems, err = append(rep.Problems, err.Error()), nil
	}
	return rep, errors.Join(err, o.db.Close())
}

func examine(ctx context.Context, s *Store, rep *Report) (bad []string, err error) {
	schema, empty, err := s.readSchema(ctx)
	if err != nil || empty {
		return nil, errors.Join(err, errIf(empty, "there is nothing in it"))
	}
	if rep.Schema = schema; schema > schemaVersion {
		return nil, fmt.Errorf("it has form %d, this cordon knows forms up to %d", schema, schemaVersion)
	}
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		rep.Audit = lastSeq(tx)
		var last soc.AuditEntry
		if k, v := tx.Bucket(bAudit).Cursor().Last(); k != nil && decode(k, v, &last) == nil {
			rep.Last = last.Time
		}
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return sums(string(name), b, rep, &bad) })
	})
	if err != nil || len(bad) > 0 || schema < schemaVersion {
		return bad, err
	}
	chain, err := s.VerifyAudit(ctx)
	if err == nil && chain.BadSeq > 0 { // what is wrong with a checkpoint alone, "cordon audit verify" tells
		bad = append(bad, fmt.Sprintf("history, record %d: %s", chain.BadSeq, chain.Problem))
	}
	return bad, err
}

// sums checks the envelope of every record under b. Index rows and the marks of removed integrations have none.
func sums(name string, b *bbolt.Bucket, rep *Report, bad *[]string) error {
	return b.ForEach(func(k, v []byte) error {
		if sub := b.Bucket(k); v == nil && sub != nil {
			return sums(name+"/"+string(k), sub, rep, bad)
		}
		switch filepath.Base(name) {
		case string(subRows):
			rep.Alerts++
		case string(subRecords):
			rep.Hosts++
		case string(bLockdowns):
			rep.Lockdowns++
		case string(bOpen):
			rep.Open++
		}
		if plainRecord(name, k) {
			return nil
		}
		if _, err := unseal(k, v); err != nil && len(*bad) < problemsKept {
			*bad = append(*bad, fmt.Sprintf("%s, record %q: %v", name, k, err))
		}
		return nil
	})
}

// plainRecord reports whether a record has no envelope.
func plainRecord(bucket string, k []byte) bool {
	switch bucket {
	case string(bOpen), string(bWake), string(bLockdownHost):
		return true
	case string(bMeta):
		return len(k) >= 5 && string(k[:5]) == "used:"
	}
	return filepath.Base(bucket) == string(subNames)
}

func errIf(cond bool, text string) error {
	if cond {
		return errors.New(text)
	}
	return nil
}

// Restored says what Restore did.
type Restored struct {
	Report
	Before string `json:"before,omitempty"` // where the file that was there is now
}

// Restore puts a copy of the backup at from in the place of the store at path. It is refused while a process holds the store, and if the
// backup has problems or was written by a newer cordon; nothing is changed then. The file that was there is kept. The restored store is on
// hold: no host is isolated until a person has compared it with Defender (Accept); releases go on.
func Restore(ctx context.Context, path, from string, now time.Time) (Restored, error) {
	rep, err := Examine(ctx, from)
	if err != nil {
		return Restored{}, err
	}
	if len(rep.Problems) > 0 {
		return Restored{}, &soc.Error{
			Kind: soc.KindRefused, Code: "bad-backup", What: fmt.Sprintf("%s is not a sound backup: %s", from, rep.Problems[0]),
			Means: "nothing was changed", Next: "take another one",
		}
	}
	if err := checkDir(filepath.Dir(path), false); err != nil {
		return Restored{}, err
	}
	leave, err := lockOut(path)
	if err != nil {
		return Restored{}, err
	}
	defer leave()
	part := path + ".restoring"
	if err := errors.Join(removeOld(part), restoreCopy(from, part, now)); err != nil {
		return Restored{}, backupFailed(part, errors.Join(err, removeOld(part)))
	}
	out := Restored{Report: rep}
	if _, err := os.Lstat(path); err == nil {
		out.Before = free(path + ".before-restore")
		if err := os.Link(path, out.Before); err != nil {
			return Restored{}, backupFailed(out.Before, err)
		}
	}
	if err := errors.Join(os.Rename(part, path), syncDir(filepath.Dir(path))); err != nil {
		return Restored{}, backupFailed(path, err)
	}
	return out, nil
}

// restoreCopy copies the backup and puts the hold into the copy.
func restoreCopy(from, to string, now time.Time) error {
	o, err := openFile(from, Options{ReadOnly: true}.withDefaults())
	if err != nil {
		return err
	}
	err = o.db.View(func(tx *bbolt.Tx) error { return writeCopy(tx, to) })
	if err = errors.Join(err, o.db.Close()); err != nil {
		return err
	}
	if o, err = openFile(to, Options{existing: true}.withDefaults()); err != nil {
		return err
	}
	err = o.db.Update(func(tx *bbolt.Tx) error {
		return putHold(tx, Hold{Since: now.UTC().Round(0), Why: "the store was restored from a backup", From: from, Quiet: true})
	})
	return errors.Join(err, o.db.Close())
}

// lockOut makes sure that no process uses the store, damaged or not, and that none begins to until leave is called.
func lockOut(path string) (leave func(), err error) {
	f, err := openPrivate(path, os.O_RDWR)
	if missing(err) {
		return func() {}, nil
	}
	if err != nil {
		return nil, explainOpen(path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(inUse(path, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
