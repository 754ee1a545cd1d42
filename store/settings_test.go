package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

func integration(id, name string) soc.Integration {
	return soc.Integration{ID: soc.IntegrationID(id), Type: "defender", Name: name, TenantID: id + "-tenant", Sealed: []byte("sealed"), Enabled: true}
}

func TestIntegrations_CompareAndSet(t *testing.T) {
	s := fresh(t)
	one := must(s.SaveIntegration(t.Context(), integration("i1", "Contoso"), soc.AuditEntry{Action: "attach"}))
	must(s.SaveIntegration(t.Context(), integration("i2", "Adatum")))
	_, err := s.SaveIntegration(t.Context(), integration("i1", "Other"))
	wantCode(t, err, soc.KindConflict, "exists")
	_, err = s.SaveIntegration(t.Context(), integration("i3", " contoso "))
	wantCode(t, err, soc.KindConflict, "name-taken")
	_, err = s.SaveIntegration(t.Context(), integration("", "x"))
	wantCode(t, err, soc.KindInvalid, "no-id")
	one.Enabled = false
	two := must(s.SaveIntegration(t.Context(), one))
	_, err = s.SaveIntegration(t.Context(), one)
	wantCode(t, err, soc.KindConflict, "stale-revision")
	s = reopen(t, s)
	got := must(s.Integration(t.Context(), "i1"))
	if got.Enabled || got.Revision != two.Revision || string(got.Sealed) != "sealed" {
		t.Errorf("stored = %+v", got)
	}
	all := must(s.Integrations(t.Context()))
	if len(all) != 2 || all[0].Name != "Adatum" {
		t.Errorf("list = %+v", all)
	}
	if n := must(s.Audit(t.Context(), soc.AuditQuery{})).Total; n != 1 {
		t.Errorf("audit entries = %d, want 1", n)
	}
}

func TestPolicy_DefaultThenCompareAndSet(t *testing.T) {
	s := fresh(t)
	p := must(s.Policy(t.Context()))
	if p.Revision != 0 || p.DefaultPeriod != 4*time.Hour {
		t.Errorf("fresh policy = %+v", p)
	}
	p.Never = []string{"tag:tier0"}
	saved := must(s.SavePolicy(t.Context(), p))
	_, err := s.SavePolicy(t.Context(), p)
	wantCode(t, err, soc.KindConflict, "stale-revision")
	if got := must(s.Policy(t.Context())); got.Revision != saved.Revision || !slices.Equal(got.Never, p.Never) {
		t.Errorf("stored = %+v", got)
	}
}

