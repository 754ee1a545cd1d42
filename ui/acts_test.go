package ui

import (
	"strings"
	"testing"
	"time"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

func TestK16_LAndEnterIsolateAnOrdinaryHost(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.open(screen.Host)
		c.key("L")
		c.has("Isolate 1 device", "WS-ENG-0012", c.host("WS-ENG-0012").MachineID, "contoso-prod [PROD rw]")
		read := c.now()
		c.key("enter")
		calls := c.w.Calls("isolate")
		if len(calls) != 1 || len(c.orders()) != 1 {
			t.Fatalf("orders: %+v, want one isolate", c.orders())
		}
		r := calls[0].Request.(soc.IsolateRequest)
		if r.Host != c.host("WS-ENG-0012") || r.Period != 4*time.Hour || r.Type != soc.IsolationFull || r.Reason == "" || r.Alert == "" || r.Confirm != "" {
			t.Errorf("request = %+v", r)
		}
		if d := read.Sub(r.SeenAt); d < 0 || d > 2*time.Second {
			t.Errorf("SeenAt is %v before the press, want when the facts were read", d)
		}
		if c.m.dialogs.Open() {
			t.Error("the dialog stays open")
		}
	})
}

func TestC06_AcceptanceIsNeverCalledIsolated(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-ENG-0012")}, Reason: "r"})
		c.key("enter")
		got := c.m.notice
		if !strings.Contains(got.text, "PENDING WS-ENG-0012 4h requested (LK-NEW00001)") || !strings.Contains(got.text, "until the device confirms") {
			t.Errorf("notice = %q", got.text)
		}
		if strings.HasPrefix(got.text, "isolated") || got.level == screen.Good {
			t.Errorf("an accepted order reads like success: %v %q", got.level, got.text)
		}
	})
	inConsole(t, uitest.NewWorld().Broken(), 120, 40, func(t *testing.T, c *console) {
		c.w.Verdicts[c.host("WS-ENG-0012")] = soc.Verdict{Allowed: true, Presets: soc.Presets(), Default: time.Hour, Host: soc.Host{Name: "WS-ENG-0012"}}
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-ENG-0012")}, Reason: "r"})
		c.key("enter")
		c.has("not isolated: WS-ENG-0012: the local store can not be read")
		if !c.m.dialogs.Open() || c.m.unseen == 0 {
			t.Errorf("open %v, errors %d; want the box to stay and the error to count", c.m.dialogs.Open(), c.m.unseen)
		}
	})
}

func TestK16_AProtectedHostNeedsItsTypedName(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("DC-LON-01")}, Reason: "r"})
		c.wait(time.Second)
		c.has("PROTECTED", "[>Cancel ]", "( Isolate for 4h )", "until the name matches")
		c.key("tab", "enter")
		if n := len(c.orders()); n != 0 {
			t.Fatalf("%d orders without the name", n)
		}
		c.key("up", "up") // the name
		c.typed("DC-LON-0")
		c.has("until the name matches")
		c.typed("1x")
		c.has("until the name matches")
		c.key("backspace", "tab", "tab", "enter")
		calls := c.w.Calls("isolate")
		if len(calls) != 1 || calls[0].Request.(soc.IsolateRequest).Confirm != "DC-LON-01" {
			t.Errorf("calls = %+v, want one with the typed name", calls)
		}
	})
}

func TestZ20_CancellingSendsNothingAndIsRemembered(t *testing.T) {
	for _, how := range []string{"esc", "enter"} {
		inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
			c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("DC-LON-01")}, Reason: "r"})
			c.wait(time.Second)
			c.has("DC-LON-01", c.host("DC-LON-01").MachineID, "Full", "Isolate for 4h")
			c.key(how)
			if len(c.orders()) != 0 || c.m.dialogs.Open() {
				t.Fatalf("orders %v, open %v", c.orders(), c.m.dialogs.Open())
			}
			d := c.w.Calls("dismiss")
			if len(d) != 1 || d[0].Host != c.host("DC-LON-01") || !strings.Contains(d[0].Request.(string), "name not typed") {
				t.Errorf("dismissals = %+v", d)
			}
		})
	}
}

func TestZ19_FromAQueueRowToTheConfirmStepInAtMostThreeKeys(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.key("j", "L")
		c.has("Isolate 1 device from the network", "WS-ENG-0012")
	})
}

func TestC05_AHostThatIsIsolatedAlreadyHasNoButton(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-FIN-0142")}, Reason: "r"})
		c.wait(time.Second)
		c.has("NOT POSSIBLE NOW", "already isolated; U releases", "[>Close ]")
		c.hasNot("Isolate for")
		c.key("enter")
		if n := len(c.orders()); n != 0 {
			t.Errorf("%d orders", n)
		}
	})
}

