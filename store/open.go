package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"cordon/store/soc"
)

const (
	// lockWait is how long a second opener tries before it is refused; with bbolt's polling that stays under one second (F55).
	lockWait = 900 * time.Millisecond
	// initialMap reserves address space, so that growth of the file does not have to wait for readers (F72).
	initialMap = 1 << 30
	// defaultMaxSize stops a runaway file before it fills the disk (F73).
	defaultMaxSize int64 = 64 << 30
)

// opened is an open file in its three forms.
type opened struct {
	db   *bbolt.DB
	info os.FileInfo
	file *os.File // belongs to db
}

// openFirst opens the file at the start of the program. Where a store was begun before, none is begun in silence; the rest of a first start
// that was cut off, with nothing of ours in it, is made anew (F18).
func openFirst(path string, opt Options) (opened, error) {
	if info, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		if err := begun(path); err != nil {
			return opened{}, err
		}
	}
	o, err := openFile(path, opt)
	if err == nil || opt.ReadOnly || !errors.Is(err, errDamaged) || !unbegun(path) {
		return o, err
	}
	if rerr := os.Remove(path); rerr != nil {
		return o, errors.Join(err, rerr)
	}
	return openFile(path, opt)
}

// openFile opens the bbolt file with all the checks that bbolt leaves to its caller.
func openFile(path string, opt Options) (opened, error) {
	if err := checkDir(filepath.Dir(path), opt.ReadOnly); err != nil {
		return opened{}, err
	}
	var file *os.File
	db, err := openBolt(path, &bbolt.Options{
		Timeout: lockWait, InitialMmapSize: initialMap, MaxSize: opt.maxSize, ReadOnly: opt.ReadOnly,
		FreelistType: bbolt.FreelistMapType, PreLoadFreelist: true,
		OpenFile: func(name string, flag int, _ os.FileMode) (*os.File, error) {
			if opt.existing {
				flag &^= os.O_CREATE
			}
			f, err := opt.handle, error(nil)
			if f == nil {
				f, err = openPrivate(name, flag)
			}
			file = f
			return f, err
		},
	})
	if err != nil {
		if file != nil { // a panic in bbolt leaves the file open, mapped, and by the mapping locked
			_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
			_ = file.Close()
		}
		return opened{}, explainOpen(path, err)
	}
	info, err := file.Stat()
	if err == nil {
		err = checkLength(db, info)
	}
	if err != nil {
		return opened{}, errors.Join(damaged(path, err), db.Close())
	}
	return opened{db, info, file}, nil
}

// openBolt turns the panics with which bbolt meets a damaged file into errors (M6).
func openBolt(path string, opt *bbolt.Options) (db *bbolt.DB, err error) {
	defer guard(&err)()
	return bbolt.Open(path, 0o600, opt)
}

// checkLength notices a file that was cut off: pages behind its end would fault when they are read.
func checkLength(db *bbolt.DB, info os.FileInfo) (err error) {
	defer guard(&err)()
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("it is cut off, %d of %d bytes are left", info.Size(), tx.Size())
		}
		return nil
	})
}

// openPrivate opens the file itself: never through a link, only a regular file of our own, never readable by others.
func openPrivate(name string, flag int) (*os.File, error) {
	f, err := os.OpenFile(name, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := checkPrivate(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func checkPrivate(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return unsafeStore(f.Name() + " is not a regular file")
	}
	if !ours(info) {
		return unsafeStore(f.Name() + " belongs to another user")
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := f.Chmod(0o600); err != nil {
		return unsafeStore(fmt.Sprintf("%s is readable by others (%v) and can not be made private", f.Name(), info.Mode().Perm()))
	}
	return nil
}

// checkDir makes the directory (0700) if it is missing. An existing one may be listed by others, because the file is private anyway, but
// not written to: whoever can write to it can swap the file. Ours is tightened, anybody else's is refused.
func checkDir(dir string, readOnly bool) error {
	if !readOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return &soc.Error{
				Kind: soc.KindUnavailable, Code: "store-path", Err: err, What: "can not make the data directory " + dir,
				Next: "choose another one with --data",
			}
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return &soc.Error{
			Kind: soc.KindNotFound, Code: "store-path", Err: err, What: "there is no data directory " + dir, Next: "check --data",
		}
	}
	if info.Mode().Perm()&0o022 == 0 {
		return nil
	}
	if ours(info) && info.Mode()&os.ModeSticky == 0 && os.Chmod(dir, info.Mode().Perm()&^0o022) == nil {
		return nil
	}
	return unsafeStore(fmt.Sprintf("others may write to %s (%v)", dir, info.Mode()))
}

func ours(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

func unsafeStore(what string) error {
	return &soc.Error{
		Kind: soc.KindRefused, Code: "store-unsafe", What: what, Means: "whoever can change it could forge lockdowns and history",
		Next: "use a directory of your own with mode 0700",
	}
}

// explainOpen says to a person why the file can not be opened.
func explainOpen(path string, err error) error {
	var e *soc.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, bolterrors.ErrTimeout):
		return inUse(path, err)
	case errors.Is(err, syscall.ELOOP):
		return unsafeStore(path + " is a symbolic link")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
		return &soc.Error{
			Kind: soc.KindUnavailable, Code: "store-path", Err: err, What: fmt.Sprintf("can not open the store: %v", err),
			Next: "check --data and the rights on the path",
		}
	}
	return damaged(path, err)
}

// errDamaged is for errors.Is.
var errDamaged = &soc.Error{Kind: soc.KindUnavailable, Code: "store-damaged"}

func damaged(path string, err error) error {
	why := err.Error()
	if errors.Is(err, errPanic) { // what the runtime says of it helps nobody; it is kept in Err
		why = "its pages do not fit together, or it was cut short"
	}
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "store-damaged", Err: err,
		What:  fmt.Sprintf("the store %s is damaged: %s", path, why),
		Means: "nothing was changed; isolated hosts stay isolated until somebody releases them",
		Next:  "put a backup back with \"cordon restore FILE\", or release hosts in the Defender portal",
	}
}
