package ui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/screen"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// The banner is a line of its own below the header, on every screen and behind every dialog, for as long as something is wrong: a release
// that keeps failing (K-08) before anything about the machinery. It never takes the place of the line that counts overdue hosts.

// ask reads what is wrong with the machinery and tells everybody when that changed.
func (m *Model) ask() tea.Cmd {
	if m.deps.Troubles == nil {
		return nil
	}
	list := m.deps.Troubles()
	if slices.Equal(list, m.troubles) {
		return nil
	}
	m.troubles = list
	return m.tellTroubles()
}

// tellTroubles hands the list to the screens and dialogs; without anybody who watches the machinery they are told nothing.
func (m *Model) tellTroubles() tea.Cmd {
	if m.deps.Troubles == nil {
		return nil
	}
	return m.everywhere(screen.TroublesMsg{List: m.troubles})
}

// failing are the lockdowns whose release has failed so often that everybody must see it.
func (m *Model) failing() []soc.Lockdown {
	var out []soc.Lockdown
	for _, l := range m.open {
		if l.Failures >= soc.LoudAfter {
			out = append(out, l)
		}
	}
	return out
}

// wrong are the troubles that a person should know of.
func (m *Model) wrong() []soc.Trouble {
	var out []soc.Trouble
	for _, t := range m.troubles {
		if t.Level >= soc.LevelWarn {
			out = append(out, t)
		}
	}
	return out
}

// banner is the line, empty when nothing is wrong.
func (m *Model) banner() string {
	failing, wrong := m.failing(), m.wrong()
	switch {
	case len(failing) > 0 && len(wrong) > 0:
		return theme.Ends(m.failingText(failing), m.troubleStyle(wrong[0]).Render(words.Count(len(wrong), "trouble")+" (E)"), m.w)
	case len(failing) > 0:
		return m.failingText(failing)
	case len(wrong) > 0:
		more := "(E)"
		if n := len(wrong) - 1; n > 0 {
			more = fmt.Sprintf("and %d more (E)", n)
		}
		style := m.troubleStyle(wrong[0])
		return theme.Ends(style.Render(troubleText(wrong[0])), style.Render(more), m.w)
	}
	return ""
}

// failingText says which host is still cut off although it should be free. It changes with the number of failures only, not every second.
func (m *Model) failingText(failing []soc.Lockdown) string {
	l := failing[0]
	text := fmt.Sprintf("!! STILL ISOLATED: %s, its release failed %d times and is tried until it works (T)", words.ShortName(l.HostName), l.Failures)
	if n := len(failing) - 1; n > 0 {
		text = fmt.Sprintf("!! STILL ISOLATED: %s and %d more, their releases keep failing (T)", words.ShortName(l.HostName), n)
	}
	return m.th.Bad.Render(text)
}

func troubleText(t soc.Trouble) string {
	text := "!  " + t.What
	if t.Level == soc.LevelBad {
		text = "!! " + t.What
	}
	if t.Means != "" {
		text += ": " + t.Means
	}
	return text
}

func (m *Model) troubleStyle(t soc.Trouble) theme.Style {
	if t.Level == soc.LevelBad {
		return m.th.Bad
	}
	return m.th.Warn
}

// bannerHeight is how many lines the banner takes.
func (m *Model) bannerHeight() int {
	if len(m.failing()) > 0 || len(m.wrong()) > 0 {
		return 1
	}
	return 0
}

// refit gives the visible screen its size again when the banner came or went.
func (m *Model) refit() tea.Cmd {
	if !m.started || m.small() {
		return nil
	}
	return m.fit(m.place.Kind)
}

// bell rings once for every release that becomes loud, where the person has allowed it.
func (m *Model) bell() tea.Cmd {
	rung, ring := map[soc.LockdownID]bool{}, false
	for _, l := range m.failing() {
		rung[l.ID] = true
		ring = ring || !m.rung[l.ID]
	}
	m.rung = rung
	if !ring || !m.deps.Look.Bell {
		return nil
	}
	return tea.Raw("\a")
}
