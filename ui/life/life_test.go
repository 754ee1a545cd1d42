package life_test

import (
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/life"
	"cordon/ui/theme"
)

var (
	now   = time.Date(2026, 8, 22, 14, 10, 0, 0, time.UTC)
	clock = life.Clock{Now: now, Zone: time.UTC}
)

func at(hour string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-08-22T"+hour+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

// isolated is a lockdown in the middle of its life; the cases change it.
func isolated() soc.Lockdown {
	return soc.Lockdown{
		ID: "LK-AAAAAAAA", HostName: "WS-1", By: soc.Actor{Name: "alice"}, Period: time.Hour, Phase: soc.PhaseIsolated,
		RequestedAt: at("14:02:00"), AcceptedAt: at("14:02:02"), EnforcedAt: at("14:03:00"), Deadline: at("15:03:00"),
		ActionID: "0123456789-isolate1", RemoteStatus: soc.ActionSucceeded, SeenAt: at("14:09:30"), Wake: now.Add(12 * time.Second),
		Attempts: []soc.Attempt{{N: 1, Verb: soc.VerbIsolate, SentAt: at("14:02:01"), ActionID: "0123456789-isolate1", Outcome: soc.OutcomeAccepted}},
	}
}

func early(p soc.Phase) soc.Lockdown {
	l := isolated()
	l.Phase, l.AcceptedAt, l.EnforcedAt, l.Deadline, l.ActionID, l.RemoteStatus = p, time.Time{}, time.Time{}, time.Time{}, "", ""
	if p == soc.PhaseRequested {
		l.Attempts = nil
	}
	return l
}

func owed(p soc.Phase) soc.Lockdown {
	l := isolated()
	l.Phase, l.Due, l.ReleaseCause, l.ReleaseAskedAt, l.Deadline = p, true, soc.CauseTimer, at("14:05:00"), at("14:05:00")
	l.Attempts = append(l.Attempts, soc.Attempt{N: 2, Verb: soc.VerbRelease, SentAt: at("14:05:01")})
	return l
}

func over(p soc.Phase, c soc.Cause) soc.Lockdown {
	l := owed(p)
	l.Cause, l.EndedAt, l.Note = c, at("14:06:00"), "as it was noted"
	return l
}

func with(l soc.Lockdown, f func(*soc.Lockdown)) soc.Lockdown { f(&l); return l }

// stories are all phases, with what must be said and what would be a promise that nobody can keep.
var stories = []struct {
	name    string
	l       soc.Lockdown
	says    []string
	mustNot []string
	bad     bool
}{
	{
		name: "requested", l: with(early(soc.PhaseRequested), func(l *soc.Lockdown) { l.FreshUntil, l.Trouble = at("14:32:00"), "Defender is throttling" }),
		says:    []string{"requested 14:02Z", "not sent yet, the host is not isolated by it", "Defender is throttling", "next try in 12s", "dropped unsent at 14:32Z"},
		mustNot: []string{"accepted", "enforced", "releas", "waiting for device"},
	},
	{
		name: "submitting", l: early(soc.PhaseSubmitting),
		says:    []string{"sent, outcome unknown", "looking for it in Defender's list, nothing is sent twice", "next look in 12s"},
		mustNot: []string{"accepted", "enforced", "isolated", "releas", "waiting for device"},
	},
	{
		name: "pending", l: with(isolated(), func(l *soc.Lockdown) {
			l.Phase, l.EnforcedAt, l.Deadline, l.RemoteStatus, l.PendingTTL = soc.PhasePending, time.Time{}, time.Time{}, soc.ActionPending, time.Hour
		}),
		says:    []string{"accepted 14:02Z", "waiting for device (Defender tries until Tue 14:02Z)", "action ..isolate1", "last seen Pending at 14:09:30Z; taken back at 15:02Z", "seen 30s ago; next look in 12s"},
		mustNot: []string{"enforced", "isolated", "releas", "failed"},
	},
	{
		name: "pending, taken back", l: with(isolated(), func(l *soc.Lockdown) {
			l.Phase, l.EnforcedAt, l.Deadline, l.CancelWanted, l.CancelledBy = soc.PhasePending, time.Time{}, time.Time{}, true, soc.Actor{Name: "bob"}
		}),
		says: []string{"being taken back by bob, may still be isolated"}, mustNot: []string{"enforced", "releas", "never isolated"},
	},
	{
		name: "isolated", l: isolated(),
		says:    []string{"enforced 14:03Z (7m)", "action ..isolate1 Succeeded", "looked 30s ago", "ends 15:03:00Z, then it is released by itself"},
		mustNot: []string{"releasing", "release owed", "still isolated"},
	},
	{
		name: "isolated past its end", l: with(isolated(), func(l *soc.Lockdown) { l.Deadline = at("14:09:00") }),
		says: []string{"was due 14:09:00Z and no release is on record: still isolated"}, mustNot: []string{"by itself", "releasing"},
	},
	{
		name: "release owed", l: with(owed(soc.PhaseReleaseRequested), func(l *soc.Lockdown) { l.Trouble = "Defender is throttling" }),
		says: []string{"release owed 14:05Z", "asked by timer", "release not sent yet, still isolated", "Defender is throttling; next try in 12s"}, mustNot: []string{"released", "releasing"},
	},
	{
		name: "release, answer lost", l: owed(soc.PhaseReleasing),
		says: []string{"release sent, outcome unknown", "looking for it in Defender's list", "next look in 12s"}, mustNot: []string{"released", "releasing"},
	},
	{
		name: "releasing", l: with(owed(soc.PhaseReleasing), func(l *soc.Lockdown) {
			l.ReleaseActionID, l.RemoteStatus = "0123456789-release1", soc.ActionPending
		}),
		says: []string{"releasing 14:05Z (4m)", "release ..release1", "last seen Pending at 14:09:30Z", "not released until the device confirms"}, mustNot: []string{"released 1", "Succeeded, cause"},
	},
	{
		name: "release blocked", bad: true, l: with(owed(soc.PhaseReleaseBlocked), func(l *soc.Lockdown) {
			l.Failures, l.Trouble, l.ReleaseActionID = 4, "Defender refused the release: HTTP 403", "0123456789-release1"
			l.Attempts[1].RetryAt = now.Add(41 * time.Second)
		}),
		says: []string{"release failing (4x)", "Defender refused the release: HTTP 403; next try in 41s; still isolated, tried until it works"}, mustNot: []string{"released", "releasing"},
	},
	{
		name: "needs a person", bad: true, l: with(isolated(), func(l *soc.Lockdown) { l.Phase, l.Trouble = soc.PhaseNeedsHuman, "two records claim this host" }),
		says: []string{"a person must decide", "two records claim this host"}, mustNot: []string{"released", "by itself"},
	},
	{
		name: "released", l: with(over(soc.PhaseReleased, soc.CauseTimer), func(l *soc.Lockdown) {
			l.ReleaseActionID, l.WatchUntil = "0123456789-release1", at("14:06:00").Add(73*time.Hour)
		}),
		says: []string{"released 14:06Z (4m)", "release ..release1 Succeeded, cause timer", "watched until Tue 15:06Z for a late isolate", "none seen; looked 30s ago"},
	},
	{
		name: "released, and struck again", bad: true, l: with(over(soc.PhaseReleased, soc.CauseTimer), func(l *soc.Lockdown) {
			l.WatchUntil, l.Trouble = at("14:06:00").Add(73*time.Hour), "a late isolate order of this lockdown has cut the host off again; cordon is releasing it"
		}),
		says: []string{"released 14:06Z", "LATE ISOLATE", "has cut the host off again"}, mustNot: []string{"none seen"},
	},
	{
		name: "failed", bad: true, l: with(early(soc.PhaseFailed), func(l *soc.Lockdown) { l.Cause, l.EndedAt = soc.CauseRefused, at("14:03:00") }),
		says: []string{"failed, never isolated 14:03Z", "cause refused"}, mustNot: []string{"enforced", "accepted", "releas"},
	},
	{
		name: "taken back", l: with(early(soc.PhaseCancelled), func(l *soc.Lockdown) { l.Cause, l.EndedAt = soc.CauseCancelled, at("14:03:00") }),
		says: []string{"taken back, never isolated 14:03Z"}, mustNot: []string{"enforced", "releas"},
	},
	{
		name: "released outside", l: over(soc.PhaseSuperseded, soc.CauseExternal),
		says: []string{"released outside 14:06Z", "cause external: as it was noted"}, mustNot: []string{"Succeeded, cause"},
	},
	{
		name: "taken over", l: over(soc.PhaseSuperseded, soc.CauseSuperseded),
		says: []string{"taken over from outside, not released by cordon"}, mustNot: []string{"released 14", "Succeeded, cause"},
	},
	{
		name: "closed by hand", l: over(soc.PhaseSuperseded, soc.CauseHandover),
		says: []string{"closed by hand, not released by cordon", "cause handover"}, mustNot: []string{"released 14", "Succeeded, cause"},
	},
}

func told(l soc.Lockdown) string {
	c := clock
	out := c.Line(l, " -> ", 400, true) + "\n" + c.Present(l)
	for _, s := range c.Stations(l) {
		out += "\n" + s.Word + " | " + s.How()
	}
	return out
}

// broken reports what a story lacks or must not say.
func broken(text string, says, mustNot []string) (out []string) {
	for _, want := range says {
		if !strings.Contains(text, want) {
			out = append(out, "lacks "+want)
		}
	}
	for _, ban := range mustNot {
		if strings.Contains(text, ban) {
			out = append(out, "promises "+ban)
		}
	}
	return out
}

// TestN05_C04_EveryPhaseIsToldAndPromisesNothing: each phase has its words, evidence and age, and none claims what Defender has not said.
// The control tells the story of another phase and must be caught.
func TestN05_C04_EveryPhaseIsToldAndPromisesNothing(t *testing.T) {
	seen := map[soc.Phase]bool{}
	for _, s := range stories {
		seen[s.l.Phase] = true
		text := told(s.l)
		for _, b := range broken(text, s.says, s.mustNot) {
			t.Errorf("%s: %s:\n%s", s.name, b, text)
		}
		var present, bad int
		for _, st := range clock.Stations(s.l) {
			if st.Now {
				present++
			}
			if st.Bad {
				bad++
			}
			if st.How() == "" {
				t.Errorf("%s: %q has no evidence", s.name, st.Word)
			}
		}
		if present != 1 || (bad > 0) != s.bad {
			t.Errorf("%s: %d stations are the present and %d are bad, want 1 and bad=%v", s.name, present, bad, s.bad)
		}
		if len(broken(told(isolatedOrPending(s.l)), s.says, s.mustNot)) == 0 {
			t.Errorf("%s: the check does not notice the story of another phase", s.name)
		}
	}
	for _, p := range soc.Phases() {
		if !seen[p] {
			t.Errorf("phase %s has no story", p)
		}
	}
}

// isolatedOrPending is the control: the same lockdown told as if it were in another phase.
func isolatedOrPending(l soc.Lockdown) soc.Lockdown {
	out := isolated()
	if l.Phase == soc.PhaseIsolated {
		out = early(soc.PhaseSubmitting)
	}
	return out
}

// TestC24_OfflineDeviceIsWaitingNotFailed for as long as Defender tries; its clock has not begun.
func TestC24_OfflineDeviceIsWaitingNotFailed(t *testing.T) {
	l := isolated()
	l.Phase, l.EnforcedAt, l.Deadline, l.RemoteStatus = soc.PhasePending, time.Time{}, time.Time{}, soc.ActionPending
	for _, after := range []time.Duration{time.Minute, 10 * time.Hour, 71 * time.Hour} {
		c := life.Clock{Now: l.AcceptedAt.Add(after)}
		if got := c.Present(l); !strings.Contains(got, "waiting for device (Defender tries until Tue 14:02Z)") || strings.Contains(got, "failed") {
			t.Errorf("after %v: %s", after, got)
		}
	}
}

// TestN05_NarrowLineKeepsThePresent: what does not fit is cut at the old end.
func TestN05_NarrowLineKeepsThePresent(t *testing.T) {
	c := life.Clock{Now: now}
	for w := 20; w < 200; w++ {
		line := c.Line(isolated(), " -> ", w, false)
		if !strings.HasSuffix(line, "enforced 14:03Z (7m)") {
			t.Fatalf("at %d cells the present is gone: %q", w, line)
		}
		if theme.Width(line) > w && !strings.HasPrefix(line, ".. -> enforced") {
			t.Errorf("at %d cells the line is %d wide: %q", w, theme.Width(line), line)
		}
	}
}
