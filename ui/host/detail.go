package host

import (
	"cmp"
	"fmt"
	"strings"

	"cordon/store/soc"
	"cordon/ui/life"
	"cordon/ui/pane"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// detail tells all about what the cursor is on, in lines of at most w cells.
func (m *Model) detail(w int) []string {
	t := m.focused()
	switch t {
	case tabOverview:
		return m.isolationDetail(w)
	case tabRaw:
		return pane.Wrap("What was received, unchanged but for characters that a terminal would act on: those are dropped or shown as marks.", w)
	case tabUsers:
		return m.userDetail(w)
	}
	id, _, ok := m.grids[t].Cursor()
	if !ok || m.empty(t) != nil {
		return nil
	}
	return m.detailOf(t, id, w)
}

func (m *Model) detailOf(t tab, id string, w int) []string {
	switch t {
	case tabAlerts:
		return m.alertDetail(id, w)
	case tabLockdowns:
		return m.lockdownDetail(soc.LockdownID(id), w)
	case tabActions:
		return m.actionDetail(id, w)
	}
	for _, e := range m.shown {
		if e.id != id {
			continue
		}
		switch {
		case e.alert != "":
			return m.alertDetail(e.alert, w)
		case e.action != "":
			return m.actionDetail(e.action, w)
		}
		return m.lockdownDetail(e.lockdown, w)
	}
	return nil
}

func (m *Model) alertDetail(id string, w int) []string {
	a, ok := m.f.alertRow(id)
	if !ok {
		return nil
	}
	out := pane.Wrap(a.Severity.Word()+"  "+words.Or(a.Title), w)
	out[0] = m.th.Severity(a.Severity.Rank()).Render(out[0])
	out = append(out, pane.Wrap(m.clock(a.Created)+" ("+words.Age(m.now, a.Created)+" ago), "+a.Status.Word()+", owner "+cmp.Or(a.Owner, "none")+", user "+cmp.Or(a.User, "none"), w)...)
	out = append(out, pairs(w, "technique", words.Or(a.Technique), "category", words.Or(a.Category), "evidence", fmt.Sprint(a.Evidence), "id", a.Key.ID)...)
	if a.Late {
		out = append(out, m.th.Warn.Render("arrived late: this is not a new event"))
	}
	if a.Reopened {
		out = append(out, m.th.Warn.Render("was resolved and is open again"))
	}
	return append(out, "", "enter all fields   J raw JSON")
}

func (m *Model) actionDetail(id string, w int) []string {
	for _, a := range m.f.actions {
		if a.ID != id {
			continue
		}
		out := pairs(w, "action", string(a.Type)+" "+a.Scope, "status", string(a.Status), "ordered", m.clock(a.Created)+" by "+m.orderedBy(a)+" "+a.Source,
			"changed", m.clock(a.Updated)+" ("+words.Age(m.now, a.Updated)+" ago)")
		if why := explain(a.ErrorHResult); why != "" {
			out = append(out, pairs(w, "error", fmt.Sprintf("%s (%d)", why, a.ErrorHResult))...)
		}
		if a.CancelledBy != "" {
			out = append(out, pairs(w, "cancelled", m.clock(a.CancelledAt)+" by "+a.CancelledBy+": "+a.CancelComment)...)
		}
		out = append(out, pairs(w, "comment", words.Or(a.Comment), "id", a.ID)...)
		return out
	}
	return nil
}

// lockdownDetail is the honest state line as a list: each station with its time and how we know.
func (m *Model) lockdownDetail(id soc.LockdownID, w int) []string {
	for _, l := range m.f.locks {
		if l.ID != id {
			continue
		}
		out := []string{m.wordStyle(l.Word(m.now)).Render(string(l.ID)+"  "+l.Word(m.now)) + "  " + string(l.Mode) + " " + words.Period(l.Period)}
		out = append(out, pane.Wrap("reason: "+words.Or(l.Reason), w)...)
		for _, s := range m.life().Stations(l) {
			out = append(out, m.stationLines(s, w)...)
		}
		return out
	}
	return nil
}

// stationLines is one station: its time, its word, its age and how we know, on more lines where one is too short.
func (m *Model) stationLines(s life.Station, w int) []string {
	const column = 13 // mark and time
	at, age, style := "", "", m.th.Text
	if !s.At.IsZero() {
		at, age = m.entryTime(s.At), " ("+words.Age(m.now, s.At)+")"
	}
	head := theme.Fit("  "+at, column)
	if s.Now {
		head, style = theme.Fit(m.th.Glyph.Cursor+" "+at, column), m.th.Strong
	}
	if s.Bad {
		style = m.th.Bad
	}
	var out []string
	for _, part := range pane.Wrap(s.Word+age+m.dot()+s.How(), max(1, w-column)) {
		out = append(out, style.Render(theme.Clip(head+part, w)))
		head = strings.Repeat(" ", column)
	}
	return out
}

func (m *Model) userDetail(w int) []string {
	_, i, ok := m.grids[tabUsers].Cursor()
	if !ok || i >= len(m.f.host.Users) || m.empty(tabUsers) != nil {
		return nil
	}
	u := m.f.host.Users[i]
	return pairs(w, "account", account(u), "sid", words.Or(u.SID), "first seen", m.minute(u.FirstSeen), "last seen", m.minute(u.LastSeen),
		"logon", words.Or(u.LogonTypes), "as of", words.Age(m.now, m.f.host.UsersAt)+" ago")
}

// isolationDetail explains where the isolation word comes from, with the stations of the open lockdown.
func (m *Model) isolationDetail(w int) []string {
	word, style := m.isolation()
	out := []string{style.Render(theme.Clip(word, w)), ""}
	out = append(out, m.evidence()...)
	if l := m.f.open(); l != nil {
		out = append(out, "")
		out = append(out, m.lockdownDetail(l.ID, w)...)
	}
	for _, warn := range m.f.may[soc.ActIsolate].Warnings {
		out = append(out, pane.Wrap("! "+warn, w)...)
	}
	return out
}

// evidence names the action that decided the isolation word.
func (m *Model) evidence() []string {
	iso := m.f.iso
	if iso.AsOf.IsZero() {
		return []string{"Defender has no isolation field; it is derived from", "the action list, which was never read. i asks now."}
	}
	out := []string{"derived from " + fmt.Sprint(len(m.f.actions)) + " actions, read " + words.Age(m.now, iso.AsOf) + " ago"}
	if iso.Action.ID == "" {
		return append(out, "none of them isolates or releases")
	}
	a := iso.Action
	out = append(out, fmt.Sprintf("decided by %s %s %s", a.Type, words.ShortID(a.ID), a.Status), "  "+m.clock(a.Finished())+" by "+words.Or(a.Requestor))
	if iso.Open != nil && iso.Open.ID != a.ID {
		out = append(out, fmt.Sprintf("still open: %s %s %s", iso.Open.Type, words.ShortID(iso.Open.ID), iso.Open.Status))
	}
	return out
}

// pairs lays out names and values in two columns; values that are too long go on below. kv has an even number of strings.
func pairs(w int, kv ...string) []string {
	const column = 12
	out := make([]string, 0, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		head := theme.Fit(kv[i], column)
		for _, part := range pane.Wrap(kv[i+1], max(1, w-column)) {
			out = append(out, head+part)
			head = strings.Repeat(" ", column)
		}
	}
	return out
}
