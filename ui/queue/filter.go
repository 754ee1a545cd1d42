package queue

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/store/soc"
	"cordon/ui/keys"
	"cordon/ui/theme"
	"cordon/ui/words"
)

// field is a line of text with a cursor.
type field struct {
	runes []rune
	at    int
}

// fieldLimit keeps a stray paste from becoming a filter.
const fieldLimit = 500

func newField(s string) *field {
	r := []rune(s)
	return &field{runes: r, at: len(r)}
}

func (f *field) text() string { return string(f.runes) }

// around is the text before and after the cursor, cut so that both and the cursor fit w cells.
func (f *field) around(w int) (before, after string) {
	return theme.Around(string(f.runes[:f.at]), string(f.runes[f.at:]), w)
}

func (f *field) insert(s string) {
	for _, r := range s {
		if r < ' ' {
			r = ' '
		}
		if len(f.runes) >= fieldLimit {
			return
		}
		f.runes = append(f.runes[:f.at], append([]rune{r}, f.runes[f.at:]...)...)
		f.at++
	}
}

// cut removes the runes from i to the cursor.
func (f *field) cut(i int) {
	f.runes = append(f.runes[:i], f.runes[f.at:]...)
	f.at = i
}

// word is where the word before the cursor begins.
func (f *field) word() int {
	i := f.at
	for i > 0 && f.runes[i-1] == ' ' {
		i--
	}
	for i > 0 && f.runes[i-1] != ' ' {
		i--
	}
	return i
}

// Ids of the keys of the filter field.
const (
	idKeep      = "filter.keep"
	idDrop      = "filter.clear"
	idBackspace = "filter.backspace"
	idWord      = "filter.word"
	idLine      = "filter.line"
	idLeft      = "filter.left"
	idRight     = "filter.right"
	idHome      = "filter.home"
	idEnd       = "filter.end"
)

func editKeys() []keys.Binding {
	return []keys.Binding{
		{ID: idKeep, Keys: []string{"enter"}, Hint: "keep", Help: "keep the filter and go back to the list"},
		{ID: idDrop, Keys: []string{"esc"}, Hint: "clear", Help: "go back to the filter of the saved view"},
		{ID: idWord, Keys: []string{"ctrl+w"}, Hint: "cut word", Help: "delete the word before the cursor"},
		{ID: idLine, Keys: []string{"ctrl+u"}, Hint: "cut all", Help: "delete everything before the cursor"},
		{ID: idBackspace, Keys: []string{"backspace"}, Help: "delete the character before the cursor", Hidden: true},
		{ID: idLeft, Keys: []string{"left"}, Help: "move left", Hidden: true},
		{ID: idRight, Keys: []string{"right"}, Help: "move right", Hidden: true},
		{ID: idHome, Keys: []string{"home"}, Help: "go to the beginning", Hidden: true},
		{ID: idEnd, Keys: []string{"end"}, Help: "go to the end", Hidden: true},
	}
}

// editKey handles a key while the filter is typed. Every change takes effect at once if it is valid.
func (m *Model) editKey(k tea.KeyPressMsg) tea.Cmd {
	b, ok := keys.Find(k, editKeys())
	if !ok {
		if k.Text == "" {
			return nil
		}
		m.edit.insert(k.Text)
		return m.typed()
	}
	f := m.edit
	switch b.ID {
	case idKeep:
		return m.keepFilter()
	case idDrop:
		m.edit, m.fault = nil, nil
		return m.setFilter(m.views[m.view].Filter)
	case idBackspace:
		f.cut(max(0, f.at-1))
	case idWord:
		f.cut(f.word())
	case idLine:
		f.cut(0)
	case idLeft:
		f.at = max(0, f.at-1)
	case idRight:
		f.at = min(len(f.runes), f.at+1)
	case idHome:
		f.at = 0
	case idEnd:
		f.at = len(f.runes)
	}
	return m.typed()
}

// paste puts pasted text into the filter; anywhere else it is dropped, so that it can not press keys.
func (m *Model) paste(s string) tea.Cmd {
	if m.edit == nil {
		return nil
	}
	m.edit.insert(s)
	return m.typed()
}

// typed judges the text. While it is wrong the last valid filter stays in force.
func (m *Model) typed() tea.Cmd {
	text := strings.TrimSpace(m.edit.text())
	m.fault = m.check(m.edit.text())
	if m.fault != nil {
		m.arrange()
		return nil
	}
	return m.setFilter(text)
}

// keepFilter leaves the field; a wrong filter keeps it open, with its message.
func (m *Model) keepFilter() tea.Cmd {
	if m.fault != nil {
		return nil
	}
	m.edit = nil
	m.arrange()
	return m.loadRows()
}

// check says what is wrong with a filter, nil if nothing is.
func (m *Model) check(text string) *soc.FilterError {
	_, err := m.d.Parse(text, m.d.Me, m.now)
	if err == nil {
		return nil
	}
	var fault *soc.FilterError
	if errors.As(err, &fault) {
		return fault
	}
	return &soc.FilterError{End: len(text), Msg: err.Error()}
}

// timeBound reports whether the filter in force lets other rows through as time passes.
func (m *Model) timeBound() bool {
	f, err := m.d.Parse(m.filter, m.d.Me, m.now)
	return err == nil && f.TimeBound()
}

// editLines are the lines above the list while the filter is typed: the text with its cursor, and below it what the keys do, or carets under
// the part that is wrong, with the reason.
func (m *Model) editLines() []string {
	const lead = " / "
	text := m.edit.text()
	before, after := m.edit.around(m.w - len(lead))
	if m.fault == nil {
		hint := "   typing: enter keeps it, esc goes back to the view's filter   " + m.countText()
		return []string{lead + before + m.cursorCell(after), m.th.Muted.Render(theme.Clip(hint, m.w))}
	}
	start := min(max(m.fault.Start, 0), len(text))
	end := min(max(m.fault.End, start), len(text))
	line := lead + text[:start] + m.th.Invalid.Render(text[start:end]) + text[end:]
	at := len(lead) + theme.Width(text[:start])
	if theme.Width(line) >= m.w { // the end is in sight, where the cursor and mostly the fault are
		line, at = lead+m.th.Invalid.Render(before)+m.cursorCell(after), max(len(lead), at-theme.Width(text)+m.w-len(lead)-1)
	} else if m.edit.at == len(m.edit.runes) {
		line += m.cursorCell("")
	} else {
		line = lead + m.th.Invalid.Render(before) + m.cursorCell(after)
	}
	carets := strings.Repeat(" ", at) + strings.Repeat("^", max(1, theme.Width(text[start:end])))
	return []string{
		line, m.th.Bad.Render(theme.Clip(carets, m.w)), m.th.Bad.Render(theme.Clip("   "+m.fault.Msg, m.w)),
		m.th.Muted.Render(theme.Clip("   still in force: "+words.Dash(m.filter)+"   "+m.countText(), m.w)),
	}
}

func (m *Model) cursorCell(after string) string {
	if after == "" {
		return m.th.Cursor.Render("_")
	}
	r := []rune(after)
	return m.th.Cursor.Render(string(r[:1])) + string(r[1:])
}
