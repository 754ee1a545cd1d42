package host

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// TestV01_OpeningReadsTheStoreAndAsksDefender: the page shows what is stored at once; Defender is asked in the background, without force.
func TestV01_OpeningReadsTheStoreAndAsksDefender(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "WS-FIN-0142", 80, 19)
	want := screen.WantHostMsg{Host: w.Key("WS-FIN-0142")}
	if got := sent[screen.WantHostMsg](d); len(got) != 1 || got[0] != want {
		t.Fatalf("sent %v, want %v", got, want)
	}
	has(t, d.View(), "WS-FIN-0142", "record 40s old")
	d.Forget()
	d.Key("i")
	want.Force = true
	if got := sent[screen.WantHostMsg](d); len(got) != 1 || got[0] != want {
		t.Errorf("i sent %v, want %v", got, want)
	}
}

// TestV01_AnswerOfDefenderAppears when the store says that hosts changed.
func TestV01_AnswerOfDefenderAppears(t *testing.T) {
	w := uitest.NewWorld()
	hosts := w.HostList
	w.HostList = nil
	d := open(t, w, "responder", "DC-LON-01", 80, 19)
	has(t, d.View(), "no record of this host yet", "name unknown")
	w.HostList = hosts
	d.Send(screen.StaleMsg{Topics: soc.TopicHosts})
	has(t, d.View(), "DC-LON-01", "10.2.0.10")
}

// TestV02_MissingFieldsReadUnknown: machine id, name, system and isolation are always shown, never blank or guessed.
func TestV02_MissingFieldsReadUnknown(t *testing.T) {
	w := uitest.NewWorld()
	key := w.Key("DC-LON-01")
	w.HostList = []soc.Host{{Key: key, FetchedAt: uitest.Now()}}
	w.ActionsAsOf = time.Time{}
	w.ActionList = nil
	v := open(t, w, "responder", "DC-LON-01", 80, 19).View()
	has(t, v, key.MachineID, "name        unknown", "os          unknown", "isolation   unknown", "isolation unknown (no action list yet)", "role unknown")
	hasNot(t, v, "NOT ISOLATED", "workstation")
}

// TestV03_DetailsAreOneKeyAway from every tab.
func TestV03_DetailsAreOneKeyAway(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "DC-LON-01", 80, 19)
	for _, k := range []string{"2", "3", "4", "5", "6", "7"} {
		d.Keys(k, "1")
		has(t, d.View(), w.Key("DC-LON-01").MachineID, "WindowsServer2022 21H2 build 20348")
	}
}

// TestZ02_NotOnboardedHostCanNotBeIsolated: L is off, says why, and sends nothing.
func TestZ02_NotOnboardedHostCanNotBeIsolated(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "WS-TMP-0004", 80, 19)
	has(t, d.View(), "no lockdown widget: not onboarded (CanBeOnboarded)", "L is off: the device is not onboarded")
	d.Key("L")
	if got := sent[screen.IsolateMsg](d); len(got) != 0 {
		t.Errorf("L on a host that is not onboarded sent %v", got)
	}
	if got := sent[screen.NoticeMsg](d); len(got) != 1 || !strings.Contains(got[0].Text, "not onboarded") {
		t.Errorf("notices = %v, want the reason", got)
	}
}

// TestV18_WidgetOrItsReason: present for a host that Defender knows, absent with a reason otherwise.
func TestV18_WidgetOrItsReason(t *testing.T) {
	w := uitest.NewWorld()
	has(t, open(t, w, "responder", "WS-FIN-0142", 80, 19).View(), "ISOLATED 1:12:09 left")
	has(t, open(t, w, "responder", "NO-SUCH-HOST", 80, 19).View(), "no lockdown widget: host unknown to Defender")
	w.HostList[0].Gone = true
	has(t, open(t, w, "responder", w.HostList[0].Name, 80, 19).View(), "[GONE]")
	s := w.Session("responder")
	s.Rights = []soc.Right{soc.RightAlertsView}
	m := newModel(w, "responder")
	m.d.Session = s
	d := uitest.Drive(t, m, 80, 19)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	d.Send(screen.PlaceMsg{Place: screen.Place{Host: w.Key("WS-LAB-0003")}})
	has(t, d.View(), "no lockdown widget: you lack the right lockdown.view", "ISOLATED (from actions, 3s)")
	hasNot(t, d.View(), soc.IsolatedOutside) // without our records nobody can tell whose it is
}

