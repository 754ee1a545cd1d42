package sim

import (
	"crypto/sha1" //nolint:gosec // the older thumbprint of a certificate, as the directory still takes it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// exchangeAudience is what a federated token has to be made for.
const exchangeAudience = "api://AzureADTokenExchange"

// checkAssertion verifies a client assertion: one signed with a registered
// certificate, or one of a trusted identity provider. 0 means accepted.
func (s *signIn) checkAssertion(form url.Values, app, base string, now time.Time) int {
	claims := jwt.MapClaims{}
	var unknown int
	_, err := jwt.ParseWithClaims(form.Get("client_assertion"), claims, func(tok *jwt.Token) (any, error) {
		key, code := s.assertionKey(tok, claims, app, now)
		unknown = code
		if code != 0 {
			return nil, errors.New("no matching key")
		}
		return key, nil
	}, jwt.WithValidMethods([]string{"PS256", "RS256", "ES256"}), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithLeeway(5*time.Minute))
	switch {
	case unknown != 0:
		return unknown
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return 700024
	case err != nil:
		return 700027
	}
	aud, _ := claims.GetAudience()
	for _, a := range aud {
		if iss, _ := claims["iss"].(string); iss != app && a == exchangeAudience || iss == app && strings.HasPrefix(a, base+"/") {
			return 0
		}
	}
	if iss, _ := claims["iss"].(string); iss != app {
		return 700212
	}
	return 50027
}

// assertionKey finds the key that has to verify an assertion. A certificate that
// is past its end no longer counts.
func (s *signIn) assertionKey(tok *jwt.Token, claims jwt.MapClaims, app string, now time.Time) (any, int) {
	iss, _ := claims["iss"].(string)
	sub, _ := claims["sub"].(string)
	if iss != app {
		code := 700211
		for _, f := range s.trusts {
			if f.issuer == iss && f.subject == sub {
				return f.key, 0
			}
			if f.issuer == iss {
				code = 700213
			}
		}
		return nil, code
	}
	for _, cert := range s.certs {
		if sub == app && namesCert(tok, cert) && now.Before(cert.NotAfter) {
			return cert.PublicKey, 0
		}
	}
	return nil, 700027
}

// namesCert compares the thumbprint in the header with the certificate, in the
// newer SHA-256 form or the older SHA-1 form.
func namesCert(tok *jwt.Token, cert *x509.Certificate) bool {
	if thumb, ok := tok.Header["x5t#S256"].(string); ok {
		sum := sha256.Sum256(cert.Raw)
		return sameThumb(thumb, sum[:])
	}
	thumb, _ := tok.Header["x5t"].(string)
	sum := sha1.Sum(cert.Raw) //nolint:gosec // see the import
	return sameThumb(thumb, sum[:])
}

// sameThumb takes both alphabets of base64: the specification wants the one for
// URLs, the library of the vendor sends the other.
func sameThumb(thumb string, sum []byte) bool {
	got, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(thumb))
	return err == nil && string(got) == string(sum)
}
