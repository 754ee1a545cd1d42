package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"cordon/store/soc"
)

// reserveBytes are kept occupied beside the store. When the disk is full and a release can not be written they are given back, so that it
// can: a release is a few pages (F67, K-11).
const reserveBytes = 8 << 20

func beside(path, ext string) string { return strings.TrimSuffix(path, ".db") + ext }

func reservePath(path string) string { return beside(path, ".reserve") }

// reserveSize is smaller on a small disk.
func reserveSize(r space) int64 { return max(min(reserveBytes, r.total/64), 64<<10) }

// keepReserve makes the reserve if it is not there. missing is then whether the disk had no room for it.
func (s *Store) keepReserve() {
	path, want := reservePath(s.path), reserveSize(s.measure().disk)
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.Size() >= want {
		s.missing.Store(false)
		s.settle(troubleReserve)
		return
	}
	err := s.opt.allocate(path, want)
	s.missing.Store(isFull(err))
	if err == nil || isFull(err) {
		s.settle(troubleReserve)
		return
	}
	s.raise(soc.Trouble{
		Code: troubleReserve, Level: soc.LevelWarn, What: fmt.Sprintf("the reserve on the disk can not be made: %v", err),
		Means: "on a full disk a release would go on without a record", Next: "check the rights on the folder of the store",
	})
}

// giveReserve gives the room back to the file system and returns whether there was any to give.
func (s *Store) giveReserve() bool {
	err := os.Remove(reservePath(s.path))
	if err == nil {
		s.missing.Store(true)
	}
	return err == nil
}

// allocate makes a file whose blocks are really there.
func allocate(path string, size int64) (err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("making the reserve: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("making the reserve: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("making the reserve: %w", errors.Join(err, os.Remove(path)))
		}
	}()
	err = syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, syscall.EOPNOTSUPP) {
		_, err = f.Write(make([]byte, size))
	}
	return errors.Join(err, f.Close())
}
