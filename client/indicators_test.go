package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

const oneIndicator = `{"@odata.context":"x","id":"2841","indicatorValue":"` + sha1A + `","indicatorType":"FileSha1","action":"BlockAndRemediate",
 "application":null,"source":"WindowsDefenderAtp","sourceType":"AadApp","createdBy":"2222aaaa-0000-4000-8000-00000000beef",
 "createdByDisplayName":"cordon","createdBySource":"PublicApi","severity":"High","title":"t","description":"a\nb",
 "creationTimeDateTimeUtc":"2026-02-03T04:05:06.7891234Z","expirationTime":"2026-03-03T04:05:06Z","generateAlert":true,"rbacGroupNames":[],"rbacGroupIds":[]}`

const sha1A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func anIndicator(value string) soc.Indicator {
	return soc.Indicator{Type: "filesha1", Value: value, Action: "block", Title: "t", Description: "d"}
}

func TestP11_IndicatorIsSentOnceAsDefenderWantsIt(t *testing.T) {
	t.Parallel()
	var got map[string]any
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/api/indicators" {
			t.Errorf("request %s %s", r.Method, r.URL.Path)
		}
		b, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(b, &got)
		reply200(w, 200, oneIndicator)
	})
	in := anIndicator(strings.ToUpper(sha1A))
	in.Expires = time.Date(2026, 3, 3, 4, 5, 6, 0, time.FixedZone("x", 3600))
	out, err := wt.SubmitIndicator(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if out.ID != "2841" || out.CreatedBy != "cordon" || out.Description != "a\nb" || out.Expires.IsZero() || out.CreatedAt.IsZero() || !out.Alert {
		t.Errorf("indicator = %+v", out)
	}
	want := map[string]any{
		"indicatorValue": sha1A, "indicatorType": "FileSha1", "action": "Block", "title": "t", "description": "d", "generateAlert": false,
		"expirationTime": "2026-03-03T03:05:06Z",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("body = %v\nwant   %v", got, want)
	}
}

func TestP11_DoubtfulSubmitIsNeverRepeated(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) { reply200(w, 502, `{}`) })
	_, err := wt.SubmitIndicator(t.Context(), anIndicator(sha1A))
	wantKind(t, err, soc.KindUnknownOutcome)
	if wt.posts.Load() != 1 {
		t.Errorf("%d posts", wt.posts.Load())
	}
	other := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, 200, strings.ReplaceAll(oneIndicator, sha1A, strings.Repeat("b", 40)))
	})
	_, err = other.SubmitIndicator(t.Context(), anIndicator(sha1A)) // the answer is about another one
	wantKind(t, err, soc.KindUnknownOutcome)
}

