package pane

import (
	"strings"
	"testing"

	"cordon/ui/theme"
)

func TestFill_ExactWhateverItGets(t *testing.T) {
	th := theme.New(theme.Mono, true, true, true)
	lines := []string{"short", "日本語のタイトル, much longer than the pane", "", "a\nb", "\x1b[1mbold\x1b[m"}
	for w := range 40 {
		for h := range 9 {
			for name, got := range map[string][]string{"Fill": Fill(lines, w, h), "Box": Box(th, "日本語 title", lines, w, h), "bare": Box(th, "", lines, w, h)} {
				if len(got) != h {
					t.Fatalf("%s is %d lines high, want %d", name, len(got), h)
				}
				for _, l := range got {
					if n := theme.Width(l); n != w {
						t.Errorf("%s: %q is %d cells wide, want %d", name, l, n, w)
					}
				}
			}
		}
		for _, l := range strings.Split(Body(lines, w, 9), "\n") {
			if theme.Width(l) > w {
				t.Errorf("Body: %q is wider than %d", l, w)
			}
		}
		if n := theme.Width(Rule(th, "", w)); n != w {
			t.Errorf("rule is %d cells wide, want %d", n, w)
		}
		if n := theme.Width(Rule(th, "a note that is cut when it must be", w)); w >= 6 && n != w {
			t.Errorf("rule with a note is %d cells wide, want %d", n, w)
		}
	}
}

func TestIndent_LeavesItsArgument(t *testing.T) {
	in := []string{"a", "", "b"}
	if got := strings.Join(Indent(in, 2), "|"); got != "  a||  b" || in[0] != "a" {
		t.Errorf("Indent = %q of %q", got, in)
	}
	if got := strings.Join(Beside([]string{"x ", "y "}, Pad(in)), "|"); got != "x  a|y | b" {
		t.Errorf("Beside = %q", got)
	}
}

func TestWrap_BreaksAtBlanks(t *testing.T) {
	if got := strings.Join(Wrap("one  two three\nfour", 8), "|"); got != "one two|three|four" {
		t.Errorf("Wrap = %q", got)
	}
	if got := Wrap(strings.Repeat("x", 1<<20), 80); len(got) > 210 {
		t.Errorf("a megabyte makes %d lines, want it cut", len(got))
	}
	for w := 2; w < 20; w++ {
		for _, l := range Wrap("日本語のタイトルは長い plain-text-without-a-blank", w) {
			if theme.Width(l) > w {
				t.Errorf("%q is wider than %d", l, w)
			}
		}
	}
}
