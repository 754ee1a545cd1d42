package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// The epoch is a small file beside the store: how far its history got. It is written after the store, so it is never ahead of it, unless
// somebody put an older file in the place of the store (F71). It also tells a store that was never begun from one that is gone (F18).
//
// The file has two slots that are written in turn, so that a torn write leaves the other one.
const (
	epochSlot = 256
	epochForm = "cordon-epoch 1"
)

func epochPath(path string) string { return beside(path, ".epoch") }

// mark is one slot.
type mark struct {
	auditHead
	at time.Time
}

func (m mark) encode() []byte {
	hash := m.Hash
	if hash == "" {
		hash = "-"
	}
	text := fmt.Sprintf("%s %d %s %d", epochForm, m.Seq, hash, m.at.Unix())
	text += fmt.Sprintf(" %08x\n", crc32.Checksum([]byte(text), castagnoli))
	return append([]byte(text), make([]byte, epochSlot-len(text))...)
}

func decodeMark(b []byte) (m mark, ok bool) {
	line, _, found := strings.Cut(string(b), "\n")
	i := strings.LastIndexByte(line, ' ')
	if !found || i < 0 || line[i+1:] != fmt.Sprintf("%08x", crc32.Checksum([]byte(line[:i]), castagnoli)) {
		return m, false
	}
	var unix int64
	if n, _ := fmt.Sscanf(line, epochForm+" %d %s %d", &m.Seq, &m.Hash, &unix); n != 3 {
		return m, false
	}
	if m.at = time.Unix(unix, 0).UTC(); m.Hash == "-" {
		m.Hash = ""
	}
	return m, true
}

// readEpoch returns the newest mark. there says that the file exists: a store was begun here once.
func readEpoch(path string) (m mark, there bool, err error) {
	b, err := os.ReadFile(epochPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err != nil {
		return m, true, fmt.Errorf("reading the epoch: %w", err)
	}
	for len(b) >= epochSlot {
		if one, ok := decodeMark(b[:epochSlot]); ok && one.Seq >= m.Seq {
			m = one
		}
		b = b[epochSlot:]
	}
	if m.at.IsZero() {
		return m, true, errors.New("the epoch file is unreadable")
	}
	return m, true, nil
}

// epoch writes the file.
type epoch struct {
	mu    sync.Mutex
	f     *os.File
	turn  int64
	dirty bool
}

// put writes a mark; it reaches the disk with the next flush.
func (e *epoch) put(path string, m mark) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.f == nil {
		f, err := os.OpenFile(epochPath(path), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
		if err != nil {
			return fmt.Errorf("writing the epoch: %w", err)
		}
		e.f = f
	}
	if _, err := e.f.WriteAt(m.encode(), e.turn*epochSlot); err != nil {
		return fmt.Errorf("writing the epoch: %w", err)
	}
	e.turn, e.dirty = 1-e.turn, true
	return nil
}

func (e *epoch) flush() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.dirty {
		return nil
	}
	if err := e.f.Sync(); err != nil {
		return fmt.Errorf("writing the epoch: %w", err)
	}
	e.dirty = false
	return nil
}

func (e *epoch) close() error {
	err := e.flush()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.f == nil {
		return err
	}
	err = errors.Join(err, e.f.Close())
	e.f = nil
	return err
}

// advance notes how far the history got. While the store is held, the mark stays where it was: it is the proof.
func (s *Store) advance(head auditHead) {
	if s.holding() != nil {
		return
	}
	s.marked(s.epoch.put(s.path, mark{head, s.clock()}))
}

func (s *Store) marked(err error) {
	if err == nil {
		s.settle(troubleEpoch)
		return
	}
	s.raise(soc.Trouble{
		Code: troubleEpoch, Level: soc.LevelWarn, What: err.Error(),
		Means: "an older copy put in the place of the store would not be noticed", Next: "check the disk and the rights on the folder of the store",
	})
}

// begun refuses to begin an empty store where there was one before (F18).
func begun(path string) error {
	m, there, err := readEpoch(path)
	if !there {
		return nil
	}
	was := fmt.Sprintf("%d lines of history, the last of %s", m.Seq, m.at.Format(time.RFC3339))
	if err != nil {
		was = "an unknown number of lines"
	}
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "store-missing", Err: err,
		What:  fmt.Sprintf("the store %s is missing or empty, but there was one (%s)", path, was),
		Means: "hosts that it isolated may still be isolated, and nobody releases them",
		Next:  fmt.Sprintf("put it back with \"cordon restore FILE\"; to begin anew, move %s and the keys and checkpoints beside it away", epochPath(path)),
	}
}

// unbegun reports whether the file is the rest of a first start that was cut off: nothing but what bbolt writes before anything of ours, and
// never begun as far as the epoch knows.
func unbegun(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > int64(4*os.Getpagesize()) {
		return false
	}
	if _, there, err := readEpoch(path); there || err != nil {
		return false
	}
	b, err := os.ReadFile(path)
	return err == nil && blank(b)
}

// blank reports whether b begins an empty bbolt file: two pages with the transactions 0 and 1 in their heads, and two with a head alone. What
// a power cut left out is zero.
func blank(b []byte) bool {
	const head, txid, end = 16, 64, 80 // bytes into a page: behind its own head, of the transaction, behind the head of the file
	for n := 0; len(b) > 0; n++ {
		page := b[:min(len(b), os.Getpagesize())]
		b = b[len(page):]
		used := head
		if n < 2 {
			used = end
			if id := page[min(txid, len(page)):min(txid+8, len(page))]; n == 0 && !zero(id) || n == 1 && len(id) == 8 && binary.NativeEndian.Uint64(id) > 1 {
				return false
			}
		}
		if !zero(page[min(used, len(page)):]) {
			return false
		}
	}
	return true
}

func zero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// denied says how the history differs from what the epoch knows of it, and from which record on; "" if it does not.
func (m mark) denied(tx *bbolt.Tx) (why string, bad uint64) {
	when := m.at.Format(time.RFC3339)
	if last := lastSeq(tx); m.Seq > last {
		return fmt.Sprintf("the store ends at line %d of its history, but line %d was written on %s: it is an older copy", last, m.Seq, when), last + 1
	}
	var e soc.AuditEntry
	if v := tx.Bucket(bAudit).Get(seqKey(m.Seq)); v == nil || decode(seqKey(m.Seq), v, &e) != nil || e.Hash == m.Hash {
		return "", 0 // a damaged record is reported where it is read
	}
	return fmt.Sprintf("line %d of the history is not the one that was written on %s: it is another copy of the store", m.Seq, when), m.Seq
}

// compareEpoch holds the store if the epoch knows more of its history than it does itself, or another history.
func (s *Store) compareEpoch(ctx context.Context) error {
	m, there, err := readEpoch(s.path)
	if err != nil {
		s.marked(err)
	}
	var head auditHead
	known, why := false, ""
	rerr := s.view(ctx, func(tx *bbolt.Tx) (err error) {
		known = accepted(tx, m)
		why, _ = m.denied(tx)
		head, err = readHead(tx)
		return err
	})
	switch {
	case rerr != nil: // a damaged history is reported where it is read
		return nil
	case known:
		s.advance(head)
	case why != "":
		return s.holdBack(ctx, why)
	case !there || err != nil || m.Seq < head.Seq:
		s.advance(head)
		if err := s.epoch.flush(); err != nil {
			s.marked(err)
		}
	}
	return nil
}
