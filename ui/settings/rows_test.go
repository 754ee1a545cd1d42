package settings

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
	"cordon/ui/uitest"
)

// find fails the test unless the frame shows all texts.
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

// row moves the cursor to the n-th row of the list.
func row(d *uitest.Driver, n int) {
	d.Key("g")
	for range n {
		d.Key("j")
	}
}

// answers returns the newest message of a type that the shell got.
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

func TestZ04_T06_T08_M12_P01_P02_TheGuideTellsWhereAndWho(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 55)
	d.Key("5")
	find(t, d, "App registrations > New registration", "Any name will do", "Leave the redirect URI empty", "Global Administrator",
		"APIs my organization uses > WindowsDefenderATP > Application permissions", "register apps and manage their permissions",
		"an app for several tenants is not needed", "cordon checks the token, not the page")
	d.Keys("1", "a", "enter")
	for _, x := range m.edit.form.Fields {
		if l := strings.ToLower(x.Label); strings.Contains(l, "redirect") || strings.Contains(l, "display") {
			t.Errorf("the form asks for %s", x.Label)
		}
	}
}

func TestZ10_Z11_TheEndOfASecretIsAmberThenRedThenOver(t *testing.T) {
	now := uitest.Now()
	for days, want := range map[int]struct {
		text  string
		level int
	}{
		60: {"60 days left", 0}, 31: {"31 days left", 0}, 30: {"expires in 30 days", 1}, 8: {"expires in 8 days", 1},
		7: {"expires in 7 days, soon", 2}, 1: {"expires within a day", 2}, 0: {"EXPIRED", 3}, -3: {"EXPIRED", 3},
	} {
		text, level := secretAge(now.AddDate(0, 0, days), now)
		if !strings.Contains(text, want.text) || level != want.level {
			t.Errorf("%d days: %q level %d, want %q level %d", days, text, level, want.text, want.level)
		}
	}
	if text, level := secretAge(time.Time{}, now); text != "" || level != 0 {
		t.Errorf("control: an unknown end says %q", text)
	}
	p := full()
	d, m := start(t, p, "admin", 120, 35)
	find(t, d, "secret expires in 5 days, soon")
	d.Key("enter")
	m.edit.form.GoTo(fExpiry)
	if got := m.edit.form.Get(fExpiry); got != "2026-08-27 12:41Z" {
		t.Errorf("the field holds %q", got)
	}
	for range 20 {
		d.Key("backspace")
	}
	d.Type("2027-03-01")
	find(t, d, "190 days left")
	if got := m.edit.tenantDraft().SecretExpiry; !got.Equal(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("draft ends %s", got)
	}
	d.Type("x")
	find(t, d, "Expires on: write a date such as 2027-03-01")
}

func TestZ05_EachFieldSaysWhatToChangeWhileItIsTyped(t *testing.T) {
	long := strings.Repeat("x", 70)
	for _, tt := range []struct{ field, typed, says string }{
		{fName, long, "at most 64 characters"},
		{fName, "contoso-prod", "is taken"},
		{fTenant, "7f3c1e0a", "8 of 36 characters"},
		{fAPI, "http://api.securitycenter.microsoft.com", "must start with https://"},
		{fAPI, "https://api.evil.example", "api.evil.example is no Defender API host of the commercial cloud"},
		{fAPI, "https://api.securitycenter.microsoft.com/api", "without a path"},
		{fLogin, "https://login.evil.example", "is not the login host of the commercial cloud"},
		{fProxy, "proxy.contoso.example", "write http://host:port"},
		{fProxy, "http://u:p@proxy.example:8080", "must not hold a password"},
		{fCA, "ca.pem", "write the whole path"},
		{fInterval, "0", "whole minutes"},
		{fInterval, "-3", "whole minutes"},
		{fInterval, "soon", "whole minutes"},
		{fHistory, "soon", "is no time in the past"},
		{fHistory, "2999-01-01", "is no time in the past"},
		{fExpiry, "next year", "write a date"},
	} {
		t.Run(tt.field+" "+tt.typed[:min(12, len(tt.typed))], func(t *testing.T) {
			d, m := start(t, world(), "admin", 120, 35)
			d.Keys("a", "enter")
			m.edit.form.GoTo(tt.field)
			m.edit.form.Set(tt.field, "")
			d.Type(tt.typed)
			find(t, d, "! "+m.edit.form.Focused().Label+": ")
			if said := m.edit.form.Said(); !strings.Contains(said, tt.says) {
				t.Errorf("it says %q, want %q", said, tt.says)
			}
		})
	}
}

