package client

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/store/soc"
)

// Priority orders the calls that wait for the shared budget.
type Priority int

// The priorities, most urgent first.
const (
	PriorityRelease Priority = iota
	PriorityIsolate
	PriorityFollowUp // of open actions
	PriorityRead
	priorities
)

// The shares of a window, in percent. Reads and follow-ups leave a fifth to the next action; actions leave a fifth to reads, because a release
// that nobody looked before, or whose end nobody sees, is worth little. Isolations leave something to releases.
const (
	readShare    = 80
	releaseShare = 80
	isolateShare = 75
	apart        = 20 // of reads for themselves, of actions for themselves
)

func (p Priority) action() bool { return p == PriorityRelease || p == PriorityIsolate }

// Quota is a budget of calls per sliding window.
type Quota struct {
	Minute, Hour int
}

// DefaultQuota is the documented budget of one application in one tenant. Defender counts each API by itself; we plan as if they shared.
func DefaultQuota() Quota { return Quota{Minute: 100, Hour: 1500} }

// Usage is how much of the budget is used.
type Usage struct {
	MinuteUsed, MinuteLimit int
	HourUsed, HourLimit     int
}

// patience is how long a call waits for its turn before the caller is told to come back later. A blocked goroutine can not show a
// countdown; an error with a time can.
const patience = 10 * time.Second

// Limits is the registry of limiters: one per application and tenant, whoever asks (D-04). The owner of the process makes one and gives
// it to every client.
type Limits struct {
	quota Quota
	mu    sync.Mutex
	all   map[string]*Limiter
}

// NewLimits makes an empty registry.
func NewLimits(q Quota) *Limits { return &Limits{quota: q, all: map[string]*Limiter{}} }

// For returns the limiter of an application in a tenant.
func (l *Limits) For(app, tenant string) *Limiter {
	key := strings.ToLower(app) + "\x00" + strings.ToLower(tenant)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all[key] == nil {
		l.all[key] = newLimiter(l.quota)
	}
	return l.all[key]
}

// Limiter hands out the calls of one application and tenant. It counts by this process's steady clock: the server's windows do not care
// what our wall clock says.
type Limiter struct {
	mu      sync.Mutex
	shared  window
	special map[string]*window // APIs with a smaller quota of their own
	paused  map[string]time.Time
	waiting [priorities][]*waiter
	timer   *time.Timer
}

type waiter struct {
	api  string
	turn chan struct{}
}

func newLimiter(q Quota) *Limiter {
	return &Limiter{
		shared: window{quota: q},
		special: map[string]*window{
			apiBatchUpdate:     {quota: Quota{Minute: 10, Hour: 500}},
			apiIndicatorImport: {quota: Quota{Minute: 30}},
			apiReference:       {quota: Quota{Minute: 15}},
		},
		paused: map[string]time.Time{},
	}
}

// Wait returns when the call may be sent, and counts it. It returns KindThrottled with the time to come back when the API is paused after
// a 429, or when the turn would not come soon; KindUnavailable when ctx ends first. In both cases nothing was sent.
func (l *Limiter) Wait(ctx context.Context, api string, p Priority) error {
	l.mu.Lock()
	now := time.Now()
	if left := l.paused[api].Sub(now); left > 0 {
		l.mu.Unlock()
		return throttled(left, "Defender asked for a pause of these calls")
	}
	if wait := l.delay(now, api, p); wait > patience {
		l.mu.Unlock()
		return throttled(wait, "the call budget of this application is used up")
	}
	w := &waiter{api: api, turn: make(chan struct{})}
	l.waiting[p] = append(l.waiting[p], w)
	l.dispatch(now)
	l.mu.Unlock()

	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		if l.leave(w, p) {
			return notSent("the call waited for its turn and was given up", ctx.Err())
		}
	case <-late.C:
		if l.leave(w, p) {
			return throttled(time.Second, "more urgent calls go first")
		}
	}
	return nil // the turn came at the same moment, and is counted
}

// Pause stops the calls of an API after a 429.
func (l *Limiter) Pause(api string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.paused[api]) {
		l.paused[api] = until
	}
}

// Usage returns the use of the shared budget.
func (l *Limiter) Usage() Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	minute, hour := l.shared.used(time.Now())
	return Usage{MinuteUsed: minute, MinuteLimit: l.shared.quota.Minute, HourUsed: hour, HourLimit: l.shared.quota.Hour}
}

