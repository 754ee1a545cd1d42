package uitest

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// echo is a screen that records what it is given and answers some keys with commands.
type echo struct {
	got  []string
	w, h int
}

type answer string

func (e *echo) Title() string              { return "Echo" }
func (e *echo) Tabs() (left, right string) { return "\x1b[1mleft\x1b[m", "right" }
func (e *echo) Resize(w, h int) tea.Cmd    { e.w, e.h = w, h; return nil }
func (e *echo) Focus() tea.Cmd             { return say("focus") }
func (e *echo) View() string               { return strings.Repeat("x\n", e.h-1) + "\x1b[31mlast\x1b[m" }
func (e *echo) Capturing() bool            { return false }
func (e *echo) Ticking() bool              { return false }
func (e *echo) Keys() []keys.Binding {
	return []keys.Binding{{ID: "b", Keys: []string{"b"}, Off: "because"}}
}

func say(s string) tea.Cmd { return func() tea.Msg { return answer(s) } }

func (e *echo) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		e.got = append(e.got, string(msg))
		if msg == "chain" {
			return say("link")
		}
	case tea.KeyPressMsg:
		e.got = append(e.got, msg.String())
		switch msg.String() {
		case "b":
			return tea.Batch(say("one"), tea.Sequence(say("two"), say("chain")), nil)
		case "t":
			return tea.Tick(time.Hour, func(time.Time) tea.Msg { return answer("tick") })
		case "g":
			return screen.Send(screen.BackMsg{})
		}
	}
	return nil
}

func TestDriver_RunsCommandsToRestInOrder(t *testing.T) {
	e := &echo{}
	d := Drive(t, e, 10, 3)
	d.Keys("b", "t", "g")
	if got, want := strings.Join(e.got, " "), "focus b one two chain link t g"; got != want {
		t.Errorf("screen saw %q, want %q", got, want)
	}
	if len(d.Sent()) != 1 {
		t.Errorf("shell got %v, want one BackMsg", d.Sent())
	}
	if got := d.View(); got != "x\nx\nlast" {
		t.Errorf("View = %q", got)
	}
	if l, _ := d.Tabs(); l != "left" {
		t.Errorf("Tabs = %q", l)
	}
	if off := d.Binding("b").Off; off != "because" {
		t.Errorf("Binding.Off = %q", off)
	}
}

func TestDriver_HoldsCommandsBack(t *testing.T) {
	e := &echo{}
	d := DriveHeld(t, e, 10, 3)
	if len(e.got) != 0 || len(d.Held()) != 1 {
		t.Fatalf("screen saw %v, %d held", e.got, len(d.Held()))
	}
	d.Run(say("early"))
	d.Release()
	if got := strings.Join(e.got, " "); got != "early focus" {
		t.Errorf("screen saw %q", got)
	}
}

func TestDriver_ChecksTheSizeOfEveryFrame(t *testing.T) {
	inner := &testing.T{}
	d := &Driver{t: inner, s: &echo{h: 4}, w: 3, h: 3}
	d.View()
	if !inner.Failed() {
		t.Error("a frame that is too high and too wide passes")
	}
}

func TestPress_NamesRoundTrip(t *testing.T) {
	for _, name := range []string{"a", "L", "enter", "esc", "space", "tab", "shift+tab", "ctrl+d", "up", "pgdown", "f5", "?", "*", "[", "\\", "5", "_", "+", "ä"} {
		if got := Press(name).String(); got != name {
			t.Errorf("Press(%q).String() = %q", name, got)
		}
	}
}

func TestWorld_StandsStillAndAnswersAlike(t *testing.T) {
	w, again := NewWorld(), NewWorld()
	q := soc.Query{Filter: "sev>=med status:new,inpr", Now: Now(), Sort: []soc.SortKey{{Field: "severity", Desc: true}, {Field: "time", Desc: true}}, Count: 100, Facets: true}
	a, err := w.Alerts(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	b, err := again.Alerts(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if a.Total != 318 || a.Matched != 17 || len(a.Rows) != 17 || a.Rows[2].HostName != "DC-LON-01" {
		t.Errorf("matched %d of %d, rows %d", a.Matched, a.Total, len(a.Rows))
	}
	for i := range a.Rows {
		if a.Rows[i] != b.Rows[i] {
			t.Fatalf("row %d differs between two worlds", i)
		}
	}
	isos, err := w.Isolations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]soc.IsolationWord{}
	for _, i := range isos {
		words[i.HostName] = i.Word
	}
	want := map[string]soc.IsolationWord{"SRV-FILE-03": soc.Isolated, "WS-HR-0009": soc.Isolating, "WS-DEV-0210": soc.ReleasingNow, "WS-LAB-0003": soc.Isolated}
	for name, word := range want {
		if words[name] != word {
			t.Errorf("%s is %q, want %q", name, words[name], word)
		}
	}
	if _, ok := words["WS-HR-0031"]; ok {
		t.Error("the host that was released in the portal still counts as isolated")
	}
}

func TestWorld_PinHoldsNewerAlerts(t *testing.T) {
	w := NewWorld()
	pin := w.Revision
	w.Arrive(5)
	p, err := w.Alerts(t.Context(), soc.Query{Filter: "status:new", Now: Now(), Count: 500, Pin: pin})
	if err != nil {
		t.Fatal(err)
	}
	if p.Newer != 5 || p.Matched != 22 || p.Total != 318 {
		t.Errorf("newer %d, matched %d, total %d", p.Newer, p.Matched, p.Total)
	}
}
