package notify

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	parser "github.com/leodido/go-syslog/v4/rfc5424"

	"cordon/store/soc"
)

// wire returns the lines of a message in a layout.
func wire(t *testing.T, layout string, seed bool, m Message) string {
	t.Helper()
	s, err := Spec{Name: "log", Type: TypeSyslog, URL: "udp://192.0.2.1:514", Layout: layout, SeedNames: seed}.Open(Host{"console", "1.4", 42}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*syslog).line(m)
}

// told makes the message of an entry with the sequence number 7.
func told(t *testing.T, e soc.AuditEntry) Message {
	t.Helper()
	e.Seq, e.Hash, e.Time = 7, strings.Repeat("ab", 32), time.UnixMilli(1591212505805).UTC()
	st := newShelf()
	st.locks["LK-AAAAAAAA"] = soc.Lockdown{
		ID: "LK-AAAAAAAA", By: soc.Actor{Name: "mona"}, ReleaseBy: soc.Service("timer"), Deadline: e.Time.Add(4 * time.Hour), Period: 4 * time.Hour,
	}
	m, err := messageOf(t.Context(), st, e, soc.Integration{Name: "contoso", Environment: "PROD"}, WeightOf(e))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func moved(action, result, before, after string, by soc.Actor) soc.AuditEntry {
	e := lockdownEntry(action, result, after)
	e.Before, e.Actor = before, by
	return e
}

// The four events of V-39 (1): lock, unlock, failure with retry, release from outside.
func samples() map[string]soc.AuditEntry {
	outside := moved("external", soc.ResultSeen, "isolated", "superseded", soc.Service("reconciler"))
	outside.Cause, outside.ActionID, outside.Detail = soc.CauseExternal, "act-1", "released outside, in Defender, by kim"
	return map[string]soc.AuditEntry{
		"lock":     moved("confirm", soc.ResultOK, "pending", "isolated", soc.Service("reconciler")),
		"unlock":   moved("confirm-release", soc.ResultOK, "releasing", "released", soc.Service("timer")),
		"failure":  moved("send", soc.ResultFailed, "submitting", "requested", soc.Service("reconciler")),
		"external": outside,
	}
}

func TestV39_V40_GoldenLines(t *testing.T) {
	id := fmt.Sprint(soc.HostKey{Integration: "int-1", MachineID: "m1"}.Number())
	cef := "1 2020-06-03T19:28:25.805000Z console cordon 42 lockdown [event@32473 id=\"evt_7_abababababababab\"] " +
		"CEF:0|cordon|cordon|1.4|host lockdown|Host Lockdown|3|externalId=" + id + " cat=HOST_LOCKDOWN dvc= suser=%s host=ws-1 cs1Label=action cs1=%s " +
		"cs2Label=success cs2=%s cs3Label=willRetry cs3=%s cs4Label=Event URL cs4= start=1591212505805 end=1591212505805"
	standard := "1 2020-06-03T19:28:25.805000Z console cordon 42 LOCKDOWN [host_lockdown@32473 category=\"HOST_LOCKDOWN\" hostName=\"ws-1\" " +
		"action=\"%[2]s\" success=\"%[3]s\" willRetry=\"%[4]s\" dvc=\"\" user=\"%[1]s\" URL=\"\" UTCTime=\"1591212505.8\"]" +
		"[event@32473 id=\"evt_7_abababababababab\"]"
	jsonLine := "1 2020-06-03T19:28:25.805000Z console cordon 42 lockdown [event@32473 id=\"evt_7_abababababababab\"] " +
		`{"category": "HOST_LOCKDOWN", "version": "1.4", "success": %[5]s, "vectra_timestamp": "1591212505", "will_retry": %[6]s, "href": "", ` +
		`"host_name": "ws-1", "action": "%[2]s", "host_id": ` + id + `, "headend_addr": "", "user": "%[1]s"}%[7]s`
	for name, want := range map[string][]any{ // user, action, success, willRetry
		"lock": {"mona", "lock", "True", "False"}, "unlock": {"timer", "unlock", "True", "False"},
		"failure": {"mona", "lock", "False", "True"}, "external": {"external", "unlock", "True", "False"},
	} {
		pri := map[string]string{"lock": "<85>", "unlock": "<85>", "failure": "<83>", "external": "<85>"}[name]
		m := told(t, samples()[name])
		lower := append(want, strings.ToLower(want[2].(string)), strings.ToLower(want[3].(string)), "")
		for layout, line := range map[string]string{
			LayoutCEF: fmt.Sprintf(cef, want...), LayoutStandard: fmt.Sprintf(standard, want...), LayoutJSON: fmt.Sprintf(jsonLine, lower...),
		} {
			got := wire(t, layout, false, m)
			if got != pri+line {
				t.Errorf("%s, %s:\n got %s\nwant %s", name, layout, got, pri+line)
			}
			if _, err := parser.NewParser().Parse([]byte(got)); err != nil {
				t.Errorf("%s, %s: another parser does not read it: %v", name, layout, err)
			}
		}
	}
	final := told(t, moved("confirm", soc.ResultFailed, "pending", "failed", soc.Service("reconciler"))) // V-40: the end of it
	if got := wire(t, LayoutCEF, false, final); !strings.Contains(got, "cs2Label=success cs2=False cs3Label=willRetry cs3=False") {
		t.Errorf("final failure: %s", got)
	}
}

// With the switch the three sample lines of the product that the layouts come from are reproduced byte for byte.
func TestV39_SeedNamesReproduceTheSamples(t *testing.T) {
	turn := &Turn{Action: TurnLock, Success: true, HostID: 3, Host: "def-3", User: "vadmin", At: time.UnixMilli(1591212505805)}
	want := map[string]string{
		LayoutCEF: "CEF:0|Vectra Networks|X Series|5.7|host lockdown|Host Lockdown|3|externalId=3 cat=HOST_LOCKDOWN dvc= suser=vadmin host=def-3 cs1Label=action " +
			"cs1=lock cs2Label=success cs2=True cs3Label=willRetry cs3=False cs4Label=Vectra Event URL cs4= start=1591212505805 end=1591212505805",
		LayoutStandard: `LOCKDOWN [host_lockdown@41261 category="HOST_LOCKDOWN" hostName="def-3" action="lock" success="True" willRetry="False" dvc="" ` +
			`user="vadmin" URL="" UTCTime="1591212505.8"]`,
		LayoutJSON: `{"category": "HOST_LOCKDOWN", "version": "5.7", "success": true, "vectra_timestamp": "1591212505", "will_retry": false, "href": "", ` +
			`"host_name": "def-3", "action": "lock", "host_id": 3, "headend_addr": "", "user": "vadmin"}`,
	}
	for layout, line := range want {
		m := Message{ID: "evt_1_a", Kind: KindEvent, Weight: WeightNotice, Time: turn.At, Turn: turn}
		if got := wire(t, layout, true, m); !strings.HasSuffix(got, line) || strings.Contains(got, "32473") {
			t.Errorf("%s:\n got %s\nwant %s", layout, got, line)
		}
		if got := wire(t, layout, false, m); strings.Contains(got, "Vectra") || strings.Contains(got, "41261") || strings.Contains(got, "5.7") {
			t.Errorf("%s: without the switch the line carries another vendor's names: %s", layout, got)
		}
	}
	for at, want := range map[int64]string{1591212505000: "1591212505.0", 1591212505999: "1591212505.9"} {
		if got := seconds(time.UnixMilli(at)); got != want {
			t.Errorf("seconds(%d) = %s, want %s", at, got, want)
		}
	}
}

// hostile is what attackers would name a host.
const hostile = "a=b|c\\d\"e]f\ng cs2=False <34>1 forged"

// (2)–(5) of V-39: nothing that stands in a value reaches the structure of the line, in any layout, and an independent parser gets it back.
func TestV39_SC26_Escaping(t *testing.T) {
	turn := &Turn{Action: TurnLock, Host: hostile, User: hostile, At: time.UnixMilli(1591212505805)}
	m := Message{ID: "evt_1_a", Kind: KindEvent, Time: turn.At, Turn: turn}
	for layout, wants := range map[string][]string{
		LayoutCEF:      {` host=a\=b|c\\d"e]f\ng cs2\=False <34>1 forged cs1Label=`},
		LayoutStandard: {`hostName="a=b|c\\d\"e\]f g`},
		LayoutJSON:     {`"host_name": "a=b|c\\d\"e]f\ng cs2=False <34>1 forged"`},
	} {
		line := wire(t, layout, false, m)
		for _, want := range wants {
			if !strings.Contains(line, want) {
				t.Errorf("%s: %q is not in %s", layout, want, line)
			}
		}
		if strings.Contains(line, "\n") {
			t.Errorf("%s: a line end in %q", layout, line)
		}
		msg, err := parser.NewParser().Parse([]byte(line))
		if err != nil {
			t.Fatalf("%s: %v in %s", layout, err, line)
		}
		parsed := msg.(*parser.SyslogMessage)
		switch layout {
		case LayoutStandard:
			if got := (*parsed.StructuredData)["host_lockdown@32473"]["hostName"]; unescaped(got) != strings.ReplaceAll(hostile, "\n", " ") {
				t.Errorf("hostName came back as %q", got)
			}
		case LayoutJSON:
			var doc map[string]any
			if err := json.Unmarshal([]byte(*parsed.Message), &doc); err != nil || doc["host_name"] != hostile || doc["success"] != false {
				t.Errorf("%v, %v", doc, err)
			}
		case LayoutCEF:
			if got := cefParse(t, *parsed.Message); got["host"] != hostile || got["cs2"] != "False" || got["dvc"] != "" || len(got) != 15 {
				t.Errorf("CEF came back as %q", got)
			}
		}
	}
	if got := cefLine(names{vendor: "a|b\\c\nd"}, "", "", 3, nil); got != `CEF:0|a\|b\\c d||||`+`|3|` {
		t.Errorf("head %s", got)
	}
}

func unescaped(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\]`, `]`).Replace(s)
}

// cefParse reads the extension of a CEF line the way a receiver does: a key begins after a blank and ends at an equals sign that is not escaped.
func cefParse(t *testing.T, line string) map[string]string {
	t.Helper()
	parts := strings.SplitN(line, "|", 8)
	if len(parts) != 8 {
		t.Fatalf("no CEF: %s", line)
	}
	out, key, value := map[string]string{}, "", ""
	text := parts[7]
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
			value += map[byte]string{'n': "\n", 'r': "\r"}[text[i]]
			if text[i] != 'n' && text[i] != 'r' {
				value += string(text[i])
			}
		case text[i] == '=':
			at := strings.LastIndexByte(value, ' ')
			next := value[at+1:]
			if key != "" {
				out[key] = value[:max(at, 0)]
			}
			key, value = next, ""
		default:
			value += string(text[i])
		}
	}
	out[key] = value
	return out
}

// What is no turn of a lockdown keeps the form of the event, or is CEF where that is the layout; every line can be read by another parser.
func TestV39_OtherEventsKeepTheirForm(t *testing.T) {
	other := soc.AuditEntry{Action: "channel-add", Result: soc.ResultOK, Actor: soc.Actor{Name: "mona"}, Target: hostile, Detail: hostile}
	m := told(t, other)
	if m.Turn != nil {
		t.Fatal("a change of the settings is no turn")
	}
	for _, layout := range append(Layouts(), "") {
		line := wire(t, layout, false, m)
		msg, err := parser.NewParser().Parse([]byte(line))
		if err != nil {
			t.Fatalf("%s: %v in %s", layout, err, line)
		}
		text := *msg.(*parser.SyslogMessage).Message
		if cef := strings.HasPrefix(text, "CEF:0|cordon|cordon|1.4|channel-add|"); cef != (layout == LayoutCEF) {
			t.Errorf("%s: %s", layout, line)
		}
		if layout == LayoutCEF {
			if got := cefParse(t, text); got["cs6"] != hostile || got["suser"] != "mona" || got["externalId"] != "evt_7_abababababababab" {
				t.Errorf("CEF came back as %q", got)
			}
			continue
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(text), &doc); err != nil || doc["action"] != "channel-add" {
			t.Errorf("%s: %v, %v", layout, doc, err)
		}
	}
}

// Each life has one lock and one unlock; everything between is an event, not a turn.
func TestV34_OneTurnPerLockAndUnlock(t *testing.T) {
	svc := soc.Service("reconciler")
	life := []soc.AuditEntry{
		moved("isolate", soc.ResultAccepted, "", "requested", soc.Actor{Name: "mona"}), moved("send", soc.ResultOK, "requested", "submitting", svc),
		moved("accept", soc.ResultAccepted, "submitting", "pending", svc), moved("confirm", soc.ResultOK, "pending", "isolated", svc),
		moved("extend", soc.ResultOK, "4h", "8h", soc.Actor{Name: "mona"}), moved("release", soc.ResultAccepted, "isolated", "release_requested", svc),
		moved("send-release", soc.ResultOK, "release_requested", "releasing", svc), moved("accept-release", soc.ResultAccepted, "releasing", "releasing", svc),
		moved("confirm-release", soc.ResultOK, "releasing", "released", svc), moved("watch-ended", soc.ResultSeen, "", "", svc),
	}
	count := map[string]int{}
	for _, e := range life {
		if m := told(t, e); m.Turn != nil {
			count[m.Turn.Action]++
		}
	}
	if want := map[string]int{TurnLock: 1, TurnUnlock: 1}; !maps.Equal(count, want) {
		t.Errorf("turns %v, want %v", count, want)
	}
	// A release that keeps failing is told to machines every time, to people once.
	first := told(t, moved("send-release", soc.ResultFailed, "releasing", "release_blocked", svc))
	later := told(t, moved("send-release", soc.ResultFailed, "release_blocked", "release_blocked", svc))
	if first.Turn == nil || !first.Turn.Loud || later.Turn == nil || later.Turn.Loud || later.Turn.Success || !later.Turn.WillRetry {
		t.Errorf("first %+v, later %+v", first.Turn, later.Turn)
	}
	gone := moved("external", soc.ResultSeen, "release_blocked", "superseded", svc)
	gone.Cause = soc.CauseExternal
	taken := gone
	taken.Cause, taken.ActionID = soc.CauseSuperseded, "act-9"
	for name, e := range map[string]soc.AuditEntry{"machine gone": gone, "isolated by somebody else": taken} {
		if m := told(t, e); m.Turn != nil {
			t.Errorf("%s: told as %+v, but nobody saw a release", name, m.Turn)
		}
	}
}
