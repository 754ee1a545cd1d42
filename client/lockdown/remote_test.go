package lockdown_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/client/lockdown"
	"cordon/store/soc"
)

// spoiled is a store that changes what is written: the seam by which a test takes a piece of the handling out.
type spoiled struct {
	*memStore
	spoil func(*soc.Lockdown)
}

func (s spoiled) SaveLockdown(ctx context.Context, l soc.Lockdown, e ...soc.AuditEntry) (soc.Lockdown, error) {
	s.spoil(&l)
	return s.memStore.SaveLockdown(ctx, l, e...)
}

// TestF29_UnknownMachineAtIsolateFails: a 404 at the isolate is a definite refusal.
func TestF29_UnknownMachineAtIsolateFails(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.mde.gone["m1"] = true
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseFailed, time.Minute)
		p.kill()
		if l.Cause != soc.CauseRefused || r.mde.called("isolate") != 1 {
			t.Fatalf("cause %s, %d calls", l.Cause, r.mde.called("isolate"))
		}
	})
}

// TestF29_ReleaseOfAMachineThatIsGone: the debt ends only with proof. Without the read of the machine, or when that read still finds it, the
// release stays owed.
func TestF29_ReleaseOfAMachineThatIsGone(t *testing.T) {
	t.Parallel()
	for name, machine := range map[string]error{"gone": soc.ErrNotFound, "still known": nil, "unreadable": soc.ErrUnavailable, "denied": soc.ErrDenied} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				p := r.run()
				l := r.isolate(hour)
				l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
				r.mde.with(func() {
					r.mde.answer = func(op string, _ int, acted bool) error {
						switch {
						case op == "unisolate" && !acted:
							return soc.ErrNotFound
						case op == "machine":
							return machine
						}
						return nil
					}
				})
				time.Sleep(time.Until(l.Deadline) + 30*time.Minute)
				if now := r.get(l.ID); now.Phase != soc.PhaseReleaseBlocked || now.Failures < 2 {
					t.Fatalf("half an hour after the first 404: %s, %d failures; want it blocked and loud", now.Phase, now.Failures)
				}
				time.Sleep(2 * hour)
				if l = r.get(l.ID); l.Phase.Final() {
					t.Fatalf("ended after hours as %s (%s): a mistake in device groups looks the same", l.Phase, l.Note)
				}
				time.Sleep(80 * hour)
				p.kill()
				l = r.get(l.ID)
				if machine != soc.ErrNotFound {
					if l.Phase.Final() {
						t.Fatalf("ended as %s (%s) without proof", l.Phase, l.Note)
					}
					return
				}
				if l.Phase != soc.PhaseSuperseded || l.Cause != soc.CauseExternal || !strings.Contains(l.Note, "404") || l.WatchUntil.IsZero() {
					t.Fatalf("%s %s %q, watch %s", l.Phase, l.Cause, l.Note, l.WatchUntil)
				}
			})
		})
	}
}

// TestF41_OrdersFollowTheMachineIDAlone: the host is renamed, and another machine takes its name, while it is isolated.
func TestF41_OrdersFollowTheMachineIDAlone(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.store.mu.Lock()
		r.store.edit(r.key, func(h *soc.Host) { h.Name, h.MergedInto = "RENAMED", "" })
		twin := r.store.addHost("m1b", "PC1") // re-imaged: the old name, a new machine
		r.store.mu.Unlock()
		if v := r.svc.Check(t.Context(), analyst(), soc.ActRelease, twin); v.Allowed || v.Code != "not-isolated" {
			t.Errorf("the new machine of that name can be released: %+v", v)
		}
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
		p.kill()
		r.promises(l)
		for _, post := range r.mde.posts {
			if post.machine != "m1" {
				t.Errorf("an order went to %s", post.machine)
			}
		}
		// Control: a worker that goes by the name would reach the new machine.
		same, err := r.store.HostsNamed(t.Context(), "t1", l.HostName)
		if err != nil || len(same) != 1 || same[0].Key != twin {
			t.Fatalf("control: the name %s leads to %+v", l.HostName, same)
		}
	})
}

