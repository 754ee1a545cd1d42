package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

const (
	// checkpointEvery and checkpointAfter say when a checkpoint is due: this long after the last look, if there is anything new, or after
	// this many records.
	checkpointEvery = time.Minute
	checkpointAfter = 100

	checkpointsName  = "checkpoints.jsonl"
	signerName       = "checkpoint.key"
	troubleUnsigned  = "checkpoint-failed"
	checkpointsAtOne = 1000
)

// RunCheckpoints signs where the history stands, once a minute while it grows and after every hundred records, until ctx ends; then once
// more. A checkpoint that can not be made is a trouble and is tried again; it never stops anything else.
func (s *Store) RunCheckpoints(ctx context.Context) error {
	if s.opt.ReadOnly {
		<-ctx.Done()
		return nil
	}
	watch := s.Watch()
	defer watch.Close()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	s.tryCheckpoint(ctx, 1)
	for {
		select {
		case <-ctx.Done():
			s.tryCheckpoint(context.WithoutCancel(ctx), 1)
			return nil
		case <-tick.C:
			s.tryCheckpoint(ctx, 1)
		case <-watch.C():
			if watch.Take().Has(soc.TopicAudit) {
				s.tryCheckpoint(ctx, checkpointAfter)
			}
		}
	}
}

func (s *Store) tryCheckpoint(ctx context.Context, after uint64) {
	err := s.checkpoint(ctx, after)
	if err == nil || ctx.Err() != nil {
		s.settle(troubleUnsigned)
		return
	}
	s.raise(soc.Trouble{
		Code: troubleUnsigned, Level: soc.LevelWarn, What: "the history can not be signed: " + err.Error(),
		Means: "no host is affected; a rewrite of the newest records would not be noticed", Next: "look at the data directory and the disk",
	})
}

// lastCheckpoint makes one when the store is closed. What it can not sign the next start signs, so its error stops nothing.
func (s *Store) lastCheckpoint() {
	if !s.opt.ReadOnly && !s.closed.Load() {
		_ = s.checkpoint(context.Background(), 1)
	}
}

// checkpoint makes one if at least after records came since the last, and brings the file up to date.
func (s *Store) checkpoint(ctx context.Context, after uint64) error {
	due := false
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		last, err := lastCheckpoint(tx)
		due = err != nil || lastSeq(tx) >= last.Seq+after
		return nil
	})
	if err != nil || !due {
		return err
	}
	key, err := s.signer()
	if err != nil {
		return err
	}
	var made soc.Checkpoint
	err = s.update(ctx, func(c *change) (err error) {
		made, err = c.checkpoint(key)
		return err
	})
	if err != nil || made.N == 0 {
		return err
	}
	return s.appendCheckpoint(made)
}

// checkpoint signs the end of the history inside a change. A key that the store does not know yet is written into the history first,
// unless it is the first one.
func (c *change) checkpoint(key ed25519.PrivateKey) (soc.Checkpoint, error) {
	in, err := readLedger(c.Tx)
	if err != nil {
		return soc.Checkpoint{}, err
	}
	public := key.Public().(ed25519.PublicKey) // what Public is documented to return
	if text := ledger.PublicText(public); !slices.Contains(in.Public, text) {
		if len(in.Public) > 0 {
			err = c.audit(soc.AuditEntry{
				Actor: soc.Service("store"), Action: "checkpoint-key", Result: soc.ResultOK, Before: in.Public[len(in.Public)-1], After: text,
				Detail: "the key that signs checkpoints was lost or replaced; a new one signs from here on",
			})
		}
		in.Public = append(in.Public, text)
		if err = errors.Join(err, putLedger(c.Tx, in)); err != nil {
			return soc.Checkpoint{}, err
		}
	}
	last, err := lastCheckpoint(c.Tx)
	if err != nil {
		return soc.Checkpoint{}, err
	}
	head, err := readHead(c.Tx)
	if err != nil || head.Seq <= last.Seq {
		return soc.Checkpoint{}, err
	}
	cp, err := ledger.Sign(soc.Checkpoint{N: last.N + 1, Store: in.Store, Seq: head.Seq, Hash: head.Hash, Time: c.s.clock()}, key)
	if err != nil {
		return soc.Checkpoint{}, err
	}
	v, err := encode(seqKey(cp.N), cp)
	if err != nil {
		return soc.Checkpoint{}, err
	}
	c.touch(soc.TopicAudit)
	return cp, c.Bucket(bCheckpoints).Put(seqKey(cp.N), v)
}

func lastCheckpoint(tx *bbolt.Tx) (c soc.Checkpoint, err error) {
	if k, v := tx.Bucket(bCheckpoints).Cursor().Last(); k != nil {
		if err := decode(k, v, &c); err != nil {
			return c, badRecord("the last checkpoint", err)
		}
	}
	return c, nil
}

