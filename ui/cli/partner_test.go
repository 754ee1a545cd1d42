package cli_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
)

// PermissionsNow tells of a tenant with Vectra's set.
func (s *shelf) PermissionsNow(_ context.Context, _ soc.Session, id soc.IntegrationID) (soc.PermissionReport, error) {
	need := func(role string, state soc.PermissionState) soc.Permission {
		return soc.Permission{API: "WindowsDefenderATP", Role: role, State: state, For: "x"}
	}
	return soc.PermissionReport{
		Integration: id, Known: s.fail == nil, Tenant: "t-1", Problem: "nothing to report",
		Permissions: []soc.Permission{need("Machine.Isolate", soc.PermissionGranted), need("Alert.Read.All", soc.PermissionRequested)},
		Profiles: []soc.Profile{
			{Name: "Vectra", Satisfied: true, Permissions: []soc.Permission{need("Machine.Isolate", soc.PermissionGranted)}, Allows: []string{"isolate and release"}},
			{
				Name: "Prelude", Permissions: []soc.Permission{need("Alert.Read.All", soc.PermissionRequested), {API: "Microsoft Graph", Role: "User.Read", State: soc.PermissionUnknown}},
				Denies: []string{"isolate and release: Machine.Isolate is not in this set"},
			},
		},
	}, nil
}

func TestZ08_V06_P03_T09_PermissionsAsATable(t *testing.T) {
	t.Parallel()
	r := full().run(t, "", "partner", "permissions", "one")
	for _, want := range []string{
		"granted for t-1", "Vectra profile: satisfied", "allows  isolate and release", "Prelude profile: Alert.Read.All requested, not consented\n",
		"not     isolate and release: Machine.Isolate is not in this set", "WindowsDefenderATP",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in:\n%s", want, r.out)
		}
	}
	if r.code != 0 || !strings.Contains(r.err, "nothing to report") {
		t.Errorf("code %d, errors %q", r.code, r.err)
	}
	r = full().run(t, "", "partner", "permissions", "--json")
	for _, want := range []string{`"satisfied": true`, `"requested, not consented"`, `"delegated": false`, `"denies": []`, `"schema_version"`} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %s in:\n%s", want, r.out)
		}
	}
	if r := full().run(t, "", "partner", "permissions", "two"); r.code != 4 {
		t.Errorf("an unknown name: %d %s", r.code, r.err)
	}
}

// attachArgs is a whole command line but for the credential.
func attachArgs(more ...string) []string {
	return append([]string{"partner", "attach", "defender", "--user", "t", "--name", "one"}, more...)
}

func TestP07_P08_AttachWithoutASecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.pfx")
	if err := os.WriteFile(file, []byte("PFX"), 0o600); err != nil {
		t.Fatal(err)
	}
	const api = "https://api.securitycenter.microsoft.com"
	t.Setenv("CORDON_CERTIFICATE_PASSWORD", "c4n4ry word")
	s := full()
	r := s.run(t, "", attachArgs("--client", "a", "--certificate", file, "--api", api, "--proxy", "none", "--env", "test", "--poll", "5", "--history", "3 days ago",
		"--profile", "vectra,read", "--allowed", "mona", "--allowed", "role:admin", "--ca", file)...)
	if in := s.saved; r.code != 0 || in.Auth != "certificate" || in.ClientID != "a" || in.Proxy != "none" || in.Environment != "TEST" ||
		in.PollInterval != 5*time.Minute || in.MaxHistory != "3 days ago" || len(in.Profiles) != 2 || len(in.Allowed) != 2 || in.CAFile != file {
		t.Errorf("code %d %s: %+v", r.code, r.err, in)
	}
	if s.secret != base64.StdEncoding.EncodeToString([]byte("PFX"))+" c4n4ry word" || strings.Contains(r.out+r.err, "c4n4ry") {
		t.Errorf("credential %q, output %q", s.secret, r.out+r.err)
	}
	s = full()
	if r := s.run(t, "typed\n", attachArgs("--client", "a", "--certificate", file, "--api", api, "--secret-stdin")...); r.code != 0 || !strings.HasSuffix(s.secret, " typed") {
		t.Errorf("%d %s: %q", r.code, r.err, s.secret)
	}
	s = full()
	if r := s.run(t, "", attachArgs("--auth", "managed-identity", "--region", "swa")...); r.code != 0 || s.secret != "" || s.saved.Auth != "managed-identity" ||
		s.saved.API != "https://swa.api.security.microsoft.com" {
		t.Errorf("%d %s: %+v", r.code, r.err, s.saved)
	}
	s = full()
	if r := s.run(t, "", attachArgs("--auth", "workload-identity", "--client", "a", "--token-file", "x/token", "--region", "eu")...); r.code != 0 ||
		!filepath.IsAbs(s.saved.TokenFile) || s.saved.API != "https://api-eu.securitycenter.microsoft.com" {
		t.Errorf("%d %s: %+v", r.code, r.err, s.saved)
	}
}

func TestP07_P08_AttachUsageErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no api":       {[]string{"--secret", "a/b"}, "--api is required"},
		"both":         {[]string{"--secret", "a/b", "--api", "https://x", "--region", "eu"}, "exclude each other"},
		"region":       {[]string{"--secret", "a/b", "--region", "mars"}, "--region is us"},
		"cloud":        {[]string{"--secret", "a/b", "--region", "eu", "--cloud", "gcc"}, "commercial cloud"},
		"auth":         {[]string{"--auth", "password", "--api", "https://x"}, "--auth is"},
		"no file":      {[]string{"--auth", "certificate", "--client", "a", "--api", "https://x"}, "belong together"},
		"lost file":    {[]string{"--certificate", "/none", "--client", "a", "--api", "https://x"}, "--certificate:"},
		"no client":    {[]string{"--auth", "workload-identity", "--api", "https://x"}, "--client is required"},
		"secret too":   {[]string{"--auth", "managed-identity", "--secret", "a/c4n4ry", "--api", "https://x"}, "--secret is for"},
		"poll":         {[]string{"--secret", "a/b", "--api", "https://x", "--poll", "soon"}, "--poll-interval"},
		"poll zero":    {[]string{"--secret", "a/b", "--api", "https://x", "--poll", "0"}, "--poll-interval"},
		"poll minus":   {[]string{"--secret", "a/b", "--api", "https://x", "--poll", "-1"}, "--poll-interval"},
		"expiry":       {[]string{"--secret", "a/b", "--api", "https://x", "--expiry", "soon"}, "--expiry"},
		"client twice": {[]string{"--secret", "a/b", "--client", "a", "--api", "https://x"}, "--client is for"},
	} {
		s := full()
		r := s.run(t, "", attachArgs(c.args...)...)
		if r.code != 2 || !strings.Contains(r.err, c.says) || s.saved.Name != "" || strings.Contains(r.err, "c4n4ry") {
			t.Errorf("%s: code %d, %q", name, r.code, r.err)
		}
	}
	s := full()
	if r := s.run(t, "", attachArgs("--secret", "a/b/c", "--api", "https://x", "--expiry", "2027-03-01")...); r.code != 0 ||
		!s.saved.SecretExpiry.Equal(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)) || s.secret != "b/c" || !strings.Contains(r.err, "warning: a secret on the command line") {
		t.Errorf("code %d %q: %+v", r.code, r.err, s.saved)
	}
}
