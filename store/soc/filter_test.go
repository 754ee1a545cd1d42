package soc_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

var filterNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func row(change func(*soc.AlertRow)) soc.AlertRow {
	r := soc.AlertRow{
		Key: soc.AlertKey{Integration: "contoso", ID: "DA637_1"}, Severity: "Medium", Status: "New", Title: "Credential dumping (lsass access)",
		HostName: "DC-LON-01.corp.example", MachineID: "m1", Owner: "alice@contoso.com", User: `CONTOSO\svc_bk`, Technique: "T1003.001 T1059",
		Category: "DefenseEvasion", Evidence: 3, Created: filterNow.Add(-time.Hour), LastUpdate: filterNow,
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestFilter_Match(t *testing.T) {
	for _, tc := range []struct {
		text string
		want bool
	}{
		{"", true},
		{"lsass", true},
		{"LSASS dumping", true},
		{"lsass nothing", false},
		{`"credential dumping"`, true},
		{`"dumping credential"`, false},
		{`"credential dump`, true},
		{"-lsass", false},
		{"nothing,lsass", true},
		{`"nothing,lsass"`, false},
		{"637_1", true},
		{"sev>=med", true},
		{"sev>med", false},
		{"sev<=med", true},
		{"sev<med", false},
		{"sev:high,med", true},
		{"sev:h", false},
		{"severity:Medium", true},
		{`sev:"Critical"`, false},
		{"-sev:med", false},
		{"status:new,inpr", true},
		{"status:inpr", false},
		{"status:open", true},
		{"status:resolved", false},
		{"-status:res", true},
		{"host:dc*", true},
		{"host:dc-lon-01", true},
		{"host:dc-lon-0", false},
		{"host:*example", true},
		{"host:*lon*", true},
		{"host:-", false},
		{"user:svc_bk", true},
		{`user:contoso\svc_bk`, true},
		{"user:svc", false},
		{"user:*svc*", true},
		{"owner:me", true},
		{"owner:alice", true},
		{"owner:-", false},
		{"-owner:-", true},
		{"cat:defenseevasion", true},
		{`cat:"Defense Evasion"`, true},
		{"cat:defense", false},
		{"cat:all", true},
		{"title:lsass", true},
		{`-title:"test"`, true},
		{`title:"*"`, false},
		{"tech:T1003", true},
		{"tech:T1059", true},
		{"tech:T100", false},
		{"tech:t10*", true},
		{"id:da637*", true},
		{"id:da637_1", true},
		{"tenant:contoso", true},
		{"tenant:fabrikam", false},
		{"age<2h", true},
		{"age<30m", false},
		{"age>30m", true},
		{"age<=1h", true},
		{"age>=1h", true},
		{"age<1h", false},
		{"age<1d12h", true},
		{"reopened:no", true},
		{"reopened:yes", false},
		{"late:y,n", true},
		{"sev:med status:new cat:defenseevasion", true},
		{"http://example", false},
		{`c:\temp`, false},
	} {
		f, err := soc.ParseFilter(tc.text, "alice", filterNow)
		if err != nil {
			t.Errorf("ParseFilter(%q): %v", tc.text, err)
			continue
		}
		if got := f.Match(row(nil)); got != tc.want {
			t.Errorf("Match(%q) = %v, want %v", tc.text, got, tc.want)
		}
	}
}

func TestFilter_InvalidPartIsMarked(t *testing.T) {
	for _, tc := range []struct {
		text, marked, says string
	}{
		{"lsass sev:hihg", "hihg", "severity is one of"},
		{"status:done", "done", "status is one of"},
		{"foo:bar", "foo", "no field"},
		{"host<x", "<", "can not be compared"},
		{"age:2h", "age:", "age needs"},
		{"a age<2x b", "2x", "an age is"},
		{"age<99999999999h", "99999999999h", "an age is"},
		{"age<1h,2h", "age<1h,2h", "one value"},
		{"user: x", "user:", "needs a value"},
		{"reopened:maybe", "maybe", "yes or no"},
		{`title:"a"b`, `"a"b`, "quote ends"},
		{strings.Repeat("a", soc.MaxFilterLen) + "bc", "bc", "longer"},
	} {
		_, err := soc.ParseFilter(tc.text, "", filterNow)
		var fe soc.FilterError
		if !errors.As(err, &fe) {
			t.Errorf("ParseFilter(%.40q) error = %v, want a FilterError", tc.text, err)
			continue
		}
		if got := tc.text[fe.Start:fe.End]; got != tc.marked || !strings.Contains(fe.Msg, tc.says) {
			t.Errorf("ParseFilter(%.40q) marks %q %q, want %q %q", tc.text, got, fe.Msg, tc.marked, tc.says)
		}
		var pointer *soc.FilterError
		if !errors.As(err, &pointer) || !errors.Is(err, soc.ErrInvalid) {
			t.Errorf("ParseFilter(%.40q): not found as pointer or not invalid", tc.text)
		}
	}
}

func TestC09_HostFilterNeverMatchesLongerName(t *testing.T) {
	f, err := soc.ParseFilter("host:PC1", "", filterNow)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"PC1": true, "pc1.corp.example": true, "PC10": false, "PC100": false, "XPC1": false} {
		if got := f.Match(row(func(r *soc.AlertRow) { r.HostName = name })); got != want {
			t.Errorf("host:PC1 on %s = %v, want %v", name, got, want)
		}
	}
}

// All three criteria must hold; of the eight combinations only one does, and "all" in one field leaves the other two binding.
func TestT27_StatusSeverityAndCategoryMustAllHold(t *testing.T) {
	count := func(text string) (n int) {
		f, err := soc.ParseFilter(text, "", filterNow)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			r := row(func(r *soc.AlertRow) {
				r.Status, r.Severity, r.Category = "Resolved", "High", "Malware"
				if i&1 != 0 {
					r.Status = "New"
				}
				if i&2 != 0 {
					r.Severity = "Medium"
				}
				if i&4 != 0 {
					r.Category = "DefenseEvasion"
				}
			})
			if f.Match(r) {
				n++
			}
		}
		return n
	}
	for text, want := range map[string]int{
		`status:new sev:medium cat:"Defense Evasion"`: 1,
		"status:all sev:medium cat:defenseevasion":    2,
		"status:new sev:all cat:defenseevasion":       2,
		"status:new sev:medium cat:all":               2,
		"":                                            8,
	} {
		if got := count(text); got != want {
			t.Errorf("%q matches %d of 8, want %d", text, got, want)
		}
	}
}

