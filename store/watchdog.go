package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"cordon/store/soc"
)

// watchEvery is how often the watchdog looks.
const watchEvery = time.Second

// Watchdog looks after the file while the store is open: whether it is still there, whether there is room, whether a failed write can be
// overcome, whether a reader takes too long; and it takes the snapshots. Beside it old alerts are dropped and the file is compacted
// (housekeeping.go). It returns when ctx ends.
func (s *Store) Watchdog(ctx context.Context) error {
	var house sync.WaitGroup
	defer house.Wait()
	house.Go(func() { s.keepHouse(ctx) })
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		s.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look is one round. What needs the writer's lock comes last: a write that hangs in a slow disk must not hide the rest.
func (s *Store) look(ctx context.Context) {
	s.judgeReaders()
	s.keepReserve()
	s.judgeRoom()
	s.marked(s.epoch.flush())
	s.mu.Lock()
	if s.closed.Load() || s.stillThere() != nil {
		s.mu.Unlock()
		return
	}
	if s.failed != nil {
		_ = s.heal() // it tells of itself
	}
	well := s.failed == nil
	s.mu.Unlock()
	if well {
		s.upkeep(ctx)
	}
}

func (s *Store) judgeReaders() {
	age := s.readers.oldest()
	if age <= longRead {
		s.settle(troubleReader)
		return
	}
	s.raise(soc.Trouble{
		Code: troubleReader, Level: soc.LevelWarn, What: fmt.Sprintf("something has been reading the store for more than %s", longRead),
		Means: "a write that makes the file larger has to wait for it", Next: "restart cordon if this lasts",
	})
}

// upkeep is what is done now and then.
func (s *Store) upkeep(ctx context.Context) {
	s.snapshotIfDue(ctx)
}
