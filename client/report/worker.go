package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"cordon/store/soc"
)

const (
	// settle is how long after an order without an answer its effect may still appear in Defender's lists.
	settle = 200 * time.Second
	// again is when a device that Defender does not know is looked for again, if the inventory does not show it before.
	again = time.Hour
	// glance is how often at most the local inventory is searched for devices that were not found.
	glance = time.Minute
	// idle is the longest sleep of the loop.
	idle     = time.Hour
	firstTry = 30 * time.Second
	slowest  = time.Hour
)

// backoff is the pause after the nth failure in a row: 30 s, doubled up to an hour, a quarter of it left to chance.
func backoff(n int) time.Duration {
	d := min(firstTry<<min(max(n-1, 0), 10), slowest)
	return d - rand.N(d/4+1)
}

// Run tells Defender what waits until ctx ends. An error is one of the store; the caller starts it again.
func (s *Service) Run(ctx context.Context) error {
	watch := s.o.Store.Watch()
	defer watch.Close()
	glanced := time.Time{}
	for {
		next, err := s.pass(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for woke := soc.Topic(0); ; {
			if woke, err = wait(ctx, watch, next.Sub(s.o.Now())); err != nil {
				return nil
			}
			if woke.Has(soc.TopicSettings) {
				s.unhold()
			}
			if woke == 0 || woke.Has(soc.TopicReports|soc.TopicSettings) {
				break
			}
			if now := s.o.Now(); woke.Has(soc.TopicHosts) && now.Sub(glanced) >= glance {
				glanced = now
				if found, err := s.found(ctx); err != nil || found {
					break
				}
			}
		}
	}
}

// wait sleeps for d or until something changed; the topics are 0 after a full sleep.
func wait(ctx context.Context, watch *soc.Watcher, d time.Duration) (soc.Topic, error) {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-t.C:
		return 0, nil
	case <-watch.C():
		return watch.Take(), nil
	}
}

// Once does everything that is due now and returns when it is done: for commands that end.
func (s *Service) Once(ctx context.Context) error {
	_, err := s.pass(ctx)
	return err
}

// pass handles what is due, oldest first, and says when there is something to do next. A record that the store can not read or write does not
// hold up those behind it.
func (s *Service) pass(ctx context.Context) (next time.Time, err error) {
	next = s.o.Now().Add(idle)
	list, err := s.o.Store.Threats(ctx, soc.ThreatQuery{States: unsent(), Count: 1 << 30})
	if err != nil {
		return next, fmt.Errorf("reading the reports that wait: %w", err)
	}
	var wrong error
	for _, t := range slices.Backward(list) {
		at, err := s.due(ctx, t)
		if ctx.Err() != nil {
			return next, ctx.Err()
		}
		wrong, next = cmp.Or(wrong, err), earlier(next, at)
	}
	at, err := s.passPushed(ctx)
	return earlier(next, at), errors.Join(wrong, err)
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// due handles one report if it is its time, and says when it is next; zero when it is done.
func (s *Service) due(ctx context.Context, t soc.Threat) (time.Time, error) {
	if now := s.o.Now(); t.NextTry.After(now) {
		return t.NextTry, nil
	}
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	id, err := s.tenantOf(ctx, t)
	if err != nil {
		_, err := s.stuck(ctx, t, err)
		return time.Time{}, err
	}
	if until := s.heldUntil(id); !until.IsZero() {
		return until, nil
	}
	tenant, err := s.reach(ctx, id)
	if err == nil {
		switch {
		case t.State == soc.ThreatResolving:
			t, err = s.follow(ctx, tenant, t)
		default:
			t, err = s.send(ctx, tenant, id, t)
		}
	}
	if err != nil {
		t, err = s.failed(ctx, id, t, err)
	}
	if !open(t) || !t.NextTry.After(s.o.Now()) { // what is due at once was saved just now, and that wakes the loop
		return time.Time{}, err
	}
	return t.NextTry, err
}

func open(t soc.Threat) bool { return slices.Contains(unsent(), t.State) }

// tenantOf is where a report goes: where it was sent already, or where its channel leads.
func (s *Service) tenantOf(ctx context.Context, t soc.Threat) (soc.IntegrationID, error) {
	if t.Host.Integration != "" && (t.AlertID != "" || !t.AskedAt.IsZero()) {
		return t.Host.Integration, nil
	}
	ch, err := s.way(ctx, t.Channel, soc.ChannelThreats)
	if err != nil {
		return "", err
	}
	if ch.Tenant == "" {
		return "", &soc.Error{Kind: soc.KindConflict, Code: "no-tenant", What: "the channel " + ch.Name + " leads to no tenant"}
	}
	return ch.Tenant, nil
}

// reach is the connection to a tenant that may be written to.
func (s *Service) reach(ctx context.Context, id soc.IntegrationID) (Tenant, error) {
	in, err := s.o.Store.Integration(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading the tenant: %w", err)
	}
	if in.ReadOnly {
		return nil, &soc.Error{Kind: soc.KindConflict, Code: "read-only", What: in.Name + " is read-only in cordon", Means: "nothing was sent to it"}
	}
	return s.o.Tenant(id)
}

// heldUntil is until when a tenant that did not answer is left alone; zero when it is not.
func (s *Service) heldUntil(id soc.IntegrationID) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := s.held[id]; until.After(s.o.Now()) {
		return until
	}
	return time.Time{}
}

