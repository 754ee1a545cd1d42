package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/uitest"
)

var sizes = []struct{ w, h int }{{80, 19}, {120, 35}, {200, 55}}

func open(t *testing.T, w *uitest.World, role string, width, height int) (*uitest.Driver, *Model) {
	t.Helper()
	m := New(Deps{Reader: w, Session: w.Session(role), Me: "alice"}, theme.New(theme.Mono, true, true, false))
	m.Update(screen.TickMsg{Now: uitest.Now()})
	return uitest.Drive(t, m, width, height), m
}

// each runs a state at all sizes; the two smaller ones have goldens.
func each(t *testing.T, name string, run func(t *testing.T, w, h int) *uitest.Driver) {
	for _, s := range sizes {
		t.Run(fmt.Sprintf("%s-%dx%d", name, s.w, s.h), func(t *testing.T) {
			d := run(t, s.w, s.h)
			if s.w == 200 {
				d.View()
				return
			}
			left, right := d.Tabs()
			uitest.Golden(t, fmt.Sprintf("%s-%dx%d", name, s.w, s.h), left+" | "+right+"\n"+d.View()+"\n")
		})
	}
}

func TestFrames(t *testing.T) {
	each(t, "today", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := open(t, uitest.NewWorld(), "responder", w, h)
		d.Keys("j", "j")
		return d
	})
	each(t, "week", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := open(t, uitest.NewWorld(), "responder", w, h)
		d.Key("2")
		return d
	})
	each(t, "failed", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := open(t, uitest.NewWorld(), "responder", w, h)
		d.Key("4")
		return d
	})
	each(t, "empty", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := open(t, uitest.NewWorld().Empty(), "responder", w, h)
		return d
	})
	each(t, "nomatch", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := open(t, uitest.NewWorld(), "responder", w, h)
		d.Key("/")
		d.Type("actor:nobody")
		return d
	})
	each(t, "error", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := open(t, uitest.NewWorld().Broken(), "responder", w, h)
		return d
	})
	each(t, "denied", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := open(t, uitest.NewWorld(), "nobody", w, h)
		return d
	})
	each(t, "hostile", func(t *testing.T, w, h int) *uitest.Driver {
		world := uitest.NewWorld()
		e := &world.AuditList[len(world.AuditList)-1]
		e.Target, e.Detail = "ホスト-"+strings.Repeat("漢", 60), "‹U+202E›gnp.exe 👾 "+strings.Repeat("長い ", 200)
		e.Actor.Name, e.Before, e.After = strings.Repeat("ユ", 50), strings.Repeat("x", 500), "मानक हिन्दी"
		d, _ := open(t, world, "responder", w, h)
		return d
	})
	each(t, "loading", func(t *testing.T, w, h int) *uitest.Driver {
		world := uitest.NewWorld()
		m := New(Deps{Reader: world, Session: world.Session("responder"), Me: "alice"}, theme.New(theme.Mono, true, true, false))
		return uitest.DriveHeld(t, m, w, h)
	})
	each(t, "broken-chain", func(t *testing.T, w, h int) *uitest.Driver {
		world := uitest.NewWorld()
		world.Chain = soc.ChainReport{Records: 14, LastSeq: 14, BadSeq: 9, Problem: "record 9 was changed after it was written", Checked: uitest.Now()}
		d, _ := open(t, world, "responder", w, h)
		d.Key("V")
		return d
	})
}

func TestTinyAndOddSizes(t *testing.T) {
	for _, s := range []struct{ w, h int }{{1, 1}, {10, 3}, {60, 7}, {139, 12}, {140, 12}, {300, 90}} {
		d, _ := open(t, uitest.NewWorld(), "responder", s.w, s.h)
		d.View()
	}
}

func TestViews(t *testing.T) {
	for key, want := range map[string]int{"1": 14, "2": 14, "3": 12, "4": 3, "5": 3} {
		d, m := open(t, uitest.NewWorld(), "responder", 120, 35)
		d.Key(key)
		if m.page.Matched != want {
			t.Errorf("view %s has %d lines, want %d", key, m.page.Matched, want)
		}
	}
}

func TestFilter_LiveAndTakenBack(t *testing.T) {
	d, m := open(t, uitest.NewWorld(), "responder", 120, 35)
	d.Key("/")
	if !m.Capturing() {
		t.Fatal("the filter does not capture keys")
	}
	d.Type("action:release")
	if m.page.Matched != 5 {
		t.Errorf("Matched = %d, want 5", m.page.Matched)
	}
	d.Key("esc")
	if m.page.Matched != 14 || m.Capturing() {
		t.Errorf("after esc: Matched = %d, capturing %v", m.page.Matched, m.Capturing())
	}
	d.Key("/")
	d.Type("since:1h")
	d.Key("enter")
	if m.page.Matched != 8 {
		t.Errorf("since:1h: Matched = %d, want 8", m.page.Matched)
	}
	d.Key("/")
	d.Type("x")
	if !strings.Contains(d.View(), "is not a time") {
		t.Errorf("a bad since: is not named:\n%s", d.View())
	}
}

