package soc_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cordon/store/soc"
)

var planNow = time.Date(2026, 2, 3, 6, 0, 0, 0, time.UTC)

func requested(t *testing.T) (soc.Lockdown, soc.AuditEntry) {
	t.Helper()
	l, e, err := soc.Requested(soc.Lockdown{
		ID: "LK-00000001", Key: isoKey, HostName: "ws-01", By: soc.Actor{Name: "alice"}, Period: time.Hour, FreshUntil: planNow.Add(10 * time.Minute),
	}, planNow)
	if err != nil {
		t.Fatal(err)
	}
	return l, e
}

// TestCheck_NoticesEveryBrokenInvariant is the negative control of all tests that rely on Check.
func TestCheck_NoticesEveryBrokenInvariant(t *testing.T) {
	l, _ := requested(t)
	sent, audit, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	if err != nil {
		t.Fatal(err)
	}
	if err := soc.Check(l, sent, audit...); err != nil {
		t.Fatalf("a good step: %v", err)
	}
	running := sent
	running.Phase, running.ActionID, running.EnforcedAt, running.Deadline = soc.PhaseIsolated, "a", planNow, planNow.Add(time.Hour)
	running.Wake = running.Deadline
	owed := running
	owed.Phase, owed.ReleaseCause = soc.PhaseReleaseRequested, soc.CauseTimer
	over := running
	over.Phase, over.Cause = soc.PhaseReleased, soc.CauseTimer
	tests := map[string]func() (before, after soc.Lockdown, audit []soc.AuditEntry){
		"I1": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) {
			twice := sent
			twice.Attempts = append(slices.Clone(sent.Attempts), soc.Attempt{N: 2, Verb: soc.VerbIsolate, Token: "LK-00000001.2"})
			return sent, twice, nil
		},
		"I2": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) {
			early := owed
			early.Attempts = append(slices.Clone(owed.Attempts), soc.Attempt{N: 2, Verb: soc.VerbRelease, Token: "LK-00000001.2"})
			return owed, early, nil
		},
		"I3": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) {
			n := running
			n.Wake = time.Time{}
			return running, n, nil
		},
		"I4": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) { return l, sent, nil },
		"I6": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) { n := l; n.By.Name = "mallory"; return l, n, nil },
		"I7": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) {
			n := over
			n.Cause = soc.CauseUser
			return over, n, nil
		},
		"I8": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) { n := sent; n.Attempts = nil; return sent, n, nil },
		"I10": func() (_, _ soc.Lockdown, _ []soc.AuditEntry) {
			due := owed
			due.Due = true
			return due, owed, nil
		},
	}
	for rule, make := range tests {
		before, after, audit := make()
		var e *soc.Error
		if err := soc.Check(before, after, audit...); !errors.As(err, &e) || e.Code != rule {
			t.Errorf("%s: Check = %v", rule, err)
		}
	}
}

func TestF03_AttemptRowStopsTheSecondOrder(t *testing.T) {
	l, _ := requested(t)
	empty := soc.Seen{At: planNow, TriedAt: planNow}
	next := soc.Plan(l, empty, planNow)
	if next.Do != soc.DoSend || next.Verb != soc.VerbIsolate {
		t.Fatalf("plan = %+v, want the isolate", next)
	}
	begun, _, err := soc.Begin(l, next, planNow)
	if err != nil {
		t.Fatal(err)
	}
	for s := range 200 {
		now := planNow.Add(time.Duration(s) * time.Second)
		seen := soc.Seen{At: now, TriedAt: now}
		got, _, err := soc.Observed(begun, seen, now)
		if err != nil {
			t.Fatal(err)
		}
		if next := soc.Plan(got, seen, now); next.Do == soc.DoSend {
			t.Fatalf("a second order after %d s", s)
		}
		begun = got
	}
	now := planNow.Add(soc.SettleIsolate)
	got, audit, err := soc.Observed(begun, soc.Seen{At: now, TriedAt: now}, now)
	if err != nil || got.Phase != soc.PhaseRequested || got.Attempts[0].Outcome != soc.OutcomeAbsent || len(audit) != 1 {
		t.Fatalf("after the settle window: %s, %+v, %v", got.Phase, got.Attempts, err)
	}
	if next := soc.Plan(l, empty, planNow); next.Do != soc.DoSend { // control: the record without the row would send again
		t.Fatalf("control: plan = %+v", next)
	}
}

// lookUntilAbsent looks for a lost order every 15 s of true time, by a clock that is off by jump(n) at the n-th look, and returns how long the
// search took in truth; it gives up after a day.
func lookUntilAbsent(t *testing.T, v soc.Verb, every time.Duration, jump func(n int) time.Duration) time.Duration {
	t.Helper()
	l, _ := requested(t)
	l.FreshUntil = time.Time{}
	if v == soc.VerbRelease {
		l.Phase = soc.PhaseReleaseRequested
	}
	l, _, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: v}, planNow.Add(jump(0)))
	if err != nil {
		t.Fatal(err)
	}
	from := l.Phase
	for n := 1; time.Duration(n)*every <= 24*time.Hour; n++ {
		now := planNow.Add(time.Duration(n)*every + jump(n))
		if l, _, err = soc.Observed(l, soc.Seen{At: now, TriedAt: now}, now); err != nil {
			t.Fatal(err)
		}
		if l.Phase != from {
			return time.Duration(n) * every
		}
	}
	return 24 * time.Hour
}

