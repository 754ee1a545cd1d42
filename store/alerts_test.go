package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// rawAlert makes an alert with the bytes that it would have come in.
func rawAlert(id string, change func(*soc.Alert)) soc.RawAlert {
	a := soc.Alert{
		ID: id, Title: "Suspicious PowerShell command line", Severity: soc.SeverityMedium, Status: soc.StatusNew, Category: "Execution",
		MachineID: strings.Repeat("ab", 20), HostName: "ws-1.corp.example", Created: at(-time.Minute), LastUpdate: at(-time.Minute),
		Techniques: []string{"T1059.001"}, RelatedUser: &soc.UserRef{Name: "jdoe", Domain: "CORP"},
	}
	if change != nil {
		change(&a)
	}
	return soc.RawAlert{Alert: a, Raw: must(json.Marshal(a))}
}

func put(t testing.TB, s *Store, st soc.PollState, raws ...soc.RawAlert) soc.PutResult {
	t.Helper()
	res, err := s.PutAlerts(t.Context(), "i1", raws, st)
	if err != nil {
		t.Fatalf("PutAlerts: %v", err)
	}
	return res
}

func key(id string) soc.AlertKey { return soc.AlertKey{Integration: "i1", ID: id} }

// fill sets every field below v to something.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d äöü", *n))
	case reflect.Int64:
		v.SetInt(int64(*n) * 1000003)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(at(time.Duration(*n) * time.Second).Add(1234500)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	}
}

func TestT33_RawBytesAndEveryFieldComeBack(t *testing.T) {
	s := fresh(t)
	var full soc.Alert
	n := 0
	fill(reflect.ValueOf(&full).Elem(), &n)
	full.Integration, full.ID = "i1", "full"
	full.FirstSeen, full.ReopenedAt, full.Late = testNow, time.Time{}, false
	odd := []byte("{\"id\": \"full\",\r\n\t\"title\" : \"\\u0041\x00\xff broken\", \"dup\":1,\"dup\":2}  ")
	put(t, s, soc.PollState{}, soc.RawAlert{Alert: full, Raw: odd}, rawAlert("plain", nil))
	for range 2 {
		if got := must(s.AlertRaw(t.Context(), key("full"))); !bytes.Equal(got, odd) {
			t.Errorf("raw = %q, want %q", got, odd)
		}
		if got := must(s.Alert(t.Context(), key("full"))); !reflect.DeepEqual(got, full) {
			t.Errorf("alert = %+v\nwant %+v", got, full)
		}
		s = reopen(t, s)
	}
	_, err := s.Alert(t.Context(), key("none"))
	if !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("unknown alert: %v", err)
	}
}

func TestC12_UpdateKeepsFirstSeenAndShowsReopening(t *testing.T) {
	s := fresh(t)
	now := testNow
	s.now = func() time.Time { return now }
	steps := []struct {
		status soc.AlertStatus
		want   soc.PutResult
	}{
		{soc.StatusNew, soc.PutResult{New: 1}},
		{soc.StatusNew, soc.PutResult{Same: 1}},
		{soc.StatusResolved, soc.PutResult{Changed: 1}},
		{soc.StatusInProgress, soc.PutResult{Changed: 1, Reopened: 1}},
		{soc.StatusResolved, soc.PutResult{Changed: 1}},
	}
	update := testNow
	last := soc.StatusUnknown
	for i, st := range steps {
		now = at(time.Duration(i) * time.Hour)
		if st.status != last {
			update, last = now, st.status
		}
		res := put(t, s, soc.PollState{}, rawAlert("1", func(a *soc.Alert) { a.Status, a.LastUpdate = st.status, update }))
		if res != st.want {
			t.Errorf("step %d = %+v, want %+v", i, res, st.want)
		}
	}
	s = reopen(t, s)
	a := must(s.Alert(t.Context(), key("1")))
	if !a.FirstSeen.Equal(testNow) || !a.ReopenedAt.Equal(at(3*time.Hour)) || a.Status != soc.StatusResolved {
		t.Errorf("alert = first seen %v, reopened %v, %s", a.FirstSeen, a.ReopenedAt, a.Status)
	}
	page := must(s.Alerts(t.Context(), soc.Query{Filter: "reopened:yes", Count: 10}))
	if page.Matched != 1 || !page.Rows[0].Reopened {
		t.Errorf("reopened:yes = %+v", page)
	}
}

