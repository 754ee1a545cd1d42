package soc_test

import (
	"fmt"
	"testing"
	"time"

	"cordon/store/soc"
)

// ownOrder makes an action of the lockdown's attempt n.
func ownOrder(l soc.Lockdown, n int, t soc.ActionType, s soc.ActionStatus, created, updated time.Time) soc.MachineAction {
	verb := soc.VerbIsolate
	if t == soc.ActionUnisolate {
		verb = soc.VerbRelease
	}
	c := soc.CommentFor(l, soc.Attempt{N: n, Verb: verb, Token: soc.AttemptToken(l.ID, n)})
	return soc.MachineAction{
		ID: fmt.Sprintf("act-%d", n), Type: t, Status: s, MachineID: isoKey.MachineID, Comment: c.String(), Created: created, Updated: updated,
	}
}

// held is a lockdown that was isolated an hour ago and is due now; a1 is its isolate.
func held(t *testing.T) (l soc.Lockdown, a1 soc.MachineAction) {
	t.Helper()
	l, _ = requested(t)
	sent, _, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	if err != nil {
		t.Fatal(err)
	}
	a1 = ownOrder(l, 1, soc.ActionIsolate, soc.ActionSucceeded, planNow, planNow.Add(time.Minute))
	at := planNow.Add(2 * time.Minute)
	l, _, err = soc.Observed(sent, soc.Seen{At: at, TriedAt: at, Actions: []soc.MachineAction{a1}}, at)
	if err != nil || l.Phase != soc.PhaseIsolated {
		t.Fatalf("%s, %v", l.Phase, err)
	}
	return l, a1
}

// due is held after its end.
func due(t *testing.T) (l soc.Lockdown, a1 soc.MachineAction, now time.Time) {
	t.Helper()
	l, a1 = held(t)
	now = l.Deadline
	l, _, err := soc.Observed(l, soc.Seen{}, now)
	if err != nil || l.Phase != soc.PhaseReleaseRequested {
		t.Fatalf("%s, %v", l.Phase, err)
	}
	return l, a1, now
}

// A list that lagged longer than the settle window let a second order through. The first one isolates the host; Defender keeps the second
// one queued behind it (C-01). The clock must run from the first.
func TestC01F34_ClockRunsWhenATwinOfTheOrderIsolatedTheHost(t *testing.T) {
	l, _ := requested(t)
	l, _, _ = soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	l.Phase, l.Attempts[0].Outcome = soc.PhaseRequested, soc.OutcomeAbsent
	at := planNow.Add(4 * time.Minute)
	l, _, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, at)
	if err != nil {
		t.Fatal(err)
	}
	second := ownOrder(l, 2, soc.ActionIsolate, soc.ActionPending, at, at)
	if l, _, err = soc.Applied(l, soc.Outcome{Token: l.Attempts[1].Token, Action: second}, at); err != nil || l.Phase != soc.PhasePending {
		t.Fatalf("%s, %v", l.Phase, err)
	}
	first := ownOrder(l, 1, soc.ActionIsolate, soc.ActionSucceeded, planNow, planNow.Add(time.Minute))
	now := at.Add(time.Minute)
	got, audit, err := soc.Observed(l, soc.Seen{At: now, TriedAt: now, Actions: []soc.MachineAction{second, first}}, now)
	if err != nil || got.Phase != soc.PhaseIsolated || got.ActionID != first.ID {
		t.Fatalf("%s following %s, %v; the host is isolated and nobody counts", got.Phase, got.ActionID, err)
	}
	if want := first.Updated.Add(l.Period); !got.Deadline.Equal(want) {
		t.Errorf("deadline %s, want %s", got.Deadline, want)
	}
	if err := soc.Check(l, got, audit...); err != nil {
		t.Error(err)
	}
}

