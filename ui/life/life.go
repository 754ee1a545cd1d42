// Package life tells the life of a lockdown in plain words: which stations it has passed, when, how we know, and what comes next.
//
// It promises that nothing is told that was not stored. Accepted is not enforced, asked is not released, and an order whose answer was lost
// is called unknown until Defender's list has settled it (C-04, C-06, N-05). Every station has its evidence: the end of the action id that a
// person can look up in the portal, the status that was seen and when, or the error of the last try. The screens differ in how much room
// they have for it, never in what they say, because all of them ask here.
package life

import (
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// DefenderWaits is how long Defender keeps trying to reach a device before an action times out (API 3.5).
const DefenderWaits = 72 * time.Hour

// Clock is the present and the zone that times are told in. A zero Now makes ages "?".
type Clock struct {
	Now  time.Time
	Zone *time.Location
}

// Station is one stop in the life of a lockdown.
type Station struct {
	Word     string
	At       time.Time // zero for what is still going on
	Evidence string    // how we know
	Live     string    // what changes by itself: ages, the time until the next look
	Now      bool      // where the lockdown is
	Bad      bool      // a person should look
}

// How is everything that is known about the station.
func (s Station) How() string { return joined(s.Evidence, s.Live) }

// Stations tells the whole life, oldest first; the one where the lockdown is has Now set.
func (c Clock) Stations(l soc.Lockdown) []Station {
	out := append([]Station{first(l)}, c.isolating(l)...)
	out = append(out, c.releasing(l)...)
	if l.Phase.Final() {
		out = append(out, ended(l))
	}
	out[len(out)-1].Now = true
	if !l.WatchUntil.IsZero() {
		out = append(out, c.watched(l))
	}
	return out
}

func first(l soc.Lockdown) Station {
	s := Station{Word: "requested", At: l.RequestedAt, Evidence: "stored by us, by " + words.Or(l.By.Name)}
	if l.TakenOver {
		s.Word = "release of an outside isolation ordered"
	}
	return s
}

// isolating are the stations up to the isolation.
func (c Clock) isolating(l soc.Lockdown) []Station {
	var out []Station
	if !l.AcceptedAt.IsZero() {
		out = append(out, Station{Word: "accepted", At: l.AcceptedAt, Evidence: "Defender took action " + words.EndID(l.ActionID)})
	}
	switch l.Phase {
	case soc.PhaseRequested:
		out = append(out, Station{Word: "not sent yet, the host is not isolated by it", Evidence: l.Trouble, Live: c.unsent(l)})
	case soc.PhaseSubmitting:
		out = append(out, Station{Word: "sent, outcome unknown", At: sentAt(l, soc.VerbIsolate), Evidence: looking, Live: c.look(l)})
	case soc.PhasePending:
		out = append(out, c.waiting(l))
	}
	if !l.EnforcedAt.IsZero() {
		out = append(out, c.enforced(l))
	}
	return out
}

// waiting is C-24: an offline device has not failed, the order may strike for three days.
func (c Clock) waiting(l soc.Lockdown) Station {
	s := Station{Word: "waiting for device (Defender tries until " + c.Until(l.AcceptedAt.Add(DefenderWaits)) + ")", Evidence: c.seen(l), Live: c.look(l)}
	if l.CancelWanted {
		s.Word = "being taken back by " + words.Or(l.CancelledBy.Name) + ", may still be isolated"
	} else if l.PendingTTL > 0 {
		s.Evidence += "; taken back at " + c.Minute(l.AcceptedAt.Add(l.PendingTTL))
	}
	return s
}

func (c Clock) enforced(l soc.Lockdown) Station {
	s := Station{Word: "enforced", At: l.EnforcedAt, Evidence: "action " + words.EndID(l.ActionID) + " Succeeded"}
	if l.Phase == soc.PhaseIsolated {
		s.Live = joined("looked "+words.Age(c.Now, l.SeenAt)+" ago", l.Trouble)
	}
	return s
}

// releasing are the stations from the moment that a release is owed.
func (c Clock) releasing(l soc.Lockdown) []Station {
	var out []Station
	if !l.ReleaseAskedAt.IsZero() {
		out = append(out, Station{Word: "release owed", At: l.ReleaseAskedAt, Evidence: "asked by " + Releaser(l)})
	}
	if l.ReleaseActionID != "" && l.Phase != soc.PhaseReleaseBlocked {
		out = append(out, c.taken(l))
	}
	switch {
	case l.Phase == soc.PhaseReleaseRequested:
		out = append(out, Station{Word: "release not sent yet, still isolated", Evidence: Why(l), Live: "next try " + c.In(nextTry(l, soc.VerbRelease))})
	case l.Phase == soc.PhaseReleasing && l.ReleaseActionID == "":
		out = append(out, Station{Word: "release sent, outcome unknown", At: sentAt(l, soc.VerbRelease), Evidence: looking, Live: c.look(l)})
	case l.Phase == soc.PhaseReleaseBlocked:
		out = append(out, Station{Word: fmt.Sprintf("release failing (%dx)", l.Failures), Evidence: words.Or(Why(l)), Live: c.blocked(l), Bad: true})
	case l.Phase == soc.PhaseNeedsHuman:
		out = append(out, Station{Word: "a person must decide", Evidence: words.Or(l.Trouble), Bad: true})
	}
	return out
}

// taken is a release that Defender has accepted.
func (c Clock) taken(l soc.Lockdown) Station {
	s := Station{Word: "releasing", At: sentAt(l, soc.VerbRelease), Evidence: "Defender took release " + words.EndID(l.ReleaseActionID)}
	if l.Phase == soc.PhaseReleasing {
		s.Evidence, s.Live = joined(s.Evidence, c.seen(l), "not released until the device confirms"), c.look(l)
	}
	return s
}

// blocked is what follows a release that failed (K-08).
func (c Clock) blocked(l soc.Lockdown) string {
	return joined("next try "+c.In(nextTry(l, soc.VerbRelease)), "still isolated, tried until it works")
}

// ended is the last station.
func ended(l soc.Lockdown) Station {
	s := Station{Word: EndWord(l), At: l.EndedAt, Evidence: "cause " + words.Or(string(l.Cause)), Bad: l.Phase == soc.PhaseFailed}
	if l.Phase == soc.PhaseReleased && l.ReleaseActionID != "" && l.RemoteStatus == soc.ActionSucceeded {
		s.Evidence = "release " + words.EndID(l.ReleaseActionID) + " Succeeded, " + s.Evidence
	}
	if l.Note != "" {
		s.Evidence += ": " + strings.TrimPrefix(l.Note, "released: ")
	}
	return s
}

// EndWord says how a lockdown ended, in words that do not claim a release where there was none.
func EndWord(l soc.Lockdown) string {
	switch {
	case l.Phase == soc.PhaseSuperseded && l.Cause == soc.CauseExternal:
		return "released outside"
	case l.Phase == soc.PhaseSuperseded && l.Cause == soc.CauseHandover:
		return "closed by hand, not released by cordon"
	case l.Phase == soc.PhaseSuperseded:
		return "taken over from outside, not released by cordon"
	case l.Phase == soc.PhaseFailed:
		return "failed, never isolated"
	case l.Phase == soc.PhaseCancelled:
		return "taken back, never isolated"
	}
	return string(l.Phase)
}

// watched is the late-isolate guard: the record is over, the duty to look is not (C-01, N-02).
func (c Clock) watched(l soc.Lockdown) Station {
	s := Station{Word: "watched until " + c.Until(l.WatchUntil) + " for a late isolate"}
	if l.Trouble != "" {
		return Station{Word: "LATE ISOLATE", Evidence: l.Trouble, Bad: true}
	}
	s.Evidence, s.Live = "none seen", "looked "+words.Age(c.Now, l.SeenAt)+" ago"
	return s
}

// unsent says when a waiting order goes out, and when it is given up.
func (c Clock) unsent(l soc.Lockdown) string {
	drop := ""
	if !l.FreshUntil.IsZero() {
		drop = "dropped unsent at " + c.Minute(l.FreshUntil)
	}
	return joined("next try "+c.In(nextTry(l, soc.VerbIsolate)), drop)
}

// looking is the state of an order whose answer was lost.
// looking is the state of an order whose answer was lost.
const looking = "looking for it in Defender's list, nothing is sent twice"

// Why is what is wrong, without the words that the station before it has said already.
func Why(l soc.Lockdown) string { return strings.TrimPrefix(l.Trouble, "the host is still isolated: ") }

func (c Clock) seen(l soc.Lockdown) string {
	if l.SeenAt.IsZero() {
		return "not looked yet"
	}
	return "last seen " + words.Or(string(l.RemoteStatus)) + " at " + c.Second(l.SeenAt)
}

func (c Clock) look(l soc.Lockdown) string {
	next := "next look " + c.In(l.Wake)
	if l.SeenAt.IsZero() {
		return next
	}
	return "seen " + words.Age(c.Now, l.SeenAt) + " ago; " + next
}

// Releaser is who asked for the release: a person or the timer.
func Releaser(l soc.Lockdown) string {
	if l.ReleaseCause == soc.CauseTimer {
		return "timer"
	}
	return words.Or(l.ReleaseBy.Name)
}

// nextTry is when the next order of a verb may go out: what the last one has to wait for, else the next look.
func nextTry(l soc.Lockdown, v soc.Verb) time.Time {
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		if a := l.Attempts[i]; a.Verb == v && a.RetryAt.After(l.Wake) {
			return a.RetryAt
		} else if a.Verb == v {
			break
		}
	}
	return l.Wake
}

