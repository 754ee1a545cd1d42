package lockdown_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// meeting is two consoles on one tenant that order the same host in the same moment.
type meeting struct {
	lag, takes, apart time.Duration
	twins, crossing   bool
	periods           [2]time.Duration
	crash             time.Duration // when the second console is restarted; 0 = never
	lost              bool          // the answer to the first isolate is lost
	blind             bool          // the control: nobody can tell a console's order from one of the portal
}

// stripped hides from a console who gave the orders of others.
type stripped struct {
	*tenant
	mine func() soc.LockdownID
}

func (s stripped) Remote(soc.IntegrationID) (lockdown.Remote, error) { return s, nil }

func (s stripped) HostActions(ctx context.Context, id string) ([]soc.MachineAction, error) {
	list, err := s.tenant.HostActions(ctx, id)
	for i := range list {
		if !strings.Contains(list[i].Comment, string(s.mine())) {
			list[i].Comment = "by hand"
		}
	}
	return list, err
}

// hold runs the meeting for four days and returns what the two lockdowns came to and how long the host was cut off in the longest run.
func (c meeting) hold(t *testing.T, r *rig) (ends [2]soc.Lockdown, longest time.Duration) {
	t.Helper()
	r.mde.lag, r.mde.takes, r.mde.twins, r.mde.crossing = c.lag, c.takes, c.twins, c.crossing
	if c.lost {
		r.mde.answer = func(op string, n int, acted bool) error {
			if op == "isolate" && n == 1 && acted {
				return soc.ErrUnknownOutcome
			}
			return nil
		}
	}
	other := &rig{t: t, store: newStore(t), mde: r.mde, key: r.key}
	other.svc = lockdown.NewService(other.options(other.store, r.mde))
	rigs := [2]*rig{r, other}
	var ids [2]soc.LockdownID
	var procs [2]*process
	start := func(i int) {
		procs[i] = rigs[i].start(rigs[i].store, r.mde)
		if c.blind {
			procs[i].kill()
			procs[i] = rigs[i].start(rigs[i].store, stripped{r.mde, func() soc.LockdownID { return ids[i] }})
		}
	}
	for i, one := range rigs {
		ids[i] = one.isolate(c.periods[i]).ID
		start(i)
		if i == 0 {
			time.Sleep(c.apart)
		}
	}
	if c.crash > 0 {
		time.Sleep(c.crash)
		procs[1].kill()
		time.Sleep(7 * time.Minute)
		start(1)
	}
	var since time.Time
	for end := time.Now().Add(96 * hour); time.Now().Before(end); time.Sleep(time.Minute) {
		switch held := r.mde.isolated("m1"); {
		case held && since.IsZero():
			since = time.Now()
		case held:
			longest = max(longest, time.Since(since))
		default:
			since = time.Time{}
		}
	}
	for i := range rigs {
		procs[i].kill()
		ends[i] = rigs[i].get(ids[i])
	}
	return ends, longest
}

// judge lists what is wrong with the end of a meeting.
func (c meeting) judge(r *rig, ends [2]soc.Lockdown, longest time.Duration) (bad []string) {
	if limit := max(c.periods[0], c.periods[1]) + 12*time.Minute; longest > limit {
		bad = append(bad, fmt.Sprintf("cut off for %s, want at most %s", longest, limit))
	}
	if r.mde.isolated("m1") {
		bad = append(bad, "still isolated after four days")
	}
	for _, l := range ends {
		if !l.Phase.Final() {
			bad = append(bad, fmt.Sprintf("%s is still %s: %s", l.ID, l.Phase, l.Trouble))
		}
	}
	for _, p := range r.mde.posts { // nobody frees a host that the other console keeps
		for _, l := range ends {
			if p.verb == "unisolate" && strings.Contains(p.comment, string(l.ID)) && l.Phase == soc.PhaseReleased && p.at.Before(l.Deadline) {
				bad = append(bad, fmt.Sprintf("%s released at %s, deadline %s", l.ID, p.at, l.Deadline))
			}
		}
	}
	per := map[soc.LockdownID]int{}
	for _, p := range r.mde.posts {
		if cm, ok := soc.ParseOrderComment(p.comment); ok && p.verb == "isolate" {
			per[cm.Lockdown]++
		}
	}
	for id, n := range per {
		if n > 1 {
			bad = append(bad, fmt.Sprintf("%d isolates of %s", n, id))
		}
	}
	return bad
}

