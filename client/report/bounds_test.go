package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/report"
	"cordon/client/sim"
	"cordon/store/soc"
)

// A sender of test results meets the same bound as one of reports: it can not fill memory and disk with indicators that wait.
func TestSC41_TooManyIndicatorsThatWaitAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	nth := func(n int) soc.ProbeInput {
		in := gap("a", "UNPROTECTED")
		in.Indicator.Value = fmt.Sprintf("%064x", n)
		return in
	}
	for n := range 20 {
		r.probe(ch, nth(n))
	}
	_, err := r.svc.Probe(r.ctx(), sender(), ch.ID, nth(20))
	var e *soc.Error
	if !errors.As(err, &e) || e.Code != "queue-full" || e.After <= 0 {
		t.Errorf("the 21st indicator: %v, want queue-full with a time", err)
	}
	if got := r.probe(ch, nth(3)); got.Outcome != soc.ReceiptKnown {
		t.Errorf("one that is known: %s", got.Outcome)
	}
}

// The texts of one report are bounded together, so that what waits fits into memory.
func TestSC41_AReportThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	in := r.threat("1", soc.ThreatCritical, 0)
	in.Forensics = soc.Forensics{}
	for n := range 20 {
		in.Forensics[fmt.Sprint("fact ", n)] = strings.Repeat("x", 4096)
	}
	if _, err := r.svc.Report(r.ctx(), sender(), ch.ID, in); soc.KindOf(err) != soc.KindInvalid || !strings.Contains(err.Error(), "forensics") {
		t.Errorf("80 KiB in one report: %v, want invalid", err)
	}
}

// The disk belongs to lockdowns: while it fills up nothing new comes in from outside, and what is known still can end.
func TestSC41_F67_NothingNewIsTakenWhileTheDiskFillsUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch, probes := r.channel("c", soc.ChannelThreats, soc.ThreatNormal), r.probes()
	th := r.report(ch, r.threat("1", soc.ThreatCritical, 0))
	r.svc = report.New(report.Options{
		Store: r.store, Now: r.now, Check: client.CheckIndicator,
		Tenant: func(soc.IntegrationID) (report.Tenant, error) { return r.client, nil },
		Room: func() error {
			return &soc.Error{Kind: soc.KindRefused, Code: "disk-low", What: "the disk of the store is filling up"}
		},
	})
	_, err1 := r.svc.Report(r.ctx(), sender(), ch.ID, r.threat("2", soc.ThreatCritical, 0))
	_, err2 := r.svc.Probe(r.ctx(), sender(), probes.ID, gap("a", "UNPROTECTED"))
	for _, err := range []error{err1, err2} {
		if soc.KindOf(err) != soc.KindUnavailable || !strings.Contains(err.Error(), "filling up") || !strings.Contains(err.Error(), "nothing was stored") {
			t.Errorf("%v, want unavailable", err)
		}
	}
	if th = r.report(ch, soc.ThreatInput{ID: "1", ResolvedAt: r.now()}); th.State != soc.ThreatResolved {
		t.Errorf("the end of a known threat: %s", th.State)
	}
}

// T-16: the list of a tenant counts for reports too, with its roles; a sender is bound to its channel instead.
func TestT16_ReportsOfPeopleGoWhereTheyMay(t *testing.T) {
	t.Parallel()
	r, ch, th := ready(t)
	r.in.Allowed = []string{"role:responder"}
	if _, err := r.store.SaveIntegration(r.ctx(), r.in); err != nil {
		t.Fatal(err)
	}
	no, yes := analyst(), analyst()
	yes.Actor.Role = "responder"
	probes := r.probes()
	acts := map[string]func(s soc.Session) error{
		"report": func(s soc.Session) error {
			_, err := r.svc.Report(r.ctx(), s, ch.ID, r.threat("2", soc.ThreatCritical, 0))
			return err
		},
		"probe": func(s soc.Session) error {
			_, err := r.svc.Probe(r.ctx(), s, probes.ID, gap("a", "UNPROTECTED"))
			return err
		},
		"resolve": func(s soc.Session) error {
			_, err := r.svc.ResolveThreat(r.ctx(), s, th.Key)
			return err
		},
		"list": func(s soc.Session) error {
			_, err := r.svc.Indicators(r.ctx(), s, r.in.ID)
			return err
		},
	}
	for name, act := range acts {
		if err := act(no); !errors.Is(err, soc.ErrDenied) {
			t.Errorf("%s by somebody who is not on the list: %v", name, err)
		}
		if err := act(yes); err != nil {
			t.Errorf("%s by somebody who is: %v", name, err)
		}
	}
	r.report(ch, r.threat("3", soc.ThreatCritical, 0))
}

// An indicator that Defender refused is submitted again as its channel says now, not as it was refused.
func TestP11_ARefusedIndicatorFollowsTheSettings(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	r.srv.Tenant.Inject(sim.Fault{Match: "POST /api/indicators", Kind: sim.FaultStatus, Status: 400, Times: 1})
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	if p := r.pushed(); p.State != soc.PushedFailed {
		t.Fatalf("state %s, want failed", p.State)
	}
	ch.Indicators = soc.IndicatorDefaults{Action: "Warn", Severity: "Low", Lifetime: time.Hour}
	if _, err := r.store.SaveChannel(r.ctx(), ch); err != nil {
		t.Fatal(err)
	}
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	got := r.srv.Tenant.Indicators()
	if len(got) != 1 || got[0].Action != "Warn" || got[0].Severity != "Low" || got[0].Expires.IsZero() {
		t.Errorf("indicators = %+v", got)
	}
}
