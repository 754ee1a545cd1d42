package store

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"cordon/store/soc"
)

// The queue index keeps what the lists show of every alert in memory, in columns of chunks. It is append-only: a changed alert is a new row,
// and the old one is marked with the revision at which it died. A reader takes a snapshot (an immutable list of chunks and a revision) and
// needs no lock, so a scan of a million rows never blocks a writer, nor a writer a reader; and a pinned revision is simply the rows that
// were alive then. Chunks whose rows are mostly dead are emptied by moving their live rows to the end, and dropped a while later.

// Columns that hold one word per row.
const (
	colTitle = iota
	colHost
	colUser
	colOwner
	colCategory
	colTechnique
	colSeverity
	colStatus
	colMachine
	colTenant
	numCols
)

const (
	chunkBits = 14
	chunkRows = 1 << chunkBits
	chunkMask = chunkRows - 1

	// loadRev is the revision of everything that was in the store when it was opened.
	loadRev = 1
	// pinsKept is for how many revisions a dropped chunk stays readable for pinned readers.
	pinsKept = 256

	flagReopened = 1
	flagLate     = 2
)

// chunk is a block of rows. Rows below the snapshot's end never change, except for died.
type chunk struct {
	words            [numCols][chunkRows]uint32
	created, updated [chunkRows]int64 // ticks
	seq, hash        [chunkRows]uint64
	born, prev       [chunkRows]uint32 // prev: row+1 of the version before, 0 = none
	idEnd            [chunkRows]uint32 // end of the id in the view's ids, behind its line feed
	died             [chunkRows]atomic.Uint32
	evidence         [chunkRows]uint16
	flags            [chunkRows]uint8
}

// view is a chunk as one snapshot sees it.
type view struct {
	c        *chunk // nil once dropped
	n        int
	ids, low []byte // low is ids itself unless an id has upper-case letters
	born     uint32 // of the first row
}

func (v *view) id(i int) []byte { return idAt(v.c, v.ids, i) }

func idAt(c *chunk, ids []byte, i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = c.idEnd[i-1]
	}
	return ids[start : c.idEnd[i]-1]
}

// snapshot is a consistent state of the index.
type snapshot struct {
	views    []view
	rows     int // row numbers are below this
	live     int
	rev      uint32
	minPin   uint32 // older pins can not be served any more
	building bool
	words    [numCols]wordView
}

func (sn *snapshot) at(row uint32) (*chunk, int) {
	return sn.views[row>>chunkBits].c, int(row & chunkMask)
}

// entry is one row on its way into the index.
type entry struct {
	rec alertRec
	seq uint64
}

// index is the writer's side. apply, forget and the loader are called by one goroutine at a time (under Store.mu, or before ready).
type index struct {
	snap  atomic.Pointer[snapshot]
	ready chan struct{} // closed when loading ended
	err   error         // why the index is not complete; read after ready

	mu     sync.RWMutex // guards what follows against lookups
	words  [numCols]*words
	ids    refTable
	views  []view
	rows   int
	live   int
	rev    uint32
	minPin uint32
	dead   []int // dead rows per chunk
	last   []uint32

	orders  orderCache
	results resultCache
}

func newIndex() *index {
	x := &index{ready: make(chan struct{}), rev: loadRev, ids: refTable{seed: maphash.MakeSeed()}}
	for col := range x.words {
		x.words[col] = newWords(col != colMachine)
	}
	x.publish(true)
	return x
}

