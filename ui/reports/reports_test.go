package reports

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/uitest"
)

var sizes = []struct{ w, h int }{{80, 19}, {120, 35}, {200, 55}}

func world() *uitest.World {
	w := uitest.NewWorld().WithChannels().WithReports()
	w.ConnList[0].Roles = append(w.ConnList[0].Roles, "Ti.ReadWrite.All")
	return w
}

func start(t *testing.T, w *uitest.World, role string, width, height int) (*uitest.Driver, *Model) {
	t.Helper()
	m := New(Deps{Service: w, Session: w.Session(role)}, theme.New(theme.Mono, true, true, false))
	m.Update(screen.TickMsg{Now: uitest.Now()})
	m.Update(screen.ConnsMsg{Conns: w.ConnList})
	return uitest.Drive(t, m, width, height), m
}

func find(t *testing.T, d *uitest.Driver, texts ...string) {
	t.Helper()
	view := strings.Join(strings.Fields(d.View()), " ")
	for _, s := range texts {
		if !strings.Contains(view, s) {
			t.Errorf("%q is not shown:\n%s", s, d.View())
		}
	}
}

func lacks(t *testing.T, d *uitest.Driver, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if strings.Contains(d.View(), s) {
			t.Errorf("%q is shown:\n%s", s, d.View())
		}
	}
}

func answer[T any](t *testing.T, d *uitest.Driver) T {
	t.Helper()
	sent := d.Sent()
	for i := len(sent) - 1; i >= 0; i-- {
		if m, ok := sent[i].(T); ok {
			return m
		}
	}
	var none T
	t.Fatalf("no %T was sent: %v", none, sent)
	return none
}

func TestFrames(t *testing.T) {
	each := func(name string, w func() *uitest.World, role string, keys ...string) {
		for _, s := range sizes {
			full := fmt.Sprintf("%s-%dx%d", name, s.w, s.h)
			t.Run(full, func(t *testing.T) {
				d, _ := start(t, w(), role, s.w, s.h)
				d.Keys(keys...)
				if s.w == 200 {
					d.View()
					return
				}
				left, right := d.Tabs()
				uitest.Golden(t, full, left+" | "+right+"\n"+d.View()+"\n")
			})
		}
	}
	none := func() *uitest.World { return uitest.NewWorld() }
	broken := func() *uitest.World { return world().Broken() }
	unreachable := func() *uitest.World {
		w := world()
		w.RemoteErr = errors.New("no connection to api.securitycenter.microsoft.com:443")
		return w
	}
	each("threats", world, "analyst")
	each("threats-level", world, "analyst", "S", "j", "j")
	each("threats-not-managed", world, "analyst", "m", "m")
	each("threats-resolving", world, "analyst", "j", "j", "j", "j", "j")
	each("threats-empty", none, "analyst")
	each("threats-error", broken, "analyst")
	each("indicators", world, "analyst", "2")
	each("indicators-foreign", world, "analyst", "2", "G")
	each("indicators-unreachable", unreachable, "analyst", "2")
	each("indicators-empty", none, "analyst", "2")
	each("indicators-new", world, "analyst", "2", "a")
	each("readiness", world, "analyst", "3")
	each("denied", world, "nobody")
	for _, s := range []struct{ w, h int }{{1, 1}, {12, 4}, {60, 9}, {99, 12}, {300, 90}} {
		d, m := start(t, world(), "analyst", s.w, s.h)
		for _, k := range []string{"1", "2", "3", "2", "a"} {
			d.Key(k)
			d.View()
		}
		m.form = nil
	}
}

func TestM04_LevelsAreOrderedAndNamed(t *testing.T) {
	d, m := start(t, world(), "analyst", 120, 35)
	d.Keys("S", "g")
	var got []soc.ThreatLevel
	at := map[string]soc.ThreatLevel{}
	for _, th := range m.threats.list {
		at[th.Key] = th.Level
	}
	for range m.threats.list {
		th, _ := m.threat()
		got = append(got, th.Level)
		d.Key("j")
	}
	if fmt.Sprint(got) != "[Critical Critical Critical Elevated Elevated Low Normal]" {
		t.Errorf("order %v", got)
	}
	find(t, d, "Critical", "Elevated", "Low", "Normal") // words, whatever the colours
	styles := map[string]bool{}
	coloured := New(Deps{}, theme.New(theme.Dark, true, true, false))
	for _, l := range soc.ThreatLevels() {
		styles[coloured.levelStyle(l).Render("x")] = true
	}
	if len(styles) != 4 {
		t.Errorf("%d looks for four levels", len(styles))
	}
}