func TestC05_TheButtonGoesOffWhenTheFactsChangeMeanwhile(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		key := c.host("WS-ENG-0012")
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{key}, Reason: "r"})
		c.wait(time.Second)
		c.has("[>Isolate for 4h ]")
		v := c.w.Check(t.Context(), c.w.Session("responder"), soc.ActIsolate, key)
		v.Allowed, v.Why = false, "bob isolated it 1 s ago"
		c.w.Verdicts[key] = v
		c.w.Publish(soc.TopicLockdowns)
		c.wait(time.Second)
		c.has("NOT POSSIBLE NOW", "bob isolated it 1 s ago")
		c.key("enter")
		if n := len(c.orders()); n != 0 {
			t.Errorf("%d orders", n)
		}
	})
}

func TestC05_AHostThatTurnsOutProtectedTakesTheFocusOffTheButton(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		key := c.host("WS-ENG-0012")
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{key}, Reason: "r"})
		c.key("tab", "shift+tab") // the person moved, the focus is on the button again
		v := c.w.Check(t.Context(), c.w.Session("responder"), soc.ActIsolate, key)
		v.TypeName = "never-isolate list"
		c.w.Verdicts[key] = v
		c.w.Publish(soc.TopicSettings)
		c.wait(time.Second)
		c.has("[>Cancel ]", "never-isolate list")
	})
}

func TestC17_AnEmptyChoiceNeverBecomesAnOrder(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		for _, hosts := range [][]soc.HostKey{nil, {{}}, {{Integration: uitest.Tenant}}, {{MachineID: "x"}}} {
			c.send(screen.IsolateMsg{Hosts: hosts, Reason: "r"})
			c.send(screen.ReleaseMsg{Hosts: hosts})
			if c.m.dialogs.Open() {
				t.Errorf("%v opened a dialog", hosts)
			}
		}
		c.has("no device is chosen")
		c.key(":")
		c.typed("lockdown ")
		c.key("enter")
		c.has("needs the name of a host")
	})
}

func TestV32_V33F84_TheDialogSaysWhatIsolationDoes(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-ENG-0012")}, Reason: "r"})
		c.wait(time.Second)
		c.has("Open sessions drop; Defender tells the user on Windows.", "web proxy or full VPN it may not come back")
		c.has("clock starts when the device confirms", "ends 16:41:08Z = 17:41 BST, then auto-release") // K-02
	})
}

func TestV19_K03_OnlyTheAllowedPeriodsCanBeChosen(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		for typed, want := range map[string]string{"30m": "4h", "25h": "4h", "8h": "8h", "-1h": "", "x": ""} {
			c.m.dialogs.Clear()
			c.key(":")
			c.typed("lockdown WS-ENG-0012 " + typed)
			c.key("enter")
			c.wait(time.Second)
			if want == "" {
				c.has("is not a duration")
				continue
			}
			c.has("Isolate for " + want)
			if want != typed {
				c.has("is not one of the allowed periods")
			}
		}
	})
}

func TestV20_DigitsChooseAPresetOnlyWhileTheDurationHasTheFocus(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-ENG-0012")}, Reason: "r"})
		c.wait(time.Second)
		c.key("1")
		c.has("Isolate for 4h")
		c.key("tab", "1") // past the last part to the first: the duration
		c.has("Isolate for 1h")
		c.key("6")
		c.has("Isolate for 24h")
		c.key("9")
		c.has("Isolate for 24h")
		c.key("shift+tab", "enter")
		if r := c.w.Calls("isolate"); len(r) != 1 || r[0].Request.(soc.IsolateRequest).Period != 24*time.Hour {
			t.Errorf("calls = %+v", r)
		}
	})
}

func TestC09_C10_ANameIsExactAndSeveralMachinesAreShown(t *testing.T) {
	w := uitest.NewWorld()
	for i, n := range []string{"PC10", "PC1", "PC100", "TWIN", "TWIN"} {
		w.HostList = append(w.HostList, soc.Host{
			Key: soc.HostKey{Integration: uitest.Tenant, MachineID: n + "-id-" + string(rune('a'+i))}, Name: n, Onboarding: "Onboarded", Health: "Active",
			LastSeen: uitest.Now().Add(-time.Duration(i) * time.Hour),
		})
	}
	inConsole(t, w, 120, 40, func(t *testing.T, c *console) {
		c.key(":")
		c.typed("lockdown PC1")
		c.key("enter")
		c.wait(time.Second)
		c.has("PC1-id-b")
		c.hasNot("PC10-id", "PC100-id")
		c.key("esc")
		c.key(":")
		c.typed("lockdown PC")
		c.key("enter")
		c.has("no host is called PC")
		c.m.dialogs.Clear()
		c.key(":")
		c.typed("lockdown twin 2h")
		c.key("enter")
		c.has("2 devices have the name twin", "TWIN-id-d", "TWIN-id-e", "seen 3h ago", "seen 4h ago")
		c.key("down", "enter")
		c.has("TWIN-id-e", "Isolate for 2h", "[>Cancel ]")
		if n := len(c.orders()); n != 0 {
			t.Errorf("%d orders from the palette", n)
		}
	})
}

