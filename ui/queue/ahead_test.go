package queue

import (
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// Keys may be faster than reads: enter, pressed while the rows of a new filter are still on their way, opens the first of them.
func TestEnterTypedAhead_OpensWhenTheRowsCome(t *testing.T) {
	w := uitest.NewWorld()
	s := newModel(w, "responder")
	d := uitest.DriveHeld(t, s, 80, 19)
	d.Key("enter")
	if n := len(d.Sent()); n != 0 {
		t.Fatalf("%d messages before any row is known, want none", n)
	}
	d.Release()
	if to := sent[screen.GoMsg](d); len(to) != 1 || to[0].To.Kind != screen.Host || to[0].To.Host.IsZero() {
		t.Errorf("enter was lost: %v", d.Sent())
	}
}

// Any other key typed ahead takes the enter back: the person went on.
func TestEnterTypedAhead_IsTakenBackByAnotherKey(t *testing.T) {
	w := uitest.NewWorld()
	s := newModel(w, "responder")
	d := uitest.DriveHeld(t, s, 80, 19)
	d.Keys("enter", "j")
	d.Release()
	if to := sent[screen.GoMsg](d); len(to) != 0 {
		t.Errorf("a host was opened: %v", to)
	}
}

// During the first sync alerts come in any order: until a key is pressed the cursor stays on top.
func TestCursorStaysOnTop_DuringTheFirstSyncUntilAKeyIsPressed(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	d.Send(screen.ConnsMsg{Conns: []soc.Conn{{Phase: "first sync", LastOK: time.Time{}}}})
	w.Arrive(3)
	stale(d)
	if _, at, _ := m.grid.Cursor(); at != 0 {
		t.Errorf("cursor at row %d, want the top", at)
	}
	w.Arrive(3)
	d.Send(screen.ConnsMsg{Conns: w.ConnList}) // the sync is over; what came last is read with it
	if _, at, _ := m.grid.Cursor(); at != 0 {
		t.Errorf("cursor at row %d after the sync, want the top", at)
	}
	top, _ := m.current()
	w.Arrive(3)
	stale(d)
	if now, _ := m.current(); now.Key != top.Key {
		t.Errorf("cursor on %v, want it to follow %v once the list was whole", now.Key, top.Key)
	}
	d.Key("j")
	row, _ := m.current()
	w.Arrive(3)
	stale(d)
	if now, _ := m.current(); now.Key != row.Key {
		t.Errorf("cursor on %v, want it to follow %v", now.Key, row.Key)
	}
}