func TestP06_P09_RegionsFillTheAddressAndTheAddressTheRegion(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	d.Keys("a", "enter")
	m.edit.form.GoTo(fRegion)
	d.Keys("right", "right")
	if got := m.edit.tenantDraft().API; got != "https://api-eu.securitycenter.microsoft.com" {
		t.Errorf("API = %s", got)
	}
	m.edit.form.GoTo(fAPI)
	m.edit.form.Set(fAPI, "")
	d.Send(tea.PasteMsg{Content: "https://api-uk.securitycenter.microsoft.com"})
	if got := m.edit.form.Get(fRegion); got != "uk" {
		t.Errorf("region = %s", got)
	}
	m.edit.form.GoTo(fCloud)
	d.Key("right")
	if m.edit.form.Has(fRegion) || m.edit.tenantDraft().API != "https://api-gcc.securitycenter.microsoft.us" {
		t.Errorf("gcc: %+v", m.edit.tenantDraft())
	}
}

func TestT30_HistoryIsEchoedAsAMoment(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	find(t, d, "at most 30 days ago = from 2026-07-23 12:41Z on")
	d.Key("enter")
	m.edit.form.GoTo(fHistory)
	find(t, d, "from 2026-07-23 12:41:07Z on")
	m.edit.form.Set(fHistory, "")
	d.Type("2026-01-02")
	find(t, d, "from 2026-01-02 00:00:00Z on")
	m.edit.form.GoTo(fInterval)
	m.edit.form.Set(fInterval, "")
	d.Type("5")
	if got := m.edit.tenantDraft().PollInterval; got != 5*time.Minute {
		t.Errorf("5 is %s, want minutes (T31)", got)
	}
	find(t, d, "at least 12 of 1500 calls")
}

func TestT16_WhoMayUseATenant(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	find(t, d, "Used by everybody")
	d.Key("enter")
	m.edit.form.GoTo(fAllowed)
	d.Type("alice, bob")
	if got := m.edit.tenantDraft().Allowed; len(got) != 2 || got[1] != "bob" {
		t.Errorf("allowed = %v", got)
	}
}

func TestZ14_FieldsFollowTheWayOfSigningIn(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	d.Keys("a", "enter")
	has := func(want ...string) {
		t.Helper()
		for _, id := range []string{fSecret, fCert, fToken, fExpiry} {
			if got := m.edit.form.Has(id); got != strings.Contains(strings.Join(want, " "), id) {
				t.Errorf("%s: field %s shown %v", m.edit.form.Get(fAuth), id, got)
			}
		}
	}
	has(fSecret, fExpiry)
	m.edit.form.GoTo(fAuth)
	d.Key("right")
	has(fCert, fExpiry)
	m.edit.form.GoTo(fCert)
	d.Send(tea.PasteMsg{Content: "-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n"})
	find(t, d, "! Certificate: has no private key; paste the certificate and")
	d.Send(tea.PasteMsg{Content: "-----BEGIN PRIVATE KEY-----\nS3cr3tK3y\n-----END PRIVATE KEY-----\n"})
	lacks(t, d, "S3cr3tK3y", "MIIB", "has no private key")
	if got := m.edit.secret(); !strings.Contains(got, "\nS3cr3tK3y\n") || strings.Contains(got, "\r") {
		t.Errorf("lines of the pasted key are lost: %q", got)
	}
	m.edit.form.Set(fCert, "TUlJQg==\nQUJD\n")
	m.edit.form.GoTo(fPFX)
	d.Send(tea.PasteMsg{Content: "pfx-pass"})
	if got := m.edit.secret(); got != "TUlJQg==QUJD pfx-pass" {
		t.Errorf("a PFX goes out as %q", got)
	}
	lacks(t, d, "pfx-pass")
	m.edit.form.GoTo(fAuth)
	d.Key("right")
	has()
	d.Key("right")
	has(fToken)
	if m.edit.secret() != "" {
		t.Error("a secret of another way of signing in is sent along")
	}
}

