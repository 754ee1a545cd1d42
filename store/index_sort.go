package store

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"

	"cordon/store/soc"
)

// sortSpec is a prepared order: at most two columns; the zero value is the order by id alone.
type sortSpec [2]soc.SortKey

// specOf completes what a query asks for. Without any key the queue is sorted by severity and then time, both descending.
func specOf(keys []soc.SortKey) sortSpec {
	if len(keys) == 0 {
		return sortSpec{{Field: "severity", Desc: true}, {Field: "time", Desc: true}}
	}
	var s sortSpec
	for _, k := range keys {
		switch k.Field {
		case "severity", "time", "update", "title", "host", "status", "owner", "user", "technique", "evidence":
		default:
			continue
		}
		if s[0].Field == "" {
			s[0] = k
		} else if s[1].Field == "" && k.Field != s[0].Field {
			s[1] = k
			break
		}
	}
	return s
}

// sorter compares and sorts rows of one snapshot.
type sorter struct {
	sn   *snapshot
	keys []sortKey
	// place is, per row, its place in the order by id, if that is known.
	place []uint32
}

// sortKey reads one column as a number that sorts.
type sortKey struct {
	field string
	col   int
	rank  []uint32 // of the words of col
	desc  bool
}

func (x *index) sorter(sn *snapshot, spec sortSpec) *sorter {
	s := &sorter{sn: sn}
	for _, k := range spec {
		if k.Field == "" {
			continue
		}
		key := sortKey{field: k.Field, desc: k.Desc, col: -1}
		switch k.Field {
		case "title":
			key.col = colTitle
		case "host":
			key.col = colHost
		case "owner":
			key.col = colOwner
		case "user":
			key.col = colUser
		case "technique":
			key.col = colTechnique
		case "severity":
			key.col, key.rank = colSeverity, severityRanks(sn.words[colSeverity])
		case "status":
			key.col, key.rank = colStatus, statusRanks(sn.words[colStatus])
		}
		if key.col >= 0 && key.rank == nil {
			key.rank = x.orders.ranks[key.col].of(sn.words[key.col])
		}
		s.keys = append(s.keys, key)
	}
	return s
}

func severityRanks(v wordView) []uint32 {
	out := make([]uint32, v.len())
	for i := range out {
		out[i] = uint32(soc.Severity(v.get(uint32(i))).Rank())
	}
	return out
}

// statusRanks puts work first: new, in progress, unknown words, resolved.
func statusRanks(v wordView) []uint32 {
	out := make([]uint32, v.len())
	for i := range out {
		out[i] = statusRank(v.lower(uint32(i)))
	}
	return out
}

func statusRank(low string) uint32 {
	switch low {
	case "new":
		return 0
	case "inprogress":
		return 1
	case "resolved":
		return 3
	}
	return 2
}

func (k *sortKey) of(c *chunk, i int) uint64 {
	var v uint64
	switch {
	case k.col >= 0:
		v = uint64(k.rank[c.words[k.col][i]])
	case k.field == "time":
		v = uint64(c.created[i])
	case k.field == "update":
		v = uint64(c.updated[i])
	default:
		v = uint64(c.evidence[i])
	}
	if k.desc {
		return ^v
	}
	return v
}

func (s *sorter) compare(a, b uint32) int {
	ca, ia := s.sn.at(a)
	cb, ib := s.sn.at(b)
	for k := range s.keys {
		if d := cmp.Compare(s.keys[k].of(ca, ia), s.keys[k].of(cb, ib)); d != 0 {
			return d
		}
	}
	return s.compareID(a, b)
}

// compareID is the last word in every order: by id, then by tenant.
func (s *sorter) compareID(a, b uint32) int {
	if d := bytes.Compare(s.id(a), s.id(b)); d != 0 {
		return d
	}
	ca, ia := s.sn.at(a)
	cb, ib := s.sn.at(b)
	w := &s.sn.words[colTenant]
	return bytes.Compare(w.raw(ca.words[colTenant][ia]), w.raw(cb.words[colTenant][ib]))
}

func (s *sorter) id(row uint32) []byte {
	return s.sn.views[row>>chunkBits].id(int(row & chunkMask))
}

// sort orders rows in place.
func (s *sorter) sort(rows []uint32) {
	switch {
	case len(s.keys) == 0:
		sortText(rows, s.id, s.compareID)
		return
	case len(rows) < 256:
		slices.SortFunc(rows, s.compare)
		return
	}
	sc := scratchPool.Get().(*scratch)
	defer scratchPool.Put(sc)
	items := sc.items(rows)
	minor := s.load(items, len(s.keys)-1)
	if len(s.keys) == 1 {
		items = sc.radix(items, minor)
	} else if major := s.peek(rows, 0); major.bits+minor.bits <= 64 {
		s.combine(items, 0, major, minor)
		items = sc.radix(items, span{bits: major.bits + minor.bits})
	} else {
		items = sc.radix(items, minor)
		items = sc.radix(items, s.load(items, 0))
		s.place = nil // equal keys are now equal in the first column only
	}
	for i := range items {
		rows[i] = items[i].row
	}
	s.settle(items, rows)
}

// settle puts runs of equal keys into the order of their ids.
func (s *sorter) settle(items []item, rows []uint32) {
	for start := 0; start < len(items); {
		end := start + 1
		for end < len(items) && items[end].key == items[start].key {
			end++
		}
		if end-start > 1 {
			s.settleRun(items[start:end], rows[start:end])
		}
		start = end
	}
}

func (s *sorter) settleRun(items []item, rows []uint32) {
	if s.place == nil || len(rows) < 8 {
		slices.SortFunc(rows, s.compare)
		return
	}
	for i := range items {
		items[i].key = uint64(s.place[items[i].row])
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.key, b.key) })
	for i := range items {
		rows[i] = items[i].row
	}
}

// span is the range of a column: keys are stored less low and fit into bits.
type span struct {
	low  uint64
	bits int
}

// load fills in the keys of one column, less the smallest.
func (s *sorter) load(items []item, k int) span {
	key := &s.keys[k]
	lo, hi := ^uint64(0), uint64(0)
	for i := range items {
		c, j := s.sn.at(items[i].row)
		v := key.of(c, j)
		items[i].key = v
		lo, hi = min(lo, v), max(hi, v)
	}
	for i := range items {
		items[i].key -= lo
	}
	return span{low: lo, bits: bits.Len64(hi - lo)}
}

func (s *sorter) peek(rows []uint32, k int) span {
	lo, hi := ^uint64(0), uint64(0)
	for _, row := range rows {
		c, j := s.sn.at(row)
		v := s.keys[k].of(c, j)
		lo, hi = min(lo, v), max(hi, v)
	}
	return span{low: lo, bits: bits.Len64(hi - lo)}
}

// combine puts a second column in front of the keys.
func (s *sorter) combine(items []item, k int, major, minor span) {
	for i := range items {
		c, j := s.sn.at(items[i].row)
		items[i].key |= (s.keys[k].of(c, j) - major.low) << minor.bits
	}
}