func TestPollState_RoundTrip(t *testing.T) {
	s := fresh(t)
	if got := must(s.PollState(t.Context(), "i1")); got != (soc.PollState{Integration: "i1"}) {
		t.Errorf("fresh = %+v", got)
	}
	want := soc.PollState{Integration: "i1", Watermark: testNow, FirstDone: true, Gap: "2 days not fetched"}
	if err := s.SavePollState(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got := must(s.PollState(t.Context(), "i1")); got != want {
		t.Errorf("stored = %+v, want %+v", got, want)
	}
}

func TestC09_HostsNamedNeverMatchesLongerNames(t *testing.T) {
	s := fresh(t)
	names := []string{"PC1", "PC10", "PC100", "pc1.corp.example", "PC1.other", "XPC1", "pc1", "PC1-OLD"}
	for i, n := range names {
		h := soc.Host{Key: soc.HostKey{Integration: "i1", MachineID: string(rune('a' + i))}, Name: n}
		if err := s.PutHosts(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutHosts(t.Context(), soc.Host{Key: soc.HostKey{Integration: "i2", MachineID: "z"}, Name: "PC1"}); err != nil {
		t.Fatal(err)
	}
	find := func(id soc.IntegrationID, name string) (out []string) {
		for _, h := range must(s.HostsNamed(t.Context(), id, name)) {
			out = append(out, h.Name)
		}
		slices.Sort(out)
		return out
	}
	if got, want := find("i1", "pC1"), []string{"PC1", "PC1.other", "pc1", "pc1.corp.example"}; !slices.Equal(got, want) {
		t.Errorf("pC1 = %v, want %v", got, want)
	}
	if got := find("i1", "PC10"); !slices.Equal(got, []string{"PC10"}) {
		t.Errorf("PC10 = %v", got)
	}
	if got := find("i1", "pc1.corp.example"); !slices.Equal(got, []string{"pc1.corp.example"}) {
		t.Errorf("FQDN = %v", got)
	}
	if got := append(find("i1", "PC"), find("i1", "")...); len(got) != 0 {
		t.Errorf("prefix and empty = %v", got)
	}
	if got := find("", "PC1"); len(got) != 5 {
		t.Errorf("in all tenants = %v", got)
	}
	renamed := soc.Host{Key: soc.HostKey{Integration: "i1", MachineID: "a"}, Name: "NEW1"}
	if err := s.PutHosts(t.Context(), renamed); err != nil {
		t.Fatal(err)
	}
	if got := find("i1", "PC1"); len(got) != 3 {
		t.Errorf("after a rename = %v", got)
	}
	if got := must(s.FindHosts(t.Context(), "pc1", 3)); len(got) != 3 {
		t.Errorf("FindHosts = %d hosts", len(got))
	}
	if got := must(s.FindHosts(t.Context(), "new", 3)); len(got) != 1 || got[0].Key != renamed.Key {
		t.Errorf("FindHosts(new) = %+v", got)
	}
	if _, err := s.Host(t.Context(), soc.HostKey{Integration: "i9", MachineID: "a"}); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("unknown host: %v", err)
	}
}

func action(id, machine string, typ soc.ActionType, status soc.ActionStatus, created, updated time.Duration) soc.MachineAction {
	return soc.MachineAction{ID: id, MachineID: machine, HostName: "WS-" + machine, Type: typ, Status: status, Created: at(created), Updated: at(updated)}
}

func TestActions_MergeByIDAndKeepTheNewest(t *testing.T) {
	s := fresh(t)
	host := soc.HostKey{Integration: "i1", MachineID: "m1"}
	put := func(asOf time.Duration, list ...soc.MachineAction) {
		t.Helper()
		if err := s.PutHostActions(t.Context(), host, list, at(asOf)); err != nil {
			t.Fatal(err)
		}
	}
	put(1, action("a1", "m1", soc.ActionIsolate, soc.ActionSucceeded, 0, time.Minute), action("x", "m2", soc.ActionIsolate, soc.ActionSucceeded, 0, 0))
	put(2, action("a2", "m1", soc.ActionUnisolate, soc.ActionPending, time.Hour, time.Hour),
		action("a1", "m1", soc.ActionIsolate, soc.ActionPending, 0, 0),           // an older copy
		action("a1", "m1", soc.ActionIsolate, soc.ActionPending, 0, time.Minute)) // F39: a regress with the same time
	list, asOf, err := s.Actions(t.Context(), host)
	if err != nil || len(list) != 2 || list[0].ID != "a2" || list[1].Status != soc.ActionSucceeded || !asOf.Equal(at(2)) {
		t.Fatalf("actions = %+v at %v, %v", list, asOf, err)
	}
	if list[0].Integration != "i1" {
		t.Errorf("integration = %q", list[0].Integration)
	}
	fleet := []soc.MachineAction{action("a2", "m1", soc.ActionUnisolate, soc.ActionSucceeded, time.Hour, 2*time.Hour), action("b1", "m2", soc.ActionIsolate, soc.ActionSucceeded, 0, 0)}
	if err := s.PutActions(t.Context(), "i1", fleet, at(5)); err != nil {
		t.Fatal(err)
	}
	list, asOf, _ = s.Actions(t.Context(), host)
	if list[0].Status != soc.ActionSucceeded || !asOf.Equal(at(5)) {
		t.Errorf("after the fleet view: %+v at %v", list[0], asOf)
	}
	if list, asOf, err = s.Actions(t.Context(), soc.HostKey{Integration: "i2", MachineID: "m1"}); err != nil || list != nil || !asOf.IsZero() {
		t.Errorf("T13: another tenant sees %v at %v, %v", list, asOf, err)
	}
}

func TestIsolations_ListsWhatIsNotFree(t *testing.T) {
	s := fresh(t)
	w := s.Watch()
	defer w.Close()
	if got := must(s.Isolations(t.Context())); len(got) != 0 {
		t.Fatalf("fresh = %+v", got)
	}
	fleet := []soc.MachineAction{
		action("a1", "m1", soc.ActionIsolate, soc.ActionSucceeded, 0, 0),
		action("b1", "m2", soc.ActionScan, soc.ActionSucceeded, 0, 0),
		action("c1", "m3", soc.ActionIsolate, soc.ActionSucceeded, 0, 0), action("c2", "m3", soc.ActionUnisolate, soc.ActionSucceeded, time.Hour, time.Hour),
	}
	if err := s.PutActions(t.Context(), "i1", fleet, at(0)); err != nil {
		t.Fatal(err)
	}
	got := must(s.Isolations(t.Context()))
	if len(got) != 1 || got[0].Key.MachineID != "m1" || got[0].Word != soc.Isolated || !got[0].AsOf.Equal(at(0)) || got[0].HostName != "WS-m1" {
		t.Fatalf("isolations = %+v", got)
	}
	released := action("a2", "m1", soc.ActionUnisolate, soc.ActionSucceeded, time.Hour, time.Hour)
	if err := s.PutHostActions(t.Context(), soc.HostKey{Integration: "i1", MachineID: "m1"}, []soc.MachineAction{released}, at(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := must(s.Isolations(t.Context())); len(got) != 0 {
		t.Errorf("after the release = %+v", got)
	}
	if got := w.Take(); !got.Has(soc.TopicActions) {
		t.Errorf("topics = %b", got)
	}
}

func TestT13_DeletedIntegrationTakesOnlyItsOwn(t *testing.T) {
	s := fresh(t)
	for _, id := range []string{"i1", "i2"} {
		must(s.SaveIntegration(t.Context(), integration(id, "name "+id)))
		key := soc.HostKey{Integration: soc.IntegrationID(id), MachineID: "m1"}
		err := errors.Join(
			s.PutHosts(t.Context(), soc.Host{Key: key, Name: "WS"}),
			s.PutHostActions(t.Context(), key, []soc.MachineAction{action("a", "m1", soc.ActionIsolate, soc.ActionSucceeded, 0, 0)}, testNow))
		if err != nil {
			t.Fatal(err)
		}
		must(s.PutAlerts(t.Context(), key.Integration, []soc.RawAlert{rawAlert("1", nil)}, soc.PollState{FirstDone: true}))
		l := lockdown("LK-"+id, "m1")
		l.Key, l.Phase, l.Wake = key, soc.PhaseReleased, time.Time{}
		must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "isolate"}))
	}
	if err := s.DeleteIntegration(t.Context(), "i1", soc.AuditEntry{Action: "detach"}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteIntegration(t.Context(), "i1"); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("deleting twice: %v", err)
	}
	check := func(s *Store) {
		t.Helper()
		page := must(s.Alerts(t.Context(), soc.Query{Count: -1}))
		if len(page.Rows) != 1 || page.Rows[0].Key.Integration != "i2" || page.Total != 1 {
			t.Errorf("alerts = %+v", page.Rows)
		}
		if got := must(s.HostsNamed(t.Context(), "", "WS")); len(got) != 1 || got[0].Key.Integration != "i2" {
			t.Errorf("hosts = %+v", got)
		}
		if got := must(s.Isolations(t.Context())); len(got) != 1 || got[0].Key.Integration != "i2" {
			t.Errorf("isolations = %+v", got)
		}
		if got := must(s.Lockdowns(t.Context(), soc.LockdownQuery{})); len(got) != 2 {
			t.Errorf("lockdowns = %v, both must stay", ids(got))
		}
		if got := must(s.PollState(t.Context(), "i1")); got.FirstDone {
			t.Errorf("poll state = %+v", got)
		}
		if _, err := s.Alert(t.Context(), soc.AlertKey{Integration: "i1", ID: "1"}); !errors.Is(err, soc.ErrNotFound) {
			t.Errorf("alert of the removed tenant: %v", err)
		}
	}
	check(s)
	_, err := s.SaveIntegration(t.Context(), integration("i1", "again"))
	wantCode(t, err, soc.KindConflict, "id-used")
	_, err = s.PutAlerts(t.Context(), "i1", []soc.RawAlert{rawAlert("2", nil)}, soc.PollState{}) // a poller that did not stop in time
	if !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("alerts for a removed tenant: %v", err)
	}
	if n := must(s.Audit(t.Context(), soc.AuditQuery{})).Total; n != 3 {
		t.Errorf("audit entries = %d, want 3", n)
	}
	s = reopen(t, s)
	if err := s.idx.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(s)
}

