package store

import (
	"context"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

var keyPolicy = []byte("policy")

// Policy returns the policy, soc.DefaultPolicy with revision 0 if none was saved yet.
func (s *Store) Policy(ctx context.Context) (p soc.Policy, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		p, err = getPolicy(tx)
		return err
	})
	return p, err
}

func getPolicy(tx *bbolt.Tx) (soc.Policy, error) {
	v := tx.Bucket(bPolicy).Get(keyPolicy)
	if v == nil && tx.Bucket(bPolicy).Sequence() == 0 {
		return soc.DefaultPolicy(), nil
	}
	var p soc.Policy
	if err := decode(keyPolicy, v, &p); err != nil {
		return soc.Policy{}, badRecord("the policy", err)
	}
	return p, nil
}

// SavePolicy replaces the policy if Revision is the stored one, else soc.ErrConflict ("stale-revision").
func (s *Store) SavePolicy(ctx context.Context, p soc.Policy, entries ...soc.AuditEntry) (soc.Policy, error) {
	var saved soc.Policy
	err := s.update(ctx, func(c *change) (err error) {
		if saved, err = c.putPolicy(p); err != nil {
			return err
		}
		return c.audit(entries...)
	})
	if err != nil {
		return soc.Policy{}, err
	}
	return saved, nil
}

func (c *change) putPolicy(p soc.Policy) (soc.Policy, error) {
	old, err := getPolicy(c.Tx)
	if err != nil {
		return p, err
	}
	if p.Revision != old.Revision {
		return p, refuse(soc.KindConflict, "stale-revision", "the policy was changed by somebody else meanwhile")
	}
	p.Never = slices.Clone(p.Never)
	p.Revision++
	v, err := encode(keyPolicy, p)
	if err != nil {
		return p, err
	}
	if err := c.Bucket(bPolicy).Put(keyPolicy, v); err != nil {
		return p, fmt.Errorf("writing the policy: %w", err)
	}
	if err := c.Bucket(bPolicy).SetSequence(1); err != nil { // counted, see counts.go
		return p, fmt.Errorf("writing the policy: %w", err)
	}
	c.touch(soc.TopicSettings)
	return p, nil
}

// PollState returns how far an integration's poller got; a fresh state if it never ran.
func (s *Store) PollState(ctx context.Context, id soc.IntegrationID) (st soc.PollState, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		st, err = getPoll(tx, id)
		return err
	})
	return st, err
}

func getPoll(tx *bbolt.Tx, id soc.IntegrationID) (soc.PollState, error) {
	st := soc.PollState{Integration: id}
	v := tx.Bucket(bPoll).Get([]byte(id))
	if v == nil {
		return st, nil
	}
	if err := decode([]byte(id), v, &st); err != nil {
		return soc.PollState{Integration: id}, badRecord("the poll state of "+string(id), err)
	}
	return st, nil
}

// SavePollState writes a poll state by itself, for a try that brought no alerts.
func (s *Store) SavePollState(ctx context.Context, st soc.PollState) error {
	return s.bulk(ctx, func(c *change) error { return c.putPoll(st) })
}

func (c *change) putPoll(st soc.PollState) error {
	if st.Integration == "" {
		return refuse(soc.KindInvalid, "no-id", "a poll state needs its integration")
	}
	toUTC(&st)
	key := []byte(st.Integration)
	v, err := encode(key, st)
	if err != nil {
		return err
	}
	if err := c.Bucket(bPoll).Put(key, v); err != nil {
		return fmt.Errorf("writing the poll state of %s: %w", st.Integration, err)
	}
	c.touch(soc.TopicConn)
	return nil
}
