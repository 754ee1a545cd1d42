package store

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// keySeal holds the key of the next record. It is overwritten in the transaction that writes the record, so after a crash both are there or
// neither is (F15).
var keySeal = []byte("auditSeal")

// ledgerInfo is what stays the same about the history of a store.
type ledgerInfo struct {
	Store  string   `json:"store"`            // random id, made with the store
	From   uint64   `json:"from"`             // the first sealed record
	Public []string `json:"public,omitempty"` // keys that signed checkpoints, oldest first
	Lost   uint64   `json:"lost,omitempty"`   // the first record after the sealing key was lost, 0 if it never was
}

func readLedger(tx *bbolt.Tx) (ledgerInfo, error) {
	var in ledgerInfo
	if err := decode(keyLedger, tx.Bucket(bMeta).Get(keyLedger), &in); err != nil {
		return in, badRecord("the seal of the history", err)
	}
	return in, nil
}

func putLedger(tx *bbolt.Tx, in ledgerInfo) error {
	v, err := encode(keyLedger, in)
	if err != nil {
		return err
	}
	return tx.Bucket(bMeta).Put(keyLedger, v)
}

// readSeal returns the key for record seq.
func readSeal(tx *bbolt.Tx, seq uint64) (k ledger.Key, err error) {
	p, err := unseal(keySeal, tx.Bucket(bMeta).Get(keySeal))
	if err == nil && (len(p) != 8+len(k) || binary.BigEndian.Uint64(p) != seq) {
		err = fmt.Errorf("%w: it is not that of record %d", errBadRecord, seq)
	}
	if err != nil {
		return k, badRecord("the sealing key of the history", err)
	}
	copy(k[:], p[8:])
	return k, nil
}

func putSeal(tx *bbolt.Tx, seq uint64, k ledger.Key) error {
	return tx.Bucket(bMeta).Put(keySeal, seal(keySeal, append(binary.BigEndian.AppendUint64(nil, seq), k[:]...)))
}

// newLedger begins to seal a history at record from. The first key goes to a file beside the store before the transaction can commit: a
// store whose key file is missing can not come to be, and a crash in between leaves a key file without a store, which harms nobody because
// its name carries the id of a store that does not exist. The store itself holds only keys that are derived from it.
func (s *Store) newLedger(tx *bbolt.Tx, from uint64) error {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	in := ledgerInfo{Store: hex.EncodeToString(id[:]), From: from}
	file := ledger.KeyFile{Store: in.Store, From: from, First: ledger.NewKey()}
	if err := writeOnce(keyPath(s.path, in.Store), file.Encode()); err != nil {
		return fmt.Errorf("writing the first key of the history: %w", err)
	}
	if err := putLedger(tx, in); err != nil {
		return err
	}
	return putSeal(tx, from, file.First.Next())
}

// keyPath is the file with the first key of a history. It carries part of the id of the store, so that a store made anew in the same place
// does not replace the key that an older one is checked with.
func keyPath(store, id string) string {
	return filepath.Join(filepath.Dir(store), "audit-"+id[:min(len(id), 8)]+".key")
}

// KeyPath is the file that the first key of the history was written to when the store was made. It may have been moved away.
func (s *Store) KeyPath() (string, error) {
	var in ledgerInfo
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		in, err = readLedger(tx)
		return err
	})
	return keyPath(s.path, in.Store), err
}

// sealHistory is the migration to form 2: records from here on carry a MAC. The first sealed one says how many were written before it, what
// the last of them hashes to, and whether they were in order then.
func (s *Store) sealHistory(tx *bbolt.Tx) error {
	if _, err := tx.CreateBucketIfNotExists(bCheckpoints); err != nil {
		return fmt.Errorf("sealing the history: %w", err)
	}
	head, err := readHead(tx)
	if err != nil {
		return err
	}
	rep := walkOld(tx, head)
	if err := s.newLedger(tx, head.Seq+1); err != nil {
		return err
	}
	e := soc.AuditEntry{
		Actor: soc.Service("store"), Action: "seal", Result: soc.ResultOK, Before: fmt.Sprintf("%d records without seal", head.Seq), After: "sealed",
		Detail: "from here on every record of the history is sealed; the chain of those before was in order",
	}
	if !rep.OK {
		e.Result = soc.ResultFailed
		e.Detail = fmt.Sprintf("from here on every record of the history is sealed; record %d of those before is bad: %s", rep.BadSeq, rep.Problem)
	}
	c := change{Tx: tx, s: s}
	return c.audit(e)
}

// walkOld checks a history of form 1.
func walkOld(tx *bbolt.Tx, head auditHead) soc.ChainReport {
	w := ledger.NewWalk(ledger.Rules{From: head.Seq + 1})
	cur := tx.Bucket(bAudit).Cursor()
	for k, v := cur.First(); k != nil && CheckRecord(w, k, v); k, v = cur.Next() {
	}
	return w.EndAt(ledger.Head{Seq: head.Seq, Hash: head.Hash})
}

// writeOnce makes a private file whole: after a crash it is complete or not there. A file that is there already is an error
// (fs.ErrExist).
func writeOnce(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".audit-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// maxSide bounds the small files beside the store.
const maxSide = 64 << 10

// readPrivate reads a small file of ours; fs.ErrNotExist when it is not there.
func readPrivate(path string) ([]byte, error) {
	f, err := openPrivate(path, os.O_RDONLY)
	if errors.Is(err, syscall.ELOOP) {
		return nil, unsafeStore(path + " is a symbolic link")
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSide))
	return b, errors.Join(err, f.Close())
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
