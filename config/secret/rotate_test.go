package secret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/config/secret"
)

// A crash after every step of a change of the key: every credential can still be opened, nothing on the disk holds it in the clear, and the
// change can be finished. In the control the key is exchanged before the credential is sealed anew: it is lost, and the test sees that.
func TestF17_CrashWhileTheKeyChanges(t *testing.T) {
	type world struct {
		ring  *secret.Ring
		store string // a file in the place of the database
	}
	reseal := func(w *world) {
		old, err := os.ReadFile(w.store)
		must(t, err)
		plain, err := w.ring.Open("contoso", 1, old)
		must(t, err)
		next, err := w.ring.Seal("contoso", 1, plain)
		must(t, err)
		must(t, os.WriteFile(w.store, next, 0o600))
	}
	steps := []func(*world){
		func(w *world) { must(t, w.ring.Begin()) },
		reseal,
		func(w *world) { must(t, w.ring.Finish()) },
	}
	for _, control := range []bool{false, true} {
		for crash := range len(steps) + 1 {
			t.Run(fmt.Sprintf("crash after step %d/control=%v", crash, control), func(t *testing.T) {
				dir := t.TempDir()
				r, err := secret.OpenRing(dir)
				must(t, err)
				w := &world{r, filepath.Join(dir, "store")}
				first, err := r.Seal("contoso", 1, secret.New(canary))
				must(t, err)
				must(t, os.WriteFile(w.store, first, 0o600))
				for i := range crash {
					if control && i == 1 {
						continue
					}
					steps[i](w)
				}
				r, err = secret.OpenRing(dir) // the next start
				must(t, err)
				w.ring = r
				sealed, err := os.ReadFile(w.store)
				must(t, err)
				got, err := r.Open("contoso", 1, sealed)
				lost := err != nil || got.Reveal() != canary
				if lost != (control && crash == len(steps)) {
					t.Fatalf("lost %v, %v", lost, err)
				}
				scan(t, dir)
				if control {
					return
				}
				for _, step := range steps {
					step(w)
				}
				r, err = secret.OpenRing(dir)
				must(t, err)
				if _, err := r.Open("contoso", 1, first); err == nil {
					t.Error("the old key is still in use")
				}
				sealed, _ = os.ReadFile(w.store)
				if got, err := r.Open("contoso", 1, sealed); err != nil || got.Reveal() != canary {
					t.Errorf("after the change: %v", err)
				}
				scan(t, dir)
			})
		}
	}
}

// scan looks for the credential in every file, and at their modes.
func scan(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		if strings.Contains(string(b), canary) {
			t.Errorf("%s holds the credential", f.Name())
		}
		if st, err := f.Info(); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), st.Mode())
		}
	}
}
