package poll_test

import (
	"context"
	"sync"
	"time"

	"cordon/store/soc"
)

// shelf is a store in memory.
type shelf struct {
	mu     sync.Mutex
	alerts map[string]soc.RawAlert
	hosts  []soc.Host
	fleet  int
	state  soc.PollState
}

func newShelf() *shelf { return &shelf{alerts: map[string]soc.RawAlert{}} }

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.alerts)
}

// ready tells that everything was read once.
func (s *shelf) ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.FirstDone && !s.state.LastOK.IsZero() && s.fleet > 0 && len(s.hosts) > 1
}

func (s *shelf) PutAlerts(_ context.Context, _ soc.IntegrationID, page []soc.RawAlert, st soc.PollState) (soc.PutResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range page {
		s.alerts[r.Alert.ID] = r
	}
	s.state = st
	return soc.PutResult{}, nil
}

func (s *shelf) PutHosts(_ context.Context, h ...soc.Host) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts = append(h, s.hosts...)
	return nil
}

func (s *shelf) Host(context.Context, soc.HostKey) (soc.Host, error) {
	return soc.Host{}, soc.ErrNotFound
}

func (s *shelf) PutActions(context.Context, soc.IntegrationID, []soc.MachineAction, time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fleet++
	return nil
}

func (s *shelf) PutHostActions(context.Context, soc.HostKey, []soc.MachineAction, time.Time) error {
	return nil
}

func (s *shelf) PollState(context.Context, soc.IntegrationID) (soc.PollState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, nil
}

func (s *shelf) SavePollState(_ context.Context, st soc.PollState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = st
	return nil
}

func (s *shelf) AppendAudit(context.Context, ...soc.AuditEntry) error { return nil }

func (s *shelf) Audit(context.Context, soc.AuditQuery) (soc.AuditPage, error) {
	return soc.AuditPage{}, nil
}

func (s *shelf) Lockdown(context.Context, soc.LockdownID) (soc.Lockdown, error) {
	return soc.Lockdown{}, soc.ErrNotFound
}

func (s *shelf) HostsNamed(context.Context, soc.IntegrationID, string) ([]soc.Host, error) {
	return nil, nil
}
