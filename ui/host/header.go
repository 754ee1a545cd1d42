package host

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// headerHeight is the name, two lines of facts, the two lines of the lockdown widget, and a rule.
const headerHeight = 6

func (m *Model) header(w int) []string {
	return []string{
		m.nameLine(w),
		theme.Clip(m.factsLine(), w),
		theme.Clip(m.riskLine(), w),
		theme.Clip(m.widget(), w),
		theme.Clip(m.lifeLine(w), w),
		pane.Rule(m.th, m.filterNote(), w),
	}
}

// nameLine is the name and its tags at the left, the isolation word at the right; the word is never cut.
func (m *Model) nameLine(w int) string {
	name := m.f.host.Name
	if name == "" {
		name = "name " + words.Unknown + " (" + words.ShortID(m.key.MachineID) + ")"
	}
	left := m.th.Title.Render(name) + m.marks()
	word, style := m.isolation()
	if strings.HasPrefix(word, words.Unknown) {
		word = "isolation " + word
	}
	return theme.Ends(left, " "+style.Render(word), w)
}

// marks are the bracketed words after the name: what it is, why it is protected, what is odd about the record.
func (m *Model) marks() string {
	h := m.f.host
	var b strings.Builder
	add := func(text string, style lipgloss.Style) { b.WriteString(" " + style.Render("["+text+"]")) }
	role, why := h.Role(), h.Protected()
	if role == "" {
		role = "role " + words.Unknown
	}
	if m.f.known {
		add(role, m.th.Muted)
	}
	switch {
	case why != "" && why == role:
		add("PROTECTED", m.th.Warn)
	case why != "":
		add("PROTECTED "+why, m.th.Warn)
	}
	if h.Gone {
		add("GONE", m.th.Bad)
	}
	if h.MergedInto != "" {
		add("MERGED", m.th.Bad)
	}
	if h.Excluded {
		add("EXCLUDED", m.th.Warn)
	}
	for _, t := range h.Tags {
		if t != role {
			add(t, m.th.Muted)
		}
	}
	return b.String()
}

func (m *Model) factsLine() string {
	h := m.f.host
	if !m.f.known {
		return m.th.Warn.Render(m.noRecord())
	}
	parts := []string{osName(h), "ip " + words.Or(h.LastIP), "group " + words.Or(h.Group), "seen " + m.seen()}
	return strings.Join(parts, "   ")
}

// noRecord says why there is no record: asked and waiting, or asked in vain.
func (m *Model) noRecord() string {
	if m.blind() {
		return "no record of this host: the app of " + m.tenant() + " lacks Machine.Read.All (` then s, p)"
	}
	if m.lost() {
		return "no record of this host: " + m.tenant() + " is " + words.Or(m.conn.State) + "; it is asked again as soon as that ends"
	}
	return "no record of this host yet: Defender is being asked; i asks again"
}

func (m *Model) seen() string {
	if m.f.host.LastSeen.IsZero() {
		return words.Unknown
	}
	return words.Age(m.now, m.f.host.LastSeen) + " ago"
}

func (m *Model) riskLine() string {
	h := m.f.host
	if !m.f.known {
		return m.alertCount()
	}
	health := m.th.Text
	if !h.Reachable() {
		health = m.th.Warn
	}
	parts := []string{"risk " + words.Or(h.Risk), "exposure " + words.Or(h.Exposure), "sensor " + health.Render(words.Or(h.Health)), m.alertCount()}
	if !h.Onboarded() {
		parts = append(parts, m.th.Warn.Render(words.Or(h.Onboarding)))
	}
	if m.w >= twoPanes {
		parts = append(parts, "agent "+words.Or(h.AgentVersion))
	}
	return strings.Join(parts, "   ")
}

func (m *Model) alertCount() string {
	if !m.d.Session.Can(soc.RightAlertsView) {
		return "alerts not shown"
	}
	if m.f.alertsErr != nil {
		return "alerts " + words.Unknown
	}
	open, high := m.f.openAlerts()
	s := fmt.Sprintf("open alerts %d", open)
	if high > 0 {
		s += fmt.Sprintf(" (%d high)", high)
	}
	return s
}

func osName(h soc.Host) string {
	s := strings.TrimSpace(h.OSPlatform + " " + h.Version)
	return words.Or(s)
}

// widget is the lockdown in one line (V-18, V-29), or why there is none.
func (m *Model) widget() string {
	if why := m.noWidget(); why != "" {
		return m.th.Muted.Render("no lockdown widget: " + why)
	}
	s := m.standing()
	switch {
	case s.ours != nil:
		return m.running(*s.ours)
	case s.outside:
		return m.foreign(s)
	case s.ended != nil:
		return m.th.Warn.Render("ISOLATED by our "+string(s.ended.ID)+", which is "+string(s.ended.Phase)) +
			m.dot() + "the list is from " + m.clock(m.f.iso.AsOf) + "; i asks Defender again"
	}
	return m.idle()
}

