package poll

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/store/soc"
)

var start = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

// order is what a model tenant makes of $orderby.
type order int

const (
	oldestFirst order = iota
	newestFirst
	unordered
)

type request struct {
	kind        string
	from, until time.Time
	skip        int
	at          time.Time
}

// model is Defender in memory: records, pages, a delay until changes show, and failures on demand.
type model struct {
	mu       sync.Mutex
	alerts   map[string]soc.Alert
	hidden   map[string]bool // changed, but the list does not show it yet
	acts     []soc.MachineAction
	hosts    map[string]soc.Host
	users    []soc.LogonUser
	usersErr error
	roles    []string
	order    order
	fail     func(request) error
	asked    []request
	now      func() time.Time
}

func newModel(now func() time.Time) *model {
	return &model{
		alerts: map[string]soc.Alert{}, hidden: map[string]bool{}, hosts: map[string]soc.Host{}, now: now,
		roles: []string{"Alert.Read.All", "Machine.Read.All", "User.Read.All"},
	}
}

func (m *model) put(id string, created, updated time.Time, status soc.AlertStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alerts[id] = soc.Alert{Integration: "i", ID: id, Created: created, LastUpdate: updated, Status: status}
}

// ask is called under mu.
func (m *model) ask(ctx context.Context, r request) error {
	r.at = m.now()
	m.asked = append(m.asked, r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fail := m.fail; fail != nil {
		m.mu.Unlock() // it may wait
		defer m.mu.Lock()
		return fail(r)
	}
	return nil
}

func (m *model) list(ctx context.Context, kind string, from, until time.Time, top, skip int, at func(soc.Alert) time.Time, pick func(soc.Alert) bool) ([]soc.RawAlert, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask(ctx, request{kind: kind, from: from, until: until, skip: skip}); err != nil {
		return nil, false, err
	}
	var all []soc.Alert
	for id, a := range m.alerts {
		if !m.hidden[id] && pick(a) && !at(a).Before(from) && (until.IsZero() || at(a).Before(until)) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b soc.Alert) int {
		switch m.order {
		case newestFirst:
			a, b = b, a
		case unordered:
			return cmp.Compare(a.ID, b.ID)
		}
		return cmp.Or(at(a).Compare(at(b)), cmp.Compare(a.ID, b.ID))
	})
	var page []soc.RawAlert
	for _, a := range all[min(skip, len(all)):min(skip+top, len(all))] {
		page = append(page, soc.RawAlert{Alert: a, Raw: []byte("{}")})
	}
	if m.order == unordered && slices.IsSortedFunc(page, func(a, b soc.RawAlert) int { return at(a.Alert).Compare(at(b.Alert)) }) {
		// In pages of a thousand chance does not look like order; in pages of three it must not either.
		slices.Reverse(page)
	}
	return page, len(page) == top, nil
}

func (m *model) AlertsUpdated(ctx context.Context, from, until time.Time, top, skip int) ([]soc.RawAlert, bool, error) {
	return m.list(ctx, "updated", from, until, top, skip, lastUpdate, func(soc.Alert) bool { return true })
}

func (m *model) AlertsOpen(ctx context.Context, from, until time.Time, top, skip int) ([]soc.RawAlert, bool, error) {
	return m.list(ctx, "open", from, until, top, skip, created, func(a soc.Alert) bool { return a.Status.Open() })
}

func (m *model) IsolationActions(ctx context.Context, since time.Time) ([]soc.MachineAction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.acts), m.ask(ctx, request{kind: "actions", from: since})
}

func (m *model) HostActions(ctx context.Context, id string) ([]soc.MachineAction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return nil, m.ask(ctx, request{kind: "hostactions " + id})
}

func (m *model) Machine(ctx context.Context, id string) (soc.Host, error) {
	m.mu.Lock()
	err := m.ask(ctx, request{kind: "machine " + id})
	h, ok := m.hosts[id]
	m.mu.Unlock()
	if err == nil && !ok {
		err = &soc.Error{Kind: soc.KindNotFound, What: "no such machine"}
	}
	if err != nil {
		return soc.Host{}, err
	}
	h.FetchedAt = m.now()
	return h, nil
}

func (m *model) LogonUsers(ctx context.Context, id string) ([]soc.LogonUser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask(ctx, request{kind: "users " + id}); err != nil {
		return nil, err
	}
	return m.users, m.usersErr
}

