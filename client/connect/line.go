package connect

import (
	"context"
	"fmt"
	"sync"

	"cordon/store/soc"
)

// API is what a connection can tell and test.
type API interface {
	// Test reports each step as it starts and ends; the error is set when the tenant can not be used at all.
	Test(ctx context.Context, report func(soc.Step)) ([]soc.Step, error)
	CloseIdle()
}

// Poller brings one tenant's data into the store.
type Poller interface {
	Run(ctx context.Context) error
	Kick()
	WantHost(machineID string, force bool)
	Status() soc.Conn
}

// Link is one tenant's connection.
type Link struct {
	API    API
	Remote Remote
	Poller Poller
}

// Dial makes the connection of an integration without contacting anybody; secret opens the credential each time a token is needed.
type Dial func(in soc.Integration, secret func(context.Context) (string, error)) (Link, error)

// line is a link in use, with the life of its poller.
type line struct {
	in   soc.Integration
	link Link

	// Set by start, guarded by Service.mu.
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	problem string
	over    bool // the poller is not started again by itself
}

// trouble is why the poller does not run; over tells that only a person can start it again.
func (l *line) trouble() (problem string, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.problem, l.over
}

func (l *line) setTrouble(text string, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problem, l.over = text, over
}

// Remote returns the connection that carries orders to an integration, whether or not it is enabled: a release must get through (K-07).
// The error is KindNotFound for an integration that was detached.
func (s *Service) Remote(id soc.IntegrationID) (Remote, error) {
	l, err := s.line(id)
	if err != nil {
		return nil, err
	}
	return l.link.Remote, nil
}

// line returns the connection of an integration and dials if there is none yet.
func (s *Service) line(id soc.IntegrationID) (*line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.links[id]; l != nil {
		return l, nil
	}
	if s.going[id] {
		return nil, &soc.Error{Kind: soc.KindNotFound, Code: "detached", What: "this tenant is being detached"}
	}
	in, err := s.o.Store.Integration(context.Background(), id)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", id, err)
	}
	l, err := s.dial(in)
	if err != nil {
		return nil, err
	}
	s.links[id] = l
	s.wake()
	return l, nil
}

// dial makes the line of a stored integration.
func (s *Service) dial(in soc.Integration) (*line, error) {
	link, err := s.o.Dial(unsealed(in), func(ctx context.Context) (string, error) { return s.newest(ctx, in) })
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", in.Name, err)
	}
	return &line{in: in, link: link}, nil
}

// binding is the name that a secret is sealed under: the integration and where the secret may be sent. The clouds' own hosts count as one
// place; custom hosts only as themselves. So whoever can edit settings, or the database, can not send a stored secret somewhere else.
func binding(in soc.Integration) string {
	if !in.Custom {
		return string(in.ID) + "@microsoft"
	}
	return string(in.ID) + "@" + in.Login + "+" + in.API
}

func unsealed(in soc.Integration) soc.Integration {
	in.Sealed = nil
	return in
}
