package connect_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cordon/store/soc"
)

func TestRun_FollowsTheSettings(t *testing.T) {
	l := newLab(t)
	first := l.attached("contoso")
	l.start()
	p := l.running(first)

	second := l.attached("fabrikam") // attached while running
	l.running(second)

	edit := first
	edit.Environment = "TEST"
	edited, err := l.Save(t.Context(), admin(), edit, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	<-p.stopped // the poller of the old settings ends
	now := l.running(edited)

	l.Refresh()
	l.WantHost(soc.HostKey{Integration: first.ID, MachineID: "m1"}, true)
	now.mu.Lock()
	defer now.mu.Unlock()
	if now.kicks == 0 || len(now.wanted) != 1 {
		t.Errorf("kicks %d, wanted %v", now.kicks, now.wanted)
	}
	if conns := l.Conns(t.Context()); len(conns) != 2 || conns[0].Integration.Name != "contoso" || conns[1].Integration.Name != "fabrikam" {
		t.Errorf("Conns = %+v", conns)
	}
}

func TestRun_FailedAndPanickedPollersStartAgain(t *testing.T) {
	l := newLab(t)
	in, other := l.attached("contoso"), l.attached("fabrikam")
	tries := make(chan int, 10)
	n := 0
	l.poll = func(_ context.Context, _ int) error { return nil }
	l.mu.Lock()
	l.poll = func(ctx context.Context, id int) error {
		l.mu.Lock()
		mine := l.pollers[id].in.ID == in.ID
		if mine {
			n++
		}
		try := n
		l.mu.Unlock()
		if !mine {
			return nil
		}
		tries <- try
		switch try {
		case 1:
			return errors.New("the wire is cut")
		case 2:
			panic("a nil map")
		}
		return nil
	}
	l.mu.Unlock()
	l.start()
	survivor := l.running(other)
	for want := 1; want <= 3; want++ {
		if got := <-tries; got != want {
			t.Fatalf("try %d, want %d", got, want)
		}
	}
	select {
	case <-survivor.stopped:
		t.Error("the other tenant's poller was stopped")
	default:
	}
	e := l.audit("restart")
	if len(e) != 2 || !strings.Contains(e[1].Detail, "the wire is cut") || !strings.Contains(e[0].Detail, "panic: a nil map") {
		t.Errorf("audit = %+v", e)
	}
}

func TestK07_Z16_DisabledKeepsReadingAndReleasing(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	l.start()
	l.running(in)
	l.lock(in, "WS-1", soc.PhaseIsolated)
	if err := l.SetEnabled(t.Context(), admin(), in.ID, false); err != nil {
		t.Fatalf("SetEnabled with a live lockdown: %v", err)
	}
	off := l.stored(in.ID)
	if off.Enabled {
		t.Error("still enabled")
	}
	p := l.running(off) // it reads on
	if _, err := l.Remote(in.ID); err != nil {
		t.Errorf("Remote of a disabled integration: %v", err)
	}
	if c := l.Conns(t.Context())[0]; c.State != "disabled" {
		t.Errorf("State = %q, want disabled", c.State)
	}
	select {
	case <-p.stopped:
		t.Error("the poller was stopped")
	default:
	}
	if e := l.audit("disable"); len(e) != 1 || e[0].Before != "on" || e[0].After != "off" {
		t.Errorf("audit = %+v", e)
	}
	if err := l.SetEnabled(t.Context(), admin(), in.ID, false); err != nil || len(l.audit("disable")) != 1 {
		t.Errorf("disabling twice: %v, %d lines", err, len(l.audit("disable")))
	}
}

func TestP13_DetachRemovesAllAndStopsThePoller(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	l.start()
	p := l.running(in)
	if err := l.Detach(t.Context(), admin(), in.ID, false, false); err != nil {
		t.Fatalf("Detach: %v", err)
	}
	<-p.stopped
	if _, err := l.store.Integration(t.Context(), in.ID); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("Integration = %v", err)
	}
	if _, err := l.Remote(in.ID); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("Remote = %v", err)
	}
	if err := l.Detach(t.Context(), admin(), in.ID, false, false); !errors.Is(err, soc.ErrNotFound) {
		t.Errorf("second Detach = %v", err)
	}
	again := l.attached("contoso")
	if again.ID == in.ID {
		t.Error("the id was used again")
	}
	l.running(again)
}

