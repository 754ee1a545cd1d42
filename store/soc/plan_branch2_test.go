package soc_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

func applied(t *testing.T, l soc.Lockdown, err error, now time.Time) soc.Lockdown {
	t.Helper()
	last, _ := l.LastAttempt()
	got, audit, aerr := soc.Applied(l, soc.Outcome{Token: last.Token, Err: err}, now)
	if aerr != nil {
		t.Fatal(aerr)
	}
	if cerr := soc.Check(l, got, audit...); cerr != nil {
		t.Fatal(cerr)
	}
	return got
}

func TestK08_ReleaseThatCanNotBeSentGrowsLoudAtTheThirdFailure(t *testing.T) {
	l, _, now := due(t)
	for n, want := range []struct {
		phase soc.Phase
		wait  time.Duration
	}{
		{soc.PhaseReleaseRequested, 5 * time.Second},
		{soc.PhaseReleaseRequested, 10 * time.Second},
		{soc.PhaseReleaseBlocked, 20 * time.Second},
		{soc.PhaseReleaseBlocked, 40 * time.Second},
	} {
		l = applied(t, sent(t, l, soc.VerbRelease, now), soc.ErrUnavailable, now)
		last, _ := l.LastAttempt()
		if l.Phase != want.phase || l.Failures != n+1 || !last.RetryAt.Equal(now.Add(want.wait)) || l.Trouble == "" {
			t.Errorf("failure %d: %s, %d failures, in %s", n+1, l.Phase, l.Failures, last.RetryAt.Sub(now))
		}
		wantNext(t, "before its time", soc.Plan(l, seenAt(last.RetryAt.Add(-1)), last.RetryAt.Add(-1)), soc.Next{Do: soc.DoWait, Until: last.RetryAt})
		now = last.RetryAt
	}
	throttled := applied(t, sent(t, l, soc.VerbRelease, now), soc.ErrThrottled, now)
	if throttled.Failures != 4 || throttled.Phase != soc.PhaseReleaseRequested {
		t.Errorf("throttling is no failure: %d, %s", throttled.Failures, throttled.Phase)
	}
}

func TestF26_ThrottlingIsObeyedWithinBounds(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{0: time.Second, time.Minute: time.Minute, time.Hour: 15 * time.Minute} {
		l, _ := requested(t)
		l = applied(t, sent(t, l, soc.VerbIsolate, planNow), &soc.Error{Kind: soc.KindThrottled, After: after}, planNow)
		if got := l.Attempts[0].RetryAt.Sub(planNow); got != want || l.Phase != soc.PhaseRequested {
			t.Errorf("%s: %s, %s", after, got, l.Phase)
		}
	}
}

func TestF48_RefusedCancelIsTriedAgainAfterTwoMinutes(t *testing.T) {
	for _, err := range []error{soc.ErrInProgress, soc.ErrRefused} {
		l, a1 := waiting(t)
		l.CancelWanted, l.CancelledBy = true, soc.Actor{Name: "bob"}
		now := planNow.Add(time.Minute)
		next := soc.Plan(l, seenAt(now, a1), now)
		wantNext(t, "first", next, soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: a1.ID})
		begun, _, berr := soc.Begin(l, next, now)
		if berr != nil {
			t.Fatal(berr)
		}
		got := applied(t, begun, err, now)
		row, _ := got.LastAttempt()
		if row.Outcome != soc.OutcomeRefused || !row.RetryAt.Equal(now.Add(2*time.Minute)) || row.ActionID != a1.ID {
			t.Errorf("%v: %+v", err, row)
		}
		got.SeenAt = now
		wantNext(t, "meanwhile", soc.Plan(got, seenAt(now, a1), now), soc.Next{Do: soc.DoWait, Until: now.Add(15 * time.Second)})
	}
	l, a1 := waiting(t)
	begun, _, _ := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: a1.ID}, planNow)
	row, _ := begun.LastAttempt()
	done, _, _ := soc.Applied(begun, soc.Outcome{Token: row.Token, Action: a1}, planNow)
	if row, _ = done.LastAttempt(); row.Outcome != soc.OutcomeAccepted || !row.RetryAt.Equal(planNow.Add(time.Minute)) {
		t.Errorf("%+v", row)
	}
}