// TestF41_MergedMachineIsNotIsolated: an order to an id that was merged away reaches nobody.
func TestF41_MergedMachineIsNotIsolated(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.store.edit(r.key, func(h *soc.Host) { h.MergedInto = "m10" })
		if v := r.svc.Check(t.Context(), analyst(), soc.ActIsolate, r.key); v.Allowed || v.Code != "merged" || !strings.Contains(v.Why, "m10") {
			t.Fatalf("%+v", v)
		}
	})
}

// TestF45_PendingForDaysIsTakenBack: the device is offline for four days. With a limit the order is cancelled, that is verified, and nothing
// strikes later; without one (the control) the order is still there and strikes when the device comes back.
func TestF45_PendingForDaysIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{4 * hour, 70 * hour, 0} {
		t.Run(ttl.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.store.policy.PendingTTL = ttl
				r.mde.offline["m1"] = true
				p := r.run()
				l := r.isolate(hour)
				sent := time.Now()
				time.Sleep(2 * hour)
				if now := r.get(l.ID); now.Phase != soc.PhasePending || now.RemoteStatus != soc.ActionPending || time.Since(now.AcceptedAt) < hour {
					t.Fatalf("%s, %q since %s; want waiting, with its age", now.Phase, now.RemoteStatus, now.AcceptedAt)
				}
				time.Sleep(71*hour - time.Since(sent))
				r.mde.with(func() { r.mde.offline["m1"] = false })
				time.Sleep(25 * hour)
				p.kill()
				l = r.get(l.ID)
				struck := len(r.mde.free()) > 0
				if struck != (ttl == 0) {
					t.Errorf("the order struck: %v", struck)
				}
				if ttl > 0 && (l.Phase != soc.PhaseCancelled || l.CancelledBy.Name != soc.Service("timer").Name || r.mde.act(0).Status != soc.ActionCancelled) {
					t.Errorf("%s by %q, Defender says %s", l.Phase, l.CancelledBy.Name, r.mde.act(0).Status)
				}
			})
		})
	}
}

// TestF46_CancelAndIsolateRace: the waiting order is to be taken back just when the device carries it out, in every order of events.
func TestF46_CancelAndIsolateRace(t *testing.T) {
	races := map[string]struct {
		race func(r *rig) func(op string, n int, acted bool) error
		end  soc.Phase
	}{
		"cancel wins": {func(*rig) func(string, int, bool) error { return nil }, soc.PhaseCancelled},
		"isolate first, cancel refused": {func(r *rig) func(string, int, bool) error {
			return func(op string, n int, acted bool) error {
				if op == "cancel" && !acted && n == 1 {
					r.mde.run(r.mde.acts[0], time.Now())
				}
				return nil
			}
		}, soc.PhaseReleased},
		"cancel accepted, isolate all the same": {func(r *rig) func(string, int, bool) error {
			return func(op string, n int, acted bool) error {
				if op == "cancel" && acted {
					a := r.mde.acts[0]
					a.Updated = a.Updated.Add(time.Second)
					r.mde.run(a, a.Updated)
				}
				return nil
			}
		}, soc.PhaseCancelled},
	}
	for name, c := range races {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.mde.offline["m1"] = true
				r.mde.answer = c.race(r)
				p := r.run()
				l := r.isolate(hour)
				r.until(l.ID, soc.PhasePending, time.Minute)
				if _, err := r.svc.CancelLockdown(t.Context(), analyst(), l.ID, "mistake"); err != nil {
					t.Fatal(err)
				}
				r.mde.with(func() { r.mde.offline["m1"] = false })
				l = r.until(l.ID, c.end, 5*time.Minute)
				time.Sleep(3 * time.Minute)
				p.kill()
				if r.mde.isolated("m1") {
					t.Error("the host is isolated after a cancel")
				}
				if n := r.mde.sent("isolate"); n != 1 {
					t.Errorf("%d isolates", n)
				}
			})
		})
	}
}

