package dialog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/uitest"
)

// weighty are warnings as the one door gives them: each is whole only if its last word is.
func weighty() []string {
	return []string{
		"Defender says Inactive: the order waits for the device, up to 3 days; the clock starts when it is isolated ONE",
		"2 other machines have this name; this is id ..bd969135 TWO",
		"it would end at 03:10 with nobody on shift; 8h is the nearest preset that ends while somebody is there THREE",
		"the credential expires before this ends: the release would be refused FOUR",
		"500 releases are due in the same minute; this one may be 12 minutes late FIVE",
		"isolating a Hyper-V host cuts off its guests SIX",
	}
}

// seenWhile collects everything that a dialog shows while pgdown is pressed n times.
func seenWhile(d Dialog, n, w, h int) string {
	var all strings.Builder
	for range n + 1 {
		for l := range strings.Lines(ansi.Strip(d.View(w, h))) {
			all.WriteString(strings.Trim(l, "|+- \n") + " ")
		}
		d.Key(Press{KeyPressMsg: uitest.Press("pgdown")})
	}
	return strings.Join(strings.Fields(all.String()), " ")
}

// TestN18_N13_F83_F84_NoWarningIsCutOff: what the one door says is shown whole on the smallest terminal, with a banner and without, for an
// ordinary and for a protected host; what does not fit at once is pages further on and counted. The control looks at the first page only.
func TestN18_N13_F83_F84_NoWarningIsCutOff(t *testing.T) {
	for _, host := range []string{"WS-ENG-0012", "DC-LON-01"} {
		for _, h := range []int{20, 21} {
			w := uitest.NewWorld()
			v := w.Check(t.Context(), w.Session("responder"), soc.ActIsolate, w.Key(host))
			v.Warnings = weighty()
			w.Verdicts[w.Key(host)] = v
			d := NewIsolate(env(w, uitest.Now), IsolateOptions{Hosts: []soc.HostKey{w.Key(host)}, Reason: "because"})
			d.frame().ready, d.frame().now = true, uitest.Now()
			settle(d)
			first := seenWhile(d, 0, 80, h)
			all := seenWhile(d, 60, 80, h)
			for _, word := range append(weighty(), "Behind a web proxy or full VPN it may not come back by itself.") {
				last := word[strings.LastIndex(word, " ")+1:]
				if !strings.Contains(all, last) {
					t.Errorf("%s in %d lines: %q never comes into sight", host, h, word)
				}
			}
			if strings.Contains(first, "SIX") || !strings.Contains(first, "pgdown shows more") {
				t.Errorf("%s: the first page holds everything or does not say that there is more: %s", host, first)
			}
			if !strings.Contains(all, "Isolate for 4h") || !strings.Contains(first, "Isolate for 4h") {
				t.Errorf("%s: the button is out of sight", host)
			}
		}
	}
}

// settle runs the commands of a dialog that answer at once.
func settle(d Dialog) {
	if cmd := d.Init(); cmd != nil {
		if msg := cmd(); msg != nil {
			d.Update(msg)
		}
	}
	d.Update(screen.TickMsg{Now: uitest.Now()})
}

// TestN18_TheOfferedPresetCanBeChosen: the presets of the verdict are in the form, the offered one among them.
func TestN18_TheOfferedPresetCanBeChosen(t *testing.T) {
	w := uitest.NewWorld()
	key := w.Key("WS-ENG-0012")
	d := NewIsolate(env(w, uitest.Now), IsolateOptions{Hosts: []soc.HostKey{key}, Reason: "because", Period: 8 * time.Hour}).(*isolate)
	d.ready, d.now = true, uitest.Now()
	settle(d)
	d.Key(Press{KeyPressMsg: uitest.Press("enter")})
	if d.period.chosen() != 8*time.Hour || !strings.Contains(ansi.Strip(d.View(80, 21)), "Isolate for 8h") {
		t.Errorf("chosen = %v, want the offered 8h", d.period.chosen())
	}
}

// TestF84_N13_BulkNamesEachWarningOnce with the number of devices that it is about.
func TestF84_N13_BulkNamesEachWarningOnce(t *testing.T) {
	facts := []soc.Verdict{{Warnings: []string{"a", "b"}}, {Warnings: []string{"b"}}, {Warnings: []string{"left out"}}}
	if got := fmt.Sprint(distinctWarnings(facts, []int{0, 1})); got != "[! 1 device: a ! 2 devices: b]" {
		t.Errorf("warnings = %s", got)
	}
}

// TestScroll_EveryLineComesIntoSight whatever the room.
func TestScroll_EveryLineComesIntoSight(t *testing.T) {
	th := theme.New(theme.Mono, true, true, true)
	for n := 2; n < 12; n++ {
		for room := 2; room < n; room++ {
			var lines []string
			for i := range n {
				lines = append(lines, fmt.Sprintf("line-%d;", i))
			}
			all, s := "", scroll{}
			for range n {
				out := s.window(th, lines, room)
				if len(out) > room {
					t.Fatalf("%d lines in %d", len(out), room)
				}
				all += strings.Join(out, "")
				s.key("pgdown")
			}
			for _, l := range lines {
				if !strings.Contains(all, l) {
					t.Errorf("%s of %d never came into sight in %d lines", l, n, room)
				}
			}
		}
	}
}

// TestF42_C10_TheDialogTellsMachinesApart: the whole id, when the machine was last seen, and what the one door says about others with the
// same name or one that looks like it.
func TestF42_C10_TheDialogTellsMachinesApart(t *testing.T) {
	w := uitest.NewWorld()
	key := w.Key("WS-ENG-0012")
	v := w.Check(t.Context(), w.Session("responder"), soc.ActIsolate, key)
	v.Warnings = []string{"the name looks like WS-ENG-OO12, which is another machine (id ..0badc0de)"}
	w.Verdicts[key] = v
	d := NewIsolate(env(w, uitest.Now), IsolateOptions{Hosts: []soc.HostKey{key}, Reason: "because"})
	d.frame().ready, d.frame().now = true, uitest.Now()
	settle(d)
	got := seenWhile(d, 3, 80, 24)
	for _, want := range []string{key.MachineID + " seen 60s", "the name looks like WS-ENG-OO12", "(id ..0badc0de)"} {
		if !strings.Contains(got, want) {
			t.Errorf("the dialog does not show %q: %s", want, got)
		}
	}
}
