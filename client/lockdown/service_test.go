package lockdown_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// refused demands that the command and Check give the same reason, that it is audited, and that nothing is stored or sent.
func (r *rig) refused(s soc.Session, req soc.IsolateRequest, code string) {
	r.t.Helper()
	before := len(r.store.history(func(e soc.AuditEntry) bool { return e.Result == soc.ResultRefused }))
	_, err := r.svc.Isolate(r.t.Context(), s, req)
	var e *soc.Error
	if !errors.As(err, &e) || e.Code != code {
		r.t.Fatalf("Isolate(%v) = %v, want code %q", req.Host, err, code)
	}
	lines := r.store.history(func(e soc.AuditEntry) bool { return e.Result == soc.ResultRefused })
	if len(lines) != before+1 || lines[before].Actor.Name == "" || lines[before].Detail == "" {
		r.t.Fatalf("%d refusals in the history, want one more than %d", len(lines), before)
	}
	if len(r.store.locks) != 0 || len(r.mde.posts) != 0 {
		r.t.Fatal("a refused order was stored or sent")
	}
}

// sameVerdict demands that Check gives the code too.
func (r *rig) sameVerdict(s soc.Session, act soc.Act, key soc.HostKey, code string) soc.Verdict {
	r.t.Helper()
	v := r.svc.Check(r.t.Context(), s, act, key)
	if v.Allowed || v.Code != code || v.Why == "" {
		r.t.Fatalf("Check = %v %q %q, want refused with %q", v.Allowed, v.Code, v.Why, code)
	}
	return v
}

func TestK15_OneDoorJudgesAndCheckAgrees(t *testing.T) {
	key := soc.HostKey{Integration: "t1", MachineID: "m1"}
	tests := []struct {
		name, code string
		session    soc.Session
		change     func(*memStore)
	}{
		{"Z02 not onboarded", "not-onboarded", analyst(), func(s *memStore) { s.edit(key, func(h *soc.Host) { h.Onboarding = "CanBeOnboarded" }) }},
		{"V14 V22 no right", "no-right", soc.Session{Actor: soc.Actor{Name: "bob"}, Rights: soc.RoleRights("analyst")}, nil},
		{"read-only", "read-only", soc.Session{Actor: soc.Actor{Name: "bob"}, Rights: soc.AllRights(), ReadOnly: true}, nil},
		{"nobody", "no-person", soc.Session{Rights: soc.AllRights()}, nil},
		{"V24 feature off", "feature-off", analyst(), func(s *memStore) { s.policy.LockdownOn = false }},
		{"K07 integration disabled", "integration-off", analyst(), func(s *memStore) { s.tenants["t1"] = soc.Integration{ID: "t1", Name: "contoso"} }},
		{"read-only tenant", "integration-read-only", analyst(), func(s *memStore) { s.tenants["t1"] = soc.Integration{ID: "t1", Enabled: true, ReadOnly: true} }},
		{"detached", "no-integration", analyst(), func(s *memStore) { delete(s.tenants, "t1") }},
		{"unknown host", "unknown-host", analyst(), func(s *memStore) { delete(s.hosts, key) }},
		{"C09 merged", "merged", analyst(), func(s *memStore) { s.edit(key, func(h *soc.Host) { h.MergedInto = "m77" }) }},
		{"gone", "gone", analyst(), func(s *memStore) { s.edit(key, func(h *soc.Host) { h.Gone = true }) }},
		{"never by name", "never", analyst(), func(s *memStore) { s.policy.Never = []string{"pc1"} }},
		{"never by tag", "never", analyst(), func(s *memStore) {
			s.policy.Never = []string{"tag:crown"}
			s.edit(key, func(h *soc.Host) { h.Tags = []string{"Crown"} })
		}},
		{"C16 N12 stale facts", "stale-facts", analyst(), func(s *memStore) { s.edit(key, func(h *soc.Host) { h.FetchedAt = time.Now().Add(-11 * time.Minute) }) }},
		{"V30 V31 isolated outside", "already-isolated", analyst(), func(s *memStore) { s.isolatedOutside(key) }},
		{"C05 isolate open", "isolating", analyst(), func(s *memStore) {
			s.actions[key] = []soc.MachineAction{{ID: "x", Type: soc.ActionIsolate, Status: soc.ActionPending, Requestor: "d.mills", Created: time.Now()}}
			s.asOf[key] = time.Now()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				if tt.change != nil {
					tt.change(r.store)
				}
				r.sameVerdict(tt.session, soc.ActIsolate, key, tt.code)
				r.refused(tt.session, soc.IsolateRequest{Host: key, Period: hour}, tt.code)
			})
		})
	}
}

