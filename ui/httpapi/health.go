package httpapi

import (
	"net/http"

	"cordon/store/soc"
)

// health answers that the process lives; it asks nobody.
func (s *Server) health(c *call, _ *http.Request) {
	sendJSON(c, http.StatusOK, map[string]string{"status": "alive"})
}

// ready answers whether cordon does what it is there for. The reasons may name tenants, so they are for those who bring a token with the scope
// of the metrics, or for everybody if the metrics are.
func (s *Server) ready(c *call, r *http.Request) {
	checks, status, word := append([]Check{}, s.o.Ready(r.Context())...), http.StatusOK, "ready"
	for _, check := range checks {
		if !check.OK {
			status, word = http.StatusServiceUnavailable, "not ready"
			c.why = check.Name
		}
	}
	if !s.o.OpenMetrics {
		if p, refused := s.curious(c, r); refused {
			c.refuse(p)
			return
		}
		if c.token.ID == "" {
			for i := range checks {
				checks[i].Reason = ""
			}
		}
	}
	sendJSON(c, status, struct {
		Status string  `json:"status"`
		Checks []Check `json:"checks"`
	}{word, checks})
}

// curious judges the token of a request that needs none: without one it is welcome, with a bad one it is not.
func (s *Server) curious(c *call, r *http.Request) (problem, bool) {
	if len(r.Header.Values("Authorization")) == 0 {
		return problem{}, false
	}
	return s.admit(c, r, soc.ScopeMetrics)
}
