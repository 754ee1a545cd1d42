package sim

import (
	"strings"
	"time"
)

// FaultKind names what goes wrong.
type FaultKind string

// Faults that replace the answer. With After the request takes effect first.
const (
	FaultStatus   FaultKind = "status"    // Status with an error body; see Code, Message, RetryAfter, Body, Empty
	FaultHTML     FaultKind = "html"      // a web page, as from a proxy or captive portal; Status 0 means 200
	FaultRedirect FaultKind = "redirect"  // Status 0 means 302, Location is URL
	FaultHuge     FaultKind = "huge"      // a list padded to Size bytes
	FaultGzipBomb FaultKind = "gzip-bomb" // a list that unpacks to Size bytes
	FaultDeep     FaultKind = "deep"      // Size nested arrays
	FaultItems    FaultKind = "items"     // a list of Size empty objects
)

// Faults of time and connection. With After the request takes effect first.
// Mind that Go's HTTP client repeats a GET by itself when a kept-alive
// connection is cut; a POST it does not.
const (
	FaultDelay FaultKind = "delay" // the answer comes Delay later
	FaultHang  FaultKind = "hang"  // no answer until the client gives up
	FaultCut   FaultKind = "cut"   // the connection ends without an answer
)

// Faults that spoil an ordinary answer; the request always takes effect.
const (
	FaultCutBody     FaultKind = "cut-body"     // the connection ends after Size bytes of the body
	FaultTruncate    FaultKind = "truncate"     // a complete answer whose body ends after Size bytes
	FaultSetField    FaultKind = "set-field"    // Field becomes Value (raw JSON), in the object or in every listed item
	FaultRemoveField FaultKind = "remove-field" // Field is missing
	FaultRenameField FaultKind = "rename-field" // Field is called Value
	FaultInsertKeys  FaultKind = "insert-keys"  // Value, raw `"k":v,…`, comes first in the object or first item
	FaultAppendKeys  FaultKind = "append-keys"  // the same, but last, where most decoders let it win
	FaultNextLink    FaultKind = "next-link"    // @odata.nextLink is URL; empty means this same request again
	FaultReverseRows FaultKind = "reverse-rows" // the page comes in the wrong order
	FaultRepeatPage  FaultKind = "repeat-page"  // the page of the list request before this one comes again
	FaultEarlyPage   FaultKind = "early-page"   // odd hits show the next page, even hits the one before
)

// Fault is a rule: what goes wrong, for which requests, and when.
type Fault struct {
	// Match is a method and a path below the host, such as
	// "POST /api/machines/*/isolate". Either may be "*"; "*" in the path is one
	// segment, a final "**" any rest. Empty matches everything. The version
	// segment of a path is ignored.
	Match string
	Skip  int // so many matching requests pass before
	Times int // then so many are hit; 0 means one, negative means all

	Kind  FaultKind
	After bool // the request takes effect, then the fault comes

	Status     int
	Code       string // 0 values: what the service sends with Status
	Message    string
	Body       string // sent as it is instead of an error object
	Empty      bool   // no body at all
	RetryAfter string // verbatim; empty means no such header

	Delay time.Duration
	Size  int
	URL   string
	Field string
	Value string
}

// armedFault counts the hits of a rule.
type armedFault struct {
	Fault
	method string
	path   []string
	skip   int
	left   int
	hits   int
}

// Inject adds rules. A request meets the first rule that matches and is still
// armed; the rules after that one do not see it.
func (t *Tenant) Inject(faults ...Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range faults {
		method, path, _ := strings.Cut(f.Match, " ")
		a := &armedFault{Fault: f, method: method, path: splitPath(path), skip: f.Skip, left: f.Times}
		if f.Times == 0 {
			a.left = 1
		}
		t.faults = append(t.faults, a)
	}
}

// ClearFaults removes all rules.
func (t *Tenant) ClearFaults() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = nil
}

// FaultHits counts the requests that met a fault of a rule still present, by
// kind.
func (t *Tenant) FaultHits() map[FaultKind]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[FaultKind]int{}
	for _, f := range t.faults {
		out[f.Kind] += f.hits
	}
	return out
}

// hit is a fault that a request meets.
type hit struct {
	Fault
	number int // 1 for the first hit of the rule
}

// takeFault finds the rule that this request meets; the caller holds the lock.
func (t *Tenant) takeFault(c *call) *hit {
	for _, f := range t.faults {
		if f.left == 0 || !f.matches(c) {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		if f.left > 0 {
			f.left--
		}
		f.hits++
		return &hit{Fault: f.Fault, number: f.hits}
	}
	return nil
}

func (f *armedFault) matches(c *call) bool {
	if f.Match == "" {
		return true
	}
	if f.method != "*" && f.method != c.r.Method {
		return false
	}
	for i, want := range f.path {
		switch {
		case want == "**":
			return true
		case i >= len(c.path):
			return false
		case want != "*" && !strings.EqualFold(want, c.path[i]):
			return false
		}
	}
	return len(f.path) == len(c.path)
}
