package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"cordon/store/ledger"
	"cordon/store/soc"
)

// flip damages one record of the bucket meta.
func flip(name []byte) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		v := bytes.Clone(tx.Bucket(bMeta).Get(name))
		v[len(v)-1] ^= 4
		return tx.Bucket(bMeta).Put(name, v)
	}
}

// One flipped bit in the small records that end and seal the history must not take the releases with it: isolating fails closed, releasing
// fails safe (E1), people hear of it, and the history never looks as if nothing had been. Noticed at the start or by the write itself. In
// the controls nothing is damaged, or the write goes past the mending.
func TestF70_K11_AReleaseIsWrittenAlthoughTheEndIsDamaged(t *testing.T) {
	for _, tt := range []struct {
		name    string
		spoil   func(*bbolt.Tx) error
		damaged bool
		lost    bool // the key
	}{
		{"seal", flip(keySeal), true, true},
		{"head", flip(keyHead), true, false}, // the key says which record is the last
		{"seal gone", func(tx *bbolt.Tx) error { return tx.Bucket(bMeta).Delete(keySeal) }, true, true},
		{"both", func(tx *bbolt.Tx) error { return errors.Join(flip(keySeal)(tx), flip(keyHead)(tx)) }, true, true},
		{"control", func(*bbolt.Tx) error { return nil }, false, false},
	} {
		for _, running := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: "/running", false: "/start"}[running], func(t *testing.T) {
				s := fresh(t)
				l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
				tamper(t, s, tt.spoil)
				past := s.write(t.Context(), func(c *change) error { return c.audit(soc.AuditEntry{Action: "past"}) }, vital)
				if (past != nil) != tt.damaged {
					t.Fatalf("past the mending: %v", past)
				}
				if !running {
					s = reopen(t, s)
				}
				l.Phase = soc.PhaseReleaseRequested
				l, err := s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"})
				if err != nil {
					t.Fatalf("a person's release is refused: %v; troubles %v", err, s.Troubles())
				}
				_, err = s.SaveLockdown(t.Context(), lockdown("LK-2", "m2"), soc.AuditEntry{Action: "isolate"})
				if (err != nil) != tt.damaged || (s.CanIsolate() != nil) != tt.damaged {
					t.Errorf("isolating: %v, %v", err, s.CanIsolate())
				}
				if list := s.Troubles(); (len(list) > 0 && list[0].Level == soc.LevelBad) != tt.damaged {
					t.Errorf("troubles = %v", list)
				}
				s = reopen(t, s)
				if (s.CanIsolate() != nil) != tt.damaged {
					t.Errorf("isolating after a restart: %v", s.CanIsolate())
				}
				if got := must(s.Lockdown(t.Context(), "LK-1")); got.Phase != l.Phase {
					t.Errorf("the release is %s", got.Phase)
				}
				if err := s.Accept(t.Context(), soc.AuditEntry{Action: "accept"}); err != nil || s.CanIsolate() != nil {
					t.Errorf("accepting: %v, %v", err, s.CanIsolate())
				}
				wantMended(t, s, tt.damaged, tt.lost)
			})
		}
	}
}

// wantMended checks what the history says of its mending, in the store and in an export, with and without the first key.
func wantMended(t *testing.T, s *Store, damaged, lost bool) {
	t.Helper()
	line := must(s.Audit(t.Context(), soc.AuditQuery{Text: "action:mend"}))
	if damaged != (line.Matched == 1) || damaged && line.Entries[0].Result != soc.ResultFailed {
		t.Errorf("lines = %+v", line.Entries)
	}
	want := uint64(0)
	if lost {
		want = line.Entries[0].Seq
	}
	var out bytes.Buffer
	must(s.ExportAudit(t.Context(), &out, soc.AuditExport{Format: soc.ExportNDJSON}))
	key := must(os.ReadFile(must(s.KeyPath())))
	for _, o := range []soc.VerifyOptions{{}, {Key: key}} {
		if rep := must(ledger.VerifyExport(bytes.NewReader(out.Bytes()), o)); rep.OK == lost || rep.BadSeq != want {
			t.Errorf("the export: %+v, want record %d bad", rep, want)
		}
	}
	if rep := verified(t, s, soc.VerifyOptions{}); rep.OK == lost || rep.BadSeq != want {
		t.Errorf("report = %+v, want record %d bad", rep, want)
	}
	if err := os.Remove(must(s.KeyPath())); err != nil {
		t.Fatal(err)
	}
	if rep := verified(t, s, soc.VerifyOptions{}); rep.OK == lost || rep.BadSeq != want {
		t.Errorf("without the first key: %+v, want record %d bad", rep, want)
	}
}

// Records behind the head that somebody put there while the key is lost are not overwritten: the first one stays to be seen.
func TestF70_MendingOverwritesNoRecord(t *testing.T) {
	s := audited(t, 5)
	tamper(t, s, func(tx *bbolt.Tx) error {
		head := auditHead{Seq: 3, Hash: "x"}
		return errors.Join(putHead(tx, head), flip(keySeal)(tx))
	})
	if err := s.AppendAudit(t.Context(), soc.AuditEntry{Action: "on"}); err != nil {
		t.Fatal(err)
	}
	if last := must(s.AuditAfter(t.Context(), 5, 9)); len(last) == 0 || last[0].Action != "mend" {
		t.Errorf("entries behind the fifth = %+v", last)
	}
	if rep := verified(t, s, soc.VerifyOptions{}); rep.OK || rep.BadSeq != 6 {
		t.Errorf("report = %+v", rep)
	}
}

// A store that can be read is opened although the lines about its hold, its mended end or its mended index can not be written: nobody else keeps its
// timers. The alarm is raised and no host is isolated. In the control the disk takes the lines.
func TestF70_K11_TheStoreOpensAlthoughNothingCanBeMended(t *testing.T) {
	for name, spoil := range map[string]func(*bbolt.Tx) error{
		"hold":  func(tx *bbolt.Tx) error { return putHold(tx, Hold{Since: testNow, Why: "restored", Quiet: true}) },
		"end":   flip(keySeal),
		"index": func(tx *bbolt.Tx) error { return tx.Bucket(bOpen).Put([]byte("stray"), []byte("LK-1")) },
	} {
		for _, control := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "cordon.db")
			s := open(t, path, Options{})
			must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1"), soc.AuditEntry{Action: "isolate"}))
			finish(t, s)
			o, err := openFile(path, Options{}.withDefaults())
			if err := errors.Join(err, o.db.Update(spoil), o.db.Close()); err != nil {
				t.Fatal(err)
			}
			opt := Options{Now: fixedClock, space: func(string) (space, error) { return space{1 << 40, 1 << 40}, nil }}
			if !control {
				opt.commit = func(tx *bbolt.Tx) error { return errors.Join(errors.New("input/output error"), tx.Rollback()) }
			}
			s, err = Open(context.Background(), path, opt)
			if err != nil {
				t.Errorf("%s: the store does not open, so nobody keeps the timers: %v", name, err)
				continue
			}
			if got := s.trouble.has(troubleUnmended); got == control {
				t.Errorf("%s, control %v: troubles %v", name, control, s.Troubles())
			}
			if !control && s.CanIsolate() == nil {
				t.Errorf("%s: a host may be isolated", name)
			}
			if got := must(s.Lockdown(t.Context(), "LK-1")); got.ID != "LK-1" {
				t.Errorf("%s: %+v", name, got)
			}
			_ = s.Close() // which can not sign
		}
	}
}
