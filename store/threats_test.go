package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

func threat(key string, at time.Time, state soc.ThreatState) soc.Threat {
	return soc.Threat{Key: key, Channel: "c1", ReceivedAt: at, State: state, Device: soc.ThreatDevice{Name: "phone"}}
}

// Pages of reports that arrived at one instant miss none and show none twice, newest first.
func TestM14_ThreatsAreListedNewestFirstPageByPage(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	for i := range 25 {
		must(s.SaveThreat(t.Context(), threat(fmt.Sprintf("k%02d", i), testNow.Add(time.Duration(i/10)*time.Second), soc.ThreatWaiting)))
	}
	seen := map[string]bool{}
	var last time.Time
	for q := (soc.ThreatQuery{Count: 4}); ; {
		page := must(s.Threats(t.Context(), q))
		if len(page) == 0 {
			break
		}
		for _, th := range page {
			if seen[th.Key] || !last.IsZero() && !th.ReceivedAt.Before(last) {
				t.Fatalf("%s at %s comes after %s", th.Key, th.ReceivedAt, last)
			}
			seen[th.Key], last = true, th.ReceivedAt
		}
		q.Before = last
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 reports were listed", len(seen))
	}
}

// The first page reads the newest reports and no others: a report far back that can not be read is not met. In the control it is.
func TestM14_FirstPageReadsNoMoreThanItself(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	for i := range 50 {
		must(s.SaveThreat(t.Context(), threat(fmt.Sprint("k", i), testNow.Add(time.Duration(i)*time.Second), soc.ThreatResolved)))
	}
	must(s.SaveThreat(t.Context(), threat("waits", testNow, soc.ThreatWaiting)))
	spoil := func(tx *bbolt.Tx) error { return tx.Bucket(bThreats).Put([]byte("k5"), []byte("spoiled")) }
	if err := s.db.Update(spoil); err != nil {
		t.Fatal(err)
	}
	for _, q := range []soc.ThreatQuery{{Count: 10}, {States: []soc.ThreatState{soc.ThreatWaiting}}} {
		if got := must(s.Threats(t.Context(), q)); len(got) == 0 || len(s.problem.list()) > 0 {
			t.Errorf("%+v: %d reports, problems %v", q, len(got), s.problem.list())
		}
	}
	if got := must(s.Threats(t.Context(), soc.ThreatQuery{Count: 60})); len(got) != 50 || len(s.problem.list()) != 1 {
		t.Errorf("control: %d reports, problems %v", len(got), s.problem.list())
	}
}

func TestM09_ThreatsAreFilteredByStateChannelAndManagement(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	yes, no := true, false
	for key, m := range map[string]*bool{"managed": &yes, "unmanaged": &no, "unknown": nil} {
		th := threat(key, testNow, soc.ThreatUnmatched)
		th.Device.Managed = m
		must(s.SaveThreat(t.Context(), th))
	}
	for want, q := range map[string]soc.ThreatQuery{"managed": {Managed: &yes}, "unmanaged": {Managed: &no, Channel: "c1"}} {
		if got := must(s.Threats(t.Context(), q)); len(got) != 1 || got[0].Key != want {
			t.Errorf("%s: %+v", want, got)
		}
	}
	for _, q := range []soc.ThreatQuery{{Channel: "c2"}, {States: []soc.ThreatState{soc.ThreatSent}}} {
		if got := must(s.Threats(t.Context(), q)); len(got) != 0 {
			t.Errorf("%+v: %+v", q, got)
		}
	}
	th := must(s.Threat(t.Context(), "managed"))
	th.State, th.ReceivedAt = soc.ThreatSent, testNow.Add(time.Hour)
	w := s.Watch()
	defer w.Close()
	saved := must(s.SaveThreat(t.Context(), th))
	if !w.Take().Has(soc.TopicReports) || saved.Revision != 2 || saved.ReceivedAt.After(testNow.Add(time.Minute)) {
		t.Errorf("saved = %+v", saved)
	}
	if got := must(s.Threats(t.Context(), soc.ThreatQuery{States: []soc.ThreatState{soc.ThreatSent}})); len(got) != 1 {
		t.Errorf("after the change: %+v", got)
	}
	_, err := s.SaveThreat(t.Context(), th)
	wantCode(t, err, soc.KindConflict, "stale-revision")
	th.Revision = 0
	_, err = s.SaveThreat(t.Context(), th)
	wantCode(t, err, soc.KindConflict, "exists")
}

