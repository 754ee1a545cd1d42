package lockdown_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/store/soc"
)

// memStore keeps records as the real store does, with its rules: compare-and-set, I3, I7, I11. It also checks every invariant of the
// machine on every write, and remembers violations.
type memStore struct {
	t        *testing.T
	hub      soc.Hub
	mu       sync.Mutex
	locks    map[soc.LockdownID]soc.Lockdown
	audit    []soc.AuditEntry
	hosts    map[soc.HostKey]soc.Host
	actions  map[soc.HostKey][]soc.MachineAction
	asOf     map[soc.HostKey]time.Time
	tenants  map[soc.IntegrationID]soc.Integration
	policy   soc.Policy
	failSave func(soc.Lockdown) error // a broken disk
	saves    int
}

func newStore(t *testing.T) *memStore {
	s := &memStore{
		t: t, locks: map[soc.LockdownID]soc.Lockdown{}, hosts: map[soc.HostKey]soc.Host{}, actions: map[soc.HostKey][]soc.MachineAction{},
		asOf: map[soc.HostKey]time.Time{}, policy: soc.DefaultPolicy(),
		tenants: map[soc.IntegrationID]soc.Integration{"t1": {ID: "t1", Name: "contoso", Enabled: true}},
	}
	for _, n := range []string{"1", "10", "100"} {
		s.addHost("m"+n, "PC"+n)
	}
	return s
}

func (s *memStore) addHost(id, name string) soc.HostKey {
	key := soc.HostKey{Integration: "t1", MachineID: id}
	s.hosts[key] = soc.Host{Key: key, Name: name, Onboarding: "Onboarded", Health: "Active", OSPlatform: "Windows11", LastIP: "10.0.0.5", FetchedAt: time.Now()}
	return key
}

func (s *memStore) edit(key soc.HostKey, f func(*soc.Host)) {
	h := s.hosts[key]
	f(&h)
	s.hosts[key] = h
}

func (s *memStore) SaveLockdown(_ context.Context, l soc.Lockdown, entries ...soc.AuditEntry) (soc.Lockdown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failSave != nil {
		if err := s.failSave(l); err != nil {
			return soc.Lockdown{}, err
		}
	}
	old, found := s.locks[l.ID]
	if found != (l.Revision != 0) || l.Revision != old.Revision {
		return soc.Lockdown{}, &soc.Error{Kind: soc.KindConflict, Code: "stale-revision"}
	}
	if !l.Phase.Final() && l.Wake.IsZero() {
		s.t.Errorf("I3: %s saved without a wake-up", l.Phase)
	}
	if !l.Phase.Final() && s.taken(l) {
		return soc.Lockdown{}, &soc.Error{Kind: soc.KindConflict, Code: "open-lockdown"}
	}
	if err := soc.Check(old, l, entries...); err != nil {
		s.t.Errorf("invariant: %v", err)
	}
	l.Revision++
	s.saves++
	s.locks[l.ID] = l
	s.append(entries)
	s.hub.Publish(soc.TopicLockdowns | soc.TopicAudit)
	return l, nil
}

// taken reports whether another open lockdown has the host.
func (s *memStore) taken(l soc.Lockdown) bool {
	for id := range s.locks {
		if id != l.ID {
			if o := s.locks[id]; o.Key == l.Key && !o.Phase.Final() {
				return true
			}
		}
	}
	return false
}

func (s *memStore) append(entries []soc.AuditEntry) {
	for _, e := range entries {
		e.Seq = uint64(len(s.audit) + 1)
		s.audit = append(s.audit, e)
	}
}

func (s *memStore) AppendAudit(_ context.Context, entries ...soc.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.append(entries)
	return nil
}

func (s *memStore) Lockdown(_ context.Context, id soc.LockdownID) (soc.Lockdown, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.locks[id]
	if !ok {
		return l, soc.ErrNotFound
	}
	l.Attempts = slices.Clone(l.Attempts)
	return l, nil
}

func (s *memStore) all(keep func(soc.Lockdown) bool) []soc.Lockdown {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []soc.Lockdown
	for _, l := range s.locks {
		if keep(l) {
			l.Attempts = slices.Clone(l.Attempts)
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b soc.Lockdown) int { return a.Wake.Compare(b.Wake) })
	return out
}

