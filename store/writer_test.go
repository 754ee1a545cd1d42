package store

import (
	"errors"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// The commit of a lockdown's change is in doubt. While the file is closed to be read again, another process of ours (the timer of "cordon
// release --due") gets the lock, writes, and goes. What is read then is not taken for our change: memory and epoch stay as the disk has it, and
// the process writes nothing more, because it does not know what else was written. In the control nobody writes in between.
func TestF66_F55_AnotherWriterInTheGapIsNotTakenForOurChange(t *testing.T) {
	for _, control := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "cordon.db")
		fail, refuse := false, 0
		s := open(t, path, Options{
			commit: func(tx *bbolt.Tx) error {
				if fail {
					fail = false
					return errors.Join(errors.New("input/output error"), tx.Rollback())
				}
				return tx.Commit()
			},
			reopen: func() error {
				if refuse > 0 {
					refuse--
					return errors.New("not yet")
				}
				return nil
			},
		})
		l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
		fail, refuse = true, 1
		l.Phase = soc.PhaseReleaseRequested
		_, err := s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"})
		wantCode(t, err, soc.KindUnknownOutcome, "store-commit")
		if !control {
			s.mu.Lock() // the lock is let go while the file is closed for the exchange
			err := errors.Join(s.db.Close(), s.spare.Close())
			s.spare = nil
			s.mu.Unlock()
			other := open(t, path, Options{})
			if err := errors.Join(err, other.AppendAudit(t.Context(), soc.AuditEntry{Action: "other"}), other.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "on"}); (err == nil) != control {
			t.Errorf("control %v: the next write: %v", control, err)
		}
		if got := s.owed.open["LK-1"]; got.Phase != must(s.Lockdown(t.Context(), "LK-1")).Phase {
			t.Errorf("control %v: memory holds a change that the disk never took: %s", control, got.Phase)
		}
		if !control && s.CanIsolate() == nil {
			t.Error("a host may be isolated")
		}
		finish(t, s)
		if err := open(t, path, Options{}).CanIsolate(); err != nil {
			t.Errorf("control %v: the next start holds the store: %v", control, err)
		}
	}
}
