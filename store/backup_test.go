package store

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// stocked is a store with something of everything.
func stocked(t testing.TB, path string, opt Options) *Store {
	t.Helper()
	s := open(t, path, opt)
	for i := range 6 {
		l := lockdown(fmt.Sprint("LK-", i), fmt.Sprint("m", i))
		must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "isolate", Lockdown: l.ID}))
		put(t, s, soc.PollState{}, rawAlert(fmt.Sprint("a", i), nil))
	}
	must(s.SaveIntegration(t.Context(), integration("i1", "Contoso")))
	must(s.SavePolicy(t.Context(), soc.DefaultPolicy()))
	saveReports(t, s, "")
	if err := s.PutHosts(t.Context(), soc.Host{Key: soc.HostKey{Integration: "i1", MachineID: "m1"}, Name: "ws-1"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// contents is everything in a store, to compare.
func contents(t testing.TB, s *Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	skip := func(path string) bool { // the store's own bookkeeping moves on
		return strings.HasPrefix(path, "meta") || strings.HasPrefix(path, "checkpoints")
	}
	var walk func(path string, b *bbolt.Bucket) error
	walk = func(path string, b *bbolt.Bucket) error {
		out[path] = fmt.Sprint(b.Sequence())
		return b.ForEach(func(k, v []byte) error {
			if sub := b.Bucket(k); v == nil && sub != nil {
				return walk(path+"/"+string(k), sub)
			}
			if !skip(path) {
				out[path+"/"+string(k)] = "=" + string(v)
			}
			return nil
		})
	}
	if err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return walk(string(name), b) })
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestK11_BackupAndRestoreBringEverythingBack(t *testing.T) {
	dir := t.TempDir()
	s := stocked(t, filepath.Join(dir, "cordon.db"), Options{})
	want := contents(t, s)
	to := filepath.Join(dir, "backup.db")
	rep, err := s.Backup(t.Context(), to)
	if err != nil || rep.Lockdowns != 6 || rep.Open != 6 || rep.Alerts != 6 || rep.Audit != 6 || rep.Hosts != 1 || rep.Path != to {
		t.Fatalf("backup = %+v, %v", rep, err)
	}
	if mode := must(os.Stat(to)).Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
	_, err = s.Backup(t.Context(), to)
	wantCode(t, err, soc.KindConflict, "exists")
	_, err = Restore(t.Context(), s.path, to, testNow)
	wantCode(t, err, soc.KindConflict, "store-in-use")

	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "later"}); err != nil {
		t.Fatal(err)
	}
	finish(t, s)
	done, err := Restore(t.Context(), s.path, to, testNow)
	if err != nil || done.Lockdowns != 6 {
		t.Fatalf("restore = %+v, %v", done, err)
	}
	if before, err := Examine(t.Context(), done.Before); err != nil || before.Audit != 7 {
		t.Errorf("the file that was there: %+v, %v", before, err)
	}
	s = open(t, s.path, Options{})
	wantCode(t, s.CanIsolate(), soc.KindRefused, "store-rolled-back")
	got := contents(t, s)
	for k, v := range want {
		if !strings.HasPrefix(k, "meta") && !strings.HasPrefix(k, "audit") && got[k] != v {
			t.Errorf("%q differs after restoring", k)
		}
	}
	page := must(s.Audit(t.Context(), soc.AuditQuery{Count: 1}))
	if page.Total != 7 || page.Entries[0].Action != "restore" {
		t.Errorf("history = %+v", page)
	}
	if err := s.Accept(t.Context(), soc.AuditEntry{Action: "accept"}); err != nil || s.CanIsolate() != nil {
		t.Errorf("accepting: %v, %v", err, s.CanIsolate())
	}
}

func TestF71_BadBackupsAreRefusedAndNothingChanges(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cordon.db")
	s := stocked(t, path, Options{})
	good := filepath.Join(dir, "good.db")
	must(s.Backup(t.Context(), good))
	finish(t, s)
	before := string(must(os.ReadFile(path)))
	tests := map[string]func(b []byte) []byte{
		"cut short": func(b []byte) []byte { return b[:len(b)/2] },
		"empty":     func([]byte) []byte { return nil },
		"flipped": func(b []byte) []byte {
			b[strings.Index(string(b), `"LK-3"`)+3] ^= 1
			return b
		},
		"no store": func([]byte) []byte { return []byte(strings.Repeat("nothing ", 4096)) },
	}
	for name, spoil := range tests {
		bad := filepath.Join(dir, "bad.db")
		if err := os.WriteFile(bad, spoil(must(os.ReadFile(good))), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(t.Context(), path, bad, testNow); err == nil {
			t.Errorf("%s: restored", name)
		}
		if string(must(os.ReadFile(path))) != before {
			t.Errorf("%s: the store was changed", name)
		}
	}
	newer := filepath.Join(dir, "newer.db")
	finish(t, open(t, newer, Options{schema: schemaVersion + 1}))
	if _, err := Restore(t.Context(), path, newer, testNow); err == nil {
		t.Error("a backup of a newer cordon was restored")
	}
	if _, err := Restore(t.Context(), path, good, testNow); err != nil { // the control: the sound one is taken
		t.Error(err)
	}
}

// Compaction exchanges the file under a running store: nothing is lost, freed pages are given back, and something written meanwhile wins.
func TestF16_CompactionLosesNothing(t *testing.T) {
	s := stocked(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	for i := range 40 {
		put(t, s, soc.PollState{}, bulky(i))
	}
	if err := s.DeleteIntegration(t.Context(), "i1"); err != nil {
		t.Fatal(err)
	}
	want, before := contents(t, s), must(s.Size(t.Context()))
	if done, err := s.Compact(t.Context()); !done || err != nil {
		t.Fatalf("Compact = %v, %v", done, err)
	}
	if after := must(s.Size(t.Context())); after > before/4 {
		t.Errorf("%d bytes before, %d after", before, after)
	}
	if got := contents(t, s); !reflect.DeepEqual(got, want) {
		t.Error("the contents differ")
	}
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "after"}); err != nil {
		t.Errorf("writing after the exchange: %v", err)
	}
	s.look(t.Context())
	if list := s.Troubles(); len(list) != 0 {
		t.Errorf("troubles = %v", list)
	}
	s = reopen(t, s)
	if rep := must(s.VerifyAudit(t.Context())); !rep.OK || rep.Records != 7 {
		t.Errorf("history = %+v", rep)
	}
}

