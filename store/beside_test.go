package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Whoever can write the database file, but nothing beside it, puts a history that he made himself in its place: another id, his own keys, his
// own checkpoints. Nothing in it is wrong, but it does not belong to what lies beside it, and each of the neighbours tells. Control: by
// itself the forged history is in order, and so is the true one beside its own files.
func TestSC22_AForgedStoreBesideTheTrueFilesIsNotSound(t *testing.T) {
	fill := func(n int, what string) string {
		path := filepath.Join(t.TempDir(), "cordon.db")
		s := open(t, path, Options{})
		for range n {
			if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: what}); err != nil {
				t.Fatal(err)
			}
		}
		finish(t, s)
		return path
	}
	neighbours := []string{checkpointsName, signerName, "audit-*.key", "cordon.epoch"}
	for _, left := range append([]string{"all", "none"}, neighbours...) {
		t.Run(left, func(t *testing.T) {
			path := fill(20, "true")
			s := open(t, path, Options{ReadOnly: true})
			if rep := verified(t, s, soc.VerifyOptions{}); !rep.OK {
				t.Fatalf("the true store: %+v", rep)
			}
			finish(t, s)
			for _, name := range neighbours {
				if left == "all" || left == name {
					continue
				}
				for _, file := range must(filepath.Glob(filepath.Join(filepath.Dir(path), name))) {
					if err := os.Remove(file); err != nil {
						t.Fatal(err)
					}
				}
			}
			copyFile(t, fill(30, "forged"), path)
			s = open(t, path, Options{ReadOnly: true})
			if rep := verified(t, s, soc.VerifyOptions{}); rep.OK != (left == "none") || !rep.OK && (rep.BadSeq == 0 || rep.Problem == "") {
				t.Errorf("report = %+v", rep)
			}
			s.alone = true
			if rep := verified(t, s, soc.VerifyOptions{}); !rep.OK {
				t.Errorf("the control: %+v", rep)
			}
		})
	}
}

// A forged store that has run for a while in its place, and has signed and written beside it, is still found; moving what is of the other
// one away, as its person would who did it on purpose, ends that.
func TestSC22_AForgedStoreIsFoundAfterItHasRun(t *testing.T) {
	real, forged := audited(t, 5), audited(t, 9)
	for _, s := range []*Store{real, forged} {
		finish(t, s)
	}
	copyFile(t, forged.path, real.path)
	s := reopen(t, real)
	wantCode(t, s.CanIsolate(), soc.KindRefused, "store-rolled-back")
	if err := s.Accept(t.Context(), soc.AuditEntry{Action: "accept"}); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if rep := verified(t, s, soc.VerifyOptions{}); rep.OK {
		t.Errorf("sound: %+v", rep)
	}
	finish(t, s)
	for _, file := range must(filepath.Glob(filepath.Join(filepath.Dir(s.path), "audit-*.key"))) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(s.checkpointFile()); err != nil {
		t.Fatal(err)
	}
	if rep := verified(t, reopen(t, s), soc.VerifyOptions{}); !rep.OK {
		t.Errorf("after moving the other one's files away: %+v", rep)
	}
}

// A backup in the folder of its store is judged by what is in it: the checkpoints beside it cover what the store has written since. In the
// control it is judged by its neighbours, and looks cut off.
func TestK11_BackupBesideTheLiveStoreIsSound(t *testing.T) {
	dir := t.TempDir()
	s := stocked(t, filepath.Join(dir, "cordon.db"), Options{})
	to := filepath.Join(dir, "backup.db")
	if _, err := s.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.AppendAudit(t.Context(), soc.AuditEntry{Action: "later"}), s.checkpoint(t.Context(), 1)); err != nil {
		t.Fatal(err)
	}
	rep, err := Examine(t.Context(), to)
	if err != nil || len(rep.Problems) > 0 || rep.Audit != 6 {
		t.Errorf("the backup = %+v, %v", rep, err)
	}
	if rep := verified(t, open(t, to, Options{ReadOnly: true}), soc.VerifyOptions{}); rep.OK {
		t.Errorf("the control = %+v", rep)
	}
	again := filepath.Join(dir, "again.db")
	if rep, err := s.Backup(t.Context(), again); err != nil || rep.Audit != 7 {
		t.Errorf("another backup = %+v, %v", rep, err)
	}
}

// What is wrong in a copy itself is found without its neighbours.
func TestK11_ACopyIsStillJudgedByItsOwnChain(t *testing.T) {
	s := reopen(t, audited(t, 5))
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
		t.Fatal(err)
	}
	tamper(t, s, func(tx *bbolt.Tx) error {
		return rewrite(tx, 3, true, func(e *soc.AuditEntry) { e.Result = "changed" })
	})
	to := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Backup(t.Context(), to); err == nil {
		t.Error("a broken history was taken for a sound backup")
	}
}
