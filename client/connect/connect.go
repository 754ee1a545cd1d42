// Package connect owns the attached tenants: it signs in to each, keeps one poller per tenant running, and is the only place where
// integrations are added, changed, tested and removed.
//
// It promises four things. Credentials are proved before they are stored: a draft that can not sign in changes nothing, and the old ones
// stay in force (V-05). A stored secret goes only where it was meant to go: with other hosts it must be typed again. Switching a tenant
// off stops new isolations, never the reading and never a release; and a tenant with live lockdowns is not detached by accident (K-07).
// Every change and every refusal is a line of the audit history, and none of them shows a secret.
//
// Run supervises the pollers: one that fails or panics is audited and started again with a growing pause, without touching the others.
package connect

import (
	"context"
	"sync"
	"time"

	"cordon/store/soc"
)

// Store is what this package reads and writes.
type Store interface {
	Integrations(ctx context.Context) ([]soc.Integration, error)
	Integration(ctx context.Context, id soc.IntegrationID) (soc.Integration, error)
	SaveIntegration(ctx context.Context, in soc.Integration, audit ...soc.AuditEntry) (soc.Integration, error)
	DeleteIntegration(ctx context.Context, id soc.IntegrationID, audit ...soc.AuditEntry) error
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	AppendAudit(ctx context.Context, entries ...soc.AuditEntry) error
	PollState(ctx context.Context, id soc.IntegrationID) (soc.PollState, error)
	Watch() *soc.Watcher
}

// Sealer encrypts credentials for the store. Open refuses text that was sealed for another name or version.
type Sealer interface {
	Seal(name string, version int, plain string) ([]byte, error)
	Open(name string, version int, sealed []byte) (string, error)
}

// Lockdowns is what detaching orders.
type Lockdowns interface {
	Release(ctx context.Context, s soc.Session, r soc.ReleaseRequest) (soc.Lockdown, error)
	CancelLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error)
	CloseLockdown(ctx context.Context, s soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error)
}

// Options are the parts of a Service. Store, Sealer and Dial are required.
type Options struct {
	Store  Store
	Sealer Sealer
	// Dial makes the client and the poller of one integration; Defender returns the real one.
	Dial Dial
	// Lockdowns returns the lockdown service; it is asked late because that service needs this one.
	Lockdowns func() Lockdowns
	// History judges a "how far back" setting.
	History func(text string, now time.Time) (time.Time, error)
	Now     func() time.Time
	// Backoff returns the pause before the nth restart of a poller; nil means 1 s, doubled up to 5 min.
	Backoff func(n int) time.Duration
	// Restarts is how often a poller that fails is started again before it stays down (T-19); 0 means 3.
	Restarts int
	// Locked says why nothing can be ordered now, see Parts; nil means that everything can.
	Locked func() error
}

// defaultRestarts is the advice of the product that the setting comes from.
const defaultRestarts = 3

// Service keeps the tenants connected. Make it with New; it is safe for concurrent use.
type Service struct {
	o    Options
	kick chan struct{}

	mu    sync.Mutex
	links map[soc.IntegrationID]*line
	going map[soc.IntegrationID]bool   // being detached: not dialled again
	told  map[soc.IntegrationID]uint64 // revision of the settings whose failed start was told
}

// New makes a Service; nothing is contacted before Run or a command.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	if o.Locked == nil {
		o.Locked = func() error { return nil }
	}
	if o.Restarts <= 0 {
		o.Restarts = defaultRestarts
	}
	return &Service{
		o: o, kick: make(chan struct{}, 1),
		links: map[soc.IntegrationID]*line{}, going: map[soc.IntegrationID]bool{}, told: map[soc.IntegrationID]uint64{},
	}
}

func backoff(n int) time.Duration { return min(time.Second<<min(n, 9), 5*time.Minute) }

// Conns returns the live condition of every integration, in the order of the store. A condition that can not be told says so; an
// integration is never left out.
func (s *Service) Conns(ctx context.Context) []soc.Conn {
	ins, err := s.o.Store.Integrations(ctx)
	if err != nil {
		return nil
	}
	out := make([]soc.Conn, 0, len(ins))
	for _, in := range ins {
		out = append(out, s.conn(ctx, in))
	}
	return out
}

func (s *Service) conn(ctx context.Context, in soc.Integration) soc.Conn {
	in.Sealed = nil
	l, err := s.line(in.ID)
	if err != nil {
		return s.apart(ctx, in, err)
	}
	c := l.link.Poller.Status()
	c.Integration = in
	c.Integration.Sealed = nil
	if problem, over := l.trouble(); problem != "" {
		c.State, c.Problem = "unreachable", problem
		if over {
			c.State = "refused"
		}
	}
	if !in.Enabled && c.State == "ok" {
		c.State = "disabled"
	}
	return c
}

// apart is the condition of a tenant that can not even be dialled: what was read of it before is there still, and as old as it is. It is sealed
// when that is for want of the key (SC46).
func (s *Service) apart(ctx context.Context, in soc.Integration, why error) soc.Conn {
	c := soc.Conn{Integration: in, State: "refused", Problem: why.Error(), Interval: in.PollInterval}
	if s.o.Locked() != nil {
		c.State = "sealed"
	}
	if st, err := s.o.Store.PollState(ctx, in.ID); err == nil { // else nothing was read yet, which is what the zero time says
		c.LastOK, c.Gap = st.LastOK, st.Gap
	}
	return c
}

// WantHost fetches a host, its users and its actions in the background.
func (s *Service) WantHost(key soc.HostKey, force bool) {
	if key.IsZero() {
		return
	}
	if l, err := s.line(key.Integration); err == nil {
		l.link.Poller.WantHost(key.MachineID, force)
	}
}

// Refresh polls every tenant now, whatever its back-off: also one whose poller was given up, and one that could not be brought up. A tenant that
// is refused gets a new token first. It waits for nothing.
func (s *Service) Refresh() {
	s.wake()
	for _, l := range s.all() {
		if _, over := l.trouble(); over {
			s.revive(l)
			continue
		}
		l.link.Poller.Kick()
	}
}

func (s *Service) all() []*line {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*line, 0, len(s.links))
	for _, l := range s.links {
		out = append(out, l)
	}
	return out
}

// wake makes Run look at the integrations again.
func (s *Service) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
