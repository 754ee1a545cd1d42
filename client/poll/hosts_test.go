package poll

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

func withHost(id string) func(*model, *memory) {
	return func(m *model, _ *memory) {
		m.hosts[id] = soc.Host{Key: soc.HostKey{Integration: "i", MachineID: id}, Name: "WS-1"}
		m.users = []soc.LogonUser{{Name: "d.mills"}}
	}
}

func TestV01_HostIsFetchedOncePerTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), withHost("m1"))
		defer b.stop()
		for range 20 { // many screens, one fetch
			b.WantHost("m1", false)
		}
		synctest.Wait()
		key := soc.HostKey{Integration: "i", MachineID: "m1"}
		h := b.see().hosts[key]
		if len(b.api.requests("machine m1")) != 1 || h.Name != "WS-1" || len(h.Users) != 1 || h.UsersAt.IsZero() || b.see().acts[key] != 1 {
			t.Fatalf("%d fetches, host %+v", len(b.api.requests("machine m1")), h)
		}
		step(4 * time.Minute)
		b.WantHost("m1", false)
		synctest.Wait()
		if n := len(b.api.requests("machine m1")); n != 1 {
			t.Errorf("%d fetches within the TTL, want 1", n)
		}
		b.WantHost("m1", true)
		synctest.Wait()
		if n := len(b.api.requests("machine m1")); n != 2 {
			t.Errorf("%d fetches after a forced one, want 2", n)
		}
		step(6 * time.Minute)
		b.WantHost("m1", false)
		synctest.Wait()
		if n := len(b.api.requests("machine m1")); n != 3 {
			t.Errorf("%d fetches after the TTL, want 3", n)
		}
	})
}

func TestV01_UsersThatMayNotBeReadAreUnknownNotNone(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*model){
		"by the answer": func(m *model) { m.usersErr = &soc.Error{Kind: soc.KindDenied, What: "no"} },
		"by the roles":  func(m *model) { m.roles = []string{"Machine.Read.All"} },
	} {
		synctest.Test(t, func(t *testing.T) {
			b := run(t, integration(), func(m *model, s *memory) {
				withHost("m1")(m, s)
				prepare(m)
			})
			defer b.stop()
			b.WantHost("m1", false)
			synctest.Wait()
			h := b.see().hosts[soc.HostKey{Integration: "i", MachineID: "m1"}]
			if !strings.Contains(h.UsersErr, "User.Read.All") || !h.UsersAt.IsZero() || len(h.Users) != 0 {
				t.Errorf("%s: %+v", name, h)
			}
			if asked := len(b.api.requests("users")); name == "by the roles" && asked != 0 {
				t.Errorf("%d calls for a role that the token lacks", asked)
			}
			if s := b.Status(); s.Problem != "" {
				t.Errorf("%s: a missing optional role is a problem of the connection: %q", name, s.Problem)
			}
		})
	}
}

func TestGoneHostKeepsWhatWasKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key := soc.HostKey{Integration: "i", MachineID: "m1"}
		b := run(t, integration(), func(_ *model, s *memory) {
			s.hosts[key] = soc.Host{Key: key, Name: "WS-1", OSPlatform: "Windows11", FetchedAt: time.Now().Add(-time.Hour)}
		})
		defer b.stop()
		b.WantHost("m1", false)
		synctest.Wait()
		if h := b.see().hosts[key]; !h.Gone || h.Name != "WS-1" || h.OSPlatform != "Windows11" {
			t.Errorf("host = %+v", h)
		}
	})
}

func TestFailedHostIsNotHammered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), func(m *model, s *memory) {
			withHost("m1")(m, s)
			m.fail = func(r request) error {
				if strings.HasPrefix(r.kind, "machine ") {
					return &soc.Error{Kind: soc.KindUnavailable, What: "down"}
				}
				return nil
			}
		})
		defer b.stop()
		for range 10 {
			b.WantHost("m1", false)
			step(time.Second)
		}
		if n := len(b.api.requests("machine")); n != 1 {
			t.Errorf("%d tries in ten seconds, want 1", n)
		}
		if s := b.Status(); !strings.Contains(s.Problem, "down") {
			t.Errorf("problem = %q, want the failure told", s.Problem)
		}
		step(30 * time.Second)
		b.WantHost("m1", false)
		synctest.Wait()
		if n := len(b.api.requests("machine")); n != 2 {
			t.Errorf("%d tries later, want 2", n)
		}
	})
}

func TestManyHostsAreFetchedOnceEachAndTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, integration(), nil)
		defer b.stop()
		for i := range 5000 {
			b.WantHost(fmt.Sprintf("m%d", i), false)
		}
		b.WantHost("", true)
		step(time.Minute)
		b.hosts.mu.Lock()
		defer b.hosts.mu.Unlock()
		if n := len(b.api.requests("machine")); n < maxWanted || n > 5000 || len(b.hosts.order) != 0 || len(b.hosts.busy) != 0 {
			t.Errorf("%d fetches, %d waiting, %d busy", n, len(b.hosts.order), len(b.hosts.busy))
		}
	})
}
