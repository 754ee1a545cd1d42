package sim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// status reads an action through the API.
func (r *rig) status(id string) string {
	r.t.Helper()
	return r.get("machineactions/" + id).want(200).str("status")
}

func TestIsolate_LivesOnTheClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	a := r.isolate(id).want(201)
	action := a.str("id")
	if a.str("status") != "Pending" || a.str("type") != "Isolate" || a.str("machineId") != id || a.str("requestor") != r.AppID() || a.str("scope") != "Full" {
		t.Errorf("action = %s", a.body)
	}
	if r.Isolated(id) {
		t.Error("isolated by the mere order")
	}
	r.clock.Add(2 * time.Second)
	if got := r.status(action); got != "InProgress" || r.Isolated(id) {
		t.Errorf("status = %s", got)
	}
	r.clock.Add(4 * time.Second)
	if got := r.status(action); got != "Succeeded" || !r.Isolated(id) {
		t.Errorf("status = %s, isolated %v", got, r.Isolated(id))
	}
	release := r.release(id).want(201).str("id")
	r.clock.Add(time.Minute)
	if got := r.status(release); got != "Succeeded" || r.Isolated(id) {
		t.Errorf("release = %s, isolated %v", got, r.Isolated(id))
	}
	if got := r.get("machineactions/" + release).str("lastUpdateDateTimeUtc"); got != "2026-02-03T04:05:15.7891234Z" {
		t.Errorf("the release ended at %s: time passed in one step, but not at its own moments", got)
	}
}

func TestIsolate_BodyIsCaseSensitive(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{MaxComment: 10}})
	path := "machines/" + r.host(victim) + "/isolate"
	for body, code := range map[string]string{
		`{"comment":"x","IsolationType":"Full"}`:           "MissingRequiredParameter",
		`{"Comment":"","IsolationType":"Full"}`:            "MissingRequiredParameter",
		`{"Comment":"x","IsolationType":"full"}`:           "InvalidInput",
		`{"Comment":"x"}`:                                  "InvalidInput",
		`{"Comment":"01234567890","IsolationType":"Full"}`: "InvalidInput",
		`{"Comment":`: "InvalidRequestBody",
		`{"Comment":"x","IsolationType":"UnManagedDevice"}`:     "InvalidInput",
		`{"Comment":null,"IsolationType":"Full"}`:               "MissingRequiredParameter",
		`{"Comment":["x"],"IsolationType":"Full"}`:              "MissingRequiredParameter",
		`{"COMMENT":"x","Comment":"","IsolationType":"Full"}`:   "MissingRequiredParameter",
		`{"Comment":"x","isolationType":"Full","Extra":"Full"}`: "InvalidInput",
	} {
		if a := r.do("POST", path, body).want(400); a.code() != code {
			t.Errorf("%s: code = %s, want %s", body, a.code(), code)
		}
	}
	if n := len(r.Actions()); n != 0 {
		t.Errorf("%d actions came out of refused orders", n)
	}
	r.do("POST", "machines/"+strings.Repeat("0", 40)+"/isolate", `{"Comment":"x","IsolationType":"Full"}`).want(404)
}

func TestIsolate_PlatformTable(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for _, tt := range []struct{ host, order, body, code string }{
		{"Zoë’s iPhone", "isolate", `{"Comment":"x","IsolationType":"Full"}`, "OsPlatformNotSupported"},
		{"SRV-LNX-WEB-01.corp.example", "isolate", `{"Comment":"x","IsolationType":"Selective"}`, "OsPlatformNotSupported"},
		{"SRV-LNX-WEB-01.corp.example", "restrictCodeExecution", `{"Comment":"x"}`, "OsPlatformNotSupported"},
		{"WS-LEG-0009.corp.example", "isolate", `{"Comment":"x","IsolationType":"Full"}`, "ClientVersionNotSupported"},
		{"PRN-LON-04.corp.example", "isolate", `{"Comment":"x","IsolationType":"Full"}`, "InvalidInput"},
		{"PRN-LON-04.corp.example", "isolate", `{"Comment":"x","IsolationType":"UnManagedDevice"}`, ""},
		{"SRV-LNX-WEB-01.corp.example", "isolate", `{"Comment":"x","IsolationType":"Full"}`, ""},
		{"MAC-MKT-0007.corp.example", "isolate", `{"Comment":"x","IsolationType":"Selective"}`, ""},
	} {
		a := r.do("POST", "machines/"+r.host(tt.host)+"/"+tt.order, tt.body)
		if tt.code == "" {
			a.want(201)
		} else if a.want(400); a.code() != tt.code {
			t.Errorf("%s %s: code = %s, want %s", tt.order, tt.host, a.code(), tt.code)
		}
	}
}

