package lockdown_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"cordon/store/soc"
)

// move is one thing that somebody does or that breaks, after a pause.
type move struct {
	Pause time.Duration
	What  string
}

var moves = []string{
	"wait", "wait", "wait", "isolate", "release", "cancel", "extend", "close", "portal isolate", "portal release", "offline", "online", "restart",
	"die before", "die after", "lost answers", "no service", "throttled", "blind", "all well", "disk full", "disk well", "list lags", "list is quick",
}

// history is the real Service and Reconciler on a fake store and tenant, and what the test knows of them.
type history struct {
	*rig
	proc   *process
	dying  *mortal
	mode   string
	asked  map[soc.LockdownID]bool // a person took it back
	closed map[soc.LockdownID]bool
}

// begin starts a process that can be told to die at its next save or order.
func (h *history) begin(before, after bool) {
	left := 3 // so many operations are still survived
	h.dying = &mortal{memStore: h.store, mde: h.mde, die: func(op string, _ soc.Lockdown, done bool) bool {
		if (!before && !after) || op == "list" || done != after {
			return false
		}
		left--
		return left < 0
	}}
	h.proc = h.start(h.dying, h.dying)
}

func (h *history) answer(op string, n int, acted bool) error {
	switch {
	case h.mode == "lost answers" && acted && n%2 == 0:
		return soc.ErrUnknownOutcome
	case h.mode == "no service" && !acted:
		return soc.ErrUnavailable
	case h.mode == "throttled" && !acted && n%3 > 0:
		return &soc.Error{Kind: soc.KindThrottled, After: time.Duration(n%7) * time.Second}
	case h.mode == "blind" && op == "list" && !acted:
		return errors.New("the list can not be read")
	}
	return nil
}

// play makes one move.
func (h *history) play(m move) {
	time.Sleep(m.Pause)
	ctx := h.t.Context()
	open, err := h.store.OpenLockdown(ctx, h.key)
	running := err == nil
	switch m.What {
	case "isolate":
		_, _ = h.svc.Isolate(ctx, analyst(), soc.IsolateRequest{Host: h.key, Period: 2 * hour, Reason: "beacons"})
	case "release", "cancel":
		if running {
			l, err := h.svc.Release(ctx, analyst(), soc.ReleaseRequest{Host: h.key, Reason: "clean"})
			byHand := l.CancelWanted || l.ReleaseCause == soc.CauseUser // else its timer was faster
			h.asked[open.ID] = h.asked[open.ID] || (err == nil && byHand)
		}
	case "extend":
		_, _ = h.svc.SetPeriod(ctx, analyst(), soc.PeriodRequest{ID: open.ID, Period: 4 * hour, Reason: "still bad"})
	case "close":
		if _, err := h.svc.CloseLockdown(ctx, analyst(), open.ID, "mine"); running && err == nil {
			h.closed[open.ID] = true
		}
	case "portal isolate":
		h.mde.outside(soc.ActionIsolate, h.key.MachineID, 30*time.Second)
	case "portal release":
		h.mde.outside(soc.ActionUnisolate, h.key.MachineID, 2*time.Second)
	case "offline", "online":
		h.mde.with(func() { h.mde.offline[h.key.MachineID] = m.What == "offline" })
	case "restart", "die before", "die after":
		h.proc.kill()
		h.begin(m.What == "die before", m.What == "die after")
	case "disk full":
		h.disk(func(soc.Lockdown) error { return errors.New("no space left on device") })
	case "disk well":
		h.disk(nil)
	case "list lags", "list is quick":
		h.mde.with(func() {
			if h.mde.lag = 0; m.What == "list lags" {
				h.mde.lag = 170 * time.Second
			}
		})
	case "lost answers", "no service", "throttled", "blind", "all well":
		h.mde.with(func() { h.mode = m.What })
	}
}

func (h *history) disk(fail func(soc.Lockdown) error) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	h.store.failSave = fail
}

