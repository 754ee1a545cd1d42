package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Webhooks are signed by the scheme of the standard-webhooks specification: HMAC-SHA256 over "id.timestamp.body", base64, one signature for
// every secret in force, so that a receiver can change its secret without missing a message (SC36).
const (
	headerID        = "webhook-id"
	headerTime      = "webhook-timestamp"
	headerSignature = "webhook-signature"
	secretPrefix    = "whsec_"

	// Tolerance is how far a receiver's clock may differ; an older message is a replay.
	Tolerance = 5 * time.Minute
	// minSecret and maxSecret are the sizes that the specification allows, in bytes.
	minSecret, maxSecret = 24, 64
)

// Secret is the key of a signature. It has no readable form: printed, it is a word.
type Secret struct{ key []byte }

// String hides the key.
func (Secret) String() string { return "[secret]" }

// GoString hides the key.
func (Secret) GoString() string { return "[secret]" }

// ParseSecret reads "whsec_" and base64. Its errors do not show the text.
func ParseSecret(text string) (Secret, error) {
	enc, ok := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	if !ok {
		return Secret{}, errors.New("a signing secret begins with " + secretPrefix)
	}
	key, err := base64.StdEncoding.DecodeString(enc)
	if err != nil {
		return Secret{}, errors.New("what follows " + secretPrefix + " is not base64")
	}
	if len(key) < minSecret || len(key) > maxSecret {
		return Secret{}, fmt.Errorf("the signing secret has %d bytes, want %d to %d", len(key), minSecret, maxSecret)
	}
	return Secret{key}, nil
}

// sign sets the three headers.
func sign(h http.Header, secrets []Secret, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	var sigs []string
	for _, s := range secrets {
		sigs = append(sigs, "v1,"+base64.StdEncoding.EncodeToString(mac(s, id, stamp, body)))
	}
	h.Set(headerID, id)
	h.Set(headerTime, stamp)
	h.Set(headerSignature, strings.Join(sigs, " "))
}

func mac(s Secret, id, stamp string, body []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(id + "." + stamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify is the receiver's side: it reports what is wrong with a signed message, nil if it comes from a holder of one of the secrets, is
// whole and is not older than Tolerance. Whoever must not act twice also remembers the ids of that time.
func Verify(h http.Header, secrets []Secret, body []byte, now time.Time) error {
	stamp := h.Get(headerTime)
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("the message has no time")
	}
	if d := now.Sub(time.Unix(sec, 0)); d > Tolerance || d < -Tolerance {
		return errors.New("the message is too old or from the future")
	}
	for sig := range strings.FieldsSeq(h.Get(headerSignature)) {
		enc, ok := strings.CutPrefix(sig, "v1,")
		got, err := base64.StdEncoding.DecodeString(enc)
		if !ok || err != nil {
			continue
		}
		for _, s := range secrets {
			if hmac.Equal(got, mac(s, h.Get(headerID), stamp, body)) {
				return nil
			}
		}
	}
	return errors.New("no signature of the message fits")
}
