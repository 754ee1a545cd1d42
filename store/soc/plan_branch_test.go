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

// The tests of this file pin single judgements of the machine, one row each, with the neighbour that must come out the other way.

// peerOrder is an isolate of another console.
func peerOrder(id string, s soc.ActionStatus, created time.Time) soc.MachineAction {
	other := soc.Lockdown{ID: "LK-99999999", Key: isoKey, By: soc.Actor{Name: "zoe"}, Period: time.Hour, Reason: "theirs"}
	a := ownOrder(other, 1, soc.ActionIsolate, s, created, created.Add(time.Second))
	a.ID = id
	return a
}

func portalOrder(id string, k soc.ActionType, s soc.ActionStatus, created time.Time) soc.MachineAction {
	return soc.MachineAction{
		ID: id, Type: k, Status: s, MachineID: isoKey.MachineID, Requestor: "d.mills", Comment: "by hand", Created: created, Updated: created.Add(time.Second),
	}
}

func seenAt(at time.Time, actions ...soc.MachineAction) soc.Seen {
	return soc.Seen{At: at, TriedAt: at, Actions: actions}
}

// observed folds a look and fails the test if that is refused or breaks an invariant.
func observed(t *testing.T, l soc.Lockdown, at time.Time, actions ...soc.MachineAction) (soc.Lockdown, []soc.AuditEntry) {
	t.Helper()
	got, audit, err := soc.Observed(l, seenAt(at, actions...), at)
	if err != nil {
		t.Fatal(err)
	}
	if err := soc.Check(l, got, audit...); err != nil {
		t.Fatal(err)
	}
	return got, audit
}

func sent(t *testing.T, l soc.Lockdown, v soc.Verb, at time.Time) soc.Lockdown {
	t.Helper()
	got, _, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: v}, at)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// waiting is a lockdown that Defender has accepted and the device has not carried out.
func waiting(t *testing.T) (l soc.Lockdown, a1 soc.MachineAction) {
	t.Helper()
	l, _ = requested(t)
	l = sent(t, l, soc.VerbIsolate, planNow)
	a1 = ownOrder(l, 1, soc.ActionIsolate, soc.ActionPending, planNow, planNow)
	l, _ = observed(t, l, planNow.Add(time.Second), a1)
	if l.Phase != soc.PhasePending {
		t.Fatal(l.Phase)
	}
	return l, a1
}

// releasing is a lockdown whose release Defender has accepted.
func releasing(t *testing.T) (l soc.Lockdown, a1, r2 soc.MachineAction, now time.Time) {
	t.Helper()
	l, a1, now = due(t)
	l = sent(t, l, soc.VerbRelease, now)
	r2 = ownOrder(l, 2, soc.ActionUnisolate, soc.ActionPending, now, now)
	now = now.Add(time.Second)
	l, _ = observed(t, l, now, a1, r2)
	if l.ReleaseActionID != r2.ID || l.Phase != soc.PhaseReleasing {
		t.Fatal(l.Phase, l.ReleaseActionID)
	}
	return l, a1, r2, now
}

// released is a lockdown that ended well and is watched.
func released(t *testing.T) (l soc.Lockdown, a1, r2 soc.MachineAction, now time.Time) {
	t.Helper()
	l, a1, r2, now = releasing(t)
	now = now.Add(time.Minute)
	r2.Status, r2.Updated = soc.ActionSucceeded, now.Add(-time.Second)
	l, _ = observed(t, l, now, a1, r2)
	if l.Phase != soc.PhaseReleased || !l.WatchUntil.Equal(now.Add(soc.WatchAfter)) {
		t.Fatal(l.Phase, l.WatchUntil)
	}
	return l, a1, r2, now
}

