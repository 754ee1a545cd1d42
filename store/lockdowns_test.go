package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

func lockdown(id, machine string) soc.Lockdown {
	return soc.Lockdown{
		ID: soc.LockdownID(id), Key: soc.HostKey{Integration: "contoso", MachineID: machine}, HostName: "WS-" + machine, Period: time.Hour,
		Phase: soc.PhaseRequested, RequestedAt: testNow, Wake: testNow,
		Attempts: []soc.Attempt{{N: 1, Verb: soc.VerbIsolate, Token: "t", SentAt: testNow.In(time.FixedZone("x", 3600))}},
	}
}

func ids(ls []soc.Lockdown) (out []string) {
	for _, l := range ls {
		out = append(out, string(l.ID))
	}
	return out
}

func TestSaveLockdown_ReadsBackEqual(t *testing.T) {
	s := fresh(t)
	want := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate", Lockdown: "LK-1"}))
	if want.Revision != 1 {
		t.Errorf("Revision = %d, want 1", want.Revision)
	}
	s = reopen(t, s)
	got := must(s.Lockdown(t.Context(), "LK-1"))
	if len(got.Attempts) != 1 || got.Attempts[0] != want.Attempts[0] || got.Attempts[0].SentAt.Location() != time.UTC {
		t.Errorf("attempts = %+v, want %+v", got.Attempts, want.Attempts)
	}
	got.Attempts, want.Attempts = nil, nil
	if !sameOutcome(got, want) || got.Wake != want.Wake {
		t.Errorf("read back %+v, want %+v", got, want)
	}
	if open := must(s.OpenLockdown(t.Context(), want.Key)); open.ID != "LK-1" {
		t.Errorf("open lockdown = %s", open.ID)
	}
	_, err := s.Lockdown(t.Context(), "LK-2")
	if !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("unknown lockdown: %v", err)
	}
}

func TestF77_StaleRevisionLoses(t *testing.T) {
	s := fresh(t)
	first := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
	_, err := s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"))
	wantCode(t, err, soc.KindConflict, "exists")
	second := first
	second.Period = 2 * time.Hour
	must(s.SaveLockdown(t.Context(), second))
	_, err = s.SaveLockdown(t.Context(), first, soc.AuditEntry{Action: "extend"})
	wantCode(t, err, soc.KindConflict, "stale-revision")
	if got := must(s.Lockdown(t.Context(), "LK-1")); got.Period != 2*time.Hour || got.Revision != 2 {
		t.Errorf("stored = %+v", got)
	}
	if n := must(s.Audit(t.Context(), soc.AuditQuery{})).Total; n != 0 {
		t.Errorf("a refused save left %d audit entries (I4)", n)
	}
	ghost := lockdown("LK-9", "m9")
	ghost.Revision = 7
	_, err = s.SaveLockdown(t.Context(), ghost)
	if !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("changing an unknown record: %v", err)
	}
}

