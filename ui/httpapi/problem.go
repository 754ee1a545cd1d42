package httpapi

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"cordon/store/soc"
)

// problem is an error as a client reads it.
type problem struct {
	status int
	after  time.Duration // Retry-After
	allow  string        // Allow

	Code  string `json:"code"`
	What  string `json:"what"`
	Means string `json:"means,omitempty"`
	Next  string `json:"next,omitempty"`
	ID    string `json:"request_id,omitempty"`
}

// head says in the header when to come again.
func (p problem) head(h http.Header) {
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.after.Seconds()))))
	}
}

// send writes p as the answer.
func (p problem) send(w http.ResponseWriter) {
	h := w.Header()
	p.head(h)
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="cordon"`)
	}
	p.ID = h.Get(idHeader)
	sendJSON(w, p.status, map[string]problem{"error": p})
}

// sendJSON answers with v; it must be something that can be encoded.
func sendJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a broken program: no value of ours fails to encode
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // a client that has gone needs no answer
}

// problemOf turns an error of ours into an answer. The texts of soc.Error are for people; of any other error nothing is told.
func problemOf(err error) problem {
	var e *soc.Error
	if !errors.As(err, &e) {
		return problem{
			status: http.StatusServiceUnavailable, after: 5 * time.Second, Code: "store", What: "cordon could not do this now",
			Means: "nothing was stored for this request", Next: `try again; if it stays, "cordon doctor" on that machine says what is wrong`,
		}
	}
	p := problem{Code: e.Code, What: soc.Clean(e.What), Means: soc.Clean(e.Means), Next: soc.Clean(e.Next), after: e.After}
	if p.Code == "" {
		p.Code = "refused"
	}
	switch e.Kind {
	case soc.KindInvalid:
		p.status = http.StatusBadRequest
		if e.Code == "too-large" || e.Code == "too-many" {
			p.status = http.StatusRequestEntityTooLarge
		}
	case soc.KindNotFound:
		p.status = http.StatusNotFound
	case soc.KindConflict, soc.KindRefused, soc.KindAmbiguous, soc.KindInProgress:
		p.status = http.StatusConflict
	case soc.KindDenied, soc.KindUnauthorized:
		p.status = http.StatusForbidden
	case soc.KindThrottled:
		p.status, p.after = http.StatusTooManyRequests, max(p.after, time.Second)
	default:
		p.status, p.after = http.StatusServiceUnavailable, max(p.after, 5*time.Second)
	}
	return p
}
