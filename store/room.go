package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"cordon/store/soc"
)

// What is left on the disk decides what may still be written. The order in which things stop is the reverse of how much they matter: first
// new isolations, so that no promise is made that can not be kept; then alerts and hosts, which Defender can tell again; releases and their
// history last, out of a reserve (reserve.go).
const (
	lowRoom    = 256 << 20
	scarceRoom = 64 << 20
	growStep   = 16 << 20 // bbolt's AllocSize
)

// space is what the file system, or the largest size of the store, leaves.
type space struct{ free, total int64 }

// low is the level at which no new isolation is ordered; on a small disk a tenth of it.
func (r space) low() bool { return r.free < min(lowRoom, r.total/10) }

// scarce is the level at which alerts are no longer stored.
func (r space) scarce() bool { return r.free < min(scarceRoom, r.total/40) }

// room is the disk and what is left up to the largest size of the store.
type room struct{ disk, own space }

func (r room) low() bool    { return r.disk.low() || r.own.low() }
func (r room) scarce() bool { return r.disk.scarce() || r.own.scarce() }
func (r room) left() string { return size(min(r.disk.free, r.own.free)) }

func statSpace(dir string) (space, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return space{}, fmt.Errorf("asking for the free space of %s: %w", dir, err)
	}
	return space{free: int64(st.Bavail) * int64(st.Bsize), total: int64(st.Blocks) * int64(st.Bsize)}, nil
}

// measure asks for both. An unknown disk is no reason to stop. bbolt lets the file grow in steps, and the last one is not to be had.
func (s *Store) measure() room {
	disk, err := s.opt.space(filepath.Dir(s.path))
	if err != nil {
		disk = space{free: 1 << 62, total: 1 << 62}
	}
	limit := int64(s.opt.maxSize) - growStep
	again := max(0, s.freed.Load()-limit/2) // some of what was freed lies in pieces too small to be used again
	return room{disk, space{free: limit - s.used.Load() + again, total: limit}}
}

// roomForBulk refuses what Defender can tell again while the disk is nearly full. Without the reserve it is full, whatever it says of
// itself: a quota does not show in the free space.
func (s *Store) roomForBulk() error {
	r := s.measure()
	if !r.scarce() && !s.missing.Load() {
		return nil
	}
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "disk-scarce", What: fmt.Sprintf("the disk of the store is nearly full (%s left)", r.left()),
		Means: "new alerts are not stored; running lockdowns end on time", Next: "make room on the disk",
	}
}

// noRoom notes that the disk refused a write for lack of space.
func (s *Store) noRoom(err error) {
	s.raise(soc.Trouble{
		Code: troubleScarce, Level: soc.LevelBad, What: fmt.Sprintf("the disk of the store is full: %v", err),
		Means: "no host is isolated and no alert is stored; releases use a reserve", Next: "make room on the disk",
	})
}

// judgeRoom tells people how much is left.
func (s *Store) judgeRoom() {
	r := s.measure()
	switch {
	case r.scarce() || s.missing.Load():
		s.settle(troubleLow)
		s.raise(soc.Trouble{
			Code: troubleScarce, Level: soc.LevelBad, What: "the disk of the store is full or nearly so",
			Means: "no host is isolated and no alert is stored; releases use a reserve", Next: "make room on the disk",
		})
	case r.low():
		s.settle(troubleScarce)
		s.raise(soc.Trouble{
			Code: troubleLow, Level: soc.LevelWarn, What: "the disk of the store is filling up",
			Means: "no host is isolated; running lockdowns end on time", Next: "make room on the disk",
		})
	default:
		s.settle(troubleLow)
		s.settle(troubleScarce)
	}
}

// isFull reports whether the disk or a quota refused a write. Some errors of bbolt carry their cause as text only.
func isFull(err error) bool {
	if err == nil {
		return false
	}
	for _, no := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, no) || strings.HasSuffix(err.Error(), no.Error()) {
			return true
		}
	}
	return false
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", max(n, 0)>>10)
}
