package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"cordon/store/soc"
)

func TestF30_RetryAfterInEveryForm(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"7", "", 7 * time.Second},
		{" 7 ", "", 7 * time.Second},
		{"1.5", "", 1500 * time.Millisecond},
		{"", "", time.Minute},
		{"0", "", time.Second},
		{"-5", "", time.Second},
		{"1000000000", "", 15 * time.Minute},
		{"1e300", "", 15 * time.Minute},
		{"Inf", "", 15 * time.Minute},
		{"-Inf", "", time.Second},
		{"NaN", "", time.Minute},
		{"soon", "", time.Minute},
		{date(30 * time.Second), "", 30 * time.Second},
		{date(-time.Hour), "", time.Second},
		{date(time.Hour), "", 15 * time.Minute},
		{date(10*time.Minute + 30*time.Second), date(10 * time.Minute), 30 * time.Second}, // the server's clock is ahead
	} {
		h := http.Header{}
		if c.value != "" {
			h.Set("Retry-After", c.value)
		}
		if c.date != "" {
			h.Set("Date", c.date)
		}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("Retry-After %q, Date %q: %v, want %v", c.value, c.date, got, c.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"7", "", "NaN", "-1", "1e999", "0x1p4", "Tue, 03 Feb 2026 04:05:06 GMT", "\x00"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		d := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, time.Unix(1_770_000_000, 0))
		if d < minRetryAfter || d > maxRetryAfter {
			t.Fatalf("%q gives %v", value, d)
		}
	})
}

func TestF30_ThrottledAPIRestsForEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := map[string]int{}
		c := onFakeWire(t, fullWallet(), func(r *http.Request) (*http.Response, error) {
			sent[r.Method+" "+r.URL.Path[len("/api/"):]]++
			if r.Method == http.MethodPost && sent[r.Method+" "+r.URL.Path[len("/api/"):]] == 1 {
				res := answer(429, `{"error":{"code":"429","message":"API calls quota exceeded! maximum allowed 100 per 00:01:00"}}`)
				res.Header.Set("Retry-After", "7")
				return res, nil
			}
			return answer(200, `{"value":[]}`), nil
		})
		release := func() error { _, err := c.Unisolate(t.Context(), machineID, "x"); return err }
		err := release()
		var e *soc.Error
		if !errors.As(err, &e) || e.Kind != soc.KindThrottled || e.After != 7*time.Second {
			t.Fatalf("error = %v", err)
		}
		time.Sleep(2 * time.Second)
		for range 500 { // all workers stop, nothing is sent
			if err := release(); !errors.As(err, &e) || e.Kind != soc.KindThrottled || e.After != 5*time.Second {
				t.Fatalf("error = %v, want throttled for 5 s", err)
			}
		}
		if n := sent["POST machines/"+machineID+"/unisolate"]; n != 1 {
			t.Errorf("%d POSTs during the pause, want 1", n)
		}
		if _, err := c.Alerts(t.Context(), AlertsQuery{}); err != nil {
			t.Errorf("another API is paused too: %v", err)
		}
		time.Sleep(5 * time.Second)
		_ = release()
		if n := sent["POST machines/"+machineID+"/unisolate"]; n != 2 {
			t.Errorf("%d POSTs after the pause, want 2", n)
		}
	})
}

func TestReadsLeaveAFifthToActions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Quota{Minute: 100, Hour: 1500})
		take := func(p Priority) (n int) {
			for ; n < 1000; n++ {
				if l.Wait(t.Context(), "x", p) != nil {
					return n
				}
			}
			return n
		}
		if n := take(PriorityRead); n != 80 {
			t.Errorf("reads got %d of 100, want 80", n)
		}
		if n := take(PriorityFollowUp); n != 0 {
			t.Errorf("follow-ups got %d more, want 0", n)
		}
		if n := take(PriorityIsolate); n != 15 {
			t.Errorf("isolations got %d more, want 15", n)
		}
		if n := take(PriorityRelease); n != 5 {
			t.Errorf("releases got %d more, want 5", n)
		}
		if u := l.Usage(); u.MinuteUsed != 100 || u.HourUsed != 100 || u.MinuteLimit != 100 || u.HourLimit != 1500 {
			t.Errorf("usage = %+v", u)
		}
		time.Sleep(time.Minute)
		if u := l.Usage(); u.MinuteUsed != 0 || u.HourUsed != 100 {
			t.Errorf("usage a minute later = %+v", u)
		}
	})
}