func (s *memStore) OpenLockdown(_ context.Context, key soc.HostKey) (soc.Lockdown, error) {
	if open := s.all(func(l soc.Lockdown) bool { return l.Key == key && !l.Phase.Final() }); len(open) > 0 {
		return open[0], nil
	}
	return soc.Lockdown{}, soc.ErrNotFound
}

func (s *memStore) Lockdowns(_ context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error) {
	return s.all(func(l soc.Lockdown) bool { return !q.Open || !l.Phase.Final() }), nil
}

func (s *memStore) DueLockdowns(_ context.Context, now time.Time, limit int) ([]soc.Lockdown, error) {
	due := s.all(func(l soc.Lockdown) bool { return !l.Wake.IsZero() && !l.Wake.After(now) })
	return due[:min(limit, len(due))], nil
}

func (s *memStore) NextWake(context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Time
	for _, l := range s.locks {
		if !l.Wake.IsZero() && (next.IsZero() || l.Wake.Before(next)) {
			next = l.Wake
		}
	}
	return next, nil
}

func (s *memStore) Watch() *soc.Watcher { return s.hub.Watch() }

func (s *memStore) Host(_ context.Context, key soc.HostKey) (soc.Host, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.hosts[key]; ok {
		return h, nil
	}
	return soc.Host{}, soc.ErrNotFound
}

func (s *memStore) HostsNamed(_ context.Context, id soc.IntegrationID, name string) ([]soc.Host, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []soc.Host
	for _, h := range s.hosts {
		if h.Key.Integration == id && strings.EqualFold(h.Name, name) {
			out = append(out, h)
		}
	}
	return out, nil
}

func (s *memStore) Actions(_ context.Context, key soc.HostKey) ([]soc.MachineAction, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.actions[key]), s.asOf[key], nil
}

// PutHostActions merges by id; an older answer does not replace a newer one, nor take a final status back (F39).
func (s *memStore) PutHostActions(_ context.Context, key soc.HostKey, actions []soc.MachineAction, asOf time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.actions[key]
	for _, a := range actions {
		a.Integration = key.Integration
		i := slices.IndexFunc(have, func(b soc.MachineAction) bool { return b.ID == a.ID })
		switch {
		case i < 0:
			have = append(have, a)
		case !a.Updated.Before(have[i].Updated) && (a.Status.Final() || !have[i].Status.Final() || a.Updated.After(have[i].Updated)):
			have[i] = a
		}
	}
	slices.SortFunc(have, func(a, b soc.MachineAction) int { return b.Created.Compare(a.Created) })
	s.actions[key], s.asOf[key] = have, asOf
	s.hub.Publish(soc.TopicActions)
	return nil
}

// PutActions merges a fleet view; it counts for every host.
func (s *memStore) PutActions(ctx context.Context, id soc.IntegrationID, actions []soc.MachineAction, asOf time.Time) error {
	byHost := map[soc.HostKey][]soc.MachineAction{}
	s.mu.Lock()
	for key := range s.hosts {
		if key.Integration == id {
			byHost[key] = nil
		}
	}
	s.mu.Unlock()
	for _, a := range actions {
		key := soc.HostKey{Integration: id, MachineID: a.MachineID}
		byHost[key] = append(byHost[key], a)
	}
	for key, list := range byHost {
		if err := s.PutHostActions(ctx, key, list, asOf); err != nil {
			return err
		}
	}
	return nil
}

func (s *memStore) Integration(_ context.Context, id soc.IntegrationID) (soc.Integration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in, ok := s.tenants[id]; ok {
		return in, nil
	}
	return soc.Integration{}, soc.ErrNotFound
}

func (s *memStore) Policy(context.Context) (soc.Policy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.policy, nil
}

// history returns the audit entries that fit.
func (s *memStore) history(fits func(soc.AuditEntry) bool) []soc.AuditEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []soc.AuditEntry
	for _, e := range s.audit {
		if fits(e) {
			out = append(out, e)
		}
	}
	return out
}

// reached returns the entries of the change into a phase.
func (s *memStore) reached(p soc.Phase) []soc.AuditEntry {
	return s.history(func(e soc.AuditEntry) bool { return e.After == string(p) })
}
