package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// usedID marks, in the meta bucket, an integration id that was removed: it is never given out again, because lockdowns and history still
// name it.
func usedID(id soc.IntegrationID) []byte { return append([]byte("used:"), id...) }

// SaveIntegration writes an integration and its audit lines in one transaction and returns it with its new Revision. Errors:
// soc.ErrConflict (codes "stale-revision", "exists", "name-taken", "id-used"), soc.ErrInvalid ("no-id"), soc.ErrNotFound.
func (s *Store) SaveIntegration(ctx context.Context, in soc.Integration, entries ...soc.AuditEntry) (soc.Integration, error) {
	var saved soc.Integration
	err := s.update(ctx, func(c *change) (err error) {
		if saved, err = c.putIntegration(in); err != nil {
			return err
		}
		return c.audit(entries...)
	})
	if err != nil {
		return soc.Integration{}, err
	}
	return saved, nil
}

func (c *change) putIntegration(in soc.Integration) (soc.Integration, error) {
	toUTC(&in)
	in.Sealed = bytes.Clone(in.Sealed)
	if err := checkIntegration(c.Tx, in); err != nil {
		return in, err
	}
	saved := in
	saved.Revision++
	key := []byte(in.ID)
	v, err := encode(key, saved)
	if err != nil {
		return in, err
	}
	if err := c.Bucket(bIntegrations).Put(key, v); err != nil {
		return in, fmt.Errorf("writing integration %s: %w", in.Name, err)
	}
	if in.Revision == 0 {
		if err := counted(c.Tx, bIntegrations, 1); err != nil {
			return in, err
		}
	}
	c.touch(soc.TopicSettings | soc.TopicConn)
	return saved, nil
}

func checkIntegration(tx *bbolt.Tx, in soc.Integration) error {
	if in.ID == "" || strings.TrimSpace(in.Name) == "" {
		return refuse(soc.KindInvalid, "no-id", "an integration needs an id and a name")
	}
	var old soc.Integration
	v := tx.Bucket(bIntegrations).Get([]byte(in.ID))
	if v != nil {
		if err := decode([]byte(in.ID), v, &old); err != nil {
			return badRecord("integration "+string(in.ID), err)
		}
	}
	switch {
	case v == nil && in.Revision != 0:
		return notFound("integration", string(in.ID))
	case v == nil && tx.Bucket(bMeta).Get(usedID(in.ID)) != nil:
		return refuse(soc.KindConflict, "id-used", fmt.Sprintf("the id %s belonged to an integration that was removed", in.ID))
	case v != nil && in.Revision == 0:
		return refuse(soc.KindConflict, "exists", fmt.Sprintf("integration %s exists already", in.ID))
	case v != nil && in.Revision != old.Revision:
		return refuse(soc.KindConflict, "stale-revision", fmt.Sprintf("integration %s was changed by somebody else meanwhile", in.Name))
	}
	return nameFree(tx, in.Name, "integration", string(in.ID))
}

// Integrations lists the attached tenants by name. A damaged record is reported by Info and left out.
func (s *Store) Integrations(ctx context.Context) ([]soc.Integration, error) {
	var out []soc.Integration
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket(bIntegrations).ForEach(func(k, v []byte) error {
			var in soc.Integration
			if err := decode(k, v, &in); err != nil {
				s.problem.note("integration " + string(k) + " can not be read")
				return nil
			}
			out = append(out, in)
			return nil
		})
	})
	slices.SortFunc(out, func(a, b soc.Integration) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

// Integration returns one integration, or soc.ErrNotFound.
func (s *Store) Integration(ctx context.Context, id soc.IntegrationID) (in soc.Integration, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		v := tx.Bucket(bIntegrations).Get([]byte(id))
		if v == nil {
			return notFound("integration", string(id))
		}
		if err := decode([]byte(id), v, &in); err != nil {
			return badRecord("integration "+string(id), err)
		}
		return nil
	})
	return in, err
}

// DeleteIntegration removes an integration with its alerts, hosts, actions and poll state. Its lockdowns and its history stay, and its id is
// never used again. Errors: soc.ErrNotFound; soc.ErrConflict (code "live-lockdowns") while one of its lockdowns is open, because then nobody
// could release that host any more.
func (s *Store) DeleteIntegration(ctx context.Context, id soc.IntegrationID, entries ...soc.AuditEntry) error {
	if err := s.idx.wait(ctx); err != nil {
		return err
	}
	return s.update(ctx, func(c *change) error {
		key := []byte(id)
		if c.Bucket(bIntegrations).Get(key) == nil {
			return notFound("integration", string(id))
		}
		if n := openOf(c.Tx, id); n > 0 {
			return refuse(soc.KindConflict, "live-lockdowns", fmt.Sprintf("integration %s still has %d live lockdowns", id, n))
		}
		for _, name := range [][]byte{bIntegrations, bPoll} {
			if err := c.Bucket(name).Delete(key); err != nil {
				return fmt.Errorf("removing integration %s: %w", id, err)
			}
		}
		if err := counted(c.Tx, bIntegrations, -1); err != nil {
			return err
		}
		for _, name := range [][]byte{bAlerts, bHosts, bActions} {
			if c.Bucket(name).Bucket(key) == nil {
				continue
			}
			if err := c.Bucket(name).DeleteBucket(key); err != nil {
				return fmt.Errorf("removing integration %s: %w", id, err)
			}
		}
		if err := c.Bucket(bMeta).Put(usedID(id), []byte{1}); err != nil {
			return fmt.Errorf("removing integration %s: %w", id, err)
		}
		c.after = append(c.after, func() { s.idx.forget(id); s.blocks.forget(id); s.iso.dirty() })
		c.touch(soc.TopicSettings | soc.TopicConn | soc.TopicAlerts | soc.TopicHosts | soc.TopicActions)
		return c.audit(entries...)
	})
}
