package notify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// trust is how a sink proves who it is: the system's roots and those of the sink, TLS 1.2 or newer, the name in the certificate (SC34).
// Nothing can switch that off.
func trust(pem, name string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name}
	if pem == "" {
		return c, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("there is no certificate in what is given as the CA")
	}
	c.RootCAs = pool
	return c, nil
}
