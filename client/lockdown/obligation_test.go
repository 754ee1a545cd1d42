package lockdown_test

import (
	"testing"
	"time"

	"cordon/store/soc"
)

func TestK08_N01_ReleaseIsRetriedForEverAndLoudAfterTheThird(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		down := true
		r.mde.answer = func(op string, _ int, acted bool) error {
			if op == "unisolate" && !acted && down {
				return &soc.Error{Kind: soc.KindUnavailable, What: "connection refused"}
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseReleaseBlocked, 2*hour)
		if l.Failures != soc.LoudAfter || l.Word(time.Now()) != "OVERDUE" || l.Trouble == "" {
			t.Fatalf("failures %d, word %s, trouble %q", l.Failures, l.Word(time.Now()), l.Trouble)
		}
		time.Sleep(72 * hour)
		calls := r.mde.called("unisolate")
		if calls < 72*5 || calls > 72*8 {
			t.Errorf("%d tries in 72 h, want about one in ten minutes", calls)
		}
		if n := len(r.get(l.ID).Attempts); n > 60 {
			t.Errorf("%d attempt rows kept", n)
		}
		r.mde.with(func() { down = false })
		l = r.until(l.ID, soc.PhaseReleased, 15*time.Minute)
		p.kill()
		r.promises(l)
	})
}

func TestK08_RefusedReleaseStaysOwedUntilAPersonCloses(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.answer = func(op string, _ int, acted bool) error {
			if op == "unisolate" {
				return &soc.Error{Kind: soc.KindDenied, What: "the permission was removed"}
			}
			return nil
		}
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseReleaseBlocked, 2*hour)
		if _, err := r.svc.CloseLockdown(t.Context(), analyst(), l.ID, ""); soc.KindOf(err) != soc.KindInvalid {
			t.Fatalf("closing without a reason: %v", err)
		}
		l, err := r.svc.CloseLockdown(t.Context(), analyst(), l.ID, "re-imaged by hand")
		p.kill()
		if err != nil || l.Phase != soc.PhaseSuperseded || l.Cause != soc.CauseHandover {
			t.Fatalf("%v, %s %s", err, l.Phase, l.Cause)
		}
	})
}

func TestC01_F47_LateIsolateAfterReleaseIsReleasedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		// A duplicate of our order, made by Defender, stayed hidden and strikes two days later.
		r.mde.mu.Lock()
		dup := r.mde.add(soc.ActionIsolate, "m1", "app", r.mde.acts[0].Comment, 48*hour)
		dup.Created, dup.visible = r.mde.acts[0].Created, time.Now().Add(48*hour)
		r.mde.mu.Unlock()
		time.Sleep(48*hour + 20*time.Minute)
		p.kill()
		if r.mde.isolated("m1") {
			t.Fatal("the host went dark again and nobody noticed")
		}
		if n := len(r.store.history(func(e soc.AuditEntry) bool { return e.Action == "late-isolate" })); n == 0 {
			t.Error("no entry about the late isolate")
		}
		if got := r.get(l.ID); got.Phase != soc.PhaseReleased || len(r.store.reached(soc.PhaseReleased)) != 1 {
			t.Errorf("phase %s", got.Phase)
		}
	})
}

func TestC01_StrayIsolateIsCancelledAfterRelease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.mde.mu.Lock()
		dup := r.mde.add(soc.ActionIsolate, "m1", "app", r.mde.acts[0].Comment, 300*hour)
		dup.Created = r.mde.acts[0].Created
		r.mde.mu.Unlock()
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
		if dup.Status != soc.ActionCancelled || r.mde.isolated("m1") {
			t.Fatalf("duplicate %s, isolated %v", dup.Status, r.mde.isolated("m1"))
		}
	})
}

func TestC24_K02_OfflineDeviceWaitsAndTheClockStartsAtEnforcement(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.offline["m1"] = true
		p := r.run()
		l := r.isolate(hour)
		time.Sleep(30 * hour)
		if l = r.get(l.ID); l.Phase != soc.PhasePending || !l.Deadline.IsZero() {
			t.Fatalf("phase %s, deadline %s; want waiting", l.Phase, l.Deadline)
		}
		r.mde.mu.Lock()
		r.mde.offline["m1"] = false
		r.mde.acts[0].ready = time.Now()
		r.mde.mu.Unlock()
		l = r.until(l.ID, soc.PhaseReleased, 3*hour)
		p.kill()
		r.promises(l)
	})
}

func TestK02_PendingTTLTakesTheOrderBack(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.store.policy.PendingTTL = 2 * hour
		r.mde.offline["m1"] = true
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseCancelled, 3*hour)
		p.kill()
		if l.Cause != soc.CauseCancelled || r.mde.act(0).Status != soc.ActionCancelled {
			t.Fatalf("cause %s, action %s", l.Cause, r.mde.act(0).Status)
		}
	})
}

func TestF46_CancelThatLosesTheRaceReleasesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.answer = func(op string, _ int, acted bool) error {
			if op == "cancel" && !acted {
				a := r.mde.acts[0]
				r.mde.run(a, time.Now())
			}
			return nil
		}
		r.mde.offline["m1"] = true
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhasePending, time.Minute)
		if _, err := r.svc.CancelLockdown(t.Context(), analyst(), l.ID, "wrong host"); err != nil {
			t.Fatal(err)
		}
		r.mde.with(func() { r.mde.offline["m1"] = false })
		l = r.until(l.ID, soc.PhaseReleased, 2*time.Minute)
		p.kill()
		if l.Cause != soc.CauseCancelled || r.mde.isolated("m1") {
			t.Fatalf("cause %s, isolated %v", l.Cause, r.mde.isolated("m1"))
		}
	})
}

