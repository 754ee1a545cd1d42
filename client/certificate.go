package client

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"cordon/store/soc"
)

// Certificate is a certificate with its private key, to sign in with. It does not print.
type Certificate struct {
	Chain []*x509.Certificate // the leaf first
	key   *rsa.PrivateKey
}

// String hides the key, so that no log line can carry it.
func (Certificate) String() string { return "certificate" }

// GoString hides the key from %#v.
func (Certificate) GoString() string { return "certificate" }

// Expires is when the certificate ends.
func (c Certificate) Expires() time.Time { return c.Chain[0].NotAfter.UTC() }

// Thumbprint names the certificate as Entra ID lists it: the SHA-1 of its bytes in capital hexadecimal digits.
func (c Certificate) Thumbprint() string { return thumbprint(c.Chain[0].Raw) }

// PEM is certificate and private key as text: what gets sealed.
func (c Certificate) PEM() (string, error) {
	var b bytes.Buffer
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return "", errors.New("the private key can not be encoded")
	}
	for _, cert := range c.Chain {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	}
	_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return b.String(), nil
}

// ReadCertificate reads certificate and private key: PEM, even if its lines were joined on the way, or base64 of a PEM or PFX file, with the
// password of a PFX behind it, separated by a blank. Errors are KindInvalid and show nothing of what was given.
func ReadCertificate(text string) (Certificate, error) {
	text = strings.TrimSpace(text)
	if strings.Contains(text, "-----BEGIN ") {
		return readPEM([]byte(text))
	}
	encoded, password, _ := strings.Cut(text, " ")
	data, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(encoded))
	if err != nil || len(data) == 0 {
		return Certificate{}, badCert("is neither PEM nor base64", "paste PEM, or the output of base64 -w0 FILE")
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return readPEM(data)
	}
	return ReadPFX(data, strings.TrimSpace(password))
}

// ReadPFX reads a PFX (PKCS #12) file. Errors as ReadCertificate.
func ReadPFX(data []byte, password string) (Certificate, error) {
	key, leaf, others, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return Certificate{}, badCert("does not open with this password", "give the password of the PFX file")
	case err != nil:
		return Certificate{}, badCert("is no PFX file that can be read", "export it anew, with its private key")
	}
	return pair(append([]*x509.Certificate{leaf}, others...), key)
}

func readPEM(data []byte) (Certificate, error) {
	var certs []*x509.Certificate
	var key any
	for _, b := range blocks(string(data)) {
		var err error
		switch b.Type {
		case "CERTIFICATE":
			var c *x509.Certificate
			if c, err = x509.ParseCertificate(b.Bytes); err == nil {
				certs = append(certs, c)
			}
		case "ENCRYPTED PRIVATE KEY":
			return Certificate{}, badCert("has an encrypted private key", "decrypt the key first, or give a PFX with its password")
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(b.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(b.Bytes)
		}
		if err != nil {
			return Certificate{}, badCert("has a block that can not be read: "+b.Type, "paste the file whole")
		}
	}
	return pair(certs, key)
}

// blocks finds the blocks of PEM text, also when its line ends were lost.
func blocks(text string) []*pem.Block {
	var out []*pem.Block
	for {
		_, rest, ok := strings.Cut(text, "-----BEGIN ")
		kind, rest, ok2 := strings.Cut(rest, "-----")
		body, rest, ok3 := strings.Cut(rest, "-----END "+kind+"-----")
		if !ok || !ok2 || !ok3 {
			return out
		}
		b := &pem.Block{Type: soc.Clean(kind)}
		b.Bytes, _ = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
		out, text = append(out, b), rest
	}
}

// pair joins the certificates with the key that belongs to one of them.
func pair(certs []*x509.Certificate, key any) (Certificate, error) {
	private, ok := key.(*rsa.PrivateKey)
	switch {
	case len(certs) == 0:
		return Certificate{}, badCert("is missing", "give the certificate together with its private key")
	case key == nil:
		return Certificate{}, badCert("has no private key", "give the certificate together with its private key")
	case !ok:
		return Certificate{}, badCert("has a key that is not RSA", "Entra ID signs in with RSA keys; make an RSA certificate")
	case private.N.BitLen() < 2048:
		return Certificate{}, badCert("has an RSA key of less than 2048 bits", "make one of 2048 bits or more")
	}
	i := slices.IndexFunc(certs, func(c *x509.Certificate) bool { return private.PublicKey.Equal(c.PublicKey) })
	if i < 0 {
		return Certificate{}, badCert("does not belong to the private key", "give the two that belong together")
	}
	leaf := certs[i]
	return Certificate{Chain: append([]*x509.Certificate{leaf}, slices.Delete(slices.Clone(certs), i, i+1)...), key: private}, nil
}

func badCert(what, next string) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "bad-certificate", What: "the certificate " + what, Means: "nothing was changed", Next: next}
}

func thumbprint(der []byte) string {
	sum := sha1.Sum(der) // a name, not a proof
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
