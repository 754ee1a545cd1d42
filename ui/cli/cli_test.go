package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/cli"
)

// Every listing for people and as JSON; the JSON shapes are what scripts rely on.
func TestGolden_Listings(t *testing.T) {
	for name, args := range map[string][]string{
		"alerts": {"alerts", "list"}, "lockdowns": {"lockdowns", "list"}, "lockdowns_all": {"lockdowns", "list", "--all"},
		"audit": {"audit", "list"}, "verify": {"audit", "verify"}, "status": {"status"}, "partners": {"partner", "list"},
		"test": {"partner", "test"}, "config": {"config", "show"}, "path": {"config", "path"}, "version": {"version"},
	} {
		t.Run(name, func(t *testing.T) {
			plain := full().run(t, "", args...)
			golden(t, name, fmt.Sprintf("%s-- stderr, exit %d --\n%s", plain.out, plain.code, plain.err))
			doc := full().run(t, "", append(args, "--json")...)
			golden(t, name+"_json", doc.out)
			var v map[string]any
			if err := json.Unmarshal([]byte(doc.out), &v); err != nil || v["schema_version"] != 1.0 {
				t.Errorf("not one object with schema_version 1: %v\n%s", err, doc.out)
			}
			if strings.Contains(plain.out+plain.err+doc.out, "SEALED") {
				t.Error("a sealed secret is printed")
			}
		})
	}
}

func TestListings_EmptyStates(t *testing.T) {
	for _, args := range [][]string{
		{"alerts", "list"}, {"lockdowns", "list"}, {"audit", "list"}, {"status"}, {"partner", "list"},
	} {
		s := &shelf{}
		r := s.run(t, "", args...)
		if r.code != 0 || r.out == "" || r.err == "" {
			t.Errorf("%v: %+v, want a header and a note", args, r)
		}
		j := s.run(t, "", append(args, "--json")...)
		if strings.Contains(j.out, "null") || !json.Valid([]byte(j.out)) || j.err != "" {
			t.Errorf("%v --json: %+v, want empty lists and no notes", args, j)
		}
	}
}