// TestV29_TimeLeftAndWhoLocked tick from the stored deadline.
func TestV29_TimeLeftAndWhoLocked(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "WS-FIN-0142", 80, 19)
	has(t, d.View(), "ISOLATED 1:12:09 left - locked by alice - confirmed by triage")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(time.Hour + 12*time.Minute)})
	has(t, d.View(), "ISOLATED 0:00:09 left")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(time.Hour + 15*time.Minute + 21*time.Second)})
	has(t, d.View(), "OVERDUE +00:03:12 - locked by alice")
}

// TestV30_ForeignIsolationHasNoTimer, and says who, from where and since when.
func TestV30_ForeignIsolationHasNoTimer(t *testing.T) {
	w := uitest.NewWorld()
	m := newModel(w, "responder")
	d := uitest.Drive(t, m, 120, 35)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	d.Send(screen.PlaceMsg{Place: screen.Place{Host: w.Key("WS-LAB-0003")}})
	has(t, d.View(), soc.IsolatedOutside+" (from actions, 3s)", soc.IsolatedOutside+" - by frank@contoso.example (Portal) since 11:02Z - no timer")
	hasNot(t, d.View(), " left")
	if m.Ticking() {
		t.Error("nothing counts, yet the page ticks")
	}
}

// TestV31_ForeignIsolationIsNotReleasedHere: U is off with the service's reason and sends nothing (K-04).
func TestV31_ForeignIsolationIsNotReleasedHere(t *testing.T) {
	w := uitest.NewWorld()
	w.Verdicts[w.Key("WS-LAB-0003")] = soc.Verdict{Why: "isolated from outside; remove it in the portal", Code: "external"}
	d := open(t, w, "responder", "WS-LAB-0003", 80, 19)
	has(t, d.View(), "U is off: isolated from outside; remove it in the portal")
	d.Keys("U", "X", "L")
	for _, m := range d.Sent() {
		switch m.(type) {
		case screen.ReleaseMsg, screen.PeriodMsg, screen.CancelMsg, screen.IsolateMsg:
			t.Errorf("a foreign isolation was offered: %T", m)
		}
	}
}

// TestK04_WithTheRightTheDialogAsksForTheName: the service allows it, the page says what will happen.
func TestK04_WithTheRightTheDialogAsksForTheName(t *testing.T) {
	w := uitest.NewWorld()
	w.Verdicts[w.Key("WS-LAB-0003")] = soc.Verdict{Allowed: true, TypeName: "isolated from outside"}
	d := open(t, w, "responder", "WS-LAB-0003", 80, 19)
	has(t, d.View(), "U asks for the device name: this isolation is not ours")
	d.Key("U")
	if got := sent[screen.ReleaseMsg](d); len(got) != 1 || got[0].Hosts[0] != w.Key("WS-LAB-0003") {
		t.Errorf("sent %v", got)
	}
}

// TestK05_SupersededTellsItsCause: after somebody else took over, our lockdown is over and says so.
func TestK05_SupersededTellsItsCause(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "WS-HR-0031", 80, 19)
	has(t, d.View(), "(superseded, external)")
	d.Key("4")
	has(t, d.View(), "DRIFT", "released outside", "cause external: released in portal by", "frank@contoso.example")
}

// TestK05_OwnClosedIsolationIsNotForeign: closed by hand without a release, the isolation is still ours.
func TestK05_OwnClosedIsolationIsNotForeign(t *testing.T) {
	w := uitest.NewWorld()
	l := lockdownOf(w, "WS-FIN-0142")
	l.Phase, l.Cause, l.EndedAt = soc.PhaseReleased, soc.CauseHandover, uitest.Now().Add(-time.Minute)
	v := open(t, w, "responder", "WS-FIN-0142", 120, 35).View()
	has(t, v, "ISOLATED by our LK-A1B2C3D4, which is released")
	hasNot(t, v, soc.IsolatedOutside)
}

