package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// auditHead is the end of the chain. It is kept apart from the records, so that cutting the end off is noticed. Whoever can rewrite the
// whole file can rewrite both; only a checkpoint kept elsewhere finds that.
type auditHead struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// auditHash is SHA-256, in hex, over the previous hash and the canonical form of the entry: its JSON with empty prev and hash.
func auditHash(e soc.AuditEntry) (string, error) {
	prev := e.Prev
	e.Prev, e.Hash = "", ""
	b, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encoding a line of the history: %w", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "cordon audit 1\n%s\n", prev)
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)), nil
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

// lastSeq is the number of the newest entry that is there.
func lastSeq(tx *bbolt.Tx) uint64 {
	k, _ := tx.Bucket(bAudit).Cursor().Last()
	if len(k) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}

// VerifyAudit walks the whole chain and names the first record that is changed, missing, doubled, out of order or cut off. The error is
// about reading; what is wrong with the chain is in the report.
func (s *Store) VerifyAudit(ctx context.Context) (soc.ChainReport, error) {
	w := chainWalk{rep: soc.ChainReport{OK: true, Checked: s.clock()}}
	for more := true; more && w.rep.OK; {
		err := s.view(ctx, func(tx *bbolt.Tx) error {
			more = w.slice(tx)
			return nil
		})
		if err != nil {
			return w.rep, err
		}
	}
	return w.rep, nil
}

// chainWalk is a verification under way, in slices.
type chainWalk struct {
	rep  soc.ChainReport
	prev string
}

// slice checks the next records; it returns whether there are more.
func (w *chainWalk) slice(tx *bbolt.Tx) bool {
	cur := tx.Bucket(bAudit).Cursor()
	k, v := cur.Seek(seqKey(w.rep.LastSeq + 1))
	for n := 0; k != nil; k, v = cur.Next() {
		if n == auditSlice {
			return true
		}
		n++
		if problem := w.check(k, v); problem != "" {
			w.bad(w.rep.LastSeq+1, problem)
			return false
		}
	}
	w.end(tx)
	return false
}

// check judges one record; "" is good.
func (w *chainWalk) check(k, v []byte) string {
	want := w.rep.LastSeq + 1
	var e soc.AuditEntry
	if len(k) != 8 || binary.BigEndian.Uint64(k) != want {
		return "record is missing"
	}
	if err := decode(k, v, &e); err != nil {
		return err.Error()
	}
	if e.Seq != want {
		return fmt.Sprintf("record says that it is number %d", e.Seq)
	}
	if e.Prev != w.prev {
		return "record does not follow the one before"
	}
	hash, err := auditHash(e)
	if err != nil {
		return err.Error()
	}
	if hash != e.Hash {
		return "content does not match its hash"
	}
	if again, err := json.Marshal(e); err != nil || !bytes.Equal(again, v[envelopeHead:]) {
		return "record carries something that its hash does not cover"
	}
	w.rep.Records++
	w.rep.LastSeq, w.prev = want, e.Hash
	return ""
}

// end compares the last record with the remembered head.
func (w *chainWalk) end(tx *bbolt.Tx) {
	head, err := readHead(tx)
	switch {
	case err != nil:
		w.bad(w.rep.LastSeq+1, err.Error())
	case head.Seq > w.rep.LastSeq:
		w.bad(w.rep.LastSeq+1, fmt.Sprintf("history is cut off: %d records are missing at the end", head.Seq-w.rep.LastSeq))
	case head.Seq < w.rep.LastSeq || head.Hash != w.prev:
		w.bad(w.rep.LastSeq, "last record is not the one that was written last")
	}
}

func (w *chainWalk) bad(seq uint64, problem string) {
	w.rep.OK, w.rep.BadSeq, w.rep.Problem = false, seq, problem
}
