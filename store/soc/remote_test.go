package soc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

func TestV40_SuccessAndWillRetry(t *testing.T) {
	tests := []struct {
		name           string
		e              soc.AuditEntry
		success, retry bool
	}{
		{"isolate that is tried again", soc.AuditEntry{Action: "send", Result: soc.ResultFailed, Before: "submitting", After: "requested"}, false, true},
		{"isolate refused for good", soc.AuditEntry{Action: "send", Result: soc.ResultRefused, Before: "submitting", After: "failed"}, false, false},
		{"device could not", soc.AuditEntry{Action: "confirm", Result: soc.ResultFailed, After: "failed"}, false, false},
		{"in progress", soc.AuditEntry{Action: "send", Result: soc.ResultRefused, After: "requested"}, false, true},
		{"release failed", soc.AuditEntry{Action: "release", Result: soc.ResultFailed, After: "release_blocked"}, false, true},
		{"cancel refused", soc.AuditEntry{Action: "send-cancel", Result: soc.ResultRefused}, false, true},
		{"refused at the door", soc.AuditEntry{Action: "isolate", Result: soc.ResultRefused}, false, false},
		{"accepted", soc.AuditEntry{Action: "accept", Result: soc.ResultAccepted, After: "pending"}, true, false},
		{"seen", soc.AuditEntry{Action: "external", Result: soc.ResultSeen, After: "superseded"}, true, false},
		{"taken back", soc.AuditEntry{Action: "cancel", Result: soc.ResultCancelled, Cause: soc.CauseCancelled, After: "cancelled"}, true, false},
		{"dropped stale", soc.AuditEntry{Action: "cancel", Result: soc.ResultCancelled, Cause: soc.CauseStale, After: "cancelled"}, false, false},
		{"set aside", soc.AuditEntry{Action: "set-aside", Result: soc.ResultFailed, After: "needs_human"}, false, false},
	}
	for _, tt := range tests {
		if success, retry := soc.AuditOutcome(tt.e); success != tt.success || retry != tt.retry {
			t.Errorf("%s: success %v, willRetry %v; want %v, %v", tt.name, success, retry, tt.success, tt.retry)
		}
	}
}

// Every line that the machine itself writes about a failure says truly whether another order follows.
func TestV40_MachineKeepsItsWordAboutRetries(t *testing.T) {
	for kind := soc.KindInternal; kind <= soc.KindUnknownOutcome; kind++ {
		l, _ := requested(t)
		sent, _, _ := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
		got, audit, err := soc.Applied(sent, soc.Outcome{Token: sent.Attempts[0].Token, Err: &soc.Error{Kind: kind}}, planNow.Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range audit {
			if success, retry := soc.AuditOutcome(e); success || retry == got.Phase.Final() {
				t.Errorf("%s: success %v, willRetry %v, the record is %s", kind, success, retry, got.Phase)
			}
		}
	}
}

func TestC04_StagesAreSeparateFacts(t *testing.T) {
	l, _ := requested(t)
	names := func(l soc.Lockdown) (out []string) {
		for _, f := range soc.Standing(l) {
			if !f.At.IsZero() {
				out = append(out, f.Name)
			}
		}
		return out
	}
	expect := func(l soc.Lockdown, want ...string) {
		t.Helper()
		if got := names(l); !slices.Equal(got, want) {
			t.Errorf("%s: facts %q, want %q", l.Phase, got, want)
		}
	}
	expect(l, soc.FactRequested)
	sent, _, _ := soc.Begin(l, soc.Next{Do: soc.DoSend, Verb: soc.VerbIsolate}, planNow)
	expect(sent, soc.FactRequested, soc.FactUnknown)
	lost, _, _ := soc.Applied(sent, soc.Outcome{Token: sent.Attempts[0].Token, Err: soc.ErrUnknownOutcome}, planNow.Add(time.Minute))
	expect(lost, soc.FactRequested, soc.FactUnknown)
	a := ownOrder(l, 1, soc.ActionIsolate, soc.ActionPending, planNow, planNow)
	accepted, _, _ := soc.Applied(sent, soc.Outcome{Token: sent.Attempts[0].Token, Action: a}, planNow.Add(time.Second))
	expect(accepted, soc.FactRequested, soc.FactAccepted)
	running, _ := held(t)
	expect(running, soc.FactRequested, soc.FactAccepted, soc.FactEnforced)
	if f := soc.Standing(running)[2]; !f.At.Equal(planNow.Add(time.Minute)) {
		t.Errorf("enforced at %s, want the device's own time", f.At)
	}
}

func TestF42_SC28_NamesThatLookAlike(t *testing.T) {
	for name, mixed := range map[string]bool{"PC10": false, "РC10": true, "ws-büro-7": false, "сервер-01": false, "WS-ΟNE": true} {
		if got := soc.MixedScript(name); (got != "") != mixed {
			t.Errorf("%q: %q", name, got)
		}
	}
	for odd, plain := range map[string]string{"РС10": "PC10", "ＷＳ１": "WS1", "PC10": "PC10", "büro": "büro"} {
		if got := soc.PlainName(odd); got != plain {
			t.Errorf("%q looks like %q, want %q", odd, got, plain)
		}
	}
}

func TestF53_LinuxIsNotVerifiable(t *testing.T) {
	for platform, odd := range map[string]bool{"Ubuntu": true, "RedHatEnterpriseLinux": true, "Linux": true, "Windows11": false, "macOS": false, "": false} {
		got := soc.Unverifiable(soc.Host{OSPlatform: platform})
		if (got != "") != odd || odd && !strings.HasPrefix(got, "reported isolated, not verifiable") {
			t.Errorf("%q: %q", platform, got)
		}
	}
}
