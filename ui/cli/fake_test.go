package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/cli"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// shelf is a store made of plain values.
type shelf struct {
	noSlash  bool // what was given as the secret is refused
	rows     []soc.AlertRow
	raw      map[soc.AlertKey]string
	locks    []soc.Lockdown
	outside  []soc.Isolation
	entries  []soc.AuditEntry
	ins      []soc.Integration
	polls    map[soc.IntegrationID]soc.PollState
	chain    soc.ChainReport
	verified soc.VerifyOptions
	exported soc.AuditExport
	fail     error // of every read
	asked    []int // Count of each question for alerts or history
	detached []string
	steps    []soc.Step
	saveErr  error
	saved    soc.Integration
	secret   string
}

func (s *shelf) Alerts(_ context.Context, q soc.Query) (soc.AlertPage, error) {
	s.asked = append(s.asked, q.Count)
	from := min(q.From, len(s.rows))
	return soc.AlertPage{
		Rows: s.rows[from:min(from+q.Count, len(s.rows))], Matched: len(s.rows), Total: len(s.rows), Revision: 7,
	}, s.fail
}

func (s *shelf) AlertRaw(_ context.Context, k soc.AlertKey) ([]byte, error) {
	if text, ok := s.raw[k]; ok {
		return []byte(text), s.fail
	}
	return nil, soc.ErrNotFound
}

func (s *shelf) Lockdowns(_ context.Context, q soc.LockdownQuery) ([]soc.Lockdown, error) {
	var out []soc.Lockdown
	for _, l := range s.locks {
		if !q.Open || !l.Phase.Final() {
			out = append(out, l)
		}
	}
	return out, s.fail
}

func (s *shelf) Isolations(context.Context) ([]soc.Isolation, error) { return s.outside, s.fail }

func (s *shelf) Audit(_ context.Context, q soc.AuditQuery) (soc.AuditPage, error) {
	s.asked = append(s.asked, q.Count)
	from, to := min(q.From, len(s.entries)), len(s.entries)
	if q.Count > 0 {
		to = min(from+q.Count, to)
	}
	return soc.AuditPage{Entries: s.entries[from:to], From: from, Matched: len(s.entries), Total: len(s.entries)}, s.fail
}

func (s *shelf) VerifyHistory(_ context.Context, o soc.VerifyOptions) (soc.ChainReport, error) {
	s.verified = o
	return s.chain, s.fail
}

func (s *shelf) ExportAudit(_ context.Context, w io.Writer, x soc.AuditExport) (int, error) {
	s.exported = x
	fmt.Fprintln(w, "line")
	return len(s.entries), s.fail
}

func (s *shelf) Signer() (string, error)  { return "ed25519:AAAA", s.fail }
func (s *shelf) KeyPath() (string, error) { return "/data/audit-1.key", s.fail }

func (s *shelf) Integrations(context.Context) ([]soc.Integration, error) { return s.ins, s.fail }

func (s *shelf) PollState(_ context.Context, id soc.IntegrationID) (soc.PollState, error) {
	return s.polls[id], nil
}

func (s *shelf) Test(_ context.Context, _ soc.Session, _ soc.Integration, _ string, report func(soc.Step)) ([]soc.Step, error) {
	for _, st := range s.steps {
		report(st)
	}
	return s.steps, nil
}

func (s *shelf) Save(_ context.Context, _ soc.Session, draft soc.Integration, secret string, _ func(soc.Step)) (soc.Integration, error) {
	s.saved, s.secret = draft, secret
	draft.ID = "one-1234"
	return draft, s.saveErr
}

func (s *shelf) Detach(_ context.Context, _ soc.Session, id soc.IntegrationID, releaseFirst, abandon bool) error {
	s.detached = append(s.detached, fmt.Sprintf("%s release=%v abandon=%v", id, releaseFirst, abandon))
	return nil
}

func (s *shelf) app() cli.App {
	return cli.App{
		Version: "1.2.3", Now: func() time.Time { return now }, Schema: 4,
		Open: func(context.Context, cli.Options) (*cli.Backend, error) {
			return &cli.Backend{Store: s, Connector: s, Session: soc.Session{Actor: soc.Actor{Name: "mona"}}, Close: func() error { return nil }}, nil
		},
		Console: func(context.Context, cli.Options) error { return context.Canceled },
		Config: func(cli.Options) ([]cli.Setting, error) {
			return []cli.Setting{{"poll.interval", "2m0s", "default"}, {"poll.max-history", "30 days ago", "default"}, {"ssh.listen", "", "default"}}, nil
		},
		Paths: func(cli.Options) (string, string, error) { return "/c/config.yaml", "/d", nil },
		Attach: func(user, secret, api string) (soc.Integration, string, error) {
			app, rest, _ := strings.Cut(secret, "/")
			if s.noSlash {
				return soc.Integration{}, "", &soc.Error{Kind: soc.KindInvalid, What: "--secret is not of the form APP_ID/APP_SECRET"}
			}
			return soc.Integration{TenantID: user, ClientID: app, API: api}, rest, nil
		},
		History: func(string, time.Time) (time.Time, error) { return now.AddDate(0, 0, -30), nil },
	}
}

