package soc

import (
	"errors"
	"strings"
	"time"
)

// Kind classes an error for everybody who must react to it: the exit code of a command, the colour of a message, whether to try again.
type Kind uint8

// The kinds. KindUnknownOutcome is the dangerous one: a request was sent and nobody knows whether it took effect (F31–F33); only a
// reconcile may follow it, never a repeat.
const (
	KindInternal Kind = iota
	KindInvalid
	KindNotFound
	KindAmbiguous
	KindConflict
	KindDenied
	KindRefused
	KindInProgress
	KindThrottled
	KindUnavailable
	KindUnauthorized
	KindUnknownOutcome
)

// CodeMismatch is the code of a KindUnknownOutcome whose answer was read and is about another machine or kind of order (F21).
const CodeMismatch = "mismatch"

// Error is an error that a person will read: what happened, what it means for the host, what to press or do next. Code is a stable word
// for scripts ("not-onboarded"); After is set on KindThrottled.
type Error struct {
	Kind  Kind
	Code  string
	What  string
	Means string
	Next  string
	After time.Duration
	Err   error
}

// Error joins what, means and next into one line.
func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.What, e.Means, e.Next} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		if e.Code != "" {
			return e.Code
		}
		return e.Kind.String()
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches a bare kind (ErrNotFound and friends) or the same kind and code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.What == "" && t.Kind == e.Kind && (t.Code == "" || t.Code == e.Code)
}

// Bare kinds for errors.Is.
var (
	ErrInvalid        = &Error{Kind: KindInvalid}
	ErrNotFound       = &Error{Kind: KindNotFound}
	ErrAmbiguous      = &Error{Kind: KindAmbiguous}
	ErrConflict       = &Error{Kind: KindConflict}
	ErrDenied         = &Error{Kind: KindDenied}
	ErrRefused        = &Error{Kind: KindRefused}
	ErrInProgress     = &Error{Kind: KindInProgress}
	ErrThrottled      = &Error{Kind: KindThrottled}
	ErrUnavailable    = &Error{Kind: KindUnavailable}
	ErrUnauthorized   = &Error{Kind: KindUnauthorized}
	ErrUnknownOutcome = &Error{Kind: KindUnknownOutcome}
)

// KindOf returns the kind of the first *Error in the chain, KindInternal if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

// String names the kind.
func (k Kind) String() string {
	names := [...]string{
		"internal error", "invalid", "not found", "ambiguous", "conflict", "denied", "refused", "already in progress",
		"throttled", "unavailable", "unauthorized", "unknown outcome",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return "error"
}
