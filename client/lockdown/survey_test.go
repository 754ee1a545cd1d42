package lockdown_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/lockdown"
	"cordon/store/soc"
)

// metered is a tenant behind the budget of calls of the real client.
type metered struct {
	*tenant
	lim *client.Limiter
	// until cuts the answers of the fleet read off at a moment, zero = never: a look that is older than it says.
	until time.Time
	slow  time.Duration // of the fleet read

	reading, most atomic.Int32 // fleet reads at once
	single        atomic.Int32 // looks at a host that is not released yet
}

func (m *metered) Remote(soc.IntegrationID) (lockdown.Remote, error) { return m, nil }

func (m *metered) Unisolate(ctx context.Context, id, c string) (soc.MachineAction, error) {
	if err := m.lim.Wait(ctx, "unisolate", client.PriorityRelease); err != nil {
		return soc.MachineAction{}, err
	}
	return m.tenant.Unisolate(ctx, id, c)
}

func (m *metered) HostActions(ctx context.Context, id string) ([]soc.MachineAction, error) {
	if err := m.lim.Wait(ctx, "machineactions", client.PriorityFollowUp); err != nil {
		return nil, err
	}
	m.with(func() {
		if !slices.ContainsFunc(m.posts, func(p post) bool { return p.machine == id }) {
			m.single.Add(1)
		}
	})
	return m.tenant.HostActions(ctx, id)
}

func (m *metered) IsolationActions(ctx context.Context, since time.Time) ([]soc.MachineAction, error) {
	if err := m.lim.Wait(ctx, "machineactions", client.PriorityFollowUp); err != nil {
		return nil, err
	}
	m.most.Store(max(m.most.Load(), m.reading.Add(1)))
	defer m.reading.Add(-1)
	list, err := m.tenant.IsolationActions(ctx, since)
	time.Sleep(m.slow)
	if !m.until.IsZero() {
		list = slices.DeleteFunc(list, func(a soc.MachineAction) bool { return a.Created.After(m.until) })
	}
	return list, err
}

func (r *rig) metered() *metered {
	return &metered{tenant: r.mde, lim: client.NewLimits(client.DefaultQuota()).For("app", "t1")}
}

// drive runs the loop on a metered tenant until all is sent, at most limit, and returns how long that took.
func (r *rig) drive(m *metered, want int, limit time.Duration) time.Duration {
	o := r.options(r.store, m)
	o.Room = func(soc.IntegrationID) time.Duration { return m.lim.Room() }
	ctx, cancel := context.WithCancel(r.t.Context())
	done, began := make(chan error, 1), time.Now()
	go func() { done <- lockdown.NewReconciler(o).Run(ctx) }()
	for time.Since(began) < limit && r.mde.sent("unisolate") < want {
		time.Sleep(time.Second)
	}
	took := time.Since(began)
	cancel()
	<-done
	return took
}

// seen puts what the tenant lists now into the store, as the poller does.
func (r *rig) seen() {
	r.t.Helper()
	list, err := r.mde.IsolationActions(r.t.Context(), time.Time{})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.store.PutActions(r.t.Context(), "t1", list, time.Now()); err != nil {
		r.t.Fatal(err)
	}
}

// Twenty hosts are due at once. Half a minute before, somebody isolated each of them again in the portal, after the poller's last look. The
// control is a fleet read that leaves those orders out: what a view of the poller's age shows.
func TestI6_K05_F51_F63_ABurstDoesNotReleaseWhatOthersIsolatedMeanwhile(t *testing.T) {
	for _, stale := range []bool{false, true} {
		bubble(t, func(t *testing.T, r *rig) {
			r.crowd(20)
			r.seen()
			m := r.metered()
			if stale {
				m.until = time.Now().Add(time.Second)
			}
			time.Sleep(30 * time.Second)
			for _, l := range r.store.all(func(soc.Lockdown) bool { return true }) {
				r.mde.outside(soc.ActionIsolate, l.Key.MachineID, 0)
			}
			time.Sleep(31 * time.Second)
			r.drive(m, 21, 5*time.Minute)
			n, ended := r.mde.sent("unisolate"), len(r.store.reached(soc.PhaseSuperseded))
			if !stale && (n > 0 || ended != 20) {
				t.Errorf("%d hosts that somebody else holds were released on the word of an old list; %d lockdowns ended", n, ended)
			}
			if stale && n == 0 {
				t.Error("control: no host was released on the word of an old list; the check sees nothing")
			}
		})
	}
}

// The budget of Defender holds what the forecast says: one read of the fleet at a time, at most one in the time that it is good for.
func TestF63_N13_I6_OneReadOfTheFleetServesABurst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hosts int
		slow  time.Duration
		limit time.Duration
	}{{40, 0, time.Minute}, {40, 15 * time.Second, 4 * time.Minute}, {200, 0, 3 * time.Minute}} {
		bubble(t, func(t *testing.T, r *rig) {
			r.crowd(c.hosts)
			time.Sleep(time.Minute)
			m := r.metered()
			m.slow = c.slow
			took := r.drive(m, c.hosts, 2*time.Hour)
			if n := r.mde.sent("unisolate"); n != c.hosts || took > c.limit {
				t.Errorf("%d hosts: %d released in %s, want all within %s", c.hosts, n, took, c.limit)
			}
			fleet := r.mde.called("fleet")
			if most := int(took/soc.FreshFor) + 1; m.most.Load() != 1 || fleet == 0 || fleet > most {
				t.Errorf("%d hosts: %d fleet reads in %s, %d at once", c.hosts, fleet, took, m.most.Load())
			}
			if n := m.single.Load(); n > 16 { // the last few are no burst
				t.Errorf("%d hosts: %d were looked at one by one", c.hosts, n)
			}
		})
	}
}

// Nothing can be read. What the poller saw 40 seconds ago stops the releases of hosts that others hold, but lets none go: the others leave
// after two failed looks, because a release fails safe.
func TestI6_K05_F63_AThrottledBurstIsBlindAndKeepsWhatOthersHold(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.crowd(40)
		theirs := map[string]bool{}
		for _, l := range r.store.all(func(l soc.Lockdown) bool { return l.ID < "LK-0020" }) {
			theirs[l.Key.MachineID] = true
			r.mde.outside(soc.ActionIsolate, l.Key.MachineID, 0)
		}
		time.Sleep(20 * time.Second)
		r.seen()
		time.Sleep(40 * time.Second)
		r.mde.with(func() {
			r.mde.answer = func(op string, _ int, acted bool) error {
				if op == "list" || op == "fleet" {
					return &soc.Error{Kind: soc.KindThrottled, After: time.Minute}
				}
				return nil
			}
		})
		began := time.Now()
		if took := r.drive(r.metered(), 20, 2*time.Minute); took > 30*time.Second {
			t.Errorf("blind releases took %s", took)
		}
		if n := r.mde.sent("unisolate"); n != 20 {
			t.Errorf("%d releases, want 20", n)
		}
		r.mde.with(func() {
			for _, p := range r.mde.posts {
				if theirs[p.machine] {
					t.Errorf("%s was released, although the list showed that others hold it", p.machine)
				}
				if blind := p.at.Sub(began); blind < 2*time.Second {
					t.Errorf("%s was released after %s: on an old list", p.machine, blind)
				}
			}
		})
	})
}
