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

// early is how long a new indicator may need until devices act on it: 15 to 30 minutes as a rule, up to two hours. A test that gets through
// before that says nothing about it.
const early = 2 * time.Hour

// Probe takes the result of a security test in. UNPROTECTED makes one indicator of its type and value, once (P-11); a later result of the same
// test says whether the indicator works (P-12). Other results change nothing. It returns once the indicator is stored; Defender gets it later.
// Errors as Report, and KindInvalid for a value that can be no indicator.
func (s *Service) Probe(ctx context.Context, by soc.Session, channel soc.ChannelID, in soc.ProbeInput) (soc.ProbeReceipt, error) {
	if err := s.may(ctx, by, soc.RightAlertsEdit, "report-probe", soc.Clean(in.Test), ""); err != nil {
		return soc.ProbeReceipt{}, err
	}
	ch, err := s.way(ctx, channel, soc.ChannelProbes)
	if err != nil {
		return soc.ProbeReceipt{}, err
	}
	if err := s.may(ctx, by, soc.RightAlertsEdit, "report-probe", soc.Clean(in.Test), ch.Tenant); err != nil {
		return soc.ProbeReceipt{}, err
	}
	now := s.o.Now()
	if in, err = in.Checked(now); err != nil {
		return soc.ProbeReceipt{}, err
	}
	if in.At.IsZero() || in.At.After(now) {
		in.At = now
	}
	for {
		r, err := s.probe(ctx, by.Actor, ch, in)
		if !errors.Is(err, soc.ErrConflict) || ctx.Err() != nil {
			return r, err
		}
	}
}

// probe is one try; a conflict means that somebody else wrote the same record meanwhile.
func (s *Service) probe(ctx context.Context, by soc.Actor, ch soc.Channel, in soc.ProbeInput) (soc.ProbeReceipt, error) {
	var fit soc.Indicator
	var old soc.Pushed
	var err error
	if in.Indicator.Value != "" {
		if fit, err = s.o.Check(wanted(ch, in)); err != nil {
			return soc.ProbeReceipt{}, err
		}
		old, err = s.o.Store.PushedOne(ctx, soc.PushedKey(ch.Tenant, fit.Type, fit.Value))
	} else {
		old, err = s.ofTest(ctx, ch, in.Test)
	}
	switch {
	case errors.Is(err, soc.ErrNotFound) && in.State == soc.ProbeUnprotected:
		return s.push(ctx, by, ch, in, fit)
	case errors.Is(err, soc.ErrNotFound):
		return soc.ProbeReceipt{Outcome: soc.ReceiptIgnored, Reason: "the test is " + in.State + " and no indicator stands for it"}, nil
	case err != nil:
		return soc.ProbeReceipt{}, fmt.Errorf("looking for the indicator: %w", err)
	}
	return s.retest(ctx, by, old, in, fit)
}

// wanted is the indicator that a gap asks for.
func wanted(ch soc.Channel, in soc.ProbeInput) soc.Indicator {
	d := ch.Indicators
	i := soc.Indicator{
		Integration: ch.Tenant, Type: in.Indicator.Type, Value: in.Indicator.Value, Action: d.Action, Severity: d.Severity, Title: in.Title,
		Application: "cordon", Alert: true,
	}
	i.Action = fitting(i.Action, i.Type)
	if i.Severity == "" {
		i.Severity = "Medium"
	}
	if i.Title == "" {
		i.Title = "Security test " + in.Test
	}
	i.Description = "cordon: the test " + in.Test + " was not stopped"
	if in.Host != "" {
		i.Description += " on " + in.Host
	}
	if d.Lifetime > 0 {
		i.Expires = in.At.Add(d.Lifetime)
	}
	return i
}

// fitting is the action of the channel as far as the type has it: remediation is for files, and certificates have nothing weaker.
func fitting(action, typ string) string {
	file := strings.HasPrefix(strings.ToLower(typ), "file")
	action = cmp.Or(action, soc.ProbeAction)
	switch {
	case strings.EqualFold(typ, "CertificateThumbprint") && strings.EqualFold(action, "Block"):
		return "BlockAndRemediate"
	case strings.EqualFold(action, "BlockAndRemediate") && !file && !strings.EqualFold(typ, "CertificateThumbprint"):
		return "Block"
	}
	return action
}

// ofTest finds the newest indicator that a test asked for.
func (s *Service) ofTest(ctx context.Context, ch soc.Channel, test string) (found soc.Pushed, err error) {
	list, err := s.o.Store.Pushed(ctx)
	if err != nil {
		return found, err
	}
	for _, p := range list {
		if p.Channel == ch.ID && strings.EqualFold(p.Test, test) && (found.Key == "" || p.Submitted.After(found.Submitted)) {
			found = p
		}
	}
	if found.Key == "" {
		return found, soc.ErrNotFound
	}
	return found, nil
}

