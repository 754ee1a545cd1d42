package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cordon/store/soc"
)

// signedIntro separates the signatures of checkpoints from anything else that the key might sign.
const signedIntro = "cordon audit checkpoint 1\n"

// Sign fills Key and Sig. The signature covers every other field.
func Sign(c soc.Checkpoint, key ed25519.PrivateKey) (soc.Checkpoint, error) {
	c.Key = Fingerprint(key.Public().(ed25519.PublicKey)) // what Public is documented to return
	msg, err := signed(c)
	if err != nil {
		return c, err
	}
	c.Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(key, msg))
	return c, nil
}

func signed(c soc.Checkpoint) ([]byte, error) {
	c.Sig, c.Time = "", c.Time.UTC()
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding a checkpoint: %w", err)
	}
	return append([]byte(signedIntro), b...), nil
}

// Signed reports whether one of the keys made the signature of c.
func Signed(c soc.Checkpoint, keys []ed25519.PublicKey) bool {
	sig, err := base64.StdEncoding.Strict().DecodeString(c.Sig)
	if err != nil {
		return false
	}
	msg, err := signed(c)
	if err != nil {
		return false
	}
	for _, k := range keys {
		if Fingerprint(k) == c.Key {
			return ed25519.Verify(k, msg, sig)
		}
	}
	return false
}

// Fingerprint names a public key: SHA-256 in the form that ssh uses.
func Fingerprint(k ed25519.PublicKey) string {
	sum := sha256.Sum256(k)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// PublicText writes a public key for people: ed25519:BASE64.
func PublicText(k ed25519.PublicKey) string {
	return publicPrefix + base64.StdEncoding.EncodeToString(k)
}

const publicPrefix = "ed25519:"

// ParsePublic reads what PublicText wrote.
func ParsePublic(s string) (ed25519.PublicKey, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(s), publicPrefix)
	b, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errors.New("a public key looks like " + publicPrefix + "BASE64, as `cordon audit key` prints it")
	}
	return b, nil
}

// ParseCheckpoints reads a file of checkpoints, one JSON object a line. A line that can not be read becomes a checkpoint that nobody signed,
// so that a damaged file is reported and not passed over; the last line may be cut off by a crash, then torn is true and it is left out.
func ParseCheckpoints(b []byte) (list []soc.Checkpoint, torn bool) {
	for line := range strings.Lines(string(b)) {
		var c soc.Checkpoint
		text := strings.TrimSpace(line)
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			if !strings.HasSuffix(line, "\n") {
				return list, true
			}
			c = soc.Checkpoint{}
		}
		list = append(list, c)
	}
	return list, false
}
