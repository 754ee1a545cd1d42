package sim

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestMachines_GetByIDAndName(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	for _, key := range []string{id, victim, strings.ToUpper(victim), "v1.0"} {
		a := r.get("machines/" + key)
		if key == "v1.0" {
			a.want(404)
			continue
		}
		if got := a.want(200).str("id"); got != id {
			t.Errorf("%s: id = %s, want %s", key, got, id)
		}
	}
	r.get("machines/" + strings.Repeat("0", 40)).want(404)
}

func TestC09_PartOfANameFindsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	one, ten := r.get("machines/PC1").want(200).str("id"), r.get("machines/PC10").want(200).str("id")
	if one == ten {
		t.Error("PC1 and PC10 are the same machine")
	}
	r.get("machines/PC").want(404)
	if got := r.list("machines", "$filter", "startswith(computerDnsName,'pc1')").ids(); len(got) != 3 {
		t.Errorf("startswith found %d machines, want PC1, PC10, PC100", len(got))
	}
}

func TestC10_OneNameSeveralRecords(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	rows := r.list("machines", "$filter", "computerDnsName eq 'WS-HR-0031.corp.example'").rows()
	if len(rows) != 2 {
		t.Fatalf("%d records, want 2", len(rows))
	}
	var health []string
	for _, m := range rows {
		health = append(health, m["healthStatus"].(string))
	}
	slices.Sort(health)
	if !slices.Equal(health, []string{"Active", "Inactive"}) {
		t.Errorf("health = %v", health)
	}
	merged := r.list("machines", "$filter", "computerDnsName eq 'WS-OPS-0077.corp.example' and healthStatus eq 'Inactive'").rows()
	if len(merged) != 1 || merged[0]["mergedIntoMachineId"] == nil {
		t.Errorf("merged = %v", merged)
	}
}

func TestMachines_EmptyListVariants(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	const none = "computerDnsName eq 'nobody'"
	if got := r.list("machines", "$filter", none).want(200).rows(); len(got) != 0 {
		t.Errorf("rows = %v", got)
	}
	r.Behave(func(b *Behaviour) { b.EmptyMachines404 = true })
	r.list("machines", "$filter", none).want(404)
}

func TestMachines_CountAndOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	a := r.list("machines", "$count", "true", "$top", "5", "$orderby", "computerDnsName desc")
	if got := a.json()["@odata.count"]; got != float64(r.MachineCount()) {
		t.Errorf("count = %v, want %d", got, r.MachineCount())
	}
	var names []string
	for _, m := range a.rows() {
		names = append(names, m["computerDnsName"].(string))
	}
	if !slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("names = %v", names)
	}
	if got := r.list("machines", "$filter", "machineTags/any(t: t eq 'domain-controller')").ids(); len(got) < 2 {
		t.Errorf("%d domain controllers", len(got))
	}
}

func TestMachines_FindByIP(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	path := func(at time.Time) string {
		return "machines/findbyip(ip='10.20.14.42',timestamp=" + at.Format("2006-01-02T15:04:05Z") + ")"
	}
	if got := r.get(path(r.clock.Now())).ids(); !slices.Equal(got, []string{r.host(victim)}) {
		t.Errorf("ids = %v", got)
	}
	r.get(path(r.clock.Now().Add(-31 * 24 * time.Hour))).want(400)
	r.get("machines/findbyip(ip='10.20.14.42')").want(400)
}

func TestMachines_UsersAndAlerts(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{EventEvery: time.Second})
	id := r.host(victim)
	users := r.get("machines/" + id + "/logonusers").rows()
	if len(users) != 1 || users[0]["accountName"] != "a.keller" || users[0]["isDomainAdmin"] != false {
		t.Errorf("users = %v", users)
	}
	alerts := r.list("machines/"+id+"/alerts", "$filter", "status ne 'Resolved'")
	for _, a := range alerts.rows() {
		if a["machineId"] != id {
			t.Errorf("alert of another machine: %v", a["machineId"])
		}
	}
	count := r.get("machines/" + id + "/alerts/$count?$filter=status+ne+'Resolved'")
	if n := len(alerts.rows()); n < 2 || count.body != strconv.Itoa(n) || count.header.Get("Content-Type") != "text/plain" {
		t.Errorf("count = %q (%s), rows %d", count.body, count.header.Get("Content-Type"), len(alerts.rows()))
	}
}

func TestMachines_TagsAndValue(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.host(victim)
	tags := func(a answer) []any { t.Helper(); return a.want(200).json()["machineTags"].([]any) }
	if got := tags(r.do("POST", "machines/"+id+"/tags", `{"Value":"held","Action":"Add"}`)); len(got) != 2 {
		t.Errorf("tags = %v", got)
	}
	if got := tags(r.do("POST", "machines/"+id+"/tags", `{"Value":"finance","Action":"Remove"}`)); len(got) != 1 || got[0] != "held" {
		t.Errorf("tags = %v", got)
	}
	r.do("POST", "machines/"+id+"/tags", `{"value":"held","Action":"Add"}`).want(400)
	if got := tags(r.do("PATCH", "machines/"+id, `{"machineTags":["only"]}`)); len(got) != 1 || got[0] != "only" {
		t.Errorf("PATCH should replace the list, tags = %v", got)
	}
	if got := r.do("POST", "machines/"+id+"/setDeviceValue", `{"DeviceValue":"High"}`).want(200).str("deviceValue"); got != "High" {
		t.Errorf("value = %s", got)
	}
	r.do("POST", "machines/"+id+"/setDeviceValue", `{"DeviceValue":"high"}`).want(400)
}

func TestMachines_AddedAndChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	id := r.AddMachine(Machine{ComputerDNSName: "new-host"})
	if got := r.get("machines/new-host").want(200).str("id"); got != id {
		t.Errorf("id = %s, want %s", got, id)
	}
	if err := r.ChangeMachine(id, func(m *Machine) { m.ComputerDNSName = "renamed" }); err != nil {
		t.Fatal(err)
	}
	r.get("machines/new-host").want(404)
	r.get("machines/renamed").want(200)
	if got := r.MachineAt(r.MachineCount() - 1).ID; got != id {
		t.Errorf("last machine = %s", got)
	}
}
