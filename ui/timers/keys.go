package timers

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// Keys are the bindings as they are now; the reasons of U and X come from the one door (K-15).
func (m *Model) Keys() []keys.Binding {
	if m.typing {
		return []keys.Binding{
			{ID: "timers.filter-keep", Keys: []string{"enter"}, Hint: "keep filter"},
			{ID: "timers.filter-drop", Keys: []string{"esc"}, Hint: "cancel"},
		}
	}
	out := []keys.Binding{
		{ID: "timers.release", Keys: []string{"U"}, Hint: "release", Danger: true, Off: m.noRelease(), Help: "release the host, or all marked hosts, before the time is up"},
		m.periodKey(),
		{ID: "timers.recheck", Keys: []string{"i"}, Hint: "recheck", Off: m.noRow(), Help: "ask Defender for this host and its actions now"},
		{ID: "timers.host", Keys: []string{"enter"}, Hint: "host", Off: m.noRow(), Help: "open the host"},
		{ID: "timers.copy", Keys: []string{"y"}, Hint: "copy id", Off: m.noRow(), Help: "copy the id of the machine"},
		{ID: "timers.sort", Keys: []string{"S"}, Hint: "sort", Off: m.noSort(), Help: "sort by time left, host, state or person, in turn"},
		{ID: "timers.filter", Keys: []string{"/"}, Hint: "filter", Help: "show only rows that hold these words"},
		{ID: "timers.view-next", Keys: []string{"]"}, Show: "[ ]", Hint: "views", Help: "next view"},
		{ID: "timers.view-prev", Keys: []string{"["}, Hidden: true, Help: "previous view"},
	}
	for v := range view(viewCount) {
		b := keys.Binding{ID: "timers.view-" + v.name(), Keys: []string{string(rune('1' + v))}, Hidden: true, Help: "view " + v.title()}
		if v == 0 {
			b.Show, b.Hint, b.Hidden = "1-6", "view", false
		}
		out = append(out, b)
	}
	out = append(out, keys.Binding{
		ID: "timers.back", Keys: []string{"esc"}, Hint: "clear", Hidden: m.filter == "" && m.table().Marked() == 0, Help: "clear the filter, the marks, or go back",
	})
	return append(out, m.markKeys()...)
}

// markKeys are those of the list; nothing can be marked in an empty one.
func (m *Model) markKeys() []keys.Binding {
	out := grid.Keys()
	for i, b := range out {
		if !b.Hidden && m.loaded && len(m.rows) == 0 {
			out[i].Off = m.noRow()
		}
	}
	return out
}

// noSort is why S does nothing.
func (m *Model) noSort() string {
	if m.loaded && len(m.rows) < 2 {
		return "there is nothing to sort"
	}
	return ""
}

func (m *Model) noRow() string {
	if m.denied() {
		return "needs the right lockdown.view"
	}
	if _, ok := m.current(); !ok {
		return "no row is chosen"
	}
	return ""
}

// off is why an act on the row under the cursor is not possible, in the words of the service.
func (m *Model) off(act soc.Act) string {
	r, ok := m.current()
	if !ok {
		return m.noRow()
	}
	v, known := m.detail.may[act]
	switch {
	case m.detail.id != r.id || !known:
		return "this row is still being read"
	case v.Allowed:
		return ""
	}
	return words.Or(v.Why)
}

// noRelease is why U is off. A host that is isolated from outside is refused here already, also among marked ones (V-31, K-04).
func (m *Model) noRelease() string {
	if m.table().Marked() == 0 {
		if r, ok := m.current(); ok && r.lock != nil && r.lock.Phase.Final() {
			return "this lockdown is over"
		}
		return m.off(soc.ActRelease)
	}
	rows := m.marked()
	if len(rows) == 0 {
		return "the marked rows are not in this view"
	}
	for _, r := range rows {
		if r.outside() && !m.d.Session.Can(soc.RightReleaseExternal) {
			return words.Or(r.host) + " is isolated from outside and is released where that was done; unmark it"
		}
	}
	if !m.d.Session.Can(soc.RightLockdownEdit) {
		return "needs the right lockdown.edit"
	}
	return ""
}

func (m *Model) marked() []row {
	var out []row
	for _, id := range m.table().Marks() {
		for _, r := range m.rows {
			if r.id == id && (r.lock == nil || !r.lock.Phase.Final()) {
				out = append(out, r)
			}
		}
	}
	return out
}

