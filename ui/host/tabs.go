package host

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// tab is one of the seven views of a host.
type tab int

const (
	tabOverview tab = iota
	tabAlerts
	tabTimeline
	tabLockdowns
	tabActions
	tabUsers
	tabRaw
)

func allTabs() []tab {
	return []tab{tabOverview, tabAlerts, tabTimeline, tabLockdowns, tabActions, tabUsers, tabRaw}
}

func (t tab) title() string {
	return [...]string{"Overview", "Alerts", "Timeline", "Lockdowns", "Actions", "Users", "Raw"}[t]
}

// list reports whether the tab is a table with a cursor.
func (t tab) list() bool { return t != tabOverview && t != tabRaw }

// tabNamed finds a tab by the name or the digit that a Place carries.
func tabNamed(s string) (tab, bool) {
	for i, t := range allTabs() {
		if s != "" && (strings.EqualFold(s, t.title()) || s == fmt.Sprint(i+1)) {
			return t, true
		}
	}
	return 0, false
}

func newGrids(th *theme.Theme) map[tab]*grid.Grid {
	col := func(id, title string, width int) grid.Column {
		return grid.Column{ID: id, Title: title, Min: width, Max: width}
	}
	grow := func(id, title string, least int) grid.Column {
		return grid.Column{ID: id, Title: title, Min: least, Grow: true}
	}
	wide := func(c grid.Column, below int) grid.Column { c.DropBelow = below; return c }
	return map[tab]*grid.Grid{
		tabAlerts:   grid.New(th, col("sev", "SEV", 4), col("age", "AGE", 4), grow("title", "TITLE", 20), col("status", "STATUS", 8), wide(col("owner", "OWNER", 10), 70)),
		tabTimeline: grid.New(th, col("time", "TIME", 10), col("kind", "KIND", 8), grow("what", "WHAT", 20)),
		tabLockdowns: grid.New(th, col("id", "ID", 11), col("state", "STATE", 10), col("period", "FOR", 6), col("left", "LEFT", 10),
			col("by", "BY", 8), grow("reason", "REASON", 12), wide(col("cause", "CAUSE", 10), 78)),
		tabActions: grid.New(th, col("time", "TIME", 10), grow("type", "ACTION", 10), col("status", "STATUS", 10),
			wide(grid.Column{ID: "by", Title: "REQUESTOR", Min: 12, Max: 24, Grow: true}, 70), grow("result", "RESULT, COMMENT", 16)),
		tabUsers: grid.New(th, grow("account", "ACCOUNT", 16), grow("types", "LOGON TYPES", 12), col("last", "LAST SEEN", 10), col("note", "NOTE", 14)),
	}
}

// fill puts the facts into the grid of the focused tab; grids draw only the rows that changed.
func (m *Model) fill() {
	t := m.focused()
	g := m.grids[t]
	if g == nil || !m.loaded {
		return
	}
	var rows []grid.Row
	switch t {
	case tabAlerts:
		rows = m.alertRows()
	case tabTimeline:
		rows = m.timelineRows()
	case tabLockdowns:
		rows = m.lockdownRows()
	case tabActions:
		rows = m.actionRows()
	case tabUsers:
		rows = m.userRows()
	}
	g.SetRows(0, rows, len(rows))
}

func cell(s string) grid.Cell { return grid.Cell{Text: s} }

func styled(s string, st lipgloss.Style) grid.Cell { return grid.Cell{Text: s, Style: st} }

func (m *Model) alertRows() []grid.Row {
	rows := make([]grid.Row, 0, len(m.f.alerts))
	for _, a := range m.f.alerts {
		rows = append(rows, grid.Row{ID: a.Key.ID, Cells: []grid.Cell{
			styled(a.Severity.Word(), m.th.Severity(a.Severity.Rank())), cell(words.Age(m.now, a.Created)), cell(words.Or(a.Title)), cell(a.Status.Word()),
			cell(a.Owner),
		}})
	}
	return rows
}

func (m *Model) lockdownRows() []grid.Row {
	rows := make([]grid.Row, 0, len(m.f.locks))
	for _, l := range m.f.locks {
		left := "-"
		switch {
		case l.Phase.Final():
		case l.Deadline.IsZero():
			left = "not begun"
		case l.Left(m.now) < 0:
			left = words.Overdue(-l.Left(m.now))
		default:
			left = words.Span(l.Left(m.now))
		}
		word := l.Word(m.now)
		rows = append(rows, grid.Row{ID: string(l.ID), Cells: []grid.Cell{
			cell(string(l.ID)), styled(word, m.wordStyle(word)), cell(words.Period(l.Period)), cell(left), cell(who(l.By)), cell(words.Or(l.Reason)),
			cell(string(l.Cause)),
		}})
	}
	return rows
}

func (m *Model) wordStyle(word string) lipgloss.Style {
	switch word {
	case "ISOLATED":
		return m.th.Isolated
	case "OVERDUE", "UNKNOWN", "FAILED":
		return m.th.Bad
	case "PENDING", "RELEASING", "DRIFT":
		return m.th.Warn
	}
	return m.th.Text
}

