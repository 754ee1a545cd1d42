package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"cordon/store/soc"
)

// proxyFunc says through which proxy a request goes; nil means none.
type proxyFunc func(*http.Request) (*url.URL, error)

// proxyOf reads the proxy setting of an integration: empty is what the environment says, "none" is no proxy, else http(s)://host:port. A
// password in it is refused: it would be stored in the clear.
func proxyOf(in soc.Integration) (proxyFunc, error) {
	switch strings.ToLower(strings.TrimSpace(in.Proxy)) {
	case "":
		return http.ProxyFromEnvironment, nil
	case "none":
		return func(*http.Request) (*url.URL, error) { return nil, nil }, nil
	}
	u, err := url.Parse(strings.TrimSpace(in.Proxy))
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return nil, invalid("proxy", "the proxy is not of the form http://host:port",
			`give scheme, host and port, "none", or nothing for what the environment says`)
	case u.User != nil:
		return nil, invalid("proxy", "the proxy setting holds a user name or password, which would be stored in the clear",
			"set HTTPS_PROXY in the environment of cordon instead, and leave this empty")
	}
	u.Path = ""
	return http.ProxyURL(u), nil
}

// through is the proxy for an address, nil if there is none.
func (p proxyFunc) through(to *url.URL) *url.URL {
	if p == nil {
		return nil
	}
	u, err := p(&http.Request{URL: to})
	if err != nil {
		return nil
	}
	return u
}

// tunnel opens a connection to an address through a proxy, as far as TLS with the address itself. It tells a proxy that can not be reached
// from one that refuses the address.
func tunnel(ctx context.Context, proxy, to *url.URL, roots *x509.CertPool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+tlsTimeout)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", hostPort(proxy))
	if err != nil {
		return "", unreachable("", proxy, err)
	}
	defer func() { conn.Close() }()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if proxy.Scheme == "https" {
		conn, err = upgrade(ctx, conn, proxy, roots)
		if err != nil {
			return "", unreachable("", proxy, err)
		}
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: hostPort(to)}, Host: hostPort(to), Header: http.Header{}}
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		auth := &http.Request{Header: http.Header{}}
		auth.SetBasicAuth(user.Username(), password)
		req.Header.Set("Proxy-Authorization", auth.Header.Get("Authorization"))
	}
	if err := req.Write(conn); err != nil {
		return "", unreachable("", proxy, err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return "", unreachable("", proxy, err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", refusedByProxy(proxy, to, res.StatusCode)
	}
	if to.Scheme == "https" {
		if conn, err = upgrade(ctx, conn, to, roots); err != nil {
			return "", unreachable("", to, err)
		}
	}
	return hostPort(to) + " answers through the proxy " + proxy.Redacted(), nil
}

func upgrade(ctx context.Context, conn net.Conn, to *url.URL, roots *x509.CertPool) (net.Conn, error) {
	cfg := tlsConfig(roots)
	cfg.ServerName = to.Hostname()
	c := tls.Client(conn, cfg)
	return c, c.HandshakeContext(ctx)
}

func refusedByProxy(proxy, to *url.URL, status int) error {
	e := &soc.Error{
		Kind: soc.KindUnavailable, Code: "proxy", What: fmt.Sprintf("the proxy %s does not let us to %s (%d)", proxy.Redacted(), hostPort(to), status),
		Next: "ask for " + hostPort(to) + " to be allowed there, or change the proxy setting",
	}
	if status == http.StatusProxyAuthRequired {
		e.What = "the proxy " + proxy.Redacted() + " wants a user name and password"
		e.Next = "set HTTPS_PROXY in the environment of cordon; NTLM and Kerberos are not supported"
	}
	return e
}
