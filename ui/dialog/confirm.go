package dialog

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"cordon/ui/keys"
	"cordon/ui/screen"
	"cordon/ui/theme"
)

// confirm is a small question. The focus starts on the way out; what goes on is a button named by its verb, never a letter (B.3.6).
type confirm struct {
	base
	form
	m      screen.ConfirmMsg
	word   Field
	cancel Button
	do     Button
}

// NewConfirm returns a question. The message that it sends when the button is pressed was built by the screen and holds data only.
func NewConfirm(env Env, m screen.ConfirmMsg) Dialog { return newConfirm(env, m, "Cancel") }

func newConfirm(env Env, m screen.ConfirmMsg, stay string) *confirm {
	d := &confirm{base: base{env: env}, m: m}
	d.word = Field{Limit: 80, NoPast: true}
	d.cancel, d.do = Button{Text: stay}, Button{Text: m.Button}
	if m.TypeWord != "" {
		d.parts = append(d.parts, part{id: "word", field: &d.word})
	}
	d.parts = append(d.parts, part{id: "cancel", button: &d.cancel}, part{id: "do", button: &d.do})
	d.focus("cancel")
	d.judge()
	return d
}

// NewQuit asks whether to leave the console when nothing depends on it.
func NewQuit(env Env) Dialog {
	return newConfirm(env, screen.ConfirmMsg{
		Title: "Quit", Lines: []string{"Leave cordon?", "No lockdown depends on this console."}, Button: "Quit cordon", Yes: QuitMsg{},
	}, "Stay")
}

func (d *confirm) judge() {
	d.do.Off = ""
	if d.m.TypeWord != "" && !strings.EqualFold(strings.TrimSpace(d.word.Text()), d.m.TypeWord) {
		d.do.Off = "until " + d.m.TypeWord + " is typed"
	}
}

func (d *confirm) Paste(s string) bool { return d.form.paste(s) }

// Key handles a key.
func (d *confirm) Key(p Press) tea.Cmd {
	if p.String() == "esc" {
		d.closed = true
		return nil
	}
	pressed := d.form.key(p)
	d.judge()
	switch {
	case pressed == "cancel":
		d.closed = true
	case pressed == "do" && d.do.Off != "":
		d.note = d.do.Off
	case pressed == "do":
		d.closed = true
		return screen.Send(d.m.Yes)
	}
	return nil
}

// View draws the question.
func (d *confirm) View(w, h int) string {
	t, bw := d.env.Theme, min(maxForm, w)
	var head, foot []string
	for _, l := range d.m.Lines {
		head = append(head, wrapped("", l, bw-4)...)
	}
	if d.m.TypeWord != "" {
		foot = append(foot, "", t.Warn.Render(theme.Clip("To go on, type: "+d.m.TypeWord, bw-4)), "  "+d.line(t, "word", bw-6))
	}
	foot = append(append(foot, ""), d.buttons(t, d.ready, bw-4)...)
	if d.note != "" {
		foot = append(foot, t.Warn.Render(theme.Clip(d.note, bw-4)))
	}
	title := d.m.Title
	if d.m.Tenant != "" && d.env.Badge != nil {
		title += "  " + d.env.Badge(d.m.Tenant)
	}
	return draw(t, title, "tab move  esc cancel", fitLines(head, foot, h-2), bw, 0)
}

// Hints are the keys that work now.
func (d *confirm) Hints() []keys.Binding {
	h := []keys.Binding{
		{ID: "dialog.cancel", Keys: []string{"esc"}, Hint: "cancel"}, {ID: "dialog.tab", Keys: []string{"tab"}, Hint: "next"},
	}
	if d.ready {
		h = append(h, keys.Binding{ID: "dialog.enter", Keys: []string{"enter"}, Hint: "on a button"})
	}
	return h
}
