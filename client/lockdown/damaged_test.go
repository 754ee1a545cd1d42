package lockdown_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/client/lockdown"
	"cordon/store"
	"cordon/store/soc"
)

// TestF70_K15_ADamagedLockdownIsClosedThroughTheDoor: the record of an isolated host can not be read any more. Through the door, and only with
// the right and a reason, a person ends it; then the host's place is free. The control is an ordinary record beside it, which is left alone.
func TestF70_K15_ADamagedLockdownIsClosedThroughTheDoor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	now := time.Now().UTC()
	st := openStore(t, path)
	for _, id := range []soc.LockdownID{"LK-BROKEN00", "LK-SOUND000"} {
		l := soc.Lockdown{
			ID: id, Key: soc.HostKey{Integration: "t1", MachineID: string(id)}, HostName: string(id), Phase: soc.PhaseRequested, RequestedAt: now,
			Period: time.Hour, By: soc.Actor{Name: "alice"}, Wake: now,
		}
		if _, err := st.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "isolate", Lockdown: id, Actor: l.By, Result: soc.ResultOK}); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	spoil(t, path, "LK-BROKEN00")
	st = openStore(t, path)
	t.Cleanup(func() { _ = st.Close() })
	svc := lockdown.NewService(lockdown.Options{Store: st})
	who := analyst()
	if _, err := svc.CloseLockdown(t.Context(), soc.Session{Actor: soc.Actor{Name: "eve"}}, "LK-BROKEN00", "why not"); !errors.Is(err, soc.ErrDenied) {
		t.Errorf("without the right: %v", err)
	}
	if _, err := svc.CloseLockdown(t.Context(), who, "LK-BROKEN00", ""); !errors.Is(err, soc.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	l, err := svc.CloseLockdown(t.Context(), who, "LK-BROKEN00", "released in the portal by hand")
	if err != nil || !l.Phase.Final() {
		t.Fatalf("closing: %+v, %v", l, err)
	}
	if _, err := st.OpenLockdown(t.Context(), soc.HostKey{Integration: "t1", MachineID: "LK-BROKEN00"}); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("the host's place is still taken: %v", err)
	}
	if sound, err := st.Lockdown(t.Context(), "LK-SOUND000"); err != nil || sound.Phase != soc.PhaseRequested {
		t.Errorf("control: the other lockdown is %+v, %v", sound, err)
	}
}

func openStore(t *testing.T, path string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// spoil writes rubbish over a lockdown, as a disk might.
func spoil(t *testing.T, path, id string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("lockdowns")).Put([]byte(id), []byte("rubbish")) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
