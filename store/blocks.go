package store

import (
	"errors"
	"maps"
	"slices"

	"cordon/store/soc"
)

const (
	// blockSparse is the number of live alerts up to which a block is worth merging with others: the rest of it was replaced by newer
	// versions, or a poll brought only a few.
	blockSparse = blockSlots * 2 / 5
	// mergesAtOnce bounds what one batch does beside its own work.
	mergesAtOnce = 4
)

// blockBook counts the live alerts of every block. It belongs to the writer: the loader before the index is ready, Store.mu after.
type blockBook struct {
	live   map[soc.IntegrationID]map[uint64]int
	sparse map[soc.IntegrationID]map[uint64]struct{}
}

func newBlockBook() *blockBook {
	return &blockBook{live: map[soc.IntegrationID]map[uint64]int{}, sparse: map[soc.IntegrationID]map[uint64]struct{}{}}
}

// apply takes in the changes of a committed batch.
func (b *blockBook) apply(id soc.IntegrationID, delta map[uint64]int) {
	for block, d := range delta {
		b.add(id, block, d)
	}
}

func (b *blockBook) add(id soc.IntegrationID, block uint64, d int) {
	live, sparse := b.live[id], b.sparse[id]
	if live == nil {
		live, sparse = map[uint64]int{}, map[uint64]struct{}{}
		b.live[id], b.sparse[id] = live, sparse
	}
	n := live[block] + d
	live[block] = n
	switch {
	case n <= 0:
		delete(live, block)
		delete(sparse, block)
	case n <= blockSparse:
		sparse[block] = struct{}{}
	default:
		delete(sparse, block)
	}
}

func (b *blockBook) forget(id soc.IntegrationID) {
	delete(b.live, id)
	delete(b.sparse, id)
}

// tidy deletes blocks that nobody uses any more and merges sparse ones, all in the transaction of the batch.
func (p *putter) tidy() error {
	live := p.s.blocks.live[p.id]
	for block, d := range maps.Clone(p.delta) {
		if live[block]+d <= 0 {
			if err := p.raw.Delete(seqKey(block)); err != nil {
				return err
			}
		}
	}
	todo := slices.Sorted(maps.Keys(p.s.blocks.sparse[p.id]))
	for range mergesAtOnce {
		var group []uint64
		sum := 0
		for len(todo) > 0 && sum < blockSlots-blockSparse {
			if n := live[todo[0]] + p.delta[todo[0]]; n > 0 {
				group, sum = append(group, todo[0]), sum+n
			}
			todo = todo[1:]
		}
		if sum < blockSlots-blockSparse {
			return nil // not enough for a block that would not be sparse again
		}
		if err := p.merge(group); err != nil {
			return err
		}
	}
	return nil
}

// merge moves the live alerts of some blocks into a new one. A block that can not be read stays as it is, for Info and the next full sync.
func (p *putter) merge(group []uint64) error {
	var bodies []body
	var seqs []uint64
	var recs []alertRec
	for _, block := range group {
		all, err := p.s.pack.unpack(seqKey(block), p.raw.Get(seqKey(block)))
		if errors.Is(err, errBadRecord) {
			p.s.problem.note("bodies of some alerts of " + string(p.id) + " can not be read")
			continue
		}
		for slot := range all {
			if seq, rec, ok := p.holder(all[slot].id, block, slot); ok {
				bodies, seqs, recs = append(bodies, all[slot]), append(seqs, seq), append(recs, rec)
			}
		}
	}
	if len(bodies) == 0 {
		return nil
	}
	var b packed
	b.value, _ = p.s.pack.pack(bodies, nil)
	if err := p.writeBlock(&b); err != nil {
		return err
	}
	for i := range recs {
		if err := p.rehome(seqs[i], &recs[i], b.number, i); err != nil {
			return err
		}
	}
	return nil
}

// holder finds the row whose body is in this slot; there is none if the alert has a newer body elsewhere.
func (p *putter) holder(id []byte, block uint64, slot int) (uint64, alertRec, bool) {
	var seq uint64
	if i, ok := p.at[string(id)]; ok {
		seq = p.fresh[i].seq
	} else if k, ok := p.s.idx.lookup(soc.AlertKey{Integration: p.id, ID: string(id)}); ok {
		seq = k.seq
	}
	rec, err := decodeRec(seqKey(seq), p.rows.Get(seqKey(seq)), p.id)
	return seq, rec, err == nil && rec.block == block && rec.slot == slot
}

// rehome points a row at the new place of its body, and removes the old block with its last alert.
func (p *putter) rehome(seq uint64, rec *alertRec, block uint64, slot int) error {
	old := rec.block
	rec.block, rec.slot = block, slot
	if err := p.writeRow(seq, rec); err != nil {
		return err
	}
	if i, ok := p.at[rec.Key.ID]; ok {
		p.fresh[i].rec.block, p.fresh[i].rec.slot = block, slot
	}
	p.delta[old]--
	p.delta[block]++
	if p.s.blocks.live[p.id][old]+p.delta[old] <= 0 {
		return p.raw.Delete(seqKey(old))
	}
	return nil
}
