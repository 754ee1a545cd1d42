package program

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// The modules with known holes in older versions are no older than the ones that closed them, as far as they are used at all (SC53). Whether a
// hole that is known today can be reached is for a scanner with today's list.
func TestSC53_ModulesAreNoOlderThanTheirFixes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require ")); len(f) >= 2 {
			have[f[0]] = strings.TrimPrefix(f[1], "v")
		}
	}
	for module, least := range map[string]string{
		"go": "1.26.6", "golang.org/x/crypto": "0.52.0", "github.com/charmbracelet/ssh": "0.4.3", "go.etcd.io/etcd/client/v3": "3.6.14", "filippo.io/age": "1.2.1",
	} {
		got, used := have[module]
		if used && older(t, got, least) {
			t.Errorf("%s is %s, want at least %s", module, got, least)
		}
	}
	if have["filippo.io/age"] == "" || have["go"] == "" || !older(t, "1.26.5", "1.26.6") || older(t, "1.26.10", "1.26.6") || older(t, "2.0.0", "1.9.9") {
		t.Error("the comparison, or the reading of go.mod, is wrong")
	}
}

func older(t *testing.T, a, b string) bool {
	t.Helper()
	for x, y := a, b; x != "" || y != ""; {
		var p, q string
		p, x, _ = strings.Cut(x, ".")
		q, y, _ = strings.Cut(y, ".")
		m, merr := strconv.Atoi(p)
		n, nerr := strconv.Atoi(q)
		if merr != nil || nerr != nil {
			return a < b // a version of another kind: nothing here has one
		}
		if m != n {
			return m < n
		}
	}
	return false
}
