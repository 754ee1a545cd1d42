package store

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// bSinks holds name → soc.SinkState. It is made when the first sink is used, so that older files need no migration.
var bSinks = []byte("sinks")

// The history is the outbox: an audit entry is in the same transaction as the change that it tells of, and a sink only remembers how far it
// got. There is no second queue that a crash could empty or fill twice (F14).

// Sink returns how far a sink got, soc.ErrNotFound if it was never used.
func (s *Store) Sink(ctx context.Context, name string) (st soc.SinkState, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bSinks)
		if b == nil || b.Get([]byte(name)) == nil {
			return refuse(soc.KindNotFound, "no-sink", "the notification sink "+name+" was never used")
		}
		if err := decode([]byte(name), b.Get([]byte(name)), &st); err != nil {
			return badRecord("the notification sink "+name, err)
		}
		return nil
	})
	return st, err
}

// SaveSink remembers how far a sink got. It wakes nobody.
func (s *Store) SaveSink(ctx context.Context, st soc.SinkState) error {
	if st.Name == "" {
		return refuse(soc.KindInvalid, "no-name", "a notification sink needs a name")
	}
	return s.minor(ctx, func(c *change) error {
		toUTC(&st)
		b, err := c.CreateBucketIfNotExists(bSinks)
		if err != nil {
			return fmt.Errorf("making room for the notification sinks: %w", err)
		}
		v, err := encode([]byte(st.Name), st)
		if err != nil {
			return err
		}
		if err := b.Put([]byte(st.Name), v); err != nil {
			return fmt.Errorf("writing the notification sink %s: %w", st.Name, err)
		}
		return nil
	})
}
