package lockdown_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// rig is one console on one tenant.
type rig struct {
	t     *testing.T
	store *memStore
	mde   *tenant
	svc   *lockdown.Service
	key   soc.HostKey
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, d := newStore(t), newTenant()
	r := &rig{t: t, store: s, mde: d, key: soc.HostKey{Integration: "t1", MachineID: "m1"}}
	r.svc = lockdown.NewService(r.options(s, d))
	return r
}

func (r *rig) options(s lockdown.Store, m lockdown.Remotes) lockdown.Options {
	return lockdown.Options{Store: s, Remotes: m, Presets: []time.Duration{30 * time.Second, 2 * time.Minute}}
}

func analyst(rights ...soc.Right) soc.Session {
	return soc.Session{Actor: soc.Actor{Name: "alice", Via: "ssh"}, Rights: append(soc.RoleRights("responder"), rights...)}
}

// isolate orders a lockdown of the rig's host.
func (r *rig) isolate(p time.Duration) soc.Lockdown {
	r.t.Helper()
	l, err := r.svc.Isolate(r.t.Context(), analyst(), soc.IsolateRequest{Host: r.key, Period: p, Reason: "beacons", Ticket: "INC-7"})
	if err != nil {
		r.t.Fatalf("Isolate: %v", err)
	}
	return l
}

func (r *rig) get(id soc.LockdownID) soc.Lockdown {
	r.t.Helper()
	l, err := r.store.Lockdown(context.Background(), id)
	if err != nil {
		r.t.Fatalf("Lockdown: %v", err)
	}
	return l
}

// process is a running reconciler.
type process struct {
	stop context.CancelFunc
	done chan struct{}
	rec  *lockdown.Reconciler
}

func (r *rig) start(s lockdown.Store, m lockdown.Remotes) *process {
	ctx, cancel := context.WithCancel(r.t.Context())
	switch dying := s.(type) {
	case *mortal:
		dying.stop = cancel
	case forgetful:
		dying.stop = cancel
	}
	p := &process{stop: cancel, done: make(chan struct{}), rec: lockdown.NewReconciler(r.options(s, m))}
	go func() {
		defer close(p.done)
		if err := p.rec.Run(ctx); err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}()
	return p
}

func (r *rig) run() *process { return r.start(r.store, r.mde) }

// kill ends a process.
func (p *process) kill() {
	p.stop()
	<-p.done
}

// until waits in steps until the lockdown is in the phase, at most limit.
func (r *rig) until(id soc.LockdownID, phase soc.Phase, limit time.Duration) soc.Lockdown {
	r.t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(time.Second) {
		l := r.get(id)
		if l.Phase == phase {
			return l
		}
		if time.Now().After(end) {
			r.t.Fatalf("phase = %s (%s, %s) after %s, want %s", l.Phase, l.Cause, l.Trouble, limit, phase)
		}
	}
}

var errDead = errors.New("the process is dead")

// mortal is a store and a Defender as seen by a process that dies at one point: the point-th call of a kind, before or after its effect.
// From then on nothing it does reaches anybody.
type mortal struct {
	*memStore
	mde  *tenant
	stop context.CancelFunc
	dead atomic.Bool
	// die is asked at every call, before (done false) and after its effect.
	die func(op string, l soc.Lockdown, done bool) bool
}

func (m *mortal) at(op string, l soc.Lockdown, done bool) bool {
	if m.dead.Load() {
		return true
	}
	if m.die(op, l, done) {
		m.dead.Store(true)
		if m.stop != nil {
			m.stop()
		}
		return true
	}
	return false
}

func (m *mortal) SaveLockdown(ctx context.Context, l soc.Lockdown, e ...soc.AuditEntry) (soc.Lockdown, error) {
	if m.at("save", l, false) {
		return soc.Lockdown{}, errDead
	}
	saved, err := m.memStore.SaveLockdown(ctx, l, e...)
	if m.at("save", l, true) {
		return soc.Lockdown{}, errDead
	}
	return saved, err
}

func (m *mortal) PutHostActions(ctx context.Context, k soc.HostKey, a []soc.MachineAction, t time.Time) error {
	if m.dead.Load() {
		return errDead
	}
	return m.memStore.PutHostActions(ctx, k, a, t)
}

func (m *mortal) AppendAudit(ctx context.Context, e ...soc.AuditEntry) error {
	if m.dead.Load() {
		return errDead
	}
	return m.memStore.AppendAudit(ctx, e...)
}

func (m *mortal) Remote(soc.IntegrationID) (lockdown.Remote, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return mortalRemote{m}, nil
}

type mortalRemote struct{ m *mortal }

func (r mortalRemote) do(op string, f func() (soc.MachineAction, error)) (soc.MachineAction, error) {
	if r.m.at(op, soc.Lockdown{}, false) {
		return soc.MachineAction{}, errDead
	}
	a, err := f()
	if r.m.at(op, soc.Lockdown{}, true) {
		return soc.MachineAction{}, errDead
	}
	return a, err
}

func (r mortalRemote) Isolate(ctx context.Context, id string, k soc.IsolationType, c string) (soc.MachineAction, error) {
	return r.do("isolate", func() (soc.MachineAction, error) { return r.m.mde.Isolate(ctx, id, k, c) })
}

func (r mortalRemote) Unisolate(ctx context.Context, id, c string) (soc.MachineAction, error) {
	return r.do("unisolate", func() (soc.MachineAction, error) { return r.m.mde.Unisolate(ctx, id, c) })
}

func (r mortalRemote) CancelAction(ctx context.Context, id, c string) (soc.MachineAction, error) {
	return r.do("cancel", func() (soc.MachineAction, error) { return r.m.mde.CancelAction(ctx, id, c) })
}

func (r mortalRemote) Action(ctx context.Context, id string) (soc.MachineAction, error) {
	return r.do("action", func() (soc.MachineAction, error) { return r.m.mde.Action(ctx, id) })
}

func (r mortalRemote) HostActions(ctx context.Context, id string) (list []soc.MachineAction, err error) {
	_, derr := r.do("list", func() (soc.MachineAction, error) {
		list, err = r.m.mde.HostActions(ctx, id)
		return soc.MachineAction{}, err
	})
	if derr != nil {
		return nil, derr
	}
	return list, err
}

func (r mortalRemote) Machine(ctx context.Context, id string) (soc.Host, error) {
	return r.m.mde.Machine(ctx, id)
}
