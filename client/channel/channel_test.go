package channel_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/client/channel"
	"cordon/client/notify"
	"cordon/store/soc"
)

// Every field that can be wrong is refused by its name, and nothing is stored.
func TestT18_SC35_FieldsAreJudgedByName(t *testing.T) {
	l := newLab(t)
	l.tenant("contoso")
	for name, tc := range map[string]struct {
		draft  soc.Channel
		secret string
		change func(*soc.Channel)
		says   string
	}{
		"T-18: nobody to mail": {mailDraft(), "", func(c *soc.Channel) { c.Out.To = nil }, "Email Address is empty"},
		"T-18: only blanks":    {mailDraft(), "", func(c *soc.Channel) { c.Out.To = []string{" , "} }, "Email Address is empty"},
		"T-18: start failures": {mailDraft(), "", func(c *soc.Channel) {
			c.Enabled, c.Out.HostAlerts, c.Out.StartFailures, c.Out.To = false, false, true, nil
		}, "Email Address"},
		"two mails in one":           {mailDraft(), "", func(c *soc.Channel) { c.Out.To = []string{"a@b.test\r\nBcc: eve@evil.test"} }, "Email Address is no mail address"},
		"a name with the address":    {mailDraft(), "", func(c *soc.Channel) { c.Out.To = []string{"Ann <a@b.test>"} }, "Email Address is no"},
		"a long address":             {mailDraft(), "", func(c *soc.Channel) { c.Out.To = []string{strings.Repeat("a", 300) + "@b.test"} }, "Email Address is no"},
		"no sender":                  {mailDraft(), "", func(c *soc.Channel) { c.Out.From = "" }, "From is empty"},
		"bad sender":                 {mailDraft(), "", func(c *soc.Channel) { c.Out.From = "cordon" }, "From is no mail address"},
		"user without password":      {mailDraft(), "", func(c *soc.Channel) { c.Out.User = "cordon" }, "Password is missing"},
		"password without user":      {mailDraft(), "x", func(*soc.Channel) {}, "User is missing"},
		"mail over https":            {mailDraft(), "", func(c *soc.Channel) { c.Out.URL = "https://mail.contoso.test" }, "Address"},
		"password in the address":    {mailDraft(), "", func(c *soc.Channel) { c.Out.URL = "smtp://u:p@mail.contoso.test" }, "Address holds a user"},
		"mail without TLS elsewhere": {mailDraft(), "", func(c *soc.Channel) { c.Out.Plain = true }, "Plain is possible only to this machine"},
		"mail without TLS, by name":  {mailDraft(), "", func(c *soc.Channel) { c.Out.Plain, c.Out.URL = true, "smtp://localhost:25" }, "Plain is possible only"},
		"inner address":              {logDraft(), "", func(c *soc.Channel) { c.Out.URL = "tls://10.1.2.3:6514" }, "Address 10.1.2.3 is inside"},
		"metadata service":           {logDraft(), "", func(c *soc.Channel) { c.Out.URL, c.Out.AllowPrivate = "tcp://169.254.169.254:80", true }, "Address 169.254.169.254 is never"},
		"mapped metadata service":    {logDraft(), "", func(c *soc.Channel) { c.Out.URL, c.Out.AllowPrivate = "tcp://[::ffff:169.254.169.254]:80", true }, "Address"},
		"syslog without port":        {logDraft(), "", func(c *soc.Channel) { c.Out.URL = "tcp://siem.contoso.test" }, "Address"},
		"syslog port 0":              {logDraft(), "", func(c *soc.Channel) { c.Out.URL = "tcp://siem.contoso.test:0" }, "Address"},
		"syslog path":                {logDraft(), "", func(c *soc.Channel) { c.Out.URL = "unix://log" }, "Address"},
		"layout":                     {logDraft(), "", func(c *soc.Channel) { c.Out.Layout = "leef" }, "Layout"},
		"syslog secret":              {logDraft(), "x", func(*soc.Channel) {}, "Secret has no use"},
		"CA":                         {logDraft(), "", func(c *soc.Channel) { c.Out.CAPEM = "-----BEGIN X" }, "CA certificate"},
		"CA without TLS":             {logDraft(), "", func(c *soc.Channel) { c.Out.URL, c.Out.CAPEM = "tcp://siem.contoso.test:514", "x" }, "CA certificate is of use only"},
		"webhook over http":          {hookDraft(), hookSecret, func(c *soc.Channel) { c.Out.URL = "http://hook.contoso.test/" }, "Plain is possible only"},
		"webhook http, not asked":    {hookDraft(), hookSecret, func(c *soc.Channel) { c.Out.URL, c.Out.AllowPrivate = "http://127.0.0.1/", true }, "Plain"},
		"webhook unsigned":           {hookDraft(), "", func(*soc.Channel) {}, "Signing secret is missing"},
		"webhook secret":             {hookDraft(), "whsec_canary", func(*soc.Channel) {}, "Signing secret can not be used"},
		"control bytes":              {hookDraft(), hookSecret, func(c *soc.Channel) { c.Out.URL = "https://a.test/\x1b[2J" }, "Address"},
		"type":                       {hookDraft(), hookSecret, func(c *soc.Channel) { c.Type = "pager" }, "Type"},
		"name":                       {hookDraft(), hookSecret, func(c *soc.Channel) { c.Name = " " }, "Name"},
		"control name":               {hookDraft(), hookSecret, func(c *soc.Channel) { c.Name = "a\x1b[2Jb" }, "Name"},
		"tenant":                     {soc.Channel{Type: soc.ChannelThreats, Name: "x", Tenant: "nobody"}, "", func(*soc.Channel) {}, "Tenant is not attached"},
		"level":                      {soc.Channel{Type: soc.ChannelThreats, Name: "x", Tenant: "contoso-1", AtLeast: "High"}, "", func(*soc.Channel) {}, "Level"},
		"action":                     {soc.Channel{Type: soc.ChannelProbes, Name: "x", Tenant: "contoso-1"}, "", func(c *soc.Channel) { c.Indicators.Action = "Explode" }, "Action"},
		"severity":                   {soc.Channel{Type: soc.ChannelProbes, Name: "x", Tenant: "contoso-1"}, "", func(c *soc.Channel) { c.Indicators.Severity = "Huge" }, "Severity"},
		"lifetime":                   {soc.Channel{Type: soc.ChannelProbes, Name: "x", Tenant: "contoso-1"}, "", func(c *soc.Channel) { c.Indicators.Lifetime = time.Second }, "Lifetime"},
	} {
		tc.change(&tc.draft)
		_, err := l.SaveChannel(t.Context(), admin(), tc.draft, tc.secret)
		refused(t, name, err, tc.says)
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error shows a secret: %v", name, err)
		}
		if _, err := l.TestChannel(t.Context(), admin(), tc.draft, tc.secret, nil); err == nil {
			t.Errorf("%s: could be tested", name)
		}
	}
	if all, err := l.store.Channels(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%d channels are stored, %v", len(all), err)
	}
	off := mailDraft() // T-18 the other way: everything off, the address may wait
	off.Enabled, off.Out.HostAlerts, off.Out.To = false, false, nil
	saved := l.save(off, "")
	if err := l.EnableChannel(t.Context(), admin(), saved.ID, true); err == nil {
		t.Error("T-18: mail to nobody was switched on")
	}
}