// isolatedOutside makes the host isolated by hand in the portal.
func (s *memStore) isolatedOutside(key soc.HostKey) {
	s.actions[key] = []soc.MachineAction{{
		ID: "ext-1", Integration: key.Integration, MachineID: key.MachineID, Type: soc.ActionIsolate, Status: soc.ActionSucceeded, Requestor: "d.mills@contoso.example",
		Created: time.Now().Add(-time.Hour), Updated: time.Now().Add(-time.Hour),
	}}
	s.asOf[key] = time.Now()
}

func TestC07_MissingRoleIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		o := r.options(r.store, r.mde)
		o.Missing = func(soc.IntegrationID, soc.Act) string { return "Machine.Isolate" }
		r.svc = lockdown.NewService(o)
		if v := r.sameVerdict(analyst(), soc.ActIsolate, r.key, "no-role"); !strings.HasPrefix(v.Why, "Machine.Isolate is missing ") { // first: the end is cut at 80 columns
			t.Fatalf("why = %q", v.Why)
		}
	})
}

func TestV30_V31_OutsideIsolationIsNamedAndNotReleased(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.store.isolatedOutside(r.key)
		v := r.sameVerdict(analyst(), soc.ActRelease, r.key, "isolated-outside")
		if !strings.Contains(v.Why, soc.IsolatedOutside) || !strings.Contains(v.Why, "d.mills") || v.Current != nil {
			t.Fatalf("why %q, current %v", v.Why, v.Current)
		}
		p := r.run()
		_, err := r.svc.Release(t.Context(), analyst(), soc.ReleaseRequest{Host: r.key, Reason: "please", Confirm: "PC1"})
		time.Sleep(48 * hour)
		p.kill()
		if soc.KindOf(err) != soc.KindDenied || r.mde.called("unisolate") != 0 {
			t.Fatalf("Release = %v, %d POSTs", err, r.mde.called("unisolate"))
		}
	})
}

func TestK04_ExternalReleaseNeedsRightNameAndReason(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		a := r.mde.outside(soc.ActionIsolate, "m1", time.Second)
		time.Sleep(time.Minute)
		r.mde.isolated("m1")
		_ = r.store.PutHostActions(t.Context(), r.key, []soc.MachineAction{a.MachineAction}, time.Now())
		boss := analyst(soc.RightReleaseExternal)
		if v := r.svc.Check(t.Context(), boss, soc.ActRelease, r.key); !v.Allowed || v.TypeName == "" {
			t.Fatalf("Check = %+v, want allowed with the name typed", v)
		}
		for _, req := range []soc.ReleaseRequest{{Host: r.key, Reason: "x"}, {Host: r.key, Reason: "x", Confirm: "PC10"}, {Host: r.key, Confirm: "PC1"}} {
			if _, err := r.svc.Release(t.Context(), boss, req); soc.KindOf(err) != soc.KindInvalid {
				t.Fatalf("Release(%+v) = %v", req, err)
			}
		}
		l, err := r.svc.Release(t.Context(), boss, soc.ReleaseRequest{Host: r.key, Reason: "agreed with d.mills", Confirm: "PC1"})
		if err != nil || !l.TakenOver {
			t.Fatalf("Release = %+v, %v", l, err)
		}
		p := r.run()
		l = r.until(l.ID, soc.PhaseReleased, time.Minute)
		p.kill()
		if r.mde.isolated("m1") || l.Cause != soc.CauseUser || r.mde.sent("unisolate") != 1 {
			t.Fatalf("cause %s, %d releases", l.Cause, r.mde.sent("unisolate"))
		}
	})
}

func TestK03_V19_PeriodsOutsideOneTo24HoursAreImpossible(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for _, p := range []time.Duration{0, -hour, time.Second, 29 * time.Second, hour - 1, 24*hour + 1, 100 * hour} {
			r.refused(analyst(), soc.IsolateRequest{Host: r.key, Period: p}, "period")
		}
		if v := r.svc.Check(t.Context(), analyst(), soc.ActIsolate, r.key); len(v.Presets) != 8 || v.Presets[0] != 30*time.Second || v.Default != 4*hour {
			t.Fatalf("presets %v, default %s", v.Presets, v.Default)
		}
		l := r.isolate(30 * time.Second) // the demo's own
		for _, p := range []time.Duration{time.Minute, 25 * hour} {
			if _, err := r.svc.SetPeriod(t.Context(), analyst(), soc.PeriodRequest{ID: l.ID, Period: p}); soc.KindOf(err) != soc.KindInvalid {
				t.Fatalf("SetPeriod(%s) = %v", p, err)
			}
		}
	})
}

func TestK03_WithoutDemoShortPresetsAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.svc = lockdown.NewService(lockdown.Options{Store: r.store})
		r.refused(analyst(), soc.IsolateRequest{Host: r.key, Period: 30 * time.Second}, "period")
	})
}

func TestK06_ExtendAndShortenCountFromTheStart(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(2 * hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		l2, err := r.svc.SetPeriod(t.Context(), analyst(), soc.PeriodRequest{ID: l.ID, Revision: l.Revision, Period: 4 * hour, Reason: "forensics"})
		if err != nil || !l2.Deadline.Equal(l.EnforcedAt.Add(4*hour)) {
			t.Fatalf("extend: deadline %s, %v", l2.Deadline, err)
		}
		if _, err := r.svc.SetPeriod(t.Context(), analyst(), soc.PeriodRequest{ID: l.ID, Revision: l.Revision, Period: 8 * hour}); soc.KindOf(err) != soc.KindConflict {
			t.Fatalf("a stale revision: %v (F77)", err)
		}
		time.Sleep(90 * time.Minute)
		if _, err := r.svc.SetPeriod(t.Context(), analyst(), soc.PeriodRequest{ID: l.ID, Period: hour}); soc.KindOf(err) != soc.KindInvalid {
			t.Fatalf("an end in the past: %v", err)
		}
		if _, err := r.svc.SetPeriod(t.Context(), analyst(), soc.PeriodRequest{ID: l.ID, Period: 3 * hour}); err != nil {
			t.Fatal(err)
		}
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
		if d := r.mde.free()[0].Sub(l.EnforcedAt); d < 3*hour || d > 3*hour+time.Minute {
			t.Errorf("freed after %s, want 3 h", d)
		}
		done := r.store.history(func(e soc.AuditEntry) bool { return e.Action == "extend" || e.Action == "shorten" })
		refused := r.store.history(func(e soc.AuditEntry) bool { return e.Action == string(soc.ActPeriod) && e.Result == soc.ResultRefused })
		if len(done) != 2 || len(refused) != 2 {
			t.Errorf("%d changes and %d refusals in the history, want 2 and 2", len(done), len(refused))
		}
	})
}

func TestK07_DisabledIntegrationStillReleases(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.store.mu.Lock()
		r.store.tenants["t1"] = soc.Integration{ID: "t1", Name: "contoso"}
		r.store.policy.LockdownOn = false
		r.store.mu.Unlock()
		r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
	})
}

func TestK16_ProtectedHostNeedsItsNameTyped(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.store.edit(r.key, func(h *soc.Host) { h.Group = "Domain Controllers" })
		if v := r.svc.Check(t.Context(), analyst(), soc.ActIsolate, r.key); !v.Allowed || v.TypeName != "domain controller" {
			t.Fatalf("Check = %+v", v)
		}
		r.refused(analyst(), soc.IsolateRequest{Host: r.key, Period: hour}, "confirm")
		r.refused(analyst(), soc.IsolateRequest{Host: r.key, Period: hour, Confirm: "PC10"}, "confirm")
		if _, err := r.svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{Host: r.key, Period: hour, Confirm: "PC1"}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSelectiveOnLinuxIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.store.edit(r.key, func(h *soc.Host) { h.OSPlatform = "Ubuntu" })
		r.refused(analyst(), soc.IsolateRequest{Host: r.key, Period: hour, Type: soc.IsolationSelective}, "selective-linux")
		r.refused(analyst(), soc.IsolateRequest{Host: r.key, Period: hour, Type: "UnManagedDevice"}, "type")
	})
}

func TestC09_OnlyTheExactMachineIsTouched(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for _, key := range []soc.HostKey{{Integration: "t1", MachineID: "m"}, {Integration: "t1", MachineID: "PC1"}, {Integration: "t2", MachineID: "m1"}} {
			if v := r.svc.Check(t.Context(), analyst(), soc.ActIsolate, key); v.Allowed {
				t.Errorf("%s: allowed", key)
			}
		}
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		if !r.mde.isolated("m1") || r.mde.isolated("m10") || r.mde.isolated("m100") {
			t.Fatal("PC1, PC10 and PC100 were mixed up")
		}
	})
}

