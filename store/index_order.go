package store

import (
	"slices"
	"sort"
	"sync"
)

// orderCache keeps whole orders of the live rows. A filter walks an order instead of sorting its matches, and new rows are merged into it.
type orderCache struct {
	mu    sync.Mutex
	list  []*order // most recently used first
	ranks [numCols]rankCache
}

// ordersKept bounds the memory: four bytes per row and order.
const ordersKept = 5

// order is one kept order, locked by itself, so that building one does not delay readers of another.
type order struct {
	spec sortSpec
	mu   sync.Mutex
	rev  uint32
	rows int
	perm []uint32
}

func (c *orderCache) get(spec sortSpec) *order {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.list, func(o *order) bool { return o.spec == spec })
	o := &order{spec: spec}
	if i >= 0 {
		o = c.list[i]
		c.list = slices.Delete(c.list, i, i+1)
	} else if len(c.list) >= ordersKept {
		c.list = c.list[:ordersKept-1]
	}
	c.list = slices.Insert(c.list, 0, o)
	return o
}

// ordered returns all live rows of a snapshot in order. The slice is shared and must not be changed.
func (x *index) ordered(sn *snapshot, spec sortSpec) []uint32 {
	o := x.orders.get(spec)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.rev == sn.rev && o.rows == sn.rows {
		return o.perm
	}
	if o.rev > sn.rev || o.rows > sn.rows { // the caller's snapshot is older than what others have seen
		return x.build(sn, spec)
	}
	added := sn.rows - o.rows
	if o.perm == nil || added > 4096+len(o.perm)/4 && added > 20000 {
		o.perm = x.build(sn, spec)
	} else {
		o.perm = x.merge(sn, o)
	}
	o.rev, o.rows = sn.rev, sn.rows
	return o.perm
}

// build sorts from scratch; the order by id settles the ties.
func (x *index) build(sn *snapshot, spec sortSpec) []uint32 {
	if spec == (sortSpec{}) {
		rows := liveRows(sn, 0)
		x.sorter(sn, spec).sort(rows)
		return rows
	}
	s := x.sorter(sn, spec)
	s.place = make([]uint32, sn.rows)
	for i, row := range x.ordered(sn, sortSpec{}) {
		s.place[row] = uint32(i)
	}
	rows := liveRows(sn, 0)
	s.sort(rows)
	return rows
}

// liveRows lists the live rows from a row number on.
func liveRows(sn *snapshot, from int) []uint32 {
	out := make([]uint32, 0, sn.rows-from)
	for row := from; row < sn.rows; row++ {
		if c, i := sn.at(uint32(row)); c != nil && visible(&c.died[i], sn.rev) {
			out = append(out, uint32(row))
		}
	}
	return out
}

// merge brings an order up to the snapshot: new rows are put in their places, dead ones left out.
func (x *index) merge(sn *snapshot, o *order) []uint32 {
	s := x.sorter(sn, o.spec)
	fresh := liveRows(sn, o.rows)
	s.sort(fresh)
	old := make([]uint32, 0, len(o.perm)+len(fresh))
	for _, row := range o.perm {
		if c, i := sn.at(row); c != nil && visible(&c.died[i], sn.rev) {
			old = append(old, row)
		}
	}
	if len(fresh) == 0 {
		return old
	}
	out := make([]uint32, 0, len(old)+len(fresh))
	for _, row := range fresh {
		n := sort.Search(len(old), func(i int) bool { return s.compare(old[i], row) > 0 })
		out = append(append(out, old[:n]...), row)
		old = old[n:]
	}
	return append(out, old...)
}

// warm brings the order by id up to date, which every other order starts from.
func (x *index) warm() { x.ordered(x.snap.Load(), sortSpec{}) }

// rankCache keeps the alphabetical places of the words of one column.
type rankCache struct {
	mu   sync.Mutex
	perm []uint32 // word numbers, sorted
	rank []uint32 // per word
}

// of returns the places of at least the words of v. Equal words in different case share a place.
func (r *rankCache) of(v wordView) []uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v.len() <= len(r.rank) {
		return r.rank
	}
	get := func(i uint32) []byte { return v.low[v.lows[i] : v.lows[i+1]-1] }
	byText := func(a, b uint32) int { return compareText(v, a, b) }
	fresh := make([]uint32, 0, v.len()-len(r.rank))
	for i := len(r.rank); i < v.len(); i++ {
		fresh = append(fresh, uint32(i))
	}
	sortText(fresh, get, byText)
	r.perm = mergeSorted(r.perm, fresh, byText)
	r.rank = make([]uint32, v.len())
	place := uint32(0)
	for i, w := range r.perm {
		if i > 0 && compareText(v, r.perm[i-1], w) != 0 {
			place++
		}
		r.rank[w] = place
	}
	return r.rank
}

func compareText(v wordView, a, b uint32) int {
	x, y := v.lower(a), v.lower(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func mergeSorted(a, b []uint32, compare func(a, b uint32) int) []uint32 {
	out := make([]uint32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compare(a[0], b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}
