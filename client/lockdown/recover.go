package lockdown

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/store/soc"
)

// recoverBack is how far back the tenant's actions are read to rebuild lockdowns.
const recoverBack = 180 * 24 * time.Hour

// Fleet is the part of a Remote that lists the isolations and releases of all hosts. *client.Client has it.
type Fleet interface {
	IsolationActions(ctx context.Context, since time.Time) ([]soc.MachineAction, error)
}

// accepter is a store that isolates no host until a person has compared it with Defender (F71).
type accepter interface {
	Accept(ctx context.Context, entries ...soc.AuditEntry) error
	Integrations(ctx context.Context) ([]soc.Integration, error)
}

// compared are the tenants of which every isolated host is looked after, as their last recovery in this process found.
type compared struct {
	mu    sync.Mutex
	whole map[soc.IntegrationID]bool
}

func (c *compared) set(id soc.IntegrationID, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.whole == nil {
		c.whole = map[soc.IntegrationID]bool{}
	}
	c.whole[id] = whole
}

// lacks reports whether one of the tenants is not compared.
func (c *compared) lacks(all []soc.Integration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(all, func(in soc.Integration) bool { return !c.whole[in.ID] })
}

// finding is a host that was found, with an earlier lockdown of it that the store still has open although Defender shows its end.
type finding struct {
	soc.Recovered
	actions []soc.MachineAction
	closes  *soc.Lockdown
	lines   []soc.AuditEntry
}

// Recover rebuilds the open lockdowns of a tenant from its actions and our comments in them, after the database was lost (K-12). It lists what
// it found; with apply it writes the records, each with a line of history. Running it again changes nothing: a lockdown that the store has open
// is left alone. only limits it to some lockdowns; consoles that share a tenant can not tell their orders apart, so a person must choose where
// that matters.
//
// A store that was restored isolates nobody until it was compared with Defender (F71). Recover ends that hold when, in one process, it was
// applied to every tenant of the store without a choice, and each host that it found is looked after.
func (s *Service) Recover(ctx context.Context, who soc.Session, id soc.IntegrationID, apply bool, only ...soc.LockdownID) ([]soc.Recovered, error) {
	if err := mayAct(who, soc.ActRecover); apply && err != nil {
		return nil, s.refuse(ctx, who, soc.ActRecover, soc.HostKey{Integration: id}, soc.Verdict{}, err)
	}
	found, err := s.findLost(ctx, id)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(f finding) bool { return len(only) > 0 && !slices.Contains(only, f.Lockdown.ID) })
	if !apply {
		return results(found), nil
	}
	s.compared.set(id, false)
	whole := len(only) == 0
	for i := range found {
		if f := &found[i]; f.Take && !f.Known {
			if err := s.recoverOne(ctx, who, f); err != nil {
				return results(found), err
			}
		}
		whole = whole && (found[i].Known || found[i].Done)
	}
	s.compared.set(id, whole)
	return results(found), s.accept(ctx, who, id, found, whole)
}

func results(found []finding) []soc.Recovered {
	out := make([]soc.Recovered, 0, len(found))
	for _, f := range found {
		out = append(out, f.Recovered)
	}
	return out
}

// findLost reads the tenant and says of each host what can be rebuilt.
func (s *Service) findLost(ctx context.Context, id soc.IntegrationID) ([]finding, error) {
	remote, err := s.o.Remotes.Remote(id)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", id, err)
	}
	fleet, ok := remote.(Fleet)
	if !ok {
		return nil, no(soc.KindInternal, "no-fleet", "this connection can not list the actions of all hosts", "nothing was recovered",
			"attach the tenant again")
	}
	now := s.o.Now().UTC()
	list, err := fleet.IsolationActions(ctx, now.Add(-recoverBack))
	if err != nil {
		return nil, fmt.Errorf("reading the tenant's actions: %w", err)
	}
	byHost := map[string][]soc.MachineAction{}
	for _, a := range list {
		a.Integration = id
		byHost[strings.ToLower(a.MachineID)] = append(byHost[strings.ToLower(a.MachineID)], a)
	}
	var found []finding
	for _, actions := range byHost {
		key := soc.HostKey{Integration: id, MachineID: actions[0].MachineID}
		host, err := s.o.Store.Host(ctx, key)
		if err != nil && !errors.Is(err, soc.ErrNotFound) {
			return nil, fmt.Errorf("reading host: %w", err)
		}
		host.Key = key
		r, ok := soc.Recover(host, actions, now)
		if !ok {
			continue
		}
		f := finding{Recovered: r, actions: actions}
		if err := s.known(ctx, &f); err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(a.Lockdown.Deadline.Compare(b.Lockdown.Deadline), cmp.Compare(a.Lockdown.Key.MachineID, b.Lockdown.Key.MachineID))
	})
	return found, nil
}

