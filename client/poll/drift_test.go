package poll

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

func driftPoller(m *model, s *memory, now func() time.Time) *Poller {
	in := integration()
	in.CreatedAt = start.Add(-time.Hour)
	return New(Options{Integration: in, API: m, Store: s, Now: now})
}

func driftLines(s *memory) (out []string) {
	for _, e := range s.view().audit {
		if strings.HasPrefix(e.Action, "drift-") {
			out = append(out, e.Action+" "+e.ActionID+e.Host)
		}
	}
	slices.Sort(out)
	return out
}

func outsideAct(id string, t soc.ActionType, comment string, at time.Time) soc.MachineAction {
	return soc.MachineAction{ID: id, Type: t, Status: soc.ActionSucceeded, MachineID: "m", Requestor: "Microsoft Defender XDR", Comment: comment, Created: at, Updated: at}
}

// TestN20_ForeignActionsAreNotedOnce: one line for each isolation and release that is not ours, with its cause, however often it is polled and
// the poller is started; none for our own, for open ones, for failed ones, and for those from before the tenant was attached.
func TestN20_ForeignActionsAreNotedOnce(t *testing.T) {
	now := start
	m, s := newModel(func() time.Time { return now }), newMemory()
	open := outsideAct("a-open", soc.ActionIsolate, "by hand", start)
	open.Status = soc.ActionPending
	failed := outsideAct("a-failed", soc.ActionIsolate, "by hand", start)
	failed.Status = soc.ActionFailed
	m.acts = []soc.MachineAction{
		outsideAct("a-disrupt", soc.ActionIsolate, "Automatic attack disruption", start),
		outsideAct("a-free", soc.ActionUnisolate, "by hand\x1b[31m", start.Add(time.Minute)),
		outsideAct("a-console", soc.ActionIsolate, "cordon/1 id=LK-THEIRS00 token=LK-THEIRS00.1 verb=isolate by=bob via=ssh", start),
		outsideAct("a-ours", soc.ActionIsolate, "cordon/1 id=LK-OURS0000 token=LK-OURS0000.1 verb=isolate by=alice via=ssh", start),
		outsideAct("a-cut", soc.ActionIsolate, "cordon/1 id=LK-OURS0000 token=LK-OU", start),
		outsideAct("a-scan", soc.ActionScan, "by hand", start),
		outsideAct("a-old", soc.ActionIsolate, "by hand", start.Add(-2*time.Hour)), // before the tenant was attached
		open, failed,
	}
	want := []string{"drift-console a-consolem", "drift-isolate a-disruptm", "drift-release a-freem"}
	for range 3 { // starts
		p := driftPoller(m, s, func() time.Time { return now })
		for range 4 { // polls
			if _, err := p.readActions(t.Context(), start, now); err != nil {
				t.Fatal(err)
			}
			now = now.Add(5 * time.Minute)
		}
		if got := driftLines(s); !slices.Equal(got, want) {
			t.Fatalf("lines %q, want %q", got, want)
		}
	}
	for _, e := range s.view().audit {
		if e.Cause != soc.CauseExternal || e.Actor != soc.Service("poller") || e.Integration != "i" || strings.ContainsRune(e.Detail, '\x1b') {
			t.Errorf("%+v", e)
		}
	}
	// Control: a store that forgets its history gets every line again, so the lines above were kept back by the history.
	s.audit = nil
	if _, err := driftPoller(m, s, func() time.Time { return now }).readActions(t.Context(), start, now); err != nil || len(driftLines(s)) != len(want) {
		t.Errorf("control: %q, %v", driftLines(s), err)
	}
	// What was queued and strikes later has its line then.
	m.acts[7].Status, m.acts[7].Updated = soc.ActionSucceeded, now
	if _, err := driftPoller(m, s, func() time.Time { return now }).readActions(t.Context(), start, now); err != nil || !slices.Contains(driftLines(s), "drift-isolate a-openm") {
		t.Errorf("%q, %v", driftLines(s), err)
	}
}

// TestN20_LinesComeAgainWhenTheHistoryCouldNotBeWritten: a line that the store refused is written by the next poll.
func TestN20_LinesComeAgainWhenTheHistoryCouldNotBeWritten(t *testing.T) {
	m, s := newModel(func() time.Time { return start }), newMemory()
	m.acts = []soc.MachineAction{outsideAct("a", soc.ActionIsolate, "by hand", start)}
	p := driftPoller(m, s, func() time.Time { return start })
	s.auditErr = fmt.Errorf("disk full")
	if _, err := p.readActions(t.Context(), start, start); err == nil {
		t.Error("a line was lost in silence")
	}
	s.auditErr = nil
	if _, err := p.readActions(t.Context(), start, start); err != nil || len(driftLines(s)) != 1 {
		t.Errorf("%q, %v", driftLines(s), err)
	}
}

// TestF54_N20_OtherConsoleIsNamed: an order of a cordon that this store does not know shows that another console is at work, for a day.
func TestF54_N20_OtherConsoleIsNamed(t *testing.T) {
	now := start
	m, s := newModel(func() time.Time { return now }), newMemory()
	p := driftPoller(m, s, func() time.Time { return now })
	if len(p.Troubles()) != 0 {
		t.Fatal("a console where there is none")
	}
	m.acts = []soc.MachineAction{outsideAct("a", soc.ActionIsolate, "cordon/1 id=LK-THEIRS00 token=LK-THEIRS00.1 verb=isolate by=bob via=ssh", start)}
	if _, err := p.readActions(t.Context(), start, now); err != nil {
		t.Fatal(err)
	}
	if got := p.Troubles(); len(got) != 1 || got[0].Code != "other-console" || !strings.Contains(got[0].What, "bob") {
		t.Fatalf("%+v", got)
	}
	now = now.Add(25 * time.Hour)
	if len(p.Troubles()) != 0 {
		t.Error("still told a day later")
	}
}

// TestF41_N20_MergedGoneAndReplacedMachinesAreNoted: each once.
func TestF41_N20_MergedGoneAndReplacedMachinesAreNoted(t *testing.T) {
	now := start
	m, s := newModel(func() time.Time { return now }), newMemory()
	p := driftPoller(m, s, func() time.Time { return now })
	key := func(id string) soc.HostKey { return soc.HostKey{Integration: "i", MachineID: id} }
	m.hosts["m1"] = soc.Host{Key: key("m1"), Name: "PC1", FirstSeen: start.Add(-1000 * time.Hour)}
	m.hosts["m2"] = soc.Host{Key: key("m2"), Name: "PC2", FirstSeen: start.Add(-1000 * time.Hour)}
	look := func(id string) {
		t.Helper()
		for range 3 {
			if err := p.host(t.Context(), key(id), true); err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Minute)
		}
	}
	look("m1")
	look("m2")
	if got := driftLines(s); len(got) != 0 {
		t.Fatalf("lines %q for hosts that are as they were", got)
	}
	delete(m.hosts, "m2")
	look("m2")
	h := m.hosts["m1"]
	h.MergedInto = "m9"
	m.hosts["m1"] = h
	look("m1")
	m.hosts["m1b"] = soc.Host{Key: key("m1b"), Name: "PC1", FirstSeen: start}
	look("m1b")
	if got, want := driftLines(s), []string{"drift-gone m2", "drift-merged m1", "drift-replaced m1b"}; !slices.Equal(got, want) {
		t.Fatalf("lines %q, want %q", got, want)
	}
}
