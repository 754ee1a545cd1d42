package main

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cordon/store"
	"cordon/store/ledger"
	"cordon/store/soc"
)

// D11: histories in memory, as the file holds them (key, checksum, record), are spoiled in every way that an attacker has, and given to the
// verifier of the store. It must find each one and name the first bad record exactly. The control for each way is the same verifier with the
// part taken out that finds it: the control must miss them, or the mutation proves nothing.

const (
	tamperShort, tamperLong = 800, 63_000 // mutations of each of the 16 kinds
	cleanShort, cleanLong   = 300, 10_000
	rateShort, rateLong     = 50_000, 1_000_000
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// kept is a record as the file holds it.
type kept struct{ key, value []byte }

func keep(seq uint64, raw []byte) kept {
	k := binary.BigEndian.AppendUint64(nil, seq)
	v := make([]byte, 5, 5+len(raw))
	v[0] = 1
	binary.BigEndian.PutUint32(v[1:], crc32.Update(crc32.Checksum(k, castagnoli), castagnoli, raw))
	return kept{k, append(v, raw...)}
}

func (k kept) raw() []byte { return k.value[5:] }

// evidence is a history with what is known about it elsewhere.
type evidence struct {
	rules ledger.Rules
	recs  []kept
	heads []ledger.Head // heads[i] is the head after i records
	head  ledger.Head
	marks []soc.Checkpoint // kept outside
	sign  ed25519.PrivateKey
}

func (e *evidence) judge(r ledger.Rules, marks []soc.Checkpoint) soc.ChainReport {
	w := ledger.NewWalk(r)
	w.Checkpoints(marks)
	s := w.Stream()
	for _, k := range e.recs {
		if !store.CheckRecord(s, k.key, k.value) {
			break
		}
	}
	s.Close()
	return w.EndAt(e.head)
}

// compose writes a history of n records, old of them without seal, with a checkpoint now and then.
func compose(r *rand.Rand, old, n int) (*evidence, error) {
	_, sign, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	first := ledger.NewKey()
	e := &evidence{sign: sign, rules: ledger.Rules{
		Store: fmt.Sprintf("%032x", r.Uint64()), From: uint64(old + 1), First: &first, Public: []ed25519.PublicKey{sign.Public().(ed25519.PublicKey)},
	}}
	e.head = ledger.Head{Key: first.Next()}
	e.heads = []ledger.Head{e.head}
	for i := range n {
		add := ledger.Head.Seal
		if i < old {
			add = ledger.Head.Seal1
		}
		raw, _, next, err := add(e.head, someEntry(r, i))
		if err != nil {
			return nil, err
		}
		e.head = next
		e.recs, e.heads = append(e.recs, keep(next.Seq, raw)), append(e.heads, next)
		if r.IntN(9) == 0 || i == n-1 {
			if err := e.mark(next); err != nil {
				return nil, err
			}
		}
	}
	return e, nil
}

func (e *evidence) mark(h ledger.Head) error {
	c, err := ledger.Sign(soc.Checkpoint{
		N: uint64(len(e.marks) + 1), Store: e.rules.Store, Seq: h.Seq, Hash: h.Hash, Time: time.Unix(int64(h.Seq)*60, 0).UTC(),
	}, e.sign)
	e.marks = append(e.marks, c)
	return err
}

func someEntry(r *rand.Rand, i int) soc.AuditEntry {
	return soc.AuditEntry{
		Time: time.Unix(int64(i)*60, 0).UTC(), Integration: "contoso", Actor: soc.Actor{Name: []string{"alice", "bob"}[r.IntN(2)], Via: "ssh", From: "10.0.0.7"},
		Action: []string{"isolate", "release", "extend"}[r.IntN(3)], Host: fmt.Sprintf("%040x", r.Uint64()), Target: fmt.Sprintf("WS-%d", r.IntN(500)),
		Result: soc.ResultOK, Reason: strings.Repeat("beacons to c2 ", r.IntN(4)), Detail: "by hand", Version: "1.0.0",
	}
}

// found is what the verifier must say: the first bad record, or the forged checkpoint, and for a history that went on from an older copy
// the last record before which a checkpoint still agrees.
type found struct{ seq, after, checkpoint uint64 }

// spoiling is one way to spoil a history. do returns false when it has no place in this one.
type spoiling struct {
	name string
	do   func(r *rand.Rand, e *evidence) (found, bool)
	weak func(e *evidence) bool // the control: reports whether a weakened verifier finds it
}

// The weakened verifiers.
func onlyOrder(e *evidence) bool { // keys follow each other, nothing else is looked at
	for i, k := range e.recs {
		if binary.BigEndian.Uint64(k.key) != uint64(i+1) {
			return true
		}
	}
	return false
}

func onlyChecksums(e *evidence) bool { // each record matches its checksum
	for _, k := range e.recs {
		if !slices.Equal(k.value, keep(binary.BigEndian.Uint64(k.key), k.raw()).value) {
			return true
		}
	}
	return false
}

func withoutMAC(e *evidence) bool {
	r := e.rules
	r.First = nil
	return !e.judge(r, nil).OK
}

func withoutCheckpoints(e *evidence) bool { return !e.judge(e.rules, nil).OK }

func runTamper(ctx context.Context, o options) ([]line, error) {
	each, clean, rate := tamperShort, cleanShort, rateShort
	if o.long {
		each, clean, rate = tamperLong, cleanLong, rateLong
	}
	r := rand.New(rand.NewPCG(o.seed, 11))
	var base []*evidence
	for range 48 {
		e, err := compose(r, r.IntN(2)*r.IntN(5), 6+r.IntN(14))
		if err != nil {
			return nil, err
		}
		base = append(base, e)
	}
	lines := proveAll(ctx, o.seed, base, each)
	if ctx.Err() != nil {
		return lines, ctx.Err()
	}
	l, err := cleanLogs(ctx, r, clean)
	if err != nil {
		return lines, err
	}
	speed, err := verifyRate(r, rate)
	l.note = speed
	return append(lines, l), err
}

// proveAll spoils n histories in every way, on all CPUs. Each way has its own chances, so that a seed repeats itself.
func proveAll(ctx context.Context, seed uint64, base []*evidence, n int) []line {
	all := spoilings(base)
	lines := make([]line, len(all))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				lines[i] = all[i].prove(ctx, rand.New(rand.NewPCG(seed, 1100+uint64(i))), base, n)
			}
		})
	}
	workers.Wait()
	return lines
}

