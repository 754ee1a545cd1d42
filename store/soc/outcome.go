package soc

// AuditOutcome says of a line of the history whether what it tells about worked, and if not, whether cordon tries again by itself (V-40). It
// follows from result and phases alone, so that old lines answer too. What was seen, accepted or taken back counts as a success; an order that
// a person gave and cordon refused does not, and nobody repeats it for them.
func AuditOutcome(e AuditEntry) (success, willRetry bool) {
	switch e.Result {
	case ResultOK, ResultAccepted, ResultSeen:
		return true, false
	case ResultCancelled:
		return e.Cause != CauseStale, false
	}
	return false, triesAgain(e)
}

// triesAgain: the record stays in, or goes back to, a phase in which an order is owed; or a cancel was refused, which is repeated.
func triesAgain(e AuditEntry) bool {
	switch Phase(e.After) {
	case PhaseRequested, PhaseSubmitting, PhasePending, PhaseReleaseRequested, PhaseReleasing, PhaseReleaseBlocked:
		return true
	case "":
		return e.Action == "send-cancel" || e.Action == "restart"
	}
	return false
}
