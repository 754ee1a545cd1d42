package lockdown

import (
	"context"

	"cordon/store/soc"
)

// mender is a store that can end a lockdown whose record it can not read (F70); see store.Store.CloseDamaged.
type mender interface {
	Damaged(ctx context.Context, id soc.LockdownID) bool
	CloseDamaged(ctx context.Context, id soc.LockdownID, end func(soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error)) (soc.Lockdown, error)
}

// closeDamaged ends a lockdown whose record can not be read: without it the host could never be isolated again. damaged says that this is
// such a one; then the outcome is final.
func (s *Service) closeDamaged(
	ctx context.Context, who soc.Session, id soc.LockdownID, end func(soc.Lockdown) (soc.Lockdown, soc.AuditEntry, error),
) (l soc.Lockdown, damaged bool, err error) {
	store, ok := s.o.Store.(mender)
	if !ok || !store.Damaged(ctx, id) {
		return l, false, nil
	}
	if err := mayAct(who, soc.ActClose); err != nil {
		return l, true, s.refuse(ctx, who, soc.ActClose, soc.HostKey{}, soc.Verdict{}, err)
	}
	l, err = store.CloseDamaged(ctx, id, end)
	if err != nil {
		return l, true, s.refuse(ctx, who, soc.ActClose, l.Key, soc.Verdict{}, err)
	}
	return l, true, nil
}
