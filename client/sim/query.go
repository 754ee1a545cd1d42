package sim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is the part of a list request that every list understands.
type query struct {
	filter *expr
	order  []orderKey
	top    int
	topSet bool
	skip   int
	count  bool
	expand bool
}

type orderKey struct {
	prop property
	desc bool
}

// maxTop is the documented page limit.
const maxTop = 10_000

// listQuery parses the query options; ok is false when the refusal is sent.
func (t *Tenant) listQuery(c *call, props schema) (query, bool) {
	t.mu.Lock()
	pageSize, noIn := t.behave.PageSize, t.behave.NoIn
	t.mu.Unlock()
	q, err := parseQuery(c.q, props, pageSize)
	if err == nil && noIn && q.filter.usesIn() {
		err = badFilter("The operator 'in' is not supported.")
	}
	if err != nil {
		c.fail(http.StatusBadRequest, "ODataError", err.Error())
		return query{}, false
	}
	return q, true
}

func parseQuery(v url.Values, props schema, pageSize int) (q query, err error) {
	if q.filter, err = parseFilter(v.Get("$filter"), props); err != nil {
		return q, err
	}
	if q.order, err = parseOrder(v.Get("$orderby"), props); err != nil {
		return q, err
	}
	q.topSet = v.Has("$top")
	if q.top, err = number(v, "$top", min(orDefault(pageSize, maxTop), maxTop)); err != nil {
		return q, err
	}
	if q.top > maxTop {
		return q, badFilter("The limit of '%d' for Top query has been exceeded. The value from the incoming request is '%d'.", maxTop, q.top)
	}
	if q.skip, err = number(v, "$skip", 0); err != nil {
		return q, err
	}
	q.count = strings.EqualFold(v.Get("$count"), "true")
	q.expand = slices.Contains(strings.Split(v.Get("$expand"), ","), "evidence")
	return q, nil
}

func orDefault(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}

func number(v url.Values, key string, missing int) (int, error) {
	if !v.Has(key) {
		return missing, nil
	}
	n, err := strconv.Atoi(v.Get(key))
	if err != nil || n < 0 {
		return 0, badFilter("Invalid value '%s' for %s query option found.", clip(v.Get(key), 50), key)
	}
	return n, nil
}

func parseOrder(text string, props schema) ([]orderKey, error) {
	var keys []orderKey
	for _, part := range strings.Split(text, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		prop, ok := props[strings.ToLower(words[0])]
		if !ok || len(words) > 2 {
			return nil, badFilter("Could not order by '%s'.", clip(part, 100))
		}
		key := orderKey{prop: prop}
		if len(words) == 2 {
			key.desc = strings.EqualFold(words[1], "desc")
			if !key.desc && !strings.EqualFold(words[1], "asc") {
				return nil, badFilter("Could not order by '%s'.", clip(part, 100))
			}
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// page cuts the window of the query out of all matches.
func page[T any](q query, all []T) []T {
	from := min(q.skip, len(all))
	return all[from:min(from+q.top, len(all))]
}

// sortBy orders rows by the keys of the query; ties keep their order. Each key
// is read once per row, because reading it may mean making the record.
func sortBy[T any](rows []T, keys []orderKey, get func(T, int) value) {
	if len(keys) == 0 {
		return
	}
	type keyed struct {
		row    T
		values []value
	}
	all := make([]keyed, len(rows))
	for i, row := range rows {
		all[i].row = row
		for _, k := range keys {
			all[i].values = append(all[i].values, get(row, k.prop.id))
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		for i, k := range keys {
			o := rank(a.values[i], b.values[i])
			switch {
			case o == 0:
				continue
			case k.desc:
				return -o
			}
			return o
		}
		return 0
	})
	for i := range all {
		rows[i] = all[i].row
	}
}

// rows sends one page, written in pieces so that neither the lock nor a whole
// page of ten thousand alerts is held while the client reads.
type rows struct {
	set   string
	total int // matches of the filter, for $count and the next link
	page  int // rows in this answer
	write func(e *enc, i int)
}

const rowsPerPiece = 128

func (t *Tenant) sendRows(c *call, q query, out rows) {
	c.w.Header().Set("Content-Type", jsonType)
	c.w.WriteHeader(http.StatusOK)
	c.note(http.StatusOK)
	var e enc
	e.open('{')
	e.str("@odata.context", c.base()+"/api/$metadata#"+out.set)
	if q.count {
		e.num("@odata.count", int64(out.total))
	}
	e.key("value")
	e.b = append(e.b, '[')
	sent := 0 // bytes at the front of the buffer that are on their way already
	for i := 0; i < out.page; i += rowsPerPiece {
		t.mu.Lock()
		for j := i; j < min(i+rowsPerPiece, out.page); j++ {
			out.write(&e, j)
		}
		t.mu.Unlock()
		if _, err := c.w.Write(e.b[sent:]); err != nil {
			return
		}
		e.b = append(e.b[:0], e.b[len(e.b)-1]) // decides about the next comma
		sent = 1
	}
	e.b = append(e.b, ']')
	if link := nextLink(c, q, out); link != "" {
		e.str("@odata.nextLink", link)
	}
	e.b = append(e.b, '}')
	_, _ = c.w.Write(e.b[sent:])
}

// nextLink is empty on the last page and when the client asked for a page size
// itself: with $top the service sends no link (D-07).
func nextLink(c *call, q query, out rows) string {
	next := q.skip + out.page
	if q.topSet || next >= out.total {
		return ""
	}
	v := c.r.URL.Query()
	v.Set("$skip", strconv.Itoa(next))
	return c.base() + c.r.URL.Path + "?" + v.Encode()
}
