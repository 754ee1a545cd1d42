package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// schemaVersion is the form of the file that this program writes. Anything that changes a bucket, a key or a json tag of package soc in a
// way that old files do not have raises it, adds a migration, and leaves a testdata/store/vN.db behind.
const schemaVersion uint32 = 3

// The buckets. Alerts, hosts and actions hold one bucket per integration, so that tenants can not mix and one can be removed whole.
var (
	bMeta         = []byte("meta")
	bAlerts       = []byte("alerts")       // integration → rows (seq → row), raw (seq → body)
	bHosts        = []byte("hosts")        // integration → records (machine id → host), names (name, machine id → "")
	bActions      = []byte("actions")      // integration → machine id → list
	bLockdowns    = []byte("lockdowns")    // id → lockdown
	bOpen         = []byte("lockdownOpen") // host key → id of its lockdown that is not final
	bWake         = []byte("lockdownWake") // time, id → ""
	bLockdownHost = []byte("lockdownHost") // host key, id → ""
	bAudit        = []byte("audit")        // seq → entry
	bIntegrations = []byte("integrations") // id → integration
	bPolicy       = []byte("policy")
	bPoll         = []byte("poll")        // integration → poll state
	bCheckpoints  = []byte("checkpoints") // n → checkpoint
	bChannels     = []byte("channels")    // id → channel
	bTokens       = []byte("tokens")      // id → token
	bThreats      = []byte("threats")     // key → threat report
	bThreatTime   = []byte("threatTime")  // time received, key → state, managed, channel
	bPushed       = []byte("pushed")      // key → indicator of ours

	keySchema = []byte("schema")
	keyMade   = []byte("made")
	keyHead   = []byte("auditHead")
	keyLedger = []byte("auditLedger") // id of the store, first sealed record, public keys
)

func buckets() [][]byte {
	return [][]byte{
		bMeta, bAlerts, bHosts, bActions, bLockdowns, bOpen, bWake, bLockdownHost, bAudit, bIntegrations, bPolicy, bPoll, bCheckpoints,
		bChannels, bTokens, bThreats, bThreatTime, bPushed,
	}
}

// migration brings a file from the form before to the form to, in the transaction that also writes the new number.
type migration struct {
	to  uint32
	run func(*bbolt.Tx) error
}

// migrations lists every step since version 1, in order.
func (s *Store) migrations() []migration { return []migration{{2, s.sealHistory}, {3, addReports}} }

// addReports is the migration to form 3: room for channels, tokens, threat reports and indicators.
func addReports(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bChannels, bTokens, bThreats, bThreatTime, bPushed} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("making room for %s: %w", name, err)
		}
	}
	return nil
}

// made says who created the file and when.
type made struct {
	At      time.Time `json:"at"`
	Version string    `json:"version,omitempty"`
}

// prepare brings the file to the current form: a new file gets its buckets, an old one is backed up and migrated, a newer one is refused
// (F82).
func (s *Store) prepare(ctx context.Context) error {
	want, steps := s.opt.schema, s.opt.migrations
	if want == 0 {
		want = schemaVersion
	}
	if steps == nil {
		steps = s.migrations()
	}
	have, empty, err := s.readSchema(ctx)
	if err != nil {
		return err
	}
	switch {
	case empty && s.opt.ReadOnly:
		return &soc.Error{Kind: soc.KindNotFound, Code: "store-empty", What: "the store " + s.path + " is empty", Next: "check --data"}
	case empty:
		if err := begun(s.path); err != nil {
			return err
		}
		return s.update(ctx, func(c *change) error { return s.create(c.Tx, want) })
	case have == want:
		return nil
	case have > want:
		return &soc.Error{
			Kind: soc.KindRefused, Code: "store-newer",
			What:  fmt.Sprintf("the store %s has form %d, this cordon knows forms up to %d", s.path, have, want),
			Means: "it was written by a newer cordon and was not touched", Next: "start the newer cordon",
		}
	case s.opt.ReadOnly:
		return &soc.Error{
			Kind: soc.KindRefused, Code: "store-older", What: fmt.Sprintf("the store %s has the old form %d", s.path, have),
			Next: "open it once without --read-only",
		}
	}
	return s.migrate(ctx, have, want, steps)
}

func (s *Store) readSchema(ctx context.Context) (version uint32, empty bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bMeta)
		if b == nil {
			k, _ := tx.Cursor().First()
			if empty = k == nil; !empty {
				return damaged(s.path, errors.New("it is a bbolt file, but not one of cordon"))
			}
			return nil
		}
		p, err := unseal(keySchema, b.Get(keySchema))
		if err != nil || len(p) != 4 {
			return damaged(s.path, fmt.Errorf("its form is unreadable: %w", errBadRecord))
		}
		version = binary.BigEndian.Uint32(p)
		return nil
	})
	return version, empty, err
}

func (s *Store) create(tx *bbolt.Tx, version uint32) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucket(name); err != nil {
			return fmt.Errorf("creating the store: %w", err)
		}
	}
	b, err := json.Marshal(made{At: s.clock(), Version: s.opt.Version})
	if err != nil {
		return fmt.Errorf("creating the store: %w", err)
	}
	if err := tx.Bucket(bMeta).Put(keyMade, seal(keyMade, b)); err != nil {
		return fmt.Errorf("creating the store: %w", err)
	}
	if err := s.newLedger(tx, 1); err != nil {
		return err
	}
	return putSchema(tx, version)
}

func putSchema(tx *bbolt.Tx, version uint32) error {
	return tx.Bucket(bMeta).Put(keySchema, seal(keySchema, binary.BigEndian.AppendUint32(nil, version)))
}

func (s *Store) migrate(ctx context.Context, have, want uint32, steps []migration) error {
	if err := s.backup(ctx, fmt.Sprintf("%s.v%d.bak", s.path, have)); err != nil {
		return fmt.Errorf("backing the store up before its form changes: %w", err)
	}
	for _, m := range steps {
		if m.to <= have || m.to > want {
			continue
		}
		err := s.update(ctx, func(c *change) error {
			if err := m.run(c.Tx); err != nil {
				return err
			}
			return putSchema(c.Tx, m.to)
		})
		if err != nil {
			return fmt.Errorf("bringing the store to form %d: %w", m.to, err)
		}
		have = m.to
	}
	if have != want {
		return damaged(s.path, fmt.Errorf("no way from form %d to %d", have, want))
	}
	return nil
}

// backup writes a consistent copy; copying the file itself would not be one (M8).
func (s *Store) backup(ctx context.Context, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(f)
		return err
	})
	return errors.Join(err, f.Sync(), f.Close())
}
