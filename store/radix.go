package store

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
)

// item is a row with the number it is sorted by.
type item struct {
	key uint64
	row uint32
}

// scratch is the memory of one sort, kept between sorts.
type scratch struct{ a, b []item }

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

func (sc *scratch) items(rows []uint32) []item {
	if cap(sc.a) < len(rows) {
		sc.a, sc.b = make([]item, len(rows)), make([]item, len(rows))
	}
	out := sc.a[:len(rows)]
	for i, row := range rows {
		out[i].row = row
	}
	return out
}

// radix sorts by the low bits of the keys, least digit first, and keeps the order of equal ones. It returns the sorted items, which are in
// the other half of the scratch.
func (sc *scratch) radix(items []item, keys span) []item {
	const digit = 11
	from := items
	to := sc.b[:len(items)]
	if len(items) > 0 && len(sc.b) > 0 && &items[0] == &sc.b[0] {
		to = sc.a[:len(items)]
	}
	for shift := 0; shift < keys.bits; shift += digit {
		var count [1<<digit + 1]uint32
		for i := range from {
			count[from[i].key>>shift&(1<<digit-1)+1]++
		}
		for d := range 1 << digit {
			count[d+1] += count[d]
		}
		for i := range from {
			d := from[i].key >> shift & (1<<digit - 1)
			to[count[d]] = from[i]
			count[d]++
		}
		from, to = to, from
	}
	return from
}

// prefixed is a row with the first bytes of its text behind what all texts have in common.
type prefixed struct {
	hi, lo uint64
	row    uint32
}

// sortText orders rows by a text; full decides where the first bytes do not.
func sortText(rows []uint32, get func(uint32) []byte, full func(a, b uint32) int) {
	if len(rows) < 2 {
		return
	}
	common := get(rows[0])
	for _, r := range rows[1:] {
		common = common[:commonPrefix(common, get(r))]
	}
	items := make([]prefixed, len(rows))
	for i, r := range rows {
		var buf [16]byte
		copy(buf[:], get(r)[len(common):])
		items[i] = prefixed{binary.BigEndian.Uint64(buf[:8]), binary.BigEndian.Uint64(buf[8:]), r}
	}
	slices.SortFunc(items, func(a, b prefixed) int {
		if d := cmp.Compare(a.hi, b.hi); d != 0 {
			return d
		}
		if d := cmp.Compare(a.lo, b.lo); d != 0 {
			return d
		}
		return full(a.row, b.row)
	})
	for i := range items {
		rows[i] = items[i].row
	}
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