// One cancel that came to nothing must not leave the queued isolate in the way of the release for three days.
func TestC01_CancelOfAStrayIsolateIsTriedAgainBesideTheRelease(t *testing.T) {
	errs := map[string]error{
		"throttled": &soc.Error{Kind: soc.KindThrottled, After: time.Second}, "unavailable": soc.ErrUnavailable, "lost": soc.ErrUnknownOutcome,
		"refused": soc.ErrRefused,
	}
	for name, failure := range errs {
		l, a1, now := due(t)
		stray := ownOrder(l, 9, soc.ActionIsolate, soc.ActionPending, planNow, planNow)
		verbs := map[soc.Verb]int{}
		for range 20 {
			seen := soc.Seen{At: now, TriedAt: now, Actions: []soc.MachineAction{stray, a1}}
			next := soc.Plan(l, seen, now)
			if next.Do != soc.DoSend {
				now = now.Add(30 * time.Second)
				continue
			}
			verbs[next.Verb]++
			begun, _, err := soc.Begin(l, next, now)
			if err != nil {
				t.Fatal(err)
			}
			last, _ := begun.LastAttempt()
			out := soc.Outcome{Token: last.Token, Err: soc.ErrInProgress} // the stray is in the way of the release
			if next.Verb == soc.VerbCancel {
				out.Err = failure
			}
			if l, _, err = soc.Applied(begun, out, now); err != nil {
				t.Fatal(err)
			}
		}
		if verbs[soc.VerbCancel] < 2 || verbs[soc.VerbRelease] < 2 {
			t.Errorf("%s: orders %v, want cancel and release tried in turn", name, verbs)
		}
	}
}

// The release was carried out, and an older isolate took effect after it, before anybody looked (defender-api 3.5). The host is cut off.
func TestC01_ReleaseThatAnIsolateOvertookIsNoRelease(t *testing.T) {
	l, a1, now := due(t)
	l, _, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease}, now)
	if err != nil {
		t.Fatal(err)
	}
	rel := ownOrder(l, 2, soc.ActionUnisolate, soc.ActionSucceeded, now, now.Add(2*time.Second))
	twin := ownOrder(l, 9, soc.ActionIsolate, soc.ActionSucceeded, planNow, now.Add(5*time.Second))
	at := now.Add(10 * time.Second)
	got, audit, err := soc.Observed(l, soc.Seen{At: at, TriedAt: at, Actions: []soc.MachineAction{rel, a1, twin}}, at)
	if err != nil || got.Phase.Final() {
		t.Fatalf("%s, %v; the host is isolated", got.Phase, err)
	}
	if err := soc.Check(l, got, audit...); err != nil {
		t.Error(err)
	}
	if len(audit) > 3 {
		t.Errorf("%d entries for one look", len(audit))
	}
	got, _, err = soc.Observed(l, soc.Seen{At: at, TriedAt: at, Actions: []soc.MachineAction{rel, a1}}, at)
	if err != nil || got.Phase != soc.PhaseReleased { // control: without the twin it is one
		t.Fatalf("control: %s, %v", got.Phase, err)
	}
}

// An answer that was read and names another machine is no lost answer: nothing is sent again.
func TestF21_AnswerAboutAnotherMachineIsNeverFollowedByASecondOrder(t *testing.T) {
	l, _ := requested(t)
	sent, _, _ := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	mismatch := &soc.Error{Kind: soc.KindUnknownOutcome, Code: soc.CodeMismatch, What: "it names machine bb02"}
	got, audit, err := soc.Applied(sent, soc.Outcome{Token: sent.Attempts[0].Token, Err: mismatch}, planNow)
	if err != nil || got.Phase != soc.PhaseNeedsHuman || got.Trouble == "" {
		t.Fatalf("%s, %v; want needs_human", got.Phase, err)
	}
	if err := soc.Check(sent, got, audit...); err != nil {
		t.Error(err)
	}
	// It turns up in the host's own list after all: then it is ours and ends on time.
	a := ownOrder(l, 1, soc.ActionIsolate, soc.ActionSucceeded, planNow, planNow.Add(time.Minute))
	at := planNow.Add(2 * time.Minute)
	got, _, err = soc.Observed(got, soc.Seen{At: at, TriedAt: at, Actions: []soc.MachineAction{a}}, at)
	if err != nil || !got.Deadline.Equal(a.Updated.Add(l.Period)) {
		t.Fatalf("deadline %s, %v", got.Deadline, err)
	}
	if got, _, _ = soc.Observed(got, soc.Seen{}, got.Deadline); got.Phase != soc.PhaseReleaseRequested {
		t.Fatalf("%s after the end", got.Phase)
	}
}

func TestF33_SettleWindowCountsFromTheEndOfASlowCall(t *testing.T) {
	l, _ := requested(t)
	sent, _, _ := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	end := planNow.Add(100 * time.Second) // Defender may have acted until then
	l, _, err := soc.Applied(sent, soc.Outcome{Token: sent.Attempts[0].Token, Err: soc.ErrUnknownOutcome}, end)
	if err != nil {
		t.Fatal(err)
	}
	for s := range 199 {
		now := end.Add(time.Duration(s) * time.Second)
		if l, _, err = soc.Observed(l, soc.Seen{At: now, TriedAt: now}, now); err != nil || l.Phase != soc.PhaseSubmitting {
			t.Fatalf("%s, %v, %d s after the call", l.Phase, err, s)
		}
	}
}

