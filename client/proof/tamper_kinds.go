package main

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"cordon/store/ledger"
	"cordon/store/soc"
)

func flip(r *rand.Rand, b []byte) { b[r.IntN(len(b))] ^= 1 << r.IntN(8) }

func badAt(i int) found { return found{seq: uint64(i + 1)} }

// reseal writes the record at i with what is left on the machine: not its key.
func (e *evidence) reseal(i int, head ledger.Head, entry soc.AuditEntry) ledger.Head {
	raw, _, next, err := head.Seal(entry)
	if err != nil {
		panic(err) // plain texts
	}
	e.recs[i] = keep(next.Seq, raw)
	return next
}

// renumber gives the records from i on the numbers of their places, with correct checksums.
func (e *evidence) renumber(i int) {
	for ; i < len(e.recs); i++ {
		e.recs[i] = keep(uint64(i+1), e.recs[i].raw())
	}
}

// sealedPlace picks a sealed record.
func (e *evidence) sealedPlace(r *rand.Rand) int {
	old := int(e.rules.From - 1)
	return old + r.IntN(len(e.recs)-old)
}

// spoilings lists the ways. others are histories to take foreign records from.
func spoilings(others []*evidence) []spoiling {
	list := append(edits(), moves(others)...)
	return append(list, rollbacks()...)
}

func edits() []spoiling {
	return []spoiling{
		{"bit flipped", func(r *rand.Rand, e *evidence) (found, bool) {
			i := r.IntN(len(e.recs))
			e.recs[i].value = bytes.Clone(e.recs[i].value)
			flip(r, e.recs[i].value)
			return badAt(i), true
		}, onlyOrder},
		{"bit flipped, checksum recomputed", func(r *rand.Rand, e *evidence) (found, bool) {
			i := r.IntN(len(e.recs))
			raw := bytes.Clone(e.recs[i].raw())
			flip(r, raw)
			e.recs[i] = keep(uint64(i+1), raw)
			return badAt(i), true
		}, onlyChecksums},
		{"text edited, checksum recomputed", func(r *rand.Rand, e *evidence) (found, bool) {
			i := r.IntN(len(e.recs))
			e.recs[i] = keep(uint64(i+1), bytes.Replace(e.recs[i].raw(), []byte(`"by hand"`), []byte(`"by rule"`), 1))
			return badAt(i), true
		}, onlyChecksums},
		{"edited and hashed again, under another key", func(r *rand.Rand, e *evidence) (found, bool) {
			i := len(e.recs) - 1
			if i < int(e.rules.From-1) {
				return found{}, false
			}
			before := e.heads[i]
			before.Key = ledger.NewKey()
			head := e.reseal(i, before, someEntry(r, i))
			e.head.Hash = head.Hash
			return badAt(i), true
		}, withoutMAC},
		{"everything from a record on written anew, head too", func(r *rand.Rand, e *evidence) (found, bool) {
			from := e.sealedPlace(r)
			head := e.heads[from]
			head.Key = e.head.Key // the only key that the machine still has
			for i := from; i < len(e.recs); i++ {
				head = e.reseal(i, head, someEntry(r, i))
			}
			e.head = head
			return badAt(from), true
		}, withoutMAC},
		{"seal left off", func(r *rand.Rand, e *evidence) (found, bool) {
			i := e.sealedPlace(r)
			raw, _, _, err := e.heads[i].Seal1(someEntry(r, i))
			e.recs[i] = keep(uint64(i+1), raw)
			return badAt(i), err == nil
		}, onlyChecksums},
	}
}

