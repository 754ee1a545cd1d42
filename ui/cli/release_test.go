package cli_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/cli"
)

func TestN19_F65_ReleaseDueTellsScriptsHowItWent(t *testing.T) {
	one := []soc.Lockdown{{ID: "LK-1", HostName: "PC1", Phase: soc.PhaseReleaseBlocked, Failures: 3}}
	waiting := []soc.Lockdown{{ID: "LK-1", HostName: "PC1", Phase: soc.PhaseReleaseRequested, Attempts: []soc.Attempt{{Outcome: soc.OutcomeRefused}}}}
	for _, c := range []struct {
		due  cli.Due
		code int
		says string
	}{
		{cli.Due{}, 0, "nothing is due"},
		{cli.Due{Keeper: 42}, 0, "process 42 keeps the timers"},
		{cli.Due{Keeper: 42, Silent: 3 * time.Minute}, 1, "no sign of life for 3m"},
		{cli.Due{Released: one}, 0, "1 host released"},
		{cli.Due{Left: one}, 5, "1 still owed"},
		{cli.Due{Left: waiting}, 6, "1 still owed"},
		{cli.Due{Released: one, Left: one}, 7, "1 host released, 1 still owed"},
		{cli.Due{Doubt: true}, 5, "0 still owed"},
		{cli.Due{Unseen: one}, 5, "1 could not be looked at"},
		{cli.Due{Released: one, Unseen: one}, 5, "1 host released, 0 still owed, 1 could not be looked at"},
		{cli.Due{Released: one, Left: one, Unseen: one}, 7, "1 still owed"},
	} {
		app := full().app()
		app.Release = func(context.Context, cli.Options, time.Duration, func(soc.Lockdown)) (cli.Due, error) {
			return c.due, nil
		}
		if got := runApp(t, app, strings.NewReader(""), "release", "--due"); got.code != c.code || !strings.Contains(got.out, c.says) {
			t.Errorf("%+v: exit code %d, %q; want %d, %q", c.due, got.code, got.out, c.code, c.says)
		}
	}
	if got := full().run(t, "", "release"); got.code != 2 {
		t.Errorf("release without --due: exit code %d", got.code)
	}
}