func TestF58_ClockThatJumpsForwardDoesNotEndTheSearchForALostOrder(t *testing.T) {
	l, _ := requested(t)
	l, _, _ = soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	for n := range 3 {
		now := planNow.Add(time.Hour + time.Duration(n)*5*time.Second)
		got, _, err := soc.Observed(l, soc.Seen{At: now, TriedAt: now}, now)
		if err != nil || got.Phase != soc.PhaseSubmitting {
			t.Fatalf("%s, %v after %d looks", got.Phase, err, n+1)
		}
		l = got
	}
}

func TestF59_ClockSetBackHoldsNoReleaseUp(t *testing.T) {
	l, a1, now := due(t)
	l, _, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease}, now)
	if err != nil {
		t.Fatal(err)
	}
	if l, _, err = soc.Applied(l, soc.Outcome{Token: l.Attempts[1].Token, Err: soc.ErrUnavailable}, now); err != nil {
		t.Fatal(err)
	}
	back := now.Add(-5 * time.Hour)
	seen := soc.Seen{At: back, TriedAt: back, Actions: []soc.MachineAction{a1}}
	if next := soc.Plan(l, seen, back); next.Do != soc.DoSend || next.Verb != soc.VerbRelease {
		t.Fatalf("plan = %+v, want the release now, not in five hours", next)
	}
	if next := soc.Plan(l, soc.Seen{Failed: 1, TriedAt: now}, back); next.Do != soc.DoObserve {
		t.Fatalf("plan after a failed look = %+v, want another look now", next)
	}
}

// A device that refuses its release again and again must not make the record grow for ever.
func TestK08_AttemptRowsStayFewWhateverTheirOutcome(t *testing.T) {
	for _, verb := range []soc.Verb{soc.VerbRelease, soc.VerbCancel} {
		l, a1, now := due(t)
		for n := range 300 {
			now = now.Add(time.Hour)
			next := soc.Next{Do: soc.DoSend, Verb: verb, ActionID: "stray"}
			begun, audit, err := soc.Begin(l, next, now)
			if err == nil {
				err = soc.Check(l, begun, audit...)
			}
			if err != nil {
				t.Fatal(err)
			}
			l = begun
			last, _ := l.LastAttempt()
			out := soc.Outcome{Token: last.Token, Err: soc.ErrUnknownOutcome}
			if verb == soc.VerbRelease {
				out.Err, out.Action = nil, ownOrder(l, last.N, soc.ActionUnisolate, soc.ActionPending, now, now)
			}
			if l, _, err = soc.Applied(l, out, now); err != nil {
				t.Fatal(err)
			}
			if verb == soc.VerbCancel {
				continue
			}
			failed := ownOrder(l, last.N, soc.ActionUnisolate, soc.ActionFailed, now, now.Add(time.Second))
			seen := soc.Seen{At: now.Add(time.Minute), TriedAt: now.Add(time.Minute), Actions: []soc.MachineAction{failed, a1}}
			if l, _, err = soc.Observed(l, seen, seen.At); err != nil || l.Phase != soc.PhaseReleaseBlocked {
				t.Fatalf("round %d: %s, %v", n, l.Phase, err)
			}
		}
		if len(l.Attempts) > 50 || l.Attempts[0].Verb != soc.VerbIsolate {
			t.Errorf("%s: %d rows, the first is %s", verb, len(l.Attempts), l.Attempts[0].Verb)
		}
	}
}

// A comment that was cut on its way to Defender's list is still known as ours, so a duplicate made by Defender is not taken for somebody else's.
func TestC01_OrderWithACutCommentIsOurs(t *testing.T) {
	l, a1 := held(t)
	l.Reason = "two words"
	twin := ownOrder(l, 1, soc.ActionIsolate, soc.ActionPending, planNow.Add(time.Second), planNow.Add(time.Second))
	twin.ID, twin.Comment = "act-77", twin.Comment[:len(twin.Comment)-3]
	if _, ok := soc.ParseOrderComment(twin.Comment); ok {
		t.Fatal("the comment still parses; the test proves nothing")
	}
	at := l.EnforcedAt.Add(10 * time.Minute)
	got, _, err := soc.Observed(l, soc.Seen{At: at, TriedAt: at, Actions: []soc.MachineAction{twin, a1}}, at)
	if err != nil || got.Phase != soc.PhaseIsolated {
		t.Fatalf("%s, %v; want the timer to go on", got.Phase, err)
	}
}
