package secret

import (
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/age"

	"cordon/store/soc"
)

// Changing the key has three steps, and a crash after any of them leaves every credential readable (F17): Begin writes the new key beside the
// old one, under the same passphrase, and the ring opens with both; the caller seals everything anew; Finish puts the new key in the place of
// the old one. A ring that was opened in between knows both keys, and the caller begins again.
//
// A key that systemd hands over is changed by handing over two: the new one, and the old one under the same name with ".old" behind it. The
// ring then opens with both from the start, the caller seals everything anew, and the old credential is taken away.

func nextPath(path string) string { return path + ".next" }

func rename(from, to string) error { return os.Rename(from, to) }

// Begin makes the new key, or takes up the one of a change that was cut off. From here on Seal uses it.
func (r *Ring) Begin() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.ids) == 0:
		return ErrLocked()
	case len(r.ids) > 1:
		return nil
	case r.handed:
		return &soc.Error{
			Kind: soc.KindRefused, Code: "key-handed", What: "the key is the credential " + r.path + ", and there is no second one",
			Means: "the key was not changed", Next: "hand the new key over under this name and the old one as " + r.path + oldSuffix + ", then run this again",
		}
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("making the key: %w", err)
	}
	if err := place(nextPath(r.path), id, r.lid, rename); err != nil {
		return err
	}
	r.ids = []*age.X25519Identity{id, r.ids[0]}
	return nil
}

// Finish ends the change: the old key is gone. What is still sealed with it can not be opened any more. An old key that systemd handed over
// is used no more, but it is not ours to remove.
func (r *Ring) Finish() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ids) < 2 {
		return nil
	}
	if r.handed {
		r.ids = r.ids[:1]
		return nil
	}
	if err := os.Rename(nextPath(r.path), r.path); err != nil {
		return fmt.Errorf("placing the new key: %w", err)
	}
	r.ids = r.ids[:1]
	return syncDir(filepath.Dir(r.path))
}
