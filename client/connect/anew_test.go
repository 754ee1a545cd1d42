package connect_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/connect"
	"cordon/client/poll"
	"cordon/client/sim"
	"cordon/config/secret"
	"cordon/store/soc"
)

// counting counts how often a credential is opened: once for each sign-in.
type counting struct {
	connect.Sealer
	n *atomic.Int64
}

func (c counting) Open(name string, version int, sealed []byte) (string, error) {
	c.n.Add(1)
	return c.Sealer.Open(name, version, sealed)
}

// refreshed is a service with one tenant, real in everything but its clock.
type refreshed struct {
	*lab
	in             soc.Integration
	signIns, calls atomic.Int64
	base           time.Time // the clock stands still, but for ahead
	ahead          atomic.Int64
	changed        chan struct{}
}

func newRefreshed(t *testing.T, srv *sim.Server) *refreshed {
	t.Helper()
	r := &refreshed{lab: newSimLab(t, nil), changed: make(chan struct{}, 1), base: time.Now()}
	r.in = r.save(draftOf(srv, "one"), srv.Secret)
	r.Service = connect.New(connect.Options{
		Store: r.store, Sealer: counting{secret.Text{Ring: r.ring}, &r.signIns}, History: poll.ParseHistory,
		Dial: connect.Defender(connect.Wiring{
			Store: r.store, Version: "test", OnCall: func(client.Call) { r.calls.Add(1) },
			Now: func() time.Time { return r.base.Add(time.Duration(r.ahead.Load())) },
			Changed: func() {
				select {
				case r.changed <- struct{}{}:
				default:
				}
			},
		}),
	})
	return r
}

func (r *refreshed) until(what string, ok func(soc.Conn) bool) {
	r.t.Helper()
	for {
		c := r.Conns(r.t.Context())[0]
		if ok(c) {
			return
		}
		select {
		case <-r.changed:
		case <-r.t.Context().Done():
			r.t.Fatalf("waiting for %s: %+v", what, c)
		}
	}
}

func settled(c soc.Conn) bool { return c.State == "ok" && !c.NextPoll.IsZero() && c.Phase == "" }

// An administrator grants what is missing, and R brings the alerts in: over real HTTP, with a back-off of a minute and a token good for an hour.
func TestZ09_C07_RefreshUsesARoleThatWasJustGranted(t *testing.T) {
	all := []string{"Alert.Read.All", "Machine.Read.All", "Machine.Isolate"}
	for name, lose := range map[string]func(*sim.Tenant){
		"one role": func(to *sim.Tenant) { to.SetRoles("Machine.Read.All", "Machine.Isolate") },
		"nothing":  func(to *sim.Tenant) { to.Consent(false) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := simulated(t, sim.Options{})
			r := newRefreshed(t, srv)
			lose(srv.Tenant)
			r.start()
			r.until("the refusal", func(c soc.Conn) bool {
				return c.State == "refused" && strings.Contains(c.Problem, " is missing: ") && c.NextPoll.Sub(r.base) >= time.Minute
			})
			srv.Tenant.Consent(true)
			srv.Tenant.SetRoles(all...)
			signed := r.signIns.Load()
			r.Refresh()
			r.until("the alerts", settled)
			if n := r.signIns.Load() - signed; n < 1 || n > 2 { // one for each of the two reads of the poller, at most
				t.Errorf("%d sign-ins for one R", n)
			}
			if c := r.Conns(t.Context())[0]; strings.Join(c.Roles, " ") != strings.Join(all, " ") {
				t.Errorf("roles %q", c.Roles)
			}
		})
	}
}

// A role that is only looked at, because cordon refuses the isolation itself, is looked at anew as well.
func TestC07_RefreshLooksForTheRoleToLock(t *testing.T) {
	srv := simulated(t, sim.Options{})
	r := newRefreshed(t, srv)
	srv.Tenant.SetRoles("Alert.Read.All", "Machine.Read.All")
	r.start()
	r.until("a poll", settled)
	if got := r.Missing(r.in.ID, soc.ActIsolate); got != "Machine.Isolate" {
		t.Fatalf("missing %q; the test proves nothing", got)
	}
	srv.Tenant.SetRoles("Alert.Read.All", "Machine.Read.All", "Machine.Isolate")
	signed, calls := r.signIns.Load(), r.calls.Load()
	r.Refresh()
	r.until("a poll", func(soc.Conn) bool { return r.calls.Load() > calls })
	if n := r.signIns.Load() - signed; n != 0 {
		t.Errorf("control: %d sign-ins with a token that has just come", n)
	}
	r.ahead.Store(int64(5 * time.Second))
	r.Refresh()
	r.until("the role", func(soc.Conn) bool { return r.Missing(r.in.ID, soc.ActIsolate) == "" })
}
