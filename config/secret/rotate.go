package secret

import (
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/age"
)

// Changing the key has three steps, and a crash after any of them leaves every credential readable (F17): Begin writes the new key beside the
// old one, and the ring opens with both; the caller seals everything anew; Finish puts the new key in the place of the old one. A ring that
// was opened in between knows both keys, and the caller begins again.

func nextPath(path string) string { return path + ".next" }

// Begin makes the new key, or takes up the one of a change that was cut off. From here on Seal uses it.
func (r *Ring) Begin() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ids) > 1 {
		return nil
	}
	next := nextPath(r.path)
	if err := create(filepath.Dir(r.path), next); err != nil {
		return err
	}
	id, err := read(next)
	if err != nil {
		return err
	}
	r.ids = []*age.X25519Identity{id, r.ids[0]}
	return nil
}

// Finish ends the change: the old key is gone. What is still sealed with it can not be opened any more.
func (r *Ring) Finish() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ids) < 2 {
		return nil
	}
	if err := os.Rename(nextPath(r.path), r.path); err != nil {
		return fmt.Errorf("placing the new key: %w", err)
	}
	r.ids = r.ids[:1]
	return syncDir(filepath.Dir(r.path))
}
