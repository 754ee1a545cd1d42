package receive

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far the time of a message may be from the receiver's.
const tolerance = 5 * time.Minute

// Why a signature is not accepted.
var (
	errNoSecret  = errors.New("the receiver has no secret to verify with")
	errHeaders   = errors.New("webhook-id, webhook-timestamp or webhook-signature is missing")
	errStamp     = errors.New("webhook-timestamp is no number of seconds")
	errTooOld    = errors.New("the message is older than five minutes")
	errTooNew    = errors.New("the message is from the future")
	errSignature = errors.New("no signature matches")
)

// NewSecret makes a signing secret in its usual text form.
func NewSecret() (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("making a webhook secret: %w", err)
	}
	return "whsec_" + base64.StdEncoding.EncodeToString(key), nil
}

func signingKey(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return nil, errors.New("a webhook secret is whsec_ and base64")
	}
	return key, nil
}

// verify checks a message as the Standard Webhooks specification says: the
// signature is HMAC-SHA256 over "id.timestamp.body", and any listed signature
// may match any of the keys, so that keys can be rotated.
func verify(keys [][]byte, h http.Header, body []byte, now time.Time) (sent time.Time, err error) {
	if len(keys) == 0 {
		return sent, errNoSecret
	}
	id, stamp, signatures := h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature")
	if id == "" || stamp == "" || signatures == "" {
		return sent, errHeaders
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return sent, errStamp
	}
	sent = time.Unix(seconds, 0)
	switch {
	case now.Sub(sent) > tolerance:
		return sent, errTooOld
	case sent.Sub(now) > tolerance:
		return sent, errTooNew
	}
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write([]byte(id + "." + stamp + ".")) // never fails
		_, _ = mac.Write(body)
		want := mac.Sum(nil)
		for _, s := range strings.Fields(signatures) {
			encoded, ok := strings.CutPrefix(s, "v1,")
			got, err := base64.StdEncoding.DecodeString(encoded)
			if ok && err == nil && hmac.Equal(got, want) {
				return sent, nil
			}
		}
	}
	return sent, errSignature
}
