package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

const day = 24 * time.Hour

// aged is an alert of a time, with a body that can not be compressed.
func aged(i int, at time.Time, status soc.AlertStatus) soc.RawAlert {
	body := bulky(i).Alert.Description[:6000]
	return rawAlert(fmt.Sprint("old", i), func(a *soc.Alert) { a.Created, a.LastUpdate, a.Status, a.Description = at, at, status, body })
}

// fiveYears lets a store live for five years of a month each round: a dozen alerts, one of which stays open, and a lockdown with its line of
// history. It returns the pages in use after each year.
func fiveYears(t *testing.T, retention time.Duration) (s *Store, used []int64, alerts int) {
	now := testNow
	s = open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Now: func() time.Time { return now }, Retention: retention, compact: 1 << 20})
	for month := range 60 {
		now = now.Add(30 * day)
		var batch []soc.RawAlert
		for i := range 12 {
			status := soc.StatusResolved
			if i == 0 && month%12 == 0 {
				status = soc.StatusNew
			}
			batch = append(batch, aged(month*12+i, now, status))
		}
		put(t, s, soc.PollState{}, batch...)
		l := lockdown(fmt.Sprintf("LK-%d", month), fmt.Sprintf("m%d", month))
		l = must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "isolate"}))
		l.Phase, l.Wake, l.EndedAt = soc.PhaseReleased, time.Time{}, now
		must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"}))
		for range 3 {
			now = now.Add(2 * forgetEvery)
			if err := s.tidyUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if month%12 == 11 {
			used = append(used, s.used.Load()-s.freed.Load())
		}
	}
	return s, used, must(s.Alerts(t.Context(), soc.Query{})).Total
}

// After five years the store holds half a year of resolved alerts, every open one, every lockdown and the whole history, and it grows by the
// latter alone. In the control nothing is dropped, and the same figures grow with each year.
func TestF73_FiveVirtualYears(t *testing.T) {
	s, used, alerts := fiveYears(t, 180*day)
	_, control, all := fiveYears(t, 0)
	growth := func(used []int64) int64 { return used[4] - used[1] }
	if all != 720 || growth(control) < control[0] {
		t.Errorf("without retention: %d alerts, %d bytes after each year", all, control)
	}
	if alerts < 72 || alerts > 90 || growth(used) > growth(control)/5 {
		t.Errorf("%d alerts, %d bytes after each year, %d without retention", alerts, used, control)
	}
	if file := must(s.Size(t.Context())); file > 3<<20 {
		t.Errorf("the file has %d bytes, %d are in use", file, used)
	}
	check := func(s *Store) {
		t.Helper()
		page := must(s.Alerts(t.Context(), soc.Query{Count: -1}))
		open := 0
		for _, r := range page.Rows {
			must(s.AlertRaw(t.Context(), r.Key))
			if r.Status.Open() {
				open++
			}
		}
		locks := must(s.Lockdowns(t.Context(), soc.LockdownQuery{}))
		rep := must(s.VerifyAudit(t.Context()))
		if page.Total != alerts || open != 5 || len(locks) != 60 || !rep.OK || rep.Records != 120 {
			t.Errorf("%d alerts, %d open, %d lockdowns, history %+v", page.Total, open, len(locks), rep)
		}
	}
	check(s)
	s = reopen(t, s)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(s)
	if list := s.Troubles(); len(list) > 0 {
		t.Errorf("troubles = %v", list)
	}
}

