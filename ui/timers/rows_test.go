package timers

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/life"
	"cordon/ui/pane"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/uitest"
)

// TestZ21_RowTellsEverythingOfALockdown: host, address, machine id, who, when, until, state, reason.
func TestZ21_RowTellsEverythingOfALockdown(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "active", 200, 55)
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers, Lockdown: "LK-A1B2C3D4"}})
	l := w.LockdownList[1]
	has(t, d.View(), "WS-FIN-0142", l.HostIP, l.Key.MachineID, "by alice", "11:53:16Z", "13:53:16Z", "ISOLATED", "confirmed by triage")
}

// TestV29_LeftComesFromTheDeadline: whatever ticks were lost, LEFT is deadline minus now.
func TestV29_LeftComesFromTheDeadline(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "active", 80, 19)
	has(t, line(t, d.View(), "WS-FIN-0142"), "1:12:09", "alice")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(72*time.Minute + 9*time.Second)}) // no ticks in between
	has(t, line(t, d.View(), "WS-FIN-0142"), "0:00:00", "ISOLATED")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(72*time.Minute + 12*time.Second)})
	has(t, line(t, d.View(), "WS-FIN-0142"), "+00:00:03", "OVERDUE")
}

// TestN01_UnconfirmedReleaseIsNeverReleased: past its deadline a host is OVERDUE or RELEASING until Defender confirms.
func TestN01_UnconfirmedReleaseIsNeverReleased(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "active", 120, 35)
	for _, host := range []string{"SRV-FILE-03", "WS-DEV-0210"} {
		hasNot(t, line(t, d.View(), host), "RELEASED")
	}
	has(t, d.View(), "release failing (2x)", "next try in 41s", "still isolated")
	left, right := d.Tabs()
	has(t, left, "4:Problems 2")
	has(t, right, "2 OVERDUE")
	d.Key("2")
	has(t, d.View(), "SRV-FILE-03", "WS-DEV-0210")
	hasNot(t, d.View(), "WS-ENG-0077")
}

// TestC03_IsolatedNowListsOursAndForeign with how we know and how old that is.
func TestC03_IsolatedNowListsOursAndForeign(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "isolated", 120, 35)
	has(t, line(t, d.View(), "WS-FIN-0142"), "LK-A1B2C3D4", "Isolate ok ..C3D4", "3s")
	has(t, line(t, d.View(), "WS-LAB-0003"), "outside", "EXTERNAL", "frank@", "Isolate ok ..", "3s")
	hasNot(t, d.View(), "WS-HR-0009") // ordered, not enforced: not isolated now
}

// TestC03_OurRecordWithoutListSaysSo: no action list yet, but we know that the device confirmed.
func TestC03_OurRecordWithoutListSaysSo(t *testing.T) {
	w := uitest.NewWorld()
	w.ActionList = nil
	d := open(t, w, "responder", "isolated", 120, 35)
	has(t, line(t, d.View(), "WS-FIN-0142"), "our record only")
}

// TestN08_OldestIsolationFirst: the board of release debt, ours and foreign, with owner, ticket and reason.
func TestN08_OldestIsolationFirst(t *testing.T) {
	w := uitest.NewWorld()
	w.LockdownList[1].Ticket = "INC-991"
	d := open(t, w, "responder", "isolated", 120, 35)
	v := d.View()
	order := []string{"SRV-FILE-03", "WS-LAB-0003", "WS-DEV-0210", "WS-FIN-0142", "WS-ENG-0077"}
	for i := 1; i < len(order); i++ {
		if strings.Index(v, order[i-1]) > strings.Index(v, order[i]) {
			t.Errorf("%s must stand above %s", order[i-1], order[i])
		}
	}
	has(t, v, "INC-991", "suspicious, isola")
}

// TestC04_PendingIsNotIsolated: accepted is a state of its own, does not count down, and says until when Defender tries.
func TestC04_PendingIsNotIsolated(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "active", 120, 35)
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers, Lockdown: "LK-P3ND1NGX"}})
	before := line(t, d.View(), "WS-HR-0009")
	has(t, before, "PENDING", "8:00:00", "not enforced")
	hasNot(t, before, "ISOLATED")
	has(t, d.View(), "waiting for device (Defender tries until Tue 12:40Z)")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(5 * time.Minute)})
	if after := line(t, d.View(), "WS-HR-0009"); after != before {
		t.Errorf("a waiting lockdown counts:\n%s\n%s", before, after)
	}
}

