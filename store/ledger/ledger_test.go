package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/store/ledger"
	"cordon/store/soc"
)

var began = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// history is a log in memory: unsealed records of the first form, then sealed ones.
type history struct {
	id     string
	from   uint64
	first  ledger.Key
	raw    [][]byte
	heads  []ledger.Head // after each record; heads[0] is the beginning
	signer ed25519.PrivateKey
}

func write(t testing.TB, old, sealed int) *history {
	t.Helper()
	h := &history{id: strings.Repeat("ab", 16), from: uint64(old + 1), first: ledger.NewKey()}
	_, h.signer, _ = ed25519.GenerateKey(nil)
	head := ledger.Head{Key: h.first.Next()} // records of the first form do not use it up
	h.heads = []ledger.Head{head}
	for i := range old + sealed {
		e := soc.AuditEntry{
			Time: began.Add(time.Duration(i) * time.Minute), Actor: soc.Actor{Name: "alice", Via: "ssh"}, Action: "isolate", Target: fmt.Sprintf("WS-%d", i),
			Result: soc.ResultOK, Detail: `a "quoted" <line>, ,"prev":"` + strings.Repeat("0", 64),
		}
		add := ledger.Head.Seal
		if i < old {
			add = ledger.Head.Seal1
		}
		raw, _, next, err := add(head, e)
		if err != nil {
			t.Fatal(err)
		}
		head = next
		h.raw, h.heads = append(h.raw, raw), append(h.heads, head)
	}
	return h
}

func (h *history) rules() ledger.Rules {
	return ledger.Rules{Store: h.id, From: h.from, First: &h.first, Public: []ed25519.PublicKey{h.signer.Public().(ed25519.PublicKey)}}
}