func TestToUTC_LeavesTheCallersMemoryAlone(t *testing.T) {
	zone := time.FixedZone("x", 7200)
	mine := lockdown("LK-1", "m1")
	mine.Attempts = []soc.Attempt{{SentAt: testNow.In(zone)}}
	copied := mine
	toUTC(&copied)
	if mine.Attempts[0].SentAt.Location() != zone || copied.Attempts[0].SentAt.Location() != time.UTC {
		t.Error("toUTC changed shared memory or did nothing")
	}
}

func TestInfo_Counts(t *testing.T) {
	s := fresh(t)
	must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
	must(s.PutAlerts(t.Context(), "i1", []soc.RawAlert{rawAlert("1", nil)}, soc.PollState{}))
	if err := s.PutHosts(t.Context(), soc.Host{Key: soc.HostKey{Integration: "i1", MachineID: "m"}, Name: "x"}); err != nil {
		t.Fatal(err)
	}
	in := must(s.Info(t.Context()))
	if in.Locks != 1 || in.Open != 1 || in.Audit != 1 || in.Alerts != 1 || in.Hosts != 1 || in.Schema != schemaVersion || in.MadeBy != "1.2.3" {
		t.Errorf("info = %+v", in)
	}
	err := s.db.View(func(tx *bbolt.Tx) error { return nil })
	if err != nil || in.Bytes == 0 || in.Index == 0 {
		t.Errorf("sizes = %d, %d, %v", in.Bytes, in.Index, err)
	}
}