func TestC12_LateArrivalsAreMarkedAfterTheFirstSync(t *testing.T) {
	s := fresh(t)
	old := func(id string) soc.RawAlert {
		return rawAlert(id, func(a *soc.Alert) { a.Created, a.LastUpdate = at(-48*time.Hour), at(-48*time.Hour) })
	}
	if res := put(t, s, soc.PollState{FirstDone: true}, old("1")); res.Late != 0 {
		t.Errorf("first sync: %+v", res)
	}
	if res := put(t, s, soc.PollState{FirstDone: true}, old("2"), rawAlert("3", nil)); res.Late != 1 || res.New != 2 {
		t.Errorf("after it: %+v", res)
	}
	page := must(s.Alerts(t.Context(), soc.Query{Filter: "late:yes", Count: 10}))
	if page.Matched != 1 || page.Rows[0].Key.ID != "2" {
		t.Errorf("late:yes = %+v", page.Rows)
	}
	if a := must(s.Alert(t.Context(), key("2"))); !a.Late {
		t.Error("the alert itself is not marked")
	}
}

// C11: pages overlap, repeat, come out of order and cut through equal timestamps; what is stored is the newest of each alert, once.
func TestC11_OverlapEqualTimesAndOldCopies(t *testing.T) {
	s := fresh(t)
	same := at(-time.Hour)
	version := func(id, title string, update time.Time) soc.RawAlert {
		return rawAlert(id, func(a *soc.Alert) { a.Title, a.LastUpdate = title, update })
	}
	put(t, s, soc.PollState{Watermark: same}, version("a", "a1", same), version("b", "b1", same))
	res := put(t, s, soc.PollState{Watermark: same}, version("b", "b1", same), version("c", "c1", same), version("c", "c2", same.Add(100)),
		version("c", "c1", same), version("a", "a0", same.Add(-1)))
	if want := (soc.PutResult{New: 1, Changed: 1, Same: 3}); res != want {
		t.Errorf("result = %+v, want %+v", res, want)
	}
	put(t, s, soc.PollState{}, version("a", "a2", same.Add(time.Second)))
	put(t, s, soc.PollState{}, version("a", "a1", same))
	s = reopen(t, s)
	want := map[string]string{"a": "a2", "b": "b1", "c": "c2"}
	page := must(s.Alerts(t.Context(), soc.Query{Count: -1}))
	if err := s.idx.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	page = must(s.Alerts(t.Context(), soc.Query{Count: -1}))
	if len(page.Rows) != len(want) || page.Total != 3 {
		t.Fatalf("rows = %+v", page.Rows)
	}
	for _, r := range page.Rows {
		if r.Title != want[r.Key.ID] || must(s.Alert(t.Context(), r.Key)).Title != want[r.Key.ID] {
			t.Errorf("%s = %q, want %q", r.Key.ID, r.Title, want[r.Key.ID])
		}
	}
}

func TestPutAlerts_PollStateGoesWithTheLastBatch(t *testing.T) {
	s := fresh(t)
	var raws []soc.RawAlert
	for i := range alertBatch*2 + 1 {
		raws = append(raws, rawAlert(fmt.Sprint(i), nil))
	}
	commits := 0
	s.opt.commit = func(tx *bbolt.Tx) error {
		commits++
		st, err := getPoll(tx, "i1")
		if err != nil || st.FirstDone != (commits == 3) {
			t.Errorf("commit %d: poll state %+v, %v", commits, st, err)
		}
		return tx.Commit()
	}
	res := put(t, s, soc.PollState{FirstDone: true, Watermark: testNow}, raws...)
	if res.New != len(raws) || commits != 3 {
		t.Errorf("result = %+v in %d commits", res, commits)
	}
	if got := must(s.PollState(t.Context(), "i1")); !got.FirstDone || !got.Watermark.Equal(testNow) {
		t.Errorf("poll state = %+v", got)
	}
	put(t, s, soc.PollState{Gap: "x"})
	if got := must(s.PollState(t.Context(), "i1")); got.Gap != "x" {
		t.Errorf("poll state without alerts = %+v", got)
	}
}

func TestPutAlerts_FailedCommitLeavesTheIndexAlone(t *testing.T) {
	s := fresh(t)
	put(t, s, soc.PollState{}, rawAlert("1", nil))
	s.opt.commit = func(*bbolt.Tx) error { return errors.New("disk") }
	_, err := s.PutAlerts(t.Context(), "i1", []soc.RawAlert{rawAlert("2", nil)}, soc.PollState{})
	wantCode(t, err, soc.KindUnknownOutcome, "store-commit")
	if page := must(s.Alerts(t.Context(), soc.Query{})); page.Total != 1 {
		t.Errorf("alerts shown = %d, want 1", page.Total)
	}
}

