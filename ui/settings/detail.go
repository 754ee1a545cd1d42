package settings

import (
	"fmt"
	"strings"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// tenantLines describe one tenant: condition, test, permissions, hosts.
func (m *Model) tenantLines(in soc.Integration, w, h int) []string {
	c := m.conns[in.ID]
	var out []string
	if c.Problem != "" && !(m.tested(tenantRef(in.ID)) && failed(m.job.steps) > 0) { // a failed test says the same, and what to do
		out = append(out, wrap(m.th.Warn.Render("! ")+c.Problem, w)...)
	}
	if text, level := secretAge(in.SecretExpiry, m.now); level > 0 {
		out = append(out, m.age(level).Render("! secret "+text))
	}
	if m.tested(tenantRef(in.ID)) {
		return pane.Pad(append(out, m.testLines(w, h-len(out))...))
	}
	out = append(out, m.underWay(tenantRef(in.ID))...)
	out = append(out, m.permissionSummary(in, w)...)
	contacts := "Contacts   " + strings.Join(m.contacts(in), ", ")
	if theme.Width(contacts) > w {
		out = append(out, m.listed("Contacts   ", m.contacts(in))...)
	} else {
		out = append(out, contacts)
	}
	return pane.Pad(append(
		out,
		"Client ID  "+in.ClientID+"   cloud "+in.Cloud,
		"Signs in   with "+signsIn(in)+m.secretLeft(in),
		"History    at most "+in.MaxHistory+m.since(in.MaxHistory),
		"Used by    "+or(strings.Join(in.Allowed, ", "), "everybody")+m.notMe(in),
	))
}

// notMe says that the person looking may not use the tenant.
func (m *Model) notMe(in soc.Integration) string {
	if in.Admits(m.d.Session.Actor) {
		return ""
	}
	return m.th.Warn.Render("   not by you (" + m.d.Session.Actor.Name + ")")
}

// listed puts one value on each line below a name.
func (m *Model) listed(name string, values []string) []string {
	var out []string
	for i, v := range values {
		if i > 0 {
			name = strings.Repeat(" ", len(name))
		}
		out = append(out, name+v)
	}
	return out
}

// contacts are the hosts that a firewall must let us reach (V-10).
func (m *Model) contacts(in soc.Integration) []string {
	out := hosts(in.Login, in.API)
	if in.Proxy != "" && in.Proxy != "none" {
		out = append(out, "through "+strings.Join(hosts(in.Proxy), ""))
	}
	return out
}

func signsIn(in soc.Integration) string {
	switch in.Auth {
	case authCert:
		return "a certificate"
	case authManaged:
		return "the managed identity of this machine"
	case authWorkload:
		return "a workload identity"
	}
	return "a client secret"
}

func (m *Model) secretLeft(in soc.Integration) string {
	if text, level := secretAge(in.SecretExpiry, m.now); text != "" {
		return ", " + m.ageText(text, level)
	}
	if in.Auth == authSecret || in.Auth == authCert {
		return ", end not known (Expires on)"
	}
	return ""
}

func (m *Model) ageText(text string, level int) string {
	if level == 0 {
		return text
	}
	return m.age(level).Render(text)
}

// since is the moment that "30 days ago" is now.
func (m *Model) since(text string) string {
	t, err := m.history(text)
	if err != nil || t.IsZero() {
		return ""
	}
	return " = from " + t.UTC().Format("2006-01-02 15:04") + "Z on"
}

// underWay is the line of a job that has no steps to show.
func (m *Model) underWay(r ref) []string {
	if m.job.of != r || !m.job.running {
		return nil
	}
	return []string{fmt.Sprintf("%s, %d s (esc stops)", m.job.task.verb(), m.seconds())}
}

// tested reports that there are steps to show for a row.
func (m *Model) tested(r ref) bool {
	return m.job.of == r && !m.job.away && (m.job.running || m.job.done) && len(m.job.steps) > 0
}

// channelLines describe one channel: what it does, how it is doing, and what would happen now (V-35).
func (m *Model) channelLines(s soc.ChannelStatus, w, h int) []string {
	c := s.Channel
	var out []string
	idle, _ := m.idle(c)
	for _, why := range []string{idle, s.Problem} {
		if why != "" {
			out = append(out, wrap(m.th.Warn.Render("! ")+why, w)...)
		}
	}
	if m.tested(channelRef(c.ID)) {
		return append(out, m.testLines(w, h-len(out))...)
	}
	out = append(out, m.underWay(channelRef(c.ID))...)
	out = append(out, m.effect(s, w)...)
	out = append(out, channelFacts(c, m.list)...)
	last := "never"
	if !s.LastSend.IsZero() {
		last = m.ago(s.LastSend) + " ago, " + words.Zoned(s.LastSend, m.zone, "2006-01-02 15:04:05")
	}
	name := "Last sent  "
	if !c.Type.Out() {
		name = "Last came  "
	}
	out = append(out, name+last, fmt.Sprintf("Waiting    %d", s.Waiting))
	if s.Dead > 0 {
		out = append(out, m.th.Bad.Render(fmt.Sprintf("Dead       %s: the receiver refused for good", words.Count(int(s.Dead), "message"))))
	} else {
		out = append(out, "Dead       0 (refused for good)")
	}
	if s.FromFile {
		out = append(out, m.th.Muted.Render("It stands in config.yaml and is changed there."))
	}
	return out
}

// effect is what the channel does now, all switches taken together.
func (m *Model) effect(s soc.ChannelStatus, w int) []string {
	if s.Effect == "" {
		return nil
	}
	style := m.th.Good
	if strings.Contains(s.Effect, " not ") || s.State == "failing" || s.State == "stopped" {
		style = m.th.Warn
	}
	out := theme.Wrap("NOW: "+s.Effect, w)
	for i := range out {
		out[i] = style.Render(out[i])
	}
	return out
}

// channelFacts is where a channel leads.
func channelFacts(c soc.Channel, list []soc.Integration) []string {
	var out []string
	for _, in := range list {
		if in.ID == c.Tenant && !c.Type.Out() {
			out = append(out, "Into       "+in.Name+" ["+environment(in)+"]")
		}
	}
	switch c.Type {
	case soc.ChannelThreats:
		filter := levelOr(c.AtLeast).Filter()
		return append(out, "Sends      "+filter+" ("+strings.TrimPrefix(sent(filter), "sends ")+")")
	case soc.ChannelProbes:
		d := c.Indicators
		return append(out, "Makes      indicators: "+or(d.Action, "Block")+", severity "+or(d.Severity, "Medium")+", life "+days(d.Lifetime))
	case soc.ChannelMail:
		return append(out, "To         "+or(strings.Join(c.Out.To, ", "), "nobody"), "Server     "+c.Out.URL)
	case soc.ChannelSyslog:
		return append(out, "To         "+c.Out.URL, "Layout     "+or(c.Out.Layout, "cef"))
	}
	return append(out, "To         "+c.Out.URL)
}
