package queue

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
)

// open goes to the host of the alert.
func (m *Model) open() tea.Cmd {
	row, ok := m.current()
	if !ok {
		return nil
	}
	return screen.Send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: hostOf(row), Alert: row.Key}})
}

// isolate asks for the lockdown dialog, for the hosts that were seen on screen and nothing else.
func (m *Model) isolate() tea.Cmd {
	hosts, because, skipped := m.selection()
	if len(hosts) == 0 {
		return nil
	}
	ask := screen.Send(screen.IsolateMsg{Hosts: hosts, Because: because.Key, Reason: because.Title})
	return tea.Batch(skippedNotice(skipped), ask)
}

func (m *Model) release() tea.Cmd {
	hosts, _, skipped := m.selection()
	if len(hosts) == 0 {
		return nil
	}
	return tea.Batch(skippedNotice(skipped), screen.Send(screen.ReleaseMsg{Hosts: hosts}))
}

func skippedNotice(n int) tea.Cmd {
	if n == 0 {
		return nil
	}
	return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: fmt.Sprintf("%d of the marked alerts name no machine and are left out", n)})
}

// selection is what an action is about: the hosts of the marked rows, or of the row under the cursor when nothing is marked. because is the
// alert that leads there, skipped the number of marked alerts without a machine.
func (m *Model) selection() (hosts []soc.HostKey, because soc.AlertRow, skipped int) {
	row, ok := m.current()
	if m.grid.Marked() == 0 {
		if host := hostOf(row); ok && !host.IsZero() {
			return []soc.HostKey{host}, row, 0
		}
		return nil, soc.AlertRow{}, 0
	}
	hosts, skipped = m.markedHosts()
	for i, id := range m.grid.Marks() {
		r := m.marked[id]
		if hostOf(r).IsZero() {
			continue
		}
		if because.Key.IsZero() || ok && r.Key == row.Key {
			because = m.marked[m.grid.Marks()[i]]
		}
	}
	return hosts, because, skipped
}

// markedHosts are the machines of the marked rows, each once, in the order of marking.
func (m *Model) markedHosts() (hosts []soc.HostKey, skipped int) {
	seen := map[soc.HostKey]bool{}
	for _, id := range m.grid.Marks() {
		host := hostOf(m.marked[id])
		if host.IsZero() {
			skipped++
			continue
		}
		if !seen[host] {
			seen[host] = true
			hosts = append(hosts, host)
		}
	}
	return hosts, skipped
}

// raw shows the bytes that Defender sent. What is shown is cleaned; what is copied is not changed at all (T33).
func (m *Model) raw() tea.Cmd {
	row, ok := m.current()
	if !ok {
		return nil
	}
	r := m.d.Reader
	return func() tea.Msg {
		b, err := r.AlertRaw(context.Background(), row.Key)
		if err != nil {
			return screen.NoticeMsg{Level: screen.Bad, Text: "could not read the raw alert: " + err.Error() + "; R tries again", Err: err}
		}
		return screen.TextMsg{Title: "Raw alert " + row.Key.ID, Text: soc.CleanLines(string(b)), Copy: string(b)}
	}
}

func (m *Model) copyID() tea.Cmd {
	row, ok := m.current()
	if !ok {
		return nil
	}
	return screen.Send(screen.CopyMsg{What: "alert id", Text: row.Key.ID})
}

func (m *Model) copyRow() tea.Cmd {
	r, ok := m.current()
	if !ok {
		return nil
	}
	fields := []string{r.Severity.Word(), r.Created.UTC().Format("2006-01-02T15:04:05Z"), r.Title, r.HostName, r.Technique, r.Status.Word(), r.Owner, r.User, r.Key.ID}
	return screen.Send(screen.CopyMsg{What: "row", Text: strings.Join(fields, "\t")})
}

func (m *Model) copyLink() tea.Cmd {
	row, ok := m.current()
	if !ok {
		return nil
	}
	return screen.Send(screen.CopyMsg{What: "portal link", Text: m.portalLink(row.Key)})
}

// portalLink is the address of an alert in the portal of the tenant's cloud.
func (m *Model) portalLink(key soc.AlertKey) string {
	portal, tenant := "https://security.microsoft.com", ""
	for _, t := range m.tenants {
		if t.ID != key.Integration {
			continue
		}
		tenant = t.TenantID
		switch t.Cloud {
		case "gcc-high":
			portal = "https://security.microsoft.us"
		case "dod":
			portal = "https://security.apps.mil"
		}
	}
	link := portal + "/alerts/" + url.PathEscape(key.ID)
	if tenant != "" {
		link += "?tid=" + url.QueryEscape(tenant)
	}
	return link
}

// refresh asks for a poll and reads the store again.
func (m *Model) refresh() tea.Cmd {
	ask := m.d.Refresh
	m.expireDetails()
	return tea.Batch(m.loadRows(), m.loadCounts(), m.loadFleet(), m.loadDetail(true), func() tea.Msg {
		if ask == nil {
			return screen.NoticeMsg{Level: screen.Info, Text: "read the store again"}
		}
		ask()
		return screen.NoticeMsg{Level: screen.Info, Text: "asking Defender for news; new rows appear by themselves"}
	})
}

// clear takes away one thing at a time: the focus of the facets, the marks, the filter that differs from the saved view.
func (m *Model) clear() tea.Cmd {
	was := m.held()
	switch {
	case m.facets.focus:
		return m.toggleFacets()
	case m.grid.Marked() > 0 || m.grid.Ranging():
		m.grid.ClearMarks()
		m.keepMarks()
		return m.unheld(was)
	}
	return m.setFilter(m.views[m.view].Filter)
}
