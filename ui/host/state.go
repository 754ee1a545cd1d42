package host

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// defenderWaits is how long Defender keeps trying to reach a device before an action times out (API 3.5).
const defenderWaits = 72 * time.Hour

// step is one station of a lockdown: what happened, when, and how we know (N-05).
type step struct {
	word     string
	at       time.Time
	evidence string
	now      bool // the station it is at
	bad      bool
}

// steps tells the life of a lockdown. Nothing is in it that was not stored: accepted is not enforced, asked is not released (C-04, C-06).
func (m *Model) steps(l soc.Lockdown) []step {
	out := []step{{word: "requested", at: l.RequestedAt, evidence: "stored by us, by " + who(l.By)}}
	if !l.AcceptedAt.IsZero() {
		out = append(out, step{word: "accepted", at: l.AcceptedAt, evidence: "Defender took action " + words.ShortID(l.ActionID)})
	}
	if !l.EnforcedAt.IsZero() {
		out = append(out, step{word: "enforced", at: l.EnforcedAt, evidence: "action " + words.ShortID(l.ActionID) + " Succeeded"})
	}
	if !l.ReleaseAskedAt.IsZero() {
		out = append(out, step{word: "releasing", at: l.ReleaseAskedAt, evidence: m.releaseEvidence(l)})
	}
	out = m.present(l, out)
	out[len(out)-1].now = true
	return out
}

// present adds the station that has no time of its own yet.
func (m *Model) present(l soc.Lockdown, out []step) []step {
	seen := "last seen " + words.Or(string(l.RemoteStatus)) + " at " + m.clock(l.SeenAt)
	switch l.Phase {
	case soc.PhaseSubmitting:
		out = append(out, step{word: "sent, outcome unknown", evidence: "no answer yet; Defender's list is asked, nothing is sent twice"})
	case soc.PhasePending:
		s := step{word: "waiting for device (Defender tries until " + m.until(l.AcceptedAt.Add(defenderWaits)) + ")", evidence: seen}
		if l.PendingTTL > 0 {
			s.evidence += ", cancels itself at " + m.minute(l.AcceptedAt.Add(l.PendingTTL))
		}
		out = append(out, s)
	case soc.PhaseReleaseBlocked:
		out = append(out, step{word: "release failing", evidence: words.Or(l.Trouble), bad: true})
	case soc.PhaseNeedsHuman:
		out = append(out, step{word: "cannot tell", evidence: words.Or(l.Trouble), bad: true})
	}
	if l.Phase.Final() {
		out = append(out, step{word: endWord(l), at: l.EndedAt, evidence: endEvidence(l), bad: l.Phase == soc.PhaseFailed})
	}
	return out
}

func (m *Model) releaseEvidence(l soc.Lockdown) string {
	s := "asked by " + releaser(l)
	if l.ReleaseActionID != "" {
		s += ", action " + words.ShortID(l.ReleaseActionID) + " " + words.Or(string(l.RemoteStatus))
	}
	return s
}

func releaser(l soc.Lockdown) string {
	if l.ReleaseCause == soc.CauseTimer {
		return "timer"
	}
	return who(l.ReleaseBy)
}

func endWord(l soc.Lockdown) string {
	switch {
	case l.Phase == soc.PhaseSuperseded && l.Cause == soc.CauseExternal:
		return "released outside"
	case l.Phase == soc.PhaseSuperseded && l.Cause == soc.CauseHandover:
		return "closed by hand"
	case l.Phase == soc.PhaseSuperseded:
		return "taken over from outside"
	}
	return string(l.Phase)
}

func endEvidence(l soc.Lockdown) string {
	s := "cause " + words.Or(string(l.Cause))
	if l.Note != "" {
		s += ": " + strings.TrimPrefix(l.Note, "released: ")
	}
	return s
}

func who(a soc.Actor) string { return words.Or(a.Name) }

// stateLine is the life of a lockdown in one line of at most w cells. What does not fit is cut at the old end: the present is what counts.
func (m *Model) stateLine(l soc.Lockdown, w int) string {
	var parts []string
	for _, s := range m.steps(l) {
		p := s.word
		if !s.at.IsZero() {
			p += " " + m.minute(s.at)
		}
		if s.bad {
			p += ": " + s.evidence
		}
		parts = append(parts, p)
	}
	line, sep := strings.Join(parts, m.arrow()), m.arrow()
	for len(parts) > 1 && theme.Width(line) > w {
		parts = parts[1:]
		line = ".." + sep + strings.Join(parts, sep)
	}
	return line
}

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
