package cli_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/cli"
)

// Down, dead letters and what was left out are visible; a test says where it went.
func TestF79_NotifyListAndTest(t *testing.T) {
	s := full()
	app := s.app()
	open := app.Open
	app.Open = func(ctx context.Context, o cli.Options) (*cli.Backend, error) {
		b, err := open(ctx, o)
		b.Sinks = func(context.Context) ([]cli.Sink, error) {
			return []cli.Sink{
				{Name: "siem", Type: "webhook", Target: "https://siem.example", Used: true, Backlog: 12, State: soc.SinkState{
					Name: "siem", Seq: 88, Since: now.Add(-time.Hour), Problem: "answered 500", Dropped: 3, GivenUp: 1, LastOK: now.Add(-2 * time.Hour),
					Dead: []soc.DeadLetter{{ID: "evt_7_aa", Seq: 7, At: now.Add(-3 * time.Hour), Tries: 5, Action: "confirm", Target: "WS-1", Why: "answered 422"}},
				}},
				{Name: "log", Type: "syslog", Target: "unix:///dev/log"},
			}, nil
		}
		return b, err
	}
	app.Notify = func(_ context.Context, _ cli.Options, name string) (string, time.Duration, error) {
		if name != "siem" {
			return "", 0, soc.ErrNotFound
		}
		return "https://siem.example", 12 * time.Millisecond, nil
	}
	r := runApp(t, app, nil, "notify", "list")
	golden(t, "notify", r.out+"-- stderr --\n"+r.err)
	golden(t, "notify_json", runApp(t, app, nil, "notify", "list", "--json").out)
	if r := runApp(t, app, nil, "notify", "test", "siem"); r.out != "siem took the test message at https://siem.example in 12 ms\n" || r.code != 0 {
		t.Errorf("test: %+v", r)
	}
	if r := runApp(t, app, nil, "notify", "test", "nobody"); r.code != cli.ExitNotFound {
		t.Errorf("test of nobody: %+v", r)
	}
	if r := runApp(t, app, nil, "notify", "test"); r.code != cli.ExitUsage || !strings.Contains(r.err, "one notification sink") {
		t.Errorf("test without a name: %+v", r)
	}
}
