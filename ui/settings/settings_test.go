package settings

import (
	"context"
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

const (
	tenantID = "7f3c1e0a-9b1d-4c2e-8f00-1a2b3c4d5e6f"
	clientID = "c1d2e3f4-5566-7788-99aa-bbccddeeff00"
	canary   = "c4n4ry~Value8Q"
)

var sizes = []struct{ w, h int }{{80, 19}, {120, 35}, {200, 55}}

// probe is a world whose connection test goes as a test wants.
type probe struct {
	*uitest.World
	steps []soc.Step
	err   error
	block chan struct{} // not nil: Test waits for it or for the context
}

func (p *probe) Test(ctx context.Context, _ soc.Session, _ soc.Integration, _ string, report func(soc.Step)) ([]soc.Step, error) {
	for _, s := range p.steps {
		run := s
		run.Status, run.Took, run.Detail, run.Fix = soc.StepRun, 0, "", ""
		report(run)
		report(s)
	}
	if p.block != nil {
		select {
		case <-p.block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return p.steps, p.err
}

func (p *probe) Save(ctx context.Context, s soc.Session, draft soc.Integration, secret string, report func(soc.Step)) (soc.Integration, error) {
	if _, err := p.Test(ctx, s, draft, secret, report); err != nil {
		return soc.Integration{}, err
	}
	return p.World.Save(ctx, s, draft, secret, report)
}

func ok(names ...string) []soc.Step {
	var out []soc.Step
	for i, n := range names {
		out = append(out, soc.Step{Name: n, Status: soc.StepOK, Took: time.Duration(7*(i+1)) * time.Millisecond, Detail: "answered"})
	}
	return out
}

func allSteps() []soc.Step {
	return ok("login: DNS", "login: TCP and TLS", "API: DNS", "API: TCP and TLS", "sign in", "audience and tenant", "role: read alerts",
		"role: read hosts and actions", "role: isolate and release", "role: change alerts", "read one alert (GET alerts)",
		"read one host (GET machines)", "clock", "call budget")
}

func noIsolate() []soc.Step {
	s := allSteps()
	s[8] = soc.Step{
		Name: s[8].Name, Status: soc.StepFail, Detail: "Machine.Isolate is not granted: lockdowns are off",
		Fix: "add the role to the app registration and press Grant admin consent; then test again",
	}
	return s
}

func wrongSecret() ([]soc.Step, error) {
	s := allSteps()
	for i := 4; i < len(s)-1; i++ {
		s[i] = soc.Step{Name: s[i].Name, Status: soc.StepSkip}
	}
	s[4] = soc.Step{
		Name: "sign in", Status: soc.StepFail, Took: 212 * time.Millisecond, Detail: "the client secret was rejected (AADSTS7000215)",
		Fix: "paste the secret's Value, not the Secret ID",
	}
	return s, &soc.Error{
		Kind: soc.KindUnauthorized, Code: "AADSTS7000215", What: "not saved: the client secret was rejected (AADSTS7000215)",
		Means: "nothing was attached", Next: "paste the secret's Value, not the Secret ID",
	}
}

func blocked() []soc.Step {
	s := allSteps()
	s[3] = soc.Step{
		Name: "API: TCP and TLS", Status: soc.StepFail, Took: 10 * time.Second, Detail: "no connection to api.securitycenter.microsoft.com:443",
		Fix: "open port 443 to this host in the firewall, or set the proxy",
	}
	for i := 10; i < 12; i++ {
		s[i].Status, s[i].Took, s[i].Detail = soc.StepSkip, 0, ""
	}
	return s
}

// history reads two texts, as far as the tests need it.
func history(text string, now time.Time) (time.Time, error) {
	if text == "30 days ago" {
		return now.AddDate(0, 0, -30), nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err == nil && !t.Before(now) {
		err = errors.New("not in the past")
	}
	return t, err
}

func model(p *probe, role string) *Model {
	m := New(Deps{
		Reader: p, Connector: p, Channels: p, Session: p.Session(role), Version: "0.1.0", History: history,
		About: [][2]string{{"store", "/var/lib/cordon/cordon.db (schema 1)"}, {"config", "/etc/cordon/config.yaml"}},
	}, theme.New(theme.Mono, true, true, false))
	m.Update(screen.TickMsg{Now: uitest.Now()})
	m.Update(screen.ConnsMsg{Conns: p.ConnList})
	return m
}

func start(t *testing.T, p *probe, role string, w, h int) (*uitest.Driver, *Model) {
	t.Helper()
	m := model(p, role)
	return uitest.Drive(t, m, w, h), m
}

func world() *probe { return &probe{World: uitest.NewWorld(), steps: allSteps()} }

func empty() *probe { return &probe{World: uitest.NewWorld().Detached(), steps: allSteps()} }

// write fills the form of a new connection.
func write(d *uitest.Driver, name, tenant, client, secret string) {
	d.Keys("a", "enter")
	d.Type(name)
	d.Keys("tab", "tab")
	d.Type(tenant)
	d.Key("tab")
	d.Type(client)
	d.Keys("tab", "tab")
	d.Type(secret)
}

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
	screenOf := func(p func() *probe, role string, keys ...string) func(t *testing.T, w, h int) *uitest.Driver {
		return func(t *testing.T, w, h int) *uitest.Driver {
			d, _ := start(t, p(), role, w, h)
			d.Keys(keys...)
			return d
		}
	}
	two := func() *probe { p := world(); p.AddTenant(); p.Tenants[1].Enabled = false; return p }
	each(t, "empty", screenOf(empty, "admin"))
	each(t, "list", screenOf(two, "admin"))
	each(t, "list-stale", screenOf(func() *probe { p := world(); p.Stale(19 * time.Minute); return p }, "admin"))
	each(t, "list-tested", screenOf(world, "admin", "ctrl+t"))
	each(t, "view-only", screenOf(world, "viewer", "enter"))
	each(t, "denied", screenOf(world, "nobody"))
	each(t, "error", screenOf(func() *probe { p := world(); p.Broken(); return p }, "admin"))
	each(t, "polling", screenOf(two, "admin", "2"))
	each(t, "policy", screenOf(two, "admin", "3"))
	each(t, "about", screenOf(world, "admin", "6"))
	each(t, "form-new", screenOf(empty, "admin", "a", "enter"))
	each(t, "form-edit", screenOf(world, "admin", "enter"))
	each(t, "form-passed", screenOf(world, "admin", "enter", "ctrl+t"))
	each(t, "form-no-isolate", screenOf(func() *probe { p := world(); p.steps = noIsolate(); return p }, "admin", "enter", "ctrl+t"))
	each(t, "form-blocked", screenOf(func() *probe { p := world(); p.steps = blocked(); return p }, "admin", "enter", "ctrl+t"))
	each(t, "form-wrong-secret", func(t *testing.T, w, h int) *uitest.Driver {
		p := empty()
		p.steps, p.err = wrongSecret()
		d, _ := start(t, p, "admin", w, h)
		write(d, "contoso", tenantID, clientID, canary)
		d.Key("ctrl+s")
		return d
	})
	each(t, "form-invalid", func(t *testing.T, w, h int) *uitest.Driver {
		d, _ := start(t, empty(), "admin", w, h)
		write(d, "contoso", "contoso.onmicrosoft.com", clientID, canary)
		d.Key("ctrl+s")
		return d
	})
	each(t, "form-hostile", func(t *testing.T, w, h int) *uitest.Driver {
		p := world()
		p.Tenants[0].Name = "漢字-" + strings.Repeat("ホスト", 30)
		p.steps[0].Detail = "‹U+202E›" + strings.Repeat("長い ", 80)
		d, _ := start(t, p, "admin", w, h)
		d.Keys("enter", "ctrl+t", "G")
		return d
	})
	each(t, "loading", func(t *testing.T, w, h int) *uitest.Driver {
		return uitest.DriveHeld(t, model(world(), "admin"), w, h)
	})
}

func TestTinyAndOddSizes(t *testing.T) {
	for _, s := range []struct{ w, h int }{{1, 1}, {12, 4}, {60, 9}, {99, 12}, {100, 12}, {300, 90}} {
		d, _ := start(t, world(), "admin", s.w, s.h)
		d.View()
		d.Keys("enter", "ctrl+t")
		d.View()
		for _, tab := range []string{"2", "3", "4", "5", "6"} {
			d.Send(leaveMsg{})
			d.Key(tab)
			d.View()
		}
	}
}

func TestZ03_StepsFlipOnEvidenceOnly(t *testing.T) {
	p := empty()
	p.steps, p.err = wrongSecret()
	d, m := start(t, p, "admin", 120, 35)
	done := func() string {
		s := ""
		for _, st := range m.evidence().stages() {
			s += map[bool]string{true: "x", false: "."}[st.done]
		}
		return s
	}
	expect := func(when, want string) {
		t.Helper()
		if got := done(); got != want {
			t.Errorf("%s: steps = %s, want %s", when, got, want)
		}
	}
	expect("nothing attached", ".....")
	write(d, "contoso", tenantID, clientID, canary)
	expect("ids typed", "x....")
	d.Key("ctrl+s")
	expect("secret refused", "x....")
	p.steps, p.err = noIsolate(), nil
	d.Key("ctrl+t")
	expect("token and roles seen", "xxx..")
	d.Key("ctrl+s")
	expect("saved, no right to isolate", "xxxx.")
	p.steps = allSteps()
	d.Key("ctrl+t")
	expect("may isolate", "xxxxx")
	p.Tenants[0].Enabled = false
	d.Send(leaveMsg{})
	expect("switched off", "xxxx.")
}

func TestZ05_BadIDsAreRefusedWithTheFieldNamed(t *testing.T) {
	tests := map[string]struct{ tenant, client, names string }{
		"short tenant": {"7f3c1e0a-9b1d", clientID, "Tenant ID: is not a GUID"},
		"domain":       {"contoso.example", clientID, "Tenant ID: is not a GUID"},
		"zero tenant":  {"00000000-0000-0000-0000-000000000000", clientID, "Tenant ID: is not a GUID"},
		"bad client":   {tenantID, "c1d2e3f4_5566_7788_99aa_bbccddeeff00", "Client ID: is not a GUID"},
		"same":         {tenantID, tenantID, "Client ID: is the same as the Tenant ID"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := empty()
			d, m := start(t, p, "admin", 120, 35)
			write(d, "contoso", tt.tenant, tt.client, canary)
			d.Key("ctrl+s")
			if m.job.running || m.job.done || len(p.Calls("save")) > 0 {
				t.Error("it was tested or saved")
			}
			if !strings.Contains(d.View(), tt.names) {
				t.Errorf("the field is not named (%s):\n%s", tt.names, d.View())
			}
			if x := m.edit.form.Focused(); m.edit.form.Wrong(x) == "" {
				t.Errorf("the focus is on %s, which is fine", x.Label)
			}
		})
	}
}

func TestZ05_SwappedIDsAreNoticed(t *testing.T) {
	p := world()
	d, _ := start(t, p, "admin", 120, 35)
	write(d, "second", p.Tenants[0].ClientID, p.Tenants[0].TenantID, canary)
	d.Key("ctrl+s")
	if !strings.Contains(d.View(), "look swapped") || len(p.Calls("save")) > 0 {
		t.Errorf("view:\n%s", d.View())
	}
}

func TestZ12_SecretThatLooksLikeAnID(t *testing.T) {
	d, _ := start(t, empty(), "admin", 80, 19)
	write(d, "contoso", tenantID, clientID, "0f0e0d0c-1111-2222-3333-444455556666")
	if !strings.Contains(d.View(), "App Secret: this looks like the Secret ID") {
		t.Errorf("no hint:\n%s", d.View())
	}
	d.Key("backspace")
	if strings.Contains(d.View(), "secret ID") {
		t.Error("the hint stays for something that is no GUID")
	}
}

func TestZ13_TableOfIntegrations(t *testing.T) {
	p := world()
	p.AddTenant()
	d, m := start(t, p, "admin", 120, 35)
	for _, want := range []string{"contoso-prod", "fabrikam-test", "Defender", "PROD", "TEST"} {
		if !strings.Contains(d.View(), want) {
			t.Errorf("the table does not show %s:\n%s", want, d.View())
		}
	}
	d.Keys("j", "enter")
	if m.edit == nil || m.edit.tenant.Name != "fabrikam-test" {
		t.Errorf("enter does not open the row's form")
	}
}

func TestZ14_T20_SecretIsNeverShown(t *testing.T) {
	p := empty()
	d, m := start(t, p, "admin", 120, 35)
	write(d, "contoso", tenantID, clientID, "")
	for _, label := range []string{"Tenant ID", "Client ID", "App Secret", "Enabled"} {
		if !strings.Contains(d.View(), label) {
			t.Errorf("the form has no %s", label)
		}
	}
	d.Send(tea.PasteMsg{Content: canary + "\n"})
	if strings.Contains(d.View(), canary) || !strings.Contains(d.View(), strings.Repeat("*", len(canary))) {
		t.Fatalf("the secret is on screen or not masked:\n%s", d.View())
	}
	d.Key("ctrl+s")
	if got := p.Calls("test")[0].Request.([2]string)[1]; got != canary {
		t.Errorf("the connector got %q", got)
	}
	if m.edit.form.Get(fSecret) != "" || strings.Contains(d.View(), "****") {
		t.Error("T10: the typed secret outlives the save")
	}
	if !strings.Contains(d.View(), "(stored; empty keeps it)") {
		t.Errorf("view:\n%s", d.View())
	}
	if strings.Contains(fmt.Sprintf("%#v %+v", m.job, d.Sent()), canary) {
		t.Error("the secret is in a message or in the job")
	}
}

func TestZ15_StepsAppearWhileTheTestRuns(t *testing.T) {
	p := world()
	p.block = make(chan struct{})
	d, m := start(t, p, "admin", 120, 35)
	d.Key("enter")
	d.Hold()
	d.Key("ctrl+t")
	held := d.Held()[0]
	if !m.Ticking() {
		t.Error("the running test does not tick")
	}
	batch := held().(tea.BatchMsg)
	result := make(chan tea.Msg, 1)
	go func() { result <- batch[0]() }()
	listen := batch[1]
	for range 3 { // run, ok, run
		msg := listen().(stepMsg)
		listen = msg.next
		m.Update(msg)
	}
	if got := len(m.job.steps); got != 2 || m.job.steps[0].Status != soc.StepOK || m.job.steps[1].Status != soc.StepRun {
		t.Errorf("after three reports: %+v", m.job.steps)
	}
	d.Send(screen.TickMsg{Now: uitest.Now().Add(4 * time.Second)})
	if v := d.View(); !strings.Contains(v, "login: DNS") || !strings.Contains(v, "7 ms") || !strings.Contains(v, "running 4 s") {
		t.Errorf("no live steps:\n%s", v)
	}
	close(p.block)
	m.Update(<-result)
	if m.job.running || len(m.job.steps) != len(allSteps()) {
		t.Errorf("after the end: running %v, %d steps", m.job.running, len(m.job.steps))
	}
}

func TestZ15_EscStopsTheTest(t *testing.T) {
	p := world()
	p.block = make(chan struct{})
	d, m := start(t, p, "admin", 120, 35)
	d.Key("enter")
	d.Hold()
	d.Key("ctrl+s")
	batch := d.Held()[0]().(tea.BatchMsg)
	result := make(chan tea.Msg, 1)
	go func() { result <- batch[0]() }()
	d.Key("esc")
	late := <-result // the connector saw its context end
	m.Update(late)
	if m.job.running || m.job.done || len(p.Calls("save")) > 0 {
		t.Error("the stopped save had an effect")
	}
	if m.edit == nil {
		t.Error("the form is gone")
	}
}

func TestLateAnswersAreDropped(t *testing.T) {
	p := world()
	d, m := start(t, p, "admin", 120, 35)
	d.Hold()
	d.Key("ctrl+t")
	first := d.Held()[0]().(tea.BatchMsg)[0]()
	d.Key("esc")
	d.Key("ctrl+t")
	m.Update(first)
	if !m.job.running {
		t.Error("the answer of a stopped test ended the new one")
	}
}

func TestV10_BlockedHostIsNamedWithItsPort(t *testing.T) {
	p := world()
	p.steps = blocked()
	d, _ := start(t, p, "admin", 80, 19)
	d.Key("enter")
	v := d.View()
	for _, host := range []string{"login.microsoftonline.com:443", "api.securitycenter.microsoft.com:443"} {
		if !strings.Contains(v, host) {
			t.Errorf("%s is not listed:\n%s", host, v)
		}
	}
	d.Key("ctrl+t")
	if v := d.View(); !strings.Contains(v, "api.securitycenter.microso") || !strings.Contains(v, "NOT usable: API: TCP and TLS "+
		"failed") || !strings.Contains(v, "FIX: open port 443") {
		t.Errorf("view:\n%s", v)
	}
}

func TestResult_CanReadCannotIsolate(t *testing.T) {
	p := world()
	p.steps = noIsolate()
	d, _ := start(t, p, "admin", 80, 19)
	d.Keys("enter", "ctrl+t")
	if v := d.View(); !strings.Contains(v, "RESULT: can read alerts, read hosts and actions; cannot isolate and release") || !strings.Contains(v, "FAIL") {
		t.Errorf("view:\n%s", v)
	}
	d.Send(leaveMsg{})
	d.Key("y")
	sent := d.Sent()
	if c, ok := sent[len(sent)-1].(screen.CopyMsg); !ok || !strings.Contains(c.Text, "Grant admin consent") {
		t.Errorf("y sends %v", sent)
	}
}

func TestV05_RefusedSaveKeepsWhatWasTypedAndTheOldCredentials(t *testing.T) {
	p := world()
	p.steps, p.err = wrongSecret()
	before := p.Tenants[0]
	d, m := start(t, p, "admin", 120, 35)
	d.Key("enter")
	d.Type("-x")
	d.Key("ctrl+s")
	if len(p.Calls("save")) > 0 || p.Tenants[0].Name != before.Name {
		t.Error("it was saved")
	}
	if m.edit.form.Get(fName) != "contoso-prod-x" {
		t.Errorf("what was typed is lost: %q", m.edit.form.Get(fName))
	}
	n := d.Sent()[0].(screen.NoticeMsg)
	if n.Level != screen.Bad || !strings.HasPrefix(n.Text, "not saved: ") || !strings.Contains(n.Text, "AADSTS7000215") {
		t.Errorf("notice = %+v", n)
	}
	d.Key("ctrl+z")
	if m.edit.form.Get(fName) != "contoso-prod" || len(m.edit.form.Changed()) != 0 {
		t.Error("ctrl+z does not take it back")
	}
}

func TestT12_NameThatIsTaken(t *testing.T) {
	p := world()
	d, _ := start(t, p, "admin", 120, 35)
	write(d, "Contoso-PROD", tenantID, clientID, canary)
	d.Key("ctrl+s")
	if !strings.Contains(d.View(), "Name: Contoso-PROD is taken") || len(p.Calls("save")) > 0 {
		t.Errorf("view:\n%s", d.View())
	}
}

func TestResize_KeepsWhatWasTyped(t *testing.T) {
	d, m := start(t, empty(), "admin", 120, 35)
	write(d, "contoso", tenantID, clientID, canary)
	d.Resize(80, 19)
	d.View()
	d.Resize(200, 55)
	d.View()
	if m.edit.form.Get(fTenant) != tenantID || m.edit.form.Get(fSecret) != canary {
		t.Error("typed text was lost")
	}
}

func TestZ16_SwitchOffFromTheList(t *testing.T) {
	p := world()
	d, _ := start(t, p, "admin", 120, 35)
	d.Key("space")
	calls := p.Calls("enable")
	if len(calls) != 1 || calls[0].Request != false {
		t.Fatalf("calls = %v", calls)
	}
	n := d.Sent()[0].(screen.NoticeMsg)
	if !strings.Contains(n.Text, "still release") || !strings.Contains(d.View(), "OFF") {
		t.Errorf("notice %+v\n%s", n, d.View())
	}
}

func TestP13_P15_DetachAsksAndOffersToReleaseFirst(t *testing.T) {
	p := world()
	d, _ := start(t, p, "admin", 120, 35)
	d.Key("d")
	c := d.Sent()[0].(screen.ConfirmMsg)
	if c.TypeWord != "contoso-prod" || c.Button != "Detach contoso-prod" || len(p.Calls("detach")) != 0 {
		t.Fatalf("confirm = %+v, calls %v", c, p.Calls("detach"))
	}
	d.Forget()
	d.Send(c.Yes)
	if got := p.Calls("detach")[0].Request; got != [2]bool{false, false} {
		t.Errorf("detach called with %v", got)
	}
	c = d.Sent()[0].(screen.ConfirmMsg) // the world has live lockdowns
	if !strings.Contains(strings.Join(c.Lines, "\n"), "--abandon") || c.TypeWord != "contoso-prod" {
		t.Errorf("second question = %+v", c)
	}
	d.Forget()
	d.Send(c.Yes)
	if got := p.Calls("detach")[1].Request; got != [2]bool{true, false} {
		t.Errorf("second detach called with %v", got)
	}
	if n := d.Sent()[0].(screen.NoticeMsg); n.Level != screen.Good {
		t.Errorf("notice = %+v", n)
	}
}

func TestV11_NoRightNoSettings(t *testing.T) {
	p := world()
	d, m := start(t, p, "nobody", 80, 19)
	if v := d.View(); !strings.Contains(v, "settings.view") || strings.Contains(v, "contoso") {
		t.Errorf("view:\n%s", v)
	}
	if len(m.Keys()) != 0 {
		t.Errorf("keys = %v", m.Keys())
	}
}

func TestV12_ViewOnlyHasNoKeysThatChange(t *testing.T) {
	p := world()
	d, m := start(t, p, "viewer", 120, 35)
	absent := func(names ...string) {
		t.Helper()
		for _, n := range names {
			if b, ok := keys.Find(uitest.Press(n), m.Keys()); ok {
				t.Errorf("%s is bound to %s", n, b.ID)
			}
		}
	}
	absent("n", "d", "space", "ctrl+t", "ctrl+s")
	d.Key("enter")
	absent("ctrl+t", "ctrl+s", "ctrl+z")
	before := m.edit.tenantDraft()
	d.Type("changed")
	d.Keys("tab", "right", "space")
	d.Send(tea.PasteMsg{Content: "x"})
	if after := m.edit.tenantDraft(); after.Name != before.Name || after.Environment != before.Environment {
		t.Error("a read-only field was changed")
	}
	if !strings.Contains(d.View(), "settings.edit is missing") {
		t.Errorf("view:\n%s", d.View())
	}
}

func TestKeys_DoNotClash(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	check := func() {
		t.Helper()
		if err := keys.Clash(m.Keys()); err != nil {
			t.Error(err)
		}
	}
	check()
	d.Key("2")
	check()
	d.Keys("1", "enter")
	for range m.edit.form.Fields {
		check()
		d.Key("tab")
	}
}

func TestCloud_FillsTheAddresses(t *testing.T) {
	d, m := start(t, empty(), "admin", 120, 35)
	d.Keys("a", "enter")
	for range 7 {
		d.Key("tab")
	}
	d.Key("right")
	if got := m.edit.tenantDraft(); got.Cloud != "gcc" || got.API != "https://api-gcc.securitycenter.microsoft.us" || got.Login != "https://login.microsoftonline.com" {
		t.Errorf("draft = %+v", got)
	}
	d.Key("right")
	if got := m.edit.tenantDraft(); got.Login != "https://login.microsoftonline.us" {
		t.Errorf("draft = %+v", got)
	}
	d.Keys("right", "right")
	if got := m.edit.tenantDraft(); !got.Custom || got.Cloud != "custom" {
		t.Errorf("draft = %+v", got)
	}
}

func TestLeave_AsksWhenSomethingWasTyped(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	d.Key("enter")
	d.Type("x")
	d.Key("esc")
	c, ok := d.Sent()[0].(screen.ConfirmMsg)
	if !ok || m.edit == nil {
		t.Fatalf("sent %v", d.Sent())
	}
	d.Send(c.Yes)
	if m.edit != nil {
		t.Error("the form stays")
	}
}
