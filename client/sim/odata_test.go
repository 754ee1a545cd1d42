package sim

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func filterOver(t *testing.T, text string) func(values map[int]value) bool {
	t.Helper()
	e, err := parseFilter(text, alertSchema())
	if err != nil {
		t.Fatalf("parseFilter(%q): %v", text, err)
	}
	return func(values map[int]value) bool { return e.matches(func(id int) value { return values[id] }) }
}

func TestFilter_Operators(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 3, 4, 5, 6, 789123400, time.UTC)
	row := map[int]value{
		alertID: stringValue("da1_-2"), alertStatus: stringValue("New"), alertSeverity: stringValue("High"),
		alertIncident: numberValue(42), alertUpdated: timeValue(at), alertAssigned: stringValue("o'neil@corp.example"),
	}
	for text, want := range map[string]bool{
		"":                                     true,
		"status eq 'New'":                      true,
		"STATUS eq 'New'":                      true,
		"status eq 'new'":                      false,
		"status ne 'Resolved'":                 true,
		"not status eq 'New'":                  false,
		"not (status eq 'New')":                false,
		"incidentId eq 42":                     true,
		"incidentId gt 41":                     true,
		"incidentId lt 42":                     false,
		"incidentId le 42":                     true,
		"investigationId eq null":              true,
		"investigationId ne null":              false,
		"investigationId lt 5":                 false,
		"startswith(id,'da1')":                 true,
		"startswith(id, 'ed')":                 false,
		"id in ('x','da1_-2')":                 true,
		"id in ('x')":                          false,
		"assignedTo eq 'o''neil@corp.example'": true,
		"lastUpdateTime ge 2026-02-03T04:05:06.7891234Z":              true,
		"lastUpdateTime gt 2026-02-03T04:05:06.7891234Z":              false,
		"lastUpdateTime lt 2026-02-03T04:05:07Z":                      true,
		"status eq 'Resolved' or severity eq 'High'":                  true,
		"status eq 'New' and severity eq 'Low' or incidentId eq 42":   true,
		"status eq 'New' and (severity eq 'Low' or incidentId eq 43)": false,
	} {
		if got := filterOver(t, text)(row); got != want {
			t.Errorf("%q = %v, want %v", text, got, want)
		}
	}
}

func TestFilter_Refusals(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"title eq 'x'", "status", "status eq", "status eq New", "status is 'New'", "status eq 'New", "(status eq 'New'",
		"status eq 'New')", "status eq 'New' severity eq 'High'", "lastUpdateTime ge '2026-01-01T00:00:00Z'",
		"lastUpdateTime ge 2026-01-01T00:00:00 00:00", "incidentId eq '42'", "id in 'x'", "id in ()", "contains(id,'x')",
		"status eq 'a' # b", "id/any(x: x eq 'y')", strings.Repeat("(", 1000) + "status eq 'New'",
	} {
		_, err := parseFilter(text, alertSchema())
		var bad *filterError
		if !errors.As(err, &bad) {
			t.Errorf("%.60q was accepted (%v)", text, err)
		}
	}
}

func TestFilter_LambdaOverTags(t *testing.T) {
	t.Parallel()
	e, err := parseFilter("machineTags/any(tag: tag eq 'tier-0')", machineSchema())
	if err != nil {
		t.Fatal(err)
	}
	get := func(tags ...string) func(int) value {
		return func(int) value { return value{kind: kindList, list: tags} }
	}
	if !e.matches(get("a", "tier-0")) || e.matches(get("tier-01")) {
		t.Error("any compares wrongly")
	}
}

func TestFilter_BoundsNarrowOnlyWhatMustHold(t *testing.T) {
	t.Parallel()
	at := tickOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for text, want := range map[string]span{
		"lastUpdateTime ge 2026-01-01T00:00:00Z and status eq 'New'":                                    {at, everything().hi},
		"lastUpdateTime gt 2026-01-01T00:00:00Z and lastUpdateTime lt 2026-01-01T00:00:01Z":             {at + 1, at + ticksPerSecond - 1},
		"lastUpdateTime ge 2026-01-01T00:00:00Z or status eq 'New'":                                     everything(),
		"not lastUpdateTime ge 2026-01-01T00:00:00Z":                                                    everything(),
		"alertCreationTime ge 2026-01-01T00:00:00Z":                                                     everything(),
		"(lastUpdateTime ge 2026-01-01T00:00:00Z and lastUpdateTime ge 2025-01-01T00:00:00Z)":           {at, everything().hi},
		"lastUpdateTime eq 2026-01-01T00:00:00Z and (status eq 'New' or lastUpdateTime lt 2020-01-01Z)": {},
	} {
		e, err := parseFilter(text, alertSchema())
		if want == (span{}) {
			if err == nil {
				t.Errorf("%q was accepted", text)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := e.bounds(alertUpdated, everything()); got != want {
			t.Errorf("%q: bounds = %v, want %v", text, got, want)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("status eq 'New' and (lastUpdateTime ge 2026-01-01T00:00:00Z or not id in ('a','b'))")
	f.Add("machineTags/any(x: x eq '''')")
	f.Fuzz(func(_ *testing.T, text string) {
		for _, s := range []schema{alertSchema(), machineSchema(), actionSchema()} {
			if e, err := parseFilter(text, s); err == nil {
				e.matches(func(int) value { return value{} })
			}
		}
	})
}