// late runs a lockdown to its end and lets an isolate of it strike after the given time. It returns the rig with the process still running.
func late(t *testing.T, r *rig, s lockdown.Store, cancel, hidden bool, after time.Duration) (*process, soc.Lockdown) {
	t.Helper()
	p := r.start(s, r.mde)
	refuse := func(op string, _ int, acted bool) error { // the stray can not be taken back either (F48)
		if op == "cancel" && !acted {
			return &soc.Error{Kind: soc.KindNotFound, Code: "ResourceNotFound"}
		}
		return nil
	}
	var l soc.Lockdown
	if cancel {
		r.mde.offline["m1"] = true
		l = r.isolate(hour)
		r.until(l.ID, soc.PhasePending, time.Minute)
		if _, err := r.svc.CancelLockdown(t.Context(), analyst(), l.ID, "mistake"); err != nil {
			t.Fatal(err)
		}
		l = r.until(l.ID, soc.PhaseCancelled, 5*time.Minute)
	} else {
		l = r.isolate(hour)
		l = r.until(l.ID, soc.PhaseReleased, 2*hour)
	}
	r.mde.with(func() {
		r.mde.answer = refuse
		r.mde.offline["m1"] = false
		if cancel {
			return
		}
		dup := r.mde.add(soc.ActionIsolate, "m1", "app", r.mde.acts[0].Comment, 0)
		dup.Created, dup.visible, dup.ready = r.mde.acts[0].Created, l.EndedAt, l.EndedAt.Add(1000*hour)
		if hidden {
			dup.visible = l.EndedAt.Add(after)
		}
	})
	time.Sleep(time.Until(l.EndedAt.Add(after)))
	r.mde.with(func() {
		a := r.mde.acts[len(r.mde.acts)-1]
		a.Created = time.Now().Add(-time.Minute) // the fake gives orders up after 72 hours; this one strikes
		r.mde.run(a, time.Now())
	})
	return p, l
}

// TestF47_F48_N02_LateSuccessHourByHour: an isolate of an ended lockdown strikes h hours later. It is released at once, and everybody is told.
func TestF47_F48_N02_LateSuccessHourByHour(t *testing.T) {
	t.Parallel()
	for h := range 74 {
		for _, cancel := range []bool{false, true} {
			if every := map[bool]int{false: 3, true: 12}[cancel]; h > 1 && h < 71 && h != 30 && h%every != 0 { // hours of waiting alike
				continue
			}
			bubble(t, func(t *testing.T, r *rig) {
				p, l := late(t, r, r.store, cancel, h != 1 && h != 30, max(time.Duration(h)*hour, 2*time.Second))
				time.Sleep(12 * time.Minute)
				loud := r.get(l.ID).Trouble
				time.Sleep(3 * time.Minute)
				p.kill()
				if r.mde.isolated("m1") {
					t.Errorf("hour %d, cancelled %v: the host is dark again (%q)", h, cancel, loud)
				}
				if n := len(r.store.history(func(e soc.AuditEntry) bool {
					return e.Action == "late-isolate" && strings.Contains(e.Detail, "cut the host off again")
				})); n != 1 {
					t.Errorf("hour %d, cancelled %v: %d entries about the late isolate", h, cancel, n)
				}
			})
		}
	}
	bubble(t, func(t *testing.T, r *rig) { // control: without the watch nobody notices
		blind := spoiled{r.store, func(l *soc.Lockdown) {
			if l.Phase.Final() {
				l.WatchUntil, l.Wake = time.Time{}, time.Time{}
			}
		}}
		p, _ := late(t, r, blind, false, true, hour)
		time.Sleep(15 * time.Minute)
		p.kill()
		if !r.mde.isolated("m1") {
			t.Error("control: released without a watch; the test above proves nothing")
		}
	})
}

