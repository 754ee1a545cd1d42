package store

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"cordon/store/soc"
)

// resultKey names an answer completely: the same key always means the same rows in the same order.
type resultKey struct {
	filter, me string
	machine    soc.HostKey
	spec       sortSpec
	rev        uint32
	rows       int
	second     int64 // of Query.Now, for filters with an age
}

// result is a kept answer; a page of it is a slice.
type result struct {
	rows   []uint32
	total  int
	ms     matches
	m      matcher
	facets *soc.Facets
}

// resultCache keeps the last answers, most recently used first.
type resultCache struct {
	mu   sync.Mutex
	list []keptResult
}

type keptResult struct {
	key resultKey
	res *result
}

const (
	resultsKept    = 48
	resultRowsKept = 6 << 20 // rows in all kept answers together, four bytes each
)

func (c *resultCache) get(key resultKey) *result {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range c.list {
		if k.key == key {
			copy(c.list[1:], c.list[:i])
			c.list[0] = k
			return k.res
		}
	}
	return nil
}

func (c *resultCache) put(key resultKey, res *result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = slices.Insert(c.list, 0, keptResult{key, res})
	sum := 0
	for i, k := range c.list {
		if sum += len(k.res.rows); i > 0 && (i >= resultsKept || sum > resultRowsKept) {
			clear(c.list[i:])
			c.list = c.list[:i]
			return
		}
	}
}

// query answers a windowed read from memory.
func (x *index) query(q soc.Query, f soc.Filter) soc.AlertPage {
	sn := x.snap.Load()
	rev, end := sn.pin(q.Pin)
	key := resultKey{
		filter: f.String(), me: strings.ToLower(q.Me), machine: q.Machine, spec: specOf(q.Sort), rev: rev, rows: end,
	}
	if f.TimeBound() {
		key.second = q.Now.Unix()
	}
	res := x.results.get(key)
	if res == nil || q.Facets && res.facets == nil {
		res = x.answer(sn, key, f, q.Facets)
		x.results.put(key, res)
	}
	page := soc.AlertPage{
		Matched: len(res.rows), Total: res.total, Revision: uint64(rev), Building: sn.building,
		From: min(max(q.From, 0), len(res.rows)),
	}
	if rev != sn.rev {
		page.Newer = x.newer(sn, res, q.Machine, rev, end)
	}
	if q.Facets {
		page.Facets = cloneFacets(res.facets)
	}
	rows := res.rows[page.From:]
	if q.Count >= 0 && q.Count < len(rows) {
		rows = rows[:q.Count]
	}
	page.Rows = make([]soc.AlertRow, len(rows))
	for i, row := range rows {
		page.Rows[i] = sn.row(row)
	}
	return page
}

// pin finds what a reader who pinned a revision may see: the revision and the end of its rows. A revision that is gone, or not ours, is
// answered with the newest.
func (sn *snapshot) pin(pin uint64) (rev uint32, end int) {
	if pin == 0 || pin >= uint64(sn.rev) || pin < uint64(max(sn.minPin, loadRev)) {
		return sn.rev, sn.rows
	}
	rev = uint32(pin)
	k := sort.Search(len(sn.views), func(k int) bool { return sn.views[k].born > rev })
	if k == 0 {
		return rev, 0
	}
	v := &sn.views[k-1]
	n := v.n
	if v.c != nil {
		n = sort.Search(v.n, func(i int) bool { return v.c.born[i] > rev })
	}
	return rev, (k-1)<<chunkBits + n
}

// answer computes a result: one scan for the matches, then a walk through a kept order, or a sort if the matches are few.
func (x *index) answer(sn *snapshot, key resultKey, f soc.Filter, facets bool) *result {
	res := &result{m: sn.compile(f)}
	if !key.machine.IsZero() {
		x.only(&res.m, key.machine)
	}
	res.ms = sn.scan(&res.m, key.rows, key.rev, facets)
	res.total = res.ms.total
	current := key.rev == sn.rev && key.rows == sn.rows
	switch {
	case current && res.ms.matched == res.ms.total:
		res.rows = x.ordered(sn, key.spec)
	case current && res.ms.matched > sn.rows/16:
		res.rows = make([]uint32, 0, res.ms.matched)
		for _, row := range x.ordered(sn, key.spec) {
			if res.ms.has(row) {
				res.rows = append(res.rows, row)
			}
		}
	default:
		res.rows = res.ms.rows()
		x.sorter(sn, key.spec).sort(res.rows)
	}
	if facets {
		res.facets = sn.facets(res.ms.facets)
	}
	if current { // masks are for pinned readers; most answers never are
		res.ms = matches{}
	}
	return res
}

