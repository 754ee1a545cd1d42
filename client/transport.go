package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"cordon/store/soc"
)

// Times that bound a request. A list is given longer: pages with evidence are large.
const (
	dialTimeout   = 10 * time.Second
	tlsTimeout    = 10 * time.Second
	callTimeout   = 60 * time.Second
	listTimeout   = 120 * time.Second
	signInTimeout = 30 * time.Second
)

// errForeignHost is what the guard answers to a request that would leave the tenant's host.
var errForeignHost = errors.New("request to a host that is not allowed")

// httpClient makes the client for one origin. It follows no redirect: Go would carry token and body to another port or to plain http
// (M20, F35, C32). It speaks HTTP/1.1 only, where "was a byte of this request written?" has a simple answer; the HTTP/2 transport repeats
// a POST in cases that are hard to tell apart.
func httpClient(to *url.URL, roots *x509.CertPool, proxy proxyFunc) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &guard{to: to, next: &http.Transport{
			Proxy:                  proxy,
			DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:        tlsConfig(roots),
			TLSHandshakeTimeout:    tlsTimeout,
			Protocols:              protocols,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        60 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func tlsConfig(roots *x509.CertPool) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
}

// guard lets requests to one origin through. It is the last thing before the network, so that no mistake above it can send the token away.
type guard struct {
	to   *url.URL
	next *http.Transport
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameOrigin(req.URL, g.to) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, fmt.Errorf("%w: %s", errForeignHost, soc.Clean(req.URL.Host))
	}
	return g.next.RoundTrip(req)
}

func (g *guard) CloseIdleConnections() { g.next.CloseIdleConnections() }

// rootCAs returns the system's roots plus the integration's own, or nil for the system's alone.
func rootCAs(in soc.Integration) (*x509.CertPool, error) {
	if in.CAFile == "" && in.CAPEM == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if in.CAPEM != "" && !pool.AppendCertsFromPEM([]byte(in.CAPEM)) {
		return nil, invalid("ca", "the inline CA is not a PEM certificate", "paste the whole block, with its BEGIN and END lines")
	}
	if in.CAFile != "" {
		pem, err := os.ReadFile(in.CAFile)
		if err != nil {
			return nil, &soc.Error{
				Kind: soc.KindInvalid, Code: "bad-ca", What: "the CA file can not be read: " + soc.Clean(err.Error()),
				Next: "check path and permissions", Err: err,
			}
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, invalid("ca", "the CA file "+soc.Clean(in.CAFile)+" holds no PEM certificate", "give a PEM file")
		}
	}
	return pool, nil
}
