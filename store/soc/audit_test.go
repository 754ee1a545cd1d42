package soc

import (
	"reflect"
	"testing"
	"time"
)

// What the one door and the reconciler write says who, from where, in which session, what, on which host, why, and with which remote action,
// as far as each of them can know it. The negative control is an entry with one of these taken out.
func TestSC21_EntriesOfALockdownSayEverythingThatIsKnown(t *testing.T) {
	alice := Actor{Name: "alice", Via: "ssh", From: "10.0.0.7", Key: "SHA256:abc", Serial: "42", Session: "s-1", Role: "responder"}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	l := Lockdown{
		ID: "LK-1", Key: HostKey{Integration: "i1", MachineID: "m1"}, HostName: "ws-1", By: alice, Reason: "beacons", Period: time.Hour,
		FreshUntil: now.Add(time.Hour),
	}
	l, first, err := Requested(l, now)
	if err != nil {
		t.Fatal(err)
	}
	if lacks := missingFrom(first, l); len(lacks) > 0 || first.Actor != alice || first.Reason != "beacons" || first.After != string(PhaseRequested) {
		t.Errorf("requested lacks %v: %+v", lacks, first)
	}
	m := newMover(l, now)
	m.l.ReleaseReason = "cleaned"
	m.move(PhaseSubmitting, AuditEntry{Action: "send", Result: ResultOK, ActionID: "a-1"})
	got := m.audit[0]
	if lacks := missingFrom(got, m.l); len(lacks) > 0 || got.Before == "" || got.ActionID != "a-1" || got.Reason != "cleaned" || got.Actor.Via != "svc" {
		t.Errorf("moved lacks %v: %+v", lacks, got)
	}
	got.Host = ""
	if lacks := missingFrom(got, m.l); !reflect.DeepEqual(lacks, []string{"host"}) {
		t.Errorf("the check does not see a missing host: %v", lacks)
	}
}

func missingFrom(e AuditEntry, l Lockdown) (lacks []string) {
	for name, ok := range map[string]bool{
		"time": !e.Time.IsZero(), "integration": e.Integration == l.Key.Integration, "host": e.Host == l.Key.MachineID, "target": e.Target == l.HostName,
		"lockdown": e.Lockdown == l.ID, "actor": e.Actor.Name != "", "action": e.Action != "", "result": e.Result != "", "after": e.After != "",
		"reason": e.Reason != "",
	} {
		if !ok {
			lacks = append(lacks, name)
		}
	}
	return lacks
}

// A field that is added to the entry and forgotten in Clean is found by reflection.
func TestSC26_CleanReachesEveryText(t *testing.T) {
	var e AuditEntry
	var spoil func(v reflect.Value)
	spoil = func(v reflect.Value) {
		for i := range v.NumField() {
			switch f := v.Field(i); {
			case f.Kind() == reflect.String:
				f.SetString("a\x1b\nb")
			case f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[time.Time]():
				spoil(f)
			}
		}
	}
	spoil(reflect.ValueOf(&e).Elem())
	e.Prev, e.MAC, e.Hash = "", "", "" // made by the store
	e.Clean()
	var check func(v reflect.Value, path string)
	check = func(v reflect.Value, path string) {
		for i := range v.NumField() {
			f, name := v.Field(i), path+v.Type().Field(i).Name
			switch {
			case f.Kind() == reflect.String && f.String() != "" && f.String() != "a b":
				t.Errorf("%s = %q is not clean", name, f.String())
			case f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[time.Time]():
				check(f, name+".")
			}
		}
	}
	check(reflect.ValueOf(e), "")
}