func TestI4_RecordAndAuditAreOneTransaction(t *testing.T) {
	s := fresh(t)
	must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate", Lockdown: "LK-1"}))
	var records, entries []int
	last := 0
	// every committed state has as many entries as revisions
	for range 5 {
		l := must(s.Lockdown(t.Context(), "LK-1"))
		l.Note += "."
		must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "note", Lockdown: "LK-1"}))
		err := s.db.View(func(tx *bbolt.Tx) error {
			l, _, err := getLockdown(tx, "LK-1")
			records, entries = append(records, int(l.Revision)), append(entries, int(lastSeq(tx)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		last = records[len(records)-1]
	}
	if !slices.Equal(records, entries) || last != 6 {
		t.Errorf("revisions %v, entries %v", records, entries)
	}
}

func TestI11_SecondOpenLockdownOnOneHostIsRefused(t *testing.T) {
	s := fresh(t)
	l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
	_, err := s.SaveLockdown(t.Context(), lockdown("LK-2", "m1"))
	wantCode(t, err, soc.KindConflict, "open-lockdown")
	other := lockdown("LK-2", "m1")
	other.Key.Integration = "fabrikam" // T13: the same machine id in another tenant is another host
	must(s.SaveLockdown(t.Context(), other))
	l.Phase, l.EndedAt, l.Wake = soc.PhaseReleased, testNow, time.Time{}
	must(s.SaveLockdown(t.Context(), l))
	if _, err := s.OpenLockdown(t.Context(), l.Key); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("open lockdown of a released host: %v", err)
	}
	must(s.SaveLockdown(t.Context(), lockdown("LK-3", "m1")))
	if got := must(s.OpenLockdown(t.Context(), l.Key)); got.ID != "LK-3" {
		t.Errorf("open lockdown = %s", got.ID)
	}
	got := ids(must(s.Lockdowns(t.Context(), soc.LockdownQuery{Host: l.Key})))
	if !slices.Equal(got, []string{"LK-3", "LK-1"}) {
		t.Errorf("lockdowns of the host = %v", got)
	}
}

func TestI3_NonFinalWithoutWakeIsRefused(t *testing.T) {
	s := fresh(t)
	l := lockdown("LK-1", "m1")
	l.Wake = time.Time{}
	_, err := s.SaveLockdown(t.Context(), l)
	wantCode(t, err, soc.KindInvalid, "no-wake")
	l.Phase = soc.PhaseFailed
	must(s.SaveLockdown(t.Context(), l))
	_, err = s.SaveLockdown(t.Context(), soc.Lockdown{ID: "LK-2", Phase: soc.PhaseFailed})
	wantCode(t, err, soc.KindInvalid, "no-id")
}

func TestI7_FinalRecordKeepsItsOutcome(t *testing.T) {
	s := fresh(t)
	l := lockdown("LK-1", "m1")
	l.Phase, l.EndedAt, l.Cause = soc.PhaseReleased, testNow, soc.CauseTimer
	l = must(s.SaveLockdown(t.Context(), l))
	for name, change := range map[string]func(*soc.Lockdown){
		"phase":    func(l *soc.Lockdown) { l.Phase = soc.PhaseIsolated },
		"cause":    func(l *soc.Lockdown) { l.Cause = soc.CauseUser },
		"deadline": func(l *soc.Lockdown) { l.Deadline = testNow },
		"reason":   func(l *soc.Lockdown) { l.Reason = "other" },
	} {
		bad := l
		change(&bad)
		_, err := s.SaveLockdown(t.Context(), bad)
		wantCode(t, err, soc.KindConflict, "final-record")
		if t.Failed() {
			t.Fatalf("case %s", name)
		}
	}
	l.WatchUntil, l.Wake, l.Note, l.Trouble = at(73*time.Hour), at(time.Hour), "watched", "late isolate"
	l.RemoteStatus, l.SeenAt, l.Attempts = soc.ActionPending, testNow, append(l.Attempts, soc.Attempt{N: 2})
	must(s.SaveLockdown(t.Context(), l))
	moved := lockdown("LK-2", "m2")
	moved = must(s.SaveLockdown(t.Context(), moved))
	moved.Key.MachineID = "m3"
	_, err := s.SaveLockdown(t.Context(), moved)
	wantCode(t, err, soc.KindInvalid, "host-changed")
}

func TestF08_WakeIndexFollowsEveryChange(t *testing.T) {
	s := fresh(t)
	if next := must(s.NextWake(t.Context())); !next.IsZero() {
		t.Errorf("next wake of an empty store = %v", next)
	}
	for i, m := range []string{"m1", "m2", "m3"} {
		l := lockdown("LK-"+m, m)
		l.Wake = at(time.Duration(3-i) * time.Hour)
		must(s.SaveLockdown(t.Context(), l))
	}
	watched := lockdown("LK-m4", "m4")
	watched.Phase, watched.EndedAt, watched.Wake = soc.PhaseReleased, testNow, at(30*time.Minute)
	must(s.SaveLockdown(t.Context(), watched))
	s = reopen(t, s)
	if next := must(s.NextWake(t.Context())); !next.Equal(at(30 * time.Minute)) {
		t.Errorf("next wake = %v", next)
	}
	if got := ids(must(s.DueLockdowns(t.Context(), at(2*time.Hour), 0))); !slices.Equal(got, []string{"LK-m4", "LK-m3", "LK-m2"}) {
		t.Errorf("due = %v", got)
	}
	if got := ids(must(s.DueLockdowns(t.Context(), at(5*time.Hour), 2))); !slices.Equal(got, []string{"LK-m4", "LK-m3"}) {
		t.Errorf("first two due = %v", got)
	}
	l := must(s.Lockdown(t.Context(), "LK-m3"))
	l.Wake = at(10 * time.Hour)
	must(s.SaveLockdown(t.Context(), l))
	if got := ids(must(s.DueLockdowns(t.Context(), at(9*time.Hour), 0))); !slices.Equal(got, []string{"LK-m4", "LK-m2", "LK-m1"}) {
		t.Errorf("due after a change = %v", got)
	}
	err := s.db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket(bWake).Stats().KeyN; n != 4 {
			t.Errorf("%d wake rows for 4 lockdowns", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLockdowns_NeedyFirst(t *testing.T) {
	s := fresh(t)
	for i, m := range []string{"a", "b", "c", "d"} {
		l := lockdown("LK-"+m, m)
		l.Deadline = at(time.Duration(4-i) * time.Hour)
		if m == "a" || m == "b" {
			l.Phase, l.EndedAt = soc.PhaseReleased, at(time.Duration(-i-1)*time.Hour)
		}
		must(s.SaveLockdown(t.Context(), l))
	}
	for _, tc := range []struct {
		q    soc.LockdownQuery
		want []string
	}{
		{soc.LockdownQuery{}, []string{"LK-d", "LK-c", "LK-a", "LK-b"}},
		{soc.LockdownQuery{Open: true}, []string{"LK-d", "LK-c"}},
		{soc.LockdownQuery{Count: 1}, []string{"LK-d"}},
		{soc.LockdownQuery{Since: at(-90 * time.Minute)}, []string{"LK-d", "LK-c", "LK-a"}},
	} {
		if got := ids(must(s.Lockdowns(t.Context(), tc.q))); !slices.Equal(got, tc.want) {
			t.Errorf("Lockdowns(%+v) = %v, want %v", tc.q, got, tc.want)
		}
	}
}

// F70: one damaged record is shown as such, keeps its host closed, and does not stop the others.
func TestF70_DamagedLockdownDoesNotHideTheOthers(t *testing.T) {
	s := fresh(t)
	for _, m := range []string{"m1", "m2"} {
		must(s.SaveLockdown(t.Context(), lockdown("LK-"+m, m)))
	}
	tamper(t, s, func(tx *bbolt.Tx) error {
		v := append([]byte(nil), tx.Bucket(bLockdowns).Get([]byte("LK-m1"))...)
		v[len(v)/2] ^= 1
		return tx.Bucket(bLockdowns).Put([]byte("LK-m1"), v)
	})
	if got := ids(must(s.DueLockdowns(t.Context(), at(time.Hour), 0))); !slices.Equal(got, []string{"LK-m2"}) {
		t.Errorf("due = %v", got)
	}
	all := must(s.Lockdowns(t.Context(), soc.LockdownQuery{Open: true}))
	if len(all) != 2 {
		t.Fatalf("listed = %v", ids(all))
	}
	for _, l := range all {
		if l.ID == "LK-m1" && (l.Phase != soc.PhaseNeedsHuman || l.Key.MachineID != "m1" || l.Trouble == "") {
			t.Errorf("damaged record is shown as %+v", l)
		}
	}
	_, err := s.Lockdown(t.Context(), "LK-m1")
	wantCode(t, err, soc.KindInternal, "damaged-record")
	_, err = s.OpenLockdown(t.Context(), soc.HostKey{Integration: "contoso", MachineID: "m1"})
	wantCode(t, err, soc.KindInternal, "damaged-record")
	_, err = s.SaveLockdown(t.Context(), lockdown("LK-new", "m1"))
	wantCode(t, err, soc.KindConflict, "open-lockdown")
	if info := must(s.Info(t.Context())); len(info.Problems) == 0 {
		t.Error("Info does not report the damaged record")
	}
}

// A tenant that is detached while somebody orders a lockdown must not take the way to release that host with it (P-15).
func TestK07_IntegrationWithAnOpenLockdownIsNotDeleted(t *testing.T) {
	s := fresh(t)
	must(s.SaveIntegration(t.Context(), integration("i1", "contoso")))
	must(s.SaveIntegration(t.Context(), integration("i10", "fabrikam")))
	l := lockdown("LK-1", "m1")
	l.Key.Integration = "i1"
	l = must(s.SaveLockdown(t.Context(), l))
	err := s.DeleteIntegration(t.Context(), "i1")
	if !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "live-lockdowns"}) {
		t.Fatalf("deleted under a live lockdown: %v", err)
	}
	if _, err := s.Integration(t.Context(), "i1"); err != nil {
		t.Fatalf("the integration is gone: %v", err)
	}
	if err := s.DeleteIntegration(t.Context(), "i10"); err != nil {
		t.Fatalf("another integration's lockdown is in the way: %v", err)
	}
	l.Phase, l.Wake = soc.PhaseReleased, time.Time{}
	must(s.SaveLockdown(t.Context(), l))
	if err := s.DeleteIntegration(t.Context(), "i1"); err != nil {
		t.Fatal(err)
	}
	late := lockdown("LK-2", "m1")
	late.Key.Integration = "i1"
	if _, err := s.SaveLockdown(t.Context(), late); !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "detached"}) {
		t.Fatalf("a lockdown was ordered on a tenant that is gone: %v", err)
	}
}

// Machine ids differ in letter case between endpoints; an action must not be lost over it.
func TestF37_ActionsOfAMachineIdInOtherCaseAreKept(t *testing.T) {
	s := fresh(t)
	key := soc.HostKey{Integration: "i1", MachineID: "aa01"}
	if err := s.PutHostActions(t.Context(), key, []soc.MachineAction{action("a", "AA01", soc.ActionIsolate, soc.ActionSucceeded, 0, 0)}, testNow); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Actions(t.Context(), key); err != nil || len(got) != 1 || got[0].MachineID != "aa01" {
		t.Fatalf("%+v, %v", got, err)
	}
}
