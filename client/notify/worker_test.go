package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cordon/store/soc"
)

// A sink that hangs for an hour delays neither another sink nor a writer, and gets everything in the end, in order.
func TestF79_SC24_HangingSinkDelaysNobody(t *testing.T) {
	// run returns the longest delay at the healthy sink. share makes the two sinks one behind the other.
	run := func(t *testing.T, share bool) (worst time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			st := newShelf()
			gate := make(chan struct{}, 1)
			began := time.Now()
			hangs := &inbox{answer: func(ctx context.Context, _ Message) error {
				if time.Since(began) > time.Hour {
					return nil
				}
				if share {
					gate <- struct{}{}
					defer func() { <-gate }()
				}
				<-ctx.Done()
				return ctx.Err()
			}}
			well := &inbox{answer: func(context.Context, Message) error {
				if share {
					gate <- struct{}{}
					defer func() { <-gate }()
				}
				return nil
			}}
			n := rig(t, Options{Store: st}, map[string]Sink{"hangs": hangs, "well": well})
			stop := start(t, n)
			defer stop()
			for i := range 120 {
				time.Sleep(30 * time.Second)
				before := time.Now()
				st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
				if d := time.Since(before); d != 0 {
					t.Fatalf("write %d took %s", i, d)
				}
				if i == 100 && !strings.Contains(fmt.Sprint(n.Troubles()), "sink-down") {
					t.Error("nobody is told that the sink hangs")
				}
			}
			time.Sleep(2 * slowest)
			for i, g := range well.of(KindEvent) {
				worst = max(worst, g.at.Sub(began.Add(time.Duration(i+1)*30*time.Second)))
			}
			for _, b := range []*inbox{hangs, well} {
				if s := b.seqs(t); !share && (len(s) != 120 || !slices.IsSorted(s)) {
					t.Errorf("%d events arrived, want 120 in order", len(s))
				}
			}
			if left := n.Troubles(); !share && len(left) != 0 {
				t.Errorf("after the hour: %v, want no trouble", left)
			}
		})
		return worst
	}
	if d := run(t, false); d != 0 {
		t.Errorf("the healthy sink waited %s", d)
	}
	if d := run(t, true); d < time.Second { // negative control: one queue for both
		t.Errorf("with a shared gate the healthy sink waited only %s: the check is blind", d)
	}
}

// Run comes back although a sink ignores the end of its context.
func TestF79_StuckSinkDoesNotHoldTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, free := newShelf(), make(chan struct{})
		stuck := &inbox{answer: func(context.Context, Message) error { <-free; return nil }}
		n := rig(t, Options{Store: st}, map[string]Sink{"stuck": stuck})
		stop := start(t, n)
		time.Sleep(10 * time.Minute)
		if c := stuck.count(); c != 1 {
			t.Errorf("the stuck sink was called %d times, want once", c)
		}
		before := time.Now()
		stop()
		if d := time.Since(before); d != 0 {
			t.Errorf("the end took %s", d)
		}
		close(free)
	})
}

// Down for a while: everything arrives later, in order, and calls are few (SC37's budget).
func TestF79_SC24_DownSinkLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, up := newShelf(), new(atomic.Bool)
		b := &inbox{}
		b.answer = func(context.Context, Message) error {
			if !up.Load() {
				return errDown
			}
			return nil
		}
		n := rig(t, Options{Store: st}, map[string]Sink{"siem": b})
		stop := start(t, n)
		for range 500 {
			st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
		}
		time.Sleep(time.Hour)
		if c := b.count(); c > 100 {
			t.Errorf("%d calls in an hour of outage", c)
		}
		tr := n.Troubles()
		if len(tr) != 1 || tr[0].Code != "sink-down" || !strings.Contains(tr[0].What, "500 entries wait") {
			t.Errorf("Troubles = %v", tr)
		}
		if s := st.state("siem"); s.Seq != 0 || s.Problem != errDown.Error() || s.Since.IsZero() {
			t.Errorf("stored: %+v", s)
		}
		up.Store(true)
		time.Sleep(slowest)
		if s := b.seqs(t); len(s) != 500 || !slices.IsSorted(s) {
			t.Errorf("%d arrived, want 500 in order", len(s))
		}
		stop()
		if s := st.state("siem"); s.Seq != 500 || s.Problem != "" || !s.Since.IsZero() || s.Dropped != 0 {
			t.Errorf("stored: %+v", s)
		}
	})
}

// Retry-After is honoured by events and by heartbeats.
func TestF79_RetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newShelf()
		var mu sync.Mutex
		var calls []time.Time
		b := &inbox{}
		b.answer = func(context.Context, Message) error {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, time.Now())
			if len(calls) == 1 {
				return &answerError{what: "429", after: 7 * time.Minute}
			}
			return nil
		}
		stop := start(t, rig(t, Options{Store: st}, map[string]Sink{"siem": b}))
		st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
		time.Sleep(20 * time.Minute)
		stop()
		mu.Lock()
		defer mu.Unlock()
		if d := calls[1].Sub(calls[0]); d < 7*time.Minute {
			t.Errorf("called again after %s, want 7m", d)
		}
		if len(b.seqs(t)) != 1 {
			t.Error("the event is lost")
		}
	})
}

