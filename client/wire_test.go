package client

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

const sampleAlert = `{"id":"da638712345678901234_-1029384756","incidentId":4711,"investigationId":null,"assignedTo":null,"severity":"High","status":"New",
 "classification":null,"determination":null,"investigationState":"Queued","detectionSource":"WindowsDefenderAtp",
 "detectorId":"0f0e0d0c-1111-4222-8333-444455556666","category":"null","threatFamilyName":null,
 "title":"Suspicious access to LSASS","description":"Line one.\n\nLine two.","alertCreationTime":"2026-02-03T04:05:06.7891234Z",
 "firstEventTime":"2026-02-03T04:01:00.1Z","lastEventTime":"2026-02-03T04:04:59.12Z","lastUpdateTime":"2026-02-03T04:05:08.0133333Z",
 "resolvedTime":"0001-01-01T00:00:00Z","machineId":"0a1b2c3d4e5f60718293a4b5c6d7e8f901234567","computerDnsName":"ws-01.corp.test",
 "rbacGroupName":"UnassignedGroup","aadTenantId":"11111111-2222-4333-8444-555555555555","threatName":"-",
 "mitreTechniques":["T1003.001"],"relatedUser":{"userName":"d.mills","domainName":"CORP"},"loggedOnUsers":[{"accountName":"d.mills","domainName":"CORP"}],
 "comments":[{"comment":"seen","createdBy":"soc@corp.test","createdTime":"2026-02-03T04:10:00.1234567Z"}],
 "evidence":[{"entityType":"Process","evidenceCreationTime":"2026-02-03T04:05:07.42Z","sha1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","sha256":null,
  "fileName":"rundll32.exe","filePath":"C:\\Windows\\System32","processId":3276,"processCommandLine":"rundll32.exe x.dll,Run",
  "processCreationTime":"2026-02-03T04:01:00.1Z","parentProcessId":null,"detectionStatus":"Detected"}]}`

func TestT01_AlertDecodesWhole(t *testing.T) {
	t.Parallel()
	r, err := decodeAlert("int-1", []byte(sampleAlert))
	if err != nil {
		t.Fatal(err)
	}
	a := r.Alert
	if a.ID != "da638712345678901234_-1029384756" || a.IncidentID != 4711 || a.Severity != soc.SeverityHigh || a.Status != soc.StatusNew ||
		a.Category != "" || a.ThreatName != "" || a.AssignedTo != "" || a.Title != "Suspicious access to LSASS" ||
		a.Description != "Line one.\n\nLine two." || a.Integration != "int-1" || !a.Resolved.IsZero() ||
		!a.LastUpdate.Equal(time.Date(2026, 2, 3, 4, 5, 8, 13333300, time.UTC)) || a.User() != "d.mills" || a.RelatedUser.Domain != "CORP" ||
		len(a.LoggedOnUsers) != 1 || a.Techniques[0] != "T1003.001" || a.Comments[0].Text != "seen" {
		t.Errorf("alert = %+v", a)
	}
	if e := a.Evidence[0]; e.EntityType != "Process" || e.ProcessID != 3276 || e.FilePath != `C:\Windows\System32` || e.SHA256 != "" || e.CommandLine == "" {
		t.Errorf("evidence = %+v", e)
	}
}

func TestT33_RawBytesAreWhatDefenderSent(t *testing.T) {
	t.Parallel()
	odd := "{\r\n \"id\":\"b\" ,\"x\":\"\\u00e9\\/<\", \"n\": 1.0E2, \"bad\":\"\xff\xfe\", \"id2\":null }"
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/alerts") {
			reply200(w, 200, `{"value":[`+sampleAlert+", "+odd+"\n]}")
			return
		}
		reply200(w, 200, odd)
	})
	list, err := wt.Alerts(t.Context(), AlertsQuery{})
	if err != nil || len(list) != 2 || string(list[0].Raw) != sampleAlert || string(list[1].Raw) != odd {
		t.Fatalf("%d alerts, %v: %+v", len(list), err, list)
	}
	one, err := wt.Alert(t.Context(), "b")
	if err != nil || string(one.Raw) != odd {
		t.Errorf("single alert: %q, %v", one.Raw, err)
	}
}

