package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// A damaged lockdown keeps its host's place until a person ends it with a reason; then the host can be isolated again, the history says who
// did it, and the damaged bytes are kept. The control is the host before that: it can not be isolated.
func TestF70_DamagedLockdownIsClosedByHand(t *testing.T) {
	s := stocked(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	tamper(t, s, func(tx *bbolt.Tx) error { return tx.Bucket(bLockdowns).Put([]byte("LK-3"), []byte("rubbish")) })
	tamper(t, s, func(tx *bbolt.Tx) error { return tx.Bucket(bLockdowns).Delete([]byte("LK-4")) })
	s = reopen(t, s)
	for _, id := range []soc.LockdownID{"LK-3", "LK-4"} {
		host := soc.HostKey{Integration: "contoso", MachineID: "m" + string(id[3:])}
		again := lockdown("NEW-"+string(id), host.MachineID)
		if err := s.update(t.Context(), func(c *change) error { return checkSave(c.Tx, soc.Lockdown{}, false, again) }); codeOf(err) != "open-lockdown" {
			t.Errorf("control: the host of a damaged lockdown is free: %v", err)
		}
		who := soc.Actor{Name: "alice", Via: "ssh"}
		end := func(l soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error) {
			return soc.Close(l, who, "looked at it in Defender", testNow)
		}
		if !s.Damaged(t.Context(), id) || s.Damaged(t.Context(), "LK-1") || s.Damaged(t.Context(), "LK-99") {
			t.Errorf("what is damaged is not known")
		}
		_, err := s.CloseDamaged(t.Context(), id, func(l soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error) { return soc.Close(l, who, "", testNow) })
		wantCode(t, err, soc.KindInvalid, "reason")
		l, err := s.CloseDamaged(t.Context(), id, end)
		if err != nil || l.Phase != soc.PhaseSuperseded || l.Key != host {
			t.Fatalf("closing %s: %+v, %v", id, l, err)
		}
		_, err = s.CloseDamaged(t.Context(), id, end)
		wantCode(t, err, soc.KindConflict, "not-damaged")
		last := must(s.Audit(t.Context(), soc.AuditQuery{Count: 1})).Entries[0]
		if last.Actor.Name != "alice" || last.Lockdown != id || last.Host != host.MachineID || last.Detail != "looked at it in Defender" {
			t.Errorf("history: %+v", last)
		}
		if _, err := s.OpenLockdown(t.Context(), host); !errors.Is(err, soc.ErrNotFound) {
			t.Errorf("the host of %s is not free: %v", id, err)
		}
		if err := s.update(t.Context(), func(c *change) error { return checkSave(c.Tx, soc.Lockdown{}, false, again) }); err != nil {
			t.Errorf("the host can not be isolated again: %v", err)
		}
		if got := s.trouble.has(troubleDamaged); got {
			t.Errorf("after closing %s: damaged %v", id, got)
		}
	}
	_, err := s.CloseDamaged(t.Context(), "LK-99", nil)
	wantCode(t, err, soc.KindNotFound, "")
	var kept []string
	_ = s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bQuarantine).ForEach(func(k, v []byte) error {
			b, err := unseal(k, v)
			kept = append(kept, string(k[:4])+" "+string(b))
			return err
		})
	})
	if strings.Join(kept, ",") != "LK-3 rubbish" {
		t.Errorf("kept: %q", kept)
	}
	rep, err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "backup.db"))
	if err != nil || len(rep.Problems) > 0 {
		t.Errorf("a backup after that: %+v, %v", rep, err)
	}
	s = reopen(t, s)
	if list := s.Troubles(); len(list) != 1 || list[0].Code != troubleHeld { // LK-4 had vanished
		t.Errorf("troubles = %v", list)
	}
	if got := must(s.DueLockdowns(t.Context(), testNow, 0)); len(got) != 4 {
		t.Errorf("%d lockdowns go on", len(got))
	}
}

// What leads to a lockdown is put right from the lockdowns when the store is opened. The control is the store before that, which misses them.
func TestF70_DamagedIndexOfLockdownsIsMended(t *testing.T) {
	s := stocked(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	host := func(id string) []byte { return hostKey(soc.HostKey{Integration: "contoso", MachineID: "m" + id}) }
	late := lockdown("LK-2", "m2")
	late.Wake = late.Wake.Add(-time.Hour)
	l := must(s.Lockdown(t.Context(), "LK-2"))
	l.Wake = testNow.Add(time.Hour)
	must(s.SaveLockdown(t.Context(), l))
	want := contents(t, s)
	tamper(t, s, func(tx *bbolt.Tx) error {
		open, wake := tx.Bucket(bOpen), tx.Bucket(bWake)
		return errors.Join(
			open.Put(host("1"), []byte("LK-9")), open.Delete(host("3")), open.Put(host("x"), []byte("LK-3")), // a value, a key
			wake.Delete(wakeKey(lockdown("LK-4", "m4"))), wake.Put(wakeKey(late), nil),
			tx.Bucket(bLockdownHost).Delete(append(host("5"), "LK-5"...)),
		)
	})
	if got := must(s.DueLockdowns(t.Context(), testNow, 0)); len(got) != 4 { // of 5: the row of LK-4 is gone, the early one of LK-2 stops nobody
		t.Errorf("control: %v are due", ids(got))
	}
	s = reopen(t, s)
	got := contents(t, s)
	for k, v := range want {
		if strings.HasPrefix(k, "lockdown") && got[k] != v {
			t.Errorf("%q was not put right", k)
		}
	}
	for k := range got {
		if _, ok := want[k]; strings.HasPrefix(k, "lockdown") && !ok {
			t.Errorf("%q is left over", k)
		}
	}
	if got := must(s.DueLockdowns(t.Context(), testNow, 0)); len(got) != 5 {
		t.Errorf("%v are due", ids(got))
	}
	if last := must(s.Audit(t.Context(), soc.AuditQuery{Count: 1})).Entries[0]; last.Action != "mend" {
		t.Errorf("history: %+v", last)
	}
}

// Records that are gone, and not merely damaged, are missed. In the control they are not counted, and nobody misses them.
func TestF70_VanishedRecordsHoldTheStore(t *testing.T) {
	for _, bucket := range [][]byte{bLockdowns, bIntegrations, bPolicy} {
		for _, control := range []bool{false, true} {
			s := stocked(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
			tamper(t, s, func(tx *bbolt.Tx) error {
				k, _ := tx.Bucket(bucket).Cursor().Last()
				err := tx.Bucket(bucket).Delete(append([]byte(nil), k...))
				if control {
					err = errors.Join(err, counted(tx, bucket, -1))
				}
				return err
			})
			s = reopen(t, s)
			if held := s.CanIsolate() != nil; held == control {
				t.Errorf("%s, control %v: held %v", bucket, control, held)
			}
			if err := s.Accept(t.Context(), soc.AuditEntry{Action: "accept"}); err != nil {
				t.Fatal(err)
			}
			if s = reopen(t, s); s.CanIsolate() != nil {
				t.Errorf("%s: held again after a person accepted", bucket)
			}
		}
	}
}
