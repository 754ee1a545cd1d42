package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAlerts_NewestFirstAndEvidenceOnlyOnRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	plain := r.list("alerts", "$top", "20").rows()
	for i, a := range plain {
		if n := len(a["evidence"].([]any)); n != 0 {
			t.Errorf("row %d carries %d evidence records without $expand", i, n)
		}
		if i > 0 && a["alertCreationTime"].(string)[:19] > plain[i-1]["alertCreationTime"].(string)[:19] {
			t.Errorf("row %d is newer than the row before it", i)
		}
	}
	total := 0
	for _, a := range r.list("alerts", "$top", "20", "$expand", "evidence").rows() {
		total += len(a["evidence"].([]any))
	}
	if total == 0 {
		t.Error("no evidence with $expand")
	}
}

func TestAlerts_TopAndSkipWalkEverythingOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Alerts: 95})
	for _, filter := range []string{"", "status ne 'Resolved'"} {
		var got []string
		for skip := 0; ; skip += 20 {
			a := r.list("alerts", "$top", "20", "$skip", fmt.Sprint(skip), "$filter", filter, "$orderby", "lastUpdateTime asc")
			if _, ok := a.json()["@odata.nextLink"]; ok {
				t.Fatal("a next link came although $top was sent (D-07)")
			}
			got = append(got, a.ids()...)
			if len(a.ids()) < 20 {
				break
			}
		}
		all := r.list("alerts", "$filter", filter).ids()
		slices.Sort(got)
		slices.Sort(all)
		if !slices.Equal(got, all) {
			t.Errorf("filter %q: paging gave %d ids, one page %d", filter, len(got), len(all))
		}
	}
}

func TestAlerts_NextLinkWithoutTop(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Alerts: 25, Behaviour: Behaviour{PageSize: 10}})
	path, seen := "alerts?$filter=status+ne+'None'", map[string]bool{}
	pages := 0
	for path != "" {
		a := r.get(path)
		for _, id := range a.ids() {
			seen[id] = true
		}
		pages++
		path = strings.TrimPrefix(a.str("@odata.nextLink"), r.url+"/api/")
	}
	if len(seen) != 25 || pages != 3 {
		t.Errorf("%d alerts on %d pages, want 25 on 3", len(seen), pages)
	}
}

func TestAlerts_OptionsOutOfRange(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for _, pair := range [][2]string{
		{"$top", "10001"},
		{"$top", "-1"},
		{"$skip", "x"},
		{"$filter", "title eq 'x'"},
		{"$orderby", "title"},
		{"$orderby", "status up"},
	} {
		if a := r.list("alerts", pair[0], pair[1]).want(400); a.code() != "ODataError" {
			t.Errorf("%v: code = %s", pair, a.code())
		}
	}
}

func TestC11_EqualTimesAndLateArrivals(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Alerts: 1})
	at := r.clock.Now().Add(-time.Minute)
	want := []string{r.AddAlert(Alert{LastUpdateTime: at, AlertCreationTime: at}), r.AddAlert(Alert{LastUpdateTime: at, AlertCreationTime: at})}
	filter := "lastUpdateTime ge " + string(appendTick(nil, tickOf(at)))
	first := r.list("alerts", "$filter", filter, "$orderby", "lastUpdateTime asc", "$top", "1").ids()
	second := r.list("alerts", "$filter", filter, "$orderby", "lastUpdateTime asc", "$top", "1", "$skip", "1").ids()
	if got := append(first, second...); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	late := r.AddAlert(Alert{LastUpdateTime: at.Add(-5 * time.Hour), AlertCreationTime: at.Add(-5 * time.Hour)})
	if ids := r.list("alerts", "$filter", filter).ids(); slices.Contains(ids, late) {
		t.Error("a late arrival is newer than its own time")
	}
	if ids := r.list("alerts").ids(); !slices.Contains(ids, late) {
		t.Error("a late arrival is invisible")
	}
}

func TestAlerts_OrderVariants(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	asked := r.list("alerts", "$orderby", "lastUpdateTime asc").ids()
	r.Behave(func(b *Behaviour) { b.AlertOrder = OrderIgnored })
	if ignored := r.list("alerts", "$orderby", "lastUpdateTime asc").ids(); !slices.Equal(ignored, r.list("alerts").ids()) || slices.Equal(ignored, asked) {
		t.Error("OrderIgnored does not list newest first")
	}
	r.Behave(func(b *Behaviour) { b.AlertOrder = OrderRefused })
	r.list("alerts", "$orderby", "lastUpdateTime asc").want(400)
	r.Behave(func(b *Behaviour) { b.NoIn = true })
	r.list("alerts", "$filter", "id in ('a')").want(400)
}

func TestAlerts_ListLags(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{AlertLag: time.Hour}})
	id := r.AddAlert(Alert{})
	if slices.Contains(r.list("alerts").ids(), id) {
		t.Error("the list shows a change that it should not know yet")
	}
	r.get("alerts/" + id).want(200)
	r.clock.Add(time.Hour)
	if !slices.Contains(r.list("alerts").ids(), id) {
		t.Error("the change never appears")
	}
}

