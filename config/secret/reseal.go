package secret

import (
	"bytes"
	"fmt"

	"filippo.io/age"
)

// Reseal encrypts a sealed credential anew with the newest key of the ring. What it was sealed for, its name and version, goes along unread:
// a text that stood in the wrong record still does, and is still refused there.
func (r *Ring) Reseal(name string, sealed []byte) ([]byte, error) {
	plain, err := r.decrypt(name, sealed)
	if err != nil {
		return nil, err
	}
	return r.encrypt(name, plain)
}

func (r *Ring) encrypt(name string, plain []byte) ([]byte, error) {
	var out bytes.Buffer
	keys, err := r.keys()
	if err != nil {
		return nil, err
	}
	w, err := age.Encrypt(&out, keys[0].Recipient())
	if err != nil {
		return nil, fmt.Errorf("sealing the credential of %s: %w", name, err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("sealing the credential of %s: %w", name, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sealing the credential of %s: %w", name, err)
	}
	return out.Bytes(), nil
}
