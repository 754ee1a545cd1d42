package soctest

import (
	"slices"
	"time"

	"cordon/store/soc"
)

// Stage is a world without a model, for soaks that drive the real reconciler: a clock that runs as told, chances, and a simulated tenant
// whose list lags by up to a minute. It has as many hosts as are named.
type Stage struct {
	w   *world
	who *record
}

// NewStage makes a stage from a seed.
func NewStage(seed uint64) *Stage {
	return &Stage{newWorld(newDice(seed, 1), realMachine(), weather{faults: true, console: 1, lag: time.Minute}), &record{}}
}

// Now is the time on the stage.
func (s *Stage) Now() time.Time { return s.w.now }

// Pass lets time go by.
func (s *Stage) Pass(d time.Duration) { s.w.pass(d) }

// Pick returns a number from 0 to n-1.
func (s *Stage) Pick(n int, what string) int { return s.w.c.Pick(n, what) }

// Post is an order for a machine that reaches the tenant.
func (s *Stage) Post(machine string, a soc.Attempt, comment string) (soc.MachineAction, error) {
	s.w.mde.run(s.w.now)
	s.w.mde.machine = machine
	return s.w.mde.post(s.who, a, comment)
}

// List is what the tenant shows of a machine now; an empty name stands for all.
func (s *Stage) List(machine string) []soc.MachineAction {
	s.w.mde.run(s.w.now)
	return slices.DeleteFunc(s.w.mde.list(), func(a soc.MachineAction) bool { return machine != "" && a.MachineID != machine })
}

// Forget drops ended actions that are older than age, as Defender does.
func (s *Stage) Forget(age time.Duration) {
	m := s.w.mde
	for len(m.acts) > 0 && !m.acts[0].open() && s.w.now.Sub(m.acts[0].Created) > age {
		m.acts = m.acts[1:]
	}
}