func moves(others []*evidence) []spoiling {
	return []spoiling{
		{"record deleted", func(r *rand.Rand, e *evidence) (found, bool) {
			i := r.IntN(len(e.recs))
			e.recs = slices.Delete(e.recs, i, i+1)
			return badAt(i), true
		}, onlyChecksums},
		{"records deleted, the rest renumbered", func(r *rand.Rand, e *evidence) (found, bool) {
			i := r.IntN(len(e.recs))
			e.recs = slices.Delete(e.recs, i, min(len(e.recs), i+1+r.IntN(3)))
			e.renumber(i)
			return badAt(i), true
		}, onlyChecksums},
		{"two records exchanged", func(r *rand.Rand, e *evidence) (found, bool) {
			i, j := r.IntN(len(e.recs)), r.IntN(len(e.recs))
			if i == j {
				return found{}, false
			}
			i, j = min(i, j), max(i, j)
			e.recs[i], e.recs[j] = e.recs[j], e.recs[i]
			e.renumber(i)
			return badAt(i), true
		}, onlyChecksums},
		{"record doubled, the rest renumbered", func(r *rand.Rand, e *evidence) (found, bool) {
			i := r.IntN(len(e.recs))
			e.recs = slices.Insert(e.recs, i+1, e.recs[i])
			e.renumber(i)
			return badAt(i + 1), true
		}, onlyChecksums},
		{"record of another store put in", func(r *rand.Rand, e *evidence) (found, bool) {
			// Before the seal only the chain protects: such a record is noticed at the one behind it.
			i, other := e.sealedPlace(r), others[r.IntN(len(others))]
			if other.rules.Store == e.rules.Store || i >= len(other.recs) {
				return found{}, false
			}
			e.recs[i] = keep(uint64(i+1), other.recs[i].raw())
			return badAt(i), true
		}, onlyChecksums},
	}
}

func rollbacks() []spoiling {
	cut := func(r *rand.Rand, e *evidence) int {
		m := r.IntN(len(e.recs))
		e.recs = e.recs[:m]
		return m
	}
	return []spoiling{
		{"end cut off", func(r *rand.Rand, e *evidence) (found, bool) { return badAt(cut(r, e)), true }, onlyChecksums},
		{"end cut off, head moved back", func(r *rand.Rand, e *evidence) (found, bool) {
			m := cut(r, e)
			key := e.head.Key
			e.head = e.heads[m]
			e.head.Key = key
			return badAt(m), m >= int(e.rules.From)
		}, withoutMAC},
		{"older copy of everything put back", func(r *rand.Rand, e *evidence) (found, bool) {
			m := cut(r, e)
			e.head = e.heads[m]
			return badAt(m), true
		}, withoutCheckpoints},
		{"older copy put back and continued", goOn, withoutCheckpoints},
		{"checkpoint forged", forge, withoutCheckpoints},
	}
}

// goOn takes the history back to record m and continues it with the right keys, past the next checkpoint that is known outside. Which of the
// records between two checkpoints was the first to change nobody can tell, so the range is what must be exact.
func goOn(r *rand.Rand, e *evidence) (found, bool) {
	m := int(e.rules.From-1) + r.IntN(len(e.recs)-int(e.rules.From-1))
	e.head, e.recs = e.heads[m], e.recs[:m:m]
	for i := m; i < len(e.heads)-1+r.IntN(3); i++ {
		raw, _, next, err := e.head.Seal(someEntry(r, i))
		if err != nil {
			return found{}, false
		}
		e.recs, e.head = append(e.recs, keep(next.Seq, raw)), next
	}
	var want found
	for _, c := range e.marks {
		if c.Seq > uint64(m) {
			want.seq, want.checkpoint = c.Seq, c.N
			break
		}
		want.after = c.Seq
	}
	return want, want.seq > 0
}

// forge changes one thing about one checkpoint.
func forge(r *rand.Rand, e *evidence) (found, bool) {
	c := &e.marks[r.IntN(len(e.marks))]
	switch r.IntN(7) {
	case 0:
		c.N += 1 + r.Uint64N(9)
	case 1:
		c.Seq += 1 + r.Uint64N(9)
	case 2:
		h := []byte(c.Hash)
		h[r.IntN(len(h))] ^= 1
		c.Hash = string(h)
	case 3:
		c.Time = c.Time.Add(1)
	case 4:
		c.Store = "f" + c.Store[1:] + "0"
	case 5:
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], r.Uint64())
		sig := []byte(c.Sig)
		i := r.IntN(80)
		sig[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(int(sig[i])+1+int(b[0])%20)%26]
		if string(sig) == c.Sig {
			return found{}, false
		}
		c.Sig = string(sig)
	case 6:
		other, err := compose(r, 0, 1)
		if err != nil {
			return found{}, false
		}
		n, store := c.N, c.Store
		*c = other.marks[0]
		c.N, c.Store = n, store
		if *c, err = ledger.Sign(*c, other.sign); err != nil {
			return found{}, false
		}
	}
	return found{checkpoint: max(c.N, 1)}, true
}
