package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

func aReference() soc.ReferenceAlert {
	return soc.ReferenceAlert{
		MachineID: machineID, Severity: soc.SeverityHigh, Title: "Mobile threat", Description: "d", RecommendedAction: "r",
		EventTime: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), ReportID: "20776", Category: "malware",
	}
}

func TestM01_AlertByReference(t *testing.T) {
	t.Parallel()
	var got map[string]string
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/api/alerts/CreateAlertByReference" {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		_ = json.NewDecoder(r.Body).Decode(&got)
		reply200(w, 200, sampleAlert)
	})
	id, err := wt.CreateAlertByReference(t.Context(), aReference())
	if err != nil || id != "da638712345678901234_-1029384756" {
		t.Fatalf("id %q, %v", id, err)
	}
	want := map[string]string{
		"machineId": machineID, "severity": "High", "title": "Mobile threat", "description": "d", "recommendedAction": "r",
		"eventTime": "2026-02-03T04:05:06.0000000Z", "reportId": "20776", "category": "Malware",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("body = %v", got)
	}
}

func TestM01_AlertByReferenceRefusals(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*soc.ReferenceAlert){
		"machine": func(r *soc.ReferenceAlert) { r.MachineID = "../x" }, "severity": func(r *soc.ReferenceAlert) { r.Severity = "Informational" },
		"title": func(r *soc.ReferenceAlert) { r.Title = " " }, "time": func(r *soc.ReferenceAlert) { r.EventTime = time.Time{} },
		"category": func(r *soc.ReferenceAlert) { r.Category = "Weather" }, "report": func(r *soc.ReferenceAlert) { r.ReportID = "" },
	} {
		r := aReference()
		change(&r)
		c := onFakeWire(t, fullWallet(), func(*http.Request) (*http.Response, error) { t.Error("sent"); return nil, errBroken })
		if _, err := c.CreateAlertByReference(t.Context(), r); soc.KindOf(err) != soc.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for status, want := range map[int]soc.Kind{404: soc.KindNotFound, 400: soc.KindRefused, 500: soc.KindUnknownOutcome} {
		wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
			reply200(w, status, `{"error":{"code":"X","message":"y"}}`)
		})
		_, err := wt.CreateAlertByReference(t.Context(), aReference())
		wantKind(t, err, want)
		if wt.posts.Load() != 1 {
			t.Errorf("%d: sent %d times", status, wt.posts.Load())
		}
	}
}

// machinesAnswer serves the same machines to any filter, as a service that ignores it would.
func machinesAnswer(items ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, 200, `{"value":[`+strings.Join(items, ",")+`]}`)
	}
}

func TestC09_NamesAndDeviceIDsResolveExactly(t *testing.T) {
	t.Parallel()
	const aad = "99999999-aaaa-4bbb-8ccc-dddddddddddd"
	m := func(id, name, device, onboarding, merged string) string {
		return fmt.Sprintf(`{"id":%q,"computerDnsName":%q,"aadDeviceId":%q,"onboardingStatus":%q,"mergedIntoMachineId":%q}`, id, name, device, onboarding, merged)
	}
	wt := newWireTest(t, machinesAnswer(
		m("a1", "PC1", aad, "Onboarded", ""), m("a10", "pc10", "", "Onboarded", ""), m("a100", "pc100", "", "Onboarded", ""),
		m("old", "pc1", "", "Onboarded", "a1"), m("seen", "pc1", "", "CanBeOnboarded", ""),
		m("t1", "twin", "", "Onboarded", ""), m("t2", "twin", "", "Onboarded", "")))
	if h, err := wt.MachineNamed(t.Context(), "pc1"); err != nil || h.Key.MachineID != "a1" {
		t.Errorf("pc1 = %s, %v", h.Key.MachineID, err)
	}
	if h, err := wt.MachineByAAD(t.Context(), strings.ToUpper(aad)); err != nil || h.Key.MachineID != "a1" {
		t.Errorf("device = %s, %v", h.Key.MachineID, err)
	}
	_, err := wt.MachineNamed(t.Context(), "pc")
	wantKind(t, err, soc.KindNotFound)
	_, err = wt.MachineNamed(t.Context(), "twin")
	wantKind(t, err, soc.KindAmbiguous)
	_, err = wt.MachineNamed(t.Context(), "")
	wantKind(t, err, soc.KindInvalid)
	_, err = wt.MachineByAAD(t.Context(), "x' or 1 eq 1")
	wantKind(t, err, soc.KindInvalid)
}