func TestM09_ManagedIsShownAndFiltered(t *testing.T) {
	d, _ := start(t, world(), "analyst", 120, 35)
	find(t, d, "PIX-0142 yes Zimpl", "IPHONE-JDOE no Lookit", "GAL-0007 ? Lookit")
	d.Key("m")
	find(t, d, "PIX-0142")
	lacks(t, d, "IPHONE-JDOE", "GAL-0007")
	if _, right := d.Tabs(); right != "managed only" {
		t.Errorf("tabs say %q", right)
	}
	d.Key("m")
	find(t, d, "IPHONE-JDOE")
	lacks(t, d, "PIX-0142", "GAL-0007")
	d.Key("m")
	find(t, d, "GAL-0007", "PIX-0142", "IPHONE-JDOE")
}

func TestM10_AnyVendorAndAnUnknownLevelAreShownAsTheyCame(t *testing.T) {
	w := world()
	w.ThreatList[0].Vendor, w.ThreatList[0].Level = "Brand-New Vendor 7", "Apocalyptic"
	d, _ := start(t, w, "analyst", 120, 35)
	d.Key("j")
	find(t, d, "Brand-New Vend", "Apocaly", "vendor Brand-New Vendor 7")
}

func TestM08_ResolveAsksAndFollowsDefender(t *testing.T) {
	w := world()
	d, _ := start(t, w, "analyst", 120, 35)
	d.Keys("j", "r")
	c := answer[screen.ConfirmMsg](t, d)
	if c.Button != "Resolve PIX-0142" || c.Tenant != uitest.Tenant || len(w.Calls("resolve-threat")) != 0 {
		t.Fatalf("question %+v", c)
	}
	d.Send(c.Yes)
	if got := w.Calls("resolve-threat"); len(got) != 1 || got[0].Request != "ch-mobile-threats/11" {
		t.Errorf("calls %v", got)
	}
	find(t, d, "resolving", "resolved on the device 2026-08-22 12:41:07Z; not yet in Defender, tried 0 times")
	if b := d.Binding("r"); b.Off != "it is resolved already" {
		t.Errorf("r: %q", b.Off)
	}
	w.Err = errors.New("refused")
	d.Send(resolveMsg{"x", "x"})
	if n := answer[screen.NoticeMsg](t, d); n.Level != screen.Bad || !strings.HasPrefix(n.Text, "not resolved: ") {
		t.Errorf("notice %+v", n)
	}
}

// Defender's id of the device is known once a report was sent, also when the sender did not give it.
func TestM08_ASentReportNamesTheMachine(t *testing.T) {
	w := world()
	w.ThreatList[0].Device.MachineID, w.ThreatList[0].Host.MachineID = "", "machine-of-defender"
	d, m := start(t, w, "analyst", 120, 35)
	for th, _ := m.threat(); th.Key != w.ThreatList[0].Key; th, _ = m.threat() {
		d.Key("j")
	}
	d.Key("enter")
	if box := answer[screen.TextMsg](t, d); !strings.Contains(box.Text, "Machine id  machine-of-defender") {
		t.Errorf("box %+v", box)
	}
}

func TestM02_AReportThatWasNotSentSaysWhy(t *testing.T) {
	d, _ := start(t, world(), "analyst", 80, 19)
	d.Keys("j", "j")
	find(t, d, "unmatched: Defender knows no device with this Entra device id or name", "not sent to Defender")
	d.Key("j")
	find(t, d, "suppressed: Low is below Elevated and Above")
	d.Key("enter")
	if box := answer[screen.TextMsg](t, d); !strings.Contains(box.Text, "Low is below Elevated and Above") || !strings.Contains(box.Text, "PIX-0090") {
		t.Errorf("box %+v", box)
	}
}

