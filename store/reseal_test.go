package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"cordon/store/soc"
)

// After the credentials are sealed anew the old sealed text is nowhere in the file. The control leaves out the compaction: it is still
// there, in a freed page.
func TestSC45_OldSealedTextIsGoneFromTheFile(t *testing.T) {
	old := bytes.Repeat([]byte("old sealed text "), 8)
	for _, control := range []bool{false, true} {
		s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
		in := integration("i1", "Contoso")
		in.Sealed = old
		must(s.SaveIntegration(t.Context(), in))
		boom := errors.New("boom")
		if _, err := s.Reseal(t.Context(), func(string, []byte) ([]byte, error) { return nil, boom }); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		n, err := s.Reseal(t.Context(), func(string, []byte) ([]byte, error) { return []byte("new"), nil }, soc.AuditEntry{Action: "rotate-key"})
		if err != nil || n != 1 {
			t.Fatalf("Reseal = %d, %v", n, err)
		}
		if !control {
			if done, err := s.Compact(t.Context()); !done || err != nil {
				t.Fatalf("Compact = %v, %v", done, err)
			}
		}
		if got := must(s.Integration(t.Context(), "i1")); string(got.Sealed) != "new" {
			t.Errorf("sealed = %q", got.Sealed)
		}
		text := []byte("b2xkIHNlYWxlZCB0ZXh0I") // the beginning, as JSON writes bytes
		if found := bytes.Contains(must(os.ReadFile(s.path)), text); found != control {
			t.Errorf("control %v: the old text is in the file: %v", control, found)
		}
	}
}
