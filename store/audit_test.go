package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

func audited(t *testing.T, n int) *Store {
	t.Helper()
	s := fresh(t)
	for i := range n {
		e := soc.AuditEntry{
			Time: at(time.Duration(i) * time.Minute), Integration: "contoso", Actor: soc.Actor{Name: []string{"alice", "bob"}[i%2]},
			Action: []string{"isolate", "release", "extend"}[i%3], Host: fmt.Sprintf("m%d", i%4), Target: fmt.Sprintf("WS-%d", i%4),
			Lockdown: soc.LockdownID(fmt.Sprintf("LK-%d", i%5)), Result: soc.ResultOK, Detail: fmt.Sprintf("line <%d>", i),
		}
		if err := s.AppendAudit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestAudit_StoreNumbersAndStamps(t *testing.T) {
	s := fresh(t)
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "a", Seq: 99, Hash: "x"}, soc.AuditEntry{Action: "b"}); err != nil {
		t.Fatal(err)
	}
	got := must(s.AuditAfter(t.Context(), 0, 10))
	if len(got) != 2 || got[0].Seq != 1 || got[1].Seq != 2 || got[0].Version != "1.2.3" || !got[0].Time.Equal(testNow) {
		t.Fatalf("entries = %+v", got)
	}
	if got[0].Prev != "" || got[1].Prev != got[0].Hash || len(got[0].Hash) != 64 {
		t.Errorf("chain = %q %q %q", got[0].Hash, got[1].Prev, got[1].Hash)
	}
	s = reopen(t, s)
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "c"}); err != nil {
		t.Fatal(err)
	}
	if after := must(s.AuditAfter(t.Context(), 2, 10)); len(after) != 1 || after[0].Prev != got[1].Hash {
		t.Errorf("after reopening = %+v", after)
	}
}

func TestAudit_Search(t *testing.T) {
	s := audited(t, 60)
	now := at(time.Hour)
	s.now = func() time.Time { return now }
	for _, tc := range []struct {
		q    soc.AuditQuery
		want int
	}{
		{soc.AuditQuery{}, 60},
		{soc.AuditQuery{Text: "actor:alice"}, 30},
		{soc.AuditQuery{Text: "alice isolate"}, 10},
		{soc.AuditQuery{Text: "-alice action:isolate"}, 10},
		{soc.AuditQuery{Text: `"line <7>"`}, 1},
		{soc.AuditQuery{Text: "target:ws-1"}, 15},
		{soc.AuditQuery{Text: "since:30m"}, 30},
		{soc.AuditQuery{Since: at(50 * time.Minute)}, 10},
		{soc.AuditQuery{Lockdown: "LK-1"}, 12},
		{soc.AuditQuery{Host: soc.HostKey{Integration: "contoso", MachineID: "m1"}}, 15},
		{soc.AuditQuery{Host: soc.HostKey{Integration: "fabrikam", MachineID: "m1"}}, 0},
		{soc.AuditQuery{Text: "nothing"}, 0},
	} {
		all := must(s.Audit(t.Context(), tc.q))
		if all.Matched != tc.want || len(all.Entries) != tc.want || all.Total != 60 {
			t.Errorf("Audit(%+v) = %d entries, matched %d of %d, want %d", tc.q, len(all.Entries), all.Matched, all.Total, tc.want)
		}
		q := tc.q
		q.From, q.Count = 3, 5
		page := must(s.Audit(t.Context(), q))
		if want := min(5, max(0, tc.want-3)); len(page.Entries) != want || page.Matched != tc.want {
			t.Errorf("page of %+v = %d entries, matched %d", tc.q, len(page.Entries), page.Matched)
		}
		for i, e := range page.Entries {
			if e.Seq != all.Entries[i+3].Seq {
				t.Errorf("page of %+v shows %d at %d", tc.q, e.Seq, i)
			}
		}
	}
	if page := must(s.Audit(t.Context(), soc.AuditQuery{Count: 2})); page.Entries[0].Seq != 60 || page.Entries[1].Seq != 59 {
		t.Errorf("newest = %d, %d", page.Entries[0].Seq, page.Entries[1].Seq)
	}
}

