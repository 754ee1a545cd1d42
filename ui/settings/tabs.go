package settings

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// tab is a section.
type tab int

const (
	tabIntegrations tab = iota
	tabPolling
	tabPolicy
	tabTokens
	tabGuide
	tabAbout
)

func tabName(t tab) string {
	return [...]string{"Integrations", "Polling", "Policy", "Tokens", "Set-up", "About"}[t]
}

// Tabs is the line of sections; at the right stands what the form belongs to, or why nothing can be changed.
func (m *Model) Tabs() (left, state string) {
	var parts []string
	for t := tabIntegrations; t <= tabAbout; t++ {
		text := fmt.Sprintf("%d %s", int(t)+1, tabName(t))
		if t == m.tab {
			text = m.th.Strong.Render("[" + text + "]")
		}
		parts = append(parts, text)
	}
	switch {
	case m.edit != nil && m.edit.what == editTenant && m.edit.tenant.ID != "":
		state = m.badge(m.edit.tenant)
		if m.w < wide { // the crumb has the name
			state = m.env(m.edit.tenant).Render("[" + environment(m.edit.tenant) + "]")
		}
	case m.denied() || m.may():
	case m.d.Session.ReadOnly:
		state = "read-only session"
	default:
		state = "read only: needs " + string(soc.RightSettingsEdit)
	}
	return strings.Join(parts, "  "), state
}

// pollingTab shows how each tenant is polled and what it costs.
func (m *Model) pollingTab() []string {
	if len(m.list) == 0 {
		return []string{"", "  Nothing is attached, so nothing is polled. 1 shows how to attach a tenant."}
	}
	var out []string
	for _, in := range m.list {
		c := m.conns[in.ID]
		out = append(
			out, m.ruleAs(m.badge(in)),
			m.fact("Poll interval", span(in.PollInterval)+", next "+m.next(c.NextPoll)),
			m.fact("Last good poll", strings.Replace(m.ago(c.LastOK)+" ago", "never ago", "never", 1)),
			m.fact("Max history", in.MaxHistory+m.since(in.MaxHistory)),
			m.fact("Call budget", fmt.Sprintf("%d of %d a minute, %d of %d an hour", c.MinuteUsed, c.MinuteLimit, c.HourUsed, c.HourLimit)),
			m.fact("Polling costs", perHour(in.PollInterval)),
			m.fact("Clock", "differs from Defender's by "+c.Skew.Abs().Round(time.Second).String()),
		)
		if c.Phase != "" {
			out = append(out, m.fact("Now", strings.TrimSpace(c.Phase+" "+progress(c.Done, c.Total))))
		}
		if c.Gap != "" {
			out = append(out, m.fact("Gap", m.th.Warn.Render(c.Gap)))
		}
	}
	return append(out, "", " The interval is changed in the form of the tenant (1, enter).")
}

func (m *Model) fact(name, value string) string { return " " + theme.Fit(name, 18) + value }

func (m *Model) next(t time.Time) string {
	if t.IsZero() || m.now.IsZero() {
		return "unknown"
	}
	return "in " + max(0, t.Sub(m.now)).Round(time.Second).String()
}

// perHour is what an idle tenant costs: one call for each poll, of 1,500 that an application has an hour.
func perHour(every time.Duration) string {
	if every <= 0 {
		return "unknown"
	}
	n := int(time.Hour / every)
	share := fmt.Sprintf("%d %%", n*100/1500)
	if n*100 < 1500 {
		share = "below 1 %"
	}
	return fmt.Sprintf("at least %d of 1500 calls an hour (%s)", n, share)
}

func progress(done, total int) string {
	switch {
	case total > 0:
		return fmt.Sprintf("%d of %d", done, total)
	case done > 0:
		return fmt.Sprint(done)
	}
	return ""
}

// policyTab shows the rules that every lockdown follows.
func (m *Model) policyTab() []string {
	p := m.policy
	onOff := m.th.Glyph.On + " on"
	if !p.LockdownOn {
		onOff = m.th.Glyph.Off + " OFF: no new lockdowns; running ones still release"
	}
	never := "nothing"
	if len(p.Never) > 0 {
		never = strings.Join(p.Never, ", ")
	}
	out := []string{
		m.fact("Lockdown", onOff),
		m.fact("Default duration", span(p.DefaultPeriod)+"   of 1h 2h 4h 8h 12h 24h"),
		m.fact("Clock starts", "when Defender confirms the isolation"),
		m.fact("Waiting, by hand", wait(p.PendingTTL)),
		m.fact("Waiting, by rule", wait(p.AutoTTL)),
		m.fact("Facts at most", span(p.FactsTTL)+" old when a lockdown is confirmed"),
		m.fact("Never isolate", never),
		m.fact("Typed device name", "for domain controllers, servers, value High, in bulk"),
		"", " This is what is in force (revision " + fmt.Sprint(p.Revision) + ").",
	}
	for _, in := range m.list {
		if !in.Enabled {
			out = append(out, m.th.Warn.Render(" NOT isolated now on "+in.Name+": its connection is switched off (1, space)"))
		}
	}
	return out
}

func wait(d time.Duration) string {
	if d == 0 {
		return "as long as Defender tries (3 days)"
	}
	return "cancelled after " + span(d)
}

// wrongNow lists what is wrong with the machinery under the lockdowns.
func (m *Model) wrongNow() []string {
	switch {
	case !m.told:
		return nil
	case len(m.troubles) == 0:
		return []string{"", m.fact("Machinery", m.th.Good.Render("ok")+": store, clock, disk and loops report no trouble")}
	}
	out := []string{"", m.rule(words.Count(len(m.troubles), "trouble") + " now")}
	for _, t := range m.troubles {
		style, since := m.th.Warn, ""
		if t.Level == soc.LevelBad {
			style = m.th.Bad
		}
		if !t.Since.IsZero() {
			since = " (since " + words.Zoned(t.Since, m.zone, "15:04:05") + ")"
		}
		for _, l := range wrap(t.What+since, m.w-4) {
			out = append(out, "  "+style.Render(l))
		}
		for _, more := range [][2]string{{"means: ", t.Means}, {"next: ", t.Next}} {
			if more[1] != "" {
				out = append(out, pane.Indent(wrap(more[0]+more[1], m.w-6), 4)...)
			}
		}
	}
	return out
}

// aboutTab names the program and its files.
func (m *Model) aboutTab() []string {
	out := []string{"", m.fact("cordon", m.d.Version), m.fact("built with", runtime.Version())}
	for _, f := range m.d.About {
		out = append(out, m.fact(f[0], f[1]))
	}
	out = append(out, m.wrongNow()...)
	return append(out, "", " Secrets are sealed before they reach the store; the key file lies beside it.")
}