func TestSC27_SC29_NothingHostileLeavesTheWire(t *testing.T) {
	t.Parallel()
	const bad = `\u001b]8;;https://evil.example\u001b\\\\click\u001b[8m\u009d52;c;x\u0007\r\u202e\ud800\u0000`
	hostile := strings.NewReplacer("Suspicious", bad, "d.mills", bad, "ws-01", bad, "rundll32.exe", bad, "Line one.", bad, "seen", bad, "New", bad, "T1003", bad).Replace(sampleAlert)
	r, err := decodeAlert("x", []byte(hostile))
	if err != nil {
		t.Fatal(err)
	}
	h, err := decodeHost("x", []byte(`{"id":"`+machineID+`","computerDnsName":"`+bad+`","machineTags":["`+bad+`"],"ipAddresses":[{"ipAddress":"`+bad+`"}],"exclusionReason":"`+bad+`"}`), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	u, err := decodeLogon([]byte(`{"accountName":"` + bad + `","logonTypes":"` + bad + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	act, err := decodeAction("x", []byte(strings.NewReplacer(`"c"`, `"`+bad+`"`, "ws-01", bad, `"Full"`, `"`+bad+`"`).Replace(goodAction)))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{r.Alert, h, u, act} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var any any
		_ = json.Unmarshal(b, &any)
		walkStrings(any, func(s string) {
			if soc.CleanLines(s) != s || strings.ContainsAny(s, "\x1b\u009b\u009d\u202e\x00\r") {
				t.Errorf("%T holds %q", v, s)
			}
		})
	}
}

func walkStrings(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			walkStrings(e, f)
		}
	case map[string]any:
		for _, e := range v {
			walkStrings(e, f)
		}
	}
}