func TestWatch_LateIsolateIsReleasedAndNeverForgotten(t *testing.T) {
	l, a1, r2, now := released(t)
	stray := ownOrder(l, 7, soc.ActionIsolate, soc.ActionPending, now, now)
	seen, audit := observed(t, l, now.Add(time.Minute), a1, r2, stray)
	if len(audit) != 1 || audit[0].ActionID != stray.ID || seen.Trouble == "" {
		t.Errorf("%v %q", audit, seen.Trouble)
	}
	at := now.Add(time.Minute)
	cancel := soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: stray.ID}
	wantNext(t, "stray", soc.Plan(seen, seenAt(at, a1, r2, stray), at), cancel)
	stray.Status, stray.Updated = soc.ActionSucceeded, at
	struck, audit := observed(t, seen, at.Add(time.Second), a1, r2, stray)
	if len(audit) != 1 || audit[0].ActionID != stray.ID || struck.Trouble == seen.Trouble {
		t.Errorf("%v %q", audit, struck.Trouble)
	}
	at = at.Add(time.Second)
	wantNext(t, "struck", soc.Plan(struck, seenAt(at, a1, r2, stray), at), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	under := ownOrder(l, 8, soc.ActionUnisolate, soc.ActionPending, at, at)
	wantNext(t, "under way", soc.Plan(struck, seenAt(at, a1, r2, stray, under), at), soc.Next{Do: soc.DoWait, Until: at.Add(15 * time.Second)})
	outside := portalOrder("p", soc.ActionIsolate, soc.ActionSucceeded, at)
	if both, _ := observed(t, seen, at, a1, r2, stray, outside); both.Trouble != "" {
		t.Errorf("others hold the host too: %q", both.Trouble)
	}
	if again, audit := observed(t, struck, at.Add(time.Second), a1, r2, stray); len(audit) != 0 || again.Trouble != struck.Trouble {
		t.Errorf("told twice: %v", audit)
	}
	late := struck.WatchUntil
	if owing, _ := observed(t, struck, late, a1, r2, stray); !owing.WatchUntil.Equal(late.Add(time.Hour)) {
		t.Errorf("a debt is not looked away from: %s", owing.WatchUntil)
	}
	if kept, _ := observed(t, l, late.Add(-1), a1, r2); kept.WatchUntil.IsZero() && l.WatchUntil.After(late.Add(-1)) {
		t.Error("the watch ended early")
	}
	over, _ := observed(t, l, l.WatchUntil, a1, r2)
	if !over.WatchUntil.IsZero() || !over.Wake.IsZero() {
		t.Errorf("the watch goes on until %s", over.WatchUntil)
	}
	wantNext(t, "over", soc.Plan(over, soc.Seen{}, late), soc.Next{Do: soc.DoWait})
	if same, audit := observed(t, over, late, a1, r2, stray); len(audit) != 0 || same.Trouble != "" {
		t.Errorf("nobody watches: %v", audit)
	}
	end, e := soc.EndWatch(l, "detached", now)
	if !end.WatchUntil.IsZero() || !end.Wake.IsZero() || e.Detail != "detached" || e.Action != "watch-ended" || e.Cause != l.Cause || soc.Check(l, end, e) != nil {
		t.Errorf("%+v", e)
	}
}

func TestWatch_HowOftenAnEndedLockdownIsLookedAt(t *testing.T) {
	l, a1, r2, _ := released(t)
	sentAt := l.Attempts[1].SentAt
	for _, tt := range []struct {
		trouble string
		at      time.Time
		want    time.Duration
	}{
		{"", l.EndedAt.Add(10*time.Minute - 1), time.Minute},
		{"", l.EndedAt.Add(10 * time.Minute), 10 * time.Minute},
		{"x", sentAt.Add(10*time.Minute - 1), 15 * time.Second},
		{"x", sentAt.Add(10 * time.Minute), time.Minute},
	} {
		l.Trouble, l.SeenAt = tt.trouble, tt.at
		if got := soc.WakeOf(l, tt.at).Sub(tt.at); got != tt.want {
			t.Errorf("%q, %s after the end: wakes in %s, want %s", tt.trouble, tt.at.Sub(l.EndedAt), got, tt.want)
		}
		wantNext(t, "look", soc.Plan(l, seenAt(tt.at, a1, r2), tt.at), soc.Next{Do: soc.DoWait, Until: tt.at.Add(tt.want)})
	}
	l.Attempts = l.Attempts[:1]
	if got := soc.WakeOf(l, l.RequestedAt.Add(time.Minute)).Sub(l.RequestedAt); l.Trouble == "" || got != time.Minute+15*time.Second {
		t.Errorf("no release was sent: %s", got)
	}
}

