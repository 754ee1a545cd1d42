package lockdown_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// heldStore is a store that was restored: no host is isolated until somebody accepts.
type heldStore struct {
	*memStore
	accepted int
}

func (s *heldStore) Accept(context.Context, ...soc.AuditEntry) error { s.accepted++; return nil }

func (s *heldStore) Integrations(context.Context) ([]soc.Integration, error) {
	return slices.Collect(maps.Values(s.tenants)), nil
}

// fleet lists the actions of all hosts, for one tenant.
type fleet struct {
	*tenant
	of soc.IntegrationID
}

func (f fleet) Remote(id soc.IntegrationID) (lockdown.Remote, error) {
	f.of = id
	return f, nil
}

func (f fleet) IsolationActions(context.Context, time.Time) ([]soc.MachineAction, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance()
	var out []soc.MachineAction
	for _, a := range f.acts {
		if f.of == "t1" {
			out = append(out, a.MachineAction)
		}
	}
	return out, nil
}

func ordered(id string, n int, verb string) string {
	return fmt.Sprintf("cordon/1 id=%s token=%s.%d verb=%s mode=manual period=4h0m0s by=alice via=ssh reason=beacons", id, id, n, verb)
}

// The store knows two tenants; comparing one of them says nothing about the other. With both compared the hold ends.
func TestF71_K12_RecoveringOneTenantDoesNotEndTheHold(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := &heldStore{memStore: r.store}
		s.tenants["t2"] = soc.Integration{ID: "t2", Name: "fabrikam", Enabled: true}
		r.mde.add(soc.ActionIsolate, "m1", "app", ordered("LK-AAAA0001", 1, "isolate"), 0)
		svc := lockdown.NewService(r.options(s, fleet{tenant: r.mde}))
		run := func(id soc.IntegrationID, want int, only ...soc.LockdownID) {
			t.Helper()
			if _, err := svc.Recover(t.Context(), analyst(), id, true, only...); err != nil || s.accepted != want {
				t.Errorf("%s %v: accepted %d times, want %d; %v", id, only, s.accepted, want, err)
			}
		}
		run("t2", 0)
		if _, err := svc.Recover(t.Context(), analyst(), "t1", false); err != nil || s.accepted != 0 {
			t.Errorf("listing: accepted %d times, %v", s.accepted, err)
		}
		run("t1", 0, "LK-AAAA0001") // a choice is no comparison
		run("t1", 1)
	})
}

// A host of ours that others hold now is theirs to release, and a person's to look at.
func TestF71_K12_ATenantWithAHostThatNobodyLooksAfterKeepsTheHold(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := &heldStore{memStore: r.store}
		r.mde.add(soc.ActionIsolate, "m1", "app", ordered("LK-AAAA0001", 1, "isolate"), 0)
		time.Sleep(time.Minute)
		r.mde.outside(soc.ActionIsolate, "m1", 0)
		svc := lockdown.NewService(r.options(s, fleet{tenant: r.mde}))
		found, err := svc.Recover(t.Context(), analyst(), "t1", true)
		if err != nil || len(found) != 1 || found[0].Done || s.accepted != 0 {
			t.Errorf("accepted %d times, %+v, %v", s.accepted, found, err)
		}
	})
}

// olderBackup is a store that has LK-AAAA0001 isolated. It was released since, and LK-BBBB0002 isolated the same host.
func (r *rig) olderBackup(release bool) *heldStore {
	began := time.Now()
	iso := r.mde.add(soc.ActionIsolate, "m1", "app", ordered("LK-AAAA0001", 1, "isolate"), 0)
	r.store.locks["LK-AAAA0001"] = soc.Lockdown{
		ID: "LK-AAAA0001", Key: r.key, HostName: "PC1", By: soc.Actor{Name: "alice"}, Phase: soc.PhaseIsolated, ActionID: iso.ID, RequestedAt: began,
		AcceptedAt: began, EnforcedAt: began, Period: 4 * hour, Deadline: began.Add(4 * hour), Wake: began.Add(4 * hour), Revision: 1,
		Attempts: []soc.Attempt{{N: 1, Verb: soc.VerbIsolate, Token: "LK-AAAA0001.1", SentAt: began, ActionID: iso.ID, Outcome: soc.OutcomeAccepted}},
	}
	time.Sleep(hour)
	if release {
		r.mde.add(soc.ActionUnisolate, "m1", "app", ordered("LK-AAAA0001", 2, "release"), 0)
		time.Sleep(time.Minute)
		r.mde.add(soc.ActionIsolate, "m1", "app", ordered("LK-BBBB0002", 1, "isolate"), 0)
		time.Sleep(time.Minute)
	}
	return &heldStore{memStore: r.store}
}