func TestZ15_AChannelIsTestedToo(t *testing.T) {
	p := full()
	d, _ := start(t, p, "admin", 120, 35)
	row(d, 5)
	d.Key("ctrl+t")
	find(t, d, "3 test message", "27 ms", "RESULT: works")
	if n := answer[screen.NoticeMsg](t, d); n.Text != "test: works" {
		t.Errorf("notice %+v", n)
	}
	d.Keys("enter")
	p.Err = errors.New("refused")
	d.Key("ctrl+t")
	find(t, d, "does not work: connect failed", "FIX: check the address and the port")
	d.Key("ctrl+y")
	if c := answer[screen.CopyMsg](t, d); c.Text != "check the address and the port" {
		t.Errorf("copied %+v", c)
	}
}

func TestM03_M05_ThreatReportingStartsWithCriticalAndOffersFourLevels(t *testing.T) {
	p := full()
	d, m := start(t, p, "admin", 200, 55)
	d.Keys("a", "j", "enter")
	if got := m.channelDraft().AtLeast; got != soc.ThreatCritical {
		t.Errorf("prefilled %s", got)
	}
	want := []string{"Critical", "Elevated and Above", "Low and Above", "Normal and Above"}
	if got := m.edit.form.Field(fAtLeast).Choices; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("choices %v", got)
	}
	sends := []string{"Critical", "Elevated, Critical", "Low, Elevated, Critical", "Normal, Low, Elevated, Critical"}
	m.edit.form.GoTo(fAtLeast)
	for i := range want {
		find(t, d, "< "+want[i]+" >", "sends "+sends[i])
		if got := m.channelDraft().AtLeast; got.Filter() != want[i] {
			t.Errorf("%s is stored as %s", want[i], got)
		}
		d.Key("right")
	}
}

func TestM06_EachFilterNamesTheLevelsThatItSends(t *testing.T) {
	for i, filter := range filters() {
		if got := strings.Count(sent(filter), ",") + 1; got != i+1 {
			t.Errorf("%s: %s", filter, sent(filter))
		}
	}
}

func TestM11_M13_AddOpensAListOfTypesAndNamesAreUnique(t *testing.T) {
	p := full()
	d, m := start(t, p, "admin", 120, 35)
	d.Key("a")
	find(t, d, "Defender tenant", "threat reporting", "probe results", "mail", "syslog", "webhook")
	d.Keys("j", "enter")
	d.Type("Contoso-Prod")
	d.Key("ctrl+s")
	find(t, d, "Name: Contoso-Prod is taken; names are unique")
	m.edit.form.Set(fName, "SIEM")
	d.Key("ctrl+s")
	find(t, d, "SIEM is taken by a channel")
	if len(p.Calls("save-channel")) != 0 {
		t.Fatal("it was saved")
	}
	m.edit.form.Set(fName, "mobile-2")
	d.Key("ctrl+s")
	if len(p.Calls("save-channel")) != 1 {
		t.Fatalf("control: it is not saved:\n%s", d.View())
	}
	d.Key("esc")
	find(t, d, "mobile-2")
}

func TestM14_TheListShowsStateAndLastSend(t *testing.T) {
	d, _ := start(t, full(), "admin", 120, 35)
	find(t, d, "mobile-threats threat reporting PROD on ok 4m", "siem syslog - on failing 3h", "probes probe results PROD on never used never")
	row(d, 5)
	find(t, d, "Last sent 3h ago, 2026-08-22 09:41:07Z", "Waiting 12", "1 message: the receiver refused for good")
}

