package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// event asks hunting for the latest event of a device.
func (r *rig) event(id string) (at, report string) {
	r.t.Helper()
	q := `{"Query":"DeviceEvents | where DeviceId == '` + id + `' | top 1 by Timestamp desc | project Timestamp, DeviceId, ReportId"}`
	rows, _ := r.do("POST", "advancedqueries/run", q).want(200).json()["Results"].([]any)
	if len(rows) != 1 {
		r.t.Fatalf("hunting found %d events of %s", len(rows), id)
	}
	row := rows[0].(map[string]any)
	return row["Timestamp"].(string), fmt.Sprintf("%.0f", row["ReportId"])
}

func reference(machine, at, report string, pairs ...string) string {
	body := map[string]string{
		"machineId": machine, "severity": "High", "title": "Mobile threat: Phishing", "description": "d", "recommendedAction": "r",
		"eventTime": at, "reportId": report, "category": "SuspiciousActivity",
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		body[pairs[i]] = pairs[i+1]
	}
	var parts []string
	for k, v := range body {
		if v != "" {
			parts = append(parts, fmt.Sprintf("%q:%q", k, v))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestN21_AlertByReferenceAppearsLateAndIsResolved(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{AlertLag: 2 * time.Minute}})
	host := r.host(victim)
	at, report := r.event(host)
	made := r.do("POST", "alerts/CreateAlertByReference", reference(host, at, report)).want(200)
	id := made.str("id")
	listed := func() bool {
		return len(r.list("alerts", "$filter", "id eq '"+id+"'").rows()) == 1
	}
	if listed() {
		t.Error("the alert is listed at once")
	}
	r.clock.Add(3 * time.Minute)
	if !listed() {
		t.Error("the alert is not listed after the lag")
	}
	if got := r.get("alerts/" + id).want(200); got.str("machineId") != host || got.str("status") != "New" || got.json()["investigationId"] == nil {
		t.Errorf("alert = %s", got.body)
	}
	again := r.do("POST", "alerts/CreateAlertByReference", reference(host, at, report, "severity", "Low")).want(200)
	if again.str("id") != id {
		t.Error("an open alert with this title on this device was not used again")
	}
	r.do("PATCH", "alerts/"+id, `{"status":"Resolved"}`).want(200)
	if a, err := r.Alert(id); err != nil || a.Status != "Resolved" || a.ResolvedTime.IsZero() {
		t.Errorf("alert = %+v, %v", a, err)
	}
	if next := r.do("POST", "alerts/CreateAlertByReference", reference(host, at, report)).want(200).str("id"); next == id {
		t.Error("a resolved alert was used again")
	}
}

func TestReference_Refusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{NoQuota: true}})
	host := r.host(victim)
	at, report := r.event(host)
	for _, field := range referenceFields() {
		if got := r.do("POST", "alerts/CreateAlertByReference", reference(host, at, report, field, "")).want(400).code(); got != "MissingRequiredParameter" {
			t.Errorf("without %s: %s", field, got)
		}
	}
	for _, pair := range [][2]string{{"severity", "Informational"}, {"severity", "high"}, {"category", "Mobile"}, {"eventTime", "yesterday"}, {"MachineId", "x"}} {
		if got := r.do("POST", "alerts/CreateAlertByReference", reference(host, at, report, pair[0], pair[1])).want(400).code(); got != "InvalidRequestBody" {
			t.Errorf("%v: %s", pair, got)
		}
	}
	other := r.MachineAt(3).ID
	for _, body := range []string{
		reference(strings.Repeat("0", 40), at, report),
		reference(victim, at, report), // a name is no id here
		reference(host, at, "1"),
		reference(host, "2026-02-03T04:00:00Z", report),
		reference(other, at, report), // another device's event
	} {
		if got := r.do("POST", "alerts/CreateAlertByReference", body).want(404).code(); got != "ResourceNotFound" {
			t.Errorf("%s: %s", body, got)
		}
	}
	r.Behave(func(b *Behaviour) { b.AnyReport = true })
	r.do("POST", "alerts/CreateAlertByReference", reference(host, at, "1")).want(200)
	made, err := r.AddEvent(victim, r.Time().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	r.Behave(func(b *Behaviour) { b.AnyReport = false })
	r.do("POST", "alerts/CreateAlertByReference", reference(host, r.Time().Add(-time.Hour).Format(time.RFC3339Nano), made)).want(200)
	r.SetRoles("Alert.Read.All")
	r.login()
	r.do("POST", "alerts/CreateAlertByReference", reference(host, at, report)).want(403)
}

func TestReference_Quota(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for range 15 {
		r.do("POST", "alerts/CreateAlertByReference", "{}").want(400)
	}
	r.do("POST", "alerts/CreateAlertByReference", "{}").want(429)
}

func TestHunting_AnswersOnlyWhatItUnderstands(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	run := func(q string) answer { return r.do("POST", "advancedqueries/run", `{"Query":"`+q+`"}`) }
	rows := func(q string) []any { list, _ := run(q).want(200).json()["Results"].([]any); return list }
	if got := rows("DeviceInfo | where DeviceName =~ '" + strings.ToUpper(victim) + "' | where Timestamp > ago(5h) | take 100"); len(got) < 4 || len(got) > 6 {
		t.Errorf("%d events in five hours", len(got))
	}
	if got := rows("DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId"); len(got) != r.MachineCount()-r.silent() {
		t.Errorf("%d devices, want %d", len(got), r.MachineCount()-r.silent())
	}
	if got := rows("DeviceEvents | where DeviceId == '" + strings.Repeat("0", 40) + "'"); len(got) != 0 {
		t.Errorf("an unknown device has %d events", len(got))
	}
	for _, q := range []string{"Nothing", "DeviceEvents | where ActionType == 'x'", "DeviceEvents | extend x = 1", "DeviceEvents | project Secret"} {
		if got := run(q).want(400).code(); got != "BadRequest" {
			t.Errorf("%s: %s", q, got)
		}
	}
	r.SetRoles("Alert.ReadWrite.All")
	r.login()
	run("DeviceEvents").want(403)
}

// silent counts the machines that did not report in the last 30 days.
func (r *rig) silent() (n int) {
	for _, m := range r.Machines() {
		if !m.Online && m.LastSeen.Before(r.Time().Add(-history)) {
			n++
		}
	}
	return n
}