// A burst of releases takes four fifths and reads keep the rest: nobody releases blindly because nobody may look any more. M30 follows: 500
// releases take 7 minutes, 1,500 take 64.
func TestF63_N13_ABurstOfReleasesLeavesAFifthToReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		burst int
		last  time.Duration
	}{{10, 0}, {100, time.Minute}, {500, 6 * time.Minute}, {1000, 12 * time.Minute}, {1500, 63 * time.Minute}} {
		w := window{quota: DefaultQuota()}
		start := time.Unix(0, 0)
		now := start
		for range c.burst {
			now = now.Add(w.delay(now, PriorityRelease))
			w.take(now, PriorityRelease)
			if len(w.reads) < 20 && w.delay(now, PriorityRead) > 0 {
				t.Fatalf("after %d releases reads have no room", len(w.actions))
			}
		}
		if took := now.Sub(start); took != c.last {
			t.Errorf("the last of %d releases goes after %s, want %s", c.burst, took, c.last)
		}
	}
	greedy := window{quota: DefaultQuota()} // control: releases that may use everything starve the reads
	for range 100 {
		greedy.take(time.Unix(0, 0), PriorityRelease)
	}
	if greedy.delay(time.Unix(0, 0), PriorityRead) <= 0 {
		t.Error("the check does not notice that reads are starved")
	}
}

func TestWaitingCallsGoByPriority(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Quota{Minute: 20, Hour: 1500})
		for _, p := range slices.Concat(slices.Repeat([]Priority{PriorityRelease}, 16), slices.Repeat([]Priority{PriorityRead}, 4)) {
			if err := l.Wait(t.Context(), "x", p); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(55 * time.Second)
		var mu sync.Mutex
		var order []Priority
		var wg sync.WaitGroup
		for _, p := range []Priority{PriorityRead, PriorityFollowUp, PriorityIsolate, PriorityRelease} {
			wg.Go(func() {
				if err := l.Wait(t.Context(), "x", p); err == nil {
					mu.Lock()
					order = append(order, p)
					mu.Unlock()
				}
			})
			synctest.Wait()
		}
		// One place becomes free at a time.
		l.mu.Lock()
		for _, lane := range []lane{l.shared.all, l.shared.actions} {
			for i := range lane {
				lane[i] = lane[i].Add(time.Duration(i) * time.Second / 4)
			}
		}
		for i := range l.shared.reads {
			l.shared.reads[i] = l.shared.reads[i].Add(time.Duration(16+i) * time.Second / 4)
		}
		l.mu.Unlock()
		wg.Wait()
		if fmt.Sprint(order[:2]) != fmt.Sprint([]Priority{PriorityRelease, PriorityIsolate}) {
			t.Errorf("order = %v, want releases, then isolations first", order)
		}
	})
}

func TestWaitIsGivenUpWithoutCounting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Quota{Minute: 1, Hour: 1500})
		_ = l.Wait(t.Context(), "x", PriorityRelease)
		time.Sleep(55 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := l.Wait(ctx, "x", PriorityRelease)
		if soc.KindOf(err) != soc.KindUnavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
		if u := l.Usage(); u.MinuteUsed != 1 {
			t.Errorf("used = %d, want 1", u.MinuteUsed)
		}
		err = l.Wait(t.Context(), "x", PriorityRelease)
		if err != nil {
			t.Errorf("4 s before a free place: %v", err)
		}
		var e *soc.Error
		if err = l.Wait(t.Context(), "x", PriorityRelease); !errors.As(err, &e) || e.After != time.Minute {
			t.Errorf("error = %v, want throttled for a minute", err)
		}
	})
}

func TestBatchUpdateHasItsOwnQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(DefaultQuota())
		for i := range 11 {
			if err := l.Wait(t.Context(), apiBatchUpdate, PriorityFollowUp); (err == nil) != (i < 10) {
				t.Errorf("call %d: %v", i+1, err)
			}
		}
	})
}

