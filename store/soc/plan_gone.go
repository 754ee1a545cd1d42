package soc

// goneError marks the attempt that Defender refused because it does not know the machine.
const goneError = "Defender does not know this machine"

// goneFor is how long Defender must have denied the machine, in every answer, before the debt of its release ends: a mistake in device
// groups can make a machine invisible over a week-end, and it is as isolated then as before.
const goneFor = WatchAfter

// AsksMachine reports whether the next look must also ask for the machine itself, to prove that it is gone, or that it is back (F29).
func AsksMachine(l Lockdown) bool {
	t := lastAttempt(l, VerbRelease)
	return endedGone(l) || l.Phase == PhaseReleaseBlocked && t != nil && t.Error == goneError
}

// endedGone reports a lockdown that may have ended because Defender denied the machine. Its isolation is owed a release if the machine comes
// back while the record is watched.
func endedGone(l Lockdown) bool {
	return l.Phase == PhaseSuperseded && l.Cause == CauseExternal && !l.WatchUntil.IsZero() && !l.GoneSince.IsZero()
}

// seeGone ends the obligation to release a machine that was proved to be gone: Defender refused release orders for three days because it does
// not know the machine, and says the same when asked for it. Everything less leaves the release owed.
func (m *mover) seeGone(seen Seen) {
	if !seen.Gone || !AsksMachine(m.l) {
		return
	}
	if m.l.Failures < 2 || m.now.Sub(m.l.GoneSince) < goneFor {
		return
	}
	m.end(PhaseSuperseded, CauseExternal, m.now, AuditEntry{
		Action: "external", Result: ResultSeen,
		Detail: "Defender has not known this machine for three days: it refused release orders and a read of the machine (404); it was deleted or " +
			"off-boarded. If the device still exists and is cut off, free it in the Defender portal",
	})
}
