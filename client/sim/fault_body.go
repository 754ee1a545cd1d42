package sim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// serveSpoiled lets the request take effect and damages the answer.
func (t *Tenant) serveSpoiled(c *call, f *hit) {
	rec := t.record(c)
	body := rec.body.Bytes()
	switch f.Kind {
	case FaultCutBody:
		c.cutAfter(rec, body, f.Size)
		return
	case FaultTruncate:
		body = body[:min(max(0, f.Size), len(body))]
	case FaultInsertKeys, FaultAppendKeys:
		body = spliceKeys(body, f.Value, f.Kind == FaultAppendKeys)
	case FaultNextLink:
		link := orElse(f.URL, c.base()+c.r.URL.RequestURI())
		body = editJSON(body, func(o object) { o.set("@odata.nextLink", strconv.Quote(link)) })
	case FaultReverseRows:
		body = editJSON(body, reverseRows)
	default:
		body = editRows(body, func(o object) { o.edit(f) })
	}
	c.forward(rec, body)
}

// cutAfter promises the whole body and breaks off after n bytes.
func (c *call) cutAfter(rec *recorder, body []byte, n int) {
	h := c.w.Header()
	for key, values := range rec.header {
		h[key] = values
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(rec.status)
	_, _ = c.w.Write(body[:min(max(0, n), len(body))])
	_ = http.NewResponseController(c.w).Flush() // what was promised must be on its way
	panic(http.ErrAbortHandler)
}

// object is a JSON object whose values stay as they were written.
type object map[string]json.RawMessage

func (o object) set(key, raw string) { o[key] = json.RawMessage(raw) }

func (o object) edit(f *hit) {
	switch f.Kind {
	case FaultSetField:
		o.set(f.Field, f.Value)
	case FaultRemoveField:
		delete(o, f.Field)
	case FaultRenameField:
		if raw, ok := o[f.Field]; ok {
			delete(o, f.Field)
			o[f.Value] = raw
		}
	}
}

// editJSON changes the outer object of a body; a body that is none stays.
func editJSON(body []byte, change func(object)) []byte {
	var o object
	if json.Unmarshal(body, &o) != nil {
		return body
	}
	change(o)
	return marshal(o, body)
}

// editRows changes every item of a list, or the single object.
func editRows(body []byte, change func(object)) []byte {
	return editJSON(body, func(o object) {
		var items []object
		if json.Unmarshal(o["value"], &items) != nil {
			change(o)
			return
		}
		for _, item := range items {
			change(item)
		}
		o["value"] = marshal(items, o["value"])
	})
}

// marshal writes v without turning <, > and & into escapes; on failure, which
// only a bad Value of a fault can cause, the old text stays.
func marshal(v any, old []byte) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return old
	}
	return bytes.TrimSpace(buf.Bytes())
}

func reverseRows(o object) {
	var items []json.RawMessage
	if json.Unmarshal(o["value"], &items) == nil {
		slices.Reverse(items)
		o["value"] = marshal(items, o["value"])
	}
}

// spliceKeys puts raw members into the first item of a list, or into the single
// object, before or behind the others. Text surgery, because a parsed object
// could not hold the same key twice.
func spliceKeys(body []byte, members string, last bool) []byte {
	start := bytes.IndexByte(body, '{')
	if i := bytes.Index(body, []byte(`"value":[{`)); i >= 0 {
		start = i + len(`"value":[`)
	}
	if start < 0 {
		return body
	}
	var item json.RawMessage
	if json.NewDecoder(bytes.NewReader(body[start:])).Decode(&item) != nil {
		return body
	}
	at, text := start+1, members+","
	if last {
		at, text = start+len(item)-1, ","+members
	}
	return slices.Concat(body[:at], []byte(text), body[at:])
}

// listBefore is the query of the last list request to the same path before this
// one.
func (t *Tenant) listBefore(c *call) (url.Values, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	log := t.journal.log
	for i := len(log) - 2; i >= 0; i-- {
		if log[i].Method == c.r.Method && log[i].Path == c.r.URL.Path {
			return log[i].Query, true
		}
	}
	return nil, false
}
