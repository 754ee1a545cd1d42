package report_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cordon/client/report"
	"cordon/client/sim"
	"cordon/store/soc"
)

const path = "POST /api/alerts/CreateAlertByReference"

// ready is a rig with one report that waits.
func ready(t *testing.T) (*rig, soc.Channel, soc.Threat) {
	t.Helper()
	r := newRig(t, sim.Options{})
	r.event(0)
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	return r, ch, r.report(ch, r.threat("1", soc.ThreatCritical, 0))
}

// TestM08_TheAlertFollowsTheDevice: once; a failed update is visible and tried again.
func TestM08_TheAlertFollowsTheDevice(t *testing.T) {
	t.Parallel()
	r, ch, th := ready(t)
	r.once()
	r.srv.Tenant.Inject(sim.Fault{Match: "PATCH /api/alerts/*", Kind: sim.FaultStatus, Status: 503, Times: 1})
	if th = r.report(ch, soc.ThreatInput{ID: "1", ResolvedAt: r.now()}); th.State != soc.ThreatResolving {
		t.Fatalf("state = %s, want resolving", th.State)
	}
	r.once()
	if th = r.want(th.Key, soc.ThreatResolving); th.Tries != 1 || !strings.Contains(th.Reason, "503") || th.NextTry.IsZero() {
		t.Errorf("after the failure: tries %d, reason %q, next %s", th.Tries, th.Reason, th.NextTry)
	}
	for range 3 {
		r.later(10 * time.Minute)
		r.once()
	}
	if th = r.want(th.Key, soc.ThreatResolved); th.SyncedAt.IsZero() {
		t.Error("SyncedAt is not set")
	}
	a, err := r.srv.Tenant.Alert(th.AlertID)
	if err != nil || a.Status != "Resolved" {
		t.Errorf("the alert is %s, %v", a.Status, err)
	}
	r.report(ch, soc.ThreatInput{ID: "1", ResolvedAt: r.now()})
	r.once()
	if n := r.posts("update"); n != 1 {
		t.Errorf("%d updates, want one", n)
	}
}

// TestM08_TheAnswerToTheUpdateIsLost: the alert is looked at; it is resolved, so nothing is sent again.
func TestM08_TheAnswerToTheUpdateIsLost(t *testing.T) {
	t.Parallel()
	r, _, th := ready(t)
	r.once()
	r.srv.Tenant.Inject(sim.Fault{Match: "PATCH /api/alerts/*", Kind: sim.FaultCut, After: true, Times: 1})
	if _, err := r.svc.ResolveThreat(r.ctx(), analyst(), th.Key); err != nil {
		t.Fatal(err)
	}
	r.once()
	r.want(th.Key, soc.ThreatResolving)
	r.later(10 * time.Minute)
	r.once()
	r.want(th.Key, soc.ThreatResolved)
	if n := r.posts("update"); n != 1 {
		t.Errorf("%d updates, want one", n)
	}
}

// TestM08_ResolvedWhileItWaitsIsNeverSent.
func TestM08_ResolvedWhileItWaitsIsNeverSent(t *testing.T) {
	t.Parallel()
	r, _, th := ready(t)
	if _, err := r.svc.ResolveThreat(r.ctx(), analyst(), th.Key); err != nil {
		t.Fatal(err)
	}
	r.once()
	if th = r.want(th.Key, soc.ThreatResolved); !strings.Contains(th.Reason, "nothing was sent") {
		t.Errorf("reason = %q", th.Reason)
	}
	if n := len(r.srv.Tenant.Posts("", "")); n != 0 {
		t.Errorf("%d writes, want none", n)
	}
	page, err := r.store.Audit(r.ctx(), soc.AuditQuery{Text: "action:resolve-threat"})
	if err != nil || page.Matched != 1 || page.Entries[0].Actor.Name != "mona" {
		t.Errorf("history: %+v, %v", page.Entries, err)
	}
}

// TestM01_F31_TheAnswerIsLost: nobody knows whether the alert was made, so Defender is looked at before anything is sent again.
func TestM01_F31_TheAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{true, false} {
		r, _, th := ready(t)
		r.srv.Tenant.Inject(sim.Fault{Match: path, Kind: sim.FaultCut, After: after, Times: 1})
		r.once()
		if th = r.want(th.Key, soc.ThreatWaiting); th.AskedAt.IsZero() {
			t.Fatal("the order is not remembered as asked")
		}
		r.closeAlerts() // an analyst is quick: Defender would not merge a second order into it
		r.later(2 * time.Minute)
		r.once()
		r.later(2 * time.Minute)
		r.once()
		r.want(th.Key, soc.ThreatSent)
		if n := len(r.alerts()); n != 1 {
			t.Errorf("took effect %v: %d alerts, want one", after, n)
		}
	}
}