func TestFlexTypesTakeWhatComes(t *testing.T) {
	t.Parallel()
	var v struct {
		N flexInt
		S flexString
		T flexTime
		B flexBool
		L flexList[flexString]
	}
	for in, want := range map[string]int64{"42": 42, `"42"`: 42, "null": 0, `""`: 0, "1e3": 1000, `"x"`: 0, "{}": 0, "9223372036854775807": 1<<63 - 1, "1e99": 0, "-2145844840": -2145844840} {
		if err := json.Unmarshal([]byte(`{"N":`+in+`}`), &v); err != nil || int64(v.N) != want {
			t.Errorf("int %s = %d, %v, want %d", in, v.N, err, want)
		}
	}
	for in, want := range map[string]string{`"a"`: "a", "12": "12", "true": "true", "null": "", "[1]": "", "{}": ""} {
		if err := json.Unmarshal([]byte(`{"S":`+in+`}`), &v); err != nil || string(v.S) != want {
			t.Errorf("string %s = %q, %v, want %q", in, v.S, err, want)
		}
	}
	for in, nanos := range map[string]int{`"2026-02-03T04:05:06Z"`: 0, `"2026-02-03T04:05:06.2Z"`: 200_000_000, `"2026-02-03T04:05:06.5533333Z"`: 553_333_300, `"2026-02-03T04:05:06.123456789"`: 123_456_789, `"2026-02-03T06:05:06+02:00"`: 0} {
		want := time.Date(2026, 2, 3, 4, 5, 6, nanos, time.UTC)
		if err := json.Unmarshal([]byte(`{"T":`+in+`}`), &v); err != nil || !v.T.Equal(want) || v.T.Location() != time.UTC {
			t.Errorf("time %s = %v, %v, want %v", in, v.T, err, want)
		}
	}
	for _, in := range []string{"null", `""`, `"0001-01-01T00:00:00Z"`, `"soon"`, "12", "{}", `"1899-12-31T23:59:59Z"`} {
		if err := json.Unmarshal([]byte(`{"T":`+in+`}`), &v); err != nil || !v.T.IsZero() {
			t.Errorf("time %s = %v, %v, want none", in, v.T, err)
		}
	}
	for in, want := range map[string]string{"null": "", "{}": "", "7": "", `"x"`: "", `["a",null,1]`: "a1"} {
		v.L = nil
		if err := json.Unmarshal([]byte(`{"L":`+in+`}`), &v); err != nil || strings.Join(words(v.L), "") != want {
			t.Errorf("list %s = %q, %v, want %q", in, v.L, err, want)
		}
	}
	for in, want := range map[flexString]string{"null": "", " - ": "", "N/A": "", "NULL": "", "a": "a", "": ""} {
		if got := word(in); got != want {
			t.Errorf("word(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMachineDecodesWhole(t *testing.T) {
	t.Parallel()
	h, err := decodeHost("i", []byte(`{"id":"`+machineID+`","mergedIntoMachineId":null,"isPotentialDuplication":true,"isExcluded":false,"exclusionReason":null,
 "computerDnsName":"WS-01.corp.test","firstSeen":"2025-06-01T08:00:00.1234567Z","lastSeen":"2026-02-03T02:00:00.12345Z","osPlatform":"Windows11",
 "osVersion":null,"osProcessor":"x64","version":"23H2","lastIpAddress":"10.20.30.40","lastExternalIpAddress":"198.51.100.7","agentVersion":"10.8790",
 "osBuild":22631,"healthStatus":"Active","deviceValue":"Normal","rbacGroupId":0,"rbacGroupName":null,"riskScore":"High","exposureLevel":"Medium",
 "isAadJoined":true,"aadDeviceId":"99999999-aaaa-4bbb-8ccc-dddddddddddd","machineTags":["finance"],"onboardingStatus":"Onboarded",
 "ipAddresses":[{"ipAddress":"10.20.30.40","macAddress":"00005E0053AA","type":"Ethernet","operationalStatus":"Up"},{"ipAddress":"","macAddress":null}],
 "vmMetadata":{"cloudProvider":"Azure"}}`), time.Unix(1, 0))
	if err != nil || h.Name != "WS-01.corp.test" || !h.PotentialDup || h.OSBuild != 22631 || h.OSArchitecture != "x64" || h.GroupID != "0" || !h.AADJoined ||
		len(h.IPs) != 1 || h.VMProvider != "Azure" || !h.Onboarded() || h.Tags[0] != "finance" || h.FetchedAt.Unix() != 1 || h.LastSeen.IsZero() {
		t.Errorf("host = %+v, %v", h, err)
	}
	if _, err := decodeHost("i", []byte(`{"computerDnsName":"x"}`), time.Now()); err == nil {
		t.Error("a machine without an id is accepted")
	}
}

func TestUpdateSendsOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	var bodies []string
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		bodies = append(bodies, r.Method+" "+r.URL.Path+" "+b.String())
		if r.Method == http.MethodPatch {
			reply200(w, 200, `{"id":"da1","status":"New"}`)
		}
	})
	status, owner := soc.StatusResolved, ""
	if _, err := wt.UpdateAlert(t.Context(), "da1", soc.AlertUpdate{Status: &status}); err != nil {
		t.Fatal(err)
	}
	if err := wt.UpdateAlerts(t.Context(), []string{"da1", "da2"}, soc.AlertUpdate{AssignedTo: &owner}); err != nil {
		t.Fatal(err)
	}
	want := []string{`PATCH /api/alerts/da1 {"status":"Resolved"}`, `POST /api/alerts/batchUpdate {"alertIds":["da1","da2"],"assignedTo":""}`}
	if strings.Join(bodies, "\n") != strings.Join(want, "\n") {
		t.Errorf("sent %q, want %q", bodies, want)
	}
	_, err := wt.UpdateAlert(t.Context(), "da2", soc.AlertUpdate{Status: &status})
	wantKind(t, err, soc.KindUnknownOutcome) // the answer is about another alert
	_, err = wt.UpdateAlert(t.Context(), "da1", soc.AlertUpdate{})
	wantKind(t, err, soc.KindInvalid)
}

func TestC07_CapabilitiesFollowTheRoles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		roles         string
		read, isolate bool
	}{
		{"", false, false},
		{"Alert.Read.All Machine.Read.All", true, false},
		{"Machine.Isolate", false, false}, // can order, can not follow
		{"machine.isolate MACHINE.READWRITE.ALL", false, true},
		{"Alert.ReadWrite.All Machine.Isolate Machine.Read.All", true, true},
	} {
		roles := strings.Fields(c.roles)
		if CanRead(roles) != c.read || CanIsolate(roles) != c.isolate {
			t.Errorf("%q: read %v, isolate %v", c.roles, CanRead(roles), CanIsolate(roles))
		}
	}
}
