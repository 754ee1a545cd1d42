package ledger

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"cordon/store/soc"
)

// Rules are what a history is judged by.
type Rules struct {
	Store  string              // id of the store; checkpoints of others do not count
	From   uint64              // the first record that must be sealed
	First  *Key                // the first key; nil: MACs are not checked
	Public []ed25519.PublicKey // keys that may sign checkpoints
	Lost   uint64              // the first record after the sealing key was lost; 0: it never was
}

// Walk checks a history record by record, from the first on. It stops at the first bad one: what follows it proves nothing. Use it as
//
//	w := NewWalk(rules); w.Checkpoints(list); for … { w.Record(raw) }; report := w.End()
type Walk struct {
	rules Rules
	key   Key
	prev  []byte // hash of the last good record, hex
	rep   soc.ChainReport
	room  [hexLen]byte

	marks  []soc.Checkpoint // not yet compared
	sorted bool             // marks are in order
}

// NewWalk starts a check.
func NewWalk(r Rules) *Walk {
	w := &Walk{rules: r, rep: soc.ChainReport{OK: true}}
	if r.First != nil {
		w.key = r.First.Next()
	}
	return w
}

// Checkpoints adds what is known from checkpoints, before the first record. It returns how many are of this store. One that is not signed by
// a known key makes the history bad, unless it is of another store and another key: files of several stores may lie together.
func (w *Walk) Checkpoints(list []soc.Checkpoint) (mine int) {
	for _, c := range list {
		known := slices.ContainsFunc(w.rules.Public, func(k ed25519.PublicKey) bool { return Fingerprint(k) == c.Key })
		switch {
		case c.Store != "" && c.Store != w.rules.Store && (!known || Signed(c, w.rules.Public)):
			continue // of another store
		case !Signed(c, w.rules.Public):
			w.badCheckpoint(c, fmt.Sprintf("checkpoint %d is not signed by a known key: it is forged or damaged", c.N))
			continue
		}
		mine++
		w.marks = append(w.marks, c)
	}
	w.sorted = false
	return mine
}

// sort puts the checkpoints into the order of the records.
func (w *Walk) sort() {
	if !w.sorted {
		slices.SortStableFunc(w.marks, func(a, b soc.Checkpoint) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N)) })
		w.sorted = true
	}
}

// OwnCheckpoints adds those that the store itself keeps, numbered from 1 without a gap. There must be no foreign one among them.
func (w *Walk) OwnCheckpoints(list []soc.Checkpoint) {
	for i, c := range list {
		if c.N != uint64(i+1) || c.Store != w.rules.Store {
			w.badCheckpoint(soc.Checkpoint{N: uint64(i + 1)}, fmt.Sprintf("checkpoint %d is missing, or one of another store lies in its place", i+1))
			return
		}
		w.Checkpoints(list[i : i+1])
	}
}

func (w *Walk) badCheckpoint(c soc.Checkpoint, problem string) {
	if w.rep.Problem == "" {
		w.rep.BadCheckpoint, w.rep.Problem = max(c.N, 1), problem
	}
}

// Next is the number of the record that is expected.
func (w *Walk) Next() uint64 { return w.rep.LastSeq + 1 }

// Good reports whether no bad record was found yet.
func (w *Walk) Good() bool { return w.rep.OK }

// Record judges the next record and reports whether it is good.
func (w *Walk) Record(raw []byte) bool {
	t := take(raw)
	return w.record(&t)
}

func (w *Walk) record(t *taken) bool {
	if !w.rep.OK {
		return false
	}
	if problem := w.check(t); problem != "" {
		w.Bad(problem)
		return false
	}
	return w.compare()
}

