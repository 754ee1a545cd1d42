package sim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is one request on its way through the tenant.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	path  []string // unescaped segments, "v1.0" after "api" taken out
	body  []byte
	args  []string   // the variable segments of the matched endpoint
	q     url.Values // query, parsed when the API serves the call
	app   string     // application id of the caller
	roles []string   // what its token allows
	post  *Post      // set for every write to the API
	held  bool       // the answer is recorded, not sent
}

// splitPath unescapes the segments of a path and drops the optional version.
func splitPath(escaped string) []string {
	var out []string
	for _, seg := range strings.Split(escaped, "/") {
		if seg == "" {
			continue
		}
		if s, err := url.PathUnescape(seg); err == nil {
			seg = s
		}
		if len(out) == 1 && strings.EqualFold(out[0], "api") && strings.EqualFold(seg, "v1.0") {
			continue
		}
		out = append(out, seg)
	}
	return out
}

// base is the address that the client used, as the service repeats it in
// contexts and links.
func (c *call) base() string {
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host
}

const jsonType = "application/json; odata.metadata=minimal; charset=utf-8"

func (c *call) send(status int, contentType string, body []byte) {
	h := c.w.Header()
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	c.note(status)
	_, _ = c.w.Write(body) // a client that went away is its own affair
}

// entity sends one object with its context as the first key.
func (c *call) entity(status int, set string, body func(*enc)) {
	var e enc
	e.open('{')
	e.str("@odata.context", c.base()+"/api/$metadata#"+set+"/$entity")
	body(&e)
	e.close('}')
	c.send(status, jsonType, e.b)
}

// list sends a short collection.
func (c *call) list(set string, items func(*enc)) {
	var e enc
	c.openList(&e, set)
	items(&e)
	e.b = append(e.b, ']', '}')
	c.send(http.StatusOK, jsonType, e.b)
}

func (c *call) openList(e *enc, set string) {
	e.open('{')
	e.str("@odata.context", c.base()+"/api/$metadata#"+set)
	e.key("value")
	e.b = append(e.b, '[')
}

// fail sends the error shape of the API.
func (c *call) fail(status int, code, message string) {
	c.send(status, jsonType, errorBody(code, message))
}

func errorBody(code, message string) []byte {
	var e enc
	e.open('{')
	e.key("error")
	e.open('{')
	e.str("code", code)
	e.str("message", message)
	d := newDice(1, saltTenant, int64(len(message)))
	e.str("target", "|"+d.hex(8)+"-"+d.hex(16)+".")
	e.close('}')
	e.close('}')
	return e.b
}

func (c *call) notFound(what, id string) {
	c.fail(http.StatusNotFound, "ResourceNotFound", what+" "+clip(id, 200)+" was not found")
}

// note remembers the status that is sent in the journal.
func (c *call) note(status int) {
	if c.post != nil && !c.held {
		c.post.setStatus(status)
	}
}