func (m *Model) actionRows() []grid.Row {
	rows := make([]grid.Row, 0, len(m.f.actions))
	for _, a := range m.f.actions {
		result := explain(a.ErrorHResult)
		if result == "" {
			result = m.commentOf(a)
		}
		rows = append(rows, grid.Row{ID: a.ID, Cells: []grid.Cell{
			cell(m.minute(a.Created)), cell(string(a.Type)), styled(string(a.Status), m.statusStyle(a.Status)), cell(m.orderedBy(a)), cell(result),
		}})
	}
	return rows
}

// orderedBy names who is behind an action: the person, if the action belongs to a lockdown of ours, because to Defender all of cordon is
// one application. What a comment claims is not believed; our own records are.
func (m *Model) orderedBy(a soc.MachineAction) string {
	for _, l := range m.f.locks {
		switch a.ID {
		case "":
		case l.ActionID:
			return who(l.By) + ", cordon"
		case l.ReleaseActionID:
			if l.ReleaseBy.Name != "" {
				return who(l.ReleaseBy) + ", cordon"
			}
			return string(l.ReleaseCause) + ", cordon"
		}
	}
	return words.Or(a.Requestor)
}

// commentOf is the comment of an action; for one of ours the lockdown and its reason.
func (m *Model) commentOf(a soc.MachineAction) string {
	for _, l := range m.f.locks {
		if a.ID != "" && (a.ID == l.ActionID || a.ID == l.ReleaseActionID) {
			return string(l.ID) + " " + l.Reason
		}
	}
	return a.Comment
}

func (m *Model) statusStyle(s soc.ActionStatus) lipgloss.Style {
	switch s {
	case soc.ActionSucceeded:
		return m.th.Good
	case soc.ActionFailed, soc.ActionTimeOut:
		return m.th.Bad
	case soc.ActionCancelled:
		return m.th.Muted
	}
	return m.th.Warn
}

func (m *Model) userRows() []grid.Row {
	rows := make([]grid.Row, 0, len(m.f.host.Users))
	for i, u := range m.f.host.Users {
		note := ""
		switch {
		case u.DomainAdmin:
			note = "domain admin"
		case u.OnlyNetwork:
			note = "network only"
		}
		rows = append(rows, grid.Row{ID: fmt.Sprint(i, u.SID, u.Name), Cells: []grid.Cell{
			cell(account(u)), cell(words.Or(u.LogonTypes)), cell(m.minute(u.LastSeen)), styled(note, m.th.Warn),
		}})
	}
	return rows
}

func account(u soc.LogonUser) string {
	return soc.UserRef{Name: words.Or(u.Name), Domain: u.Domain}.String()
}

// usersRole is the permission behind the list of logged-on users.
const usersRole = "User.Read.All"

// empty says why a list has no rows: nothing there, not asked, not allowed, not readable. nil if it has some.
func (m *Model) empty(t tab) []string {
	switch t {
	case tabAlerts:
		return m.emptyPart(len(m.f.alerts), m.f.alertsErr, "alerts", "No alerts of this host are in the store.")
	case tabTimeline:
		if len(m.shown) == 0 && m.hidden > 0 {
			return []string{"", fmt.Sprintf("The filter hides all %d entries; esc clears it.", m.hidden)}
		}
		return m.emptyPart(len(m.shown), nil, "timeline", "Nothing happened to this host as far as the store knows.")
	case tabLockdowns:
		if !m.d.Session.Can(soc.RightLockdownView) {
			return []string{"", m.th.Warn.Render("Lockdowns are not shown: your role lacks the right lockdown.view."), "Ask an administrator for it."}
		}
		return m.emptyPart(len(m.f.locks), m.f.locksErr, "lockdowns", "No lockdown of this host yet. L opens the dialog.")
	case tabActions:
		if m.f.iso.AsOf.IsZero() && m.f.actionsErr == nil {
			return []string{"", "The action list was never read; i asks Defender now."}
		}
		return m.emptyPart(len(m.f.actions), m.f.actionsErr, "actions", "Defender has no actions of this host (list "+words.Age(m.now, m.f.iso.AsOf)+" old).")
	case tabUsers:
		return m.noUsers()
	}
	return nil
}

func (m *Model) emptyPart(n int, err error, what, none string) []string {
	if err != nil {
		return []string{
			"", m.th.Bad.Render("The " + what + " could not be read: " + err.Error()), "Nothing changed on the device. R or i tries again.",
		}
	}
	if n == 0 {
		return []string{"", none}
	}
	return nil
}

// noUsers says why there are none, with the role that is missing.
func (m *Model) noUsers() []string {
	h := m.f.host
	switch {
	case h.UsersErr != "":
		return []string{
			"", m.th.Warn.Render("Logged-on users are not shown: " + h.UsersErr),
			"The role " + usersRole + " of the app registration is what this needs.", "An administrator grants it in Entra; then i asks again.",
		}
	case len(h.Users) > 0:
		return nil
	case h.UsersAt.IsZero():
		return []string{"", "Not asked yet; i asks Defender now. It needs the role " + usersRole + "."}
	}
	return []string{"", "Defender names no logged-on users (asked " + words.Age(m.now, h.UsersAt) + " ago)."}
}
