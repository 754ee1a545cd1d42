package store

import (
	"testing"
	"time"

	"cordon/store/soc"
)

// A sink's place survives a restart; a file of an older cordon has none; a damaged one is told apart from one that is not there.
func TestF14_SinkKeepsItsPlace(t *testing.T) {
	s := fresh(t)
	_, err := s.Sink(t.Context(), "siem")
	wantCode(t, err, soc.KindNotFound, "no-sink")
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	want := soc.SinkState{Name: "siem", Seq: 7, Checkpoint: 2, GivenUp: 1, Dead: []soc.DeadLetter{{ID: "evt_5", Seq: 5, At: at, Why: "no"}}}
	if err := s.SaveSink(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.SaveSink(t.Context(), soc.SinkState{}), soc.KindInvalid, "no-name")
	s = reopen(t, s)
	got := must(s.Sink(t.Context(), "siem"))
	if got.Seq != 7 || got.Checkpoint != 2 || len(got.Dead) != 1 || !got.Dead[0].At.Equal(at) {
		t.Errorf("stored = %+v", got)
	}
	_, err = s.Sink(t.Context(), "other")
	wantCode(t, err, soc.KindNotFound, "no-sink")
	err = s.update(t.Context(), func(c *change) error {
		b := c.Bucket(bSinks)
		v := append([]byte(nil), b.Get([]byte("siem"))...)
		v[len(v)-1] ^= 1
		return b.Put([]byte("siem"), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Sink(t.Context(), "siem")
	wantCode(t, err, soc.KindInternal, "damaged-record")
	err = s.update(t.Context(), func(c *change) error { return c.DeleteBucket(bSinks) })
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Sink(t.Context(), "siem")
	wantCode(t, err, soc.KindNotFound, "no-sink")
}
