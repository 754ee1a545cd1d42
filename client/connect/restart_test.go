package connect_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/store/soc"
)

// settled waits until the connection of an integration is in a state.
func (l *lab) settled(in soc.Integration, says string) soc.Conn {
	l.t.Helper()
	watch := l.store.Watch()
	defer watch.Close()
	stuck := time.After(time.Minute)
	for {
		for _, c := range l.Conns(l.t.Context()) {
			if c.Integration.ID == in.ID && strings.Contains(c.Problem, says) {
				return c
			}
		}
		select {
		case <-watch.C():
			watch.Take()
		case <-stuck:
			l.t.Fatalf("never said %q: %+v", says, l.Conns(l.t.Context()))
		}
	}
}

func TestT19_APollerThatKeepsFailingIsGivenUpAfterThreeAttempts(t *testing.T) {
	l := newLab(t)
	in, other := l.attached("contoso"), l.attached("fabrikam")
	var runs atomic.Int32
	var healed atomic.Bool
	l.poll = func(_ context.Context, id int) error {
		l.mu.Lock()
		mine := l.pollers[id].in.ID == in.ID
		l.mu.Unlock()
		if mine && !healed.Load() {
			runs.Add(1)
			return errors.New("the wire is cut")
		}
		return nil
	}
	l.start()
	survivor := l.running(other)
	c := l.settled(in, "stopped after 3 attempts")
	if !strings.Contains(c.Problem, "the wire is cut") || !strings.Contains(c.Problem, "still followed and released") || c.State != "refused" {
		t.Errorf("condition = %+v", c)
	}
	if n := runs.Load(); n != 4 { // the start, and three more
		t.Errorf("the poller ran %d times, want 4", n)
	}
	if e := l.audit("start-failed"); len(e) != 1 || !strings.Contains(e[0].Detail, "stopped after 3 attempts") || e[0].Integration != in.ID {
		t.Errorf("T17: audit = %+v", e)
	}
	if e := l.audit("restart"); len(e) != 3 {
		t.Errorf("%d restarts in the history", len(e))
	}
	if _, err := l.Remote(in.ID); err != nil {
		t.Errorf("releases do not pass through the poller: %v", err)
	}
	if !slices.ContainsFunc(l.Troubles(), func(x soc.Trouble) bool { return x.Code == "poller-stopped" && x.Level == soc.LevelBad }) {
		t.Errorf("troubles = %+v", l.Troubles())
	}
	select {
	case <-survivor.stopped:
		t.Error("the other tenant's poller was stopped")
	default:
	}
	healed.Store(true)
	if _, err := l.Test(t.Context(), admin(), in, "", nil); err != nil { // a person's test starts it again
		t.Fatal(err)
	}
	l.running(in)
	if c := l.Conns(t.Context())[0]; c.State != "ok" {
		t.Errorf("after the test: %+v", c)
	}
}

func TestT19_RefreshAndEnableStartItAgainToo(t *testing.T) {
	for name, again := range map[string]func(*lab, soc.Integration) error{
		"refresh": func(l *lab, _ soc.Integration) error { l.Refresh(); return nil },
		"enable":  func(l *lab, in soc.Integration) error { return l.SetEnabled(l.t.Context(), admin(), in.ID, true) },
		"save": func(l *lab, in soc.Integration) error {
			in.PollInterval *= 2
			_, err := l.Save(l.t.Context(), admin(), in, "", nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			in := l.attached("contoso")
			var healed atomic.Bool
			ran := make(chan struct{}, 10)
			l.poll = func(context.Context, int) error {
				if !healed.Load() {
					return errors.New("the wire is cut")
				}
				ran <- struct{}{}
				return nil
			}
			l.start()
			l.settled(in, "stopped after 3 attempts")
			healed.Store(true)
			if err := again(l, in); err != nil {
				t.Fatal(err)
			}
			<-ran
		})
	}
}

// A file that the settings name may come late, such as one on a mounted disk: the tenant is started without anybody's help, and the failed start
// is told once.
func TestT17_WhatCouldNotBeStartedIsTriedAgain(t *testing.T) {
	l := newLab(t)
	in := l.attached("contoso")
	tries := 0
	l.refuse = func() error {
		if tries++; tries > 5 {
			return nil
		}
		return &soc.Error{Kind: soc.KindInvalid, Code: "bad-ca", What: "the CA file can not be read"}
	}
	l.start()
	l.running(in)
	if e := l.audit("start-failed"); len(e) != 1 || !strings.Contains(e[0].Detail, "CA file") {
		t.Errorf("history = %+v", e)
	}
}

// Nothing is a failed start of a tenant that is being detached.
func TestT17_ADetachedTenantIsNoFailedStart(t *testing.T) {
	l := newLab(t)
	in, other := l.attached("contoso"), l.attached("fabrikam")
	gone := &soc.Error{Kind: soc.KindNotFound, Code: "detached", What: "this tenant is being detached"}
	asked := make(chan struct{}, 100)
	l.refuse = func() error { asked <- struct{}{}; return gone }
	l.start()
	<-asked
	<-asked
	l.mu.Lock()
	l.refuse = nil
	l.mu.Unlock()
	for _, in := range []soc.Integration{in, other} {
		if err := l.SetEnabled(t.Context(), admin(), in.ID, false); err != nil {
			t.Fatal(err)
		}
		l.running(l.stored(in.ID))
	}
	if e := l.audit("start-failed"); len(e) > 0 {
		t.Errorf("history = %+v", e)
	}
}
