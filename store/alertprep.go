package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"cordon/store/soc"
)

// alertBatch alerts go into one transaction: near the best rate, and short enough for other writers.
const alertBatch = 1000

// prepared is an alert ready to be written; block is nil if it was already known in just this form.
type prepared struct {
	alert *soc.Alert
	raw   []byte
	hash  uint64
	block *packed
	slot  int
}

// packed is a block on its way to the disk; it gets its number when the first of its alerts is written.
type packed struct {
	value  []byte
	number uint64
}

type preparedBatch struct {
	items []prepared
	last  bool
	err   error
}

// prepareAll compresses the next batch while the last one is being committed.
func (s *Store) prepareAll(ctx context.Context, id soc.IntegrationID, raws []soc.RawAlert) <-chan preparedBatch {
	out := make(chan preparedBatch, 1)
	go func() {
		defer close(out)
		for first := true; first || len(raws) > 0; first = false {
			n := min(alertBatch, len(raws))
			items, err := s.prepareBatch(id, raws[:n])
			b := preparedBatch{items: items, last: n == len(raws), err: err}
			raws = raws[n:]
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// prepareBatch hashes and compresses on two goroutines. A panic in one of them is an error of the batch, not the end of the process that
// keeps the timers.
func (s *Store) prepareBatch(id soc.IntegrationID, raws []soc.RawAlert) ([]prepared, error) {
	items := make([]prepared, len(raws))
	var wg sync.WaitGroup
	half := (len(items)/2/blockSlots + 1) * blockSlots
	var errs [2]error
	part := 0
	for chunk := range slices.Chunk(items, half) {
		src, err := raws[:len(chunk)], &errs[part]
		raws = raws[len(chunk):]
		part++
		wg.Go(func() { *err = s.preparePart(id, chunk, src) })
	}
	wg.Wait()
	return items, errors.Join(errs[:]...)
}

func (s *Store) preparePart(id soc.IntegrationID, items []prepared, raws []soc.RawAlert) (err error) {
	defer guard(&err)()
	w := blockWriter{pack: s.pack}
	for i := range items {
		p, r := &items[i], &raws[i]
		*p = prepared{alert: &r.Alert, raw: r.Raw, hash: hashAlert(r)}
		if k, ok := s.idx.lookup(soc.AlertKey{Integration: id, ID: r.Alert.ID}); !ok || k.hash != p.hash {
			w.add(p)
		}
	}
	w.flush()
	return nil
}

// blockWriter fills blocks with alerts.
type blockWriter struct {
	pack    *packer
	items   []*prepared
	bodies  []body
	alerts  coder // the encoded alerts of all bodies
	size    int
	scratch []byte
}

func (w *blockWriter) add(p *prepared) {
	start := len(w.alerts.b)
	w.alerts.alert(p.alert)
	coded := w.alerts.b[start:len(w.alerts.b):len(w.alerts.b)]
	w.items, w.bodies = append(w.items, p), append(w.bodies, body{id: []byte(p.alert.ID), raw: p.raw, alert: coded})
	if w.size += len(p.raw) + len(coded); len(w.bodies) == blockSlots || w.size > blockFull {
		w.flush()
	}
}

func (w *blockWriter) flush() {
	if len(w.items) == 0 {
		return
	}
	b := &packed{}
	b.value, w.scratch = w.pack.pack(w.bodies, w.scratch)
	for i, p := range w.items {
		p.block, p.slot = b, i
	}
	w.items, w.bodies, w.size, w.alerts.b = w.items[:0], w.bodies[:0], 0, w.alerts.b[:0]
}

// hashAlert tells equal content; eight bytes of SHA-256 are enough against chance and against somebody who writes alerts. Without raw bytes
// the decoded alert counts.
func hashAlert(r *soc.RawAlert) uint64 {
	b := r.Raw
	if len(b) == 0 {
		c := coder{}
		c.alert(&r.Alert)
		b = c.b
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}