// TestC24_WaitingLockdownIsTakenBackNotExtended: X opens the cancel dialog while nothing is enforced.
func TestC24_WaitingLockdownIsTakenBackNotExtended(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "active", 80, 19)
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers, Lockdown: "LK-P3ND1NGX"}})
	if b := d.Binding("X"); b.Hint != "take back" || b.Off != "" {
		t.Fatalf("X = %+v, want take back, on", b)
	}
	d.Key("X")
	if got := sent[screen.CancelMsg](d); len(got) != 1 || got[0].Lockdown != "LK-P3ND1NGX" {
		t.Errorf("sent %v, want one CancelMsg", got)
	}
	if got := sent[screen.PeriodMsg](d); len(got) != 0 {
		t.Errorf("X on a waiting lockdown sent %v", got)
	}
}

// TestV30_V31_ForeignIsolation has no timer, no period, and its release key is off with the reason; nothing is sent.
func TestV30_V31_ForeignIsolation(t *testing.T) {
	w := uitest.NewWorld()
	w.Verdicts[w.Key("WS-LAB-0003")] = soc.Verdict{Why: "isolated from outside; remove it in the portal", Code: "external"}
	d := open(t, w, "responder", "active", 120, 35)
	d.Key("G")
	has(t, line(t, d.View(), "WS-LAB-0003"), "EXTERNAL", "no timer", "isolated outside")
	has(t, d.View(), soc.IsolatedOutside+" by frank@contoso.example (Portal) since 11:02Z", "U is off: isolated from outside; remove it in the portal")
	d.Keys("U", "X")
	if r, p := sent[screen.ReleaseMsg](d), sent[screen.PeriodMsg](d); len(r)+len(p) != 0 {
		t.Errorf("a foreign isolation was offered for release: %v %v", r, p)
	}
	notes := sent[screen.NoticeMsg](d)
	if len(notes) != 2 || !strings.Contains(notes[0].Text, "remove it in the portal") {
		t.Errorf("notices = %v, want the reasons of U and X", notes)
	}
}

// TestK04_MarkedForeignRowBlocksTheBulkRelease; without it the marked hosts are released together.
func TestK04_MarkedForeignRowBlocksTheBulkRelease(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "active", 80, 19)
	d.Keys("G", "space")
	if off := d.Binding("U").Off; !strings.Contains(off, "WS-LAB-0003") || !strings.Contains(off, "outside") {
		t.Errorf("U off = %q, want the foreign host named", off)
	}
	d.Keys("space", "g", "space", "j", "space", "U")
	got := sent[screen.ReleaseMsg](d)
	if len(got) != 1 || len(got[0].Hosts) != 2 || got[0].Hosts[0] != w.Key("SRV-FILE-03") {
		t.Errorf("sent %v, want both marked hosts in the order of marking", got)
	}
}

// TestK05_SupersededIsDriftWithItsCause: the timer ended without a release, and says why.
func TestK05_SupersededIsDriftWithItsCause(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "done", 120, 35)
	has(t, line(t, d.View(), "WS-HR-0031"), "DRIFT", "external: release")
	has(t, d.View(), "cause external: released in portal by frank@contoso.example", "nothing: it is over")
	if off := d.Binding("U").Off; off != "this lockdown is over" {
		t.Errorf("U off = %q", off)
	}
}

// TestK05_OldListDoesNotAccuseOutsiders: an isolation that ended after the list was read was ours, nobody else did it.
func TestK05_OldListDoesNotAccuseOutsiders(t *testing.T) {
	w := uitest.NewWorld()
	l := &w.LockdownList[1]
	l.Phase, l.Cause, l.EndedAt = soc.PhaseReleased, soc.CauseUser, w.ActionsAsOf.Add(2*time.Second)
	d := open(t, w, "responder", "active", 120, 35)
	hasNot(t, d.View(), "WS-FIN-0142")
	w.ActionsAsOf = l.EndedAt.Add(time.Minute) // a newer list still shows it in force
	d.Send(screen.StaleMsg{Topics: soc.TopicActions})
	has(t, line(t, d.View(), "WS-FIN-0142"), "ISOLATED", "no timer", "our LK-A1B2C3D4")
}