func wantNext(t *testing.T, what string, got, want soc.Next) {
	t.Helper()
	if got.Do != want.Do || got.Verb != want.Verb || got.ActionID != want.ActionID || !got.Until.Equal(want.Until) {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

func TestK11_ReleaseIsSentBlindAfterTwoFailedLooksAndNotBefore(t *testing.T) {
	l, _, now := due(t)
	wantNext(t, "one failed look", soc.Plan(l, soc.Seen{Failed: 1, TriedAt: now}, now), soc.Next{Do: soc.DoWait, Until: now.Add(2500 * time.Millisecond)})
	wantNext(t, "two failed looks", soc.Plan(l, soc.Seen{Failed: 2, TriedAt: now}, now), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	for n, wait := range map[int]time.Duration{2: 5 * time.Second, 3: 10 * time.Second, 7: 160 * time.Second, 8: 5 * time.Minute, 80: 5 * time.Minute} {
		h, _ := held(t)
		at := planNow.Add(3 * time.Minute)
		until := at.Add(max(wait, time.Minute))
		wantNext(t, fmt.Sprintf("isolated, %d failed looks", n), soc.Plan(h, soc.Seen{Failed: n, TriedAt: at}, at), soc.Next{Do: soc.DoWait, Until: until})
	}
	sub, _ := requested(t)
	sub = sent(t, sub, soc.VerbIsolate, planNow)
	wantNext(t, "first look at an order", soc.Plan(sub, soc.Seen{}, planNow), soc.Next{Do: soc.DoObserve})
}

func TestPlan_FactsAreFreshForTenSeconds(t *testing.T) {
	l, a1, now := due(t)
	l.SeenAt = now
	wantNext(t, "fresh", soc.Plan(l, seenAt(now, a1), now.Add(10*time.Second-1)), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	wantNext(t, "stale", soc.Plan(l, seenAt(now, a1), now.Add(10*time.Second)), soc.Next{Do: soc.DoObserve})
}

func TestF54_OrderOfAnotherConsoleThatIsNotTakenBackIsCancelledByTheRelease(t *testing.T) {
	l, a1, now := due(t)
	old := peerOrder("peer", soc.ActionPending, now.Add(-2*time.Minute-time.Second))
	young := peerOrder("peer", soc.ActionPending, now.Add(-2*time.Minute))
	l.SeenAt = now
	wantNext(t, "old", soc.Plan(l, seenAt(now, a1, old), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: "peer"})
	wantNext(t, "young", soc.Plan(l, seenAt(now, a1, young), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	done := old
	done.Status = soc.ActionCancelled
	wantNext(t, "ended", soc.Plan(l, seenAt(now, a1, done), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	tried := l
	tried.Attempts = append(slices.Clone(l.Attempts), soc.Attempt{N: 2, Verb: soc.VerbCancel, SentAt: now, RetryAt: now.Add(time.Minute)})
	wantNext(t, "tried", soc.Plan(tried, seenAt(now, a1, old), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	l.TakenOver = true
	wantNext(t, "taken over", soc.Plan(l, seenAt(now, a1, old), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
}

func TestF54_WaitingOrderGivesWayToAnOlderOneOfAnotherConsole(t *testing.T) {
	l, a1 := waiting(t)
	now := planNow.Add(time.Minute)
	theirs := peerOrder("peer", soc.ActionPending, planNow.Add(-time.Second))
	seen, audit := observed(t, l, now, a1, theirs)
	if len(audit) != 1 || audit[0].Action != "other-console" || !strings.Contains(seen.Trouble, "zoe") {
		t.Fatalf("%v %q", audit, seen.Trouble)
	}
	wantNext(t, "gives way", soc.Plan(seen, seenAt(now, a1, theirs), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: a1.ID})
	if again, audit := observed(t, seen, now.Add(time.Second), a1, theirs); len(audit) != 0 || again.Trouble != seen.Trouble {
		t.Errorf("told twice: %v", audit)
	}
	gone := theirs
	gone.Status = soc.ActionCancelled
	if freed, _ := observed(t, seen, now.Add(time.Second), a1, gone); freed.Trouble != "" {
		t.Errorf("the other order is gone: %q", freed.Trouble)
	}
	younger := peerOrder("peer", soc.ActionPending, planNow.Add(time.Second))
	if kept, audit := observed(t, l, now, a1, younger); kept.Trouble != "" || len(audit) != 0 {
		t.Errorf("a younger order does not go first: %q", kept.Trouble)
	}
	younger.Status = soc.ActionSucceeded // but one in force does
	wantNext(t, "in force", soc.Plan(l, seenAt(now, a1, younger), now), soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: a1.ID})

	begun, _, err := soc.Begin(seen, soc.Next{Do: soc.DoSend, Verb: soc.VerbCancel, ActionID: a1.ID}, now)
	if err != nil {
		t.Fatal(err)
	}
	quiet := begun
	quiet.Trouble = ""
	if back, audit := observed(t, quiet, now.Add(time.Second), a1, theirs); len(audit) != 0 || back.Trouble == "" {
		t.Errorf("after the cancel: %v %q", audit, back.Trouble)
	}
	a1.Status, a1.Updated = soc.ActionCancelled, now.Add(time.Second)
	over, audit := observed(t, begun, now.Add(2*time.Second), a1, theirs)
	if over.Phase != soc.PhaseSuperseded || over.Cause != soc.CauseSuperseded || !strings.Contains(audit[0].Detail, "zoe") || !over.EndedAt.Equal(a1.Updated) {
		t.Errorf("%s %s %q", over.Phase, over.Cause, audit[0].Detail)
	}
	alone, audit := observed(t, begun, now.Add(2*time.Second), a1, gone)
	if alone.Phase != soc.PhaseSuperseded || !strings.Contains(audit[0].Detail, "another console") {
		t.Errorf("%s %q", alone.Phase, audit[0].Detail)
	}
	begun.CancelWanted, begun.CancelledBy = true, soc.Actor{Name: "bob"}
	if wanted, _ := observed(t, begun, now.Add(2*time.Second), a1, theirs); wanted.Phase != soc.PhaseCancelled || wanted.Cause != soc.CauseCancelled {
		t.Errorf("a person took it back: %s %s", wanted.Phase, wanted.Cause)
	}
}

func TestF39_OlderAnswerTakesNoFinalWordBack(t *testing.T) {
	l, a1, r2, now := releasing(t)
	l.RemoteStatus, l.RemoteAt = soc.ActionFailed, now
	for _, tt := range []struct {
		status  soc.ActionStatus
		updated time.Time
		want    soc.ActionStatus
	}{
		{soc.ActionInProgress, now, soc.ActionFailed},
		{soc.ActionInProgress, now.Add(1), soc.ActionInProgress},
	} {
		r2.Status, r2.Updated = tt.status, tt.updated
		if got, _ := observed(t, l, now.Add(time.Second), a1, r2); got.RemoteStatus != tt.want {
			t.Errorf("%s at %s: %s, want %s", tt.status, tt.updated, got.RemoteStatus, tt.want)
		}
	}
	r2.Status, r2.Updated = soc.ActionTimeOut, now.Add(-time.Second)
	if got, _ := observed(t, l, now.Add(time.Second), a1, r2); got.RemoteStatus != soc.ActionTimeOut {
		t.Errorf("another final word is kept: %s", got.RemoteStatus)
	}
}

func TestF38_StrangeStatusIsToldAfterAnHour(t *testing.T) {
	l, a1 := waiting(t)
	a1.Status = "Queued"
	if got, _ := observed(t, l, planNow.Add(time.Hour), a1); got.Trouble != "" {
		t.Errorf("after an hour: %q", got.Trouble)
	}
	got, _ := observed(t, l, planNow.Add(time.Hour+1), a1)
	if !strings.Contains(got.Trouble, "Queued") || got.Phase != soc.PhasePending {
		t.Errorf("%s %q", got.Phase, got.Trouble)
	}
	a1.Status = soc.ActionInProgress
	if got, _ := observed(t, l, planNow.Add(2*time.Hour), a1); got.Trouble != "" {
		t.Errorf("a known status: %q", got.Trouble)
	}
	rel, b1, r2, now := releasing(t)
	r2.Status = "Queued"
	if got, _ := observed(t, rel, now.Add(2*time.Hour), b1, r2); !strings.Contains(got.Trouble, "Queued") {
		t.Errorf("a release: %q", got.Trouble)
	}
}

func TestF49_ReleaseThatNobodyCarriesOutIsGivenUpAfterThreeDays(t *testing.T) {
	l, a1, r2, now := releasing(t)
	if got, _ := observed(t, l, r2.Created.Add(soc.WatchAfter), a1, r2); got.Phase != soc.PhaseReleasing {
		t.Errorf("too early: %s", got.Phase)
	}
	at := r2.Created.Add(soc.WatchAfter + 1)
	got, _ := observed(t, l, at, a1, r2)
	if got.Phase != soc.PhaseReleaseBlocked || got.Failures != 1 || got.ReleaseActionID != "" {
		t.Errorf("%s, %d failures, %q", got.Phase, got.Failures, got.ReleaseActionID)
	}
	if want := at.Add(5 * time.Second); !got.Attempts[1].RetryAt.Equal(want) {
		t.Errorf("tried again at %s, want %s", got.Attempts[1].RetryAt, want)
	}
	wantNext(t, "a dead order is not waited for", soc.Plan(got, seenAt(at, a1, r2), at.Add(5*time.Second)), soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease})
	_ = now
}

func TestRelease_WordsOfTheEnd(t *testing.T) {
	for cause, words := range map[soc.Cause]string{
		soc.CauseTimer: "its time ran out", soc.CauseUser: "a person released it", soc.CauseCancelled: "it had been cancelled", "other": "other",
	} {
		l, a1, r2, now := releasing(t)
		l.ReleaseCause = cause
		r2.Status, r2.Updated = soc.ActionSucceeded, now
		got, audit := observed(t, l, now.Add(time.Second), a1, r2)
		if got.Note != "released: "+words || got.Cause != cause || audit[0].Detail != got.Note {
			t.Errorf("%s: %q", cause, got.Note)
		}
	}
}

func TestCommands_RefuseWhatIsIncomplete(t *testing.T) {
	good := soc.Lockdown{ID: "LK-00000001", Key: isoKey, By: soc.Actor{Name: "alice"}, Period: time.Hour}
	order := portalOrder("p1", soc.ActionIsolate, soc.ActionSucceeded, planNow)
	for what, spoil := range map[string]func(*soc.Lockdown){
		"id": func(l *soc.Lockdown) { l.ID = "" }, "host": func(l *soc.Lockdown) { l.Key = soc.HostKey{} }, "person": func(l *soc.Lockdown) { l.By.Name = "" },
		"no period": func(l *soc.Lockdown) { l.Period = 0 }, "long period": func(l *soc.Lockdown) { l.Period = soc.MaxPeriod + 1 },
	} {
		l := good
		spoil(&l)
		if _, _, err := soc.Requested(l, planNow); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("Requested without %s: %v", what, err)
		}
		if _, _, err := soc.TakeOver(l, order, "checked", planNow); (soc.KindOf(err) != soc.KindInvalid) == (l.Period == good.Period) {
			t.Errorf("TakeOver without %s: %v", what, err)
		}
	}
	good.Period = soc.MaxPeriod
	if _, _, err := soc.Requested(good, planNow); err != nil {
		t.Error(err)
	}
	if _, _, err := soc.TakeOver(good, soc.MachineAction{}, "checked", planNow); soc.KindOf(err) != soc.KindInvalid {
		t.Errorf("TakeOver of nothing: %v", err)
	}
	if _, _, err := soc.TakeOver(good, order, "", planNow); soc.KindOf(err) != soc.KindInvalid {
		t.Errorf("TakeOver without a reason: %v", err)
	}
	l, e, err := soc.TakeOver(good, order, "checked", planNow)
	if err != nil || soc.Check(soc.Lockdown{}, l, e) != nil || e.Detail != "isolated from outside by d.mills; checked" || e.ActionID != "p1" {
		t.Errorf("%v %v %q", err, soc.Check(soc.Lockdown{}, l, e), e.Detail)
	}
	if !l.EnforcedAt.Equal(order.Updated) || !l.AcceptedAt.Equal(order.Created) || !l.Wake.Equal(planNow) || l.ReleaseBy.Name != "alice" {
		t.Errorf("%+v", l)
	}
	order.Requestor = ""
	if _, e, _ := soc.TakeOver(good, order, "checked", planNow); e.Detail != "isolated from outside by somebody outside cordon; checked" {
		t.Errorf("%q", e.Detail)
	}
	l, _ = held(t)
	aside, e, err := soc.SetAside(l, "three crashes", planNow)
	if err != nil || aside.Trouble != "three crashes" || e.Result != soc.ResultFailed || e.Detail != "three crashes" {
		t.Errorf("%v %+v", err, e)
	}
	if _, _, err := soc.SetAside(aside, "again", planNow); err == nil {
		t.Error("set aside twice")
	}
}

func TestF11_ReleaseOfALostAnswerIsAdopted(t *testing.T) {
	l, a1, now := due(t)
	l = sent(t, l, soc.VerbRelease, now)
	lost := ownOrder(l, 2, soc.ActionUnisolate, soc.ActionPending, now, now)
	back := l
	back.Attempts = slices.Clone(l.Attempts)
	back.Phase, back.Attempts[1].Outcome = soc.PhaseReleaseRequested, soc.OutcomeAbsent
	now = now.Add(time.Minute)
	got, _ := observed(t, back, now, a1, lost)
	if got.Phase != soc.PhaseReleasing || got.ReleaseActionID != lost.ID || got.Attempts[1].Outcome != soc.OutcomeAdopted {
		t.Errorf("%s %q %q", got.Phase, got.ReleaseActionID, got.Attempts[1].Outcome)
	}
	failed := lost
	failed.Status = soc.ActionFailed
	got, _ = observed(t, back, now, a1, failed)
	if got.Phase != soc.PhaseReleaseRequested || got.ReleaseActionID != "" || got.Attempts[1].ActionID != failed.ID {
		t.Errorf("a failed one: %s %q", got.Phase, got.ReleaseActionID)
	}
	ended, b1, r2, at := released(t)
	late := sent(t, ended, soc.VerbRelease, at)
	r3 := ownOrder(late, 3, soc.ActionUnisolate, soc.ActionPending, at, at)
	got, audit := observed(t, late, at.Add(time.Second), b1, r2, r3)
	if got.ReleaseActionID != r2.ID || got.Attempts[2].ActionID != r3.ID || len(audit) != 1 || audit[0].Action != "adopt" {
		t.Errorf("of an ended record: %q %v", got.ReleaseActionID, audit)
	}
}

func TestBegin_RefusesWhatTheRecordDoesNotCallFor(t *testing.T) {
	l, _ := requested(t)
	for what, next := range map[string]soc.Next{
		"nothing": {Do: soc.DoWait}, "unknown": {Do: soc.DoSend, Verb: "dance"},
		"cancel": {Do: soc.DoSend, Verb: soc.VerbCancel}, "release": {Do: soc.DoSend, Verb: soc.VerbRelease},
	} {
		var e *soc.Error
		if got, _, err := soc.Begin(l, next, planNow); !errors.As(err, &e) || e.Code != "illegal-transition" || len(got.Attempts) != 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	over, _, _, now := released(t)
	over.WatchUntil = time.Time{}
	if _, _, err := soc.Begin(over, soc.Next{Do: soc.DoSend, Verb: soc.VerbRelease}, now); err == nil {
		t.Error("a release of a record that nobody watches")
	}
	for what, spoil := range map[string]func(*soc.Lockdown){
		"cancelled": func(l *soc.Lockdown) { l.CancelWanted = true }, "accepted": func(l *soc.Lockdown) { l.ActionID = "a" },
		"open":  func(l *soc.Lockdown) { l.Attempts = []soc.Attempt{{N: 1, Verb: soc.VerbIsolate}} },
		"stale": func(l *soc.Lockdown) { l.FreshUntil = planNow },
		"phase": func(l *soc.Lockdown) { l.Phase = soc.PhasePending },
	} {
		bad := l
		spoil(&bad)
		if _, _, err := soc.Begin(bad, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow); err == nil {
			t.Errorf("%s: an isolate was begun", what)
		}
	}
}

func TestDropSettled_KeepsWhatMayStillTurnUp(t *testing.T) {
	rows := []soc.Attempt{
		{N: 1, Verb: soc.VerbIsolate, Outcome: soc.OutcomeAccepted},
		{N: 2, Verb: soc.VerbRelease, Outcome: soc.OutcomeRefused},
		{N: 3, Verb: soc.VerbRelease, Outcome: soc.OutcomeRefused},
		{N: 4, Verb: soc.VerbIsolate, Outcome: soc.OutcomeRefused},
		{N: 5, Verb: soc.VerbRelease},
		{N: 6, Verb: soc.VerbCancel, Outcome: soc.OutcomeRefused},
	}
	var kept []int
	for _, r := range soc.DropSettled(rows, 2) {
		kept = append(kept, r.N)
	}
	if !slices.Equal(kept, []int{1, 2, 4, 5}) || len(rows) != 6 || rows[5].N != 6 {
		t.Errorf("%v of %v", kept, rows)
	}
}