// A crash at every step of a compaction leaves a whole store, and no rest of the copy.
func TestF16_CrashDuringCompaction(t *testing.T) {
	dir := t.TempDir()
	s := stocked(t, filepath.Join(dir, "cordon.db"), Options{})
	want := contents(t, s)
	copied := filepath.Join(dir, "copied")
	if err := s.db.View(func(tx *bbolt.Tx) error { return writeCopy(tx, copied) }); err != nil {
		t.Fatal(err)
	}
	finish(t, s)
	full := must(os.ReadFile(copied))
	for _, cut := range []int{0, 1, 4096, len(full) / 2, len(full), -1} {
		path := filepath.Join(t.TempDir(), "cordon.db")
		copyFile(t, s.path, path)
		copyFile(t, epochPath(s.path), epochPath(path))
		if cut < 0 { // renamed already
			copyFile(t, copied, path)
		} else if err := os.WriteFile(compactPath(path), full[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		c := open(t, path, Options{})
		if got := contents(t, c); !reflect.DeepEqual(got, want) || c.CanIsolate() != nil {
			t.Errorf("cut at %d: the contents differ, or %v", cut, c.CanIsolate())
		}
		if _, err := os.Stat(compactPath(path)); err == nil {
			t.Errorf("cut at %d: the rest of the copy is still there", cut)
		}
	}
}

// A write during the copy makes the copy worthless; it is thrown away. In the control the check is out, and the write is lost.
func TestF16_WriteDuringCompactionWins(t *testing.T) {
	for _, control := range []bool{false, true} {
		s := stocked(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
		name := compactPath(s.path)
		var from int
		if err := s.db.View(func(tx *bbolt.Tx) error { from = tx.ID(); return writeCopy(tx, name) }); err != nil {
			t.Fatal(err)
		}
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "meanwhile"}); err != nil {
			t.Fatal(err)
		}
		if control {
			from++
		}
		s.mu.Lock()
		old, err := s.replace(name, from)
		s.mu.Unlock()
		if err != nil || (old != nil) != control {
			t.Fatalf("replaced %v, %v", old, err)
		}
		if old != nil {
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
		}
		want := 7
		if control {
			want = 6
		}
		if got := must(s.Audit(t.Context(), soc.AuditQuery{})).Total; got != want {
			t.Errorf("control %v: %d lines, want %d", control, got, want)
		}
	}
}

// Snapshots hold what only cordon knows, are few, and can be restored.
func TestF70_SnapshotBringsADamagedLockdownBack(t *testing.T) {
	now := testNow
	s := stocked(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Now: func() time.Time { return now }})
	for range 6 {
		now = now.Add(snapEvery)
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
			t.Fatal(err)
		}
		s.look(t.Context())
		s.look(t.Context())
	}
	list := snapshots(s.path)
	if len(list) != snapKept || len(s.Troubles()) != 0 {
		t.Fatalf("snapshots = %v, troubles = %v", list, s.Troubles())
	}
	tamper(t, s, func(tx *bbolt.Tx) error { return tx.Bucket(bLockdowns).Put([]byte("LK-3"), []byte("rubbish")) })
	s = reopen(t, s)
	trouble := s.Troubles()
	if len(trouble) == 0 || trouble[0].Code != "record-damaged" || !strings.Contains(trouble[0].Next, list[0]) {
		t.Fatalf("troubles = %v", trouble)
	}
	if got := must(s.DueLockdowns(t.Context(), testNow.Add(time.Hour), 0)); len(got) != 5 {
		t.Errorf("%d lockdowns go on", len(got))
	}
	finish(t, s)
	if _, err := Restore(t.Context(), s.path, list[0], now); err != nil {
		t.Fatal(err)
	}
	s = open(t, s.path, Options{})
	if got := must(s.Lockdown(t.Context(), "LK-3")); got.ID != "LK-3" {
		t.Errorf("LK-3 = %+v", got)
	}
}