// hold leaves a tenant alone for a while after a failure that the next order would meet as well.
func (s *Service) hold(id soc.IntegrationID, err error, until time.Time) {
	switch soc.KindOf(err) {
	case soc.KindUnavailable, soc.KindUnauthorized, soc.KindThrottled, soc.KindConflict:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held[id] = until
	}
}

// unhold tries every tenant again: the settings changed.
func (s *Service) unhold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.held)
}

// pause is how long to wait after a failure: as long as Defender says, long enough for a lost answer to show its effect, or by the back-off.
func pause(cause error, tries int) time.Duration {
	var e *soc.Error
	errors.As(cause, &e)
	switch soc.KindOf(cause) {
	case soc.KindThrottled:
		return max(e.After, time.Second)
	case soc.KindUnknownOutcome:
		return settle
	case soc.KindConflict:
		return idle // switched off: a change of the settings ends it earlier
	}
	return backoff(tries + 1)
}

// failed writes down what went wrong with a report and when it is tried again. The state stays what it was: the work is still owed.
func (s *Service) failed(ctx context.Context, id soc.IntegrationID, t soc.Threat, cause error) (soc.Threat, error) {
	if ctx.Err() != nil {
		return t, ctx.Err()
	}
	now := s.o.Now()
	wait := pause(cause, t.Tries)
	s.hold(id, cause, now.Add(wait))
	off := soc.KindOf(cause) == soc.KindConflict
	saved, err := s.change(ctx, t.Key, func(t *soc.Threat) []soc.AuditEntry {
		reason := soc.Clean(cause.Error())
		said := t.Reason == reason
		t.Reason = reason
		switch {
		case off && said:
			return nil
		case !off:
			t.Tries++
			t.NextTry = now.Add(wait)
		}
		if said || t.Tries > 1 {
			return []soc.AuditEntry{} // the first failure is history, the rest is noise
		}
		return []soc.AuditEntry{line(soc.Service("reports"), *t, "send-threat", soc.ResultFailed, reason)}
	})
	if off {
		saved.NextTry = now.Add(wait)
	}
	return saved, err
}

// stuck writes down why a report has nowhere to go. A channel that is gone for good ends it.
func (s *Service) stuck(ctx context.Context, t soc.Threat, cause error) (soc.Threat, error) {
	if ctx.Err() != nil {
		return t, ctx.Err()
	}
	if soc.KindOf(cause) == soc.KindInternal {
		return t, cause
	}
	return s.change(ctx, t.Key, func(t *soc.Threat) []soc.AuditEntry {
		reason := soc.Clean(cause.Error())
		if errors.Is(cause, soc.ErrNotFound) {
			t.State, reason = soc.ThreatFailed, "its channel was removed"
		}
		if t.Reason == reason {
			return nil
		}
		t.Reason = reason
		return []soc.AuditEntry{line(soc.Service("reports"), *t, "send-threat", soc.ResultFailed, reason)}
	})
}
