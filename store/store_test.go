package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

var testNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return testNow.Add(d) }

func fixedClock() time.Time { return testNow }

// open opens a store that is checked and closed at the end of the test.
func open(t testing.TB, path string, opt Options) *Store {
	t.Helper()
	if opt.Now == nil {
		opt.Now = fixedClock
	}
	if opt.space == nil { // the disk of the tests must not decide
		opt.space = func(string) (space, error) { return space{1 << 40, 1 << 40}, nil }
	}
	s, err := Open(context.Background(), path, opt)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { finish(t, s) })
	return s
}

func fresh(t testing.TB) *Store {
	return open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Version: "1.2.3"})
}

// finish checks the pages of an open store and closes it.
func finish(t testing.TB, s *Store) {
	t.Helper()
	if s.closed.Load() {
		return
	}
	err := s.db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("tx.Check: %v", err)
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func reopen(t testing.TB, s *Store) *Store {
	t.Helper()
	finish(t, s)
	opt := s.opt
	opt.commit, opt.reopen, opt.allocate = nil, nil, nil
	return open(t, s.path, opt)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func wantCode(t testing.TB, err error, kind soc.Kind, code string) {
	t.Helper()
	var e *soc.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("error = %#v, want kind %v code %q", err, kind, code)
	}
	if e.What == "" {
		t.Errorf("error %v says nothing", err)
	}
}

// tamper changes the file behind the store's back.
func tamper(t testing.TB, s *Store, fn func(*bbolt.Tx) error) {
	t.Helper()
	if err := s.db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_MakesPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, filepath.Join(dir, "cordon.db"), Options{})
	for path, want := range map[string]os.FileMode{dir: 0o700, s.Path(): 0o600, pidPath(s.Path()): 0o600} {
		if got := must(os.Stat(path)).Mode().Perm(); got != want {
			t.Errorf("mode of %s = %v, want %v", path, got, want)
		}
	}
}

func TestOpen_TightensLooseModes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cordon.db")
	finish(t, open(t, path, Options{}))
	if err := errors.Join(os.Chmod(path, 0o644), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	open(t, path, Options{})
	if got := must(os.Stat(path)).Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the file = %v, want 0600", got)
	}
	if got := must(os.Stat(dir)).Mode().Perm(); got != 0o755 {
		t.Errorf("mode of the directory = %v, want 0755", got)
	}
}

func TestOpen_RefusesSharedDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), filepath.Join(dir, "cordon.db"), Options{})
	wantCode(t, err, soc.KindRefused, "store-unsafe")
}

func TestOpen_RefusesLinksAndDirectories(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "real.db")
	finish(t, open(t, target, Options{}))
	link := filepath.Join(dir, "link.db")
	if err := errors.Join(os.Symlink(target, link), os.Mkdir(filepath.Join(dir, "dir.db"), 0o700)); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), link, Options{})
	wantCode(t, err, soc.KindRefused, "store-unsafe")
	_, err = Open(t.Context(), filepath.Join(dir, "dir.db"), Options{})
	wantCode(t, err, soc.KindUnavailable, "store-path")
}

func TestOpen_DamagedFilesAreClearErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	s := open(t, path, Options{})
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "test"}); err != nil {
		t.Fatal(err)
	}
	used := must(s.Info(t.Context())).Bytes
	finish(t, s)
	good := must(os.ReadFile(path))
	for name, content := range map[string][]byte{
		"text":      []byte(strings.Repeat("this is not a database\n", 1000)),
		"short":     good[:100],
		"half":      good[:used/2],
		"two pages": good[:8192],
		"zeros":     make([]byte, 65536),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cordon.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), path, Options{})
			wantCode(t, err, soc.KindUnavailable, "store-damaged")
			if got := must(os.ReadFile(path)); string(got) != string(content) {
				t.Error("the damaged file was changed")
			}
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			open(t, path, Options{}) // the failed try holds no lock
		})
	}
}

func TestF55_SecondOpenIsRefusedWithThePid(t *testing.T) {
	s := fresh(t)
	start := time.Now()
	_, err := Open(t.Context(), s.Path(), Options{})
	if took := time.Since(start); took > 1200*time.Millisecond {
		t.Errorf("refusal took %v", took)
	}
	wantCode(t, err, soc.KindConflict, "store-in-use")
	if want := fmt.Sprintf("process %d", os.Getpid()); !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not name %s", err, want)
	}
}

func TestF55_SecondProcessIsRefusedWithThePid(t *testing.T) {
	if path := os.Getenv("CORDON_TEST_OPEN"); path != "" {
		_, err := Open(t.Context(), path, Options{})
		fmt.Printf("refusal: %v\n", err)
		return
	}
	s := fresh(t)
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "CORDON_TEST_OPEN="+s.Path())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("refusal: process %d is using", os.Getpid())) {
		t.Fatalf("second process said %q, %v", out, err)
	}
}

func TestF55_PidFileServesWhereTheKernelDoesNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	if got := holder(path); got != 0 {
		t.Fatalf("holder of nothing = %d", got)
	}
	writePID(path, false)
	if got := holder(path); got != os.Getpid() {
		t.Errorf("holder = %d, want %d", got, os.Getpid())
	}
}

func TestOpen_ReadOnlyRefusesWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	finish(t, open(t, path, Options{}))
	s := open(t, path, Options{ReadOnly: true})
	wantCode(t, s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}), soc.KindDenied, "store-read-only")
	if _, err := s.Lockdowns(t.Context(), soc.LockdownQuery{}); err != nil {
		t.Errorf("reading: %v", err)
	}
}

