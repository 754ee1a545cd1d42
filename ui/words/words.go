// Package words holds the short texts that several surfaces print the same way: names, ids, counts, spans of time and moments.
//
// Everything here is a pure function of its arguments; the present comes in, nobody reads a clock. A value that nobody told us is a word
// ("unknown", "?", "-", "never") and never an empty cell, because an empty cell looks like an answer. A screen that needs another form, such
// as the "<1m" of the queue, keeps it to itself.
package words

import (
	"fmt"
	"strings"
	"unicode"
)

// Unknown stands for every value that nobody told us (V-02).
const Unknown = "unknown"

// Or returns s, or Unknown when there is nothing in it.
func Or(s string) string {
	if strings.TrimSpace(s) == "" {
		return Unknown
	}
	return s
}

// Dash returns s, or a dash when it is empty: for cells that have no room for a word.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// ShortID is the head of an id in ten cells, enough to recognise it; the whole belongs in the detail and in the clipboard.
func ShortID(id string) string { return Short(id, 10) }

// Short is the head of an id in at most w cells, for lists with less room than ShortID needs.
func Short(id string, w int) string {
	if len(id) <= w {
		return id
	}
	return id[:max(0, w-2)] + ".."
}

// EndID is the end of an id, where ids of one kind differ: enough to find an action in the portal.
func EndID(id string) string {
	if id == "" {
		return Unknown
	}
	if len(id) <= 8 {
		return id
	}
	return ".." + id[len(id)-8:]
}

// ShortName is a host without its domain: the rows of one tenant share it. Addresses stay, and so does text that is no name.
func ShortName(name string) string {
	first, rest, ok := strings.Cut(name, ".")
	if !ok || first == "" || strings.Contains(name, " ") || !strings.ContainsFunc(rest, unicode.IsLetter) {
		return name
	}
	return first
}

// Count prints a number of things: 1 device, 2 devices.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
