package cli_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/cli"
)

// office is a service of channels and letters that notes what it was asked.
type office struct {
	list   []soc.ChannelStatus
	saved  soc.Channel
	secret string
	asked  []string
	token  soc.Token
}

func (f *office) Channels(context.Context) ([]soc.ChannelStatus, error) { return f.list, nil }

func (f *office) TestChannel(_ context.Context, _ soc.Session, c soc.Channel, _ string, report func(soc.Step)) ([]soc.Step, error) {
	steps := []soc.Step{{Name: "address", Status: soc.StepOK, Took: time.Millisecond, Detail: "192.0.2.1"}, {Name: "delivery", Status: soc.StepOK}}
	if c.Name == "broken" {
		steps[1] = soc.Step{Name: "delivery", Status: soc.StepFail, Detail: "connection refused", Fix: "look into the receiver's log"}
	}
	for _, s := range steps {
		report(s)
	}
	return steps, nil
}

func (f *office) SaveChannel(_ context.Context, _ soc.Session, c soc.Channel, secret string) (soc.Channel, error) {
	f.saved, f.secret = c, secret
	return c, nil
}

func (f *office) EnableChannel(_ context.Context, _ soc.Session, id soc.ChannelID, on bool) error {
	f.asked = append(f.asked, "enable "+string(id)+map[bool]string{true: " on", false: " off"}[on])
	return nil
}

func (f *office) RemoveChannel(_ context.Context, _ soc.Session, id soc.ChannelID) error {
	f.asked = append(f.asked, "remove "+string(id))
	return nil
}

func (f *office) Tokens(context.Context) ([]soc.Token, error) {
	return []soc.Token{{ID: "token-1", Name: "dashboard", Scopes: []string{"metrics"}, Channel: "soc-mail-1", Created: now, Expires: now.Add(-time.Hour), Hash: []byte("canary")}}, nil
}

func (f *office) AddToken(_ context.Context, _ soc.Session, t soc.Token) (soc.Token, string, error) {
	f.token = t
	return t, "cordon_value", nil
}

func (f *office) RemoveToken(_ context.Context, _ soc.Session, id string) error {
	f.asked = append(f.asked, "token "+id)
	return nil
}

func (f *office) Resend(_ context.Context, _ soc.Session, name string, ids []string) (int, error) {
	f.asked = append(f.asked, "resend "+name+" "+strings.Join(ids, " "))
	return 2, nil
}

func (f *office) Drop(_ context.Context, _ soc.Session, name string, ids []string) (int, error) {
	f.asked = append(f.asked, "drop "+name+" "+strings.Join(ids, " "))
	return 1, nil
}

func openOffice() (*office, cli.App) {
	f := &office{list: []soc.ChannelStatus{
		{
			Channel: soc.Channel{ID: "soc-mail-1", Name: "soc-mail", Type: soc.ChannelMail, Enabled: true, Out: soc.Outlet{URL: "smtp://mail.test:587", From: "c@a.test", To: []string{"s@a.test"}}},
			State:   "ok", LastSend: now.Add(-time.Minute), Waiting: 1, Dead: 2, Effect: "mail will not be sent: host alerts are off",
		},
		{Channel: soc.Channel{ID: "broken-1", Name: "broken", Type: soc.ChannelSyslog}, State: "failing", Problem: "connection refused", Effect: "syslog waits"},
		{Channel: soc.Channel{Name: "from-file", Type: "file"}, FromFile: true, State: "ok", Effect: "everything is told to /var/log/x"},
	}}
	s := full()
	app := s.app()
	open := app.Open
	app.Open = func(ctx context.Context, o cli.Options) (*cli.Backend, error) {
		b, err := open(ctx, o)
		b.Channels, b.Letters = f, f
		b.Sinks = func(context.Context) ([]cli.Sink, error) {
			return []cli.Sink{{Name: "soc-mail", Type: "mail", Used: true, State: soc.SinkState{Dead: []soc.DeadLetter{
				{ID: "evt_7_aa", Seq: 7, At: now, Tries: 5, Action: "confirm", Target: "WS-1", Why: "554 no"},
			}}}, {Name: "quiet", Type: "mail", Off: true}}, nil
		}
		return b, err
	}
	return f, app
}

