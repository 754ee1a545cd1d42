package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const maxFile = 1 << 20

// Error says what is wrong with the configuration and where: "config.yaml:3", "CORDON_THEME" or "--theme". Line is the text of the line.
type Error struct {
	Where string
	What  string
	Line  string
}

// Error prints the place, the problem and, for a file, the line.
func (e *Error) Error() string {
	s := e.Where + ": " + e.What
	if e.Line != "" {
		s += "\n    " + e.Line
	}
	return s
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("opening the configuration: %w", err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("looking at the configuration: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, &Error{Where: path, What: "is not an ordinary file"}
	}
	if st.Mode().Perm()&0o022 != 0 {
		return nil, &Error{Where: path, What: fmt.Sprintf("others may change it (mode %04o); chmod 600 %s", st.Mode().Perm(), path)}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if len(text) > maxFile {
		return nil, &Error{Where: path, What: "is larger than 1 MiB"}
	}
	return text, nil
}

// parse walks the document by hand instead of decoding into a struct: so an unknown key, a wrong type and a value out of range all know
// their line.
func (c *Config) parse(path string, text []byte, noSinks bool) error {
	r := reader{path: path, lines: strings.Split(string(text), "\n"), c: c, seen: map[string]bool{}, noSinks: noSinks}
	doc, err := parser.ParseBytes(text, 0)
	var ye yaml.Error
	if errors.As(err, &ye) && ye.GetToken() != nil {
		return r.fail(ye.GetToken().Position.Line, ye.GetMessage())
	}
	if err != nil {
		return &Error{Where: path, What: err.Error()}
	}
	if len(doc.Docs) > 1 {
		return &Error{Where: path, What: "holds more than one document"}
	}
	if len(doc.Docs) == 0 || doc.Docs[0].Body == nil {
		return nil
	}
	return r.node("", doc.Docs[0].Body)
}

type reader struct {
	path  string
	lines []string
	c     *Config
	seen  map[string]bool

	noSinks bool
}

func (r reader) fail(line int, what string) error {
	e := &Error{Where: r.path + ":" + strconv.Itoa(line), What: what}
	if line >= 1 && line <= len(r.lines) {
		e.Line = strings.TrimRight(r.lines[line-1], "\r ")
	}
	return e
}

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func (r reader) node(prefix string, n ast.Node) error {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if err := r.pair(prefix, v); err != nil {
				return err
			}
		}
		return nil
	case *ast.MappingValueNode:
		return r.pair(prefix, n)
	case *ast.NullNode, *ast.CommentGroupNode:
		return nil
	}
	return r.fail(line(n), "want settings as \"key: value\"")
}

func (r reader) pair(prefix string, v *ast.MappingValueNode) error {
	keyNode, ok := v.Key.(ast.Node).(*ast.StringNode)
	if !ok {
		return r.fail(line(v.Key), "a key must be a plain word")
	}
	key, at := prefix+keyNode.Value, line(v.Key)
	if r.seen[key] {
		return r.fail(at, "the key "+key+" is there twice")
	}
	r.seen[key] = true
	if key == sinksKey {
		if r.noSinks {
			return nil
		}
		return r.sinks(v.Value)
	}
	f, known := field(key)
	if known {
		return r.value(f, v.Value, at)
	}
	if !section(key) {
		return r.fail(at, "unknown key "+strconv.Quote(key)+guess(key))
	}
	return r.node(key+".", v.Value)
}

func wanted(kind string) string {
	return map[string]string{"bool": "true or false", "text": "text", "number": "a number or text"}[kind]
}

func (r reader) value(f fieldSpec, n ast.Node, at int) error {
	var value string
	switch n := n.(type) {
	case *ast.StringNode:
		if f.kind == "bool" {
			return r.fail(at, fmt.Sprintf("%s: want true or false, not the text %q", f.key, n.Value))
		}
		value = n.Value
	case *ast.BoolNode:
		if f.kind != "bool" {
			return r.fail(at, f.key+": want text, not true or false")
		}
		value = strconv.FormatBool(n.Value)
	case *ast.IntegerNode:
		if f.kind != "number" {
			return r.fail(at, f.key+": want "+wanted(f.kind)+", not a number")
		}
		value = n.GetToken().Value
	default:
		return r.fail(at, f.key+": want "+wanted(f.kind)+", not "+strings.ToLower(n.Type().YAMLName()))
	}
	err := r.c.set(f, value, r.path+":"+strconv.Itoa(at))
	var e *Error
	if errors.As(err, &e) {
		return r.fail(at, e.What)
	}
	return err
}

// section reports whether keys start with key and a dot.
func section(key string) bool {
	for _, f := range fields() {
		if strings.HasPrefix(f.key, key+".") {
			return true
		}
	}
	return false
}

// guess offers the key that was probably meant.
func guess(key string) string {
	best, dist := "", 3
	for _, f := range fields() {
		if d := distance(key, f.key); d < dist {
			best, dist = f.key, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + strconv.Quote(best) + "?"
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			prev, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, prev+cost)
		}
	}
	return row[len(b)]
}
