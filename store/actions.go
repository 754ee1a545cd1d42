package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// actionsKept is how many actions of one host are remembered, newest first.
const actionsKept = 200

// keyFleet is the entry of an integration's action bucket that holds the time of the last fleet view; machine ids have a byte in front.
var keyFleet = []byte{0}

func actionKey(machineID string) []byte { return append([]byte{1}, machineID...) }

// actionList is what is known about the orders to one host.
type actionList struct {
	AsOf    time.Time           `json:"asOf"`
	Actions []soc.MachineAction `json:"actions"`
}

// PutActions merges the fleet view of an integration's actions by id. asOf says when it was read and counts for every host.
func (s *Store) PutActions(ctx context.Context, id soc.IntegrationID, actions []soc.MachineAction, asOf time.Time) error {
	byHost := map[string][]soc.MachineAction{}
	for _, a := range actions {
		if a.ID != "" && a.MachineID != "" {
			byHost[a.MachineID] = append(byHost[a.MachineID], a)
		}
	}
	return s.bulk(ctx, func(c *change) error {
		b, err := c.actionBucket(id)
		if err != nil {
			return err
		}
		for machine, list := range byHost {
			if err := mergeActions(b, soc.HostKey{Integration: id, MachineID: machine}, list, time.Time{}); err != nil {
				return err
			}
		}
		asOf := asOf.UTC().Round(0)
		if !asOf.After(fleetAsOf(b)) {
			return nil
		}
		v, err := encode(keyFleet, asOf)
		if err != nil {
			return err
		}
		return b.Put(keyFleet, v)
	})
}

// PutHostActions merges the action list of one host by id; asOf says when it was read.
func (s *Store) PutHostActions(ctx context.Context, host soc.HostKey, actions []soc.MachineAction, asOf time.Time) error {
	if host.IsZero() {
		return refuse(soc.KindInvalid, "no-id", "an action list needs its host")
	}
	return s.update(ctx, func(c *change) error {
		b, err := c.actionBucket(host.Integration)
		if err != nil {
			return err
		}
		return mergeActions(b, host, actions, asOf.UTC().Round(0))
	})
}

func (c *change) actionBucket(id soc.IntegrationID) (*bbolt.Bucket, error) {
	if id == "" {
		return nil, refuse(soc.KindInvalid, "no-id", "actions need their integration")
	}
	c.touch(soc.TopicActions)
	c.after = append(c.after, c.s.iso.dirty)
	return c.Bucket(bActions).CreateBucketIfNotExists([]byte(id))
}

// mergeActions joins a list with what is stored. A copy that is older than ours, or that takes a final status back without being newer, does
// not replace it (F39).
func mergeActions(b *bbolt.Bucket, host soc.HostKey, actions []soc.MachineAction, asOf time.Time) error {
	key := actionKey(host.MachineID)
	var list actionList
	if v := b.Get(key); v != nil {
		if err := decode(key, v, &list); err != nil {
			list = actionList{} // damaged: what Defender says now replaces it
		}
	}
	at := map[string]int{}
	for i, a := range list.Actions {
		at[a.ID] = i
	}
	for _, a := range actions {
		if a.ID == "" || a.MachineID != "" && !strings.EqualFold(a.MachineID, host.MachineID) {
			continue // not this host's
		}
		a.Integration, a.MachineID = host.Integration, host.MachineID
		toUTC(&a)
		if i, ok := at[a.ID]; !ok {
			at[a.ID] = len(list.Actions)
			list.Actions = append(list.Actions, a)
		} else if newer(list.Actions[i], a) {
			list.Actions[i] = a
		}
	}
	slices.SortFunc(list.Actions, func(a, b soc.MachineAction) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	if len(list.Actions) > actionsKept {
		list.Actions = list.Actions[:actionsKept]
	}
	if asOf.After(list.AsOf) {
		list.AsOf = asOf
	}
	v, err := encode(key, list)
	if err != nil {
		return err
	}
	if err := b.Put(key, v); err != nil {
		return fmt.Errorf("writing the actions of %s: %w", host, err)
	}
	return nil
}

func newer(old, a soc.MachineAction) bool {
	if a.Updated.Before(old.Updated) {
		return false
	}
	return a.Updated.After(old.Updated) || a.Status.Final() || !old.Status.Final()
}

func fleetAsOf(b *bbolt.Bucket) time.Time {
	var t time.Time
	if v := b.Get(keyFleet); v == nil || decode(keyFleet, v, &t) != nil {
		return time.Time{}
	}
	return t
}

// Actions returns the orders to a host, newest first, and when they were last read; a zero time means never.
func (s *Store) Actions(ctx context.Context, host soc.HostKey) (actions []soc.MachineAction, asOf time.Time, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bActions).Bucket([]byte(host.Integration))
		if b == nil {
			return nil
		}
		asOf = fleetAsOf(b)
		key := actionKey(host.MachineID)
		v := b.Get(key)
		if v == nil {
			return nil
		}
		var list actionList
		if err := decode(key, v, &list); err != nil {
			return badRecord("the actions of "+host.String(), err)
		}
		actions, asOf = list.Actions, later(asOf, list.AsOf)
		return nil
	})
	return actions, asOf, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// isolationCache keeps the derived list until the actions change: every screen asks for it on every wake-up.
type isolationCache struct {
	rev atomic.Uint64

	mu   sync.Mutex
	at   uint64
	have bool
	list []soc.Isolation
}

func (c *isolationCache) dirty() { c.rev.Add(1) }

// Isolations returns every host whose isolation, as derived from its actions, is anything but "not isolated", by integration and machine
// id. A host whose action list is damaged is listed as unknown.
func (s *Store) Isolations(ctx context.Context) ([]soc.Isolation, error) {
	c := &s.iso
	c.mu.Lock()
	defer c.mu.Unlock()
	rev := c.rev.Load()
	if c.have && c.at == rev {
		return cloneIsolations(c.list), nil
	}
	var list []soc.Isolation
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		root := tx.Bucket(bActions)
		return root.ForEachBucket(func(id []byte) error {
			list = deriveAll(tx, root.Bucket(id), soc.IntegrationID(id), list)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	c.at, c.have, c.list = rev, true, list
	return cloneIsolations(list), nil
}

func cloneIsolations(list []soc.Isolation) []soc.Isolation {
	out := slices.Clone(list)
	for i := range out {
		if out[i].Open != nil {
			open := *out[i].Open
			out[i].Open = &open
		}
	}
	return out
}

func deriveAll(tx *bbolt.Tx, b *bbolt.Bucket, id soc.IntegrationID, out []soc.Isolation) []soc.Isolation {
	fleet := fleetAsOf(b)
	cur := b.Cursor()
	for k, v := cur.Seek([]byte{1}); k != nil; k, v = cur.Next() {
		host := soc.HostKey{Integration: id, MachineID: string(k[1:])}
		var list actionList
		iso := soc.Isolation{Key: host, Word: soc.IsolationUnsure}
		if err := decode(k, v, &list); err == nil {
			iso = soc.DeriveIsolation(host, list.Actions, later(fleet, list.AsOf))
		}
		if iso.Word == soc.NotIsolated {
			continue
		}
		if iso.HostName == "" {
			h, _ := getHost(tx, host)
			iso.HostName = h.Name
		}
		out = append(out, iso)
	}
	return out
}