func TestT18_NotificationsNeedAnAddress(t *testing.T) {
	p := full()
	d, m := start(t, p, "admin", 120, 35)
	d.Keys("a", "j", "j", "j", "enter")
	d.Type("mails")
	m.edit.form.Set(fServer, "mail.contoso.example:587")
	m.edit.form.Set(fFrom, "cordon@contoso.example")
	d.Key("ctrl+s")
	find(t, d, "Email Address: is missing; notifications are on")
	if len(p.Calls("save-channel")) != 0 {
		t.Error("it was saved")
	}
	for _, id := range []string{fHosts, fStart} {
		m.edit.form.Set(id, "off")
	}
	d.Key("ctrl+s")
	if len(p.Calls("save-channel")) != 1 {
		t.Errorf("control: with notifications off it is not saved:\n%s", d.View())
	}
}

func TestV35_TheEffectiveResultStandsBesideTheSwitches(t *testing.T) {
	d, _ := start(t, full(), "admin", 120, 35)
	row(d, 4)
	find(t, d, `NOW: mail about lockdowns will not be sent: "Host alerts" is off`)
	d.Key("enter")
	find(t, d, "NOW: mail about lockdowns", "mail of lockdowns (off: syslog only)")
}

func TestT21_AWayInWhoseTenantIsOffIsMarkedAndRefused(t *testing.T) {
	p := full()
	d, m := start(t, p, "admin", 120, 35)
	lacks(t, d, "IDLE")
	p.Tenants[0].Enabled = false
	d.Send(screen.StaleMsg{Topics: soc.TopicSettings})
	find(t, d, "IDLE: tenant off")
	row(d, 2)
	find(t, d, "! nothing is sent: its tenant contoso-prod is switched off")
	d.Keys("a", "j", "enter")
	d.Type("more")
	d.Key("ctrl+s")
	if said := m.edit.form.Said(); !strings.Contains(said, "Into tenant: contoso-prod is switched off, so nothing would be sent") {
		t.Errorf("it says %q", said)
	}
	if len(p.Calls("save-channel")) != 0 {
		t.Error("it was saved")
	}
	m.edit.form.GoTo(fInto)
	d.Keys("right", "ctrl+s")
	if calls := p.Calls("save-channel"); len(calls) != 1 || calls[0].Request.(soc.Channel).Tenant != uitest.Other {
		t.Errorf("control: with the other tenant: %v", calls)
	}
}

func TestT13_TheFormOfATenantCarriesItsBadge(t *testing.T) {
	d, m := start(t, full(), "admin", 120, 35)
	row(d, 1)
	d.Key("enter")
	if _, right := d.Tabs(); right != "fabrikam-test [TEST]" || m.Title() != "Settings > fabrikam-test" {
		t.Errorf("tabs %q, title %q", right, m.Title())
	}
	find(t, d, "fabrikam-test [TEST]")
	d.Keys("esc", "d")
	if c := answer[screen.ConfirmMsg](t, d); c.Tenant != uitest.Other {
		t.Errorf("the question is about %q", c.Tenant)
	}
}

func TestZ06_Z07_Z08_Z09_T07_T09_V06_P03_PermissionsByApiAndByProfile(t *testing.T) {
	p := full()
	d, _ := start(t, p, "admin", 120, 35)
	d.Key("p")
	find(t, d, "Permissions of contoso-prod [PROD]", "Granted for Contoso Ltd", "WindowsDefenderATP (kind Application)", "Microsoft Graph "+
		"(kind Application)",
		"Machine.Isolate granted", "Ti.ReadWrite.All requested, not consented", "User.Read.All missing", "SecurityAlert.ReadWrite.All unknown",
		"[x] read satisfied", "[ ] Zscaler missing: Machine.ReadWrite.All", "can not: alert queue: Alert.Read.All is not part of it",
		"indicators (meant to have) missing: Ti.ReadWrite.All", "Grant admin consent")
	lacks(t, d, "delegated token")
	r := report()
	r.Delegated = true
	p.PermissionList[uitest.Tenant] = r
	d.Send(screen.StaleMsg{Topics: soc.TopicConn})
	find(t, d, "delegated token (scp, no roles)")
	d.Key("R")
	if n := answer[screen.NoticeMsg](t, d); n.Level != screen.Good || len(p.Calls("permissions-now")) != 1 {
		t.Errorf("R: %+v", n)
	}
	d.Key("esc")
	find(t, d, "! delegated token", "! meant to have indicators lacks Ti.ReadWrite.All")
}