func TestT13_SameIDInTwoTenantsIsTwoAlerts(t *testing.T) {
	s := fresh(t)
	for _, id := range []soc.IntegrationID{"i1", "i2"} {
		r := rawAlert("same", func(a *soc.Alert) { a.Title = "of " + string(id) })
		must(s.PutAlerts(t.Context(), id, []soc.RawAlert{r}, soc.PollState{Watermark: testNow, Integration: "wrong"}))
	}
	for range 2 {
		for _, id := range []soc.IntegrationID{"i1", "i2"} {
			k := soc.AlertKey{Integration: id, ID: "same"}
			if got := must(s.Alert(t.Context(), k)); got.Title != "of "+string(id) || got.Integration != id {
				t.Errorf("%s = %q of %q", k, got.Title, got.Integration)
			}
			page := must(s.Alerts(t.Context(), soc.Query{Filter: "tenant:" + string(id), Count: 5}))
			if page.Matched != 1 || page.Rows[0].Title != "of "+string(id) {
				t.Errorf("tenant:%s = %+v", id, page.Rows)
			}
			host := soc.HostKey{Integration: id, MachineID: strings.Repeat("ab", 20)}
			if page := must(s.Alerts(t.Context(), soc.Query{Machine: host, Count: 5})); page.Matched != 1 || page.Rows[0].Key.Integration != id {
				t.Errorf("machine of %s = %+v", id, page.Rows)
			}
		}
		if st := must(s.PollState(t.Context(), "wrong")); !st.Watermark.IsZero() {
			t.Error("a poll state went to another tenant")
		}
		s = reopen(t, s)
		if err := s.idx.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestF70_DamagedAlertIsReportedAndReadAgain(t *testing.T) {
	s := fresh(t)
	put(t, s, soc.PollState{}, rawAlert("1", nil), rawAlert("2", nil))
	tamper(t, s, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bAlerts).Bucket([]byte("i1"))
		for _, sub := range [][]byte{subRows, subRaw} {
			v := append([]byte(nil), b.Bucket(sub).Get(seqKey(1))...)
			v[len(v)-1] ^= 1
			if err := b.Bucket(sub).Put(seqKey(1), v); err != nil {
				return err
			}
		}
		return nil
	})
	_, err := s.Alert(t.Context(), key("1"))
	wantCode(t, err, soc.KindInternal, "damaged-record")
	s = reopen(t, s)
	if err := s.idx.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if page := must(s.Alerts(t.Context(), soc.Query{Count: 9})); page.Total != 1 || page.Rows[0].Key.ID != "2" {
		t.Errorf("rows = %+v", page.Rows)
	}
	if got := must(s.Info(t.Context())).Problems; len(got) != 1 {
		t.Errorf("problems = %v", got)
	}
	put(t, s, soc.PollState{}, rawAlert("1", nil)) // the next poll brings it back
	if a := must(s.Alert(t.Context(), key("1"))); a.ID != "1" {
		t.Errorf("alert = %+v", a)
	}
}

func TestPutAlerts_UnusableIDsAreLeftOut(t *testing.T) {
	s := fresh(t)
	res := put(t, s, soc.PollState{}, rawAlert("", nil), rawAlert(strings.Repeat("x", maxIDLen+1), nil), rawAlert("ok", nil))
	if res.New != 1 {
		t.Errorf("result = %+v", res)
	}
}

func TestPutAlerts_HugeAlert(t *testing.T) {
	s := fresh(t)
	r := rawAlert("big", func(a *soc.Alert) { a.Description = strings.Repeat("4 MB of text ", 1<<22/13) })
	put(t, s, soc.PollState{}, r)
	if got := must(s.AlertRaw(t.Context(), key("big"))); !bytes.Equal(got, r.Raw) {
		t.Error("raw bytes differ")
	}
}

func FuzzDecodeAlert(f *testing.F) {
	var full soc.Alert
	n := 0
	fill(reflect.ValueOf(&full).Elem(), &n)
	for _, a := range []soc.Alert{{}, full, rawAlert("1", nil).Alert} {
		c := coder{}
		c.alert(&a)
		f.Add(c.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decodeAlert(b)
		if err != nil {
			return
		}
		c := coder{}
		c.alert(&a)
		again, err := decodeAlert(c.b)
		if err != nil || !reflect.DeepEqual(a, again) {
			t.Fatalf("%+v came back as %+v, %v", a, again, err)
		}
	})
}

func FuzzDecodeRow(f *testing.F) {
	r := recOf(new(rawAlert("1", nil).Alert), 7)
	f.Add(r.encode()[envelopeHead:])
	f.Fuzz(func(t *testing.T, payload []byte) {
		k := seqKey(1)
		rec, err := decodeRec(k, seal(k, payload), "i1")
		if err != nil {
			return
		}
		again, err := decodeRec(k, sealed(k, rec.encode()), "i1")
		if err != nil || again != rec {
			t.Fatalf("%+v came back as %+v, %v", rec, again, err)
		}
	})
}
