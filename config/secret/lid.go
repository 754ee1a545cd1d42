package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"cordon/store/soc"
)

// Work is how hard a passphrase is to guess: 2 to this power steps of scrypt, about a second and 256 MiB for one try.
const Work = 18

// MinPassphrase is the length of the shortest passphrase, in bytes.
const MinPassphrase = 12

// lid is the passphrase that a key file is written under; the zero value is none.
type lid struct {
	pass Secret
	work int
}

// errLid tells that a key file is under a passphrase that was not given.
var errLid = errors.New("the key is under a passphrase")

// close encrypts the text of a key file.
func (l lid) close(text string) ([]byte, error) {
	if l.pass.Empty() {
		return []byte(text), nil
	}
	to, err := age.NewScryptRecipient(l.pass.Reveal())
	if err != nil {
		return nil, fmt.Errorf("locking the key: %w", err)
	}
	to.SetWorkFactor(l.work)
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, to)
	if err != nil {
		return nil, fmt.Errorf("locking the key: %w", err)
	}
	if _, err = io.WriteString(w, text); err == nil {
		err = errors.Join(w.Close(), a.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("locking the key: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}

// lidded reports whether the text of a key file is under a passphrase.
func lidded(text []byte) bool {
	return strings.HasPrefix(strings.TrimSpace(string(text)), armor.Header)
}

// open returns the text under the passphrase; errLid when that is missing.
func (l lid) open(k keyText) ([]byte, error) {
	if !lidded(k.text) {
		return k.text, nil
	}
	if l.pass.Empty() {
		return nil, errLid
	}
	id, err := age.NewScryptIdentity(l.pass.Reveal())
	if err != nil {
		return nil, fmt.Errorf("opening the key: %w", err)
	}
	rd, err := age.Decrypt(armor.NewReader(bytes.NewReader(bytes.TrimSpace(k.text))), id)
	var wrong *age.NoIdentityMatchError
	if errors.As(err, &wrong) {
		return nil, wrongPassphrase()
	}
	if err == nil {
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(rd, 4096)); err == nil {
			return text, nil
		}
	}
	return nil, bad(k.path, "it is damaged", "restore it from a backup")
}

func wrongPassphrase() error {
	return &soc.Error{
		Kind: soc.KindDenied, Code: "wrong-passphrase", What: "this is not the passphrase of the key",
		Means: "the credentials stay locked", Next: "type it again",
	}
}

// ErrLocked is what Seal and Open of a locked ring return: soc.ErrUnavailable with the code "sealed", because a release that meets it is
// still owed.
func ErrLocked() error {
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: CodeLocked, What: "the credentials are locked: nobody has given the passphrase of the key",
		Means: "nothing is polled or ordered, and releases wait", Next: `run "cordon unseal", or give the passphrase with --passphrase-file`,
	}
}

// CodeLocked is the code of ErrLocked.
const CodeLocked = "sealed"

// open opens the key files, all of them or none. A try takes a second and more; whoever asks meanwhile whether the ring is locked is not held
// up by it.
func (r *Ring) open(l lid) error {
	r.opening.Lock()
	defer r.opening.Unlock()
	if _, err := r.keys(); err == nil {
		return nil
	}
	var ids []*age.X25519Identity
	under := false
	for _, k := range r.locked {
		text, err := l.open(k)
		if err != nil {
			return err
		}
		id, err := parse(k.path, text)
		if err != nil {
			return err
		}
		under = under || lidded(k.text)
		ids = append(ids, id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if under {
		r.lid = lid{l.pass, Work}
	}
	r.ids, r.locked = ids, nil
	close(r.opened)
	return nil
}

// Unlock opens a locked ring. A wrong passphrase is soc.ErrDenied, code "wrong-passphrase". An open ring stays as it is.
func (r *Ring) Unlock(passphrase Secret) error {
	if err := r.open(lid{pass: passphrase}); !errors.Is(err, errLid) {
		return err
	}
	return wrongPassphrase()
}

// Locked returns ErrLocked while the ring is locked.
func (r *Ring) Locked() error {
	_, err := r.keys()
	return err
}

// Opened is closed once the ring is open.
func (r *Ring) Opened() <-chan struct{} { return r.opened }

// Passphrase is what the key file is under; empty when it is under none.
func (r *Ring) Passphrase() Secret {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.lid.pass
}

// SetPassphrase writes the key file anew under a passphrase, or under none when it is empty; work is Work except in tests. The key itself
// stays what it was, and who has read the file before can still use it: change the key afterwards (Begin). A key that systemd handed over
// has no file, and while a change of the key is not finished neither file is touched: both are soc.ErrRefused.
func (r *Ring) SetPassphrase(passphrase Secret, work int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.ids) == 0:
		return ErrLocked()
	case r.handed:
		return &soc.Error{
			Kind: soc.KindRefused, Code: "key-handed", What: "the key is the credential " + r.path + ", not a file of cordon",
			Means: "nothing was changed", Next: "protect it with systemd-creds",
		}
	case len(r.ids) > 1:
		return &soc.Error{
			Kind: soc.KindRefused, Code: "key-changing", What: "a change of the key was cut off", Means: "nothing was changed",
			Next: `run "cordon key rotate" first`,
		}
	case !passphrase.Empty() && len(passphrase.Reveal()) < MinPassphrase:
		return &soc.Error{
			Kind: soc.KindInvalid, Code: "short-passphrase", What: fmt.Sprintf("the passphrase is shorter than %d characters", MinPassphrase),
			Means: "nothing was changed", Next: "take several words",
		}
	}
	l := lid{passphrase, work}
	if err := place(r.path, r.ids[0], l, rename); err != nil {
		return err
	}
	r.lid = l
	return nil
}