func TestOffline_WaitsAndTimesOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(awake)
	action := r.isolate(id).want(201).str("id")
	r.clock.Add(72*time.Hour - time.Second)
	if got := r.status(action); got != "Pending" {
		t.Fatalf("status = %s", got)
	}
	r.clock.Add(time.Second)
	a := r.get("machineactions/" + action)
	if a.str("status") != "TimeOut" || a.json()["errorHResult"] != float64(-2145844840) || r.Isolated(id) {
		t.Errorf("action = %s", a.body)
	}
}

func TestOffline_HostComingBackCompletesTheAction(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(awake)
	action := r.isolate(id).want(201).str("id")
	r.clock.Add(50 * time.Hour)
	if err := r.SetOnline(id, true); err != nil {
		t.Fatal(err)
	}
	r.clock.Add(2 * time.Second)
	if err := r.SetOnline(id, false); err != nil { // loses contact while running
		t.Fatal(err)
	}
	r.clock.Add(time.Hour)
	if got := r.status(action); got != "InProgress" {
		t.Fatalf("status = %s", got)
	}
	if err := r.SetOnline(id, true); err != nil {
		t.Fatal(err)
	}
	r.clock.Add(time.Minute)
	if got := r.status(action); got != "Succeeded" || !r.Isolated(id) {
		t.Errorf("status = %s, isolated %v", got, r.Isolated(id))
	}
}

func TestD14_SecondIsolateInAllVariants(t *testing.T) {
	t.Parallel()
	for policy, want := range map[DuplicatePolicy]struct {
		status, actions int
		code            string
	}{
		DuplicateRefused:     {400, 1, "ActiveRequestAlreadyExists"},
		DuplicateMessageOnly: {400, 1, "BadRequest"},
		DuplicateExisting:    {201, 1, ""},
		DuplicateCreated:     {201, 2, ""},
	} {
		r := newRig(t, Options{Behaviour: Behaviour{Duplicate: policy}})
		id := r.host(victim)
		first := r.isolate(id).want(201).str("id")
		second := r.isolate(id).want(want.status)
		if want.status == 400 && (second.code() != want.code || !strings.Contains(second.body, "Action is already in progress")) {
			t.Errorf("policy %d: body = %s", policy, second.body)
		}
		if policy == DuplicateExisting && second.str("id") != first {
			t.Error("not the existing action")
		}
		if got := len(r.ActionsOf(id)); got != want.actions {
			t.Errorf("policy %d: %d actions, want %d", policy, got, want.actions)
		}
		posts := r.Posts(id, "isolate")
		if len(posts) != 2 || !posts[0].Effect || posts[1].Effect != (policy == DuplicateCreated) {
			t.Errorf("policy %d: posts = %+v", policy, posts)
		}
	}
}

func TestCrossing_ReleaseWhileIsolateIsPending(t *testing.T) {
	t.Parallel()
	refused := newRig(t, Options{})
	id := refused.host(victim)
	refused.isolate(id).want(201)
	if a := refused.release(id).want(400); a.code() != "ActiveRequestAlreadyExists" {
		t.Errorf("code = %s", a.code())
	}

	slow := map[string]Delay{"Isolate": {time.Second, time.Minute}}
	r := newRig(t, Options{Behaviour: Behaviour{Crossing: true}, Delays: slow})
	id = r.host(victim)
	r.isolate(id).want(201)
	release := r.release(id).want(201).str("id")
	r.clock.Add(10 * time.Second)
	if got := r.status(release); got != "Succeeded" || r.Isolated(id) {
		t.Fatalf("release = %s", got)
	}
	r.clock.Add(time.Minute)
	if !r.Isolated(id) {
		t.Error("the isolate that was overtaken did not execute")
	}
}

