package soc

import (
	"strings"
	"time"
)

// The queue's filter language. A filter is a list of terms, all of which must hold (T-27). A term is a word, searched in title, host, user,
// owner, category, technique and id; or a field with one or more values, of which any may hold:
//
//	sev>=med  sev:high,low     severity, by name or by order
//	status:new,inpr            new, inprogress, resolved, unknown; open means not resolved
//	host:dc*  title:"a b"      see below
//	user:svc  owner:me owner:- cat:malware tech:T1003 id:da63* tenant:contoso
//	age<2h                     time since the alert was created: s, m, h, d, w
//	reopened:yes  late:no
//
// A leading minus turns a term around. Letters are compared without case. "-" as a value means an empty field. A star at either end of a
// value stands for anything; quotes make everything inside literal, blanks, commas and stars too. Without a star a title matches when it
// contains the value, a technique when it is the value or a sub-technique of it, a host by its whole name or the part before the first dot
// (so PC1 never shows PC10), an account by its whole name, or without its domain. "all" as a value always holds.

// Limits of a filter; they keep the cost of a hostile one small.
const (
	MaxFilterLen   = 1000
	MaxFilterTerms = 64
)

// Field names what a term looks at; FieldText is a plain word.
type Field string

// The fields.
const (
	FieldText      Field = ""
	FieldSeverity  Field = "sev"
	FieldStatus    Field = "status"
	FieldHost      Field = "host"
	FieldUser      Field = "user"
	FieldOwner     Field = "owner"
	FieldCategory  Field = "cat"
	FieldTitle     Field = "title"
	FieldTechnique Field = "tech"
	FieldID        Field = "id"
	FieldTenant    Field = "tenant"
	FieldAge       Field = "age"
	FieldReopened  Field = "reopened"
	FieldLate      Field = "late"
)

// Op is how a term compares; fields other than sev and age know OpIs only.
type Op string

// The comparisons.
const (
	OpIs      Op = ":"
	OpLess    Op = "<"
	OpAtMost  Op = "<="
	OpMore    Op = ">"
	OpAtLeast Op = ">="
)

// Term is one condition. Start and End are its bytes in the text it came from.
type Term struct {
	Field  Field
	Not    bool
	Op     Op
	Values []Pattern
	// Age is the parsed value of an age term, Cut the moment that it stands for: an alert is younger than Age if it was created after Cut.
	Age        time.Duration
	Cut        time.Time
	Start, End int
}

// Pattern is one value of a term.
type Pattern struct {
	Text       string // lower case, without stars and quotes
	Head, Tail bool   // a star before, after
	Quoted     bool
	// Word is what the value stands for: a severity rank, a canonical status, yes or no, "empty", "all", or "me" with Text filled in.
	Word string
	rank int
}

// Filter is a parsed filter text. The zero value lets everything through.
type Filter struct {
	Terms []Term
}

// FilterError marks the part of a filter text, in bytes, that can not be understood. It is of kind KindInvalid.
type FilterError struct {
	Start, End int
	Msg        string
}

func (e FilterError) Error() string { return "filter: " + e.Msg }

// Unwrap makes it a soc error that a person can read.
func (e FilterError) Unwrap() error {
	return &Error{Kind: KindInvalid, Code: "bad-filter", What: e.Error(), Next: "correct the marked part"}
}

// As lets errors.As find it as a pointer too.
func (e FilterError) As(target any) bool {
	p, ok := target.(**FilterError)
	if ok {
		*p = &e
	}
	return ok
}

// Match reports whether the row passes every term.
func (f Filter) Match(r AlertRow) bool {
	for _, t := range f.Terms {
		if t.Match(r) == t.Not {
			return false
		}
	}
	return true
}

// String returns a text that parses to the same filter.
func (f Filter) String() string {
	parts := make([]string, len(f.Terms))
	for i, t := range f.Terms {
		parts[i] = t.String()
	}
	return strings.Join(parts, " ")
}

// TimeBound reports whether the answer changes as time passes.
func (f Filter) TimeBound() bool {
	for _, t := range f.Terms {
		if t.Field == FieldAge {
			return true
		}
	}
	return false
}

// String returns the term as it could be typed.
func (t Term) String() string {
	var b strings.Builder
	if t.Not {
		b.WriteByte('-')
	}
	if t.Field != FieldText {
		b.WriteString(string(t.Field))
		b.WriteString(string(t.Op))
	}
	for i, p := range t.Values {
		if i > 0 {
			b.WriteByte(',')
		}
		s := p.String()
		if i == 0 && t.Field == FieldText && !p.Quoted && (strings.HasPrefix(s, "-") && !t.Not || looksLikeField(s)) {
			b.WriteByte(',') // an empty value in front keeps it a plain word
		}
		b.WriteString(s)
	}
	return b.String()
}

// String returns the value as it could be typed.
func (p Pattern) String() string {
	switch p.Word {
	case wordMe, wordAll:
		return p.Word
	case wordEmpty:
		return "-"
	}
	if p.Quoted {
		return `"` + p.Text + `"`
	}
	s := p.Text
	if p.Head {
		s = "*" + s
	}
	if p.Tail {
		s += "*"
	}
	return s
}
