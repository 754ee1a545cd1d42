package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

var (
	subRecords = []byte("records")
	subNames   = []byte("names")
)

// hostBatch is how many hosts go into one transaction.
const hostBatch = 1000

// PutHosts writes hosts as they are now. A call with many is several transactions.
func (s *Store) PutHosts(ctx context.Context, hosts ...soc.Host) error {
	for batch := range slices.Chunk(hosts, hostBatch) {
		err := s.bulk(ctx, func(c *change) error {
			for _, h := range batch {
				if err := putHost(c.Tx, h); err != nil {
					return err
				}
			}
			c.touch(soc.TopicHosts)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func putHost(tx *bbolt.Tx, h soc.Host) error {
	if h.Key.IsZero() {
		return refuse(soc.KindInvalid, "no-id", "a host needs its integration and machine id")
	}
	toUTC(&h)
	b, err := tx.Bucket(bHosts).CreateBucketIfNotExists([]byte(h.Key.Integration))
	if err != nil {
		return fmt.Errorf("writing host %s: %w", h.Name, err)
	}
	records, err1 := b.CreateBucketIfNotExists(subRecords)
	names, err2 := b.CreateBucketIfNotExists(subNames)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("writing host %s: %w", h.Name, errors.Join(err1, err2))
	}
	key := []byte(h.Key.MachineID)
	var old soc.Host
	if v := records.Get(key); v != nil && decode(key, v, &old) == nil && old.Name != h.Name {
		for _, n := range nameKeys(old) {
			if err := names.Delete(n); err != nil {
				return fmt.Errorf("writing host %s: %w", h.Name, err)
			}
		}
	}
	v, err := encode(key, h)
	if err != nil {
		return err
	}
	if err := records.Put(key, v); err != nil {
		return fmt.Errorf("writing host %s: %w", h.Name, err)
	}
	for _, n := range nameKeys(h) {
		if err := names.Put(n, nil); err != nil {
			return fmt.Errorf("writing host %s: %w", h.Name, err)
		}
	}
	return nil
}

// nameKeys are the entries under which a host is found by name: its name and, for an FQDN, the part before the first dot. A zero byte
// ends the name, so that PC1 is not the beginning of PC10 (C-09).
func nameKeys(h soc.Host) [][]byte {
	name := foldName(h.Name)
	if name == "" {
		return nil
	}
	keys := [][]byte{append([]byte(name+"\x00"), h.Key.MachineID...)}
	if short, _, ok := strings.Cut(name, "."); ok && short != "" {
		keys = append(keys, append([]byte(short+"\x00"), h.Key.MachineID...))
	}
	return keys
}

// foldName is a name as the index spells it.
func foldName(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "\x00", ""))
}

// Host returns one host, or soc.ErrNotFound.
func (s *Store) Host(ctx context.Context, key soc.HostKey) (h soc.Host, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		h, err = getHost(tx, key)
		return err
	})
	return h, err
}

func getHost(tx *bbolt.Tx, key soc.HostKey) (h soc.Host, err error) {
	k := []byte(key.MachineID)
	b := tx.Bucket(bHosts).Bucket([]byte(key.Integration))
	if b == nil {
		return h, notFound("host", key.String())
	}
	v := b.Bucket(subRecords).Get(k)
	if v == nil {
		return h, notFound("host", key.String())
	}
	if err := decode(k, v, &h); err != nil {
		return soc.Host{}, badRecord("host "+key.String(), err)
	}
	return h, nil
}

// HostsNamed returns every host of the integration with exactly this name, ignoring case; the short form of an FQDN counts as its name. An
// empty integration means all of them. None is no error.
func (s *Store) HostsNamed(ctx context.Context, id soc.IntegrationID, name string) ([]soc.Host, error) {
	want := foldName(name)
	if want == "" {
		return nil, nil
	}
	var out []soc.Host
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		return eachHostBucket(tx, id, func(in soc.IntegrationID, b *bbolt.Bucket) error {
			prefix := []byte(want + "\x00")
			cur := b.Bucket(subNames).Cursor()
			for k, _ := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
				h, err := getHost(tx, soc.HostKey{Integration: in, MachineID: string(k[len(prefix):])})
				if err != nil {
					return err
				}
				out = append(out, h)
			}
			return nil
		})
	})
	return out, err
}

// FindHosts returns up to limit hosts whose name, or machine id, begins with prefix, by name; for pickers and completion.
func (s *Store) FindHosts(ctx context.Context, prefix string, limit int) ([]soc.Host, error) {
	want := foldName(prefix)
	if limit <= 0 {
		limit = 50
	}
	seen := map[soc.HostKey]bool{}
	var out []soc.Host
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		return eachHostBucket(tx, "", func(in soc.IntegrationID, b *bbolt.Bucket) error {
			add := func(id []byte) {
				key := soc.HostKey{Integration: in, MachineID: string(id)}
				if h, err := getHost(tx, key); err == nil && !seen[key] {
					seen[key] = true
					out = append(out, h)
				}
			}
			start := len(out)
			cur := b.Bucket(subNames).Cursor()
			for k, _ := cur.Seek([]byte(want)); strings.HasPrefix(string(k), want) && k != nil && len(out)-start < limit; k, _ = cur.Next() {
				_, id, _ := bytes.Cut(k, []byte{0})
				add(id)
			}
			cur = b.Bucket(subRecords).Cursor()
			for k, _ := cur.Seek([]byte(want)); want != "" && bytes.HasPrefix(k, []byte(want)) && len(out)-start < limit; k, _ = cur.Next() {
				add(k)
			}
			return nil
		})
	})
	slices.SortStableFunc(out, func(a, b soc.Host) int { return strings.Compare(foldName(a.Name), foldName(b.Name)) })
	if len(out) > limit {
		out = out[:limit]
	}
	return out, err
}

// eachHostBucket visits the integration's bucket, or all of them for an empty id.
func eachHostBucket(tx *bbolt.Tx, id soc.IntegrationID, visit func(soc.IntegrationID, *bbolt.Bucket) error) error {
	root := tx.Bucket(bHosts)
	if id != "" {
		if b := root.Bucket([]byte(id)); b != nil {
			return visit(id, b)
		}
		return nil
	}
	return root.ForEachBucket(func(k []byte) error { return visit(soc.IntegrationID(k), root.Bucket(k)) })
}
