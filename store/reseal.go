package store

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Reseal replaces the sealed credential of every integration by what reseal makes of it, all in one transaction: after a crash all are the
// old ones or all are the new ones (F17). It returns
// how many there are; call Compact afterwards, so that the old ones are not left in freed pages (SC45). An integration that can not be read is an error: its credential could not be opened any more afterwards.
func (s *Store) Reseal(ctx context.Context, reseal func(soc.Integration) ([]byte, error), entries ...soc.AuditEntry) (n int, err error) {
	err = s.update(ctx, func(c *change) error {
		n = 0
		b := c.Bucket(bIntegrations)
		next := map[string][]byte{}
		err := b.ForEach(func(k, v []byte) error {
			var in soc.Integration
			if err := decode(k, v, &in); err != nil {
				return badRecord("integration "+string(k), err)
			}
			if len(in.Sealed) == 0 {
				return nil
			}
			var err error
			if in.Sealed, err = reseal(in); err != nil {
				return err
			}
			next[string(k)], err = encode(k, in)
			return err
		})
		for k, v := range next {
			if err == nil {
				err = b.Put([]byte(k), v)
			}
			n++
		}
		if err != nil {
			return fmt.Errorf("sealing the credentials anew: %w", err)
		}
		c.touch(soc.TopicSettings)
		return c.audit(entries...)
	})
	return n, err
}

// Size is the size of the file in bytes.
func (s *Store) Size(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error { n = tx.Size(); return nil })
	return n, err
}
