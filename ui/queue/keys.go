package queue

import (
	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/grid"
	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/words"
)

// Ids of the actions; they never change, because people bind keys to them.
const (
	idOpen     = "alert.open"
	idLockdown = "alert.lockdown"
	idRelease  = "alert.release"
	idRaw      = "alert.raw"
	idCopy     = "alert.copy"
	idCopyRow  = "alert.copy-row"
	idLink     = "alert.link"
	idFilter   = "queue.filter"
	idFacets   = "queue.facets"
	idPane     = "queue.pane"
	idSort     = "queue.sort"
	idView     = "queue.view"
	idPrevView = "queue.view-previous"
	idNextView = "queue.view-next"
	idRefresh  = "queue.refresh"
	idHeld     = "queue.show-held"
	idPreview  = "queue.preview"
	idPlace    = "queue.preview-place"
	idGrow     = "queue.preview-grow"
	idShrink   = "queue.preview-shrink"
	idClear    = "queue.clear"
)

// Keys are the bindings as they are now. The ones that are off say why.
func (m *Model) Keys() []keys.Binding {
	if m.denied() {
		return nil
	}
	if m.edit != nil {
		return editKeys()
	}
	if m.sorter {
		return sortKeys()
	}
	none := m.noRow()
	marks := grid.Marks()
	for i := range marks {
		if m.loaded && m.page.Matched == 0 {
			marks[i].Off = none
		}
	}
	out := []keys.Binding{{ID: idOpen, Keys: []string{"enter"}, Hint: "open", Help: "open the host of the alert", Off: m.noHost()}}
	out = append(out, marks...)
	out = append(
		out,
		keys.Binding{ID: idLockdown, Keys: []string{"L"}, Hint: "lockdown", Help: "isolate the host of the alert, or of all marked alerts, for a while", Danger: true, Off: m.offIsolate()},
		keys.Binding{ID: idRelease, Keys: []string{"U"}, Hint: "release", Help: "release the host of the alert, or of all marked alerts", Danger: true, Off: m.offRelease()},
		keys.Binding{ID: idCopy, Keys: []string{"y"}, Hint: "copy", Help: "copy the alert id", Off: none},
		keys.Binding{ID: idCopyRow, Keys: []string{"Y"}, Hint: "copy row", Help: "copy the row", Off: none, Hidden: true},
		keys.Binding{ID: idLink, Keys: []string{"o"}, Hint: "link", Help: "copy the link to the alert in the Defender portal", Off: none},
		keys.Binding{ID: idRaw, Keys: []string{"J"}, Hint: "raw", Help: "show the alert as Defender sent it", Off: none},
		keys.Binding{ID: idFilter, Keys: []string{"/"}, Hint: "filter", Help: `filter: words, sev>=med status:new host:dc* owner:me age<2h -title:"test"`},
		keys.Binding{ID: idHeld, Keys: []string{"."}, Hint: "show new", Help: "show the rows that were held", Off: m.nothingHeld()},
		keys.Binding{ID: idFacets, Keys: []string{"\\"}, Hint: "facets", Help: "go to the facets, or back"},
		keys.Binding{ID: idSort, Keys: []string{"S"}, Hint: "sort", Help: "choose one or two columns to sort by"},
		keys.Binding{ID: idPreview, Keys: []string{"p"}, Hint: "preview", Help: "show or hide the preview"},
		keys.Binding{ID: idPlace, Keys: []string{"P"}, Hint: "place", Help: "put the preview below or at the right", Off: m.noPlace()},
		keys.Binding{ID: idGrow, Keys: []string{"+"}, Show: "+ _", Hint: "size", Help: "make the preview larger", Off: m.noPlace()},
		keys.Binding{ID: idShrink, Keys: []string{"_"}, Help: "make the preview smaller", Off: m.noPlace(), Hidden: true},
		keys.Binding{ID: idRefresh, Keys: []string{"R", "f5", "ctrl+r"}, Show: "R", Hint: "refresh", Help: "ask Defender for news now"},
		keys.Binding{ID: idView, Keys: []string{"1", "2", "3", "4", "5"}, Show: "1-5", Hint: "view", Help: "choose a saved view", Hidden: true},
		keys.Binding{ID: idPrevView, Keys: []string{"["}, Show: "[ ]", Hint: "views", Help: "previous saved view", Hidden: true},
		keys.Binding{ID: idNextView, Keys: []string{"]"}, Help: "next saved view", Hidden: true},
		keys.Binding{ID: idPane, Keys: []string{"tab", "shift+tab"}, Show: "tab", Hint: "pane", Help: "go to the facets, or back to the list", Off: m.onePane(), Hidden: true},
	)
	if m.clearable() { // otherwise esc belongs to the shell
		out = append(out, keys.Binding{ID: idClear, Keys: []string{"esc"}, Hint: "clear", Help: "clear the marks, then the filter", Hidden: true})
	}
	return append(out, grid.Moves()...)
}