// leave takes a waiter out of the queue; false means its turn had come.
func (l *Limiter) leave(w *waiter, p Priority) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting[p], w)
	if i < 0 {
		return false
	}
	l.waiting[p] = slices.Delete(l.waiting[p], i, i+1)
	return true
}

// dispatch lets everybody go whose turn it is, the most urgent first, and sets the clock for the next. It runs under mu.
func (l *Limiter) dispatch(now time.Time) {
	next := time.Duration(-1)
	for p := range l.waiting {
		kept := l.waiting[p][:0]
		for _, w := range l.waiting[p] {
			d := l.delay(now, w.api, Priority(p))
			if d <= 0 {
				l.take(now, w.api, Priority(p))
				close(w.turn)
				continue
			}
			kept = append(kept, w)
			if next < 0 || d < next {
				next = d
			}
		}
		clear(l.waiting[p][len(kept):])
		l.waiting[p] = kept
	}
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if next >= 0 {
		l.timer = time.AfterFunc(next, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.dispatch(time.Now())
		})
	}
}

// delay is how long until a call of the priority may go.
func (l *Limiter) delay(now time.Time, api string, p Priority) time.Duration {
	d := l.shared.delay(now, p)
	if s := l.special[api]; s != nil {
		d = max(d, s.all.delay(now, s.quota, 100))
	}
	return d
}

// Room is how long until a release could be sent; zero when one can be sent now.
func (l *Limiter) Room() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, l.shared.delay(time.Now(), PriorityRelease))
}

func (l *Limiter) take(now time.Time, api string, p Priority) {
	l.shared.take(now, p)
	if s := l.special[api]; s != nil {
		s.take(now, p)
	}
}

// window remembers the calls of the last hour.
type window struct {
	quota               Quota
	all, actions, reads lane
}

func (w *window) take(now time.Time, p Priority) {
	w.all = append(w.all, now)
	if p.action() {
		w.actions = append(w.actions, now)
	} else {
		w.reads = append(w.reads, now)
	}
}

// used counts the calls of the last minute and of the last hour.
func (w *window) used(now time.Time) (minute, hour int) { return w.all.used(now) }

// delay is the time until a call of the priority has room in the minute and in the hour.
func (w *window) delay(now time.Time, p Priority) time.Duration {
	return max(w.within(now, p, Quota{Minute: w.quota.Minute}), w.within(now, p, Quota{Hour: w.quota.Hour}))
}

func (w *window) within(now time.Time, p Priority, q Quota) time.Duration {
	switch p {
	case PriorityRelease:
		return max(w.all.delay(now, q, 100), w.actions.delay(now, q, releaseShare))
	case PriorityIsolate:
		return max(w.all.delay(now, q, isolateShare+apart), w.actions.delay(now, q, isolateShare))
	}
	return min(w.all.delay(now, q, readShare), max(w.all.delay(now, q, 100), w.reads.delay(now, q, apart)))
}

// lane is calls of the last hour, oldest first.
type lane []time.Time

// used counts the calls of the last minute and of the last hour, and forgets older ones.
func (l *lane) used(now time.Time) (minute, hour int) {
	*l = slices.Delete(*l, 0, l.after(now.Add(-time.Hour)))
	return len(*l) - l.after(now.Add(-time.Minute)), len(*l)
}

// after is the index of the first call that is younger than t.
func (l *lane) after(t time.Time) int {
	i, _ := slices.BinarySearchFunc(*l, t, func(call, t time.Time) int {
		if call.After(t) {
			return 1
		}
		return -1
	})
	return i
}

// delay is the time until percent of the quota has room again; a quota of zero counts nothing.
func (l *lane) delay(now time.Time, q Quota, percent int) time.Duration {
	minute, hour := l.used(now)
	var d time.Duration
	if room := max(1, q.Minute*percent/100); q.Minute > 0 && minute >= room {
		d = (*l)[len(*l)-room].Add(time.Minute).Sub(now)
	}
	if room := max(1, q.Hour*percent/100); q.Hour > 0 && hour >= room {
		d = max(d, (*l)[len(*l)-room].Add(time.Hour).Sub(now))
	}
	return d
}

func throttled(after time.Duration, why string) error {
	return &soc.Error{
		Kind: soc.KindThrottled, Code: "throttled", After: after, What: why,
		Means: "nothing was sent", Next: "next try in " + seconds(after),
	}
}
