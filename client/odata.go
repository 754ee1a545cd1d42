package client

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"cordon/store/soc"
)

// odataTime writes a time for a filter: UTC with Z and Defender's seven digits. An offset would arrive as a space.
func odataTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// odataText quotes a text for a filter.
func odataText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// and joins the conditions that are not empty.
func and(conditions ...string) string {
	var have []string
	for _, c := range conditions {
		if c != "" {
			have = append(have, c)
		}
	}
	return strings.Join(have, " and ")
}

// between bounds a time property: from included, until excluded; a zero time sets no bound.
func between(property string, from, until time.Time) string {
	var low, high string
	if !from.IsZero() {
		low = property + " ge " + odataTime(from)
	}
	if !until.IsZero() {
		high = property + " lt " + odataTime(until)
	}
	return and(low, high)
}

func listQuery(filter, order string, skip int) url.Values {
	q := url.Values{}
	if filter != "" {
		q.Set("$filter", filter)
	}
	if order != "" {
		q.Set("$orderby", order)
	}
	if skip > 0 {
		q.Set("$skip", strconv.Itoa(skip))
	}
	return q
}

// segment checks an id before it becomes part of a path. An empty or odd id never feeds a request (C-17): ".." would name something else.
func segment(what, id string) (string, error) {
	ok := id != "" && len(id) <= 256 && strings.Trim(id, ".") != ""
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-_.:", c) >= 0
	}
	if !ok {
		return "", &soc.Error{
			Kind: soc.KindInvalid, Code: "bad-id", What: "the " + what + " id " + strconv.Quote(clip(soc.Clean(id), 80)) + " is not usable",
			Means: "nothing was sent", Next: "choose the " + what + " again from the list",
		}
	}
	return url.PathEscape(id), nil
}
