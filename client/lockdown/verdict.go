package lockdown

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// Check answers whether the session may do act to the host now, and everything that the dialog shows beside the answer. It is the same
// judgement that the commands enforce. It reads the store only and audits nothing.
func (s *Service) Check(ctx context.Context, who soc.Session, act soc.Act, key soc.HostKey) soc.Verdict {
	v := soc.Verdict{Presets: s.presets()}
	err := s.judge(ctx, who, act, key, &v)
	if act == soc.ActIsolate && !v.Host.Key.IsZero() {
		v.Warnings = append(v.Warnings, s.foresee(ctx, v)...)
	}
	if err != nil {
		var no *soc.Error
		v.Allowed, v.Code, v.Why = false, "internal", "this can not be judged now: "+err.Error()
		if errors.As(err, &no) {
			v.Code, v.Why = no.Code, no.Error()
		}
		return v
	}
	v.Allowed = true
	return v
}

// presets are the periods on offer, shortest first.
func (s *Service) presets() []time.Duration {
	all := append(soc.Presets(), s.o.Presets...)
	slices.Sort(all)
	return slices.Compact(all)
}

// no makes a refusal: what, what it means for the host, what to press or do.
func no(kind soc.Kind, code, what, means, next string) error {
	return &soc.Error{Kind: kind, Code: code, What: what, Means: means, Next: next}
}

// judge fills v with the facts and returns the first reason against the act. Facts come first, so that a refused dialog shows them too.
func (s *Service) judge(ctx context.Context, who soc.Session, act soc.Act, key soc.HostKey, v *soc.Verdict) error {
	if key.IsZero() {
		return no(soc.KindInvalid, "no-host", "no host is chosen", "nothing was done", "choose one host; a search result never feeds an order")
	}
	if err := s.facts(ctx, key, v); err != nil {
		return err
	}
	if err := mayAct(who, act); err != nil {
		return err
	}
	if err := s.admitted(ctx, who, key); err != nil {
		return err
	}
	switch act {
	case soc.ActIsolate:
		return s.judgeIsolate(ctx, key, v)
	case soc.ActRelease:
		return s.judgeRelease(who, key, v)
	case soc.ActPeriod, soc.ActCancel, soc.ActClose:
		return judgeRunning(act, v)
	}
	return no(soc.KindInvalid, "no-act", fmt.Sprintf("%q is nothing that can be done to a host", act), "", "")
}

// facts loads what is known. What is not known yet stays empty; only a broken store is an error.
func (s *Service) facts(ctx context.Context, key soc.HostKey, v *soc.Verdict) error {
	h, err := s.o.Store.Host(ctx, key)
	if err != nil && !errors.Is(err, soc.ErrNotFound) {
		return fmt.Errorf("reading host: %w", err)
	}
	v.Host = h
	actions, asOf, err := s.o.Store.Actions(ctx, key)
	if err != nil && !errors.Is(err, soc.ErrNotFound) {
		return fmt.Errorf("reading actions: %w", err)
	}
	v.State = soc.DeriveIsolation(key, actions, asOf)
	open, err := s.o.Store.OpenLockdown(ctx, key)
	switch {
	case err == nil:
		v.Current = &open
	case !errors.Is(err, soc.ErrNotFound):
		return fmt.Errorf("reading lockdown: %w", err)
	}
	policy, err := s.o.Store.Policy(ctx)
	if err != nil {
		return fmt.Errorf("reading policy: %w", err)
	}
	v.Default = s.defaultPeriod(policy)
	if s.o.Budget != nil {
		v.Budget = s.o.Budget(key.Integration)
	}
	if h.Name != "" {
		same, err := s.o.Store.HostsNamed(ctx, key.Integration, h.Name)
		if err != nil && !errors.Is(err, soc.ErrNotFound) {
			return fmt.Errorf("reading hosts of the same name: %w", err)
		}
		v.SameName = slices.DeleteFunc(same, func(o soc.Host) bool { return o.Key == key })
		if plain := soc.PlainName(h.Name); plain != h.Name {
			if v.LooksLike, err = s.o.Store.HostsNamed(ctx, key.Integration, plain); err != nil && !errors.Is(err, soc.ErrNotFound) {
				return fmt.Errorf("reading hosts of a similar name: %w", err)
			}
		}
	}
	v.Warnings = warnings(*v, s.o.wall(), policy)
	return nil
}

