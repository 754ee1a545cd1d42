package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// keyHold marks a store that may be behind reality: it was restored, or it is older than its epoch says.
var keyHold = []byte("hold")

// Hold says why no host may be isolated until a person has looked (F71): the store may not know of orders that were given after it was
// copied. Reading, watching and releasing go on.
type Hold struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
	From  string    `json:"from,omitempty"` // the backup that was restored
	// Quiet is set until the history has a line about it.
	Quiet bool `json:"quiet,omitempty"`
}

// keyAccepted names the mark of the epoch that a person has accepted the store against: a crash between this and the next mark must not ask
// that person again.
var keyAccepted = []byte("accepted")

func putAccepted(tx *bbolt.Tx, m mark) error {
	return tx.Bucket(bMeta).Put(keyAccepted, seal(keyAccepted, m.encode()))
}

func accepted(tx *bbolt.Tx, m mark) bool {
	v := tx.Bucket(bMeta).Get(keyAccepted)
	b, err := unseal(keyAccepted, v)
	return v != nil && err == nil && bytes.Equal(b, m.encode())
}

func putHold(tx *bbolt.Tx, h Hold) error {
	v, err := encode(keyHold, h)
	if err != nil {
		return err
	}
	return tx.Bucket(bMeta).Put(keyHold, v)
}

// loadHold reads the mark and writes the line of history about it that is still missing.
func (s *Store) loadHold(ctx context.Context) error {
	var h *Hold
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		v := tx.Bucket(bMeta).Get(keyHold)
		if v == nil {
			return nil
		}
		h = &Hold{Since: s.clock(), Why: "the store was restored or rolled back; the note about it is damaged"}
		if b, err := unseal(keyHold, v); err == nil {
			return json.Unmarshal(b, h)
		}
		return nil
	})
	if err != nil || h == nil {
		return err
	}
	s.beHeld(*h)
	if !h.Quiet || s.opt.ReadOnly {
		return nil
	}
	return s.announce(ctx, *h)
}

// holdBack holds the store from now on.
func (s *Store) holdBack(ctx context.Context, why string) error {
	if s.holding() != nil {
		return nil
	}
	h := Hold{Since: s.clock(), Why: why, Quiet: true}
	s.beHeld(h)
	if s.opt.ReadOnly {
		return nil
	}
	return s.announce(ctx, h)
}

func (s *Store) announce(ctx context.Context, h Hold) error {
	h.Quiet = false
	return s.update(ctx, func(c *change) error {
		if err := putHold(c.Tx, h); err != nil {
			return err
		}
		detail := h.Why
		if h.From != "" {
			detail += " (" + h.From + ")"
		}
		return c.audit(soc.AuditEntry{Actor: soc.Service("store"), Action: "restore", Result: soc.ResultSeen, Detail: detail})
	})
}

func (s *Store) beHeld(h Hold) {
	s.hold.Store(&h)
	s.raise(soc.Trouble{
		Code: troubleHeld, Level: soc.LevelBad, What: h.Why,
		Means: "hosts may be isolated that this store does not know of; no host is isolated until a person has looked, releases go on",
		Next:  `compare the isolated hosts with Defender, then run "cordon restore --accept --reason …"`,
	})
}

// holding returns why no host may be isolated, nil if nothing holds.
func (s *Store) holding() *Hold { return s.hold.Load() }

// Accept ends the hold: a person has compared the store with Defender. The lines say who and why. It changes nothing if nothing holds.
func (s *Store) Accept(ctx context.Context, entries ...soc.AuditEntry) error {
	if s.holding() == nil {
		return nil
	}
	var head auditHead
	m, _, _ := readEpoch(s.path)
	err := s.update(ctx, func(c *change) error {
		if err := c.Bucket(bMeta).Delete(keyHold); err != nil {
			return fmt.Errorf("ending the hold of the store: %w", err)
		}
		if err := putAccepted(c.Tx, m); err != nil {
			return fmt.Errorf("ending the hold of the store: %w", err)
		}
		if err := c.audit(entries...); err != nil {
			return err
		}
		var err error
		head, err = readHead(c.Tx)
		return err
	})
	if err != nil {
		return err
	}
	s.hold.Store(nil)
	s.settle(troubleHeld)
	s.advance(head)
	s.advance(head) // into both slots: the one that is left alone would still hold the higher mark
	return s.epoch.flush()
}

// CanIsolate says whether a new isolation may be ordered as far as the store is concerned: it must be able to keep the promise. nil is yes.
// Releases never ask.
func (s *Store) CanIsolate() error {
	no := func(code, what, next string) error {
		return &soc.Error{
			Kind: soc.KindRefused, Code: code, What: what, Means: "no host is isolated; running lockdowns still end on time", Next: next,
		}
	}
	switch h := s.holding(); {
	case s.LostErr() != nil:
		return s.LostErr()
	case h != nil:
		return no(troubleHeld, h.Why, `compare the isolated hosts with Defender, then run "cordon restore --accept --reason …"`)
	case s.trouble.has(troubleUnmended):
		return no(troubleUnmended, "the store could not be put in order when it was opened", "look at the disk, then start cordon again")
	case s.trouble.has(troubleFailed):
		return no(troubleFailed, "the store can not be written at the moment", "look at the disk; cordon tries again every second")
	case s.missing.Load():
		return no(troubleScarce, "the disk of the store is full", "make room on the disk")
	}
	if r := s.measure(); r.low() {
		return no(troubleLow, fmt.Sprintf("the disk of the store is filling up (%s left)", r.left()), "make room on the disk")
	}
	return nil
}
