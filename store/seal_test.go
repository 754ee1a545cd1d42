package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// copyDir copies every file of a data directory, as an attacker or a snapshot would.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	for _, f := range must(os.ReadDir(from)) {
		if f.Type().IsRegular() {
			if err := os.WriteFile(filepath.Join(to, f.Name()), must(os.ReadFile(filepath.Join(from, f.Name()))), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func verified(t testing.TB, s *Store, o soc.VerifyOptions) soc.ChainReport {
	t.Helper()
	return must(s.VerifyHistory(t.Context(), o))
}

// Whatever the outcome of a commit, the key is that of the next record: every record written afterwards is sealed and verifies. The negative
// control puts the key of one record earlier back, as a crash would if the key were not in the same transaction.
func TestF15_SealKeyEvolvesInTheTransactionOfItsRecord(t *testing.T) {
	broken := errors.New("input/output error")
	for n := range 4 {
		for _, durable := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "cordon.db")
			s := open(t, path, Options{})
			left := n
			s.opt.commit = func(tx *bbolt.Tx) error {
				if left--; left != -1 {
					return tx.Commit()
				}
				if durable {
					return errors.Join(tx.Commit(), broken)
				}
				return broken
			}
			for range 5 {
				_ = s.AppendAudit(t.Context(), soc.AuditEntry{Action: "step"})
				rep := verified(t, s, soc.VerifyOptions{})
				if !rep.OK || rep.Sealed != rep.Records {
					t.Fatalf("commit %d fails, durable %v: %+v", n, durable, rep)
				}
			}
			s = reopen(t, s)
			if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "after"}); err != nil {
				t.Fatal(err)
			}
			if rep := verified(t, s, soc.VerifyOptions{}); !rep.OK || rep.Records < 5 || rep.Sealed != rep.Records {
				t.Errorf("commit %d fails, durable %v: after the start %+v", n, durable, rep)
			}
		}
	}
	s := audited(t, 3)
	var before []byte
	tamper(t, s, func(tx *bbolt.Tx) error {
		before = bytes.Clone(must(unseal(keySeal, tx.Bucket(bMeta).Get(keySeal))))
		return nil
	})
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "four"}); err != nil {
		t.Fatal(err)
	}
	tamper(t, s, func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Put(keySeal, seal(keySeal, before)) })
	if rep := verified(t, s, soc.VerifyOptions{}); rep.OK {
		t.Error("a key that lags behind its record was not noticed")
	}
	past := s.write(t.Context(), func(c *change) error { return c.audit(soc.AuditEntry{Action: "past the mending"}) }, vital)
	if past == nil {
		t.Error("a record was sealed with a key of the past")
	}
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "six"}); err != nil { // after the line that says what happened
		t.Error(err)
	}
	if rep := verified(t, s, soc.VerifyOptions{}); rep.OK || rep.BadSeq != 5 || s.CanIsolate() == nil {
		t.Errorf("a new key took its place in silence: %+v", rep)
	}
}

// The store never holds the first key, and no key of the past in its records; the key file is private and made before the store.
func TestSC22_OldKeysAreForgotten(t *testing.T) {
	s := fresh(t)
	path := must(s.KeyPath())
	if got := must(os.Stat(path)).Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the key file = %v", got)
	}
	first := must(ledger.ReadKeyFile(must(os.ReadFile(path)))).First
	key := first.Next()
	for range 3 {
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
			t.Fatal(err)
		}
		tamper(t, s, func(tx *bbolt.Tx) error {
			b := tx.Bucket(bMeta)
			return b.ForEach(func(k, v []byte) error {
				if bytes.Contains(v, key[:]) || bytes.Contains(v, first[:]) || bytes.Contains(v, []byte(key.Hex())) {
					t.Errorf("meta record %s holds a key of the past", k)
				}
				return nil
			})
		})
		key = key.Next()
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	rep := verified(t, s, soc.VerifyOptions{})
	if !rep.OK || rep.Sealed != 0 || !strings.Contains(strings.Join(rep.Notes, "\n"), "MACs were not checked") {
		t.Errorf("without the key file: %+v", rep)
	}
	other := ledger.KeyFile{Store: "another", From: 1, First: first}
	if _, err := s.VerifyHistory(t.Context(), soc.VerifyOptions{Key: other.Encode()}); !errors.Is(err, soc.ErrInvalid) {
		t.Errorf("the key of another store: %v", err)
	}
}

