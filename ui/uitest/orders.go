package uitest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/store/soc"
)

// Check answers as the one door would for the easy cases: rights, machine known, onboarded, already isolated. Verdicts override it.
func (w *World) Check(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey) soc.Verdict {
	if v, ok := w.Verdicts[key]; ok {
		return v
	}
	v := soc.Verdict{Presets: soc.Presets(), Default: w.Rules.DefaultPeriod, Budget: "3 of 100 calls this minute"}
	v.State = soc.DeriveIsolation(key, w.ActionList, w.ActionsAsOf)
	if l, err := w.OpenLockdown(ctx, key); err == nil {
		v.Current = &l
	}
	h, err := w.Host(ctx, key)
	v.Host = h
	v.TypeName = h.Protected()
	switch {
	case !s.Can(soc.RightLockdownEdit):
		v.Why, v.Code = "your role may not isolate or release (needs lockdown.edit)", "denied"
	case key.IsZero() || errors.Is(err, soc.ErrNotFound):
		v.Why, v.Code = "Defender does not know this machine", "unknown-machine"
	case !h.Onboarded():
		v.Why, v.Code = "the device is not onboarded, Defender can not reach it", "not-onboarded"
	case act == soc.ActIsolate && (v.Current != nil || v.State.InForce()):
		v.Why, v.Code = "already isolated; U releases", "already-isolated"
	case act == soc.ActRelease && v.Current == nil && !v.State.InForce():
		v.Why, v.Code = "not isolated", "not-isolated"
	default:
		v.Allowed = true
	}
	return v
}

// Isolate records the order and returns a requested lockdown.
func (w *World) Isolate(_ context.Context, s soc.Session, r soc.IsolateRequest) (soc.Lockdown, error) {
	if err := w.called("isolate", r.Host, r); err != nil {
		return soc.Lockdown{}, err
	}
	l := soc.Lockdown{ID: "LK-NEW00001", Key: r.Host, Mode: soc.ModeManual, By: s.Actor, Reason: r.Reason, Period: r.Period, Phase: soc.PhaseRequested, RequestedAt: Now(), Revision: 1}
	w.LockdownList = append(w.LockdownList, l)
	return l, nil
}

// Release records the order.
func (w *World) Release(ctx context.Context, _ soc.Session, r soc.ReleaseRequest) (soc.Lockdown, error) {
	if err := w.called("release", r.Host, r); err != nil {
		return soc.Lockdown{}, err
	}
	l, _ := w.OpenLockdown(ctx, r.Host)
	return l, nil
}

// SetPeriod records the order.
func (w *World) SetPeriod(ctx context.Context, _ soc.Session, r soc.PeriodRequest) (soc.Lockdown, error) {
	if err := w.called("period", soc.HostKey{}, r); err != nil {
		return soc.Lockdown{}, err
	}
	return w.Lockdown(ctx, r.ID)
}

// CancelLockdown records the order.
func (w *World) CancelLockdown(ctx context.Context, _ soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	if err := w.called("cancel", soc.HostKey{}, [2]string{string(id), reason}); err != nil {
		return soc.Lockdown{}, err
	}
	return w.Lockdown(ctx, id)
}

// CloseLockdown records the order.
func (w *World) CloseLockdown(ctx context.Context, _ soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	if err := w.called("close", soc.HostKey{}, [2]string{string(id), reason}); err != nil {
		return soc.Lockdown{}, err
	}
	return w.Lockdown(ctx, id)
}

// Dismiss records that a dialog was left.
func (w *World) Dismiss(_ context.Context, _ soc.Session, act soc.Act, key soc.HostKey, why string) error {
	return w.called("dismiss", key, fmt.Sprintf("%s: %s", act, why))
}

// Conns returns the live condition of the tenants.
func (w *World) Conns(context.Context) []soc.Conn { return append([]soc.Conn(nil), w.ConnList...) }

// WantHost records the wish.
func (w *World) WantHost(key soc.HostKey, force bool) { _ = w.called("want-host", key, force) }

// Refresh records the wish.
func (w *World) Refresh() { _ = w.called("refresh", soc.HostKey{}, nil) }

// Test reports six steps that all pass, or a failed sign-in when Err is set.
func (w *World) Test(_ context.Context, _ soc.Session, draft soc.Integration, secret string, report func(soc.Step)) ([]soc.Step, error) {
	err := w.called("test", soc.HostKey{}, [2]string{draft.Name, secret})
	var steps []soc.Step
	for i, name := range []string{"address", "TLS", "sign-in", "token rights", "read alerts", "read machines"} {
		s := soc.Step{Name: name, Status: soc.StepOK, Took: time.Duration(20*(i+1)) * time.Millisecond, Detail: "ok"}
		if err != nil && i == 2 {
			s.Status, s.Detail, s.Fix = soc.StepFail, err.Error(), "check the client secret"
		} else if err != nil && i > 2 {
			s.Status, s.Took, s.Detail = soc.StepSkip, 0, "not tried"
		}
		steps = append(steps, s)
		if report != nil {
			report(s)
		}
	}
	return steps, err
}

// Save tests and stores.
func (w *World) Save(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) (soc.Integration, error) {
	if _, err := w.Test(ctx, s, draft, secret, report); err != nil {
		return soc.Integration{}, err
	}
	if err := w.called("save", soc.HostKey{}, draft); err != nil {
		return soc.Integration{}, err
	}
	draft.Revision++
	for i := range w.Tenants {
		if w.Tenants[i].ID == draft.ID && draft.ID != "" {
			w.Tenants[i] = draft
			return draft, nil
		}
	}
	if draft.ID == "" {
		draft.ID = soc.IntegrationID("int-" + draft.Name)
	}
	w.Tenants = append(w.Tenants, draft)
	return draft, nil
}

// SetEnabled switches a tenant.
func (w *World) SetEnabled(_ context.Context, _ soc.Session, id soc.IntegrationID, on bool) error {
	for i := range w.Tenants {
		if w.Tenants[i].ID == id {
			w.Tenants[i].Enabled = on
		}
	}
	return w.called("enable", soc.HostKey{Integration: id}, on)
}

// Detach refuses while lockdowns are open unless told what to do with them.
func (w *World) Detach(_ context.Context, _ soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error {
	if err := w.called("detach", soc.HostKey{Integration: id}, [2]bool{releaseFirst, abandon}); err != nil {
		return err
	}
	for _, l := range w.LockdownList {
		if l.Key.Integration == id && !l.Phase.Final() && !releaseFirst && !abandon {
			return &soc.Error{Kind: soc.KindConflict, Code: "live-lockdowns", What: "hosts of this tenant are still isolated", Next: "release them first"}
		}
	}
	return nil
}
