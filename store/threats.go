package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Threat reports lie under their key, and a second bucket, threatTime, leads to them by the time of their arrival: time, key → what the
// queries ask for. A page of the newest reads that page only, and a look for what waits reads no report that does not wait.

// threatsAtOnce is how many reports a query returns that does not say how many.
const threatsAtOnce = 100

// Threats returns the reports that q selects, newest first. A damaged one is reported by Info and left out.
func (s *Store) Threats(ctx context.Context, q soc.ThreatQuery) (out []soc.Threat, err error) {
	if q.Count <= 0 {
		q.Count = threatsAtOnce
	}
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bThreatTime).Cursor()
		for k, v := newestBefore(cur, q.Before); k != nil && len(out) < q.Count; k, v = cur.Prev() {
			if !rowMatches(k, v, q) {
				continue
			}
			key := k[min(8, len(k)):]
			var t soc.Threat
			if err := decode(key, tx.Bucket(bThreats).Get(key), &t); err != nil {
				s.problem.note("threat report " + string(key) + " can not be read")
				continue
			}
			if selected(t, q) {
				out = append(out, t)
			}
		}
		return nil
	})
	return out, err
}

// newestBefore puts the cursor on the last row of a time before t, of all rows if t is zero.
func newestBefore(cur *bbolt.Cursor, t time.Time) (k, v []byte) {
	if t.IsZero() {
		return cur.Last()
	}
	if k, _ = cur.Seek(seqKey(uint64(ticks(t)))); k == nil {
		return cur.Last()
	}
	return cur.Prev()
}

// threatRow is what a row of threatTime says of its report.
func threatRow(t soc.Threat) string {
	managed := "?"
	if m := t.Device.Managed; m != nil {
		managed = fmt.Sprint(*m)
	}
	return strings.Join([]string{string(t.State), managed, string(t.Channel)}, "\x00")
}

// rowMatches tells from the row alone whether its report may be one of those that q selects; when the row is damaged, it may.
func rowMatches(k, v []byte, q soc.ThreatQuery) bool {
	row, err := unseal(k, v)
	part := strings.SplitN(string(row), "\x00", 3)
	if err != nil || len(part) != 3 {
		return true
	}
	return (len(q.States) == 0 || slices.Contains(q.States, soc.ThreatState(part[0]))) &&
		(q.Managed == nil || part[1] == fmt.Sprint(*q.Managed)) &&
		(q.Channel == "" || part[2] == string(q.Channel))
}

// selected is rowMatches for the report itself.
func selected(t soc.Threat, q soc.ThreatQuery) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, t.State)) &&
		(q.Managed == nil || t.Device.Managed != nil && *t.Device.Managed == *q.Managed) &&
		(q.Channel == "" || t.Channel == q.Channel)
}

// Threat returns one report, or soc.ErrNotFound.
func (s *Store) Threat(ctx context.Context, key string) (soc.Threat, error) {
	return one[soc.Threat](ctx, s, kindThreat, key)
}

// SaveThreat writes a report and its audit lines in one transaction and returns it with its new Revision. No two reports are stored as
// received at the same instant: a new one is moved on by 100 ns steps, so that paging by that time misses none; one that does not say when it
// was received gets the time of now. Errors: soc.ErrConflict (codes "stale-revision", "exists"), soc.ErrInvalid ("no-id"), soc.ErrNotFound.
func (s *Store) SaveThreat(ctx context.Context, t soc.Threat, entries ...soc.AuditEntry) (soc.Threat, error) {
	if t.ReceivedAt.IsZero() {
		t.ReceivedAt = s.clock()
	}
	toUTC(&t)
	t.Forensics = maps.Clone(t.Forensics)
	saved := t
	err := s.minor(ctx, func(c *change) error {
		saved.Revision = t.Revision + 1
		found, err := kindThreat.check(c.Tx, t.Key, t.Key, t.Revision)
		if err != nil {
			return err
		}
		rows := c.Bucket(bThreatTime)
		if found {
			var old soc.Threat
			if err := decode([]byte(t.Key), c.Bucket(bThreats).Get([]byte(t.Key)), &old); err != nil {
				return badRecord("threat report "+t.Key, err)
			}
			saved.ReceivedAt = old.ReceivedAt // what it is found by never changes
		} else {
			saved.ReceivedAt = freeInstant(rows, t.ReceivedAt)
		}
		if err := kindThreat.put(c.Tx, t.Key, saved); err != nil {
			return err
		}
		if err := putThreatRow(c.Tx, saved); err != nil {
			return err
		}
		if !found {
			if err := counted(c.Tx, bThreats, 1); err != nil {
				return err
			}
		}
		c.touch(soc.TopicReports)
		return c.audit(entries...)
	})
	if err != nil {
		return soc.Threat{}, err
	}
	return saved, nil
}

func putThreatRow(tx *bbolt.Tx, t soc.Threat) error {
	row := threatTimeKey(t)
	if err := tx.Bucket(bThreatTime).Put(row, seal(row, []byte(threatRow(t)))); err != nil {
		return fmt.Errorf("writing threat report %s: %w", t.Key, err)
	}
	return nil
}

