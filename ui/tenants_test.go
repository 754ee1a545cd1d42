package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

// twoTenants is the usual world and a second customer; one of its hosts is isolated as well.
func twoTenants() *uitest.World {
	w := uitest.NewWorld().AddTenant().WithChannels().WithReports()
	fab := w.HostList[len(w.HostList)-1]
	w.LockdownList = append(w.LockdownList, soc.Lockdown{
		ID: "LK-FABRIKAM", Key: fab.Key, HostName: fab.Name, By: soc.Actor{Name: "alice"}, Mode: soc.ModeManual, Period: 4 * time.Hour,
		Phase: soc.PhaseIsolated, RequestedAt: uitest.Now().Add(-time.Hour), EnforcedAt: uitest.Now().Add(-time.Hour),
		Deadline: uitest.Now().Add(3 * time.Hour), Revision: 1,
	})
	return w
}

// fabrikam is the host of the second customer.
func fabrikam(w *uitest.World) soc.HostKey {
	for _, h := range w.HostList {
		if h.Key.Integration == uitest.Other {
			return h.Key
		}
	}
	return soc.HostKey{}
}

// TestT13_EveryDialogThatChangesADeviceCarriesTheBadgeOfItsTenant: the one it is about, in word and colour, never that of another.
func TestT13_EveryDialogThatChangesADeviceCarriesTheBadgeOfItsTenant(t *testing.T) {
	boxes := map[string]func(w *uitest.World) any{
		"isolate": func(w *uitest.World) any {
			return screen.IsolateMsg{Hosts: []soc.HostKey{fabrikam(w)}, Reason: "r"}
		},
		"release": func(w *uitest.World) any { return screen.ReleaseMsg{Hosts: []soc.HostKey{fabrikam(w)}} },
		"period":  func(*uitest.World) any { return screen.PeriodMsg{Lockdown: "LK-FABRIKAM"} },
		"cancel":  func(*uitest.World) any { return screen.CancelMsg{Lockdown: "LK-FABRIKAM"} },
		"close":   func(*uitest.World) any { return dialog.CloseMsg{Lockdown: "LK-FABRIKAM"} },
		"detach": func(*uitest.World) any {
			return screen.ConfirmMsg{Title: "Detach fabrikam-test", Tenant: uitest.Other, Button: "Detach"}
		},
	}
	for name, box := range boxes {
		for _, size := range [][2]int{{80, 24}, {120, 40}} {
			t.Run(name, func(t *testing.T) {
				w := twoTenants()
				inConsole(t, w, size[0], size[1], func(t *testing.T, c *console) {
					c.send(box(w))
					c.wait(dialog.Grace)
					title, _, _ := strings.Cut(c.m.dialogs.View(size[0], size[1]-4), "\n")
					if plain := ansi.Strip(title); !strings.Contains(plain, "fabrikam-test [TEST rw]") || strings.Contains(plain, "contoso") {
						t.Errorf("title %q", plain)
					}
					if !strings.Contains(title, c.m.th.Good.Render("[TEST rw]")) {
						t.Errorf("the badge has no colour: %q", title)
					}
				})
			})
		}
	}
}

// TestT13_AChoiceOverTwoTenantsNamesBoth, so that nobody isolates in production what was thought to be a test.
func TestT13_AChoiceOverTwoTenantsNamesBoth(t *testing.T) {
	w := twoTenants()
	inConsole(t, w, 120, 40, func(t *testing.T, c *console) {
		c.send(screen.IsolateMsg{Hosts: []soc.HostKey{fabrikam(w), c.host("WS-ENG-0012")}, Reason: "r"})
		c.wait(dialog.Grace)
		title, _, _ := strings.Cut(ansi.Strip(c.m.dialogs.View(120, 36)), "\n")
		if !strings.Contains(title, "fabrikam-test [TEST rw]") || !strings.Contains(title, "contoso-prod [PROD rw]") {
			t.Errorf("title %q", title)
		}
	})
}

// TestT13_TheHeaderNamesTheTenantsInSight: all of them on a list, the worst badge counts; on a host its own.
func TestT13_TheHeaderNamesTheTenantsInSight(t *testing.T) {
	w := twoTenants()
	inConsole(t, w, 120, 40, func(t *testing.T, c *console) {
		for _, kind := range []string{screen.Queue, screen.Timers, screen.Settings, screen.Audit, screen.Reports} {
			c.send(screen.GoMsg{To: screen.Place{Kind: kind}})
			c.has("tenant contoso-prod+1 [PROD rw]")
		}
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: fabrikam(w)}})
		c.has("tenant fabrikam-test [TEST rw]")
		c.hasNot("contoso-prod+1")
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: c.host("WS-ENG-0012")}})
		c.has("tenant contoso-prod [PROD rw]")
		line, _, _ := strings.Cut(c.m.View().Content, "\n")
		if !strings.Contains(line, c.m.th.Prod.Render("[PROD rw]")) {
			t.Errorf("the badge has no colour: %q", line)
		}
	})
}

