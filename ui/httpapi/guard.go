package httpapi

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"cordon/store/soc"
)

const idHeader = "X-Request-Id"

// ServeHTTP gives the request an id and a time, contains panics, and tells the log how it ended.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.o.Now()
	c := &call{ResponseWriter: w, id: rand.Text(), route: "other"}
	harden(w.Header())
	w.Header().Set(idHeader, c.id)
	ctx, cancel := context.WithTimeout(r.Context(), workTime)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			s.o.Log.Error("an HTTP handler panicked", "request", c.id, "route", c.route, "panic", panicWord(v), "stack", string(debug.Stack()))
			if c.status == 0 {
				problem{
					status: http.StatusInternalServerError, Code: "internal", What: "cordon failed while answering this request",
					Means: "lockdowns and their timers are not affected", Next: "report the request id to whoever runs cordon",
				}.send(c)
			}
		}
		s.done(r, c, s.o.Now().Sub(began))
	}()
	s.answer(c, r.WithContext(ctx))
}

// panicWord tells what kind of panic it was. Only errors of the runtime are told in words: any other value may hold data of a client.
func panicWord(v any) string {
	if e, ok := v.(runtime.Error); ok {
		return e.Error()
	}
	return "a value of our own"
}

// call is a request on its way to an answer.
type call struct {
	http.ResponseWriter
	id     string
	route  string
	token  soc.Token // zero without one
	status int
	why    string // code of the problem
}

// WriteHeader remembers the status.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write is an answer of 200 unless WriteHeader said otherwise.
func (c *call) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *call) refuse(p problem) {
	c.why = p.Code
	p.send(c)
}

func (s *Server) done(r *http.Request, c *call, took time.Duration) {
	method := knownMethod(r.Method)
	s.o.Observe(c.route, method, c.status, took)
	log := s.o.Log.Debug
	if c.status >= 400 && s.told.take(origin(r.RemoteAddr), s.o.Now()) == 0 { // nobody washes the log away by being refused
		log = s.o.Log.Warn
	}
	log("HTTP request", "request", c.id, "from", r.RemoteAddr, "method", method, "route", c.route, "status", c.status, "code", c.why,
		"token", c.token.Name, "ms", took.Milliseconds())
}

// knownMethod keeps what a client makes up out of logs and metrics.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// harden tells browsers and caches to do nothing with what they get.
func harden(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
}

// stranger judges where the request believes it is going and who sent the browser, before anything else is looked at (SC40). A page in a
// browser can make its own name point at this machine, but it can not leave its name out of Host.
func (s *Server) stranger(r *http.Request) (problem, bool) {
	if !s.ours(r) {
		return problem{
			status: http.StatusMisdirectedRequest, Code: "host", What: "this request was meant for another host",
			Means: "nothing was looked at", Next: "call cordon by an address that it listens on, or add the name to http.hosts",
		}, true
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Header.Get("Origin") != "" || site != "" && site != "none" && site != "same-origin" || http.NewCrossOriginProtection().Check(r) != nil {
		return problem{
			status: http.StatusForbidden, Code: "browser", What: "this request comes from a page in a browser",
			Means: "nothing was looked at: pages are no clients of this interface", Next: "call it from a program, without an Origin header",
		}, true
	}
	return problem{}, false
}

// ours reports whether the Host of the request names this listener: a name of the list, a loopback address, or the address that the
// connection came in on. The port is not judged: a forwarded port is still this listener.
func (s *Server) ours(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		if a.IsLoopback() {
			return true
		}
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if local == nil {
			return false
		}
		ap, err := netip.ParseAddrPort(local.String())
		return err == nil && ap.Addr().Unmap().WithZone("") == a.WithZone("")
	}
	return s.hosts[strings.ToLower(strings.TrimSuffix(host, "."))]
}

func hostNames(more []string) map[string]bool {
	names := map[string]bool{"localhost": true}
	for _, n := range more {
		if n = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(n), ".")); n != "" {
			names[n] = true
		}
	}
	return names
}
