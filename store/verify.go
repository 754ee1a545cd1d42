package store

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// VerifyAudit is VerifyHistory with what lies beside the store, and nobody's name on it.
func (s *Store) VerifyAudit(ctx context.Context) (soc.ChainReport, error) {
	return s.VerifyHistory(ctx, soc.VerifyOptions{})
}

// VerifyHistory checks the whole history and names the first record that is changed, missing, doubled, out of order, forged or cut off, and
// the first checkpoint that is forged or contradicts it. The error is about reading, or about the files given; what is wrong with the history
// is in the report. The outcome becomes an entry of the history itself when the options say who asks and the store may be written.
func (s *Store) VerifyHistory(ctx context.Context, o soc.VerifyOptions) (soc.ChainReport, error) {
	rep, err := s.verify(ctx, o)
	rep.Checked = s.clock()
	if err != nil || o.By.Name == "" || s.opt.ReadOnly {
		return rep, err
	}
	e := soc.AuditEntry{Actor: o.By, Action: "verify", Result: soc.ResultOK, Detail: fmt.Sprintf("%d records are in order", rep.Records)}
	if !rep.OK {
		e.Result, e.Detail = soc.ResultFailed, fmt.Sprintf("record %d: %s", rep.BadSeq, rep.Problem)
	}
	if err := s.AppendAudit(ctx, e); err != nil {
		rep.Notes = append(rep.Notes, "the outcome could not be written into the history: "+err.Error())
	}
	return rep, nil
}

func (s *Store) verify(ctx context.Context, o soc.VerifyOptions) (soc.ChainReport, error) {
	g, err := ledger.ReadGiven(o)
	if err != nil {
		return soc.ChainReport{}, err
	}
	var in ledgerInfo
	var own []soc.Checkpoint
	var total uint64
	err = s.view(ctx, func(tx *bbolt.Tx) (err error) {
		if in, err = readLedger(tx); err == nil {
			own, total = allCheckpoints(tx), lastSeq(tx)
		}
		return err
	})
	if err != nil {
		return soc.ChainReport{}, err
	}
	if !s.alone {
		s.findKey(&g, in)
	}
	rules, err := g.Rules(in.Store, in.From, publicKeys(in))
	if err != nil {
		return soc.ChainReport{}, err
	}
	rules.Lost = in.Lost
	w, err := g.Start(rules)
	if err != nil {
		return soc.ChainReport{}, err
	}
	w.OwnCheckpoints(own)
	var beside []soc.Checkpoint
	if !s.alone {
		if beside, err = s.checkpointsBeside(); err != nil && len(own) > 0 {
			g.Notes = append(g.Notes, "the file of checkpoints beside the store can not be read: "+err.Error())
		}
		w.Checkpoints(beside)
	}
	rep, err := s.walk(ctx, w, total, o.Progress)
	rep.Notes = append(rep.Notes, g.Notes...)
	if err == nil && rep.OK && !s.alone {
		s.judgeBeside(ctx, &rep, in, beside)
	}
	return rep, err
}

func (s *Store) checkpointsBeside() ([]soc.Checkpoint, error) {
	b, err := os.ReadFile(s.checkpointFile())
	list, _ := ledger.ParseCheckpoints(b)
	return list, err
}

// findKey takes the first key from beside the store when none was given.
func (s *Store) findKey(g *ledger.Given, in ledgerInfo) {
	if g.Key != nil {
		return
	}
	path := keyPath(s.path, in.Store)
	b, err := readPrivate(path)
	if err == nil {
		var f ledger.KeyFile
		if f, err = ledger.ReadKeyFile(b); err == nil && f.Store == in.Store {
			g.Key = &f
			g.Notes = append(g.Notes, "the first key lies beside the store, where whoever takes the machine over finds it: move "+
				filepath.Base(path)+" to another machine")
			return
		}
	}
	why := "is not beside the store"
	if err != nil && !missing(err) {
		why = "can not be read (" + err.Error() + ")"
	}
	g.Notes = append(g.Notes, "MACs were not checked: the key file "+filepath.Base(path)+" "+why+", give it with --key")
}

// walk checks the records in slices, so that no read transaction is long (F72).
func (s *Store) walk(ctx context.Context, w *ledger.Walk, total uint64, progress func(done, total uint64)) (soc.ChainReport, error) {
	var end ledger.Head
	for more := true; more && w.Good(); {
		err := s.view(ctx, func(tx *bbolt.Tx) (err error) {
			if more = slice(tx, w); !more && w.Good() {
				if end, err = readEnd(tx); err != nil {
					w.Bad(err.Error())
				}
			}
			return nil
		})
		if err != nil {
			return w.EndAt(end), err
		}
		if progress != nil {
			progress(w.Next()-1, max(total, w.Next()-1))
		}
	}
	return w.EndAt(end), nil
}

// slice checks the next records; it returns whether there are more.
func slice(tx *bbolt.Tx, w *ledger.Walk) bool {
	s := w.Stream()
	defer s.Close()
	cur := tx.Bucket(bAudit).Cursor()
	k, v := cur.Seek(seqKey(w.Next()))
	for n := 0; k != nil; k, v = cur.Next() {
		if n == auditSlice {
			return true
		}
		n++
		if !CheckRecord(s, k, v) {
			return false
		}
	}
	return false
}

// publicKeys are the keys that the store itself names.
func publicKeys(in ledgerInfo) []ed25519.PublicKey {
	var out []ed25519.PublicKey
	for _, p := range in.Public {
		if k, err := ledger.ParsePublic(p); err == nil {
			out = append(out, k)
		}
	}
	return out
}
