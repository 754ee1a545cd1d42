package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/client/report"
	"cordon/client/sim"
	"cordon/store/soc"
)

const byReference = "CreateAlertByReference"

// TestM02_M05_M06_K10_FourLevelsAndFourFilters: every level through every filter gives 10 sends and 6 suppressions. The level that is the
// limit is sent: reports need greater or equal, unlike automatic lockdown.
func TestM02_M04_M05_M06_K10_FourLevelsAndFourFilters(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{Behaviour: sim.Behaviour{NoQuota: true}})
	r.event(0)
	sent, suppressed := 0, 0
	for i, least := range soc.ThreatLevels() {
		ch := r.channel(fmt.Sprintf("c%d", i), soc.ChannelThreats, least)
		for j, level := range soc.ThreatLevels() {
			th := r.report(ch, r.threat(fmt.Sprint("t", j), level, 0))
			want := soc.ThreatWaiting
			if j < i {
				want = soc.ThreatSuppressed
				if !strings.Contains(th.Reason, least.Filter()) {
					t.Errorf("%s below %s: reason %q, want the filter", level, least, th.Reason)
				}
			}
			if th.State != want {
				t.Errorf("%s with filter %q = %s, want %s", level, least.Filter(), th.State, want)
			}
		}
	}
	r.once()
	all, err := r.svc.Threats(r.ctx(), soc.ThreatQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, th := range all {
		switch th.State {
		case soc.ThreatSent:
			sent++
		case soc.ThreatSuppressed:
			suppressed++
		default:
			t.Errorf("%s is %s: %s", th.Key, th.State, th.Reason)
		}
	}
	if sent != 10 || suppressed != 6 || len(r.alerts()) != 10 {
		t.Errorf("%d sent, %d suppressed, %d alerts, want 10, 6 and 10", sent, suppressed, len(r.alerts()))
	}
}

// TestM03_AChannelWithoutALimitSendsCriticalOnly is the default of the product that the feature comes from.
func TestM03_AChannelWithoutALimitSendsCriticalOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.channel("c", soc.ChannelThreats, "")
	if th := r.report(ch, r.threat("1", soc.ThreatElevated, 0)); th.State != soc.ThreatSuppressed {
		t.Errorf("Elevated = %s, want suppressed", th.State)
	}
	if th := r.report(ch, r.threat("2", soc.ThreatCritical, 0)); th.State != soc.ThreatWaiting {
		t.Errorf("Critical = %s, want waiting", th.State)
	}
}

// TestM01_M07_M09_M10_M14_TheAlertSaysWhatIsKnown: a managed and a non-managed device, one with and one without a user, of a vendor that
// nobody heard of. What is absent has no line.
func TestM01_M07_M09_M10_M14_M15_TheAlertSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.event(0)
	r.event(1)
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	first := r.threat("1", soc.ThreatCritical, 0)
	second := r.threat("2", soc.ThreatElevated, 1)
	second.User, second.Vendor, second.Device.OS, second.Category = "", "Zorblax 9000", "iOS", "Jailbreak"
	a, b := r.report(ch, first), r.report(ch, second)
	before := r.now()
	r.once()
	a, b = r.want(a.Key, soc.ThreatSent), r.want(b.Key, soc.ThreatSent)
	if *a.Device.Managed == *b.Device.Managed {
		t.Error("want one managed and one non-managed device")
	}
	for _, managed := range []bool{true, false} {
		got, err := r.svc.Threats(r.ctx(), soc.ThreatQuery{Managed: &managed})
		if err != nil || len(got) != 1 || *got[0].Device.Managed != managed {
			t.Errorf("filter managed=%v: %d reports, %v", managed, len(got), err)
		}
	}
	full, err := r.srv.Tenant.Alert(a.AlertID)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := r.srv.Tenant.Alert(b.AlertID)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Critical", "Acme MTD", "su was found", "Android 14", "eva@contoso.test", "com.evil", "4444", "Managed: yes"} {
		if !strings.Contains(full.Description, want) {
			t.Errorf("the description lacks %q:\n%s", want, full.Description)
		}
	}
	if full.Severity != "High" || bare.Severity != "Medium" || full.Category != "PrivilegeEscalation" {
		t.Errorf("severity %s and %s, category %s", full.Severity, bare.Severity, full.Category)
	}
	if strings.Contains(bare.Description, "User") {
		t.Errorf("a report without a user has a line about one:\n%s", bare.Description)
	}
	if d := bare.Description; !strings.Contains(d, "Zorblax 9000") || !strings.Contains(bare.Title, "Zorblax 9000") || !strings.Contains(d, "Jailbreak") {
		t.Errorf("the vendor or the category did not pass through: %q\n%s", bare.Title, bare.Description)
	}
	tally, err := report.Tally(r.ctx(), r.store, ch)
	if err != nil || tally.LastSend.Before(before) || tally.Waiting != 0 {
		t.Errorf("tally = %+v, %v; want the last send", tally, err)
	}
}

