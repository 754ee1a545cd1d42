package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// SaveLockdown writes a lockdown, its indexes and its audit lines in one transaction and returns it with its new Revision. Revision must be
// the stored one, 0 for a new record. Errors: soc.ErrConflict (codes "stale-revision", "exists", "open-lockdown", "final-record", "detached"),
// soc.ErrInvalid ("no-id", "no-wake", "host-changed"), soc.ErrNotFound.
func (s *Store) SaveLockdown(ctx context.Context, l soc.Lockdown, entries ...soc.AuditEntry) (soc.Lockdown, error) {
	toUTC(&l)
	saved := l
	saved.Revision++
	err := s.update(ctx, func(c *change) error {
		old, found, err := getLockdown(c.Tx, l.ID)
		if err != nil {
			return err
		}
		if err := checkSave(c.Tx, old, found, l); err != nil {
			return err
		}
		if !found && l.Phase == soc.PhaseRequested { // a promise that the store may not be able to keep
			if err := s.CanIsolate(); err != nil {
				return err
			}
		}
		if err := putLockdown(c.Tx, old, found, saved); err != nil {
			return err
		}
		if !found {
			if err := counted(c.Tx, bLockdowns, 1); err != nil {
				return err
			}
		}
		c.after = append(c.after, func() { s.owed.note(saved) })
		c.touch(soc.TopicLockdowns)
		return c.audit(entries...)
	})
	if err != nil {
		return soc.Lockdown{}, err
	}
	return saved, nil
}

func putLockdown(tx *bbolt.Tx, old soc.Lockdown, found bool, l soc.Lockdown) error {
	key := []byte(l.ID)
	v, err := encode(key, l)
	if err != nil {
		return err
	}
	if err := tx.Bucket(bLockdowns).Put(key, v); err != nil {
		return fmt.Errorf("writing lockdown %s: %w", l.ID, err)
	}
	if found && !old.Wake.IsZero() {
		if err := tx.Bucket(bWake).Delete(wakeKey(old)); err != nil {
			return fmt.Errorf("writing lockdown %s: %w", l.ID, err)
		}
	}
	if !l.Wake.IsZero() {
		if err := tx.Bucket(bWake).Put(wakeKey(l), nil); err != nil {
			return fmt.Errorf("writing lockdown %s: %w", l.ID, err)
		}
	}
	host := hostKey(l.Key)
	if err := tx.Bucket(bLockdownHost).Put(append(host, key...), nil); err != nil {
		return fmt.Errorf("writing lockdown %s: %w", l.ID, err)
	}
	if !l.Phase.Final() {
		return tx.Bucket(bOpen).Put(host, key)
	}
	if string(tx.Bucket(bOpen).Get(host)) == string(key) {
		return tx.Bucket(bOpen).Delete(host)
	}
	return nil
}

// wakeKey sorts by time. Times are ticks, so the key also names the record uniquely.
func wakeKey(l soc.Lockdown) []byte {
	return append(seqKey(uint64(ticks(l.Wake))), l.ID...)
}

// hostKey is a host as a key: lengths in front, so that no two hosts share one whatever characters their ids hold.
func hostKey(h soc.HostKey) []byte {
	k := binary.AppendUvarint(nil, uint64(len(h.Integration)))
	k = append(k, h.Integration...)
	k = binary.AppendUvarint(k, uint64(len(h.MachineID)))
	return append(k, h.MachineID...)
}

func getLockdown(tx *bbolt.Tx, id soc.LockdownID) (l soc.Lockdown, found bool, err error) {
	v := tx.Bucket(bLockdowns).Get([]byte(id))
	if v == nil {
		return l, false, nil
	}
	if err := decode([]byte(id), v, &l); err != nil {
		return soc.Lockdown{}, false, badRecord("lockdown "+string(id), err)
	}
	return l, true, nil
}

// Lockdown returns one lockdown, or soc.ErrNotFound.
func (s *Store) Lockdown(ctx context.Context, id soc.LockdownID) (l soc.Lockdown, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		var found bool
		if l, found, err = getLockdown(tx, id); err != nil {
			return err
		}
		if !found {
			return notFound("lockdown", string(id))
		}
		return nil
	})
	return l, err
}

// OpenLockdown returns the lockdown of a host that is not final, or soc.ErrNotFound. If its record is damaged that is the error: a host
// whose lockdown can not be read is not a free host.
func (s *Store) OpenLockdown(ctx context.Context, host soc.HostKey) (l soc.Lockdown, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		id := tx.Bucket(bOpen).Get(hostKey(host))
		if id == nil {
			return notFound("open lockdown on", host.String())
		}
		var found bool
		if l, found, err = getLockdown(tx, soc.LockdownID(id)); err != nil {
			return err
		}
		if !found || l.Key != host {
			l = soc.Lockdown{}
			return badRecord("lockdown "+string(id), fmt.Errorf("%w: missing", errBadRecord))
		}
		return nil
	})
	return l, err
}