// A message that is refused again and again becomes a dead letter; the others arrive. A sink that refuses everything makes none.
func TestF79_PoisonMessage(t *testing.T) {
	for name, tc := range map[string]struct {
		about, all bool
		dead       int
	}{
		"the message is at fault": {about: true, dead: 1},
		"the sink took others":    {dead: 1},
		"the sink is at fault":    {all: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newShelf()
				b := &inbox{answer: func(_ context.Context, m Message) error {
					if tc.all || strings.Contains(string(m.Body), "poison") {
						return &answerError{what: "no", refused: true, aboutMessage: tc.about}
					}
					return nil
				}}
				n := rig(t, Options{Store: st}, map[string]Sink{"siem": b})
				stop := start(t, n)
				st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
				bad := lockdownEntry("send", soc.ResultFailed, "requested")
				bad.Detail = "poison"
				st.write(bad, lockdownEntry("confirm-release", soc.ResultOK, "released"))
				time.Sleep(30 * time.Minute)
				codes := fmt.Sprint(n.Troubles())
				stop()
				s := st.state("siem")
				if len(s.Dead) != tc.dead || int(s.GivenUp) != tc.dead {
					t.Fatalf("dead letters %+v, want %d", s.Dead, tc.dead)
				}
				if tc.all {
					if s.Seq != 0 || !strings.Contains(codes, "sink-down") {
						t.Errorf("place %d, troubles %s: want nothing given up and people told", s.Seq, codes)
					}
					return
				}
				if got := b.seqs(t); !slices.Equal(got, []uint64{1, 3}) {
					t.Errorf("arrived %v, want 1 and 3", got)
				}
				if d := s.Dead[0]; d.Seq != 2 || d.Tries < poison || d.Why != "no" || d.Target != "ws-1" {
					t.Errorf("dead letter %+v", d)
				}
				if !strings.Contains(codes, "sink-dead-letters") {
					t.Errorf("Troubles = %s", codes)
				}
			})
		})
	}
}

// Only entries of no weight are left out of a long backlog, the oldest ones, and they are counted.
func TestF79_DropOldestOnlyForInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, up := newShelf(), new(atomic.Bool)
		b := &inbox{}
		b.answer = func(context.Context, Message) error {
			if !up.Load() {
				return errDown
			}
			return nil
		}
		n := rig(t, Options{Store: st, Backlog: 100}, map[string]Sink{"siem": b})
		stop := start(t, n)
		for i := range 300 {
			switch i % 3 {
			case 0:
				st.write(soc.AuditEntry{Action: "test", Result: soc.ResultOK})
			case 1:
				st.write(soc.AuditEntry{Action: "test", Result: soc.ResultFailed})
			default:
				st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"))
			}
		}
		time.Sleep(time.Minute)
		up.Store(true)
		time.Sleep(slowest)
		var info, other int
		for _, seq := range b.seqs(t) {
			if (seq-1)%3 == 0 {
				info++
			} else {
				other++
			}
		}
		s := st.state("siem")
		if other != 200 {
			t.Errorf("%d of 200 entries that matter arrived", other)
		}
		if s.Dropped == 0 || int(s.Dropped)+info != 100 || info < 33 {
			t.Errorf("%d dropped, %d arrived of 100 without weight", s.Dropped, info)
		}
		if !strings.Contains(fmt.Sprint(n.Troubles()), "sink-dropped") {
			t.Error("nobody is told what was dropped")
		}
		stop()
	})
}

// jumpy forgets that a place moves after delivery: it hands the end of the history out as the place reached.
type jumpy struct{ *shelf }

func (j jumpy) Sink(ctx context.Context, name string) (soc.SinkState, error) {
	st, err := j.shelf.Sink(ctx, name)
	if err == nil {
		st.Seq = uint64(len(j.entries))
	}
	return st, err
}

