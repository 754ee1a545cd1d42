package audit

import (
	"encoding/json"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
)

// Ids of the actions.
const (
	idDetail = "audit.detail"
	idFilter = "audit.filter"
	idVerify = "audit.verify"
	idStop   = "audit.stop"
	idProof  = "audit.proof"
	idCopy   = "audit.copy"
	idHost   = "audit.host"
	idTimer  = "audit.lockdown"
	idRaw    = "audit.raw"
	idOlder  = "audit.day.older"
	idNewer  = "audit.day.newer"
	idReload = "audit.refresh"
	idClear  = "audit.clear"
	idKeep   = "audit.filter.keep"
	idDrop   = "audit.filter.drop"
)

func viewID(v view) string { return fmt.Sprintf("audit.view.%d", int(v)+1) }

// Keys are the bindings as they are now.
func (m *Model) Keys() []keys.Binding {
	if m.filter.on {
		return typingKeys()
	}
	none, noHost, noLock := "", "", ""
	e, ok := m.current()
	if !ok {
		none = "no line is selected"
	}
	if e.Host == "" {
		noHost = "this line is not about a host"
	}
	if e.Lockdown == "" {
		noLock = "this line belongs to no lockdown"
	}
	denied := ""
	if m.denied() {
		denied = "the right " + string(soc.RightLockdownView) + " is missing"
	}
	out := []keys.Binding{
		{ID: idDetail, Keys: []string{"enter"}, Hint: "detail", Help: "show everything that this line recorded", Off: none},
		{ID: idFilter, Keys: []string{"/"}, Hint: "filter", Help: "filter by text and actor: action: target: result: since:", Off: denied},
		{ID: idVerify, Keys: []string{"V"}, Hint: "verify chain", Help: "prove that no line was changed, removed or put in between", Off: denied},
		{ID: idProof, Keys: []string{"B"}, Hint: "proof", Help: "what the last verification found, and the first bad line", Off: m.noProof(), Hidden: m.chain.Checked.IsZero()},
		{ID: idCopy, Keys: []string{"y"}, Hint: "copy", Help: "copy the line as text", Off: none},
		{ID: idHost, Keys: []string{"h"}, Hint: "host", Help: "open the host of this line", Off: noHost},
		{ID: idTimer, Keys: []string{"T"}, Hint: "lockdown", Help: "open the lockdown of this line", Off: noLock},
		{ID: idRaw, Keys: []string{"J"}, Hint: "raw", Help: "show the record as it is stored", Off: none},
		{ID: idNewer, Keys: []string{"{"}, Show: "{/}", Hint: "day", Help: "go to the newer day", Off: none},
		{ID: idOlder, Keys: []string{"}"}, Hint: "older day", Help: "go to the older day", Off: none, Hidden: true},
		{ID: idReload, Keys: []string{"R", "f5", "ctrl+r"}, Show: "R", Hint: "refresh", Help: "read the history again", Off: denied},
	}
	for v := viewToday; v <= viewMine; v++ {
		out = append(out, keys.Binding{ID: viewID(v), Keys: []string{fmt.Sprint(int(v) + 1)}, Hint: names(v), Help: "show " + names(v), Hidden: true})
	}
	if m.checking {
		out = append(out, keys.Binding{ID: idStop, Keys: []string{"esc"}, Hint: "stop", Help: "stop the verification"})
	} else if m.filter.text() != "" {
		out = append(out, keys.Binding{ID: idClear, Keys: []string{"esc"}, Hint: "clear filter", Help: "show all lines of this view"})
	}
	return append(out, grid.Moves()...)
}

// noProof is why B does nothing.
func (m *Model) noProof() string {
	if m.chain.Checked.IsZero() {
		return "the history was not verified in this session; V does it"
	}
	return ""
}

func typingKeys() []keys.Binding {
	return []keys.Binding{
		{ID: idKeep, Keys: []string{"enter"}, Hint: "keep filter", Help: "go back to the list"},
		{ID: idDrop, Keys: []string{"esc"}, Hint: "undo", Help: "go back to the filter from before"},
	}
}

func (m *Model) act(id string) tea.Cmd {
	e, _ := m.current()
	switch id {
	case idFilter:
		m.filter.open()
	case idVerify:
		if !m.checking {
			return m.verify()
		}
	case idStop:
		return m.stopVerify()
	case idProof:
		return m.showProof()
	case idClear:
		m.filter.set("")
		return m.load()
	case idReload:
		return m.load()
	case idOlder, idNewer:
		return m.day(id == idOlder)
	case idDetail, idCopy, idHost, idTimer, idRaw:
		return m.about(id, e)
	default:
		return m.show(id)
	}
	return nil
}

// about acts on the current line.
func (m *Model) about(id string, e soc.AuditEntry) tea.Cmd {
	switch id {
	case idDetail:
		return screen.Send(screen.TextMsg{Title: fmt.Sprintf("#%d %s %s", e.Seq, e.Action, e.Target), Text: m.full(e)})
	case idCopy:
		return screen.Send(screen.CopyMsg{What: fmt.Sprintf("line #%d", e.Seq), Text: plain(e)})
	case idHost:
		return screen.Send(screen.GoMsg{To: screen.Place{Kind: screen.Host, Host: soc.HostKey{Integration: e.Integration, MachineID: e.Host}}})
	case idTimer:
		return screen.Send(screen.GoMsg{To: screen.Place{Kind: screen.Timers, Lockdown: e.Lockdown}})
	}
	raw, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return screen.Send(screen.NoticeMsg{Level: screen.Bad, Text: "the record can not be shown: " + err.Error(), Err: err})
	}
	return screen.Send(screen.TextMsg{Title: fmt.Sprintf("#%d as stored", e.Seq), Text: string(raw)})
}

// show changes the view.
func (m *Model) show(id string) tea.Cmd {
	for v := viewToday; v <= viewMine; v++ {
		if id == viewID(v) {
			m.view = v
			m.build()
			return m.load()
		}
	}
	return nil
}
