package store

import (
	"context"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Channels, tokens, threat reports and pushed indicators are simple records: one bucket each, one key, a revision. What they have in common
// is here.

// kind is one sort of simple record.
type kind struct {
	bucket []byte
	what   string // for people: "channel"
}

var (
	kindChannel = kind{bChannels, "channel"}
	kindToken   = kind{bTokens, "token"}
	kindThreat  = kind{bThreats, "threat report"}
	kindPushed  = kind{bPushed, "pushed indicator"}
)

// maxKey bounds the keys that are made of what a sender chose.
const maxKey = 4 << 10

// used marks, in the meta bucket, an id that was removed: it is never given out again, because the history still names it.
func (k kind) used(id string) []byte { return []byte("used:" + k.what + ":" + id) }

// check compares the revision that a caller read with the stored one; found tells that there is a record.
func (k kind) check(tx *bbolt.Tx, id, name string, revision uint64) (found bool, err error) {
	if id == "" || len(id) > maxKey || strings.TrimSpace(name) == "" {
		return false, refuse(soc.KindInvalid, "no-id", "a "+k.what+" needs an id and a name")
	}
	v := tx.Bucket(k.bucket).Get([]byte(id))
	var old struct {
		Revision uint64 `json:"revision"`
	}
	if v != nil {
		if err := decode([]byte(id), v, &old); err != nil {
			return true, badRecord(k.what+" "+name, err)
		}
	}
	switch {
	case v == nil && revision != 0:
		return false, notFound(k.what, name)
	case v == nil && tx.Bucket(bMeta).Get(k.used(id)) != nil:
		return false, refuse(soc.KindConflict, "id-used", fmt.Sprintf("the id %s belonged to a %s that was removed", id, k.what))
	case v != nil && revision == 0:
		return true, refuse(soc.KindConflict, "exists", fmt.Sprintf("%s %s exists already", k.what, name))
	case v != nil && revision != old.Revision:
		return true, refuse(soc.KindConflict, "stale-revision", fmt.Sprintf("%s %s was changed by somebody else meanwhile", k.what, name))
	}
	return v != nil, nil
}

// put writes one record.
func (k kind) put(tx *bbolt.Tx, id string, record any) error {
	v, err := encode([]byte(id), record)
	if err != nil {
		return err
	}
	if err := tx.Bucket(k.bucket).Put([]byte(id), v); err != nil {
		return fmt.Errorf("writing %s %s: %w", k.what, id, err)
	}
	return nil
}

// remove deletes a record and marks its id as used.
func (k kind) remove(tx *bbolt.Tx, id string) error {
	b := tx.Bucket(k.bucket)
	if b.Get([]byte(id)) == nil {
		return notFound(k.what, id)
	}
	if err := b.Delete([]byte(id)); err != nil {
		return fmt.Errorf("removing %s %s: %w", k.what, id, err)
	}
	if err := tx.Bucket(bMeta).Put(k.used(id), []byte{1}); err != nil {
		return fmt.Errorf("removing %s %s: %w", k.what, id, err)
	}
	return counted(tx, k.bucket, -1)
}

// one reads one record, or soc.ErrNotFound.
func one[T any](ctx context.Context, s *Store, k kind, id string) (out T, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		v := tx.Bucket(k.bucket).Get([]byte(id))
		if v == nil {
			return notFound(k.what, id)
		}
		if err := decode([]byte(id), v, &out); err != nil {
			return badRecord(k.what+" "+id, err)
		}
		return nil
	})
	return out, err
}

// all reads every record of a kind. A damaged one is reported by Info and left out.
func all[T any](ctx context.Context, s *Store, k kind) (out []T, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket(k.bucket).ForEach(func(id, v []byte) error {
			var r T
			if err := decode(id, v, &r); err != nil {
				s.problem.note(k.what + " " + string(id) + " can not be read")
				return nil
			}
			out = append(out, r)
			return nil
		})
	})
	return out, err
}

// nameFree refuses a name that another tenant or channel has: people tell both apart by name alone (M-13). The record of sort own with
// the id self may keep it.
func nameFree(tx *bbolt.Tx, name, own, self string) error {
	for what, bucket := range map[string][]byte{"integration": bIntegrations, "channel": bChannels} {
		err := tx.Bucket(bucket).ForEach(func(k, v []byte) error {
			var other struct {
				Name string `json:"name"`
			}
			if what == own && string(k) == self || decode(k, v, &other) != nil {
				return nil
			}
			if strings.EqualFold(strings.TrimSpace(other.Name), strings.TrimSpace(name)) {
				return refuse(soc.KindConflict, "name-taken", fmt.Sprintf("there is already %s %s named %s", article(what), what, other.Name))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func article(word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) {
		return "an"
	}
	return "a"
}
