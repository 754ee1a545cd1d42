package form

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cordon/ui/keys"
	"cordon/ui/theme"
)

const canary = "c4n4ry~Value8Q"

func sample() *Form {
	return New(
		NewText("name", "Name", "one", "a name").Checked(func(f *Form) string {
			if f.Get("name") == "" {
				return "give it a name"
			}
			return ""
		}),
		NewChoice("kind", "Kind", "a", "a", "b", "c"),
		NewSecret("secret", "Secret", "paste it").Shown(func(f *Form) bool { return f.Field("kind").Get() == "a" }),
		NewBlock("ca", "CA bundle", "", "none"),
		NewSet("may", "May", []string{"z"}, "x", "y", "z"),
		NewSwitch("on", "On", true, "does it"),
	)
}

func draw(f *Form, w int) string {
	th := theme.New(theme.Mono, true, true, false)
	return ansi.Strip(strings.Join(f.Lines(th, w, 20, true), "\n"))
}

func press(f *Form, text string) {
	for _, r := range text {
		f.Key(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func TestT10_ASecretIsNeverDrawnNorListed(t *testing.T) {
	f := sample()
	f.GoTo("secret")
	press(f, canary[:4])
	f.Paste(canary[4:] + "\r\nsecond line\n")
	held := f.Field("secret").raw
	if got := f.Get("secret"); got != canary+"\nsecond line" {
		t.Errorf("the secret is %q", got)
	}
	for w := 10; w < 120; w += 7 {
		if v := draw(f, w); strings.Contains(v, "c4n4") || strings.Contains(v, "second") {
			t.Fatalf("at %d cells the secret is drawn:\n%s", w, v)
		}
	}
	if s := fmt.Sprint(f.Changed(), f.Said(), f.Where()); strings.Contains(s, "c4n4") || !strings.Contains(s, "a new one") {
		t.Errorf("changes say %s", s)
	}
	f.Forget()
	if f.Get("secret") != "" || strings.Trim(string(held), "\x00") != "" {
		t.Error("the secret outlives Forget")
	}
}

func TestForm_AFieldThatDoesNotApplyIsNotThere(t *testing.T) {
	f := sample()
	f.GoTo("secret")
	press(f, "x")
	f.GoTo("kind")
	if x := f.Turn(1); x == nil || f.Get("kind") != "b" {
		t.Fatal("the choice did not turn")
	}
	if f.Has("secret") || f.Get("secret") != "" || strings.Contains(draw(f, 80), "Secret") {
		t.Error("the field is still there")
	}
	f.Move(1)
	if f.Focused().ID != "ca" {
		t.Errorf("tab goes to %s", f.Focused().ID)
	}
	f.Move(-1)
	if f.Focused().ID != "kind" {
		t.Errorf("shift+tab goes to %s", f.Focused().ID)
	}
}

func TestForm_ProblemsShowWhenTypedOrTried(t *testing.T) {
	f := New(NewText("name", "Name", "", "a name").Checked(func(f *Form) string {
		if len(f.Get("name")) < 3 {
			return "three letters at least"
		}
		return ""
	}))
	if f.Said() != "" {
		t.Error("an untouched form complains")
	}
	press(f, "ab")
	if got := f.Said(); got != "Name: three letters at least" {
		t.Errorf("it says %q", got)
	}
	press(f, "c")
	if f.Said() != "" {
		t.Error("it still complains")
	}
	f.Refuse("name", "is taken")
	if f.Said() != "Name: is taken" {
		t.Error("a refusal is not shown")
	}
	press(f, "d")
	if f.Said() != "" {
		t.Error("the refusal outlives a change")
	}
	f.Revert()
	if x, why := f.Problem(); x == nil || why == "" || f.Said() == "" {
		t.Error("trying to save does not show the problem")
	}
}

func TestForm_SetsChoicesAndRevert(t *testing.T) {
	f := sample()
	f.GoTo("may")
	f.Toggle()
	if got := f.Get("may"); got != "x,z" {
		t.Errorf("set = %q", got)
	}
	f.Turn(-1) // wraps to z
	f.Toggle()
	if got := f.Get("may"); got != "x" {
		t.Errorf("set = %q", got)
	}
	f.GoTo("on")
	f.Toggle()
	if f.On("on") || len(f.Changed()) != 2 {
		t.Errorf("changed %v", f.Changed())
	}
	f.Revert()
	if len(f.Changed()) != 0 || !f.On("on") || f.Get("may") != "z" {
		t.Errorf("after revert: %v", f.Changed())
	}
}

func TestForm_KeysDoNotClash(t *testing.T) {
	f := sample()
	for range f.Fields {
		if err := keys.Clash(append(Moves(), f.Keys()...)); err != nil {
			t.Error(f.Focused().ID, err)
		}
		if f.Focused().Typing() && len(f.Keys()) > 0 {
			t.Errorf("%s takes %v from what is typed", f.Focused().ID, f.Keys())
		}
		f.Move(1)
	}
}

func TestForm_LinesNeverPassTheirWidth(t *testing.T) {
	f := sample()
	f.Set("name", strings.Repeat("漢字", 60))
	for w := 1; w < 100; w++ {
		for i := range f.Fields {
			f.GoTo(f.Fields[i].ID)
			for _, l := range strings.Split(draw(f, w), "\n") {
				if got := ansi.StringWidthWc(l); got > max(w, 22) {
					t.Fatalf("at %d cells a line has %d: %q", w, got, l)
				}
			}
		}
	}
}

// TestSC44_PrivateKeyIsNotShown: a key that is pasted into the wrong field is not taken, and typing takes the complaint away.
func TestSC44_PrivateKeyIsNotShown(t *testing.T) {
	f := New(NewText("name", "Name", "", ""), NewSecret("cert", "Certificate", ""))
	const key = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"
	if f.Paste(key) != nil || f.Get("name") != "" || !strings.Contains(f.Said(), "private key") {
		t.Errorf("name = %q, said %q", f.Get("name"), f.Said())
	}
	if f.Paste("contoso") == nil || f.Said() != "" {
		t.Errorf("after a good paste: said %q", f.Said())
	}
	f.GoTo("cert")
	if f.Paste(key) == nil || f.Get("cert") != key {
		t.Error("the field for secrets does not take it")
	}
}
