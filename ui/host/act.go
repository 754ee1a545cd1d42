package host

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// isolate opens the lockdown dialog for exactly this id. The reason is proposed from the alert that is selected, or that led here.
func (m *Model) isolate() tea.Cmd {
	msg := screen.IsolateMsg{Hosts: []soc.HostKey{m.key}, Because: m.because()}
	if a, ok := m.f.alertRow(msg.Because.ID); ok {
		msg.Reason = a.Severity.Word() + " " + a.Title
	}
	return screen.Send(msg)
}

func (m *Model) because() soc.AlertKey {
	t := m.focused()
	if t != tabAlerts && t != tabTimeline {
		return m.alert
	}
	id, _, ok := m.grids[t].Cursor()
	if !ok {
		return m.alert
	}
	if a, found := m.f.alertRow(strings.TrimPrefix(id, "alert/")); found {
		return a.Key
	}
	return m.alert
}

func (m *Model) period() tea.Cmd {
	l := m.f.open()
	if l == nil {
		return nil
	}
	if waiting(*l) {
		return screen.Send(screen.CancelMsg{Lockdown: l.ID})
	}
	return screen.Send(screen.PeriodMsg{Lockdown: l.ID})
}

// goSame goes to the record that this one was merged into, else to the next one of the same name.
func (m *Model) goSame() tea.Cmd {
	to := soc.HostKey{Integration: m.key.Integration, MachineID: m.f.host.MergedInto}
	if to.IsZero() {
		to = m.f.same[0].Key
		for _, h := range m.f.same {
			if h.Key.MachineID > m.key.MachineID {
				to = h.Key
				break
			}
		}
	}
	return screen.Send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: to}})
}

// portals are the addresses of the Defender portal per cloud; a custom cloud has none that we know.
func portal(cloud string) string {
	switch cloud {
	case "commercial", "gcc", "":
		return "https://security.microsoft.com"
	case "gcc-high":
		return "https://security.microsoft.us"
	case "dod":
		return "https://security.apps.mil"
	}
	return ""
}

func (m *Model) noLink() string {
	if m.conn.Integration.ID == "" {
		return "the cloud of this tenant is not known yet"
	}
	if portal(m.conn.Integration.Cloud) == "" {
		return "the portal address of a custom cloud is not known"
	}
	return m.noHost()
}

func (m *Model) link() string {
	url := portal(m.conn.Integration.Cloud) + "/machines/v2/" + m.key.MachineID + "/overview"
	if m.conn.Integration.TenantID != "" {
		url += "?tid=" + m.conn.Integration.TenantID
	}
	return url
}

// textMsg brings an alert that was read to be shown in a box.
type textMsg struct {
	key   soc.HostKey
	title string
	text  string
	err   error
}

func (m *Model) takeText(msg textMsg) tea.Cmd {
	if msg.key != m.key {
		return nil
	}
	if msg.err != nil {
		return screen.Send(screen.NoticeMsg{Level: screen.Bad, Err: msg.err, Text: "could not read the alert: " + msg.err.Error() + "; nothing changed, press again"})
	}
	return screen.Send(screen.TextMsg{Title: msg.title, Text: msg.text})
}

// openRow shows all about the row under the cursor.
func (m *Model) openRow() tea.Cmd {
	t := m.focused()
	if !t.list() {
		return nil
	}
	id, _, ok := m.grids[t].Cursor()
	if !ok {
		return nil
	}
	if alert, isAlert := m.rowAlert(t, id); isAlert {
		return m.readAlert(alert, false)
	}
	const boxed = 100
	lines := m.detailOf(t, id, boxed)
	if t == tabUsers {
		lines = m.userDetail(boxed)
	}
	for i := range lines {
		lines[i] = unstyled(lines[i])
	}
	return screen.Send(screen.TextMsg{Title: t.title() + " of " + m.Title(), Text: strings.Join(lines, "\n")})
}

func (m *Model) rowAlert(t tab, id string) (soc.AlertKey, bool) {
	if t == tabTimeline {
		alert, ok := strings.CutPrefix(id, "alert/")
		if !ok {
			return soc.AlertKey{}, false
		}
		id = alert
	} else if t != tabAlerts {
		return soc.AlertKey{}, false
	}
	a, ok := m.f.alertRow(id)
	return a.Key, ok
}

// openRaw shows the raw JSON of the row under the cursor, or goes to the raw tab.
func (m *Model) openRaw() tea.Cmd {
	t := m.focused()
	if t.list() {
		id, _, ok := m.grids[t].Cursor()
		if alert, isAlert := m.rowAlert(t, id); ok && isAlert {
			return m.readAlert(alert, true)
		}
		id = strings.TrimPrefix(id, "action/")
		id, _, _ = strings.Cut(id, "/")
		for _, a := range m.f.actions {
			if ok && a.ID == id {
				return screen.Send(screen.TextMsg{Title: "action " + a.ID, Text: strings.Join(pretty(encode(a)), "\n")})
			}
		}
	}
	m.show(tabRaw)
	return nil
}

// readAlert reads an alert from the store for a box: all its fields in words, or the bytes that were received.
func (m *Model) readAlert(key soc.AlertKey, raw bool) tea.Cmd {
	d, host := m.d, m.key
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		out := textMsg{key: host, title: "alert " + key.ID}
		if raw {
			b, err := d.Reader.AlertRaw(ctx, key)
			out.text, out.err = strings.Join(pretty(b), "\n"), err
			return out
		}
		a, err := d.Reader.Alert(ctx, key)
		out.text, out.err = alertText(a), err
		return out
	}
}

// alertText is an alert in words for the box; its evidence as JSON, because its fields differ from kind to kind.
func alertText(a soc.Alert) string {
	out := []string{a.Severity.Word() + "  " + words.Or(a.Title), ""}
	out = append(out, pairs(96, "status", a.Status.Word(), "owner", words.Or(a.AssignedTo), "category", words.Or(a.Category), "source", words.Or(a.DetectionSource),
		"techniques", words.Or(strings.Join(a.Techniques, ", ")), "id", a.ID)...)
	out = append(out, "", "DESCRIPTION", words.Or(a.Description), "", "WHAT DEFENDER RECOMMENDS", words.Or(a.RecommendedAction))
	for _, c := range a.Comments {
		out = append(out, "", "COMMENT by "+words.Or(c.By), c.Text)
	}
	for _, e := range a.Evidence {
		out = append(append(out, "", "EVIDENCE "+e.EntityType), pretty(encode(e))...)
	}
	return strings.Join(out, "\n")
}

// show changes the tab.
func (m *Model) show(t tab) {
	m.tab = t
	m.fill()
}

// back clears the filter first, then goes back.
func (m *Model) back() tea.Cmd {
	if m.filter != "" && m.focused() == tabTimeline {
		m.setFilter("")
		return nil
	}
	return screen.Send(screen.BackMsg{})
}

// startTyping opens the filter on the timeline.
func (m *Model) startTyping() {
	if m.focused() != tabTimeline {
		m.show(tabTimeline)
	}
	m.typing, m.before = true, m.filter
}

// maxFilter bounds what is typed or pasted into the filter.
const maxFilter = 200

func (m *Model) paste(text string) {
	if m.typing {
		m.setFilter(m.filter + soc.Clean(text))
	}
}

func (m *Model) setFilter(f string) {
	if len(f) > maxFilter {
		return
	}
	m.filter = f
	m.fill()
}

// unstyled is a line without colours, for boxes that style text themselves.
func unstyled(s string) string { return ansi.Strip(s) }
