package sim

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// refusal is one row of the directory's error catalogue.
type refusal struct {
	status int
	name   string // the OAuth error
	text   string // %s is the offending value
}

// denySignIn sends the directory's error body: a timestamp with a space, line
// breaks inside the description, ids that support asks for.
func (t *Tenant) denySignIn(c *call, code int, value string) {
	t.mu.Lock()
	now, d := t.at, newDice(t.opt.Seed, saltTenant, int64(t.journal.requests))
	t.mu.Unlock()
	r := refusalOf(code)
	trace, correlation := d.guid(), d.guid()
	if id, err := uuid.Parse(c.r.Header.Get("client-request-id")); err == nil {
		correlation = id.String()
	}
	number, stamp := strconv.Itoa(code), now.UTC().Format("2006-01-02 15:04:05Z")
	text := strings.ReplaceAll(r.text, "%s", clip(value, 300))
	var e enc
	e.open('{')
	e.str("error", r.name)
	e.str("error_description", "AADSTS"+number+": "+text+" Trace ID: "+trace+"\r\nCorrelation ID: "+correlation+"\r\nTimestamp: "+stamp)
	e.key("error_codes")
	e.b = append(append(append(e.b, '['), number...), ']')
	e.str("timestamp", stamp)
	e.str("trace_id", trace)
	e.str("correlation_id", correlation)
	e.str("error_uri", c.base()+"/error?code="+number)
	e.close('}')
	h := c.w.Header()
	h.Set("x-ms-request-id", trace)
	h.Set("client-request-id", correlation)
	h.Set("Cache-Control", "no-store, no-cache")
	if r.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	c.send(r.status, "application/json; charset=utf-8", e.b)
}