func TestM13_NamesAreUniqueOverChannelsTenantsAndFile(t *testing.T) {
	l := newLab(t, notify.Spec{Name: "from-file", Type: notify.TypeFile, Path: "/tmp/x"})
	l.tenant("contoso")
	l.save(mailDraft(), "")
	for _, name := range []string{"SOC-Mail", "Contoso", "FROM-FILE", " soc-mail "} {
		c := logDraft()
		c.Name = name
		if _, err := l.SaveChannel(t.Context(), admin(), c, ""); !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "name-taken"}) {
			t.Errorf("%q: %v", name, err)
		}
	}
	c := l.save(logDraft(), "") // negative control, and its own name may stay
	l.save(c, "")
	if got := l.status("from-file"); !got.FromFile || got.Channel.Sealed != nil {
		t.Errorf("%+v", got)
	}
}

func TestM03_NewThreatChannelSendsOnlyCritical(t *testing.T) {
	l := newLab(t)
	id := l.tenant("contoso")
	c := l.save(soc.Channel{Type: soc.ChannelThreats, Name: "mobile", Enabled: true, Tenant: id}, "")
	if c.AtLeast != soc.ThreatCritical {
		t.Errorf("at least %s", c.AtLeast)
	}
	if got := l.status("mobile"); got.State != "never used" || got.Effect != "threat reports (Critical) become alerts of contoso" {
		t.Errorf("%+v", got)
	}
	c.AtLeast = soc.ThreatLow
	if c = l.save(c, ""); c.AtLeast != soc.ThreatLow {
		t.Errorf("at least %s, want what was chosen", c.AtLeast)
	}
	steps, err := l.TestChannel(t.Context(), admin(), c, "", nil)
	if err != nil || len(steps) != 1 || steps[0].Name != "sign in to contoso" {
		t.Errorf("%+v, %v", steps, err)
	}
	p := l.save(soc.Channel{Type: soc.ChannelProbes, Name: "probes", Enabled: true, Tenant: id}, "")
	if p.Indicators != (soc.IndicatorDefaults{Action: "Block", Severity: "Medium"}) {
		t.Errorf("%+v", p.Indicators)
	}
}

