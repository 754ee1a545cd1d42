package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

const (
	snapEvery = time.Hour
	snapKept  = 3
	// snapLimit is the size of the store, alerts aside, from which on it is not copied every hour.
	snapLimit = 512 << 20
)

// bulky lists what a snapshot leaves out: Defender tells it again. Without its poll state a restored store reads everything anew.
func refetched() [][]byte { return [][]byte{bAlerts, bHosts, bActions, bPoll} }

// snapshots lists the snapshots of a store, newest first.
func snapshots(path string) []string {
	list, _ := filepath.Glob(path + ".snap-*")
	slices.Sort(list)
	slices.Reverse(list)
	return list
}

func newestSnapshot(path string) string {
	if list := snapshots(path); len(list) > 0 {
		return list[0]
	}
	return ""
}

// snapshotIfDue keeps a copy of what only cordon knows, once an hour if the history went on, so that a damaged record can be had back (F70).
func (s *Store) snapshotIfDue(ctx context.Context) {
	now := s.clock()
	if now.Sub(s.snap.at) < snapEvery || s.opt.ReadOnly || s.measure().low() {
		return
	}
	s.snap.at = now
	var seq uint64
	if err := s.view(ctx, func(tx *bbolt.Tx) error { seq = lastSeq(tx); return nil }); err != nil || seq == s.snap.seq || seq == 0 {
		return
	}
	err := s.snapshot(ctx, now)
	if err != nil && ctx.Err() == nil {
		s.raise(soc.Trouble{
			Code: troubleSnap, Level: soc.LevelWarn, What: fmt.Sprintf("the hourly snapshot of the store failed: %v", err),
			Means: "a damaged record could only be had back from an older one", Next: "check the disk",
		})
		return
	}
	s.snap.seq = seq
	s.settle(troubleSnap)
}

// lastSnap is what the watchdog, which alone takes snapshots, knows of the last one.
type lastSnap struct {
	at  time.Time
	seq uint64
}

func (s *Store) snapshot(ctx context.Context, now time.Time) error {
	name := s.path + ".snap-" + now.Format("20060102T150405Z")
	if err := removeOld(name+".part", name); err != nil {
		return err
	}
	err := s.read(ctx, func(tx *bbolt.Tx) error {
		if lastSeq(tx)*1000 > snapLimit {
			return fmt.Errorf("the history is too long for it; take backups instead")
		}
		return writeCopy(tx, name+".part", refetched()...)
	})
	if err == nil {
		err = place(name+".part", name)
	}
	if err != nil {
		return err
	}
	list := snapshots(s.path)
	return removeOld(list[min(len(list), snapKept):]...)
}