func TestF49_ReleaseThatTimedOutIsIssuedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.mde.with(func() { r.mde.offline["m1"] = true })
		time.Sleep(80 * hour)
		if l = r.get(l.ID); l.Phase.Final() || r.mde.sent("unisolate") != 2 {
			t.Fatalf("phase %s, %d releases, want the obligation kept and 2", l.Phase, r.mde.sent("unisolate"))
		}
		r.mde.with(func() { r.mde.offline["m1"] = false })
		r.until(l.ID, soc.PhaseReleased, 10*time.Minute)
		p.kill()
	})
}

func TestK11_IsolateFailsClosedAndReleaseFailsSafeOnABrokenDisk(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.store.mu.Lock()
		r.store.failSave = func(soc.Lockdown) error {
			return &soc.Error{Kind: soc.KindUnavailable, What: "no space left on device"}
		}
		r.store.mu.Unlock()
		other := soc.HostKey{Integration: "t1", MachineID: "m10"}
		if _, err := r.svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{Host: other, Period: hour}); err == nil {
			t.Fatal("Isolate said OK on a broken disk")
		}
		time.Sleep(time.Until(l.Deadline) + time.Minute)
		if r.mde.isolated("m1") || r.mde.isolated("m10") {
			t.Fatal("the release did not happen on a broken disk")
		}
		time.Sleep(hour)
		if n := r.mde.sent("unisolate"); n > 2 {
			t.Errorf("%d releases on a broken disk", n)
		}
		r.store.mu.Lock()
		r.store.failSave = nil
		r.store.mu.Unlock()
		l = r.until(l.ID, soc.PhaseReleased, 5*time.Minute)
		p.kill()
		r.promises(l)
	})
}

func TestF19_PoisonRecordIsSetAsideAndTheRestIsServed(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		l := r.isolate(hour)
		other, err := r.svc.Isolate(t.Context(), analyst(), soc.IsolateRequest{Host: soc.HostKey{Integration: "t1", MachineID: "m10"}, Period: hour})
		if err != nil {
			t.Fatal(err)
		}
		m := &mortal{memStore: r.store, mde: r.mde, die: func(op string, rec soc.Lockdown, done bool) bool {
			if op == "save" && rec.ID == l.ID && rec.Phase == soc.PhaseSubmitting {
				panic("poison")
			}
			return false
		}}
		p := r.start(m, m)
		got := r.until(l.ID, soc.PhaseNeedsHuman, 5*time.Minute)
		r.until(other.ID, soc.PhaseReleased, 2*hour)
		p.kill()
		if got.Trouble == "" || got.Crashes != 3 {
			t.Fatalf("trouble %q, crashes %d", got.Trouble, got.Crashes)
		}
	})
}

func TestI10_DueIsStickyWhenTheClockStepsBack(t *testing.T) {
	now := time.Date(2026, 2, 3, 10, 0, 0, 0, time.UTC)
	l := soc.Lockdown{ID: "LK-1", Phase: soc.PhaseIsolated, ActionID: "a", EnforcedAt: now.Add(-hour), Period: hour, Deadline: now, Wake: now}
	l, audit, err := soc.Observed(l, soc.Seen{}, now)
	if err != nil || l.Phase != soc.PhaseReleaseRequested || !l.Due || len(audit) != 1 {
		t.Fatalf("%s due %v, %d entries, %v", l.Phase, l.Due, len(audit), err)
	}
	if next := soc.Plan(l, soc.Seen{At: now.Add(-2 * hour)}, now.Add(-2*hour)); next.Do != soc.DoSend || next.Verb != soc.VerbRelease {
		t.Fatalf("two hours back the plan is %+v, want the release", next)
	}
}

// A person who releases by hand is named in that order too, with the reason that was given.
func TestK12_ReleaseByHandCarriesThePerson(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 5*time.Minute)
		bob := analyst()
		bob.Actor.Name = "bob"
		if _, err := r.svc.Release(t.Context(), bob, soc.ReleaseRequest{Host: r.key, Reason: "reimaged"}); err != nil {
			t.Fatalf("Release: %v", err)
		}
		r.until(l.ID, soc.PhaseReleased, 5*time.Minute)
		p.kill()
		c, ok := soc.ParseOrderComment(r.mde.posts[1].comment)
		if !ok || c.Verb != soc.VerbRelease || c.Lockdown != l.ID || c.By != "bob" || c.Reason != "reimaged" {
			t.Errorf("release comment %+v, %v; want bob and the reason", c, ok)
		}
	})
}

func TestK12_EveryOrderCarriesThePerson(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
		c, ok := soc.ParseOrderComment(r.mde.posts[0].comment)
		if !ok || c.Lockdown != l.ID || c.By != "alice" || c.Ticket != "INC-7" || c.Reason != "beacons" || c.Period != hour {
			t.Fatalf("isolate comment %+v, %v", c, ok)
		}
		c, ok = soc.ParseOrderComment(r.mde.posts[1].comment)
		if !ok || c.Verb != soc.VerbRelease || c.Lockdown != l.ID {
			t.Fatalf("release comment %+v, %v", c, ok)
		}
	})
}
