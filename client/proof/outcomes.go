package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// outcomes is figure D3: lifetimes in which the answers to orders are lost, in every way in which that happens, before and after their effect,
// while Defender's list lags by up to three minutes, with one console or two. The real service and the real reconciler work on stores in
// memory and on a tenant that knows the truth; all share one clock and one goroutine, so that a seed repeats itself exactly.
//
// A lifetime is bad if Defender carried out two isolates for one lockdown, more than one release too many, a release before the deadline, or
// if the host is isolated at the end. The control shortens the memory of the reconciler: an order without an answer is taken as not created
// at the next look, as tools do that simply send again.
func outcomes(ctx context.Context, o options) ([]line, error) {
	n := 900
	if o.long {
		n = 25000
	}
	began := time.Now()
	res := manyOutcomes(ctx, o.seed, n, false)
	ctl := manyOutcomes(ctx, o.seed, min(n, 450), true)
	l := line{
		what: "lifetimes with lost answers: duplicate isolates, early or double releases", n: res.n, want: 20000, bad: res.bad,
		control: fmt.Sprintf("without the settle window %d duplicate isolates in %d", ctl.isolates, ctl.n), caught: ctl.isolates > 0,
		note: fmt.Sprintf("%d answers lost, %d duplicate isolates, %d second releases (harmless), %d in two consoles, %.0f/s", res.lost, res.isolates,
			res.releases, res.pairs, float64(res.n+ctl.n)/time.Since(began).Seconds()),
		examples: res.examples,
	}
	return []line{l}, ctx.Err()
}

// lostTally sums lifetimes up.
type lostTally struct {
	n, bad, lost, isolates, releases, pairs int
	examples                                []string
}

func manyOutcomes(ctx context.Context, seed uint64, n int, hasty bool) (sum lostTally) {
	for i := 0; i < n && ctx.Err() == nil; i++ {
		life := newLife(seed, uint64(i), hasty)
		bad := life.run(ctx)
		if life.lost == 0 { // only lifetimes with a lost answer count
			continue
		}
		sum.n++
		sum.lost += life.lost
		sum.isolates += life.twice("isolate")
		sum.releases += life.twice("release")
		if len(life.consoles) > 1 {
			sum.pairs++
		}
		if len(bad) > 0 {
			sum.bad++
			if len(sum.examples) < 5 {
				sum.examples = append(sum.examples, fmt.Sprintf("life %d: %s", i, strings.Join(bad, "; ")))
			}
		}
	}
	return sum
}

// life is one host's lifetime.
type life struct {
	d        *rand.Rand
	now      time.Time
	mde      *truth
	consoles []*desk
	lost     int
	loss     float64 // how often an answer is lost
}

// desk is one console: a store, the one door and the reconciler.
type desk struct {
	store *shelf
	rec   *lockdown.Reconciler
	id    soc.LockdownID
	at    time.Time // when the reconciler wants to be called
}

func newLife(seed, n uint64, hasty bool) *life {
	w := &life{d: rand.New(rand.NewPCG(seed, n)), now: time.Date(2026, 2, 3, 10, 0, 0, 0, time.UTC)}
	w.loss = 0.3 + 0.5*w.d.Float64()
	w.mde = &truth{
		w: w, lag: w.upTo(180 * time.Second), takes: time.Second + w.upTo(2*time.Minute), freeing: time.Second + w.upTo(time.Minute),
		second: w.d.IntN(3), crossing: w.d.IntN(2) == 0,
	}
	count := 1 + w.d.IntN(2)
	for i := range count {
		s := newShelf(w, hasty)
		o := lockdown.Options{Store: s, Remotes: w.mde, Now: func() time.Time { return w.now }}
		svc := lockdown.NewService(o)
		who := soc.Session{Actor: soc.Actor{Name: fmt.Sprintf("analyst%d", i), Via: "tty"}, Rights: soc.RoleRights("admin")}
		period := time.Duration(1+w.d.IntN(2)) * time.Hour
		l, err := svc.Isolate(context.Background(), who, soc.IsolateRequest{Host: lifeHost(), Period: period, Reason: "proof"})
		if err != nil {
			panic(err)
		}
		w.consoles = append(w.consoles, &desk{store: s, rec: lockdown.NewReconciler(o), id: l.ID, at: w.now.Add(time.Duration(i) * w.upTo(20*time.Second))})
	}
	return w
}

func lifeHost() soc.HostKey { return soc.HostKey{Integration: "t1", MachineID: "aa01"} }

func (w *life) upTo(d time.Duration) time.Duration { return time.Duration(w.d.Int64N(int64(d))) }

// run lives until every lockdown has been over for two hours, and lists what was wrong.
func (w *life) run(ctx context.Context) (bad []string) {
	end := w.now.Add(24 * time.Hour)
	over := time.Time{}
	for w.now.Before(end) && ctx.Err() == nil {
		next := slices.MinFunc(w.consoles, func(a, b *desk) int { return a.at.Compare(b.at) })
		w.now = later(w.now, next.at)
		w.mde.advance()
		at, err := next.rec.Drive(ctx, next.id)
		if err != nil {
			return append(bad, err.Error())
		}
		next.at = at
		if at.IsZero() {
			next.at = end
		}
		next.at = later(next.at, w.now.Add(time.Second))
		if !w.finished() {
			over = time.Time{}
		} else if over.IsZero() {
			over = w.now
		}
		if !over.IsZero() && w.now.Sub(over) > 2*time.Hour {
			break
		}
	}
	w.mde.advance()
	return w.verdict()
}

func (w *life) finished() bool {
	for _, d := range w.consoles {
		if !d.store.get(d.id).Phase.Final() {
			return false
		}
	}
	return true
}

// verdict compares the records with the truth.
func (w *life) verdict() (bad []string) {
	if w.mde.held() {
		bad = append(bad, "the host is still isolated")
	}
	if n := w.twice("isolate"); n > 0 {
		bad = append(bad, fmt.Sprintf("%d isolates too many", n))
	}
	for _, d := range w.consoles {
		l := d.store.get(d.id)
		if n := w.mde.orders(d.id, "release"); n > 2 {
			bad = append(bad, fmt.Sprintf("%d releases", n))
		}
		if !l.Phase.Final() {
			bad = append(bad, fmt.Sprintf("still %s: %s", l.Phase, l.Trouble))
		}
		if at := w.mde.firstRelease(d.id); l.Phase == soc.PhaseReleased && at.Before(l.Deadline) {
			bad = append(bad, fmt.Sprintf("released %s early", l.Deadline.Sub(at)))
		}
		bad = append(bad, d.store.broken...)
	}
	return bad
}

// twice counts the orders of a kind that took effect beyond the first of each lockdown.
func (w *life) twice(verb string) (n int) {
	for _, d := range w.consoles {
		n += max(0, w.mde.orders(d.id, verb)-1)
	}
	return n
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
