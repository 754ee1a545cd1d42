package ui

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/uitest"
)

// TestF74_WithoutTheNetAPanicEndsEverySession is the control of TestF74_APanicEndsOnlyItsOwnSession: in a process whose sessions do not catch
// panics the other session never answers again, so the check can fail.
func TestF74_WithoutTheNetAPanicEndsEverySession(t *testing.T) {
	if where := os.Getenv("CORDON_TEST_NO_NET"); where != "" {
		sessionsWithoutNet(where)
		return
	}
	for _, where := range []string{"update", "view", "command"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "CORDON_TEST_NO_NET="+where)
		out, err := cmd.CombinedOutput()
		var died *exec.ExitError
		if !errors.As(err, &died) || !strings.Contains(string(out), "panic: broken in") || strings.Contains(string(out), "still here") {
			t.Errorf("broken in %s: %v\n%s", where, err, out)
		}
	}
}

// sessionsWithoutNet is the process of the control: two sessions, one of which breaks.
func sessionsWithoutNet(where string) {
	w := uitest.NewWorld()
	saw := make(chan string, 8)
	other := start(w, func(m *Model) tea.Model { return &probe{Model: m, saw: saw} })
	broken := start(w, func(m *Model) tea.Model { return &probe{Model: m, where: where, saw: saw} }, tea.WithoutCatchPanics())
	broken.p.Send(pingMsg{"up"})
	<-saw
	broken.p.Send(breakMsg{})
	_ = broken.end()
	other.p.Send(pingMsg{"still here"})
	fmt.Println(<-saw)
}
