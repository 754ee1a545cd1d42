package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// IssueCertificate makes a certificate with a fresh 2048-bit key, registers it
// for client assertions, and returns both as PEM: what an administrator uploads
// to an app registration and keeps. from and until are its validity; it counts
// by the clock of the tenant.
func (t *Tenant) IssueCertificate(name string, from, until time.Time) ([]byte, error) {
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	return t.CertifyKey(key, name, from, until)
}

// CertifyKey is IssueCertificate for a key that exists already.
func (t *Tenant) CertifyKey(key *rsa.PrivateKey, name string, from, until time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	tpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	t.TrustCertificate(cert)
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// The other identity provider of WorkloadToken, such as a cluster.
const (
	workloadIssuer  = "https://cluster.corp.example"
	workloadSubject = "system:serviceaccount:security:cordon"
)

// WorkloadToken makes a token of another identity provider that the tenant
// trusts from now on: the content of the token file of a workload.
func (t *Tenant) WorkloadToken(life time.Duration) (string, error) {
	key, kid, err := t.keys.get()
	if err != nil {
		return "", err
	}
	now := t.clock()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": workloadIssuer, "sub": workloadSubject, "aud": []string{exchangeAudience},
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(),
	})
	token.Header["kid"] = kid
	text, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("signing a workload token: %w", err)
	}
	t.TrustFederation(workloadIssuer, workloadSubject, &key.PublicKey)
	return text, nil
}
