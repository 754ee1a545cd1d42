package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
)

func ioc(typ, value, action string) soc.Indicator {
	return soc.Indicator{Type: typ, Value: value, Action: action, Title: "t", Description: "d"}
}

// TestP04_EveryItemOfABatchHasItsOwnResult: good ones, bad ones, twins, and those that are there.
func TestP04_EveryItemOfABatchHasItsOwnResult(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.srv.Tenant.AddIndicator(sim.Indicator{Type: "DomainName", Value: "there.test", Action: "Block", Title: "t", Description: "d"})
	list := []soc.Indicator{
		ioc("FileSha256", aHash, "Block"),
		ioc("FileSha1", "abcd", "Block"),
		ioc("IpAddress", "10.0.0.0/8", "Block"),
		ioc("IpAddress", "2001:db8::1", "Block"),
		ioc("IpAddress", "192.0.2.1", "BlockAndRemediate"),
		ioc("DomainName", "there.test", "Block"),
		ioc("DomainName", "there.test", "Allowed"),
		ioc("FileSha256", strings.ToUpper(aHash), "Block"),
	}
	got, err := r.svc.AddIndicators(r.ctx(), analyst(), r.in.ID, list)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, false, true, false, true, false, true} {
		if got[i].OK != want || !want && got[i].Reason == "" {
			t.Errorf("item %d (%s): ok %v %q, want %v with a reason", i, list[i].Value, got[i].OK, got[i].Reason, want)
		}
	}
	if n := len(r.srv.Tenant.Indicators()); n != 3 {
		t.Errorf("%d indicators in the tenant, want 3", n)
	}
	back, err := r.svc.Indicators(r.ctx(), analyst(), r.in.ID)
	if err != nil || back.Cap != 15_000 || len(back.Indicators) != 3 {
		t.Fatalf("listing: %+v, %v", back, err)
	}
	pushed, err := r.svc.Pushed(r.ctx())
	if err != nil || len(pushed) != 2 || pushed[0].By != "mona" {
		t.Errorf("remembered: %+v, %v", pushed, err)
	}
	r.later(2 * time.Minute)
	r.once()
	pushed, _ = r.svc.Pushed(r.ctx())
	for _, p := range pushed {
		if p.State != soc.PushedVisible || p.Indicator.ID == "" {
			t.Errorf("%s is %s", p.Key, p.State)
		}
		if err := r.svc.DeleteIndicator(r.ctx(), analyst(), r.in.ID, p.Indicator.ID); err != nil {
			t.Error(err)
		}
	}
	if n := len(r.srv.Tenant.Indicators()); n != 1 {
		t.Errorf("%d indicators after the deletion, want 1", n)
	}
	if err := r.svc.DeleteIndicator(r.ctx(), analyst(), r.in.ID, "424242"); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("deleting what is not there: %v, want not found", err)
	}
}

// TestP04_ABatchThatDoesNotFitIsRefusedWhole before anything is sent, with the count.
func TestP04_ABatchThatDoesNotFitIsRefusedWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	r.srv.Tenant.FillIndicators(14_999)
	two := []soc.Indicator{ioc("DomainName", "a.test", "Block"), ioc("DomainName", "b.test", "Block")}
	_, err := r.svc.AddIndicators(r.ctx(), analyst(), r.in.ID, two)
	if !errors.Is(err, &soc.Error{Kind: soc.KindRefused, Code: "indicator-cap"}) || !strings.Contains(err.Error(), "14999") {
		t.Fatalf("two more: %v, want the cap with the count", err)
	}
	if n := len(r.srv.Tenant.Posts("", "")); n != 0 {
		t.Errorf("%d writes, want none", n)
	}
	if got, err := r.svc.AddIndicators(r.ctx(), analyst(), r.in.ID, []soc.Indicator{ioc("DomainName", "a.test", "Block")}); err != nil || !got[0].OK {
		t.Errorf("the one that fits: %+v, %v", got, err)
	}
}

