package sim

import (
	"strings"
	"testing"
	"time"
)

func TestD03_QuotaPerMinuteAndHour(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Alerts: 1, Hosts: 1})
	for range 100 {
		r.get("alerts?$top=1").want(200)
	}
	a := r.get("alerts?$top=1").want(429)
	if a.header.Get("Retry-After") != "60" || !strings.Contains(a.body, "maximum allowed 100 per 00:01:00") {
		t.Errorf("Retry-After %q, body %s", a.header.Get("Retry-After"), a.body)
	}
	r.get("machines?$top=1").want(200) // counted apart
	r.clock.Add(time.Minute)
	for range 14 {
		for range 100 {
			r.get("alerts?$top=1").want(200)
		}
		r.clock.Add(time.Minute)
	}
	a = r.get("alerts?$top=1").want(429)
	if !strings.Contains(a.body, "1500 per 01:00:00") || a.header.Get("Retry-After") != "2700" {
		t.Errorf("Retry-After %q, body %s", a.header.Get("Retry-After"), a.body)
	}
	r.clock.Add(45 * time.Minute)
	r.get("alerts?$top=1").want(200)
}

func TestD03_SmallerQuotasAndSwitch(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for range 10 {
		r.do("POST", "alerts/batchUpdate", `{}`).want(400)
	}
	r.do("POST", "alerts/batchUpdate", `{}`).want(429)
	r.Behave(func(b *Behaviour) { b.NoQuota = true })
	r.do("POST", "alerts/batchUpdate", `{}`).want(400)
	if got := r.Calls()["alerts.batchUpdate"]; got != 12 {
		t.Errorf("calls = %d, want 12", got)
	}
}
