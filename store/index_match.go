package store

import (
	"math/bits"
	"sync/atomic"

	"cordon/store/soc"
)

const maskWords = chunkRows / 64

// mask holds one bit per row of a chunk.
type mask [maskWords]uint64

// facetCols are the columns that facets are counted for. A filter term on such a column belongs to the facet's group: it narrows everything
// but the facet's own counts, so that the numbers say what choosing another value would give.
var facetCols = [...]int{colSeverity, colStatus, colOwner, colCategory}

// group of a term that belongs to no facet.
const groupRest = len(facetCols)

// matcher is a filter prepared against the words of one snapshot.
type matcher struct {
	terms   []matchTerm
	machine uint32
	tenant  uint32
	host    bool // only this machine
	none    bool // the machine is not known at all
	groups  [groupRest + 1]bool
}

// matchTerm is one term; luts has, for each column that it looks at, one byte per word: does the word match?
type matchTerm struct {
	term  soc.Term
	group int
	cols  []int
	luts  [][]uint8
	ids   []string // needles searched in the ids
}

// textCols are the columns that a plain word is searched in, beside the id.
var textCols = [...]struct {
	col   int
	field soc.Field
}{
	{colTitle, soc.FieldTitle},
	{colHost, soc.FieldHost},
	{colUser, soc.FieldUser},
	{colOwner, soc.FieldOwner},
	{colCategory, soc.FieldCategory},
	{colTechnique, soc.FieldTechnique},
}

func colOf(f soc.Field) (col, group int) {
	switch f {
	case soc.FieldTitle:
		return colTitle, groupRest
	case soc.FieldHost:
		return colHost, groupRest
	case soc.FieldUser:
		return colUser, groupRest
	case soc.FieldTechnique:
		return colTechnique, groupRest
	case soc.FieldTenant:
		return colTenant, groupRest
	case soc.FieldSeverity:
		return colSeverity, 0
	case soc.FieldStatus:
		return colStatus, 1
	case soc.FieldOwner:
		return colOwner, 2
	case soc.FieldCategory:
		return colCategory, 3
	}
	return -1, groupRest
}

// compile asks every term about every distinct word once.
func (sn *snapshot) compile(f soc.Filter) matcher {
	var m matcher
	for _, t := range f.Terms {
		col, group := colOf(t.Field)
		mt := matchTerm{term: t, group: group}
		switch {
		case t.Field == soc.FieldText:
			mt.compileText(sn)
		case col >= 0:
			w := sn.words[col]
			lut := make([]uint8, w.len())
			for i := range lut {
				if t.MatchValue(t.Field, w.lower(uint32(i))) {
					lut[i] = 1
				}
			}
			mt.cols, mt.luts = []int{col}, [][]uint8{lut}
		}
		m.terms = append(m.terms, mt)
		m.groups[group] = true
	}
	return m
}

func (mt *matchTerm) compileText(sn *snapshot) {
	for _, tc := range textCols {
		w := sn.words[tc.col]
		lut, found := make([]uint8, w.len()), false
		for _, p := range mt.term.Values {
			found = w.containing([]byte(p.Text), lut) || found
		}
		if found {
			mt.cols, mt.luts = append(mt.cols, tc.col), append(mt.luts, lut)
		}
	}
	for _, p := range mt.term.Values {
		mt.ids = append(mt.ids, p.Text)
	}
}

// alive fills out with the rows of a view that a reader at revision rev sees and returns their number.
func (v *view) alive(n int, rev uint32, out *mask) (count int) {
	*out = mask{}
	if v.c == nil {
		return 0
	}
	for i := range n {
		if visible(&v.c.died[i], rev) {
			out[i>>6] |= 1 << (i & 63)
			count++
		}
	}
	return count
}

// rows marks the rows below n for which the term, minus included, holds.
func (mt *matchTerm) rows(v *view, n int, out *mask) {
	*out = mask{}
	switch {
	case mt.term.Field == soc.FieldText:
		mt.textRows(v, n, out)
	case mt.cols != nil:
		orLUT(v.c.words[mt.cols[0]][:n], mt.luts[0], out)
	default:
		mt.plainRows(v, n, out)
	}
	if mt.term.Not {
		for w := range out {
			out[w] = ^out[w]
		}
	}
}

func (mt *matchTerm) textRows(v *view, n int, out *mask) {
	for k, col := range mt.cols {
		orLUT(v.c.words[col][:n], mt.luts[k], out)
	}
	for _, needle := range mt.ids {
		eachHit(v.lowIDs(), v.c.idEnd[:n], []byte(needle), func(i int) { out[i>>6] |= 1 << (i & 63) })
	}
}

