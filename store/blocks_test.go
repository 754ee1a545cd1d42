package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Many small polls and many updates must neither lose a body nor leave the blocks half empty.
func TestBlocks_StayFullAndEveryBodyReadable(t *testing.T) {
	s := fresh(t)
	r := rand.New(rand.NewPCG(2, 2))
	want := map[string][]byte{}
	version := func(id string, n int) soc.RawAlert {
		raw := rawAlert(id, func(a *soc.Alert) {
			a.LastUpdate = at(time.Duration(n) * time.Second)
			a.Description = fmt.Sprint("version ", n)
		})
		want[id] = raw.Raw
		return raw
	}
	var first []soc.RawAlert
	for i := range 500 {
		first = append(first, version(fmt.Sprint("first", i), 0))
	}
	put(t, s, soc.PollState{}, first...)
	for n := range 600 {
		batch := []soc.RawAlert{version(fmt.Sprint("new", n), n+1)}
		for range 2 {
			batch = append(batch, version(fmt.Sprint("first", r.IntN(500)), n+1))
		}
		put(t, s, soc.PollState{}, batch...)
		if n == 300 {
			s = reopen(t, s)
		}
	}
	for range 2 {
		if err := s.idx.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, raw := range want {
			if got, err := s.AlertRaw(t.Context(), key(id)); err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("%s = %q, %v; want %q", id, got, err, raw)
			}
		}
		checkBlocks(t, s, len(want))
		s = reopen(t, s)
	}
}

// checkBlocks compares the blocks on disk with the book and with what the rows need.
func checkBlocks(t *testing.T, s *Store, alerts int) {
	t.Helper()
	blocks := 0
	err := s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bAlerts).Bucket([]byte("i1"))
		return b.Bucket(subRaw).ForEach(func(k, _ []byte) error { blocks++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, n := range s.blocks.live["i1"] {
		sum += n
	}
	if blocks != len(s.blocks.live["i1"]) || sum != alerts {
		t.Errorf("%d blocks on disk, %d in the book with %d alerts, want %d alerts", blocks, len(s.blocks.live["i1"]), sum, alerts)
	}
	if blocks > alerts/blockSparse+blockSlots {
		t.Errorf("%d blocks for %d alerts", blocks, alerts)
	}
}

func TestPutAlerts_RepeatedInOneBatchLeavesNoOrphan(t *testing.T) {
	s := fresh(t)
	var batch []soc.RawAlert
	for n := range 3 * blockSlots {
		batch = append(batch, rawAlert("same", func(a *soc.Alert) { a.LastUpdate = at(time.Duration(n) * time.Second) }))
	}
	res := put(t, s, soc.PollState{}, batch...)
	if res.New != 1 || res.Changed != len(batch)-1 {
		t.Errorf("result = %+v", res)
	}
	checkBlocks(t, s, 1)
	if got := must(s.AlertRaw(t.Context(), key("same"))); !bytes.Equal(got, batch[len(batch)-1].Raw) {
		t.Errorf("raw = %s", got)
	}
}
