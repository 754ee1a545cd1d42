package connect

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"cordon/store/soc"
)

// Test runs the connection test on a draft; report hears each step as it starts and ends. A saved integration (draft.ID set) is tested
// with its stored secret when secret is empty. A failed step is no error; the error says why nothing could be tested. Needs settings.edit,
// because a draft names hosts to contact.
func (s *Service) Test(ctx context.Context, by soc.Session, draft soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error) {
	if err := s.allowed(ctx, by, draft, "test"); err != nil {
		return nil, err
	}
	in, err := s.prepare(draft)
	if err != nil {
		return nil, err
	}
	var old soc.Integration
	if in.ID != "" {
		if old, err = s.o.Store.Integration(ctx, in.ID); err != nil {
			return nil, fmt.Errorf("reading the integration: %w", err)
		}
	}
	if in, secret, err = material(in, old, secret, s.o.Now()); err != nil {
		return nil, err
	}
	steps, err := s.try(ctx, in, old, secret, report)
	s.tested(ctx, old, steps)
	aerr := s.audit(ctx, entry(by.Actor, in, "test", outcome(steps, err), summary(steps, err)))
	if len(steps) > 0 && aerr == nil {
		return steps, nil // the steps tell what failed
	}
	return steps, errors.Join(err, aerr)
}

// Save tests the draft and stores it only if the tenant can be used; otherwise the old credentials stay in force (V-05). A missing role is
// no reason to refuse: the keys that need it stay off. An empty secret keeps the stored one. Needs settings.edit.
func (s *Service) Save(ctx context.Context, by soc.Session, draft soc.Integration, secret string, report func(soc.Step)) (soc.Integration, error) {
	if err := s.allowed(ctx, by, draft, verb(draft)); err != nil {
		return soc.Integration{}, err
	}
	in, old, err := s.judge(ctx, draft)
	if err != nil {
		return soc.Integration{}, err
	}
	if in, secret, err = material(in, old, secret, s.o.Now()); err != nil {
		return soc.Integration{}, err
	}
	steps, err := s.try(ctx, in, old, secret, report)
	if err != nil && !usable(steps) {
		aerr := s.audit(ctx, entry(by.Actor, in, verb(draft), soc.ResultFailed, summary(steps, err)))
		return soc.Integration{}, errors.Join(notSaved(in, old, err), aerr)
	}
	if in, err = s.seal(in, old, secret); err != nil {
		return soc.Integration{}, err
	}
	e := entry(by.Actor, in, verb(draft), soc.ResultOK, summary(steps, nil))
	e.Before, e.After = changes(old, in, secret != "")
	saved, err := s.o.Store.SaveIntegration(ctx, in, e)
	if err != nil {
		return soc.Integration{}, fmt.Errorf("storing %s: %w", in.Name, err)
	}
	s.wake()
	return unsealed(saved), nil
}

// usable reports whether a tenant can be used for anything: signed in, answering, and with one role that allows something. What it lacks stays
// switched off, and the screens say so: the permission sets of several products allow either lockdowns or alerts, not both.
func usable(steps []soc.Step) bool {
	ok, roles, granted := len(steps) > 0, 0, 0
	for _, st := range steps {
		role := strings.HasPrefix(st.Name, "role: ")
		tolerated := role || strings.HasPrefix(st.Name, "profile: ") || st.Name == "clock"
		if role {
			roles++
		}
		if role && st.Status == soc.StepOK && strings.HasSuffix(st.Detail, " granted") {
			granted++
		}
		if st.Status == soc.StepFail && !tolerated {
			ok = false
		}
	}
	return ok && (roles == 0 || granted > 0)
}

// judge answers what needs no network.
func (s *Service) judge(ctx context.Context, draft soc.Integration) (in, old soc.Integration, err error) {
	if in, err = s.prepare(draft); err != nil {
		return in, old, err
	}
	all, err := s.o.Store.Integrations(ctx)
	if err != nil {
		return in, old, fmt.Errorf("reading the integrations: %w", err)
	}
	if err := errors.Join(unique(in, all), swapped(in, all)); err != nil {
		return in, old, err
	}
	if in.ID == "" {
		in.CreatedAt = s.o.Now().UTC()
		return in, old, nil
	}
	if old, err = s.o.Store.Integration(ctx, in.ID); err != nil {
		return in, old, fmt.Errorf("reading the integration: %w", err)
	}
	in.CreatedAt = old.CreatedAt
	return in, old, nil
}

// try connects with the draft and runs the steps.
func (s *Service) try(ctx context.Context, in, old soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error) {
	if report == nil {
		report = func(soc.Step) {}
	}
	if secret == "" {
		opened, err := s.stored(in, old)
		if err != nil {
			return nil, err
		}
		secret = opened
	}
	link, err := s.o.Dial(unsealed(in), func(context.Context) (string, error) { return secret, nil })
	if err != nil {
		return nil, err
	}
	defer link.API.CloseIdle()
	return link.API.Test(ctx, report)
}

// SetEnabled switches new isolations of one integration on or off; reading goes on and running lockdowns still release (K-07). Needs
// settings.edit.
func (s *Service) SetEnabled(ctx context.Context, by soc.Session, id soc.IntegrationID, on bool) error {
	in, err := s.o.Store.Integration(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the integration: %w", err)
	}
	action, before, after := "enable", "off", "on"
	if !on {
		action, before, after = "disable", "on", "off"
	}
	if err := s.allowed(ctx, by, in, action); err != nil {
		return err
	}
	if in.Enabled == on {
		s.again(id)
		return nil
	}
	in.Enabled = on
	e := entry(by.Actor, in, action, soc.ResultOK, "new isolations "+after)
	e.Before, e.After = before, after
	if _, err := s.o.Store.SaveIntegration(ctx, in, e); err != nil {
		return fmt.Errorf("storing %s: %w", in.Name, err)
	}
	s.wake()
	return nil
}

func verb(draft soc.Integration) string {
	if draft.ID == "" {
		return "attach"
	}
	return "settings"
}

// newID makes an id that is never used again: the name for people, a random part for uniqueness.
func newID(name string) soc.IntegrationID {
	slug := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	return soc.IntegrationID(strings.Trim(slug[:min(len(slug), 24)], "-") + "-" + strings.ToLower(rand.Text()[:8]))
}

// notSaved says why a draft was refused, and that the old credentials still work.
func notSaved(in, old soc.Integration, err error) error {
	var e *soc.Error
	if !errors.As(err, &e) {
		e = &soc.Error{Kind: soc.KindOf(err), What: err.Error()}
	}
	means := "nothing was attached"
	if old.ID != "" {
		means = "the credentials saved before stay in force"
	}
	next := e.Next
	if e.Code == "AADSTS90002" && guid(in.TenantID) {
		next += "; Tenant ID and Application (client) ID may be swapped"
	}
	return &soc.Error{
		Kind: e.Kind, Code: e.Code, What: "not saved: " + e.What, Means: means, Next: strings.TrimPrefix(next, "; "), After: e.After, Err: err,
	}
}