func TestP12_EachStateOfAnIndicatorHasItsWord(t *testing.T) {
	d, _ := start(t, world(), "analyst", 120, 35)
	d.Key("2")
	find(t, d, "caught", "too early to tell", "still missed", "submitted", "visible")
	d.Key("g")
	find(t, d, "submitted 12:36:07Z")
	lacks(t, d, "blocked")
	d.Key("j")
	find(t, d, "submitted 09:41:07Z > visible 09:51:07Z > tested again 12:21:07Z")
}

func TestP04_ThePortalLinkIsCopied(t *testing.T) {
	w := world()
	d, _ := start(t, w, "analyst", 120, 35)
	d.Keys("2", "o")
	want := "https://security.microsoft.com/securitysettings/endpoints/custom_ti_indicators?tid=" + w.Tenants[0].TenantID
	if c := answer[screen.CopyMsg](t, d); c.Text != want {
		t.Errorf("copied %q", c.Text)
	}
	w.ConnList[0].Integration.Cloud = "custom"
	d.Send(screen.ConnsMsg{Conns: w.ConnList})
	if b := d.Binding("o"); b.Off == "" {
		t.Error("control: a custom cloud has a portal")
	}
}

func TestP05_TheChecklistSaysWhatCanNotBeVerified(t *testing.T) {
	d, _ := start(t, world(), "analyst", 80, 19)
	d.Key("3")
	find(t, d, "cannot verify Allow or block file is switched on", "missing Defender Antivirus in active mode", "ok Room for "+
		"indicators", "contoso-prod [PROD]")
}

func TestIndicators_CountAgainstTheCapAndWarn(t *testing.T) {
	w := world()
	d, m := start(t, w, "analyst", 120, 35)
	d.Key("2")
	find(t, d, "4 of 15,000 indicators")
	w.Partial = "the role Ti.ReadWrite sees only what this app made"
	d.Key("R")
	find(t, d, "! the list may not be whole: the role Ti.ReadWrite")
	m.ioc.list.Cap = 5
	d.Key("a")
	d.Key("tab")
	d.Type("203.0.113.7 203.0.113.8")
	m.form.Set(fType, "IpAddress")
	find(t, d, "2 values, but the tenant has room for 1; delete some first")
}

func TestIndicators_AddGivesEachItemItsResult(t *testing.T) {
	w := world()
	d, m := start(t, w, "analyst", 120, 35)
	d.Keys("2", "a", "ctrl+s")
	find(t, d, "Value: is missing")
	m.form.Set(fType, "DomainName")
	d.Type("c2.example.org https://x")
	find(t, d, "https://x is no domain name")
	m.form.Set(fValue, "")
	d.Send(tea.PasteMsg{Content: "c2.example.org\nbad.example.org\n"})
	d.Key("ctrl+s")
	find(t, d, "Title: is missing")
	d.Type("beacon")
	d.Key("ctrl+s")
	calls := w.Calls("add-indicators")
	if len(calls) != 1 || calls[0].Host.Integration != uitest.Tenant {
		t.Fatalf("calls %v\n%s", calls, d.View())
	}
	got := calls[0].Request.([]soc.Indicator)
	if len(got) != 2 || got[0].Value != "c2.example.org" || got[0].Action != "Block" || got[0].Title != "beacon" || !got[0].Expires.Equal(uitest.Now().AddDate(0, 0, 30)) || !got[0].Alert {
		t.Errorf("sent %+v", got)
	}
	if box := answer[screen.TextMsg](t, d); !strings.Contains(box.Text, "added   c2.example.org") || !strings.Contains(box.Text, "REFUSED bad.example.org") {
		t.Errorf("results %+v", box)
	}
	if m.form == nil || m.form.Get(fValue) != "bad.example.org" {
		t.Error("the refused one is not kept")
	}
}

func TestIndicators_DeleteAsksWithTheBadge(t *testing.T) {
	w := world()
	d, _ := start(t, w, "analyst", 120, 35)
	d.Keys("2", "g")
	if b := d.Binding("d"); b.Off != "Defender does not list it yet" {
		t.Errorf("d: %q", b.Off)
	}
	d.Keys("j", "d")
	c := answer[screen.ConfirmMsg](t, d)
	if c.Tenant != uitest.Tenant || len(w.Calls("delete-indicator")) != 0 {
		t.Fatalf("question %+v", c)
	}
	d.Send(c.Yes)
	if got := w.Calls("delete-indicator"); len(got) != 1 || got[0].Request != "2841" || got[0].Host.Integration != uitest.Tenant {
		t.Errorf("calls %v", got)
	}
}

