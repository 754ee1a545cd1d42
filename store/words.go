package store

import (
	"bytes"
	"hash/maphash"
	"strings"
	"unsafe"
)

// words keeps the distinct values of one column of the index, so that a row costs four bytes per column and a search looks at each value
// once. Number 0 is always the empty value. Only the writer of the index changes it; readers use a wordView.
type words struct {
	tab  refTable
	blob []byte
	off  []uint32 // value i is blob[off[i]:off[i+1]]
	low  []byte   // the same in lower case, each value followed by a line feed
	lows []uint32
	// search is false for columns that are only compared as they are.
	search bool
}

func newWords(search bool) *words {
	w := &words{off: []uint32{0, 0}, search: search, tab: refTable{seed: maphash.MakeSeed()}}
	if search {
		w.low, w.lows = []byte{'\n'}, []uint32{0, 1}
	}
	return w
}

func (w *words) view() wordView { return wordView{blob: w.blob, off: w.off, low: w.low, lows: w.lows} }

func (w *words) at(i uint32) []byte { return w.blob[w.off[i]:w.off[i+1]] }

// find returns the number of a value.
func (w *words) find(v string) (uint32, bool) {
	if len(v) == 0 {
		return 0, true
	}
	return w.tab.find(maphash.String(w.tab.seed, v), func(i uint32) bool { return text(w.at(i)) == v })
}

// add returns the number of a value, new or old. It keeps a copy.
func (w *words) add(v string) uint32 {
	if v == "" {
		return 0
	}
	h := maphash.String(w.tab.seed, v)
	if i, ok := w.tab.find(h, func(i uint32) bool { return text(w.at(i)) == v }); ok {
		return i
	}
	i := uint32(len(w.off) - 1)
	w.blob = append(w.blob, v...)
	w.off = append(w.off, uint32(len(w.blob)))
	if w.search {
		w.low = append(w.low, strings.ToLower(v)...)
		w.low = append(w.low, '\n')
		w.lows = append(w.lows, uint32(len(w.low)))
	}
	w.tab.put(h, i)
	return i
}

func (w *words) bytes() int64 {
	return int64(cap(w.blob) + cap(w.low) + 4*(cap(w.off)+cap(w.lows)) + 8*len(w.tab.slots))
}

// text lends bytes that never change as a string.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// wordView is the part of a words that a snapshot may read; later additions are behind its ends.
type wordView struct {
	blob, low []byte
	off, lows []uint32
}

func (v wordView) len() int { return len(v.off) - 1 }

func (v wordView) raw(i uint32) []byte { return v.blob[v.off[i]:v.off[i+1]] }

// get copies a value out.
func (v wordView) get(i uint32) string { return string(v.raw(i)) }

// lower lends the lower-case form.
func (v wordView) lower(i uint32) string { return text(v.low[v.lows[i] : v.lows[i+1]-1]) }

// containing marks in hits every value that contains the needle and reports whether there is one.
func (v wordView) containing(needle []byte, hits []uint8) bool {
	return eachHit(v.low[:v.lows[v.len()]], v.lows[1:], needle, func(i int) { hits[i] = 1 })
}

// eachHit calls hit for every value of a blob that contains the needle. Value i ends at ends[i], including the line feed behind it.
func eachHit(blob []byte, ends []uint32, needle []byte, hit func(int)) (found bool) {
	if len(needle) == 0 {
		for i := range ends {
			hit(i)
		}
		return len(ends) > 0
	}
	for i, pos := 0, 0; i < len(ends); {
		at := bytes.Index(blob[pos:], needle)
		if at < 0 {
			return found
		}
		at += pos
		i = valueAt(ends, i, uint32(at))
		if i == len(ends) {
			return found
		}
		if at+len(needle) < int(ends[i]) {
			found = true
			hit(i)
			pos = int(ends[i])
			i++
		} else {
			pos = at + 1
		}
	}
	return found
}

// valueAt finds the value that holds the byte at pos, from value i on: steps that double, then halve.
func valueAt(ends []uint32, i int, pos uint32) int {
	step := 1
	for i+step < len(ends) && ends[i+step-1] <= pos {
		i += step
		step *= 2
	}
	lo, hi := i, min(i+step, len(ends))
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if ends[mid] <= pos {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// refTable is an open-addressing hash table of numbers whose keys live elsewhere: some twelve bytes a key where a map needs sixty. A slot
// holds 32 bits of the hash above number+1; 0 is free.
type refTable struct {
	seed  maphash.Seed
	slots []uint64
	used  int
}

func (t *refTable) find(h uint64, same func(uint32) bool) (uint32, bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	mask := uint64(len(t.slots) - 1)
	for i := h >> 32 & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 {
			return 0, false
		}
		if ref := uint32(slot) - 1; slot>>32 == h>>32 && same(ref) {
			return ref, true
		}
	}
}

// put adds a number that is not in the table.
func (t *refTable) put(h uint64, ref uint32) {
	if t.used*3 >= len(t.slots)*2 {
		old := t.slots
		t.slots = make([]uint64, max(64, len(old)*2))
		for _, slot := range old {
			if slot != 0 {
				t.insert(slot)
			}
		}
	}
	t.insert(h>>32<<32 | uint64(ref+1))
	t.used++
}

// replace points the key of an old number at a new one.
func (t *refTable) replace(h uint64, old, ref uint32) {
	mask := uint64(len(t.slots) - 1)
	for i := h >> 32 & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if uint32(t.slots[i]) == old+1 {
			t.slots[i] = h>>32<<32 | uint64(ref+1)
			return
		}
	}
}

func (t *refTable) insert(slot uint64) {
	mask := uint64(len(t.slots) - 1)
	i := slot >> 32 & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}
