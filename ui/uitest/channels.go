package uitest

import (
	"context"
	"slices"
	"time"

	"cordon/store/soc"
)

// TokenValue is the value that AddToken answers.
const TokenValue = "cdn_4f9d2c7b1a6e8053"

// Channels returns ChannelList.
func (w *World) Channels(context.Context) ([]soc.ChannelStatus, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ChannelList), w.Err
}

// TestChannel reports three steps that all pass, or a failed connection when Err is set.
func (w *World) TestChannel(_ context.Context, _ soc.Session, draft soc.Channel, secret string, report func(soc.Step)) ([]soc.Step, error) {
	err := w.called("test-channel", soc.HostKey{}, [2]string{draft.Name, secret})
	var steps []soc.Step
	for i, name := range []string{"address", "connect", "test message"} {
		s := soc.Step{Name: name, Status: soc.StepOK, Took: time.Duration(9*(i+1)) * time.Millisecond, Detail: "ok"}
		if err != nil && i == 1 {
			s.Status, s.Detail, s.Fix = soc.StepFail, "connection refused", "check the address and the port"
		} else if err != nil && i > 1 {
			s.Status, s.Took, s.Detail = soc.StepSkip, 0, "not tried"
		}
		steps = append(steps, s)
		if report != nil {
			report(s)
		}
	}
	return steps, nil
}

// SaveChannel records the order and stores the channel.
func (w *World) SaveChannel(_ context.Context, _ soc.Session, draft soc.Channel, secret string) (soc.Channel, error) {
	if err := w.called("save-channel", soc.HostKey{}, draft); err != nil {
		return soc.Channel{}, err
	}
	if secret != "" {
		_ = w.called("save-channel-secret", soc.HostKey{}, secret)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	draft.Revision++
	i := slices.IndexFunc(w.ChannelList, func(s soc.ChannelStatus) bool { return draft.ID != "" && s.Channel.ID == draft.ID })
	if i >= 0 {
		w.ChannelList[i].Channel = draft
		return draft, nil
	}
	draft.ID = soc.ChannelID("ch-" + draft.Name)
	w.ChannelList = append(w.ChannelList, soc.ChannelStatus{Channel: draft, State: "never used"})
	return draft, nil
}

// EnableChannel switches a channel.
func (w *World) EnableChannel(_ context.Context, _ soc.Session, id soc.ChannelID, on bool) error {
	if err := w.called("enable-channel", soc.HostKey{}, on); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.ChannelList {
		if c := &w.ChannelList[i]; c.Channel.ID == id {
			c.Channel.Enabled = on
			c.State = map[bool]string{true: "ok", false: "off"}[on]
		}
	}
	return nil
}

// RemoveChannel forgets a channel.
func (w *World) RemoveChannel(_ context.Context, _ soc.Session, id soc.ChannelID) error {
	if err := w.called("remove-channel", soc.HostKey{}, id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ChannelList = slices.DeleteFunc(w.ChannelList, func(s soc.ChannelStatus) bool { return s.Channel.ID == id })
	return nil
}

// Tokens returns TokenList.
func (w *World) Tokens(context.Context) ([]soc.Token, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.TokenList), w.Err
}

// AddToken stores a token; its value is TokenValue.
func (w *World) AddToken(_ context.Context, _ soc.Session, draft soc.Token) (soc.Token, string, error) {
	if err := w.called("add-token", soc.HostKey{}, draft); err != nil {
		return soc.Token{}, "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	draft.ID, draft.Created = "tok-"+draft.Name, Now()
	w.TokenList = append(w.TokenList, draft)
	return draft, TokenValue, nil
}

// RemoveToken forgets a token.
func (w *World) RemoveToken(_ context.Context, _ soc.Session, id string) error {
	if err := w.called("remove-token", soc.HostKey{}, id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.TokenList = slices.DeleteFunc(w.TokenList, func(t soc.Token) bool { return t.ID == id })
	return nil
}

// WithChannels adds one channel of each type and two tokens.
func (w *World) WithChannels() *World {
	status := func(c soc.Channel, state string, last time.Duration) soc.ChannelStatus {
		c.ID, c.Enabled, c.Revision = soc.ChannelID("ch-"+c.Name), true, 2
		s := soc.ChannelStatus{Channel: c, State: state}
		if last > 0 {
			s.LastSend = Now().Add(-last)
		}
		return s
	}
	threats := status(soc.Channel{Type: soc.ChannelThreats, Name: "mobile-threats", Tenant: Tenant, AtLeast: soc.ThreatElevated}, "ok", 4*time.Minute)
	probes := status(soc.Channel{
		Type: soc.ChannelProbes, Name: "probes", Tenant: Tenant,
		Indicators: soc.IndicatorDefaults{Action: "Block", Severity: "High", Lifetime: 30 * 24 * time.Hour},
	}, "never used", 0)
	mail := status(soc.Channel{Type: soc.ChannelMail, Name: "soc-mail", Out: soc.Outlet{
		URL: "smtp://mail.contoso.example:587", From: "cordon@contoso.example", To: []string{"soc@contoso.example"}, User: "cordon",
	}}, "ok", 49*time.Minute)
	mail.Effect = `mail about lockdowns will not be sent: "Host alerts" is off`
	siem := soc.Outlet{URL: "tls://10.9.0.20:6514", Layout: "cef"}
	syslog := status(soc.Channel{Type: soc.ChannelSyslog, Name: "siem", Out: siem}, "failing", 3*time.Hour)
	syslog.Problem, syslog.Waiting, syslog.Dead = "10.9.0.20:6514 does not answer; next try in 2m", 12, 1
	syslog.Effect = "lines will be sent to 10.9.0.20:6514 as soon as it answers"
	ticket := soc.Outlet{URL: "https://hooks.contoso.example/cordon"}
	hook := status(soc.Channel{Type: soc.ChannelWebhook, Name: "ticket-hook", Out: ticket}, "ok", 12*time.Minute)
	hook.FromFile, hook.Effect = true, "messages will be sent to hooks.contoso.example"
	w.ChannelList = []soc.ChannelStatus{threats, probes, mail, syslog, hook}
	w.TokenList = []soc.Token{
		{
			ID: "tok-mdm", Name: "mdm-gateway", Scopes: []string{soc.ScopeThreats}, Channel: "ch-mobile-threats", Created: Now().AddDate(0, -1, 0),
			Expires: Now().AddDate(0, 5, 0), LastUsed: Now().Add(-4 * time.Minute), Revision: 1,
		},
		{
			ID: "tok-prom", Name: "prometheus", Scopes: []string{soc.ScopeMetrics, soc.ScopeLockdowns},
			Created: Now().AddDate(0, -2, 0), Expires: Now().Add(-time.Hour), Revision: 1,
		},
	}
	return w
}

// PermissionsNow returns PermissionList.
func (w *World) PermissionsNow(_ context.Context, _ soc.Session, id soc.IntegrationID) (soc.PermissionReport, error) {
	return w.PermissionList[id], w.called("permissions-now", soc.HostKey{Integration: id}, nil)
}
