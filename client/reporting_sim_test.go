package client_test

import (
	"testing"
	"time"

	"cordon/client"
	"cordon/client/sim"
	"cordon/store/soc"
)

func TestP11_P12_IndicatorsInATenant(t *testing.T) {
	t.Parallel()
	srv, c, _ := tenant(t, sim.Options{Indicators: -1, EventEvery: -1})
	ctx := t.Context()
	want := soc.Indicator{
		Type: "FileSha256", Value: "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", Action: "BlockAndRemediate", Severity: "High",
		Title: "probe", Description: "unprotected", Expires: time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second),
	}
	one, err := c.SubmitIndicator(ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.SubmitIndicator(ctx, want)
	if err != nil || again.ID != one.ID {
		t.Errorf("the same again: %s and %s, %v", one.ID, again.ID, err)
	}
	found, err := c.IndicatorByValue(ctx, "FileSha256", want.Value)
	if err != nil || len(found) != 1 || found[0].ID != one.ID || !found[0].Expires.Equal(want.Expires) || found[0].Action != want.Action {
		t.Errorf("by value: %+v, %v", found, err)
	}
	res, err := c.ImportIndicators(ctx, []soc.Indicator{
		{Type: "DomainName", Value: "evil.example", Action: "Audit", Title: "t", Description: "d"},
		{Type: "IpAddress", Value: "10.0.0.0/8", Action: "Block", Title: "t", Description: "d"},
		{Type: "IpAddress", Value: "2001:db8::1", Action: "Block", Title: "t", Description: "d"},
	})
	if err != nil || len(res) != 3 || !res[0].OK || res[1].OK || res[1].Reason == "" || !res[2].OK {
		t.Errorf("import: %+v, %v", res, err)
	}
	list, err := c.Indicators(ctx)
	if err != nil || len(list.Indicators) != 3 || len(srv.Tenant.Indicators()) != 3 || list.Partial != "" || list.Cap != client.IndicatorCap {
		t.Errorf("list: %+v, %v", list, err)
	}
	if err := c.DeleteIndicator(ctx, one.ID); err != nil {
		t.Error(err)
	}
	if err := c.DeleteIndicator(ctx, one.ID); soc.KindOf(err) != soc.KindNotFound {
		t.Errorf("deleting twice: %v", err)
	}
	if n := len(srv.Tenant.Indicators()); n != 2 {
		t.Errorf("%d are left", n)
	}
}

func TestM01_AlertByReferenceInATenant(t *testing.T) {
	t.Parallel()
	srv, c, _ := tenant(t, sim.Options{EventEvery: -1})
	m := srv.Tenant.MachineAt(0)
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	report, err := srv.Tenant.AddEvent(m.ID, at)
	if err != nil {
		t.Fatal(err)
	}
	ref := soc.ReferenceAlert{
		MachineID: m.ID, Severity: soc.SeverityHigh, Title: "Mobile threat", Description: "d", RecommendedAction: "r", EventTime: at, ReportID: report, Category: "Malware",
	}
	id, err := c.CreateAlertByReference(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Alert(t.Context(), id)
	if err != nil || a.Alert.Title != ref.Title || a.Alert.MachineID != m.ID {
		t.Errorf("%+v, %v", a.Alert, err)
	}
	resolved := soc.StatusResolved
	if a, err = c.UpdateAlert(t.Context(), id, soc.AlertUpdate{Status: &resolved}); err != nil || a.Alert.Status != resolved {
		t.Errorf("M08: %v, %v", a.Alert.Status, err)
	}
	ref.ReportID = "1"
	if _, err := c.CreateAlertByReference(t.Context(), ref); soc.KindOf(err) != soc.KindNotFound {
		t.Errorf("an event that Defender does not know: %v", err)
	}
	if h, err := c.MachineNamed(t.Context(), m.ComputerDNSName); err != nil || h.Key.MachineID == "" {
		t.Errorf("by name: %v", err)
	}
}