// TestTick_ChangesOnlyCounters: with twelve timers a second repaints a handful of cells, all of them digits of LEFT and ages.
func TestTick_ChangesOnlyCounters(t *testing.T) {
	w := uitest.NewWorld()
	twelve(w)
	d := open(t, w, "responder", "active", 120, 35)
	before := strings.Split(d.View(), "\n")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(time.Second)})
	after := strings.Split(d.View(), "\n")
	cells := 0
	for i := range before {
		if len(before[i]) != len(after[i]) {
			t.Errorf("line %d changed its length:\n%s\n%s", i, before[i], after[i])
			continue
		}
		for j := range before[i] {
			if before[i][j] == after[i][j] {
				continue
			}
			cells++
			if c := after[i][j]; c < '0' || c > '9' {
				t.Errorf("line %d: %q changed to %q, not a counter:\n%s", i, before[i][j], c, after[i])
			}
		}
	}
	if cells == 0 || cells > 12*2+2 {
		t.Errorf("a tick changed %d cells, want at most 26", cells)
	}
}

// TestTicking_OnlyWhileSomethingCounts.
func TestTicking_OnlyWhileSomethingCounts(t *testing.T) {
	m := newModel(uitest.NewWorld(), "responder")
	d := uitest.Drive(t, m, 80, 19)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	for key, want := range map[string]bool{"1": true, "5": false, "6": false} {
		d.Key(key)
		if m.Ticking() != want {
			t.Errorf("view %s: Ticking = %v, want %v", key, m.Ticking(), want)
		}
	}
}

// TestLate_AnswersAreDropped: the newest load wins, whatever order the answers come in.
func TestLate_AnswersAreDropped(t *testing.T) {
	w := uitest.NewWorld()
	m := newModel(w, "responder")
	d := uitest.DriveHeld(t, m, 80, 19)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	old := d.Held()[0]()
	w.LockdownList = w.LockdownList[:1]
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers}})
	d.Run(d.Held()[1])
	d.Send(old)
	has(t, d.View(), "SRV-FILE-03")
	hasNot(t, d.View(), "1:12:09")
}

// TestLate_DetailOfAnotherRowIsDropped.
func TestLate_DetailOfAnotherRowIsDropped(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "active", 120, 35)
	d.Hold()
	d.Keys("j", "j")
	held := d.Held()
	d.Run(held[1])
	d.Run(held[0])
	has(t, d.View(), "WS-FIN-0142: LK-A1B2C3D4")
	if off := d.Binding("U").Off; off != "" {
		t.Errorf("U off = %q: the answer of the other row won", off)
	}
}

// TestStale_LeftKeepsCounting under a lost connection.
func TestStale_LeftKeepsCounting(t *testing.T) {
	w := uitest.NewWorld().Stale(5 * time.Minute)
	d := open(t, w, "responder", "active", 80, 19)
	has(t, d.View(), "as of 12:36Z", "contoso-prod unreachable", "1:12:09")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(time.Second)})
	has(t, d.View(), "as of 12:36Z", "1:12:08")
}

// TestHold_RowsDoNotMove while a dialog is open; they follow when it closes.
func TestHold_RowsDoNotMove(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "active", 80, 19)
	d.Send(screen.HoldMsg{On: true})
	w.LockdownList = w.LockdownList[:1]
	d.Send(screen.StaleMsg{Topics: soc.TopicLockdowns})
	has(t, d.View(), "LK-7Q2M4KTA", "WS-ENG-0077", "updates are held")
	d.Send(screen.HoldMsg{})
	hasNot(t, d.View(), "3:41:55")
}

// TestCursor_FollowsTheLockdown when others overtake it.
func TestCursor_FollowsTheLockdown(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "active", 80, 19)
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers, Lockdown: "LK-E5F6G7H2"}})
	w.LockdownList[2].Deadline = uitest.Now().Add(time.Minute)
	d.Send(screen.StaleMsg{Topics: soc.TopicLockdowns})
	has(t, line(t, d.View(), "WS-ENG-0077  I"), ">", "0:01:00")
}

// TestFilter_SaysWhatItHides, and takes text, not commands.
func TestFilter_SaysWhatItHides(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "active", 80, 19)
	d.Key("/")
	d.Type("aliceU")
	if len(sent[screen.ReleaseMsg](d)) != 0 {
		t.Fatal("a typed letter opened a dialog")
	}
	d.Key("backspace")
	has(t, d.View(), "(4 hidden)  / alice_", "WS-FIN-0142")
	d.Keys("enter", "esc")
	has(t, d.View(), "SRV-FILE-03")
}

