package store

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/store/soc"
)

// Whatever happens to the file, nothing more is written into it, what was open is written elsewhere, and the process is told to end. In the
// control nothing happens to the file.
func TestF69_LostFileStopsWritesAndSavesWhatIsOwed(t *testing.T) {
	tests := map[string]struct {
		spoil func(path string) error
		whole bool // a copy of the store can still be made
	}{
		"deleted":            {os.Remove, true},
		"moved":              {func(p string) error { return os.Rename(p, p+".away") }, true},
		"replaced":           {func(p string) error { return errors.Join(os.Remove(p), os.WriteFile(p, []byte("x"), 0o600)) }, true},
		"replaced by larger": {func(p string) error { return errors.Join(os.Remove(p), os.WriteFile(p, make([]byte, 64<<20), 0o600)) }, true},
		"folder deleted":     {func(p string) error { return os.RemoveAll(filepath.Dir(p)) }, true},
		"cut short":          {func(p string) error { return os.Truncate(p, 8192) }, false},
		"cut to nothing":     {func(p string) error { return os.Truncate(p, 0) }, false},
		"control":            {func(string) error { return nil }, false},
	}
	for name, tt := range tests {
		for _, noticed := range []string{"by the watchdog", "by a write"} {
			t.Run(name+"/"+noticed, func(t *testing.T) {
				dir, other := filepath.Join(t.TempDir(), "data"), t.TempDir()
				s := open(t, filepath.Join(dir, "cordon.db"), Options{rescue: func(p string) []string { return []string{filepath.Dir(p), other} }})
				defer s.Close()
				must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
				done := lockdown("LK-2", "m2")
				done.Phase = soc.PhaseReleased
				must(s.SaveLockdown(t.Context(), done))
				if err := tt.spoil(s.path); err != nil {
					t.Fatal(err)
				}
				if noticed == "by the watchdog" {
					s.look(t.Context())
				}
				err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"})
				if name == "control" {
					if err != nil || s.LostErr() != nil || s.CanIsolate() != nil {
						t.Errorf("nothing happened, but %v, %v", err, s.LostErr())
					}
					return
				}
				wantCode(t, err, soc.KindUnavailable, "store-gone")
				wantCode(t, s.LostErr(), soc.KindUnavailable, "store-gone")
				if list := s.Troubles(); s.CanIsolate() == nil || len(list) == 0 || list[0].Code != "store-gone" {
					t.Errorf("troubles = %v", list)
				}
				if err := s.Close(); err != nil { // which waits for the copy
					t.Errorf("closing: %v", err)
				}
				checkRescued(t, s, tt.whole, dir, other)
			})
		}
	}
}

func checkRescued(t *testing.T, s *Store, whole bool, dirs ...string) {
	t.Helper()
	var files []string
	for _, dir := range dirs {
		found, _ := filepath.Glob(filepath.Join(dir, "obligations-*.json"))
		files = append(files, found...)
	}
	if len(files) != 1 || !strings.Contains(s.LostErr().Error(), files[0]) {
		t.Errorf("obligations are in %v; the error says %v", files, s.LostErr())
		return
	}
	if mode := must(os.Stat(files[0])).Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
	var o obligations
	if err := json.Unmarshal(must(os.ReadFile(files[0])), &o); err != nil || len(o.Lockdowns) != 1 || o.Lockdowns[0].ID != "LK-1" {
		t.Errorf("obligations = %+v, %v", o, err)
	}
	if !whole {
		return
	}
	rep, err := Examine(t.Context(), o.Copy)
	if err != nil || rep.Open != 1 || len(rep.Problems) != 0 {
		t.Errorf("the copy %q: %+v, %v", o.Copy, rep, err)
	}
}
