package report_test

import (
	"strings"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
)

const aHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func gap(test, state string) soc.ProbeInput {
	return soc.ProbeInput{Test: test, State: state, Host: "ws-1", Indicator: soc.IndicatorInput{Value: aHash}}
}

func (r *rig) probe(ch soc.Channel, in soc.ProbeInput) soc.ProbeReceipt {
	r.t.Helper()
	got, err := r.svc.Probe(r.ctx(), sender(), ch.ID, in)
	if err != nil {
		r.t.Fatalf("Probe: %v", err)
	}
	return got
}

func (r *rig) pushed() soc.Pushed {
	r.t.Helper()
	list, err := r.svc.Pushed(r.ctx())
	if err != nil || len(list) != 1 {
		r.t.Fatalf("%d indicators of ours, %v; want one", len(list), err)
	}
	return list[0]
}

// TestP11_UnprotectedMakesOneIndicatorOthersNone: whatever comes again, from another test too.
func TestP11_UnprotectedMakesOneIndicatorOthersNone(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	for _, state := range []string{"PROTECTED", "ERROR", "NOT RELEVANT", "TIMEOUT"} {
		if got := r.probe(ch, gap("a", state)); got.Outcome != soc.ReceiptIgnored {
			t.Errorf("%s: %s, want nothing to do", state, got.Outcome)
		}
	}
	r.once()
	if n := len(r.srv.Tenant.Posts("", "")); n != 0 {
		t.Fatalf("%d writes, want none", n)
	}
	if got := r.probe(ch, gap("a", "unprotected")); got.Outcome != soc.ReceiptNew {
		t.Errorf("UNPROTECTED: %s, want an indicator", got.Outcome)
	}
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.probe(ch, gap("b", "UNPROTECTED"))
	r.once()
	again := gap("a", "UNPROTECTED")
	again.Indicator.Value = strings.ToUpper(aHash)
	r.probe(ch, again)
	r.once()
	got := r.srv.Tenant.Indicators()
	if len(got) != 1 || len(r.srv.Tenant.Posts("", "indicators")) != 1 {
		t.Fatalf("%d indicators, %d posts, want one", len(got), len(r.srv.Tenant.Posts("", "indicators")))
	}
	if got[0].Type != "FileSha256" || got[0].Action != "Block" || got[0].Value != aHash || !strings.Contains(got[0].Description, "ws-1") {
		t.Errorf("indicator = %+v", got[0])
	}
}

// TestP12_TheStateFollowsTheTest: submitted, visible, too early to tell before two hours, missed after, caught when it is stopped.
func TestP12_TheStateFollowsTheTest(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	if p := r.pushed(); p.State != soc.PushedSubmitted || p.Indicator.ID == "" {
		t.Fatalf("after the submission: %s, id %q", p.State, p.Indicator.ID)
	}
	r.later(2 * time.Minute)
	r.once()
	if p := r.pushed(); p.State != soc.PushedVisible || p.Visible.IsZero() {
		t.Fatalf("after a look: %s", p.State)
	}
	bare := soc.ProbeInput{Test: "a"} // later results need not name the value
	for _, step := range []struct {
		after time.Duration
		state string
		want  soc.PushedState
	}{
		{20 * time.Minute, "UNPROTECTED", soc.PushedEarly},
		{time.Minute, "ERROR", soc.PushedEarly},
		{98 * time.Minute, "UNPROTECTED", soc.PushedEarly}, // 1 h 59 min
		{time.Minute, "UNPROTECTED", soc.PushedMissed},     // two hours
		{time.Hour, "PROTECTED", soc.PushedCaught},
		{time.Hour, "UNPROTECTED", soc.PushedMissed},
	} {
		r.later(step.after)
		bare.State = step.state
		if bare.State == soc.ProbeUnprotected {
			bare.Indicator.Value = aHash
		} else {
			bare.Indicator = soc.IndicatorInput{}
		}
		got := r.probe(ch, bare)
		if p := r.pushed(); p.State != step.want {
			t.Errorf("%s later %s: %s (%s), want %s", step.after, step.state, p.State, got.Reason, step.want)
		}
	}
	old := gap("a", "PROTECTED")
	old.At = r.now().Add(-30 * time.Minute)
	r.probe(ch, old)
	if p := r.pushed(); p.State != soc.PushedMissed {
		t.Errorf("an older result changed the state to %s", p.State)
	}
	if len(r.srv.Tenant.Posts("", "indicators")) != 1 {
		t.Error("a later result made another indicator")
	}
}

// TestP11_TheAnswerIsLost, or the process dies: the value is looked up before anything is sent again.
func TestP11_F31_TheAnswerIsLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	r.srv.Tenant.Inject(sim.Fault{Match: "POST /api/indicators", Kind: sim.FaultCut, After: true, Times: 1})
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	if p := r.pushed(); p.State != soc.PushedWaiting || p.Reason == "" {
		t.Fatalf("after the lost answer: %s %q", p.State, p.Reason)
	}
	r.later(10 * time.Minute)
	r.start()
	r.once()
	if p := r.pushed(); p.State != soc.PushedVisible || p.Indicator.ID == "" {
		t.Errorf("after the look: %s, %q", p.State, p.Indicator.ID)
	}
	if n := len(r.srv.Tenant.Posts("", "indicators")); n != 1 {
		t.Errorf("%d posts, want one", n)
	}
}

