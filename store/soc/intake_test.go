package soc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

const aThreat = `{"id":"1","level":"critical","vendor":"Acme","title":"Rooted","device":{"name":"phone","managed":true},` +
	`"forensics":{"port":4444,"root":true,"none":null}}`

// TestSC41_IntakeIsStrict: every refusal names item and field, and nothing of a bad request is taken.
func TestSC41_IntakeIsStrict(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"empty":         {``, "no item"},
		"no json":       {`{"id":`, "item 1"},
		"a text":        {`"hello"`, "no object"},
		"unknown field": {`{"id":"1","lvl":"Low"}`, "lvl"},
		"deep unknown":  {`{"device":{"nme":"x"}}`, "nme"},
		"twice":         {`{"level":"Low","level":"Critical"}`, "level stands there twice"},
		"twice by case": {`{"level":"Low","LEVEL":"Critical"}`, "twice"},
		"wrong kind":    {`{"id":7}`, "id"},
		"wrong kind in": {`{"device":{"managed":"yes"}}`, "device.managed"},
		"wrong time":    {`{"occurredAt":"yesterday"}`, "occurredAt"},
		"wrong event":   {`{"event":{"time":"soon"}}`, "event.time"},
		"forensics":     {`{"forensics":{"a":[1]}}`, "forensics.a"},
		"second item":   {aThreat + "\n" + `{"x":1}`, "item 2"},
		"after":         {aThreat + "}", "item 2"},
	} {
		_, err := soc.DecodeThreats(strings.NewReader(c.in))
		if !errors.Is(err, &soc.Error{Kind: soc.KindInvalid, Code: "bad-json"}) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want bad-json with %q", name, err, c.want)
		}
	}
	for _, in := range []string{aThreat, "[" + aThreat + "," + aThreat + "]", aThreat + "\n" + aThreat + "\n"} {
		got, err := soc.DecodeThreats(strings.NewReader(in))
		if err != nil || got[0].ID != "1" || !*got[0].Device.Managed || got[0].Forensics["port"] != "4444" || len(got[0].Forensics) != 2 {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}

// TestSC41_IntakeIsBounded in bytes, items and depth.
func TestSC41_IntakeIsBounded(t *testing.T) {
	t.Parallel()
	for code, in := range map[string]string{
		"too-large": `{"id":"` + strings.Repeat("x", soc.MaxIntakeBytes) + `"}`,
		"too-many":  strings.Repeat("{}\n", soc.MaxIntakeItems+1),
		"bad-json":  `{"forensics":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_001),
	} {
		if _, err := soc.DecodeThreats(strings.NewReader(in)); !errors.Is(err, &soc.Error{Kind: soc.KindInvalid, Code: code}) {
			t.Errorf("want %s, got %v", code, err)
		}
	}
}

// TestM07_WhatIsWrongIsNamedWhatIsEmptyIsAbsent.
func TestM07_WhatIsWrongIsNamedWhatIsEmptyIsAbsent(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	good := soc.ThreatInput{
		ID: " 1 ", Level: "elevated", Vendor: "Acme\x1b[31m", Title: "Rooted", User: "  ", Device: soc.DeviceInput{Name: "phone"},
		Forensics: soc.Forensics{"a": "", "b": "x\x00"},
	}
	in, err := good.Checked(now)
	if err != nil || in.ID != "1" || in.Level != soc.ThreatElevated || in.User != "" || in.Vendor != "Acme[31m" ||
		len(in.Forensics) != 1 || in.Forensics["b"] != "x" {
		t.Fatalf("%+v, %v", in, err)
	}
	for field, spoil := range map[string]func(*soc.ThreatInput){
		"id":              func(in *soc.ThreatInput) { in.ID = "" },
		"level":           func(in *soc.ThreatInput) { in.Level = "High" },
		"vendor":          func(in *soc.ThreatInput) { in.Vendor = " " },
		"title":           func(in *soc.ThreatInput) { in.Title = strings.Repeat("ä", 257) },
		"description":     func(in *soc.ThreatInput) { in.Description = strings.Repeat("x", 5000) },
		"device":          func(in *soc.ThreatInput) { in.Device = soc.DeviceInput{ID: "7"} },
		"device.os":       func(in *soc.ThreatInput) { in.Device.OS = strings.Repeat("x", 300) },
		"occurredAt":      func(in *soc.ThreatInput) { in.OccurredAt = now.Add(2 * time.Hour) },
		"event.reportId":  func(in *soc.ThreatInput) { in.Event = &soc.EventRef{Time: now} },
		"event.time":      func(in *soc.ThreatInput) { in.Event = &soc.EventRef{ReportID: "1"} },
		"forensics has":   func(in *soc.ThreatInput) { in.Forensics = many(51) },
		"forensics.entry": func(in *soc.ThreatInput) { in.Forensics = soc.Forensics{"entry": strings.Repeat("x", 5000)} },
	} {
		in := good
		spoil(&in)
		_, err := in.Checked(now)
		if !errors.Is(err, &soc.Error{Kind: soc.KindInvalid, Code: "bad-field"}) || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v, want the field named first", field, err)
		}
	}
	if _, err := (soc.ThreatInput{ID: "1", ResolvedAt: now}).Checked(now); err != nil {
		t.Errorf("a short note of the end: %v", err)
	}
	if _, err := (soc.ProbeInput{Test: "a", State: "unprotected"}).Checked(now); err == nil || !strings.HasPrefix(err.Error(), "indicator.value") {
		t.Errorf("a gap without a value: %v", err)
	}
}

func many(n int) soc.Forensics {
	f := soc.Forensics{}
	for i := range n {
		f[fmt.Sprint(i)] = "x"
	}
	return f
}

// TestP11_TheTypeOfAValueIsSeenFromItsForm.
func TestP11_TheTypeOfAValueIsSeenFromItsForm(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		strings.Repeat("a", 32): "FileMd5", strings.Repeat("a", 40): "FileSha1", strings.Repeat("A", 64): "FileSha256",
		"192.0.2.1": "IpAddress", "2001:db8::1": "IpAddress", "https://x.test/a": "Url", "evil.test": "DomainName",
	} {
		if got := soc.IndicatorTypeOf(value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func FuzzDecodeThreats(f *testing.F) {
	f.Add(aThreat)
	f.Add(`[{"id":"1","event":{"time":"2026-03-04T12:00:00Z"}}]`)
	f.Fuzz(func(t *testing.T, in string) {
		list, err := soc.DecodeThreats(strings.NewReader(in))
		if err != nil && soc.KindOf(err) != soc.KindInvalid {
			t.Fatalf("%v is no refusal", err)
		}
		for _, i := range list {
			got, err := i.Checked(time.Now())
			if err == nil && (got.ID == "" || soc.Clean(got.Title) != got.Title) {
				t.Fatalf("%+v was taken", got)
			}
		}
	})
}
