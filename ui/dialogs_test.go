package ui

import (
	"fmt"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/screen"
	"cordon/ui/uitest"
)

func TestDialogs_Goldens(t *testing.T) {
	hosts := func(c *console, names ...string) []soc.HostKey {
		var out []soc.HostKey
		for _, n := range names {
			out = append(out, c.host(n))
		}
		return out
	}
	lockdown := func(c *console, name string) soc.LockdownID {
		l, err := c.w.OpenLockdown(t.Context(), c.host(name))
		if err != nil {
			t.Fatal(err)
		}
		return l.ID
	}
	cases := map[string]func(c *console) any{
		"isolate-ordinary": func(c *console) any {
			return screen.IsolateMsg{Hosts: hosts(c, "WS-ENG-0012"), Because: c.w.AlertOn("WS-ENG-0012")}
		},
		"isolate-protected": func(c *console) any {
			return screen.IsolateMsg{Hosts: hosts(c, "DC-LON-01"), Because: c.w.AlertOn("DC-LON-01"), Reason: "lsass dump by svc_bk, see #4412"}
		},
		"isolate-refused": func(c *console) any { return screen.IsolateMsg{Hosts: hosts(c, "WS-FIN-0142")} },
		"isolate-bulk": func(c *console) any {
			return screen.IsolateMsg{Hosts: hosts(c, "WS-ENG-0012", "WS-FIN-0031", "WS-HR-0015", "DC-LON-01", "WS-FIN-0142"), Reason: "encryption spreading"}
		},
		"release":  func(c *console) any { return screen.ReleaseMsg{Hosts: hosts(c, "WS-FIN-0142")} },
		"external": func(c *console) any { return screen.ReleaseMsg{Hosts: hosts(c, "WS-LAB-0003")} },
		"blocked":  func(c *console) any { return screen.ReleaseMsg{Hosts: hosts(c, "SRV-FILE-03")} },
		"period":   func(c *console) any { return screen.PeriodMsg{Lockdown: lockdown(c, "WS-FIN-0142")} },
		"cancel":   func(c *console) any { return screen.CancelMsg{Lockdown: lockdown(c, "WS-HR-0009")} },
		"close":    func(c *console) any { return dialog.CloseMsg{Lockdown: lockdown(c, "SRV-FILE-03")} },
		"text":     func(*console) any { return screen.TextMsg{Title: "Raw", Text: "{\n  \"id\": \"da24\"\n}"} },
		"help":     func(*console) any { return dialog.RunMsg{Key: "?"} },
		"palette":  func(*console) any { return dialog.RunMsg{Key: ":"} },
		"confirm": func(*console) any {
			return screen.ConfirmMsg{Title: "Detach", Lines: []string{"Detach contoso-prod?", "Its alerts are removed."}, Button: "Detach contoso-prod", TypeWord: "contoso-prod"}
		},
	}
	for name, open := range cases {
		for _, size := range [][2]int{{80, 24}, {120, 40}} {
			name := fmt.Sprintf("dialog-%s-%dx%d", name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				inConsole(t, uitest.NewWorld(), size[0], size[1], func(t *testing.T, c *console) {
					c.send(open(c))
					c.wait(dialog.Grace)
					if size[0] == 80 {
						c.golden(name) // the whole frame: below 100 columns the box stands alone
						return
					}
					uitest.Golden(t, name, ansi.Strip(c.m.dialogs.View(size[0], size[1]-4))+"\n")
				})
			})
		}
	}
}