func TestF47_SupersededIsolationHoldsWhenItsTakerGaveUp(t *testing.T) {
	l, a1 := held(t)
	now := planNow.Add(5 * time.Minute)
	taker := portalOrder("p1", soc.ActionIsolate, soc.ActionPending, now.Add(-time.Minute))
	l, _ = observed(t, l, now, a1, taker)
	if l.Phase != soc.PhaseSuperseded {
		t.Fatal(l.Phase)
	}
	dead := taker
	dead.Status = soc.ActionFailed
	trouble := func(at time.Time, actions ...soc.MachineAction) bool {
		got, _ := observed(t, l, at, actions...)
		return got.Trouble != ""
	}
	end := l.Deadline
	if trouble(end.Add(-1), a1, dead) || !trouble(end, a1, dead) {
		t.Error("ours is released from its deadline on, not before")
	}
	if trouble(end, a1, taker) || trouble(end, a1) {
		t.Error("a taker that is open or absent proves nothing")
	}
	older := dead
	older.Created = a1.Created.Add(-time.Minute)
	if trouble(end, a1, older) {
		t.Error("an older order did not take over")
	}
	l.CancelWanted = true
	if !trouble(end.Add(-1), a1, dead) {
		t.Error("a person wanted it back")
	}
	l.CancelWanted, l.ReleaseCause = false, soc.CauseUser
	if !trouble(end.Add(-1), a1, dead) {
		t.Error("a person released it")
	}
}

// Two consoles and the portal on one host, seen through a lagging list: our isolate struck last, after the other console's had been
// released, but we gave way to that one before the release could be seen. Nobody else holds the host, so it is ours to release.
func TestF54_F47_SupersededIsolationHoldsWhenItsTakerWasReleasedBefore(t *testing.T) {
	l, a1 := held(t)
	now := planNow.Add(5 * time.Minute)
	taker := portalOrder("p1", soc.ActionIsolate, soc.ActionSucceeded, now.Add(-time.Minute))
	taker.Created, taker.Updated = a1.Created.Add(time.Second), a1.Updated.Add(-20*time.Second)
	l, _ = observed(t, l, now, a1, taker)
	if l.Phase != soc.PhaseSuperseded {
		t.Fatal(l.Phase)
	}
	free := portalOrder("p2", soc.ActionUnisolate, soc.ActionSucceeded, now)
	free.Created, free.Updated = a1.Created, a1.Updated.Add(-10*time.Second)
	owed := func(at time.Time, actions ...soc.MachineAction) bool {
		got, _ := observed(t, l, at, actions...)
		return got.Trouble != "" && soc.Plan(got, seenAt(at, actions...), at).Verb == soc.VerbRelease
	}
	end := l.Deadline
	if owed(end.Add(-1), a1, taker, free) || !owed(end, a1, taker, free) {
		t.Error("ours is released from its deadline on, not before")
	}
	if owed(end, a1, taker) {
		t.Error("the other one still holds the host")
	}
	free.Updated = a1.Updated.Add(10 * time.Second)
	if owed(end, a1, taker, free) {
		t.Error("the release freed the host of both")
	}
	soon := end.Add(-time.Minute)
	got, _ := observed(t, l, soon, a1, taker)
	wantNext(t, "looks at the end", soc.Plan(got, seenAt(soon, a1, taker), soon), soc.Next{Do: soc.DoWait, Until: end})
}