func TestT24_T25_UnknownWordsKeepTheirPlace(t *testing.T) {
	for text, r := range map[string]soc.AlertRow{
		"sev:unsp":        row(func(r *soc.AlertRow) { r.Severity = "UnSpecified" }),
		"sev:unspecified": row(func(r *soc.AlertRow) { r.Severity = "" }),
		`sev:"Critical"`:  row(func(r *soc.AlertRow) { r.Severity = "Critical" }),
		"sev<info":        row(func(r *soc.AlertRow) { r.Severity = "Critical" }),
		"status:unknown":  row(func(r *soc.AlertRow) { r.Status = "" }),
		`status:"Queued"`: row(func(r *soc.AlertRow) { r.Status = "Queued" }),
		"status:open":     row(func(r *soc.AlertRow) { r.Status = "Queued" }),
	} {
		f, err := soc.ParseFilter(text, "", filterNow)
		if err != nil || !f.Match(r) {
			t.Errorf("%s on %q/%q: no match (%v)", text, r.Severity, r.Status, err)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{
		`sev>=med sev:high status:new,inpr host:dc* user:x owner:me owner:- cat:a age<2h title:"te st" -title:"test" tech:T1003 id:x tenant:y`,
		`"`, `-`, `--a`, `*`, `***x`, `a,,b`, `,`, `a"b"`, "\u212aa:x", "host:\"\"", "http://x", "-\u00a0x", `owner:"me"`, `*"x y`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := soc.ParseFilter(text, "alice", filterNow)
		if err != nil {
			var fe soc.FilterError
			if !errors.As(err, &fe) || fe.Start < 0 || fe.Start > fe.End || fe.End > len(text) {
				t.Fatalf("ParseFilter(%q) = %#v", text, err)
			}
			return
		}
		s := got.String()
		if len(s) > soc.MaxFilterLen {
			return
		}
		again, err := soc.ParseFilter(s, "alice", filterNow)
		if err != nil || again.String() != s {
			t.Fatalf("ParseFilter(%q) prints %q, which parses to %q, %v", text, s, again.String(), err)
		}
		for _, r := range []soc.AlertRow{row(nil), {}, row(func(r *soc.AlertRow) { r.Title = text; r.HostName = text })} {
			if got.Match(r) != again.Match(r) {
				t.Fatalf("%q and %q disagree", text, s)
			}
		}
	})
}