func TestSC22_CheckpointEveryMinuteAndEveryHundredRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Now: time.Now})
		done := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() { defer close(done); _ = s.RunCheckpoints(ctx) }()
		add := func(n int) {
			for range n {
				if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		want := func(what string, seqs ...uint64) {
			t.Helper()
			synctest.Wait()
			var got []uint64
			for _, c := range must(s.Checkpoints(t.Context(), 0, 0)) {
				got = append(got, c.Seq)
			}
			if !reflect.DeepEqual(got, seqs) {
				t.Errorf("%s: checkpoints cover %v, want %v", what, got, seqs)
			}
		}
		add(99)
		want("99 records", nil...)
		add(1)
		want("100 records", 100)
		add(1)
		want("one more", 100)
		time.Sleep(checkpointEvery)
		want("a minute later", 100, 101)
		time.Sleep(10 * checkpointEvery)
		want("nothing new", 100, 101)
		add(1)
		stop()
		<-done
		want("stopped", 100, 101, 102)
		if rep := verified(t, s, soc.VerifyOptions{}); !rep.OK || rep.Checkpoints != 6 { // in the store and in the file
			t.Errorf("report = %+v", rep)
		}
		if list := must(s.Checkpoints(t.Context(), 1, 1)); len(list) != 1 || list[0].N != 2 {
			t.Errorf("Checkpoints(1, 1) = %+v", list)
		}
	})
}

