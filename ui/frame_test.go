package ui

import (
	"fmt"
	"testing"

	"cordon/ui/screen"
	"cordon/ui/uitest"
)

func TestFrame_EveryScreenAtEverySize(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		for _, kind := range places() {
			t.Run(fmt.Sprintf("%s-%dx%d", kind, size[0], size[1]), func(t *testing.T) {
				inConsole(t, uitest.NewWorld(), size[0], size[1], func(t *testing.T, c *console) {
					to := screen.Place{Kind: kind}
					if kind == screen.Host {
						to.Host, to.Alert = c.host("DC-LON-01"), c.w.AlertOn("DC-LON-01")
					}
					if kind != screen.Queue {
						c.send(screen.GoMsg{To: to})
					}
					c.golden(fmt.Sprintf("%s-%dx%d", kind, size[0], size[1]))
				})
			})
		}
	}
}
