// Package secret keeps credentials out of sight: a type that no formatter can print, and a sealing box that stores credentials only in
// encrypted form.
//
// It promises three things. A Secret never shows its value through fmt (any verb, also from inside other structs), JSON, text encodings or
// slog; only Reveal gives it out, so a reader finds every use by that word. What Ring.Seal returns holds neither the value nor anything it
// could be guessed from, so the store, its backups and its free pages hold none of it either (P-10). And sealed text is bound to what it
// was sealed for: opened under another name or version, swapped between two records, shortened or changed by one bit, it is refused.
//
// The key comes from one of three places: a private file beside the store; that file under a passphrase; or a credential that systemd hands
// to the service. Under a passphrase that nobody has given yet the ring is locked: it neither seals nor opens, and Opened tells when it does.
//
// Caveats. Whoever reads both a key file without a passphrase and the store can open everything.
// A lost key file means that credentials must be typed again: nothing else can open them. Reveal hands out an ordinary string, which Go can
// not wipe from memory.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const masked = "[secret]"

// Secret is a credential. The zero value is empty. The value hides behind a pointer because fmt prints unexported fields of a foreign
// struct without asking them: what it finds there is an address.
type Secret struct{ value *string }

// New wraps a credential.
func New(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal returns the credential itself. Call it where the bytes are needed and nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is no credential.
func (s Secret) Empty() bool { return s.value == nil }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

// String returns [secret].
func (s Secret) String() string { return masked }

// GoString returns [secret].
func (s Secret) GoString() string { return masked }

// Format prints [secret] for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }

// MarshalText returns [secret]; JSON and YAML encoders use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// MarshalJSON returns "[secret]".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// LogValue returns [secret].
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }
