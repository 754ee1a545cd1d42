package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const hash1 = "220e7d15b011d7fac48f2bd61114db1022197f7f"

// ioc is the body of a submit with one field changed; an empty value leaves the
// field out.
func ioc(pairs ...string) string {
	fields := map[string]string{
		"indicatorValue": `"` + hash1 + `"`, "indicatorType": `"FileSha1"`, "action": `"Block"`, "title": `"t"`, "description": `"d"`,
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	var parts []string
	for k, v := range fields {
		if v != "" {
			parts = append(parts, `"`+k+`":`+v)
		}
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

// newIndicatorRig is a tenant without the indicators of the story.
func newIndicatorRig(t *testing.T, opt Options) *rig {
	t.Helper()
	opt.Indicators = -1
	return newRig(t, opt)
}

func TestN21_IndicatorIsListedAfterItsLag(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{Behaviour: Behaviour{IndicatorLag: 10 * time.Minute}})
	id := r.do("POST", "indicators", ioc()).want(200).str("id")
	if id == "" {
		t.Fatal("the id is no string")
	}
	if got := r.get("indicators").ids(); len(got) != 0 {
		t.Fatalf("listed at once: %v", got)
	}
	r.clock.Add(10 * time.Minute)
	if got := r.get("indicators").ids(); !slices.Equal(got, []string{id}) {
		t.Fatalf("listed = %v, want %s", got, id)
	}
	r.do("DELETE", "indicators/"+id, "").want(204)
	r.do("DELETE", "indicators/"+id, "").want(404)
}

func TestIndicator_Refusals(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{})
	for _, tt := range []struct{ name, body, code string }{
		{"no value", ioc("indicatorValue", ""), "MissingRequiredParameter"},
		{"no type", ioc("indicatorType", ""), "MissingRequiredParameter"},
		{"no action", ioc("action", ""), "MissingRequiredParameter"},
		{"no title", ioc("title", ""), "MissingRequiredParameter"},
		{"empty description", ioc("description", `" "`), "MissingRequiredParameter"},
		{"letter case of a key", ioc("Title", `"x"`), "InvalidRequestBody"},
		{"letter case of an action", ioc("action", `"block"`), "InvalidRequestBody"},
		{"unknown type", ioc("indicatorType", `"FileSha512"`), "InvalidRequestBody"},
		{"short hash", ioc("indicatorValue", `"abc"`), "InvalidHashValue"},
		{"remediate an address", ioc("indicatorType", `"IpAddress"`, "indicatorValue", `"203.0.113.9"`, "action", `"BlockAndRemediate"`), "InvalidRequestBody"},
		{"warn about a certificate", ioc("indicatorType", `"CertificateThumbprint"`, "action", `"Warn"`), "InvalidRequestBody"},
		{"range", ioc("indicatorType", `"IpAddress"`, "indicatorValue", `"203.0.113.0/24"`), "InvalidIpAddress"},
		{"short IPv6", ioc("indicatorType", `"IpAddress"`, "indicatorValue", `"2001:db8::1"`), "InvalidIpAddress"},
		{"domain with path", ioc("indicatorType", `"DomainName"`, "indicatorValue", `"evil.example/x"`), "InvalidDomainName"},
		{"URL without scheme", ioc("indicatorType", `"Url"`, "indicatorValue", `"evil.example/x"`), "InvalidUrl"},
		{"silent audit", ioc("action", `"Audit"`), "InvalidRequestBody"},
		{"past expiry", ioc("expirationTime", `"2026-02-03T04:05:06Z"`), "InvalidRequestBody"},
		{"no time", ioc("expirationTime", `"tomorrow"`), "InvalidRequestBody"},
		{"education for a hash", ioc("educateUrl", `"https://help.example"`), "InvalidRequestBody"},
		{"odd severity", ioc("severity", `"Severe"`), "InvalidRequestBody"},
		{"no object", "[]", "InvalidRequestBody"},
	} {
		if got := r.do("POST", "indicators", tt.body).want(400).code(); got != tt.code {
			t.Errorf("%s: code = %s, want %s", tt.name, got, tt.code)
		}
	}
	if n := len(r.Indicators()); n != 0 {
		t.Errorf("%d indicators were kept", n)
	}
	for _, body := range []string{
		ioc("action", `"Audit"`, "generateAlert", "true"),
		ioc("indicatorType", `"CertificateThumbprint"`, "action", `"Allowed"`),
		ioc("indicatorType", `"IpAddress"`, "indicatorValue", `"2001:db8:0:0:0:0:0:1"`),
		ioc("indicatorType", `"DomainName"`, "indicatorValue", `"evil.example"`),
		ioc("indicatorType", `"Url"`, "indicatorValue", `"https://evil.example/x"`, "action", `"Warn"`, "educateUrl", `"https://help.example"`),
		ioc("indicatorType", `"FileMd5"`, "indicatorValue", `"`+strings.Repeat("A", 32)+`"`, "expirationTime", "null"),
	} {
		r.do("POST", "indicators", body).want(200)
	}
}

func TestIndicator_SameAgainUpdatesAndAnotherActionDoesNot(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{})
	first := r.do("POST", "indicators", ioc("application", `"a"`)).want(200)
	again := r.do("POST", "indicators", ioc("title", `"newer"`, "application", `"b"`, "indicatorValue", `"`+strings.ToUpper(hash1)+`"`)).want(200)
	if again.str("id") != first.str("id") || again.str("title") != "newer" || again.str("application") != "a" {
		t.Errorf("update = %s", again.body)
	}
	other := ioc("action", `"Warn"`)
	if got := r.do("POST", "indicators", other).want(400).code(); got != "BadRequest" {
		t.Errorf("code = %s", got)
	}
	r.Behave(func(b *Behaviour) { b.IndicatorChange = IndicatorReplaced })
	if got := r.do("POST", "indicators", other).want(200).str("id"); got != first.str("id") {
		t.Errorf("id = %s, want the old one", got)
	}
	r.Behave(func(b *Behaviour) { b.IndicatorChange = IndicatorDuplicated })
	if got := r.do("POST", "indicators", ioc()).want(200).str("id"); got == first.str("id") {
		t.Error("no second indicator")
	}
	// Other device groups are another indicator.
	r.do("POST", "indicators", ioc("rbacGroupNames", `["Servers"]`)).want(200)
	if n := len(r.list("indicators", "$filter", "indicatorValue eq '"+hash1+"' and indicatorType eq 'FileSha1'").rows()); n != 3 {
		t.Errorf("%d indicators of the value, want 3", n)
	}
}

func TestIndicator_CapCountsActiveOnes(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{Behaviour: Behaviour{IndicatorCap: 2}})
	r.FillIndicators(1)
	r.do("POST", "indicators", ioc("expirationTime", `"2026-02-04T00:00:00Z"`)).want(200)
	third := ioc("indicatorValue", `"`+strings.Repeat("b", 40)+`"`)
	if got := r.do("POST", "indicators", third).want(400).str("error"); !strings.Contains(r.do("POST", "indicators", third).body, "limit of 2") {
		t.Errorf("error = %s", got)
	}
	r.do("POST", "indicators", ioc("title", `"an update needs no room"`, "expirationTime", `"2026-02-04T00:00:00Z"`)).want(200)
	r.clock.Add(48 * time.Hour)
	r.do("POST", "indicators", third).want(200)
	if n := len(r.get("indicators").rows()); n != 2 {
		t.Errorf("%d listed, want 2", n)
	}
}

func TestIndicator_ImportTellsEachItem(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{})
	a := r.do("POST", "indicators/import", `{"Indicators":[`+ioc()+`,`+ioc("indicatorValue", `"x"`)+`]}`).want(200)
	rows := a.rows()
	if len(rows) != 2 || rows[0]["isFailed"] != false || rows[0]["failureReason"] != nil || rows[1]["isFailed"] != true || rows[1]["failureReason"] == nil {
		t.Fatalf("results = %s", a.body)
	}
	sameShape(t, "indicator_import.json", a.json())
	many := `{"Indicators":[` + strings.Repeat(ioc()+",", 500) + ioc() + `]}`
	if got := r.do("POST", "indicators/import", many).want(400); got.code() != "MaximumBatchSizeExceeded" || !strings.Contains(got.body, "501") {
		t.Errorf("501 items: %s", got.body)
	}
	r.do("POST", "indicators/import", `{"indicators":[]}`).want(400)
	for range 27 {
		r.do("POST", "indicators/import", `{"Indicators":[]}`).want(400)
	}
	r.do("POST", "indicators/import", `{"Indicators":[]}`).want(429)
}