func (s *Service) defaultPeriod(p soc.Policy) time.Duration {
	if s.allowedPeriod(p.DefaultPeriod) {
		return p.DefaultPeriod
	}
	return soc.DefaultPolicy().DefaultPeriod
}

// mayAct judges the right.
func mayAct(who soc.Session, act soc.Act) error {
	if who.Actor.Name == "" {
		return no(soc.KindDenied, "no-person", "nobody is signed in", "nothing was done", "sign in")
	}
	if who.ReadOnly {
		return no(soc.KindDenied, "read-only", "this console was started read-only", "it can not change any host", "start it without --read-only")
	}
	if !who.Can(soc.RightLockdownEdit) {
		return no(soc.KindDenied, "no-right", fmt.Sprintf("%s lacks the right %s", who.Actor.Name, soc.RightLockdownEdit), "hosts can be seen, not changed", "ask an administrator for it")
	}
	return nil
}

func (s *Service) judgeIsolate(ctx context.Context, key soc.HostKey, v *soc.Verdict) error {
	if err := s.o.CanIsolate(); err != nil {
		return err
	}
	policy, err := s.o.Store.Policy(ctx)
	if err != nil {
		return fmt.Errorf("reading policy: %w", err)
	}
	if err := s.switchedOn(ctx, key, policy); err != nil {
		return err
	}
	if err := fitHost(v.Host, policy); err != nil {
		return err
	}
	if err := free(*v); err != nil {
		return err
	}
	if age := s.o.wall().Sub(factsAt(*v)); policy.FactsTTL > 0 && age > policy.FactsTTL {
		return stale(age)
	}
	v.TypeName = v.Host.Protected()
	return nil
}

// switchedOn judges the switches that stop new lockdowns. None of them stops a release (K-07).
func (s *Service) switchedOn(ctx context.Context, key soc.HostKey, policy soc.Policy) error {
	if !policy.LockdownOn {
		return no(soc.KindRefused, "feature-off", "host lockdown is switched off", "running lockdowns still end on time", "switch it on in the settings")
	}
	in, err := s.o.Store.Integration(ctx, key.Integration)
	switch {
	case errors.Is(err, soc.ErrNotFound):
		return no(soc.KindRefused, "no-integration", "the host's tenant is not attached any more", "cordon can not reach the host", "attach it in the settings")
	case err != nil:
		return fmt.Errorf("reading integration: %w", err)
	case !in.Enabled:
		return no(soc.KindRefused, "integration-off", fmt.Sprintf("the integration %s is disabled", in.Name), "running lockdowns still end on time", "enable it in the settings")
	case in.ReadOnly:
		return no(soc.KindRefused, "integration-read-only", fmt.Sprintf("the integration %s is attached read-only", in.Name), "its hosts can be seen, not changed", "change it in the settings")
	}
	if s.o.Missing != nil {
		if role := s.o.Missing(key.Integration, soc.ActIsolate); role != "" {
			return no(soc.KindDenied, "no-role", fmt.Sprintf("%s is missing in the app registration of %s", role, in.Name),
				"Defender would refuse the isolation", "grant it in Entra ID with admin consent, then press R or test the connection in the settings")
		}
	}
	return nil
}

// fitHost judges whether this machine may be isolated at all.
func fitHost(h soc.Host, policy soc.Policy) error {
	switch {
	case h.Key.IsZero():
		return no(soc.KindNotFound, "unknown-host", "nothing is known about this host yet", "cordon isolates no machine that it has not read", "wait a moment or press R to read it")
	case h.MergedInto != "":
		return no(soc.KindRefused, "merged", "this machine id was merged into "+h.MergedInto, "an order to the old id would reach nobody", "open machine "+h.MergedInto)
	case h.Gone:
		return no(soc.KindRefused, "gone", "Defender does not know this machine id any more", "it can not be isolated", "look for a newer machine of the same name")
	case !h.Onboarded():
		return no(soc.KindRefused, "not-onboarded", fmt.Sprintf("not onboarded (Defender says %q)", h.Onboarding), "there is no Defender agent that could isolate the host", "onboard it, or block it at the network")
	}
	if rule := neverRule(policy.Never, h); rule != "" {
		return no(soc.KindRefused, "never", fmt.Sprintf("the never-isolate list protects this host (%s)", rule), "nobody can isolate it from here", "change the list in the settings if that is wrong")
	}
	return nil
}