func TestAlerts_PatchIsCaseSensitiveAndMovesTheAlert(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.list("alerts", "$filter", "status eq 'New'", "$orderby", "lastUpdateTime asc", "$top", "1").ids()[0]
	for _, body := range []string{`{"Status":"Resolved"}`, `{"status":"resolved"}`, `{"status":1}`, `{}`, `[]`, `{"determination":"Apt"}`, ``} {
		if a := r.do("PATCH", "alerts/"+id, body).want(400); a.code() != "InvalidRequestBody" {
			t.Errorf("%s: code = %s", body, a.code())
		}
	}
	r.clock.Add(time.Second)
	a := r.do("PATCH", "alerts/"+id, `{"status":"Resolved","classification":"TruePositive","determination":"Malware","comment":"done"}`).want(200)
	if a.str("status") != "Resolved" || a.str("resolvedTime") == "" {
		t.Errorf("status %q, resolvedTime %q", a.str("status"), a.str("resolvedTime"))
	}
	if comments := a.json()["comments"].([]any); len(comments) == 0 || comments[len(comments)-1].(map[string]any)["createdBy"] != r.AppID() {
		t.Errorf("comments = %v", comments)
	}
	if newest := r.list("alerts", "$orderby", "lastUpdateTime desc", "$top", "1").ids()[0]; newest != id {
		t.Errorf("the newest change is %s, want %s", newest, id)
	}
	if got := r.list("alerts", "$filter", "status eq 'New'").ids(); slices.Contains(got, id) {
		t.Error("the filter still sees the old status")
	}
	if posts := r.Posts("", "update"); !posts[len(posts)-1].Effect || posts[0].Effect {
		t.Error("the journal does not tell refused from effective updates")
	}
	r.do("PATCH", "alerts/nope", `{"status":"New"}`).want(404)
}

func TestAlerts_PatchVariants(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{StalePatch: true, RefuseDetermination: []string{"NotMalicious"}}})
	id := r.list("alerts", "$filter", "status eq 'New'", "$top", "1").ids()[0]
	if got := r.do("PATCH", "alerts/"+id, `{"status":"InProgress"}`).want(200).str("status"); got != "New" {
		t.Errorf("status = %s, want the value from before", got)
	}
	if got := r.get("alerts/" + id).str("status"); got != "InProgress" {
		t.Errorf("status = %s after all", got)
	}
	r.do("PATCH", "alerts/"+id, `{"determination":"NotMalicious"}`).want(400)
	r.do("PATCH", "alerts/"+id, `{"determination":"Clean"}`).want(200)
}

func TestAlerts_BatchUpdateHasNoBodyAndIsAllOrNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	ids := r.list("alerts", "$filter", "status eq 'New'", "$top", "3").ids()
	body := fmt.Sprintf(`{"alertIds":["%s"],"status":"InProgress"}`, strings.Join(ids, `","`))
	if a := r.do("POST", "alerts/batchUpdate", body).want(200); a.body != "" {
		t.Errorf("body = %q", a.body)
	}
	r.do("POST", "alerts/batchUpdate", fmt.Sprintf(`{"alertIds":["%s","nope"],"status":"New"}`, ids[0])).want(404)
	if got := r.get("alerts/" + ids[0]).str("status"); got != "InProgress" {
		t.Errorf("status = %s", got)
	}
	r.do("POST", "alerts/batchUpdate", `{"AlertIds":["x"],"status":"New"}`).want(400)
}

func TestAlerts_RelatedThings(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{EventEvery: 10 * time.Second})
	r.clock.Add(3 * time.Minute)
	beacon := ""
	for _, a := range r.list("alerts", "$expand", "evidence").rows() {
		if a["title"] == "Cobalt Strike beacon detected" && a["incidentId"] == float64(storyIncident) {
			beacon = a["id"].(string)
		}
	}
	if got := r.get("alerts/" + beacon + "/machine").want(200).str("computerDnsName"); got != victim {
		t.Errorf("machine = %s", got)
	}
	if got := r.get("alerts/" + beacon + "/user").want(200).str("id"); got != `CORP\a.keller` {
		t.Errorf("user = %s", got)
	}
	if hosts := r.get("alerts/" + beacon + "/domains").rows(); len(hosts) == 0 || hosts[0]["host"] != "metrics-sync.example" {
		t.Errorf("domains = %v", hosts)
	}
	if ips := r.get("alerts/" + beacon + "/ips").rows(); len(ips) == 0 {
		t.Error("no addresses")
	}
	if files := r.get("alerts/" + beacon + "/files").rows(); len(files) == 0 {
		t.Error("no files")
	}
	cloud := r.AddAlert(Alert{Title: "no device"})
	r.get("alerts/" + cloud + "/machine").want(404)
	r.get("alerts/" + cloud + "/user").want(404)
}

func TestAlerts_RawShapesPassThrough(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	const raw = `{"id":"x","incidentId":"4711","category":"null","status":"queued","lastUpdateTime":"0001-01-01T00:00:00Z","title":null,"added":{}}`
	r.AddAlert(Alert{ID: "x", Raw: raw})
	if got := r.get("alerts/x").want(200).body; got != raw {
		t.Errorf("body = %s", got)
	}
	if !strings.Contains(r.get("alerts").body, raw) {
		t.Error("the list does not carry the raw shape")
	}
}
