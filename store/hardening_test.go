package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"cordon/store/soc"
)

// A reader that lasts is counted and told; the control is short.
func TestF72_LongReaderIsTold(t *testing.T) {
	for _, control := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var r readers
			leave := r.enter()
			age := longRead + time.Millisecond
			if control {
				age = slowRead / 2
			}
			time.Sleep(age)
			s := &Store{now: fixedClock}
			s.readers.open = map[uint64]time.Time{1: time.Now().Add(-r.oldest())}
			s.judgeReaders()
			if got := s.trouble.has(troubleReader); got == control {
				t.Errorf("after %s: trouble %v", age, got)
			}
			leave()
			if slow, longest := r.seen(); (slow == 1) == control || longest != age || r.oldest() != 0 {
				t.Errorf("after %s: %d slow, longest %s", age, slow, longest)
			}
			delete(s.readers.open, 1)
			s.judgeReaders()
			if s.trouble.has(troubleReader) {
				t.Error("the trouble outlives the reader")
			}
		})
	}
}

// A disk that takes three seconds for each commit delays a release by its own commit and the one before it, and screens and troubles by
// nothing: they do not wait for the writer.
func TestF81_SlowDiskDelaysAReleaseByItsOwnCommits(t *testing.T) {
	const slow = 3 * time.Second
	s := fresh(t)
	synctest.Test(t, func(t *testing.T) {
		l := must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
		s.opt.commit = func(tx *bbolt.Tx) error {
			time.Sleep(slow)
			return tx.Commit()
		}
		began := time.Now()
		busy := make(chan error, 1)
		go func() { busy <- s.AppendAudit(t.Context(), soc.AuditEntry{Action: "other"}) }()
		synctest.Wait()
		must(s.DueLockdowns(t.Context(), testNow, 0))
		_, _ = s.Troubles(), s.CanIsolate()
		if took := time.Since(began); took != 0 {
			t.Errorf("reading waited %s for the writer", took)
		}
		if err := <-busy; err != nil {
			t.Error(err)
		}
		must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "release"}))
		if took := time.Since(began); took != 2*slow {
			t.Errorf("the release took %s, want %s", took, 2*slow)
		}
		s.opt.commit = (*bbolt.Tx).Commit
	})
}

// Every form of the file against this program: older ones are backed up and brought forward, newer ones are refused untouched, and the
// backup of the older form still opens with what it held.
func TestF82_FormsForwardAndBack(t *testing.T) {
	for form := uint32(1); form <= schemaVersion+2; form++ {
		path := filepath.Join(t.TempDir(), "cordon.db")
		if form < schemaVersion {
			copyFile(t, fmt.Sprintf("../testdata/store/v%d.db", form), path)
		} else {
			s := open(t, path, Options{schema: form})
			must(s.SaveLockdown(t.Context(), lockdown("LK-1", "m1")))
			finish(t, s)
		}
		before := must(os.ReadFile(path))
		s, err := Open(t.Context(), path, Options{Now: fixedClock})
		if form > schemaVersion {
			wantCode(t, err, soc.KindRefused, "store-newer")
			if !bytes.Equal(before, must(os.ReadFile(path))) {
				t.Errorf("form %d was changed", form)
			}
			continue
		}
		if err != nil {
			t.Fatalf("form %d: %v", form, err)
		}
		if l := must(s.Lockdown(t.Context(), "LK-1")); l.ID != "LK-1" {
			t.Errorf("form %d: %+v", form, l)
		}
		finish(t, s)
		if form == schemaVersion {
			continue
		}
		rep, err := Examine(t.Context(), fmt.Sprintf("%s.v%d.bak", path, form))
		if err != nil || len(rep.Problems) > 0 || rep.Schema != form || rep.Lockdowns != 1 {
			t.Errorf("the backup of form %d: %+v, %v", form, rep, err)
		}
	}
}