// TestF48_CancelThatIsRefusedFallsBackToTheRelease: Defender has no cancel for this order, in every form of saying so. The order strikes and
// is released at once; until then the cancel is tried again and again.
func TestF48_CancelThatIsRefusedFallsBackToTheRelease(t *testing.T) {
	t.Parallel()
	for _, kind := range []soc.Kind{soc.KindRefused, soc.KindNotFound, soc.KindDenied, soc.KindInvalid, soc.KindInProgress, soc.KindUnknownOutcome, soc.KindUnavailable} {
		t.Run(kind.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.mde.offline["m1"] = true
				r.mde.answer = func(op string, _ int, acted bool) error {
					if op == "cancel" && !acted {
						return &soc.Error{Kind: kind, Code: "no-cancel"}
					}
					return nil
				}
				p := r.run()
				l := r.isolate(hour)
				r.until(l.ID, soc.PhasePending, time.Minute)
				if _, err := r.svc.CancelLockdown(t.Context(), analyst(), l.ID, "mistake"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * hour)
				if n := r.mde.called("cancel"); n < 10 || n > 2000 {
					t.Errorf("%d cancels in ten hours", n)
				}
				if now := r.get(l.ID); now.Phase != soc.PhasePending {
					t.Fatalf("%s without proof", now.Phase)
				}
				r.mde.with(func() { r.mde.offline["m1"] = false })
				l = r.until(l.ID, soc.PhaseReleased, 20*time.Minute)
				p.kill()
				if l.Cause != soc.CauseCancelled || r.mde.isolated("m1") {
					t.Fatalf("cause %s, isolated %v", l.Cause, r.mde.isolated("m1"))
				}
			})
		})
	}
}

// TestF49_ReleasePendingForTenDaysIsIssuedAgain: the device is offline when its time is up, for ten days. Defender gives each order up after
// three, saying so or not; each time a new one is issued, and the last one is carried out.
func TestF49_ReleasePendingForTenDaysIsIssuedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ silent, swallow bool }{"timed out": {}, "still pending": {silent: true}, "control: not issued again": {swallow: true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.mde.silent, r.mde.twins, r.mde.crossing = c.silent, c.silent, c.silent
				r.mde.answer = func(op string, n int, acted bool) error {
					if op == "unisolate" && n > 1 && !acted && c.swallow {
						return soc.ErrUnavailable
					}
					return nil
				}
				p := r.run()
				l := r.isolate(hour)
				l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
				r.mde.with(func() { r.mde.offline["m1"] = true })
				time.Sleep(time.Until(l.Deadline) + 240*hour)
				if now := r.get(l.ID); now.Phase.Final() || now.Trouble == "" && now.Phase != soc.PhaseReleasing {
					t.Fatalf("%s, %q; the obligation is gone", now.Phase, now.Trouble)
				}
				if n := r.mde.sent("unisolate"); !c.swallow && n != 4 {
					t.Errorf("%d releases in ten days, want one in three days", n)
				}
				r.mde.with(func() { r.mde.offline["m1"] = false })
				time.Sleep(30 * time.Minute)
				p.kill()
				if held := r.mde.isolated("m1"); held != c.swallow {
					t.Errorf("isolated %v after the device came back", held)
				}
			})
		})
	}
}

// TestF50_Z22_ReleaseInThePortalIsSeenInMinutes: reconciled within minutes, the timer stopped, the requestor named, nothing sent.
func TestF50_Z22_ReleaseInThePortalIsSeenInMinutes(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(4 * hour)
		r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		time.Sleep(hour)
		r.mde.outside(soc.ActionUnisolate, "m1", 0)
		l = r.until(l.ID, soc.PhaseSuperseded, 2*time.Minute)
		time.Sleep(5 * hour)
		p.kill()
		if l.Cause != soc.CauseExternal || !strings.Contains(l.Note, "released outside") || !strings.Contains(l.Note, "d.mills") || r.mde.called("unisolate") != 0 {
			t.Fatalf("%s %q, %d releases", l.Cause, l.Note, r.mde.called("unisolate"))
		}
	})
}

// TestF51_ReisolatedAfterOurReleaseIsNotTouched: somebody isolates the host again after our release. We only show it.
func TestF51_ReisolatedAfterOurReleaseIsNotTouched(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseReleased, 2*hour)
		r.mde.outside(soc.ActionIsolate, "m1", 0)
		time.Sleep(80 * hour)
		p.kill()
		if !r.mde.isolated("m1") || r.mde.called("unisolate") != 1 {
			t.Fatalf("isolated %v, %d releases; it was theirs", r.mde.isolated("m1"), r.mde.called("unisolate"))
		}
		if v := r.svc.Check(t.Context(), analyst(), soc.ActRelease, r.key); v.Allowed || v.Code != "isolated-outside" {
			t.Errorf("V-31: %+v", v)
		}
	})
	bubble(t, func(t *testing.T, r *rig) { // control: the same isolate, made to look like ours, is released by the watch
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseReleased, 2*hour)
		a := r.mde.outside(soc.ActionIsolate, "m1", 0)
		r.mde.with(func() { a.Comment = r.mde.acts[0].Comment })
		time.Sleep(hour)
		p.kill()
		if r.mde.isolated("m1") {
			t.Error("control: an isolate of ours was left alone; the test above proves nothing")
		}
	})
}