// mendThreatRows puts right what leads to the reports when there are not as many rows as reports: after damage a report must not stay
// unseen. Rows that lead nowhere stay; queries pass over them.
func (s *Store) mendThreatRows(ctx context.Context) error {
	var lost []soc.Threat
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		rows, reports := tx.Bucket(bThreatTime), tx.Bucket(bThreats)
		if present(string(bThreatTime), rows) == present(string(bThreats), reports) {
			return nil
		}
		return reports.ForEach(func(k, v []byte) error {
			var t soc.Threat
			if decode(k, v, &t) == nil && rows.Get(threatTimeKey(t)) == nil {
				lost = append(lost, t)
			}
			return nil
		})
	})
	if err != nil || len(lost) == 0 || s.opt.ReadOnly {
		return err
	}
	return s.update(ctx, func(c *change) error {
		for _, t := range lost {
			if err := putThreatRow(c.Tx, t); err != nil {
				return err
			}
		}
		c.touch(soc.TopicReports)
		return c.audit(soc.AuditEntry{
			Actor: soc.Service("store"), Action: "mend", Result: soc.ResultOK,
			Detail: fmt.Sprintf("%d damaged rows of the index of threat reports were put right from the reports themselves", len(lost)),
		})
	})
}

func threatTimeKey(t soc.Threat) []byte { return append(seqKey(uint64(ticks(t.ReceivedAt))), t.Key...) }

// freeInstant is the first instant from t on at which nothing else was received.
func freeInstant(rows *bbolt.Bucket, t time.Time) time.Time {
	at := ticks(t)
	cur := rows.Cursor()
	for k, _ := cur.Seek(seqKey(uint64(at))); k != nil && bytes.HasPrefix(k, seqKey(uint64(at))); k, _ = cur.Seek(seqKey(uint64(at))) {
		at++
	}
	return fromTicks(at)
}

// mostThreats is how many reports are kept. A sender that went mad, or whose token was stolen, may not fill the disk until no host can be
// isolated any more.
const mostThreats = 20_000

// tooManyThreats reports that there are more than are kept.
func (s *Store) tooManyThreats() (many bool) {
	_ = s.view(context.Background(), func(tx *bbolt.Tx) error { // a store that can not be read has other troubles
		many = int(tx.Bucket(bThreats).Sequence()) > s.opt.threats
		return nil
	})
	return many
}

// forgetThreats drops up to one batch of reports that are done, resolved or suppressed, and have not changed for the retention, or are the
// oldest of too many; it returns how many. As with alerts, the age counts back from the newest report if the clock is ahead of it.
func (s *Store) forgetThreats(ctx context.Context) (n int, err error) {
	if s.opt.ReadOnly {
		return 0, nil
	}
	var old []soc.Threat
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		before := int64(math.MinInt64)
		if s.opt.Retention > 0 {
			before = min(ticks(s.clock()), newestThreat(tx)) - int64(s.opt.Retention/(100*time.Nanosecond))
		}
		if many := int(tx.Bucket(bThreats).Sequence()) - s.opt.threats; many > 0 { // what is counted
			old = threatsDone(tx, math.MaxInt64)
			old = old[:min(many, len(old))]
			return nil
		}
		old = threatsDone(tx, before)
		return nil
	})
	if err != nil || len(old) == 0 {
		return 0, err
	}
	err = s.write(ctx, func(c *change) error {
		n = 0
		for _, t := range old {
			dropped, err := forgetThreat(c.Tx, t)
			if err != nil {
				return fmt.Errorf("dropping old threat reports: %w", err)
			}
			n += dropped
		}
		c.touch(soc.TopicReports)
		return nil
	}, modest)
	return n, err
}

// newestThreat is when the newest report was received, in ticks.
func newestThreat(tx *bbolt.Tx) int64 {
	k, _ := tx.Bucket(bThreatTime).Cursor().Last()
	if len(k) < 8 {
		return math.MaxInt64
	}
	return int64(binary.BigEndian.Uint64(k))
}

// threatsDone finds one batch of reports that were received, and last changed, before a time.
func threatsDone(tx *bbolt.Tx, before int64) (out []soc.Threat) {
	done := soc.ThreatQuery{States: []soc.ThreatState{soc.ThreatResolved, soc.ThreatSuppressed}}
	cur := tx.Bucket(bThreatTime).Cursor()
	for k, v := cur.First(); len(k) > 8 && int64(binary.BigEndian.Uint64(k)) < before && len(out) < forgetBatch; k, v = cur.Next() {
		if !rowMatches(k, v, done) {
			continue
		}
		var t soc.Threat
		if decode(k[8:], tx.Bucket(bThreats).Get(k[8:]), &t) != nil || !selected(t, done) {
			continue
		}
		if max(ticks(t.ReceivedAt), ticks(t.SentAt), ticks(t.ResolvedAt), ticks(t.SyncedAt)) < before {
			out = append(out, t)
		}
	}
	return out
}

// forgetThreat deletes a report, unless it changed since it was chosen.
func forgetThreat(tx *bbolt.Tx, t soc.Threat) (n int, err error) {
	var now soc.Threat
	if decode([]byte(t.Key), tx.Bucket(bThreats).Get([]byte(t.Key)), &now) != nil || now.Revision != t.Revision {
		return 0, nil
	}
	err = errors.Join(tx.Bucket(bThreats).Delete([]byte(t.Key)), tx.Bucket(bThreatTime).Delete(threatTimeKey(t)), counted(tx, bThreats, -1))
	return 1, err
}
