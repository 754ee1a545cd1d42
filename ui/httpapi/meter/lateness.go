package meter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cordon/store/soc"
)

// lateness follows the history and notes how late each release was that the timer ordered: from the end of the lockdown until the first
// release order was sent.
type lateness struct {
	store     Store
	histogram prometheus.Histogram

	mu  sync.Mutex
	seq uint64 // last entry that was looked at
}

const historyBatch = 500

func newLateness(ctx context.Context, st Store) (*lateness, error) {
	page, err := st.Audit(ctx, soc.AuditQuery{Count: 1})
	if err != nil {
		return nil, err
	}
	l := &lateness{store: st, histogram: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "cordon_release_lateness_seconds", Help: "From the end of a lockdown until its release was sent; of confirmed releases by the timer.",
		Buckets: []float64{.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600},
	})}
	if len(page.Entries) > 0 {
		l.seq = page.Entries[0].Seq
	}
	return l, nil
}

// follow looks at what happened since the last time.
func (l *lateness) follow(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		entries, err := l.store.AuditAfter(ctx, l.seq, historyBatch)
		if err != nil {
			return fmt.Errorf("reading the history: %w", err)
		}
		for _, e := range entries {
			if err := l.look(ctx, e); err != nil {
				return err
			}
			l.seq = e.Seq
		}
		if len(entries) < historyBatch {
			return nil
		}
	}
}

func (l *lateness) look(ctx context.Context, e soc.AuditEntry) error {
	if e.Action != "confirm-release" || e.Result != soc.ResultOK || e.Lockdown == "" {
		return nil
	}
	lock, err := l.store.Lockdown(ctx, e.Lockdown)
	if errors.Is(err, soc.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading lockdown %s: %w", e.Lockdown, err)
	}
	if late, ok := lateBy(lock); ok {
		l.histogram.Observe(max(late, 0).Seconds())
	}
	return nil
}

// lateBy is how late the first release order of the timer was sent.
func lateBy(l soc.Lockdown) (time.Duration, bool) {
	if l.ReleaseCause != soc.CauseTimer || l.Deadline.IsZero() {
		return 0, false
	}
	for _, a := range l.Attempts {
		if a.Verb == soc.VerbRelease {
			return a.SentAt.Sub(l.Deadline), true
		}
	}
	return 0, false
}

// overdue is how late the latest release is that is still owed, 0 if none is.
func overdue(open []soc.Lockdown, now time.Time) (worst time.Duration) {
	for _, l := range open {
		if !l.Phase.Final() && !l.Deadline.IsZero() {
			worst = max(worst, now.Sub(l.Deadline))
		}
	}
	return worst
}
