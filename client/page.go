package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cordon/store/soc"
)

// Bounds of a walk through pages.
const (
	maxPages    = 1000
	maxPageSize = 10_000
)

// page reads one page of a collection: the items' bytes as they came, and the link to the next page if there is one.
func (c *Client) page(ctx context.Context, cl call, strict bool) (items []json.RawMessage, next string, err error) {
	cl.method, cl.list = http.MethodGet, true
	err = c.run(ctx, cl, func(r io.Reader) (err error) {
		items = nil
		next, err = readPage(r, strict, func(raw json.RawMessage) error {
			items = append(items, raw)
			return nil
		})
		return err
	})
	return items, next, err
}

// decodeAll decodes the items of a page. A strict list fails on the first item that can not be trusted; another leaves it out and says so
// to OnCall, so that one odd record does not hide all others.
func decodeAll[T any](c *Client, cl call, items []json.RawMessage, strict bool, decode func(json.RawMessage) (T, error)) ([]T, error) {
	out := make([]T, 0, len(items))
	for _, raw := range items {
		v, err := decode(raw)
		switch {
		case err == nil:
			out = append(out, v)
		case strict:
			return nil, cl.unclear("bad-answer", "Defender's list can not be used: "+soc.Clean(err.Error()), err)
		}
	}
	if n := len(items) - len(out); n > 0 {
		c.onCall(Call{Method: http.MethodGet, API: cl.api, Status: http.StatusOK, Skipped: n})
	}
	return out, nil
}

// walk reads a collection page by page with $top and $skip, up to limit items (0 = all). It neither loops for ever nor follows a link to
// another place: a page that repeats the ones before is an error, because the records it stands for would be lost (C-13, F40). Items that
// come twice, because the set moved between two pages, are handed out once. A 404 is an empty collection: the machine list says so when
// nothing matches.
func walk[T any](ctx context.Context, c *Client, cl call, top, limit int, strict bool, id func(T) string, decode func(json.RawMessage) (T, error)) ([]T, error) {
	if top <= 0 || top > maxPageSize {
		top = maxPageSize
	}
	cl.query = cloneQuery(cl.query)
	cl.query.Set("$top", strconv.Itoa(top))
	filter := cl.query.Get("$filter")
	var all []T
	seen, asked := map[string]bool{}, map[string]bool{}
	for range maxPages {
		asked[cl.query.Encode()] = true
		items, next, err := c.page(ctx, cl, strict)
		if soc.KindOf(err) == soc.KindNotFound {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		page, err := decodeAll(c, cl, items, strict, decode)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, v := range page {
			if k := id(v); !seen[k] {
				seen[k] = true
				all = append(all, v)
			}
		}
		if limit > 0 && len(all) >= limit {
			return all[:limit], nil
		}
		more, err := c.next(cl, next, filter, len(items), top)
		if err != nil {
			return nil, err
		}
		if more == nil {
			return all, nil
		}
		if asked[more.Encode()] || len(page) > 0 && len(all) == before {
			return nil, badPaging("the pages of "+cl.api+" repeat", nil)
		}
		cl.query = more
	}
	return nil, badPaging("the list of "+cl.api+" does not end", nil)
}

// next returns the query of the next page, nil after the last one.
func (c *Client) next(cl call, link, filter string, count, top int) (url.Values, error) {
	query, follow, err := c.nextLink(link, cl, filter)
	if err != nil || follow {
		return query, err
	}
	if count < top {
		return nil, nil
	}
	query = cloneQuery(cl.query)
	skip, _ := strconv.Atoi(query.Get("$skip"))
	query.Set("$skip", strconv.Itoa(skip+count))
	return query, nil
}

// nextLink judges the service's link to the next page. One that leaves the collection is an error: the token would go with it (F40, C32).
// One that lost the filter is ignored, the walk goes on with $skip (D-07).
func (c *Client) nextLink(link string, cl call, filter string) (url.Values, bool, error) {
	if link == "" {
		return nil, false, nil
	}
	query, err := sameCollection(link, c.api, cl.path)
	if err != nil {
		return nil, false, err
	}
	return query, query.Get("$filter") == filter, nil
}

// sameCollection returns the query of a link if it stays with origin and path of the collection.
func sameCollection(link string, api *url.URL, path string) (url.Values, error) {
	u, err := url.Parse(link)
	if err != nil || u.User != nil || !sameOrigin(u, api) || !strings.EqualFold(u.EscapedPath(), "/api/"+path) {
		return nil, badPaging("the link to the next page leads elsewhere: "+soc.Clean(clip(link, 120)), err)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, badPaging("the link to the next page can not be read", err)
	}
	return q, nil
}

func badPaging(what string, err error) error {
	return &soc.Error{
		Kind: soc.KindUnavailable, Code: "paging", What: what, Means: "the list is incomplete and was not used",
		Next: "cordon tries again at the next poll", Err: err,
	}
}

func cloneQuery(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = append([]string(nil), v...)
	}
	return out
}