func TestSC23_RollbackOfTheWholeDirectoryIsFound(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cordon.db")
	s := open(t, path, Options{})
	add := func(n int) {
		for range n {
			if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(5)
	finish(t, s)
	snapshot := t.TempDir()
	copyDir(t, dir, snapshot)
	s = open(t, path, Options{})
	add(5)
	finish(t, s)
	outside := must(os.ReadFile(filepath.Join(dir, checkpointsName)))

	back := open(t, filepath.Join(snapshot, "cordon.db"), Options{})
	if rep := verified(t, back, soc.VerifyOptions{}); !rep.OK { // negative control: by itself the copy is a good history
		t.Fatalf("the older copy alone: %+v", rep)
	}
	if rep := verified(t, back, soc.VerifyOptions{Checkpoints: [][]byte{outside}}); rep.OK || rep.BadSeq != 6 {
		t.Errorf("older copy against what was kept elsewhere: %+v", rep)
	}
	// Only the database put back: the file beside it tells.
	finish(t, back)
	if err := os.WriteFile(filepath.Join(snapshot, checkpointsName), outside, 0o600); err != nil {
		t.Fatal(err)
	}
	back = open(t, filepath.Join(snapshot, "cordon.db"), Options{})
	if rep := verified(t, back, soc.VerifyOptions{}); rep.OK || rep.BadSeq != 6 {
		t.Errorf("older database beside newer checkpoints: %+v", rep)
	}
	other := fresh(t)
	if _, err := other.VerifyHistory(t.Context(), soc.VerifyOptions{Checkpoints: [][]byte{outside}}); !errors.Is(err, soc.ErrInvalid) {
		t.Errorf("checkpoints of another store: %v", err)
	}
}

func TestSC23_ForgedCheckpointsInTheStoreAreFound(t *testing.T) {
	for name, spoil := range map[string]func(*bbolt.Tx, soc.Checkpoint) error{
		"removed": func(tx *bbolt.Tx, _ soc.Checkpoint) error { return tx.Bucket(bCheckpoints).Delete(seqKey(1)) },
		"changed": func(tx *bbolt.Tx, c soc.Checkpoint) error {
			c.Seq--
			return tx.Bucket(bCheckpoints).Put(seqKey(1), must(encode(seqKey(1), c)))
		},
		"another store": func(tx *bbolt.Tx, c soc.Checkpoint) error {
			c.Store = "x"
			return tx.Bucket(bCheckpoints).Put(seqKey(1), must(encode(seqKey(1), c)))
		},
		"damaged": func(tx *bbolt.Tx, _ soc.Checkpoint) error { return tx.Bucket(bCheckpoints).Put(seqKey(1), []byte("x")) },
	} {
		s := reopen(t, audited(t, 4))
		if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
			t.Fatal(err)
		}
		s = reopen(t, s)
		list := must(s.Checkpoints(t.Context(), 0, 0))
		if rep := verified(t, s, soc.VerifyOptions{}); len(list) != 2 || !rep.OK {
			t.Fatalf("before: %v %+v", list, rep)
		}
		tamper(t, s, func(tx *bbolt.Tx) error { return spoil(tx, list[0]) })
		if rep := verified(t, s, soc.VerifyOptions{}); rep.OK || rep.BadCheckpoint != 1 {
			t.Errorf("%s: %+v", name, rep)
		}
	}
}

// Half a line that a crash left in the file of checkpoints is cut off; a lost key of checkpoints is replaced, and the history says so.
func TestSC22_CheckpointFilesSurviveACrash(t *testing.T) {
	s := reopen(t, audited(t, 4))
	f := must(os.OpenFile(s.checkpointFile(), os.O_APPEND|os.O_WRONLY, 0))
	_, err := f.WriteString(`{"n":2,"sto`)
	if err := errors.Join(err, f.Close(), os.Remove(filepath.Join(filepath.Dir(s.Path()), signerName))); err != nil {
		t.Fatal(err)
	}
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x"}); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	rep := verified(t, s, soc.VerifyOptions{})
	if !rep.OK || rep.Checkpoints != 4 || rep.Records != 6 {
		t.Errorf("report = %+v", rep)
	}
	if last := must(s.AuditAfter(t.Context(), 5, 1)); len(last) != 1 || last[0].Action != "checkpoint-key" {
		t.Errorf("last entry = %+v", last)
	}
}

func TestSC22_VerificationIsAuditedAndReadOnlyStaysPossible(t *testing.T) {
	s := audited(t, 3)
	calls := 0
	o := soc.VerifyOptions{By: soc.Actor{Name: "alice", Via: "cli"}, Progress: func(done, total uint64) {
		if calls++; done > total || total != 3 {
			t.Errorf("progress %d of %d", done, total)
		}
	}}
	if rep := verified(t, s, o); !rep.OK || calls == 0 {
		t.Errorf("report = %+v", rep)
	}
	if e := must(s.AuditAfter(t.Context(), 3, 9)); len(e) != 1 || e[0].Action != "verify" || e[0].Result != soc.ResultOK || e[0].Actor.Name != "alice" {
		t.Errorf("entries = %+v", e)
	}
	finish(t, s)
	ro := open(t, s.Path(), Options{ReadOnly: true})
	if rep := verified(t, ro, soc.VerifyOptions{By: o.By}); !rep.OK || rep.Records != 4 {
		t.Errorf("read-only: %+v", rep)
	}
}

// Without its audit entry no lockdown is kept, so nothing may be sent (K-11).
func TestSC24_NoAuditNoLockdown(t *testing.T) {
	for name, spoil := range map[string]func(*bbolt.Tx) error{
		"head":       func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Put(keyHead, []byte("rubbish")) },
		"seal":       func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Put(keySeal, []byte("rubbish")) },
		"seal gone":  func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Delete(keySeal) },
		"no trouble": func(*bbolt.Tx) error { return nil }, // negative control
	} {
		s := audited(t, 2)
		tamper(t, s, spoil)
		_, err := s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate", Result: soc.ResultAccepted})
		_, found := s.Lockdown(t.Context(), "LK-1")
		if broken := name != "no trouble"; broken != (err != nil) || broken != errors.Is(found, soc.ErrNotFound) {
			t.Errorf("%s: SaveLockdown = %v, Lockdown = %v", name, err, found)
		}
	}
}

