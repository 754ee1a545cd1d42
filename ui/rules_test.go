package ui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// visitAll calls f on every screen, with a host that has an alert and is not protected.
func visitAll(t *testing.T, f func(t *testing.T, c *console, kind string), opts ...option) {
	t.Helper()
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
				c.open(kind)
				f(t, c, kind)
			}, opts...)
		})
	}
}

func (c *console) open(kind string) {
	to := screen.Place{Kind: kind}
	if kind == screen.Host {
		to.Host, to.Alert = c.host("WS-ENG-0012"), c.w.AlertOn("WS-ENG-0012")
	}
	if kind != screen.Queue {
		c.send(screen.GoMsg{To: to})
	}
}

// boundKeys are all keys that do something on the visible screen.
func (c *console) boundKeys() []string {
	var out []string
	seen := map[string]bool{}
	for _, b := range append(c.m.bindings(), globals()...) {
		for _, k := range b.Keys {
			if !seen[k] {
				seen[k] = true
				out = append(out, k)
			}
		}
	}
	return out
}

func TestB3_NoTwoActionsShareAKeyInOneView(t *testing.T) {
	visitAll(t, func(t *testing.T, c *console, kind string) {
		if err := keys.Clash(c.m.bindings()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		var own []keys.Binding
		for _, g := range globals() {
			if !yields(g.ID) {
				own = append(own, g)
			}
		}
		if err := keys.Clash(append(own, c.m.bindings()...)); err != nil {
			t.Errorf("%s against the global keys: %v", kind, err)
		}
	})
	if err := keys.Clash(globals()); err != nil {
		t.Error(err)
	}
	if err := keys.Clash([]keys.Binding{{ID: "a", Keys: []string{"x"}}, {ID: "b", Keys: []string{"x"}}}); err == nil {
		t.Error("control: a clash is not seen")
	}
}

func TestB2_NoKeyIsBoundThatATerminalTakesAway(t *testing.T) {
	visitAll(t, func(t *testing.T, c *console, kind string) {
		for _, k := range c.boundKeys() {
			if why := keys.Untrustworthy(k); why != "" {
				t.Errorf("%s binds %q: %s", kind, k, why)
			}
			if got := press(k).String(); got != k {
				t.Errorf("%s: a press of %q arrives as %q", kind, k, got)
			}
		}
	})
}

func TestB3_WhatChangesADeviceIsACapitalOrOpensADialog(t *testing.T) {
	visitAll(t, func(t *testing.T, c *console, kind string) {
		for _, b := range append(c.m.bindings(), globals()...) {
			if !b.Danger {
				continue
			}
			for _, k := range b.Keys {
				if strings.Contains("LUX!", k) {
					continue
				}
				t.Errorf("%s: %s changes a device with %q, want a capital L, U or X, or !", kind, b.ID, k)
			}
		}
	})
}

// The heart of the safety rules: whatever single key is pressed, and however long it is held down, nothing reaches Defender.
func TestB3_NoSingleAndNoRepeatedKeyReachesTheCommander(t *testing.T) {
	for _, pace := range []time.Duration{0, 400 * time.Millisecond} {
		t.Run(pace.String(), func(t *testing.T) {
			visitAll(t, func(t *testing.T, c *console, kind string) {
				for _, k := range c.boundKeys() {
					if k == "ctrl+c" {
						continue
					}
					c.m.dialogs.Clear()
					c.m.show(screen.Place{Kind: kind, Host: c.m.shown[kind].Host, Alert: c.m.shown[kind].Alert}, true)
					for i := range 6 {
						c.wait(pace)
						p := uitest.Press(k)
						p.IsRepeat = i > 0 && pace == 0
						c.send(p)
					}
					if got := c.orders(); len(got) > 0 {
						t.Fatalf("%s: holding %q ordered %+v", kind, k, got)
					}
				}
			})
		})
	}
}

func TestB3_KeysTypedBeforeADialogIsSeenConfirmNothing(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.open(screen.Host)
		c.wait(time.Second)
		c.send(uitest.Press("L"))
		c.send(uitest.Press("enter"))
		c.wait(100 * time.Millisecond)
		c.send(uitest.Press("enter"))
		c.wait(50 * time.Millisecond)
		c.has("(>Isolate for 4h )  off: one moment")
		c.wait(time.Second)
		if got := c.orders(); len(got) != 0 {
			t.Fatalf("type-ahead ordered %+v", got)
		}
		c.has("[>Isolate for 4h ]", "were ignored")
		c.key("enter")
		if got := len(c.orders()); got != 1 {
			t.Errorf("control: a real press gave %d orders, want 1", got)
		}
	})
}

