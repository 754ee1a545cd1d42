package settings

import (
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/form"
)

// Ids of the fields of channels; name and enabled are those of a tenant.
const (
	fInto     = "into"
	fAtLeast  = "atleast"
	fAction   = "action"
	fSeverity = "severity"
	fLifetime = "lifetime"
)

// typeName is a type as people read it.
func typeName(t soc.ChannelType) string {
	switch t {
	case soc.ChannelThreats:
		return "threat reporting"
	case soc.ChannelProbes:
		return "probe results"
	}
	return string(t)
}

// newChannel is the form of a channel, or of a new one of a type.
func (m *Model) newChannel(s soc.ChannelStatus) *edit {
	c := s.Channel
	if c.ID == "" {
		c = freshChannel(c.Type)
	}
	e := &edit{what: editChannel, channel: c}
	if s.FromFile {
		e.fixed = "it stands in config.yaml and is changed there"
	}
	fields := []*form.Field{form.NewText(fName, "Name", c.Name, "a name for it").Checked(m.named(fName, "", c.ID))}
	switch c.Type {
	case soc.ChannelThreats, soc.ChannelProbes:
		fields = append(fields, m.wayIn(c)...)
	case soc.ChannelMail:
		fields = append(fields, mailFields(c)...)
	case soc.ChannelSyslog:
		fields = append(fields, syslogFields(c)...)
	case soc.ChannelWebhook:
		fields = append(fields, webhookFields(c)...)
	}
	e.form = form.New(append(fields, form.NewSwitch(fEnabled, "Enabled", c.Enabled, enabledNote(c.Type)))...)
	return e
}

// freshChannel is what a new channel starts with: threat reports are Critical only (M-03).
func freshChannel(t soc.ChannelType) soc.Channel {
	c := soc.Channel{Type: t, Enabled: true}
	switch t {
	case soc.ChannelThreats:
		c.AtLeast = soc.ThreatCritical
	case soc.ChannelProbes:
		c.Indicators = soc.IndicatorDefaults{Action: "Block", Severity: "Medium", Lifetime: 30 * 24 * time.Hour}
	case soc.ChannelMail:
		c.Out.HostAlerts = true
	case soc.ChannelSyslog:
		c.Out.Layout = "cef"
	}
	return c
}

func enabledNote(t soc.ChannelType) string {
	switch t {
	case soc.ChannelThreats:
		return "take reports and send them to Defender"
	case soc.ChannelProbes:
		return "take results and make indicators of them"
	}
	return "tell about every lockdown and release"
}

// wayIn are the fields of threats and probes: the tenant that they lead to, and what becomes of what comes in.
func (m *Model) wayIn(c soc.Channel) []*form.Field {
	names, chosen := m.tenantNames(), ""
	if in, ok := m.tenantOf(c.Tenant); ok {
		chosen = in.Name
	} else if c.ID == "" && len(names) > 0 {
		chosen = names[0]
	}
	out := []*form.Field{
		form.NewChoice(fInto, "Into tenant", chosen, names...).Checked(m.intoCheck).Remarked(func(f *form.Form) string {
			for _, in := range m.list {
				if in.Name == f.Get(fInto) {
					return "[" + environment(in) + "]"
				}
			}
			return ""
		}),
	}
	if c.Type == soc.ChannelThreats {
		return append(out, form.NewChoice(fAtLeast, "Send", levelOr(c.AtLeast).Filter(), filters()...).Remarked(func(f *form.Form) string {
			return sent(f.Get(fAtLeast))
		}))
	}
	d := c.Indicators
	return append(
		out,
		form.NewChoice(fAction, "Action", or(d.Action, soc.ProbeAction), actions()...).Remarked(func(f *form.Form) string {
			return actionRemark(f.Get(fAction))
		}),
		form.NewChoice(fSeverity, "Severity", or(d.Severity, "Medium"), severities()...),
		form.NewText(fLifetime, "Lives for", days(d.Lifetime), "30 days, or never").Checked(func(f *form.Form) string {
			if _, ok := lifetime(f.Get(fLifetime)); !ok {
				return "write a number of days such as 30 days, or never"
			}
			return ""
		}),
	)
}

// intoCheck refuses a way in that leads nowhere: no tenant, or one that is switched off (T-21).
func (m *Model) intoCheck(f *form.Form) string {
	for _, in := range m.list {
		switch {
		case in.Name != f.Get(fInto):
		case !in.Enabled:
			return in.Name + " is switched off, so nothing would be sent; switch it on first, or choose another (< >)"
		default:
			return ""
		}
	}
	if len(m.list) == 0 {
		return "no tenant is attached; attach a Defender tenant first"
	}
	return "choose a tenant with < >"
}

func (m *Model) tenantNames() []string {
	var out []string
	for _, in := range m.list {
		out = append(out, in.Name)
	}
	return out
}

// filters are the four choices, from the strictest on (M-05).
func filters() []string {
	var out []string
	for _, l := range slices.Backward(soc.ThreatLevels()) {
		out = append(out, l.Filter())
	}
	return out
}

func levelOr(l soc.ThreatLevel) soc.ThreatLevel {
	if l.Rank() < 0 {
		return soc.ThreatCritical
	}
	return l
}

// levelOf is the level of a filter's text.
func levelOf(filter string) soc.ThreatLevel {
	for _, l := range soc.ThreatLevels() {
		if l.Filter() == filter {
			return l
		}
	}
	return soc.ThreatCritical
}

// sent names the levels that a filter lets through (M-06).
func sent(filter string) string {
	var out []string
	for _, l := range soc.ThreatLevels()[levelOf(filter).Rank():] {
		out = append(out, string(l))
	}
	return "sends " + strings.Join(out, ", ")
}

// actionRemark says what an action does with what an unprotected test used.
func actionRemark(action string) string {
	switch action {
	case "Audit":
		return "stops nothing: only raises an alert"
	case "Warn":
		return "warns people, who can go on"
	case "BlockAndRemediate":
		return "blocks it and removes it"
	}
	return "blocks it on every device"
}

func actions() []string    { return []string{"Audit", "Warn", "Block", "BlockAndRemediate"} }
func severities() []string { return []string{"Informational", "Low", "Medium", "High"} }

// channelDraft is the channel as typed, without the secret.
func (m *Model) channelDraft() soc.Channel {
	c, f := m.edit.channel, m.edit.form
	c.Name, c.Enabled = f.Get(fName), f.On(fEnabled)
	switch c.Type {
	case soc.ChannelThreats, soc.ChannelProbes:
		for _, in := range m.list {
			if in.Name == f.Get(fInto) {
				c.Tenant = in.ID
			}
		}
	}
	switch c.Type {
	case soc.ChannelThreats:
		c.AtLeast = levelOf(f.Get(fAtLeast))
	case soc.ChannelProbes:
		c.Indicators.Action, c.Indicators.Severity = f.Get(fAction), f.Get(fSeverity)
		c.Indicators.Lifetime, _ = lifetime(f.Get(fLifetime))
	default:
		c.Out = outlet(c, f)
	}
	return c
}
