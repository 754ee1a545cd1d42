package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"filippo.io/age"

	"cordon/store/soc"
)

// FileName is the name of the key file; it stands beside the store.
const FileName = "cordon.key"

// OpenRing reads the key in dir, making the key on first use. A key file that others may read, that is a symbolic link or that belongs to
// somebody else is refused: it would promise a secrecy that it can not keep. A key file under a passphrase gives a locked ring.
func OpenRing(dir string) (*Ring, error) {
	path := filepath.Join(dir, FileName)
	text, err := read(path, private)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path, lid{}); err != nil {
			return nil, err
		}
		text, err = read(path, private)
	}
	if err != nil {
		return nil, err
	}
	texts := []keyText{{path, text}}
	next, err := read(nextPath(path), private)
	switch {
	case err == nil: // a change of the key was cut off
		texts = []keyText{{nextPath(path), next}, texts[0]}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	r := &Ring{path: path, opened: make(chan struct{}), locked: texts}
	if err := r.open(lid{}); err != nil && !errors.Is(err, errLid) {
		return nil, err
	}
	return r, nil
}

// keyText is what a key file holds.
type keyText struct {
	path string
	text []byte
}

func read(path string, check func(*os.File, string) error) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, bad(path, "it is a symbolic link", "replace it by the file it points to")
	}
	if err != nil {
		return nil, fmt.Errorf("opening the key file: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := check(f, path); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	return text, nil
}

// parse finds the key in the text of a file.
func parse(path string, text []byte) (*age.X25519Identity, error) {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, err := age.ParseX25519Identity(line)
		if err != nil { // the error of age may quote the line
			break
		}
		return id, nil
	}
	return nil, bad(path, "it holds no key", "restore it from a backup, or move it away and type the App Secrets again")
}

// private checks the opened file, not its name, so that nothing can be exchanged in between.
func private(f *os.File, path string) error {
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at the key file: %w", err)
	}
	if !st.Mode().IsRegular() {
		return bad(path, "it is not an ordinary file", "move it away")
	}
	if mode := st.Mode().Perm(); mode&0o077 != 0 {
		return bad(path, fmt.Sprintf("others may use it (mode %04o)", mode), "chmod 600 "+path)
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
		return bad(path, fmt.Sprintf("it belongs to user %d", sys.Uid), "run cordon as that user, or change the owner")
	}
	return nil
}

// create makes a key and writes it, unless there is a key file already: two starting processes agree on one.
func create(path string, l lid) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("making the key: %w", err)
	}
	return place(path, id, l, func(tmp, path string) error {
		if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

// place writes the key under another name first and moves it into its place, so that a key file is there completely or not at all.
func place(path string, id *age.X25519Identity, l lid, move func(tmp, path string) error) error {
	dir := filepath.Dir(path)
	text, err := l.close("# cordon: opens the stored credentials. Keep it private, keep a copy apart from the backups of the store.\n" + id.String() + "\n")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".key-*") // CreateTemp gives mode 0600
	if err != nil {
		return fmt.Errorf("making the key file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(text)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("writing the key file: %w", err)
	}
	if err := move(tmp.Name(), path); err != nil {
		return fmt.Errorf("placing the key file: %w", err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing the key folder: %w", err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing the key folder: %w", err)
	}
	return nil
}

func bad(path, what, next string) error {
	return &soc.Error{
		Kind: soc.KindRefused, Code: "key-file", What: "the key file " + path + " is refused: " + what,
		Means: "stored credentials stay closed and cordon does not start", Next: next,
	}
}
