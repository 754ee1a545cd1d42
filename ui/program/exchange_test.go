package program

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
	"cordon/ui/cli"
)

// Exported from one folder and imported into another, through the real checks: nothing is written before somebody says so or when one entry
// is wrong, the tenant arrives switched off and can not be polled until its secret is typed, and each change is a line of the history.
func TestN25_SettingsMoveAsReviewedText(t *testing.T) {
	s, err := sim.Serve(t.Context(), "127.0.0.1:0", quickTenant())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	v := version("0.1.0-dev")
	from := &sealWorld{sim: s, o: cli.Options{Flags: map[string]string{"data": filepath.Join(t.TempDir(), "data")}}}
	p := from.open(t)
	from.attach(t, p)
	hook := soc.Channel{Type: soc.ChannelThreats, Name: "Phones", Enabled: true, Tenant: only(t, p).ID, AtLeast: soc.ThreatLow}
	if _, err := p.channels.SaveChannel(t.Context(), session(p.cfg, "tty"), hook, ""); err != nil {
		t.Fatal(err)
	}
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := v.exported(t.Context(), from.o)
	if err != nil || strings.Contains(string(text), s.Connection().Secret) {
		t.Fatalf("export: %v\n%s", err, text)
	}
	to := &sealWorld{sim: s, o: cli.Options{Flags: map[string]string{"data": filepath.Join(t.TempDir(), "data")}}}
	bad := strings.Replace(string(text), "environment: TEST", "environment: LAB", 1)
	if _, err := v.imported(t.Context(), to.o, "s.yaml", []byte(bad), true); soc.KindOf(err) != soc.KindInvalid || !strings.Contains(err.Error(), "tenant sim") {
		t.Errorf("a wrong entry: %v", err)
	}
	before := s.Tenant.Calls()
	for _, apply := range []bool{false, true} {
		got, err := v.imported(t.Context(), to.o, "s.yaml", text, apply)
		if err != nil || got.Applied != apply || len(got.Changes) != 2 {
			t.Fatalf("apply %v: %+v, %v", apply, got, err)
		}
	}
	p = to.open(t)
	defer func() { _ = p.store.Close() }()
	in := only(t, p)
	if in.Enabled || len(in.Sealed) > 0 || in.PollInterval != 5*time.Second || !in.Custom {
		t.Errorf("imported: %+v", in)
	}
	page, err := p.store.Audit(t.Context(), soc.AuditQuery{Text: "action:import"})
	if err != nil || page.Matched != 2 || !strings.Contains(page.Entries[0].Detail, "s.yaml") {
		t.Errorf("history: %+v, %v", page, err)
	}
	by := session(p.cfg, "tty")
	if _, err := p.engine.Tenants.Test(t.Context(), by, in, "", nil); err == nil {
		t.Error("the tenant was reached without a secret")
	}
	for name, n := range s.Tenant.Calls() {
		if n != before[name] {
			t.Errorf("%d calls of %s without a secret", n-before[name], name)
		}
	}
	if _, err := p.engine.Tenants.Save(t.Context(), by, in, s.Connection().Secret, nil); err != nil {
		t.Errorf("with its secret: %v", err)
	}
}

// The history goes to other people and machines; what is enough to post to a webhook does not (SC43).
func TestSC43_N25_TheHistoryOfAnImportHasNoWebhookPath(t *testing.T) {
	for value, want := range map[string]string{
		"https://hooks.test:8443/T0/s3cret?k=s3cret": "out.url=https://hooks.test:8443",
		"https://u:s3cret@hooks.test/":               "out.url=https://hooks.test",
		"https://%zz/s3cret":                         "out.url=an address",
		"unix:///dev/log":                            "out.url=unix:///dev/log",
	} {
		if got := joined("", "out.url", value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func only(t *testing.T, p *parts) soc.Integration {
	t.Helper()
	list, err := p.store.Integrations(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("tenants = %+v, %v", list, err)
	}
	return list[0]
}

// The command line prints the differences, applies them with --yes, and does not write over a file.
func TestN25_ExportAndImportCommands(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "s.yaml")
	run := func(want int, args ...string) string {
		t.Helper()
		var out strings.Builder
		if code := Run("0.1.0-dev", append(args, "--data", data), strings.NewReader(""), &out, &out); code != want {
			t.Errorf("%s: exit %d, want %d: %s", args, code, want, out.String())
		}
		return out.String()
	}
	run(0, "config", "export", file)
	run(3, "config", "export", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := run(0, "config", "import", file); !strings.Contains(got, "nothing differs") {
		t.Errorf("unchanged: %s", got)
	}
	next := strings.Replace(string(text), "default-period: 4h0m0s", "default-period: 2h", 1)
	if err := os.WriteFile(file, []byte(next), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--yes"}} {
		got := run(0, append([]string{"config", "import", file}, args...)...)
		if !strings.Contains(got, "~ policy") || !strings.Contains(got, "default-period: 4h0m0s -> 2h0m0s") || strings.Contains(got, "applied") != (len(args) > 0) {
			t.Errorf("%s: %s", args, got)
		}
	}
	if err := os.WriteFile(file, []byte(next+"surprise: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(2, "config", "import", file, "--yes"); !strings.Contains(got, "s.yaml:") || !strings.Contains(got, "surprise") {
		t.Errorf("an unknown key: %s", got)
	}
}