func (m *Model) noRow() string {
	if _, ok := m.current(); !ok {
		return "there is no alert under the cursor"
	}
	return ""
}

func (m *Model) noHost() string {
	row, ok := m.current()
	if !ok {
		return m.noRow()
	}
	if hostOf(row).IsZero() {
		return "this alert names no machine (identity or mail); J shows what Defender sent"
	}
	return ""
}

func (m *Model) noPlace() string {
	if m.w < wideScreen {
		return "the preview has two lines below 100 columns"
	}
	if !m.preview.on {
		return "the preview is hidden; p shows it"
	}
	return ""
}

func (m *Model) nothingHeld() string {
	if m.page.Newer == 0 {
		return "no rows are held"
	}
	return ""
}

func (m *Model) onePane() string {
	if !m.facets.shown(m.w) {
		return "the facets are hidden; \\ shows them"
	}
	return ""
}

func (m *Model) clearable() bool {
	return m.grid.Marked() > 0 || m.grid.Ranging() || m.facets.focus || m.filter != m.views[m.view].Filter
}

// offIsolate is why L does nothing now. For marked rows only what is certain for all of them counts; the dialog judges each host.
func (m *Model) offIsolate() string {
	return m.offAct(func(d detail) soc.Verdict { return d.isolate })
}

func (m *Model) offRelease() string {
	return m.offAct(func(d detail) soc.Verdict { return d.release })
}

func (m *Model) offAct(verdict func(detail) soc.Verdict) string {
	if !m.d.Session.Can(soc.RightLockdownEdit) {
		return "your role may not isolate or release (it lacks lockdown.edit)"
	}
	if m.grid.Marked() > 0 {
		if hosts, _ := m.markedHosts(); len(hosts) == 0 {
			return "none of the marked alerts names a machine"
		}
		return ""
	}
	if off := m.noHost(); off != "" {
		return off
	}
	row, _ := m.current()
	d, ok := m.details[row.Key]
	if v := verdict(d); ok && d.judged && !d.old && !v.Allowed {
		return words.Dash(v.Why)
	}
	return ""
}

// key routes one key: text field, sort menu, facets, our own keys, the list.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	m.touched, m.opening = true, false
	switch {
	case m.denied():
		return nil
	case m.edit != nil:
		return m.editKey(k)
	case m.sorter:
		return m.sortKey(k)
	case m.facets.focus:
		if handled, cmd := m.facetKey(k); handled {
			return cmd
		}
	}
	b, ok := keys.Find(k, m.Keys())
	if !ok {
		return nil
	}
	if _, there := m.current(); b.ID == idOpen && !there && m.busy {
		m.opening = true
		return nil
	}
	if b.Off != "" {
		return screen.Send(screen.NoticeMsg{Level: screen.Warn, Text: b.Off})
	}
	return m.act(b.ID, k)
}

// act does what a binding that is on stands for.
func (m *Model) act(id string, k tea.KeyPressMsg) tea.Cmd {
	switch id {
	case idOpen:
		return m.open()
	case idLockdown:
		return m.isolate()
	case idRelease:
		return m.release()
	case idRaw:
		return m.raw()
	case idCopy:
		return m.copyID()
	case idCopyRow:
		return m.copyRow()
	case idLink:
		return m.copyLink()
	case idFilter:
		m.edit = newField(m.filter)
		m.arrange()
		return nil
	case idFacets, idPane:
		return m.toggleFacets()
	case idSort:
		m.sorter = true
		return nil
	}
	return m.actList(id, k)
}

func (m *Model) actList(id string, k tea.KeyPressMsg) tea.Cmd {
	switch id {
	case idView:
		return m.setView(int(k.String()[0] - '1'))
	case idPrevView:
		return m.setView((m.view + len(m.views) - 1) % len(m.views))
	case idNextView:
		return m.setView((m.view + 1) % len(m.views))
	case idRefresh:
		return m.refresh()
	case idHeld:
		return m.showHeld()
	case idClear:
		return m.clear()
	case idPreview, idPlace, idGrow, idShrink:
		return m.previewKey(id)
	}
	return m.move(k)
}

// move hands a key to the list, and keeps the rows of new marks: they may be scrolled out of the window when somebody acts on them.
func (m *Model) move(k tea.KeyPressMsg) tea.Cmd {
	was := m.held()
	_, need := m.grid.Update(k)
	m.keepMarks()
	cmds := []tea.Cmd{m.unheld(was)}
	if need {
		cmds = append(cmds, m.loadRows())
	}
	return tea.Batch(append(cmds, m.loadDetail(false))...)
}

func (m *Model) keepMarks() {
	ids := m.grid.Marks()
	kept := make(map[string]soc.AlertRow, len(ids))
	for _, id := range ids {
		if r, ok := m.rows[id]; ok {
			kept[id] = r
		} else if r, ok := m.marked[id]; ok {
			kept[id] = r
		}
	}
	m.marked = kept
}
