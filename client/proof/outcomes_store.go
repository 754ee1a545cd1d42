package main

import (
	"context"
	"slices"
	"time"

	"cordon/store/soc"
)

// shelf is the store of one console of one lifetime: one lockdown, in memory, with the rules of the real store and the invariants of the
// machine checked at every write. A store on a disk would be a hundred times slower and is proved elsewhere (D1).
type shelf struct {
	w       *life
	hub     soc.Hub
	l       soc.Lockdown
	actions []soc.MachineAction
	asOf    time.Time
	hasty   bool // the control: an order without an answer is forgotten
	broken  []string
}

func newShelf(w *life, hasty bool) *shelf { return &shelf{w: w, hasty: hasty} }

func (s *shelf) get(soc.LockdownID) soc.Lockdown {
	l := s.l
	l.Attempts = slices.Clone(l.Attempts)
	return l
}

func (s *shelf) SaveLockdown(_ context.Context, l soc.Lockdown, entries ...soc.AuditEntry) (soc.Lockdown, error) {
	if l.Revision != s.l.Revision {
		return soc.Lockdown{}, soc.ErrConflict
	}
	if err := soc.Check(s.l, l, entries...); err != nil && !s.hasty {
		s.broken = append(s.broken, err.Error())
	}
	if t, ok := l.LastAttempt(); s.hasty && ok && t.Verb == soc.VerbIsolate && t.Outcome == soc.OutcomeUnknown && !t.DoneAt.IsZero() {
		l.Attempts[len(l.Attempts)-1].Outcome, l.Phase = soc.OutcomeAbsent, soc.PhaseRequested
	}
	l.Revision++
	s.l = l
	return s.get(l.ID), nil
}

func (s *shelf) Lockdown(context.Context, soc.LockdownID) (soc.Lockdown, error) {
	return s.get(""), nil
}

func (s *shelf) OpenLockdown(context.Context, soc.HostKey) (soc.Lockdown, error) {
	if s.l.ID == "" || s.l.Phase.Final() {
		return soc.Lockdown{}, soc.ErrNotFound
	}
	return s.get(""), nil
}

func (s *shelf) Lockdowns(context.Context, soc.LockdownQuery) ([]soc.Lockdown, error) {
	return []soc.Lockdown{s.get("")}, nil
}

func (s *shelf) DueLockdowns(context.Context, time.Time, int) ([]soc.Lockdown, error) {
	return []soc.Lockdown{s.get("")}, nil
}

func (s *shelf) NextWake(context.Context) (time.Time, error)          { return s.l.Wake, nil }
func (s *shelf) AppendAudit(context.Context, ...soc.AuditEntry) error { return nil }
func (s *shelf) Watch() *soc.Watcher                                  { return s.hub.Watch() }
func (s *shelf) Policy(context.Context) (soc.Policy, error)           { return soc.DefaultPolicy(), nil }

func (s *shelf) HostsNamed(context.Context, soc.IntegrationID, string) ([]soc.Host, error) {
	return nil, nil
}

func (s *shelf) Host(_ context.Context, key soc.HostKey) (soc.Host, error) {
	return soc.Host{Key: key, Name: "ws-01", Onboarding: "Onboarded", Health: "Active", OSPlatform: "Windows11", FetchedAt: s.w.now}, nil
}

func (s *shelf) Integration(_ context.Context, id soc.IntegrationID) (soc.Integration, error) {
	return soc.Integration{ID: id, Name: "proof", Enabled: true}, nil
}

func (s *shelf) Actions(context.Context, soc.HostKey) ([]soc.MachineAction, time.Time, error) {
	return slices.Clone(s.actions), s.asOf, nil
}

func (s *shelf) PutActions(ctx context.Context, _ soc.IntegrationID, actions []soc.MachineAction, asOf time.Time) error {
	return s.PutHostActions(ctx, soc.HostKey{}, actions, asOf)
}

func (s *shelf) PutHostActions(_ context.Context, _ soc.HostKey, actions []soc.MachineAction, asOf time.Time) error {
	for _, a := range actions {
		i := slices.IndexFunc(s.actions, func(b soc.MachineAction) bool { return b.ID == a.ID })
		switch {
		case i < 0:
			s.actions = append(s.actions, a)
		case !a.Updated.Before(s.actions[i].Updated):
			s.actions[i] = a
		}
	}
	slices.SortFunc(s.actions, func(a, b soc.MachineAction) int { return b.Created.Compare(a.Created) })
	s.asOf = asOf
	return nil
}