func TestSC48_T13_TenantsNeverMix(t *testing.T) {
	w := world().AddTenant()
	w.IndicatorList = append(w.IndicatorList, soc.Indicator{Integration: uitest.Other, ID: "9", Type: "DomainName", Value: "only.fabrikam.example", Action: "Audit"})
	d, m := start(t, w, "analyst", 120, 35)
	d.Key("2")
	find(t, d, "contoso-prod [PROD]", "c2.example.net")
	lacks(t, d, "only.fabrikam.example")
	// The answer about the first tenant comes after the second was chosen.
	d.Hold()
	d.Key("R")
	late := d.Held()
	d.Key(">")
	d.Release()
	for _, c := range late {
		d.Run(c)
	}
	if _, right := d.Tabs(); right != "fabrikam-test [TEST]" || m.tenant != uitest.Other {
		t.Fatalf("tabs say %q", right)
	}
	find(t, d, "only.fabrikam.example", "1 of 15,000")
	lacks(t, d, "c2.example.net", "203.0.113.9", strings.Repeat("99ee", 4))
	d.Send(listedMsg{req: m.ioc.req, tenant: uitest.Tenant, list: soc.IndicatorList{Indicators: w.IndicatorList[:1], Cap: 15_000}})
	lacks(t, d, "FileSha256")
	d.Key("<")
	find(t, d, "c2.example.net")
	lacks(t, d, "only.fabrikam.example")
}

func TestN04_KeysNameTheMissingRoleOrRight(t *testing.T) {
	w := world()
	w.ConnList[0].Roles = []string{"Machine.Isolate"}
	d, _ := start(t, w, "analyst", 120, 35)
	d.Key("2")
	for _, k := range []string{"a", "d"} {
		if b := d.Binding(k); b.Off != "the app registration of contoso-prod lacks Ti.ReadWrite.All" {
			t.Errorf("%s: %q", k, b.Off)
		}
	}
	d.Key("a")
	if n := answer[screen.NoticeMsg](t, d); !strings.Contains(n.Text, "lacks Ti.ReadWrite.All") {
		t.Errorf("notice %+v", n)
	}
	w.ConnList[0].Roles = []string{"Ti.ReadWrite"}
	d.Send(screen.ConnsMsg{Conns: w.ConnList})
	if b := d.Binding("a"); b.Off != "" {
		t.Errorf("control: with the role a is off: %q", b.Off)
	}
	d, _ = start(t, w, "viewer", 120, 35)
	if b := d.Binding("r"); b.Off != "needs the right alerts.edit" {
		t.Errorf("r: %q", b.Off)
	}
	d, m := start(t, w, "nobody", 120, 35)
	find(t, d, "the right alerts.view is missing")
	if len(m.Keys()) != 0 || len(w.Calls("indicators")) > 2 {
		t.Errorf("keys %v", m.Keys())
	}
}

func TestLateAnswersAreDroppedAndNothingBlocks(t *testing.T) {
	w := world()
	d, m := start(t, w, "analyst", 120, 35)
	d.Hold()
	d.Key("2")
	find(t, d, "asking Defender, 0 s")
	d.Send(screen.TickMsg{Now: uitest.Now().Add(7 * time.Second)})
	find(t, d, "asking Defender, 7 s")
	if !m.Ticking() {
		t.Error("it does not count")
	}
	old := m.ioc.req
	d.Key("R")
	d.Send(listedMsg{req: old, tenant: uitest.Tenant, err: errors.New("late")})
	lacks(t, d, "late")
	d.Release()
	find(t, d, "4 of 15,000")
}

func TestKeys_DoNotClash(t *testing.T) {
	d, m := start(t, world(), "analyst", 120, 35)
	check := func() {
		t.Helper()
		if err := keys.Clash(m.Keys()); err != nil {
			t.Error(err)
		}
	}
	for _, k := range []string{"1", "2", "3", "2", "a"} {
		d.Key(k)
		check()
	}
	for range m.form.Fields {
		check()
		d.Key("tab")
	}
}
