package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// keyLen is the length of a sealing key.
const keyLen = 32

// Key seals one record and is then replaced by the key that is derived from it. It never prints itself.
type Key [keyLen]byte

// nextInfo separates the derivation of keys from the sealing of records.
const nextInfo = "cordon audit: the next sealing key"

// NewKey returns a random key.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k[:]) // never fails
	return k
}

// Next is HKDF-Expand(k, nextInfo) with SHA-256. There is no way back.
func (k Key) Next() Key { return k.mac([]byte(nextInfo + "\x01")) }

// mac is HMAC-SHA-256 without allocation: one record costs two of them, and every record has a key of its own. msg is at most 64 bytes.
func (k Key) mac(msg []byte) [sha256.Size]byte {
	var room [3 * sha256.BlockSize]byte
	in := room[:sha256.BlockSize:len(room)]
	copy(in, k[:])
	for i := range in {
		in[i] ^= 0x36
	}
	inner := sha256.Sum256(append(in, msg...))
	out := room[:sha256.BlockSize]
	for i := range out {
		out[i] ^= 0x36 ^ 0x5c
	}
	return sha256.Sum256(append(out, inner[:]...))
}

// Hex writes the key out, for the head of the store and the key file and for nothing else.
func (k Key) Hex() string { return hex.EncodeToString(k[:]) }

// Format prints [key] for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[key]") }

// MarshalText refuses: a key gets into a file only by Hex.
func (k Key) MarshalText() ([]byte, error) { return nil, errors.New("a sealing key is never encoded") }

// ParseKey reads what Hex wrote.
func ParseKey(s string) (Key, error) {
	var k Key
	if len(s) != 2*keyLen {
		return k, errors.New("a sealing key has 64 hex digits")
	}
	if _, err := hex.Decode(k[:], []byte(s)); err != nil {
		return k, errors.New("a sealing key has 64 hex digits")
	}
	return k, nil
}

// KeyFile is the content of the file with the first key.
type KeyFile struct {
	Store string // id of the store
	From  uint64 // the first sealed record
	First Key    // replaced by its Next before the first record, so it never is in the store
}

// keyFile is how a KeyFile is written.
type keyFile struct {
	What  string `json:"what"`
	Store string `json:"store"`
	From  uint64 `json:"from"`
	Key   string `json:"key"`
}

// Encode returns the bytes of the file.
func (f KeyFile) Encode() []byte {
	b, err := json.Marshal(keyFile{
		What:  "first key of an audit history of cordon: keep it on another machine, cordon audit verify --key needs it",
		Store: f.Store, From: f.From, Key: f.First.Hex(),
	})
	if err != nil {
		panic(err) // strings and a number
	}
	return append(b, '\n')
}

// ReadKeyFile reads what Encode wrote. Errors never show the content.
func ReadKeyFile(b []byte) (KeyFile, error) {
	var f keyFile
	if err := json.Unmarshal(b, &f); err != nil {
		return KeyFile{}, errors.New("this is not an audit key file of cordon")
	}
	k, err := ParseKey(f.Key)
	if err != nil || f.Store == "" || f.From == 0 {
		return KeyFile{}, errors.New("this is not an audit key file of cordon")
	}
	return KeyFile{Store: f.Store, From: f.From, First: k}, nil
}
