package sim

import "strings"

// filterParser is a recursive descent over or, and, not, comparison.
type filterParser struct {
	tokens []token
	pos    int
	props  schema
	depth  int
}

// maxFilterDepth keeps a hostile filter from using up the stack.
const maxFilterDepth = 200

func (p *filterParser) peek() token {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return token{}
}

func (p *filterParser) next() token {
	tok := p.peek()
	p.pos++
	return tok
}

func (p *filterParser) accept(word string) bool {
	if tok := p.peek(); tok.text != "" && strings.EqualFold(tok.text, word) {
		p.pos++
		return true
	}
	return false
}

func (p *filterParser) expect(word string) error {
	if p.accept(word) {
		return nil
	}
	tok := p.peek()
	if tok.text == "" {
		return badFilter("Syntax error: the expression ends where '%s' is expected.", word)
	}
	return badFilter("Syntax error at position %d: '%s' is expected, found '%s'.", tok.at, word, tok.text)
}

func (p *filterParser) or() (*expr, error) {
	left, err := p.and()
	for err == nil && p.accept("or") {
		var right *expr
		right, err = p.and()
		left = &expr{op: "or", left: left, right: right}
	}
	return left, err
}

func (p *filterParser) and() (*expr, error) {
	left, err := p.unary()
	for err == nil && p.accept("and") {
		var right *expr
		right, err = p.unary()
		left = &expr{op: "and", left: left, right: right}
	}
	return left, err
}

func (p *filterParser) unary() (*expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxFilterDepth {
		return nil, badFilter("The expression is nested too deeply.")
	}
	if p.accept("not") {
		inner, err := p.unary()
		return &expr{op: "not", left: inner}, err
	}
	if p.accept("(") {
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	return p.comparison()
}

func (p *filterParser) comparison() (*expr, error) {
	if p.accept("startswith") {
		return p.startsWith()
	}
	prop, name, err := p.property()
	if err != nil {
		return nil, err
	}
	if p.accept("/") {
		return p.any(prop, name)
	}
	op := p.next()
	switch strings.ToLower(op.text) {
	case "eq", "ne", "gt", "ge", "lt", "le":
		lit, err := p.literal(prop, name)
		return &expr{op: strings.ToLower(op.text), prop: prop, lit: lit}, err
	case "in":
		return p.in(prop, name)
	}
	return nil, badFilter("Syntax error: an operator is expected after '%s', found '%s'.", name, op.text)
}

func (p *filterParser) property() (property, string, error) {
	tok := p.next()
	prop, ok := p.props[strings.ToLower(tok.text)]
	if !ok {
		return property{}, "", badFilter("Could not find a property named '%s' to filter on.", clip(tok.text, 100))
	}
	return prop, tok.text, nil
}

// literal reads a constant and refuses one of another type, such as a quoted
// date.
func (p *filterParser) literal(prop property, name string) (value, error) {
	tok := p.next()
	if tok.lit == nil {
		return value{}, badFilter("Syntax error: a value is expected for '%s', found '%s'.", name, clip(tok.text, 100))
	}
	kind := prop.kind
	if kind == kindList {
		kind = kindString
	}
	if tok.lit.kind != kindNull && tok.lit.kind != kind {
		return value{}, badFilter("A binary operator with incompatible types was detected for '%s'.", name)
	}
	return *tok.lit, nil
}

func (p *filterParser) in(prop property, name string) (*expr, error) {
	e := &expr{op: "in", prop: prop}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for {
		lit, err := p.literal(prop, name)
		if err != nil {
			return nil, err
		}
		e.lits = append(e.lits, lit)
		if !p.accept(",") {
			return e, p.expect(")")
		}
	}
}

func (p *filterParser) startsWith() (*expr, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	prop, name, err := p.property()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	lit, err := p.literal(prop, name)
	if err != nil {
		return nil, err
	}
	return &expr{op: "startswith", prop: prop, lit: lit}, p.expect(")")
}

// any reads list/any(x: x eq 'text'), the form for machineTags.
func (p *filterParser) any(prop property, name string) (*expr, error) {
	if prop.kind != kindList {
		return nil, badFilter("'%s' is not a collection.", name)
	}
	for _, word := range []string{"any", "("} {
		if err := p.expect(word); err != nil {
			return nil, err
		}
	}
	variable := p.next().text
	for _, word := range []string{":", variable, "eq"} {
		if err := p.expect(word); err != nil {
			return nil, err
		}
	}
	lit, err := p.literal(prop, name)
	if err != nil {
		return nil, err
	}
	return &expr{op: "any", prop: prop, lit: lit}, p.expect(")")
}

// usesIn says whether the filter needs the in operator.
func (e *expr) usesIn() bool {
	return e != nil && (e.op == "in" || e.left.usesIn() || e.right.usesIn())
}
