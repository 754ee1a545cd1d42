package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

const (
	// loadFirst is how many alerts of each integration are read before the first screen; loadSlice is what one read transaction takes after
	// that, some ten milliseconds' worth (F72).
	loadFirst = 500
	loadSlice = 5000
)

// startIndex loads the queue index in the background; Close stops it.
func (s *Store) startIndex() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.idx = stop, newIndex()
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		if err := s.guardedLoad(ctx); err != nil {
			s.problem.note(fmt.Sprintf("the list of alerts is not complete: %v", err))
			s.idx.err = err // without knowing all alerts none may be added
		}
		close(s.idx.ready)
		s.hub.Publish(soc.TopicAlerts)
	}()
}

// guardedLoad is loadIndex; a panic ends the loading, not the process that keeps the timers.
func (s *Store) guardedLoad(ctx context.Context) (err error) {
	defer guard(&err)()
	return s.loadIndex(ctx)
}

// loading is how far the loader got in one integration, backwards.
type loading struct {
	id   soc.IntegrationID
	next uint64 // largest sequence not read yet
	done bool
}

// loadIndex reads the rows of all integrations, newest first, a slice of each in turn.
func (s *Store) loadIndex(ctx context.Context) error {
	var parts []*loading
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket(bAlerts).ForEachBucket(func(k []byte) error {
			parts = append(parts, &loading{id: soc.IntegrationID(k), next: ^uint64(0)})
			return nil
		})
	})
	if err != nil {
		return err
	}
	size := loadFirst
	for open := len(parts); open > 0; size = loadSlice {
		for _, p := range parts {
			if p.done {
				continue
			}
			if err := s.loadPart(ctx, p, size); err != nil {
				return err
			}
			if p.done {
				open--
			}
		}
		s.idx.grown(true)
		s.hub.Publish(soc.TopicAlerts)
	}
	s.idx.warm()
	s.idx.grown(false)
	return nil
}

// loadPart reads up to n rows of one integration.
func (s *Store) loadPart(ctx context.Context, p *loading, n int) error {
	return s.view(ctx, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bAlerts).Bucket([]byte(p.id))
		if b == nil {
			p.done = true
			return nil
		}
		s.idx.mu.Lock()
		defer s.idx.mu.Unlock()
		var lend [40]byte
		cur := b.Bucket(subRows).Cursor()
		k, v := cur.Seek(seqKey(p.next))
		if k == nil {
			k, v = cur.Last()
		}
		for ; k != nil && n > 0; k, v = cur.Prev() {
			seq := binary.BigEndian.Uint64(k)
			if seq > p.next {
				continue
			}
			p.next = seq - 1
			n--
			rec, err := decodeRow(k, v, p.id, &lend)
			if err != nil {
				s.problem.note(fmt.Sprintf("alert number %d of %s can not be read: %v", seq, p.id, err))
				continue
			}
			s.idx.add(&entry{rec: rec, seq: seq})
			s.blocks.add(p.id, rec.block, 1)
		}
		p.done = k == nil
		return nil
	})
}

// grown publishes what was loaded so far.
func (x *index) grown(building bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.publish(building)
}