func TestC10_SameNameIsAWarning(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 120, 40, func(t *testing.T, c *console) {
		key := c.host("WS-ENG-0012")
		v := c.w.Check(t.Context(), c.w.Session("responder"), soc.ActIsolate, key)
		v.SameName = []soc.Host{{Key: soc.HostKey{Integration: uitest.Tenant, MachineID: "0123456789abcdef"}, Health: "Inactive"}}
		v.Host.OSPlatform = "Ubuntu"
		v.Host.Health = "Inactive"
		v.Warnings = []string{"1 other machine has this name; compare the id", "Defender says Inactive: the order waits for the device, up to 3 days; the clock starts when it is isolated"}
		c.w.Verdicts[key] = v
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{key}, Reason: "r"})
		c.wait(time.Second)
		c.has("! 1 other machine has this name", "1 more: 01234567.. Inactive", "not on Linux", "the order waits for the device", "the clock starts when it is isolated")
		c.key("tab", "tab", "right", "shift+tab", "shift+tab", "enter")
		if r := c.w.Calls("isolate"); len(r) != 1 || r[0].Request.(soc.IsolateRequest).Type != soc.IsolationFull {
			t.Errorf("calls = %+v, want Full: Selective does not exist on Linux", r)
		}
	})
}

func TestK16_UAndEnterRelease(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: c.host("WS-FIN-0142")}})
		c.key("U", "enter")
		if r := c.w.Calls("release"); len(r) != 1 || r[0].Host != c.host("WS-FIN-0142") {
			t.Fatalf("calls = %+v", c.orders())
		}
		if got := c.m.notice.text; !strings.Contains(got, "stays isolated until the device confirms") {
			t.Errorf("notice = %q", got)
		}
	})
}

func TestK04_AnIsolationFromOutsideNeedsTheTypedName(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.ReleaseMsg{Hosts: []soc.HostKey{c.host("WS-LAB-0003")}})
		c.wait(time.Second)
		c.has(soc.IsolatedOutside, "[>Cancel ]", "until the name matches")
		c.key("up") // the name
		c.typed("ws-lab-0003")
		c.has("until the name matches")
		c.key("ctrl+u")
		c.typed("WS-LAB-0003")
		c.key("tab", "tab", "enter")
		if r := c.w.Calls("release"); len(r) != 1 || r[0].Request.(soc.ReleaseRequest).Confirm != "WS-LAB-0003" {
			t.Errorf("calls = %+v", c.orders())
		}
	})
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.w.Verdicts[c.host("WS-LAB-0003")] = soc.Verdict{Why: "isolated from outside: needs lockdown.release-external"}
		c.send(screen.ReleaseMsg{Hosts: []soc.HostKey{c.host("WS-LAB-0003")}})
		c.wait(time.Second)
		c.has("NOT POSSIBLE NOW", "needs lockdown.release-external")
		c.hasNot("Release WS-LAB")
	})
}

func TestK06_TheEndIsMovedWithinPresetsFromTheStart(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		l, err := c.w.OpenLockdown(t.Context(), c.host("WS-FIN-0142"))
		if err != nil {
			t.Fatal(err)
		}
		c.send(screen.PeriodMsg{Lockdown: l.ID})
		c.wait(time.Second)
		c.has("that is its period now")
		c.key("right")
		c.has("Extend to 4h", "needs a reason", "ends 15:53:16Z")
		c.key("tab")
		c.typed("more logs")
		c.key("tab", "tab", "enter")
		r := c.w.Calls("period")
		want := soc.PeriodRequest{ID: l.ID, Revision: l.Revision, Period: 4 * time.Hour, Reason: "more logs"}
		if len(r) != 1 || r[0].Request.(soc.PeriodRequest) != want {
			t.Errorf("calls = %+v, want %+v", r, want)
		}
	})
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		l, err := c.w.OpenLockdown(t.Context(), c.host("SRV-FILE-03"))
		if err != nil {
			t.Fatal(err)
		}
		c.send(screen.PeriodMsg{Lockdown: l.ID})
		c.wait(time.Second)
		c.has("- 1h- - 2h-") // it runs for more than four hours: shorter ones would end in the past
	})
}