// TestN05_StateLine names every station with its time and evidence, and only those that happened.
func TestN05_StateLine(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "WS-HR-0009", 120, 35)
	has(t, d.View(), "requested 12:40Z -> accepted 12:40Z -> waiting for device (Defender tries until Tue 12:40Z)")
	hasNot(t, d.View(), "enforced 1")
	d.Key("4")
	has(t, d.View(), "12:40:27Z  requested (40s) - stored by us, by", "Defender took action", "..-pending", "last seen Pending", "at 12:40:55Z; seen 12s ago")

	d = open(t, w, "responder", "WS-DEV-0210", 120, 35)
	has(t, d.View(), "requested 11:40Z -> accepted 11:40Z -> enforced 11:40Z -> release owed 12:40Z -> releasing 12:40Z (20s)")
	hasNot(t, d.View(), "released 1")

	d = open(t, w, "responder", "WS-FIN-0088", 120, 35)
	d.Key("4")
	has(t, d.View(), "10:30:04Z  released (2h) - cause timer")
}

// TestN05_NarrowStateLineKeepsThePresent: what does not fit is cut at the old end.
func TestN05_NarrowStateLineKeepsThePresent(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "WS-HR-0009", 80, 19)
	has(t, d.View(), ".. -> accepted 12:40Z -> waiting for device (Defender tries until Tue 12:40Z)")
}

// TestC24_WaitingForDevice is not failed and not isolated; its clock has not begun, and X takes it back.
func TestC24_WaitingForDevice(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "WS-HR-0009", 120, 35)
	has(t, d.View(), "PENDING 8h from enforcement, not confirmed yet", "The sensor is Inactive", "ISOLATING")
	hasNot(t, d.View(), "FAILED", " left")
	if b := d.Binding("X"); b.Hint != "take back" {
		t.Errorf("X = %q, want cancel", b.Hint)
	}
	d.Key("X")
	if got := sent[screen.CancelMsg](d); len(got) != 1 || got[0].Lockdown != "LK-P3ND1NGX" {
		t.Errorf("sent %v", got)
	}
}

// TestC06_AcceptedIsNotIsolated: neither an accepted nor an unanswered order is called isolated.
func TestC06_AcceptedIsNotIsolated(t *testing.T) {
	for _, phase := range []soc.Phase{soc.PhaseRequested, soc.PhaseSubmitting, soc.PhasePending} {
		w := uitest.NewWorld()
		lockdownOf(w, "WS-HR-0009").Phase = phase
		v := open(t, w, "responder", "WS-HR-0009", 120, 35).View()
		has(t, v, "PENDING", map[soc.Phase]string{
			soc.PhaseRequested: "not sent yet", soc.PhaseSubmitting: "may or may not be isolated", soc.PhasePending: "not confirmed yet",
		}[phase])
		hasNot(t, v, "ISOLATED", "success", "not isolated yet")
		if phase == soc.PhaseSubmitting {
			has(t, v, "sent, outcome unknown")
		}
	}
}

// TestN01_BlockedReleaseIsLoud: past its time the page says OVERDUE and why, never released.
func TestN01_BlockedReleaseIsLoud(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "SRV-FILE-03", 80, 19)
	has(t, d.View(), "OVERDUE +00:03:12 - locked by bob", "release failing (2x): Defender is throttling (429); next try in 41s")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(time.Second)})
	has(t, d.View(), "OVERDUE +00:03:13")
}

// TestC10_SameNameIsListed with last seen, health and merged-into; actions stay with the exact id.
func TestC10_SameNameIsListed(t *testing.T) {
	w := uitest.NewWorld()
	twin := w.HostList[0]
	name, first := twin.Name, twin.Key
	twin.Key.MachineID = "ffff" + twin.Key.MachineID[4:]
	twin.Health, twin.LastSeen, twin.MergedInto = "Inactive", uitest.Now().Add(-9*24*time.Hour), first.MachineID
	w.HostList = append(w.HostList, twin)
	d := open(t, w, "responder", name, 120, 35)
	has(t, d.View(), "1 more with the name "+name, "SAME NAME, OTHER IDS", "seen 9d ago", "Inactive", "merged into "+first.MachineID[:8])
	d.Keys("s", "L")
	if got := sent[screen.GoMsg](d); len(got) != 1 || got[0].To.Host != twin.Key {
		t.Errorf("s sent %v, want the twin", got)
	}
	if got := sent[screen.IsolateMsg](d); len(got) == 1 && (len(got[0].Hosts) != 1 || got[0].Hosts[0] != first) {
		t.Errorf("L sent %v, want exactly the id on screen", got)
	}
	d.Send(screen.PlaceMsg{Place: screen.Place{Host: twin.Key}})
	has(t, d.View(), "[MERGED]", "! This record was merged into", first.MachineID+": Defender acts on", "merged into "+first.MachineID[:8]+"..; lock that one")
}