// known compares with what the store has.
func (s *Service) known(ctx context.Context, f *finding) error {
	f.closes, f.lines = nil, nil
	old, err := s.o.Store.Lockdown(ctx, f.Lockdown.ID)
	if errors.Is(err, soc.ErrNotFound) {
		old, err = s.o.Store.OpenLockdown(ctx, f.Lockdown.Key)
	}
	switch {
	case errors.Is(err, soc.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("reading lockdown: %w", err)
	}
	now := s.o.Now().UTC().Round(0)
	next, lines, err := soc.Observed(old, soc.Seen{At: now, TriedAt: now, Actions: f.actions}, now)
	if err != nil {
		return fmt.Errorf("comparing lockdown %s with Defender: %w", old.ID, err)
	}
	switch {
	case old.ID == f.Lockdown.ID && old.Phase.Final():
		f.ended(old, next)
	case old.ID == f.Lockdown.ID:
		f.Known, f.Why = true, fmt.Sprintf("the store has lockdown %s (%s) of this host; it is left as it is", old.ID, old.Phase)
	case f.Take && next.Phase.Final():
		f.closes, f.lines = &next, lines
		f.Why += fmt.Sprintf("; Defender shows that %s, which the store has open, is over: it is closed first", old.ID)
	case f.Take:
		f.Take = false
		f.Why = fmt.Sprintf("the store has %s (%s) of this host; let the timers close it, then run recover again", old.ID, old.Phase)
	}
	return nil
}

// ended judges a lockdown that is over in the store and in force in Defender: it is looked after by the watch for late isolates, or by the
// person who closed it. Everything else must be looked at.
func (f *finding) ended(old, next soc.Lockdown) {
	f.Take = false
	switch {
	case next.Trouble != "":
		f.Known, f.Why = true, next.Trouble
	case old.Cause == soc.CauseHandover:
		f.Known, f.Why = true, "it was closed by a person, with a reason, and the host left as it is"
	default:
		f.Why = fmt.Sprintf("it is over in the store (%s) and in force in Defender; look at the host in Defender", old.Phase)
	}
}

func (s *Service) recoverOne(ctx context.Context, who soc.Session, f *finding) error {
	err := s.closeFirst(ctx, f)
	if err == nil {
		var saved soc.Lockdown
		if saved, err = s.o.Store.SaveLockdown(ctx, f.Lockdown, soc.RecoverEntry(f.Lockdown, who.Actor)); err == nil {
			f.Lockdown, f.Done = saved, true
			return nil
		}
	}
	if errors.Is(err, soc.ErrConflict) { // a record came or changed meanwhile
		return s.known(ctx, f)
	}
	return s.notStored(ctx, who, soc.ActRecover, soc.Verdict{}, err)
}

func (s *Service) closeFirst(ctx context.Context, f *finding) error {
	if f.closes == nil {
		return nil
	}
	_, err := s.o.Store.SaveLockdown(ctx, *f.closes, f.lines...)
	return err
}

// accept writes the line about the whole, and ends the hold of the store if every host of every tenant is looked after.
func (s *Service) accept(ctx context.Context, who soc.Session, id soc.IntegrationID, found []finding, whole bool) error {
	done := 0
	for _, r := range found {
		if r.Done {
			done++
		}
	}
	e := soc.AuditEntry{
		Time: s.o.Now().UTC(), Integration: id, Actor: who.Actor, Action: string(soc.ActRecover), Target: string(id), Result: soc.ResultOK,
		Detail: fmt.Sprintf("%d hosts with orders of ours found in Defender, %d lockdowns rebuilt", len(found), done),
	}
	if err := s.o.Store.AppendAudit(ctx, e); err != nil {
		return fmt.Errorf("recording the recovery: %w", err)
	}
	held, ok := s.o.Store.(accepter)
	if !ok || !whole {
		return nil
	}
	all, err := held.Integrations(ctx)
	if err != nil {
		return fmt.Errorf("reading the integrations: %w", err)
	}
	if s.compared.lacks(all) {
		return nil
	}
	e.Action, e.Detail = "accept", "the store was compared with Defender by cordon recover"
	return held.Accept(ctx, e)
}