func TestClose_IsFinalAndHarmlessTwice(t *testing.T) {
	s := fresh(t)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}), soc.KindUnavailable, "store-closed")
	_, err := s.Policy(t.Context())
	wantCode(t, err, soc.KindUnavailable, "store-closed")
}

func TestF82_NewerStoreIsRefusedUntouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	s := open(t, path, Options{schema: schemaVersion + 1})
	finish(t, s)
	before := must(os.ReadFile(path))
	_, err := Open(t.Context(), path, Options{})
	wantCode(t, err, soc.KindRefused, "store-newer")
	if string(before) != string(must(os.ReadFile(path))) {
		t.Error("the newer store was changed")
	}
}

func TestF82_MigrationKeepsABackupAndIsAllOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	s := open(t, path, Options{})
	saved := must(s.SavePolicy(t.Context(), soc.DefaultPolicy()))
	finish(t, s)
	boom := errors.New("boom")
	fail := true
	next := Options{schema: schemaVersion + 2, migrations: []migration{
		{to: schemaVersion + 1, run: func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Put([]byte("three"), []byte("3")) }},
		{to: schemaVersion + 2, run: func(tx *bbolt.Tx) error {
			if err := tx.Bucket(bMeta).Put([]byte("four"), []byte("4")); err != nil || !fail {
				return err
			}
			return boom
		}},
	}}
	if _, err := Open(t.Context(), path, next); !errors.Is(err, boom) {
		t.Fatalf("Open = %v, want the migration's error", err)
	}
	fail = false
	s = open(t, path, next)
	if got := must(s.Info(t.Context())).Schema; got != schemaVersion+2 {
		t.Errorf("schema = %d, want %d", got, schemaVersion+2)
	}
	if got := must(s.Policy(t.Context())); got.Revision != saved.Revision {
		t.Errorf("policy after migration = %+v", got)
	}
	finish(t, s)
	old := open(t, fmt.Sprintf("%s.v%d.bak", path, schemaVersion), Options{})
	if got := must(old.Policy(t.Context())); got.Revision != saved.Revision {
		t.Errorf("policy in the backup = %+v", got)
	}
}

func TestF73_FullStoreRefusesAndLivesOn(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{maxSize: 1 << 20})
	var err error
	for range 100 {
		if err = s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x", Detail: strings.Repeat("long ", 10000)}); err != nil {
			break
		}
	}
	wantCode(t, err, soc.KindUnavailable, "store-full")
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "small"}); err != nil {
		var e *soc.Error
		if !errors.As(err, &e) || e.Code != "store-full" {
			t.Errorf("small write after that: %v", err)
		}
	}
	if rep := must(s.VerifyAudit(t.Context())); !rep.OK {
		t.Errorf("chain after a full store: %+v", rep)
	}
}

func TestM6_TruncatedWhileOpenIsAnErrorNotACrash(t *testing.T) {
	s := fresh(t)
	for range 50 {
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x", Detail: strings.Repeat("long ", 2000)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(s.Path(), 8192); err != nil {
		t.Fatal(err)
	}
	_, err := s.Audit(t.Context(), soc.AuditQuery{Text: "nothing"})
	wantCode(t, err, soc.KindUnavailable, "store-damaged")
	_ = s.Close()
}

func TestWatch_MergesAndComesAfterTheCommit(t *testing.T) {
	s := fresh(t)
	if err := s.idx.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := s.Watch()
	defer w.Close()
	for range 10 {
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	must(s.SavePolicy(t.Context(), soc.DefaultPolicy()))
	<-w.C()
	if got := w.Take(); !got.Has(soc.TopicAudit) || !got.Has(soc.TopicSettings) {
		t.Errorf("topics = %b", got)
	}
	select {
	case <-w.C():
		t.Error("ten changes woke twice")
	default:
	}
	wantCode(t, s.update(t.Context(), func(c *change) error {
		c.touch(soc.TopicHosts)
		return refuse(soc.KindInvalid, "no", "no")
	}), soc.KindInvalid, "no")
	if got := w.Take(); got != 0 {
		t.Errorf("a rolled back change woke %b", got)
	}
}

// A reader that is woken must find what it was woken for.
func TestWatch_WokenReaderSeesTheChange(t *testing.T) {
	s := fresh(t)
	w := s.Watch()
	defer w.Close()
	go func() {
		for i := range 50 {
			_ = s.AppendAudit(context.Background(), soc.AuditEntry{Action: fmt.Sprint(i)})
		}
	}()
	for seen := 0; seen < 50; {
		<-w.C()
		if !w.Take().Has(soc.TopicAudit) {
			continue
		}
		got := len(must(s.AuditAfter(t.Context(), 0, 100)))
		if got < seen {
			t.Fatalf("woken with %d entries, %d before", got, seen)
		}
		seen = got
	}
}

func TestCodec_FlippedBitsAreFound(t *testing.T) {
	key := []byte("key")
	good := seal(key, []byte(`{"a":1}`))
	if _, err := unseal(key, good); err != nil {
		t.Fatal(err)
	}
	for i := range len(good) * 8 {
		bad := append([]byte(nil), good...)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := unseal(key, bad); !errors.Is(err, errBadRecord) {
			t.Errorf("bit %d: %v", i, err)
		}
	}
	if _, err := unseal([]byte("other"), good); !errors.Is(err, errBadRecord) {
		t.Error("a record under another key passes")
	}
}

func TestTicks_RoundTrip(t *testing.T) {
	for _, want := range []time.Time{{}, testNow, time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)} {
		if got := fromTicks(ticks(want)); !got.Equal(want) {
			t.Errorf("%v came back as %v", want, got)
		}
	}
}
