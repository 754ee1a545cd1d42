package httpapi

import (
	"net/http"

	"cordon/store/soc"
)

// route is one path of the interface. There is no other: nothing is matched by prefix, and no path is cleaned into another.
type route struct {
	method string // GET also answers HEAD
	scope  string // needed; empty = open to whoever reaches the address
	serve  func(c *call, r *http.Request)
}

// Paths of the interface.
const (
	pathLockdowns = "/api/v2.1/lockdown/host"
	pathThreats   = "/api/v1/threats"
	pathProbes    = "/api/v1/probes"
	pathHealth    = "/healthz"
	pathReady     = "/readyz"
	pathMetrics   = "/metrics"
)

// table lists the paths. What is not here is 404, whatever is compiled in: nothing is ever registered on the server that the standard library
// shares, so no debug page can come in by an import (SC42).
func (s *Server) table() map[string]route {
	t := map[string]route{
		pathLockdowns: {http.MethodGet, soc.ScopeLockdowns, s.lockdowns},
		pathThreats:   {http.MethodPost, soc.ScopeThreats, s.threats},
		pathProbes:    {http.MethodPost, soc.ScopeProbes, s.probes},
		pathHealth:    {http.MethodGet, "", s.health},
		pathReady:     {http.MethodGet, "", s.ready},
	}
	if s.o.Metrics != nil {
		scope := soc.ScopeMetrics
		if s.o.OpenMetrics {
			scope = ""
		}
		t[pathMetrics] = route{http.MethodGet, scope, func(c *call, r *http.Request) { s.o.Metrics.ServeHTTP(c, r) }}
	}
	return t
}

// answer finds the route and lets through whoever may use it.
func (s *Server) answer(c *call, r *http.Request) {
	if p, refused := s.stranger(r); refused {
		c.refuse(p)
		return
	}
	rt, found := s.routes[r.URL.EscapedPath()]
	if !found {
		c.refuse(problem{status: http.StatusNotFound, Code: "no-path", What: "there is nothing at this path", Next: "the paths are in the manual"})
		return
	}
	c.route = r.URL.EscapedPath()
	if r.Method != rt.method && (r.Method != http.MethodHead || rt.method != http.MethodGet) {
		c.refuse(noMethod(rt))
		return
	}
	if rt.scope != "" {
		if p, refused := s.admit(c, r, rt.scope); refused {
			c.refuse(p)
			return
		}
	}
	if rt.method == http.MethodGet && r.ContentLength != 0 {
		c.Header().Set("Connection", "close") // the body is not read
		c.refuse(problem{status: http.StatusBadRequest, Code: "body", What: "a request to read came with a body", Next: "send it without one"})
		return
	}
	rt.serve(c, r)
}

func noMethod(rt route) problem {
	p := problem{status: http.StatusMethodNotAllowed, allow: rt.method, Code: "method", What: "this path can not be used in this way"}
	if p.Next = "use " + rt.method; rt.method == http.MethodGet {
		p.allow = "GET, HEAD"
		p.Means = "it can be read and nothing else"
	}
	return p
}
