package connect_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/client/connect"
	"cordon/client/poll"
	"cordon/config/secret"
	"cordon/store"
	"cordon/store/soc"
)

const (
	tenantID = "7f3c1e0a-9b1d-4c2e-8f00-1a2b3c4d5e6f"
	clientID = "c1d2e3f4-5566-7788-99aa-bbccddeeff00"
	canary   = "c4n4ry~Value/with+8Q"
)

// lab is a Service on a real store and a real key ring, with a fake Defender.
type lab struct {
	*connect.Service
	t     *testing.T
	dir   string
	store *store.Store
	ring  *secret.Ring
	ld    *orders

	mu      sync.Mutex
	good    string // the secret that signs in
	steps   []soc.Step
	pollers []*poller
	apis    []*api
	runs    chan *poller                           // each poller once, when it starts
	poll    func(ctx context.Context, n int) error // what the nth poller does
	refuse  func() error                           // if set, why no connection is made
}

func newLab(t *testing.T) *lab {
	t.Helper()
	dir := t.TempDir()
	if err := chmod(dir); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), filepath.Join(dir, "cordon.db"), store.Options{Version: "test"})
	if err != nil {
		t.Fatalf("opening the store: %v", err)
	}
	t.Cleanup(func() { _ = st.Close() })
	ring, err := secret.OpenRing(dir)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, dir: dir, store: st, ring: ring, good: canary, ld: &orders{store: st}, runs: make(chan *poller, 100)}
	l.Service = connect.New(connect.Options{
		Store: st, Sealer: secret.Text{Ring: ring}, Dial: l.dial, History: poll.ParseHistory,
		Lockdowns: func() connect.Lockdowns { return l.ld },
		Backoff:   func(int) time.Duration { return time.Millisecond },
	})
	return l
}

func (l *lab) dial(in soc.Integration, open func(context.Context) (string, error)) (connect.Link, error) {
	if len(in.Sealed) > 0 {
		l.t.Error("the client was given the sealed secret")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		if err := l.refuse(); err != nil {
			return connect.Link{}, err
		}
	}
	p := &poller{lab: l, in: in, n: len(l.pollers), stopped: make(chan struct{})}
	l.pollers = append(l.pollers, p)
	a := &api{lab: l, open: open}
	l.apis = append(l.apis, a)
	return connect.Link{API: a, Remote: nil, Poller: p}, nil
}

// running returns the poller of exactly these settings once it runs.
func (l *lab) running(in soc.Integration) *poller {
	l.t.Helper()
	for {
		select {
		case p := <-l.runs:
			if p.in.ID == in.ID && p.in.Revision == in.Revision {
				return p
			}
		case <-time.After(10 * time.Second):
			l.t.Fatalf("no poller runs for %s revision %d", in.Name, in.Revision)
		}
	}
}

func (l *lab) start() {
	l.t.Helper()
	ctx, cancel := context.WithCancel(l.t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			l.t.Errorf("Run: %v", err)
		}
	})
}

// audit returns the lines of an action, newest first.
func (l *lab) audit(action string) []soc.AuditEntry {
	l.t.Helper()
	p, err := l.store.Audit(l.t.Context(), soc.AuditQuery{Count: 1000})
	if err != nil {
		l.t.Fatal(err)
	}
	var out []soc.AuditEntry
	for _, e := range p.Entries {
		if action == "" || e.Action == action {
			out = append(out, e)
		}
	}
	return out
}

// attached saves an integration and returns it.
func (l *lab) attached(name string) soc.Integration {
	l.t.Helper()
	in, err := l.Save(l.t.Context(), admin(), draft(name), canary, nil)
	if err != nil {
		l.t.Fatalf("Save(%s): %v", name, err)
	}
	return in
}