// TestP05_TheChecklistTicksOnlyWhatIsProved: versions and permissions are; what the API does not tell is "cannot verify".
func TestP05_TheChecklistTicksOnlyWhatIsProved(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	host := func(id, platform string, build int64, av string) {
		h := soc.Host{
			Key: soc.HostKey{Integration: r.in.ID, MachineID: id}, Name: "h-" + id, OSPlatform: platform, OSBuild: build, AVStatus: av,
			Onboarding: "Onboarded", FetchedAt: r.now(),
		}
		if err := r.store.PutHosts(r.ctx(), h); err != nil {
			t.Fatal(err)
		}
	}
	state := func(part string) soc.Readiness {
		list, err := r.svc.Readiness(r.ctx(), r.in.ID)
		if err != nil || len(list) < 10 {
			t.Fatalf("%d lines, %v", len(list), err)
		}
		for _, l := range list {
			if strings.Contains(l.Item, part) {
				return l
			}
		}
		t.Fatalf("no line about %s", part)
		return soc.Readiness{}
	}
	for _, part := range []string{
		"Behaviour", "Cloud", "Allow or block", "active mode", "4.18.1901", "Windows 10", "hash computation", ".exe", "Ti.ReadWrite",
	} {
		if got := state(part); got.State != "cannot verify" || got.Detail == "" {
			t.Errorf("with nothing known, %s = %s (%s)", part, got.State, got.Detail)
		}
	}
	host("a1", "Windows10", 19045, "Updated")
	host("a2", "Windows11", 0, "Updated")
	host("a3", "WindowsServer2019", 17763, "Updated")
	host("a4", "WindowsServer2012R2", 9600, "Updated")
	if got := state("Windows 10"); got.State != "ok" {
		t.Errorf("versions: %+v, want ok", got)
	}
	host("b1", "Windows10", 14393, "Disabled")
	host("b2", "Linux", 0, "")
	if got := state("Windows 10"); got.State != "missing" || !strings.Contains(got.Detail, "h-b1") {
		t.Errorf("an old host: %+v", got)
	}
	if got := state("active mode"); got.State != "missing" {
		t.Errorf("antivirus off: %+v", got)
	}
	if got := state("macOS"); got.State != "cannot verify" || !strings.Contains(got.Detail, "1 host") {
		t.Errorf("Linux: %+v", got)
	}
	for role, want := range map[string]string{"Ti.ReadWrite.All": "ok", "Ti.ReadWrite": "ok", "Alert.Read.All": "missing", "": "missing"} {
		r.roles = []string{role}
		if got := state("Ti.ReadWrite"); got.State != want {
			t.Errorf("token with %s: %+v, want %s", role, got, want)
		}
	}
}

// TestP04_ThePortalPageOfEveryType.
func TestP04_ThePortalPageOfEveryType(t *testing.T) {
	t.Parallel()
	for typ, tab := range map[string]string{
		"FileSha1": "files", "IpAddress": "ips", "DomainName": "urls", "Url": "urls", "CertificateThumbprint": "certificates",
	} {
		want := "https://security.microsoft.com/preferences2/custom_ti_indicators/" + tab + "?tid=x"
		if got := soc.IndicatorPage(soc.Integration{TenantID: "x"}, typ); got != want {
			t.Errorf("%s: %s, want %s", typ, got, want)
		}
	}
	if got := soc.IndicatorPage(soc.Integration{Cloud: "gcc-high"}, "Url"); !strings.HasPrefix(got, "https://security.microsoft.us/") {
		t.Errorf("gcc-high: %s", got)
	}
	if got := soc.IndicatorPage(soc.Integration{Cloud: "custom"}, "Url"); got != "" {
		t.Errorf("custom: %s, want none", got)
	}
}

// TestP04_ALargeBatchIsSentInParts.
func TestP04_ALargeBatchIsSentInParts(t *testing.T) {
	t.Parallel()
	r := newRig(t, sim.Options{})
	var list []soc.Indicator
	for n := range 501 {
		list = append(list, ioc("DomainName", fmt.Sprintf("d%d.test", n), "Block"))
	}
	got, err := r.svc.AddIndicators(r.ctx(), analyst(), r.in.ID, list)
	if err != nil || !got[500].OK {
		t.Fatalf("%v, %+v", err, got[500])
	}
	if n := len(r.srv.Tenant.Posts("", "import")); n != 2 {
		t.Errorf("%d imports, want 2", n)
	}
}
