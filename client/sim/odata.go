package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// value is what a property or a literal of a filter holds.
type value struct {
	kind valueKind
	s    string
	n    int64
	list []string
}

type valueKind uint8

const (
	kindNull valueKind = iota
	kindString
	kindNumber
	kindTime // n holds ticks
	kindBool // n is 0 or 1
	kindList
)

func stringValue(s string) value {
	if s == "" {
		return value{}
	}
	return value{kind: kindString, s: s}
}

func timeValue(t time.Time) value {
	if t.IsZero() {
		return value{}
	}
	return value{kind: kindTime, n: int64(tickOf(t))}
}

func numberValue(n int64) value { return value{kind: kindNumber, n: n} }

func optNumber(n int64) value {
	if n == 0 {
		return value{}
	}
	return numberValue(n)
}

// schema lists the properties of a resource that a filter may use, by their
// names in lower case: names are matched case-insensitively.
type schema map[string]property

type property struct {
	id   int
	kind valueKind
}

// expr is one node of a parsed filter.
type expr struct {
	op    string // and or not | eq ne gt ge lt le in startswith any
	left  *expr
	right *expr
	prop  property
	lit   value
	lits  []value
}

// filterError is a filter that the service refuses with 400.
type filterError struct{ text string }

func (e *filterError) Error() string { return e.text }

func badFilter(format string, args ...any) error {
	return &filterError{fmt.Sprintf(format, args...)}
}

// parseFilter reads the $filter language of defender-api 2.2. An empty text is
// no filter.
func parseFilter(text string, props schema) (*expr, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &filterParser{tokens: tokens, props: props}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if tok := p.peek(); tok.text != "" {
		return nil, badFilter("Syntax error at position %d: '%s' is unexpected.", tok.at, tok.text)
	}
	return e, nil
}

// token is a word, a parenthesis, a comma, or a literal.
type token struct {
	text string // as written, never empty for a real token
	at   int
	lit  *value
}

func lex(text string) ([]token, error) {
	var out []token
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
			i++
		case strings.IndexByte("(),:/", c) >= 0:
			out = append(out, token{text: text[i : i+1], at: i})
			i++
		case c == '\'':
			s, n := quoted(text[i:])
			if n == 0 {
				return nil, badFilter("There is an unterminated string literal at position %d in '%s'.", i, clip(text, 200))
			}
			out = append(out, token{text: text[i : i+n], at: i, lit: &value{kind: kindString, s: s}})
			i += n
		default:
			n := word(text[i:])
			if n == 0 {
				return nil, badFilter("Syntax error: character '%c' is not valid at position %d.", c, i)
			}
			out = append(out, token{text: text[i : i+n], at: i, lit: literal(text[i : i+n])})
			i += n
		}
	}
	return out, nil
}

// quoted reads a string literal; a doubled quote inside stands for one.
func quoted(s string) (text string, n int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1
	}
	return "", 0
}

// word reads an identifier, a number, a date or a GUID.
func word(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c == '@'
		digit := c >= '0' && c <= '9' || c == '-' || c == '.' || c == ':' && i > 0 && dateLike(s[:i])
		if !letter && !digit {
			return i
		}
	}
	return len(s)
}

// dateLike tells the colon of a time of day from the colon of a lambda.
func dateLike(s string) bool { return len(s) >= 13 && s[4] == '-' }

func literal(word string) *value {
	switch word {
	case "null":
		return &value{}
	case "true":
		return &value{kind: kindBool, n: 1}
	case "false":
		return &value{kind: kindBool}
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return &value{kind: kindNumber, n: n}
	}
	if len(word) >= 10 && word[0] >= '0' && word[0] <= '9' {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02"} {
			if at, err := time.Parse(layout, word); err == nil {
				return &value{kind: kindTime, n: int64(tickOf(at))}
			}
		}
	}
	return nil
}
