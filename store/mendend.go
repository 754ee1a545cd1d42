package store

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// mendEnd lets a history go on whose end or key can not be read (F70): without them no release could be written any more. The end is that of
// the last record. A lost key can not be had back, so a new one begins another section; from there on a verification stays bad, and the line
// written here says why. The store is held: who wants to hide something might have damaged the key on purpose.
func (s *Store) mendEnd(ctx context.Context) (mended bool, err error) {
	var why error
	err = s.view(ctx, func(tx *bbolt.Tx) error { _, why = readEnd(tx); return nil })
	if err != nil || !errors.Is(why, errBadRecord) {
		return false, err
	}
	err = s.write(ctx, func(c *change) error {
		if _, err := readEnd(c.Tx); !errors.Is(err, errBadRecord) {
			return err
		}
		lost, err := putEndAnew(c.Tx)
		if err != nil {
			return err
		}
		h := Hold{Since: s.clock(), Why: "the end of the history was damaged, it has been put together anew"}
		if lost {
			h.Why += "; its sealing key was lost, a new one seals from here on"
		}
		if s.holding() == nil {
			if err := putHold(c.Tx, h); err != nil {
				return err
			}
			c.after = append(c.after, func() { s.beHeld(h) })
		}
		return c.audit(soc.AuditEntry{Actor: soc.Service("store"), Action: "mend", Result: soc.ResultFailed, Detail: h.Why + ": " + why.Error()})
	}, vital)
	return err == nil, err
}

// putEndAnew writes the end of the history as its records tell it. lost says that the key which belongs to it could not be read.
func putEndAnew(tx *bbolt.Tx) (lost bool, err error) {
	head, err := readHead(tx)
	if err != nil || head.Seq < lastSeq(tx) {
		head = lastRecord(tx)
	}
	key, err := readSeal(tx, head.Seq+1)
	if lost = err != nil; lost {
		key = ledger.NewKey()
		if in, err := readLedger(tx); err == nil && in.Lost == 0 { // if it can not be read every verification says so
			in.Lost = head.Seq + 1
			if err := putLedger(tx, in); err != nil {
				return lost, fmt.Errorf("mending the end of the history: %w", err)
			}
		}
	}
	if err := putEnd(tx, ledger.Head{Seq: head.Seq, Hash: head.Hash, Key: key}); err != nil {
		return lost, fmt.Errorf("mending the end of the history: %w", err)
	}
	return lost, nil
}

// unmended raises the alarm over what could not be put right when the store was opened. The store is opened all the same: the timers of what
// can be read must be kept.
func (s *Store) unmended(err error) {
	s.raise(soc.Trouble{
		Code: troubleUnmended, Level: soc.LevelBad, What: fmt.Sprintf("the store could not be put in order when it was opened: %v", err),
		Means: "no host is isolated; running lockdowns still end on time", Next: "look at the disk, then start cordon again",
	})
}

// lastRecord is the end of the history as its last record tells it. The hash of one that can not be read is not known.
func lastRecord(tx *bbolt.Tx) auditHead {
	h := auditHead{Seq: lastSeq(tx)}
	var e soc.AuditEntry
	if v := tx.Bucket(bAudit).Get(seqKey(h.Seq)); v != nil && decode(seqKey(h.Seq), v, &e) == nil {
		h.Hash = e.Hash
	}
	return h
}
