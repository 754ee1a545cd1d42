package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// The controls of the F82 tests: what they look at does change when the rule is broken, so "unchanged" says something.

// TestF82_ControlAProgramThatIgnoresTheFormChangesTheFile: the same file that TestF82_NewerStoreIsRefusedUntouched compares byte by byte is
// changed by a program that takes every form for its own.
func TestF82_ControlAProgramThatIgnoresTheFormChangesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	finish(t, open(t, path, Options{schema: schemaVersion + 1}))
	before := must(os.ReadFile(path))
	finish(t, open(t, path, Options{schema: schemaVersion + 2, migrations: []migration{{to: schemaVersion + 2, run: func(*bbolt.Tx) error { return nil }}}}))
	if bytes.Equal(before, must(os.ReadFile(path))) {
		t.Error("a program that takes the store over leaves no trace; comparing its bytes proves nothing")
	}
}

// TestF82_AFailedMigrationLeavesTheOldForm: a step that fails half way. The program of before opens the file and finds nothing of it. The control
// makes the halves two steps, as a migration without a transaction around both would; the same look finds it.
func TestF82_AFailedMigrationLeavesTheOldForm(t *testing.T) {
	boom := errors.New("boom")
	half := func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Put([]byte("half"), []byte("done")) }
	fails := func(*bbolt.Tx) error { return boom }
	whole := func(tx *bbolt.Tx) error { return errors.Join(half(tx), fails(tx)) }
	next := schemaVersion + 1
	for name, c := range map[string]struct {
		o     Options
		whole bool
	}{
		"one step":  {Options{schema: next, migrations: []migration{{to: next, run: whole}}}, true},
		"two steps": {Options{schema: next + 1, migrations: []migration{{to: next, run: half}, {to: next + 1, run: fails}}}, false},
	} {
		path := filepath.Join(t.TempDir(), "cordon.db")
		finish(t, open(t, path, Options{}))
		if _, err := Open(t.Context(), path, c.o); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if wrong := oldForm(t, path); (wrong == "") != c.whole {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

// oldForm says why the file is not as the program of before left it; "" if it is.
func oldForm(t *testing.T, path string) string {
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		return err.Error()
	}
	defer finish(t, s)
	half := false
	if err := s.view(t.Context(), func(tx *bbolt.Tx) error {
		half = tx.Bucket(bMeta).Get([]byte("half")) != nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if half {
		return "half of the migration is there"
	}
	if got := must(s.Info(t.Context())).Schema; got != schemaVersion {
		return fmt.Sprintf("the form is %d", got)
	}
	return ""
}