// TestSC41_TheSameReportTwiceIsOne, in whatever state it is; the same id for something else is refused.
func TestM01_SC41_TheSameReportTwiceIsOne(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.event(0)
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	in := r.threat("1", soc.ThreatCritical, 0)
	a := r.report(ch, in)
	if b := r.report(ch, in); b.Revision != a.Revision {
		t.Error("a repeated report was written again")
	}
	r.once()
	r.report(ch, in)
	r.once()
	if len(r.alerts()) != 1 || len(r.srv.Tenant.Posts("", byReference)) != 1 {
		t.Errorf("%d alerts, %d posts, want one", len(r.alerts()), len(r.srv.Tenant.Posts("", byReference)))
	}
	in.Device.MachineID, in.Device.Name = "", "another phone"
	if _, err := r.svc.Report(r.ctx(), sender(), ch.ID, in); !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "id-used"}) {
		t.Errorf("the id of another device: %v, want id-used", err)
	}
}

// TestM02_AHigherLevelLetsASuppressedReportOut: the threat became worse.
func TestM02_AHigherLevelLetsASuppressedReportOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatElevated)
	in := r.threat("1", soc.ThreatLow, 0)
	r.report(ch, in)
	in.Level = soc.ThreatCritical
	if th := r.report(ch, in); th.State != soc.ThreatWaiting || th.Level != soc.ThreatCritical {
		t.Errorf("%s, level %s; want waiting, Critical", th.State, th.Level)
	}
}

// TestM01_ADeviceThatDefenderDoesNotKnowStaysVisible, and is sent when it appears or an hour later. Two devices of one name are not guessed.
func TestM01_M09_ADeviceThatDefenderDoesNotKnowStaysVisible(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	in := r.threat("1", soc.ThreatCritical, 0)
	in.Device.MachineID, in.Device.Name = "", "evas-phone"
	th := r.report(ch, in)
	r.once()
	if th = r.want(th.Key, soc.ThreatUnmatched); !strings.Contains(th.Reason, "evas-phone") {
		t.Errorf("reason = %q, want the name", th.Reason)
	}
	add := func() string {
		return r.srv.Tenant.AddMachine(aPhone())
	}
	one := add()
	if _, err := r.srv.Tenant.AddEvent(one, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.once()
	r.want(th.Key, soc.ThreatUnmatched) // not before its time
	r.later(61 * time.Minute)
	r.once()
	r.want(th.Key, soc.ThreatSent)

	add()
	in.ID = "2"
	th = r.report(ch, in)
	r.once()
	if th = r.want(th.Key, soc.ThreatUnmatched); !strings.Contains(th.Reason, "several") {
		t.Errorf("reason = %q, want that there are several", th.Reason)
	}
}

// TestM01_WithoutAnEventTheReportWaits: Defender ties alerts to events. The sender's own event is used if it names one.
func TestM01_WithoutAnEventTheReportWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{Roles: []string{"Alert.ReadWrite.All", "Machine.Read.All"}})
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	in := r.threat("1", soc.ThreatCritical, 0)
	th := r.report(ch, in)
	r.once()
	if th = r.want(th.Key, soc.ThreatUnmatched); !strings.Contains(th.Reason, "AdvancedQuery.Read.All") {
		t.Errorf("reason = %q, want the permission that is missing", th.Reason)
	}
	if n := len(r.srv.Tenant.Posts("", byReference)); n != 0 {
		t.Errorf("%d orders about an event that nobody knows, want none", n)
	}
	at := time.Now().Add(-time.Hour).Truncate(100 * time.Nanosecond).UTC()
	id, err := r.srv.Tenant.AddEvent(in.Device.MachineID, at)
	if err != nil {
		t.Fatal(err)
	}
	in.ID, in.Event = "2", &soc.EventRef{Time: at, ReportID: id}
	th = r.report(ch, in)
	r.once()
	r.want(th.Key, soc.ThreatSent)
	in.ID, in.Event = "3", &soc.EventRef{Time: at.Add(time.Second), ReportID: id}
	th = r.report(ch, in)
	r.once()
	if th = r.want(th.Key, soc.ThreatUnmatched); !strings.Contains(th.Reason, "not found") {
		t.Errorf("a wrong event: %q, want that it was not found", th.Reason)
	}
}

// TestM12_ConsentIsProvedByTheToken: without the role in the token the report waits and names it; once the token carries it, it is sent.
func TestM12_ConsentIsProvedByTheToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{Roles: []string{"Alert.Read.All", "Machine.Read.All", "AdvancedQuery.Read.All"}})
	r.event(0)
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	th := r.report(ch, r.threat("1", soc.ThreatCritical, 0))
	r.once()
	if th = r.want(th.Key, soc.ThreatWaiting); !strings.Contains(th.Reason, "Alert.ReadWrite.All") || !th.AskedAt.IsZero() {
		t.Errorf("reason = %q, want the role that is missing", th.Reason)
	}
	r.srv.Tenant.SetRoles(sim.AllRoles()...)
	if err := r.client.Renew(r.ctx()); err != nil {
		t.Fatal(err)
	}
	r.later(time.Hour)
	r.once()
	r.want(th.Key, soc.ThreatSent)
}

