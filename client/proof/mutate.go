package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// change is one small fault put into the source of the machine: the text from begin to end is replaced.
type change struct {
	file, what string
	begin, end int
	text       string
	line       int
	source     string // the whole line, trimmed
}

func (c change) String() string {
	return fmt.Sprintf("%s:%d %s in %q", filepath.Base(c.file), c.line, c.what, c.source)
}

// Bounds of the mutation run; N says how far it came.
const (
	mutationTime = 40 * time.Minute
	mutants      = 100
)

// runMutants is D6m.
func runMutants(ctx context.Context, o options) ([]line, error) {
	l, err := runMutation(ctx, o)
	return []line{l}, err
}

// runMutation measures the tests of the machine: it breaks the source in one place, builds the tests of store/soc with an overlay so that no
// file of the tree is touched, and asks whether a test fails. The places are drawn at random from all of store/soc/plan*.go. Faults that do
// not compile and those that change nothing (equivalents) do not count.
func runMutation(ctx context.Context, o options) (line, error) {
	l := line{what: "mutants of store/soc/plan*.go killed by its tests (owed: 90 %)", want: 100}
	root, err := moduleRoot(ctx)
	if err != nil {
		return l, err
	}
	all, err := changes(root)
	if err != nil {
		return l, err
	}
	dice := rand.New(rand.NewPCG(o.seed, 77))
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if fateOf(ctx, root, change{file: all[0].file}) != survived {
		return l, fmt.Errorf("%w: the tests of store/soc fail without a mutant", errNotDone)
	}
	r := &hunt{places: all, fates: map[fate]int{}, log: o.log}
	r.run(ctx, root, time.Now().Add(mutationTime))
	slices.Sort(r.alive)
	l.n, l.examples = r.fates[dies]+r.fates[survived], r.alive
	score := 100 * r.fates[dies] / max(l.n, 1)
	if score < 90 {
		l.bad = r.fates[survived]
	}
	l.control, l.caught = "the unchanged source passes", true
	l.note = fmt.Sprintf(
		"%d of %d killed, %d %%; %d do not compile, %d change nothing; %d places in all", r.fates[dies], l.n, score, r.fates[unbuilt], r.fates[same], len(all),
	)
	return l, ctx.Err()
}

// hunt is a mutation run under way.
type hunt struct {
	mu     sync.Mutex
	places []change
	next   int
	fates  map[fate]int
	alive  []string
	log    io.Writer
}

func (h *hunt) run(ctx context.Context, root string, end time.Time) {
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				c, ok := h.take()
				if !ok {
					return
				}
				f := same
				if !slices.ContainsFunc(equivalents, c.is) {
					f = fateOf(ctx, root, c)
				}
				if ctx.Err() == nil {
					h.put(c, f)
				}
			}
		})
	}
	workers.Wait()
}

func (h *hunt) take() (change, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.next == len(h.places) || h.fates[dies]+h.fates[survived] >= mutants {
		return change{}, false
	}
	h.next++
	return h.places[h.next-1], true
}

func (h *hunt) put(c change, f fate) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fates[f]++; f == survived {
		h.alive = append(h.alive, "survived: "+c.String())
	}
	_, _ = fmt.Fprintln(h.log, []string{"survived:", "killed:", "does not compile:", "changes nothing:"}[f], c)
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	dir := filepath.Dir(strings.TrimSpace(string(out)))
	if _, serr := os.Stat(filepath.Join(dir, "store", "soc", "plan.go")); err != nil || serr != nil {
		return "", fmt.Errorf("%w: the source and the Go tool are needed: %w", errNotDone, errors.Join(err, serr))
	}
	return dir, nil
}

// changes lists all places.
func changes(root string) ([]change, error) {
	files, err := filepath.Glob(filepath.Join(root, "store", "soc", "plan*.go"))
	if err != nil {
		return nil, fmt.Errorf("listing the machine: %w", err)
	}
	var all []change
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the machine: %w", err)
		}
		lines := strings.Split(string(text), "\n")
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, name, text, 0)
		if err != nil {
			return nil, fmt.Errorf("reading the machine: %w", err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			for _, c := range changesOf(set, n) {
				c.file, c.source = name, strings.TrimSpace(lines[c.line-1])
				all = append(all, c)
			}
			return true
		})
	}
	return all, nil
}

// swapped are the operators that change places.
var swapped = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==", token.LAND: "||", token.LOR: "&&", token.ADD: "-",
}

func changesOf(set *token.FileSet, n ast.Node) []change {
	at := func(from, to token.Pos, text, what string) change {
		return change{what: what, begin: set.Position(from).Offset, end: set.Position(to).Offset, text: text, line: set.Position(from).Line}
	}
	switch n := n.(type) {
	case *ast.IfStmt:
		return []change{at(n.Cond.Pos(), n.Cond.End(), "", "negated if")}
	case *ast.BinaryExpr:
		if to, ok := swapped[n.Op]; ok {
			return []change{at(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to, n.Op.String()+" is "+to)}
		}
	case *ast.ExprStmt:
		return []change{at(n.Pos(), n.End(), "", "statement deleted")}
	case *ast.AssignStmt:
		if n.Tok == token.ASSIGN {
			return []change{at(n.Pos(), n.End(), "", "assignment deleted")}
		}
	}
	return nil
}

type fate int

const (
	survived fate = iota
	dies
	unbuilt
	same // the fault changes nothing that can be seen
)

// fateOf runs the tests with the change in place.
func fateOf(ctx context.Context, root string, c change) fate {
	dir, err := os.MkdirTemp("", "cordon-mutant-")
	if err != nil {
		return unbuilt
	}
	defer func() { _ = os.RemoveAll(dir) }()
	src, err := os.ReadFile(c.file)
	if err != nil {
		return unbuilt
	}
	out := bytes.Join([][]byte{src[:c.begin], []byte(c.text), src[c.end:]}, nil)
	if strings.HasPrefix(c.what, "negated") {
		out = negate(src, c)
	}
	mutant, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	list, _ := json.Marshal(map[string]map[string]string{"Replace": {c.file: mutant}})
	if os.WriteFile(mutant, out, 0o600) != nil || os.WriteFile(overlay, list, 0o600) != nil {
		return unbuilt
	}
	tests := filepath.Join(dir, "tests")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-ldflags", "-s -w", "-o", tests, "./store/soc")
	if build.Dir = root; build.Run() != nil {
		return unbuilt
	}
	cmd := exec.CommandContext(ctx, tests, "-test.short", "-test.failfast", "-test.timeout", "90s",
		"-rapid.shrinktime", "0s", "-rapid.nofailfile", "-rapid.seed", "1")
	if cmd.Dir = filepath.Join(root, "store", "soc"); cmd.Run() != nil {
		return dies
	}
	return survived
}

// negate puts the condition that begins at the place in parentheses, with a ! before it.
func negate(src []byte, c change) []byte {
	return bytes.Join([][]byte{src[:c.begin], []byte("!("), src[c.begin:c.end], []byte(")"), src[c.end:]}, nil)
}
