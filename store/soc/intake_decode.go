package soc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxIntakeDepth is how deeply what comes in may be nested.
const maxIntakeDepth = 8

// Forensics are named facts about a threat. Senders write texts, numbers and yes or no; here all are texts.
type Forensics map[string]string

// UnmarshalJSON takes an object of plain values.
func (f *Forensics) UnmarshalJSON(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // a number keeps the digits that the sender wrote
	var values map[string]any
	if err := dec.Decode(&values); err != nil {
		return fieldError{"forensics", "is no object of names and values"}
	}
	out := Forensics{}
	for k, v := range values {
		switch v := v.(type) {
		case nil:
		case string:
			out[k] = v
		case json.Number, bool:
			out[k] = fmt.Sprint(v)
		default:
			return fieldError{"forensics." + cut(Clean(k), 40), "is no plain value"}
		}
	}
	*f = out
	return nil
}

// fieldError names the field that does not fit.
type fieldError struct{ field, what string }

func (e fieldError) Error() string { return e.field + " " + e.what }

// DecodeThreats reads threat reports: one object, a list of them, or one after the other (NDJSON). It is strict: unknown fields, fields twice
// and values of another kind are refused with KindInvalid, naming item and field (code "bad-json", "too-large" or "too-many"). What the
// values say is judged later, item by item, by ThreatInput.Checked.
func DecodeThreats(r io.Reader) ([]ThreatInput, error) { return decodeItems[ThreatInput](r) }

// DecodeProbes is DecodeThreats for results of tests.
func DecodeProbes(r io.Reader) ([]ProbeInput, error) { return decodeItems[ProbeInput](r) }

func decodeItems[T any](r io.Reader) ([]T, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxIntakeBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the items: %w", err)
	}
	if len(raw) > MaxIntakeBytes {
		return nil, badIntake("too-large", fmt.Sprintf("more than %d bytes", MaxIntakeBytes), "send fewer items at once")
	}
	parts, err := splitItems(raw)
	if err != nil {
		return nil, err
	}
	out := make([]T, 0, len(parts))
	for i, p := range parts {
		var item T
		if err := strictly(p, &item); err != nil {
			return nil, badIntake("bad-json", fmt.Sprintf("item %d: %s", i+1, err), "correct it and send all again")
		}
		out = append(out, item)
	}
	return out, nil
}

func badIntake(code, what, next string) *Error {
	return &Error{Kind: KindInvalid, Code: code, What: what, Means: "nothing was stored", Next: next}
}

// splitItems cuts the input into its items without looking into them.
func splitItems(raw []byte) ([]json.RawMessage, error) {
	var parts []json.RawMessage
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var part json.RawMessage
		if err := dec.Decode(&part); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, badIntake("bad-json", fmt.Sprintf("item %d is no JSON: %s", len(parts)+1, Clean(err.Error())), "correct it and send all again")
		}
		if bytes.HasPrefix(part, []byte("[")) {
			var list []json.RawMessage
			if err := json.Unmarshal(part, &list); err != nil {
				return nil, badIntake("bad-json", "the list is no JSON: "+Clean(err.Error()), "correct it and send all again")
			}
			parts = append(parts, list...)
		} else {
			parts = append(parts, part)
		}
		if len(parts) > MaxIntakeItems {
			return nil, badIntake("too-many", fmt.Sprintf("more than %d items", MaxIntakeItems), "send fewer items at once")
		}
	}
	if len(parts) == 0 {
		return nil, badIntake("bad-json", "there is no item", "send one object, a list of objects, or one object per line")
	}
	return parts, nil
}

// strictly decodes one object; the error names the field.
func strictly(raw json.RawMessage, into any) error {
	if !bytes.HasPrefix(raw, []byte("{")) {
		return errors.New("is no object")
	}
	if err := plainKeys(json.NewDecoder(bytes.NewReader(raw)), "", 0); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var kind *json.UnmarshalTypeError
	var field fieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field):
		return field
	case errors.As(err, &kind):
		return fmt.Errorf("%s is a JSON %s, and %s belongs there", kind.Field, kind.Value, kindWord(kind.Type.String()))
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return fmt.Errorf("there is no field %s", Clean(strings.TrimPrefix(err.Error(), "json: unknown field ")))
	}
	return errors.New(Clean(err.Error()))
}

func kindWord(goType string) string {
	switch {
	case strings.HasSuffix(goType, "bool"):
		return "true or false"
	case strings.Contains(goType, "Input"), strings.Contains(goType, "EventRef"):
		return "an object"
	}
	return "a text"
}

// timeField names the fields that hold a time; encoding/json does not say which of them it could not read.
func timeField(path string) bool {
	switch strings.ToLower(path) {
	case "occurredat", "resolvedat", "at", "event.time":
		return true
	}
	return false
}

// plainKeys refuses a key that stands twice in one object: which of the two counts would be a matter of luck. It
// also judges times.
func plainKeys(dec *json.Decoder, path string, depth int) error {
	if depth > maxIntakeDepth {
		return errors.New("is nested too deeply")
	}
	tok, err := dec.Token()
	if err != nil {
		return errors.New("is no JSON: " + Clean(err.Error()))
	}
	if text, ok := tok.(string); ok && timeField(path) {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return fmt.Errorf("%s is no time like 2026-03-04T12:00:00Z", path)
		}
	}
	open, _ := tok.(json.Delim)
	if open != '{' && open != '[' {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		name := path
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return errors.New("is no JSON: " + Clean(err.Error()))
			}
			name = strings.TrimPrefix(path+"."+cut(Clean(fmt.Sprint(key)), 40), ".")
			folded := strings.ToLower(fmt.Sprint(key))
			if seen[folded] {
				return fmt.Errorf("%s stands there twice", name)
			}
			seen[folded] = true
		}
		if err := plainKeys(dec, name, depth+1); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}
