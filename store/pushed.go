package store

import (
	"cmp"
	"context"
	"slices"

	"cordon/store/soc"
)

// Pushed lists the indicators that cordon put into tenants, the newest submission first. A damaged record is reported by Info and left out.
func (s *Store) Pushed(ctx context.Context) ([]soc.Pushed, error) {
	out, err := all[soc.Pushed](ctx, s, kindPushed)
	slices.SortFunc(out, func(a, b soc.Pushed) int {
		return cmp.Or(b.Submitted.Compare(a.Submitted), cmp.Compare(a.Key, b.Key))
	})
	return out, err
}

// PushedOne returns the indicator with this key, or soc.ErrNotFound.
func (s *Store) PushedOne(ctx context.Context, key string) (soc.Pushed, error) {
	return one[soc.Pushed](ctx, s, kindPushed, key)
}

// SavePushed writes an indicator and its audit lines in one transaction and returns it with its new Revision. Errors: soc.ErrConflict (codes
// "stale-revision", "exists"), soc.ErrInvalid ("no-id"), soc.ErrNotFound.
func (s *Store) SavePushed(ctx context.Context, p soc.Pushed, entries ...soc.AuditEntry) (soc.Pushed, error) {
	toUTC(&p)
	saved := p
	saved.Revision++
	err := s.minor(ctx, func(c *change) error {
		found, err := kindPushed.check(c.Tx, p.Key, p.Key, p.Revision)
		if err != nil {
			return err
		}
		if err := kindPushed.put(c.Tx, p.Key, saved); err != nil {
			return err
		}
		if !found {
			if err := counted(c.Tx, bPushed, 1); err != nil {
				return err
			}
		}
		c.touch(soc.TopicReports)
		return c.audit(entries...)
	})
	if err != nil {
		return soc.Pushed{}, err
	}
	return saved, nil
}
