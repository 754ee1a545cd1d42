package client_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/sim"
	"cordon/store/soc"
)

// late is a client of a simulated tenant that knows when it is.
type late struct {
	*client.Client
	srv   *sim.Server
	ahead atomic.Int64
	asked atomic.Int64 // sign-ins
	calls atomic.Int64
}

func newLate(t *testing.T) *late {
	t.Helper()
	srv, _, in := tenant(t, sim.Options{})
	l := &late{srv: srv}
	c, err := client.New(client.Config{
		Integration: in, OnCall: func(client.Call) { l.calls.Add(1) },
		Secret: func(context.Context) (string, error) { l.asked.Add(1); return srv.Secret, nil },
		Now:    func() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	l.Client = c
	return l
}

func (l *late) pass(d time.Duration) { l.ahead.Add(int64(d)) }

func TestC07_Z09_ARoleGrantedLaterIsUsedByTheNextCall(t *testing.T) {
	t.Parallel()
	l := newLate(t)
	machine := l.srv.Tenant.MachineAt(0).ID
	l.srv.Tenant.SetRoles("Machine.Read.All")
	alerts := func() error { _, err := l.Alerts(t.Context(), client.AlertsQuery{Top: 1}); return err }

	for range 5 {
		if err := alerts(); soc.KindOf(err) != soc.KindDenied || !strings.HasPrefix(err.Error(), "Alert.Read.All ") || !strings.Contains(err.Error(), " is missing") {
			t.Fatalf("alerts: %v", err)
		}
	}
	if n := l.asked.Load(); n != 1 {
		t.Errorf("%d sign-ins for five refused calls in a row", n)
	}
	l.srv.Tenant.SetRoles("Machine.Read.All", "Alert.Read.All")
	if err := alerts(); soc.KindOf(err) != soc.KindDenied {
		t.Errorf("control: within the minute the old token is used: %v", err)
	}
	l.pass(time.Minute)
	if err := alerts(); err != nil || l.asked.Load() != 2 {
		t.Errorf("after a minute: %v, %d sign-ins", err, l.asked.Load())
	}

	// What stays missing costs one sign-in a minute, whatever the number of calls.
	for range 3 {
		l.pass(time.Minute)
		for range 4 {
			if _, err := l.LogonUsers(t.Context(), machine); soc.KindOf(err) != soc.KindDenied {
				t.Errorf("users: %v", err)
			}
		}
	}
	if n := l.asked.Load(); n != 5 {
		t.Errorf("%d sign-ins, want 5", n)
	}
	// Control: a role that the token has is no reason to sign in.
	l.pass(time.Minute)
	if err := alerts(); err != nil || l.asked.Load() != 5 {
		t.Errorf("%v, %d sign-ins", err, l.asked.Load())
	}
}

func TestK07_AReleaseUsesARoleAtTheFirstTryAfterItWasGranted(t *testing.T) {
	t.Parallel()
	l := newLate(t)
	machine := l.srv.Tenant.MachineAt(0).ID
	if _, err := l.Isolate(t.Context(), machine, soc.IsolationFull, "why"); err != nil {
		t.Fatal(err)
	}
	l.srv.Tenant.SetRoles("Machine.Read.All")
	if err := l.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	release := func() error { _, err := l.Unisolate(t.Context(), machine, "why"); return err }
	if err := release(); soc.KindOf(err) != soc.KindDenied || !strings.HasPrefix(err.Error(), "Machine.Isolate is missing") {
		t.Fatalf("release: %v", err)
	}
	before := l.asked.Load()
	l.pass(5 * time.Second) // the first back-off of a release
	if err := release(); soc.KindOf(err) != soc.KindDenied || l.asked.Load() != before+1 {
		t.Fatalf("release: %v, %d sign-ins", err, l.asked.Load()-before)
	}
	l.srv.Tenant.SetRoles("Machine.Read.All", "Machine.Isolate")
	l.pass(5 * time.Second)
	calls := l.calls.Load()
	if err := release(); err != nil && soc.KindOf(err) != soc.KindInProgress {
		t.Errorf("release with the role: %v", err)
	}
	if n := l.calls.Load() - calls; n != 2 {
		t.Errorf("%d calls, want the refused one and the one with the new token", n)
	}
}

func TestK07_WhileARefusedReadSignsInAReleaseGoesOut(t *testing.T) {
	t.Parallel()
	srv, _, in := tenant(t, sim.Options{})
	srv.Tenant.SetRoles("Machine.Read.All", "Machine.Isolate")
	gate, signing := make(chan struct{}), make(chan struct{}, 9)
	var ahead atomic.Int64
	n := atomic.Int64{}
	c, err := client.New(client.Config{
		Integration: in, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
		Secret: func(ctx context.Context) (string, error) {
			if n.Add(1) > 1 { // the login host hangs
				signing <- struct{}{}
				select {
				case <-gate:
				case <-ctx.Done():
				}
			}
			return srv.Secret, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	machine := srv.Tenant.MachineAt(0).ID
	if _, err := c.Isolate(t.Context(), machine, soc.IsolationFull, "why"); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(2 * time.Minute))
	done := make(chan error)
	go func() { _, err := c.Alerts(t.Context(), client.AlertsQuery{Top: 1}); done <- err }()
	<-signing
	if _, err := c.Unisolate(t.Context(), machine, "why"); err != nil && soc.KindOf(err) != soc.KindInProgress {
		t.Errorf("release: %v", err)
	}
	select {
	case err := <-done:
		t.Errorf("control: the read was to wait for its new token: %v", err)
	default:
	}
	close(gate)
	if err := <-done; soc.KindOf(err) != soc.KindDenied {
		t.Errorf("read: %v", err)
	}
}
