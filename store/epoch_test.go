package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cordon/store/soc"
)

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b := must(os.ReadFile(from))
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Rolled back by one to eight commits, the store opens, releases go on, and no host is isolated until a person accepts. In the control the
// epoch is rolled back with it, as if there were none outside: the rollback is not noticed.
func TestF71_RolledBackStoreIsHeldUntilAccepted(t *testing.T) {
	const commits = 8
	dir := t.TempDir()
	path := filepath.Join(dir, "cordon.db")
	s := open(t, path, Options{})
	l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
	for n := range commits {
		copyFile(t, path, fmt.Sprint(path, ".", n))
		copyFile(t, epochPath(path), fmt.Sprint(path, ".epoch.", n))
		l = must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "step"}))
	}
	finish(t, s)
	for n := range commits {
		for _, control := range []bool{false, true} {
			t.Run(fmt.Sprintf("back=%d/control=%v", commits-n, control), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "cordon.db")
				copyFile(t, fmt.Sprint(filepath.Join(dir, "cordon.db"), ".", n), path)
				epoch := epochPath(filepath.Join(dir, "cordon.db"))
				if control {
					epoch = fmt.Sprint(filepath.Join(dir, "cordon.db"), ".epoch.", n)
				}
				copyFile(t, epoch, epochPath(path))
				s := open(t, path, Options{})
				if control {
					if err := s.CanIsolate(); err != nil {
						t.Fatalf("without an outside epoch: %v", err)
					}
					return
				}
				for range 2 { // it stays held over a restart, however much is written
					wantCode(t, s.CanIsolate(), soc.KindRefused, "store-rolled-back")
					_, err := s.SaveLockdown(t.Context(), lockdown("LK-9", "m9"))
					wantCode(t, err, soc.KindRefused, "store-rolled-back")
					if list := s.Troubles(); len(list) != 1 || list[0].Code != "store-rolled-back" {
						t.Errorf("troubles = %v", list)
					}
					l := must(s.Lockdown(t.Context(), "LK-1"))
					for range commits {
						l = must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"}))
					}
					s = reopen(t, s)
				}
				if err := errors.Join(s.Accept(t.Context(), soc.AuditEntry{Action: "accept"}), s.CanIsolate()); err != nil {
					t.Fatal(err)
				}
				s = reopen(t, s)
				if err := s.CanIsolate(); err != nil || len(s.Troubles()) != 0 {
					t.Errorf("after accepting: %v, %v", err, s.Troubles())
				}
			})
		}
	}
}

// A held store that a person has accepted stays accepted, whenever the process dies after that, and both slots of the epoch know it: one that
// still held the higher mark would hide the next rollback.
func TestF71_AcceptedStaysAcceptedAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	s := open(t, path, Options{})
	l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
	copyFile(t, path, path+".old")
	for range 9 {
		l = must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "step"}))
	}
	finish(t, s)
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, Options{})
	wantCode(t, s.CanIsolate(), soc.KindRefused, "store-rolled-back")
	if m, _, err := readEpoch(path); err != nil || m.Seq != 10 { // the control
		t.Errorf("the epoch of before: %+v, %v", m, err)
	}
	if err := s.Accept(t.Context(), soc.AuditEntry{Action: "accept"}); err != nil {
		t.Fatal(err)
	}
	if m, _, err := readEpoch(path); err != nil || m.Seq != 3 {
		t.Errorf("the epoch after accepting: %+v, %v", m, err)
	}
	crashed := filepath.Join(t.TempDir(), "cordon.db") // kill -9 right after Accept has returned
	copyFile(t, path, crashed)
	copyFile(t, epochPath(path), epochPath(crashed))
	if err := open(t, crashed, Options{}).CanIsolate(); err != nil {
		t.Errorf("held again after a person accepted: %v", err)
	}
}

// A store with as many lines, but others, is another store.
func TestF71_OtherHistoryIsHeld(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"a", "b"} {
		path := filepath.Join(dir, name, "cordon.db")
		s := open(t, path, Options{})
		for i := range 3 {
			if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: name, Detail: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		finish(t, s)
		paths = append(paths, path)
	}
	copyFile(t, paths[1], paths[0])
	wantCode(t, open(t, paths[0], Options{}).CanIsolate(), soc.KindRefused, "store-rolled-back")
}

// A torn or damaged epoch never stops a store; the other slot still counts.
func TestF71_DamagedEpochIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	s := open(t, path, Options{})
	for range 4 {
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, s)
	good := must(os.ReadFile(epochPath(path)))
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 0x10
		if err := os.WriteFile(epochPath(path), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if m, there, err := readEpoch(path); !there || err != nil || m.Seq < 3 || m.Seq > 4 {
			t.Fatalf("byte %d: %+v %v %v", i, m, there, err)
		}
	}
	if err := os.WriteFile(epochPath(path), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, Options{})
	if err := s.CanIsolate(); err != nil {
		t.Error(err)
	}
	if m, _, err := readEpoch(path); err != nil || m.Seq != 4 {
		t.Errorf("epoch = %+v, %v", m, err)
	}
}

// Every length of a first start that was cut off: the store begins, unless one was begun here before. The control has its epoch.
func TestF18_HalfBegunStoreIsMadeAnewOnlyIfNoneWasThere(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	finish(t, open(t, whole, Options{}))
	blank := blankBolt(t)
	cuts := [][]byte{nil, blank, make([]byte, len(blank))}
	for n := 512; n < len(blank); n += 512 {
		cuts = append(cuts, blank[:n])
	}
	for _, control := range []bool{false, true} {
		for _, cut := range cuts {
			path := filepath.Join(t.TempDir(), "cordon.db")
			if err := os.WriteFile(path, cut, 0o600); err != nil {
				t.Fatal(err)
			}
			if control {
				copyFile(t, epochPath(whole), epochPath(path))
			}
			s, err := Open(t.Context(), path, Options{Now: fixedClock})
			if !control {
				if err != nil {
					t.Fatalf("%d bytes: %v", len(cut), err)
				}
				finish(t, s)
				continue
			}
			if code := codeOf(err); code != "store-missing" && code != "store-damaged" {
				t.Errorf("%d bytes where a store was: %v", len(cut), err)
			}
			if got := must(os.ReadFile(path)); string(got) != string(cut) {
				t.Errorf("%d bytes: the file was changed", len(cut))
			}
		}
	}
	path := filepath.Join(t.TempDir(), "cordon.db")
	copyFile(t, epochPath(whole), epochPath(path))
	_, err := Open(t.Context(), path, Options{})
	wantCode(t, err, soc.KindUnavailable, "store-missing")
	if _, err := os.Stat(path); err == nil {
		t.Error("a store was begun in silence")
	}
}

// blankBolt is what bbolt writes before anything of ours.
func blankBolt(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blank.db")
	o, err := openFile(path, Options{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.db.Close(); err != nil {
		t.Fatal(err)
	}
	f := must(os.Open(path))
	defer f.Close()
	return must(io.ReadAll(io.LimitReader(f, int64(4*os.Getpagesize()))))
}