// The earlier lockdown is closed, the later one taken up, and its host released on time. A listing writes nothing. The control is a store
// whose lockdown is the one in force: it is left as it is.
func TestF71_K12_ALaterLockdownOfAHostWithAnOpenOneIsNotForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := r.olderBackup(true)
		svc := lockdown.NewService(r.options(s, fleet{tenant: r.mde}))
		list, err := svc.Recover(t.Context(), analyst(), "t1", false)
		if err != nil || len(list) != 1 || !list[0].Take || list[0].Known || s.saves != 0 {
			t.Errorf("listing: %+v, %d writes, %v", list, s.saves, err)
		}
		found, err := svc.Recover(t.Context(), analyst(), "t1", true)
		if err != nil || len(found) != 1 || !found[0].Done || s.accepted != 1 {
			t.Errorf("accepted %d times, %+v, %v", s.accepted, found, err)
		}
		if old := r.get("LK-AAAA0001"); !old.Phase.Final() {
			t.Errorf("the earlier one is %s", old.Phase)
		}
		p := r.start(s, fleet{tenant: r.mde})
		time.Sleep(8 * hour)
		p.kill()
		if l := r.get("LK-BBBB0002"); r.mde.isolated("m1") || l.Phase != soc.PhaseReleased {
			t.Errorf("isolated %v, %s", r.mde.isolated("m1"), l.Phase)
		}
	})
	bubble(t, func(t *testing.T, r *rig) {
		s := r.olderBackup(false)
		svc := lockdown.NewService(r.options(s, fleet{tenant: r.mde}))
		found, err := svc.Recover(t.Context(), analyst(), "t1", true)
		if err != nil || len(found) != 1 || !found[0].Known || found[0].Done || s.accepted != 1 || r.get("LK-AAAA0001").Phase != soc.PhaseIsolated {
			t.Errorf("control: accepted %d times, %+v, %v", s.accepted, found, err)
		}
	})
}

// An earlier lockdown that Defender does not show as over stays, the later one waits, and so does the hold.
func TestF71_K12_AnEarlierLockdownThatIsNotOverKeepsTheHold(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		s := r.olderBackup(false)
		r.mde.add(soc.ActionUnisolate, "m1", "app", ordered("LK-AAAA0001", 2, "release"), 0)
		time.Sleep(time.Minute)
		r.mde.add(soc.ActionIsolate, "m1", "app", ordered("LK-BBBB0002", 1, "isolate"), 2*hour) // its device is offline
		svc := lockdown.NewService(r.options(s, fleet{tenant: r.mde}))
		found, err := svc.Recover(t.Context(), analyst(), "t1", true)
		if err != nil || len(found) != 1 || found[0].Take || found[0].Known || s.accepted != 0 {
			t.Errorf("accepted %d times, %+v, %v", s.accepted, found, err)
		}
	})
}

// The store says that the lockdown is over, Defender that it holds the host. Somebody must look, unless a person closed it like that.
func TestF71_K12_ALockdownThatIsOverOnlyInTheStoreKeepsTheHold(t *testing.T) {
	for cause, accepted := range map[soc.Cause]int{soc.CauseExternal: 0, soc.CauseHandover: 1} {
		bubble(t, func(t *testing.T, r *rig) {
			s := r.olderBackup(false)
			l := s.locks["LK-AAAA0001"]
			l.Phase, l.Cause, l.EndedAt, l.Wake = soc.PhaseSuperseded, cause, time.Now(), time.Time{}
			s.locks[l.ID] = l
			svc := lockdown.NewService(r.options(s, fleet{tenant: r.mde}))
			found, err := svc.Recover(t.Context(), analyst(), "t1", true)
			if err != nil || len(found) != 1 || found[0].Done || s.accepted != accepted {
				t.Errorf("%s: accepted %d times, %+v, %v", cause, s.accepted, found, err)
			}
		})
	}
}
