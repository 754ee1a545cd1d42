package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"cordon/store/soc"
)

// What is owed is a few kilobytes and comes first: the copy of a large store may take minutes, and the process may not be given them. When
// the copy begins, the obligations are written, everybody was told, and no write waits for it. In the control the file is not lost.
func TestF69_ObligationsAndAlarmComeBeforeTheLongCopy(t *testing.T) {
	for _, control := range []bool{false, true} {
		dir, other := filepath.Join(t.TempDir(), "data"), t.TempDir()
		calls, begun, goOn := 0, make(chan struct{}), make(chan struct{})
		s := open(t, filepath.Join(dir, "cordon.db"), Options{rescue: func(string) []string {
			if calls++; calls == 2 { // the copy
				close(begun)
				<-goOn
			}
			return []string{other}
		}})
		must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
		written := func() bool { return len(must(filepath.Glob(filepath.Join(other, "obligations-*.json")))) == 1 }
		if control {
			s.look(t.Context())
			if calls != 0 || written() || s.LostErr() != nil {
				t.Errorf("nothing was lost, but %d calls, %v", calls, s.LostErr())
			}
			continue
		}
		if err := os.Remove(s.path); err != nil {
			t.Fatal(err)
		}
		s.look(t.Context())
		<-begun
		if !written() || s.LostErr() == nil || !s.trouble.has(troubleGone) {
			t.Errorf("the copy has begun; written %v, told %v, %v", written(), s.LostErr(), s.Troubles())
		}
		wantCode(t, s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}), soc.KindUnavailable, "store-gone") // and not after the copy
		close(goOn)
		if err := s.Close(); err != nil { // which waits for the copy
			t.Errorf("closing: %v", err)
		}
		copies := must(filepath.Glob(filepath.Join(other, "cordon-rescued-*.db")))
		if len(copies) != 1 {
			t.Fatalf("copies = %v", copies)
		}
		if rep, err := Examine(t.Context(), copies[0]); err != nil || rep.Open != 1 || len(rep.Problems) != 0 {
			t.Errorf("the copy: %+v, %v", rep, err)
		}
	}
}

// A copy that takes too long is given up in the middle, and what there is of it is removed. The control has the time.
func TestF69_ACopyIsGivenUpInTime(t *testing.T) {
	dir := t.TempDir()
	s := stocked(t, filepath.Join(dir, "cordon.db"), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	f := must(os.Create(filepath.Join(dir, "part")))
	defer f.Close()
	u := &until{ctx: ctx, f: f}
	if n, err := u.Write([]byte("one")); n != 3 || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	to := filepath.Join(dir, "copy.db")
	if err := s.copyTo(ctx, to); err != nil { // the control
		t.Fatal(err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	cancel()
	if n, err := u.Write([]byte("two")); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("after the end Write = %d, %v", n, err)
	}
	if err := s.copyTo(ctx, to); !errors.Is(err, context.Canceled) {
		t.Errorf("copyTo = %v", err)
	}
	if _, err := os.Lstat(to); err == nil {
		t.Error("half a copy is left")
	}
}