// only narrows a matcher to one machine.
func (x *index) only(m *matcher, host soc.HostKey) {
	machine, ok1 := x.word(colMachine, host.MachineID)
	tenant, ok2 := x.word(colTenant, string(host.Integration))
	m.host, m.none, m.machine, m.tenant = true, !ok1 || !ok2, machine, tenant
}

// newer counts the alerts that match now and were not among the rows of a pinned result.
func (x *index) newer(sn *snapshot, res *result, host soc.HostKey, rev uint32, end int) (n int) {
	was := res.m.renew(sn)
	m := was
	if !host.IsZero() {
		x.only(&m, host) // the machine may not have been known when the result was made
	}
	for k := end >> chunkBits; k < len(sn.views); k++ {
		v := &sn.views[k]
		if v.c == nil {
			continue
		}
		var hits mask
		v.alive(v.n, sn.rev, &hits)
		for g := range groupRest + 1 {
			m.narrow(g, v, v.n, &hits)
		}
		for i := max(0, end-k<<chunkBits); i < v.n; i++ {
			if hits[i>>6]&(1<<(i&63)) != 0 && !shown(sn, res, &was, uint32(k<<chunkBits+i), rev, end) {
				n++
			}
		}
	}
	return n
}

// renew prepares the same filter against the words of a later snapshot.
func (m *matcher) renew(sn *snapshot) matcher {
	var f soc.Filter
	for _, t := range m.terms {
		f.Terms = append(f.Terms, t.term)
	}
	out := sn.compile(f)
	out.host, out.none, out.machine, out.tenant = m.host, m.none, m.machine, m.tenant
	return out
}

// shown reports whether the version of the row that was visible at rev is part of the result; was is its matcher, prepared against sn.
func shown(sn *snapshot, res *result, was *matcher, row, rev uint32, end int) bool {
	for {
		c, i := sn.at(row)
		if c == nil {
			return false
		}
		if int(row) < end {
			return visible(&c.died[i], rev) && res.has(sn, was, row)
		}
		if c.prev[i] == 0 {
			return false
		}
		row = c.prev[i] - 1
	}
}

// has reports whether a row of the pinned revision matched; m is the result's matcher, prepared against sn.
func (r *result) has(sn *snapshot, m *matcher, row uint32) bool {
	if r.ms.masks != nil {
		return r.ms.has(row)
	}
	k, i := row>>chunkBits, row&chunkMask
	var hits mask
	hits[i>>6] = 1 << (i & 63)
	for g := range groupRest + 1 {
		m.narrow(g, &sn.views[k], int(i)+1, &hits)
	}
	return hits.count() > 0
}

// row copies a row out.
func (sn *snapshot) row(row uint32) soc.AlertRow {
	v, i := &sn.views[row>>chunkBits], int(row&chunkMask)
	word := func(col int) string { return sn.words[col].get(v.c.words[col][i]) }
	return soc.AlertRow{
		Key:      soc.AlertKey{Integration: soc.IntegrationID(word(colTenant)), ID: string(v.id(i))},
		Severity: soc.Severity(word(colSeverity)), Status: soc.AlertStatus(word(colStatus)),
		Title: word(colTitle), HostName: word(colHost), MachineID: word(colMachine), Owner: word(colOwner), User: word(colUser),
		Technique: word(colTechnique), Category: word(colCategory), Evidence: int(v.c.evidence[i]),
		Created: fromTicks(v.c.created[i]), LastUpdate: fromTicks(v.c.updated[i]),
		Reopened: v.c.flags[i]&flagReopened != 0, Late: v.c.flags[i]&flagLate != 0,
	}
}

func (sn *snapshot) facets(counts *[groupRest][]int) *soc.Facets {
	f := &soc.Facets{
		Severity: map[soc.Severity]int{}, Status: map[soc.AlertStatus]int{}, Owner: map[string]int{}, Category: map[string]int{},
	}
	each := func(g int, add func(string, int)) {
		for i, n := range counts[g] {
			if n > 0 {
				add(sn.words[facetCols[g]].get(uint32(i)), n)
			}
		}
	}
	each(0, func(s string, n int) { f.Severity[soc.Severity(s)] = n })
	each(1, func(s string, n int) { f.Status[soc.AlertStatus(s)] = n })
	each(2, func(s string, n int) { f.Owner[s] = n })
	each(3, func(s string, n int) { f.Category[s] = n })
	return f
}

func cloneFacets(f *soc.Facets) soc.Facets {
	return soc.Facets{
		Severity: cloneMap(f.Severity), Status: cloneMap(f.Status), Owner: cloneMap(f.Owner), Category: cloneMap(f.Category),
	}
}

func cloneMap[K comparable](m map[K]int) map[K]int {
	out := make(map[K]int, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// queryTime is the time that ages count from.
func (s *Store) queryTime(q soc.Query) time.Time {
	if q.Now.IsZero() {
		return s.now()
	}
	return q.Now
}