// TestSort_Turns through the orders.
func TestSort_Turns(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "active", 120, 35)
	d.Key("S")
	_, right := d.Tabs()
	has(t, right, "sort: host")
	v := d.View()
	if strings.Index(v, "SRV-FILE-03  ") > strings.Index(v, "WS-DEV-0210") {
		t.Error("rows are not sorted by host")
	}
}

// TestZone_Toggle changes every clock and no countdown.
func TestZone_Toggle(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "active", 80, 19)
	d.Send(screen.ZoneMsg{Zone: time.FixedZone("BST", 3600)})
	has(t, line(t, d.View(), "WS-FIN-0142"), "14:53 BST", "1:12:09")
	d.Send(screen.ZoneMsg{Zone: time.UTC})
	has(t, line(t, d.View(), "WS-FIN-0142"), "13:53:16Z")
}

// TestKeys_DoNotClash, and lead where they say.
func TestKeys_DoNotClash(t *testing.T) {
	w := uitest.NewWorld()
	m := newModel(w, "responder")
	d := uitest.Drive(t, m, 80, 19)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	if err := keys.Clash(m.Keys()); err != nil {
		t.Error(err)
	}
	d.Keys("enter", "y", "i")
	if got := sent[screen.GoMsg](d); len(got) != 1 || got[0].To.Host != w.Key("SRV-FILE-03") || got[0].To.Kind != screen.Host {
		t.Errorf("enter sent %v", got)
	}
	if got := sent[screen.CopyMsg](d); len(got) != 1 || got[0].Text != w.Key("SRV-FILE-03").MachineID {
		t.Errorf("y sent %v", got)
	}
	if got := sent[screen.WantHostMsg](d); len(got) != 1 || !got[0].Force {
		t.Errorf("i sent %v", got)
	}
}

// TestViewer_IsToldWhyNothingCanBePressed.
func TestViewer_IsToldWhyNothingCanBePressed(t *testing.T) {
	d := open(t, uitest.NewWorld(), "viewer", "active", 120, 35)
	has(t, d.View(), "U and X are off: your role may not isolate or release (needs lockdown.edit)")
	hasNot(t, d.View(), "U release now")
	d.Keys("U", "X")
	if r, p := sent[screen.ReleaseMsg](d), sent[screen.PeriodMsg](d); len(r)+len(p) != 0 {
		t.Errorf("a viewer was offered a dialog: %v %v", r, p)
	}
}

// TestDenied_ReadsNothing.
func TestDenied_ReadsNothing(t *testing.T) {
	w := uitest.NewWorld()
	w.Broken() // a read would show its error
	d := open(t, w, "nobody", "active", 80, 19)
	has(t, d.View(), "lockdown.view")
	hasNot(t, d.View(), "could not")
}

// TestK04_AHostThatOursLeftIsolatedIsNeverCalledExternal: however long ago our lockdown ended.
func TestK04_AHostThatOursLeftIsolatedIsNeverCalledExternal(t *testing.T) {
	w := uitest.NewWorld()
	for i := range w.LockdownList {
		l := &w.LockdownList[i]
		if l.HostName == "WS-ENG-0077" { // closed by hand three days ago; nobody released the host
			l.Phase, l.Cause, l.Note = soc.PhaseSuperseded, soc.CauseHandover, "closed by hand"
			l.RequestedAt, l.EndedAt = uitest.Now().Add(-80*time.Hour), uitest.Now().Add(-72*time.Hour)
		}
	}
	d := uitest.Drive(t, newModel(w, "responder"), 120, 35)
	got := line(t, d.View(), "WS-ENG-0077")
	has(t, got, "ISOLATED", "no timer")
	if strings.Contains(got, "EXTERNAL") {
		t.Errorf("a host that our lockdown left isolated is called EXTERNAL: %q", got)
	}
}

