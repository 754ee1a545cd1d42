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

// Channels lists the channels by name. A damaged record is reported by Info and left out.
func (s *Store) Channels(ctx context.Context) ([]soc.Channel, error) {
	out, err := all[soc.Channel](ctx, s, kindChannel)
	slices.SortFunc(out, func(a, b soc.Channel) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

// Channel returns one channel, or soc.ErrNotFound.
func (s *Store) Channel(ctx context.Context, id soc.ChannelID) (soc.Channel, error) {
	return one[soc.Channel](ctx, s, kindChannel, string(id))
}

// SaveChannel writes a channel and its audit lines in one transaction and returns it with its new Revision. Its name must differ from that of
// every other channel and tenant. Errors: soc.ErrConflict (codes "stale-revision", "exists", "name-taken", "id-used"), soc.ErrInvalid ("no-id"),
// soc.ErrNotFound.
func (s *Store) SaveChannel(ctx context.Context, ch soc.Channel, entries ...soc.AuditEntry) (soc.Channel, error) {
	var saved soc.Channel
	err := s.update(ctx, func(c *change) (err error) {
		if saved, err = c.putChannel(ch); err != nil {
			return err
		}
		return c.audit(entries...)
	})
	if err != nil {
		return soc.Channel{}, err
	}
	return saved, nil
}

func (c *change) putChannel(ch soc.Channel) (soc.Channel, error) {
	toUTC(&ch)
	ch.Sealed, ch.Out.To = bytes.Clone(ch.Sealed), slices.Clone(ch.Out.To)
	found, err := kindChannel.check(c.Tx, string(ch.ID), ch.Name, ch.Revision)
	if err != nil {
		return ch, err
	}
	if err := nameFree(c.Tx, ch.Name, "channel", string(ch.ID)); err != nil {
		return ch, err
	}
	saved := ch
	saved.Revision++
	if err := kindChannel.put(c.Tx, string(ch.ID), saved); err != nil {
		return ch, err
	}
	if !found {
		if err := counted(c.Tx, bChannels, 1); err != nil {
			return ch, err
		}
	}
	c.touch(soc.TopicSettings)
	return saved, nil
}

// DeleteChannel removes a channel, and with it the tokens that let its senders in. Its threat reports and indicators stay, and its id is
// never used again. Errors: soc.ErrNotFound.
func (s *Store) DeleteChannel(ctx context.Context, id soc.ChannelID, entries ...soc.AuditEntry) error {
	return s.update(ctx, func(c *change) error {
		if err := kindChannel.remove(c.Tx, string(id)); err != nil {
			return err
		}
		for _, token := range tokensOf(c.Tx, id) {
			if err := kindToken.remove(c.Tx, token); err != nil {
				return err
			}
		}
		c.touch(soc.TopicSettings)
		return c.audit(entries...)
	})
}

func tokensOf(tx *bbolt.Tx, id soc.ChannelID) (out []string) {
	_ = tx.Bucket(bTokens).ForEach(func(k, v []byte) error {
		var t soc.Token
		if decode(k, v, &t) == nil && t.Channel == id {
			out = append(out, string(k))
		}
		return nil
	})
	return out
}

// Tokens lists the tokens by name. A damaged record is reported by Info and left out: it lets nobody in.
func (s *Store) Tokens(ctx context.Context) ([]soc.Token, error) {
	out, err := all[soc.Token](ctx, s, kindToken)
	slices.SortFunc(out, func(a, b soc.Token) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

// SaveToken writes a token and its audit lines in one transaction and returns it with its new Revision. Its name says who the sender is, so
// no two tokens share one. Errors as those of SaveChannel.
func (s *Store) SaveToken(ctx context.Context, t soc.Token, entries ...soc.AuditEntry) (soc.Token, error) {
	toUTC(&t)
	t.Scopes, t.Hash = slices.Clone(t.Scopes), bytes.Clone(t.Hash)
	saved := t
	saved.Revision++
	err := s.minor(ctx, func(c *change) error {
		found, err := kindToken.check(c.Tx, t.ID, t.Name, t.Revision)
		if err != nil {
			return err
		}
		if err := tokenNameFree(c.Tx, t); err != nil {
			return err
		}
		if err := kindToken.put(c.Tx, t.ID, saved); err != nil {
			return err
		}
		if !found {
			if err := counted(c.Tx, bTokens, 1); err != nil {
				return err
			}
		}
		if !found || len(entries) > 0 { // that a token was used wakes nobody
			c.touch(soc.TopicSettings)
		}
		return c.audit(entries...)
	})
	if err != nil {
		return soc.Token{}, err
	}
	return saved, nil
}

func tokenNameFree(tx *bbolt.Tx, t soc.Token) error {
	return tx.Bucket(bTokens).ForEach(func(k, v []byte) error {
		var other soc.Token
		if string(k) != t.ID && decode(k, v, &other) == nil && strings.EqualFold(strings.TrimSpace(other.Name), strings.TrimSpace(t.Name)) {
			return refuse(soc.KindConflict, "name-taken", fmt.Sprintf("there is already a token named %s", other.Name))
		}
		return nil
	})
}

// DeleteToken removes a token: from now on it lets nobody in. Its id is never used again. Errors: soc.ErrNotFound.
func (s *Store) DeleteToken(ctx context.Context, id string, entries ...soc.AuditEntry) error {
	return s.update(ctx, func(c *change) error {
		if err := kindToken.remove(c.Tx, id); err != nil {
			return err
		}
		c.touch(soc.TopicSettings)
		return c.audit(entries...)
	})
}
