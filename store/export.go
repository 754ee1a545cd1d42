package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// exportSlice is how many records are copied out of one read transaction. They are written when it is over: a slow reader of the export
// must not hold the file (F72).
const exportSlice = 500

// ExportAudit writes the history, or what of it a search finds, oldest first, and returns how many records it wrote. What is added while it
// runs is left out. Memory does not grow with the history.
func (s *Store) ExportAudit(ctx context.Context, w io.Writer, x soc.AuditExport) (int, error) {
	h := ledger.Header{Complete: x.Query.Whole(), Version: s.opt.Version, Exported: s.clock()}
	var end ledger.Head
	var marks []soc.Checkpoint
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		in, err := readLedger(tx)
		if err != nil {
			return err
		}
		h.Store, h.From, h.Lost, h.Public = in.Store, in.From, in.Lost, in.Public
		marks = allCheckpoints(tx)
		head, err := readHead(tx)
		end = ledger.Head{Seq: max(head.Seq, lastSeq(tx)), Hash: head.Hash}
		return err
	})
	if err != nil {
		return 0, err
	}
	out, err := ledger.Begin(w, x.Format, h)
	if err != nil {
		return 0, &soc.Error{Kind: soc.KindInvalid, Code: "format", What: err.Error(), Next: "use csv, json, ndjson or cef"}
	}
	if h.Complete {
		for _, c := range marks {
			if err := out.Checkpoint(c); err != nil {
				return 0, fmt.Errorf("writing the export: %w", err)
			}
		}
	}
	n, err := s.exportRecords(ctx, out, compileAudit(x.Query, s.now()), end.Seq)
	if err == nil {
		err = out.End(end)
	}
	if err != nil {
		return n, fmt.Errorf("writing the export: %w", err)
	}
	return n, nil
}

// stored is a record copied out of the file.
type stored struct {
	seq uint64
	raw []byte
	err error
}

func (s *Store) exportRecords(ctx context.Context, out *ledger.Export, match auditMatch, last uint64) (n int, err error) {
	for next := uint64(1); next <= last; {
		var batch []stored
		err := s.view(ctx, func(tx *bbolt.Tx) error {
			batch = copyRecords(tx, next, last)
			return nil
		})
		if err != nil || len(batch) == 0 {
			return n, err
		}
		next = batch[len(batch)-1].seq + 1
		for _, r := range batch {
			if !match.wants(r) {
				continue
			}
			if err := r.write(out); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

func copyRecords(tx *bbolt.Tx, from, last uint64) (batch []stored) {
	cur := tx.Bucket(bAudit).Cursor()
	for k, v := cur.Seek(seqKey(from)); len(k) == 8 && len(batch) < exportSlice; k, v = cur.Next() {
		r := stored{seq: binary.BigEndian.Uint64(k)}
		if r.seq > last {
			break
		}
		raw, err := unseal(k, v)
		r.raw, r.err = append([]byte(nil), raw...), err
		batch = append(batch, r)
	}
	return batch
}

// wants reports whether a search finds the record. A damaged one is never left out in silence.
func (m auditMatch) wants(r stored) bool {
	if m.all() || r.err != nil {
		return true
	}
	var e soc.AuditEntry
	if json.Unmarshal(r.raw, &e) != nil {
		return true
	}
	return !m.before(e) && m.match(e)
}

func (r stored) write(out *ledger.Export) error {
	if r.err != nil {
		return out.Damaged(r.seq, r.err)
	}
	return out.Record(r.seq, r.raw)
}