// TestF52_AttackDisruptionIsForeign: automatic isolation beside ours, before it, during it and after it, is never released by us.
func TestF52_AttackDisruptionIsForeign(t *testing.T) {
	for _, when := range []string{"before", "during", "after"} {
		t.Run(when, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				disrupt := func() {
					a := r.mde.outside(soc.ActionIsolate, "m1", 0)
					r.mde.with(func() { a.Requestor, a.Comment = "Microsoft Defender XDR", "Automatic attack disruption" })
				}
				p := r.run()
				if when == "before" {
					disrupt()
				}
				l := r.isolate(hour)
				switch when {
				case "during":
					r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
					disrupt()
				case "after":
					r.until(l.ID, soc.PhaseReleased, 2*hour)
					disrupt()
				}
				time.Sleep(100 * hour)
				p.kill()
				want := 0
				if when == "after" {
					want = 1
				}
				if l = r.get(l.ID); !r.mde.isolated("m1") || r.mde.called("unisolate") != want {
					t.Fatalf("isolated %v, %d releases, %s %s", r.mde.isolated("m1"), r.mde.called("unisolate"), l.Phase, l.Cause)
				}
				if when != "after" && (l.Cause != soc.CauseSuperseded || !strings.Contains(l.Note, "Defender XDR")) {
					t.Errorf("%s %q", l.Cause, l.Note)
				}
			})
		})
	}
}

// TestK11_DiskFullSendsOneRelease: the store takes no writes while the release is due, and Defender's list hides the order for three minutes.
// One order is sent all the same, in quick succession never, and what happened is written when the disk is back.
func TestK11_F67_DiskFullSendsOneRelease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		full := &soc.Error{Kind: soc.KindUnavailable, What: "no space left on device"}
		r.store.mu.Lock()
		r.store.failSave = func(soc.Lockdown) error { return full }
		r.store.mu.Unlock()
		r.mde.with(func() { r.mde.lag, r.mde.releaseTakes = 180*time.Second, time.Minute })
		time.Sleep(time.Until(l.Deadline) + 2*hour)
		if n := r.mde.called("unisolate"); n != 1 || r.mde.isolated("m1") {
			t.Errorf("%d release orders on a full disk, isolated %v; want 1, false", n, r.mde.isolated("m1"))
		}
		r.store.mu.Lock()
		r.store.failSave = nil
		r.store.mu.Unlock()
		l = r.until(l.ID, soc.PhaseReleased, 2*time.Minute)
		p.kill()
		r.promises(l)
		for _, phase := range []soc.Phase{soc.PhaseReleaseRequested, soc.PhaseReleasing, soc.PhaseReleased} {
			if n := len(r.store.reached(phase)); n != 1 {
				t.Errorf("%d entries of the change to %s, want 1", n, phase)
			}
		}
	})
	bubble(t, func(t *testing.T, r *rig) { // a refused release goes on being tried, and the history stays whole
		p := r.run()
		l := r.isolate(hour)
		l = r.until(l.ID, soc.PhaseIsolated, 3*time.Minute)
		r.store.mu.Lock()
		r.store.failSave = func(soc.Lockdown) error { return soc.ErrUnavailable }
		r.store.mu.Unlock()
		r.mde.with(func() {
			r.mde.answer = func(op string, n int, acted bool) error {
				if op == "unisolate" && !acted && n < 6 {
					return soc.ErrDenied
				}
				return nil
			}
		})
		time.Sleep(time.Until(l.Deadline) + 2*hour)
		if n := r.mde.called("unisolate"); n != 6 || r.mde.isolated("m1") {
			t.Errorf("%d release orders, isolated %v; want 6 (five refused), false", n, r.mde.isolated("m1"))
		}
		r.store.mu.Lock()
		r.store.failSave = nil
		r.store.mu.Unlock()
		r.until(l.ID, soc.PhaseReleased, 2*time.Minute)
		p.kill()
	})
}