func (l *lab) stored(id soc.IntegrationID) soc.Integration {
	l.t.Helper()
	in, err := l.store.Integration(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	return in
}

// lock stores a live lockdown.
func (l *lab) lock(in soc.Integration, host string, phase soc.Phase) soc.Lockdown {
	l.t.Helper()
	now := time.Now().UTC()
	ld, err := l.store.SaveLockdown(l.t.Context(), soc.Lockdown{
		ID: soc.LockdownID("LK-" + host), Key: soc.HostKey{Integration: in.ID, MachineID: strings.Repeat("a", 39) + host[len(host)-1:]}, HostName: host,
		Period: 4 * time.Hour, Phase: phase, RequestedAt: now, Wake: now.Add(time.Hour), Type: soc.IsolationFull, Mode: soc.ModeManual, By: admin().Actor,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return ld
}

func draft(name string) soc.Integration {
	return soc.Integration{
		Name: name, TenantID: tenantID, ClientID: clientID, Cloud: "commercial", API: "https://api.securitycenter.microsoft.com",
		Environment: "PROD", Enabled: true, PollInterval: time.Minute, MaxHistory: "30 days ago",
	}
}

func person(role string) soc.Session {
	return soc.Session{Actor: soc.Actor{Name: "dave", Via: "tty", Role: role}, Rights: soc.RoleRights(role)}
}

func admin() soc.Session { return person("admin") }

// api is a tenant that knows one secret.
type api struct {
	lab  *lab
	open func(context.Context) (string, error)
}

func (a *api) CloseIdle() {}

func (a *api) Test(ctx context.Context, report func(soc.Step)) ([]soc.Step, error) {
	secret, err := a.open(ctx)
	a.lab.mu.Lock()
	good, steps := a.lab.good, a.lab.steps
	a.lab.mu.Unlock()
	step := soc.Step{Name: "sign in", Status: soc.StepOK, Took: time.Millisecond}
	if err == nil && secret != good {
		err = &soc.Error{Kind: soc.KindUnauthorized, Code: "AADSTS7000215", What: "the client secret was rejected (AADSTS7000215)", Next: "paste the secret's Value"}
	}
	if err != nil {
		step.Status, step.Detail = soc.StepFail, err.Error()
	}
	steps = append([]soc.Step{step}, steps...)
	for _, s := range steps {
		report(s)
		if s.Status == soc.StepFail && err == nil {
			err = &soc.Error{Kind: soc.KindDenied, Code: "role-missing", What: s.Detail}
		}
	}
	return steps, err
}

// poller runs until it is told otherwise.
type poller struct {
	lab       *lab
	in        soc.Integration
	n         int
	once, end sync.Once
	stopped   chan struct{}

	mu     sync.Mutex
	kicks  int
	wanted []string
}

func (p *poller) Run(ctx context.Context) error {
	p.once.Do(func() { p.lab.runs <- p })
	p.lab.mu.Lock()
	do := p.lab.poll
	p.lab.mu.Unlock()
	if do != nil {
		if err := do(ctx, p.n); err != nil {
			return err
		}
	}
	<-ctx.Done()
	p.end.Do(func() { close(p.stopped) })
	return ctx.Err()
}

func (p *poller) Kick() { p.mu.Lock(); p.kicks++; p.mu.Unlock() }

func (p *poller) WantHost(id string, _ bool) {
	p.mu.Lock()
	p.wanted = append(p.wanted, id)
	p.mu.Unlock()
}

func (p *poller) Status() soc.Conn {
	return soc.Conn{Integration: p.in, State: "ok", Roles: []string{"Machine.Read.All"}, MinuteUsed: 3, MinuteLimit: 100}
}

// orders stands in for the lockdown service: every order ends the lockdown at once.
type orders struct {
	store *store.Store
	mu    sync.Mutex
	calls []string
	hold  bool // accept, but do not finish

	ordered func(n int) // if set, called after the n-th order
}

func (o *orders) finish(ctx context.Context, what string, l soc.Lockdown, err error) (soc.Lockdown, error) {
	if err != nil {
		return l, err
	}
	o.mu.Lock()
	o.calls = append(o.calls, what+" "+l.HostName)
	hold, ordered, n := o.hold, o.ordered, len(o.calls)
	o.mu.Unlock()
	if ordered != nil {
		defer ordered(n)
	}
	if hold {
		return l, nil
	}
	l.Phase, l.EndedAt, l.Wake = soc.PhaseReleased, time.Now().UTC(), time.Time{}
	return o.store.SaveLockdown(ctx, l)
}

func (o *orders) Release(ctx context.Context, _ soc.Session, r soc.ReleaseRequest) (soc.Lockdown, error) {
	l, err := o.store.OpenLockdown(ctx, r.Host)
	return o.finish(ctx, "release", l, err)
}

func (o *orders) CancelLockdown(ctx context.Context, _ soc.Session, id soc.LockdownID, _ string) (soc.Lockdown, error) {
	l, err := o.store.Lockdown(ctx, id)
	return o.finish(ctx, "cancel", l, err)
}

func (o *orders) CloseLockdown(ctx context.Context, _ soc.Session, id soc.LockdownID, reason string) (soc.Lockdown, error) {
	if reason == "" {
		return soc.Lockdown{}, errors.New("no reason")
	}
	l, err := o.store.Lockdown(ctx, id)
	return o.finish(ctx, "close", l, err)
}