// A long listing is read in windows, never by one huge question.
func TestAlertsList_PagesThroughTheStore(t *testing.T) {
	s := &shelf{}
	for i := range 2500 {
		s.rows = append(s.rows, soc.AlertRow{Key: soc.AlertKey{ID: fmt.Sprint("a", i)}})
	}
	r := s.run(t, "", "alerts", "list", "--limit", "0", "--json")
	var doc struct {
		Alerts []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || len(doc.Alerts) != 2500 || doc.Alerts[2499].ID != "a2499" {
		t.Fatalf("%d alerts, %v, want all 2500 in order", len(doc.Alerts), err)
	}
	if got := fmt.Sprint(s.asked); got != "[1000 1000 1000]" {
		t.Errorf("asked for %s, want windows of 1000", got)
	}
	s.asked = nil
	if r := s.run(t, "", "alerts", "list", "--limit", "1200"); strings.Count(r.out, "\n") != 1201 || fmt.Sprint(s.asked) != "[1000 200]" {
		t.Errorf("--limit 1200: %d lines, asked %v", strings.Count(r.out, "\n"), s.asked)
	}
}

func TestAuditList_PagesThroughTheStore(t *testing.T) {
	s := &shelf{}
	for i := range 2000 {
		s.entries = append(s.entries, soc.AuditEntry{Seq: uint64(2000 - i), Action: "test"})
	}
	for _, args := range [][]string{{"--limit", "0"}, {"--limit", "0", "--filter", "test"}} {
		r := s.run(t, "", append([]string{"audit", "list", "--json"}, args...)...)
		if n := strings.Count(r.out, `"seq"`); n != 2000 || !json.Valid([]byte(r.out)) {
			t.Errorf("%v: %d entries, want 2000", args, n)
		}
	}
	if got := fmt.Sprint(s.asked); got != "[1000 1000 1000 0]" {
		t.Errorf("asked for %s, want windows, and one walk for the search", got)
	}
}

// A command that starts while the index is built waits for it, and says when something can not be read.
func TestAlertsList_WaitsForTheIndex(t *testing.T) {
	s := full()
	app := s.app()
	ready := false
	open := app.Open
	app.Open = func(ctx context.Context, o cli.Options) (*cli.Backend, error) {
		b, err := open(ctx, o)
		b.Ready = func(context.Context) error { ready = true; return nil }
		b.Problems = func(context.Context) []string { return []string{"alert number 5 can not be read"} }
		return b, err
	}
	if r := runApp(t, app, nil, "alerts", "list"); !ready || !strings.Contains(r.err, "warning: alert number 5 can not be read") {
		t.Errorf("ready = %v, stderr %q", ready, r.err)
	}
	app.Open = func(ctx context.Context, o cli.Options) (*cli.Backend, error) {
		b, err := open(ctx, o)
		b.Ready = func(context.Context) error { return context.Canceled }
		return b, err
	}
	if r := runApp(t, app, nil, "status"); r.code != cli.ExitInterrupted || r.out != "" || r.err != "cordon: interrupted\n" {
		t.Errorf("interrupted while waiting: %+v", r)
	}
}

func TestExitCode(t *testing.T) {
	kind := func(k soc.Kind, code string) error {
		return fmt.Errorf("doing it: %w", &soc.Error{Kind: k, Code: code})
	}
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("disk"), 1},
		{kind(soc.KindInternal, "chain-broken"), 1},
		{kind(soc.KindUnavailable, "store-damaged"), 1},
		{kind(soc.KindInvalid, "usage"), 2},
		{soc.FilterError{Msg: "bad"}, 2},
		{kind(soc.KindDenied, ""), 3},
		{kind(soc.KindRefused, ""), 3},
		{kind(soc.KindInProgress, ""), 3},
		{kind(soc.KindConflict, "live-lockdowns"), 3},
		{kind(soc.KindUnauthorized, ""), 3},
		{kind(soc.KindNotFound, ""), 4},
		{kind(soc.KindAmbiguous, ""), 4},
		{kind(soc.KindUnavailable, "unreachable"), 5},
		{kind(soc.KindUnknownOutcome, ""), 5},
		{kind(soc.KindThrottled, ""), 6},
		{&soc.Error{Kind: soc.KindConflict, Code: "releases-under-way", Err: context.Canceled}, 7},
		{fmt.Errorf("reading: %w", context.Canceled), 130},
	} {
		if got := cli.ExitCode(tc.err); got != tc.want {
			t.Errorf("ExitCode(%v) = %d, want %d", tc.err, got, tc.want)
		}
	}
}

func TestAlertsList_MarksTheBadPartOfAFilter(t *testing.T) {
	r := full().run(t, "", "alerts", "list", "--filter", "überall sev>=nope x")
	want := "cordon: filter: severity is one of high, med, low, info, unsp\n    überall sev>=nope x\n                 ^^^^\n"
	if r.code != 2 || r.err != want || r.out != "" {
		t.Errorf("%+v, want stderr %q", r, want)
	}
}

func TestT33_RawIsPrintedByteForByte(t *testing.T) {
	s := full()
	if r := s.run(t, "", "alerts", "raw", "da1_1"); r.out != `{"id":"da1_1" , "title":"x"}` {
		t.Errorf("raw = %q, want the bytes as they came", r.out)
	}
	if r := s.run(t, "", "alerts", "raw", "da9"); r.code != cli.ExitNotFound {
		t.Errorf("%+v, want exit 4", r)
	}
}

func TestC17_NothingIsChosenByDefault(t *testing.T) {
	s := full()
	s.ins = append(s.ins, soc.Integration{ID: "two", Name: "one1"})
	for _, args := range [][]string{{"partner", "detach", "defender"}, {"partner", "test"}, {"alerts", "raw", "da1_1"}} {
		if r := s.run(t, "", args...); r.code != cli.ExitNotFound || !strings.Contains(r.err, "one, one1") {
			t.Errorf("%v: %+v, want a refusal that lists both", args, r)
		}
	}
	if r := s.run(t, "", "partner", "detach", "defender", "--name", "on"); len(s.detached) != 0 || r.code != 0 || !strings.Contains(r.out, "nothing to do") {
		t.Errorf("part of a name: %+v, detached %v", r, s.detached)
	}
}

