package store

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"cordon/store/soc"
)

// backgroundMark in the sidecar says that the holder is a keeper: a process without a person, which hands the store over when asked.
const backgroundMark = "background"

const (
	leaveWithin = 20 * time.Second
	freeWithin  = 30 * time.Second
	askEvery    = 50 * time.Millisecond
)

// TakeOver asks a background keeper of our own user to end, and waits until it has let go of the store, so that a console can open it
// (K-13). It does nothing when nobody, or anybody but a keeper, holds the store. The deadlines are in the store: none is lost in between.
func TakeOver(ctx context.Context, path string) error {
	pid := Keeper(path)
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("asking the background process %d to hand over: %w", pid, err)
	}
	return waitFree(ctx, path, leaveWithin)
}

// Keeper is the background process that holds the store and that TakeOver would ask to end; 0 if there is none.
func Keeper(path string) int {
	pid := lockHolder(path)
	if pid == 0 || pid == os.Getpid() || !isKeeper(path, pid) {
		return 0
	}
	return pid
}

// WaitFree waits until nobody holds the store: for the keeper that a closing console has just started.
func WaitFree(ctx context.Context, path string) error { return waitFree(ctx, path, freeWithin) }

func waitFree(ctx context.Context, path string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for lockHolder(path) != 0 {
		select {
		case <-ctx.Done():
			return inUse(path, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// isKeeper reports whether pid, which holds the lock, is a background process: the sidecar that it wrote says so, and so does its command
// line. A signal goes to nobody else.
func isKeeper(path string, pid int) bool {
	b, err := os.ReadFile(pidPath(path))
	if err != nil || strings.TrimSpace(string(b)) != fmt.Sprintf("%d %s", pid, backgroundMark) {
		return false
	}
	cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(cmd), "--"+backgroundMark)
}

// Publish wakes the watchers for what is not stored: the live condition of the tenants (soc.TopicConn).
func (s *Store) Publish(t soc.Topic) { s.hub.Publish(t) }
