package sim

import (
	"cmp"
	"math"
	"strings"
)

// matches evaluates the filter over the properties that get returns. A nil
// filter matches everything.
func (e *expr) matches(get func(id int) value) bool {
	if e == nil {
		return true
	}
	switch e.op {
	case "and":
		return e.left.matches(get) && e.right.matches(get)
	case "or":
		return e.left.matches(get) || e.right.matches(get)
	case "not":
		return !e.left.matches(get)
	case "in":
		v := get(e.prop.id)
		for i := range e.lits {
			if same(v, e.lits[i]) {
				return true
			}
		}
		return false
	case "startswith":
		return strings.HasPrefix(strings.ToLower(get(e.prop.id).s), strings.ToLower(e.lit.s))
	case "any":
		return contains(get(e.prop.id).list, e.lit.s)
	}
	return e.compare(get(e.prop.id))
}

func same(a, b value) bool { return a.kind == b.kind && a.n == b.n && a.s == b.s }

func (e *expr) compare(v value) bool {
	switch e.op {
	case "eq":
		return same(v, e.lit)
	case "ne":
		return !same(v, e.lit)
	}
	if v.kind != e.lit.kind || v.kind == kindNull {
		return false // null is neither greater nor smaller
	}
	o := rank(v, e.lit)
	switch e.op {
	case "gt":
		return o > 0
	case "ge":
		return o >= 0
	case "lt":
		return o < 0
	}
	return o <= 0
}

// rank compares two values of one kind; null sorts first.
func rank(a, b value) int {
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind)
	}
	if a.kind == kindString {
		return strings.Compare(a.s, b.s)
	}
	return cmp.Compare(a.n, b.n)
}

// span is a range of ticks, both ends included.
type span struct{ lo, hi tick }

func everything() span { return span{math.MinInt64, math.MaxInt64} }

// bounds narrows s by the comparisons on property id that must hold for the
// whole filter. That is what makes "everything since then" cheap in a world of
// a million alerts.
func (e *expr) bounds(id int, s span) span {
	if e == nil {
		return s
	}
	if e.op == "and" {
		return e.right.bounds(id, e.left.bounds(id, s))
	}
	if e.prop.id != id || e.prop.kind != kindTime || e.lit.kind != kindTime {
		return s
	}
	at := tick(e.lit.n)
	switch e.op {
	case "eq":
		s.lo, s.hi = max(s.lo, at), min(s.hi, at)
	case "gt":
		s.lo = max(s.lo, at+1)
	case "ge":
		s.lo = max(s.lo, at)
	case "lt":
		s.hi = min(s.hi, at-1)
	case "le":
		s.hi = min(s.hi, at)
	}
	return s
}