func TestC17_EmptyTargetNeverFeedsAnOrder(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for _, key := range []soc.HostKey{{}, {Integration: "t1"}, {MachineID: "m1"}} {
			r.refused(analyst(), soc.IsolateRequest{Host: key, Period: hour}, "no-host")
		}
	})
}

func TestC16_N12_StaleDecisionIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.refused(analyst(), soc.IsolateRequest{Host: r.key, Period: hour, SeenAt: time.Now().Add(-11 * time.Minute)}, "stale-facts")
	})
}

func TestI11_C05_TwoPeopleOneLockdown(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		results := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := r.svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{Host: r.key, Period: hour})
				results <- err
			}()
		}
		a, b := <-results, <-results
		if (a == nil) == (b == nil) {
			t.Fatalf("results %v and %v, want one winner", a, b)
		}
		time.Sleep(5 * time.Minute)
		v := r.sameVerdict(analyst(), soc.ActIsolate, r.key, "open-lockdown")
		p.kill()
		if r.mde.called("isolate") != 1 || v.Current == nil {
			t.Fatalf("%d POSTs", r.mde.called("isolate"))
		}
	})
}

func TestC02_SecondReleaseIsNoError(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		for range 3 {
			if _, err := r.svc.Release(t.Context(), analyst(), soc.ReleaseRequest{Host: r.key, Reason: "clean"}); err != nil {
				t.Fatalf("Release: %v", err)
			}
		}
		r.until(l.ID, soc.PhaseReleased, time.Minute)
		p.kill()
		if r.mde.sent("unisolate") != 1 {
			t.Errorf("%d releases", r.mde.sent("unisolate"))
		}
	})
}

func TestZ20_DismissedDialogIsALineAndNoCall(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		if err := r.svc.Dismiss(t.Context(), analyst(), soc.ActIsolate, r.key, ""); err != nil {
			t.Fatal(err)
		}
		lines := r.store.history(func(e soc.AuditEntry) bool { return e.Result == soc.ResultCancelled })
		if len(lines) != 1 || lines[0].Actor.Name != "alice" || lines[0].Host != "m1" || lines[0].Target != "PC1" || len(r.mde.calls) != 0 {
			t.Fatalf("lines %+v, calls %v", lines, r.mde.calls)
		}
	})
}

func TestV29_N05_RecordTellsWhoHowLongAndEachState(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		p.kill()
		if l.By.Name != "alice" || l.Mode != soc.ModeManual || l.HostName != "PC1" || l.HostIP != "10.0.0.5" {
			t.Errorf("record %+v", l)
		}
		if left := l.Left(time.Now()); left <= 0 || left > hour {
			t.Errorf("left %s", left)
		}
		if l.RequestedAt.IsZero() || l.AcceptedAt.IsZero() || l.EnforcedAt.IsZero() || !l.AcceptedAt.Before(l.EnforcedAt) || l.SeenAt.IsZero() {
			t.Errorf("times %s %s %s, seen %s", l.RequestedAt, l.AcceptedAt, l.EnforcedAt, l.SeenAt)
		}
		for _, ph := range []soc.Phase{soc.PhaseRequested, soc.PhaseSubmitting, soc.PhasePending, soc.PhaseIsolated} {
			if n := len(r.store.reached(ph)); n != 1 {
				t.Errorf("%d entries for %s, want 1 (I4)", n, ph)
			}
		}
	})
}

func TestV17_RulesComeThroughTheSameDoor(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		rule := soc.Session{Actor: soc.Actor{Name: "ransomware", Via: "rule"}, Rights: soc.RoleRights("responder")}
		l, err := r.svc.Isolate(t.Context(), rule, soc.IsolateRequest{Host: r.key, Period: hour})
		if err != nil || l.Mode != soc.ModeAuto || l.Rule != "ransomware" || l.PendingTTL != 4*hour {
			t.Fatalf("%+v, %v", l, err)
		}
	})
}

func TestReconciler_LeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.run()
		r.isolate(hour)
		time.Sleep(time.Minute)
		p.kill() // synctest fails the test if a goroutine stays
		if n := r.store.hub.Watchers(); n != 0 {
			t.Fatalf("%d watchers left", n)
		}
	})
}