// result is what a command did.
type result struct {
	out, err string
	code     int
}

func (s *shelf) run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return runApp(t, s.app(), strings.NewReader(stdin), args...)
}

func runApp(t *testing.T, app cli.App, in io.Reader, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	root := cli.New(app, in, &out, &errOut)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	if err != nil {
		cli.Report(&errOut, err)
	}
	return result{out.String(), errOut.String(), cli.ExitCode(err)}
}

// golden compares with testdata/NAME.golden; UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

// full is a store with one of everything.
func full() *shelf {
	key := soc.HostKey{Integration: "one-1234", MachineID: "m1"}
	return &shelf{
		ins:   []soc.Integration{{ID: "one-1234", Name: "one", TenantID: "t-1", API: "https://api.example", Environment: "PROD", Enabled: true, Sealed: []byte("SEALED")}},
		polls: map[soc.IntegrationID]soc.PollState{"one-1234": {LastOK: now.Add(-90 * time.Second), LastError: "throttled", Gap: "2 days not fetched"}},
		rows: []soc.AlertRow{
			{Key: soc.AlertKey{Integration: "one-1234", ID: "da1_1"}, Severity: "High", Status: "New", Title: "Ransomware <seen>", HostName: "PC1", MachineID: "m1", Created: now.Add(-5 * time.Minute), LastUpdate: now},
			{Key: soc.AlertKey{Integration: "one-1234", ID: "da2_1"}, Severity: "Low", Status: "Resolved", Title: "Tool", HostName: "PC10", Owner: "mona", Created: now.Add(-72 * time.Hour), LastUpdate: now, Reopened: true},
		},
		raw: map[soc.AlertKey]string{{Integration: "one-1234", ID: "da1_1"}: `{"id":"da1_1" , "title":"x"}`},
		locks: []soc.Lockdown{
			{ID: "LK-AAAA2222", Key: key, HostName: "PC1", Phase: soc.PhaseIsolated, Mode: soc.ModeManual, By: soc.Actor{Name: "mona"}, Reason: "ransomware", Period: 4 * time.Hour, RequestedAt: now.Add(-time.Hour), EnforcedAt: now.Add(-time.Hour), Deadline: now.Add(3 * time.Hour)},
			{ID: "LK-BBBB3333", Key: soc.HostKey{Integration: "one-1234", MachineID: "m2"}, HostName: "PC2", Phase: soc.PhaseReleaseBlocked, Mode: soc.ModeManual, By: soc.Actor{Name: "ola"}, Reason: "macro", Trouble: "Defender is throttling", Period: time.Hour, RequestedAt: now.Add(-2 * time.Hour), EnforcedAt: now.Add(-2 * time.Hour), Deadline: now.Add(-time.Hour)},
			{ID: "LK-CCCC4444", Key: soc.HostKey{Integration: "one-1234", MachineID: "m3"}, HostName: "PC3", Phase: soc.PhaseReleased, Cause: soc.CauseTimer, By: soc.Actor{Name: "ola"}, Reason: "done", RequestedAt: now.Add(-9 * time.Hour), EndedAt: now.Add(-8 * time.Hour)},
			{ID: "LK-DDDD5555", Key: soc.HostKey{Integration: "one-1234", MachineID: "m4"}, HostName: "PC4", Phase: soc.PhasePending, By: soc.Actor{Name: "mona"}, Reason: "offline", Period: time.Hour, RequestedAt: now},
		},
		outside: []soc.Isolation{
			{Key: key, HostName: "PC1", Word: soc.Isolated},
			{Key: soc.HostKey{Integration: "one-1234", MachineID: "m9"}, HostName: "PC9", Word: soc.Isolated, Action: soc.MachineAction{Requestor: "portal@example", Updated: now.Add(-time.Hour)}, AsOf: now},
		},
		entries: []soc.AuditEntry{
			{Seq: 2, Time: now, Integration: "one-1234", Actor: soc.Actor{Name: "mona", Via: "cli"}, Action: "isolate", Target: "PC1", Host: "m1", Lockdown: "LK-AAAA2222", Result: "accepted", ActionID: "a-1", Prev: "00", Hash: "ff"},
			{Seq: 1, Time: now.Add(-time.Hour), Actor: soc.Service("timer"), Action: "release", Target: "PC3", Result: "ok", Cause: soc.CauseTimer, Detail: "time is over", Hash: "00"},
		},
		chain: soc.ChainReport{Records: 2, LastSeq: 2, OK: true},
		steps: []soc.Step{
			{Name: "sign in", Status: soc.StepRun},
			{Name: "sign in", Status: soc.StepOK, Took: 7 * time.Millisecond, Detail: "token good for 1h0m0s"},
			{Name: "role: isolate and release", Status: soc.StepFail, Detail: "Machine.Isolate is not granted", Fix: "grant it"},
			{Name: "clock", Status: soc.StepSkip},
		},
	}
}