// One flipped bit at a place of the file, a different bit at every place of the sweep, over every kind of record that is read back: no crash,
// and nothing reads as something that was never written. What is not there any more is missed when the store is opened, or shown to be
// missing by what leads to it. In the control the records are read without their checksums, and the same comparison finds wrong ones.
func TestF70_BitFlipSweep(t *testing.T) {
	const step = 31
	dir := t.TempDir()
	s := stocked(t, filepath.Join(dir, "cordon.db"), Options{})
	for i := range 5 {
		must(s.SaveLockdown(t.Context(), must(s.Lockdown(t.Context(), soc.LockdownID(fmt.Sprint("LK-", i)))), soc.AuditEntry{Action: "step"}))
	}
	if err := s.CompactAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	good, raw := everything(t, s), plainly(t, s.db)
	used := must(s.Size(t.Context()))
	finish(t, s)
	whole := must(os.ReadFile(s.path))[:used]
	file := must(os.OpenFile(filepath.Join(dir, "flipped.db"), os.O_RDWR|os.O_CREATE, 0o600))
	defer file.Close()
	must(file.Write(whole))
	r := rand.New(rand.NewPCG(70, uint64(used)))
	unread, held, wrong := 0, 0, 0
	for at := r.IntN(step); at < len(whole); at += step {
		must(file.WriteAt([]byte{whole[at] ^ 1<<r.IntN(8)}, int64(at)))
		o, err := openFile(file.Name(), Options{ReadOnly: true}.withDefaults())
		if err != nil {
			unread++
		} else {
			c := &Store{path: file.Name(), db: newBase(o.db), file: o.info, now: fixedClock, opt: Options{ReadOnly: true, Now: fixedClock}, pack: s.pack}
			refused := c.compareCounts(t.Context()) != nil // then opening it raises an alarm
			c.readOwed(t.Context())
			alarm := refused || c.holding() != nil || c.trouble.has(troubleDamaged)
			for k, v := range everything(t, c) {
				switch want, known := good[k]; {
				case strings.HasPrefix(v, "error"):
					unread++
				case v == "none" && alarm:
					held++
				case v == "none" && k == "host": // Defender tells it again
				case !known || v != want:
					t.Errorf("byte %d: %s reads as %.200s, want %.200s", at, k, v, want)
				}
			}
			for k, v := range plainly(t, c.db) {
				if raw[k] != v {
					wrong++
				}
			}
			_ = c.db.Close()
		}
		must(file.WriteAt(whole[at:at+1], int64(at)))
	}
	t.Logf("%d places: %d reads refused, %d missed with an alarm, %d wrong in the control", len(whole)/step, unread, held, wrong)
	if unread == 0 || wrong == 0 {
		t.Errorf("the sweep met nothing: %d unreadable, %d wrong without checksums", unread, wrong)
	}
}

// everything reads one of each kind, and says what came: the value, "none", or "error".
func everything(t *testing.T, s *Store) map[string]string {
	ctx, out := t.Context(), map[string]string{}
	note := func(name string, v any, err error) {
		switch {
		case errors.Is(err, soc.ErrNotFound):
			out[name] = "none"
		case err != nil:
			out[name] = "error"
		default:
			out[name] = string(must(json.Marshal(v)))
		}
	}
	for i := range 6 {
		id, host := soc.LockdownID(fmt.Sprint("LK-", i)), soc.HostKey{Integration: "contoso", MachineID: fmt.Sprint("m", i)}
		l, err := s.Lockdown(ctx, id)
		note("lockdown "+string(id), l, err)
		if l, err = s.OpenLockdown(ctx, host); err == nil {
			note("open lockdown of m"+fmt.Sprint(i), l, err)
		}
	}
	h, err := s.Host(ctx, soc.HostKey{Integration: "i1", MachineID: "m1"})
	note("host", h, err)
	in, err := s.Integration(ctx, "i1")
	note("integration", in, err)
	p, err := s.Policy(ctx)
	note("policy", p, err)
	ch, err := s.Channel(ctx, "ch")
	note("channel", ch, err)
	th, err := s.Threat(ctx, "th")
	note("threat report", th, err)
	push, err := s.PushedOne(ctx, "p")
	note("pushed indicator", push, err)
	token, err := one[soc.Token](ctx, s, kindToken, "t")
	note("token", token, err)
	for _, l := range s.owed.list() {
		note("owed "+string(l.ID), l, nil)
	}
	return out
}

// plainly is the lockdowns without a look at their checksums.
func plainly(t *testing.T, b *base) map[string]string {
	t.Helper()
	out := map[string]string{}
	func() {
		var err error
		defer guard(&err)()
		_ = b.View(func(tx *bbolt.Tx) error {
			return tx.Bucket(bLockdowns).ForEach(func(k, v []byte) error { out[string(k)] = string(v[min(envelopeHead, len(v)):]); return nil })
		})
	}()
	return out
}