// TestP11_AnIndicatorOfSomebodyElseIsLeftAlone and said so; a deleted one does not come back by itself.
func TestP11_AnIndicatorOfSomebodyElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	r.srv.Tenant.AddIndicator(sim.Indicator{Type: "FileSha256", Value: aHash, Action: "Allowed", Title: "ours", Description: "d"})
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	p := r.pushed()
	if p.State != soc.PushedVisible || !strings.Contains(p.Reason, "Allowed") || len(r.srv.Tenant.Posts("", "indicators")) != 0 {
		t.Errorf("%s, %q", p.State, p.Reason)
	}
	if err := r.svc.DeleteIndicator(r.ctx(), analyst(), r.in.ID, p.Indicator.ID); err != nil {
		t.Fatal(err)
	}
	if got := r.probe(ch, gap("a", "UNPROTECTED")); got.Outcome != soc.ReceiptKnown || !strings.Contains(got.Reason, "deleted") {
		t.Errorf("after the deletion: %s, %q", got.Outcome, got.Reason)
	}
	r.once()
	if len(r.srv.Tenant.Indicators()) != 0 || r.pushed().State != soc.PushedDeleted {
		t.Error("the deleted indicator came back")
	}
}

// TestP11_AnExpiredIndicatorIsSubmittedAgain when the gap is still there.
func TestP11_AnExpiredIndicatorIsSubmittedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	ch.Indicators = soc.IndicatorDefaults{Action: "Audit", Severity: "High", Lifetime: time.Hour}
	ch, err := r.store.SaveChannel(r.ctx(), ch)
	if err != nil {
		t.Fatal(err)
	}
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	got := r.srv.Tenant.Indicators()
	if len(got) != 1 || got[0].Action != "Audit" || !got[0].GenerateAlert || got[0].Severity != "High" || got[0].Expires.IsZero() {
		t.Fatalf("indicator = %+v", got)
	}
	r.later(61 * time.Minute)
	if err := r.srv.Tenant.DropIndicator(got[0].ID); err != nil { // its time is over
		t.Fatal(err)
	}
	if got := r.probe(ch, gap("a", "UNPROTECTED")); got.Outcome != soc.ReceiptNew {
		t.Errorf("after the expiry: %s, %s", got.Outcome, got.Reason)
	}
	r.once()
	if got := r.srv.Tenant.Indicators(); len(got) != 1 || !got[0].Expires.After(r.now()) {
		t.Errorf("indicators = %+v", got)
	}
}

// TestP11_AValueThatIsNoIndicatorIsRefused at the door.
func TestP11_AValueThatIsNoIndicatorIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.probes()
	for _, bad := range []soc.IndicatorInput{
		{Type: "FileSha256", Value: "abc"}, {Value: "10.0.0.0/8", Type: "IpAddress"}, {Type: "Mutex", Value: "x"}, {},
	} {
		in := gap("a", "UNPROTECTED")
		in.Indicator = bad
		if _, err := r.svc.Probe(r.ctx(), sender(), ch.ID, in); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("%+v: %v, want invalid", bad, err)
		}
	}
}

// TestP11_AFullTenantIsSaid, and the indicator waits for room.
func TestP11_AFullTenantIsSaid(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{Indicators: 15_000})
	ch := r.probes()
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	if p := r.pushed(); p.State != soc.PushedWaiting || !strings.Contains(p.Reason, "15000") || p.NextTry.IsZero() {
		t.Errorf("%s, %q", p.State, p.Reason)
	}
	if len(r.srv.Tenant.Posts("", "indicators")) != 0 {
		t.Error("it was sent all the same")
	}
}

// probes is a channel whose indicators block.
func (r *rig) probes() soc.Channel {
	r.t.Helper()
	ch := r.channel("p", soc.ChannelProbes, "")
	ch.Indicators.Action = "Block"
	ch, err := r.store.SaveChannel(r.ctx(), ch)
	if err != nil {
		r.t.Fatal(err)
	}
	return ch
}

// TestP12_AnIndicatorThatOnlyAuditsSaysSo when its test gets through; and every type gets an action that it has.
func TestP12_AnIndicatorThatOnlyAuditsSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.channel("p", soc.ChannelProbes, "")
	other := gap("c", "UNPROTECTED")
	other.Indicator.Value = strings.Repeat("cd", 32)
	if got := r.probe(ch, other); got.Pushed.Indicator.Action != "Block" {
		t.Errorf("without a choice: %s, want Block", got.Pushed.Indicator.Action)
	}
	ch.Indicators.Action = "Audit"
	ch, err := r.store.SaveChannel(r.ctx(), ch)
	if err != nil {
		t.Fatal(err)
	}
	r.probe(ch, gap("a", "UNPROTECTED"))
	r.once()
	r.later(2 * time.Minute)
	r.once()
	r.later(3 * time.Hour)
	if got := r.probe(ch, gap("a", "UNPROTECTED")); got.Pushed.State != soc.PushedMissed || !strings.Contains(got.Reason, "Audit stops nothing") {
		t.Errorf("%s: %q", got.Pushed.State, got.Reason)
	}
	ch.Indicators.Action = "BlockAndRemediate"
	if ch, err = r.store.SaveChannel(r.ctx(), ch); err != nil {
		t.Fatal(err)
	}
	in := gap("b", "UNPROTECTED")
	in.Indicator.Value = "evil.test"
	if got := r.probe(ch, in); got.Pushed.Indicator.Action != "Block" {
		t.Errorf("a domain gets %s, want Block", got.Pushed.Indicator.Action)
	}
	ch.Indicators.Action = "Block"
	if ch, err = r.store.SaveChannel(r.ctx(), ch); err != nil {
		t.Fatal(err)
	}
	in.Indicator = soc.IndicatorInput{Type: "CertificateThumbprint", Value: strings.Repeat("ab", 20)}
	if got := r.probe(ch, in); got.Pushed.Indicator.Action != "BlockAndRemediate" {
		t.Errorf("a certificate gets %s, want BlockAndRemediate", got.Pushed.Indicator.Action)
	}
}
