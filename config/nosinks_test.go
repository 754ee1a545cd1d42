package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestF65_N19_ABrokenSinkDoesNotStopTheReleaseSweep: "cordon release --due" reads the file without its sinks. The control is every other command,
// which refuses the file; and what is wrong elsewhere is refused by both.
func TestF65_N19_ABrokenSinkDoesNotStopTheReleaseSweep(t *testing.T) {
	for text, wants := range map[string][2]bool{ // without and with sinks: is the file taken?
		"data: /srv/c\nnotify:\n  - name: siem\n    type: sylog\n": {true, false},
		"data: /srv/c\nnotify: everybody\n":                        {true, false},
		"data: /srv/c\nnotify:\n  - name: a\n    colour: red\n":    {true, false},
		"data: /srv/c\nnotify: []\ncolour: red\n":                  {false, false},
		"data: /srv/c\n": {true, true},
	} {
		path := filepath.Join(t.TempDir(), "cordon.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for i, without := range []bool{true, false} {
			c, err := Load(Sources{File: path, NoSinks: without})
			if (err == nil) != wants[i] || err == nil && (c.Data != "/srv/c" || without && len(c.Notify) > 0) {
				t.Errorf("%q, without sinks %t: %v, %q", text, without, err, c.Data)
			}
		}
	}
}