// wait returns when the index is complete: only then is it known which alerts the store holds.
func (x *index) wait(ctx context.Context) error {
	select {
	case <-x.ready:
		return x.err
	default:
	}
	select {
	case <-x.ready:
		return x.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publish makes everything appended so far visible.
func (x *index) publish(building bool) {
	sn := &snapshot{
		views: append([]view(nil), x.views...), rows: x.rows, live: x.live, rev: x.rev, minPin: x.minPin, building: building,
	}
	for col, w := range x.words {
		sn.words[col] = w.view()
	}
	x.snap.Store(sn)
}

// apply adds one batch as one revision.
func (x *index) apply(batch []entry) {
	if len(batch) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rev++
	for i := range batch {
		x.add(&batch[i])
	}
	x.clean()
	x.publish(false)
}

// add appends a row. The caller holds mu.
func (x *index) add(e *entry) {
	tenant := x.words[colTenant].add(string(e.rec.Key.Integration))
	h := x.idHash(tenant, e.rec.Key.ID)
	old, known := x.findID(h, tenant, e.rec.Key.ID)
	row := x.appendRow(func(c *chunk, i int) {
		r := &e.rec
		for col, s := range [...]string{
			colTitle: r.Title, colHost: r.HostName, colUser: r.User, colOwner: r.Owner, colCategory: r.Category,
			colTechnique: r.Technique, colSeverity: string(r.Severity), colStatus: string(r.Status), colMachine: r.MachineID,
		} {
			c.words[col][i] = x.words[col].add(s)
		}
		c.words[colTenant][i] = tenant
		c.created[i], c.updated[i] = ticks(r.Created), ticks(r.LastUpdate)
		c.seq[i], c.hash[i] = e.seq, r.hash
		c.evidence[i] = uint16(min(r.Evidence, 1<<16-1))
		c.flags[i] = r.flags()
	}, e.rec.Key.ID)
	if !known {
		x.ids.put(h, row)
		return
	}
	x.ids.replace(h, old, row)
	c := x.views[row>>chunkBits].c
	c.prev[row&chunkMask] = old + 1
	x.kill(old)
}

// appendRow makes room for a row, lets fill set its columns and returns its number.
func (x *index) appendRow(fill func(*chunk, int), id string) uint32 {
	k := x.rows >> chunkBits
	if k == len(x.views) {
		x.views = append(x.views, view{c: new(chunk), born: x.rev})
		x.dead, x.last = append(x.dead, 0), append(x.last, 0)
	}
	v := &x.views[k]
	i := v.n
	fill(v.c, i)
	v.c.born[i] = x.rev
	v.addID(id)
	v.n++
	x.rows++
	x.live++
	return uint32(x.rows - 1)
}

// addID appends the id of row v.n. A second, lower-case copy is kept only where it differs.
func (v *view) addID(id string) {
	low := soc.Fold(soc.FieldID, id)
	if v.low == nil && low != id {
		v.low = append(make([]byte, 0, cap(v.ids)), v.ids...)
	}
	v.ids = append(append(v.ids, id...), '\n')
	if v.low != nil {
		v.low = append(append(v.low, low...), '\n')
	}
	v.c.idEnd[v.n] = uint32(len(v.ids))
}

// lowIDs are the ids in lower case.
func (v *view) lowIDs() []byte {
	if v.low != nil {
		return v.low
	}
	return v.ids
}

func (x *index) idHash(tenant uint32, id string) uint64 {
	return maphash.String(x.ids.seed, id) + uint64(tenant)*0x9e3779b97f4a7c15
}

func (x *index) findID(h uint64, tenant uint32, id string) (uint32, bool) {
	return x.ids.find(h, func(row uint32) bool {
		v, i := &x.views[row>>chunkBits], int(row&chunkMask)
		return v.c != nil && v.c.words[colTenant][i] == tenant && text(v.id(i)) == id
	})
}

// known is what the index tells the store about one alert.
type known struct {
	seq, hash uint64
	updated   int64
}

// lookup finds a live alert by its key.
func (x *index) lookup(key soc.AlertKey) (known, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	tenant, ok := x.words[colTenant].find(string(key.Integration))
	if !ok {
		return known{}, false
	}
	row, ok := x.findID(x.idHash(tenant, key.ID), tenant, key.ID)
	if !ok {
		return known{}, false
	}
	c, i := x.views[row>>chunkBits].c, row&chunkMask
	if c.died[i].Load() != 0 {
		return known{}, false
	}
	return known{seq: c.seq[i], hash: c.hash[i], updated: c.updated[i]}, true
}

// word finds the number of a value of a column.
func (x *index) word(col int, value string) (uint32, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.words[col].find(value)
}

// bytes is the memory that the index takes, without cached orders and results.
func (x *index) bytes() int64 {
	const chunkSize = chunkRows * (numCols*4 + 4*8 + 4*4 + 2 + 1)
	x.mu.RLock()
	defer x.mu.RUnlock()
	sum := int64(8 * len(x.ids.slots))
	for i := range x.views {
		if x.views[i].c != nil {
			sum += chunkSize + int64(cap(x.views[i].ids)+cap(x.views[i].low))
		}
	}
	for _, w := range x.words {
		sum += w.bytes()
	}
	return sum
}
