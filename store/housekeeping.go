package store

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc"
)

const (
	// compactFrom is the size from which on a file of which more than half was freed is written anew.
	compactFrom = 64 << 20
	// compactEvery is the time between two compactions, compactAgain the time after one that came to nothing because of a write.
	compactEvery = 24 * time.Hour
	compactAgain = time.Hour
	compactTries = 3
	// forgetEvery is how often old alerts are looked for, once none is left.
	forgetEvery = time.Hour
	// soon is how close a release may be for the file to be left alone.
	soon = time.Minute
)

// house is what the housekeeping remembers.
type house struct {
	forget  time.Time // the next look for old alerts
	compact time.Time // the next compaction
	losses  int       // compactions in a row that came to nothing
}

// keepHouse keeps the file from growing for ever (F73). It has a goroutine of its own, so that writing a large file anew does not keep the
// watchdog from looking.
func (s *Store) keepHouse(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.tidyUp(ctx); err != nil && ctx.Err() == nil {
				s.raise(soc.Trouble{
					Code: troubleHouse, Level: soc.LevelWarn, What: fmt.Sprintf("old alerts can not be dropped, or the file not compacted: %v", err),
					Means: "the store goes on growing; lockdowns are not affected", Next: "look at the disk",
				})
				s.house.forget, s.house.compact = s.clock().Add(forgetEvery), s.clock().Add(compactAgain)
			}
		}
	}
}

// tidyUp is one round: at most one batch of old alerts, at most one compaction.
func (s *Store) tidyUp(ctx context.Context) (err error) {
	defer guard(&err)()
	now := s.clock()
	if !now.Before(s.house.forget) || s.tooManyThreats() {
		n, err := s.forgetOld(ctx)
		if err != nil {
			return err
		}
		m, err := s.forgetThreats(ctx)
		if err != nil {
			return err
		}
		if n+m == 0 {
			s.house.forget = now.Add(forgetEvery)
		}
		s.settle(troubleHouse)
	}
	return s.compactIfDue(ctx, now)
}

// compactIfDue writes the file anew when more than half of it was freed, there is room for the copy, and no release is near.
func (s *Store) compactIfDue(ctx context.Context, now time.Time) error {
	whole, freed := s.used.Load(), s.freed.Load()
	if whole <= s.opt.compact || freed <= whole/2 {
		s.settle(troubleLoose)
		return nil
	}
	if now.Before(s.house.compact) || s.opt.ReadOnly || s.releaseNear(now) {
		return nil
	}
	s.house.compact = now.Add(compactAgain)
	if disk := s.measure().disk; disk.low() || disk.free < whole-freed+min(lowRoom, disk.total/10) {
		s.loose(freed, "there is no room on the disk for the copy")
		return nil
	}
	done, err := s.Compact(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("compacting the store: %w", err)
	case done:
		s.house.compact, s.house.losses = now.Add(compactEvery), 0
		s.settle(troubleLoose)
	default:
		if s.house.losses++; s.house.losses >= compactTries {
			s.loose(freed, "something was written during each try")
		}
	}
	return nil
}

// releaseNear reports whether a host is to be released within a minute, or should have been. What waits for a person does not count.
func (s *Store) releaseNear(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.owed.open {
		if l.Phase != soc.PhaseNeedsHuman && expectedEnd(l).Before(now.Add(soon)) {
			return true
		}
	}
	return false
}

// loose tells that the file is larger than it need be, and stays so.
func (s *Store) loose(freed int64, why string) {
	s.raise(soc.Trouble{
		Code: troubleLoose, Level: soc.LevelInfo, What: fmt.Sprintf("%s of the store's file are free, and it could not be compacted: %s", size(freed), why),
		Means: "the room is used again before the file grows; the disk does not get it back",
		Next:  `end cordon for a moment and run "cordon doctor compact"`,
	})
}
