package lockdown_test

import (
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// dates lets every answer of Defender that changes nothing carry a date that is off by so much, of that tenant.
func (r *rig) dates(g *lockdown.Guard, says func(since time.Duration) (tenant string, off time.Duration)) {
	began := time.Now()
	r.mde.answer = func(_ string, _ int, acted bool) error {
		if acted {
			return nil
		}
		tenant, off := says(time.Since(began))
		g.Heard(tenant, time.Now().Add(off), 0)
		return nil
	}
}

// earliness is how long before its deadline the only host was set free after a start with such dates; negative is late.
func earliness(t *testing.T, r *rig, wall time.Duration, says func(time.Duration) (string, time.Duration)) time.Duration {
	t.Helper()
	var c clocks
	c.err.Store(int64(wall))
	p := r.run()
	l := r.isolate(2 * hour)
	r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
	p.kill()
	deadline := r.get(l.ID).Deadline
	g := c.guard(true, time.Time{})
	r.dates(g, says)
	q := r.guarded(g)
	time.Sleep(8 * hour)
	q.kill()
	free := r.mde.free()
	if len(free) == 0 {
		t.Fatalf("never released: %v", g.Troubles())
	}
	return deadline.Sub(free[0])
}

// TestF58_SC56_OneWrongDateAtTheStartReleasesNobodyEarly: the wall clock is right or wrong, the first answers of the start carry a date that is
// wrong. Its control is a gateway that is wrong for good, while nobody else speaks.
func TestF58_SC56_OneWrongDateAtTheStartReleasesNobodyEarly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wall, date time.Duration
		good       bool // it is wrong for good
	}{
		{0, 3 * hour, false},
		{0, -3 * hour, false},
		{-hour, 3 * hour, false},
		{hour, 3 * hour, false},
		{hour, -3 * hour, false},
		{0, 3 * hour, true},
	} {
		bubble(t, func(t *testing.T, r *rig) {
			early := earliness(t, r, c.wall, func(since time.Duration) (string, time.Duration) {
				if since < 5*time.Second || c.good {
					return "int-1", c.date
				}
				return "int-1", 0
			})
			switch {
			case c.good && early < hour:
				t.Errorf("control: with a date that is wrong for good it is %s early; the check finds nothing", early)
			case !c.good && (early > 2*time.Second || early < -2*time.Minute):
				t.Errorf("wall %s, first date %s: released %s early", c.wall, c.date, early)
			}
		})
	}
}

// TestF58_SC56_TwoTenantsOfDifferentDatesReleaseNobodyEarly: the tenants answer in turn, one of them is wrong for good, and so may be the wall clock.
func TestF58_SC56_TwoTenantsOfDifferentDatesReleaseNobodyEarly(t *testing.T) {
	t.Parallel()
	for _, wall := range []time.Duration{0, -hour, 5 * hour} {
		for _, wrong := range []time.Duration{3 * hour, -3 * hour} {
			for first := range 2 {
				bubble(t, func(t *testing.T, r *rig) {
					n := first
					early := earliness(t, r, wall, func(time.Duration) (string, time.Duration) {
						if n++; n%2 == 0 {
							return "int-2", wrong
						}
						return "int-1", 0
					})
					latest := 2 * time.Minute
					if wall != 0 && wrong < 0 {
						latest -= wrong // the earlier one counts
					}
					if early > 2*time.Second || -early > latest {
						t.Errorf("wall %s, other tenant %s, first %d: released %s early", wall, wrong, first, early)
					}
				})
			}
		}
	}
}

func TestF58_TenantsOfDifferentDatesAreTold(t *testing.T) {
	bubble(t, func(t *testing.T, _ *rig) {
		var c clocks
		g := c.guard(true, time.Time{})
		g.Heard("int-1", time.Now(), 0)
		if list := g.Troubles(); len(list) != 0 {
			t.Fatalf("one right date: %v", list)
		}
		g.Heard("int-2", time.Now().Add(3*hour), 0)
		g.Heard("int-1", time.Now(), 0)
		if list := g.Troubles(); len(list) != 1 || list[0].Code != "clock-disagrees" {
			t.Errorf("dates three hours apart: %v", list)
		}
		time.Sleep(5 * time.Minute)
		g.Heard("int-1", time.Now(), 0)
		if list := g.Troubles(); len(list) != 0 {
			t.Errorf("five minutes after the other tenant fell silent: %v", list)
		}
	})
}