func TestC01_LateIsolateAfterRelease(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{StickDuplicates: true, LateAfter: 40 * time.Second}})
	id := r.host(victim)
	r.isolate(id).want(201)
	r.clock.Add(10 * time.Second)
	stuck := r.isolate(id).want(201).str("id") // accepted, because none is open
	r.clock.Add(time.Hour)
	if got := r.status(stuck); got != "Pending" {
		t.Fatalf("second isolate = %s, want Pending", got)
	}
	if a := r.release(id).want(400); a.code() != "ActiveRequestAlreadyExists" {
		t.Errorf("the stuck isolate does not block the release: %s", a.body)
	}
	r.Behave(func(b *Behaviour) { b.Crossing = true })
	r.release(id).want(201)
	r.clock.Add(10 * time.Second)
	r.Advance()
	if r.Isolated(id) {
		t.Fatal("not released")
	}
	r.clock.Add(time.Minute)
	if got := r.status(stuck); got != "Succeeded" || !r.Isolated(id) {
		t.Errorf("late isolate = %s, isolated %v; want the host isolated again", got, r.Isolated(id))
	}
}

func TestC01_StuckIsolateFromOutsideCanBeCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	stuck, err := r.StickIsolate(id, "jon.reyes@corp.example")
	if err != nil {
		t.Fatal(err)
	}
	a := r.do("POST", "machineactions/"+stuck+"/cancel", `{"Comment":"stray"}`).want(200)
	if a.str("status") != "Cancelled" || a.str("cancellationComment") != "stray" || a.str("cancellationRequestor") != r.AppID() ||
		a.str("cancellationDateTimeUtc") == "" || a.json()["errorHResult"] != float64(-2147467260) {
		t.Errorf("action = %s", a.body)
	}
	if posts := r.Posts(id, "cancel"); len(posts) != 1 || !posts[0].Effect || posts[0].ActionID != stuck {
		t.Errorf("posts = %+v", posts)
	}
}

func TestCancel_TooLateAndWithoutTheRole(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	action := r.isolate(id).want(201).str("id")
	cancel := func() answer { return r.do("POST", "machineactions/"+action+"/cancel", `{"Comment":"x"}`) }
	r.do("POST", "machineactions/"+action+"/cancel", `{"comment":"x"}`).want(400)
	r.SetRoles("Machine.Scan")
	r.login()
	if a := cancel().want(403); !strings.Contains(a.body, "API required roles: Machine.Isolate,") {
		t.Errorf("body = %s", a.body)
	}
	r.SetRoles(AllRoles()...)
	r.login()
	r.clock.Add(2 * time.Second)
	cancel().want(400) // running
	r.Behave(func(b *Behaviour) { b.CancelRunning = true })
	cancel().want(200)
	cancel().want(400) // final
	r.do("POST", "machineactions/00000000-0000-4000-8000-000000000000/cancel", `{"Comment":"x"}`).want(404)
}

func TestD21_IsolationFromOutside(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	action, err := r.ExternalIsolate(id, "mira.holt@corp.example")
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Add(time.Minute)
	a := r.get("machineactions/" + action)
	if a.str("requestSource") != "Portal" || a.str("requestor") != "mira.holt@corp.example" || !r.Isolated(id) {
		t.Errorf("action = %s", a.body)
	}
	if _, err := r.ExternalRelease(id, "mira.holt@corp.example"); err != nil {
		t.Fatal(err)
	}
	r.clock.Add(time.Minute)
	if r.Isolated(id) {
		t.Error("still isolated")
	}
	before := len(r.Actions())
	if _, err := r.Disrupt(id, false); err != nil || !r.Isolated(id) || len(r.Actions()) != before {
		t.Errorf("invisible disruption: err %v, isolated %v", err, r.Isolated(id))
	}
	if err := r.LoseIsolation(id); err != nil || r.Isolated(id) {
		t.Errorf("lost isolation: err %v", err)
	}
	seen, err := r.Disrupt(id, true)
	if err != nil || r.status(seen) != "Succeeded" || !slices.Equal(r.AllIsolated(), []string{id}) {
		t.Errorf("visible disruption: err %v", err)
	}
	if n := len(r.Posts("", "")); n != 0 {
		t.Errorf("%d posts were booked for things from outside", n)
	}
}

