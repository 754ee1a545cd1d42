package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// A checksum tells that a record is damaged, not that it is gone: a flipped bit in a page of bbolt can hide what lies behind it. What must
// not vanish in silence is therefore counted, in the sequence number of its bucket, and what leads to a lockdown is compared with the
// lockdowns when the store is opened (F70).

// counted notes that a bucket has d records more. The policy is one record, counted when it is first written.
func counted(tx *bbolt.Tx, bucket []byte, d int) error {
	b := tx.Bucket(bucket)
	if err := b.SetSequence(uint64(int64(b.Sequence()) + int64(d))); err != nil {
		return fmt.Errorf("counting %s: %w", bucket, err)
	}
	return nil
}

// compareCounts holds the store if records have vanished. A bucket that was never counted is counted now.
func (s *Store) compareCounts(ctx context.Context) error {
	var gone, fix []string
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bLockdowns, bIntegrations, bPolicy, bChannels, bTokens, bThreats, bPushed} {
			b := tx.Bucket(name)
			if n := present(string(name), b); n != b.Sequence() {
				fix = append(fix, string(name))
				if n < b.Sequence() {
					gone = append(gone, fmt.Sprintf("%d of %d records of %s", b.Sequence()-n, b.Sequence(), name))
				}
			}
		}
		return nil
	})
	if err != nil || len(fix) == 0 {
		return err
	}
	if len(gone) > 0 {
		if err := s.holdBack(ctx, fmt.Sprintf("%s have vanished from the store or can not be read: its file is damaged", gone)); err != nil {
			return err
		}
	}
	if s.opt.ReadOnly {
		return nil
	}
	return s.update(ctx, func(c *change) (err error) {
		for _, name := range fix {
			b := c.Bucket([]byte(name))
			err = errors.Join(err, b.SetSequence(present(name, b)))
		}
		return err
	})
}

// present counts by visiting, because what the pages say of themselves may be wrong: a damaged page can show one record twice in the place of
// another. A lockdown that can not be read is there, and looked after by itself; an integration or a policy is as good as gone.
func present(name string, b *bbolt.Bucket) (n uint64) {
	var last []byte
	_ = b.ForEach(func(k, v []byte) error {
		_, err := unseal(k, v)
		if bytes.Compare(k, last) > 0 && (err == nil || name == string(bLockdowns)) {
			n++
		}
		last = k
		return nil
	})
	return n
}

// mendIndexes puts right what leads to a lockdown, from the lockdowns that can be read: the place of an open one on its host, its next look,
// the list of its host. A row that leads to a lockdown that says otherwise is removed; one that leads to a damaged lockdown stays.
func (s *Store) mendIndexes(ctx context.Context) error {
	bad := false
	if err := s.view(ctx, func(tx *bbolt.Tx) error { bad = len(missingRows(tx))+len(strayRows(tx)) > 0; return nil }); err != nil || !bad {
		return err
	}
	return s.update(ctx, func(c *change) error {
		n := 0
		for _, r := range strayRows(c.Tx) {
			if err := c.Bucket(r.bucket).Delete(r.key); err != nil {
				return fmt.Errorf("mending the index of lockdowns: %w", err)
			}
			n++
		}
		for _, r := range missingRows(c.Tx) {
			if err := c.Bucket(r.bucket).Put(r.key, r.value); err != nil {
				return fmt.Errorf("mending the index of lockdowns: %w", err)
			}
			n++
		}
		c.touch(soc.TopicLockdowns)
		return c.audit(soc.AuditEntry{
			Actor: soc.Service("store"), Action: "mend", Result: soc.ResultOK,
			Detail: fmt.Sprintf("%d damaged rows of the index of lockdowns were put right from the lockdowns themselves", n),
		})
	})
}

// indexRow is one row of an index of lockdowns.
type indexRow struct{ bucket, key, value []byte }

// rowsOf lists the rows that must lead to a lockdown.
func rowsOf(l soc.Lockdown) []indexRow {
	rows := []indexRow{{bLockdownHost, append(hostKey(l.Key), l.ID...), nil}}
	if !l.Phase.Final() {
		rows = append(rows, indexRow{bOpen, hostKey(l.Key), []byte(l.ID)})
	}
	if !l.Wake.IsZero() {
		rows = append(rows, indexRow{bWake, wakeKey(l), nil})
	}
	return rows
}

func missingRows(tx *bbolt.Tx) (out []indexRow) {
	_ = tx.Bucket(bLockdowns).ForEach(func(id, _ []byte) error {
		l, found, err := getLockdown(tx, soc.LockdownID(id))
		if err != nil || !found {
			return nil
		}
		for _, r := range rowsOf(l) {
			if k, v := tx.Bucket(r.bucket).Cursor().Seek(r.key); !bytes.Equal(k, r.key) || !bytes.Equal(v, r.value) {
				out = append(out, r)
			}
		}
		return nil
	})
	return out
}

func strayRows(tx *bbolt.Tx) (out []indexRow) {
	check := func(bucket []byte, idOf func(k, v []byte) []byte) {
		_ = tx.Bucket(bucket).ForEach(func(k, v []byte) error {
			l, found, err := getLockdown(tx, soc.LockdownID(idOf(k, v)))
			if err != nil || !found {
				return nil
			}
			for _, r := range rowsOf(l) {
				if bytes.Equal(r.bucket, bucket) && bytes.Equal(r.key, k) {
					return nil
				}
			}
			out = append(out, indexRow{bucket: bucket, key: bytes.Clone(k)})
			return nil
		})
	}
	check(bOpen, func(_, v []byte) []byte { return v })
	check(bWake, func(k, _ []byte) []byte { return k[min(8, len(k)):] })
	check(bLockdownHost, func(k, _ []byte) []byte { _, id, _ := splitHostKey(k); return id })
	return out
}
