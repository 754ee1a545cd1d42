package soc

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Words that patterns stand for.
const (
	wordMe    = "me"
	wordAll   = "all"
	wordEmpty = "empty"
	wordYes   = "yes"
	wordNo    = "no"
)

// ParseFilter reads a filter text. me is who owner:me is; now is what ages count from. The error is a FilterError.
func ParseFilter(text, me string, now time.Time) (Filter, error) {
	if len(text) > MaxFilterLen {
		return Filter{}, FilterError{MaxFilterLen, len(text), fmt.Sprintf("longer than %d bytes", MaxFilterLen)}
	}
	if !utf8.ValidString(text) {
		return Filter{}, FilterError{0, len(text), "not valid text"}
	}
	p := filterParser{text: text, me: strings.ToLower(me), now: now}
	for p.space(); p.pos < len(p.text); p.space() {
		if len(p.out.Terms) == MaxFilterTerms {
			return Filter{}, FilterError{p.pos, len(text), fmt.Sprintf("more than %d terms", MaxFilterTerms)}
		}
		if err := p.term(); err != nil {
			return Filter{}, err
		}
	}
	return p.out, nil
}

// filterParser walks the text once, byte by byte.
type filterParser struct {
	text string
	pos  int
	me   string
	now  time.Time
	out  Filter
}

func (p *filterParser) space() {
	for p.pos < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += n
	}
}

// rawValue is one value as typed, before it means anything.
type rawValue struct {
	text       string
	quoted     bool
	start, end int
}

func (p *filterParser) term() error {
	t := Term{Start: p.pos, Op: OpIs}
	if p.text[p.pos] == '-' && p.pos+1 < len(p.text) && !startsBlank(p.text[p.pos+1:]) {
		t.Not = true
		p.pos++
	}
	if err := p.head(&t); err != nil {
		return err
	}
	values, err := p.values()
	if err != nil {
		return err
	}
	t.End = p.pos
	if len(values) == 0 {
		if t.Field == FieldText {
			return nil // a lone comma
		}
		return FilterError{t.Start, t.End, string(t.Field) + " needs a value"}
	}
	if err := p.mean(&t, values); err != nil {
		return err
	}
	p.out.Terms = append(p.out.Terms, t)
	return nil
}

