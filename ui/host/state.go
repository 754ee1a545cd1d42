package host

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/life"
	"cordon/ui/words"
)

// life tells the stations of a lockdown as of now, in the zone of the page.
func (m *Model) life() life.Clock { return life.Clock{Now: m.now, Zone: m.zone} }

func who(a soc.Actor) string { return words.Or(a.Name) }

// stateLine is the honest state line (N-05) in at most w cells.
func (m *Model) stateLine(l soc.Lockdown, w int) string {
	if m.stopped.Code != "" {
		head := m.asOf() + ": "
		return m.th.Bad.Render(head) + m.life().Line(l, " "+m.th.Glyph.Arrow+" ", w-len(head), true)
	}
	return m.life().Line(l, " "+m.th.Glyph.Arrow+" ", w, true)
}

// asOf says until when the records are known to be true.
func (m *Model) asOf() string { return "as of " + m.minute(m.stopped.Since) + ", store not writable" }

// standing is who isolated the host, as far as the actions and our records tell.
type standing struct {
	ours    *soc.Lockdown      // the open lockdown
	ended   *soc.Lockdown      // our lockdown that is over, though its isolate is still the one in force in the list
	force   *soc.MachineAction // the isolate in force, or the open one while the host is being isolated
	outside bool               // somebody else's (V-30)
}

func (m *Model) standing() standing {
	s := standing{ours: m.f.open()}
	iso := m.f.iso
	switch {
	case iso.InForce():
		s.force = inForce(m.key, m.f.actions)
	case iso.Word == soc.Isolating:
		s.force = iso.Open
	}
	if s.force == nil || s.ours != nil {
		return s
	}
	for i := range m.f.locks {
		if owns(m.f.locks[i], s.force.ID) {
			s.ended = &m.f.locks[i]
			return s
		}
	}
	s.outside = m.f.locksErr == nil && m.d.Session.Can(soc.RightLockdownView) // without our records nobody can tell
	return s
}

// inForce is the order that succeeded last, if it is an isolate.
func inForce(key soc.HostKey, actions []soc.MachineAction) *soc.MachineAction {
	var done *soc.MachineAction
	for i := range actions {
		a := &actions[i]
		if a.MachineID != "" && !strings.EqualFold(a.MachineID, key.MachineID) || a.Status != soc.ActionSucceeded {
			continue
		}
		if !a.Is(soc.ActionIsolate) && !a.Is(soc.ActionUnisolate) {
			continue
		}
		if done == nil || a.Finished().After(done.Finished()) {
			done = a
		}
	}
	if done == nil || !done.Is(soc.ActionIsolate) {
		return nil
	}
	return done
}

func owns(l soc.Lockdown, actionID string) bool {
	if actionID == "" {
		return false
	}
	for _, a := range l.Attempts {
		if a.ActionID == actionID {
			return true
		}
	}
	return l.ActionID == actionID
}

// isolation is the word at the right end of the first line, with how we know and how old that is.
func (m *Model) isolation() (string, lipgloss.Style) {
	if m.f.iso.AsOf.IsZero() || m.f.iso.Word == soc.IsolationUnsure {
		return words.Unknown + " (no action list yet)", m.th.Warn
	}
	word, style := isolationWord(m.f.iso.Word), m.th.Good
	if m.f.iso.Word != soc.NotIsolated && m.f.iso.Word != soc.IsolateFailed {
		style = m.th.Isolated
	}
	if s := m.standing(); s.outside && m.f.iso.InForce() {
		word = soc.IsolatedOutside
	}
	how := "from actions, " + words.Age(m.now, m.f.iso.AsOf)
	if m.stopped.Code != "" {
		return fmt.Sprintf("%s? (%s)", word, m.asOf()), m.th.Bad
	}
	if soc.Unverifiable(m.f.host) != "" && m.f.iso.InForce() {
		word, style = word+", NOT VERIFIABLE", m.th.Warn
	}
	if m.isStale() {
		how, style = "from actions, as of "+m.minute(m.f.iso.AsOf)+" STALE", m.th.Warn
	}
	return fmt.Sprintf("%s (%s)", word, how), style
}

func isolationWord(w soc.IsolationWord) string {
	if w == soc.IsolatedQueued {
		return "ISOLATED, 2nd QUEUED"
	}
	return strings.ToUpper(string(w))
}

// oldFacts is the age from which the action list is too old to decide on.
const oldFacts = 10 * time.Minute

// isStale reports that the action list can not be trusted to be the present.
func (m *Model) isStale() bool {
	if m.lost() {
		return true
	}
	at := m.f.iso.AsOf
	return !at.IsZero() && !m.now.IsZero() && m.now.Sub(at) > oldFacts
}

// lost reports that the connection to the tenant is known to be down.
func (m *Model) lost() bool {
	switch m.conn.State {
	case "", "ok", "connecting":
		return false
	}
	return true
}

// blind reports that the app of the tenant may not read hosts, so that asking again brings nothing.
func (m *Model) blind() bool {
	may := slices.ContainsFunc(m.conn.Roles, func(r string) bool { return r == "Machine.Read.All" || r == "Machine.ReadWrite.All" })
	return len(m.conn.Roles) > 0 && !may
}