func TestP15_K07_DetachWithLiveLockdownsIsRefusedWithTheList(t *testing.T) {
	l := newLab(t)
	in, other := l.attached("contoso"), l.attached("fabrikam")
	l.lock(in, "WS-1", soc.PhaseIsolated)
	l.lock(in, "WS-2", soc.PhasePending)
	l.lock(other, "WS-3", soc.PhaseIsolated)
	err := l.Detach(t.Context(), admin(), in.ID, false, false)
	if !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "live-lockdowns"}) {
		t.Fatalf("Detach = %v", err)
	}
	for _, want := range []string{"2 live lockdowns", "WS-1 (LK-WS-1, ISOLATED)", "WS-2 (LK-WS-2, PENDING)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "WS-3") {
		t.Error("the lockdown of another tenant is listed")
	}
	if e := l.audit("detach"); len(e) != 1 || e[0].Result != soc.ResultRefused {
		t.Errorf("audit = %+v", e)
	}
	l.stored(in.ID)
}

func TestP15_ReleaseFirstWaitsForTheReleases(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	l.lock(in, "WS-1", soc.PhaseIsolated)
	waiting := l.lock(in, "WS-2", soc.PhasePending)
	l.lock(in, "WS-3", soc.PhaseReleasing)
	l.ld.hold = true

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l.ld.ordered = func(n int) {
		if n == 2 { // the third release is under way already
			cancel()
		}
	}
	err := l.Detach(ctx, admin(), in.ID, true, false)
	if !errors.Is(err, &soc.Error{Kind: soc.KindConflict, Code: "releases-under-way"}) {
		t.Fatalf("Detach = %v", err)
	}
	if got := strings.Join(l.ld.calls, ", "); got != "release WS-1, cancel WS-2" && got != "cancel WS-2, release WS-1" {
		t.Errorf("orders = %s", got)
	}
	if now := l.stored(in.ID); now.Enabled {
		t.Error("new isolations are still on")
	}

	l.ld.hold = false
	done := make(chan error, 1)
	go func() { done <- l.Detach(t.Context(), admin(), in.ID, true, false) }()
	rest, err := l.store.Lockdown(t.Context(), "LK-WS-3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.ld.finish(t.Context(), "reconciler", rest, nil); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatalf("Detach after the releases: %v", err)
	}
	if e := l.audit("detach"); e[0].Result != soc.ResultOK || !strings.Contains(e[0].Detail, "released first") {
		t.Errorf("audit = %+v", e[0])
	}
	if got, err := l.store.Lockdown(t.Context(), waiting.ID); err != nil || !got.Phase.Final() {
		t.Errorf("the lockdowns are not kept: %+v, %v", got, err)
	}
}

func TestP15_AbandonClosesWithAReason(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	l.lock(in, "WS-1", soc.PhaseIsolated)
	if err := l.Detach(t.Context(), admin(), in.ID, false, true); err != nil {
		t.Fatalf("Detach: %v", err)
	}
	if got := strings.Join(l.ld.calls, ", "); got != "close WS-1" {
		t.Errorf("orders = %s", got)
	}
	if e := l.audit("detach"); !strings.Contains(e[0].Detail, "1 live lockdown abandoned") {
		t.Errorf("audit = %+v", e[0])
	}
}

func TestMissing_NamesTheRole(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	if got := l.Missing(in.ID, soc.ActIsolate); got != "Machine.Isolate" {
		t.Errorf("Missing = %q", got)
	}
	if got := l.Budget(in.ID); got != "3 of 100 calls this minute, 0 of 0 this hour" {
		t.Errorf("Budget = %q", got)
	}
}
