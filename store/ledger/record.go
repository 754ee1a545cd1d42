// Package ledger is the proof that nobody touched the history: how a record is written down, chained and sealed, how checkpoints are signed,
// how an export looks, and how all of it is checked.
//
// It is pure: no file, no clock, no database. The store, an export on another machine and the proofs share the one verifier (Walk), so what
// is proved about it holds for all of them.
//
// Three layers, each for an attacker whom the one before does not stop:
//
//   - The chain. A record carries the hash of the record before it and its own. Whoever changes, removes, doubles or moves one must write
//     all that follow anew.
//   - The seal. A record carries a MAC under a key that is used once: the next key is derived from it and replaces it in the same
//     transaction. Whoever takes the machine over at record 1000 has key 1001 and can not go back, so records up to 1000 can not be written
//     anew. Checking needs the first key, which stands in a file of its own and belongs on another machine.
//   - Checkpoints. Now and then the place is signed with Ed25519 and handed out. Whoever puts an older copy of everything back, keys
//     included, does not have the copies that left the machine.
//
// Caveats. Records of form 1 are older than the seal: one that was exchanged for another with a matching hash is noticed at the record behind
// it. The seal says nothing about records written after a take-over. Without the first key MACs are not checked, and the report says so.
// A history that was rolled back and continued is noticed at the next checkpoint; which of the records since the one before were changed
// nobody can say, so the report gives the range.
package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"cordon/store/soc"
)

// The forms of a record. A record of form 1 has no MAC: it was written before there was a seal.
//
//	form 1  hash = SHA-256("cordon audit 1\n" prev "\n" text), text being the record with empty prev and hash
//	form 2  digest = SHA-256("cordon audit 2\n" text), text being the record without mac and hash but with prev
//	        mac = HMAC-SHA-256(key, digest)    hash = SHA-256("cordon audit 2 sealed\n" digest, mac in hex)
//
// The stored bytes are the canonical form, so checking never has to decode and encode a record again.
const (
	form1Intro  = "cordon audit 1\n"
	form2Intro  = "cordon audit 2\n"
	sealedIntro = "cordon audit 2 sealed\n"
	hexLen      = 2 * sha256.Size
	tagMAC      = `,"mac":"`
	tagHash     = `,"hash":"`
	tagPrev     = `,"prev":"`
	tagSeq      = `{"seq":`
	tagEnd      = `"}`
)

// Head is the end of a history: what the next record is chained to and sealed with.
type Head struct {
	Seq  uint64
	Hash string
	Key  Key
}

// Seal makes e the next record: it sets Seq, Prev, MAC and Hash and returns the bytes to store, and the head after it. The key of the old
// head must be forgotten with it.
func (h Head) Seal(e soc.AuditEntry) (raw []byte, sealed soc.AuditEntry, next Head, err error) {
	e.Seq, e.Prev, e.MAC, e.Hash = h.Seq+1, h.Hash, "", ""
	raw, err = json.Marshal(e)
	if err != nil {
		return nil, e, h, fmt.Errorf("encoding a record of the history: %w", err)
	}
	text, ok := bytes.CutSuffix(raw, []byte(tagHash+tagEnd))
	if !ok {
		return nil, e, h, errors.New("encoding a record of the history: it does not end with its hash")
	}
	digest := digest2(text)
	mac := h.Key.mac(digest[:])
	e.MAC = hex.EncodeToString(mac[:])
	hash := hash2(digest, []byte(e.MAC))
	e.Hash = hex.EncodeToString(hash[:])
	raw = append(text, tagMAC+e.MAC+`"`+tagHash+e.Hash+tagEnd...)
	return raw, e, Head{Seq: e.Seq, Hash: e.Hash, Key: h.Key.Next()}, nil
}

func digest2(text []byte) [sha256.Size]byte {
	var room [1024]byte
	return sha256.Sum256(append(append(room[:0], form2Intro...), text...))
}

