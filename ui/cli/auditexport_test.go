package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/store/soc"
)

// Nothing is overwritten, no link is followed, and what is made is private.
func TestSC50_ExportMakesANewPrivateFileOrNothing(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	link, dangling, folder := filepath.Join(dir, "link"), filepath.Join(dir, "dangling"), filepath.Join(dir, "folder")
	for from, to := range map[string]string{link: precious, dangling: filepath.Join(dir, "nowhere"), folder: t.TempDir()} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{precious, link, dangling, folder, filepath.Join(dir, "no", "such", "folder"), precious + "/x", "/dev/null"} {
		s := full()
		r := s.run(t, "", "audit", "export", "-o", name)
		if r.code == 0 || r.out != "" {
			t.Errorf("export to %s: %+v, want a refusal", name, r)
		}
	}
	if got, _ := os.ReadFile(precious); string(got) != "mine" {
		t.Errorf("the file that was there now holds %q", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("the target of a link was made")
	}
	sub := filepath.Join(dir, "exports")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(dir, "new.csv"), sub} {
		s := full()
		if r := s.run(t, "", "audit", "export", "--format", "csv", "-o", name); r.code != 0 || r.out != "" || !strings.Contains(r.err, "2 records written to ") {
			t.Fatalf("export to %s: %+v", name, r)
		}
	}
	made, _ := filepath.Glob(filepath.Join(sub, "cordon-audit-20260304T120000.000Z.csv"))
	for _, name := range append(made, filepath.Join(dir, "new.csv")) {
		if info, err := os.Lstat(name); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if len(made) != 1 {
		t.Errorf("in the folder: %v", made)
	}
}

// A failed export leaves nothing that could be taken for a whole one.
func TestSC50_FailedExportLeavesNothing(t *testing.T) {
	s := full()
	s.fail = soc.ErrUnavailable
	name := filepath.Join(t.TempDir(), "x.ndjson")
	if r := s.run(t, "", "audit", "export", "-o", name); r.code == 0 {
		t.Errorf("run = %+v", r)
	}
	if _, err := os.Lstat(name); err == nil {
		t.Error("half an export was left behind")
	}
}

func TestN10_ExportAndVerifyFlags(t *testing.T) {
	s := full()
	if r := s.run(t, "", "audit", "export", "--format", "xml"); r.code != 2 {
		t.Errorf("unknown format: %+v", r)
	}
	if r := s.run(t, "", "audit", "export", "--format", "cef", "--filter", "actor:mona", "--since", "24h"); r.code != 0 || r.out != "line\n" {
		t.Errorf("export: %+v", r)
	}
	if s.exported.Format != soc.ExportCEF || s.exported.Query.Text != "actor:mona" || !s.exported.Query.Since.Equal(now.AddDate(0, 0, -1)) {
		t.Errorf("asked for %+v", s.exported)
	}
	key := filepath.Join(t.TempDir(), "audit.key")
	if err := os.WriteFile(key, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.run(t, "", "audit", "verify", "--key", key, "--checkpoints", key, "--checkpoints", key, "--public", "p"); r.code != 0 {
		t.Errorf("verify: %+v", r)
	}
	if o := s.verified; string(o.Key) != "key" || len(o.Checkpoints) != 2 || len(o.Public) != 1 || o.By.Name != "mona" {
		t.Errorf("verified with %+v", o)
	}
	if r := s.run(t, "", "audit", "verify", "--key", key+"x"); r.code != 2 || !strings.Contains(r.err, "nothing was verified") {
		t.Errorf("missing key file: %+v", r)
	}
	if r := s.run(t, "", "audit", "key"); r.code != 0 || !strings.Contains(r.out, "ed25519:AAAA") {
		t.Errorf("key: %+v", r)
	}
	s.chain = soc.ChainReport{BadCheckpoint: 3, Problem: "checkpoint 3 is not signed by a known key"}
	if r := s.run(t, "", "audit", "verify"); r.code != 1 || !strings.Contains(r.err, "a checkpoint of the history is bad") {
		t.Errorf("forged checkpoint: %+v", r)
	}
}