// TestTick_ChangesOnlyCounters: a second repaints digits of the time left and of ages, nothing else.
func TestTick_ChangesOnlyCounters(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "WS-FIN-0142", 120, 35)
	before := d.View()
	d.Send(screen.TickMsg{Now: uitest.Now().Add(time.Second)})
	after := d.View()
	if len(before) != len(after) {
		t.Fatal("the frame changed its shape")
	}
	cells := 0
	for i := range before {
		if before[i] == after[i] {
			continue
		}
		cells++
		if after[i] < '0' || after[i] > '9' {
			t.Errorf("%q changed to %q: not a counter", before[i], after[i])
		}
	}
	if cells == 0 || cells > 8 {
		t.Errorf("a tick changed %d cells, want at most 8", cells)
	}
}

// TestLate_AnswersAreDropped: of two loads the newer wins, and the host that was left never comes back.
func TestLate_AnswersAreDropped(t *testing.T) {
	w := uitest.NewWorld()
	m := newModel(w, "responder")
	d := uitest.DriveHeld(t, m, 80, 19)
	d.Send(screen.TickMsg{Now: uitest.Now()})
	d.Send(screen.PlaceMsg{Place: screen.Place{Host: w.Key("WS-FIN-0142")}})
	batch, ok := d.Held()[0]().(tea.BatchMsg)
	if !ok {
		t.Fatal("opening a host must read it and ask Defender")
	}
	first := batch[0]()
	d.Send(screen.PlaceMsg{Place: screen.Place{Host: w.Key("DC-LON-01")}})
	for _, c := range d.Held()[1:] {
		d.Run(c)
	}
	d.Send(first)
	has(t, d.View(), "DC-LON-01")
	hasNot(t, d.View(), "WS-FIN-0142")
}

// TestLate_BoxOfAnotherHostIsDropped.
func TestLate_BoxOfAnotherHostIsDropped(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "DC-LON-01", 80, 19)
	d.Send(textMsg{key: w.Key("WS-FIN-0142"), title: "alert", text: "x"})
	if len(sent[screen.TextMsg](d)) != 0 {
		t.Error("a box of the host that was left opened")
	}
	d.Keys("2", "enter", "J")
	if got := sent[screen.TextMsg](d); len(got) != 2 || !strings.Contains(got[0].Text, "EVIDENCE Process") || !strings.Contains(got[1].Text, `"severity"`) {
		t.Errorf("enter and J sent %v", got)
	}
}

// TestStale_FactsAreDated and marked, by a lost connection and by age alone.
func TestStale_FactsAreDated(t *testing.T) {
	w := uitest.NewWorld().Stale(5 * time.Minute)
	has(t, open(t, w, "responder", "WS-FIN-0142", 80, 19).View(), "as of 12:41Z STALE", "STALE: contoso-prod unreachable", "1:12:09 left")
	w = uitest.NewWorld()
	w.ActionsAsOf = uitest.Now().Add(-11 * time.Minute)
	has(t, open(t, w, "responder", "WS-FIN-0142", 80, 19).View(), "as of 12:30Z STALE")
}

// TestError_KeepsWhatWasShown and says what to press.
func TestError_KeepsWhatWasShown(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "DC-LON-01", 80, 19)
	w.Broken()
	d.Send(screen.StaleMsg{Topics: soc.TopicHosts})
	has(t, d.View(), "DC-LON-01", "10.2.0.10", "could not read the store")
}

// TestHold_RowsDoNotMove while a dialog is open.
func TestHold_RowsDoNotMove(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "WS-FIN-0142", 80, 19)
	d.Key("2")
	d.Send(screen.HoldMsg{On: true})
	w.Arrive(3)
	d.Send(screen.StaleMsg{Topics: soc.TopicAlerts})
	hasNot(t, d.View(), "Fresh alert")
	has(t, d.View(), "updates are held")
	d.Send(screen.HoldMsg{})
	has(t, d.View(), "Fresh alert")
}

// TestZone_Toggle changes every clock.
func TestZone_Toggle(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "WS-HR-0009", 120, 35)
	d.Send(screen.ZoneMsg{Zone: time.FixedZone("BST", 3600)})
	has(t, d.View(), "requested 13:40 BST", "tries until Tue 13:40 BST")
	d.Send(screen.ZoneMsg{})
	has(t, d.View(), "requested 12:40Z")
}