// TestN08_V30_V31_DebtBoard: everything that is cut off now, ours and from outside, the oldest first, with owner, ticket, reason, evidence
// and its age; a debt from outside is named as such and its release is refused with the reason.
func TestN08_V30_V31_DebtBoard(t *testing.T) {
	for _, s := range sizes[:2] {
		w := uitest.NewWorld()
		w.LockdownList[1].Ticket = "INC-4711"
		w.Verdicts[w.Key("WS-LAB-0003")] = soc.Verdict{Why: "isolated from outside; remove it in the portal", Code: "external"}
		d := open(t, w, "responder", "debt", s.w, s.h)
		d.Golden("debt-" + s.name)
		v := d.View()
		var at []int
		for _, host := range []string{"SRV-FILE-03", "WS-LAB-0003", "WS-DEV-0210", "WS-FIN-0142", "WS-ENG-0077"} {
			at = append(at, strings.Index(v, host+" "))
		}
		if !slices.IsSorted(at) || at[0] < 0 {
			t.Errorf("%s: not all debts, oldest first: %v\n%s", s.name, at, v)
		}
		hasNot(t, v, "WS-HR-0009", "WS-HR-0031") // waiting, and released outside: no debt
		has(t, line(t, v, "WS-LAB-0003"), "EXTERNAL", "outside", "frank", "Isolate ok ..")
		d.Keys("j")
		has(t, d.View(), soc.IsolatedOutside+" by frank@contoso.example (Portal) since 11:02Z", "U is off: isolated from outside")
		d.Key("U")
		if got := sent[screen.ReleaseMsg](d); len(got) != 0 {
			t.Errorf("%s: the release of a debt from outside was offered: %v", s.name, got)
		}
		d.Keys("j", "j")
		has(t, d.View(), "ticket INC-4711", "reason: confirmed by triage")
		w.ActionsAsOf = uitest.Now().Add(-20 * time.Minute) // the evidence ages in sight
		d.Send(screen.StaleMsg{Topics: soc.TopicActions})
		has(t, line(t, d.View(), "WS-FIN-0142 "), " 20m")
	}
}

// TestC04_N05_EveryPhaseTellsItselfOnTheTimers: the line and the evidence of life stand below the list, whatever the phase.
func TestC04_N05_EveryPhaseTellsItselfOnTheTimers(t *testing.T) {
	for _, p := range soc.Phases() {
		w := uitest.NewWorld()
		l := w.LockdownList[0]
		l.Phase, l.Wake = p, uitest.Now().Add(12*time.Second)
		view := "active"
		if p.Final() {
			l.EndedAt, l.Cause, l.WatchUntil, view = uitest.Now().Add(-time.Minute), soc.CauseTimer, uitest.Now().Add(72*time.Hour), "done"
		}
		w.LockdownList = []soc.Lockdown{l}
		d := open(t, w, "responder", view, 120, 35)
		c := life.Clock{Now: uitest.Now(), Zone: time.UTC}
		has(t, d.View(), theme.Clip(c.Line(l, " -> ", 118, false), 118))
		if p.Final() {
			has(t, d.View(), "watched until Tue 12:41Z for a late isolate")
		}
		if how := pane.Wrap(c.How(l), 118); len(how) > 0 {
			has(t, d.View(), how[0])
		}
	}
}

// TestN08_N18_EndOfShiftIsMarked: what ends when nobody is on duty is counted on the board and named in its row; without shifts nothing is.
func TestN08_N18_EndOfShiftIsMarked(t *testing.T) {
	shifts, err := soc.ParseShifts("Mon-Sun 08:00-16:00")
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range []bool{true, false} {
		w := uitest.NewWorld()
		m := newModel(w, "responder")
		if on {
			m.d.Shifts = shifts
		}
		d := uitest.Drive(t, m, 120, 35)
		d.Send(screen.TickMsg{Now: uitest.Now()})
		d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers, Tab: "debt", Lockdown: "LK-E5F6G7H2"}}) // ends 16:23
		for text, want := range map[string]bool{"1 end with nobody on duty": on, "NOBODY ON DUTY when it ends": on} {
			if got := strings.Contains(d.View(), text); got != want {
				t.Errorf("shifts %v: %q shown = %v:\n%s", on, text, got, d.View())
			}
		}
		d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Timers, Tab: "debt", Lockdown: "LK-A1B2C3D4"}}) // ends 13:53
		hasNot(t, d.View(), "NOBODY ON DUTY")
	}
}

// TestF53_LinuxIsReportedNotVerified on the board and below it; a Windows host raises no such doubt.
func TestF53_LinuxIsReportedNotVerified(t *testing.T) {
	w := uitest.NewWorld()
	for i := range w.HostList {
		if w.HostList[i].Key == w.Key("WS-FIN-0142") {
			w.HostList[i].OSPlatform = "Ubuntu"
		}
	}
	d := open(t, w, "responder", "debt", 120, 35)
	has(t, line(t, d.View(), "WS-FIN-0142"), "NOT VERIFIABLE")
	hasNot(t, line(t, d.View(), "WS-ENG-0077"), "NOT VERIFIABLE")
	d.Keys("j", "j", "j")
	has(t, d.View(), "device says ISOLATED (3s old; reported isolated, not verifiable: on Linux")
}