// TestF62_TheWaitForTheTimeIsToldAndEnds: with answers that say nothing about the time a wall clock that nothing contradicts is believed after five
// minutes; without any answer the wait is told. Nothing is told where nothing waits.
func TestF62_TheWaitForTheTimeIsToldAndEnds(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		time.Sleep(2 * hour)
		var c clocks
		g := c.guard(true, time.Time{})
		p = r.guarded(g)
		time.Sleep(6 * time.Minute)
		if list := g.Troubles(); len(list) != 1 || list[0].Code != "clock-unconfirmed" || r.mde.sent("unisolate") != 0 {
			t.Fatalf("without a date: released %d times, told %v", r.mde.sent("unisolate"), list)
		}
		for range 32 {
			g.Heard("int-1", time.Time{}, 0)
			time.Sleep(10 * time.Second)
		}
		if list := g.Troubles(); len(list) != 1 || list[0].Code != "clock-unheard" || r.mde.sent("unisolate") != 1 {
			t.Errorf("with an answer that says nothing: released %d times, told %v", r.mde.sent("unisolate"), list)
		}
		if n := len(r.store.history(func(e soc.AuditEntry) bool { return e.Action == "clock" })); n != 1 {
			t.Errorf("%d lines in the history, want how it was decided", n)
		}
		p.kill()
	})
	bubble(t, func(t *testing.T, _ *rig) {
		var c clocks
		g := c.guard(true, time.Time{})
		for range 2 {
			g.Heard("int-1", time.Time{}, 0)
			if !g.Waits() {
				t.Error("few answers without a date decide")
			}
			time.Sleep(10 * time.Minute)
		}
		idle := c.guard(true, time.Time{})
		time.Sleep(hour)
		if list := idle.Troubles(); list != nil {
			t.Errorf("a console without lockdowns and without answers tells %v", list)
		}
	})
	bubble(t, func(t *testing.T, _ *rig) { // an impossible clock is never believed, a contradicted one neither
		var c clocks
		g := c.guard(true, time.Now().Add(24*hour))
		other := c.guard(true, time.Time{})
		for range 60 {
			time.Sleep(10 * time.Second)
			g.Heard("int-1", time.Time{}, 0)
			other.Heard("int-1", time.Time{}, 0)
			other.Heard("int-2", time.Now().Add(3*hour), 0)
			if !g.Waits() {
				t.Fatal("believed")
			}
			g.Now()
		}
		if list := g.Troubles(); len(list) != 1 || list[0].Code != "clock-impossible" {
			t.Errorf("told %v", list)
		}
		if list := other.Troubles(); len(list) != 1 || list[0].Code != "clock-wrong" {
			t.Errorf("a tenant insists, the other is mute: %v", list)
		}
	})
}

// TestF62_ASlowAnswerIsALowerBound: it ends the wait, and nothing is due before the earliest time that it can be.
func TestF62_ASlowAnswerIsALowerBound(t *testing.T) {
	bubble(t, func(t *testing.T, _ *rig) {
		for _, wall := range []time.Duration{0, 50 * time.Second} {
			var c clocks
			c.err.Store(int64(wall))
			g := c.guard(true, time.Time{})
			g.Heard("int-1", time.Now().Add(-time.Minute), time.Minute)
			if g.Waits() {
				t.Fatal("still waits")
			}
			if now := g.Now(); now.After(time.Now()) || time.Since(now) > time.Minute {
				t.Errorf("wall %s: %s early", wall, time.Until(now))
			}
			g.Heard("int-1", time.Now().Add(-200*time.Millisecond), time.Second/10)
			good := time.Until(g.Now())
			g.Heard("int-1", time.Now().Add(-time.Minute), time.Minute)
			if now := time.Until(g.Now()); now != good {
				t.Errorf("wall %s: a slow answer moves a time that a quick one vouched for, from %s to %s", wall, good, now)
			}
		}
	})
}

// TestF58_AMarkThatContradictsTheWallClockIsNotBelievedUnseen: two runs under one boot id whose steady clocks differ by three days, as in a container
// with a time namespace of its own. The wall clock is right.
func TestF58_AMarkThatContradictsTheWallClockIsNotBelievedUnseen(t *testing.T) {
	bubble(t, func(t *testing.T, _ *rig) {
		for _, ahead := range []time.Duration{73 * hour, 0, -30 * time.Minute} {
			for _, server := range []bool{true, false} {
				start := time.Now()
				g := lockdown.NewGuard(lockdown.GuardOptions{
					Server: server, Last: lockdown.Mark{Trusted: start.Add(-hour), Boot: hour, BootID: "b", Proven: true},
					Clocks: lockdown.Clocks{Wall: time.Now, Boot: func() time.Duration { return 2*hour + ahead + time.Since(start) }, BootID: "b"},
				})
				if waits := g.Waits(); waits != (server && ahead != 0) || (!waits && g.Now().After(time.Now())) {
					t.Errorf("%s ahead, server %v: waits %v, the time is %s", ahead, server, waits, g.Now())
				}
				g.Heard("int-1", time.Now(), 0)
				if server && (g.Waits() || !g.Now().Equal(time.Now())) {
					t.Errorf("%s ahead: a date does not settle it", ahead)
				}
			}
		}
	})
}
