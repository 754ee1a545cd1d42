package store

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
)

// auditHead is the end of the chain. It is kept apart from the records, so that cutting the end off is noticed. Whoever can rewrite the
// whole file can rewrite both; only a checkpoint kept elsewhere finds that.
type auditHead struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

func readHead(tx *bbolt.Tx) (auditHead, error) {
	var h auditHead
	v := tx.Bucket(bMeta).Get(keyHead)
	if v == nil {
		if lastSeq(tx) != 0 {
			return h, badRecord("the end of the history", fmt.Errorf("%w: missing", errBadRecord))
		}
		return h, nil
	}
	if err := decode(keyHead, v, &h); err != nil {
		return h, badRecord("the end of the history", err)
	}
	return h, nil
}

func putHead(tx *bbolt.Tx, h auditHead) error {
	v, err := encode(keyHead, h)
	if err != nil {
		return err
	}
	return tx.Bucket(bMeta).Put(keyHead, v)
}

// readEnd is the head with the key that seals the next record.
func readEnd(tx *bbolt.Tx) (ledger.Head, error) {
	head, err := readHead(tx)
	if err != nil {
		return ledger.Head{}, err
	}
	key, err := readSeal(tx, head.Seq+1)
	return ledger.Head{Seq: head.Seq, Hash: head.Hash, Key: key}, err
}

func putEnd(tx *bbolt.Tx, h ledger.Head) error {
	if err := putHead(tx, auditHead{Seq: h.Seq, Hash: h.Hash}); err != nil {
		return err
	}
	return putSeal(tx, h.Seq+1, h.Key)
}

// lastSeq is the number of the newest entry that is there.
func lastSeq(tx *bbolt.Tx) uint64 {
	k, _ := tx.Bucket(bAudit).Cursor().Last()
	if len(k) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}

// Judge is a walk over a history, or a stream that feeds one.
type Judge interface {
	Next() uint64
	Record(raw []byte) bool
	Bad(problem string)
}

// CheckRecord judges a stored record of the history, key and value as they are in the file, as the next one of the walk. Everything that
// checks the history of a store goes through here. It returns false when this record or, with a stream, an earlier one is bad.
func CheckRecord(w Judge, k, v []byte) bool {
	if len(k) != 8 || binary.BigEndian.Uint64(k) != w.Next() {
		w.Bad("record is missing")
		return false
	}
	raw, err := unseal(k, v)
	if err != nil {
		w.Bad(err.Error())
		return false
	}
	return w.Record(raw)
}
