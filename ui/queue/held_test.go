package queue

import (
	"context"
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

func stale(d *uitest.Driver) { d.Send(screen.StaleMsg{Topics: soc.TopicAlerts}) }

func TestCursorFollowsTheID_WhenAlertsArrive(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	row := onto(t, d, m, "Credential dumping")
	w.Arrive(5)
	stale(d)
	if now, ok := m.current(); !ok || now.Key != row.Key {
		t.Errorf("cursor on %v, want it to stay on %v", now.Key, row.Key)
	}
	contains(t, d.View(), "Fresh alert", "22 of 323")
}

func TestCursorFollowsTheID_ThroughABurst(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	row := onto(t, d, m, "Credential dumping")
	for range 40 {
		w.Arrive(25) // more than the window and its overscan
	}
	stale(d)
	if now, ok := m.current(); !ok || now.Key != row.Key {
		t.Errorf("cursor on %v, want it to stay on %v", now.Key, row.Key)
	}
	contains(t, d.View(), "Credential dumping")
}

func TestHeld_WhileSomethingIsMarked(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	d.Keys("j", "space")
	before := d.View()
	w.Arrive(5)
	stale(d)
	after := d.View()
	lacks(t, after, "Fresh alert")
	contains(t, after, "1 marked", "17 of 318", "HELD: 5 newer, press . to show")
	for i, l := range strings.Split(before, "\n")[:15] {
		if got := strings.Split(after, "\n")[i]; got != l {
			t.Fatalf("row %d moved: %q then %q", i, l, got)
		}
	}
	stale(d) // a second wake-up must not let the rows in by the back door
	lacks(t, d.View(), "Fresh alert")
	d.Key(".")
	contains(t, d.View(), "Fresh alert", "1 marked", "22 of 323")
	if got := m.grid.Marks(); len(got) != 1 {
		t.Errorf("marks = %v after showing the held rows", got)
	}
	w.Arrive(2)
	stale(d)
	contains(t, d.View(), "HELD: 2 newer")
	d.Key("esc")
	lacks(t, d.View(), "HELD", "marked")
	contains(t, d.View(), "24 of 325")
}

func TestHeld_WhileADialogIsOpenOrUpdatesArePaused(t *testing.T) {
	w := uitest.NewWorld()
	d, _ := drive(t, w, 80, 19)
	if off := d.Binding(".").Off; off == "" {
		t.Error(". is on although nothing is held")
	}
	d.Send(screen.HoldMsg{On: true})
	w.Arrive(3)
	stale(d)
	lacks(t, d.View(), "Fresh alert")
	contains(t, d.View(), "HELD: 3 newer")
	if off := d.Binding(".").Off; off != "" {
		t.Errorf(". is off because %q", off)
	}
	d.Send(screen.HoldMsg{})
	contains(t, d.View(), "Fresh alert")
	lacks(t, d.View(), "HELD")
}

func TestHeld_ALoadThatWasUnderWayDoesNotMoveTheRows(t *testing.T) {
	w := uitest.NewWorld()
	d, _ := drive(t, w, 80, 19)
	d.Hold()
	stale(d)
	w.Arrive(4)
	d.Key("space")
	d.Release()
	lacks(t, d.View(), "Fresh alert")
	contains(t, d.View(), "HELD: 4 newer")
}

func TestMarks_SurviveRefreshAndScrolling(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	d.Keys("5", "j", "space", "G", "space")
	w.Arrive(2)
	stale(d)
	d.Key(".")
	d.Key("g")
	if n := m.grid.Marked(); n != 2 {
		t.Fatalf("%d marks, want 2", n)
	}
	if hosts, skipped := m.markedHosts(); len(hosts) != 2 || skipped != 0 {
		t.Errorf("marks stand for hosts %v, %d skipped", hosts, skipped)
	}
}

func TestLateAnswers_AreDropped(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	d.Hold()
	d.Key("5")
	d.Key("2")
	held := d.Held()
	if len(held) != 2 {
		t.Fatalf("%d loads are under way, want 2", len(held))
	}
	d.Run(held[1]) // the newer question is answered first
	want := d.View()
	contains(t, want, "2 of 318")
	d.Run(held[0])
	if got := d.View(); got != want {
		t.Errorf("a late answer changed the list:\n%s", got)
	}
	if m.page.Matched != 2 {
		t.Errorf("%d matches, want the 2 of the newer question", m.page.Matched)
	}
}

func TestLateAnswers_OfThePreviewAreDropped(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	row, _ := m.current()
	d.Send(detailMsg{req: m.detailReq - 1, key: row.Key, d: detail{alert: soc.Alert{Evidence: []soc.Evidence{{CommandLine: "an old answer"}}}}})
	lacks(t, d.View(), "an old answer")
	d.Send(fleetMsg{req: m.fleetReq - 1, tenants: make([]soc.Integration, 3)})
	lacks(t, d.View(), "TENANT")
}

func TestWakeUps_MergeWhileALoadIsUnderWay(t *testing.T) {
	w := uitest.NewWorld()
	counted := &counter{World: w}
	m := New(Deps{Reader: counted, Session: w.Session("responder"), Me: "alice", Now: uitest.Now()}, newModel(w, "responder").th)
	d := uitest.Drive(t, m, 80, 19)
	counted.n = 0
	d.Hold()
	for range 50 {
		stale(d)
	}
	d.Release()
	if counted.n > 2*(1+len(m.views)) {
		t.Errorf("50 wake-ups made %d reads", counted.n)
	}
}

type counter struct {
	*uitest.World
	n int
}

func (c *counter) Alerts(ctx context.Context, q soc.Query) (soc.AlertPage, error) {
	c.n++
	return c.World.Alerts(ctx, q)
}

// TestViews_EachStartsAtItsTopAndRemembersWhereItWasLeft: what is worst stands at the top of a view that is opened for the first time.
func TestViews_EachStartsAtItsTopAndRemembersWhereItWasLeft(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 80, 19)
	d.Keys("j", "j", "j")
	left, _ := m.current()
	d.Key("5")
	if _, at, ok := m.grid.Cursor(); !ok || at != 0 {
		t.Errorf("the view opens at row %d, want its top", at)
	}
	d.Keys("j", "1")
	if r, ok := m.current(); !ok || r.Key != left.Key {
		t.Errorf("back on %v, want %v where the view was left", r.Key, left.Key)
	}
	if n := strings.Count(d.View(), "\n> "); n != 2 { // one in the list, one in the preview
		t.Errorf("%d cursors:\n%s", n, d.View())
	}
}
