package timers

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/life"
	"cordon/ui/words"
)

// period prints a length in four cells or little more: 4h, 90m, 30s.
func period(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// clock is a time of day in nine cells: seconds in UTC, minutes with the name of the zone elsewhere. Another day shows its name instead.
func (m *Model) clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	switch {
	case !m.now.IsZero() && m.now.Sub(t).Abs() > 12*time.Hour && !words.SameDay(t, m.now, m.zone):
		return t.In(m.zone).Format("Mon 15:04")
	case m.zone == time.UTC:
		return words.Zoned(t, m.zone, "15:04:05")
	}
	return words.Zoned(t, m.zone, "15:04")
}

// minute is a time of day with its zone, for sentences.
func (m *Model) minute(t time.Time) string {
	if t.IsZero() {
		return words.Unknown
	}
	if !m.now.IsZero() && !words.SameDay(t, m.now, m.zone) {
		return m.until(t)
	}
	return words.Zoned(t, m.zone, "15:04")
}

// life tells the stations of a lockdown as of now, in the zone of the screen.
func (m *Model) life() life.Clock { return life.Clock{Now: m.now, Zone: m.zone} }

// lifeLine is the honest state line of a row (N-05), in at most w cells; an isolation without a timer has its own words.
func (m *Model) lifeLine(r row, w int) string {
	if r.lock == nil {
		return m.foreign(r)
	}
	if m.stopped.Code != "" {
		head := m.asOf() + ": "
		return m.th.Bad.Render(head) + m.life().Line(*r.lock, " "+m.th.Glyph.Arrow+" ", w-len(head), false)
	}
	return m.life().Line(*r.lock, " "+m.th.Glyph.Arrow+" ", w, false)
}

// asOf says until when the records are known to be true.
func (m *Model) asOf() string { return "as of " + m.minute(m.stopped.Since) + ", store not writable" }

// how is the evidence of the station where the row is, and whether somebody will be there when it ends.
func (m *Model) how(r row) string {
	if r.lock == nil {
		return m.foreign(r)
	}
	if m.unattended(r) {
		return "NOBODY ON DUTY when it ends; " + m.life().How(*r.lock)
	}
	return m.life().How(*r.lock)
}

// unattended reports that the timer runs out when nobody is on duty (N-18).
func (m *Model) unattended(r row) bool {
	return r.lock != nil && r.lock.Phase == soc.PhaseIsolated && !r.lock.Deadline.IsZero() && !m.d.Shifts.Staffed(r.lock.Deadline)
}

func note(l soc.Lockdown) string {
	if l.Note == "" {
		return ""
	}
	return ": " + l.Note
}

// foreign is an isolation without a timer of ours (V-30).
func (m *Model) foreign(r row) string {
	if r.past != nil {
		return "isolated by our " + string(r.past.ID) + ", which ended " + m.clock(r.past.EndedAt) + note(*r.past) + "; no timer"
	}
	s := soc.IsolatedOutside + " by " + r.by()
	if r.iso.Action.Source != "" {
		s += " (" + r.iso.Action.Source + ")"
	}
	return s + " since " + m.minute(r.since()) + "; no timer"
}

// until is a minute with its weekday.
func (m *Model) until(t time.Time) string { return words.Zoned(t, m.zone, "Mon 15:04") }

// says is what the action list says about the device, with its age: evidence, not our record.
func (m *Model) says(r row) string {
	iso := r.iso
	if m.detail.id == r.id && !m.detail.iso.AsOf.IsZero() {
		iso = &m.detail.iso
	}
	if iso == nil || iso.AsOf.IsZero() {
		return words.Unknown + " (no action list yet; i asks Defender)"
	}
	how := words.Age(m.now, iso.AsOf) + " old"
	if m.lost(r.key.Integration) {
		how = "as of " + m.minute(iso.AsOf)
	}
	if why := m.f.doubt[r.key]; why != "" && iso.InForce() {
		how += "; " + why
	}
	return strings.ToUpper(string(iso.Word)) + " (" + how + ")"
}

// whatNow is what a person can do about a row.
func (m *Model) whatNow(r row) string {
	if m.stopped.Code != "" && m.stopped.Next != "" {
		return "E shows what to do: " + m.stopped.Next
	}
	if r.lock == nil {
		if why := m.off(soc.ActRelease); why != "" {
			return "U is off: " + why
		}
		return "U releases it after the device name is typed"
	}
	if why := m.refused(r); why != "" {
		return "U and X are off: " + why
	}
	switch r.lock.Phase {
	case soc.PhaseRequested, soc.PhaseSubmitting, soc.PhasePending:
		return "X take back  i recheck"
	case soc.PhaseIsolated:
		if r.overdue(m.now) {
			return "U release now  X extend  i recheck"
		}
		return "X extend or shorten  U release early"
	case soc.PhaseReleaseBlocked:
		return "U release now  X extend  i recheck"
	case soc.PhaseReleaseRequested, soc.PhaseReleasing:
		return "wait for the device; i asks Defender again"
	case soc.PhaseNeedsHuman:
		return "enter shows the host and its actions  U release  : close it by hand, with a reason  i recheck"
	}
	if !r.lock.WatchUntil.IsZero() {
		return "nothing: it is over, and watched until " + m.until(r.lock.WatchUntil) + " for a late isolate"
	}
	return "nothing: it is over; enter shows the host"
}

// refused is why nothing can be done about a running lockdown; empty while that is not known.
func (m *Model) refused(r row) string {
	if m.detail.id != r.id || r.lock.Phase.Final() {
		return ""
	}
	release := m.detail.may[soc.ActRelease]
	if release.Allowed || m.detail.may[soc.ActPeriod].Allowed || m.detail.may[soc.ActCancel].Allowed {
		return ""
	}
	return release.Why
}

// lost reports that the connection to a tenant is known to be down.
func (m *Model) lost(id soc.IntegrationID) bool {
	for _, c := range m.conns {
		if c.Integration.ID == id {
			return c.State != "" && c.State != "ok" && c.State != "connecting"
		}
	}
	return false
}