// Lockdowns lists lockdowns, the ones that need eyes first: open before final, open ones by their end, final ones newest end first. Since
// keeps those that are open or ended at or after it. A damaged record is listed as one that needs a human.
func (s *Store) Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error) {
	var all []soc.Lockdown
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		return eachLockdown(tx, q, func(l soc.Lockdown) {
			if !l.Phase.Final() || !q.Open && !l.EndedAt.Before(q.Since) {
				all = append(all, l)
			}
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, needsEyes)
	if q.Count > 0 && len(all) > q.Count {
		all = all[:q.Count]
	}
	return all, nil
}

// eachLockdown visits by the narrowest index that serves the query.
func eachLockdown(tx *bbolt.Tx, q soc.LockdownQuery, visit func(soc.Lockdown)) error {
	one := func(id []byte) { visit(readLockdown(tx, soc.LockdownID(id))) }
	if !q.Host.IsZero() {
		prefix := hostKey(q.Host)
		cur := tx.Bucket(bLockdownHost).Cursor()
		for k, _ := cur.Seek(prefix); len(k) >= len(prefix) && string(k[:len(prefix)]) == string(prefix); k, _ = cur.Next() {
			one(k[len(prefix):])
		}
		return nil
	}
	if q.Open {
		return tx.Bucket(bOpen).ForEach(func(_, id []byte) error { one(id); return nil })
	}
	return tx.Bucket(bLockdowns).ForEach(func(id, _ []byte) error { one(id); return nil })
}

// readLockdown reads a record for a listing. One that can not be read is shown, with the host that the index still knows.
func readLockdown(tx *bbolt.Tx, id soc.LockdownID) soc.Lockdown {
	l, found, err := getLockdown(tx, id)
	if found && err == nil {
		return l
	}
	l = soc.Lockdown{
		ID: id, Phase: soc.PhaseNeedsHuman,
		Trouble: "the stored record is damaged; look at the host in the Defender portal and close this lockdown by hand",
	}
	cur := tx.Bucket(bLockdownHost).Cursor()
	for k, _ := cur.First(); k != nil; k, _ = cur.Next() {
		if h, rest, ok := splitHostKey(k); ok && string(rest) == string(id) {
			l.Key = h
			return l
		}
	}
	_ = tx.Bucket(bOpen).ForEach(func(k, v []byte) error {
		if h, rest, ok := splitHostKey(k); ok && len(rest) == 0 && string(v) == string(id) {
			l.Key = h
		}
		return nil
	})
	return l
}

// splitHostKey undoes hostKey and returns what follows it.
func splitHostKey(k []byte) (h soc.HostKey, rest []byte, ok bool) {
	take := func() (string, bool) {
		n, w := binary.Uvarint(k)
		if w <= 0 || uint64(len(k)-w) < n {
			return "", false
		}
		s := string(k[w : w+int(n)])
		k = k[w+int(n):]
		return s, true
	}
	integration, ok1 := take()
	machine, ok2 := take()
	return soc.HostKey{Integration: soc.IntegrationID(integration), MachineID: machine}, k, ok1 && ok2
}

// needsEyes orders a listing.
func needsEyes(a, b soc.Lockdown) int {
	if a.Phase.Final() != b.Phase.Final() {
		if b.Phase.Final() {
			return -1
		}
		return 1
	}
	if a.Phase.Final() {
		return cmp.Or(b.EndedAt.Compare(a.EndedAt), cmp.Compare(a.ID, b.ID))
	}
	return cmp.Or(expectedEnd(a).Compare(expectedEnd(b)), cmp.Compare(a.ID, b.ID))
}

// expectedEnd is the deadline, or what it would be if the host were isolated at once.
func expectedEnd(l soc.Lockdown) time.Time {
	if l.Deadline.IsZero() {
		return l.RequestedAt.Add(l.Period)
	}
	return l.Deadline
}

// DueLockdowns returns the lockdowns whose Wake is not after now, oldest first, final ones under watch included; limit 0 means all. Records
// that can not be read are left out here (Lockdowns and Info show them), so that one bad record does not stop the others (F70).
func (s *Store) DueLockdowns(ctx context.Context, now time.Time, limit int) ([]soc.Lockdown, error) {
	var out []soc.Lockdown
	err := s.eachWake(ctx, func(l soc.Lockdown) bool {
		if l.Wake.After(now) || limit > 0 && len(out) >= limit {
			return false
		}
		out = append(out, l)
		return true
	})
	return out, err
}

// NextWake is the earliest Wake of all readable lockdowns; the zero time if there is none.
func (s *Store) NextWake(ctx context.Context) (next time.Time, err error) {
	err = s.eachWake(ctx, func(l soc.Lockdown) bool {
		next = l.Wake
		return false
	})
	return next, err
}

func (s *Store) eachWake(ctx context.Context, visit func(soc.Lockdown) bool) error {
	return s.view(ctx, func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bWake).Cursor()
		for k, _ := cur.First(); k != nil; k, _ = cur.Next() {
			id := soc.LockdownID(k[8:])
			l, found, err := getLockdown(tx, id)
			if err != nil || !found {
				s.problem.note(unreadable(id))
				continue
			}
			if !bytes.Equal(k, wakeKey(l)) {
				continue // a damaged row; see mendIndexes
			}
			if !visit(l) {
				return nil
			}
		}
		return nil
	})
}

// readOwed remembers the open lockdowns and tells of those that can not be read.
func (s *Store) readOwed(ctx context.Context) {
	var bad []string
	_ = s.view(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket(bLockdowns).ForEach(func(id, _ []byte) error {
			l, found, err := getLockdown(tx, soc.LockdownID(id))
			if err != nil || !found {
				bad = append(bad, string(id))
				return nil
			}
			s.owed.note(l)
			return nil
		})
	})
	s.tellDamaged(bad)
}

func notFound(what, name string) error {
	return &soc.Error{Kind: soc.KindNotFound, What: fmt.Sprintf("there is no %s %s", what, name)}
}
