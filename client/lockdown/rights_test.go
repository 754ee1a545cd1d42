package lockdown_test

import (
	"testing"
	"time"

	"cordon/store/soc"
)

// A role without lockdown.edit can neither lock nor unlock by hand; both refusals are in the history and nothing is sent.
func TestV14_V22_ManualLockAndUnlockNeedTheEditRight(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		p := r.run()
		l := r.isolate(hour)
		r.until(l.ID, soc.PhaseIsolated, 5*time.Minute)
		for _, role := range []string{"analyst", "viewer", "nobody"} {
			s := soc.Session{Actor: soc.Actor{Name: "bob", Via: "ssh"}, Rights: soc.RoleRights(role)}
			r.sameVerdict(s, soc.ActRelease, r.key, "no-right")
			if _, err := r.svc.Release(t.Context(), s, soc.ReleaseRequest{Host: r.key, Reason: "please"}); soc.KindOf(err) != soc.KindDenied {
				t.Errorf("Release as %s = %v, want denied", role, err)
			}
			if _, err := r.svc.SetPeriod(t.Context(), s, soc.PeriodRequest{ID: l.ID, Period: 2 * hour}); soc.KindOf(err) != soc.KindDenied {
				t.Errorf("SetPeriod as %s = %v, want denied", role, err)
			}
		}
		if n := r.mde.called("unisolate"); n != 0 {
			t.Errorf("%d releases were sent, want none", n)
		}
		refused := r.store.history(func(e soc.AuditEntry) bool { return e.Actor.Name == "bob" && e.Result == soc.ResultRefused })
		if len(refused) != 6 {
			t.Errorf("%d refusals of bob in the history, want 6", len(refused))
		}
		if _, err := r.svc.Release(t.Context(), analyst(), soc.ReleaseRequest{Host: r.key, Reason: "clean"}); err != nil {
			t.Errorf("Release with the right: %v", err)
		}
		r.until(l.ID, soc.PhaseReleased, 5*time.Minute)
		p.kill()
	})
}
