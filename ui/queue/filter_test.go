package queue

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/uitest"
)

func TestFilter_LastValidStaysInForceWhileTheTextIsWrong(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	d.Key("/")
	d.Keys("ctrl+u")
	contains(t, d.View(), "318 of 318")
	d.Type("host:dc* ")
	contains(t, d.View(), "2 of 318", "DC-LON-01")
	d.Send(tea.PasteMsg{Content: "sev>="})
	if m.fault == nil {
		t.Fatal("sev>= is not marked as wrong")
	}
	frame := d.View()
	contains(t, frame, "still in force: host:dc*", "2 of 318", "^")
	lines := strings.Split(frame, "\n")
	if at := strings.Index(lines[1], "^"); at != len(" / ")+m.fault.Start {
		t.Errorf("caret at column %d, want it under byte %d:\n%s", at, m.fault.Start, frame)
	}
	d.Key("enter")
	if !m.Capturing() {
		t.Error("enter leaves the field although the filter is wrong")
	}
	d.Type("high")
	d.Key("enter")
	if m.Capturing() || m.filter != "host:dc* sev>=high" {
		t.Errorf("filter %q, capturing %v", m.filter, m.Capturing())
	}
	_, right := d.Tabs()
	contains(t, right, "/ host:dc* sev>=high")
	d.Key("esc")
	if m.filter != m.views[0].Filter {
		t.Errorf("esc left the filter %q", m.filter)
	}
}

func TestFilter_KeysOfTheScreenAreTextWhileItIsTyped(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 80, 19)
	d.Keys("/", "ctrl+u")
	d.Forget()
	d.Type("LU5 .=JyS")
	if m.edit.text() != "LU5 .=JyS" || len(d.Sent()) != 0 || m.view != 0 {
		t.Errorf("text %q, sent %v, view %d", m.edit.text(), d.Sent(), m.view)
	}
}

func TestFilter_CaretMovesAndEdits(t *testing.T) {
	_, m := drive(t, uitest.NewWorld(), 80, 19)
	m.edit = newField("")
	for _, k := range []string{"a", "b", "c", "left", "left", "X", "home", "Y", "end", "Z", "backspace", "space", "w", "ctrl+w"} {
		m.key(uitest.Press(k))
	}
	if got := m.edit.text(); got != "YaXbc " {
		t.Errorf("text %q", got)
	}
	m.paste("p\nq\x1b")
	if got := m.edit.text(); got != "YaXbc p q " {
		t.Errorf("after the paste %q", got)
	}
	m.paste(strings.Repeat("x", 100_000))
	if n := len(m.edit.runes); n > fieldLimit {
		t.Errorf("a paste made %d characters", n)
	}
}

func TestPaste_OutsideAFieldPressesNoKey(t *testing.T) {
	_, m := drive(t, uitest.NewWorld(), 80, 19)
	if cmd := m.paste("LLL\n"); cmd != nil {
		t.Error("a paste did something")
	}
}