func TestIndicator_BatchDeleteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{})
	r.FillIndicators(3)
	ids := r.get("indicators").ids()
	r.do("POST", "indicators/BatchDelete", `{"IndicatorIds":["`+ids[0]+`","x"]}`).want(400)
	r.do("POST", "indicators/BatchDelete", `{"IndicatorIds":["`+ids[0]+`","1"]}`).want(404)
	r.do("POST", "indicators/BatchDelete", `{"IndicatorIds":[]}`).want(400)
	if n := len(r.Indicators()); n != 3 {
		t.Fatalf("%d left, want 3", n)
	}
	r.do("POST", "indicators/BatchDelete", `{"IndicatorIds":["`+ids[0]+`","`+ids[2]+`"]}`).want(204)
	if got := r.get("indicators").ids(); !slices.Equal(got, ids[1:2]) {
		t.Errorf("left = %v, want %v", got, ids[1:2])
	}
}

func TestIndicator_SmallerRoleSeesItsOwn(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{Roles: []string{"Ti.ReadWrite"}})
	foreign := r.AddIndicator(Indicator{Type: "FileSha1", Value: hash1, Action: "AlertAndBlock"})
	own := r.do("POST", "indicators", ioc("indicatorValue", `"`+strings.Repeat("c", 40)+`"`)).want(200).str("id")
	if got := r.get("indicators").ids(); !slices.Equal(got, []string{own}) {
		t.Errorf("sees %v, want %s", got, own)
	}
	r.do("DELETE", "indicators/"+foreign, "").want(404)
	r.SetRoles("Ti.ReadWrite.All")
	r.login()
	all := r.get("indicators").rows()
	if len(all) != 2 || all[1]["action"] != "AlertAndBlock" || all[1]["createdBySource"] != "Portal" {
		t.Errorf("sees %v", all)
	}
	r.SetRoles("Machine.Isolate")
	r.login()
	r.get("indicators").want(403)
}

func TestIndicator_FilterPagesAndShape(t *testing.T) {
	t.Parallel()
	r := newIndicatorRig(t, Options{})
	for n := range 5 {
		r.clock.Add(time.Minute)
		r.do("POST", "indicators", ioc("indicatorValue", fmt.Sprintf(`"%040d"`, n), "severity", `"High"`, "title", fmt.Sprintf(`"t%d"`, n%2), "expirationTime", `"2026-03-01T00:00:00Z"`)).want(200)
	}
	if got := r.list("indicators", "$filter", "title eq 't1'").ids(); len(got) != 2 {
		t.Errorf("t1: %v", got)
	}
	page := r.list("indicators", "$top", "2", "$skip", "2")
	if got := page.ids(); !slices.Equal(got, []string{"2843", "2842"}) || page.json()["@odata.nextLink"] != nil {
		t.Errorf("page = %s", page.body)
	}
	r.list("indicators", "$filter", "lastUpdatedBy eq 'x'").want(400)
	r.list("indicators", "$filter", "expirationTime ge 2026-02-28T00:00:00Z and creationTimeDateTimeUtc lt 2026-02-03T04:06:30Z and generateAlert eq false").ids()
	sameShape(t, "indicator.json", r.get("indicators").rows()[0])
	r.get("indicators/2841").want(405) // there is no call for one
}
