package poll

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cordon/store/soc"
)

// lossy turns the poller's "from, included" into "after, without overlap", the mistake of other pollers.
type lossy struct{ *model }

func (l lossy) AlertsUpdated(ctx context.Context, from, until time.Time, top, skip int) ([]soc.RawAlert, bool, error) {
	if skip == 0 && from.After(start.Add(-sweepBack+time.Second)) {
		from = from.Add(tick)
		if until.IsZero() {
			from = from.Add(overlap)
		}
	}
	return l.model.AlertsUpdated(ctx, from, until, top, skip)
}

// scenario polls a tenant whose alerts change between polls, with few distinct times and small pages, and says what is wrong in the end.
func scenario(t *rapid.T, wrap func(*model) API) string {
	now := start
	m := newModel(func() time.Time { return now })
	m.order = order(rapid.IntRange(0, 2).Draw(t, "order"))
	top := rapid.IntRange(2, 6).Draw(t, "top")
	mem := newMemory()
	make := func() *Poller {
		return New(Options{Integration: integration(), API: wrap(m), Store: mem, Now: func() time.Time { return now }, PageSize: top})
	}
	p := make()
	ids := 0
	for range rapid.IntRange(1, 6).Draw(t, "cycles") {
		for range rapid.IntRange(0, 20).Draw(t, "changes") {
			id := fmt.Sprintf("a%02d", rapid.IntRange(0, ids).Draw(t, "id"))
			ids++
			// At most four distinct times near the cycle's edge; some records show up only after the next poll.
			at := now.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "age")) * tick)
			if rapid.IntRange(0, 9).Draw(t, "old") == 0 {
				at = at.Add(-2 * time.Minute)
			}
			m.put(id, at, at, soc.StatusNew)
			m.hidden[id] = rapid.IntRange(0, 3).Draw(t, "late") == 0
		}
		if rapid.IntRange(0, 4).Draw(t, "trouble") == 0 {
			after := rapid.IntRange(0, 5).Draw(t, "after")
			m.fail = func(request) error {
				if after--; after < 0 {
					return errors.New("the network broke")
				}
				return nil
			}
		}
		if p.load(t.Context()) != nil {
			t.Fatal("load failed")
		}
		_ = p.poll(t.Context())
		m.fail = nil
		if rapid.Bool().Draw(t, "restart") {
			p = make()
			if p.load(t.Context()) != nil {
				t.Fatal("load failed")
			}
		}
		clear(m.hidden)
		now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "pause")) * time.Minute)
	}
	if err := p.poll(t.Context()); err != nil {
		return "last poll: " + err.Error()
	}
	if len(mem.alerts) != len(m.alerts) {
		return fmt.Sprintf("%d alerts stored, the tenant has %d", len(mem.alerts), len(m.alerts))
	}
	for id, want := range m.alerts {
		if got := mem.alerts[id]; !got.LastUpdate.Equal(want.LastUpdate) {
			return fmt.Sprintf("alert %s is of %v, the tenant's is of %v", id, got.LastUpdate, want.LastUpdate)
		}
	}
	return ""
}

func TestC11_EqualTimesAtEveryBorderLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		if wrong := scenario(rt, func(m *model) API { return m }); wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func TestC11_ControlWithoutOverlapLoses(t *testing.T) {
	t.Parallel()
	lost := 0
	for seed := range 300 {
		wrong := rapid.Custom(func(rt *rapid.T) string { return scenario(rt, func(m *model) API { return lossy{m} }) }).Example(seed)
		if wrong != "" {
			lost++
		}
	}
	if lost == 0 {
		t.Error("asking for \"after\" without an overlap loses nothing in 300 runs: the property has no teeth")
	}
	t.Logf("the careless poller lost alerts in %d of 300 runs", lost)
}

// collect walks a range of a model and returns how often each record came.
func collect(t *testing.T, m *model, top int) (map[string]int, error) {
	t.Helper()
	got := map[string]int{}
	var upTo time.Time
	w := walker{fetch: m.AlertsUpdated, at: lastUpdate, top: top, put: func(page []soc.RawAlert, done time.Time) error {
		for _, r := range page {
			got[r.Alert.ID]++
		}
		if done.Before(upTo) && !done.IsZero() {
			t.Errorf("completeness went back from %v to %v", upTo, done)
		}
		if !done.IsZero() && len(m.alerts) < 1000 { // looking at all, each time
			upTo = done
			for id, a := range m.alerts {
				if a.LastUpdate.Before(done) && got[id] == 0 {
					t.Errorf("%s is older than %v, which was called complete, and did not come", id, done)
				}
			}
		}
		return nil
	}}
	err := w.walk(t.Context(), start.Add(-time.Hour), time.Time{})
	return got, err
}

func TestC11_WholePagesOfOneTime(t *testing.T) {
	t.Parallel()
	for _, o := range []order{oldestFirst, newestFirst, unordered} {
		for _, n := range []int{1, 4, 5, 6, 10, 11, 57} {
			m := newModel(func() time.Time { return start })
			m.order = o
			for i := range n {
				m.put(fmt.Sprintf("same-%03d", i), start, start, soc.StatusNew)
			}
			m.put("before", start.Add(-tick), start.Add(-tick), soc.StatusNew)
			m.put("after", start.Add(tick), start.Add(tick), soc.StatusNew)
			got, err := collect(t, m, 5)
			if err != nil || len(got) != n+2 {
				t.Errorf("order %d, %d of one time: %d records, %v", o, n, len(got), err)
			}
		}
	}
}

func TestC11_FarMoreMatchesThanAPage(t *testing.T) {
	t.Parallel()
	for _, o := range []order{oldestFirst, newestFirst} {
		m := newModel(func() time.Time { return start })
		m.order = o
		for i := range 3001 {
			at := start.Add(-time.Duration(i/3) * 500 * time.Millisecond)
			m.put(fmt.Sprintf("a%04d", i), at, at, soc.StatusNew)
		}
		got, err := collect(t, m, 300)
		if err != nil || len(got) != 3001 {
			t.Errorf("order %d: %d records in %d requests, %v", o, len(got), len(m.asked), err)
		}
		if len(m.asked) > 80 {
			t.Errorf("order %d: %d requests", o, len(m.asked))
		}
	}
}

// A tenant that answers every question with the same full page must end in an error, not in a loop.
func TestF40_RepeatedPagesEndTheWalk(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(i int) time.Time{
		"inside":  func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) },
		"outside": func(int) time.Time { return start.Add(-48 * time.Hour) },
		"equal":   func(int) time.Time { return start },
		"none":    func(int) time.Time { return time.Time{} },
	} {
		asked := 0
		w := walker{
			at: lastUpdate, top: 5, put: func([]soc.RawAlert, time.Time) error { return nil },
			fetch: func(context.Context, time.Time, time.Time, int, int) ([]soc.RawAlert, bool, error) {
				if asked++; asked > 1000 {
					t.Fatalf("%s: no end", name)
				}
				var page []soc.RawAlert
				for i := range 5 {
					page = append(page, soc.RawAlert{Alert: soc.Alert{ID: fmt.Sprint(i), LastUpdate: at(i)}})
				}
				return page, true, nil
			},
		}
		if err := w.walk(t.Context(), start.Add(-time.Hour), time.Time{}); soc.KindOf(err) != soc.KindUnavailable {
			t.Errorf("%s: error = %v after %d requests", name, err, asked)
		}
	}
}