// TestSC48_SwitchingTenantsMixesNothing: what is ordered goes to the tenant of the host that was on screen.
func TestSC48_SwitchingTenantsMixesNothing(t *testing.T) {
	w := twoTenants()
	w.LockdownList = w.LockdownList[:len(w.LockdownList)-1]
	inConsole(t, w, 120, 40, func(t *testing.T, c *console) {
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: c.host("WS-ENG-0012")}})
		c.wait(time.Second)
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: fabrikam(w)}})
		c.wait(time.Second)
		c.key("L")
		c.wait(dialog.Grace)
		c.has("FAB-SRV-01", "fabrikam-test [TEST rw]")
		if got := c.m.place.Host; got != fabrikam(w) {
			t.Fatalf("the place is %v", got)
		}
		for _, call := range c.w.Calls("isolate") {
			if call.Host.Integration != uitest.Other {
				t.Errorf("ordered for %v", call.Host)
			}
		}
	})
}

// TestN04_C07_KeysNameTheRoleThatIsMissing, before they are pressed and when they are, on every screen that can isolate.
func TestN04_C07_KeysNameTheRoleThatIsMissing(t *testing.T) {
	const why = "the app registration of contoso-prod lacks Machine.Isolate"
	verdict := func(w *uitest.World) {
		for _, h := range w.HostList {
			w.Verdicts[h.Key] = soc.Verdict{Host: h, Why: why, Code: "no-role", Presets: soc.Presets(), Default: time.Hour}
		}
	}
	for kind, key := range map[string]string{screen.Queue: "L", screen.Host: "L", screen.Timers: "U"} {
		t.Run(kind, func(t *testing.T) {
			w := uitest.NewWorld()
			verdict(w)
			inConsole(t, w, 120, 40, func(t *testing.T, c *console) {
				c.open(kind)
				c.wait(time.Second)
				b, ok := keys.Find(uitest.Press(key), c.m.bindings())
				if !ok || b.Off != why {
					t.Errorf("%s: key %s is off for %q", kind, key, b.Off)
				}
				c.key(key)
				c.has(why)
				c.key("?")
				c.typed("@" + key)
				c.has("off: the app registration of contoso-prod")
				if got := c.orders(); len(got) != 0 {
					t.Errorf("ordered %+v", got)
				}
			})
		})
	}
}

// TestK07_DetachWithLiveLockdownsListsThemAndOffersToReleaseFirst: the question names the tenant with its badge, demands its name, and the
// way to leave hosts isolated is a command of its own.
func TestK07_DetachWithLiveLockdownsListsThemAndOffersToReleaseFirst(t *testing.T) {
	w := uitest.NewWorld()
	admin := func(d *Deps) { d.Session = w.Session("admin") }
	inConsole(t, w, 80, 24, func(t *testing.T, c *console) {
		c.open(screen.Settings)
		c.key("d")
		c.wait(dialog.Grace)
		c.has("Detach contoso-prod  contoso-prod [PROD rw]", "With live lockdowns this is", "To go on, type: contoso-prod", "[>Cancel ]")
		c.key("tab", "enter")
		if len(w.Calls("detach")) != 0 {
			t.Fatal("detached without the name")
		}
		c.key("up", "up")
		c.typed("contoso-prod")
		c.key("tab", "tab", "enter")
		if got := w.Calls("detach"); len(got) != 1 || got[0].Request != [2]bool{false, false} {
			t.Fatalf("detach calls %v\n%s", got, c.view())
		}
		c.wait(dialog.Grace)
		c.has("Live lockdowns on contoso-prod", "--abandon", "Release, then detach contoso-prod", "[>Cancel ]")
		c.key("esc")
		if got := w.Calls("detach"); len(got) != 1 {
			t.Errorf("esc detached: %v", got)
		}
	}, admin)
}

func TestV11_SettingsAndReportsNameTheRightThatIsMissing(t *testing.T) {
	w := uitest.NewWorld()
	inConsole(t, w, 80, 24, func(t *testing.T, c *console) {
		c.send(screen.GoMsg{To: screen.Place{Kind: screen.Settings}})
		c.has("the right settings.view is missing")
		c.key("`", "r")
		c.has("the right alerts.view is missing")
	}, func(d *Deps) { d.Session = w.Session("nobody") })
}

// TestM01_ReportsAreOneKeyAway and in the palette.
func TestM01_ReportsAreOneKeyAway(t *testing.T) {
	w := uitest.NewWorld().WithChannels().WithReports()
	inConsole(t, w, 80, 24, func(t *testing.T, c *console) {
		c.key("`", "r")
		c.has("[1 Threat reports]", "PIX-0142", "unmatched")
		c.key(":")
		c.typed("open Reports")
		c.has("open Reports")
	}, func(d *Deps) { d.Reports, d.Channels = w, w })
}
