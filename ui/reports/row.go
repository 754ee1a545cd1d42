package reports

import (
	tea "charm.land/bubbletea/v2"

	"cordon/ui/screen"
)

// ofRow does what is about the row under the cursor.
func (m *Model) ofRow(id string) tea.Cmd {
	for t := tabThreats; t <= tabReady; t++ {
		if id == tabID(t) {
			return m.show(t)
		}
	}
	t, _ := m.threat()
	l, _ := m.indicator()
	switch {
	case id == idOpen:
		return screen.Send(screen.TextMsg{Title: "Threat report", Text: m.whole(t)})
	case id == idResolve:
		return screen.Send(screen.ConfirmMsg{
			Title: "Resolve threat report", Tenant: t.Host.Integration,
			Lines: []string{t.Title + " on " + t.Device.Name, "", "Say this only when the threat is gone from the device. The alert in Defender " +
				"is resolved next."},
			Button: "Resolve " + t.Device.Name, Yes: resolveMsg{t.Key, t.Title},
		})
	case id == idDelete:
		return screen.Send(screen.ConfirmMsg{
			Title: "Delete indicator", Tenant: m.tenant,
			Lines: []string{l.Type + " " + l.Value, "does " + l.Action + ", made by " + l.CreatedBy, "", "What it blocks is let through again " +
				"within about two hours."},
			Button: "Delete indicator", Yes: deleteMsg{m.tenant, l.ID, l.Value},
		})
	case id == idLink:
		return screen.Send(screen.CopyMsg{What: "portal link", Text: m.portal()})
	case id == idCopy && m.tab == tabThreats:
		return screen.Send(screen.CopyMsg{What: "device", Text: t.Device.Name})
	case id == idCopy:
		return screen.Send(screen.CopyMsg{What: "value", Text: l.Value})
	}
	return nil
}