// The process dies after the commit and before, during or after the delivery: the event arrives, under one id.
func TestF14_F80_CrashBetweenCommitAndNotification(t *testing.T) {
	run := func(t *testing.T, wrap func(*shelf) Store) (seen map[string]int, events int) {
		synctest.Test(t, func(t *testing.T) {
			st, b := newShelf(), &inbox{}
			start(t, rig(t, Options{Store: wrap(st)}, map[string]Sink{"siem": b}))() // the sink is known
			for i := range 30 {
				st.write(lockdownEntry("confirm", soc.ResultOK, "isolated"), lockdownEntry("confirm-release", soc.ResultOK, "released"))
				st.saveErr = nil
				switch i % 3 {
				case 1: // delivered, and the process died before the place was saved
					st.saveErr = errors.New("killed")
				case 2: // died while the sink was answering: it has the message, we do not know
					b.set(func(_ context.Context, m Message) error {
						b.mu.Lock()
						defer b.mu.Unlock()
						b.list = append(b.list, got{id: m.ID, kind: m.Kind, body: string(m.Body)})
						return errDown
					})
				}
				start(t, rig(t, Options{Store: wrap(st)}, map[string]Sink{"siem": b}))()
				b.set(nil)
			}
			st.saveErr = nil
			start(t, rig(t, Options{Store: wrap(st)}, map[string]Sink{"siem": b}))()
			seen, events = map[string]int{}, len(st.entries)
			for _, g := range b.of(KindEvent) {
				seen[g.id]++
			}
		})
		return seen, events
	}
	seen, events := run(t, func(s *shelf) Store { return s })
	if len(seen) != events {
		t.Errorf("%d different ids for %d events", len(seen), events)
	}
	if twice := total(seen); twice == events {
		t.Error("nothing came twice: the crashes did not strike")
	}
	if lost, all := run(t, func(s *shelf) Store { return jumpy{s} }); len(lost) == all { // negative control
		t.Error("with the place ahead of the delivery nothing is lost: the check is blind")
	}
}

func total(m map[string]int) (n int) {
	for _, k := range m {
		n += k
	}
	return n
}

// The id of an event survives a redelivery and differs between histories that have the same numbers, as after a restored backup.
func TestF80_IDIsStableAndDiffersBetweenHistories(t *testing.T) {
	e := lockdownEntry("confirm", soc.ResultOK, "isolated")
	e.Seq, e.Hash = 5, strings.Repeat("a", 64)
	first, again := NewEvent(e, soc.Lockdown{}, soc.Integration{}), NewEvent(e, soc.Lockdown{Deadline: time.Now()}, soc.Integration{})
	e.Hash = strings.Repeat("b", 64)
	if other := NewEvent(e, soc.Lockdown{}, soc.Integration{}); first.ID != again.ID || first.ID == other.ID {
		t.Errorf("ids %s %s %s", first.ID, again.ID, other.ID)
	}
}

// A place that is damaged means everything again; one that can not be read now means waiting, not starting over.
func TestF14_PlaceThatCanNotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"damaged":     {&soc.Error{Kind: soc.KindInternal, Code: "damaged-record"}, 3},
		"unavailable": {&soc.Error{Kind: soc.KindUnavailable, Code: "store-failed"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st, b := newShelf(), &inbox{}
				st.write(lockdownEntry("a", soc.ResultOK, "x"), lockdownEntry("b", soc.ResultOK, "x"), lockdownEntry("c", soc.ResultOK, "x"))
				st.sinks["siem"] = soc.SinkState{Name: "siem", Seq: 2}
				st.readErr = tc.err
				n := rig(t, Options{Store: st}, map[string]Sink{"siem": b})
				stop := start(t, n)
				if name == "unavailable" && len(n.Troubles()) != 1 {
					t.Error("nobody is told")
				}
				st.mu.Lock()
				st.readErr = nil
				st.mu.Unlock()
				time.Sleep(time.Minute)
				stop()
				if got := b.seqs(t); len(got) != tc.want || got[len(got)-1] != 3 {
					t.Errorf("arrived %v, want %d", got, tc.want)
				}
			})
		})
	}
}

// A new sink begins with what happens next, and with the newest checkpoint; a used one goes on where it was.
func TestSC22_CheckpointsGoToTheSinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, b := newShelf(), &inbox{}
		st.write(lockdownEntry("old", soc.ResultOK, "x"))
		for i := range 200 {
			st.marks = append(st.marks, soc.Checkpoint{N: uint64(i + 1), Seq: 1, Hash: strings.Repeat("c", 64), Sig: "sig"})
		}
		o := Options{Store: st, Checkpoints: st.checkpoints}
		start(t, rig(t, o, map[string]Sink{"siem": b}))()
		if got := b.of(KindCheckpoint); len(got) != 1 || got[0].id != "chk_200_cccccccccccccccc" || len(b.of(KindEvent)) != 0 {
			t.Fatalf("a new sink got %v", got)
		}
		st.write(lockdownEntry("new", soc.ResultOK, "x"))
		st.marks = append(st.marks, soc.Checkpoint{N: 201, Seq: 2, Hash: strings.Repeat("d", 64), Sig: "sig2"})
		start(t, rig(t, o, map[string]Sink{"siem": b}))()
		got := b.of(KindCheckpoint)
		if len(got) != 2 || !strings.Contains(got[1].body, `"sig":"sig2"`) || len(b.of(KindEvent)) != 1 {
			t.Errorf("a used sink got %v", got)
		}
	})
}