func (r *rig) closeAlerts() {
	r.t.Helper()
	for _, a := range r.alerts() {
		if err := r.srv.Tenant.ChangeAlert(a.ID, func(a *sim.Alert) { a.Status = "Resolved" }); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestM08_ResolvedWhileTheAnswerIsLost: the alert is found and resolved, or was never made.
func TestM08_ResolvedWhileTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{true, false} {
		r, _, th := ready(t)
		r.srv.Tenant.Inject(sim.Fault{Match: path, Kind: sim.FaultCut, After: after, Times: 1})
		r.once()
		if _, err := r.svc.ResolveThreat(r.ctx(), analyst(), th.Key); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r.later(2 * time.Minute)
			r.once()
		}
		th = r.want(th.Key, soc.ThreatResolved)
		if got := r.alerts(); after && (len(got) != 1 || got[0].Status != "Resolved" || th.AlertID == "") || !after && len(got) != 0 {
			t.Errorf("took effect %v: alerts %+v, record %+v", after, got, th)
		}
	}
}

// dying is a store of a process that is killed before the nth write of a report.
type dying struct {
	report.Store
	before int
	n      int
}

var errKilled = errors.New("killed")

func (d *dying) SaveThreat(ctx context.Context, t soc.Threat, e ...soc.AuditEntry) (soc.Threat, error) {
	if d.n++; d.n >= d.before {
		return soc.Threat{}, errKilled
	}
	return d.Store.SaveThreat(ctx, t, e...)
}

// TestM01_F14_KilledBetweenOrderAndSave: the store knows that an order left, so the next process looks first. The control takes that
// knowledge away, and the threat gets a second alert.
func TestM01_F14_KilledBetweenOrderAndSave(t *testing.T) {
	t.Parallel()
	for _, control := range []bool{false, true} {
		r, _, th := ready(t)
		r.wrap = func(s report.Store) report.Store { return &dying{Store: s, before: 2} } // the first write says that it is asked
		r.start()
		if err := r.svc.Once(r.ctx()); !errors.Is(err, errKilled) {
			t.Fatalf("Once: %v, want the kill", err)
		}
		if n := len(r.alerts()); n != 1 {
			t.Fatalf("%d alerts at the kill, want one", n)
		}
		r.closeAlerts()
		r.wrap = nil
		r.open()
		if control {
			cut := r.get(th.Key)
			cut.AskedAt = time.Time{}
			if _, err := r.store.SaveThreat(r.ctx(), cut); err != nil {
				t.Fatal(err)
			}
		}
		r.once()
		th = r.want(th.Key, soc.ThreatSent)
		want := 1
		if control {
			want = 2
		}
		if n := len(r.alerts()); n != want {
			t.Errorf("control %v: %d alerts, want %d", control, n, want)
		}
	}
}

// TestM01_F14_KilledBeforeTheOrder: nothing left, so nothing is in Defender; it is sent after the time in which it might still appear.
func TestM01_F14_KilledBeforeTheOrder(t *testing.T) {
	t.Parallel()
	r, _, th := ready(t)
	r.srv.Tenant.Inject(sim.Fault{Match: path, Kind: sim.FaultStatus, Status: 500, Times: 1})
	r.wrap = func(s report.Store) report.Store { return &dying{Store: s, before: 2} }
	r.start()
	_ = r.svc.Once(r.ctx())
	r.wrap = nil
	r.open()
	r.once()
	r.want(th.Key, soc.ThreatWaiting)
	if n := r.posts(byReference); n != 0 {
		t.Fatalf("%d orders before the time was over, want none", n)
	}
	r.later(4 * time.Minute)
	r.once()
	r.want(th.Key, soc.ThreatSent)
}

// TestM01_ADefiniteRefusalIsFinalATemporaryOneIsNot.
func TestM01_ADefiniteRefusalIsFinalATemporaryOneIsNot(t *testing.T) {
	t.Parallel()
	r, ch, th := ready(t)
	r.srv.Tenant.Inject(sim.Fault{Match: path, Kind: sim.FaultStatus, Status: 400, Code: "InvalidRequestBody", Message: "no", Times: 1})
	r.once()
	r.want(th.Key, soc.ThreatFailed)
	th = r.report(ch, r.threat("2", soc.ThreatCritical, 0))
	r.srv.Tenant.Inject(sim.Fault{Match: path, Kind: sim.FaultStatus, Status: 429, RetryAfter: "7", Times: 1})
	r.once()
	if th = r.want(th.Key, soc.ThreatWaiting); !th.AskedAt.IsZero() || th.NextTry.Sub(r.now()) > 8*time.Second {
		t.Errorf("after throttling: asked %s, next %s", th.AskedAt, th.NextTry)
	}
}
