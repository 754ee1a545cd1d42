package dialog

import (
	"strings"
	"testing"

	"cordon/store/soc"
	"cordon/ui/uitest"
)

// TestF42_TheCheckOfTheDialogFindsWhatIsMissing is the control of TestF42_C10_TheDialogTellsMachinesApart, and its other half: what the one door
// says reaches the dialog for each of several hosts, and a door that says nothing, or a host that nobody names, is noticed by the same look.
func TestF42_TheCheckOfTheDialogFindsWhatIsMissing(t *testing.T) {
	const warning = "the name looks like WS-ENG-OO12, which is another machine (id ..0badc0de)"
	for name, c := range map[string]struct {
		hosts []string
		warn  bool
		want  bool
	}{
		"one": {[]string{"WS-ENG-0012"}, true, true}, "among others": {[]string{"WS-HR-0009", "WS-ENG-0012"}, true, true},
		"silent door": {[]string{"WS-ENG-0012"}, false, false}, "another host": {[]string{"WS-HR-0009"}, true, false},
	} {
		w := uitest.NewWorld()
		key := w.Key("WS-ENG-0012")
		v := w.Check(t.Context(), w.Session("responder"), soc.ActIsolate, key)
		if c.warn {
			v.Warnings = []string{warning}
		}
		w.Verdicts[key] = v
		var keys []soc.HostKey
		for _, h := range c.hosts {
			keys = append(keys, w.Key(h))
		}
		d := NewIsolate(env(w, uitest.Now), IsolateOptions{Hosts: keys, Reason: "because"})
		d.frame().ready, d.frame().now = true, uitest.Now()
		settle(d)
		seen := strings.Join(strings.Fields(seenWhile(d, 8, 80, 24)), " ")
		if got := strings.Contains(seen, "looks like WS-ENG-OO12") && strings.Contains(seen, "(id ..0badc0de)"); got != c.want {
			t.Errorf("%s: the warning is shown = %t\n%s", name, got, seen)
		}
	}
}