func TestN04_EveryKeySaysWhyItIsOff(t *testing.T) {
	d, m := start(t, full(), "admin", 120, 35)
	row(d, 6)
	if b := d.Binding("d"); b.Off != "it stands in config.yaml and is changed there" {
		t.Errorf("d: %q", b.Off)
	}
	d.Key("enter")
	if b, ok := keys.Find(uitest.Press("ctrl+s"), m.Keys()); ok {
		t.Errorf("a channel of the file can be saved: %+v", b)
	}
	find(t, d, "Read only: it stands in config.yaml and is changed there")
	d.Key("esc")
	row(d, 3)
	if b := d.Binding("p"); b.Off != "only a tenant has permissions" {
		t.Errorf("p: %q", b.Off)
	}
}

func TestV12_ViewOnlySeesChannelsAndTokensButChangesNothing(t *testing.T) {
	d, m := start(t, full(), "viewer", 120, 35)
	none := func(names ...string) {
		t.Helper()
		for _, n := range names {
			if b, ok := keys.Find(uitest.Press(n), m.Keys()); ok {
				t.Errorf("%s is bound to %s", n, b.ID)
			}
		}
	}
	row(d, 4)
	none("a", "n", "d", "space", "ctrl+t")
	d.Key("enter")
	none("ctrl+s", "ctrl+t", "ctrl+z")
	find(t, d, "Read only: the right settings.edit is missing")
	d.Keys("esc", "4")
	none("a", "d")
	if _, right := d.Tabs(); right != "read only: needs settings.edit" {
		t.Errorf("tabs say %q", right)
	}
}

func TestT14_V08_TheVersionsStandInSettings(t *testing.T) {
	d, _ := start(t, world(), "admin", 80, 19)
	d.Key("6")
	find(t, d, "cordon 0.1.0", "(schema 1)")
}

func TestV04_SwitchTenantClientSecretSave(t *testing.T) {
	p := empty()
	d, _ := start(t, p, "admin", 80, 19)
	write(d, "contoso", tenantID, clientID, canary)
	d.Key("ctrl+s")
	calls := p.Calls("save")
	if len(calls) != 1 {
		t.Fatalf("not saved:\n%s", d.View())
	}
	if in := calls[0].Request.(soc.Integration); !in.Enabled || in.TenantID != tenantID || in.ClientID != clientID || in.Environment != "PROD" {
		t.Errorf("saved %+v", in)
	}
}

func TestT10_V07_TheSecretsOfChannelsAndTokensAreForgotten(t *testing.T) {
	p := full()
	d, m := start(t, p, "admin", 120, 35)
	row(d, 4)
	d.Key("enter")
	m.edit.form.GoTo(fPassword)
	d.Send(tea.PasteMsg{Content: canary})
	lacks(t, d, canary)
	d.Key("ctrl+s")
	if calls := p.Calls("save-channel-secret"); len(calls) != 1 || calls[0].Request != canary {
		t.Fatalf("the service got %v", calls)
	}
	if channelSecret(m.edit.form) != "" || strings.Contains(fmt.Sprintf("%+v %+v %+v", m.job, m.edit.form.Changed(), d.Sent()), canary) {
		t.Error("the secret outlives the save")
	}
	d.Keys("esc", "4", "a")
	d.Type("gateway")
	d.Keys("tab", "right", "space", "tab", "right")
	d.Forget()
	d.Key("ctrl+s")
	box := answer[screen.TextMsg](t, d)
	if box.Copy != uitest.TokenValue || !strings.HasPrefix(box.Text, uitest.TokenValue) || !strings.Contains(box.Title, "shown once") {
		t.Errorf("the value is not shown: %+v", box)
	}
	if strings.Contains(fmt.Sprintf("%+v %+v", m.job, m.tokens), uitest.TokenValue) {
		t.Error("the value of the token stays in the model")
	}
	lacks(t, d, uitest.TokenValue)
	find(t, d, "gateway")
	tok := p.Calls("add-token")[0].Request.(soc.Token)
	if tok.Channel != "ch-mobile-threats" || len(tok.Scopes) != 1 || tok.Scopes[0] != soc.ScopeThreats {
		t.Errorf("token %+v", tok)
	}
}

