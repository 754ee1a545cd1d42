package connect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// Detach removes an integration with its credentials and cached data; lockdowns and audit history stay. With live lockdowns it is refused
// and lists them (P-15). releaseFirst orders their release and waits for it as long as ctx lasts; abandon ends the obligations and leaves
// the hosts as they are. Needs settings.edit; the lockdown service judges its own rights.
func (s *Service) Detach(ctx context.Context, by soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error {
	in, err := s.o.Store.Integration(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the integration: %w", err)
	}
	if err := s.allowed(ctx, by, in, "detach"); err != nil {
		return err
	}
	live, err := s.live(ctx, id)
	if err != nil {
		return err
	}
	how, locked := "no live lockdowns", s.o.Locked()
	switch {
	case len(live) == 0:
	case locked != nil: // neither is a release possible, nor is an obligation given up
		err = locked
	case abandon:
		how, err = many(len(live))+" abandoned", s.abandon(ctx, by, live)
	case releaseFirst:
		how, err = many(len(live))+" released first", s.releaseAll(ctx, by, in, live)
	default:
		err = s.liveRefusal(in, live)
	}
	if err != nil {
		return errors.Join(err, s.audit(ctx, entry(by.Actor, in, "detach", result(err), err.Error())))
	}
	if err := s.remove(ctx, by, in, how); err != nil {
		return errors.Join(err, s.audit(ctx, entry(by.Actor, in, "detach", result(err), err.Error())))
	}
	return nil
}

// remove stops the poller before the data goes, so that nothing is written for a tenant that is no more. The store refuses it when a lockdown
// was ordered meanwhile; then everything goes on.
func (s *Service) remove(ctx context.Context, by soc.Session, in soc.Integration, how string) error {
	s.mu.Lock()
	s.going[in.ID] = true
	l := s.links[in.ID]
	s.mu.Unlock()
	if l != nil {
		s.drop(l)
	}
	e := entry(by.Actor, in, "detach", soc.ResultOK, how)
	e.Before, _ = changes(in, soc.Integration{}, false)
	err := s.o.Store.DeleteIntegration(ctx, in.ID, e)
	s.mu.Lock()
	delete(s.going, in.ID)
	s.mu.Unlock()
	s.wake()
	if err != nil {
		return fmt.Errorf("removing %s: %w", in.Name, err)
	}
	return nil
}

// live returns the integration's lockdowns that are not over, and those that are over but have an isolate order that may strike yet: without
// the tenant nobody would release the host then (C-01).
func (s *Service) live(ctx context.Context, id soc.IntegrationID) ([]soc.Lockdown, error) {
	all, err := s.o.Store.Lockdowns(ctx, soc.LockdownQuery{})
	if err != nil {
		return nil, fmt.Errorf("reading the lockdowns: %w", err)
	}
	var out []soc.Lockdown
	for _, l := range all {
		if l.Key.Integration == id && l.Live() {
			out = append(out, l)
		}
	}
	return out, nil
}

func (s *Service) liveRefusal(in soc.Integration, live []soc.Lockdown) error {
	return &soc.Error{
		Kind: soc.KindConflict, Code: "live-lockdowns",
		What:  fmt.Sprintf("%s has %s: %s", in.Name, many(len(live)), list(live, s.o.Now())),
		Means: "detaching would leave these hosts isolated without a timer; nothing was changed",
		Next:  "release them first, or abandon them explicitly",
	}
}

// many counts live lockdowns in words.
func many(n int) string {
	if n == 1 {
		return "1 live lockdown"
	}
	return fmt.Sprintf("%d live lockdowns", n)
}

func list(live []soc.Lockdown, now time.Time) string {
	var names []string
	for _, l := range live {
		word := l.Word(now)
		if l.Threatened() {
			word += ", a late isolate order is queued or has struck"
		}
		names = append(names, fmt.Sprintf("%s (%s, %s)", l.HostName, l.ID, word))
	}
	return strings.Join(names, ", ")
}

func (s *Service) orders() (Lockdowns, error) {
	if s.o.Lockdowns != nil {
		if l := s.o.Lockdowns(); l != nil {
			return l, nil
		}
	}
	return nil, &soc.Error{
		Kind: soc.KindInternal, Code: "no-lockdown-service", What: "the lockdown service is not running", Next: "start the console and detach there",
	}
}

// abandon closes every obligation by hand, with the reason in the history.
func (s *Service) abandon(ctx context.Context, by soc.Session, live []soc.Lockdown) error {
	orders, err := s.orders()
	if err != nil {
		return err
	}
	for _, l := range live {
		if l.Phase.Final() { // its watch ends with the tenant, which is audited
			continue
		}
		if _, err := orders.CloseLockdown(ctx, by, l.ID, "abandoned: the integration is detached"); err != nil {
			return fmt.Errorf("closing the lockdown of %s: %w", l.HostName, err)
		}
	}
	return nil
}

// releaseAll stops new isolations, orders the releases and waits until all are over.
func (s *Service) releaseAll(ctx context.Context, by soc.Session, in soc.Integration, live []soc.Lockdown) error {
	orders, err := s.orders()
	if err != nil {
		return err
	}
	watch := s.o.Store.Watch() // before the orders: no change is missed
	defer watch.Close()
	if err := s.SetEnabled(ctx, by, in.ID, false); err != nil {
		return err
	}
	for _, l := range live {
		if err := end(ctx, orders, by, l); err != nil {
			return fmt.Errorf("ordering the release of %s: %w", l.HostName, err)
		}
	}
	for {
		left, err := s.live(context.WithoutCancel(ctx), in.ID) // the answer of a wait that is given up names what is still under way
		if err != nil || len(left) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return &soc.Error{
				Kind: soc.KindConflict, Code: "releases-under-way", Err: ctx.Err(),
				What:  fmt.Sprintf("%d releases are ordered and not confirmed yet: %s", len(left), list(left, s.o.Now())),
				Means: in.Name + " stays attached until then, with new isolations off", Next: "detach again when they are released",
			}
		case <-watch.C():
			watch.Take()
		}
	}
}

// end takes a lockdown back that is not enforced yet, and releases any other one. A release that is under way already is what we want.
func end(ctx context.Context, orders Lockdowns, by soc.Session, l soc.Lockdown) error {
	const reason = "the integration is detached"
	var err error
	switch l.Phase {
	case soc.PhaseReleased, soc.PhaseFailed, soc.PhaseCancelled, soc.PhaseSuperseded: // watched: the reconciler takes the late order back
	case soc.PhaseRequested, soc.PhaseSubmitting, soc.PhasePending:
		_, err = orders.CancelLockdown(ctx, by, l.ID, reason)
	case soc.PhaseReleaseRequested, soc.PhaseReleasing, soc.PhaseReleaseBlocked:
	default:
		_, err = orders.Release(ctx, by, soc.ReleaseRequest{Host: l.Key, Reason: reason})
	}
	return err
}

func result(err error) string {
	switch soc.KindOf(err) {
	case soc.KindConflict, soc.KindDenied, soc.KindRefused:
		return soc.ResultRefused
	}
	return soc.ResultFailed
}