// What is open, young, or changed while it was chosen stays; a clock that jumped years ahead drops nothing.
func TestF73_OnlyOldResolvedAlertsAreDropped(t *testing.T) {
	now := testNow
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Now: func() time.Time { return now }, Retention: 180 * day})
	put(t, s, soc.PollState{},
		aged(1, now.Add(-181*day), soc.StatusResolved), aged(2, now.Add(-179*day), soc.StatusResolved), aged(3, now.Add(-900*day), soc.StatusNew),
		aged(4, now, soc.StatusNew))
	now = now.Add(4000 * day) // a clock that jumped
	if n := must(s.forgetOld(t.Context())); n != 1 {
		t.Errorf("%d dropped, want 1", n)
	}
	if _, err := s.AlertRaw(t.Context(), key("old1")); err == nil {
		t.Error("the dropped alert can be read")
	}
	for _, id := range []string{"old2", "old3", "old4"} {
		must(s.AlertRaw(t.Context(), key(id)))
	}
	now = testNow
	res := put(t, s, soc.PollState{}, aged(1, now.Add(time.Minute), soc.StatusNew)) // Defender opens it again
	if res.New != 1 {
		t.Errorf("the alert came back as %+v", res)
	}
	must(s.AlertRaw(t.Context(), key("old1")))
}

// The file is written anew once a day at most, never near a release, and not without room.
func TestF73_CompactionWaitsForReleasesAndForRoom(t *testing.T) {
	now := testNow
	disk := space{1 << 40, 1 << 40}
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{
		Now: func() time.Time { return now }, compact: 1 << 20, space: func(string) (space, error) { return disk, nil },
	})
	l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
	empty := func() {
		t.Helper()
		for i := range 40 {
			put(t, s, soc.PollState{}, bulky(i))
		}
		if err := s.update(t.Context(), func(c *change) error { return c.Bucket(bAlerts).DeleteBucket([]byte("i1")) }); err != nil {
			t.Fatal(err)
		}
		s.idx.forget("i1")
		s.blocks.forget("i1")
		_ = s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}) // what was freed is counted by the next change
	}
	round := func() (shrunk bool) {
		t.Helper()
		before := must(s.Size(t.Context()))
		if err := s.tidyUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		return must(s.Size(t.Context())) < before
	}
	empty()
	now = now.Add(59*time.Minute + 30*time.Second) // the release is due in half a minute
	if round() {
		t.Error("compacted right before a release")
	}
	l.Phase, l.Wake = soc.PhaseReleased, time.Time{}
	l.EndedAt = now
	must(s.SaveLockdown(t.Context(), l))
	disk.free = 1 << 20
	if round() || !s.trouble.has(troubleLoose) {
		t.Errorf("without room: troubles %v", s.Troubles())
	}
	disk.free, now = 1<<40, now.Add(compactAgain)
	if !round() || s.trouble.has(troubleLoose) {
		t.Errorf("not compacted, troubles %v", s.Troubles())
	}
	empty()
	now = now.Add(time.Hour)
	if round() {
		t.Error("compacted twice within a day")
	}
	now = now.Add(compactEvery)
	if !round() {
		t.Error("not compacted on the next day")
	}
}

// A reader that lasts does not hold the writer up when the file is exchanged under it: it goes on reading the old file.
func TestF72_F73_CompactionDoesNotWaitForReaders(t *testing.T) {
	s := stocked(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	name := compactPath(s.path)
	var from int
	if err := s.db.View(func(tx *bbolt.Tx) error { from = tx.ID(); return writeCopy(tx, name) }); err != nil {
		t.Fatal(err)
	}
	err := s.read(t.Context(), func(tx *bbolt.Tx) error {
		old, err := s.exchangeFor(t.Context(), name, from)
		if old == nil || err != nil {
			return fmt.Errorf("the exchange: %w", err)
		}
		closed := make(chan error, 1)
		go func() { closed <- old.Close() }()
		t.Cleanup(func() {
			if err := <-closed; err != nil {
				t.Error(err)
			}
		})
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "meanwhile"}); err != nil {
			return err
		}
		select {
		case <-closed:
			t.Error("the old file was closed under its reader")
		default:
		}
		_, found, err := getLockdown(tx, "LK-3")
		if !found {
			t.Error("the reader lost its file")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := must(s.Audit(t.Context(), soc.AuditQuery{})).Total; got != 7 {
		t.Errorf("%d lines", got)
	}
}