// The limiter never lets more calls into any window than the quota, whatever comes when.
func TestN13_NoWindowIsEverExceeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := window{quota: Quota{Minute: 7, Hour: 40}}
		now := time.Unix(0, 0)
		var taken []time.Time
		for range rapid.IntRange(1, 200).Draw(rt, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90_000).Draw(rt, "ms")) * time.Millisecond)
			p := Priority(rapid.IntRange(0, int(priorities)-1).Draw(rt, "priority"))
			d := w.delay(now, p)
			if d <= 0 {
				w.take(now, p)
				taken = append(taken, now)
				continue
			}
			later := window{quota: w.quota, all: slices.Clone(w.all), actions: slices.Clone(w.actions), reads: slices.Clone(w.reads)}
			if later.delay(now.Add(d), p) > 0 {
				rt.Fatalf("promised a place in %v and did not keep it", d)
			}
		}
		for i, from := range taken {
			minute, hour := 0, 0
			for _, at := range taken[i:] {
				if at.Sub(from) < time.Minute {
					minute++
				}
				if at.Sub(from) < time.Hour {
					hour++
				}
			}
			if minute > 7 || hour > 40 {
				rt.Fatalf("%d calls in a minute, %d in an hour", minute, hour)
			}
		}
	})
}

func TestReadsAreRetriedWritesAreNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := onFakeWire(t, fullWallet(), func(*http.Request) (*http.Response, error) {
			n++
			return answer(502, ""), nil
		})
		_, err := c.Action(t.Context(), actionID)
		wantKind(t, err, soc.KindUnavailable)
		if n != 3 {
			t.Errorf("%d tries of a read, want 3", n)
		}
		n = 0
		_, err = isolate(t, c)
		wantKind(t, err, soc.KindUnknownOutcome)
		st := soc.StatusResolved
		_, err = c.UpdateAlert(t.Context(), "da1", soc.AlertUpdate{Status: &st})
		wantKind(t, err, soc.KindUnknownOutcome)
		if n != 2 {
			t.Errorf("%d tries of two writes, want 2", n)
		}
	})
}

func TestMachine404IsAskedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, flicker := 0, true
		c := onFakeWire(t, fullWallet(), func(*http.Request) (*http.Response, error) {
			if n++; n%2 == 0 && flicker {
				return answer(200, `{"id":"`+machineID+`"}`), nil
			}
			return answer(404, `{"error":{"code":"ResourceNotFound"}}`), nil
		})
		if _, err := c.Machine(t.Context(), machineID); err != nil {
			t.Errorf("a flickering 404 is believed: %v", err)
		}
		flicker = false
		_, err := c.Machine(t.Context(), machineID)
		wantKind(t, err, soc.KindNotFound)
	})
}

func TestF33_GivingUpAfterSendingIsUnknownForWrites(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	wt := newWireTest(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := wt.Isolate(ctx, machineID, soc.IsolationFull, "x")
	wantKind(t, err, soc.KindUnknownOutcome)
}

func TestF44_SkewIsMeasuredAndTold(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{0, time.Hour, -time.Hour} {
		wt := newWireTest(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
			reply200(w, 200, `{"value":[]}`)
		})
		if _, err := wt.Alerts(t.Context(), AlertsQuery{}); err != nil {
			t.Fatal(err)
		}
		if got := wt.Skew(); (got - off).Abs() > time.Second {
			t.Errorf("skew = %v, want %v", got, off)
		}
	}
}

// The budget is that of one application in one tenant: twins share it, and nobody else does (D-04, C-14, SC48).
func TestSC48_C14_ABudgetBelongsToOneAppInOneTenant(t *testing.T) {
	all := NewLimits(DefaultQuota())
	mine := all.For("App", "tenant")
	if all.For("aPP", "TENANT") != mine {
		t.Error("the same app in the same tenant has two budgets")
	}
	if all.For("app", "other") == mine || all.For("other", "tenant") == mine {
		t.Error("two apps, or one app in two tenants, share a budget")
	}
}
