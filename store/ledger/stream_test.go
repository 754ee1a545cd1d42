package ledger_test

import (
	"bytes"
	"fmt"
	"testing"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// streamed judges a history through a stream, judge record by record; gap is the number of a record that the reader reports as missing.
func (h *history) streamed(r ledger.Rules, gap uint64, marks ...soc.Checkpoint) soc.ChainReport {
	w := ledger.NewWalk(r)
	w.Checkpoints(marks)
	s := w.Stream()
	for i, raw := range h.raw {
		if s.Next() != uint64(i+1) {
			return soc.ChainReport{Problem: fmt.Sprintf("expects %d at %d", s.Next(), i+1)}
		}
		if s.Next() == gap {
			s.Bad("record is missing")
			break
		}
		if !s.Record(append([]byte{}, raw...)) {
			break
		}
	}
	s.Close()
	s.Close()
	return w.EndAt(h.heads[len(h.heads)-1])
}

// TestSC21_StreamJudgesAsTheWalkDoes: hashing ahead changes no verdict, whatever is wrong at whatever place, at the edges of chunks above all.
func TestSC21_StreamJudgesAsTheWalkDoes(t *testing.T) {
	const old, size = 3, 200
	h := write(t, old, size-old)
	good := h.raw
	marks := []soc.Checkpoint{h.checkpoint(t, 1, 64), h.checkpoint(t, 2, 130)}
	if rep := h.streamed(h.rules(), 0, marks...); !rep.OK || rep.Records != size || rep.Checkpoints != 2 || rep.Sealed != size-old {
		t.Fatalf("a good history: %+v", rep)
	}
	for _, at := range []int{0, 1, 2, 3, 4, 40, 62, 63, 64, 65, 66, 127, 128, 129, 130, 191, 192, size - 2, size - 1} {
		for kind := range 6 {
			h.raw = append([][]byte{}, good...)
			switch kind {
			case 0: // a bit
				h.raw[at] = bytes.Replace(good[at], []byte("alice"), []byte("alicf"), 1)
			case 1: // gone
				h.raw = append(h.raw[:at], good[at+1:]...)
			case 2: // twice
				h.raw = append(append(h.raw[:at:at], good[at]), good[at:]...)
			case 3: // cut off
				h.raw = h.raw[:at]
			case 4: // no record at all
				h.raw[at] = []byte("{}")
			case 5: // written anew with a hash that fits, without the key
				h.raw[at], _, _, _ = ledger.Head{Seq: h.heads[at].Seq, Hash: h.heads[at].Hash, Key: ledger.NewKey()}.Seal(soc.AuditEntry{Action: "x"})
			}
			want, got := h.judge(h.rules(), marks...), h.streamed(h.rules(), 0, marks...)
			if want.OK || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Fatalf("kind %d at %d:\n%+v\nthe walk says\n%+v", kind, at, got, want)
			}
		}
	}
	h.raw = good
	for _, gap := range []uint64{1, 63, 64, 65, 66, 128, 129, size} {
		if rep := h.streamed(h.rules(), gap); rep.OK || rep.BadSeq != gap || rep.Problem != "record is missing" {
			t.Errorf("missing at %d: %+v", gap, rep)
		}
	}
	h.raw = append([][]byte{}, good...)
	h.raw[40] = []byte("{}")
	if rep := h.streamed(h.rules(), 50); rep.BadSeq != 41 {
		t.Errorf("a bad record before a missing one: %+v", rep)
	}
}

// TestSC21_StreamHandsLongRecordsOver: a chunk ends by its size too, so memory is bounded.
func TestSC21_StreamHandsLongRecordsOver(t *testing.T) {
	h := write(t, 0, 1)
	head := h.heads[0]
	h.raw, h.heads = nil, h.heads[:1]
	for range 30 {
		raw, _, next, err := head.Seal(soc.AuditEntry{Action: "x", Detail: string(bytes.Repeat([]byte("long "), 20_000))})
		if err != nil {
			t.Fatal(err)
		}
		head = next
		h.raw, h.heads = append(h.raw, raw), append(h.heads, head)
	}
	if rep := h.streamed(h.rules(), 0); !rep.OK || rep.Records != 30 {
		t.Errorf("%+v", rep)
	}
}

// BenchmarkStream is BenchmarkVerify as the store and exports do it.
func BenchmarkStream(b *testing.B) {
	h := write(b, 0, 5000)
	for b.Loop() {
		if rep := h.streamed(h.rules(), 0); !rep.OK {
			b.Fatal(rep)
		}
	}
	b.ReportMetric(float64(b.N)*5000/b.Elapsed().Seconds(), "records/s")
}