// check judges one record; "" is good.
func (w *Walk) check(t *taken) string {
	want, r := w.Next(), &t.rec
	switch {
	case t.err != nil:
		return t.err.Error()
	case want == w.rules.Lost:
		return "sealing key was lost before this record: nothing proves what stood between it and the one before"
	case r.seq != want:
		return fmt.Sprintf("record says that it is number %d", r.seq)
	case !bytes.Equal(r.prev, w.prev):
		return "record does not follow the one before"
	case r.form == 1 && want >= w.rules.From:
		return "record is not sealed"
	case r.form == 2 && want < w.rules.From:
		return "record is sealed, but it is older than the seal"
	}
	hex.Encode(w.room[:], t.hash[:])
	if !bytes.Equal(w.room[:], r.hash) {
		return "content does not match its hash"
	}
	if r.form == 2 && w.rules.First != nil {
		mac := w.key.mac(t.digest[:])
		var text [hexLen]byte
		hex.Encode(text[:], mac[:])
		if !hmac.Equal(text[:], r.mac) {
			return "record was not sealed by this store"
		}
		w.key = w.key.Next()
		w.rep.Sealed++
	}
	w.rep.Records++
	w.rep.LastSeq, w.prev = want, append(w.prev[:0], r.hash...)
	return ""
}

// compare holds the last good record against the checkpoints about it.
func (w *Walk) compare() bool {
	w.sort()
	for len(w.marks) > 0 && w.marks[0].Seq <= w.rep.LastSeq {
		c := w.marks[0]
		if c.Seq == w.rep.LastSeq && c.Hash != string(w.prev) {
			w.contradicts(c)
			return false
		}
		w.marks = w.marks[1:]
		w.rep.Checkpoints++
		w.rep.After = c.Seq
	}
	return true
}

func (w *Walk) contradicts(c soc.Checkpoint) {
	after := w.rep.After
	w.rep.BadCheckpoint = 0
	w.Bad(fmt.Sprintf("record is not the one that checkpoint %d of %s covers: the history was taken back to an older copy or written anew after record %d",
		c.N, c.Time.UTC().Format(time.RFC3339), after))
	w.rep.BadSeq, w.rep.After, w.rep.BadCheckpoint = c.Seq, after, c.N
}

// Bad says that the record that is expected next is bad or missing.
func (w *Walk) Bad(problem string) {
	if w.rep.OK {
		w.rep.OK, w.rep.BadSeq, w.rep.After, w.rep.BadCheckpoint, w.rep.Problem = false, w.Next(), 0, 0, problem
	}
}

// End returns what was found. Checkpoints that cover more than there is show that the end is missing.
func (w *Walk) End() soc.ChainReport {
	w.sort()
	if w.rep.OK && len(w.marks) > 0 {
		c := w.marks[len(w.marks)-1]
		first := w.marks[0]
		w.Bad(fmt.Sprintf("history is cut off or was taken back to an older copy: checkpoint %d of %s covers record %d, the last one here is %d",
			c.N, c.Time.UTC().Format(time.RFC3339), c.Seq, w.rep.LastSeq))
		w.rep.BadCheckpoint = first.N
	}
	if w.rep.OK {
		w.rep.After = 0
		w.rep.OK = w.rep.Problem == ""
	}
	return w.rep
}

// EndAt is End for a history whose end is remembered apart from its records. A head that does not fit means that something followed the last
// record, or that the head was replaced.
func (w *Walk) EndAt(head Head) soc.ChainReport {
	switch {
	case !w.rep.OK:
	case head.Seq > w.rep.LastSeq:
		w.Bad(fmt.Sprintf("history is cut off: %d records are missing at the end", head.Seq-w.rep.LastSeq))
	case head.Seq < w.rep.LastSeq || head.Hash != string(w.prev):
		w.Bad("last record is not the one that was written last")
		w.rep.BadSeq = max(w.rep.LastSeq, 1)
	case w.rules.First != nil && head.Key != w.key:
		w.Bad("the sealing key does not follow from the last record: records behind it were cut off, or the key was replaced")
	}
	return w.End()
}
