package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cordon/store/soc"
)

// What systemd hands to a service lies in the folder that CREDENTIALS_DIRECTORY names: in memory, readable by the service alone, and as a file
// on the disk encrypted to this machine (systemd-creds). cordon takes the key itself, or the passphrase of its key file.
const (
	// KeyCredential is the name under which a key is looked for.
	KeyCredential = "cordon.key"
	// PassphraseCredential is the name under which the passphrase of a key file is looked for.
	PassphraseCredential = "cordon.passphrase"

	oldSuffix = ".old"
)

// OpenHanded opens the key that systemd handed over in the folder dir under a name. fs.ErrNotExist tells that there is none.
func OpenHanded(dir, name string) (*Ring, error) {
	path := filepath.Join(dir, name)
	text, err := read(path, handedOver)
	if err != nil {
		return nil, err
	}
	r := &Ring{path: path, handed: true, opened: make(chan struct{}), locked: []keyText{{path, text}}}
	old, err := read(path+oldSuffix, handedOver)
	switch {
	case err == nil:
		r.locked = append(r.locked, keyText{path + oldSuffix, old})
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := r.open(lid{}); err != nil && !errors.Is(err, errLid) {
		return nil, err
	}
	return r, nil
}

// handedOver is private for the files of systemd: they may belong to root and be opened to the service by an access list, which shows as
// permissions of the group.
func handedOver(f *os.File, path string) error {
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at the credential: %w", err)
	}
	if !st.Mode().IsRegular() {
		return bad(path, "it is not an ordinary file", "look at LoadCredential= of the service")
	}
	if mode := st.Mode().Perm(); mode&0o027 != 0 {
		return bad(path, fmt.Sprintf("others may use it (mode %04o)", mode), "look at LoadCredential= of the service")
	}
	return nil
}

// ReadPassphrase reads the first line of a file: a private one, or a pipe such as /dev/fd/3.
func ReadPassphrase(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, &soc.Error{
			Kind: soc.KindInvalid, Code: "passphrase-file", Err: err, What: "the passphrase can not be read: " + err.Error(), Next: "check --passphrase-file",
		}
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err != nil || st.Mode().IsRegular() && st.Mode().Perm()&0o027 != 0 {
		return Secret{}, bad(path, "others may read the passphrase", "chmod 600 "+path)
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return Secret{}, fmt.Errorf("reading the passphrase: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return New(strings.TrimSuffix(line, "\r")), nil
}
