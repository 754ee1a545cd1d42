package host

import (
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// TestIsolate_NamesTheHostAndTheAlert that led here, or the one under the cursor.
func TestIsolate_NamesTheHostAndTheAlert(t *testing.T) {
	w := uitest.NewWorld()
	alert := w.AlertOn("DC-LON-01")
	d := openPlace(t, w, "responder", screen.Place{Host: w.Key("DC-LON-01"), Alert: alert}, 80, 19)
	d.Keys("L", "2", "L")
	got := sent[screen.IsolateMsg](d)
	if len(got) != 2 {
		t.Fatalf("sent %v", got)
	}
	for _, m := range got {
		if len(m.Hosts) != 1 || m.Hosts[0] != w.Key("DC-LON-01") || m.Because != alert || m.Reason != "HIGH Credential dumping (lsass access)" {
			t.Errorf("L sent %+v", m)
		}
	}
}

// TestActions_ErrorsAreExplained: the two codes that are known from the wire read as words.
func TestActions_ErrorsAreExplained(t *testing.T) {
	w := uitest.NewWorld()
	w.ActionList[0].Status, w.ActionList[0].ErrorHResult = soc.ActionTimeOut, -2145844840
	cancelled := w.ActionList[0]
	cancelled.ID, cancelled.Status, cancelled.ErrorHResult = "act-c", soc.ActionCancelled, -2147467260
	odd := w.ActionList[0]
	odd.ID, odd.Status, odd.ErrorHResult = "act-o", soc.ActionFailed, -2147024891
	w.ActionList = append(w.ActionList, cancelled, odd)
	d := open(t, w, "responder", "SRV-FILE-03", 160, 35)
	for _, want := range []string{"timed out waiting for the device", "cancelled", "error 0x80070005, not documented"} {
		d.Key("5")
		has(t, d.View(), want)
		d.Key("j")
	}
}

// TestUsers_NameTheMissingRole when they can not be read.
func TestUsers_NameTheMissingRole(t *testing.T) {
	w := uitest.NewWorld()
	for i := range w.HostList {
		w.HostList[i].Users, w.HostList[i].UsersErr = nil, "403 Forbidden"
	}
	d := open(t, w, "responder", "DC-LON-01", 80, 19)
	d.Key("6")
	has(t, d.View(), "403 Forbidden", "The role User.Read.All")
	left, _ := d.Tabs()
	has(t, left, "6 Users -")
}

// TestTimeline_MergesByTime alerts, actions and lockdown phases, newest first.
func TestTimeline_MergesByTime(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "SRV-FILE-03", 80, 40)
	d.Key("3")
	v := d.View()
	want := []string{"12:37:55Z", "12:32:07Z", "08:37:55Z", "08:37:27Z", "08:37:25Z"}
	for i := 1; i < len(want); i++ {
		if a, b := strings.Index(v, want[i-1]), strings.Index(v, want[i]); a < 0 || b < 0 || a > b {
			t.Errorf("%s must stand above %s:\n%s", want[i-1], want[i], v)
		}
	}
	has(t, v, "alert ", "action ", "lockdown ")
}

// TestTimeline_FilterSaysWhatItHides, takes letters as text, and esc gives it back.
func TestTimeline_FilterSaysWhatItHides(t *testing.T) {
	d := open(t, uitest.NewWorld(), "responder", "SRV-FILE-03", 120, 35)
	d.Key("/")
	d.Type("kind:alert L")
	if len(sent[screen.IsolateMsg](d)) != 0 {
		t.Fatal("a typed letter opened a dialog")
	}
	d.Keys("backspace", "backspace", "enter")
	has(t, d.View(), "/ kind:alert  (", "hidden)", "HIGH Ransomware behaviour blocked")
	hasNot(t, d.View(), "Isolate ordered by")
	d.Key("esc")
	has(t, d.View(), "Isolate ordered by")
	if len(sent[screen.BackMsg](d)) != 0 {
		t.Error("the first esc must only clear the filter")
	}
	d.Key("esc")
	if len(sent[screen.BackMsg](d)) != 1 {
		t.Error("the second esc must go back")
	}
}

// TestTimeline_DayJumps and match cycling.
func TestTimeline_DayJumps(t *testing.T) {
	w := uitest.NewWorld()
	old := w.ActionList[8]
	for i := range w.ActionList {
		if w.ActionList[i].ID == "act-av" {
			old = w.ActionList[i]
		}
	}
	old.ID, old.Created, old.Updated = "act-old", old.Created.AddDate(0, 0, -2), old.Updated.AddDate(0, 0, -2)
	w.ActionList = append(w.ActionList, old)
	d := open(t, w, "responder", "DC-LON-01", 80, 19)
	d.Keys("3", "}")
	has(t, d.View(), "> Thu 08:02Z")
	d.Key("{")
	has(t, d.View(), "> 08:02:00Z")
	d.Keys("g", "N")
	has(t, d.View(), "> Thu 08:02Z")
}

// TestRaw_AlertAsReceivedAndHostRecord, made safe.
func TestRaw_AlertAsReceivedAndHostRecord(t *testing.T) {
	w := uitest.NewWorld()
	d := openPlace(t, w, "responder", screen.Place{Host: w.Key("DC-LON-01"), Alert: w.AlertOn("DC-LON-01"), Tab: "raw"}, 120, 55)
	has(t, d.View(), "as received", `"title": "Credential dumping (lsass access)"`, "HOST RECORD", `"osPlatform": "WindowsServer2022"`)
	for _, l := range pretty([]byte("{\"a\":\"\u202e\x1b[2J\"} x")) {
		if strings.ContainsAny(l, "\x1b\u202e") {
			t.Errorf("raw text reaches the screen unclean: %q", l)
		}
	}
}