// noWidget is the reason why this host can have no lockdown; empty if it can.
func (m *Model) noWidget() string {
	h := m.f.host
	switch {
	case !m.d.Session.Can(soc.RightLockdownView):
		return "you lack the right lockdown.view"
	case m.f.open() != nil:
		return "" // whatever the record says, an open obligation is shown
	case m.f.locksErr != nil:
		return "lockdowns could not be read: " + m.f.locksErr.Error()
	case h.Gone:
		return "Defender does not know this host any more (record " + words.Age(m.now, h.FetchedAt) + " old)"
	case !m.f.known && m.blind():
		return "hosts of this tenant may not be read"
	case !m.f.known:
		return "host unknown to Defender so far"
	case h.MergedInto != "":
		return "this record was merged into " + words.ShortID(h.MergedInto) + "; lock that one (s goes there)"
	case !h.Onboarded():
		return "not onboarded (" + words.Or(h.Onboarding) + "), Defender can not isolate it"
	}
	return ""
}

// notYet says what is known of an isolation that nobody has confirmed; only an order that was not sent is surely none.
func notYet(p soc.Phase) string {
	switch p {
	case soc.PhaseRequested:
		return "not sent yet"
	case soc.PhaseSubmitting, soc.PhaseNeedsHuman:
		return "may or may not be isolated"
	}
	return "not confirmed yet"
}

// running is an open lockdown: `ISOLATED 1:12:09 left · locked by alice · reason`.
func (m *Model) running(l soc.Lockdown) string {
	word, style := l.Word(m.now), m.th.Isolated
	if m.stopped.Code != "" {
		word += "?"
	}
	parts := []string{}
	switch {
	case l.Deadline.IsZero():
		style = m.th.Warn
		parts = append(parts, word+" "+words.Period(l.Period)+" from enforcement, "+notYet(l.Phase))
	case l.Left(m.now) < 0:
		style = m.th.Bad
		parts = append(parts, word+" "+words.Overdue(-l.Left(m.now)))
	default:
		parts = append(parts, word+" "+words.Span(l.Left(m.now))+" left")
	}
	parts[0] = style.Render(parts[0])
	parts = append(parts, "locked by "+who(l.By))
	if l.Trouble != "" && l.Phase != soc.PhaseReleaseBlocked && l.Phase != soc.PhaseNeedsHuman { // those say it in the state line
		parts = append(parts, m.th.Bad.Render(l.Trouble))
	}
	return strings.Join(append(parts, words.Or(l.Reason)), m.dot())
}

// foreign is an isolation that is not ours: who and since when, and that the release key is off here (V-30, V-31).
func (m *Model) foreign(s standing) string {
	a := s.force
	by := words.Or(a.Requestor)
	if a.Source != "" {
		by += " (" + a.Source + ")"
	}
	head := soc.IsolatedOutside
	since := "since " + m.minute(a.Finished())
	if m.f.iso.Word == soc.Isolating {
		head, since = "Being isolated from outside", "ordered "+m.minute(a.Created)
	}
	return m.th.Isolated.Render(head) + m.dot() + "by " + by + " " + since + m.dot() + "no timer"
}

func (m *Model) idle() string {
	l := m.f.last()
	if l == nil {
		return m.th.Muted.Render("no lockdown, none before")
	}
	return m.th.Muted.Render(fmt.Sprintf("no lockdown%slast %s %s by %s (%s, %s)",
		m.dot(), m.minute(l.RequestedAt), words.Period(l.Period), who(l.By), l.Phase, words.Or(string(l.Cause))))
}

// lifeLine is the honest state line of the lockdown, or why the key that one would reach for is off.
func (m *Model) lifeLine(w int) string {
	if l := m.f.open(); l != nil && m.d.Session.Can(soc.RightLockdownView) {
		return m.stateLine(*l, w)
	}
	if m.standing().outside {
		if v := m.f.may[soc.ActRelease]; !v.Allowed && v.Why != "" {
			return m.th.Muted.Render("U is off: " + v.Why)
		}
		return m.th.Muted.Render("U asks for the device name: this isolation is not ours")
	}
	if v := m.f.may[soc.ActIsolate]; m.loaded && !v.Allowed && v.Why != "" {
		return m.th.Muted.Render("L is off: " + v.Why)
	}
	return ""
}