// The list says that nothing goes on while the tenant behind a way in is switched off or read-only.
func TestM14_T21_AWayIntoATenantThatIsOffSaysSo(t *testing.T) {
	l := newLab(t)
	id := l.tenant("contoso")
	l.save(soc.Channel{Type: soc.ChannelThreats, Name: "mobile", Enabled: true, Tenant: id}, "")
	for want, change := range map[string]func(*soc.Integration){
		"contoso is switched off; what comes in waits": func(in *soc.Integration) { in.Enabled, in.ReadOnly = false, false },
		"contoso is read-only; what comes in waits":    func(in *soc.Integration) { in.Enabled, in.ReadOnly = true, true },
	} {
		in, err := l.store.Integration(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if change(&in); err == nil {
			_, err = l.store.SaveIntegration(t.Context(), in)
		}
		got := l.status("mobile")
		if err != nil || got.State != "failing" || got.Problem != want || got.Effect != "threat reports go nowhere now: "+want {
			t.Errorf("%s: %+v, %v", want, got, err)
		}
	}
}

// A new channel for test results blocks what got through, and every action says what it will do to devices.
func TestP12_ANewProbeChannelBlocksAndSaysSo(t *testing.T) {
	l := newLab(t)
	c := l.save(soc.Channel{Type: soc.ChannelProbes, Name: "tests", Enabled: true, Tenant: l.tenant("contoso")}, "")
	for action, want := range map[string]string{
		"":                  "what an unprotected test used is blocked (Block) on every device of contoso",
		"BlockAndRemediate": "what an unprotected test used is blocked and removed (BlockAndRemediate) on every device of contoso",
		"Warn":              "what an unprotected test used warns people, who can go on (Warn), on every device of contoso",
		"Audit":             "what an unprotected test used only raises an alert (Audit) on every device of contoso",
	} {
		if c.Indicators.Action = action; action == "" {
			c.Indicators = soc.IndicatorDefaults{}
		}
		c = l.save(c, "")
		if got := l.status("tests").Effect; got != want {
			t.Errorf("%q: %q", action, got)
		}
	}
}

// V-35: the list says in one sentence whether mail goes out, and why not.
func TestV35_EffectSaysWhatReallyHappens(t *testing.T) {
	l := newLab(t)
	for name, tc := range map[string]struct {
		change func(*soc.Channel)
		want   string
	}{
		"on":             {func(*soc.Channel) {}, "mail will be sent to soc@contoso.test"},
		"alerts off":     {func(c *soc.Channel) { c.Out.HostAlerts = false }, "mail will not be sent: host alerts are off"},
		"channel off":    {func(c *soc.Channel) { c.Enabled = false }, "mail will not be sent: the channel is off"},
		"start failures": {func(c *soc.Channel) { c.Out.StartFailures = true }, "mail about lockdowns and start failures will be sent to soc@contoso.test"},
		"only those": {
			func(c *soc.Channel) { c.Out.HostAlerts, c.Out.StartFailures = false, true },
			"mail about lockdowns will not be sent: host alerts are off; start failures go to soc@contoso.test",
		},
	} {
		c := mailDraft()
		c.Name = name
		tc.change(&c)
		l.save(c, "")
		if got := l.status(name).Effect; got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	c := mailDraft()
	c.Name = "failing"
	c = l.save(c, "")
	l.live[channel.Key(c.ID)] = soc.SinkState{Since: l.now, Problem: "connection refused", Dead: make([]soc.DeadLetter, 2), LastOK: l.now}
	got := l.status("failing")
	if got.State != "failing" || got.Problem != "connection refused" || got.Waiting != 3 || got.Dead != 2 || got.Effect != "mail waits until smtp://mail.contoso.test:587 takes it" {
		t.Errorf("%+v", got)
	}
}

// What waits for a mail channel that runs nowhere is what it would send; for syslog it is everything.
func TestV35_WaitingOfMailThatDoesNotRun(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]soc.Channel{"soc-mail": mailDraft(), "siem": logDraft()} {
		c = l.save(c, "")
		page, err := l.store.Audit(t.Context(), soc.AuditQuery{Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.store.SaveSink(t.Context(), soc.SinkState{Name: channel.Key(c.ID), Seq: page.Entries[0].Seq}); err != nil {
			t.Fatal(err)
		}
		lock := soc.AuditEntry{
			Action: "confirm", Result: soc.ResultOK, Host: "m1", Target: "ws-1", Lockdown: "LK-AAAAAAAA", After: "isolated",
			Actor: soc.Service("reconciler"), Integration: "contoso-1",
		}
		if err := l.store.AppendAudit(t.Context(), lock, soc.AuditEntry{Action: "note", Result: soc.ResultOK}, soc.AuditEntry{Action: "note"}); err != nil {
			t.Fatal(err)
		}
		want := map[string]uint64{"soc-mail": 1, "siem": 3}[name]
		if got := l.status(name).Waiting; got != want {
			t.Errorf("%s: %d wait, want %d", name, got, want)
		}
		specs, err := l.Specs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		list, err := notify.List(t.Context(), l.store, specs)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Spec.Name == name && s.Backlog != want {
				t.Errorf("%s: %d wait in the list of sinks, want %d", name, s.Backlog, want)
			}
		}
	}
}

// A stored password is sealed for one server and one user; a webhook's secret for one address.
func TestSC43_StoredSecretsGoNowhereElse(t *testing.T) {
	l := newLab(t)
	draft := mailDraft()
	draft.Out.User = "cordon"
	m := l.save(draft, "canary-password")
	h := l.save(hookDraft(), hookSecret)
	if len(m.Sealed)+len(h.Sealed) != 0 || len(l.status("soc-mail").Channel.Sealed) != 0 {
		t.Error("a sealed secret was given out")
	}
	for name, change := range map[string]func(*soc.Channel){
		"server": func(c *soc.Channel) { c.Out.URL = "smtp://evil.test:587" }, "port": func(c *soc.Channel) { c.Out.URL = "smtp://mail.contoso.test:2525" },
		"user": func(c *soc.Channel) { c.Out.User = "eve" },
	} {
		c := m
		change(&c)
		_, err := l.SaveChannel(t.Context(), admin(), c, "")
		refused(t, name, err, "Password is missing")
		_, err = l.TestChannel(t.Context(), admin(), c, "", nil)
		refused(t, name+", test", err, "Password is missing")
	}
	other := h
	other.Out.URL = "https://evil.test/"
	_, err := l.SaveChannel(t.Context(), admin(), other, "")
	refused(t, "webhook", err, "Signing secret is missing")
	m.Out.To = append(m.Out.To, "ops@contoso.test") // negative control: the rest can change with the stored one
	m = l.save(m, "")
	open := func() (string, error) {
		specs, err := l.Specs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range specs {
			if s.Name == "soc-mail" {
				return s.Secret()
			}
		}
		return "", errors.New("no such channel")
	}
	if got, err := open(); got != "canary-password" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	c, err := l.store.Channel(t.Context(), m.ID) // the record is led elsewhere behind our back
	if err != nil {
		t.Fatal(err)
	}
	c.Out.URL = "smtp://evil.test:587"
	if _, err := l.store.SaveChannel(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got, err := open(); err == nil {
		t.Errorf("the password was opened for another server: %q", got)
	}
	files, _ := filepath.Glob(filepath.Join(l.dir, "data", "*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("canary-password")) || bytes.Contains(text, []byte(hookSecret[6:])) {
			t.Errorf("a secret is in %s", f)
		}
	}
	for _, e := range append(l.audit("channel-add"), l.audit("channel-settings")...) {
		if all := e.Before + e.After + e.Detail; strings.Contains(all, "canary") {
			t.Errorf("the history shows %s", all)
		}
	}
}

// Whoever lacks settings.edit changes nothing, and the try is written down.
func TestSC35_OnlyAdministratorsSetTargets(t *testing.T) {
	l := newLab(t)
	c := l.save(logDraft(), "")
	readOnly := admin()
	readOnly.ReadOnly = true
	for name, by := range map[string]soc.Session{"viewer": viewer(), "read-only": readOnly, "nobody": {}} {
		for action, do := range map[string]func() error{
			"channel-add":      func() error { _, err := l.SaveChannel(t.Context(), by, mailDraft(), ""); return err },
			"channel-settings": func() error { _, err := l.SaveChannel(t.Context(), by, c, ""); return err },
			"channel-test":     func() error { _, err := l.TestChannel(t.Context(), by, c, "", nil); return err },
			"channel-disable":  func() error { return l.EnableChannel(t.Context(), by, c.ID, false) },
			"channel-remove":   func() error { return l.RemoveChannel(t.Context(), by, c.ID) },
			"token-add": func() error {
				_, v, err := l.AddToken(t.Context(), by, soc.Token{Name: "x", Scopes: []string{soc.ScopeMetrics}})
				if v != "" {
					t.Error("a token was given out")
				}
				return err
			},
			"token-remove": func() error { return l.RemoveToken(t.Context(), by, "token-x") },
		} {
			before := len(l.audit(action))
			if err := do(); !errors.Is(err, soc.ErrDenied) {
				t.Errorf("%s, %s: %v", name, action, err)
			}
			if e := l.audit(action); len(e) != before+1 || e[0].Result != soc.ResultRefused || e[0].Actor.Name != by.Actor.Name {
				t.Errorf("%s, %s: the refusal is not in the history", name, action)
			}
		}
	}
	if err := l.EnableChannel(t.Context(), admin(), c.ID, false); err != nil || l.status("siem").State != "off" {
		t.Errorf("%v, %+v", err, l.status("siem"))
	}
	if err := l.RemoveChannel(t.Context(), admin(), c.ID); err != nil || len(l.audit("channel-remove")) == 0 {
		t.Error(err)
	}
	if _, err := l.SaveChannel(t.Context(), admin(), c, ""); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("a removed channel was saved: %v", err)
	}
}

// A channel is tried before it is used: step by step, with what was typed, and nothing is stored.
func TestZ15_ChannelIsTestedBeforeItIsSaved(t *testing.T) {
	l := newLab(t)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	c := logDraft()
	c.Out.URL, c.Out.AllowPrivate = "udp://"+udp.LocalAddr().String(), true
	steps, err := l.TestChannel(context.WithoutCancel(t.Context()), admin(), c, "", nil)
	if err != nil || len(steps) != 2 || steps[1].Status != soc.StepOK || !strings.Contains(steps[1].Detail, "nothing says whether it arrived") {
		t.Errorf("%+v, %v", steps, err)
	}
	buf := make([]byte, 2048)
	if n, _, err := udp.ReadFrom(buf); err != nil || !strings.Contains(string(buf[:n]), "CEF:0|cordon|cordon|1|test|") {
		t.Errorf("%q, %v", buf[:n], err)
	}
	if all, _ := l.store.Channels(t.Context()); len(all) != 0 {
		t.Error("a test stored something")
	}
	if e := l.audit("channel-test"); len(e) != 1 || e[0].Result != soc.ResultOK {
		t.Errorf("%+v", e)
	}
}
