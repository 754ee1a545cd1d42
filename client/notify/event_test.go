package notify

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// V-40: success and willRetry of everything that the lockdown machine can say about a failure.
func TestV40_SuccessAndWillRetry(t *testing.T) {
	for name, tc := range map[string]struct {
		e              soc.AuditEntry
		success, retry bool
	}{
		"isolate that is sent again":        {lockdownEntry("send", soc.ResultFailed, "requested"), false, true},
		"isolate behind another order":      {lockdownEntry("send", soc.ResultRefused, "requested"), false, true},
		"isolate refused for good":          {lockdownEntry("send", soc.ResultRefused, "failed"), false, false},
		"device could not isolate":          {lockdownEntry("confirm", soc.ResultFailed, "failed"), false, false},
		"answer about another machine":      {lockdownEntry("send", soc.ResultFailed, "needs_human"), false, false},
		"release that is sent again":        {lockdownEntry("send-release", soc.ResultFailed, "release_requested"), false, true},
		"release that fails and goes on":    {lockdownEntry("release", soc.ResultFailed, "release_blocked"), false, true},
		"confirmed":                         {lockdownEntry("confirm", soc.ResultOK, "isolated"), true, false},
		"released":                          {lockdownEntry("confirm-release", soc.ResultOK, "released"), true, false},
		"taken back":                        {lockdownEntry("cancel", soc.ResultCancelled, "cancelled"), true, false},
		"given up by the person who began":  {lockdownEntry("isolate", soc.ResultCancelled, ""), false, false},
		"refused at the door":               {soc.AuditEntry{Action: "isolate", Result: soc.ResultRefused, Host: "m1"}, false, false},
		"a part of cordon that starts anew": {soc.AuditEntry{Action: "restart", Result: soc.ResultFailed}, false, true},
		"late isolate":                      {lockdownEntry("late-isolate", soc.ResultSeen, ""), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			ev := NewEvent(tc.e, soc.Lockdown{}, soc.Integration{})
			if ev.Success != tc.success || ev.WillRetry != tc.retry {
				t.Errorf("success %v willRetry %v, want %v %v", ev.Success, ev.WillRetry, tc.success, tc.retry)
			}
			if !ev.Success && WeightOf(tc.e) < WeightWarning && tc.e.Result != soc.ResultCancelled {
				t.Errorf("a failure has only the weight %s", WeightOf(tc.e))
			}
		})
	}
	// The real machine, not only entries made by hand: an isolate that meets an outage, and one that is refused.
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		kind  soc.Kind
		retry bool
	}{{soc.KindUnavailable, true}, {soc.KindThrottled, true}, {soc.KindRefused, false}, {soc.KindDenied, false}} {
		l := soc.Lockdown{
			ID: "LK-AAAAAAAA", Key: soc.HostKey{Integration: "int-1", MachineID: "m1"}, HostName: "ws-1", By: soc.Actor{Name: "mona"}, Period: time.Hour,
			Phase: soc.PhaseSubmitting, RequestedAt: now, Attempts: []soc.Attempt{{N: 1, Verb: soc.VerbIsolate, Token: "t", SentAt: now}},
		}
		_, audit, err := soc.Applied(l, soc.Outcome{Token: "t", Err: &soc.Error{Kind: tc.kind, What: "no"}}, now)
		if err != nil || len(audit) != 1 {
			t.Fatalf("%s: %v, %d entries", tc.kind, err, len(audit))
		}
		if ok, retry := Verdict(audit[0]); ok || retry != tc.retry {
			t.Errorf("%s: success %v willRetry %v, want false %v", tc.kind, ok, retry, tc.retry)
		}
	}
}

// What is not on the list of fields does not leave, whatever an entry or an integration holds.
func TestSC25_EventIsAnAllowList(t *testing.T) {
	in := soc.Integration{
		ID: "int-1", Name: "contoso", Environment: "PROD", ClientID: "canary-client", Sealed: []byte("canary-sealed"), CAPEM: "canary-pem",
	}
	e := lockdownEntry("confirm", soc.ResultOK, "isolated")
	e.Actor.From, e.RequestID, e.Prev = "canary-from", "canary-request", "canary-prev"
	l := soc.Lockdown{ID: e.Lockdown, Reason: "canary-reason", Ticket: "canary-ticket", Deadline: time.Date(2026, 3, 4, 16, 0, 0, 0, time.UTC)}
	m, err := eventMessage(NewEvent(e, l, in), WeightNotice)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(m.Body), "canary") {
		t.Errorf("leaks: %s", m.Body)
	}
	var doc map[string]any
	err = json.Unmarshal(m.Body, &doc)
	if err != nil || doc["deadline"] != "2026-03-04T16:00:00Z" || doc["tenant"] != "contoso" || doc["actor"] != "mona" {
		t.Errorf("%v in %s", err, m.Body)
	}
	if n := reflect.TypeFor[Event]().NumField(); n != 25 {
		t.Errorf("Event has %d fields: look whether the new one can hold a secret, then correct this number", n)
	}
}