// hostile is what attackers put into names and error texts (SC26).
func hostile() []string {
	return []string{
		"a\nb", "a\r\nFAKE LINE", "\x1b[2J\x1b]0;owned\x07", "\x9b31m", "a\x00b", "\u202egnp.exe", "\u2066x\u2069", "a\u2028b", "\ufeff", "\xff\xfe\x1b[",
		"proto: syntax error (line 1:1): unknown field \"\x1b[31m\nlevel=error msg=forged\"", "\x7f\x08\x08", "\u0085next",
	}
}

// Every text field of the entry goes through the one door, found by reflection, so that a new field can not be forgotten.
func TestSC26_NoControlBytesGetIntoTheHistoryOrOut(t *testing.T) {
	s := fresh(t)
	for _, text := range hostile() {
		var e soc.AuditEntry
		inscribe(reflect.ValueOf(&e).Elem(), text)
		if err := s.AppendAudit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, format := range []soc.AuditFormat{soc.ExportJSON, soc.ExportNDJSON, soc.ExportCSV, soc.ExportCEF} {
		var out bytes.Buffer
		if n, err := s.ExportAudit(t.Context(), &out, soc.AuditExport{Format: format}); err != nil || n != len(hostile()) {
			t.Fatalf("%s: %d, %v", format, n, err)
		}
		if bad := strings.IndexFunc(out.String(), dangerous); bad >= 0 {
			t.Errorf("%s carries %q", format, out.String()[bad:min(bad+20, out.Len())])
		}
		if format == soc.ExportCEF && strings.Count(out.String(), "\n") != len(hostile()) {
			t.Errorf("cef has %d lines", strings.Count(out.String(), "\n"))
		}
	}
	for _, e := range must(s.AuditAfter(t.Context(), 0, 100)) {
		each(reflect.ValueOf(e), func(v string) {
			if !plain(v) {
				t.Errorf("entry %d holds %q", e.Seq, v)
			}
		})
	}
	for _, text := range hostile() { // negative control: the check sees every one of them before it is cleaned
		if plain(text) {
			t.Errorf("the check does not see %q", text)
		}
	}
}

// plain reports whether a text is safe in one line.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsAny(s, "\r\n") && !strings.ContainsFunc(s, dangerous)
}

// dangerous tells what must not be in any file that is handed out, line ends aside.
func dangerous(r rune) bool {
	return r != '\n' && r != '\r' && unicode.IsControl(r) || unicode.In(r, unicode.Cf) || r == '\u2028' || r == '\u2029'
}

func inscribe(v reflect.Value, text string) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.String:
			f.SetString(text)
		case f.Kind() == reflect.Struct && f.Type() != timeType:
			inscribe(f, text)
		}
	}
}

func each(v reflect.Value, visit func(string)) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.String:
			visit(f.String())
		case f.Kind() == reflect.Struct && f.Type() != timeType:
			each(f, visit)
		}
	}
}