// TestM01_NothingGoesToATenantThatIsOff, and it goes when it is on again. The reason is shown.
func TestM01_K07_NothingGoesToATenantThatIsOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.event(0)
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	r.in.Enabled = false
	var err error
	if r.in, err = r.store.SaveIntegration(r.ctx(), r.in); err != nil {
		t.Fatal(err)
	}
	th := r.report(ch, r.threat("1", soc.ThreatCritical, 0))
	r.once()
	if th = r.want(th.Key, soc.ThreatWaiting); !strings.Contains(th.Reason, "switched off") {
		t.Errorf("reason = %q", th.Reason)
	}
	r.in.Enabled = true
	if r.in, err = r.store.SaveIntegration(r.ctx(), r.in); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.once()
	r.want(th.Key, soc.ThreatSent)
}

// TestSC41_AFullQueueSaysSo with the time to come back; what is known already still gets through.
func TestSC41_AFullQueueSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	for n := range 20 {
		r.report(ch, r.threat(fmt.Sprint(n), soc.ThreatCritical, 0))
	}
	_, err := r.svc.Report(r.ctx(), sender(), ch.ID, r.threat("20", soc.ThreatCritical, 0))
	var e *soc.Error
	if !errors.As(err, &e) || e.Code != "queue-full" || e.After <= 0 {
		t.Errorf("the 21st report: %v, want queue-full with a time", err)
	}
	r.report(ch, r.threat("3", soc.ThreatCritical, 0))
	end := soc.ThreatInput{ID: "4", ResolvedAt: r.now()}
	if th := r.report(ch, end); th.State != soc.ThreatResolved {
		t.Errorf("the end of a known threat: %s, want resolved", th.State)
	}
}

// TestK15_TheServiceJudgesRights: whoever asks, and refusals are history.
func TestK15_TheServiceJudgesRights(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	ch := r.channel("c", soc.ChannelThreats, soc.ThreatNormal)
	probes := r.channel("p", soc.ChannelProbes, "")
	viewer := soc.Session{Actor: soc.Actor{Name: "vera"}, Rights: soc.RoleRights("viewer")}
	readOnly := analyst()
	readOnly.ReadOnly = true
	th := r.report(ch, r.threat("1", soc.ThreatCritical, 0))
	for _, s := range []soc.Session{viewer, readOnly} {
		_, err1 := r.svc.Report(r.ctx(), s, ch.ID, r.threat("2", soc.ThreatCritical, 0))
		_, err2 := r.svc.Probe(r.ctx(), s, probes.ID, soc.ProbeInput{Test: "a", State: "UNPROTECTED"})
		_, err3 := r.svc.ResolveThreat(r.ctx(), s, th.Key)
		_, err4 := r.svc.AddIndicators(r.ctx(), s, r.in.ID, nil)
		err5 := r.svc.DeleteIndicator(r.ctx(), s, r.in.ID, "1")
		for i, err := range []error{err1, err2, err3, err4, err5} {
			if !errors.Is(err, &soc.Error{Kind: soc.KindDenied, Code: "no-right"}) {
				t.Errorf("act %d: %v, want no-right", i+1, err)
			}
		}
	}
	page, err := r.store.Audit(r.ctx(), soc.AuditQuery{Text: "result:refused"})
	if err != nil || page.Matched != 10 {
		t.Errorf("%d refusals in the history, %v; want 10", page.Matched, err)
	}
	r.in.Allowed = []string{"somebody"}
	if _, err := r.store.SaveIntegration(r.ctx(), r.in); err != nil {
		t.Fatal(err)
	}
	if _, err := r.svc.Indicators(r.ctx(), analyst(), r.in.ID); !errors.Is(err, soc.ErrDenied) {
		t.Errorf("a tenant that is not hers: %v, want denied", err)
	}
}

func TestM01_ReportsGoThroughTheirOwnChannelOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	probes := r.channel("p", soc.ChannelProbes, "")
	off := r.channel("off", soc.ChannelThreats, soc.ThreatNormal)
	off.Enabled = false
	if _, err := r.store.SaveChannel(r.ctx(), off); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[soc.ChannelID]string{probes.ID: "wrong-channel", off.ID: "channel-off", "none": "no-channel"} {
		_, err := r.svc.Report(r.ctx(), sender(), id, r.threat("1", soc.ThreatCritical, 0))
		var e *soc.Error
		if !errors.As(err, &e) || e.Code != want {
			t.Errorf("channel %s: %v, want %s", id, err, want)
		}
	}
}
