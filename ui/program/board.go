package program

import (
	"context"

	"cordon/config/secret"
	"cordon/store/soc"
	"cordon/ui"
)

// readOnlyBoard refuses every order while the ring is locked.
type readOnlyBoard struct {
	ui.Commander
	locked func() error
}

// Check says why nothing can be ordered.
func (b readOnlyBoard) Check(ctx context.Context, s soc.Session, act soc.Act, key soc.HostKey) soc.Verdict {
	v := b.Commander.Check(ctx, s, act, key)
	if err := b.locked(); err != nil {
		v.Allowed, v.Why, v.Code = false, err.Error(), secret.CodeLocked
	}
	return v
}

func (b readOnlyBoard) Isolate(ctx context.Context, s soc.Session, r soc.IsolateRequest) (soc.Lockdown, error) {
	if err := b.locked(); err != nil {
		return soc.Lockdown{}, err
	}
	return b.Commander.Isolate(ctx, s, r)
}

func (b readOnlyBoard) Release(ctx context.Context, s soc.Session, r soc.ReleaseRequest) (soc.Lockdown, error) {
	if err := b.locked(); err != nil {
		return soc.Lockdown{}, err
	}
	return b.Commander.Release(ctx, s, r)
}

func (b readOnlyBoard) SetPeriod(ctx context.Context, s soc.Session, r soc.PeriodRequest) (soc.Lockdown, error) {
	if err := b.locked(); err != nil {
		return soc.Lockdown{}, err
	}
	return b.Commander.SetPeriod(ctx, s, r)
}

func (b readOnlyBoard) CancelLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	if err := b.locked(); err != nil {
		return soc.Lockdown{}, err
	}
	return b.Commander.CancelLockdown(ctx, s, id, reason)
}

func (b readOnlyBoard) CloseLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	if err := b.locked(); err != nil {
		return soc.Lockdown{}, err
	}
	return b.Commander.CloseLockdown(ctx, s, id, reason)
}
