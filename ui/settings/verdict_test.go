package settings

import (
	"strings"
	"testing"

	"cordon/store/soc"
)

// TestV06_TheResultOfEachProductsSet says what works and what does not, as the sets of the products are: none of them is called unusable, and none
// is called complete (product sets: lockdowns without a queue, a queue without lockdowns).
func TestV06_TheResultOfEachProductsSet(t *testing.T) {
	role := func(name, status, detail string) soc.Step {
		return soc.Step{Name: rolePrefix + name, Status: status, Detail: detail}
	}
	const none = " is not granted: something is off"
	alerts, hosts, lock := "read alerts", "read hosts and actions", "isolate and release"
	for name, c := range map[string]struct {
		steps []soc.Step
		want  string
	}{
		"all": {
			[]soc.Step{role(alerts, soc.StepOK, "A granted"), role(hosts, soc.StepOK, "M granted"), role(lock, soc.StepOK, "I granted")},
			"can read and isolate",
		},
		"lockdowns only": {
			[]soc.Step{role(alerts, soc.StepFail, "A"+none), role(hosts, soc.StepOK, "M granted"), role(lock, soc.StepOK, "I granted")},
			"can read hosts and actions, isolate and release; cannot read alerts: A is not granted",
		},
		"lockdowns only, as meant": {
			[]soc.Step{role(alerts, soc.StepOK, "A"+none), role(hosts, soc.StepOK, "M granted"), role(lock, soc.StepOK, "I granted")},
			"can read hosts and actions, isolate and release; cannot read alerts: A is not granted",
		},
		"alerts only": {
			[]soc.Step{role(alerts, soc.StepOK, "A granted"), role(hosts, soc.StepFail, "M"+none), role(lock, soc.StepFail, "I"+none)},
			"can read alerts; cannot read hosts and actions, isolate and release: M is not granted",
		},
		"nothing": {
			[]soc.Step{role(alerts, soc.StepFail, "A"+none), role(hosts, soc.StepFail, "M"+none), role(lock, soc.StepFail, "I"+none)},
			"NOT usable: A is not granted",
		},
		"no sign-in": {
			[]soc.Step{{Name: "sign in", Status: soc.StepFail, Detail: "rejected"}, role(alerts, soc.StepSkip, "")},
			"NOT usable: sign in failed: rejected",
		},
		"clock": {[]soc.Step{role(alerts, soc.StepOK, "A granted"), {Name: "clock", Status: soc.StepFail}}, "can read and isolate, but the clocks differ"},
		"a set that is not whole": {
			[]soc.Step{role(alerts, soc.StepOK, "A granted"), {Name: "profile: Vectra", Status: soc.StepFail, Detail: "Vectra profile: X missing"}},
			"can read and isolate, but Vectra profile: X missing",
		},
	} {
		if got := verdict(c.steps, nil); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestM11_SavedIsNotTested: a channel that was only saved is not said to work, and the cursor of the list stands on it.
func TestM11_SavedIsNotTested(t *testing.T) {
	d, m := start(t, full(), "admin", 80, 19)
	d.Keys("a", "j", "enter")
	d.Type("mobile-two")
	d.Key("ctrl+s")
	if v := d.View(); strings.Contains(v, "RESULT") || !strings.Contains(v, "as saved") {
		t.Errorf("after a save:\n%s", v)
	}
	d.Key("esc")
	if e, _ := m.current(); e.name() != "mobile-two" {
		t.Errorf("the cursor is on %q, want the new channel", e.name())
	}
}

// TestT16_WhoShutsThemselvesOutIsTold before it is saved, and in the list after it.
func TestT16_WhoShutsThemselvesOutIsTold(t *testing.T) {
	d, m := start(t, world(), "admin", 120, 35)
	d.Key("enter")
	m.edit.form.GoTo(fAllowed)
	d.Type("somebody-else")
	if v := d.View(); !strings.Contains(v, "are not among them") {
		t.Errorf("no warning:\n%s", v)
	}
	d.Key("ctrl+s")
	d.Key("esc")
	if v := d.View(); !strings.Contains(v, "not by you") {
		t.Errorf("the list does not tell:\n%s", v)
	}
}

// TestZ06_ReadComesWithReadWrite: a narrower permission is not shown as missing where the wider one is granted.
func TestZ06_ReadComesWithReadWrite(t *testing.T) {
	p := soc.PermissionReport{Permissions: []soc.Permission{
		{Role: "Alert.Read.All", State: soc.PermissionMissing},
		{Role: "Alert.ReadWrite.All", State: soc.PermissionGranted},
		{Role: "Machine.Read.All", State: soc.PermissionMissing},
		{Role: "Machine.ReadWrite.All", State: soc.PermissionMissing},
	}}
	for i, want := range []string{"not needed", "granted", "missing", "missing"} {
		if got := stateOf(p, p.Permissions[i]); got != want {
			t.Errorf("%s: %q, want %q", p.Permissions[i].Role, got, want)
		}
	}
	if got := denied([]string{"read alerts: Alert.Read.All is not in this set", "else"}); got[0] != "read alerts (Alert.Read.All)" || got[1] != "else" {
		t.Errorf("denied = %q", got)
	}
}
