package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHTTPOptions(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.yaml")
	load := func(flags map[string]string) (Config, error) {
		flags["http.listen"] = "127.0.0.1:0"
		return Load(Sources{Env: []string{"CORDON_CONFIG="}, Flags: flags, File: empty(t, none)})
	}
	c, err := load(map[string]string{"http.tls-cert": "cert.pem", "http.tls-key": "/k/key.pem", "http.hosts": "a.example,b.example"})
	if err != nil || !filepath.IsAbs(c.HTTPOptions.Cert) || c.HTTPOptions.Key != "/k/key.pem" || c.HTTPOptions.Hosts != "a.example,b.example" {
		t.Errorf("%+v, %v", c.HTTPOptions, err)
	}
	for want, flags := range map[string]map[string]string{
		"belong together":     {"http.tls-cert": "cert.pem"},
		"belong  together":    {"http.tls-key": "key.pem"},
		"need http.tls-cert":  {"http.client-ca": "ca.pem"},
		"exclude each other":  {"http.allow-remote": "true", "http.open-metrics": "true"},
		"without ports":       {"http.hosts": "*.example"},
		"without ports,":      {"http.hosts": "a.example:80"},
		"without ports, ":     {"http.hosts": "a.example, b.example"},
		"want true or false,": {"http.allow-remote": "maybe"},
	} {
		_, err := load(flags)
		var e *Error
		if !errors.As(err, &e) || e.Where == "" || !strings.Contains(e.What, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%v: %v, want %q", flags, err, want)
		}
	}
}

func empty(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
