package store

import (
	"context"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

var (
	subRows = []byte("rows")
	subRaw  = []byte("raw")
)

// PutAlerts stores alerts by id and, in the transaction of the last of them, how far the poller got. A known id is updated: its FirstSeen
// stays, a Resolved alert that is open again gets ReopenedAt, a copy older than ours or equal to it changes nothing. Alerts that are first
// seen long after they were created, once the first sync was done, are Late. It waits for the index, because only then it is known which
// alerts are there. Errors: soc.ErrNotFound if the integration was removed.
func (s *Store) PutAlerts(ctx context.Context, id soc.IntegrationID, raws []soc.RawAlert, st soc.PollState) (soc.PutResult, error) {
	var res soc.PutResult
	if id == "" {
		return res, refuse(soc.KindInvalid, "no-id", "alerts need their integration")
	}
	if err := s.idx.wait(ctx); err != nil {
		return res, err
	}
	st.Integration = id
	ctx, stop := context.WithCancel(ctx)
	batches := s.prepareAll(ctx, id, raws)
	defer func() {
		stop()
		for range batches { // the preparing goroutine ends with us
		}
	}()
	for batch := range batches {
		if batch.err != nil {
			return res, batch.err
		}
		put := putter{s: s, id: id, res: res}
		err := s.bulk(ctx, func(c *change) error {
			if err := put.run(c, batch.items); err != nil || !batch.last {
				return err
			}
			return c.putPoll(st)
		})
		if err != nil {
			return res, err
		}
		if res = put.res; batch.last {
			return res, nil
		}
	}
	return res, ctx.Err()
}

// Alerts answers a windowed read of the queue from memory. Count 0 asks for the counts alone, a negative one for all rows. The error is a
// soc.FilterError.
func (s *Store) Alerts(ctx context.Context, q soc.Query) (soc.AlertPage, error) {
	if err := ctx.Err(); err != nil {
		return soc.AlertPage{}, err
	}
	q.Now = s.queryTime(q)
	f, err := soc.ParseFilter(q.Filter, q.Me, q.Now)
	if err != nil {
		return soc.AlertPage{}, err
	}
	return s.idx.query(q, f), nil
}

// Alert returns everything about one alert, or soc.ErrNotFound.
func (s *Store) Alert(ctx context.Context, key soc.AlertKey) (soc.Alert, error) {
	rec, b, err := s.readAlert(ctx, key)
	if err != nil {
		return soc.Alert{}, err
	}
	a, err := decodeAlert(b.alert)
	if err != nil {
		return soc.Alert{}, badRecord("alert "+key.String(), err)
	}
	a.Integration, a.FirstSeen, a.ReopenedAt, a.Late = key.Integration, rec.FirstSeen, rec.ReopenedAt, rec.Late
	return a, nil
}

// AlertRaw returns the bytes that Defender sent for an alert, unchanged (T-33), or soc.ErrNotFound.
func (s *Store) AlertRaw(ctx context.Context, key soc.AlertKey) ([]byte, error) {
	_, b, err := s.readAlert(ctx, key)
	return slices.Clone(b.raw), err
}

// readAlert reads row and body of an alert and unpacks the body outside of the transaction.
func (s *Store) readAlert(ctx context.Context, key soc.AlertKey) (rec alertRec, b body, err error) {
	k, ok := s.idx.lookup(key)
	if !ok && s.idx.snap.Load().building { // perhaps not loaded yet
		if err := s.idx.wait(ctx); err != nil {
			return rec, b, err
		}
		k, ok = s.idx.lookup(key)
	}
	if !ok {
		return rec, b, notFound("alert", key.String())
	}
	var block []byte
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bAlerts).Bucket([]byte(key.Integration))
		if bucket == nil {
			return notFound("alert", key.String())
		}
		if rec, err = decodeRec(seqKey(k.seq), bucket.Bucket(subRows).Get(seqKey(k.seq)), key.Integration); err != nil {
			return badRecord("alert "+key.String(), err)
		}
		block = slices.Clone(bucket.Bucket(subRaw).Get(seqKey(rec.block)))
		return nil
	})
	if err != nil {
		return rec, b, err
	}
	bodies, err := s.pack.unpack(seqKey(rec.block), block)
	if err != nil {
		return rec, b, badRecord("alert "+key.String(), err)
	}
	if rec.slot >= len(bodies) || string(bodies[rec.slot].id) != key.ID {
		return rec, b, badRecord("alert "+key.String(), fmt.Errorf("%w: body of another alert", errBadRecord))
	}
	return rec, bodies[rec.slot], nil
}
