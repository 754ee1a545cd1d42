package local_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/local"
)

// TestF78_F74_K13_AConsoleThatNobodyCouldAskHandsOver: when lockdowns are live, or when that can not be read, and only once.
func TestF78_F74_K13_AConsoleThatNobodyCouldAskHandsOver(t *testing.T) {
	hangup := errors.New("the terminal is gone")
	live := func(n int, err error) func(context.Context) ([]soc.Lockdown, error) {
		return func(ctx context.Context) ([]soc.Lockdown, error) {
			if ctx.Err() != nil {
				t.Error("the store is asked with a context that has ended")
			}
			return make([]soc.Lockdown, n), err
		}
	}
	for _, tc := range []struct {
		name   string
		live   func(context.Context) ([]soc.Lockdown, error)
		starts int
		fails  error
		says   string
	}{
		{"nothing is live", live(0, nil), 0, nil, "the terminal is gone"},
		{"one is live", live(1, nil), 1, nil, "the timers go on in a background process"},
		{"nobody can tell", live(0, errors.New("store closed")), 1, nil, "the timers go on in a background process"},
		{"no process starts", live(2, nil), 1, errors.New("no memory"), "did not start either (no memory): isolated hosts stay isolated"},
	} {
		starts := 0
		h := &local.Handover{Start: func() (*local.Keeper, error) {
			starts++
			return &local.Keeper{}, tc.fails
		}}
		err := h.Unasked(hangup, tc.live)
		if !errors.Is(err, hangup) || !strings.Contains(text(err), tc.says) || starts != tc.starts {
			t.Errorf("%s: %d starts, %q; want %d and %q", tc.name, starts, text(err), tc.starts, tc.says)
		}
		if tc.fails == nil && tc.starts == 1 {
			if err := h.Begin(); err != nil || starts != 1 {
				t.Errorf("%s: a second process was started (%d, %v)", tc.name, starts, err)
			}
		}
	}
	if err := (&local.Handover{}).Unasked(hangup, live(1, nil)); !strings.Contains(text(err), "nobody keeps the timers") {
		t.Errorf("without a process: %q", text(err))
	}
	if err := (&local.Handover{}).Ready(nil); err != nil {
		t.Errorf("nothing was started, yet Ready = %v", err)
	}
}

func text(err error) string {
	var e *soc.Error
	if errors.As(err, &e) {
		return e.What + "; " + e.Means + "; " + e.Next
	}
	return err.Error()
}
