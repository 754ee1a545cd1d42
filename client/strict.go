package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode"
)

// Limits of an answer, after decompression (F36).
const (
	maxObject = 8 << 20  // one action, alert or machine, also inside a list
	maxList   = 64 << 20 // a whole page
	maxItems  = 20_000   // of a page; Defender's own limit is 10,000
	maxDepth  = 64
	maxValues = 200_000 // values in one object, at any depth
)

var (
	errTooLarge = errors.New("it is too large")
	errBroken   = errors.New("the connection broke")
)

// allowance reads until the bytes it was granted are used up. It also marks transport errors, so that a cut connection is told from bad
// JSON.
type allowance struct {
	r    io.Reader
	all  int // of the answer
	item int // until the next grant
}

func (a *allowance) grant(n int) { a.item = n }

func (a *allowance) Read(p []byte) (int, error) {
	left := min(a.all, a.item)
	if left <= 0 {
		return 0, errTooLarge
	}
	n, err := a.r.Read(p[:min(len(p), left)])
	a.all -= n
	a.item -= n
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", errBroken, err)
	}
	return n, err
}

// readObject reads one object whole, and nothing after it.
func readObject(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(&allowance{r: r, all: maxObject, item: maxObject})
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if err := shape(body, false); err != nil {
		return nil, err
	}
	return body, nil
}

// readPage walks a collection and hands out the items of "value" with exactly the bytes that came. It returns the next link, if any.
func readPage(r io.Reader, strict bool, each func(json.RawMessage) error) (next string, err error) {
	in := &allowance{r: r, all: maxList, item: maxObject}
	dec := json.NewDecoder(in)
	if err := expect(dec, '{'); err != nil {
		return "", err
	}
	found := false
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return "", wire(err)
		}
		in.grant(maxObject)
		switch tok {
		case "value":
			if found {
				return "", errors.New(`it has "value" twice`)
			}
			found = true
			if err := readItems(dec, in, strict, each); err != nil {
				return "", err
			}
		case "@odata.nextLink":
			var link flexString
			if err := dec.Decode(&link); err != nil {
				return "", wire(err)
			}
			next = string(link)
		default:
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return "", wire(err)
			}
		}
	}
	if err := expect(dec, '}'); err != nil {
		return "", err
	}
	if !found {
		return "", errors.New(`it has no "value"`)
	}
	if _, err := dec.Token(); err != io.EOF {
		return "", errors.New("something follows the answer")
	}
	return next, nil
}

func readItems(dec *json.Decoder, in *allowance, strict bool, each func(json.RawMessage) error) error {
	tok, err := dec.Token()
	if err != nil {
		return wire(err)
	}
	if tok == nil {
		return nil // null is an empty list
	}
	if tok != json.Delim('[') {
		return errors.New(`"value" is no list`)
	}
	for n := 0; dec.More(); n++ {
		if n >= maxItems {
			return errTooLarge
		}
		in.grant(maxObject)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return wire(err)
		}
		if err := shape(raw, strict); err != nil {
			return err
		}
		if err := each(raw); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func expect(dec *json.Decoder, want json.Delim) error {
	tok, err := dec.Token()
	if err != nil {
		return wire(err)
	}
	if tok != want {
		return fmt.Errorf("it is no JSON object: %v where %v belongs", tok, want)
	}
	return nil
}

// wire makes the end of the input in the middle of a value look the same everywhere.
func wire(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// shape bounds depth and number of values before anything is decoded, and looks for doubtful keys when strict.
func shape(raw []byte, strict bool) error {
	depth, values, quoted := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			values++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
		if depth > maxDepth {
			return errors.New("it is nested too deeply")
		}
		if values > maxValues {
			return errTooLarge
		}
	}
	if !strict {
		return nil
	}
	return uniqueKeys(json.NewDecoder(bytes.NewReader(raw)))
}

// uniqueKeys refuses two keys in one object that encoding/json would take for the same field: it matches without regard to case and lets
// the last one win, so {"status":"Failed","Status":"Succeeded"} would be believed (F37, M22). The depth is bounded already.
func uniqueKeys(dec *json.Decoder) error {
	tok, err := dec.Token()
	if err != nil {
		return wire(err)
	}
	if tok != json.Delim('{') && tok != json.Delim('[') {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if tok == json.Delim('{') {
			key, err := dec.Token()
			if err != nil {
				return wire(err)
			}
			name := fold(fmt.Sprint(key))
			if seen[name] {
				return fmt.Errorf("it has the key %q more than once", name)
			}
			seen[name] = true
		}
		if err := uniqueKeys(dec); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return wire(err)
}

// fold maps all case variants of a name to one.
func fold(s string) string {
	out := []rune(s)
	for i, r := range out {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		out[i] = least
	}
	return string(out)
}