func TestAudit_SearchCrossesSlices(t *testing.T) {
	s := fresh(t)
	n := auditSlice*2 + 7
	entries := make([]soc.AuditEntry, n)
	for i := range entries {
		entries[i].Action = fmt.Sprintf("a%d", i%2)
	}
	if err := s.AppendAudit(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	if got := must(s.Audit(t.Context(), soc.AuditQuery{Text: "action:a1"})); got.Matched != n/2 {
		t.Errorf("matched = %d, want %d", got.Matched, n/2)
	}
	if got := must(s.Audit(t.Context(), soc.AuditQuery{})); len(got.Entries) != n {
		t.Errorf("entries = %d, want %d", len(got.Entries), n)
	}
	if rep := must(s.VerifyAudit(t.Context())); !rep.OK || rep.Records != uint64(n) || rep.LastSeq != uint64(n) {
		t.Errorf("report = %+v", rep)
	}
}

// rewrite puts a changed entry in its place with a correct checksum, and a correct own hash if rehash is set; its MAC is then one of a
// wrong key, because the right one is gone.
func rewrite(tx *bbolt.Tx, seq uint64, rehash bool, change func(*soc.AuditEntry)) error {
	b := tx.Bucket(bAudit)
	var e soc.AuditEntry
	if err := decode(seqKey(seq), b.Get(seqKey(seq)), &e); err != nil {
		return err
	}
	change(&e)
	if !rehash {
		return b.Put(seqKey(seq), must(encode(seqKey(seq), e)))
	}
	raw, _, _, err := ledger.Head{Seq: seq - 1, Hash: e.Prev, Key: ledger.NewKey()}.Seal(e)
	return errors.Join(err, b.Put(seqKey(seq), seal(seqKey(seq), raw)))
}

func TestVerifyAudit_NamesTheFirstBadRecord(t *testing.T) {
	for name, tc := range map[string]struct {
		tamper func(*bbolt.Tx) error
		bad    uint64
	}{
		"untouched": {func(*bbolt.Tx) error { return nil }, 0},
		"flipped bit": {func(tx *bbolt.Tx) error {
			v := append([]byte(nil), tx.Bucket(bAudit).Get(seqKey(7))...)
			v[40] ^= 4
			return tx.Bucket(bAudit).Put(seqKey(7), v)
		}, 7},
		"changed": {func(tx *bbolt.Tx) error {
			return rewrite(tx, 7, false, func(e *soc.AuditEntry) { e.Actor.Name = "mallory" })
		}, 7},
		"changed and hashed again": {func(tx *bbolt.Tx) error {
			return rewrite(tx, 7, true, func(e *soc.AuditEntry) { e.Actor.Name = "mallory" })
		}, 7},
		"last changed and hashed again": {func(tx *bbolt.Tx) error {
			return rewrite(tx, 20, true, func(e *soc.AuditEntry) { e.Result = "ok?" })
		}, 20},
		"deleted":       {func(tx *bbolt.Tx) error { return tx.Bucket(bAudit).Delete(seqKey(7)) }, 7},
		"first deleted": {func(tx *bbolt.Tx) error { return tx.Bucket(bAudit).Delete(seqKey(1)) }, 1},
		"cut off":       {func(tx *bbolt.Tx) error { return tx.Bucket(bAudit).Delete(seqKey(20)) }, 20},
		"emptied": {func(tx *bbolt.Tx) error {
			if err := tx.DeleteBucket(bAudit); err != nil {
				return err
			}
			_, err := tx.CreateBucket(bAudit)
			return err
		}, 1},
		"swapped": {func(tx *bbolt.Tx) error {
			b := tx.Bucket(bAudit)
			x := append([]byte(nil), b.Get(seqKey(7))...)
			y := append([]byte(nil), b.Get(seqKey(9))...)
			return firstErr(b.Put(seqKey(7), y), b.Put(seqKey(9), x))
		}, 7},
		"swapped and sealed again": {func(tx *bbolt.Tx) error {
			b := tx.Bucket(bAudit)
			x, y := b.Get(seqKey(7))[envelopeHead:], b.Get(seqKey(9))[envelopeHead:]
			sx, sy := seal(seqKey(9), x), seal(seqKey(7), y)
			return firstErr(b.Put(seqKey(7), sy), b.Put(seqKey(9), sx))
		}, 7},
		"doubled": {func(tx *bbolt.Tx) error {
			return tx.Bucket(bAudit).Put(seqKey(21), seal(seqKey(21), tx.Bucket(bAudit).Get(seqKey(20))[envelopeHead:]))
		}, 21},
		"something hidden beside": {func(tx *bbolt.Tx) error {
			p := tx.Bucket(bAudit).Get(seqKey(7))[envelopeHead:]
			return tx.Bucket(bAudit).Put(seqKey(7), seal(seqKey(7), []byte(strings.Replace(string(p), `{`, `{"extra":1,`, 1))))
		}, 7},
		"head removed": {func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Delete(keyHead) }, 21},
	} {
		t.Run(name, func(t *testing.T) {
			s := audited(t, 20)
			tamper(t, s, tc.tamper)
			rep := must(s.VerifyAudit(t.Context()))
			if rep.BadSeq != tc.bad || rep.OK != (tc.bad == 0) || (rep.Problem == "") != rep.OK {
				t.Errorf("report = %+v, want first bad record %d", rep, tc.bad)
			}
		})
	}
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Everything that reads history shows a damaged record instead of passing over it.
func TestF70_DamagedAuditRecordIsShown(t *testing.T) {
	s := audited(t, 3)
	tamper(t, s, func(tx *bbolt.Tx) error { return tx.Bucket(bAudit).Put(seqKey(2), []byte("rubbish")) })
	got := must(s.Audit(t.Context(), soc.AuditQuery{})).Entries
	if len(got) != 3 || got[1].Seq != 2 || got[1].Action != "damaged" {
		t.Errorf("entries = %+v", got)
	}
}
