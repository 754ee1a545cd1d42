package store

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Reseal replaces every sealed credential, of integrations and of channels, by what reseal makes of it, all in one transaction: after a crash
// all are the old ones or all are the new ones (F17). It returns how many there are; call Compact afterwards, so that the old ones are not left
// in freed pages (SC45). A record that can not be read is an error: its credential could not be opened any more afterwards.
func (s *Store) Reseal(ctx context.Context, reseal func(name string, sealed []byte) ([]byte, error), entries ...soc.AuditEntry) (n int, err error) {
	err = s.update(ctx, func(c *change) error {
		tenants, err := resealAll(c.Tx, bIntegrations, func(in *soc.Integration) (*[]byte, string) { return &in.Sealed, in.Name }, reseal)
		if err != nil {
			return err
		}
		channels, err := resealAll(c.Tx, bChannels, func(ch *soc.Channel) (*[]byte, string) { return &ch.Sealed, ch.Name }, reseal)
		if err != nil {
			return err
		}
		n = tenants + channels
		c.touch(soc.TopicSettings)
		return c.audit(entries...)
	})
	return n, err
}

// resealAll does one bucket. The revisions stay: nobody's open form becomes stale by a change of the key.
func resealAll[T any](
	tx *bbolt.Tx, bucket []byte, field func(*T) (*[]byte, string), reseal func(string, []byte) ([]byte, error),
) (n int, err error) {
	next := map[string][]byte{}
	err = tx.Bucket(bucket).ForEach(func(k, v []byte) error {
		var r T
		if err := decode(k, v, &r); err != nil {
			return badRecord(string(bucket)+" "+string(k), err)
		}
		sealed, name := field(&r)
		if len(*sealed) == 0 {
			return nil
		}
		fresh, err := reseal(name, *sealed)
		if err != nil {
			return err
		}
		*sealed = fresh
		next[string(k)], err = encode(k, r)
		return err
	})
	for k, v := range next {
		if err == nil {
			err = tx.Bucket(bucket).Put([]byte(k), v)
		}
		n++
	}
	if err != nil {
		return n, fmt.Errorf("sealing the credentials anew: %w", err)
	}
	return n, nil
}

// Size is the size of the file in bytes.
func (s *Store) Size(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error { n = tx.Size(); return nil })
	return n, err
}
