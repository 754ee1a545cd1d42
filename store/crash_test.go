package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// commitForEver is the child of the kill test: it writes a lockdown, its audit line and an alert again and again and prints each number
// only after the store has acknowledged it.
func commitForEver(path string) {
	ctx := context.Background()
	s, err := Open(ctx, path, Options{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	next := len(must(s.Lockdowns(ctx, soc.LockdownQuery{}))) + 1
	for n := next; ; n++ {
		l := lockdown(fmt.Sprintf("LK-%06d", n), fmt.Sprintf("m%d", n))
		if _, err := s.SaveLockdown(ctx, l, soc.AuditEntry{Action: "isolate", Lockdown: l.ID}); err != nil {
			fmt.Println("error", err)
			return
		}
		r := rawAlert(fmt.Sprint(n), nil)
		if _, err := s.PutAlerts(ctx, "i1", []soc.RawAlert{r}, soc.PollState{Watermark: at(time.Duration(n) * time.Second)}); err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println("acked", n)
	}
}

// F01, F02, F08, F69: whatever was acknowledged before kill -9 is there afterwards, whole.
func TestF08_KillNineLosesNothingAcknowledged(t *testing.T) {
	if path := os.Getenv("CORDON_TEST_COMMIT"); path != "" {
		commitForEver(path)
		return
	}
	path := filepath.Join(t.TempDir(), "cordon.db")
	acked, holes := 0, 0 // a round that ends between the lockdown and its alert leaves a number without an alert
	for round := range 8 {
		acked = killAfter(t, path, acked, 3+round*2)
		s := open(t, path, Options{})
		if err := s.idx.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		locks := must(s.Lockdowns(t.Context(), soc.LockdownQuery{}))
		if len(locks) < acked || len(locks) > acked+1 {
			t.Fatalf("round %d: %d lockdowns, %d acknowledged", round, len(locks), acked)
		}
		rep := must(s.VerifyAudit(t.Context()))
		if !rep.OK || rep.Records != uint64(len(locks)) {
			t.Errorf("round %d: audit %+v beside %d lockdowns (I4)", round, rep, len(locks))
		}
		if due := must(s.DueLockdowns(t.Context(), testNow, 0)); len(due) != len(locks) {
			t.Errorf("round %d: %d wake rows for %d lockdowns (I3)", round, len(due), len(locks))
		}
		page := must(s.Alerts(t.Context(), soc.Query{Count: -1}))
		mark := int(must(s.PollState(t.Context(), "i1")).Watermark.Sub(testNow) / time.Second)
		if got := page.Total + holes; got < acked || got > acked+1 || mark < acked {
			t.Errorf("round %d: %d alerts and %d holes, poll mark %d, %d acknowledged", round, page.Total, holes, mark, acked)
		}
		for _, r := range page.Rows {
			must(s.AlertRaw(t.Context(), r.Key))
		}
		acked, holes = len(locks), len(locks)-page.Total
		finish(t, s)
	}
}

// killAfter runs the child until it acknowledged some more and kills it in the middle of its work. It returns the last number seen.
func killAfter(t *testing.T, path string, acked, more int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestF08_KillNineLosesNothingAcknowledged$")
	cmd.Env = append(os.Environ(), "CORDON_TEST_COMMIT="+path)
	out := must(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		if word == "error" {
			t.Fatalf("child: %s", rest)
		}
		if word != "acked" {
			continue
		}
		acked = must(strconv.Atoi(rest))
		if n++; n == more {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	return acked
}

// newest is the file of the newest form. UPDATE=1 writes it anew, which is only right as long as no cordon with this form was given out.
// Files of older forms can not be written any more; they are kept.
const (
	v1     = "../testdata/store/v1.db"
	newest = "../testdata/store/v3.db"
)

func TestF82_OlderFormsStillOpen(t *testing.T) {
	if os.Getenv("UPDATE") != "" {
		writeNewest(t)
	}
	for form, records := range map[string]uint64{"v1": 3, "v2": 2, "v3": 2} { // the seal of a migrated history is one more
		t.Run(form, func(t *testing.T) {
			s := formOpens(t, "../testdata/store/"+form+".db", records)
			if form == "v3" {
				reportsOpen(t, s)
			}
			saveReports(t, s, "later-")
		})
	}
}

func formOpens(t *testing.T, file string, records uint64) *Store {
	path := filepath.Join(t.TempDir(), "cordon.db")
	if err := os.WriteFile(path, must(os.ReadFile(file)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, Options{})
	if err := s.idx.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := must(s.OpenLockdown(t.Context(), soc.HostKey{Integration: "contoso", MachineID: "m1"}))
	if l.ID != "LK-1" || l.Reason != "ransomware" || !l.Wake.Equal(testNow) || len(l.Attempts) != 1 {
		t.Errorf("lockdown = %+v", l)
	}
	if rep := must(s.VerifyAudit(t.Context())); !rep.OK || rep.Records != records {
		t.Errorf("audit = %+v", rep)
	}
	page := must(s.Alerts(t.Context(), soc.Query{Filter: "powershell", Count: 5}))
	if page.Matched != 2 || page.Total != 2 {
		t.Fatalf("alerts = %+v", page)
	}
	want := rawAlert("a1", nil)
	if got := must(s.AlertRaw(t.Context(), key("a1"))); string(got) != string(want.Raw) {
		t.Errorf("raw = %s", got)
	}
	if got := must(s.Alert(t.Context(), key("a1"))); got.Title != want.Alert.Title || got.RelatedUser.Name != "jdoe" || !got.FirstSeen.Equal(testNow) {
		t.Errorf("alert = %+v", got)
	}
	if got := must(s.HostsNamed(t.Context(), "i1", "ws-1")); len(got) != 1 || got[0].Name != "ws-1.corp.example" {
		t.Errorf("hosts = %+v", got)
	}
	if got := must(s.Isolations(t.Context())); len(got) != 1 || got[0].Word != soc.Isolated {
		t.Errorf("isolations = %+v", got)
	}
	if got := must(s.Integration(t.Context(), "i1")); got.Name != "Contoso" || string(got.Sealed) != "sealed" {
		t.Errorf("integration = %+v", got)
	}
	if p := must(s.Policy(t.Context())); p.Revision != 1 || len(p.Never) != 1 {
		t.Errorf("policy = %+v", p)
	}
	return s
}

// reportsOpen checks what form 3 brought.
func reportsOpen(t *testing.T, s *Store) {
	t.Helper()
	if got := must(s.Channel(t.Context(), "ch")); got.Name != "Mail" || string(got.Sealed) != "sealed" || got.Out.To[0] != "soc@contoso.test" {
		t.Errorf("channel = %+v", got)
	}
	if got := must(s.Tokens(t.Context())); len(got) != 1 || got[0].Name != "phones" || string(got[0].Hash) != "hash" {
		t.Errorf("tokens = %+v", got)
	}
	got := must(s.Threats(t.Context(), soc.ThreatQuery{States: []soc.ThreatState{soc.ThreatWaiting}}))
	if len(got) != 1 || got[0].Device.Managed == nil || !*got[0].Device.Managed || got[0].Forensics["ip"] != "10.0.0.1" || !got[0].ReceivedAt.Equal(testNow) {
		t.Errorf("threats = %+v", got)
	}
	if got := must(s.PushedOne(t.Context(), "p")); got.Indicator.Value != "evil.test" || got.State != soc.PushedSubmitted {
		t.Errorf("pushed = %+v", got)
	}
}

// saveReports writes one record of every kind of form 3; with its own prefix it does so beside another.
func saveReports(t testing.TB, s *Store, prefix string) {
	t.Helper()
	managed := true
	must(s.SaveChannel(t.Context(), soc.Channel{
		ID: soc.ChannelID(prefix + "ch"), Type: soc.ChannelMail, Name: prefix + "Mail", Sealed: []byte("sealed"), Out: soc.Outlet{To: []string{"soc@contoso.test"}},
	}))
	must(s.SaveToken(t.Context(), soc.Token{
		ID: prefix + "t", Name: prefix + "phones", Scopes: []string{soc.ScopeThreats}, Hash: []byte("hash"),
	}))
	must(s.SaveThreat(t.Context(), soc.Threat{
		Key: prefix + "th", Channel: "ch", Level: soc.ThreatElevated, State: soc.ThreatWaiting, ReceivedAt: testNow,
		Device: soc.ThreatDevice{Name: "phone", Managed: &managed}, Forensics: map[string]string{"ip": "10.0.0.1"},
	}))
	must(s.SavePushed(t.Context(), soc.Pushed{
		Key: prefix + "p", Indicator: soc.Indicator{Integration: "i1", Type: "DomainName", Value: "evil.test"}, State: soc.PushedSubmitted, Submitted: testNow,
	}))
}

func writeNewest(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "cordon.db"), Options{Version: "0.1.0"})
	l := lockdown("LK-1", "m1")
	l.Reason = "ransomware"
	must(s.SaveLockdown(t.Context(), l, soc.AuditEntry{Action: "isolate", Actor: soc.Actor{Name: "alice"}, Lockdown: "LK-1", Result: soc.ResultOK}))
	must(s.SaveIntegration(t.Context(), integration("i1", "Contoso"), soc.AuditEntry{Action: "attach", Result: soc.ResultOK}))
	put(t, s, soc.PollState{FirstDone: true}, rawAlert("a1", nil), rawAlert("a2", nil))
	host := soc.HostKey{Integration: "i1", MachineID: "m1"}
	policy := soc.DefaultPolicy()
	policy.Never = []string{"tag:tier0"}
	must(s.SavePolicy(t.Context(), policy))
	saveReports(t, s, "")
	for _, err := range []error{
		s.PutHosts(t.Context(), soc.Host{Key: host, Name: "ws-1.corp.example"}),
		s.PutHostActions(t.Context(), host, []soc.MachineAction{action("a", "m1", soc.ActionIsolate, soc.ActionSucceeded, 0, 0)}, testNow),
		s.backup(t.Context(), newest),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}
