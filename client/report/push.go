package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// Pauses between two looks for an indicator that was taken but is not in Defender's list yet.
const (
	lookSoon = time.Minute
	lookSlow = 15 * time.Minute
)

// Pushed lists the indicators that cordon put into tenants.
func (s *Service) Pushed(ctx context.Context) ([]soc.Pushed, error) { return s.o.Store.Pushed(ctx) }

// passPushed submits what waits and looks for what was submitted.
func (s *Service) passPushed(ctx context.Context) (next time.Time, err error) {
	list, err := s.o.Store.Pushed(ctx)
	if err != nil {
		return next, fmt.Errorf("reading the indicators that wait: %w", err)
	}
	var wrong error
	for _, p := range list {
		if p.State != soc.PushedWaiting && (p.State == soc.PushedFailed || p.State == soc.PushedDeleted || !p.Visible.IsZero()) {
			continue
		}
		at, err := s.duePushed(ctx, p)
		if ctx.Err() != nil {
			return next, ctx.Err()
		}
		wrong = cmp.Or(wrong, err)
		if at.After(s.o.Now()) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, wrong
}

// duePushed handles one indicator if it is its time, and says when it is next; zero when there is nothing more to do.
func (s *Service) duePushed(ctx context.Context, p soc.Pushed) (time.Time, error) {
	if p.NextTry.After(s.o.Now()) {
		return p.NextTry, nil
	}
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	id := p.Indicator.Integration
	if until := s.heldUntil(id); !until.IsZero() {
		return until, nil
	}
	tenant, err := s.reach(ctx, id)
	if err == nil {
		if p.State == soc.PushedWaiting {
			p, err = s.submit(ctx, tenant, p)
		} else {
			p, err = s.lookFor(ctx, tenant, p)
		}
	}
	if err != nil {
		p, err = s.failedPush(ctx, p, err)
	}
	return p.NextTry, err
}

// submit puts an indicator into the tenant unless it is there: a lost answer, a crash, or somebody else was first. Nothing that is there is
// changed.
func (s *Service) submit(ctx context.Context, tenant Tenant, p soc.Pushed) (soc.Pushed, error) {
	there, err := tenant.IndicatorByValue(ctx, p.Indicator.Type, p.Indicator.Value)
	if err != nil {
		return p, err
	}
	if len(there) > 0 {
		return s.adopt(ctx, p, there[0])
	}
	list, err := tenant.Indicators(ctx)
	if err != nil {
		return p, err
	}
	if err := fits(list, 1); err != nil {
		return p, err
	}
	got, err := tenant.SubmitIndicator(ctx, p.Indicator)
	if err != nil {
		return p, err
	}
	now := s.o.Now()
	return s.changePushed(ctx, p.Key, func(p *soc.Pushed) []soc.AuditEntry {
		if p.Indicator.ID = got.ID; p.State == soc.PushedDeleted { // by a person who saw it in Defender's list first
			return []soc.AuditEntry{}
		}
		p.State, p.Reason, p.Submitted, p.Tries = soc.PushedSubmitted, "taken by Defender; not in its list yet", now, 0
		p.NextTry = now.Add(lookSoon)
		return []soc.AuditEntry{lineOf(soc.Service("reports"), *p, "push-indicator", soc.ResultOK, "submitted as "+got.ID)}
	})
}

// adopt takes an indicator that is there already for the one that was wanted. What was learnt of it while Defender was asked stays: that its
// test is stopped now, or that a person deleted it.
func (s *Service) adopt(ctx context.Context, p soc.Pushed, there soc.Indicator) (soc.Pushed, error) {
	now := s.o.Now()
	return s.changePushed(ctx, p.Key, func(p *soc.Pushed) []soc.AuditEntry {
		if p.State == soc.PushedDeleted {
			return nil
		}
		reason := "Defender lists it"
		if !strings.EqualFold(there.Action, p.Indicator.Action) {
			reason = fmt.Sprintf("Defender had an indicator for this value already: action %s, not %s; it was left alone", there.Action, p.Indicator.Action)
		}
		there.Integration = p.Indicator.Integration
		p.Indicator, p.Visible, p.Tries, p.NextTry = there, now, 0, time.Time{}
		if p.State != soc.PushedCaught {
			p.State, p.Reason = soc.PushedVisible, reason
		}
		if p.Submitted.IsZero() {
			p.Submitted = now
		}
		return []soc.AuditEntry{lineOf(soc.Service("reports"), *p, "push-indicator", soc.ResultOK, reason+" as "+there.ID)}
	})
}

// lookFor looks whether a submitted indicator is in Defender's list (P-12).
func (s *Service) lookFor(ctx context.Context, tenant Tenant, p soc.Pushed) (soc.Pushed, error) {
	there, err := tenant.IndicatorByValue(ctx, p.Indicator.Type, p.Indicator.Value)
	if err != nil {
		return p, err
	}
	if len(there) > 0 {
		return s.adopt(ctx, p, there[0])
	}
	now := s.o.Now()
	wait := lookSoon
	if now.Sub(p.Submitted) > lookSlow {
		wait = lookSlow
	}
	return s.changePushed(ctx, p.Key, func(p *soc.Pushed) []soc.AuditEntry {
		if p.State == soc.PushedDeleted {
			return nil
		}
		p.NextTry = now.Add(wait)
		return []soc.AuditEntry{}
	})
}

// failedPush writes down what went wrong with an indicator and when it is tried again. Only a definite refusal of its content ends it.
func (s *Service) failedPush(ctx context.Context, p soc.Pushed, cause error) (soc.Pushed, error) {
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	now := s.o.Now()
	wait := pause(cause, p.Tries)
	full := errors.Is(cause, &soc.Error{Kind: soc.KindRefused, Code: codeFull})
	if full {
		wait = again
	}
	s.hold(p.Indicator.Integration, cause, now.Add(wait))
	saved, err := s.changePushed(ctx, p.Key, func(p *soc.Pushed) []soc.AuditEntry {
		if p.State == soc.PushedDeleted {
			return nil
		}
		reason := soc.Clean(cause.Error())
		said := p.Reason == reason
		p.Reason = reason
		p.Tries++
		switch soc.KindOf(cause) {
		case soc.KindInvalid, soc.KindRefused:
			if !full {
				p.State, p.NextTry = soc.PushedFailed, time.Time{}
				break
			}
			p.NextTry = now.Add(wait)
		case soc.KindConflict: // switched off: a change of the settings ends it earlier
			if said {
				return nil
			}
		default:
			p.NextTry = now.Add(wait)
		}
		if said {
			return []soc.AuditEntry{}
		}
		return []soc.AuditEntry{lineOf(soc.Service("reports"), *p, "push-indicator", soc.ResultFailed, reason)}
	})
	if saved.State != soc.PushedFailed && saved.State != soc.PushedDeleted && saved.NextTry.IsZero() {
		saved.NextTry = now.Add(wait)
	}
	return saved, err
}

// changePushed is change for indicators.
func (s *Service) changePushed(ctx context.Context, key string, fn func(*soc.Pushed) []soc.AuditEntry) (soc.Pushed, error) {
	for {
		p, err := s.o.Store.PushedOne(ctx, key)
		if err != nil {
			return p, fmt.Errorf("reading the indicator: %w", err)
		}
		entries := fn(&p)
		if entries == nil {
			return p, nil
		}
		saved, err := s.o.Store.SavePushed(ctx, p, entries...)
		if err == nil {
			return saved, nil
		}
		if !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "stale-revision"}) || ctx.Err() != nil {
			return p, fmt.Errorf("storing the indicator: %w", err)
		}
	}
}