func startsBlank(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

// head reads "field:" or "field>=" if there is one.
func (p *filterParser) head(t *Term) error {
	end := p.pos
	for end < len(p.text) && isLetter(p.text[end]) {
		end++
	}
	if end == p.pos || end == len(p.text) || !strings.ContainsRune(":<>=", rune(p.text[end])) {
		return nil
	}
	name, rest := p.text[p.pos:end], p.text[end:]
	if strings.HasPrefix(rest, "://") || len(name) == 1 { // an address, a drive letter: plain text
		return nil
	}
	field, ok := fieldNamed(name)
	if !ok {
		return FilterError{p.pos, end, fmt.Sprintf("there is no field %q; put the word in quotes to search for it", name)}
	}
	t.Field, t.Op = field, OpIs
	for _, op := range []Op{OpAtMost, OpAtLeast, OpLess, OpMore, OpIs, "="} {
		if strings.HasPrefix(rest, string(op)) {
			t.Op = op
			break
		}
	}
	opEnd := end + len(t.Op)
	if t.Op == "=" {
		t.Op = OpIs
	}
	if t.Op != OpIs && field != FieldSeverity && field != FieldAge {
		return FilterError{end, opEnd, fmt.Sprintf("%s can not be compared, use %s:", field, field)}
	}
	if t.Op == OpIs && field == FieldAge {
		return FilterError{p.pos, opEnd, "age needs < or >, as in age<2h"}
	}
	p.pos = opEnd
	return nil
}

// looksLikeField reports whether a plain word would be read as the head of a field term.
func looksLikeField(word string) bool {
	p, t := filterParser{text: word}, Term{}
	return p.head(&t) != nil || t.Field != FieldText
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func fieldNamed(name string) (Field, bool) {
	switch f := Field(strings.ToLower(name)); f {
	case FieldSeverity, FieldStatus, FieldHost, FieldUser, FieldOwner, FieldCategory, FieldTitle, FieldTechnique, FieldID, FieldTenant,
		FieldAge, FieldReopened, FieldLate:
		return f, true
	case "severity":
		return FieldSeverity, true
	case "category":
		return FieldCategory, true
	case "technique", "mitre":
		return FieldTechnique, true
	case "assigned":
		return FieldOwner, true
	}
	return "", false
}

// values reads a comma separated list up to the next blank. A quote that is not closed runs to the end, so that a phrase filters while it
// is being typed.
func (p *filterParser) values() ([]rawValue, error) {
	var out []rawValue
	for {
		v := p.value()
		if v.text != "" || v.quoted {
			out = append(out, v)
		}
		if p.pos >= len(p.text) {
			return out, nil
		}
		if p.text[p.pos] == ',' {
			p.pos++
			continue
		}
		if startsBlank(p.text[p.pos:]) {
			return out, nil
		}
		return nil, FilterError{v.start, p.pos + 1, "a quote ends here, but the word goes on"}
	}
}

func (p *filterParser) value() rawValue {
	v := rawValue{start: p.pos}
	if p.pos < len(p.text) && p.text[p.pos] == '"' {
		rest := p.text[p.pos+1:]
		n := strings.IndexByte(rest, '"')
		v.quoted = true
		if n < 0 {
			v.text, p.pos = rest, len(p.text)
		} else {
			v.text, p.pos = rest[:n], p.pos+n+2
		}
		v.end = p.pos
		return v
	}
	for p.pos < len(p.text) && p.text[p.pos] != ',' && !startsBlank(p.text[p.pos:]) {
		_, n := utf8.DecodeRuneInString(p.text[p.pos:])
		p.pos += n
	}
	v.text, v.end = p.text[v.start:p.pos], p.pos
	return v
}

// mean gives the values of a term their meaning.
func (p *filterParser) mean(t *Term, values []rawValue) error {
	if t.Op != OpIs && len(values) > 1 {
		return FilterError{t.Start, t.End, "a comparison takes one value"}
	}
	for _, v := range values {
		pat := Pattern{Text: strings.ToLower(v.text), Quoted: v.quoted}
		var err error
		switch {
		case pat.is(wordAll) && t.Field != FieldText && t.Op == OpIs:
			pat = Pattern{Word: wordAll}
		case t.Field == FieldSeverity:
			err = pat.severity(v, t.Op)
		case t.Field == FieldStatus:
			err = pat.status(v)
		case t.Field == FieldReopened || t.Field == FieldLate:
			err = pat.flag(v)
		case t.Field == FieldAge:
			t.Age, err = ageValue(v)
			t.Cut = p.now.Add(-t.Age)
		default:
			p.textValue(t.Field, &pat)
		}
		if err != nil {
			return err
		}
		t.Values = append(t.Values, pat)
	}
	return nil
}

func (p Pattern) is(word string) bool { return !p.Quoted && p.Text == word }

func (p *filterParser) textValue(f Field, pat *Pattern) {
	switch {
	case f != FieldText && pat.is("-"):
		*pat = Pattern{Word: wordEmpty}
	case f == FieldOwner && pat.is("me"):
		*pat = Pattern{Word: wordMe, Text: p.me}
	case !pat.Quoted:
		pat.stars() // a plain word is found anywhere, with or without them
	}
}

func (p *Pattern) stars() {
	if s, ok := strings.CutPrefix(p.Text, "*"); ok {
		p.Text, p.Head = s, true
	}
	if s, ok := strings.CutSuffix(p.Text, "*"); ok {
		p.Text, p.Tail = s, true
	}
}