// judge lets everything work again and then demands the promises. memStore has checked the invariants at every write.
func (h *history) judge() {
	for _, what := range []string{"all well", "disk well", "list is quick", "online", "restart"} {
		h.play(move{What: what})
	}
	time.Sleep(5 * hour) // the longest period and the longest back-off
	synctest.Wait()
	h.proc.kill()
	byPost := map[string]int{}
	for _, p := range h.mde.posts {
		c, _ := soc.ParseOrderComment(p.comment)
		byPost[string(c.Lockdown)+" "+p.verb]++
		if l := h.get(c.Lockdown); p.verb == "unisolate" && !h.asked[l.ID] && !l.Phase.Final() && p.at.Before(l.Deadline) {
			h.t.Errorf("I2: %s released at %s, its end is %s", l.ID, p.at, l.Deadline)
		}
	}
	for what, n := range byPost {
		if strings.HasSuffix(what, " isolate") && n > 1 {
			h.t.Errorf("I1: %d times %s", n, what)
		}
	}
	closed := false
	for _, l := range h.store.all(func(soc.Lockdown) bool { return true }) {
		closed = closed || h.closed[l.ID]
		if !l.Phase.Final() {
			h.t.Errorf("lost: %s is still %s (%s)", l.ID, l.Phase, l.Trouble)
		}
		ends := h.store.history(func(e soc.AuditEntry) bool { return e.Lockdown == l.ID && soc.Phase(e.After).Final() })
		if l.Phase.Final() && len(ends) != 1 {
			h.t.Errorf("I4: %d ends of %s in the history", len(ends), l.ID)
		}
		if h.asked[l.ID] && l.Cause == soc.CauseTimer {
			h.t.Errorf("%s was taken back by a person and ended by its timer", l.ID)
		}
	}
	if held := h.mde.holds[h.key.MachineID]; held != "" && !closed && !h.wantedOutside() {
		h.t.Errorf("lost: the host is still isolated by %s", held)
	}
}

// wantedOutside reports whether an isolate of somebody else holds the host too: carried out after the last release.
func (h *history) wantedOutside() bool {
	var freed time.Time
	for _, a := range h.mde.acts {
		if a.Type == soc.ActionUnisolate && a.Status == soc.ActionSucceeded && a.Updated.After(freed) {
			freed = a.Updated
		}
	}
	for _, a := range h.mde.acts {
		if a.Type == soc.ActionIsolate && a.Requestor != "app" && a.Status == soc.ActionSucceeded && !a.Updated.Before(freed) {
			return true
		}
	}
	return false
}

// replay runs a script in a bubble of fake time.
func replay(t *testing.T, script []move) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{rig: newRig(t), asked: map[soc.LockdownID]bool{}, closed: map[soc.LockdownID]bool{}}
		h.mde.answer = h.answer
		h.begin(false, false)
		h.isolate(2 * hour)
		for _, m := range script {
			h.play(m)
		}
		h.judge()
	})
}

// scripts draws scripts of up to 25 moves.
func scripts() *rapid.Generator[[]move] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) move {
		pause := rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second, 4 * time.Minute, 20 * time.Minute, 3 * hour}).Draw(t, "pause")
		return move{pause, rapid.SampledFrom(moves).Draw(t, "move")}
	}), 3, 25)
}

// TestI1toI11_ServiceAndReconcilerUnderChaos plays random scripts of people, portal, faults, deaths and restarts on the real service and the
// real reconciler, in fake time. A script that fails is printed as source text and belongs into the list of the next test.
func TestI1toI11_ServiceAndReconcilerUnderChaos(t *testing.T) {
	for n := range 30 {
		script := scripts().Example(n)
		if !t.Run(fmt.Sprint(n), func(t *testing.T) { replay(t, script) }) {
			t.Logf("%#v", script)
		}
	}
}

// TestI1toI11_ScriptsThatFailedOnce keeps what once went wrong, and what each kind of fault does alone.
func TestI1toI11_ScriptsThatFailedOnce(t *testing.T) {
	kept := map[string][]move{
		"a late release by hand":  {{4 * time.Minute, "no service"}, {3 * hour, "release"}, {0, "lost answers"}, {20 * time.Minute, "offline"}},
		"lost answers and deaths": {{0, "lost answers"}, {0, "list lags"}, {1, "die after"}, {20 * time.Second, "die before"}, {3 * hour, "die after"}},
		"blind at the end":        {{4 * time.Minute, "wait"}, {0, "blind"}, {3 * hour, "wait"}},
		"disk full at the end":    {{4 * time.Minute, "disk full"}, {3 * hour, "restart"}, {20 * time.Minute, "restart"}},
		"back and forth":          {{4 * time.Minute, "portal isolate"}, {1, "release"}, {20 * time.Minute, "portal release"}, {1, "isolate"}},
	}
	for name, script := range kept {
		t.Run(name, func(t *testing.T) { replay(t, script) })
	}
}