func TestKeys_OpenWhatTheLineIsAbout(t *testing.T) {
	d, m := open(t, uitest.NewWorld(), "responder", 120, 35)
	e, _ := m.current()
	d.Keys("h", "T", "y", "J", "enter")
	sent := d.Sent()
	if len(sent) != 5 {
		t.Fatalf("sent %d messages: %v", len(sent), sent)
	}
	if got := sent[0].(screen.GoMsg).To; got.Kind != screen.Host || got.Host != (soc.HostKey{Integration: e.Integration, MachineID: e.Host}) {
		t.Errorf("h goes to %+v", got)
	}
	if got := sent[1].(screen.GoMsg).To; got.Kind != screen.Timers || got.Lockdown != e.Lockdown {
		t.Errorf("T goes to %+v", got)
	}
	if got := sent[2].(screen.CopyMsg).Text; !strings.Contains(got, "#14 2026-08-22T12:40:47Z timer release WS-DEV-0210 accepted") {
		t.Errorf("y copies %q", got)
	}
	if got := sent[3].(screen.TextMsg).Text; !strings.Contains(got, `"seq": 14`) || !strings.Contains(got, e.Hash) {
		t.Errorf("J shows %q", got)
	}
	if got := sent[4].(screen.TextMsg).Text; !strings.Contains(got, e.Hash) || !strings.Contains(got, "machine id") {
		t.Errorf("enter shows %q", got)
	}
}

func TestKeys_OffWithAReason(t *testing.T) {
	d, _ := open(t, uitest.NewWorld(), "responder", 120, 35)
	d.Keys("3", "2", "G", "k", "k", "k", "k", "k") // the external isolation has no lockdown
	if b := d.Binding("T"); b.Off == "" {
		t.Errorf("T is on for a line without a lockdown")
	}
	d.Key("T")
	if n, ok := d.Sent()[0].(screen.NoticeMsg); !ok || !strings.Contains(n.Text, "no lockdown") {
		t.Errorf("sent %v", d.Sent())
	}
}

func TestKeys_DoNotClash(t *testing.T) {
	_, m := open(t, uitest.NewWorld(), "responder", 120, 35)
	for _, checking := range []bool{false, true} {
		m.checking = checking
		if err := keys.Clash(m.Keys()); err != nil {
			t.Error(err)
		}
	}
	if err := keys.Clash(typingKeys()); err != nil {
		t.Error(err)
	}
}

func TestDays(t *testing.T) {
	world := uitest.NewWorld()
	for i := range 40 {
		e := world.AuditList[0]
		e.Seq, e.Time = uint64(i+100), uitest.Now().AddDate(0, 0, -1-i/10).Add(-time.Duration(i)*time.Minute)
		world.AuditList = append(world.AuditList, e)
	}
	// sequence follows time
	for i := range world.AuditList {
		world.AuditList[i].Seq = uint64(1_000_000 - int(uitest.Now().Sub(world.AuditList[i].Time)/time.Second))
	}
	for _, view := range []string{"2", "3"} {
		d, m := open(t, world, "responder", 120, 35)
		d.Keys(view, "}")
		first := 14
		if view == "3" {
			first = 12
		}
		for i, want := range []int{first, first + 10, first + 20} {
			if _, at, _ := m.grid.Cursor(); at != want {
				t.Errorf("view %s: after %d times } the cursor is at %d, want %d", view, i+1, at, want)
			}
			d.Key("}")
		}
		d.Keys("{", "{")
		if _, at, _ := m.grid.Cursor(); at != first+10 {
			t.Errorf("view %s: { goes to %d, want %d", view, at, first+10)
		}
		d.Keys("{", "{", "{")
		if _, at, _ := m.grid.Cursor(); at != 0 {
			t.Errorf("view %s: { ends at %d, want 0", view, at)
		}
	}
}

func TestVerify_SaysTheResult(t *testing.T) {
	d, _ := open(t, uitest.NewWorld(), "responder", 120, 35)
	d.Key("V")
	n := d.Sent()[0].(screen.NoticeMsg)
	if n.Level != screen.Good || !strings.Contains(d.View(), "chain verified to #14 at 12:41") {
		t.Errorf("notice %v\n%s", n, d.View())
	}
}

// slow verifies until it is stopped.
type slow struct {
	*uitest.World
	stopped, walked chan struct{}
}

func (s slow) VerifyHistory(ctx context.Context, o soc.VerifyOptions) (soc.ChainReport, error) {
	o.Progress(41, 100)
	close(s.walked)
	<-ctx.Done()
	close(s.stopped)
	return soc.ChainReport{}, ctx.Err()
}

