package uitest

import (
	"context"
	"slices"
	"strings"
	"time"

	"cordon/store/soc"
)

// Threats returns the reports that the query selects, newest first.
func (w *World) Threats(_ context.Context, q soc.ThreatQuery) ([]soc.Threat, error) {
	out, err := copyOf(w.ThreatList, w.Err, func(t soc.Threat) bool {
		managed := q.Managed == nil || t.Device.Managed != nil && *t.Device.Managed == *q.Managed
		return managed && (q.Channel == "" || q.Channel == t.Channel) && (len(q.States) == 0 || slices.Contains(q.States, t.State)) &&
			(q.Before.IsZero() || t.ReceivedAt.Before(q.Before))
	})
	slices.SortStableFunc(out, func(a, b soc.Threat) int { return b.ReceivedAt.Compare(a.ReceivedAt) })
	if q.Count == 0 {
		q.Count = 100
	}
	return out[:min(q.Count, len(out))], err
}

// ResolveThreat records the order; the alert in Defender is not resolved yet.
func (w *World) ResolveThreat(_ context.Context, _ soc.Session, key string) (soc.Threat, error) {
	if err := w.called("resolve-threat", soc.HostKey{}, key); err != nil {
		return soc.Threat{}, err
	}
	for i := range w.ThreatList {
		if t := &w.ThreatList[i]; t.Key == key {
			t.State, t.ResolvedAt = soc.ThreatResolving, Now()
			return *t, nil
		}
	}
	return soc.Threat{}, soc.ErrNotFound
}

// Pushed returns PushedList.
func (w *World) Pushed(context.Context) ([]soc.Pushed, error) {
	return slices.Clone(w.PushedList), w.Err
}

// Indicators returns the indicators of a tenant.
func (w *World) Indicators(_ context.Context, _ soc.Session, id soc.IntegrationID) (soc.IndicatorList, error) {
	if err := w.called("indicators", soc.HostKey{Integration: id}, nil); err != nil {
		return soc.IndicatorList{}, err
	}
	out, err := copyOf(w.IndicatorList, w.RemoteErr, func(i soc.Indicator) bool { return i.Integration == id })
	return soc.IndicatorList{Indicators: out, Cap: 15_000, Partial: w.Partial}, err
}

// AddIndicators takes all of them but those whose value holds "bad".
func (w *World) AddIndicators(_ context.Context, _ soc.Session, id soc.IntegrationID, list []soc.Indicator) ([]soc.ItemResult, error) {
	if err := w.called("add-indicators", soc.HostKey{Integration: id}, list); err != nil {
		return nil, err
	}
	var out []soc.ItemResult
	for _, i := range list {
		r := soc.ItemResult{Item: i.Value, OK: !strings.Contains(i.Value, "bad")}
		if !r.OK {
			r.Reason = "Defender refused it: not a valid value"
		} else {
			i.Integration, i.ID, i.CreatedAt = id, "ioc-"+i.Value, Now()
			w.IndicatorList = append(w.IndicatorList, i)
		}
		out = append(out, r)
	}
	return out, nil
}

// DeleteIndicator forgets an indicator.
func (w *World) DeleteIndicator(_ context.Context, _ soc.Session, id soc.IntegrationID, indicator string) error {
	if err := w.called("delete-indicator", soc.HostKey{Integration: id}, indicator); err != nil {
		return err
	}
	w.IndicatorList = slices.DeleteFunc(w.IndicatorList, func(i soc.Indicator) bool { return i.Integration == id && i.ID == indicator })
	return nil
}

// Readiness returns three lines, one in each state.
func (w *World) Readiness(_ context.Context, id soc.IntegrationID) ([]soc.Readiness, error) {
	return []soc.Readiness{
		{Item: "Permission Ti.ReadWrite.All", State: "ok", Detail: "granted"},
		{Item: "Room for indicators", State: "ok", Detail: "4 of 15,000"},
		{Item: "Allow or block file is switched on", State: "cannot verify", Detail: "Defender portal > Settings > Endpoints > Advanced features"},
		{Item: "Cloud protection is on and reachable", State: "cannot verify", Detail: "no API tells; Get-MpComputerStatus on the device does"},
		{Item: "Defender Antivirus in active mode", State: "missing", Detail: "2 of 318 devices report passive mode"},
	}, w.Err
}