// orLUT adds the rows whose word is marked.
func orLUT(words []uint32, lut []uint8, out *mask) {
	for w := 0; w < len(words); w += 64 {
		var b uint64
		for i, word := range words[w:min(w+64, len(words))] {
			b |= uint64(lut[word]) << (i & 63)
		}
		out[w>>6] |= b
	}
}

// plainRows judges the fields that are not words: id, age and flags.
func (mt *matchTerm) plainRows(v *view, n int, out *mask) {
	hit := func(i int) { out[i>>6] |= 1 << (i & 63) }
	flag := uint8(flagReopened)
	switch mt.term.Field {
	case soc.FieldLate:
		flag = flagLate
		fallthrough
	case soc.FieldReopened:
		for i := range n {
			if mt.term.MatchFlag(v.c.flags[i]&flag != 0) {
				hit(i)
			}
		}
	case soc.FieldAge:
		for i := range n {
			if mt.term.MatchCreated(fromTicks(v.c.created[i])) {
				hit(i)
			}
		}
	case soc.FieldID:
		for i := range n {
			if mt.term.MatchValue(soc.FieldID, text(v.id(i))) {
				hit(i)
			}
		}
	}
}

// narrow narrows out to the machine and to the terms of one group.
func (m *matcher) narrow(group int, v *view, n int, out *mask) {
	var hits mask
	for k := range m.terms {
		if m.terms[k].group == group {
			m.terms[k].rows(v, n, &hits)
			out.and(&hits)
		}
	}
	if group != groupRest || !m.host {
		return
	}
	machines, tenants := v.c.words[colMachine][:n], v.c.words[colTenant][:n]
	for w := range out {
		for b := out[w]; b != 0; b &= b - 1 {
			i := w<<6 | bits.TrailingZeros64(b)
			if m.none || machines[i] != m.machine || tenants[i] != m.tenant {
				out[w] &^= 1 << (i & 63)
			}
		}
	}
}

func (a *mask) and(b *mask) {
	for w := range a {
		a[w] &= b[w]
	}
}

func (a *mask) count() (n int) {
	for _, w := range a {
		n += bits.OnesCount64(w)
	}
	return n
}

// matches is the answer of a scan: one mask per view, and the counts.
type matches struct {
	masks   []mask
	matched int
	total   int
	facets  *[groupRest][]int // per facet and word
}

// scan runs the matcher over the rows below end, as revision rev sees them.
func (sn *snapshot) scan(m *matcher, end int, rev uint32, facets bool) matches {
	out := matches{masks: make([]mask, (end+chunkRows-1)>>chunkBits)}
	if facets {
		out.facets = new([groupRest][]int)
		for g, col := range facetCols {
			out.facets[g] = make([]int, sn.words[col].len())
		}
	}
	for k := range out.masks {
		v := &sn.views[k]
		n := min(v.n, end-k<<chunkBits)
		all := &out.masks[k]
		out.total += v.alive(n, rev, all)
		if v.c == nil {
			continue
		}
		m.narrow(groupRest, v, n, all)
		m.groupMasks(v, n, all, out.facets)
		out.matched += all.count()
	}
	return out
}

// groupMasks narrows base by all facet groups, counting for each facet what all other groups let through.
func (m *matcher) groupMasks(v *view, n int, base *mask, facets *[groupRest][]int) {
	var own [groupRest]mask
	for g := range groupRest {
		if m.groups[g] {
			own[g] = *base
			m.narrow(g, v, n, &own[g])
		}
	}
	if facets != nil {
		for g, col := range facetCols {
			others := *base
			for o := range groupRest {
				if o != g && m.groups[o] {
					others.and(&own[o])
				}
			}
			countWords(v.c.words[col][:n], &others, facets[g])
		}
	}
	for g := range groupRest {
		if m.groups[g] {
			base.and(&own[g])
		}
	}
}

func countWords(words []uint32, m *mask, counts []int) {
	for w, b := range m {
		for ; b != 0; b &= b - 1 {
			counts[words[w<<6|bits.TrailingZeros64(b)]]++
		}
	}
}

// rows lists the row numbers of the matches, in row order.
func (ms *matches) rows() []uint32 {
	out := make([]uint32, 0, ms.matched)
	for k := range ms.masks {
		for w, b := range ms.masks[k] {
			for ; b != 0; b &= b - 1 {
				out = append(out, uint32(k<<chunkBits|w<<6|bits.TrailingZeros64(b)))
			}
		}
	}
	return out
}

func (ms *matches) has(row uint32) bool {
	k := row >> chunkBits
	return int(k) < len(ms.masks) && ms.masks[k][row&chunkMask>>6]&(1<<(row&63)) != 0
}

// visible reports whether a reader at revision rev sees the row.
func visible(died *atomic.Uint32, rev uint32) bool {
	d := died.Load()
	return d == 0 || d > rev
}