func TestB3_TheKeyThatOpensIsNeverTheKeyThatConfirms(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.open(screen.Host)
		c.key(":")
		c.typed("lockdown WS-ENG-0012 8h")
		c.key("enter") // runs the palette line, which opens the dialog
		c.has("Isolate for 8h", "[>Cancel ]")
		c.key("enter")
		if got := c.orders(); len(got) != 0 {
			t.Errorf("enter opened and confirmed: %+v", got)
		}
		if got := len(c.w.Calls("dismiss")); got != 1 {
			t.Errorf("%d dismissals, want 1", got)
		}
	})
}

// spy counts the keys that reach a screen.
type spy struct {
	screen.Screen
	keys int
}

func (s *spy) Update(msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case tea.KeyPressMsg, tea.PasteMsg:
		s.keys++
	}
	return s.Screen.Update(msg)
}

func TestB3_NoKeyReachesTheViewBelowADialog(t *testing.T) {
	boxes := map[string]func(c *console) tea.Msg{
		"isolate": func(c *console) tea.Msg {
			return screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-ENG-0012")}, Reason: "r"}
		},
		"release": func(c *console) tea.Msg { return screen.ReleaseMsg{Hosts: []soc.HostKey{c.host("WS-FIN-0142")}} },
		"bulk": func(c *console) tea.Msg {
			return screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-ENG-0012"), c.host("WS-HR-0015")}}
		},
		"text":    func(*console) tea.Msg { return screen.TextMsg{Title: "t", Text: "x"} },
		"confirm": func(*console) tea.Msg { return screen.ConfirmMsg{Title: "t", Button: "Do"} },
		"help":    func(*console) tea.Msg { return dialog.RunMsg{Key: "?"} },
		"palette": func(*console) tea.Msg { return dialog.RunMsg{Key: ":"} },
		"errors":  func(*console) tea.Msg { return dialog.RunMsg{Key: "E"} },
		"quit":    func(*console) tea.Msg { return dialog.RunMsg{Key: "q"} },
	}
	for name, box := range boxes {
		t.Run(name, func(t *testing.T) {
			inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
				all := c.boundKeys()
				for kind, s := range c.m.screens {
					c.m.screens[kind] = &spy{Screen: s}
				}
				for _, k := range all {
					if k == "ctrl+c" || k == "enter" && (name == "help" || name == "palette") {
						continue // these two run what is selected, on purpose
					}
					if c.m.dialogs.Len() != 1 {
						c.m.dialogs.Clear()
						c.send(box(c))
						c.wait(dialog.Grace)
					}
					if !c.m.dialogs.Open() {
						t.Fatalf("no dialog opened")
					}
					c.send(uitest.Press(k))
					for kind, s := range c.m.screens {
						if n := s.(*spy).keys; n > 0 {
							t.Fatalf("%q reached %s below the dialog", k, kind)
						}
					}
				}
				c.m.dialogs.Clear()
				c.key("j")
				if c.m.screens[screen.Queue].(*spy).keys == 0 {
					t.Error("control: without a dialog the key does not arrive either")
				}
			})
		})
	}
}

func TestSC31_PastedTextRunsNoKeys(t *testing.T) {
	visitAll(t, func(t *testing.T, c *console, kind string) {
		before := c.m.place
		c.send(tea.PasteMsg{Content: "LUXq\renter"})
		c.has("ignored 10 pasted characters")
		if c.m.dialogs.Open() || c.m.place != before || len(c.orders()) > 0 {
			t.Errorf("%s: a paste did something", kind)
		}
	})
}

func TestSC31_TypedNamesCanNotBePasted(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("DC-LON-01")}, Reason: "r"})
		c.key("up") // from Cancel to the name
		c.send(tea.PasteMsg{Content: "DC-LON-01"})
		c.has("ignored 9 pasted characters", "until the name matches")
		c.key("up", "up") // to the reason
		c.send(tea.PasteMsg{Content: " pasted\x1b[2J\r\nreason"})
		c.has("r pasted[2J reason")
	})
}

func TestSC29_OnlyColoursReachTheTerminal(t *testing.T) {
	evil := "\x1b]52;c;AAAA\x07\x1b]0;owned\x07\x1b[2J\x9b2J\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\ \u202egnp.exe \r\b\x00end"
	visitAll(t, func(t *testing.T, c *console, _ string) {
		c.send(screen.NoticeMsg{Level: screen.Bad, Text: evil, Err: fmt.Errorf("%s", evil)})
		scan(t, c)
		c.send(screen.TextMsg{Title: evil, Text: evil})
		c.wait(time.Second)
		scan(t, c)
		c.key("esc", "E")
		scan(t, c)
	})
	inConsole(t, uitest.NewWorld().Hostile(), 80, 24, func(t *testing.T, c *console) {
		scan(t, c)
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("DC-LON-01")}, Because: c.w.AlertOn("DC-LON-01")})
		c.wait(time.Second)
		scan(t, c)
	})
	if guard(evil) == evil {
		t.Error("control: the guard lets everything through")
	}
}

