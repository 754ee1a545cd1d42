package ui

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/dialog"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Ids of the keys that work everywhere.
const (
	idHelp     = "help"
	idPalette  = "palette"
	idBack     = "back"
	idPrevious = "previous"
	idGoTo     = "goto"
	idTimers   = "timers"
	idZone     = "zone"
	idPause    = "pause"
	idRefresh  = "refresh"
	idErrors   = "errors"
	idRedraw   = "redraw"
	idQuit     = "quit"
)

// globals are the keys that work on every screen. Those that hint lines must never lose come first.
func globals() []keys.Binding {
	return []keys.Binding{
		{ID: idHelp, Keys: []string{"?", "shift+/", "f1"}, Show: "?", Hint: "help", Help: "the keys of this view; type to filter, enter runs"},
		{ID: idBack, Keys: []string{"q", "esc"}, Show: "q", Hint: "back", Help: "back one place; at the root it asks whether to quit"},
		{ID: idPalette, Keys: []string{":", "ctrl+p"}, Show: ":", Hint: "command", Help: "commands, hosts and views by name"},
		{ID: idRefresh, Keys: []string{"R", "f5", "ctrl+r"}, Show: "R", Hint: "refresh", Help: "ask Defender for news now"},
		{ID: idTimers, Keys: []string{"T"}, Hint: "timers", Help: "go to the lockdown timers"},
		{ID: idGoTo, Keys: []string{"`"}, Show: "` qhtars", Hint: "go to", Help: "then q queue, h host, t timers, a audit, r reports, s settings"},
		{ID: idErrors, Keys: []string{"E"}, Hint: "errors", Help: "what is wrong now, and the errors and messages of this session"},
		{ID: idZone, Keys: []string{"t"}, Hint: "UTC/local", Help: "show times in UTC or in local time"},
		{ID: idPause, Keys: []string{"="}, Hint: "pause", Help: "pause updates: no row moves until = is pressed again"},
		{ID: idPrevious, Keys: []string{"-"}, Hint: "previous", Help: "go to the previous place, and back again"},
		{ID: idRedraw, Keys: []string{"ctrl+l"}, Hint: "redraw", Help: "draw everything again"},
		{ID: idQuit, Keys: []string{"ctrl+c"}, Show: "ctrl+c ctrl+c", Hint: "quit", Help: "twice within two seconds: quit"},
	}
}

// yields are the global keys that a screen may give a more exact meaning of its own.
func yields(id string) bool {
	switch id {
	case idBack, idRefresh, idPause, idTimers:
		return true
	}
	return false
}

// global does what a key that works everywhere says.
func (m *Model) global(id string) tea.Cmd {
	switch id {
	case idHelp:
		return m.push(dialog.NewHelp(m.env, m.scopes()))
	case idPalette:
		return m.push(dialog.NewPalette(m.env, m.entries(), m.recent))
	case idBack:
		return m.goBack()
	case idPrevious:
		return m.goPrevious()
	case idGoTo:
		m.going = true
		return nil
	case idTimers:
		return m.goTo(screen.Place{Kind: screen.Timers})
	case idZone:
		return m.toggleZone()
	case idPause:
		m.paused = !m.paused
		m.info(map[bool]string{true: "updates are paused: = goes on", false: "updates go on"}[m.paused])
	case idRefresh:
		return m.refresh()
	case idErrors:
		return m.errors()
	case idRedraw:
		return tea.Batch(tea.ClearScreen, tea.RequestWindowSize, m.everywhere(screen.ThemeMsg{}))
	case idQuit:
		return m.askLeave()
	}
	return nil
}

// scopes are the groups of the key sheet.
func (m *Model) scopes() []dialog.Scope {
	return []dialog.Scope{{Name: "HERE: " + m.active().Title(), Bindings: m.bindings()}, {Name: "EVERYWHERE", Bindings: globals()}}
}

// entries are the commands of the palette, made from the same bindings as hints and help.
func (m *Model) entries() []dialog.Entry {
	var out []dialog.Entry
	add := func(scope string, b keys.Binding) {
		title := b.Help
		if title == "" {
			title = b.Hint
		}
		if b.Danger {
			title += ".."
		}
		out = append(out, dialog.Entry{Title: title, Keys: b.Label(), Scope: scope, Off: b.Off, Msg: dialog.RunMsg{Key: b.Keys[0]}})
	}
	for _, b := range m.bindings() {
		if len(b.Keys) > 0 {
			add(m.active().Title(), b)
		}
	}
	for _, p := range places() {
		if p != screen.Host {
			out = append(out, dialog.Entry{Title: "open " + m.screens[p].Title(), Scope: "View", Msg: screen.GoMsg{To: screen.Place{Kind: p}}})
		}
	}
	for _, l := range m.open {
		if l.Phase == soc.PhaseNeedsHuman || l.Phase == soc.PhaseReleaseBlocked {
			title := fmt.Sprintf("close lockdown %s of %s by hand..", l.ID, l.HostName)
			out = append(out, dialog.Entry{Title: title, Scope: "Lockdown", Msg: dialog.CloseMsg{Lockdown: l.ID}})
		}
	}
	for _, b := range globals() {
		if b.ID != idPalette {
			add("Global", b)
		}
	}
	return out
}

// runKey acts as if a key had been pressed on the visible screen. The key that was really pressed was enter, in a dialog; what opens now
// remembers that, so that the same enter can not confirm it.
func (m *Model) runKey(key string) tea.Cmd {
	k := press(key)
	if key == "ctrl+c" {
		return m.askLeave()
	}
	if b, ok := keys.Find(k, globals()); ok && !m.takesOver(b, k) {
		return m.global(b.ID)
	}
	return m.active().Update(k)
}

// press makes the key press that a binding names.
func press(name string) tea.KeyPressMsg {
	k := tea.Key{}
	for _, mod := range []struct {
		prefix string
		mod    tea.KeyMod
	}{{"ctrl+", tea.ModCtrl}, {"alt+", tea.ModAlt}, {"shift+", tea.ModShift}} {
		if len(name) > len(mod.prefix) && name[:len(mod.prefix)] == mod.prefix {
			name, k.Mod = name[len(mod.prefix):], k.Mod|mod.mod
		}
	}
	named := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "space": tea.KeySpace, "backspace": tea.KeyBackspace,
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "delete": tea.KeyDelete, "f1": tea.KeyF1, "f5": tea.KeyF5,
	}
	if code, ok := named[name]; ok {
		k.Code = code
		return tea.KeyPressMsg(k)
	}
	r, _ := utf8.DecodeRuneInString(name)
	k.Code = unicode.ToLower(r)
	if k.Mod == 0 {
		k.Text = name
	}
	return tea.KeyPressMsg(k)
}