// TestF34_F58_F59_I1_ClocksThatJumpNeitherEndNorProlongTheSearch: the list may lag by three minutes, so no clock may end the search for an
// isolate before that, and none may hold it up by the size of its jump.
func TestF34_F58_F59_I1_ClocksThatJumpNeitherEndNorProlongTheSearch(t *testing.T) {
	const lag = 180 * time.Second
	for _, by := range []time.Duration{0, time.Second, time.Minute, 4 * time.Minute, time.Hour, 24 * time.Hour} {
		for at := range 15 { // the jump comes before this look
			for _, to := range []time.Duration{by, -by} {
				took := lookUntilAbsent(t, soc.VerbIsolate, 15*time.Second, func(n int) time.Duration {
					if n < at {
						return 0
					}
					return to
				})
				if took <= lag || took > soc.SettleIsolate+time.Minute {
					t.Errorf("jump by %s before look %d: the search took %s", to, at, took)
				}
			}
		}
	}
	for _, by := range []time.Duration{time.Minute, time.Hour, -time.Minute, -time.Hour} { // to and fro, three times
		took := lookUntilAbsent(t, soc.VerbIsolate, 15*time.Second, func(n int) time.Duration { return time.Duration(min(n, 6)%2) * by })
		if took <= lag || took > 10*time.Minute {
			t.Errorf("%s to and fro: the search took %s", by, took)
		}
	}
	if took := lookUntilAbsent(t, soc.VerbIsolate, 5*time.Minute, func(int) time.Duration { return 0 }); took >= 24*time.Hour {
		t.Error("one look in five minutes never ends the search")
	}
	// Control: a release is judged by the clock, because a second one does no harm; the same jump ends its search after two looks.
	ahead := func(n int) time.Duration { return time.Duration(min(n, 2)) * time.Hour }
	if took := lookUntilAbsent(t, soc.VerbRelease, 5*time.Second, ahead); took > 10*time.Second {
		t.Errorf("control: the search for a release took %s", took)
	}
}

func TestIllegalTransitionsAreErrorsNotPanics(t *testing.T) {
	for _, p := range soc.Phases() {
		l, _ := requested(t)
		l.Phase = p
		for _, v := range []soc.Verb{soc.VerbIsolate, soc.VerbRelease, soc.VerbCancel, "dance"} {
			got, audit, err := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: v}, planNow)
			if err == nil {
				err = soc.Check(l, got, audit...)
				if v == "dance" || (err != nil && p == soc.PhaseRequested) {
					t.Errorf("%s in %s: %v", v, p, err)
				}
			} else if got.Phase != p || len(got.Attempts) != 0 {
				t.Errorf("%s in %s: refused but changed", v, p)
			}
		}
		if _, _, err := soc.Applied(l, soc.Outcome{Token: "nobody's"}, planNow); err == nil {
			t.Errorf("%s: an outcome without an attempt was applied", p)
		}
	}
}

func TestF21_F22_AnswerThatIsNotOurAction(t *testing.T) {
	l, _ := requested(t)
	sent, _, _ := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	good := soc.MachineAction{ID: "a1", Type: soc.ActionIsolate, Status: soc.ActionPending, MachineID: isoKey.MachineID}
	tests := []struct {
		name   string
		action func(*soc.MachineAction)
		want   soc.Phase
	}{
		{"good", func(*soc.MachineAction) {}, soc.PhasePending},
		{"no id", func(a *soc.MachineAction) { a.ID = "" }, soc.PhaseSubmitting},
		{"other machine", func(a *soc.MachineAction) { a.MachineID = "bb02" }, soc.PhaseNeedsHuman},
		{"other type", func(a *soc.MachineAction) { a.Type = soc.ActionScan }, soc.PhaseNeedsHuman},
		{"order of somebody else", func(a *soc.MachineAction) { a.Comment = "by hand" }, soc.PhaseRequested},
	}
	for _, tt := range tests {
		a := good
		tt.action(&a)
		got, audit, err := soc.Applied(sent, soc.Outcome{Token: sent.Attempts[0].Token, Action: a}, planNow)
		if err != nil || got.Phase != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.name, got.Phase, err, tt.want)
		}
		if err := soc.Check(sent, got, audit...); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestF44_WrongRemoteClockNeverReleasesEarly(t *testing.T) {
	l, _ := requested(t)
	sent, _, _ := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	for _, skew := range []time.Duration{-time.Hour, 0, time.Hour} {
		at := planNow.Add(time.Minute)
		a := soc.MachineAction{
			ID: "a1", Type: soc.ActionIsolate, Status: soc.ActionSucceeded, MachineID: isoKey.MachineID, Comment: soc.CommentFor(sent, sent.Attempts[0]).String(),
			Created: planNow.Add(skew), Updated: at.Add(skew),
		}
		got, _, err := soc.Observed(sent, soc.Seen{At: at, TriedAt: at, Actions: []soc.MachineAction{a}}, at)
		if err != nil || got.Phase != soc.PhaseIsolated {
			t.Fatalf("skew %s: %s, %v", skew, got.Phase, err)
		}
		if got.Deadline.Before(planNow.Add(l.Period)) || got.Deadline.After(at.Add(l.Period)) {
			t.Errorf("skew %s: deadline %s", skew, got.Deadline)
		}
	}
}
