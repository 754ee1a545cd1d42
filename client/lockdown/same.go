package lockdown

import (
	"slices"

	"cordon/store/soc"
)

// sameFacts reports whether nothing but the time of the look and of the wake-up differs; that is not worth a write. It runs after every look
// at every host, so it names the fields instead of reflecting on them.
func sameFacts(a, b soc.Lockdown) bool {
	return sameWords(&a, &b) && sameTimes(&a, &b) && slices.EqualFunc(a.Attempts, b.Attempts, sameAttempt)
}

func sameWords(a, b *soc.Lockdown) bool {
	return a.ID == b.ID && a.Key == b.Key && a.HostName == b.HostName && a.HostIP == b.HostIP &&
		a.Mode == b.Mode && a.By == b.By && a.Reason == b.Reason && a.Ticket == b.Ticket &&
		a.AlertID == b.AlertID && a.Rule == b.Rule && a.Type == b.Type && a.Period == b.Period &&
		a.PendingTTL == b.PendingTTL && a.Phase == b.Phase && a.Revision == b.Revision && a.Due == b.Due &&
		a.ReleaseCause == b.ReleaseCause && a.ReleaseBy == b.ReleaseBy && a.ReleaseReason == b.ReleaseReason && a.ActionID == b.ActionID &&
		a.ReleaseActionID == b.ReleaseActionID && a.CancelWanted == b.CancelWanted && a.CancelledBy == b.CancelledBy && a.Failures == b.Failures &&
		a.Trouble == b.Trouble && a.RemoteStatus == b.RemoteStatus && a.TakenOver == b.TakenOver && a.Crashes == b.Crashes &&
		a.Cause == b.Cause && a.Note == b.Note
}

func sameTimes(a, b *soc.Lockdown) bool {
	return a.RequestedAt.Equal(b.RequestedAt) && a.FreshUntil.Equal(b.FreshUntil) && a.AcceptedAt.Equal(b.AcceptedAt) &&
		a.EnforcedAt.Equal(b.EnforcedAt) && a.Deadline.Equal(b.Deadline) && a.EndedAt.Equal(b.EndedAt) &&
		a.ReleaseAskedAt.Equal(b.ReleaseAskedAt) && a.GoneSince.Equal(b.GoneSince) && a.RemoteAt.Equal(b.RemoteAt) &&
		a.RecoveredAt.Equal(b.RecoveredAt) && a.WatchUntil.Equal(b.WatchUntil)
}

// sameAttempt compares instants, not how they are written.
func sameAttempt(a, b soc.Attempt) bool {
	same := a.SentAt.Equal(b.SentAt) && a.DoneAt.Equal(b.DoneAt) && a.AbsentAt.Equal(b.AbsentAt) && a.RetryAt.Equal(b.RetryAt)
	a.SentAt, a.DoneAt, a.AbsentAt, a.RetryAt = b.SentAt, b.DoneAt, b.AbsentAt, b.RetryAt
	return same && a == b
}
