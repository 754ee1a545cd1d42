package settings

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"cordon/ui/theme"
)

// kind says how a field is edited.
type kind int

const (
	kindText kind = iota
	kindSecret
	kindChoice
	kindSwitch
)

// field is one line of the form. Texts and secrets live in an input, choices and switches in value.
type field struct {
	id, label string
	kind      kind
	input     textinput.Model
	empty     string   // shown while nothing is typed
	choices   []string // of a choice
	value     string   // of a choice, "on" or "off" of a switch
}

func textField(id, label, value, empty string) *field {
	f := &field{id: id, label: label, empty: empty, input: newInput()}
	f.input.SetValue(value)
	return f
}

func secretField(id, label, empty string) *field {
	f := textField(id, label, "", empty)
	f.kind, f.input.EchoMode = kindSecret, textinput.EchoPassword
	return f
}

func choiceField(id, label, value string, choices ...string) *field {
	return &field{id: id, label: label, kind: kindChoice, value: value, choices: choices}
}

func switchField(id, label string, on bool) *field {
	f := &field{id: id, label: label, kind: kindSwitch, value: "off"}
	if on {
		f.value = "on"
	}
	return f
}

func newInput() textinput.Model {
	in := textinput.New()
	in.Prompt, in.CharLimit = "", 4096
	in.SetVirtualCursor(false)
	return in
}

func (f *field) typed() bool { return f.kind == kindText || f.kind == kindSecret }

// get is the value without surrounding blanks, which come along when something is pasted.
func (f *field) get() string {
	if f.typed() {
		return strings.TrimSpace(f.input.Value())
	}
	return f.value
}

func (f *field) set(v string) {
	if f.typed() {
		f.input.SetValue(v)
		return
	}
	f.value = v
}

func (f *field) on() bool { return f.value == "on" }

func (f *field) focus() {
	if f.typed() {
		_ = f.input.Focus() // its command would blink a cursor that we draw ourselves
		f.input.CursorEnd()
	}
}

func (f *field) blur() {
	if f.typed() {
		f.input.Blur()
	}
}

func (f *field) update(msg tea.Msg) {
	if f.typed() {
		f.input, _ = f.input.Update(msg)
	}
}

// turn moves a choice by one, or flips a switch.
func (f *field) turn(by int) {
	switch f.kind {
	case kindChoice:
		i := max(0, slices.Index(f.choices, f.value))
		f.value = f.choices[(i+by+len(f.choices))%len(f.choices)]
	case kindSwitch:
		f.value = map[bool]string{true: "off", false: "on"}[f.on()]
	}
}

// view draws the value in w cells.
func (f *field) view(th *theme.Theme, w int, focused, invalid bool) string {
	style := th.Field
	switch {
	case invalid:
		style = th.Invalid
	case focused:
		style = th.FieldFocus
	}
	switch f.kind {
	case kindChoice:
		return style.Render(theme.Clip("< "+f.value+" >", w))
	case kindSwitch:
		box := th.Glyph.Off
		if f.on() {
			box = th.Glyph.On
		}
		return style.Render(theme.Clip(box+" "+f.empty, w))
	}
	text := f.input.Value()
	if f.kind == kindSecret {
		text = strings.Repeat("*", len([]rune(text)))
	}
	if text == "" && !focused {
		return th.Muted.Render(theme.Clip(f.empty, w))
	}
	if !focused {
		return style.Render(theme.Clip(text, w))
	}
	return f.withCursor(th, style.Render, text, w)
}

// withCursor draws the part of the text around the cursor, and the cursor itself in reverse.
func (f *field) withCursor(th *theme.Theme, style func(...string) string, text string, w int) string {
	runes := append([]rune(text), ' ')
	at := min(f.input.Position(), len(runes)-1)
	from := 0
	for from < at && theme.Width(string(runes[from:at+1])) > w {
		from++
	}
	to := at + 1
	for to < len(runes) && theme.Width(string(runes[from:to+1])) <= w {
		to++
	}
	return style(string(runes[from:at])) + th.Cursor.Render(string(runes[at])) + style(string(runes[at+1:to]))
}
