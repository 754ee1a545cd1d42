package sim

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// enc writes JSON into one growing buffer. The standard encoder would decide
// key order, escaping and null handling for us; a simulator has to decide them.
type enc struct{ b []byte }

func (e *enc) open(c byte)  { e.comma(); e.b = append(e.b, c) }
func (e *enc) close(c byte) { e.b = append(e.b, c) }

// comma separates a value from the one before it in the same object or list.
func (e *enc) comma() {
	if n := len(e.b); n > 0 {
		switch e.b[n-1] {
		case '{', '[', ':', ',':
		default:
			e.b = append(e.b, ',')
		}
	}
}

func (e *enc) key(k string) {
	e.comma()
	e.b = append(append(append(e.b, '"'), k...), '"', ':')
}

func (e *enc) str(k, v string) { e.key(k); e.b = appendString(e.b, v) }

// opt writes null for an empty text, which is how the service says "unset".
func (e *enc) opt(k, v string) {
	if v == "" {
		e.null(k)
		return
	}
	e.str(k, v)
}

func (e *enc) null(k string) { e.key(k); e.b = append(e.b, "null"...) }

func (e *enc) num(k string, v int64) { e.key(k); e.b = strconv.AppendInt(e.b, v, 10) }

// optNum writes null for zero.
func (e *enc) optNum(k string, v int64) {
	if v == 0 {
		e.null(k)
		return
	}
	e.num(k, v)
}

func (e *enc) flag(k string, v bool) { e.key(k); e.b = strconv.AppendBool(e.b, v) }

// time writes null for the zero time.
func (e *enc) time(k string, t time.Time) {
	if t.IsZero() {
		e.null(k)
		return
	}
	e.key(k)
	e.b = append(e.b, '"')
	e.b = appendTick(e.b, tickOf(t))
	e.b = append(e.b, '"')
}

func (e *enc) strings(k string, list []string) {
	e.key(k)
	e.b = append(e.b, '[')
	for i, s := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = appendString(e.b, s)
	}
	e.b = append(e.b, ']')
}

// appendString writes a JSON string. Only what JSON demands is escaped; bytes
// that are no UTF-8 pass through, because a careless service would do that too.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// clip cuts a text to at most n bytes without cutting a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