func TestVerify_CountsSecondsAndStops(t *testing.T) {
	world := slow{uitest.NewWorld(), make(chan struct{}), make(chan struct{})}
	m := New(Deps{Reader: world, Session: world.Session("responder")}, theme.New(theme.Mono, true, true, false))
	m.Update(screen.TickMsg{Now: uitest.Now()})
	d := uitest.Drive(t, m, 120, 35)
	d.Hold()
	d.Key("V")
	done := make(chan struct{})
	verify := d.Held()[0]
	go func() { verify(); close(done) }()
	<-world.walked
	m.Update(screen.TickMsg{Now: uitest.Now().Add(3 * time.Second)})
	if !m.Ticking() || !strings.Contains(d.View(), "verifying the chain, 3 s, 41 % of 100 (esc stops)") {
		t.Errorf("no progress:\n%s", d.View())
	}
	d.Key("esc")
	<-world.stopped
	<-done
	if m.Ticking() || strings.Contains(d.View(), "verifying") {
		t.Error("esc did not stop it")
	}
}

func TestLateAnswersAreDropped(t *testing.T) {
	d, m := open(t, uitest.NewWorld(), "responder", 120, 35)
	d.Hold()
	d.Keys("4", "1")
	held := d.Held()
	d.Run(held[1])
	d.Run(held[0]) // "Failed" answers last
	if m.page.Matched != 14 {
		t.Errorf("Matched = %d, want the 14 of Today", m.page.Matched)
	}
}

func TestRowsHoldStillWhileADialogIsOpen(t *testing.T) {
	world := uitest.NewWorld()
	d, m := open(t, world, "responder", 120, 35)
	d.Send(screen.HoldMsg{On: true})
	e := world.AuditList[0]
	e.Seq, e.Time = 15, uitest.Now()
	world.AuditList = append(world.AuditList, e)
	d.Send(screen.StaleMsg{Topics: soc.TopicAudit})
	if m.page.Matched != 14 {
		t.Error("rows moved while held")
	}
	d.Send(screen.HoldMsg{})
	if m.page.Matched != 15 {
		t.Error("the new line did not come after the hold")
	}
	if cur, _ := m.current(); cur.Seq != 14 {
		t.Errorf("the cursor left its line: #%d", cur.Seq)
	}
}

func TestV13_HistoryNeedsTheRight(t *testing.T) {
	world := uitest.NewWorld()
	world.Err = errors.New("must not be asked")
	d, _ := open(t, world, "nobody", 80, 19)
	if !strings.Contains(d.View(), "lockdown.view is missing") {
		t.Errorf("view:\n%s", d.View())
	}
	if b := d.Binding("V"); b.Off == "" {
		t.Error("V is on")
	}
}

// TestSC21_N10_TheProofIsTold: what was proved and what was not, and of a broken history the first bad line with its neighbours.
func TestSC21_N10_TheProofIsTold(t *testing.T) {
	w := uitest.NewWorld()
	w.Chain.Sealed, w.Chain.Checkpoints = w.Chain.Records, 3
	d, _ := open(t, w, "responder", 120, 35)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	if b := d.Binding("B"); b.Off == "" {
		t.Error("B works before anything was verified")
	}
	d.Key("V")
	if v := d.View(); !strings.Contains(v, "chain verified to #14 at 12:41, all seals checked, 3 checkpoints") {
		t.Errorf("the result does not say what it rests on:\n%s", v)
	}
	w.Chain.OK, w.Chain.BadSeq, w.Chain.Problem, w.Chain.Sealed = false, 9, "the hash does not match", 0
	w.Chain.Notes = []string{"the seals: the first key is not beside the store"}
	d.Key("V")
	if v := d.View(); !strings.Contains(v, "CHAIN BROKEN at #9 (B shows it)") {
		t.Errorf("a broken chain is not told:\n%s", v)
	}
	d.Forget()
	d.Key("B")
	got := ""
	for _, m := range d.Sent() {
		if box, ok := m.(screen.TextMsg); ok {
			got = box.Text
		}
	}
	for _, want := range []string{"first bad    #9", "NO seal checked", "the hash does not match", ">> #9 ", "   #8 ", "   #10 ", "not checked  the seals"} {
		if !strings.Contains(got, want) {
			t.Errorf("the proof does not say %q:\n%s", want, got)
		}
	}
}

// TestN20_DriftHasItsOwnWord in the list, and is found by it.
func TestN20_DriftHasItsOwnWord(t *testing.T) {
	for action, want := range map[string]string{"drift-release": "DRIFT", "drift-merged": "DRIFT", "release": "release"} {
		if got := verb(action); got != want {
			t.Errorf("verb(%s) = %q, want %q", action, got, want)
		}
	}
}
