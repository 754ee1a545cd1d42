package config_test

import (
	"errors"
	"strings"
	"testing"

	"cordon/config"
)

const goodSinks = `heartbeat: 30s
notify:
  - name: siem
    type: webhook
    url: https://siem.example/in?token=hidden
    secret-file: /etc/cordon/siem.secret
  - name: journal
    type: file
    path: /var/log/cordon.jsonl
  - name: log
    type: syslog
    url: unix:///dev/log
  - name: near
    type: webhook
    url: http://127.0.0.1:8000/in
    secret-env: NEAR_SECRET
    allow-private: true
`

func TestNotify_SinksAreReadAndShownWithoutTheirPaths(t *testing.T) {
	path := write(t, goodSinks)
	c, err := config.Load(config.Sources{File: path})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Notify) != 4 || c.Notify[0].URL != "https://siem.example/in?token=hidden" || !c.Notify[3].AllowPrivate || c.Heartbeat.Seconds() != 30 {
		t.Errorf("Notify = %+v", c.Notify)
	}
	var shown []string
	for _, s := range c.Settings() {
		if strings.HasPrefix(s.Key, "notify.") {
			shown = append(shown, s.Key+"="+s.Value)
		}
		if s.Key == "notify.journal" && s.Origin != path+":7" {
			t.Errorf("origin = %s", s.Origin)
		}
	}
	text := strings.Join(shown, " ")
	want := "notify.siem=webhook https://siem.example notify.journal=file /var/log/cordon.jsonl"
	if strings.Contains(text, "hidden") || !strings.Contains(text, want) {
		t.Errorf("shown: %s", text)
	}
}

func TestSC47_SC35_EveryMistakeInASinkNamesItsLine(t *testing.T) {
	hook := "notify:\n  - name: a\n    type: webhook\n    secret-env: X\n    url: "
	tests := map[string]struct{ text, at, says string }{
		"no list":          {"notify:\n  name: a\n", ":2:", "want a list"},
		"no mapping":       {"notify:\n  - a\n", ":2:", "want a sink"},
		"unknown key":      {"notify:\n  - name: a\n    typ: file\n", ":3:", `unknown key "typ"`},
		"twice":            {"notify:\n  - name: a\n    name: b\n", ":3:", ""},
		"bad name":         {"notify:\n  - name: A b\n    type: file\n    path: /x\n", ":2:", "small letters"},
		"bad type":         {"notify:\n  - name: a\n    type: mail\n", ":2:", "webhook, file, syslog"},
		"same name":        {"notify:\n  - {name: a, type: file, path: /x}\n  - {name: a, type: file, path: /y}\n", ":3:", "twice"},
		"number":           {"notify:\n  - name: 3\n", ":2:", "want text"},
		"not a bool":       {"notify:\n  - name: a\n    allow-private: \"yes\"\n", ":3:", "true or false"},
		"relative path":    {"notify:\n  - {name: a, type: file, path: x}\n", ":2:", "absolute"},
		"file with url":    {"notify:\n  - {name: a, type: file, path: /x, url: \"https://a\"}\n", ":2:", "only a name and a path"},
		"http":             {hook + "http://siem.example/\n", ":2:", "want https"},
		"http to loopback": {hook + "http://127.0.0.1/\n", ":2:", "allow-private"},
		"user in url":      {hook + "https://me:pw@siem.example/\n", ":2:", "not allowed"},
		"other scheme":     {hook + "ftp://siem.example/\n", ":2:", "want https"},
		"no secret":        {"notify:\n  - {name: a, type: webhook, url: \"https://a.example\"}\n", ":2:", "signed"},
		"syslog port":      {"notify:\n  - {name: a, type: syslog, url: \"udp://a.example\"}\n", ":2:", "udp://host:port"},
		"syslog secret":    {"notify:\n  - {name: a, type: syslog, secret-env: X, url: \"udp://a.example:514\"}\n", ":2:", "no signature"},
		"secret in file":   {"notify:\n  - name: a\n    secret-file: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", ":3:", "holds a secret"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, tt.text)
			_, err := config.Load(config.Sources{File: path})
			var e *config.Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), path+tt.at) || !strings.Contains(e.What, tt.says) {
				t.Fatalf("Load = %v, want %s … %s", err, tt.at, tt.says)
			}
			if strings.Contains(err.Error(), "MfKQ9r8") {
				t.Error("the error shows a secret")
			}
		})
	}
}