func TestToken_ASenderNeedsItsChannel(t *testing.T) {
	p := full()
	d, _ := start(t, p, "admin", 120, 35)
	d.Keys("4", "a")
	d.Type("mdm-gateway")
	d.Key("ctrl+s")
	find(t, d, "mdm-gateway is taken")
	d.Type("-2")
	d.Keys("tab", "right", "space", "ctrl+s")
	find(t, d, "Channel: choose a channel of the type threat reporting")
	if len(p.Calls("add-token")) != 0 {
		t.Error("it was made")
	}
	d.Key("esc")
	d.Send(answer[screen.ConfirmMsg](t, d).Yes)
	d.Forget()
	d.Key("d")
	d.Send(answer[screen.ConfirmMsg](t, d).Yes)
	if got := p.Calls("remove-token"); len(got) != 1 || got[0].Request != "tok-mdm" {
		t.Errorf("removed %v", got)
	}
}

func TestWebhook_ASigningSecretIsMadeAndShownOnce(t *testing.T) {
	p := full()
	d, m := start(t, p, "admin", 120, 35)
	d.Keys("a", "j", "j", "j", "j", "j", "enter")
	d.Type("hook")
	d.Key("tab")
	d.Type("http://hooks.example/x")
	find(t, d, "must start with https://")
	m.edit.form.Set(fURL, "https://hooks.example/x")
	d.Keys("tab", "ctrl+g")
	v := answer[screen.TextMsg](t, d).Copy
	if !strings.HasPrefix(v, "whsec_") || m.edit.form.Get(fSigning) != v || strings.Contains(d.View(), v[6:16]) {
		t.Errorf("made %q", v)
	}
	d.Key("ctrl+s")
	if got := p.Calls("save-channel-secret"); len(got) != 1 || got[0].Request != v {
		t.Errorf("saved %v", got)
	}
}

func TestChannels_SwitchAndRemove(t *testing.T) {
	p := full()
	d, _ := start(t, p, "admin", 120, 35)
	row(d, 5)
	d.Key("space")
	if got := p.Calls("enable-channel"); len(got) != 1 || got[0].Request != false {
		t.Fatalf("calls %v", got)
	}
	find(t, d, "siem syslog - OFF off")
	d.Key("d")
	c := answer[screen.ConfirmMsg](t, d)
	if c.Button != "Remove siem" || !strings.Contains(strings.Join(c.Lines, " "), "dropped with it: 12 messages") || len(p.Calls("remove-channel")) != 0 {
		t.Errorf("question %+v", c)
	}
	d.Send(c.Yes)
	lacks(t, d, "siem")
}

func TestV05_ARefusedChannelKeepsWhatWasTyped(t *testing.T) {
	p := full()
	d, m := start(t, p, "admin", 120, 35)
	row(d, 4)
	d.Key("enter")
	d.Type("-2")
	p.Err = &soc.Error{Kind: soc.KindInvalid, Code: "bad-field", What: "the server does not answer", Next: "check the address"}
	d.Key("ctrl+s")
	if n := answer[screen.NoticeMsg](t, d); !strings.HasPrefix(n.Text, "not saved: the server does not answer") || m.edit.form.Get(fName) != "soc-mail-2" {
		t.Errorf("notice %+v, name %q", n, m.edit.form.Get(fName))
	}
}

func TestPaste_ReachesOnlyTheFieldWithTheFocus(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	d.Key("enter")
	before := m.edit.tenantDraft()
	m.edit.form.GoTo(fEnv)
	d.Send(tea.PasteMsg{Content: "a\rd\r"})
	if after := m.edit.tenantDraft(); after.Name != before.Name || after.Environment != before.Environment || m.edit == nil {
		t.Errorf("a paste ran keys: %+v", after)
	}
}
