package soc

import (
	"strings"
	"time"
)

// Fact is one thing that is known, or not known, about a lockdown, with its time: a screen shows the age beside it (C-04).
type Fact struct {
	Name string    // requested, accepted, enforced, released, unknown
	At   time.Time // when it became true; for unknown, since when nobody knows. Zero = not yet
	// Word is Defender's own word or ours, for people.
	Word string
}

// The names of facts, in their order.
const (
	FactRequested = "requested"
	FactAccepted  = "accepted"
	FactEnforced  = "enforced"
	FactReleased  = "released"
	FactUnknown   = "unknown"
)

// Standing tells the stages of a lockdown apart: a request is not an acceptance, an acceptance is not an isolation, and an order without an
// answer is unknown, not pending. A stage that was not reached has a zero time. The unknown is there only while it lasts.
func Standing(l Lockdown) []Fact {
	facts := []Fact{
		{FactRequested, l.RequestedAt, "ordered by " + l.By.Name},
		{FactAccepted, l.AcceptedAt, "Defender has the order"},
		{FactEnforced, l.EnforcedAt, "the device confirmed the isolation"},
		{FactReleased, time.Time{}, "the device confirmed the release"},
	}
	if l.Phase == PhaseReleased {
		facts[3].At = l.EndedAt
	}
	for _, v := range []Verb{VerbIsolate, VerbRelease} {
		if t := openAttempt(l, v); t != nil && !l.Phase.Final() {
			word := "the answer to the last " + string(v) + " order is not known; it is looked for in Defender's list"
			facts = append(facts, Fact{FactUnknown, t.SentAt, word})
		}
	}
	if l.Phase == PhaseNeedsHuman {
		facts = append(facts, Fact{FactUnknown, l.SeenAt, l.Trouble})
	}
	return facts
}

// Unverifiable says why an isolation that Defender reports can not be verified on this host, "" if nothing speaks against it (F53). On Linux a
// change of the packet rules ends the isolation, and no machine action tells.
func Unverifiable(h Host) string {
	p := strings.ToLower(h.OSPlatform)
	for _, name := range []string{
		"linux", "ubuntu", "redhat", "centos", "debian", "sles", "suse", "fedora", "rocky", "alma", "mariner", "oracle", "amazon",
	} {
		if strings.Contains(p, name) {
			return "reported isolated, not verifiable: on Linux a change of iptables rules ends the isolation unseen"
		}
	}
	return ""
}
