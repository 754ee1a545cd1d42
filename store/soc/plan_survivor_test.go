package soc_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// The tests of this file were written for faults that were put into the machine by hand (client/proof, D6m) and that no test noticed. Each
// holds a judgement together with the neighbour that must come out the other way.

// denied is a lockdown that is due and whose release orders all get the same answer, for as long as lasts; where that is "not found", reads of
// the machine get it too.
func denied(t *testing.T, answer error, lasts time.Duration) (l soc.Lockdown, a1 soc.MachineAction, now time.Time) {
	t.Helper()
	l, a1, now = due(t)
	for end := now.Add(lasts); now.Before(end) && !l.Phase.Final(); now = now.Add(2 * time.Minute) {
		seen := soc.Seen{At: now, TriedAt: now, Actions: []soc.MachineAction{a1}, Gone: errors.Is(answer, soc.ErrNotFound) && soc.AsksMachine(l)}
		got, audit, err := soc.Observed(l, seen, now)
		if err == nil {
			err = soc.Check(l, got, audit...)
		}
		if err != nil {
			t.Fatal(err)
		}
		l = got
		if do := soc.Plan(l, seen, now); do.Do == soc.DoSend {
			l = sent(t, l, do.Verb, now)
			row, _ := l.LastAttempt()
			if l, _, err = soc.Applied(l, soc.Outcome{Token: row.Token, Err: answer}, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	return l, a1, now
}

// TestF29_AMachineThatIsGoneEndsItsDebtAfterThreeDays: denied for three days, to release orders and to reads, the debt ends; not before, and not
// when Defender merely refuses. The ended record is watched: when the machine is back, it is released at once, and told.
func TestF29_AMachineThatIsGoneEndsItsDebtAfterThreeDays(t *testing.T) {
	for _, c := range []struct {
		answer error
		lasts  time.Duration
		ends   bool
	}{
		{soc.ErrNotFound, 72 * time.Hour, false},
		{soc.ErrNotFound, 74 * time.Hour, true},
		{soc.ErrRefused, 74 * time.Hour, false},
		{soc.ErrDenied, 74 * time.Hour, false},
	} {
		l, a1, now := denied(t, c.answer, c.lasts)
		if got := l.Phase == soc.PhaseSuperseded && l.Cause == soc.CauseExternal; got != c.ends {
			t.Errorf("%v for %s: %s (%s) %s", c.answer, c.lasts, l.Phase, l.Cause, l.Trouble)
		}
		if got := !l.GoneSince.IsZero(); got != errors.Is(c.answer, soc.ErrNotFound) {
			t.Errorf("%v: gone since %s", c.answer, l.GoneSince)
		}
		if !c.ends {
			continue
		}
		still := soc.Seen{At: now, TriedAt: now, Actions: []soc.MachineAction{a1}, Gone: true}
		l, _, err := soc.Observed(l, still, now)
		if err != nil || l.Trouble != "" || soc.Plan(l, still, now).Do == soc.DoSend {
			t.Errorf("still gone: %v %q", err, l.Trouble)
		}
		now = now.Add(15 * time.Minute) // after the last refusal
		l, audit := observed(t, l, now, a1)
		if do := soc.Plan(l, seenAt(now, a1), now); do.Do != soc.DoSend || do.Verb != soc.VerbRelease {
			t.Errorf("the machine is back and is left isolated: %+v", do)
		}
		if len(audit) != 1 || l.Trouble != "Defender knows this machine again, and it is still isolated by this lockdown; cordon is releasing it" {
			t.Errorf("told: %q, %d lines", l.Trouble, len(audit))
		}
	}
}

// TestF44_ClockStartsNotBeforeTheOrderLeft: the order waited ten minutes (F26) before it left. A remote time before that is wrong, however much
// later than the intent it is: the host can not have been isolated yet.
func TestF44_ClockStartsNotBeforeTheOrderLeft(t *testing.T) {
	for minutes, want := range map[int]int{-30: 9, 1: 9, 8: 9, 10: 10} {
		l, _ := requested(t)
		left := planNow.Add(9 * time.Minute)
		l = sent(t, l, soc.VerbIsolate, left)
		a1 := ownOrder(l, 1, soc.ActionIsolate, soc.ActionSucceeded, left, planNow.Add(time.Duration(minutes)*time.Minute))
		l, _ = observed(t, l, planNow.Add(12*time.Minute), a1)
		if got := l.Deadline.Sub(planNow) - l.Period; got != time.Duration(want)*time.Minute {
			t.Errorf("isolated at minute %d by Defender's clock: the clock starts at %s, not at minute %d", minutes, got, want)
		}
	}
}

// TestF50_ReleaseFromOutsideThatWasBeforeOurIsolateFreesNothing: a record that waits for a person while its isolate is under way. A release by
// somebody else counts only when it is younger than the last that is known of our order.
func TestF50_ReleaseFromOutsideThatWasBeforeOurIsolateFreesNothing(t *testing.T) {
	for _, c := range []struct {
		freed time.Duration
		want  soc.Phase
	}{{2 * time.Minute, soc.PhaseNeedsHuman}, {6 * time.Minute, soc.PhaseSuperseded}} {
		l, a1 := waiting(t)
		l, _, err := soc.SetAside(l, "a test", planNow.Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		a1.Status, a1.Updated = soc.ActionInProgress, planNow.Add(5*time.Minute)
		free := portalOrder("u1", soc.ActionUnisolate, soc.ActionSucceeded, planNow.Add(c.freed))
		if l, _ = observed(t, l, planNow.Add(10*time.Minute), a1, free); l.Phase != c.want {
			t.Errorf("released outside after %s: %s, want %s", c.freed, l.Phase, c.want)
		}
	}
}

// TestI8_RowThatVanishedIsNoticedBesideOthersOfItsKind: Check knows rows by token and verb; another isolate does not stand for the lost one, nor
// does a release with its token.
func TestI8_RowThatVanishedIsNoticedBesideOthersOfItsKind(t *testing.T) {
	l, _ := requested(t)
	l.Attempts = []soc.Attempt{
		{N: 1, Verb: soc.VerbIsolate, Token: "LK-00000001.1", Outcome: soc.OutcomeAbsent}, {N: 2, Verb: soc.VerbIsolate, Token: "LK-00000001.2", Outcome: soc.OutcomeAbsent},
	}
	if err := soc.Check(l, l); err != nil {
		t.Fatal(err)
	}
	lost, other := l, l
	lost.Attempts = l.Attempts[1:]
	other.Attempts = []soc.Attempt{{N: 1, Verb: soc.VerbRelease, Token: "LK-00000001.1"}, l.Attempts[1]}
	for _, after := range []soc.Lockdown{lost, other} {
		var e *soc.Error
		if err := soc.Check(l, after); !errors.As(err, &e) || e.Code != "I8" {
			t.Errorf("%+v: %v", after.Attempts, err)
		}
	}
}

// TestF47_OnlyOrdersThatCanNotStrikeAreNotWatched: a watch is needed unless each isolate was refused outright. "Already in progress" is no such
// refusal: the order in progress may be an earlier one of ours (F24).
func TestF47_OnlyOrdersThatCanNotStrikeAreNotWatched(t *testing.T) {
	refused, busy, absent := soc.ErrRefused, soc.ErrInProgress, soc.ErrUnavailable
	for name, c := range map[string]struct {
		answers []error
		watched bool
	}{
		"refused": {[]error{refused}, false}, "busy, then refused": {[]error{busy, refused}, true}, "not sent, then refused": {[]error{absent, refused}, true},
	} {
		l, _ := requested(t)
		now := planNow
		for _, answer := range c.answers {
			now = now.Add(time.Minute)
			l = applied(t, sent(t, l, soc.VerbIsolate, now), answer, now)
		}
		if l.Phase != soc.PhaseFailed || l.WatchUntil.IsZero() == c.watched {
			t.Errorf("%s: %s, watched until %s", name, l.Phase, l.WatchUntil)
		}
	}
}

// TestF29_OnlyADeniedMachineIsAskedFor: the machine itself is read when the last release order was refused because Defender does not know it, and
// while a record is watched that may have ended so. Every other record costs no such call.
func TestF29_OnlyADeniedMachineIsAskedFor(t *testing.T) {
	gone, _, _ := denied(t, soc.ErrNotFound, 74*time.Hour)
	blocked, _, _ := denied(t, soc.ErrNotFound, time.Hour)
	refused, _, _ := denied(t, soc.ErrRefused, time.Hour)
	change := func(f func(*soc.Lockdown)) soc.Lockdown {
		l := gone
		f(&l)
		return l
	}
	for name, c := range map[string]struct {
		l    soc.Lockdown
		asks bool
	}{
		"gone": {gone, true}, "denied": {blocked, blocked.Phase == soc.PhaseReleaseBlocked}, "refused": {refused, false},
		"released":        {change(func(l *soc.Lockdown) { l.Phase = soc.PhaseReleased }), false},
		"superseded":      {change(func(l *soc.Lockdown) { l.Cause = soc.CauseSuperseded }), false},
		"no longer watch": {change(func(l *soc.Lockdown) { l.WatchUntil = time.Time{} }), false},
		"never denied":    {change(func(l *soc.Lockdown) { l.GoneSince = time.Time{} }), false},
	} {
		if soc.AsksMachine(c.l) != c.asks {
			t.Errorf("%s: asks %t", name, !c.asks)
		}
	}
}

// TestV23_WhoReleasedIsNamedFromTheCommentOrElseFromDefender: an order of another console names its person; one without a name, and one that is
// no order of cordon, are told by Defender's requestor.
func TestV23_WhoReleasedIsNamedFromTheCommentOrElseFromDefender(t *testing.T) {
	named := soc.OrderComment{Lockdown: "LK-99999999", Token: "LK-99999999.2", Verb: soc.VerbRelease, By: "zoe"}
	nameless := named
	nameless.By = ""
	for comment, want := range map[string]string{
		named.String(): "zoe (cordon LK-99999999)", nameless.String(): "d.mills", "by hand": "d.mills",
	} {
		l, a1 := held(t)
		free := portalOrder("u1", soc.ActionUnisolate, soc.ActionSucceeded, planNow.Add(5*time.Minute))
		free.Comment = comment
		if l, _ = observed(t, l, planNow.Add(10*time.Minute), a1, free); l.Note != "released outside, in Defender, by "+want {
			t.Errorf("%q: %q", comment, l.Note)
		}
	}
}

// TestI8_OnlyATakeOverBeginsWithADebt: a new record is an intent, or a person's take-over of a foreign isolation with everything that makes one.
func TestI8_OnlyATakeOverBeginsWithADebt(t *testing.T) {
	order := portalOrder("p1", soc.ActionIsolate, soc.ActionSucceeded, planNow)
	l, entry, err := soc.TakeOver(soc.Lockdown{ID: "LK-00000001", Key: isoKey, By: soc.Actor{Name: "bob"}, HostName: "ws-01"}, order, "checked", planNow)
	if err != nil {
		t.Fatal(err)
	}
	if err := soc.Check(soc.Lockdown{}, l, entry); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*soc.Lockdown){
		"not taken over": func(l *soc.Lockdown) { l.TakenOver = false },
		"another phase":  func(l *soc.Lockdown) { l.Phase = soc.PhaseReleaseBlocked },
		"another cause":  func(l *soc.Lockdown) { l.ReleaseCause = soc.CauseTimer },
		"no reason":      func(l *soc.Lockdown) { l.ReleaseReason = "" },
		"with a row": func(l *soc.Lockdown) {
			l.Attempts = []soc.Attempt{{N: 1, Verb: soc.VerbRelease, Token: "LK-00000001.1"}}
		},
	} {
		bad, line := l, entry
		spoil(&bad)
		line.After = string(bad.Phase)
		var e *soc.Error
		if err := soc.Check(soc.Lockdown{}, bad, line); !errors.As(err, &e) || e.Code != "I8" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSC21_HistoryTellsExpiryFromRelease: the timer expires a lockdown, a person releases it; the history uses two words.
func TestSC21_HistoryTellsExpiryFromRelease(t *testing.T) {
	l, _ := held(t)
	_, audit := observed(t, l, l.Deadline)
	if len(audit) != 1 || audit[0].Action != "expire" || audit[0].Cause != soc.CauseTimer {
		t.Errorf("the timer: %+v", audit)
	}
	if _, e, err := soc.RequestRelease(l, soc.Actor{Name: "bob"}, "clean", planNow.Add(10*time.Minute)); err != nil || e.Action != "release" {
		t.Errorf("a person: %q, %v", e.Action, err)
	}
}

// TestC02_SecondReleaseByHandIsTriedAtOnce: the release waits for its next try; a person who asks again does not have to.
func TestC02_SecondReleaseByHandIsTriedAtOnce(t *testing.T) {
	l, _, now := due(t)
	l = applied(t, sent(t, l, soc.VerbRelease, now), soc.ErrRefused, now)
	now = now.Add(time.Second)
	if do := soc.Plan(l, seenAt(now), now); do.Do != soc.DoWait {
		t.Fatalf("it does not wait: %+v", do)
	}
	l, _, err := soc.RequestRelease(l, soc.Actor{Name: "bob"}, "now", now)
	if do := soc.Plan(l, seenAt(now), now); err != nil || do.Do != soc.DoSend || do.Verb != soc.VerbRelease || !l.Wake.Equal(now) {
		t.Errorf("%v, %+v, wakes at %s", err, do, l.Wake)
	}
}

// TestF34_TwinOfTheOrderIsTold: an isolate that was taken as lost turns up beside the one that is followed. It is in the history once.
func TestF34_TwinOfTheOrderIsTold(t *testing.T) {
	l, a1 := waiting(t)
	l.Attempts = append(l.Attempts, soc.Attempt{N: 2, Verb: soc.VerbIsolate, Token: soc.AttemptToken(l.ID, 2), SentAt: planNow, Outcome: soc.OutcomeAbsent})
	twin := ownOrder(l, 2, soc.ActionIsolate, soc.ActionPending, planNow, planNow)
	l, audit := observed(t, l, planNow.Add(time.Minute), a1, twin)
	if len(audit) != 1 || audit[0].Action != "adopt" || audit[0].Result != soc.ResultSeen || l.ActionID != a1.ID || l.Attempts[1].ActionID != twin.ID {
		t.Errorf("%+v; follows %s", audit, l.ActionID)
	}
	if _, audit = observed(t, l, planNow.Add(2*time.Minute), a1, twin); len(audit) != 0 {
		t.Errorf("told again: %+v", audit)
	}
}

// TestK08_WaitGrowsWithEveryOrderThatCameToNothing: refused and unsent orders in a row count; one that was taken ends the row, and so does one of
// which nobody knows.
func TestK08_WaitGrowsWithEveryOrderThatCameToNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []soc.Attempt
		want   time.Duration
	}{
		{"the first", nil, 5 * time.Second},
		{"after a refusal", []soc.Attempt{{Verb: soc.VerbIsolate, Outcome: soc.OutcomeRefused}}, 10 * time.Second},
		{"after an unsent one", []soc.Attempt{{Verb: soc.VerbIsolate, Outcome: soc.OutcomeAbsent}}, 10 * time.Second},
		{"after both", []soc.Attempt{{Verb: soc.VerbIsolate, Outcome: soc.OutcomeAbsent}, {Verb: soc.VerbIsolate, Outcome: soc.OutcomeRefused}}, 20 * time.Second},
		{"after one that was taken", []soc.Attempt{{Verb: soc.VerbIsolate, Outcome: soc.OutcomeRefused}, {Verb: soc.VerbIsolate, Outcome: soc.OutcomeAccepted}}, 5 * time.Second},
		{"after a cancel", []soc.Attempt{{Verb: soc.VerbIsolate, Outcome: soc.OutcomeRefused}, {Verb: soc.VerbCancel, Outcome: soc.OutcomeAccepted}}, 10 * time.Second},
	} {
		l, _ := requested(t)
		for i, a := range c.before {
			a.N, a.Token, a.SentAt = i+1, soc.AttemptToken(l.ID, i+1), planNow
			l.Attempts = append(l.Attempts, a)
		}
		l = applied(t, sent(t, l, soc.VerbIsolate, planNow), soc.ErrUnavailable, planNow)
		if row, _ := l.LastAttempt(); row.RetryAt.Sub(planNow) != c.want {
			t.Errorf("%s: waits %s, not %s", c.name, row.RetryAt.Sub(planNow), c.want)
		}
	}
}

// TestF47_LateReleaseIsInTheHistory: an order that the watch sends is written down like every other, before it leaves.
func TestF47_LateReleaseIsInTheHistory(t *testing.T) {
	l, _, _, now := released(t)
	before := len(l.Attempts)
	l, audit, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease}, now.Add(time.Minute))
	if err != nil || len(l.Attempts) != before+1 {
		t.Fatal(err, l.Attempts)
	}
	if len(audit) != 1 || audit[0].Action != "send-release" || audit[0].Actor.Name != soc.Service("reconciler").Name || audit[0].Cause != l.Cause {
		t.Errorf("%+v", audit)
	}
}

// TestF03_LostAnswerIsTold: while an order may or may not have arrived, the record says so; an ended one, whose watch lost an answer, keeps its
// own words.
func TestF03_LostAnswerIsTold(t *testing.T) {
	lost := &soc.Error{Kind: soc.KindUnknownOutcome}
	l, _ := requested(t)
	if l = applied(t, sent(t, l, soc.VerbIsolate, planNow), lost, planNow); l.Trouble != "the answer to the last order was lost; looking in Defender's list whether it arrived" {
		t.Errorf("told: %q", l.Trouble)
	}
	over, _, _, now := released(t)
	over.Trouble = "watched"
	if over = applied(t, sent(t, over, soc.VerbRelease, now), lost, now); over.Trouble != "watched" {
		t.Errorf("an ended record says %q", over.Trouble)
	}
}

// TestK12_TokenCountsOnlyWhereItBelongs: an order is known by its own token, also when the comment was cut off behind it. The token as part of the
// reason of somebody else's order proves nothing.
func TestK12_TokenCountsOnlyWhereItBelongs(t *testing.T) {
	for name, c := range map[string]struct {
		comment func(own soc.OrderComment) string
		ours    bool
	}{
		"own": {func(own soc.OrderComment) string { return own.String() }, true},
		"cut": {func(own soc.OrderComment) string {
			before, _, _ := strings.Cut(own.String(), " verb=")
			return "note: " + before + " …"
		}, true},
		"in a reason": {func(own soc.OrderComment) string {
			other := soc.OrderComment{Lockdown: "LK-99999999", Token: "LK-99999999.1", Verb: soc.VerbIsolate, By: "zoe"}
			other.Reason = "see token=" + own.Token + " of alice"
			return other.String()
		}, false},
	} {
		l, _ := requested(t)
		l = sent(t, l, soc.VerbIsolate, planNow)
		row, _ := l.LastAttempt()
		a := portalOrder("x1", soc.ActionIsolate, soc.ActionPending, planNow)
		a.Comment = c.comment(soc.CommentFor(l, row))
		if l, _ = observed(t, l, planNow.Add(time.Second), a); (l.ActionID == "x1") != c.ours {
			t.Errorf("%s: %q makes it %s (%s)", name, a.Comment, l.Phase, l.ActionID)
		}
	}
}

// TestF33_NextLookCountsFromTheBeginningOfAGoodOne: what a slow look shows is as old as its beginning; after a failed one the wait begins at its end.
func TestF33_NextLookCountsFromTheBeginningOfAGoodOne(t *testing.T) {
	l, _ := waiting(t)
	at := l.SeenAt
	good := soc.Seen{At: at, TriedAt: at.Add(4 * time.Second)}
	wantNext(t, "a slow look", soc.Plan(l, good, at.Add(4*time.Second)), soc.Next{Do: soc.DoWait, Until: at.Add(5 * time.Second)})
	failed := soc.Seen{Failed: 1, TriedAt: at.Add(4 * time.Second)}
	wantNext(t, "a failed look", soc.Plan(l, failed, at.Add(4*time.Second)), soc.Next{Do: soc.DoWait, Until: at.Add(9 * time.Second)})
}
