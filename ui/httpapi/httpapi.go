// Package httpapi is the HTTP interface of `cordon serve`: the list of current lockdowns for other programs (V-36), the ways in for threat
// reports and probe results (M-01, P-11), and what a monitoring system asks for.
//
// It promises six things. It is off unless asked for, and then listens on the loopback address only; another address needs an explicit
// switch and TLS, and there a sender must also show a certificate (SC40). Nobody gets in without a token: one per program, bound to what it
// may do and, for a sender, to one channel; only the hash is stored, and it is compared in constant time. A browser is never a client: a
// Host that is not ours, an Origin, or a request from another site is refused before anything is looked at, so a page that rebinds its name
// to this machine gets nothing, and there is no CORS. What comes in is bounded everywhere: header, body, items, time, connections, requests
// of one token, failures of one address (SC41). What was answered with 202 is in the store. And nothing can isolate or release a host here:
// there is no such verb.
//
// Errors are JSON that says what happened, what it means and what to do; they carry a request id that the log carries too. The log never
// holds a token, a body or the query of a request. A handler that panics ends its own request only.
//
// Caveats. The answers of /healthz and /readyz are open to whoever can reach the address, but without a token name no tenant. Tokens that are
// removed stop working at the next request. HTTP/1.1 only: a second protocol would be a second set of limits.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"cordon/store/soc"
)

// Store is what this package reads, and where the last use of a token is noted.
type Store interface {
	Lockdowns(ctx context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error)
	Tokens(ctx context.Context) ([]soc.Token, error)
	SaveToken(ctx context.Context, t soc.Token, audit ...soc.AuditEntry) (soc.Token, error)
}

// Intake takes what comes in. A method returns once the record is durable, so that the sender may forget it; the same item twice is one
// record. Errors are soc.Error and concern one item: KindInvalid for one that can not be taken, KindThrottled when the queue is full,
// KindRefused and KindNotFound for a channel that takes nothing. Any other error means "try again".
type Intake interface {
	Report(ctx context.Context, by soc.Session, channel soc.ChannelID, in soc.ThreatInput) (soc.Threat, error)
	Probe(ctx context.Context, by soc.Session, channel soc.ChannelID, in soc.ProbeInput) (soc.ProbeReceipt, error)
}

// Check is one condition of being ready. Reason may name tenants; it is shown to those who bring a token.
type Check struct {
	Name   string `json:"name"` // store, sealed, timers, tenants
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// Options are the parts of a Server. Store is required.
type Options struct {
	Store  Store
	Intake Intake // nil: nothing is taken
	// Ready lists the conditions of being ready; nil means that there are none.
	Ready func(ctx context.Context) []Check
	// Metrics answers /metrics; nil means that there are none. OpenMetrics lets everybody read them.
	Metrics     http.Handler
	OpenMetrics bool
	// Hosts are names under which clients may call besides the loopback ones and the address of the connection.
	Hosts []string
	// Remote says that the listener is not on the loopback address: senders need a client certificate.
	Remote bool
	// ReadOnly refuses everything that would change something.
	ReadOnly bool
	// Observe is told of every answer; route is a path of the table or "other". It must not block.
	Observe func(route, method string, code int, took time.Duration)
	Log     *slog.Logger // nil discards
	Now     func() time.Time
}

// Limits of a connection.
const (
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = time.Minute
	workTime   = 20 * time.Second // for one request, once it is read
	graceTime  = 5 * time.Second  // for requests under way when the server is told to stop
	maxHeader  = 8 << 10          // bytes
)

// Server answers HTTP. Make it with New.
type Server struct {
	o      Options
	routes map[string]route
	hosts  map[string]bool
	tokens *limiter      // requests of one token
	wrong  *limiter      // failures of one address
	told   *limiter      // lines of the log about refusals of one address
	items  *limiter      // reports and results of one sender
	intake chan struct{} // requests that bring something, at once
	used   lastUse
}

// New makes a Server; nothing listens yet.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(string, string, int, time.Duration) {}
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) []Check { return nil }
	}
	s := &Server{
		o: o, hosts: hostNames(o.Hosts), tokens: newLimiter(tokenRate, tokenBurst), wrong: newLimiter(wrongRate, wrongBurst),
		told: newLimiter(wrongRate, wrongBurst), items: newLimiter(itemRate, itemBurst), intake: make(chan struct{}, intakeAtOnce),
		used: lastUse{at: map[string]time.Time{}},
	}
	s.routes = s.table()
	return s
}

// Serve answers on l until ctx ends, then lets requests that are under way finish, for five seconds. It closes l. The error is nil when ctx
// ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(cleaned{s.o.Log.Handler()}, slog.LevelDebug), Protocols: &protocols,
		DisableGeneralOptionsHandler: true,
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		_ = srv.Close() // whoever is still busy is cut off
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving HTTP: %w", err)
	}
	return nil
}

// cleaned makes what net/http logs about foreign bytes safe to print.
type cleaned struct{ slog.Handler }

func (c cleaned) Handle(ctx context.Context, r slog.Record) error {
	r.Message = soc.Clean(r.Message)
	return c.Handler.Handle(ctx, r)
}
