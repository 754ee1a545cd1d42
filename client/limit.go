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

// share is the part of a window, in percent, that a priority may fill. Reads and follow-ups leave a fifth to actions, isolations leave
// something to releases, which may use it all.
func (p Priority) share() int {
	switch p {
	case PriorityRelease:
		return 100
	case PriorityIsolate:
		return 95
	}
	return 80
}

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
		shared:  window{quota: q},
		special: map[string]*window{apiBatchUpdate: {quota: Quota{Minute: 10, Hour: 500}}},
		paused:  map[string]time.Time{},
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
				l.take(now, w.api)
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
	d := l.shared.delay(now, p.share())
	if s := l.special[api]; s != nil {
		d = max(d, s.delay(now, 100))
	}
	return d
}

func (l *Limiter) take(now time.Time, api string) {
	l.shared.take(now)
	if s := l.special[api]; s != nil {
		s.take(now)
	}
}

// window remembers the calls of the last hour, oldest first.
type window struct {
	quota Quota
	calls []time.Time
}

func (w *window) take(now time.Time) {
	w.calls = append(w.calls, now)
}

// used counts the calls of the last minute and of the last hour, and forgets older ones.
func (w *window) used(now time.Time) (minute, hour int) {
	old := w.after(now.Add(-time.Hour))
	w.calls = slices.Delete(w.calls, 0, old)
	return len(w.calls) - w.after(now.Add(-time.Minute)), len(w.calls)
}

// after is the index of the first call that is younger than t.
func (w *window) after(t time.Time) int {
	i, _ := slices.BinarySearchFunc(w.calls, t, func(call, t time.Time) int {
		if call.After(t) {
			return 1
		}
		return -1
	})
	return i
}

// delay is the time until percent of both windows has room again.
func (w *window) delay(now time.Time, percent int) time.Duration {
	minute, hour := w.used(now)
	var d time.Duration
	if room := max(1, w.quota.Minute*percent/100); minute >= room {
		d = w.calls[len(w.calls)-room].Add(time.Minute).Sub(now)
	}
	if room := max(1, w.quota.Hour*percent/100); hour >= room {
		d = max(d, w.calls[len(w.calls)-room].Add(time.Hour).Sub(now))
	}
	return d
}

func throttled(after time.Duration, why string) error {
	return &soc.Error{
		Kind: soc.KindThrottled, Code: "throttled", After: after, What: why,
		Means: "nothing was sent", Next: "next try in " + seconds(after),
	}
}