func TestCheck_NoticesTheRestToo(t *testing.T) {
	l, e := requested(t)
	run, _ := held(t)
	owed, _, _ := due(t)
	over, _, _, _ := released(t)
	change := func(l soc.Lockdown, f func(*soc.Lockdown)) soc.Lockdown {
		l.Attempts = slices.Clone(l.Attempts)
		f(&l)
		return l
	}
	entry := func(f func(*soc.AuditEntry)) soc.AuditEntry { e := e; f(&e); return e }
	row := func(n int, v soc.Verb) soc.Attempt {
		return soc.Attempt{N: n, Verb: v, Token: soc.AttemptToken(l.ID, n), SentAt: planNow}
	}
	toEnd := soc.AuditEntry{Lockdown: l.ID, Actor: soc.Actor{Name: "x"}, Action: "x", Result: soc.ResultOK, Before: "isolated", After: "superseded"}
	for i, tt := range []struct {
		rule          string
		before, after soc.Lockdown
		audit         []soc.AuditEntry
	}{
		{"I8", soc.Lockdown{}, change(run, func(*soc.Lockdown) {}), nil},
		{"I8", soc.Lockdown{}, change(l, func(l *soc.Lockdown) { l.Attempts = []soc.Attempt{row(1, soc.VerbIsolate)} }), []soc.AuditEntry{e}},
		{"I8", soc.Lockdown{}, change(l, func(l *soc.Lockdown) { l.RecoveredAt = planNow }), []soc.AuditEntry{e}},
		{"I6", l, change(l, func(l *soc.Lockdown) { l.ID = "LK-00000002" }), nil},
		{"I6", l, change(l, func(l *soc.Lockdown) { l.Key.MachineID = "bb" }), nil},
		{"I6", l, change(l, func(l *soc.Lockdown) { l.RequestedAt = planNow.Add(1) }), nil},
		{"I3", run, change(run, func(l *soc.Lockdown) { l.Wake = l.Deadline.Add(1) }), nil},
		{"I3", run, change(run, func(l *soc.Lockdown) { l.Deadline = time.Time{} }), nil},
		{"I4", soc.Lockdown{}, l, []soc.AuditEntry{entry(func(e *soc.AuditEntry) { e.Lockdown = "" })}},
		{"I4", soc.Lockdown{}, l, []soc.AuditEntry{entry(func(e *soc.AuditEntry) { e.Actor.Name = "" })}},
		{"I4", soc.Lockdown{}, l, []soc.AuditEntry{entry(func(e *soc.AuditEntry) { e.Action = "" })}},
		{"I4", soc.Lockdown{}, l, []soc.AuditEntry{entry(func(e *soc.AuditEntry) { e.Result = "" })}},
		{"I4", soc.Lockdown{}, l, []soc.AuditEntry{entry(func(e *soc.AuditEntry) { e.Before = "pending" })}},
		{"I4", run, change(run, func(l *soc.Lockdown) { l.Phase = soc.PhaseSuperseded }), []soc.AuditEntry{toEnd}},
		{"I4", l, change(l, func(l *soc.Lockdown) { l.Phase = soc.PhaseIsolated; l.Deadline, l.Wake = planNow, planNow }), []soc.AuditEntry{
			{Lockdown: l.ID, Actor: soc.Actor{Name: "x"}, Action: "x", Result: soc.ResultOK, Before: "requested", After: "isolated"},
		}},
		{"I8", l, change(l, func(l *soc.Lockdown) { l.Attempts = []soc.Attempt{row(1, soc.VerbCancel), row(2, soc.VerbCancel)} }), nil},
		{"I1", run, change(run, func(l *soc.Lockdown) { l.Attempts = append(l.Attempts, row(2, soc.VerbIsolate)) }), nil},
		{
			"I1", change(l, func(l *soc.Lockdown) { l.Attempts = run.Attempts }),
			change(l, func(l *soc.Lockdown) { l.Attempts = append(slices.Clone(run.Attempts), row(2, soc.VerbIsolate)) }), nil,
		},
		{"C-16", l, change(l, func(l *soc.Lockdown) { l.FreshUntil, l.Attempts = planNow, []soc.Attempt{row(1, soc.VerbIsolate)} }), nil},
		{"I6", owed, change(owed, func(l *soc.Lockdown) { l.ActionID, l.Attempts = "", append(l.Attempts, row(2, soc.VerbRelease)) }), nil},
		{"I2", owed, change(owed, func(l *soc.Lockdown) { l.Due, l.Attempts = false, append(l.Attempts, row(2, soc.VerbRelease)) }), nil},
		{"I10", change(run, func(l *soc.Lockdown) { l.Due = true }), change(run, func(l *soc.Lockdown) { l.Due = true }), nil},
		{"I2", l, change(l, func(l *soc.Lockdown) { l.Due = true }), nil},
		{"I10", owed, change(owed, func(l *soc.Lockdown) { l.Due = false }), nil},
		{"I7", over, change(over, func(l *soc.Lockdown) { l.EndedAt = planNow }), nil},
		{"I5", change(owed, func(l *soc.Lockdown) { l.Phase = soc.PhaseReleasing }), change(owed, func(l *soc.Lockdown) { l.Phase = soc.PhaseReleased }), []soc.AuditEntry{
			{Lockdown: l.ID, Actor: soc.Actor{Name: "x"}, Action: "x", Result: soc.ResultOK, Cause: soc.CauseTimer, Before: "releasing", After: "released"},
		}},
	} {
		err := soc.Check(tt.before, tt.after, tt.audit...)
		if got := codeOf(err); got != tt.rule {
			t.Errorf("row %d: %v, want %s", i, err, tt.rule)
		}
	}
	good := change(owed, func(l *soc.Lockdown) { l.Attempts = append(l.Attempts, row(2, soc.VerbRelease)) })
	for what, f := range map[string]func(*soc.Lockdown){
		"due": func(*soc.Lockdown) {}, "by a person": func(l *soc.Lockdown) { l.Due, l.ReleaseCause = false, soc.CauseUser },
		"taken back": func(l *soc.Lockdown) { l.Due, l.CancelWanted = false, true },
	} {
		if err := soc.Check(change(owed, func(l *soc.Lockdown) { f(l) }), change(good, f)); err != nil {
			t.Errorf("a good release, %s: %v", what, err)
		}
	}
	if err := soc.Check(over, change(over, func(l *soc.Lockdown) {
		l.Trouble, l.Note, l.SeenAt, l.WatchUntil, l.Revision = "x", "y", planNow, planNow, 9
	})); err != nil {
		t.Errorf("what the watch needs: %v", err)
	}
}

