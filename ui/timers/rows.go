package timers

import (
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/words"
)

// row is one host in the list: a lockdown of ours, an isolation from outside, or both facts about the same host.
type row struct {
	id   string
	key  soc.HostKey
	host string
	lock *soc.Lockdown
	iso  *soc.Isolation // what the action list says, nil if it says nothing
	past *soc.Lockdown  // ours, over, whose isolate is still in force: closed by hand without a release
}

// outside reports that somebody else isolated the host.
func (r row) outside() bool { return r.lock == nil && r.past == nil }

// counts reports that the row shows a time that changes each second.
func (r row) counts() bool {
	return r.lock != nil && !r.lock.Phase.Final() && !r.lock.Deadline.IsZero()
}

func (r row) overdue(now time.Time) bool { return r.counts() && !now.IsZero() && r.lock.Left(now) < 0 }

// word is the state word of the row.
func (r row) word(now time.Time) string {
	switch {
	case r.lock != nil:
		return r.lock.Word(now)
	case r.past != nil:
		return "ISOLATED"
	}
	return "EXTERNAL"
}

// by is who ordered the isolation.
func (r row) by() string {
	switch {
	case r.lock != nil && r.lock.By.Name != "":
		return r.lock.By.Name
	case r.iso != nil && r.iso.Action.Requestor != "":
		return r.iso.Action.Requestor
	}
	return words.Unknown
}

// trouble reports that a person should look.
func (r row) trouble(now time.Time) bool {
	if r.lock == nil {
		return false
	}
	switch r.lock.Phase {
	case soc.PhaseReleaseBlocked, soc.PhaseNeedsHuman, soc.PhaseFailed, soc.PhaseSuperseded:
		return true
	case soc.PhaseReleased, soc.PhaseCancelled:
		return false
	}
	return r.lock.Trouble != "" || r.word(now) == "OVERDUE" || r.lock.Phase == soc.PhaseSubmitting
}

// since is when the isolation began, as far as is known.
func (r row) since() time.Time {
	if r.lock != nil {
		if r.lock.EnforcedAt.IsZero() {
			return r.lock.RequestedAt
		}
		return r.lock.EnforcedAt
	}
	return r.iso.Action.Finished()
}

// all are the rows before any view: open lockdowns, finished ones, and isolations that are not ours.
func (f facts) all() []row {
	isos := map[soc.HostKey]*soc.Isolation{}
	for i := range f.isos {
		isos[f.isos[i].Key] = &f.isos[i]
	}
	var out []row
	ours := map[soc.HostKey]bool{}
	for i := range f.open {
		l := &f.open[i]
		ours[l.Key] = true
		out = append(out, row{id: string(l.ID), key: l.Key, host: l.HostName, lock: l, iso: isos[l.Key]})
	}
	for i := range f.done {
		l := &f.done[i]
		out = append(out, row{id: string(l.ID), key: l.Key, host: l.HostName, lock: l})
	}
	for i := range f.isos {
		iso := &f.isos[i]
		past := f.past(*iso)
		if ours[iso.Key] || !cutOff(*iso) || past != nil && !past.EndedAt.Before(iso.AsOf) {
			continue // ours; not cut off; or ours until after the list was read: the list is old, nobody else did it
		}
		out = append(out, row{id: "outside/" + iso.Key.String(), key: iso.Key, host: iso.HostName, iso: iso, past: past})
	}
	return out
}

// cutOff reports that the host is cut off, or about to be.
func cutOff(iso soc.Isolation) bool { return iso.InForce() || iso.Word == soc.Isolating }

// past is the lockdown of ours, now over, that ordered the isolation.
func (f facts) past(iso soc.Isolation) *soc.Lockdown {
	for _, list := range [][]soc.Lockdown{f.done, f.old} {
		for i := range list {
			l := &list[i]
			if l.Key == iso.Key && l.Phase.Final() && l.ActionID != "" && l.ActionID == iso.Action.ID {
				return l
			}
		}
	}
	return nil
}

// in reports whether a row belongs to a view.
func (m *Model) in(r row, v view) bool {
	final := r.lock != nil && r.lock.Phase.Final()
	switch v {
	case viewActive:
		return !final
	case viewDue:
		return r.counts() && !m.now.IsZero() && r.lock.Left(m.now) <= dueSoon
	case viewMine:
		return !final && r.lock != nil && r.lock.By.Name == m.d.Me
	case viewProblems:
		return r.trouble(m.now)
	case viewDone:
		return final
	}
	return r.isolated()
}

// isolated reports that the host is cut off now: the list says so, or our record does and no list contradicts it.
func (r row) isolated() bool {
	if r.lock != nil && r.lock.Phase.Final() {
		return false
	}
	if r.iso != nil {
		return r.iso.InForce()
	}
	return r.lock != nil && !r.lock.EnforcedAt.IsZero()
}

// matches applies the filter: every word must occur in what the row says.
func (r row) matches(filter string, now time.Time) bool {
	text := strings.Join([]string{r.host, r.word(now), r.by(), r.id, r.key.MachineID}, " ")
	if r.lock != nil {
		text += " " + r.lock.Reason + " " + r.lock.Ticket + " " + r.lock.HostIP + " " + string(r.lock.Mode)
	}
	text = strings.ToLower(text)
	for word := range strings.FieldsSeq(strings.ToLower(filter)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// fill makes the rows of the view and hands them to its grid, which draws those that changed.
func (m *Model) fill() {
	if !m.loaded {
		return
	}
	m.counts = [viewCount]int{}
	m.rows, m.hidden = nil, 0
	for _, r := range m.f.all() {
		for v := range view(viewCount) {
			if m.in(r, v) {
				m.counts[v]++
			}
		}
		if !m.in(r, m.view) {
			continue
		}
		if !r.matches(m.filter, m.now) {
			m.hidden++
			continue
		}
		m.rows = append(m.rows, r)
	}
	m.sort(m.rows)
	m.draw()
}

// current is the row under the cursor.
func (m *Model) current() (row, bool) {
	id, _, ok := m.table().Cursor()
	if !ok {
		return row{}, false
	}
	for _, r := range m.rows {
		if r.id == id {
			return r, true
		}
	}
	return row{}, false
}
