package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a tenant behind a TLS listener, with all that a client needs to
// sign in. The URLs have no path and no slash at the end: the API lives under
// BaseURL + "/api", the token endpoint under LoginURL + "/{tenant}".
type Server struct {
	BaseURL  string
	LoginURL string
	TenantID string
	AppID    string
	Secret   string
	CAPEM    []byte // the authority that a client has to trust
	Tenant   *Tenant

	Authority Authority // it and its certificate, for other listeners

	http *http.Server
	done chan struct{}
	once sync.Once
}

// Serve listens on addr, which must be a loopback address such as
// "127.0.0.1:0", and serves the tenant over HTTPS until ctx ends or Close is
// called. A simulator has no business on a network.
func Serve(ctx context.Context, addr string, t *Tenant) (*Server, error) {
	id, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	if err := loopback(addr); err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for the simulator: %w", err)
	}
	base := "https://" + ln.Addr().String()
	s := &Server{
		BaseURL: base, LoginURL: base, CAPEM: id.CAPEM, Authority: id, Tenant: t,
		TenantID: t.TenantID(), AppID: t.AppID(), Secret: t.Secret(),
		done: make(chan struct{}),
	}
	s.http = &http.Server{
		Handler: t, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:    log.New(io.Discard, "", 0), // refused certificates are the client's story to tell
	}
	tlsListener := tls.NewListener(ln, id.Server("h2", "http/1.1"))
	stop := context.AfterFunc(ctx, s.Close)
	go func() {
		defer close(s.done)
		defer stop()
		_ = s.http.Serve(tlsListener) // always ends with ErrServerClosed
	}()
	return s, nil
}

var errNotLoopback = errors.New("the simulator only listens on loopback addresses")

func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("reading simulator address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("listening on %s: %w", addr, errNotLoopback)
	}
	return nil
}

// Close stops the listener and cuts all connections, also those that a fault
// keeps hanging. It waits for the listener to be gone; it may be called twice.
func (s *Server) Close() {
	s.once.Do(func() { _ = s.http.Close() })
	<-s.done
}