func codeOf(err error) string {
	var e *soc.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return e.Code
}

// An answer that comes after the record went elsewhere is written down, and changes nothing else.
func TestApplied_AnswerThatComesTooLate(t *testing.T) {
	over, _, r2, now := released(t)
	over = sent(t, over, soc.VerbRelease, now)
	r3 := ownOrder(over, 3, soc.ActionUnisolate, soc.ActionPending, now, now)
	got, audit, err := soc.Applied(over, soc.Outcome{Token: over.Attempts[2].Token, Action: r3}, now)
	if err != nil || len(audit) != 1 || got.Attempts[2].ActionID != r3.ID || got.ReleaseActionID != r2.ID || soc.Check(over, got, audit...) != nil {
		t.Errorf("%v %v %+v", err, audit, got.Attempts[2])
	}
	got, audit, err = soc.Applied(got, soc.Outcome{Token: over.Attempts[2].Token, Err: soc.ErrRefused}, now)
	if err != nil || audit != nil || got.Attempts[2].ActionID != r3.ID {
		t.Errorf("a settled row: %v %v", err, audit)
	}
	if _, _, err := soc.Applied(over, soc.Outcome{Token: "LK-00000001.9"}, now); err == nil {
		t.Error("an answer to an order that was never begun")
	}
	l, _ := requested(t)
	l = sent(t, l, soc.VerbIsolate, planNow)
	aside, _, err := soc.SetAside(l, "crashes", planNow)
	if err != nil {
		t.Fatal(err)
	}
	a1 := ownOrder(l, 1, soc.ActionIsolate, soc.ActionPending, planNow, planNow)
	got, audit, err = soc.Applied(aside, soc.Outcome{Token: l.Attempts[0].Token, Action: a1}, planNow)
	if err != nil || len(audit) != 1 || got.Phase != soc.PhaseNeedsHuman || got.ActionID != a1.ID || !got.AcceptedAt.Equal(planNow) {
		t.Errorf("accepted: %v %v %s", err, audit, got.Phase)
	}
	if got := applied(t, aside, soc.ErrRefused, planNow); got.Phase != soc.PhaseNeedsHuman || !got.Attempts[0].RetryAt.Equal(planNow.Add(5*time.Second)) {
		t.Errorf("refused: %s %+v", got.Phase, got.Attempts[0])
	}
}

