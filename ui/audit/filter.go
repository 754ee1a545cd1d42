package audit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"cordon/ui/keys"
)

// field is the filter line: free text and the terms actor: action: target: result: host: since:.
type field struct {
	on    bool
	input textinput.Model
	prev  string // what esc goes back to
}

func newField() field {
	in := textinput.New()
	in.Prompt, in.CharLimit = "", 200
	in.SetVirtualCursor(false)
	return field{input: in}
}

func (f *field) text() string { return strings.TrimSpace(f.input.Value()) }

func (f *field) set(s string) { f.input.SetValue(s) }

func (f *field) open() {
	f.on, f.prev = true, f.text()
	_ = f.input.Focus() // its command blinks a cursor that is not drawn
	f.input.CursorEnd()
}

func (f *field) close() {
	f.on = false
	f.input.Blur()
}

// update hands a message to the input and reports whether the text changed.
func (f *field) update(msg tea.Msg) bool {
	before := f.text()
	f.input, _ = f.input.Update(msg)
	return f.text() != before
}

func (m *Model) typing(k tea.KeyPressMsg) tea.Cmd {
	b, _ := keys.Find(k, typingKeys())
	switch b.ID {
	case idKeep:
		m.filter.close()
		return nil
	case idDrop:
		m.filter.set(m.filter.prev)
		m.filter.close()
		return m.load()
	}
	return m.filtered(m.filter.update(k))
}

func (m *Model) filtered(changed bool) tea.Cmd {
	if !changed {
		return nil
	}
	m.grid.SetCursor(0)
	return m.load()
}

// split takes the since: term out of the filter; the rest goes to the store.
func split(text string, now time.Time) (rest string, since time.Time, err error) {
	var words []string
	for _, w := range strings.Fields(text) {
		v, ok := strings.CutPrefix(strings.ToLower(w), "since:")
		if !ok {
			words = append(words, w)
			continue
		}
		if v == "" || v == "*" {
			continue
		}
		if since, err = sinceOf(v, now); err != nil {
			return "", since, err
		}
	}
	return strings.Join(anything(words), " "), since, nil
}

// anything drops terms that match everything, such as actor:*.
func anything(words []string) []string {
	var out []string
	for _, w := range words {
		if _, v, ok := strings.Cut(w, ":"); ok && (v == "*" || v == "") {
			continue
		}
		out = append(out, w)
	}
	return out
}

// sinceOf reads 90m, 24h, 7d or a date.
func sinceOf(v string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, v); err == nil {
		return t, nil
	}
	if days, ok := strings.CutSuffix(v, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 3660 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(v); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("since:%s is not a time; write since:24h, since:7d or since:2026-08-01", v)
}
