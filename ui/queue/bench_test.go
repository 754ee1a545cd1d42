package queue

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/uitest"
)

// BenchmarkQueueScroll is one line down and a frame of the whole screen, preview included, with the alert's details at hand.
func BenchmarkQueueScroll(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			m := newModel(uitest.NewWorld(), "responder")
			settle(m, m.Resize(size.w, size.h), m.Focus(), m.setView(4))
			down, up := uitest.Press("j"), uitest.Press("k")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k := down
				if i/40%2 == 1 {
					k = up
				}
				m.Update(k)
				m.View()
			}
		})
	}
}

// settle runs loads to rest; commands that wait are left out.
func settle(m *Model, cmds ...tea.Cmd) {
	for _, c := range cmds {
		if c == nil {
			continue
		}
		switch msg := c().(type) {
		case tea.BatchMsg:
			settle(m, msg...)
		case loadedMsg, countsMsg, fleetMsg, detailMsg:
			settle(m, m.Update(msg))
		}
	}
}