// push stores a new indicator that is to be submitted.
func (s *Service) push(ctx context.Context, by soc.Actor, ch soc.Channel, in soc.ProbeInput, i soc.Indicator) (soc.ProbeReceipt, error) {
	p := soc.Pushed{
		Key: soc.PushedKey(ch.Tenant, i.Type, i.Value), Indicator: i, Channel: ch.ID, Test: in.Test, By: by.Name, State: soc.PushedWaiting,
		Reason: "to be submitted",
	}
	if err := s.room(ctx, ch, weightOf(p)); err != nil {
		return soc.ProbeReceipt{}, err
	}
	p, err := s.o.Store.SavePushed(ctx, p, lineOf(by, p, "push-indicator", soc.ResultAccepted, "test "+in.Test+" is UNPROTECTED"))
	if err != nil {
		return soc.ProbeReceipt{}, fmt.Errorf("storing the indicator: %w", err)
	}
	s.count(ch.ID, weightOf(p))
	return soc.ProbeReceipt{Outcome: soc.ReceiptNew, Reason: "it is submitted to Defender next", Pushed: p}, nil
}

// retest follows a result about an indicator that there is.
func (s *Service) retest(ctx context.Context, by soc.Actor, p soc.Pushed, in soc.ProbeInput, fit soc.Indicator) (soc.ProbeReceipt, error) {
	outcome, why := verdict(&p, in, fit, s.o.Now())
	if outcome != soc.ReceiptFollow && outcome != soc.ReceiptNew {
		return soc.ProbeReceipt{Outcome: outcome, Reason: why, Pushed: p}, nil
	}
	p.Reason = why
	p, err := s.o.Store.SavePushed(ctx, p, lineOf(by, p, "probe-result", soc.ResultSeen, in.Test+" "+in.State+": "+string(p.State)))
	if err != nil {
		return soc.ProbeReceipt{}, fmt.Errorf("storing the result: %w", err)
	}
	return soc.ProbeReceipt{Outcome: outcome, Reason: why, Pushed: p}, nil
}

// verdict moves the state of an indicator by one result of its test. What is submitted again is fit: what the channel asks for now.
func verdict(p *soc.Pushed, in soc.ProbeInput, fit soc.Indicator, now time.Time) (outcome, why string) {
	through, stopped := in.State == soc.ProbeUnprotected, in.State == soc.ProbeProtected
	expired := !p.Indicator.Expires.IsZero() && !p.Indicator.Expires.After(now)
	switch {
	case !through && !stopped:
		return soc.ReceiptIgnored, "the state " + in.State + " says nothing about the indicator"
	case p.State == soc.PushedDeleted:
		return soc.ReceiptKnown, "the indicator was deleted by a person; it is not added again"
	case through && (p.State == soc.PushedFailed || expired):
		p.Indicator = fit
		p.State, p.Tries, p.NextTry, p.Submitted, p.Visible, p.Retested = soc.PushedWaiting, 0, time.Time{}, time.Time{}, time.Time{}, time.Time{}
		return soc.ReceiptNew, "it is submitted again"
	case p.State == soc.PushedWaiting, p.State == soc.PushedFailed, p.Submitted.IsZero():
		return soc.ReceiptKnown, "the indicator is on its way to Defender"
	case !in.At.After(p.Submitted), !in.At.After(p.Retested):
		return soc.ReceiptKnown, "the test ran before the indicator, or before the last result that is known"
	}
	p.Retested = in.At
	switch {
	case stopped:
		p.State = soc.PushedCaught
		return soc.ReceiptFollow, "the test is stopped now"
	case p.Visible.IsZero() || in.At.Before(p.Visible.Add(early)):
		if !p.Visible.IsZero() {
			p.State = soc.PushedEarly
		}
		return soc.ReceiptFollow, "too early to tell: devices need up to two hours, 15 to 30 minutes as a rule"
	}
	p.State = soc.PushedMissed
	if !strings.HasPrefix(strings.ToLower(p.Indicator.Action), "block") {
		return soc.ReceiptFollow, "the test still gets through: the action " + p.Indicator.Action + " stops nothing"
	}
	return soc.ReceiptFollow, "the test still gets through"
}

// lineOf is an entry of the history about an indicator of ours.
func lineOf(by soc.Actor, p soc.Pushed, action, result, detail string) soc.AuditEntry {
	return soc.AuditEntry{
		Integration: p.Indicator.Integration, Actor: by, Action: action, Target: p.Indicator.Type + " " + clip(p.Indicator.Value, 100),
		Result: result, Detail: detail,
	}
}