// WithReports adds threat reports in every state, managed and not, and indicators in every stage.
func (w *World) WithReports() *World {
	yes, no := true, false
	report := func(id string, l soc.ThreatLevel, vendor, title, device string, managed *bool, s soc.ThreatState, age time.Duration) soc.Threat {
		t := soc.Threat{
			Key: "ch-mobile-threats/" + id, Channel: "ch-mobile-threats", Sender: "mdm-gateway", ID: id, Level: l, Vendor: vendor, Title: title,
			Device: soc.ThreatDevice{
				Name: device, ID: "d-" + id, AADDeviceID: "9c1d2e3f-0000-4000-8000-0000000000" + id, OS: "Android", OSVersion: "15", Managed: managed,
			},
			State: s, OccurredAt: Now().Add(-age - 20*time.Second), ReceivedAt: Now().Add(-age), Revision: 1,
		}
		if s == soc.ThreatSent || s == soc.ThreatResolving || s == soc.ThreatResolved {
			t.SentAt, t.AlertID, t.Host = t.ReceivedAt.Add(3*time.Second), "da"+id+"_1", soc.HostKey{Integration: Tenant, MachineID: "m-" + id}
		}
		return t
	}
	w.ThreatList = []soc.Threat{
		report("11", soc.ThreatCritical, "Zimpl", "Device is rooted", "PIX-0142", &yes, soc.ThreatSent, 4*time.Minute),
		report("12", soc.ThreatElevated, "Lookit", "Sideloaded app with known malware", "IPHONE-JDOE", &no, soc.ThreatUnmatched, 9*time.Minute),
		report("13", soc.ThreatLow, "Zimpl", "Unknown certificate authority", "PIX-0090", &yes, soc.ThreatSuppressed, 22*time.Minute),
		report("14", soc.ThreatCritical, "Lookit", "Man in the middle on Wi-Fi", "GAL-0007", nil, soc.ThreatFailed, 31*time.Minute),
		report("15", soc.ThreatElevated, "Zimpl", "Old security patch", "PIX-0015", &yes, soc.ThreatResolving, 48*time.Minute),
		report("16", soc.ThreatNormal, "Zimpl", "Developer options on", "PIX-0201", &yes, soc.ThreatWaiting, 30*time.Second),
		report("17", soc.ThreatCritical, "Zimpl", "Device is rooted", "PIX-0033", &no, soc.ThreatResolved, 5*time.Hour),
	}
	t := w.ThreatList
	t[0].User, t[0].Forensics = "jdoe@contoso.example", map[string]string{"process": "su", "network": "guest-wifi"}
	t[0].Description = "A root shell was opened."
	t[1].Reason = "Defender knows no device with this Entra device id or name"
	t[2].Reason = "Low is below Elevated and Above"
	t[3].Reason, t[3].Tries = "Defender refused it: the event time is older than 30 days", 1
	t[4].ResolvedAt, t[4].Tries, t[4].NextTry = Now().Add(-2*time.Minute), 2, Now().Add(40*time.Second)
	t[4].Reason = "Defender is throttling (429); tried again"
	t[6].ResolvedAt, t[6].SyncedAt = Now().Add(-4*time.Hour), Now().Add(-4*time.Hour)
	w.indicators()
	return w
}

func (w *World) indicators() {
	ioc := func(id, typ, value, action, by string) soc.Indicator {
		return soc.Indicator{
			Integration: Tenant, ID: id, Type: typ, Value: value, Action: action, Severity: "High", Title: "cordon: " + id, CreatedBy: by,
			CreatedAt: Now().Add(-3 * time.Hour), Expires: Now().AddDate(0, 0, 30),
		}
	}
	hash := strings.Repeat("a1b2c3d4", 8)
	w.IndicatorList = []soc.Indicator{
		ioc("2841", "FileSha256", hash, "BlockAndRemediate", "cordon"),
		ioc("2842", "IpAddress", "203.0.113.9", "Block", "carol@contoso.example"),
		ioc("2843", "DomainName", "c2.example.net", "Block", "cordon"),
		ioc("2844", "FileSha1", strings.Repeat("0f", 20), "Audit", "cordon"),
	}
	w.IndicatorList[1].Expires = time.Time{}
	push := func(i soc.Indicator, s soc.PushedState, reason string) soc.Pushed {
		p := soc.Pushed{
			Key: string(i.Integration) + "/" + i.Type + "/" + i.Value, Indicator: i, Channel: "ch-probes", Test: "LSASS dump by " +
				"comsvcs", By: "mdm-gateway", State: s,
			Reason: reason, Submitted: Now().Add(-3 * time.Hour), Visible: Now().Add(-170 * time.Minute), Revision: 1,
		}
		return p
	}
	fresh := ioc("", "FileSha256", strings.Repeat("99ee", 16), "Block", "cordon")
	late := push(fresh, soc.PushedSubmitted, "")
	late.Submitted, late.Visible = Now().Add(-5*time.Minute), time.Time{}
	w.PushedList = []soc.Pushed{
		push(w.IndicatorList[0], soc.PushedCaught, ""), push(w.IndicatorList[2], soc.PushedEarly, "tested again 12 minutes after it was seen; "+
			"blocks take up to two hours"),
		push(w.IndicatorList[3], soc.PushedMissed, "the test still gets through"), late,
	}
	w.PushedList[0].Retested, w.PushedList[2].Retested = Now().Add(-20*time.Minute), Now().Add(-15*time.Minute)
}