func TestK07_AbandonWantsTheNameTyped(t *testing.T) {
	for typed, ok := range map[string]bool{"one\n": true, "one": true, "ONE\n": false, "\n": false, "": false} {
		s := full()
		r := s.run(t, typed, "partner", "detach", "defender", "--abandon")
		if got := len(s.detached) == 1; got != ok || ok != (r.code == 0) || !ok && r.code != cli.ExitRefused {
			t.Errorf("typed %q: detached %v, %+v", typed, s.detached, r)
		}
		if !strings.Contains(r.err, "PC1, PC2, PC4 stay isolated") {
			t.Errorf("typed %q: the hosts are not listed: %q", typed, r.err)
		}
	}
	s := full()
	s.locks = nil
	if r := s.run(t, "", "partner", "detach", "defender", "--abandon"); r.code != 0 {
		t.Errorf("nothing to abandon: %+v", r)
	}
}

func TestP07_AttachReadsTheSecretFromThreePlaces(t *testing.T) {
	args := []string{"partner", "attach", "defender", "--user", "t", "--api", "https://a"}
	t.Setenv("CORDON_SECRET", "")
	for name, tc := range map[string]struct {
		stdin, env string
		args       []string
		warns      bool
	}{
		"argv":  {"", "", []string{"--secret", "app/s3cret/x"}, true},
		"stdin": {" app/s3cret/x\r\n", "", []string{"--secret-stdin"}, false},
		"env":   {"", "app/s3cret/x", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CORDON_SECRET", tc.env)
			s := &shelf{}
			r := s.run(t, tc.stdin, append(args, tc.args...)...)
			if r.code != 0 || s.secret != "s3cret/x" || s.saved.ClientID != "app" {
				t.Errorf("secret %q, app %q, %+v", s.secret, s.saved.ClientID, r)
			}
			if strings.Contains(r.err, "warning") != tc.warns || strings.Contains(r.out+r.err, "s3cret") {
				t.Errorf("out %q err %q", r.out, r.err)
			}
			if s.saved.PollInterval != 2*time.Minute || s.saved.MaxHistory != "30 days ago" {
				t.Errorf("poll %s, history %q, want the configured ones", s.saved.PollInterval, s.saved.MaxHistory)
			}
		})
	}
	for _, extra := range [][]string{nil, {"--secret-stdin"}, {"--secret", "a/b", "--secret-stdin"}, {"--secret", "a/b", "--poll-interval", "often"}} {
		s := &shelf{}
		if r := s.run(t, "", append(args, extra...)...); r.code != cli.ExitUsage || s.secret != "" {
			t.Errorf("%v: %+v, want a usage error", extra, r)
		}
	}
}

func TestP07_ARefusedSecretIsNamedAfterWhereItCameFrom(t *testing.T) {
	for name, tc := range map[string]struct {
		stdin, env string
		args       []string
		want       string
	}{
		"argv":  {"", "", []string{"--secret", "no-slash"}, "--secret is not of the form APP_ID/APP_SECRET"},
		"stdin": {"no-slash\n", "", []string{"--secret-stdin"}, "what --secret-stdin read is not of the form APP_ID/APP_SECRET"},
		"env":   {"", "no-slash", nil, "CORDON_SECRET is not of the form APP_ID/APP_SECRET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CORDON_SECRET", tc.env)
			s := &shelf{noSlash: true}
			args := append([]string{"partner", "attach", "defender", "--user", "t", "--api", "https://a"}, tc.args...)
			r := s.run(t, tc.stdin, args...)
			if r.code != cli.ExitUsage || !strings.Contains(r.err, tc.want) || strings.Contains(r.err, "no-slash") {
				t.Errorf("%+v, want %q", r, tc.want)
			}
		})
	}
}

// A hostile error text can not draw on the terminal.
func TestReport_CleansWhatItPrints(t *testing.T) {
	var b strings.Builder
	cli.Report(&b, &soc.Error{What: "host \x1b[2Jevil\x07", Next: "look\n    at this"})
	if got := b.String(); strings.ContainsAny(got, "\x1b\x07") || !strings.HasSuffix(got, "\n    at this\n") {
		t.Errorf("%q", got)
	}
}
