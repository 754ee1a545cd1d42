package queue

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
	"cordon/ui/words"
)

func TestT13_EveryRowShowsItsTenant(t *testing.T) {
	w := uitest.NewWorld()
	d, _ := drive(t, w, 80, 19)
	lacks(t, d.View(), "TENANT", "contoso-prod")
	w.AddTenant()
	d.Send(screen.StaleMsg{Topics: soc.TopicSettings})
	lines := strings.Split(d.View(), "\n")
	contains(t, lines[0], "TENANT")
	for _, l := range lines[1:16] {
		fabrikam, contoso := strings.Contains(l, "fabrikam-test"), strings.Contains(l, "contoso-prod")
		if fabrikam == contoso {
			t.Errorf("row without exactly one tenant: %q", l)
		}
		if strings.Contains(l, "FAB-SRV-01") != fabrikam {
			t.Errorf("row with the wrong tenant: %q", l)
		}
	}
}

func TestT13_TheOtherTenantsMachineIsIsolatedUnderItsOwnKey(t *testing.T) {
	w := uitest.NewWorld().AddTenant()
	d, m := drive(t, w, 80, 19)
	row := onto(t, d, m, "Fabrikam")
	d.Forget()
	d.Key("L")
	asks := sent[screen.IsolateMsg](d)
	if len(asks) != 1 || asks[0].Hosts[0] != (soc.HostKey{Integration: uitest.Other, MachineID: row.MachineID}) {
		t.Errorf("L sent %+v", d.Sent())
	}
}

func TestK09_FirstSyncAndIndexShowTheirProgress(t *testing.T) {
	w := uitest.NewWorld()
	w.Building = true
	w.ConnList[0].Phase, w.ConnList[0].Done, w.ConnList[0].Total = "first sync", 4000, 10000
	d, _ := drive(t, w, 80, 19)
	frame := d.View()
	contains(t, frame, "contoso-prod: first sync: 4,000 of 10,000 alerts", "the queue is still being loaded: 318 alerts so far")
	contains(t, frame, "Suspicious PowerShell") // and what is there is usable at once
	w.Building = false
	w.ConnList[0].Phase = ""
	d.Send(screen.ConnsMsg{Conns: w.ConnList})
	stale(d)
	lacks(t, d.View(), "first sync", "still being loaded")
}

func TestC12_ReopenedAndLateAreMarked(t *testing.T) {
	w := uitest.NewWorld()
	w.AlertList[0].ReopenedAt = uitest.Now().Add(-10 * time.Minute)
	w.AlertList[1].Late = true
	w.AlertList[1].Created = uitest.Now().AddDate(0, -3, 0)
	w.AlertList[1].FirstSeen = uitest.Now().Add(-time.Minute)
	d, m := drive(t, w, 120, 35)
	frame := d.View()
	contains(t, frame, "REOPENED Suspicious PowerShell", "LATE LSASS read", "REOPENED 10m ago")
	onto(t, d, m, "LSASS read")
	contains(t, d.View(), "LATE: first seen here 1m ago", "92d") // its age is that of the event, not of its arrival
}

func TestC16_StaleDataIsDatedAndStaysUsable(t *testing.T) {
	cases := []struct {
		age   time.Duration
		stale bool
		bad   bool
	}{{30 * time.Second, false, false}, {61 * time.Second, true, false}, {151 * time.Second, true, true}, {10 * time.Hour, true, true}}
	for _, c := range cases {
		t.Run(c.age.String(), func(t *testing.T) {
			w := uitest.NewWorld().Stale(c.age)
			d, m := drive(t, w, 80, 19)
			frame := d.View()
			if got := strings.Contains(frame, "STALE contoso-prod: data "); got != c.stale {
				t.Errorf("STALE shown: %v, want %v\n%s", got, c.stale, frame)
			}
			contains(t, frame, "data "+words.Age(uitest.Now(), w.ConnList[0].LastOK)+" old", "Credential dumping")
			if notes := m.notes(78); c.stale {
				want := m.th.Warn
				if c.bad {
					want = m.th.Bad
				}
				if notes[0].style.Render("x") != want.Render("x") {
					t.Errorf("the note has the wrong colour")
				}
				contains(t, frame, "R tries again")
			}
			onto(t, d, m, "Credential dumping")
			d.Forget()
			d.Key("L")
			if len(sent[screen.IsolateMsg](d)) != 1 {
				t.Errorf("L on stale data sent %+v; the dialog judges the age of the facts", d.Sent())
			}
		})
	}
}

func TestN12_AReadThatFailsKeepsTheLastGoodRows(t *testing.T) {
	w := uitest.NewWorld()
	d, _ := drive(t, w, 80, 19)
	w.Err = errors.New("disk on fire")
	d.Send(screen.StaleMsg{Topics: soc.TopicAlerts | soc.TopicLockdowns})
	contains(t, d.View(), "Suspicious PowerShell", "17 of 318", "could not read the queue: disk on fire")
	w.Err = nil
	stale(d)
	lacks(t, d.View(), "disk on fire")
}

