package store

import (
	"context"
	"fmt"
	"time"

	"cordon/store/soc"
)

// forgetBatch is how many alerts one transaction drops: some milliseconds' worth, so that nobody waits for it.
const forgetBatch = 256

// forgetOld drops up to one batch of alerts that are resolved and did not change for the retention (F73), and returns how many. Lockdowns and
// history are never dropped. The age counts back from the newest alert if the clock is ahead of it: a clock that jumped must not empty the
// queue.
func (s *Store) forgetOld(ctx context.Context) (n int, err error) {
	if s.opt.Retention <= 0 || s.opt.ReadOnly {
		return 0, nil
	}
	if err := s.idx.wait(ctx); err != nil {
		return 0, err
	}
	before := min(ticks(s.clock()), s.idx.snap.Load().newest()) - int64(s.opt.Retention/(100*time.Nanosecond))
	for id, seqs := range s.idx.snap.Load().resolvedBefore(before, forgetBatch) {
		p := putter{s: s, id: id}
		err := s.write(ctx, func(c *change) error { return p.forget(c, seqs, before) }, modest)
		if err != nil {
			return n, fmt.Errorf("dropping old alerts: %w", err)
		}
		n += len(p.gone)
	}
	return n, nil
}

// newest is the time of the newest change of an alert, in ticks.
func (sn *snapshot) newest() (t int64) {
	sn.eachLive(func(c *chunk, i int) bool { t = max(t, c.updated[i]); return true })
	return t
}

// resolvedBefore finds up to limit resolved alerts whose last change is before t: their numbers, by integration.
func (sn *snapshot) resolvedBefore(t int64, limit int) map[soc.IntegrationID][]uint64 {
	out := map[soc.IntegrationID][]uint64{}
	sn.eachLive(func(c *chunk, i int) bool {
		if c.updated[i] >= t || sn.words[colStatus].get(c.words[colStatus][i]) != string(soc.StatusResolved) {
			return true
		}
		id := soc.IntegrationID(sn.words[colTenant].get(c.words[colTenant][i]))
		out[id] = append(out[id], c.seq[i])
		limit--
		return limit > 0
	})
	return out
}

// eachLive visits the rows of the newest revision until visit returns false.
func (sn *snapshot) eachLive(visit func(*chunk, int) bool) {
	for k := range sn.views {
		v := &sn.views[k]
		for i := 0; v.c != nil && i < v.n; i++ {
			if visible(&v.c.died[i], sn.rev) && !visit(v.c, i) {
				return
			}
		}
	}
}

// forget deletes the rows, and the blocks of bodies that nobody needs any more. A row that changed since it was chosen stays.
func (p *putter) forget(c *change, seqs []uint64, before int64) error {
	if parent := c.Bucket(bAlerts).Bucket([]byte(p.id)); parent == nil {
		return nil
	}
	if err := p.open(c); err != nil {
		return err
	}
	p.fresh, p.gone = nil, nil
	for _, seq := range seqs {
		rec, err := decodeRec(seqKey(seq), p.rows.Get(seqKey(seq)), p.id)
		if err != nil || rec.Status != soc.StatusResolved || ticks(rec.LastUpdate) >= before {
			continue
		}
		if err := p.rows.Delete(seqKey(seq)); err != nil {
			return err
		}
		p.delta[rec.block]--
		p.gone = append(p.gone, rec.Key)
	}
	if err := p.tidy(); err != nil {
		return err
	}
	c.touch(soc.TopicAlerts)
	c.after = append(c.after, func() {
		p.s.idx.drop(p.gone)
		p.s.blocks.apply(p.id, p.delta)
	})
	return nil
}

// drop removes alerts, as one revision.
func (x *index) drop(keys []soc.AlertKey) {
	if len(keys) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rev++
	for _, key := range keys {
		tenant, ok := x.words[colTenant].find(string(key.Integration))
		if !ok {
			continue
		}
		if row, ok := x.findID(x.idHash(tenant, key.ID), tenant, key.ID); ok {
			x.kill(row)
		}
	}
	x.clean()
	x.publish(false)
}