// Reports that are done go with the retention; those that still matter to somebody stay.
func TestF73_OldThreatReportsAreForgotten(t *testing.T) {
	now := testNow
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Retention: 24 * time.Hour, Now: func() time.Time { return now }})
	for _, state := range []soc.ThreatState{
		soc.ThreatWaiting, soc.ThreatSuppressed, soc.ThreatUnmatched, soc.ThreatSent, soc.ThreatResolving, soc.ThreatResolved, soc.ThreatFailed,
	} {
		must(s.SaveThreat(t.Context(), threat(string(state), testNow, state)))
	}
	late := threat("resolved late", testNow, soc.ThreatResolved)
	late.SyncedAt = testNow.Add(48 * time.Hour)
	must(s.SaveThreat(t.Context(), late))
	now = testNow.Add(50 * time.Hour)
	if n := must(s.forgetThreats(t.Context())); n != 0 { // a clock that jumped: nothing newer has come in
		t.Errorf("%d reports dropped by the clock alone", n)
	}
	must(s.SaveThreat(t.Context(), threat("new", now, soc.ThreatSuppressed)))
	if n := must(s.forgetThreats(t.Context())); n != 2 {
		t.Errorf("dropped %d, want 2", n)
	}
	for _, key := range []string{"waiting", "unmatched", "sent", "resolving", "failed", "resolved late", "new"} {
		if _, err := s.Threat(t.Context(), key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if got := must(s.Threats(t.Context(), soc.ThreatQuery{})); len(got) != 7 {
		t.Errorf("%d reports are listed", len(got))
	}
	finish(t, s)
	if h := open(t, s.path, Options{}).holding(); h != nil {
		t.Errorf("on hold: %s", h.Why)
	}
}

// A sender that went mad can not fill the disk: of too many reports those that are done go, the oldest first, whatever the retention says.
func TestF73_SC41_TooManyThreatReportsAreForgotten(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{threats: 3, Now: func() time.Time { return testNow }})
	for i, state := range []soc.ThreatState{soc.ThreatWaiting, soc.ThreatSuppressed, soc.ThreatResolved, soc.ThreatSuppressed, soc.ThreatSent} {
		must(s.SaveThreat(t.Context(), threat(fmt.Sprint(i), testNow.Add(time.Duration(i)*time.Second), state)))
	}
	s.house.forget = testNow.Add(time.Hour) // not at the usual time, but at once
	if err := s.tidyUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, th := range must(s.Threats(t.Context(), soc.ThreatQuery{})) {
		left = append(left, th.Key)
	}
	if want := []string{"4", "3", "0"}; !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
	if n := must(s.forgetThreats(t.Context())); n != 0 {
		t.Errorf("dropped %d more", n)
	}
	finish(t, s)
}

// A report whose row of the index is gone is led to again after the next start.
func TestF70_LostRowsOfThreatReportsAreMended(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	th := must(s.SaveThreat(t.Context(), threat("k", testNow, soc.ThreatWaiting)))
	if err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bThreatTime).Delete(threatTimeKey(th)) }); err != nil {
		t.Fatal(err)
	}
	if got := must(s.Threats(t.Context(), soc.ThreatQuery{})); len(got) != 0 {
		t.Fatal("control: the report is listed without its row")
	}
	finish(t, s)
	s = open(t, s.path, Options{})
	if got := must(s.Threats(t.Context(), soc.ThreatQuery{})); len(got) != 1 {
		t.Errorf("listed: %+v", got)
	}
}

func TestP11_PushedIndicatorsAreOnePerKey(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{})
	p := must(s.SavePushed(t.Context(), soc.Pushed{Key: "i1|DomainName|evil.test", State: soc.PushedWaiting}))
	_, err := s.SavePushed(t.Context(), soc.Pushed{Key: p.Key})
	wantCode(t, err, soc.KindConflict, "exists")
	p.State, p.Submitted = soc.PushedSubmitted, testNow
	must(s.SavePushed(t.Context(), p, soc.AuditEntry{Action: "indicator.add"}))
	_, err = s.SavePushed(t.Context(), p)
	wantCode(t, err, soc.KindConflict, "stale-revision")
	if got := must(s.PushedOne(t.Context(), p.Key)); got.State != soc.PushedSubmitted || got.Revision != 2 {
		t.Errorf("pushed = %+v", got)
	}
	if got := must(s.Pushed(t.Context())); len(got) != 1 {
		t.Errorf("list = %+v", got)
	}
}