// prove spoils n histories in one way.
func (s spoiling) prove(ctx context.Context, r *rand.Rand, base []*evidence, n int) line {
	l := line{what: "tampering: " + s.name, want: tamperLong}
	missed := 0
	for l.n < n && ctx.Err() == nil {
		from := base[r.IntN(len(base))]
		e := *from
		e.recs, e.marks = slices.Clone(from.recs), slices.Clone(from.marks)
		want, ok := s.do(r, &e)
		if !ok {
			continue
		}
		l.n++
		rep := e.judge(e.rules, e.marks)
		got := found{rep.BadSeq, rep.After, rep.BadCheckpoint}
		if want.checkpoint == 0 { // which checkpoint tells about a missing record is not part of the promise
			got.checkpoint = 0
		}
		if rep.OK || got != want {
			l.bad++
			if len(l.examples) < 3 {
				l.examples = append(l.examples, fmt.Sprintf("want %+v, got %+v", want, rep))
			}
		}
		if !s.weak(&e) {
			missed++
		}
	}
	l.control, l.caught = fmt.Sprintf("weakened verifier misses %d of %d", missed, l.n), missed*10 > l.n*9
	return l
}

// cleanLogs verifies histories that nobody touched. The control: the same histories with one bit flipped are all called bad.
func cleanLogs(ctx context.Context, r *rand.Rand, n int) (line, error) {
	l := line{what: "clean histories called bad", want: cleanLong}
	caught := 0
	for l.n < n && ctx.Err() == nil {
		size := 1 + r.IntN(60)
		e, err := compose(r, r.IntN(2)*r.IntN(size), size)
		if err != nil {
			return l, err
		}
		l.n++
		if rep := e.judge(e.rules, e.marks); !rep.OK || rep.Records != uint64(size) || rep.Checkpoints != len(e.marks) {
			l.bad++
			l.examples = append(l.examples, fmt.Sprintf("%+v", rep))
		}
		flip(r, e.recs[r.IntN(size)].raw())
		if rep := e.judge(e.rules, e.marks); !rep.OK {
			caught++
		}
	}
	l.control, l.caught = fmt.Sprintf("%d of %d found after one flipped bit", caught, l.n), caught == l.n
	return l, ctx.Err()
}

// verifyRate measures the verifier, which uses two cores.
func verifyRate(r *rand.Rand, n int) (string, error) {
	e, err := compose(r, 0, min(n, 50_000))
	if err != nil {
		return "", err
	}
	marks := e.marks[len(e.marks)-1:] // the newest one is enough; signatures are not what is measured
	began, done := time.Now(), 0
	for done < n {
		rep := e.judge(e.rules, marks)
		if !rep.OK {
			return "", fmt.Errorf("measuring: %s", rep.Problem)
		}
		done += int(rep.Records)
	}
	return fmt.Sprintf("verify rate %.0f records/s with MACs", float64(done)/time.Since(began).Seconds()), nil
}
