package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"cordon/store/soc"
)

// Address says where to listen.
type Address struct {
	Listen      string // host:port; an empty host means every address of the machine
	AllowRemote bool   // Listen may be another address than the loopback one
	// Cert and Key are files in PEM form; both or none. They are read again when they change. ClientCA holds the authorities of the
	// certificates that senders show.
	Cert, Key, ClientCA string
}

// How many connections are held at once, and how many of them from one address that is not this machine.
const (
	maxConns    = 128
	maxConnsOne = 16
)

// Listen opens the address. Errors are soc.Error: "http-remote" for an address that is not the loopback one without AllowRemote or without
// TLS, "http-tls" for files that are no certificate, "http-address" when it can not be opened.
func Listen(ctx context.Context, a Address) (*Listener, error) {
	addr, err := resolve(ctx, a.Listen)
	if err != nil {
		return nil, err
	}
	remote := !addr.IP.IsLoopback()
	if remote && !a.AllowRemote {
		return nil, unsafe(a, "", "listen on 127.0.0.1, or set http.allow-remote with a certificate")
	}
	if remote && (a.Cert == "" || a.Key == "") {
		return nil, unsafe(a, ", and there is no certificate", "set http.tls-cert and http.tls-key: tokens would cross the network in the clear")
	}
	secure, err := secured(a)
	if err != nil {
		return nil, err
	}
	l, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return nil, &soc.Error{
			Kind: soc.KindUnavailable, Code: "http-address", What: "the HTTP interface can not listen on " + a.Listen + ": " + cause(err),
			Means: "nothing was started", Next: "choose another address, or end the program that holds it", Err: err,
		}
	}
	out := &Listener{Listener: newLimited(l, secure), Remote: remote, scheme: "http"}
	if secure != nil {
		out.scheme = "https"
	}
	return out, nil
}

// resolve finds the one address that is judged and then opened, so that a name can not mean two things.
func resolve(ctx context.Context, listen string) (*net.TCPAddr, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, badAddress(fmt.Sprintf("%q is no address for the HTTP interface", soc.Clean(listen)), err)
	}
	n, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, badAddress(fmt.Sprintf("%q is no port", soc.Clean(port)), err)
	}
	if host == "" {
		return &net.TCPAddr{Port: n}, nil // all of them, of both kinds
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil || len(ips) == 0 {
		return nil, badAddress(fmt.Sprintf("the name %q has no address", soc.Clean(host)), err)
	}
	return &net.TCPAddr{IP: ips[0].IP, Zone: ips[0].Zone, Port: n}, nil
}

func unsafe(a Address, more, next string) error {
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "http-remote", What: "the address " + a.Listen + " can be reached from other machines" + more,
		Means: "nothing was started", Next: next,
	}
}

func badAddress(what string, err error) error {
	return &soc.Error{
		Kind: soc.KindInvalid, Code: "http-address", What: what, Means: "nothing was started", Next: "write it like 127.0.0.1:8460", Err: err,
	}
}

// cause is the last part of a network error, without the address that was told already.
func cause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return soc.Clean(err.Error())
		}
		err = next
	}
}

// Listener is an opened address with a limit on its connections. Remote is what Options.Remote wants.
type Listener struct {
	net.Listener
	Remote bool
	scheme string
}

// URL is the address for people.
func (l *Listener) URL() string { return l.scheme + "://" + l.Addr().String() }

// newLimited bounds the connections of l and speaks TLS on them if secure is set.
func newLimited(l net.Listener, secure *tls.Config) net.Listener {
	limited := &bounded{Listener: l, max: maxConns, one: maxConnsOne, from: map[string]int{}}
	if secure == nil {
		return limited
	}
	return tls.NewListener(limited, secure)
}

// bounded closes connections that are too many instead of letting them wait: one that waits holds up those that are behind it, and costs the
// one who floods nothing.
type bounded struct {
	net.Listener
	max, one int

	mu   sync.Mutex
	all  int
	from map[string]int
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		who := origin(c.RemoteAddr().String())
		if b.enter(who) {
			return &counted{Conn: c, leave: sync.OnceFunc(func() { b.left(who) })}, nil
		}
		_ = c.Close()
	}
}

func (b *bounded) enter(who string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.max || b.from[who] >= b.one && !local(who) {
		return false
	}
	b.all++
	b.from[who]++
	return true
}

func (b *bounded) left(who string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.from[who]--; b.from[who] <= 0 {
		delete(b.from, who)
	}
}

// local reports whether an origin is this machine, where all clients share one address.
func local(who string) bool {
	a, err := netip.ParseAddr(who)
	return err == nil && a.IsLoopback()
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}
