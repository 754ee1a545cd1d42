package host

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/words"
)

// entry is one thing that happened: an alert, an action of Defender, or a phase of one of our lockdowns.
type entry struct {
	id   string
	at   time.Time
	kind string // alert, action, lockdown, drift
	text string
	// What it belongs to, for the detail pane: one of these is set.
	alert    string
	action   string
	lockdown soc.LockdownID
	rank     int // severity of an alert
}

// timeline merges everything by time, newest first.
func (m *Model) timeline() []entry {
	var out []entry
	for _, a := range m.f.alerts {
		out = append(out, entry{
			id: "alert/" + a.Key.ID, at: a.Created, kind: "alert", text: a.Severity.Word() + " " + words.Or(a.Title), alert: a.Key.ID, rank: a.Severity.Rank(),
		})
	}
	for _, a := range m.f.actions {
		out = append(out, m.actionEntries(a)...)
	}
	for _, l := range m.f.locks {
		for i, s := range m.life().Stations(l) {
			if s.At.IsZero() {
				continue
			}
			out = append(out, entry{
				id: fmt.Sprintf("lockdown/%s/%d", l.ID, i), at: s.At, kind: "lockdown", text: string(l.ID) + " " + s.Word + ", " + s.Evidence, lockdown: l.ID,
			})
		}
	}
	for _, e := range m.f.drift {
		out = append(out, entry{
			id: fmt.Sprintf("drift/%d", e.Seq), at: e.Time, kind: "drift", text: driftWord(e.Action) + ", " + e.Detail, action: e.ActionID, lockdown: e.Lockdown,
		})
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		if c := b.at.Compare(a.at); c != 0 {
			return c
		}
		return strings.Compare(b.id, a.id)
	})
	return out
}

// driftWord is what changed behind our back, in capitals: such a line is never to be taken for something that cordon did.
func driftWord(action string) string {
	return "DRIFT " + strings.ReplaceAll(strings.TrimPrefix(action, "drift-"), "-", " ")
}

// actionEntries are the order and, once it is final, its end.
func (m *Model) actionEntries(a soc.MachineAction) []entry {
	by := m.orderedBy(a)
	if by == a.Requestor && a.Source != "" {
		by += " (" + a.Source + ")"
	}
	text := string(a.Type) + " ordered by " + by
	if c := m.commentOf(a); c != "" {
		text += ": " + c
	}
	out := []entry{{id: "action/" + a.ID + "/0", at: a.Created, kind: "action", text: text, action: a.ID}}
	if !a.Status.Final() {
		return out
	}
	end := string(a.Type) + " " + string(a.Status)
	if why := explain(a.ErrorHResult); why != "" {
		end += ": " + why
	}
	return append(out, entry{id: "action/" + a.ID + "/1", at: a.Finished(), kind: "action", text: end, action: a.ID})
}

// timelineRows applies the filter and remembers what is shown and how much is not.
func (m *Model) timelineRows() []grid.Row {
	all := m.timeline()
	m.shown = m.shown[:0]
	for _, e := range all {
		if matches(e, m.filter) {
			m.shown = append(m.shown, e)
		}
	}
	m.hidden = len(all) - len(m.shown)
	rows := make([]grid.Row, 0, len(m.shown))
	for _, e := range m.shown {
		rows = append(rows, grid.Row{ID: e.id, Cells: []grid.Cell{
			cell(m.entryTime(e.at)), styled(e.kind, m.th.Muted), styled(e.text, m.entryStyle(e)),
		}})
	}
	return rows
}

// entryTime fits ten cells: the time of today, else the day and the minute.
func (m *Model) entryTime(t time.Time) string {
	switch {
	case t.IsZero():
		return words.Unknown
	case m.now.IsZero() || words.SameDay(t, m.now, m.zone):
		return words.Zoned(t, m.zone, "15:04:05")
	case m.now.Sub(t).Abs() < 6*24*time.Hour:
		return words.Zoned(t, m.zone, "Mon 15:04")
	}
	return t.In(m.zone).Format("2006-01-02")
}

func (m *Model) entryStyle(e entry) lipgloss.Style {
	switch e.kind {
	case "alert":
		return m.th.Severity(e.rank)
	case "drift":
		return m.th.Warn
	}
	return m.th.Text
}

// matches applies the filter: words that must occur, -words that must not, and kind:alert,action,lockdown,drift.
func matches(e entry, filter string) bool {
	text := strings.ToLower(e.kind + " " + e.text)
	for word := range strings.FieldsSeq(strings.ToLower(filter)) {
		if kinds, ok := strings.CutPrefix(word, "kind:"); ok {
			if !kindAmong(e.kind, kinds) {
				return false
			}
			continue
		}
		not, without := strings.CutPrefix(word, "-")
		if without && not != "" {
			if strings.Contains(text, not) {
				return false
			}
			continue
		}
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// kindAmong lets a kind that is still being typed match by its beginning.
func kindAmong(kind, list string) bool {
	for k := range strings.SplitSeq(list, ",") {
		if strings.HasPrefix(kind, k) {
			return true
		}
	}
	return false
}

// jumpDay moves the cursor to the first entry of the next older day, or to the nearest entry of a newer one.
func (m *Model) jumpDay(older bool) {
	g := m.grids[tabTimeline]
	_, at, ok := g.Cursor()
	if !ok || at >= len(m.shown) {
		return
	}
	step := -1
	if older {
		step = 1
	}
	for i := at + step; i >= 0 && i < len(m.shown); i += step {
		if !words.SameDay(m.shown[i].at, m.shown[at].at, m.zone) {
			g.SetCursor(i)
			return
		}
	}
}

// cycle moves the cursor one match on, around the end.
func (m *Model) cycle(step int) {
	g := m.grids[tabTimeline]
	n := len(m.shown)
	if _, at, ok := g.Cursor(); ok && n > 0 {
		g.SetCursor((at + step + n) % n)
	}
}