// hash2 covers the text of the MAC, so that there is one way to write it.
func hash2(digest [sha256.Size]byte, mac []byte) [sha256.Size]byte {
	var room [len(sealedIntro) + sha256.Size + hexLen]byte
	return sha256.Sum256(append(append(append(room[:0], sealedIntro...), digest[:]...), mac...))
}

// record is a record taken apart without decoding it. Its slices are parts of the raw bytes.
type record struct {
	form            int
	seq             uint64
	prev, mac, hash []byte // hex
	text            []byte // what the digest of form 2 covers
}

var errForm = errors.New("record is not in the form in which records are written")

// split takes raw bytes apart. Inside a JSON text a quote is escaped, so no text of a record can look like the fields that end it.
func split(raw []byte) (r record, err error) {
	rest, ok := bytes.CutSuffix(raw, []byte(tagEnd))
	if !ok {
		return r, errForm
	}
	if rest, r.hash, ok = cutHex(rest, tagHash); !ok {
		return r, errForm
	}
	r.form, r.text = 1, rest
	if sealed, ok := bytes.CutSuffix(rest, []byte(`"`)); ok {
		if text, mac, ok := cutHex(sealed, tagMAC); ok {
			r.form, r.mac, r.text = 2, mac, text
		}
	}
	if r.prev, ok = prevOf(r.text); !ok {
		return r, errForm
	}
	digits, ok := bytes.CutPrefix(raw, []byte(tagSeq))
	if n := bytes.IndexByte(digits, ','); ok && n > 0 && n <= 20 {
		r.seq, err = strconv.ParseUint(string(digits[:n]), 10, 64)
		return r, err
	}
	return r, errForm
}

// cutHex takes the 64 bytes of hex digits and the tag before them off the end. What they are is not looked at: each is compared with text
// that was computed.
func cutHex(b []byte, tag string) (rest, digits []byte, ok bool) {
	n := len(b) - hexLen
	if n < len(tag) || string(b[n-len(tag):n]) != tag {
		return nil, nil, false
	}
	return b[:n-len(tag)], b[n:], true
}

// prevOf is the prev field at the end of a text; the first record has an empty one.
func prevOf(text []byte) ([]byte, bool) {
	b, ok := bytes.CutSuffix(text, []byte(`"`))
	if !ok {
		return nil, false
	}
	if bytes.HasSuffix(b, []byte(tagPrev)) {
		return nil, true
	}
	_, prev, ok := cutHex(b, tagPrev)
	return prev, ok
}

// hashOf computes what the hash of the record should be, and the digest that its MAC covers.
func (r record) hashOf() (hash, digest [sha256.Size]byte) {
	if r.form == 2 {
		digest = digest2(r.text)
		return hash2(digest, r.mac), digest
	}
	h := sha256.New()
	h.Write([]byte(form1Intro))
	h.Write(r.prev)
	h.Write([]byte("\n"))
	h.Write(r.text[:len(r.text)-1-len(r.prev)]) // up to the quote that opens prev
	h.Write([]byte(`"` + tagHash + tagEnd))
	return [sha256.Size]byte(h.Sum(nil)), digest
}

// Seal1 writes a record of the old form, for tests and for judging old files.
func (h Head) Seal1(e soc.AuditEntry) (raw []byte, sealed soc.AuditEntry, next Head, err error) {
	e.Seq, e.Prev, e.MAC, e.Hash = h.Seq+1, "", "", ""
	text, err := json.Marshal(e)
	if err != nil {
		return nil, e, h, fmt.Errorf("encoding a record of the history: %w", err)
	}
	hash := sha256.Sum256(fmt.Appendf(nil, "%s%s\n%s", form1Intro, h.Hash, text))
	e.Prev, e.Hash = h.Hash, hex.EncodeToString(hash[:])
	raw, err = json.Marshal(e)
	return raw, e, Head{Seq: e.Seq, Hash: e.Hash, Key: h.Key}, err
}
