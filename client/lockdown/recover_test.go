package lockdown_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cordon/client"
	"cordon/client/sim"
	"cordon/store/soc"
)

// second puts another isolated host into the world, with a period of its own.
func (w *world) second(period time.Duration) (soc.Host, soc.Lockdown) {
	w.t.Helper()
	machines, err := w.c.Machines(w.t.Context(), client.MachinesQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range machines {
		if h.Key != w.host.Key && h.Onboarded() && h.Reachable() && h.Protected() == "" && h.MergedInto == "" && h.OSPlatform == w.host.OSPlatform {
			h.FetchedAt = w.clock.Now()
			if err := w.store.PutHosts(w.t.Context(), h); err != nil {
				w.t.Fatal(err)
			}
			l, err := w.svc.Isolate(w.t.Context(), analyst(), soc.IsolateRequest{Host: h.Key, Period: period, Reason: "lateral movement"})
			if err != nil {
				w.t.Fatal(err)
			}
			return h, l
		}
	}
	w.t.Fatal("no second host")
	return soc.Host{}, soc.Lockdown{}
}

// TestK12_RecoverAfterTheDatabaseWasLost: two hosts are isolated, the database is deleted, the tenant is attached again and recover is run.
// Both hosts are released on time, the history says why, and a second run changes nothing. The control is the same loss without recover.
func TestK12_RecoverAfterTheDatabaseWasLost(t *testing.T) {
	t.Parallel()
	for _, recovers := range []bool{true, false} {
		w := newWorld(t)
		in, err := w.store.Integration(t.Context(), "t1")
		if err != nil {
			t.Fatal(err)
		}
		first := w.isolate()
		first = w.until(first.ID, soc.PhaseIsolated, 2*time.Second)
		other, second := w.second(3 * hour)
		second = w.until(second.ID, soc.PhaseIsolated, 2*time.Second)
		stranger := w.sim.AddMachine(strangerMachine())
		if _, err := w.sim.ExternalIsolate(stranger, "d.mills@contoso.example"); err != nil {
			t.Fatal(err)
		}
		w.close()
		if err := errors.Join(os.RemoveAll(filepath.Dir(w.path)), os.MkdirAll(filepath.Dir(w.path), 0o700)); err != nil {
			t.Fatal(err)
		}
		w.open()
		in.Revision = 0
		if _, err := w.store.SaveIntegration(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if !recovers {
			w.clock.Add(5 * hour)
			w.proc.rec.Kick()
			<-time.After(200 * time.Millisecond)
			if !w.sim.Isolated(w.host.Key.MachineID) {
				t.Error("control: released without a record")
			}
			continue
		}
		list, err := w.svc.Recover(t.Context(), analyst(), "t1", false)
		if err != nil || len(list) != 2 || list[0].Done {
			t.Fatalf("dry run: %+v, %v", list, err)
		}
		if open, _ := w.store.Lockdowns(t.Context(), soc.LockdownQuery{}); len(open) != 0 {
			t.Fatalf("the dry run wrote %d records", len(open))
		}
		list, err = w.svc.Recover(t.Context(), analyst(), "t1", true)
		if err != nil || len(list) != 2 || !list[0].Done || !list[1].Done {
			t.Fatalf("recover: %+v, %v", list, err)
		}
		got := list[0].Lockdown
		if got.ID != first.ID || got.By.Name != "alice" || got.Ticket != "INC-7" || got.Period != hour || got.Deadline.Sub(first.Deadline).Abs() > time.Millisecond {
			t.Errorf("recovered %+v\nlost %+v", got, first)
		}
		again, err := w.svc.Recover(t.Context(), analyst(), "t1", true)
		if err != nil || len(again) != 2 || again[0].Done || !again[0].Known || !again[1].Known {
			t.Fatalf("second run: %+v, %v", again, err)
		}
		first = w.until(first.ID, soc.PhaseReleased, 5*time.Minute)
		w.ended(first)
		if !w.sim.Isolated(other.Key.MachineID) {
			t.Error("the second host was released with the first")
		}
		w.until(second.ID, soc.PhaseReleased, 5*time.Minute)
		if w.sim.Isolated(other.Key.MachineID) || !w.sim.Isolated(stranger) {
			t.Error("the second host is still isolated, or the stranger's was released")
		}
		for _, p := range w.sim.Posts(other.Key.MachineID, "unisolate") {
			if p.At.Before(second.Deadline) {
				t.Errorf("released at %s, deadline %s", p.At, second.Deadline)
			}
		}
		lines, err := w.store.Audit(t.Context(), soc.AuditQuery{Text: "action:recover", Count: 10})
		if err != nil || lines.Matched != 4 { // one a lockdown, one a run
			t.Errorf("%d lines about the recovery, %v", lines.Matched, err)
		}
	}
}

// TestK12_RecoverNeedsTheRight: a session that may not change hosts can list, and nothing else.
func TestK12_RecoverNeedsTheRight(t *testing.T) {
	w := newWorld(t)
	reader := soc.Session{Actor: soc.Actor{Name: "eve"}, ReadOnly: true}
	if _, err := w.svc.Recover(t.Context(), reader, "t1", true); soc.KindOf(err) != soc.KindDenied {
		t.Fatalf("Recover = %v, want it denied", err)
	}
	if _, err := w.svc.Recover(t.Context(), reader, "t1", false); err != nil {
		t.Fatalf("listing: %v", err)
	}
}

func strangerMachine() sim.Machine { return sim.Machine{ComputerDNSName: "stranger.contoso.example"} }

// TestK12_F71_RecoverEndsTheHoldOfARolledBackStore: two hosts are isolated, the database is put back to a copy from before. It isolates nobody
// until recover has rebuilt every lockdown: a dry run, and a run that leaves one out (the controls), change nothing about that.
func TestK12_F71_RecoverEndsTheHoldOfARolledBackStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	copied := w.path + ".copy"
	w.close()
	copyFile(t, w.path, copied)
	w.open()
	first := w.isolate()
	first = w.until(first.ID, soc.PhaseIsolated, 2*time.Second)
	other, second := w.second(3 * hour)
	second = w.until(second.ID, soc.PhaseIsolated, 2*time.Second)
	w.close()
	copyFile(t, copied, w.path)
	w.open()
	held := func(want bool, after string) {
		t.Helper()
		if err := w.store.CanIsolate(); (err != nil) != want {
			t.Fatalf("after %s: CanIsolate = %v, want held %v", after, err, want)
		}
	}
	held(true, "the rollback")
	if _, err := w.svc.Recover(t.Context(), analyst(), "t1", false); err != nil {
		t.Fatal(err)
	}
	held(true, "a dry run")
	if list, err := w.svc.Recover(t.Context(), analyst(), "t1", true, first.ID); err != nil || len(list) != 1 || !list[0].Done {
		t.Fatalf("recover of one: %+v, %v", list, err)
	}
	held(true, "the recovery of one of two")
	if list, err := w.svc.Recover(t.Context(), analyst(), "t1", true); err != nil || len(list) != 2 || !list[0].Known && !list[1].Known {
		t.Fatalf("recover: %+v, %v", list, err)
	}
	held(false, "the recovery of all")
	page, err := w.store.Audit(t.Context(), soc.AuditQuery{Count: 200})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(page.Entries, func(e soc.AuditEntry) bool { return e.Action == "accept" && e.Actor.Name == "alice" }) {
		t.Error("the history does not say who ended the hold")
	}
	w.close()
	w.open()
	held(false, "a restart")
	w.until(first.ID, soc.PhaseReleased, 5*time.Minute)
	w.until(second.ID, soc.PhaseReleased, 5*time.Minute)
	if w.sim.Isolated(w.host.Key.MachineID) || w.sim.Isolated(other.Key.MachineID) || w.effects("isolate") != 1 || w.effects("unisolate") != 1 {
		t.Errorf("a host is still isolated, or %d isolates and %d releases of the first", w.effects("isolate"), w.effects("unisolate"))
	}
}

// copyFile copies a file.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