// scan fails if the frame holds anything but printable text, line feeds and colour sequences.
func scan(t *testing.T, c *console) {
	t.Helper()
	v := c.m.View()
	if v.WindowTitle != "cordon" && !strings.HasSuffix(v.WindowTitle, "overdue - cordon") {
		t.Errorf("window title %q", v.WindowTitle)
	}
	s := v.Content
	for i := 0; i < len(s); {
		if n := sgr(s[i:]); n > 0 {
			i += n
			continue
		}
		if s[i] == '\n' {
			i++
			continue
		}
		r := []rune(s[i:min(len(s), i+4)])[0]
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || hidden(r) {
			t.Fatalf("%U at %d: %q", r, i, s[max(0, i-40):min(len(s), i+20)])
		}
		i += len(string(r))
	}
}

func TestShell_SizesAreClampedAndSmallOnesSaySo(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 60, 20, func(t *testing.T, c *console) {
		c.has("cordon needs 80x24", "this terminal is 60x20", "lockdowns, 1 overdue")
		c.key("L", "q", "enter")
		if c.m.dialogs.Open() {
			t.Error("a key opened something that can not be seen")
		}
		c.send(tea.WindowSizeMsg{Width: 65535, Height: 65535})
		if c.m.w != maxW || c.m.h != maxH {
			t.Errorf("size %dx%d, want %dx%d", c.m.w, c.m.h, maxW, maxH)
		}
		for _, size := range [][2]int{{0, 0}, {1, 1}, {79, 24}, {80, 23}, {80, 24}, {99, 30}, {100, 30}, {117, 40}, {118, 40}, {159, 50}, {160, 50}} {
			c.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		}
	})
}

// TestShell_NewsDoNotHideTheAnswerToCtrlC: a line of the history that comes in right after the key waits its turn.
func TestShell_NewsDoNotHideTheAnswerToCtrlC(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(uitest.Press("ctrl+c"))
		c.m.announce([]outcome{{screen.Good, "isolated WS-ENG-0012", ""}})
		c.has("press ctrl+c again within 2 s to quit")
		c.wait(3 * time.Second)
		c.has("isolated WS-ENG-0012")
	})
}

func TestShell_CtrlCTwiceQuits(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(uitest.Press("ctrl+c"))
		c.has("press ctrl+c again within 2 s to quit")
		c.wait(3 * time.Second)
		c.send(uitest.Press("ctrl+c"))
		if c.quit {
			t.Fatal("quit although the presses were three seconds apart")
		}
		c.wait(time.Second)
		c.send(uitest.Press("ctrl+c"))
		if !c.quit {
			t.Error("did not quit")
		}
	})
}

func TestShell_TheRootAsksBeforeItQuits(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.key("q")
		c.has("Leave cordon?", "[>Stay ]")
		c.key("enter")
		if c.quit || c.m.dialogs.Open() {
			t.Fatalf("quit %v, open %v; want to stay", c.quit, c.m.dialogs.Open())
		}
		c.key("q", "tab", "enter")
		if !c.quit {
			t.Error("did not quit")
		}
	})
}

func TestK13_LeavingAsksWhatBecomesOfLiveLockdowns(t *testing.T) {
	took := 0
	var fail error
	live := func(d *Deps) {
		w := d.Reader
		d.Leave = func(ctx context.Context) ([]soc.Lockdown, error) {
			return w.Lockdowns(ctx, soc.LockdownQuery{Open: true})
		}
		d.Background = func(context.Context) error { took++; return fail }
	}
	twice := func(c *console) {
		c.key("ctrl+c", "ctrl+c")
	}
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		twice(c)
		c.wait(dialog.Grace)
		c.golden("leave-80x24")
		c.has("SRV-FILE-03", "OVERDUE", "NOTHING releases these hosts until cordon runs again", "[>Stay ]", "( Quit anyway )")
		c.key("enter")
		if c.quit || c.m.dialogs.Open() {
			t.Fatal("the default is not to stay")
		}
		twice(c)
		c.key("tab", "enter")
		if took != 1 || !c.quit {
			t.Errorf("background called %d times, quit %v", took, c.quit)
		}
	}, live)
	fail = &soc.Error{Kind: soc.KindUnavailable, What: "no room"}
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		twice(c)
		c.key("tab", "enter")
		c.has("did not take over: no room")
		if c.quit {
			t.Fatal("quit although nobody took the timers over")
		}
		c.key("tab", "tab", "enter")
		if c.quit {
			t.Fatal("quit without the typed word")
		}
		c.key("shift+tab")
		c.typed("quit")
		c.key("enter")
		c.wait(time.Second)
		c.key("enter")
		if !c.quit {
			t.Error("did not quit after the word")
		}
	}, live)
}
