package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"filippo.io/age"

	"cordon/store/soc"
)

// maxSealed bounds what Open reads; a client secret is some dozens of bytes, a certificate with its key a few thousand.
const maxSealed = 64 << 10

// Ring seals and opens credentials with one X25519 key; while the key is being changed it opens with the old one too. It is safe for
// concurrent use.
type Ring struct {
	path   string // of the key file, or of the credential
	handed bool   // by systemd: there is no file of ours
	opened chan struct{}

	opening sync.Mutex // one try at a time
	locked  []keyText  // what is to be opened by Unlock; guarded by opening

	mu  sync.RWMutex
	ids []*age.X25519Identity // the newest first; two during a change; none while the ring is locked
	lid lid                   // what the key file is written under
}

// keys are the keys, the newest first; the error tells that the ring is locked.
func (r *Ring) keys() ([]*age.X25519Identity, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.ids) == 0 {
		return nil, ErrLocked()
	}
	return r.ids, nil
}

// decrypt opens an age file with the keys of the ring.
func (r *Ring) decrypt(name string, sealed []byte) ([]byte, error) {
	if len(sealed) > maxSealed {
		return nil, refused(name, "sealed-size", fmt.Errorf("%d bytes of sealed text", len(sealed)))
	}
	keys, err := r.keys()
	if err != nil {
		return nil, err
	}
	var ids []age.Identity
	for _, id := range keys {
		ids = append(ids, id)
	}
	rd, err := age.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return nil, refused(name, "sealed-key", err)
	}
	plain, err := io.ReadAll(io.LimitReader(rd, maxSealed))
	if err != nil {
		return nil, refused(name, "sealed-damaged", err)
	}
	return plain, nil
}

// payload is what is inside the age file. Name and Version are checked by Open, so that one record's sealed text is useless in another.
type payload struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Secret  string `json:"secret"`
}

// Path returns the file or the credential that holds the key.
func (r *Ring) Path() string { return r.path }

// String names the ring without showing the key.
func (r *Ring) String() string { return "key ring " + r.path }

// GoString is String, so that %#v does not walk into the key.
func (r *Ring) GoString() string { return r.String() }

// Seal encrypts s for the record called name. Sealing twice gives different bytes.
func (r *Ring) Seal(name string, version int, s Secret) ([]byte, error) {
	if name == "" {
		return nil, errors.New("sealing a credential: it needs the name of its record")
	}
	plain, err := json.Marshal(payload{Name: name, Version: version, Secret: s.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("sealing the credential of %s: %w", name, err)
	}
	return r.encrypt(name, plain)
}

// Open decrypts what Seal made for the same name and version. Everything else is a *soc.Error of KindUnauthorized: another key, a changed
// bit, another record's text; but while the ring is locked it is ErrLocked.
func (r *Ring) Open(name string, version int, sealed []byte) (Secret, error) {
	plain, err := r.decrypt(name, sealed)
	if err != nil {
		return Secret{}, err
	}
	var p payload
	if err := json.Unmarshal(plain, &p); err != nil {
		return Secret{}, refused(name, "sealed-damaged", errors.New("the opened text is not a credential"))
	}
	if p.Name != name || p.Version != version {
		return Secret{}, refused(name, "sealed-other", fmt.Errorf("it was sealed for %q version %d, not for version %d", p.Name, p.Version, version))
	}
	return New(p.Secret), nil
}

func refused(name, code string, err error) error {
	return &soc.Error{
		Kind: soc.KindUnauthorized, Code: code, Err: err,
		What:  "the stored credential of " + name + " can not be opened",
		Means: "cordon can not sign in to this tenant, so nothing is polled, isolated or released there",
		Next:  "type the App Secret again in the settings",
	}
}

// Text is the ring for callers that handle plain strings.
type Text struct{ Ring *Ring }

// Seal is Ring.Seal.
func (t Text) Seal(name string, version int, plain string) ([]byte, error) {
	return t.Ring.Seal(name, version, New(plain))
}

// Open is Ring.Open and Reveal.
func (t Text) Open(name string, version int, sealed []byte) (string, error) {
	s, err := t.Ring.Open(name, version, sealed)
	return s.Reveal(), err
}
