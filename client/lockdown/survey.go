package lockdown

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc"
)

const (
	surveyBack  = 4 * 24 * time.Hour // Defender gives an order up after three days; nothing older can still move
	surveySkew  = time.Hour          // Defender stamps its orders by a clock of its own
	surveyAgain = 2 * time.Second    // after one that failed; less than the wait of a record whose look failed, so that no failure counts twice
)

// survey is what is known about the fleet reads of one tenant. While a burst of releases is due, one read of all isolations serves every host
// instead of one look each, and the budget goes into the releases (F63). It is an own look all the same: no release leaves on a list that was
// read before others isolated the host again (I6, K-05). The poller's view is no substitute, it may be older.
type survey struct {
	turn         chan struct{} // held by whoever reads
	began, ended time.Time     // of the last read that worked
	back         time.Time     // how far back the reads go: to the oldest record that asked
	failed       time.Time     // when the last read failed; zero = it worked
	err          error
}

func (r *Reconciler) surveyOf(id soc.IntegrationID) *survey {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.surveys[id] == nil {
		r.surveys[id] = &survey{turn: make(chan struct{}, 1)}
	}
	return r.surveys[id]
}

// survey looks at the host by way of a read of the whole fleet that is young enough, and makes one if there is none; who comes meanwhile waits
// for it. ok is false when the tenant or the store can not serve a fleet; then the host has to be read by itself.
func (h *handling) survey(ctx context.Context) (seen soc.Seen, ok bool, err error) {
	remote, err := h.r.o.Remotes.Remote(h.l.Key.Integration)
	if err != nil {
		return soc.Seen{}, true, err
	}
	fleet, ok := remote.(Fleet)
	if !ok {
		return soc.Seen{}, false, nil
	}
	s, asked := h.r.surveyOf(h.l.Key.Integration), h.now()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return soc.Seen{}, true, ctx.Err()
	}
	switch now := h.now(); {
	case s.serves(h.l, asked, now):
	case within(s.failed, now, surveyAgain):
		return soc.Seen{}, true, s.err
	default:
		if err := h.readFleet(ctx, fleet, s); err != nil {
			return soc.Seen{}, true, err
		}
	}
	seen, ok = h.shared(ctx, s.began)
	if seen.TriedAt.Before(s.ended) {
		seen.TriedAt = s.ended
	}
	return seen, ok, nil
}

// serves reports whether the last read is young enough for l, or came in while l waited for it, and goes back as far as l does.
func (s *survey) serves(l soc.Lockdown, asked, now time.Time) bool {
	if s.began.IsZero() || !s.failed.IsZero() || l.RequestedAt.Add(-surveySkew).Before(s.back) {
		return false
	}
	return within(s.began, now, soc.FreshFor) || (s.ended.After(asked) && within(s.ended, now, soc.FreshFor))
}

// within reports that t is at most d ago, and not ahead of a clock that was set back.
func within(t, now time.Time, d time.Duration) bool {
	return !t.IsZero() && !t.After(now) && now.Sub(t) < d
}

// readFleet reads the isolations of all hosts into the store's view. A store that does not take them is no failed look.
func (h *handling) readFleet(ctx context.Context, fleet Fleet, s *survey) error {
	began := h.now()
	for _, t := range []time.Time{began.Add(-surveyBack), h.l.RequestedAt.Add(-surveySkew)} {
		if s.back.IsZero() || t.Before(s.back) {
			s.back = t
		}
	}
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	list, err := fleet.IsolationActions(limited, s.back)
	s.err, s.failed = err, time.Time{}
	if err != nil {
		s.failed = h.now()
		return fmt.Errorf("reading the fleet's actions: %w", err)
	}
	s.began, s.ended = began, h.now()
	if err := h.r.o.Store.PutActions(ctx, h.l.Key.Integration, list, began); err != nil {
		h.r.o.Log.Warn("the fleet's actions could not be stored", "integration", h.l.Key.Integration, "err", err)
	}
	return nil
}
