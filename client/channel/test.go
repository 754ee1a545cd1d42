package channel

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cordon/client/notify"
	"cordon/store/soc"
)

// TestChannel sends a test message step by step, or tests the tenant behind a way in; report hears each step. A saved channel is tested with
// its stored secret when secret is empty. A failed step is no error; the error says why nothing could be tested. Needs settings.edit, because
// a draft names hosts to contact.
func (s *Service) TestChannel(
	ctx context.Context, by soc.Session, draft soc.Channel, secret string, report func(soc.Step),
) ([]soc.Step, error) {
	if err := s.allowed(ctx, by, "channel-test", draft.Name); err != nil {
		return nil, err
	}
	old, err := s.old(ctx, draft)
	if err != nil {
		return nil, err
	}
	c, err := s.prepare(ctx, draft, old, secret)
	if err != nil {
		return nil, err
	}
	var steps []soc.Step
	if c.Type.Out() {
		steps = notify.Try(ctx, s.trial(c, old, secret), s.o.Host, s.o.Now, report)
	} else if steps, err = s.tryTenant(ctx, by, c, report); err != nil {
		return nil, err
	}
	result, detail := soc.ResultOK, fmt.Sprintf("%d steps passed", len(steps))
	if at := slices.IndexFunc(steps, func(st soc.Step) bool { return st.Status == soc.StepFail }); at >= 0 {
		result, detail = soc.ResultFailed, steps[at].Name+": "+steps[at].Detail
	}
	return steps, s.audit(ctx, line(by.Actor, "channel-test", c.Name, result, soc.Clean(detail)))
}

// trial is the spec of a draft with the typed secret, or with the stored one as far as that may go there.
func (s *Service) trial(c, old soc.Channel, secret string) notify.Spec {
	if secret == "" {
		c.Sealed = nil
		if binding(c) == binding(old) {
			c.Sealed = old.Sealed
		}
		return s.opened(c)
	}
	out := spec(c)
	out.Secret = func() (string, error) { return secret, nil }
	return out
}

func (s *Service) tryTenant(ctx context.Context, by soc.Session, c soc.Channel, report func(soc.Step)) ([]soc.Step, error) {
	ins, err := s.o.Store.Integrations(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the integrations: %w", err)
	}
	at := slices.IndexFunc(ins, func(in soc.Integration) bool { return in.ID == c.Tenant })
	if at < 0 || s.o.TestTenant == nil {
		return nil, errors.New("the tenant of this channel can not be tested here")
	}
	in := ins[at]
	in.Sealed = nil
	return s.o.TestTenant(ctx, by, in, "", report)
}