// allCheckpoints reads every checkpoint; one that can not be read is one that nobody signed.
func allCheckpoints(tx *bbolt.Tx) []soc.Checkpoint {
	var out []soc.Checkpoint
	cur := tx.Bucket(bCheckpoints).Cursor()
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		var c soc.Checkpoint
		if decode(k, v, &c) != nil {
			c = soc.Checkpoint{}
		}
		out = append(out, c)
	}
	return out
}

// Checkpoints returns up to limit checkpoints that follow number after, oldest first; 0 means as many as are handed out at once. The newest
// is enough to prove everything before it.
func (s *Store) Checkpoints(ctx context.Context, after uint64, limit int) ([]soc.Checkpoint, error) {
	if limit <= 0 || limit > checkpointsAtOne {
		limit = checkpointsAtOne
	}
	var out []soc.Checkpoint
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		cur := tx.Bucket(bCheckpoints).Cursor()
		for k, v := cur.Seek(seqKey(after + 1)); k != nil && len(out) < limit; k, v = cur.Next() {
			var c soc.Checkpoint
			if err := decode(k, v, &c); err != nil {
				return badRecord("a checkpoint", err)
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

func (s *Store) checkpointFile() string { return filepath.Join(filepath.Dir(s.path), checkpointsName) }

// appendCheckpoint adds a line to the file beside the store, which is easier to ship than a database. Half a line that a crash left behind
// is cut off first.
func (s *Store) appendCheckpoint(c soc.Checkpoint) (err error) {
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encoding a checkpoint: %w", err)
	}
	f, err := openPrivate(s.checkpointFile(), os.O_RDWR|os.O_CREATE)
	if errors.Is(err, syscall.ELOOP) {
		return unsafeStore(s.checkpointFile() + " is a symbolic link")
	}
	if err != nil {
		return fmt.Errorf("opening the file of checkpoints: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, err := wholeLines(f)
	if err == nil {
		_, err = f.WriteAt(append(line, '\n'), end)
	}
	if err != nil {
		return fmt.Errorf("writing the file of checkpoints: %w", err)
	}
	return f.Sync()
}

// wholeLines cuts half a line off the end of the file and returns the length that is left.
func wholeLines(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	tail := make([]byte, min(info.Size(), 4096))
	at := info.Size() - int64(len(tail))
	if _, err := f.ReadAt(tail, at); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	end := at + int64(bytes.LastIndexByte(tail, '\n')) + 1
	if end < info.Size() {
		return end, f.Truncate(end)
	}
	return end, nil
}

// signerFile is the file with the private key of the checkpoints. It is a plain private file beside the store, like the key of the
// credentials: sealing one with the other would not stop anybody who can read both. What the key signs is worth something only after it left
// the machine.
type signerFile struct {
	What string `json:"what"`
	Seed string `json:"seed"`
}

// signer reads the key of the checkpoints, making it on first use.
func (s *Store) signer() (ed25519.PrivateKey, error) {
	key, err := s.signerBeside()
	if !missing(err) {
		return key, err
	}
	_, private, gerr := ed25519.GenerateKey(nil)
	if gerr != nil {
		return nil, fmt.Errorf("making a key for checkpoints: %w", gerr)
	}
	text, merr := json.Marshal(signerFile{
		What: "private key that signs the checkpoints of an audit history of cordon", Seed: base64.StdEncoding.EncodeToString(private.Seed()),
	})
	if err := errors.Join(merr, writeOnce(s.signerPath(), append(text, '\n'))); err != nil {
		return nil, fmt.Errorf("making a key for checkpoints: %w", err)
	}
	return s.signerBeside()
}

func (s *Store) signerPath() string { return filepath.Join(filepath.Dir(s.path), signerName) }

// signerBeside reads the key; fs.ErrNotExist when there is none.
func (s *Store) signerBeside() (ed25519.PrivateKey, error) {
	b, err := readPrivate(s.signerPath())
	if err != nil {
		return nil, fmt.Errorf("reading the key for checkpoints: %w", err)
	}
	var f signerFile
	if json.Unmarshal(b, &f) == nil {
		if seed, err := base64.StdEncoding.DecodeString(f.Seed); err == nil && len(seed) == ed25519.SeedSize {
			return ed25519.NewKeyFromSeed(seed), nil
		}
	}
	return nil, fmt.Errorf("%s is not a key for checkpoints; move it away and a new one is made", s.signerPath())
}

// Signer is the public key of the checkpoints, as people write it down; it makes the key on first use.
func (s *Store) Signer() (string, error) {
	key, err := s.signer()
	if err != nil {
		return "", err
	}
	return ledger.PublicText(key.Public().(ed25519.PublicKey)), nil // what Public is documented to return
}