func (h *history) checkpoint(t testing.TB, n, seq uint64) soc.Checkpoint {
	t.Helper()
	c, err := ledger.Sign(soc.Checkpoint{N: n, Store: h.id, Seq: seq, Hash: h.heads[seq].Hash, Time: began}, h.signer)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (h *history) judge(r ledger.Rules, marks ...soc.Checkpoint) soc.ChainReport {
	w := ledger.NewWalk(r)
	w.Checkpoints(marks)
	for _, raw := range h.raw {
		w.Record(raw)
	}
	return w.EndAt(h.heads[len(h.heads)-1])
}

// The hand-written HMAC and the derivation are the standard ones, and the MAC is what its definition says.
func TestSC22_SealIsHMACUnderAnHKDFChain(t *testing.T) {
	h := write(t, 0, 3)
	key := h.first
	for i, raw := range h.raw {
		next, err := hkdf.Expand(sha256.New, key[:], "cordon audit: the next sealing key", 32)
		if err != nil {
			t.Fatal(err)
		}
		if n := key.Next(); !bytes.Equal(next, n[:]) {
			t.Fatal("Next is not HKDF-Expand")
		}
		copy(key[:], next)
		var e soc.AuditEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		text, _, _ := bytes.Cut(raw, []byte(`,"mac":"`))
		digest := sha256.Sum256(append([]byte("cordon audit 2\n"), text...))
		m := hmac.New(sha256.New, key[:])
		m.Write(digest[:])
		mac := m.Sum(nil)
		hash := sha256.Sum256(slices.Concat([]byte("cordon audit 2 sealed\n"), digest[:], []byte(hex.EncodeToString(mac))))
		if e.MAC != hex.EncodeToString(mac) || e.Hash != hex.EncodeToString(hash[:]) || e.Seq != uint64(i+1) {
			t.Errorf("record %d is not sealed as defined", i+1)
		}
	}
}

func TestSC22_CleanHistoriesPass(t *testing.T) {
	for _, old := range []int{0, 1, 7} {
		for _, sealed := range []int{0, 1, 9} {
			h := write(t, old, sealed)
			var marks []soc.Checkpoint
			for seq := 1; seq <= old+sealed; seq += 3 {
				marks = append(marks, h.checkpoint(t, uint64(len(marks)+1), uint64(seq)))
			}
			rep := h.judge(h.rules(), marks...)
			if !rep.OK || rep.Records != uint64(old+sealed) || rep.Sealed != uint64(sealed) || rep.Checkpoints != len(marks) {
				t.Errorf("%d+%d: %+v", old, sealed, rep)
			}
		}
	}
}

// Who has everything but the first key and the keys of the past can write a chain that fits; the seal finds the first record of it.
func TestSC22_RewriteWithoutKeysIsFound(t *testing.T) {
	h := write(t, 3, 20)
	for at := 3; at < 23; at++ {
		forged := *h
		forged.raw, forged.heads = slices.Clone(h.raw), slices.Clone(h.heads)
		head := h.heads[at]
		head.Key = h.heads[23].Key // all that is left on the machine
		for i := at; i < 23; i++ {
			raw, _, next, err := head.Seal(soc.AuditEntry{Time: began, Action: "forged"})
			if err != nil {
				t.Fatal(err)
			}
			forged.raw[i], forged.heads[i+1], head = raw, next, next
		}
		if rep := forged.judge(h.rules()); rep.OK || rep.BadSeq != uint64(at+1) {
			t.Errorf("rewritten from %d: %+v", at+1, rep)
		}
		blind := h.rules()
		blind.First = nil
		if rep := forged.judge(blind); !rep.OK { // negative control: without MACs the forgery fits
			t.Errorf("without the key the rewrite from %d was noticed: %+v", at+1, rep)
		}
	}
}

func TestSC22_RecordsWithoutSealDoNotReplaceSealedOnes(t *testing.T) {
	h := write(t, 2, 5)
	plain := write(t, 7, 0)
	h.raw, h.heads = plain.raw, plain.heads
	if rep := h.judge(h.rules()); rep.OK || rep.BadSeq != 3 {
		t.Errorf("report = %+v", rep)
	}
}

// A copy of everything, keys included, is a valid history: only a checkpoint that left the machine tells.
func TestSC23_RollbackIsFoundByAnOutsideCheckpoint(t *testing.T) {
	h := write(t, 0, 30)
	outside := []soc.Checkpoint{h.checkpoint(t, 1, 10), h.checkpoint(t, 2, 20), h.checkpoint(t, 3, 30)}
	old := *h
	old.raw, old.heads = h.raw[:15], h.heads[:16]
	if rep := old.judge(h.rules()); !rep.OK { // negative control
		t.Fatalf("an older copy is a valid history, got %+v", rep)
	}
	if rep := old.judge(h.rules(), outside...); rep.OK || rep.BadSeq != 16 || rep.BadCheckpoint != 2 {
		t.Errorf("cut back: %+v", rep)
	}
	head := h.heads[15]
	old.raw, old.heads = slices.Clone(old.raw), slices.Clone(old.heads)
	for range 15 { // and goes on, with the right keys
		raw, _, next, err := head.Seal(soc.AuditEntry{Time: began, Action: "new story"})
		if err != nil {
			t.Fatal(err)
		}
		old.raw, old.heads, head = append(old.raw, raw), append(old.heads, next), next
	}
	if rep := old.judge(h.rules()); !rep.OK {
		t.Fatalf("negative control: %+v", rep)
	}
	if rep := old.judge(h.rules(), outside...); rep.OK || rep.After != 10 || rep.BadSeq != 20 || rep.BadCheckpoint != 2 {
		t.Errorf("taken back and continued: %+v, want it between 10 and 20", rep)
	}
}

func TestSC23_ForgedCheckpoints(t *testing.T) {
	h := write(t, 0, 10)
	other := write(t, 0, 10)
	good := h.checkpoint(t, 1, 5)
	for name, forge := range map[string]func(c *soc.Checkpoint){
		"number":     func(c *soc.Checkpoint) { c.N = 2 },
		"record":     func(c *soc.Checkpoint) { c.Seq = 6 },
		"hash":       func(c *soc.Checkpoint) { c.Hash = h.heads[6].Hash },
		"time":       func(c *soc.Checkpoint) { c.Time = began.Add(time.Second) },
		"store":      func(c *soc.Checkpoint) { c.Store = strings.Repeat("cd", 16) },
		"signature":  func(c *soc.Checkpoint) { c.Sig = h.checkpoint(t, 2, 6).Sig },
		"empty":      func(c *soc.Checkpoint) { *c = soc.Checkpoint{} },
		"other key":  func(c *soc.Checkpoint) { *c, _ = ledger.Sign(*c, other.signer) },
		"key's name": func(c *soc.Checkpoint) { *c, _ = ledger.Sign(*c, other.signer); c.Key = good.Key },
	} {
		c := good
		forge(&c)
		if rep := h.judge(h.rules(), c); rep.OK || rep.BadCheckpoint == 0 || rep.BadSeq != 0 {
			t.Errorf("%s: %+v", name, rep)
		}
	}
	if rep := h.judge(h.rules(), good); !rep.OK || rep.Checkpoints != 1 {
		t.Errorf("the true one: %+v", rep)
	}
}

func TestSC25_KeysNeverPrintThemselves(t *testing.T) {
	k := ledger.NewKey()
	file := ledger.KeyFile{Store: "ab", From: 1, First: k}
	for _, v := range []any{k, &k, file, &file, ledger.Head{Key: k}, []ledger.Key{k}, ledger.Rules{First: &k}} {
		text := fmt.Sprintf("%v %+v %#v %s %x %q %d", v, v, v, v, v, v, v)
		b, err := json.Marshal(v)
		if strings.Contains(text, k.Hex()) || strings.Contains(text, fmt.Sprint([32]byte(k))) || err == nil && strings.Contains(string(b), k.Hex()) {
			t.Errorf("%T shows the key", v)
		}
	}
	if got, err := ledger.ReadKeyFile(file.Encode()); err != nil || got != file {
		t.Errorf("ReadKeyFile = %v, %v", got, err)
	}
	if _, err := ledger.ReadKeyFile([]byte(`{"store":"ab","from":1,"key":"` + k.Hex() + `00"}`)); err == nil || strings.Contains(err.Error(), k.Hex()) {
		t.Errorf("a bad key file: %v", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := write(b, 0, 1000)
	for b.Loop() {
		if rep := h.judge(h.rules()); !rep.OK {
			b.Fatal(rep)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "records/s")
}
