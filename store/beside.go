package store

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// judgeBeside compares a history that is in order by itself with what lies beside the store. Whoever can write the database alone can put a
// store that he made himself in its place, with an id, keys and checkpoints of its own: nothing in it is wrong, but it does not belong to its
// neighbours (SC22).
func (s *Store) judgeBeside(ctx context.Context, rep *soc.ChainReport, in ledgerInfo, beside []soc.Checkpoint) {
	problem, bad := s.strangers(in, beside), uint64(1)
	if problem == "" {
		problem, bad = s.deniedByEpoch(ctx)
	}
	if problem != "" {
		rep.OK, rep.BadSeq, rep.After, rep.BadCheckpoint, rep.Problem = false, bad, 0, 0, problem
	}
}

// strangers names a file beside the store that is of another one, "" if there is none.
func (s *Store) strangers(in ledgerInfo, beside []soc.Checkpoint) string {
	what := ""
	switch signer, err := s.signerBeside(); {
	case slices.ContainsFunc(beside, func(c soc.Checkpoint) bool { return c.Store != in.Store }):
		what = checkpointsName
	case err == nil && len(in.Public) > 0 && !slices.Contains(in.Public, ledger.PublicText(signer.Public().(ed25519.PublicKey))):
		what = signerName // a new one is written into the history with its first checkpoint
	default:
		what = s.strangeKey(in)
	}
	if what == "" {
		return ""
	}
	return fmt.Sprintf("%s beside the store is not of this store (%s): another store was put in the place of the one that it is of; "+
		"if that was done on purpose, move what belongs to the other one away and keep it", what, in.Store)
}

// strangeKey is a first key of another store where that of this one is not.
func (s *Store) strangeKey(in ledgerInfo) string {
	own := keyPath(s.path, in.Store)
	list, err := fs.Glob(os.DirFS(filepath.Dir(own)), "audit-*.key")
	if err != nil || len(list) == 0 || slices.Contains(list, filepath.Base(own)) {
		return ""
	}
	return list[0]
}

// deniedByEpoch says what the epoch knows better, unless a person has accepted that.
func (s *Store) deniedByEpoch(ctx context.Context) (why string, bad uint64) {
	m, there, err := readEpoch(s.path)
	if err != nil || !there {
		return "", 0
	}
	_ = s.view(ctx, func(tx *bbolt.Tx) error {
		if !accepted(tx, m) {
			why, bad = m.denied(tx)
		}
		return nil
	})
	return why, bad
}