func TestActions_ListFiltersAndLag(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{ListLag: 3 * time.Minute, GetLag: 5 * time.Second}})
	id, other := r.host(victim), r.host(awake)
	first := r.isolate(id).want(201).str("id")
	r.clock.Add(time.Minute)
	second := r.isolate(other).want(201).str("id")
	r.get("machineactions/" + second).want(404) // details lag a little
	r.clock.Add(2 * time.Minute)
	if got := r.get("machineactions").ids(); !slices.Equal(got, []string{first}) {
		t.Errorf("list = %v, want only the older action", got)
	}
	r.clock.Add(time.Minute)
	for filter, want := range map[string][]string{
		"": {second, first},
		"machineId eq '" + id + "' and (type eq 'Isolate' or type eq 'Unisolate')": {first},
		"status in ('Pending','InProgress')":                                       {second},
		"id in ('" + first + "')":                                                  {first},
		"requestor eq '" + r.AppID() + "'":                                         {second, first},
		"creationDateTimeUtc ge 2026-02-03T04:06:00Z":                              {second},
		"lastUpdateDateTimeUtc lt 2026-02-03T04:06:00Z":                            {first},
		"type eq 'Unisolate'":                                                      nil,
	} {
		if got := r.list("machineactions", "$filter", filter).ids(); !slices.Equal(got, want) {
			t.Errorf("%q = %v, want %v", filter, got, want)
		}
	}
	a := r.list("machineactions", "$orderby", "creationDateTimeUtc asc", "$top", "1", "$skip", "1", "$count", "true")
	if got := a.ids(); !slices.Equal(got, []string{second}) || a.json()["@odata.count"] != float64(2) {
		t.Errorf("page = %v, count %v", got, a.json()["@odata.count"])
	}
	r.list("machineactions", "$filter", "requestorComment eq 'x'").want(400)
}

func TestActions_OtherKinds(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Behaviour: Behaviour{KeepExternalID: true}})
	id := r.host(victim)
	post := func(order, body string) answer { return r.do("POST", "machines/"+id+"/"+order, body) }
	post("runAntiVirusScan", `{"Comment":"x","ScanType":"quick"}`).want(400)
	if a := post("runAntiVirusScan", `{"Comment":"x","ScanType":"Quick"}`).want(201); a.str("scope") != "Quick" {
		t.Errorf("scan = %s", a.body)
	}
	post("StopAndQuarantineFile", `{"Comment":"x","Sha1":"zz"}`).want(400)
	file := post("StopAndQuarantineFile", `{"Comment":"x","Sha1":"`+strings.Repeat("a", 40)+`"}`).want(201)
	if _, ok := file.json()["relatedFileInfo"].(map[string]any); !ok {
		t.Errorf("file = %s", file.body)
	}
	post("restrictCodeExecution", `{"Comment":"x"}`).want(201)
	pack := post("collectInvestigationPackage", `{"Comment":"x","ExternalId":"lk-1"}`).want(201)
	if pack.str("externalId") != "lk-1" {
		t.Errorf("externalId = %q", pack.str("externalId"))
	}
	post("collectInvestigationPackage", `{"Comment":"x"}`).want(400)
	uri := "machineactions/" + pack.str("id") + "/getPackageUri"
	r.get(uri).want(404)
	r.clock.Add(time.Minute)
	if got := r.get(uri).want(200).str("value"); !strings.HasPrefix(got, `"https://`) || !strings.HasSuffix(got, `"`) {
		t.Errorf("value = %s, want quotes inside the text (quirk 11)", got)
	}
	if !r.Restricted(id) {
		t.Error("not restricted")
	}
	post("unrestrictCodeExecution", `{"Comment":"x"}`).want(201)
	r.clock.Add(time.Minute)
	if r.Restricted(id) {
		t.Error("still restricted")
	}
}

func TestActions_FailAndFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	r.FailNext("Isolate", 1)
	failed := r.isolate(id).want(201).str("id")
	r.clock.Add(time.Minute)
	if got := r.status(failed); got != "Failed" || r.Isolated(id) {
		t.Errorf("status = %s", got)
	}
	next := r.isolate(id).want(201).str("id")
	if err := r.FinishAction(next, "Succeeded"); err != nil || !r.Isolated(id) {
		t.Errorf("err %v, isolated %v", err, r.Isolated(id))
	}
	if err := r.CancelAction(next, "x"); err == nil {
		t.Error("a final action was cancelled")
	}
}

func TestClock_StepBackChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	action := r.isolate(id).want(201).str("id")
	r.clock.Add(time.Minute)
	r.Advance()
	r.clock.Add(-time.Hour)
	if got := r.status(action); got != "Succeeded" || !r.Isolated(id) {
		t.Errorf("status = %s", got)
	}
}
