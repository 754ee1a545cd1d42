package client

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// The flex types take what the service really sends: numbers where strings are documented and the reverse, null, and several spellings of
// nothing (defender-api 4.4, 4.5). A value of a shape that makes no sense reads as empty; the raw bytes are kept beside it.

// flexString is text: a string, or a number or boolean as it is written.
type flexString string

// UnmarshalJSON implements json.Unmarshaler.
func (s *flexString) UnmarshalJSON(b []byte) error {
	*s = ""
	switch {
	case len(b) == 0 || b[0] == '{' || b[0] == '[' || string(b) == "null":
	case b[0] == '"':
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		*s = flexString(text)
	default:
		*s = flexString(b)
	}
	return nil
}

// flexInt is a whole number, or one in quotes. Fractions are cut; what does not fit is 0.
type flexInt int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *flexInt) UnmarshalJSON(b []byte) error {
	*n = 0
	text := strings.TrimSpace(string(bytes.Trim(b, `"`)))
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		*n = flexInt(i)
	} else if f, err := strconv.ParseFloat(text, 64); err == nil && f > -(1<<62) && f < 1<<62 {
		*n = flexInt(f)
	}
	return nil
}

// flexBool is a boolean, or one in quotes.
type flexBool bool

// UnmarshalJSON implements json.Unmarshaler.
func (v *flexBool) UnmarshalJSON(b []byte) error {
	on, err := strconv.ParseBool(string(bytes.Trim(b, `"`)))
	*v = flexBool(err == nil && on)
	return nil
}

// flexTime is a UTC time with 0 to 9 digits of fraction. A missing zone is UTC; years before 1900 mean never.
type flexTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (t *flexTime) UnmarshalJSON(b []byte) error {
	*t = flexTime{}
	text := strings.TrimSpace(string(bytes.Trim(b, `"`)))
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z"} {
		if at, err := time.Parse(layout, text); err == nil {
			if at.Year() >= 1900 {
				t.Time = at.UTC()
			}
			return nil
		}
	}
	return nil
}

// flexList is a list; a lone object counts as a list of one, anything else as none. Items that can not be read are left out.
type flexList[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *flexList[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	if len(b) > 0 && b[0] == '{' {
		b = append(append([]byte{'['}, b...), ']')
	}
	var raw []json.RawMessage
	if json.Unmarshal(b, &raw) != nil {
		return nil
	}
	for _, r := range raw {
		var v T
		if string(r) != "null" && json.Unmarshal(r, &v) == nil {
			*l = append(*l, v)
		}
	}
	return nil
}

// flexObject is an object or nothing.
type flexObject[T any] struct{ v *T }

// UnmarshalJSON implements json.Unmarshaler.
func (o *flexObject[T]) UnmarshalJSON(b []byte) error {
	o.v = nil
	var v T
	if len(b) > 0 && b[0] == '{' && json.Unmarshal(b, &v) == nil {
		o.v = &v
	}
	return nil
}
