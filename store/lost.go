package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// stillThere notices that the file was deleted, moved, replaced or cut short: writes would go into a file that nobody will find again, and
// reading would fault (M6, M7, F69). The caller holds mu.
func (s *Store) stillThere() error {
	if s.lostErr == nil {
		why := s.missingFile()
		if why == "" {
			return nil
		}
		s.lose(why)
	}
	return s.lostErr
}

// missingFile says what happened to the file, "" if it is there.
func (s *Store) missingFile() string {
	info, err := os.Lstat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "was deleted or moved away"
	case err != nil:
		return "" // the path can not be looked at; the write itself will tell
	case !os.SameFile(info, s.file):
		return "was replaced by another file"
	case info.Size() < s.high.Load():
		return fmt.Sprintf("was cut short, from %d to %d bytes", s.high.Load(), info.Size())
	}
	return ""
}

// lose gives the store up: what is owed is written down elsewhere, Lost tells the process to end, and then, while nobody waits for it, a copy
// of the file is made if it can still be read.
func (s *Store) lose(why string) {
	s.failed = nil
	what := fmt.Sprintf("the store file %s %s while in use", s.path, why)
	stamp := s.clock().Format("20060102T150405Z")
	saved, place := s.rescue(what, stamp)
	next := "put the file back, or restore a backup with \"cordon restore\", and start cordon again"
	if saved != "" {
		next = fmt.Sprintf("what was open is in %s, a copy of the store is put into %s if it can be made; %s", saved, place, next)
	}
	s.lostErr = &soc.Error{
		Kind: soc.KindUnavailable, Code: troubleGone, What: what,
		Means: "changes would be lost, so none is made; isolated hosts stay isolated until they are released in Defender", Next: next,
	}
	s.raise(soc.Trouble{Code: troubleGone, Level: soc.LevelBad, What: what, Means: s.lostErr.Means, Next: next})
	close(s.lost)
	s.copied = make(chan struct{})
	go s.rescueCopy(place, rescuedName(stamp))
}

// Lost is closed when the file is no longer there. The process should end in good order then, with the error of LostErr.
func (s *Store) Lost() <-chan struct{} { return s.lost }

// LostErr says what happened to the file; nil while it is there.
func (s *Store) LostErr() error {
	select {
	case <-s.lost:
		return s.lostErr
	default:
		return nil
	}
}

// obligations is what is written when the store is lost: who must be released when.
type obligations struct {
	At        time.Time      `json:"at"`
	Store     string         `json:"store"`
	Why       string         `json:"why"`
	Copy      string         `json:"copy,omitempty"` // where a whole copy of the store is, if one could still be made
	Lockdowns []soc.Lockdown `json:"lockdowns"`
}

// rescueFor bounds the copy of a lost file: whoever ends the process gives it some seconds, and then kills it.
const rescueFor = 5 * time.Second

func rescuedName(stamp string) string { return "cordon-rescued-" + stamp + ".db" }

// rescue writes the open lockdowns, as memory knows them, to the first folder that takes them. It returns where, and the place for a copy of
// the store.
func (s *Store) rescue(why, stamp string) (saved, place string) {
	o := obligations{At: s.clock(), Store: s.path, Why: why, Lockdowns: s.owed.list()}
	for _, dir := range s.opt.rescue(s.path) {
		if os.MkdirAll(dir, 0o700) != nil {
			continue
		}
		o.Copy = free(filepath.Join(dir, rescuedName(stamp)))
		b, err := json.MarshalIndent(o, "", "  ")
		name := free(filepath.Join(dir, "obligations-"+stamp+".json"))
		if err == nil && writeNew(name, append(b, '\n')) == nil {
			return name, o.Copy
		}
	}
	return "", ""
}

// rescueCopy tries the place that the obligations name first. Close waits for it.
func (s *Store) rescueCopy(first, name string) {
	defer close(s.copied)
	ctx, cancel := context.WithTimeout(context.Background(), rescueFor)
	defer cancel()
	dirs := s.opt.rescue(s.path)
	if first != "" && s.copyTo(ctx, first) == nil {
		return
	}
	for _, dir := range dirs {
		if s.copyTo(ctx, free(filepath.Join(dir, name))) == nil {
			return
		}
	}
}

// rescueDirs are the folders to try: that of the store, the person's own, the one for temporary files.
func rescueDirs(path string) []string {
	dirs := []string{filepath.Dir(path)}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, home)
	}
	return append(dirs, os.TempDir())
}

// free finds a name that is not taken.
func free(name string) string {
	ext := filepath.Ext(name)
	for n, try := 1, name; ; n++ {
		if _, err := os.Lstat(try); err != nil {
			return try
		}
		try = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
	}
}

// writeNew makes a private file that is complete and on the disk, or none.
func writeNew(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// copyTo writes a consistent copy to a new private file; copying the file itself would not be one (M8). It gives up when ctx ends.
func (s *Store) copyTo(ctx context.Context, name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	err = s.read(ctx, func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(&until{ctx: ctx, f: f})
		return err
	})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return syncDir(filepath.Dir(name))
}

// until writes until ctx ends. It carries to the disk what it wrote now and then, so that no long sync is left at the end.
type until struct {
	ctx    context.Context
	f      *os.File
	behind int
}

const syncEvery = 32 << 20

func (u *until) Write(b []byte) (n int, err error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err = u.f.Write(b)
	if u.behind += n; err == nil && u.behind >= syncEvery {
		u.behind = 0
		err = u.f.Sync()
	}
	return n, err
}

// owed is the open lockdowns as they were last written, in memory: when the file is gone nobody else knows them.
type owed struct {
	open map[soc.LockdownID]soc.Lockdown
}

func (o *owed) note(l soc.Lockdown) {
	if o.open == nil {
		o.open = map[soc.LockdownID]soc.Lockdown{}
	}
	if l.Phase.Final() {
		delete(o.open, l.ID)
		return
	}
	o.open[l.ID] = l
}

func (o *owed) list() []soc.Lockdown {
	return slices.SortedFunc(maps.Values(o.open), needsEyes)
}
