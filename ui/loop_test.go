package ui

import (
	"bytes"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/teatest/v2"

	"cordon/ui/uitest"
)

// TestZ19_ThreeKeysInTheRealEventLoop drives the console through Bubble Tea's own loop, renderer and timers, where the other tests of this
// package deliver messages by hand: enter opens the host, L the dialog, and esc leaves it with nothing ordered.
func TestZ19_ThreeKeysInTheRealEventLoop(t *testing.T) {
	w := uitest.NewWorld()
	m := New(t.Context(), Deps{
		Reader: w, Commander: w, Connector: w, Session: w.Session("responder"), Look: Look{Theme: "dark", ASCII: true},
		Now: uitest.Now, Local: time.UTC,
	})
	tm := teatest.NewTestModel(t, m, teatest.WithInitialTermSize(120, 40))
	see := func(text string) {
		t.Helper()
		teatest.WaitFor(t, tm.Output(), func(b []byte) bool { return bytes.Contains(b, []byte(text)) }, teatest.WithDuration(30*time.Second))
	}
	see("Credential")
	tm.Send(uitest.Press("j")) // the host of the first row is isolated already
	tm.Send(uitest.Press("enter"))
	see("workstation]") // one word: the renderer may jump over blanks that are there already
	tm.Send(uitest.Press("L"))
	see("Pre-flight")
	tm.Send(uitest.Press("esc"))
	see("back:")
	tm.Send(uitest.Press("ctrl+c"))
	tm.Send(uitest.Press("ctrl+c"))
	tm.WaitFinished(t, teatest.WithFinalTimeout(30*time.Second))
	if n := len(w.Calls("isolate")); n != 0 {
		t.Errorf("%d orders were given, want none", n)
	}
}
