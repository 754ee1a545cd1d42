package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cordon/config"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const good = `# how cordon runs
theme: mono
ascii: true
log:
  level: debug
poll:
  interval: 30s
  max-history: 7 days ago
http:
  listen: 127.0.0.1:8443
`

func TestLoad_Precedence(t *testing.T) {
	path := write(t, good)
	c, err := config.Load(config.Sources{
		File: path, Env: []string{"CORDON_THEME=light", "CORDON_LOG_LEVEL=warn", "CORDON_ASCII="},
		Flags: map[string]string{"theme": "dark"},
	})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if c.Theme != "dark" || c.LogLevel != "warn" || !c.ASCII || c.PollInterval != 30*time.Second || c.HTTP != "127.0.0.1:8443" {
		t.Errorf("Config = %+v", c)
	}
	want := map[string]string{
		"theme": "--theme", "log.level": "CORDON_LOG_LEVEL", "ascii": path + ":3", "poll.interval": path + ":7", "ssh.listen": "default",
	}
	for _, s := range c.Settings() {
		if w, ok := want[s.Key]; ok && s.Origin != w {
			t.Errorf("origin of %s = %q, want %q", s.Key, s.Origin, w)
		}
	}
}

func TestLoad_Paths(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "c"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(home, "s"))
	c, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatalf("Load without a file: %v", err)
	}
	if got, want := c.Store(), filepath.Join(home, "s", "cordon", "cordon.db"); got != want {
		t.Errorf("Store = %s, want %s", got, want)
	}
	if got, want := config.DefaultFile(), filepath.Join(home, "c", "cordon", "config.yaml"); got != want {
		t.Errorf("DefaultFile = %s, want %s", got, want)
	}
	c, err = config.Load(config.Sources{Flags: map[string]string{"data": home}})
	if err != nil || c.Store() != filepath.Join(home, "cordon.db") {
		t.Errorf("--data: Store = %s, %v", c.Store(), err)
	}
	_, err = config.Load(config.Sources{File: filepath.Join(home, "absent.yaml")})
	if err == nil {
		t.Error("a named file that does not exist must be an error")
	}
}

func TestSC47_EveryMistakeNamesFileLineAndLine(t *testing.T) {
	tests := map[string]struct{ text, at, shows, says string }{
		"unknown key":          {"theme: mono\ntheem: dark\n", ":2:", "theem: dark", `did you mean "theme"?`},
		"unknown nested key":   {"poll:\n  intervall: 30s\n", ":2:", "  intervall: 30s", `did you mean "poll.interval"?`},
		"key of a section":     {"theme:\n  dark: true\n", ":1:", "theme:", "want text"},
		"section as value":     {"poll: 30s\n", ":1:", "poll: 30s", "key: value"},
		"bool wants bool":      {"theme: mono\nascii: \"yes\"\n", ":2:", `ascii: "yes"`, "want true or false"},
		"text wants text":      {"theme: 3\n", ":1:", "theme: 3", "want text"},
		"text is not a bool":   {"theme: true\n", ":1:", "theme: true", "want text"},
		"out of range":         {"\n\npoll:\n  interval: 1s\n", ":4:", "interval: 1s", "outside"},
		"no days":              {"retention: a year\n", ":1:", "a year", "number of days"},
		"not a duration":       {"poll:\n  interval: often\n", ":2:", "often", "want a duration"},
		"T30 junk":             {"poll:\n  max-history: soon\n", ":2:", "soon", "30 days ago"},
		"twice":                {"theme: mono\ntheme: dark\n", ":2:", "theme: dark", ""},
		"not a mapping":        {"- theme\n", ":1:", "- theme", "key: value"},
		"broken YAML":          {"theme: mono\nascii: {\n", ":2:", "ascii", ""},
		"address":              {"ssh:\n  listen: 2222\n", ":2:", "listen: 2222", "want text"},
		"address without host": {"ssh:\n  listen: \"2222\"\n", ":2:", "2222", "host:port"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, tt.text)
			_, err := config.Load(config.Sources{File: path})
			var e *config.Error
			if !errors.As(err, &e) {
				t.Fatalf("Load = %v, want a *config.Error", err)
			}
			if !strings.HasPrefix(err.Error(), path+tt.at) || !strings.Contains(e.Line, tt.shows) || !strings.Contains(e.What, tt.says) {
				t.Errorf("error = %v (line %q)", err, e.Line)
			}
		})
	}
}

func TestSC47_EveryMisspeltKeyIsRefused(t *testing.T) {
	if _, err := config.Load(config.Sources{File: write(t, good)}); err != nil {
		t.Fatalf("the good file: %v", err)
	}
	lines := strings.Split(good, "\n")
	for i, l := range lines {
		before, after, ok := strings.Cut(l, ":")
		if !ok {
			continue
		}
		bad := append([]string{}, lines...)
		bad[i] = before + "x:" + after
		if _, err := config.Load(config.Sources{File: write(t, strings.Join(bad, "\n"))}); err == nil {
			t.Errorf("line %d: %q was accepted", i+1, bad[i])
		}
	}
}

func TestSC47_FlagsAndEnvironmentAreCheckedToo(t *testing.T) {
	for _, src := range []config.Sources{
		{Env: []string{"CORDON_THEME=purple"}},
		{Env: []string{"CORDON_POLL_INTERVAL=0s"}},
		{Flags: map[string]string{"theme": "purple"}},
		{Flags: map[string]string{"them": "dark"}},
	} {
		if _, err := config.Load(src); err == nil {
			t.Errorf("Load(%v) was accepted", src)
		}
	}
	_, err := config.Load(config.Sources{Env: []string{"CORDON_THEME=purple"}})
	if !strings.HasPrefix(err.Error(), "CORDON_THEME: ") {
		t.Errorf("error = %v", err)
	}
}

func TestSC07_FileThatOthersMayChangeIsRefused(t *testing.T) {
	path := write(t, good)
	if err := os.Chmod(path, 0o662); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Sources{File: path}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("Load = %v, want a refusal", err)
	}
}

func TestValidate_SameAddressTwice(t *testing.T) {
	_, err := config.Load(config.Sources{Flags: map[string]string{"ssh.listen": ":1", "http.listen": ":1"}})
	if err == nil {
		t.Error("one address for two listeners was accepted")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add("a: &x [*x]\n? b\n: c\n")
	f.Add("theme: !!binary aGk=\n---\nascii: no")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Sources{File: path})
		if err == nil && c.Validate() != nil {
			t.Error("Load accepted what Validate refuses")
		}
	})
}

func TestT19_RestartsAreASetting(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) (config.Config, error) {
		path := filepath.Join(dir, "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Load(config.Sources{File: path})
	}
	for text, want := range map[string]int{"theme: dark\n": 3, "poll:\n  max-restarts: 5\n": 5, "poll:\n  max-restarts: \"7\"\n": 7} {
		if c, err := read(text); err != nil || c.MaxRestarts != want {
			t.Errorf("%q: %d, %v", text, c.MaxRestarts, err)
		}
	}
	for _, text := range []string{"poll:\n  max-restarts: 0\n", "poll:\n  max-restarts: -1\n", "poll:\n  max-restarts: many\n", "poll:\n  max-restarts: true\n"} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), "config.yaml:2") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if c, err := read("retention: 0\n"); err != nil || c.Retention != 0 {
		t.Errorf("a bare 0 keeps everything: %s, %v", c.Retention, err)
	}
}