// The record can say everything that "it was not me" is answered with.
func TestSC21_RecordHasAFieldForEachQuestion(t *testing.T) {
	b := must(json.Marshal(soc.AuditEntry{
		Actor:  soc.Actor{Name: "n", Via: "v", From: "f", Key: "k", Serial: "s", Session: "i", Role: "r"},
		Reason: "r", Before: "b", After: "a", ActionID: "x", RequestID: "y",
	}))
	for _, name := range []string{"name", "via", "from", "key", "serial", "session", "role", "reason", "before", "after", "actionId", "requestId"} {
		if !bytes.Contains(b, []byte(`"`+name+`":`)) {
			t.Errorf("the record has no field %s", name)
		}
	}
	s := fresh(t)
	var e soc.AuditEntry
	inscribe(reflect.ValueOf(&e).Elem(), "told")
	if err := s.AppendAudit(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	got := must(s.AuditAfter(t.Context(), 0, 1))[0]
	empty := 0
	each(reflect.ValueOf(got), func(v string) {
		if v == "" {
			empty++
		}
	})
	if empty != 1 { // Prev of the first record
		t.Errorf("%d fields are lost on the way: %+v", empty-1, got)
	}
}

// An export is checked on another machine, with what was kept elsewhere, and every change of it is found and named.
func TestN10_ExportVerifiesWithoutTheStore(t *testing.T) {
	s := reopen(t, audited(t, 12))
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "x", Detail: strings.Repeat("long ", 100_000)}); err != nil {
		t.Fatal(err)
	}
	key, marks, public := must(os.ReadFile(must(s.KeyPath()))), must(os.ReadFile(s.checkpointFile())), must(s.Signer())
	all := soc.VerifyOptions{Key: key, Checkpoints: [][]byte{marks}, Public: []string{public}}
	for _, format := range []soc.AuditFormat{soc.ExportJSON, soc.ExportNDJSON} {
		var out bytes.Buffer
		must(s.ExportAudit(t.Context(), &out, soc.AuditExport{Format: format}))
		if format == soc.ExportJSON && !json.Valid(out.Bytes()) {
			t.Error("the JSON export is no JSON")
		}
		judge := func(text string, o soc.VerifyOptions) soc.ChainReport {
			t.Helper()
			return must(ledger.VerifyExport(strings.NewReader(text), o))
		}
		if rep := judge(out.String(), all); !rep.OK || rep.Records != 13 || rep.Sealed != 13 || rep.Checkpoints != 2 {
			t.Fatalf("%s: %+v", format, rep)
		}
		if rep := judge(out.String(), soc.VerifyOptions{}); !rep.OK || rep.Sealed != 0 || len(rep.Notes) == 0 {
			t.Errorf("%s without anything: %+v", format, rep)
		}
		lines := strings.SplitAfter(out.String(), "\n")
		at := func(seq int) int {
			for i, l := range lines {
				if strings.HasPrefix(l, fmt.Sprintf(`{"seq":%d,`, seq)) {
					return i
				}
			}
			t.Fatal("no such line")
			return 0
		}
		without := strings.Join(append(append([]string{}, lines[:at(5)]...), lines[at(6):]...), "")
		for name, tc := range map[string]struct {
			text string
			bad  uint64
		}{
			"changed": {strings.Replace(out.String(), `line \u003c6\u003e`, `line \u003c9\u003e`, 1), 7},
			"removed": {without, 5},
			"cut off": {strings.Join(lines[:at(9)], ""), 9},
		} {
			if rep := judge(tc.text, all); rep.OK || rep.BadSeq != tc.bad {
				t.Errorf("%s %s: %+v, want record %d", format, name, rep, tc.bad)
			}
		}
		var part bytes.Buffer
		must(s.ExportAudit(t.Context(), &part, soc.AuditExport{Format: format, Query: soc.AuditQuery{Text: "actor:alice"}}))
		if _, err := ledger.VerifyExport(&part, all); !errors.Is(err, soc.ErrInvalid) {
			t.Errorf("%s of a search: %v", format, err)
		}
	}
}

func TestSC22_MigratedHistorySaysWhatItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	if err := os.WriteFile(path, must(os.ReadFile(v1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, Options{})
	seal := must(s.AuditAfter(t.Context(), 2, 9))
	if len(seal) != 1 || seal[0].Action != "seal" || seal[0].Result != soc.ResultOK || seal[0].MAC == "" {
		t.Errorf("seal = %+v", seal)
	}
	if rep := verified(t, s, soc.VerifyOptions{}); !rep.OK || rep.Records != 3 || rep.Sealed != 1 {
		t.Errorf("report = %+v", rep)
	}
}
