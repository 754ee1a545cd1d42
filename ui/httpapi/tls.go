package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"

	"cordon/store/soc"
)

// secured makes what the listener needs to speak TLS, nil if no certificate is configured.
func secured(a Address) (*tls.Config, error) {
	if a.Cert == "" && a.Key == "" && a.ClientCA == "" {
		return nil, nil
	}
	p := &pair{cert: a.Cert, key: a.Key}
	if _, err := p.get(nil); err != nil {
		return nil, badTLS("the certificate of the HTTP interface can not be used: "+soc.Clean(err.Error()), "check http.tls-cert and http.tls-key", err)
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: p.get}
	if a.ClientCA == "" {
		return cfg, nil
	}
	pem, err := os.ReadFile(a.ClientCA)
	if err != nil {
		return nil, badTLS("the authorities of client certificates can not be read: "+soc.Clean(err.Error()), "check http.client-ca", err)
	}
	cfg.ClientCAs = x509.NewCertPool()
	if !cfg.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, badTLS(a.ClientCA+" holds no certificate", "check http.client-ca: it wants certificates in PEM form", nil)
	}
	cfg.ClientAuth = tls.VerifyClientCertIfGiven // readers need none; the way in asks for one when it has to
	return cfg, nil
}

func badTLS(what, next string, err error) error {
	return &soc.Error{Kind: soc.KindInvalid, Code: "http-tls", What: what, Means: "nothing was started", Next: next, Err: err}
}

// pair is a certificate with its key in two files. It is read again when the file of the certificate changed, so that a renewal needs no
// restart; one that can not be read then leaves the old one in force.
type pair struct {
	cert, key string

	mu   sync.Mutex
	at   time.Time
	last *tls.Certificate
}

func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	info, err := os.Stat(p.cert)
	if err == nil && p.last != nil && info.ModTime().Equal(p.at) {
		return p.last, nil
	}
	if err == nil {
		if err = private(p.key); err == nil {
			var c tls.Certificate
			if c, err = tls.LoadX509KeyPair(p.cert, p.key); err == nil {
				p.last, p.at = &c, info.ModTime()
			}
		}
	}
	if p.last != nil {
		return p.last, nil
	}
	return nil, err
}

// private refuses a key that everybody on this machine can read.
func private(key string) error {
	info, err := os.Stat(key)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("everybody can read the key %s (chmod 600 it)", key)
	}
	return nil
}