func (m *model) Roles(context.Context) ([]string, error) { return m.roles, nil }
func (m *model) Calls() (int, int, int, int)             { return 1, 100, 2, 1500 }
func (m *model) Skew() time.Duration                     { return 0 }

func (m *model) requests(prefix string) []request {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []request
	for _, r := range m.asked {
		if strings.HasPrefix(r.kind, prefix) {
			out = append(out, r)
		}
	}
	return out
}

// memory is the store.
type memory struct {
	mu       sync.Mutex
	alerts   map[string]soc.Alert
	puts     int // records handed to PutAlerts
	hosts    map[soc.HostKey]soc.Host
	acts     map[soc.HostKey]int
	fleet    int
	asOf     time.Time
	state    soc.PollState
	audit    []soc.AuditEntry
	auditErr error
}

// view is what a test sees of a memory that others write to.
type view struct {
	alerts map[string]soc.Alert
	puts   int
	hosts  map[soc.HostKey]soc.Host
	acts   map[soc.HostKey]int
	fleet  int
	asOf   time.Time
	state  soc.PollState
	audit  []soc.AuditEntry
}

func (s *memory) view() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return view{maps.Clone(s.alerts), s.puts, maps.Clone(s.hosts), maps.Clone(s.acts), s.fleet, s.asOf, s.state, slices.Clone(s.audit)}
}

func newMemory() *memory {
	return &memory{alerts: map[string]soc.Alert{}, hosts: map[soc.HostKey]soc.Host{}, acts: map[soc.HostKey]int{}}
}

func (s *memory) PutAlerts(ctx context.Context, _ soc.IntegrationID, page []soc.RawAlert, st soc.PollState) (soc.PutResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return soc.PutResult{}, ctx.Err()
	}
	for _, r := range page {
		s.alerts[r.Alert.ID] = r.Alert
		s.puts++
	}
	s.state = st
	return soc.PutResult{}, nil
}

func (s *memory) PutHosts(_ context.Context, hosts ...soc.Host) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range hosts {
		s.hosts[h.Key] = h
	}
	return nil
}

func (s *memory) Host(_ context.Context, k soc.HostKey) (soc.Host, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.hosts[k]
	if !ok {
		return soc.Host{}, &soc.Error{Kind: soc.KindNotFound, What: "unknown host"}
	}
	return h, nil
}

func (s *memory) PutActions(_ context.Context, _ soc.IntegrationID, _ []soc.MachineAction, asOf time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fleet++
	s.asOf = asOf
	return nil
}

func (s *memory) PutHostActions(_ context.Context, k soc.HostKey, _ []soc.MachineAction, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts[k]++
	return nil
}

func (s *memory) PollState(context.Context, soc.IntegrationID) (soc.PollState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, nil
}

func (s *memory) SavePollState(ctx context.Context, st soc.PollState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.state = st
	return nil
}

func (s *memory) AppendAudit(_ context.Context, e ...soc.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auditErr != nil {
		return s.auditErr
	}
	s.audit = append(s.audit, e...)
	return nil
}

func (s *memory) Audit(_ context.Context, q soc.AuditQuery) (soc.AuditPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []soc.AuditEntry
	for _, e := range slices.Backward(s.audit) {
		if strings.Contains(e.Action, strings.TrimPrefix(q.Text, "action:")) && !e.Time.Before(q.Since) && (q.Host.IsZero() || q.Host.MachineID == e.Host) {
			out = append(out, e)
		}
	}
	out = out[min(q.From, len(out)):]
	return soc.AuditPage{Entries: out[:min(q.Count, len(out))]}, nil
}

func (s *memory) Lockdown(_ context.Context, id soc.LockdownID) (soc.Lockdown, error) {
	if id == "LK-OURS0000" {
		return soc.Lockdown{ID: id}, nil
	}
	return soc.Lockdown{}, soc.ErrNotFound
}

func (s *memory) HostsNamed(_ context.Context, _ soc.IntegrationID, name string) ([]soc.Host, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []soc.Host
	for _, h := range s.hosts {
		if h.Name == name {
			out = append(out, h)
		}
	}
	return out, nil
}

func integration() soc.Integration {
	return soc.Integration{ID: "i", Name: "main tenant", Enabled: true, PollInterval: 5 * time.Minute, MaxHistory: "30 days ago"}
}