func TestViews_CountsAndKeys(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 120, 35)
	left, _ := d.Tabs()
	if left != "1:Triage 17*  2:Mine 2  3:New 22  4:Servers 7  5:All 318" {
		t.Errorf("tabs %q", left)
	}
	d.Key("2")
	contains(t, d.View(), "2 of 318", "Port scan")
	d.Keys("[", "[")
	if m.view != 4 {
		t.Errorf("[ [ from view 2 is view %d", m.view+1)
	}
	d.Key("]")
	if m.view != 0 {
		t.Errorf("] from the last view is view %d", m.view+1)
	}
}

func TestSort_TwoKeysShownAndApplied(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 120, 35)
	d.Key("S")
	if !m.Capturing() {
		t.Error("the letters of the menu would go elsewhere")
	}
	d.Keys("h", "h", "enter")
	if got := fmt.Sprint(m.sort); got != "[{host true} {severity true}]" {
		t.Errorf("order %v", got)
	}
	frame := d.View()
	contains(t, frame, "sort host desc, severity desc", "HOST v1", "SEV v2")
	contains(t, strings.Split(frame, "\n")[1], "WS-HR-0015")
}

func TestFacets_WriteTheFilter(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 200, 55)
	d.Keys("\\", "space") // High goes out of sev>=med
	if m.filter != "status:new,inpr sev:med" {
		t.Errorf("filter %q", m.filter)
	}
	d.Key("space")
	if m.filter != "status:new,inpr sev:high,med" {
		t.Errorf("filter %q", m.filter)
	}
	for range 8 {
		d.Key("j")
	}
	d.Key("enter") // unassigned
	if m.filter != "status:new,inpr sev:high,med owner:-" {
		t.Errorf("filter %q", m.filter)
	}
	contains(t, d.View(), "[x] unassigned", "15 of 318")
	d.Keys("\\", "j")
	if m.facets.focus || d.Binding("tab").Off != "" {
		t.Error("the pane keeps the focus, or tab does not lead there")
	}
}

func TestPreview_ToggleSizeAndPlace(t *testing.T) {
	d, m := drive(t, uitest.NewWorld(), 120, 35)
	below := m.layout().below
	d.Key("+")
	if got := m.layout().below; got != below+1 {
		t.Errorf("+ makes the preview %d lines, want %d", got, below+1)
	}
	for range 20 {
		d.Key("+")
	}
	if got := m.layout().below; got > 35*40/100 {
		t.Errorf("preview of %d lines is more than 40 %%", got)
	}
	d.Key("P")
	if l := m.layout(); l.side == 0 || l.below != 0 {
		t.Errorf("P leaves the preview below: %+v", l)
	}
	d.View()
	d.Key("p")
	if l := m.layout(); l.side != 0 || l.below != 0 {
		t.Errorf("p leaves the preview: %+v", l)
	}
	d.View()
	if d.Binding("+").Off == "" {
		t.Error("+ is on although the preview is hidden")
	}
}

func TestPreview_StateOfTheHost(t *testing.T) {
	cases := []struct{ title, want string }{
		{"Credential dumping", "NOT ISOLATED"},
		{"Suspicious PowerShell", "ISOLATED 1:12:09 left"},
		{"Ransomware behaviour", "OVERDUE +00:03:12"},
		{"Scheduled task", "PENDING"},
		{"Anomalous sign-in", "nothing to isolate"},
	}
	for _, c := range cases {
		d, m := drive(t, uitest.NewWorld(), 120, 35)
		onto(t, d, m, c.title)
		contains(t, d.View(), c.want)
	}
	w := uitest.NewWorld()
	w.AlertList[0].HostName, w.AlertList[0].MachineID = "WS-LAB-0003", w.Key("WS-LAB-0003").MachineID
	d, _ := drive(t, w, 120, 35)
	contains(t, d.View(), strings.ToUpper(soc.IsolatedOutside))
}

func TestPreview_FourMegabytesOfTextAreCheap(t *testing.T) {
	w := uitest.NewWorld()
	w.AlertList[0].Description = strings.Repeat("長い文章 ", 400_000)
	w.AlertList[0].Evidence[0].CommandLine = strings.Repeat("A", 4<<20)
	d, m := drive(t, w, 200, 55)
	d.View()
	row, _ := m.current()
	if n := len(m.details[row.Key].alert.Description); n > longText {
		t.Errorf("the cache keeps %d bytes of description", n)
	}
}

func TestTicking_OnlyWhileSomethingCounts(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	onto(t, d, m, "Suspicious PowerShell")
	if !m.Ticking() {
		t.Error("a countdown is in the preview, but the screen does not tick")
	}
	onto(t, d, m, "Credential dumping")
	if m.Ticking() {
		t.Error("nothing counts, but the screen ticks")
	}
	d.Send(screen.TickMsg{Now: uitest.Now().Add(3 * time.Minute)})
	contains(t, d.View(), "7m Credential dumping")
}

func TestPlace_PutsTheCursorOnAnAlert(t *testing.T) {
	w := uitest.NewWorld()
	d, m := drive(t, w, 80, 19)
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Queue, Filter: "sev:info", Alert: w.AlertList[23].Key()}})
	if row, ok := m.current(); !ok || row.Key != w.AlertList[23].Key() {
		t.Errorf("cursor on %v", row.Key)
	}
	d.Send(screen.PlaceMsg{Place: screen.Place{Kind: screen.Queue, Filter: "sev:nonsense"}})
	if m.fault == nil || m.filter != "sev:info" {
		t.Errorf("a wrong filter from outside is in force: %q", m.filter)
	}
}
