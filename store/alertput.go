package store

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

const (
	// lateAfter is how old an alert may be when it is first seen; older ones are marked, so that nobody takes them for new events (C-12).
	lateAfter = time.Hour
	maxIDLen  = 512
)

// putter writes one batch.
type putter struct {
	s   *Store
	id  soc.IntegrationID
	res soc.PutResult

	rows, raw *bbolt.Bucket
	now       time.Time
	settled   bool // the first sync was done before this batch
	fresh     []entry
	at        map[string]int // id → place in fresh
	delta     map[uint64]int // block → change of its live alerts
	gone      []soc.AlertKey // dropped
}

func (p *putter) run(c *change, items []prepared) error {
	if len(items) == 0 {
		return nil
	}
	if c.Bucket(bMeta).Get(usedID(p.id)) != nil {
		return notFound("integration", string(p.id))
	}
	if err := p.open(c); err != nil {
		return err
	}
	for i := range items {
		if err := p.put(&items[i]); err != nil {
			return fmt.Errorf("writing alert %s: %w", items[i].alert.ID, err)
		}
	}
	if len(p.fresh) == 0 {
		return nil
	}
	if err := p.tidy(); err != nil {
		return fmt.Errorf("tidying alerts up: %w", err)
	}
	c.touch(soc.TopicAlerts)
	c.after = append(c.after, func() {
		p.s.idx.apply(p.fresh)
		p.s.blocks.apply(p.id, p.delta)
	})
	return nil
}

func (p *putter) open(c *change) error {
	st, err := getPoll(c.Tx, p.id)
	if err != nil {
		return err
	}
	b, err := c.Bucket(bAlerts).CreateBucketIfNotExists([]byte(p.id))
	if err != nil {
		return err
	}
	if p.rows, err = b.CreateBucketIfNotExists(subRows); err != nil {
		return err
	}
	if p.raw, err = b.CreateBucketIfNotExists(subRaw); err != nil {
		return err
	}
	p.rows.FillPercent, p.raw.FillPercent = 1, 1 // keys ascend
	p.now, p.settled, p.at, p.delta = p.s.clock(), st.FirstDone, map[string]int{}, map[uint64]int{}
	return nil
}

func (p *putter) put(it *prepared) error {
	a := it.alert
	if a.ID == "" || len(a.ID) > maxIDLen {
		p.s.problem.note(fmt.Sprintf("Defender sent an alert of %s without a usable id; it was left out", p.id))
		return nil
	}
	rec := recOf(a, it.hash)
	rec.Key.Integration = p.id
	seq, old, err := p.find(a.ID, &rec)
	switch {
	case err != nil:
		return err
	case old == nil:
		p.first(&rec)
	case old.hash == rec.hash || old.LastUpdate.After(rec.LastUpdate):
		p.res.Same++
		return nil
	default:
		p.again(&rec, old)
	}
	return p.write(seq, rec, it)
}

// find returns the number of the alert and, if it is known, its row. A row with the same content comes from memory, without FirstSeen.
func (p *putter) find(id string, rec *alertRec) (uint64, *alertRec, error) {
	if i, ok := p.at[id]; ok {
		return p.fresh[i].seq, &p.fresh[i].rec, nil
	}
	k, ok := p.s.idx.lookup(rec.Key)
	if !ok {
		seq, err := p.rows.NextSequence()
		return seq, nil, err
	}
	if k.hash == rec.hash || k.updated > ticks(rec.LastUpdate) {
		return k.seq, &alertRec{hash: k.hash, AlertRow: soc.AlertRow{LastUpdate: fromTicks(k.updated)}}, nil
	}
	old, err := decodeRec(seqKey(k.seq), p.rows.Get(seqKey(k.seq)), p.id)
	if err != nil {
		p.s.problem.note(fmt.Sprintf("alert %s was damaged and has been read again", id))
		return k.seq, nil, nil
	}
	return k.seq, &old, nil
}

func (p *putter) first(rec *alertRec) {
	rec.FirstSeen = p.now
	p.res.New++
	if p.settled && !rec.Created.IsZero() && p.now.Sub(rec.Created) > lateAfter {
		rec.Late = true
		p.res.Late++
	}
}

func (p *putter) again(rec, old *alertRec) {
	rec.FirstSeen, rec.ReopenedAt, rec.Late = old.FirstSeen, old.ReopenedAt, old.Late
	if !old.Status.Open() && rec.Status.Open() {
		rec.ReopenedAt = p.now
		p.res.Reopened++
	}
	rec.Reopened = !rec.ReopenedAt.IsZero()
	p.delta[old.block]--
	p.res.Changed++
}

func (p *putter) write(seq uint64, rec alertRec, it *prepared) error {
	if it.block == nil { // it was known in this form a moment ago, but not any more
		w := blockWriter{pack: p.s.pack}
		w.add(it)
		w.flush()
	}
	if err := p.writeBlock(it.block); err != nil {
		return err
	}
	rec.block, rec.slot = it.block.number, it.slot
	p.delta[rec.block]++
	if err := p.writeRow(seq, &rec); err != nil {
		return err
	}
	if i, ok := p.at[rec.Key.ID]; ok {
		p.fresh[i].rec = rec
		return nil
	}
	p.at[rec.Key.ID] = len(p.fresh)
	p.fresh = append(p.fresh, entry{rec: rec, seq: seq})
	return nil
}

func (p *putter) writeRow(seq uint64, rec *alertRec) error {
	key := seqKey(seq)
	return p.rows.Put(key, sealed(key, rec.encode()))
}

// writeBlock writes a block if that was not done yet.
func (p *putter) writeBlock(b *packed) (err error) {
	if b.number != 0 {
		return nil
	}
	if b.number, err = p.raw.NextSequence(); err != nil {
		return err
	}
	key := seqKey(b.number)
	return p.raw.Put(key, sealed(key, b.value))
}
