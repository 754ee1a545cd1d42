package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"cordon/client/lockdown"
	"cordon/store"
	"cordon/store/soc"
)

// D5: how long after its deadline the release of a host is sent, on the real store with the real loop, in real time. The tenant is in memory
// and answers at once. The burst takes a budget of Defender's size: 80 releases in a window. In the long form the window is a real minute; in the
// short form it is three seconds, and the line says so.

const (
	lateP50, lateP99, lateMax = 500 * time.Millisecond, 2 * time.Second, 5 * time.Second
	burstOf                   = 500
	burstPerWindow            = 80
)

// quickTenant isolates nothing and remembers when a release was sent.
type quickTenant struct {
	mu     sync.Mutex
	hosts  []string
	sent   map[string]time.Time
	window []time.Time
	limit  int           // releases in a window; 0 = as many as come
	span   time.Duration // of a window
}

func (q *quickTenant) Remote(soc.IntegrationID) (lockdown.Remote, error) { return q, nil }

// room is how long until the budget has a place.
func (q *quickTenant) room(soc.IntegrationID) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit == 0 || len(q.window) < q.limit {
		return 0
	}
	return max(0, time.Until(q.window[len(q.window)-q.limit].Add(q.span)))
}

func (q *quickTenant) Unisolate(_ context.Context, machine, comment string) (soc.MachineAction, error) {
	if wait := q.room(""); wait > 0 {
		return soc.MachineAction{}, &soc.Error{Kind: soc.KindThrottled, Code: "throttled", After: wait}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.sent[machine], q.window = now, append(q.window, now)
	return q.action(machine, soc.ActionUnisolate, now, comment), nil
}

// action is a machine action that has succeeded; its id follows from the machine.
func (q *quickTenant) action(machine string, t soc.ActionType, at time.Time, comment string) soc.MachineAction {
	kind := 1
	if t == soc.ActionUnisolate {
		kind = 2
	}
	return soc.MachineAction{
		ID: fmt.Sprintf("0000000%d-0000-4000-8000-%s", kind, machine), Type: t, Status: soc.ActionSucceeded, MachineID: machine, Created: at,
		Updated: at, Comment: comment,
	}
}

func (q *quickTenant) HostActions(_ context.Context, machine string) ([]soc.MachineAction, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := []soc.MachineAction{q.action(machine, soc.ActionIsolate, time.Now().Add(-24*time.Hour), "")}
	if at, ok := q.sent[machine]; ok {
		list = append(list, q.action(machine, soc.ActionUnisolate, at, ""))
	}
	return list, nil
}

func (q *quickTenant) IsolationActions(ctx context.Context, _ time.Time) ([]soc.MachineAction, error) {
	q.mu.Lock()
	hosts := slices.Clone(q.hosts)
	q.mu.Unlock()
	var all []soc.MachineAction
	for _, machine := range hosts {
		list, err := q.HostActions(ctx, machine)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func (q *quickTenant) Action(context.Context, string) (soc.MachineAction, error) {
	return soc.MachineAction{}, soc.ErrNotFound
}

func (q *quickTenant) Machine(context.Context, string) (soc.Host, error) {
	return soc.Host{}, soc.ErrNotFound
}

func (q *quickTenant) Isolate(context.Context, string, soc.IsolationType, string) (soc.MachineAction, error) {
	return soc.MachineAction{}, soc.ErrUnavailable
}

func (q *quickTenant) CancelAction(context.Context, string, string) (soc.MachineAction, error) {
	return soc.MachineAction{}, soc.ErrUnavailable
}

// lateRun releases what has these deadlines and returns how late each was sent, sorted; what was not sent within limit counts as limit. The
// timers start at from: before the first deadline, or after all of them.
func lateRun(ctx context.Context, q *quickTenant, deadlines []time.Time, from time.Time, limit time.Duration) ([]time.Duration, error) {
	dir, err := os.MkdirTemp("", "cordon-late-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	st, err := store.Open(ctx, filepath.Join(dir, "cordon.db"), store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = st.Close() }()
	for i, d := range deadlines {
		q.hosts = append(q.hosts, machineN(i))
		if _, err := st.SaveLockdown(ctx, isolated(q, i, d)); err != nil {
			return nil, err
		}
	}
	wait(ctx, time.Until(from))
	loop, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = lockdown.NewReconciler(lockdown.Options{
			Store: st, Remotes: q, Room: q.room, Guard: lockdown.NewGuard(lockdown.GuardOptions{Clocks: lockdown.SystemClocks()}),
		}).Run(loop)
	}()
	last := slices.MaxFunc(append(slices.Clone(deadlines), from), time.Time.Compare)
	for end := last.Add(limit); time.Now().Before(end) && q.count() < len(deadlines) && ctx.Err() == nil; {
		wait(ctx, 20*time.Millisecond)
	}
	stop()
	<-done
	return q.lateness(deadlines, limit), ctx.Err()
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(max(0, d))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (q *quickTenant) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.sent)
}

func (q *quickTenant) lateness(deadlines []time.Time, missing time.Duration) []time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []time.Duration
	for i, d := range deadlines {
		if at, ok := q.sent[machineN(i)]; ok {
			all = append(all, at.Sub(d))
		} else {
			all = append(all, missing)
		}
	}
	slices.SortFunc(all, func(a, b time.Duration) int { return cmp.Compare(a, b) })
	return all
}

func machineN(i int) string { return fmt.Sprintf("%012d", i) }

// isolated is the record of a host that is isolated until the deadline.
func isolated(q *quickTenant, i int, deadline time.Time) soc.Lockdown {
	id := soc.LockdownID(fmt.Sprintf("LK-%08d", i))
	start := deadline.Add(-time.Hour)
	a := q.action(machineN(i), soc.ActionIsolate, start, "")
	return soc.Lockdown{
		ID: id, Key: soc.HostKey{Integration: "t1", MachineID: machineN(i)}, HostName: machineN(i), By: soc.Actor{Name: "alice"}, Mode: soc.ModeManual,
		Type: soc.IsolationFull, Period: time.Hour, Phase: soc.PhaseIsolated, RequestedAt: start, AcceptedAt: start, EnforcedAt: start,
		Deadline: deadline, Wake: deadline, ActionID: a.ID,
		Attempts: []soc.Attempt{{N: 1, Verb: soc.VerbIsolate, Token: soc.AttemptToken(id, 1), SentAt: start, ActionID: a.ID, Outcome: soc.OutcomeAccepted}},
	}
}

func latenessFigure(ctx context.Context, o options) ([]line, error) {
	hosts, over, crowd, span := 40, 4*time.Second, 120, 3*time.Second
	if o.long {
		hosts, over, crowd, span = 600, time.Minute, burstOf, time.Minute
	}
	now := time.Now()
	spread := make([]time.Time, hosts)
	for i := range spread {
		spread[i] = now.Add(2*time.Second + over*time.Duration(i)/time.Duration(hosts))
	}
	calm, err := lateRun(ctx, newQuick(0, 0), spread, now, 10*time.Second)
	if err != nil {
		return nil, err
	}
	past := slices.Repeat([]time.Time{time.Now().Add(time.Second)}, 20)
	restart, err := lateRun(ctx, newQuick(0, 0), past, past[0].Add(time.Second), 10*time.Second)
	if err != nil {
		return nil, err
	}
	together := slices.Repeat([]time.Time{time.Now().Add(time.Second + time.Duration(crowd)*20*time.Millisecond)}, crowd)
	within := span * time.Duration((crowd+burstPerWindow-1)/burstPerWindow)
	burst, err := lateRun(ctx, newQuick(burstPerWindow, span), together, time.Now(), within+30*time.Second)
	if err != nil {
		return nil, err
	}
	dead := newQuick(0, 0).lateness(together, time.Hour) // control: timers that do not run
	return []line{
		judgeLate("releases sent later than p50 0.5 s, p99 2 s, max 5 s", calm, func(all []time.Duration) int {
			return truths(rank(all, 50) > lateP50, rank(all, 99) > lateP99, rank(all, 100) > lateMax)
		}, dead),
		judgeLate("overdue at the start: sent later than 5 s after it", restart, func(all []time.Duration) int {
			return truths(rank(all, 100) > lateMax+time.Second)
		}, dead),
		judgeLate(fmt.Sprintf("burst of %d at %d in %s: last later than %s", crowd, burstPerWindow, span, within), burst, func(all []time.Duration) int {
			return truths(rank(all, 100) > within)
		}, dead),
	}, nil
}

func newQuick(limit int, span time.Duration) *quickTenant {
	return &quickTenant{sent: map[string]time.Time{}, limit: limit, span: span}
}

// judgeLate makes the line of a run; the control is the same judgement of timers that do not run. Early is always bad.
func judgeLate(what string, all []time.Duration, bad func([]time.Duration) int, dead []time.Duration) line {
	early := 0
	for _, d := range all {
		if d < 0 {
			early++
		}
	}
	caught := bad(dead) > 0
	return line{
		what: what, n: len(all), bad: bad(all) + early, caught: caught, control: fmt.Sprintf("timers that stand still found: %v", caught),
		note: fmt.Sprintf("p50 %s p99 %s max %s", ms(rank(all, 50)), ms(rank(all, 99)), ms(rank(all, 100))),
	}
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// rank is a percentile.
func rank(all []time.Duration, percent int) time.Duration {
	return all[min(len(all)-1, len(all)*percent/100)]
}

func truths(bad ...bool) (n int) {
	for _, b := range bad {
		if b {
			n++
		}
	}
	return n
}
