package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// Info describes the store for `config show`, `status` and the debug page.
type Info struct {
	Path    string    `json:"path"`
	Schema  uint32    `json:"schema"`
	Made    time.Time `json:"made"`
	MadeBy  string    `json:"madeBy,omitempty"` // version of cordon
	Bytes   int64     `json:"bytes"`            // size of the file
	Alerts  int       `json:"alerts"`
	Hosts   int       `json:"hosts"`
	Audit   uint64    `json:"audit"` // records
	Locks   int       `json:"lockdowns"`
	Open    int       `json:"openLockdowns"`
	Index   int64     `json:"indexBytes"` // memory of the queue index
	Loading bool      `json:"loading"`    // the index is not complete yet
	Free    int64     `json:"free"`       // bytes left on the disk
	Reserve int64     `json:"reserve"`    // bytes kept for releases
	Epoch   uint64    `json:"epoch"`      // line of the history that the epoch file knows
	Slow    uint64    `json:"slow"`       // reads that took longer than 50 ms
	Longest int64     `json:"longest"`    // read, in nanoseconds
	Reopens uint64    `json:"reopened"`   // times, after a failed write
	Held    string    `json:"held,omitempty"`
	Snap    string    `json:"snapshot,omitempty"` // the newest
	// Problems are the records that could not be read since the store was opened, for people.
	Problems []string `json:"problems,omitempty"`
}

// Info counts what is in the store. It reads counters, not records, except for hosts.
func (s *Store) Info(ctx context.Context) (Info, error) {
	schema, _, err := s.readSchema(ctx)
	if err != nil {
		return Info{}, err
	}
	snap := s.idx.snap.Load()
	in := Info{Path: s.path, Schema: schema, Alerts: snap.live, Index: s.idx.bytes(), Loading: snap.building}
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		in.Bytes = tx.Size()
		in.Audit = lastSeq(tx)
		in.Locks = tx.Bucket(bLockdowns).Stats().KeyN
		in.Open = tx.Bucket(bOpen).Stats().KeyN
		if b, err := unseal(keyMade, tx.Bucket(bMeta).Get(keyMade)); err == nil {
			var m made
			if json.Unmarshal(b, &m) == nil {
				in.Made, in.MadeBy = m.At, m.Version
			}
		}
		return eachHostBucket(tx, "", func(_ soc.IntegrationID, b *bbolt.Bucket) error {
			in.Hosts += b.Bucket(subRecords).Stats().KeyN
			return nil
		})
	})
	in.Problems = s.problem.list()
	s.footing(&in)
	return in, err
}

// footing tells what the store stands on.
func (s *Store) footing(in *Info) {
	in.Free, in.Snap, in.Reopens = s.measure().disk.free, newestSnapshot(s.path), s.reopens.Load()
	if info, err := os.Lstat(reservePath(s.path)); err == nil {
		in.Reserve = info.Size()
	}
	if m, _, err := readEpoch(s.path); err == nil {
		in.Epoch = m.Seq
	}
	slow, longest := s.readers.seen()
	in.Slow, in.Longest = slow, int64(longest)
	if h := s.holding(); h != nil {
		in.Held = h.Why
	}
}

// Facts are what a person looks at first, as names and values.
func (in Info) Facts() [][2]string {
	return [][2]string{
		{"store", in.Path},
		{"form", fmt.Sprint(in.Schema)},
		{"size", size(in.Bytes)},
		{"disk free", size(in.Free)},
		{"reserve", size(in.Reserve)},
		{"lockdowns", fmt.Sprintf("%d, %d open", in.Locks, in.Open)},
		{"history", fmt.Sprintf("%d lines, epoch %d", in.Audit, in.Epoch)},
		{"snapshot", cmp.Or(in.Snap, "none yet")},
		{"longest read", fmt.Sprintf("%s, %d over %s", time.Duration(in.Longest).Round(time.Microsecond), in.Slow, slowRead)},
		{"on hold", cmp.Or(in.Held, "no")},
	}
}

// problems collects what could not be read, each once, up to a limit.
type problems struct {
	mu    sync.Mutex
	texts []string
}

const problemsKept = 100

func (p *problems) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.texts) < problemsKept && !slices.Contains(p.texts, text) {
		p.texts = append(p.texts, text)
	}
}

func (p *problems) drop(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.texts = slices.DeleteFunc(p.texts, func(t string) bool { return t == text })
}

func (p *problems) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.texts)
}

// Ready waits until the queue index is complete, so that counts are final.
func (s *Store) Ready(ctx context.Context) error { return s.idx.wait(ctx) }

// Schema is the version of the file format that this program writes.
func Schema() int { return int(schemaVersion) }