// sentAt is when the newest order of a verb went out.
func sentAt(l soc.Lockdown, v soc.Verb) time.Time {
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		if l.Attempts[i].Verb == v {
			return l.Attempts[i].SentAt
		}
	}
	return time.Time{}
}

func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "; ")
}

// Line is the life in one line of at most w cells, with the age of the present. What does not fit goes at the old end: the present counts.
// With why the reason of a bad station stands in it too.
func (c Clock) Line(l soc.Lockdown, arrow string, w int, why bool) string {
	var parts []string
	for _, s := range c.Stations(l) {
		p := s.Word
		if !s.At.IsZero() {
			p += " " + c.Minute(s.At)
		}
		if s.Now && !s.At.IsZero() {
			p += " (" + words.Age(c.Now, s.At) + ")"
		}
		if s.Bad && why {
			p += ": " + s.How()
		}
		parts = append(parts, p)
	}
	line := strings.Join(parts, arrow)
	for len(parts) > 1 && theme.Width(line) > w {
		parts = parts[1:]
		line = ".." + arrow + strings.Join(parts, arrow)
	}
	return line
}

// How is the evidence of the present, and of a watch that goes on after the end.
func (c Clock) How(l soc.Lockdown) string {
	var parts []string
	for _, s := range c.Stations(l) {
		if s.Now || len(parts) > 0 {
			parts = append(parts, s.How())
		}
	}
	if l.Phase == soc.PhaseIsolated {
		parts = append(parts, c.end(l))
	}
	return joined(parts...)
}

// Present is the station where the lockdown is, as one sentence with its evidence.
func (c Clock) Present(l soc.Lockdown) string {
	for _, s := range c.Stations(l) {
		if s.Now {
			return s.Word + ": " + c.How(l)
		}
	}
	return ""
}

// end is when an isolation ends, and what is wrong if it should have ended.
func (c Clock) end(l soc.Lockdown) string {
	if l.Deadline.IsZero() || c.Now.IsZero() || !l.Deadline.Before(c.Now) {
		return "ends " + c.Second(l.Deadline) + ", then it is released by itself"
	}
	return "was due " + c.Second(l.Deadline) + " and no release is on record: still isolated"
}
