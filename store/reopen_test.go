package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// disk is a commit seam: what happens to the next commits.
type disk struct {
	fail    int   // this many commits fail …
	durable bool  // … although they reach the disk (M4)
	with    error // … with this error
}

func (d *disk) commit(tx *bbolt.Tx) error {
	if d.fail == 0 {
		return tx.Commit()
	}
	d.fail--
	if d.durable {
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return &diskError{d.with}
}

type diskError struct{ err error }

func (e *diskError) Error() string { return "write cordon.db: " + e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }

// onDisk opens a copy of the file and returns the lockdown and the number of alerts in it.
func onDisk(t *testing.T, s *Store) (locks, alerts int) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := s.copyTo(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	c := open(t, to, Options{})
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return len(must(c.Lockdowns(t.Context(), soc.LockdownQuery{}))), must(c.Alerts(t.Context(), soc.Query{})).Total
}

// inMemory is the same, from the caches of the running store.
func inMemory(t *testing.T, s *Store) (locks, alerts int) {
	t.Helper()
	return len(s.owed.list()), must(s.Alerts(t.Context(), soc.Query{})).Total
}

// After a failed commit the store reads the file again by itself, its memory says what the disk says, and it goes on. In the control the
// outcome is not taken from the file: the memory differs from the disk, and the same comparison shows it.
func TestF66_FailedCommitIsSettledFromTheFile(t *testing.T) {
	for _, durable := range []bool{false, true} {
		for _, control := range []bool{false, true} {
			t.Run(fmt.Sprintf("durable=%v/control=%v", durable, control), func(t *testing.T) {
				d := &disk{durable: durable, with: syscall.EIO}
				opt := Options{commit: d.commit}
				s := open(t, filepath.Join(t.TempDir(), "cordon.db"), opt)
				put(t, s, soc.PollState{}, rawAlert("a0", nil))
				if control {
					s.opt.reopen = func() error { // loses the change in doubt: nobody asks the file
						if c := s.failed.change; c != nil && durable {
							s.writer = c.writer // nor does it see that the file is not as it was left
						}
						s.failed.change = nil
						return nil
					}
				}
				d.fail = 1
				_, err := s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"})
				wantCode(t, err, soc.KindUnknownOutcome, "store-commit")
				d.fail = 1
				_, err = s.PutAlerts(t.Context(), "i1", []soc.RawAlert{rawAlert("a1", nil)}, soc.PollState{})
				wantCode(t, err, soc.KindUnknownOutcome, "store-commit")

				locks, alerts := onDisk(t, s)
				if want := map[bool]int{true: 1}[durable]; locks != want || alerts != 1+want {
					t.Fatalf("the disk holds %d lockdowns and %d alerts", locks, alerts)
				}
				l2, a2 := inMemory(t, s)
				if stale := l2 != locks || a2 != alerts; stale != (control && durable) {
					t.Errorf("memory %d %d, disk %d %d, control %v", l2, a2, locks, alerts, control)
				}
				if control {
					return
				}
				if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "next"}); err != nil {
					t.Errorf("the next write: %v", err)
				}
				if rep := must(s.VerifyAudit(t.Context())); !rep.OK {
					t.Errorf("history: %+v", rep)
				}
				if list := s.Troubles(); len(list) != 0 || s.reopens.Load() != 2 {
					t.Errorf("troubles %v, reopened %d times", list, s.reopens.Load())
				}
			})
		}
	}
}

// While the file can not be opened again nothing is written and nothing may be isolated; the watchdog brings the store back.
func TestF66_F68_UntilReopenedTheStoreOnlyReads(t *testing.T) {
	for name, cause := range map[string]error{
		"EIO": syscall.EIO, "EROFS": syscall.EROFS, "EMFILE": syscall.EMFILE, "EDQUOT": syscall.EDQUOT,
	} {
		t.Run(name, func(t *testing.T) {
			d := &disk{with: cause}
			var stuck error
			opt := Options{commit: d.commit, reopen: func() error { return stuck }}
			s := open(t, filepath.Join(t.TempDir(), "cordon.db"), opt)
			saved := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
			d.fail, stuck = 1, cause
			_, err := s.SaveLockdown(t.Context(), saved)
			wantCode(t, err, soc.KindUnknownOutcome, "store-commit")
			for range 3 {
				wantCode(t, s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}), soc.KindUnavailable, "store-failed")
				s.look(t.Context())
			}
			if list := s.Troubles(); len(list) == 0 || list[0].Code != troubleFailed || list[0].Level != soc.LevelBad {
				t.Errorf("troubles = %v", list)
			}
			if s.CanIsolate() == nil {
				t.Error("a host may be isolated although nothing can be written")
			}
			if got := must(s.DueLockdowns(t.Context(), testNow, 0)); len(got) != 1 {
				t.Errorf("the due lockdowns can not be read: %v", got)
			}
			stuck = nil
			s.look(t.Context())
			s.keepReserve()
			if err := errors.Join(s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}), s.CanIsolate()); err != nil {
				t.Errorf("after the disk came back: %v", err)
			}
			s.look(t.Context())
			if list := s.Troubles(); len(list) != 0 {
				t.Errorf("troubles afterwards = %v", list)
			}
		})
	}
}

// Every commit of a working day fails once, in every way: nothing is lost that was acknowledged, and the store never stays closed.
func TestF68_NthCommitSweep(t *testing.T) {
	day := func(s *Store) (acked int) {
		l, err := s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"})
		for range 8 {
			if err != nil { // as the caller does: the record counts
				s.keepReserve() // as the watchdog does
				if l, err = s.Lockdown(t.Context(), "LK-1"); err != nil {
					l = lockdown("LK-1", "m1")
				}
			}
			l, err = s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "step"})
			if err == nil {
				acked++
			}
		}
		return acked
	}
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE} {
		for n := range 9 {
			for _, durable := range []bool{false, true} {
				d := &disk{with: cause, durable: durable}
				at := n
				dir := t.TempDir()
				s := open(t, filepath.Join(dir, "cordon.db"), Options{})
				s.opt.commit = func(tx *bbolt.Tx) error {
					if at == 0 {
						d.fail = 1
					}
					at--
					return d.commit(tx)
				}
				acked := day(s)
				l, err := s.Lockdown(t.Context(), "LK-1")
				if err != nil {
					t.Fatalf("%v at %d, durable %v: %v, troubles %v", cause, n, durable, err, s.Troubles())
				}
				rep := must(s.VerifyAudit(t.Context()))
				if acked < 7 || int(l.Revision) < acked || rep.Records != l.Revision || !rep.OK {
					t.Errorf("%v at %d, durable %v: %d acknowledged, revision %d, history %+v", cause, n, durable, acked, l.Revision, rep)
				}
				finish(t, s)
				if err := os.RemoveAll(dir); err != nil { // ninety reserves at once would fill a small disk
					t.Fatal(err)
				}
			}
		}
	}
}

// A panic inside a change does not close the store for good.
func TestF66_PanicInAChangeIsOvercome(t *testing.T) {
	s := fresh(t)
	err := s.update(t.Context(), func(*change) error { panic("boom") })
	wantCode(t, err, soc.KindUnknownOutcome, "store-commit")
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
		t.Error(err)
	}
}
