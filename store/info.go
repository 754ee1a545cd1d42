package store

import (
	"context"
	"encoding/json"
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
	return in, err
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

func (p *problems) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.texts)
}

// Ready waits until the queue index is complete, so that counts are final.
func (s *Store) Ready(ctx context.Context) error { return s.idx.wait(ctx) }

// Schema is the version of the file format that this program writes.
func Schema() int { return int(schemaVersion) }
