package store

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Apply writes tenants, channels and, unless it is nil, the policy, with their audit lines, in one transaction: all or nothing. Each record is
// checked as if it were saved alone, with the same errors. What a tenant with live lockdowns is reached by can not be changed in this way, where
// nobody tests it first, because its hosts might not be released any more: soc.ErrConflict, code "live-lockdowns".
func (s *Store) Apply(
	ctx context.Context, tenants []soc.Integration, channels []soc.Channel, policy *soc.Policy, entries ...soc.AuditEntry,
) error {
	return s.update(ctx, func(c *change) error {
		for _, in := range tenants {
			if n := openOf(c.Tx, in.ID); n > 0 && reachedOtherwise(c.Tx, in) {
				return refuse(soc.KindConflict, "live-lockdowns", fmt.Sprintf(
					"%s has %d live lockdowns; change how it is reached in the settings, where it is tested first", in.Name, n))
			}
			if _, err := c.putIntegration(in); err != nil {
				return err
			}
		}
		for _, ch := range channels {
			if _, err := c.putChannel(ch); err != nil {
				return err
			}
		}
		if policy != nil {
			if _, err := c.putPolicy(*policy); err != nil {
				return err
			}
		}
		return c.audit(entries...)
	})
}

// reachedOtherwise reports whether a record would sign in elsewhere, by another way, as somebody else, or without its credential.
func reachedOtherwise(tx *bbolt.Tx, in soc.Integration) bool {
	var old soc.Integration
	if decode([]byte(in.ID), tx.Bucket(bIntegrations).Get([]byte(in.ID)), &old) != nil {
		return false // a new one, or one that can not be saved anyhow
	}
	return old.TenantID != in.TenantID || old.ClientID != in.ClientID || old.Auth != in.Auth || old.TokenFile != in.TokenFile ||
		old.Cloud != in.Cloud || old.API != in.API || old.Login != in.Login || old.Scope != in.Scope || old.Custom != in.Custom ||
		old.Proxy != in.Proxy || old.CAFile != in.CAFile || old.CAPEM != in.CAPEM || len(old.Sealed) > 0 && len(in.Sealed) == 0
}
