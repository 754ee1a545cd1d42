package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/screen"
)

// visit is a place that was left, with the title that it had.
type visit struct {
	place screen.Place
	title string
}

// places are the kinds of screens, in a fixed order.
func places() []string {
	return []string{screen.Queue, screen.Host, screen.Timers, screen.Settings, screen.Audit, screen.Reports}
}

// goTo navigates; the place that is left can be gone back to.
func (m *Model) goTo(to screen.Place) tea.Cmd {
	if !slices.Contains(places(), to.Kind) {
		m.info("there is no place called " + to.Kind)
		return nil
	}
	if to == m.place {
		return m.show(to, true)
	}
	m.trail = append(m.trail, visit{m.place, m.active().Title()})
	if len(m.trail) > 50 {
		m.trail = slices.Delete(m.trail, 0, 1)
	}
	m.last = m.place
	return m.show(to, true)
}

// goBack goes back one place; at the root it asks whether to quit.
func (m *Model) goBack() tea.Cmd {
	if len(m.trail) == 0 {
		if m.place.Kind != screen.Queue {
			m.last = m.place
			return m.show(screen.Place{Kind: screen.Queue}, false)
		}
		return m.askQuit()
	}
	to := m.trail[len(m.trail)-1].place
	m.trail = m.trail[:len(m.trail)-1]
	m.last = m.place
	return m.show(to, false)
}

// goPrevious goes to the place that was left last, and back again when pressed twice.
func (m *Model) goPrevious() tea.Cmd {
	switch {
	case m.last.Kind == "":
		m.info("there is no previous place yet")
		return nil
	case len(m.trail) > 0 && m.trail[len(m.trail)-1].place == m.last:
		return m.goBack()
	}
	return m.goTo(m.last)
}

// show makes a place visible. A screen is told what to show unless that is what it shows already: going back to the queue must not undo the
// filter that was left there.
func (m *Model) show(to screen.Place, named bool) tea.Cmd {
	m.place = to
	s := m.screens[to.Kind]
	cmds := []tea.Cmd{m.fit(to.Kind)}
	bare := to == screen.Place{Kind: to.Kind}
	if !bare && (named || m.shown[to.Kind] != to) {
		cmds = append(cmds, s.Update(screen.PlaceMsg{Place: to}))
		m.shown[to.Kind] = to
	}
	return tea.Batch(append(cmds, s.Focus())...)
}

// gone is the second key of the go-to.
func (m *Model) gone(k tea.KeyPressMsg) tea.Cmd {
	m.going = false
	kinds := map[string]string{"q": screen.Queue, "t": screen.Timers, "a": screen.Audit, "r": screen.Reports, "s": screen.Settings}
	if kind, ok := kinds[k.String()]; ok {
		return m.goTo(screen.Place{Kind: kind})
	}
	if k.String() == "h" {
		if to, ok := m.shown[screen.Host]; ok {
			return m.goTo(to)
		}
		m.info("no host was opened yet; enter on an alert opens its host")
		return nil
	}
	if k.String() != "esc" {
		m.info("go to: q queue, h host, t timers, a audit, r reports, s settings")
	}
	return nil
}

// crumbs is where we are: the program, the place that led here, and the visible one.
func (m *Model) crumbs() []string {
	out := []string{"cordon"}
	if m.place.Kind == screen.Host {
		for i := len(m.trail) - 1; i >= 0; i-- {
			if m.trail[i].place.Kind != screen.Host {
				out = append(out, m.trail[i].title)
				break
			}
		}
	}
	return append(out, m.active().Title())
}