// periodKey is X: it changes a running period, or takes a waiting lockdown back.
func (m *Model) periodKey() keys.Binding {
	b := keys.Binding{ID: "timers.period", Keys: []string{"X"}, Hint: "extend", Danger: true, Help: "extend or shorten; cancel while it is waiting"}
	r, ok := m.current()
	switch {
	case !ok:
		b.Off = m.noRow()
	case r.outside():
		b.Off = "this isolation is not ours: it has no period"
	case r.lock == nil || r.lock.Phase.Final():
		b.Off = "this lockdown is over"
	case r.lock.Deadline.IsZero():
		b.Hint, b.Off = "take back", m.off(soc.ActCancel)
	default:
		b.Off = m.off(soc.ActPeriod)
	}
	return b
}

// press handles a key: text being typed, then the bindings, then moving.
func (m *Model) press(k tea.KeyPressMsg) tea.Cmd {
	if m.typing {
		return m.typed(k)
	}
	b, ok := keys.Find(k, m.Keys())
	switch {
	case !ok:
		return nil
	case b.Off != "":
		return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: b.Label() + " is off: " + b.Off})
	case strings.HasPrefix(b.ID, "grid."):
		m.table().Update(k)
		return m.loadDetail()
	}
	return m.run(b.ID)
}

// run is what each action does.
func (m *Model) run(id string) tea.Cmd {
	r, _ := m.current()
	switch id {
	case "timers.release":
		return m.release(r)
	case "timers.period":
		if r.lock.Deadline.IsZero() {
			return screen.Send(screen.CancelMsg{Lockdown: r.lock.ID})
		}
		return screen.Send(screen.PeriodMsg{Lockdown: r.lock.ID})
	case "timers.recheck":
		return tea.Batch(screen.Send(screen.WantHostMsg{Host: r.key, Force: true}), screen.Send(screen.NoticeMsg{Text: "asking Defender for " + words.Or(r.host)}))
	case "timers.host":
		to := screen.Place{Kind: screen.Host, Host: r.key}
		if r.lock != nil {
			to.Lockdown = r.lock.ID
		}
		return screen.Send(screen.GoMsg{To: to})
	case "timers.copy":
		return screen.Send(screen.CopyMsg{What: "machine id", Text: r.key.MachineID})
	case "timers.sort":
		return m.setOrder((m.order + 1) % orderCount)
	case "timers.filter":
		m.typing, m.before = true, m.filter
	case "timers.view-next":
		return m.show((m.view + 1) % viewCount)
	case "timers.view-prev":
		return m.show((m.view + viewCount - 1) % viewCount)
	case "timers.back":
		return m.back()
	default:
		if v, ok := viewNamed(strings.TrimPrefix(id, "timers.view-")); ok {
			return m.show(v)
		}
	}
	return nil
}

func (m *Model) release(r row) tea.Cmd {
	hosts := []soc.HostKey{r.key}
	if m.table().Marked() > 0 {
		hosts = nil
		for _, r := range m.marked() {
			hosts = append(hosts, r.key)
		}
	}
	return screen.Send(screen.ReleaseMsg{Hosts: hosts})
}

func (m *Model) show(v view) tea.Cmd {
	m.view = v
	m.fill()
	return m.loadDetail()
}

func (m *Model) setOrder(o order) tea.Cmd {
	m.order = o
	sort := []soc.SortKey{{Field: o.field()}}
	m.grid.SetSort(sort)
	m.iso.SetSort(sort)
	m.fill()
	return m.loadDetail()
}

// back clears the filter, then the marks, then goes back.
func (m *Model) back() tea.Cmd {
	switch {
	case m.filter != "":
		return m.setFilter("")
	case m.table().Marked() > 0:
		m.table().ClearMarks()
		return nil
	}
	return screen.Send(screen.BackMsg{})
}

// typed edits the filter; it takes effect with each key.
func (m *Model) typed(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		m.typing = false
		return nil
	case "esc":
		m.typing = false
		return m.setFilter(m.before)
	case "backspace":
		_, n := utf8.DecodeLastRuneInString(m.filter)
		return m.setFilter(m.filter[:len(m.filter)-n])
	case "ctrl+u":
		return m.setFilter("")
	}
	return m.setFilter(m.filter + k.Text)
}

// maxFilter bounds what is typed or pasted into the filter.
const maxFilter = 200

func (m *Model) paste(s string) tea.Cmd {
	if !m.typing {
		return nil
	}
	return m.setFilter(m.filter + soc.Clean(s))
}

func (m *Model) setFilter(f string) tea.Cmd {
	if len(f) > maxFilter {
		return nil
	}
	m.filter = f
	m.fill()
	return m.loadDetail()
}