func TestV35_ChannelsListSaysWhatIsSent(t *testing.T) {
	_, app := openOffice()
	r := runApp(t, app, nil, "channels", "list")
	for _, want := range []string{"mail will not be sent: host alerts are off", "connection refused", "1m"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	if r := runApp(t, app, nil, "channels", "list", "--json"); !strings.Contains(r.out, `"effect": "mail will not be sent: host alerts are off"`) {
		t.Error(r.out)
	}
}

// What has no flag stays as it is, and a secret never stands on the command line.
func TestT18_ChannelsAddAndSet(t *testing.T) {
	f, app := openOffice()
	r := runApp(t, app, strings.NewReader("pass word\n"), "channels", "add", "mail", "--name", "m", "--url", "smtps://mail.test", "--from", "c@a.test",
		"--to", "s@a.test,t@a.test", "--user", "u", "--host-alerts", "--start-failures", "--secret-stdin")
	if r.code != 0 || f.secret != "pass word" || len(f.saved.Out.To) != 2 || !f.saved.Enabled || !f.saved.Out.HostAlerts || !f.saved.Out.StartFailures {
		t.Errorf("%+v: %+v with %q", r, f.saved, f.secret)
	}
	r = runApp(t, app, nil, "channels", "set", "soc-mail", "--host-alerts")
	if r.code != 0 || f.saved.ID != "soc-mail-1" || !f.saved.Out.HostAlerts || f.saved.Out.URL != "smtp://mail.test:587" || f.secret != "" {
		t.Errorf("%+v: %+v", r, f.saved)
	}
	r = runApp(t, app, nil, "channels", "set", "from-file", "--off")
	if r.code != cli.ExitRefused || !strings.Contains(r.err, "configuration file") {
		t.Errorf("%+v", r)
	}
	for _, flag := range []string{"--secret", "--password"} {
		if r := runApp(t, app, nil, "channels", "add", "mail", flag, "x"); r.code != cli.ExitUsage {
			t.Errorf("%s: %+v", flag, r)
		}
	}
}

func TestZ15_ChannelsTest(t *testing.T) {
	f, app := openOffice()
	if r := runApp(t, app, nil, "channels", "test", "soc-mail"); r.code != 0 || r.out != "soc-mail works\n" || !strings.Contains(r.err, "192.0.2.1") {
		t.Errorf("%+v", r)
	}
	app.Notify = func(context.Context, cli.Options, string) (string, time.Duration, error) {
		return "", 0, soc.ErrNotFound
	}
	if r := runApp(t, app, nil, "notify", "test", "broken"); r.code != cli.ExitUnreachable || !strings.Contains(r.err, "look into the receiver's log") {
		t.Errorf("%+v", r)
	}
	if r := runApp(t, app, nil, "notify", "test", "nobody"); r.code != cli.ExitNotFound {
		t.Errorf("%+v", r)
	}
	runApp(t, app, nil, "channels", "disable", "soc-mail")
	runApp(t, app, nil, "channels", "enable", "soc-mail")
	runApp(t, app, nil, "channels", "remove", "soc-mail")
	if got := strings.Join(f.asked, ", "); got != "enable soc-mail-1 off, enable soc-mail-1 on, remove soc-mail-1" {
		t.Error(got)
	}
}

func TestF79_NotifyDeadResendDrop(t *testing.T) {
	f, app := openOffice()
	if r := runApp(t, app, nil, "notify", "dead", "soc-mail"); !strings.Contains(r.out, "evt_7_aa") || !strings.Contains(r.out, "554 no") {
		t.Error(r.out)
	}
	if r := runApp(t, app, nil, "notify", "dead", "nobody"); r.code != cli.ExitNotFound {
		t.Errorf("%+v", r)
	}
	if r := runApp(t, app, nil, "notify", "resend", "soc-mail", "evt_7_aa"); r.out != "soc-mail: 2 messages sent\n" {
		t.Errorf("%+v", r)
	}
	if r := runApp(t, app, nil, "notify", "drop", "soc-mail"); r.out != "soc-mail: 1 message dropped\n" {
		t.Errorf("%+v", r)
	}
	if got := strings.Join(f.asked, ", "); got != "resend soc-mail evt_7_aa, drop soc-mail " {
		t.Error(got)
	}
	if r := runApp(t, app, nil, "notify", "list"); !strings.Contains(r.out, "off") {
		t.Error(r.out)
	}
}

func TestSC40_TokensOnTheCommandLine(t *testing.T) {
	f, app := openOffice()
	r := runApp(t, app, nil, "tokens", "add", "phones", "--scope", "lockdowns", "--scope", "metrics", "--expires", "24h")
	if r.out != "cordon_value\n" || len(f.token.Scopes) != 2 || !f.token.Expires.Equal(now.Add(24*time.Hour)) {
		t.Errorf("%+v: %+v", r, f.token)
	}
	r = runApp(t, app, nil, "tokens", "add", "phones", "--scope", "threats", "--channel", "soc-mail", "--expires", "2030-01-31")
	if r.code != 0 || f.token.Channel != "soc-mail-1" || f.token.Expires.Year() != 2030 {
		t.Errorf("%+v: %+v", r, f.token)
	}
	if r := runApp(t, app, nil, "tokens", "add", "phones", "--expires", "soon"); r.code != cli.ExitUsage {
		t.Errorf("%+v", r)
	}
	r = runApp(t, app, nil, "tokens", "list")
	if !strings.Contains(r.out, "EXPIRED") || strings.Contains(r.out, "canary") || !strings.Contains(r.out, "soc-mail ") || strings.Contains(r.out, "soc-mail-1") {
		t.Error(r.out)
	}
	if r := runApp(t, app, nil, "tokens", "list", "--json"); !strings.Contains(r.out, `"channel": "soc-mail-1"`) || !strings.Contains(r.out, `"channel_name": "soc-mail"`) {
		t.Error(r.out)
	}
	if r := runApp(t, app, nil, "tokens", "remove", "dashboard"); r.code != 0 || f.asked[0] != "token token-1" {
		t.Errorf("%+v", r)
	}
	if r := runApp(t, app, nil, "tokens", "remove", "nobody"); r.code != cli.ExitNotFound {
		t.Errorf("%+v", r)
	}
}
