package soctest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// Campaign is a number of worlds that are run on all CPUs.
type Campaign struct {
	Seed  uint64
	Calm  bool // plain lifetimes, in which nothing goes wrong; otherwise everything may
	Turns int  // of each world before it heals; without meaning when calm
	// Worlds and Steps end the campaign, whichever is set.
	Worlds, Steps int64
}

// Tally is what a campaign came to. Bad counts worlds in which a promise was broken.
type Tally struct {
	Worlds, Steps, Lockdowns, Bad int
	Examples                      []string // at most five, with the seed and the number of the world
}

// Run runs the campaign until enough was done or the context ends.
func (c Campaign) Run(ctx context.Context) Tally {
	var next atomic.Uint64
	var workers sync.WaitGroup
	s := sum{}
	for range runtime.NumCPU() {
		workers.Go(func() {
			for ctx.Err() == nil && !s.enough(c) {
				n := next.Add(1)
				s.add(c.world(n))
			}
		})
	}
	workers.Wait()
	return s.Tally
}

// sum adds up worlds.
type sum struct {
	Tally
	mu sync.Mutex
}

func (s *sum) enough(c Campaign) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (c.Worlds > 0 && int64(s.Worlds) >= c.Worlds) || (c.Steps > 0 && int64(s.Steps) >= c.Steps)
}

func (s *sum) add(t Tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Worlds, s.Steps, s.Lockdowns, s.Bad = s.Worlds+1, s.Steps+t.Steps, s.Lockdowns+t.Lockdowns, s.Bad+t.Bad
	s.Examples = append(s.Examples, t.Examples...)
	s.Examples = s.Examples[:min(len(s.Examples), 5)]
}

func (c Campaign) world(n uint64) Tally {
	dice := newDice(c.Seed, n)
	turns, we := 0, calm
	if !c.Calm {
		turns, we = c.Turns, storm(dice)
	}
	w := newWorld(dice, realMachine(), we)
	err := w.live(turns)
	t := Tally{Steps: w.steps}
	for _, con := range w.cons {
		t.Lockdowns += len(con.recs)
	}
	if err != nil {
		t.Bad, t.Examples = 1, []string{fmt.Sprintf("seed %d world %d: %v", c.Seed, n, err)}
	}
	return t
}

// Live runs one world against the real machine and returns the first broken promise; with tell, together with how it came to that.
func Live(c Chooser, turns int, tell bool) error {
	w := newWorld(c, realMachine(), storm(c))
	w.tell = tell
	err := w.live(turns)
	if err != nil && tell {
		return fmt.Errorf("%+v: %w\n%s", w.weather, err, strings.Join(w.story[max(0, len(w.story)-30):], "\n"))
	}
	return err
}

// Controls runs every mutant of the machine until the model finds it.
func Controls(ctx context.Context, seed uint64) (text string, all bool, missed []string) {
	list := mutants()
	found := make([]int, len(list))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				found[i], _ = list[i].found(seed, 4000)
			}
		})
	}
	workers.Wait()
	n, most := 0, 0
	for i, at := range found {
		if at == 0 {
			missed = append(missed, "not found: "+list[i].name)
			continue
		}
		n++
		most = max(most, at)
	}
	return fmt.Sprintf("%d of %d broken machines found, the slowest in world %d", n, len(list), most), n == len(list), missed
}
