package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// auditSlice is how many entries one read transaction looks at; a search through a long history is many short transactions (F72).
const auditSlice = 2000

// AppendAudit adds entries to the history. It sets Seq, Prev, MAC, Hash, Version, and Time if it is zero, and
// cleans every text.
func (s *Store) AppendAudit(ctx context.Context, entries ...soc.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.update(ctx, func(c *change) error { return c.audit(entries...) })
}

// audit chains and seals entries inside a running change: this is the one door into the history. Whatever a caller forgot, no text gets in
// with a control character (SC26), and no change is kept whose entry could not be written (SC24).
func (c *change) audit(entries ...soc.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	head, err := readEnd(c.Tx)
	if err != nil {
		return err
	}
	b := c.Bucket(bAudit)
	b.FillPercent = 1
	for _, e := range entries {
		if e.Time.IsZero() {
			e.Time = c.s.clock()
		}
		if c.s.opt.Version != "" {
			e.Version = c.s.opt.Version
		}
		e.Time = e.Time.UTC().Round(0)
		e.Clean()
		var raw []byte
		if raw, e, head, err = head.Seal(e); err != nil {
			return err
		}
		if err := b.Put(seqKey(e.Seq), seal(seqKey(e.Seq), raw)); err != nil {
			return fmt.Errorf("writing the history: %w", err)
		}
	}
	c.touch(soc.TopicAudit)
	return putEnd(c.Tx, head)
}

// Audit searches the history, newest first.
func (s *Store) Audit(ctx context.Context, q soc.AuditQuery) (soc.AuditPage, error) {
	match := compileAudit(q, s.now())
	page := soc.AuditPage{From: max(q.From, 0)}
	var last uint64
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		last = lastSeq(tx)
		page.Total = int(last)
		return nil
	})
	if match.all() && err == nil {
		page.Matched = page.Total
		page.Entries, err = s.auditWindow(ctx, last, page.From, q.Count)
		return page, err
	}
	for err == nil && last > 0 {
		last, err = s.auditBack(ctx, last, func(e soc.AuditEntry) bool {
			if match.before(e) {
				return false
			}
			if match.match(e) {
				if page.Matched >= page.From && (q.Count <= 0 || len(page.Entries) < q.Count) {
					page.Entries = append(page.Entries, e)
				}
				page.Matched++
			}
			return true
		}, match.raw)
	}
	return page, err
}

// auditWindow reads entries by their number alone.
func (s *Store) auditWindow(ctx context.Context, last uint64, from, count int) ([]soc.AuditEntry, error) {
	if uint64(from) >= last {
		return nil, nil
	}
	var out []soc.AuditEntry
	next, err := last-uint64(from), error(nil)
	for err == nil && next > 0 && (count <= 0 || len(out) < count) {
		next, err = s.auditBack(ctx, next, func(e soc.AuditEntry) bool {
			if count > 0 && len(out) >= count {
				return false
			}
			out = append(out, e)
			return true
		}, nil)
	}
	return out, err
}

// auditBack reads one slice of entries backwards from seq and returns where the next slice starts, 0 at the beginning of history. keep may
// pass over a record by its raw bytes; visit ends everything by returning false. A damaged record is shown as one, not skipped.
func (s *Store) auditBack(ctx context.Context, seq uint64, visit func(soc.AuditEntry) bool, keep func([]byte) bool) (uint64, error) {
	next := uint64(0)
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bAudit).Cursor()
		k, v := cur.Seek(seqKey(seq))
		if k == nil {
			k, v = cur.Last()
		}
		if k != nil && binary.BigEndian.Uint64(k) > seq {
			k, v = cur.Prev()
		}
		for n := 0; k != nil; k, v = cur.Prev() {
			if n == auditSlice {
				next = binary.BigEndian.Uint64(k)
				return nil
			}
			n++
			if keep != nil && !keep(v) {
				continue
			}
			if !visit(readAudit(k, v)) {
				return nil
			}
		}
		return nil
	})
	return next, err
}

// readAudit decodes an entry. A damaged one becomes a line that says so: history must not have silent holes.
func readAudit(k, v []byte) soc.AuditEntry {
	var e soc.AuditEntry
	if err := decode(k, v, &e); err != nil {
		return ledger.Damaged(binary.BigEndian.Uint64(k), err)
	}
	return e
}

// AuditAfter returns up to limit entries that follow seq, oldest first: the lossless feed of notices.
func (s *Store) AuditAfter(ctx context.Context, seq uint64, limit int) ([]soc.AuditEntry, error) {
	if limit <= 0 || limit > auditSlice {
		limit = auditSlice
	}
	var out []soc.AuditEntry
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bAudit).Cursor()
		for k, v := cur.Seek(seqKey(seq + 1)); k != nil && len(out) < limit; k, v = cur.Next() {
			out = append(out, readAudit(k, v))
		}
		return nil
	})
	return out, err
}