// TestLink_FollowsTheCloud, and is off where the portal is not known.
func TestLink_FollowsTheCloud(t *testing.T) {
	w := uitest.NewWorld()
	d := open(t, w, "responder", "DC-LON-01", 80, 19)
	d.Key("o")
	want := "https://security.microsoft.com/machines/v2/" + w.Key("DC-LON-01").MachineID + "/overview?tid=" + w.Tenants[0].TenantID
	if got := sent[screen.CopyMsg](d); len(got) != 1 || got[0].Text != want {
		t.Errorf("o sent %v, want %s", got, want)
	}
	w.ConnList[0].Integration.Cloud = "custom"
	d.Send(screen.ConnsMsg{Conns: w.ConnList})
	if d.Binding("o").Off == "" {
		t.Error("o is on for a custom cloud")
	}
}

// TestDenied_ReadsNothing.
func TestDenied_ReadsNothing(t *testing.T) {
	w := uitest.NewWorld().Broken() // a read would show its error
	d := open(t, w, "nobody", "DC-LON-01", 80, 19)
	has(t, d.View(), "alerts.view")
	hasNot(t, d.View(), "could not")
	if got := sent[screen.WantHostMsg](d); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

// TestKeys_DoNotClash on any tab, for a host with every condition.
func TestKeys_DoNotClash(t *testing.T) {
	w := uitest.NewWorld()
	for _, host := range []string{"WS-FIN-0142", "WS-LAB-0003", "NO-SUCH-HOST"} {
		m := newModel(w, "responder")
		d := uitest.Drive(t, m, 80, 19)
		d.Send(screen.PlaceMsg{Place: screen.Place{Host: w.Key(host)}})
		for _, k := range []string{"1", "3", "7"} {
			d.Key(k)
			if err := keys.Clash(m.Keys()); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestN20_DriftStandsInTheTimeline with its cause and a word of its own, and can be filtered for; the person's own orders are no drift.
func TestN20_DriftStandsInTheTimeline(t *testing.T) {
	w := uitest.NewWorld()
	key := w.Key("WS-FIN-0142")
	add := func(action, detail, host string) {
		w.AuditList = append(w.AuditList, soc.AuditEntry{
			Seq: uint64(len(w.AuditList) + 1), Time: uitest.Now().Add(-time.Minute), Integration: key.Integration, Host: host, Target: "WS-FIN-0142",
			Actor: soc.Service("poller"), Action: action, Result: soc.ResultSeen, Cause: soc.CauseExternal, Detail: detail,
		})
	}
	add("drift-release", "released outside by frank@contoso.example", key.MachineID)
	add("drift-merged", "the record was merged into another one", key.MachineID)
	add("drift-isolate", "another host", w.Key("DC-LON-01").MachineID)
	add("period", "extended", key.MachineID)
	d := open(t, w, "responder", "WS-FIN-0142", 120, 35)
	d.Key("3")
	has(t, line(t, d.View(), "DRIFT release"), "12:40:07Z", "drift", "released outside by fra")
	has(t, d.View(), "DRIFT merged, the record was merged")
	hasNot(t, d.View(), "another host", "extended")
	d.Key("/")
	d.Type("kind:drift")
	d.Key("enter")
	has(t, d.View(), "DRIFT release")
	hasNot(t, d.View(), "requested,")
}

func line(t *testing.T, view, with string) string {
	t.Helper()
	for l := range strings.SplitSeq(view, "\n") {
		if strings.Contains(l, with) {
			return l
		}
	}
	t.Fatalf("no line with %q in\n%s", with, view)
	return ""
}

// TestF53_LinuxIsReportedNotVerified: the page says that nobody can tell whether the isolation still holds; only while one is in force.
func TestF53_LinuxIsReportedNotVerified(t *testing.T) {
	for host, want := range map[string]bool{"WS-FIN-0142": true, "WS-ENG-0012": false} {
		w := uitest.NewWorld()
		for i := range w.HostList {
			w.HostList[i].OSPlatform = "Ubuntu"
		}
		v := open(t, w, "responder", host, 120, 35).View()
		for _, text := range []string{"ISOLATED, NOT VERIFIABLE", "reported isolated, not verifiable"} {
			if strings.Contains(v, text) != want {
				t.Errorf("%s: %q shown = %v, want %v\n%s", host, text, !want, want, v)
			}
		}
	}
}
