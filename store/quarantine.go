package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// bQuarantine holds the bytes of records that were damaged and have been closed by hand: id, time → the record as it was found. It is made
// when the first one is put there, so that older files need no migration.
var bQuarantine = []byte("quarantine")

func unreadable(id soc.LockdownID) string {
	return "lockdown " + string(id) + " can not be read; its host may be isolated, look in the Defender portal"
}

// CloseDamaged ends a lockdown whose record can not be read, so that its host can be isolated again (F70): it would keep the host's place for
// ever. end gets what is still known of it, the host at best, and returns the record that takes its place, which must be final, and the line
// of history. The bytes of the damaged record are kept aside. Errors: soc.ErrConflict (code "not-damaged") if it can be read after all;
// soc.ErrNotFound if nothing is known of it; those of end.
func (s *Store) CloseDamaged(
	ctx context.Context, id soc.LockdownID, end func(soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error),
) (l soc.Lockdown, err error) {
	err = s.update(ctx, func(c *change) error {
		_, found, err := getLockdown(c.Tx, id)
		if err == nil && found {
			return refuse(soc.KindConflict, "not-damaged", fmt.Sprintf("the record of lockdown %s is not damaged", id))
		}
		known := readLockdown(c.Tx, id)
		if err == nil && known.Key.IsZero() {
			return notFound("lockdown", string(id))
		}
		next, entry, err := end(known)
		if err != nil {
			return err
		}
		if next.ID != id || next.Key != known.Key || !next.Phase.Final() {
			return refuse(soc.KindInvalid, "not-final", fmt.Sprintf("lockdown %s would not be over", id))
		}
		next.Revision, next.Wake = 1, time.Time{}
		toUTC(&next)
		if err := setAside(c.Tx, known, s.clock()); err != nil {
			return fmt.Errorf("setting the damaged lockdown %s aside: %w", id, err)
		}
		if err := putLockdown(c.Tx, soc.Lockdown{}, false, next); err != nil {
			return err
		}
		l = next
		c.after = append(c.after, func() {
			s.problem.drop(unreadable(id))
			s.readOwed(context.WithoutCancel(ctx))
		})
		c.touch(soc.TopicLockdowns)
		return c.audit(entry)
	})
	return l, err
}

// Damaged reports whether a lockdown is known, but its record can not be read.
func (s *Store) Damaged(ctx context.Context, id soc.LockdownID) (bad bool) {
	_ = s.view(ctx, func(tx *bbolt.Tx) error {
		_, found, err := getLockdown(tx, id)
		bad = err != nil || !found && !readLockdown(tx, id).Key.IsZero()
		return nil
	})
	return bad
}

// setAside keeps the bytes of a record and removes all that leads to it: its place on the host, and its wakings, whose times are not known.
func setAside(tx *bbolt.Tx, l soc.Lockdown, now time.Time) error {
	if v := tx.Bucket(bLockdowns).Get([]byte(l.ID)); v != nil {
		b, err := tx.CreateBucketIfNotExists(bQuarantine)
		if err != nil {
			return err
		}
		key := append([]byte(l.ID), seqKey(uint64(ticks(now)))...)
		if err := b.Put(key, seal(key, v)); err != nil {
			return err
		}
	}
	return errors.Join(
		deleteWhere(tx.Bucket(bWake), func(k, _ []byte) bool { return len(k) > 8 && string(k[8:]) == string(l.ID) }),
		deleteWhere(tx.Bucket(bOpen), func(_, v []byte) bool { return string(v) == string(l.ID) }),
		deleteWhere(tx.Bucket(bLockdownHost), func(k, _ []byte) bool {
			_, rest, ok := splitHostKey(k)
			return ok && string(rest) == string(l.ID)
		}),
	)
}

func deleteWhere(b *bbolt.Bucket, match func(k, v []byte) bool) error {
	var keys [][]byte
	if err := b.ForEach(func(k, v []byte) error {
		if match(k, v) {
			keys = append(keys, bytes.Clone(k))
		}
		return nil
	}); err != nil {
		return err
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