func TestP11_ImportTellsEachItem(t *testing.T) {
	t.Parallel()
	var sizes []int
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Indicators []map[string]any `json:"Indicators"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		sizes = append(sizes, len(body.Indicators))
		var items []string
		for n, i := range body.Indicators {
			switch {
			case n == 1: // refused
				items = append(items, fmt.Sprintf(`{"id":"0","indicator":%q,"isFailed":true,"failureReason":"limit"}`, i["indicatorValue"]))
			case n == 2: // not told
			case n == 3: // told without isFailed
				items = append(items, fmt.Sprintf(`{"id":"9","indicator":%q}`, i["indicatorValue"]))
			default:
				items = append(items, fmt.Sprintf(`{"id":"1","indicator":%q,"isFailed":false,"failureReason":null}`, strings.ToUpper(i["indicatorValue"].(string))))
			}
		}
		reply200(w, 200, `{"value":[`+strings.Join(items, ",")+`]}`)
	})
	var list []soc.Indicator
	for n := range 503 {
		list = append(list, anIndicator(fmt.Sprintf("%040x", n)))
	}
	list = append(list, anIndicator("no hash"))
	res, err := wt.ImportIndicators(t.Context(), list)
	if err != nil || len(res) != 504 {
		t.Fatalf("%d results, %v", len(res), err)
	}
	if !slices.Equal(sizes, []int{500, 3}) {
		t.Errorf("batches %v", sizes)
	}
	for _, want := range []struct {
		at     int
		ok     bool
		reason string
	}{{0, true, ""}, {1, false, "limit"}, {2, false, "does not say"}, {3, false, "without a reason"}, {500, true, ""}, {503, false, "not a FileSha1"}} {
		if r := res[want.at]; r.OK != want.ok || !strings.Contains(r.Reason, want.reason) || want.ok && r.Reason != "" {
			t.Errorf("item %d = %+v", want.at, r)
		}
	}
	if list[1].Type != "filesha1" {
		t.Error("the caller's list was changed")
	}
}

func TestP11_ImportStopsAtTheFirstFailedCall(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, 403, `{"error":{"code":"Forbidden","message":"Missing application roles. API required roles: Ti.ReadWrite.All, application roles: Alert.Read.All."}}`)
	})
	var list []soc.Indicator
	for n := range 501 {
		list = append(list, anIndicator(fmt.Sprintf("%040x", n)))
	}
	res, err := wt.ImportIndicators(t.Context(), list)
	wantKind(t, err, soc.KindDenied)
	if wt.posts.Load() != 1 || res[0].OK || res[500].Reason != "not sent" || !strings.Contains(err.Error(), "Ti.ReadWrite.All") {
		t.Errorf("posts %d, first %+v, last %+v: %v", wt.posts.Load(), res[0], res[500], err)
	}
}

func TestP12_ListIsWholeAndSaysWhenItIsNot(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, r *http.Request) {
		top, skip := r.URL.Query().Get("$top"), r.URL.Query().Get("$skip")
		if top != "10000" {
			t.Errorf("top = %s", top)
		}
		n := 10000
		if skip == "10000" {
			n = 3
		}
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(`{"id":"%s%d","indicatorValue":"v%s%d","indicatorType":"DomainName"}`, skip, i, skip, i))
		}
		reply200(w, 200, `{"value":[`+strings.Join(items, ",")+`]}`)
	}
	wt := newWireTest(t, page)
	wt.wallet.give = func(int) (Token, error) { return Token{Value: goodJWT(tenantID, "Ti.ReadWrite"), Life: time.Hour}, nil }
	list, err := wt.Indicators(t.Context())
	if err != nil || len(list.Indicators) != 10003 || list.Cap != 15000 || !strings.Contains(list.Partial, "Ti.ReadWrite.All") {
		t.Fatalf("%d indicators, cap %d, partial %q, %v", len(list.Indicators), list.Cap, list.Partial, err)
	}
	whole := newWireTest(t, page)
	whole.wallet.give = func(int) (Token, error) {
		return Token{Value: goodJWT(tenantID, "Ti.ReadWrite.All"), Life: time.Hour}, nil
	}
	if list, err = whole.Indicators(t.Context()); err != nil || list.Partial != "" {
		t.Errorf("partial %q, %v", list.Partial, err)
	}
}

func TestP11_ByValueTrustsNoFilter(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		if f := r.URL.Query().Get("$filter"); f != "indicatorType eq 'FileSha1' and indicatorValue eq '"+sha1A+"'" {
			t.Errorf("filter = %s", f)
		}
		reply200(w, 200, `{"value":[`+oneIndicator+`,{"id":"7","indicatorValue":"bbb","indicatorType":"FileSha1"}]}`)
	})
	got, err := wt.IndicatorByValue(t.Context(), "FileSha1", strings.ToUpper(sha1A))
	if err != nil || len(got) != 1 || got[0].ID != "2841" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestP11_DeleteIndicator(t *testing.T) {
	t.Parallel()
	wt := newWireTest(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodDelete || r.URL.Path != "/api/indicators/2841" {
			reply200(w, 404, `{"error":{"code":"ResourceNotFound","message":"no"}}`)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if err := wt.DeleteIndicator(t.Context(), "2841"); err != nil {
		t.Error(err)
	}
	wantKind(t, wt.DeleteIndicator(t.Context(), "1"), soc.KindNotFound)
	wantKind(t, wt.DeleteIndicator(t.Context(), "../machines"), soc.KindInvalid)
}

func TestP11_CheckIndicator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, value, action, want, wrong string
	}{
		{"ipaddress", "2001:db8::1", "audit", "2001:0db8:0000:0000:0000:0000:0000:0001", ""},
		{"IpAddress", "10.0.0.0/8", "Block", "", "CIDR"},
		{"DomainName", "Evil.Example.", "Warn", "evil.example", ""},
		{"DomainName", "https://evil.example", "Warn", "", "domain"},
		{"Url", "evil.example/x", "Warn", "", "http"},
		{"Url", "https://evil.example/x", "Block", "https://evil.example/x", ""},
		{"FileMd5", sha1A, "Block", "", "32 hex"},
		{"CertificateThumbprint", sha1A, "Block", "", "BlockAndRemediate"},
		{"WebCategory", "x", "Block", "", "FileSha1"},
	} {
		got, err := CheckIndicator(soc.Indicator{Type: c.kind, Value: c.value, Action: c.action, Title: "t", Description: "d"})
		switch {
		case c.wrong != "":
			if err == nil || soc.KindOf(err) != soc.KindInvalid || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s %s: %v, want %q", c.kind, c.value, err, c.wrong)
			}
		case err != nil || got.Value != c.want:
			t.Errorf("%s %s = %q, %v", c.kind, c.value, got.Value, err)
		case got.Action == "Audit" && !got.Alert:
			t.Error("Audit without an alert")
		}
	}
}

// The bodies of the documentation are read whole.
func TestP11_DocumentedIndicatorBodies(t *testing.T) {
	t.Parallel()
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join("..", "testdata", "defender", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	i, err := decodeIndicator("int-1", read("indicator.json"))
	if err != nil || i.ID != "2841" || i.CreatedBy != "Console" || i.Severity != "High" || i.Expires.IsZero() || !i.Alert || i.Type != "FileSha1" || i.CreatedAt.IsZero() {
		t.Errorf("%+v, %v", i, err)
	}
	items, err := decodeItems(read("indicator_import.json"))
	if err != nil || len(items) != 2 || !items[i.Value].OK || items["x"].OK || items["x"].Reason == "" {
		t.Errorf("%+v, %v", items, err)
	}
	if types := IndicatorTypes(); len(types) != 7 || !slices.Contains(types["FileMd5"], "Warn") || slices.Contains(types["Url"], "BlockAndRemediate") {
		t.Errorf("types = %v", types)
	}
}