func TestF08_EndWithoutATimeOfDefenderIsNow(t *testing.T) {
	for status, cause := range map[soc.ActionStatus]soc.Cause{
		soc.ActionFailed: soc.CauseRefused, soc.ActionTimeOut: soc.CauseExpired, soc.ActionCancelled: soc.CauseExternal,
	} {
		l, a1 := waiting(t)
		a1.Status, a1.Created, a1.Updated = status, time.Time{}, time.Time{}
		now := planNow.Add(time.Minute)
		if got, _ := observed(t, l, now, a1); !got.EndedAt.Equal(now) || got.Cause != cause || !got.WatchUntil.Equal(now.Add(soc.WatchAfter)) {
			t.Errorf("%s: ended at %s, %s", status, got.EndedAt, got.Cause)
		}
		a1.Updated = planNow.Add(30 * time.Second)
		if got, _ := observed(t, l, now, a1); !got.EndedAt.Equal(a1.Updated) {
			t.Errorf("%s: ended at %s, Defender says %s", status, got.EndedAt, a1.Updated)
		}
	}
}

// Whose an order is: its id is known from an answer, or its comment names the lockdown; a lost comment alone makes nothing foreign.
func TestI6_OrderIsOursByItsIdOrByItsComment(t *testing.T) {
	l, a1, now := due(t)
	l.SeenAt = now
	l.Attempts = append(slices.Clone(l.Attempts), soc.Attempt{N: 2, Verb: soc.VerbIsolate, Outcome: soc.OutcomeAccepted, ActionID: "twin"})
	stray := soc.MachineAction{ID: "twin", Type: soc.ActionIsolate, Status: soc.ActionPending, MachineID: isoKey.MachineID, Created: planNow, Updated: planNow}
	wantNext(t, "by an attempt", soc.Plan(l, seenAt(now, a1, stray), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: "twin"})
	l.Attempts[1].Verb = soc.VerbCancel // to have cancelled somebody's order does not make it ours
	wantNext(t, "a cancelled one", soc.Plan(l, seenAt(now, a1, stray), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	l.Attempts[1].Verb, l.Attempts[1].ActionID = soc.VerbIsolate, ""
	stray.ID = ""
	wantNext(t, "no id at all", soc.Plan(l, seenAt(now, a1, stray), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	stray.ID, stray.Comment = "cut", a1.Comment[:strings.Index(a1.Comment, string(l.ID))+len(l.ID)+1]
	wantNext(t, "a cut comment", soc.Plan(l, seenAt(now, a1, stray), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: "cut"})
}

func TestK12_CommentOfACancelNamesWhoWantedIt(t *testing.T) {
	l, _ := waiting(t)
	l.Reason = "beacon"
	row := soc.Attempt{N: 2, Verb: soc.VerbCancel, Token: "LK-00000001.2"}
	if c := soc.CommentFor(l, row); c.By != "alice" || !strings.Contains(c.Reason, "strike late") {
		t.Errorf("by itself: %+v", c)
	}
	l.CancelledBy = soc.Actor{Name: "bob", Via: "tty"}
	if c := soc.CommentFor(l, row); c.By != "bob" || c.Via != "tty" || c.Reason != "" {
		t.Errorf("by a person: %+v", c)
	}
	row.Verb = soc.VerbIsolate
	if c := soc.CommentFor(l, row); c.By != "alice" || c.Reason != "beacon" {
		t.Errorf("an isolate: %+v", c)
	}
	row.Verb = soc.VerbRelease
	if c := soc.CommentFor(l, row); c.By != "alice" || c.Reason != "beacon" {
		t.Errorf("a release of nobody: %+v", c)
	}
	l.ReleaseBy, l.ReleaseReason, l.ReleaseCause = soc.Actor{Name: "carol", Via: "cli"}, "clean", soc.CauseUser
	if c := soc.CommentFor(l, row); c.By != "carol" || c.Via != "cli" || c.Reason != "clean" {
		t.Errorf("a release: %+v", c)
	}
	l.ReleaseCause = soc.CauseTimer
	if c := soc.CommentFor(l, row); c.Reason != "its time ran out" {
		t.Errorf("the timer: %+v", c)
	}
}

// What holds the host after the end is a debt only if it is another order than the one that was released, and took effect after the end.
func TestC01_OnlyAnIsolateAfterTheEndIsADebt(t *testing.T) {
	l, a1, r2, now := released(t)
	stray := ownOrder(l, 7, soc.ActionIsolate, soc.ActionSucceeded, now, l.EndedAt)
	r2.Updated = r2.Updated.Add(-time.Second) // the list shows another time than the record
	if got, _ := observed(t, l, now.Add(time.Second), a1, r2, stray); got.Trouble == "" {
		t.Error("at the end")
	}
	stray.Updated = l.EndedAt.Add(-1)
	if got, _ := observed(t, l, now.Add(time.Second), a1, r2, stray); got.Trouble != "" {
		t.Errorf("before the end: %q", got.Trouble)
	}
	a1.Updated = l.EndedAt.Add(time.Second) // the released one itself, seen with a later time
	if got, _ := observed(t, l, now.Add(time.Minute), a1, r2); got.Trouble != "" {
		t.Errorf("the released order: %q", got.Trouble)
	}
}

// What a person wants is looked at now, and not when the record would have been looked at next.
func TestI3_CommandWakesTheWorker(t *testing.T) {
	run, _ := held(t)
	wait, _ := waiting(t)
	bob, now := soc.Actor{Name: "bob"}, planNow.Add(3*time.Minute)
	for what, tt := range map[string]struct {
		do   func() (soc.Lockdown, soc.AuditEntry, error)
		wake time.Time
	}{
		"release": {func() (soc.Lockdown, soc.AuditEntry, error) { return soc.RequestRelease(run, bob, "clean", now) }, now},
		"cancel":  {func() (soc.Lockdown, soc.AuditEntry, error) { return soc.Cancel(wait, bob, "", now) }, now},
		"aside":   {func() (soc.Lockdown, soc.AuditEntry, error) { return soc.SetAside(run, "x", now) }, now},
		"shorter, waiting": {
			func() (soc.Lockdown, soc.AuditEntry, error) { return soc.SetPeriod(wait, bob, time.Minute, "", now) }, now,
		},
		"longer, isolated": {
			func() (soc.Lockdown, soc.AuditEntry, error) { return soc.SetPeriod(run, bob, 2*time.Hour, "", now) }, run.Deadline.Add(time.Hour),
		},
	} {
		l, e, err := tt.do()
		if err != nil || e.Action == "" || !l.Wake.Equal(tt.wake) {
			t.Errorf("%s: wakes at %s, want %s (%v)", what, l.Wake, tt.wake, err)
		}
	}
	over, e, err := soc.Close(run, bob, "by hand", now)
	if err != nil || e.Action != "close" || !over.Wake.IsZero() || !over.WatchUntil.IsZero() {
		t.Errorf("closed: wakes at %s (%v)", over.Wake, err)
	}
}

func TestI4_RefusedCancelIsInTheHistory(t *testing.T) {
	l, a1 := waiting(t)
	begun, _, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: a1.ID}, planNow)
	if err != nil {
		t.Fatal(err)
	}
	row, _ := begun.LastAttempt()
	_, audit, err := soc.Applied(begun, soc.Outcome{Token: row.Token, Err: soc.ErrRefused}, planNow)
	if err != nil || len(audit) != 1 || audit[0].Action != "send-cancel" || audit[0].Result != soc.ResultRefused || audit[0].ActionID != a1.ID {
		t.Errorf("%v %+v", err, audit)
	}
}