func TestK08_CloseByHandNeedsAReasonAndTheWord(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		l, err := c.w.OpenLockdown(t.Context(), c.host("SRV-FILE-03"))
		if err != nil {
			t.Fatal(err)
		}
		c.send(dialog.CloseMsg{Lockdown: l.ID})
		c.wait(time.Second)
		c.has("NOBODY releases this host", "[>Cancel ]", "needs a reason")
		c.key("up", "up")
		c.typed("reimaged")
		c.key("tab")
		c.typed("close")
		c.key("tab", "tab", "enter")
		if r := c.w.Calls("close"); len(r) != 1 {
			t.Errorf("calls = %+v", c.orders())
		}
	})
}

func TestBulk_TypedCountAndAResultPerHost(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		names := []string{"WS-ENG-0012", "WS-FIN-0031", "DC-LON-01", "WS-FIN-0142", "WS-ENG-0012"}
		var hosts []soc.HostKey
		for _, n := range names {
			hosts = append(hosts, c.host(n))
		}
		c.send(screen.IsolateMsg{Hosts: hosts, Reason: "spreading"})
		c.wait(time.Second)
		c.has("Isolate 4 devices", "2 workstations", "so: 2 now, 2 left out", "needs its own dialog", "already isolated", "[>Cancel ]")
		c.key("tab", "enter") // the button is off
		c.key("up", "up")
		c.typed("4")
		c.has("until the number matches")
		c.key("backspace")
		c.typed("2")
		c.key("tab", "tab", "enter")
		calls := c.w.Calls("isolate")
		if len(calls) != 2 || calls[0].Host != hosts[0] || calls[1].Host != hosts[1] {
			t.Fatalf("calls = %+v", calls)
		}
		c.has("Result per device", "ok WS-ENG-0012", "PENDING until the device confirms")
		c.key("esc")
		if c.m.dialogs.Open() || len(c.w.Calls("dismiss")) != 0 {
			t.Error("closing the results is not a cancellation")
		}
	})
}

func TestDialog_DryRunSendsNothing(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("WS-ENG-0012")}, Reason: "why not"})
		c.key("ctrl+d")
		c.wait(time.Second)
		c.has("DRY RUN: nothing is sent", "dry run: would be sent")
		c.key("end")
		c.has("WARNINGS")
		if d := c.w.Calls("dismiss"); len(d) != 1 || !strings.Contains(d[0].Request.(string), "dry run") {
			t.Errorf("dismissals = %+v", d)
		}
		c.key("esc")
		c.has("[>Isolate for 4h ]")
		if n := len(c.orders()); n != 0 {
			t.Errorf("%d orders", n)
		}
	})
}

func TestC16_OldFactsAreRefusedAndFreshOnesAskedFor(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		key := c.host("WS-ENG-0012")
		c.w.Verdicts[key] = soc.Verdict{Code: "stale-facts", Why: "what is known about this host is 3h0m0s old"}
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{key}, Reason: "r"})
		c.wait(time.Second)
		c.has("NOT POSSIBLE NOW", "3h0m0s old", "asked Defender for fresh facts", "R asks Defender for fresh facts", "R read the facts again")
		forced := func() (n int) {
			for _, w := range c.w.Calls("want-host") {
				if w.Request == true {
					n++
				}
			}
			return n
		}
		if n := forced(); n != 1 {
			t.Errorf("fresh facts were asked for %d times, want once", n)
		}
		c.key("R")
		if n := forced(); n != 2 {
			t.Errorf("after R fresh facts were asked for %d times, want twice", n)
		}
		delete(c.w.Verdicts, key)
		c.w.Publish(soc.TopicHosts)
		c.wait(time.Second)
		c.has("Isolate for 4h", "[>Cancel ]") // the focus does not jump onto the button under a finger
	})
}

// At three in the morning one types the name at once. The text goes to its field; it presses nothing.
func TestK16_TypingTheNameWhileCancelHasTheFocusFillsTheField(t *testing.T) {
	inConsole(t, uitest.NewWorld(), 80, 24, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{c.host("DC-LON-01")}, Reason: "r"})
		c.wait(time.Second)
		c.has("[>Cancel ]", "PROTECTED")
		c.typed("DC-LON-01")
		c.has("DC-LON-01 _", "[ Isolate for 4h ]")
		if n := len(c.orders()); n != 0 {
			t.Fatalf("%d orders without a button being pressed", n)
		}
		c.key("enter", "enter")
		if calls := c.w.Calls("isolate"); len(calls) != 1 || calls[0].Request.(soc.IsolateRequest).Confirm != "DC-LON-01" {
			t.Errorf("calls = %+v", calls)
		}
	})
}
