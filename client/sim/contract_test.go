package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// sample reads one documented payload.
func sample(t *testing.T, name string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "defender", name))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// shape lists the keys of a value with the JSON type of what they hold. Null
// fits every type; lists are judged by their first item.
func shape(prefix string, v any, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			shape(prefix+"."+k, inner, out)
		}
	case []any:
		out[prefix] = "list"
		if len(v) > 0 {
			shape(prefix+"[]", v[0], out)
		}
	case string:
		out[prefix] = "string"
	case float64:
		out[prefix] = "number"
	case bool:
		out[prefix] = "bool"
	case nil:
		out[prefix] = "null"
	}
}

// sameShape compares what the simulator sends with the documented sample.
// Optional keys may be missing from the sample.
func sameShape(t *testing.T, name string, got map[string]any, optional ...string) {
	t.Helper()
	want, have := map[string]string{}, map[string]string{}
	shape("", sample(t, name), want)
	shape("", got, have)
	for key, kind := range want {
		if key == ".@odata.context" {
			continue
		}
		g, ok := have[key]
		if !ok {
			t.Errorf("%s: documented key %s is missing", name, key)
		} else if g != kind && g != "null" && kind != "null" {
			t.Errorf("%s: %s is a %s, documented as %s", name, key, g, kind)
		}
	}
	for key := range have {
		if _, ok := want[key]; !ok && !slices.Contains(optional, key) && key != ".@odata.context" {
			t.Errorf("%s: key %s is not documented", name, key)
		}
	}
}

func TestN21_WireShapesMatchTheDocumentation(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{EventEvery: time.Second})
	id := r.host(victim)
	r.clock.Add(time.Minute)
	alert := r.list("alerts", "$filter", "incidentId eq 9001", "$top", "1", "$orderby", "alertCreationTime asc", "$skip", "1").ids()[0]
	r.do("PATCH", "alerts/"+alert, `{"comment":"seen"}`).want(200)

	sameShape(t, "alert.json", r.get("alerts/"+alert).json(), ".recommendedAction")
	sameShape(t, "machine.json", r.get("machines/"+id).json())
	sameShape(t, "machineaction.json", r.isolate(id).want(201).json())
	sameShape(t, "user.json", r.get("machines/" + id + "/logonusers").rows()[0])
	sameShape(t, "error.json", r.get("machines/none").want(404).json())
	sameShape(t, "token.json", r.signIn(r.TenantID(), r.form()).json())
	form := r.form()
	form.Set("client_secret", "x")
	sameShape(t, "token_error.json", r.signIn(r.TenantID(), form).want(401).json())
	list := r.list("alerts", "$top", "1").json()
	for _, key := range []string{"@odata.context", "value"} {
		if _, ok := list[key]; !ok {
			t.Errorf("the list has no %s", key)
		}
	}
	if len(list) != 2 {
		t.Errorf("the list has %d keys, want 2", len(list))
	}
}

// The comparison itself must notice a wrong name and a wrong type.
func TestN21_ShapeComparisonNoticesDifferences(t *testing.T) {
	t.Parallel()
	want, have := map[string]string{}, map[string]string{}
	shape("", sample(t, "machineaction.json"), want)
	changed := sample(t, "machineaction.json")
	changed["errorHResult"] = "0"
	changed["lastUpdateTimeUtc"] = changed["lastUpdateDateTimeUtc"]
	delete(changed, "lastUpdateDateTimeUtc")
	shape("", changed, have)
	if have[".errorHResult"] == want[".errorHResult"] || have[".lastUpdateTimeUtc"] == want[".lastUpdateTimeUtc"] || have[".lastUpdateDateTimeUtc"] != "" {
		t.Error("differences are not seen")
	}
}