// free judges whether an order is open or in force already (C-05, I11).
func free(v soc.Verdict) error {
	if c := v.Current; c != nil {
		return no(soc.KindConflict, "open-lockdown", fmt.Sprintf("lockdown %s of %s is already on this host (%s)", c.ID, c.By.Name, c.Phase), "a second order could isolate it again later", "extend or release that one")
	}
	by := orderedBy(v.State.Action)
	switch v.State.Word {
	case soc.Isolating:
		return no(soc.KindConflict, "isolating", "an isolate order by "+orderedBy(*v.State.Open)+" is already open", "the device carries it out when it can", "wait for it, or cancel it in Defender")
	case soc.ReleasingNow:
		return no(soc.KindConflict, "releasing", "a release is under way on this host", "an isolation now would collide with it", "wait until it is done")
	case soc.Isolated, soc.IsolatedQueued, soc.ReleaseFailed:
		return no(soc.KindConflict, "already-isolated", soc.IsolatedOutside+" by "+by, "the host is already cut off; cordon runs no timer for it", "look at its actions")
	}
	return nil
}

func (s *Service) judgeRelease(who soc.Session, key soc.HostKey, v *soc.Verdict) error {
	if v.Current != nil {
		return nil
	}
	switch {
	case v.State.Word == soc.ReleasingNow:
		return no(soc.KindConflict, "releasing", "a release is already under way", "the host is free when the device confirms", "wait for it")
	case !v.State.InForce():
		return no(soc.KindConflict, "not-isolated", "the host is not isolated", "there is nothing to release", "")
	case !who.Can(soc.RightReleaseExternal):
		return no(soc.KindDenied, "isolated-outside", soc.IsolatedOutside+" by "+orderedBy(v.State.Action), "cordon releases only what it isolated", "release it in Defender, or ask for the right "+string(soc.RightReleaseExternal))
	}
	v.TypeName = "isolated from outside"
	return nil
}

// judgeRunning judges the acts on an open lockdown.
func judgeRunning(act soc.Act, v *soc.Verdict) error {
	if v.Current == nil {
		return no(soc.KindConflict, "no-lockdown", "no lockdown runs on this host", "there is nothing to change", "")
	}
	waiting := v.Current.Phase == soc.PhaseRequested || v.Current.Phase == soc.PhaseSubmitting || v.Current.Phase == soc.PhasePending
	switch {
	case act == soc.ActCancel && !waiting:
		return no(soc.KindConflict, "not-waiting", "the lockdown does not wait any more ("+string(v.Current.Phase)+")", "there is no order to take back", "release it instead (U)")
	case act == soc.ActPeriod && !waiting && v.Current.Phase != soc.PhaseIsolated:
		return no(soc.KindConflict, "not-running", "the lockdown is "+string(v.Current.Phase), "its end can not be moved any more", "")
	}
	return nil
}

func stale(age time.Duration) error {
	return no(soc.KindRefused, "stale-facts", fmt.Sprintf("what is known about this host is %s old", age.Round(time.Second)), "it may have changed since", "press R to read it again, then decide")
}

// factsAt is when the newest of the facts was read.
func factsAt(v soc.Verdict) time.Time {
	if v.State.AsOf.After(v.Host.FetchedAt) {
		return v.State.AsOf
	}
	return v.Host.FetchedAt
}

// orderedBy names who gave an order.
func orderedBy(a soc.MachineAction) string {
	if c, ok := soc.ParseOrderComment(a.Comment); ok {
		return strings.TrimSpace(c.By + " with cordon " + string(c.Lockdown))
	}
	if a.Requestor == "" {
		return "somebody"
	}
	return a.Requestor
}