func phases(ends [2]soc.Lockdown) []string {
	out := []string{string(ends[0].Phase), string(ends[1].Phase)}
	slices.Sort(out)
	return out
}

// TestF54_TwoConsolesInTheSameMoment: both look, both see nothing, both send. Exactly one lockdown keeps the host and releases it on time;
// the other takes its order back at once and says so. The control, in which a console's order looks like one from the portal, is the order of
// events that left hosts isolated for three days.
func TestF54_C01_TwoConsolesInTheSameMoment(t *testing.T) {
	t.Parallel()
	base := meeting{lag: 20 * time.Second, takes: time.Minute, twins: true, crossing: true, periods: [2]time.Duration{hour, 2 * hour}}
	bubble(t, func(t *testing.T, r *rig) {
		ends, longest := base.hold(t, r)
		for _, what := range base.judge(r, ends, longest) {
			t.Error(what)
		}
		if got := phases(ends); got[0] != "released" || got[1] != "superseded" {
			t.Errorf("ends %v", got)
		}
		for _, l := range ends {
			if l.Phase == soc.PhaseSuperseded && (!strings.Contains(l.Note, "alice") || l.EndedAt.Sub(l.RequestedAt) > 2*time.Minute) {
				t.Errorf("gave way after %s: %q", l.EndedAt.Sub(l.RequestedAt), l.Note)
			}
		}
	})
	bubble(t, func(t *testing.T, r *rig) {
		c := base
		c.blind = true
		ends, longest := c.hold(t, r)
		if bad := c.judge(r, ends, longest); len(bad) == 0 || longest < 48*hour {
			t.Errorf("control: cut off for %s, %v; the test above proves nothing", longest, bad)
		}
	})
}

// TestF54_LosingOrderOfADeadConsole: the second console died with its order queued. The first one takes that order out of the way of its
// release.
func TestF54_LosingOrderOfADeadConsole(t *testing.T) {
	for _, crossing := range []bool{true, false} {
		bubble(t, func(t *testing.T, r *rig) {
			r.mde.twins, r.mde.crossing, r.mde.takes = true, crossing, time.Minute
			p := r.run()
			l := r.isolate(hour)
			r.until(l.ID, soc.PhasePending, time.Minute)
			r.mde.with(func() {
				a := r.mde.add(soc.ActionIsolate, "m1", "app", "cordon/1 id=LK-DEAD0000 token=LK-DEAD0000.1 verb=isolate period=2h0m0s by=bob via=ssh", 0)
				a.stuck, a.visible = true, time.Now()
			})
			l = r.until(l.ID, soc.PhaseReleased, 2*hour)
			time.Sleep(hour)
			p.kill()
			if late := l.EndedAt.Sub(l.Deadline); r.mde.isolated("m1") || late > time.Minute {
				t.Errorf("crossing %v: isolated %v, freed %s late", crossing, r.mde.isolated("m1"), late)
			}
		})
	}
}

// TestF54_Interleavings mixes two consoles at random: how far apart, how long everything takes, what the tenant does with a second order,
// lost answers and a restart.
func TestF54_Interleavings(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		bubble(t, func(t *testing.T, r *rig) {
			d := rand.New(rand.NewPCG(seed, 54))
			c := meeting{
				lag: time.Duration(d.IntN(181)) * time.Second, takes: time.Duration(1+d.IntN(120)) * time.Second, apart: time.Duration(d.IntN(30000)) * time.Millisecond,
				twins: d.IntN(3) > 0, crossing: d.IntN(2) > 0, lost: d.IntN(4) == 0, periods: [2]time.Duration{time.Duration(1+d.IntN(3)) * hour, time.Duration(1+d.IntN(3)) * hour},
			}
			if d.IntN(3) == 0 {
				c.crash = time.Duration(d.IntN(300)) * time.Second
			}
			ends, longest := c.hold(t, r)
			for _, what := range c.judge(r, ends, longest) {
				t.Errorf("seed %d %+v: %s", seed, c, what)
			}
		})
	}
}
