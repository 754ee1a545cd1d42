package sim

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// serveFault answers a request that met a rule.
func (t *Tenant) serveFault(c *call, f *hit) {
	switch f.Kind {
	case FaultRepeatPage, FaultEarlyPage:
		t.servePage(c, f)
		return
	case FaultDelay, FaultHang, FaultCut:
		t.serveLate(c, f)
		return
	case FaultCutBody, FaultTruncate, FaultSetField, FaultRemoveField, FaultRenameField,
		FaultInsertKeys, FaultAppendKeys, FaultNextLink, FaultReverseRows:
		t.serveSpoiled(c, f)
		return
	}
	if f.After {
		t.record(c)
	}
	switch f.Kind {
	case FaultStatus:
		c.sendStatus(f)
	case FaultHTML:
		c.send(orDefault(f.Status, http.StatusOK), "text/html; charset=utf-8", []byte(portalPage))
	case FaultRedirect:
		c.w.Header().Set("Location", f.URL)
		c.send(orDefault(f.Status, http.StatusFound), "text/html; charset=utf-8", nil)
	default:
		c.sendBomb(f)
	}
}

const portalPage = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head><body><h1>Please accept the terms of use</h1></body></html>\n"

// recorder catches an answer so that a fault can change or drop it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// record lets the request take effect and returns the answer unsent.
func (t *Tenant) record(c *call) *recorder {
	w, rec := c.w, &recorder{header: c.w.Header().Clone(), status: http.StatusOK}
	c.w, c.held = rec, true
	t.answer(c)
	c.w, c.held = w, false
	return rec
}

// forward sends a recorded answer with another body.
func (c *call) forward(rec *recorder, body []byte) {
	h := c.w.Header()
	for key, values := range rec.header {
		h[key] = values
	}
	c.send(rec.status, rec.header.Get("Content-Type"), body)
}

// serveLate holds the answer back, for a while or for ever.
func (t *Tenant) serveLate(c *call, f *hit) {
	var rec *recorder
	if f.After {
		rec = t.record(c)
	}
	switch f.Kind {
	case FaultDelay:
		t.opt.Sleep(c.r.Context(), f.Delay)
		if rec == nil {
			rec = t.record(c)
		}
		c.forward(rec, rec.body.Bytes())
		return
	case FaultHang:
		<-c.r.Context().Done()
	}
	panic(http.ErrAbortHandler) // ends the connection without a reply
}

func (c *call) sendStatus(f *hit) {
	if f.RetryAfter != "" {
		c.w.Header().Set("Retry-After", f.RetryAfter)
	}
	code, text := statusText(f.Status)
	body := errorBody(orElse(f.Code, code), orElse(f.Message, text))
	contentType := jsonType
	switch {
	case f.Empty:
		body, contentType = nil, ""
	case f.Body != "":
		body = []byte(f.Body)
	}
	c.send(orDefault(f.Status, http.StatusInternalServerError), contentType, body)
}

// statusText is what the service usually says with a status.
func statusText(status int) (code, message string) {
	switch status {
	case http.StatusBadRequest:
		return "BadRequest", "The request is not valid."
	case http.StatusUnauthorized:
		return "Unauthorized", "The token is not valid."
	case http.StatusForbidden:
		return "Forbidden", missingRoles([]string{"Machine.Isolate"}, nil)
	case http.StatusNotFound:
		return "ResourceNotFound", "The resource was not found."
	case http.StatusTooManyRequests:
		return "TooManyRequests", quotaText(rateMinute, "00:01:00")
	case http.StatusBadGateway:
		return "BadGateway", "The gateway received an invalid answer."
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable", "The service is temporarily unavailable."
	case http.StatusGatewayTimeout:
		return "GatewayTimeout", "The gateway timed out."
	}
	return "InternalServerError", ""
}

const (
	listHead = `{"@odata.context":"https://example/api/$metadata#Alerts","value":[`
	listTail = `]}`
	chunk    = 64 << 10
)

// sendBomb writes answers that are too big, too deep or too many. They are
// streamed, so the simulator does not suffer from them itself.
func (c *call) sendBomb(f *hit) {
	h := c.w.Header()
	h.Set("Content-Type", jsonType)
	c.note(http.StatusOK)
	switch f.Kind {
	case FaultDeep:
		c.stream("[", f.Size, "]")
	case FaultItems:
		c.stream("{},", max(0, f.Size-1), "{}")
	case FaultHuge:
		c.stream(strings.Repeat(" ", chunk), f.Size/chunk+1, "")
	case FaultGzipBomb:
		h.Set("Content-Encoding", "gzip")
		_, _ = c.w.Write(zipSpaces(f.Size))
	}
}

// stream writes a list with unit repeated n times. For nested arrays the end is
// repeated as well.
func (c *call) stream(unit string, n int, end string) {
	w := &countedWriter{w: c.w}
	w.text(listHead)
	w.repeat(unit, n)
	if end == "]" {
		w.repeat(end, n)
	} else {
		w.text(end)
	}
	w.text(listTail)
}

// countedWriter stops at the first error: the client hung up, which is the
// right thing to do.
type countedWriter struct {
	w    http.ResponseWriter
	dead bool
}

func (w *countedWriter) text(s string) {
	if !w.dead {
		_, err := w.w.Write([]byte(s))
		w.dead = err != nil
	}
}

func (w *countedWriter) repeat(unit string, n int) {
	per := max(1, chunk/len(unit))
	block := strings.Repeat(unit, per)
	for ; n >= per && !w.dead; n -= per {
		w.text(block)
	}
	w.text(strings.Repeat(unit, max(0, n)))
}

// zipSpaces packs a list padded with spaces to size bytes.
func zipSpaces(size int) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = z.Write([]byte(listHead))
	block := bytes.Repeat([]byte(" "), chunk)
	for range size/chunk + 1 {
		_, _ = z.Write(block)
	}
	_, _ = z.Write([]byte(listTail))
	_ = z.Close() // a buffer takes everything
	return buf.Bytes()
}

// servePage answers with another page than the one that was asked for.
func (t *Tenant) servePage(c *call, f *hit) {
	v := c.r.URL.Query()
	if f.Kind == FaultRepeatPage {
		if before, ok := t.listBefore(c); ok {
			v = before
		}
	} else {
		top, _ := strconv.Atoi(v.Get("$top"))
		skip, _ := strconv.Atoi(v.Get("$skip"))
		if f.number%2 == 1 {
			skip += top
		} else {
			skip -= top
		}
		v.Set("$skip", strconv.Itoa(max(0, skip)))
	}
	u := *c.r.URL
	u.RawQuery = v.Encode()
	r := c.r.Clone(c.r.Context())
	r.URL = &u
	c.r = r
	t.answer(c)
}
